"""CZI files of Zeiss microscopes, read through Zeiss' own library, in a process of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.paths import shown
from structmask_gui.io.formats.czi_process import CziReader
from structmask_gui.io.stack.axes import squeezed
from structmask_gui.io.stack.optional import needed, refused
from structmask_gui.io.stack.slicing import SlicedStore, frame_parts, places_in
from structmask_gui.io.stack.store import Contents, Index, SeriesInfo

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CZI_MAGIC = b"ZISRAWFILE"

_TYPES = {
    "Gray8": ("u1", 1),
    "Gray16": ("u2", 1),
    "Gray32Float": ("f4", 1),
    "Bgr24": ("u1", 3),
    "Bgr48": ("u2", 3),
    "Bgr96Float": ("f4", 3),
}
_LONGEST_XML = 64 * 2**20
_MOST_FRAMES = 5_000_000


def open_czi(path: Path, series: int | None) -> Contents:
    """Open a scene of a CZI file; tiles of a mosaic are put together.

    Raises
    ------
    InputError
        If the library is not installed, the file is damaged, or it has no such scene.
    """
    name = shown(path)
    needed("pylibCZIrw.czi", "vendors", "a CZI file")
    with refused("the CZI file"):
        reader = CziReader(path)
    with refused("the CZI file", reader.close):
        about = reader.about
        scenes = {number: _Box(*box) for number, *box in about["scenes"]}
        numbers = sorted(scenes, key=lambda n: -1 if n is None else n)
        chosen = series or 0
        if not 0 <= chosen < len(numbers):
            last = f"0 to {len(numbers) - 1}" if len(numbers) > 1 else "0 only"
            raise InputError(f"{name}: has no series {series}; its series are {last}.")
        kinds = set(about["types"])
        if len(kinds) != 1 or not kinds <= set(_TYPES):
            raise InputError(
                f"{name}: its channels are of unlike or unknown pixel types"
                f" ({', '.join(sorted(kinds))}); export one channel as OME-TIFF."
            )
        code, samples = _TYPES[kinds.pop()]
        box = about["box"]
        lead = [(c, box[c]) for c in box if c not in "XYS"]
        starts = tuple(low for _, (low, _) in lead)
        letters = "".join(c for c, _ in lead) + "YX" + ("S" if samples > 1 else "")
        lengths = tuple(high - low for _, (low, high) in lead)
        if np.prod(lengths, dtype=float) > _MOST_FRAMES or min(lengths, default=1) < 1:
            raise ValueError("more frames than a file can hold")
        shapes = [
            (*lengths, scenes[n].h, scenes[n].w, *((3,) if samples > 1 else ())) for n in numbers
        ]
        planes = _Planes(
            reader, letters, shapes[chosen], starts, scenes[numbers[chosen]], numbers[chosen]
        )
        axes, shape = squeezed(letters, shapes[chosen])
        xml = _described(about["xml"], name)
        contents = Contents(
            kind="CZI",
            store=SlicedStore(shape, np.dtype(code), planes.read, reader.close),
            axes=axes,
            full_shape=shapes[chosen],
            is_colour=samples > 1,
            series=tuple(
                SeriesInfo(i, f"scene {number}" if number else "", *squeezed(letters, one), code)
                for i, (number, one) in enumerate(zip(numbers, shapes, strict=True))
            ),
            chosen=chosen,
            metadata=_metadata(xml),
            channel_names=_channel_names(xml),
        )
        if len(numbers) > 1 and series is None:
            contents.notes.append(
                f"The file holds {len(numbers)} scenes; scene 0 is used, another can be chosen."
            )
        return contents


class _Box(NamedTuple):
    """Where a scene lies, in pixels."""

    x: int
    y: int
    w: int
    h: int


class _Planes:
    """Reads rectangles of planes."""

    def __init__(
        self,
        reader: CziReader,
        letters: str,
        shape: tuple[int, ...],
        starts: tuple[int, ...],
        box: _Box,
        scene: int | None,
    ) -> None:
        self._reader, self._letters, self._shape = reader, letters, shape
        self._starts, self._box, self._scene = starts, box, scene

    def read(self, index: Index) -> Any:
        lead, inner = frame_parts(self._letters, self._shape, index, "YXS")
        parts = [self._plane(place, inner) for place in places_in(lead)]
        return parts[0] if lead.single else np.stack(parts).reshape(*lead.kept, *parts[0].shape)

    def _plane(self, place: tuple[int, ...], inner: Index) -> Any:
        rows, columns = (
            range(part, part + 1) if isinstance(part, int) else range(*part.indices(n))
            for part, n in zip(inner[:2], (self._box.h, self._box.w), strict=True)
        )
        plane = {
            letter: number + start
            for letter, number, start in zip(self._letters, place, self._starts, strict=False)
        }
        left, top = self._box.x + columns.start, self._box.y + rows.start
        pixels = self._reader.read((left, top, len(columns), len(rows)), plane, self._scene)
        # The library gives blue, green, red, and a last dimension even for grey.
        pixels = pixels[..., ::-1] if len(inner) > 2 else pixels[..., 0]
        drop = tuple(0 if isinstance(part, int) else slice(None) for part in inner[:2])
        return pixels[(*drop, *inner[2:])]


def _described(xml: str, name: str) -> Element | None:
    if not xml or len(xml) > _LONGEST_XML:
        return None
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise InputError(f"{name}: its description holds XML entities; export it again.")
    from xml.etree import ElementTree

    try:
        return ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return None


def _metadata(xml: Element | None) -> dict[str, str]:
    found = {"Format": "CZI"}
    if xml is None:
        return found
    for distance in xml.iterfind(".//Scaling/Items/Distance"):
        try:
            metres = float(distance.findtext("Value") or "0")
        except ValueError:
            continue
        if metres > 0 and distance.get("Id") in ("X", "Y", "Z"):
            found[f"Pixel size {distance.get('Id')}"] = f"{metres * 1e6:.6g} µm"
    wanted = {
        "Bits": ".//Image/ComponentBitCount",
        "Software": ".//Application/Name",
        "Date": ".//Image/AcquisitionDateAndTime",
        "Objective": ".//Objectives/Objective/Manufacturer/Model",
        "Dwell time": ".//LaserScanInfo/PixelTime",
        "Averaging": ".//LaserScanInfo/Averaging",
        "Scan mode": ".//LaserScanInfo/ScanningMode",
        "Exposure": ".//Channel/ExposureTime",
        "Binning": ".//Channel/DetectorSettings/Binning",
        "Gain": ".//Channel/DetectorSettings/Gain",
    }
    units = {"Dwell time": " s", "Exposure": " ns"}
    for title, place in wanted.items():
        text = (xml.findtext(place) or "").strip()
        if text:
            found[title] = re.sub(r"\s+", " ", text)[:100] + units.get(title, "")
    return found


def _channel_names(xml: Element | None) -> tuple[str, ...]:
    if xml is None:
        return ()
    names = [one.get("Name") or "" for one in xml.iterfind(".//Dimensions/Channels/Channel")]
    return tuple(name[:100] for name in names) if all(names) else ()

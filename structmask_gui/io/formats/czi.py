"""CZI files of Zeiss microscopes, read through Zeiss' own library, in a process of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.io.formats.images import contents_of, read_planes
from structmask_gui.io.formats.process import CziReader
from structmask_gui.io.stack.optional import needed, refused
from structmask_gui.io.stack.store import Contents, Index

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
    """Open a scene of a CZI file; tiles of a mosaic are put together."""
    needed("pylibCZIrw.czi", "vendors", "a CZI file")
    with refused("the CZI file"):
        reader = CziReader(path)
    with refused("the CZI file", reader.close):
        scenes = _scenes(reader)
        contents = contents_of("CZI", scenes, series, reader.close, "scene")
        xml = _xml(reader.about["xml"])
        contents.is_colour = scenes[0].samples > 1
        contents.metadata = _metadata(xml)
        contents.channel_names = _channel_names(xml)
        return contents


def _scenes(reader: CziReader) -> list[_Scene]:
    about = reader.about
    kinds = set(about["types"])
    if len(kinds) != 1 or not kinds <= set(_TYPES):
        raise InputError(
            f"its channels are of unlike or unknown pixel types ({', '.join(sorted(kinds))});"
            " export one channel as OME-TIFF."
        )
    code, samples = _TYPES[kinds.pop()]
    lead = [(c, *ends) for c, ends in about["box"].items() if c not in "XYS"]
    lengths = tuple(high - low for _, low, high in lead)
    if np.prod(lengths, dtype=float) > _MOST_FRAMES or min(lengths, default=1) < 1:
        raise ValueError("more frames than a file can hold")
    starts = {c: low for c, low, _ in lead}
    boxes = {number: _Box(*box) for number, *box in about["scenes"]}
    return [
        _Scene(reader, number, boxes[number], starts, lengths, np.dtype(code), samples)
        for number in sorted(boxes, key=lambda n: -1 if n is None else n)
    ]


class _Box(NamedTuple):
    """Where a scene lies, in pixels."""

    x: int
    y: int
    w: int
    h: int


class _Scene:
    """Reads rectangles of the planes of a scene."""

    def __init__(
        self,
        reader: CziReader,
        number: int | None,
        box: _Box,
        starts: dict[str, int],
        lengths: tuple[int, ...],
        dtype: np.dtype[Any],
        samples: int,
    ) -> None:
        self._reader, self._number, self._box, self._starts = reader, number, box, starts
        self.title = f"scene {number}" if number else ""
        self.samples = samples
        self.letters = "".join(starts) + "YX" + ("S" if samples > 1 else "")
        self.shape = (*lengths, box.h, box.w, *((samples,) if samples > 1 else ()))
        self.dtype = dtype

    def read(self, index: Index) -> Any:
        return read_planes(self.letters, self.shape, index, "YXS", self._plane)

    def _plane(self, place: tuple[int, ...], inner: Index) -> Any:
        rows, columns = (
            range(part, part + 1) if isinstance(part, int) else range(*part.indices(n))
            for part, n in zip(inner[:2], (self._box.h, self._box.w), strict=True)
        )
        plane = {c: start + i for (c, start), i in zip(self._starts.items(), place, strict=True)}
        left, top = self._box.x + columns.start, self._box.y + rows.start
        pixels = self._reader.read((left, top, len(columns), len(rows)), plane, self._number)
        # The library gives blue, green, red, and a last dimension even for grey.
        pixels = pixels[..., ::-1] if len(inner) > 2 else pixels[..., 0]
        drop = tuple(0 if isinstance(part, int) else slice(None) for part in inner[:2])
        return pixels[(*drop, *inner[2:])]


def _xml(xml: str) -> Element | None:
    if not xml or len(xml) > _LONGEST_XML:
        return None
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise InputError("its description holds XML entities; export it again.")
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

"""LIF files of Leica microscopes, read through liffile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.paths import shown
from structmask_gui.io.stack.axes import squeezed
from structmask_gui.io.stack.optional import needed, refused
from structmask_gui.io.stack.slicing import SlicedStore, frame_parts, letters_of, places_in
from structmask_gui.io.stack.store import Contents, Index, SeriesInfo

LIF_MAGIC = b"\x70\x00\x00\x00"

_MOST_XML = 256 * 2**20


def open_lif(path: Path, size: int, series: int | None) -> Contents:
    """Open an image of a LIF file.

    Raises
    ------
    InputError
        If the library is not installed, the file is damaged, or it has no such image.
    """
    name = shown(path)
    library = needed("liffile", "vendors", "a LIF file")
    _check_header(path, name, size)
    with refused("the LIF file"):
        file = library.LifFile(path, mode="r")
    with refused("the LIF file", file.close):
        images = [image for image in file.images if not image.is_flim]
        described = [_Described(image) for image in images]
        usable = [one for one in described if set("YX") <= set(one.letters)]
        if not usable:
            raise InputError(f"{name}: holds no image of rows and columns; give another file.")
        chosen = series or 0
        if not 0 <= chosen < len(usable):
            last = f"0 to {len(usable) - 1}" if len(usable) > 1 else "0 only"
            raise InputError(f"{name}: has no series {series}; its series are {last}.")
        one = usable[chosen]
        if max(0, int(one.image.memory_block.offset)) + one.nbytes > size:
            raise InputError(
                f"{name}: is cut short: image {chosen} reaches beyond its end; copy or export it"
                " again."
            )
        axes, shape = squeezed(one.letters, one.shape)
        contents = Contents(
            kind="LIF",
            store=SlicedStore(shape, one.dtype, one.read, file.close),
            axes=axes,
            full_shape=one.shape,
            is_colour="S" in one.letters and one.shape[one.letters.index("S")] == 3,
            series=tuple(
                SeriesInfo(i, each.name, *squeezed(each.letters, each.shape), str(each.dtype))
                for i, each in enumerate(usable)
            ),
            chosen=chosen,
            metadata=_metadata(one),
        )
        if len(usable) > 1 and series is None:
            contents.notes.append(
                f"The file holds {len(usable)} images; image 0 is used, another can be chosen."
            )
        return contents


class _Described:
    """An image of the file and how to read frames of it."""

    def __init__(self, image: Any) -> None:
        self.image = image
        self.name = str(image.name)[:200]
        self.dtype = np.dtype(image.dtype)
        self._frames = image.frames()
        sizes = dict(self._frames.sizes)
        self.letters = letters_of(list(sizes))
        self.shape = tuple(int(n) for n in sizes.values())
        self.nbytes = int(np.prod(self.shape, dtype=float)) * self.dtype.itemsize

    def read(self, index: Index) -> Any:
        lead, inner = frame_parts(self.letters, self.shape, index, "YXS")
        parts = [self._frames[place if place else 0][inner] for place in places_in(lead)]
        return parts[0] if lead.single else np.stack(parts).reshape(*lead.kept, *parts[0].shape)


def _check_header(path: Path, name: str, size: int) -> None:
    with path.open("rb") as file:
        head = file.read(13)
        characters = int.from_bytes(head[9:13], "little")
        if len(head) < 13 or head[8] != 0x2A or 2 * characters > min(size, _MOST_XML):
            raise InputError(
                f"{name}: is a damaged LIF file: its description does not fit into it; copy or"
                " export it again."
            )
        text = file.read(2 * characters).decode("utf-16-le", errors="replace")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError(f"{name}: its description holds XML entities; export it again.")


def _metadata(one: _Described) -> dict[str, str]:
    found = {"Format": "LIF", "Data type": str(one.dtype)}
    element = one.image.xml_element
    labels = {"1": "X", "2": "Y", "3": "Z", "4": "T"}
    for dimension in element.iterfind(".//DimensionDescription"):
        letter = labels.get(dimension.get("DimID", ""))
        try:
            count = int(dimension.get("NumberOfElements", "0"))
            length = float(dimension.get("Length", "0"))
        except ValueError:
            continue
        if letter is None or count < 2 or length == 0:
            continue
        step, unit = abs(length) / (count - 1), dimension.get("Unit", "")
        if letter == "T":
            found["Frame interval"] = f"{step:.6g} {unit}"
        else:
            # Leica gives metres.
            found[f"Pixel size {letter}"] = (
                f"{step * 1e6:.6g} µm" if unit == "m" else f"{step:.6g} {unit}"
            )
    depths = {c.get("Resolution") for c in element.iterfind(".//ChannelDescription")} - {None}
    if depths:
        found["Bits"] = ", ".join(sorted(map(str, depths)))
    settings = next(element.iterfind(".//ATLConfocalSettingDefinition"), None)
    for key, title in _SETTINGS.items():
        if settings is not None and settings.get(key):
            found[title] = str(settings.get(key))[:100]
    return found


_SETTINGS = {
    "PixelDwellTime": "Dwell time",
    "LineAverage": "Line averaging",
    "FrameAverage": "Frame averaging",
    "Line_Accumulation": "Line accumulation",
    "FrameAccumulation": "Frame accumulation",
    "ScanSpeed": "Scan speed",
    "ScanMode": "Scan mode",
    "ObjectiveName": "Objective",
}

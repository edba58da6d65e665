"""LIF files of Leica microscopes, read through liffile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.io.formats.images import contents_of, read_planes
from structmask_gui.io.stack.optional import needed, refused
from structmask_gui.io.stack.slicing import letters_of
from structmask_gui.io.stack.store import Contents, Index

LIF_MAGIC = b"\x70\x00\x00\x00"

# What X, Y and Z are called if the planes recorded are of Z and X, or of Z and Y.
_TURNED = {"ZX": "XZY", "ZY": "ZXY"}
_MOST_XML = 256 * 2**20


def open_lif(path: Path, size: int, series: int | None) -> Contents:
    """Open an image of a LIF file."""
    library = needed("liffile", "vendors", "a LIF file")
    _check_header(path, size)
    with refused("the LIF file"):
        file = library.LifFile(path, mode="r")
    with refused("the LIF file", file.close):
        images = [_Image(image) for image in file.images if not image.is_flim]
        usable = [one for one in images if set("YX") <= set(one.letters)]
        if not usable:
            raise InputError("holds no image of rows and columns; give another file.")
        contents = contents_of("LIF", usable, series, file.close)
        one = usable[contents.chosen]
        if max(0, int(one.image.memory_block.offset)) + one.nbytes > size:
            raise InputError(
                f"is cut short: image {contents.chosen} reaches beyond its end; copy or export it"
                " again."
            )
        contents.is_colour = "S" in one.letters and one.shape[one.letters.index("S")] == 3
        contents.metadata = _metadata(one)
        if one.is_turned:
            contents.notes.append(
                "A scan along Z: the planes recorded are the frames, and Z their rows."
            )
        return contents


class _Image:
    """An image of the file and how to read frames of it."""

    def __init__(self, image: Any) -> None:
        self.image = image
        self.title = str(image.name)[:200]
        self.dtype = np.dtype(image.dtype)
        self._frames = image.frames()
        sizes = dict(self._frames.sizes)
        letters = letters_of(list(sizes))
        # The two that vary fastest are the plane that was recorded: of a scan along Z, Z and X.
        plane = "".join(letter for letter in letters if letter != "S")[-2:]
        turned = _TURNED.get(plane, "XYZ")
        self.letters = letters.translate(str.maketrans("XYZ", turned))
        self.is_turned = self.letters != letters
        self.shape = tuple(int(n) for n in sizes.values())
        self.nbytes = int(np.prod(self.shape, dtype=float)) * self.dtype.itemsize

    def read(self, index: Index) -> Any:
        def plane(place: tuple[int, ...], inner: Index) -> Any:
            return self._frames[place if place else 0][inner]

        return read_planes(self.letters, self.shape, index, "YXS", plane)


def _check_header(path: Path, size: int) -> None:
    with path.open("rb") as file:
        head = file.read(13)
        characters = int.from_bytes(head[9:13], "little")
        if len(head) < 13 or head[8] != 0x2A or 2 * characters > min(size, _MOST_XML):
            raise InputError(
                "is a damaged LIF file: its description does not fit into it; copy or export it"
                " again."
            )
        text = file.read(2 * characters).decode("utf-16-le", errors="replace")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError("its description holds XML entities; export it again.")


def _metadata(one: _Image) -> dict[str, str]:
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

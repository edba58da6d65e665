"""ND2 files of Nikon microscopes, read through nd2."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from structmask_gui.io.formats.images import contents_of, read_planes
from structmask_gui.io.stack.optional import needed, refused
from structmask_gui.io.stack.slicing import letters_of
from structmask_gui.io.stack.store import Contents, Index

ND2_MAGIC = b"\xda\xce\xbe\x0a"

# The library maps the file into memory, and pages once touched count as memory of this process:
# the file is opened anew after so many bytes.
_MAPPED = 128 * 2**20


def open_nd2(path: Path, size: int, series: int | None) -> Contents:
    """Open the frames of an ND2 file; its positions are frames too."""
    library = needed("nd2", "vendors", "an ND2 file")
    with refused("the ND2 file"):
        file = library.ND2File(path)
    with refused("the ND2 file", file.close):
        image = _Image(file)
        if math.prod(image.shape) * image.dtype.itemsize > 2000 * size:
            raise ValueError("more pixels than the file can hold")
        contents = contents_of("ND2", [image], series, file.close)
        channels = _channels(file)
        contents.is_colour = bool(file.is_rgb)
        contents.metadata = _metadata(file, channels)
        contents.channel_names = tuple(str(one.channel.name) for one in channels)
        return contents


class _Image:
    """The frames; one of the library holds all channels."""

    title = ""

    def __init__(self, file: Any) -> None:
        sizes = {str(key): int(n) for key, n in file.sizes.items()}
        self.letters = letters_of(list(sizes))
        self.shape = tuple(sizes.values())
        self.dtype = np.dtype(file.dtype)
        self._file = file
        self._touched = 0

    def read(self, index: Index) -> Any:
        lead = self.shape[: sum(letter not in "CYXS" for letter in self.letters)]

        def plane(place: tuple[int, ...], inner: Index) -> Any:
            return self._frame(int(np.ravel_multi_index(place, lead)) if place else 0)[inner]

        return read_planes(self.letters, self.shape, index, "CYXS", plane)

    def _frame(self, number: int) -> Any:
        frame = self._file.read_frame(number)
        self._touched += frame.nbytes
        if self._touched > _MAPPED:
            self._touched = 0
            frame = frame.copy()
            self._file.close()
            self._file.open()
        # The library leaves out lengths of 1.
        inner = [n for c, n in zip(self.letters, self.shape, strict=True) if c in "CYXS"]
        return frame.reshape(inner)


def _channels(file: Any) -> list[Any]:
    """Return the metadata of each channel; nothing if they are of an unknown kind."""
    try:
        return list(getattr(file.metadata, "channels", None) or ())
    except Exception:
        # The pixels can be read all the same.
        return []


def _metadata(file: Any, channels: list[Any]) -> dict[str, str]:
    about = file.attributes
    found: dict[str, str] = {
        "Format": "ND2",
        "Bits": str(about.bitsPerComponentSignificant),
        "Compression": str(about.compressionType or "none"),
    }
    if channels:
        volume, microscope = channels[0].volume, channels[0].microscope
        for letter, step, known in zip(
            "XYZ", volume.axesCalibration, volume.axesCalibrated, strict=True
        ):
            if known and step and (letter != "Z" or "Z" in file.sizes):
                found[f"Pixel size {letter}"] = f"{step:.6g} µm"
        if microscope is not None and microscope.objectiveName:
            found["Objective"] = str(microscope.objectiveName)[:100]
    found.update(_from_text(file))
    return found


# Settings of the microscope, by the words they use.
_SETTINGS = {
    "dwell time": "Dwell time",
    "pixel dwell": "Dwell time",
    "exposure": "Exposure",
    "averag": "Averaging",
    "integration": "Averaging",
    "scan mode": "Scan mode",
    "binning": "Binning",
    "readout": "Readout",
    "gain": "Gain",
}


def _from_text(file: Any) -> dict[str, str]:
    """Pick acquisition settings out of the file's description, a `name: value` a line."""
    found: dict[str, str] = {}
    for text in dict(file.text_info or {}).values():
        for line in str(text).splitlines()[:1000]:
            name, colon, value = line.partition(":")
            title = next((t for word, t in _SETTINGS.items() if word in name.lower()), None)
            if colon and title and value.strip():
                found.setdefault(title, value.strip()[:100])
    return found

"""ND2 files of Nikon microscopes, read through nd2."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from structmask_gui.io.stack.axes import squeezed
from structmask_gui.io.stack.optional import needed, refused
from structmask_gui.io.stack.slicing import SlicedStore, frame_parts, letters_of, place_in
from structmask_gui.io.stack.store import Contents, Index, SeriesInfo

ND2_MAGIC = b"\xda\xce\xbe\x0a"

# The library maps the file into memory, and pages once touched count as memory of this process:
# the file is opened anew after so many bytes.
_MAPPED = 128 * 2**20


def open_nd2(path: Path, size: int) -> Contents:
    """Open the frames of an ND2 file; its positions are frames too.

    Raises
    ------
    InputError
        If the library is not installed or the file is damaged.
    """
    library = needed("nd2", "vendors", "an ND2 file")
    with refused("the ND2 file"):
        file = library.ND2File(path)
    with refused("the ND2 file", file.close):
        sizes = {str(key): int(n) for key, n in file.sizes.items()}
        dtype = np.dtype(file.dtype)
        if math.prod(sizes.values()) * dtype.itemsize > 2000 * size:
            raise ValueError("more pixels than the file can hold")
        letters = letters_of(list(sizes))
        shape = tuple(sizes.values())
        axes, kept = squeezed(letters, shape)
        frames = _Frames(file, letters, shape)
        store = SlicedStore(kept, dtype, frames.read, file.close)
        described = _described(file)
        return Contents(
            kind="ND2",
            store=store,
            axes=axes,
            full_shape=shape,
            is_colour=bool(file.is_rgb),
            series=(SeriesInfo(0, "", axes, kept, str(dtype)),),
            metadata=_metadata(file, described),
            channel_names=tuple(str(one.channel.name) for one in described),
        )


class _Frames:
    """Reads parts of the frames; a frame of the library holds all its channels."""

    def __init__(self, file: Any, letters: str, shape: tuple[int, ...]) -> None:
        self._file, self._letters, self._shape = file, letters, shape
        self._touched = 0

    def read(self, index: Index) -> Any:
        lead, inner = frame_parts(self._letters, self._shape, index, "CYXS")
        parts = [self._frame(number)[inner] for number in place_in(lead)]
        return parts[0] if lead.single else np.stack(parts).reshape(*lead.kept, *parts[0].shape)

    def _frame(self, number: int) -> Any:
        frame = self._file.read_frame(number)
        self._touched += frame.nbytes
        if self._touched > _MAPPED:
            self._touched = 0
            frame = frame.copy()
            self._file.close()
            self._file.open()
        # The library leaves out lengths of 1.
        inner = [n for c, n in zip(self._letters, self._shape, strict=True) if c in "CYXS"]
        return frame.reshape(inner)


def _described(file: Any) -> list[Any]:
    """Return what the file says of each channel; nothing if it says it in an unknown way."""
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


# What the microscope's settings say of how a pixel was taken, by the words they use.
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

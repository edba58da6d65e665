"""OME-TIFFs of frames, written a band of rows at a time: what denoising and correcting leave."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.core.stack.frames import ChosenFrames, Frames
from structmask_gui.io.files.paths import one_line
from structmask_gui.io.stack.image_stack import ImageStack, frame_range
from structmask_gui.io.stack.units import read_size

_LARGEST_CLASSIC = 2**32 - 2**24
"""Bytes of pixels from which on a TIFF must be a BigTIFF."""


def start_tiff(
    file: BinaryIO, frames: Frames, dtype: np.dtype[Any], *, software: str, about: str = ""
) -> None:
    """Write all of an OME-TIFF but its pixels, and go to where they belong, frame by frame.

    Axes, sizes and the channel's name are those of the frames, where they are an `ImageStack`.
    """
    import tifffile

    metadata: dict[str, Any] = {"Name": frames.name}
    if about:
        metadata["Description"] = about
    if isinstance(frames, ChosenFrames) and frames.whole is not None:
        frames = frames.whole
    if isinstance(frames, ImageStack):
        axes, shape = output_axes(frames)
        metadata |= _sizes(frames, axes)
        if name := frames.channel_name:
            metadata["Channel"] = {"Name": one_line(name)}
    else:
        axes, shape = "TYX", (frames.n_frames, *frames.frame_shape)
    large = dtype.itemsize * int(np.prod(shape)) >= _LARGEST_CLASSIC
    # Named, because the temporary file has only a number, which tifffile takes for a path.
    named = tifffile.FileHandle(file, name="frames.ome.tif", size=0)
    with tifffile.TiffWriter(named, bigtiff=large, ome=True, byteorder="<") as tiff:
        place = tiff.write(
            None,
            shape=shape,
            dtype=dtype.newbyteorder("<"),
            photometric="minisblack",
            software=software,
            metadata={"axes": axes, **metadata},
            contiguous=True,
            returnoffset=True,
        )
    if place is None:
        raise InputError(f"{frames.name}: the place of the pixels in a TIFF is not known.")
    file.seek(int(place[0]))


def output_axes(stack: ImageStack) -> tuple[str, tuple[int, ...]]:
    """Return axes and shape of what is written: time and depth are kept, all else is frames."""
    pairs = [
        (letter, length)
        for letter, length in zip(stack.axes, stack.shape, strict=True)
        if letter not in "CSYX"
    ]
    letters = "".join(letter for letter, _ in pairs)
    whole = stack.frames_chosen is None and set(letters) <= set("TZ")
    if not whole or len(set(letters)) < len(letters):
        one = "Z" if letters == "Z" else "T"
        pairs = [(one, stack.n_frames)] if stack.n_frames > 1 else []
    pairs += list(zip("YX", stack.frame_shape, strict=True))
    return "".join(letter for letter, _ in pairs), tuple(length for _, length in pairs)


def _sizes(stack: ImageStack, axes: str) -> dict[str, Any]:
    """Return pixel sizes and frame interval, as the metadata of an OME-TIFF name them."""
    titles = {letter: f"Pixel size {letter}" for letter in "XY"}
    # Frames of several dimensions that are written in one row have no distance.
    if len(axes) == len([letter for letter in stack.axes if letter not in "CS"]):
        titles |= {"Z": "Pixel size Z", "T": "Frame interval"}
    step = 1 if stack.frames_chosen is None else abs(frame_range(stack.frames_chosen).step or 1)
    found: dict[str, Any] = {}
    for letter, title in titles.items():
        value, unit = read_size(stack.metadata.get(title, ""))
        if value is not None and letter in axes:
            name = "TimeIncrement" if letter == "T" else f"PhysicalSize{letter}"
            found[name] = value * (step if letter in "ZT" else 1)
            found[f"{name}Unit"] = unit or ("s" if letter == "T" else "µm")
    return found

"""Axes of a file: which dimension is which, and which of them make frames.

Letters: Y rows, X columns, T time, Z depth, C channel, S colour sample; any other letter (tifffile
uses Q and I for unnamed ones) is a dimension of frames like T and Z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.errors import AxesError, InputError
from structmask_gui.core.names import size_text
from structmask_gui.core.parameters.model import parameter_infos
from structmask_gui.io.stack.store import Contents

# The largest slides have some hundred thousand pixels a side. Formats that leave out what is empty
# can declare more than any memory holds in a few bytes.
_LONGEST_SIDE = 4_000_000

SMALLEST_SIDE = int(parameter_infos()["patch_size"].lowest or 1)
"""Frames must have at least this many rows and columns, to hold one patch."""


_THIN = 4
"""Factor from which planes are thin: by so much they are longer, and more of them along Z."""

_OPTION = "--axes"
"""What gives the axes on the command line."""

_COLOURS = 4
"""Length of a dimension up to which it may be colour."""


@dataclass(frozen=True)
class Axes:
    """Dimensions of a file, sorted by their use."""

    letters: str  # one letter for each dimension of the file, in its order
    shape: tuple[int, ...]
    # The dimensions of rows and columns.
    y: int
    x: int
    # The dimensions of channels and of colour samples, if there are any.
    channel: int | None
    colour: int | None
    frames: tuple[int, ...]  # all others, in the file's order; the last one changes fastest


def file_axes(contents: Contents, given: str | None) -> Axes:
    """Sort the dimensions of a file by the user's letters, else by the file's own.

    Refuses what holds no frames of real numbers that could be measured.
    """
    shape, letters = contents.store.shape, contents.axes
    if given is not None:
        letters = given.strip().upper()
        full = contents.full_shape or shape
        if len(letters) == len(full) != len(shape):
            # The user also named the dimensions of length 1, which the stack does not show.
            kept = kept_dimensions(full, shape)
            letters = "".join(c for c, keep in zip(letters, kept, strict=True) if keep)
    else:
        letters = scan_plane(letters, shape)
        if letters != contents.axes:
            contents.notes.append(
                f"A scan along Z: the planes recorded are the frames, of {contents.axes} read as"
                f" {letters}."
            )
        elif asked := axes_question(letters, shape, doubtful_colour=contents.doubtful_colour):
            contents.notes.append(asked.note)
    axes = named_axes(letters, shape, given=given is not None)
    _check(axes, contents.store.dtype)
    return axes


def _check(axes: Axes, dtype: np.dtype[Any]) -> None:
    if dtype.kind == "c":
        raise InputError("holds complex numbers; save their magnitude or one of their parts.")
    if dtype.kind not in "buif":
        raise InputError(f"holds {dtype}, not numbers; save an image of numbers.")
    shape = axes.shape
    height, width = shape[axes.y], shape[axes.x]
    size = size_text((height, width))
    if 0 in shape:
        raise InputError(f"is empty ({shape_text(shape)}); give an image with pixels.")
    if max(height, width) > _LONGEST_SIDE:
        raise InputError(
            f"declares frames of {size} pixels, which no image has; the file is"
            " damaged, copy or export it again."
        )
    letters = _line_scan(axes) if min(height, width) == 1 else ""
    if letters:
        raise AxesError(
            f"its frames are {size}: a line scan? The axes {letters} (--axes {letters})"
            f" read time as {'Y' if height == 1 else 'X'}.",
            letters,
        )
    if min(height, width) < SMALLEST_SIDE:
        said = (
            f"its frames have {size} pixels; give frames of at least"
            f" {SMALLEST_SIDE} x {SMALLEST_SIDE}."
        )
        if width in (3, 4) and shape[-1] == width:
            letters = suggested_axes(shape)
            said += f" If the last dimension is colour, give the axes {letters}."
        elif len(shape) == 3 and min(shape[:2]) >= SMALLEST_SIDE:
            letters = "YXT"
            said += f" If the last dimension counts frames, give the axes {letters}."
        raise AxesError(said, letters) if letters else InputError(said)


def _line_scan(axes: Axes) -> str:
    """Return the axes that read the longest dimension of frames in place of one of length 1."""
    line = axes.y if axes.shape[axes.y] == 1 else axes.x
    time = max(axes.frames, key=lambda i: axes.shape[i], default=line)
    if axes.shape[time] < SMALLEST_SIDE:
        return ""
    letters = list(axes.letters)
    letters[line], letters[time] = letters[time], letters[line]
    return "".join(letters)


def named_axes(letters: str, shape: tuple[int, ...], *, given: bool = False) -> Axes:
    """Sort the dimensions of a file by their letters."""
    letters = letters.strip().upper()
    text = shape_text(shape)
    if len(shape) < 2:
        raise InputError(
            f"has {len(shape)} dimension ({text}), and an image has at least two; give rows"
            " and columns."
        )
    if len(letters) != len(shape) or not letters.isalpha() or not letters.isascii():
        # Channels that alternate along one dimension have no axis of their own.
        in_turn = "C" in letters and len(letters) > len(shape)
        raise InputError(
            f"the axes {letters!r} do not fit its {len(shape)} dimensions ({text}); give"
            f" one letter for each, as in {suggested_axes(shape)}"
            f"{', and for channels in turn --frames ::2' if in_turn else ''}."
        )
    if any(letters.count(letter) != 1 for letter in "YX"):
        said = f"the axes given, {letters}," if given else f"its axes {letters} ({text})"
        if not given and set(letters) == {"Q"}:
            said = f"its {len(shape)} dimensions ({text}) have no names and"
        suggested = suggested_axes(shape)
        raise AxesError(
            f"{said} do not say which dimension is Y and which is X; give the axes, as in"
            f" {suggested}.",
            suggested,
        )
    if any(letters.count(letter) > 1 for letter in "CS"):
        raise InputError(
            f"the axes {letters} name two dimensions alike; give each of C and S once, and"
            f" Q for other dimensions, as in {suggested_axes(shape)}."
        )
    place = {letter: letters.find(letter) for letter in "YXCS"}
    return Axes(
        letters=letters,
        shape=shape,
        y=place["Y"],
        x=place["X"],
        channel=place["C"] if place["C"] >= 0 else None,
        colour=place["S"] if place["S"] >= 0 else None,
        frames=tuple(i for i in range(len(shape)) if letters[i] not in "YXCS"),
    )


def scan_plane(letters: str, shape: tuple[int, ...]) -> str:
    """Return the letters of a scan along Z, whose frames are the planes that were recorded.

    Of an x-z scan Z become rows, of a y-z scan Z become rows and Y columns; others stay as they
    are.
    """
    if len(letters) != len(shape):
        return letters
    length = dict(zip(letters, shape, strict=True))
    y, x = length.get("Y", 1), length.get("X", 1)
    if length.get("Z", 1) == 1 or (y == 1) == (x == 1):
        return letters
    turned = {"Y": "Q", "Z": "Y"} if y == 1 else {"X": "Q", "Y": "X", "Z": "Y"}
    return "".join(turned.get(letter, letter) for letter in letters)


class AxesQuestion(NamedTuple):
    """What only the user knows: whether a file is to be read by other axes."""

    question: str
    axes: str
    """Those that read it as asked."""

    @property
    def note(self) -> str:
        """What is said of a file that was opened without an answer."""
        return f"{self.question} Then give the axes {self.axes} ({_OPTION} {self.axes})."


def asks_for_axes(note: str) -> bool:
    """Tell whether a note on a file is an `AxesQuestion`."""
    return f"({_OPTION} " in note


def axes_question(
    letters: str, shape: tuple[int, ...], *, doubtful_colour: bool = False
) -> AxesQuestion | None:
    """Return what is to be asked about the axes that a file names; None if nothing is."""
    if doubtful_colour and "S" in letters and "T" not in letters:
        planes = shape[letters.index("S")]
        question = f"Its {planes} planes are read as the colours of one image. Are they frames?"
        return AxesQuestion(question, letters.replace("S", "T"))
    if turned := larger_faces(letters, shape):
        return AxesQuestion("Its planes are thin and many. Is it a scan along Z?", turned)
    if turned := frames_last(letters, shape):
        return AxesQuestion(
            f"Its frames are narrow strips, {shape[-1]} pixels wide. Does its last dimension count"
            " frames?",
            turned,
        )
    return None


def larger_faces(letters: str, shape: tuple[int, ...]) -> str:
    """Return the letters by which planes much thinner than they are many show their larger faces.

    Nothing for others, and where there is no Z: strips are recorded in time.
    """
    length = dict(zip(letters, shape, strict=False))
    z, y, x = (length.get(letter, 1) for letter in "ZYX")
    if _THIN * min(y, x) > min(z, max(y, x)):
        return ""
    return letters.translate(str.maketrans("YZ" if y < x else "XZ", "ZY" if y < x else "ZX"))


def frames_last(letters: str, shape: tuple[int, ...]) -> str:
    """Return the letters by which the last of three dimensions without a name counts frames.

    Nothing where it is not much shorter than both others, or may be colour.
    """
    narrow = letters == "QYX" and _COLOURS < shape[-1] <= min(shape[:2]) / _THIN
    return "YXT" if narrow else ""


def plane_numbers(axes: Axes, numbers: range) -> NDArray[np.integer] | None:
    """Return a number for each frame that those have in common that differ in time alone.

    None where frames are no planes that were recorded at several times, or follow one another in
    time as they are.

    ``numbers``: Those of the frames, among all of the file.
    """
    letters = "".join(axes.letters[i] for i in axes.frames)
    lengths = [axes.shape[i] for i in axes.frames]
    time, depth = letters.find("T"), letters.find("Z")
    if min(time, depth) < 0:
        return None
    # From a frame to that of the same plane at the next time.
    step = math.prod(lengths[time + 1 :])
    if min(lengths[time], lengths[depth], step) == 1:
        return None
    frames = np.arange(numbers.start, numbers.stop, numbers.step)
    return np.asarray(frames // (step * lengths[time]) * step + frames % step)


def squeezed(letters: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """Leave out dimensions of length 1, except Y and X."""
    kept = [i for i, n in enumerate(shape) if n != 1 or letters[i] in "YX"]
    return "".join(letters[i] for i in kept), tuple(shape[i] for i in kept)


def kept_dimensions(full: tuple[int, ...], kept: tuple[int, ...]) -> list[bool]:
    """Say which dimensions of a full shape are those of a shape without lengths of 1."""
    left = list(kept)
    flags = []
    for i, n in enumerate(full):
        # A length of 1 is kept only if what follows could not supply the rest.
        use = bool(left) and n == left[0] and (n != 1 or len(full) - i == len(left))
        flags.append(use)
        if use:
            left.pop(0)
    return flags


def suggested_axes(shape: tuple[int, ...]) -> str:
    """Return axes that would make sense for a shape, as an example in a message."""
    if len(shape) > 3 and min(shape[:2]) >= SMALLEST_SIDE > max(shape[2:]):
        # Stored with the frames last.
        return "YX" + _frame_letters(len(shape) - 2)
    plane = "YXS" if len(shape) > 2 and shape[-1] in (3, 4) else "YX"
    return _frame_letters(len(shape) - len(plane)) + plane


def _frame_letters(n: int) -> str:
    return "Q" * (n - 3) + "TZC"[:n]


def shape_text(shape: tuple[int, ...]) -> str:
    """Return a shape as messages show it: "10 x 512 x 512"."""
    return " x ".join(str(n) for n in shape) if shape else "no dimensions"

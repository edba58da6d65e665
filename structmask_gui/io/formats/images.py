"""What several readers share: one of several images, names of dimensions, palettes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.io.stack.axes import squeezed
from structmask_gui.io.stack.channels import luminance
from structmask_gui.io.stack.slicing import SlicedStore, frame_parts, letters_of, places_in
from structmask_gui.io.stack.store import Contents, Index, SeriesInfo, choose_series


class Image(Protocol):
    """An image of a file; `read` takes an index without dimensions of length 1, save Y and X."""

    title: str
    letters: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read(self, index: Index) -> Any: ...


def contents_of(
    kind: str,
    images: Sequence[Image],
    wanted: int | None,
    close: Callable[[], object],
    what: str = "image",
) -> Contents:
    """Return one of the images of a file, by default the first."""
    chosen = choose_series(len(images), wanted)
    one = images[chosen]
    axes, shape = squeezed(one.letters, one.shape)
    contents = Contents(
        kind=kind,
        store=SlicedStore(shape, one.dtype, one.read, close),
        axes=axes,
        full_shape=one.shape,
        series=tuple(
            SeriesInfo(i, each.title, *squeezed(each.letters, each.shape), str(each.dtype))
            for i, each in enumerate(images)
        ),
        chosen=chosen,
    )
    if len(images) > 1 and wanted is None:
        contents.notes.append(
            f"The file holds {len(images)} {what}s; {what} 0 is used, another can be chosen."
        )
    return contents


def read_planes(
    letters: str,
    shape: tuple[int, ...],
    index: Index,
    within: str,
    plane: Callable[[tuple[int, ...], Index], AnyArray],
) -> AnyArray:
    """Return ``array[index]`` of an image read a plane at a time.

    Parameters
    ----------
    letters, shape
        All dimensions, those of length 1 included; those within a plane come last.
    index
        For the dimensions longer than 1, and Y and X.
    within : str
        Letters of the dimensions within a plane.
    plane : function
        Takes the place along the other dimensions, and the index within the plane.
    """
    lead, inner = frame_parts(letters, shape, index, within)
    parts = [plane(place, inner) for place in places_in(lead)]
    return parts[0] if lead.single else np.stack(parts).reshape(*lead.kept, *parts[0].shape)


def letters_by_name(names: Sequence[str], n: int) -> str:
    """Return the letters of n dimensions by their names, as far as these say what Y and X are.

    Where just two are neither of time, depth nor colour, they are the rows and columns.
    """
    letters = letters_of(list(names)) if len(names) == n else ""
    if "Y" not in letters and "X" not in letters and any(names):
        left = [i for i, letter in enumerate(letters) if letter not in "TZCS"]
        if len(left) == 2:
            named = dict(zip(left, "YX", strict=True))
            letters = "".join(named.get(i, letter) for i, letter in enumerate(letters))
    return letters if letters.count("Y") == letters.count("X") == 1 else unnamed(n)


def unnamed(n: int) -> str:
    """Return the letters of n dimensions without names: of more than three, Y and X are unknown."""
    return "QYX"[3 - n :] if n <= 3 else "Q" * n


PALETTE_NOTE = "The pixels are palette entries; the brightness of their colours is used."


def palette_table(colours: AnyArray, n: int) -> AnyArray:
    """Return the intensity of n palette entries: the grey value, or the luminance of a colour.

    ``colours`` are red, green and blue of each, (entries, 3) or flat; missing entries become 0.
    """
    colours = colours.reshape(-1, 3)[:n]
    grey = bool((colours == colours[:, :1]).all())
    values = colours[:, 0] if grey else luminance(colours)
    table = np.zeros(n, values.dtype)
    table[: len(values)] = values
    return table

"""The areas of an image that are fill: where there is no image, but one value, or writing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from structmask_gui.core.arrays import AnyArray, BoolArray

_RUN, _SIDE = 16, 9
"""Pixels in a row along a border that make one look, and side of the squares that fill holds;
beyond the border it goes on."""

_FEW, _SPECKS = 3, 1e-4
"""Islands of less than 9 pixels in fill, and their share of its pixels, beyond which it is none."""

_ELSEWHERE = 0.01
"""Share of the other pixels that have the same value by chance, beyond which it is no fill but dark
or saturated image."""

_BAR, _BACKGROUND = 0.35, 0.3
"""Share of a frame that a bar of writing may take, and of each of its rows that has one value."""

_LETTER, _INK = 0.01, 0.25
"""Share of a frame that a letter may take, and of all letters' pixels that have one value."""

_LETTERS, _HIGH, _WIDE, _AROUND = 4, (5, 100), 1.5, 2
"""Letters in a line of writing on the image, how high they are, and how far apart over that, at
most; and pixels around them that are taken with them, for writing may be smoothed."""

_SCALE_BAR = 4, 16
"""Least sides of a scale bar."""


class Area(NamedTuple):
    """Where an image is fill, and of which value; writing has none of its own."""

    where: BoolArray
    value: float | None = None


def areas_of(image: AnyArray) -> Iterator[Area]:
    """Return the areas of an image that are fill."""
    least = image.min() if image.dtype.kind != "f" else np.nanmin(image, initial=np.inf)
    # Brighter areas may be saturated.
    yield from _of_value(image, least, corners=False)
    value = _value_along_border(image)
    if value is not None:
        # What is saturated seldom has a corner.
        yield from _of_value(image, value, corners=True)
    yield from _bar(image)
    yield from _on_image(image)
    if image.dtype.kind == "f" and not (missing := np.isnan(image)).all():
        solid = _solid(missing)
        if solid is not None:
            yield Area(solid, np.nan)


def _bar(image: AnyArray) -> Iterator[Area]:
    """Return the rows at the bottom or the top that hold writing up to a row of one value."""
    for step in (-1, 1):
        rows = image[::step]
        if _longest_run(rows[0])[0] < _RUN:
            continue
        ends = np.flatnonzero((rows == rows[:, :1])[: int(_BAR * len(rows))].all(axis=1))
        if not ends.size or ends[-1] < _SIDE:
            continue
        end = int(ends[-1]) + 1
        ordered = np.sort(rows[:end], axis=1)
        # In order, a value that takes a share of a row is found so far apart.
        apart = max(1, int(_BACKGROUND * rows.shape[1]))
        if not (ordered[:, apart:] == ordered[:, :-apart]).any(axis=1).all():
            continue
        # Where few photons come, all of the image is like that.
        values, counts = np.unique(rows[:end], return_counts=True)
        if (rows[end:] == values[counts.argmax()]).mean() < _BACKGROUND / 2:
            where = np.zeros(rows.shape, dtype=np.bool_)
            where[:end] = True
            yield Area(where[::step])


def _on_image(image: AnyArray) -> Iterator[Area]:
    """Return scale bars and lines of writing on the image, of its greatest or its least value."""
    from scipy.ndimage import find_objects, label

    finite = image[np.isfinite(image)] if image.dtype.kind == "f" else image
    if not finite.size:
        return
    for value in (finite.max(), finite.min()):
        same = image == value
        if not _LETTERS * _HIGH[0] <= int(same.sum()) <= _BACKGROUND * same.size:
            continue
        labels, _ = label(same, np.ones((3, 3)))
        sizes = np.bincount(labels.ravel())[1:]
        bars, where = np.zeros(image.shape, dtype=np.bool_), np.zeros(image.shape, dtype=np.bool_)
        lines: dict[tuple[int, int], list[int]] = {}
        for (y, x), size in zip(find_objects(labels), sizes, strict=True):
            height, width = y.stop - y.start, x.stop - x.start
            if size == height * width and min(height, width) >= _SCALE_BAR[0]:
                bars[y, x] = max(height, width) >= _SCALE_BAR[1]
            elif _HIGH[0] <= height <= _HIGH[1] and size >= height:
                lines.setdefault((y.start, y.stop), []).extend((x.start, x.stop))
        for (top, bottom), across in lines.items():
            first, last, letters = min(across), max(across), len(across) // 2
            if letters >= _LETTERS and last - first <= _WIDE * (bottom - top) * letters:
                rows, columns = (
                    (max(0, a - _AROUND), b + _AROUND) for a, b in ((top, bottom), (first, last))
                )
                where[slice(*rows), slice(*columns)] = True
        if same[~(where | bars)].mean() <= _ELSEWHERE:
            yield from (
                area for area in (Area(bars, float(value)), Area(where)) if area.where.any()
            )


def _of_value(image: AnyArray, value: float, *, corners: bool) -> Iterator[Area]:
    """Return the areas of one value that are solid, with all of it that joins them, and letters.

    None if there are none, or if they may be image, for the rest has such pixels, too.
    """
    from scipy.ndimage import label, maximum_filter

    same = image == value
    solid = _solid(same)
    if solid is None:
        return
    labels, _ = label(same)
    if corners:
        solid &= np.isin(labels, labels[np.ix_([0, -1], [0, -1])])
    where: BoolArray = np.isin(labels, labels[solid])
    rest = ~np.asarray(maximum_filter(where, 3))
    if not solid.any() or not rest.any() or same[rest].mean() > _ELSEWHERE:
        return
    islands, _ = label(~where)
    sizes = np.bincount(islands.ravel())
    sizes[0] = 0  # the fill itself
    letters = (sizes > 0) & (sizes <= _LETTER * where.size)
    if _written(image, sizes[letters], letters[islands]):
        yield Area(letters[islands])
    elif int(((sizes > 0) & (sizes < _SIDE)).sum()) > max(_FEW, _SPECKS * int(where.sum())):
        # Where few photons come there are none in whole squares, and single ones among them.
        return
    yield Area(where, value)


def _written(image: AnyArray, sizes: AnyArray, where: BoolArray) -> bool:
    """Whether islands in fill are letters: not specks, and mostly of one value."""
    if sizes[sizes >= _SIDE].sum() <= sizes.sum() / 2:
        return False
    _, counts = np.unique(image[where], return_counts=True)
    return bool(counts.max() >= _INK * counts.sum())


def _solid(same: BoolArray) -> BoolArray | None:
    """Return where whole squares are the same; None where no square is."""
    from scipy.ndimage import maximum_filter, minimum_filter

    if int(same.sum()) < _SIDE:
        return None
    around = _SIDE // 2
    padded = np.pad(same, around, constant_values=True)
    inside = slice(around, -around), slice(around, -around)
    opened = maximum_filter(minimum_filter(padded, _SIDE, mode="nearest"), _SIDE)[inside] & same
    return opened if opened.any() else None


def _value_along_border(image: AnyArray) -> Any:
    """Return the value of the longest run along a border; None if it is too short."""
    best, longest = None, _RUN - 1
    for line in (image[0], image[-1], image[:, 0], image[:, -1]):
        length, value = _longest_run(line)
        if length > longest and np.isfinite(value):
            best, longest = value, length
    return best


def _longest_run(line: AnyArray) -> tuple[int, Any]:
    """Return the length of the longest run of one value in a line, and that value."""
    changes = np.flatnonzero(np.diff(line)) + 1
    edges = np.concatenate([[0], changes, [len(line)]])
    lengths = np.diff(edges)
    at = int(lengths.argmax())
    return int(lengths[at]), line[edges[at]]

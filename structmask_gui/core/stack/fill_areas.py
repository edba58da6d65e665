"""The areas of an image that are fill: where there is no image, but one value, or writing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from structmask_gui.core.arrays import AnyArray, BoolArray

_RUN, _SIDE = 16, 9
"""Pixels in a row along a border that make one look, and side of the squares that fill holds;
beyond the border it goes on."""

MOST = 0.9
"""Share of a frame that fill may take."""

_FEW, _SPECKS = 3, 1e-4
"""Islands of less than 9 pixels in fill, and their share of its pixels, beyond which it is none."""

_ELSEWHERE = 0.01
"""Share of the other pixels that have the same value by chance, beyond which it is no fill but dark
or saturated image."""

_BAR, _BACKGROUND = 0.35, 0.3
"""Share of a frame that a bar of writing may take, and of each of its rows that has one value."""

_LETTER, _INK, _THIN = 0.01, 0.15, 0.65
"""Share of a frame that a letter may take; share of all letters' pixels that have one value, at
least; and share of the boxes about them that they take, at most, for they are made of strokes."""

_LETTERS, _HIGH, _WIDE, _LINES, _AROUND = 4, (5, 100), (0.3, 1.5), 4, 2
"""Letters in a line of writing on the image, at least; how high they are, and how wide over that;
lines, at most; and pixels around them that are taken with them, for writing may be smoothed."""

_SCALE_BAR, _LONG = (4, 16), (3.0, 0.6)
"""Least sides of a scale bar; how long it is over its width, at least, and over the frame, at
most."""

_MOST_PARTS = 5000
"""Connected parts beyond which there is no writing to be looked for."""

_LABELS = 0.05
"""Share of a frame that writing on the image may take."""


class Area(NamedTuple):
    """Where an image is fill, and of which value; writing has none of its own."""

    where: BoolArray
    value: float | None = None


def areas_of(image: AnyArray) -> Iterator[Area]:
    """Yield the areas of an image that are fill."""
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
    """Yield the rows at the bottom or the top that hold writing up to a row of one value."""
    from scipy.ndimage import label

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
        values, counts = np.unique(rows[:end], return_counts=True)
        islands = rows != values[counts.argmax()]
        # Where few photons come, all of the image is like that.
        if islands[end:].mean() < 1 - _BACKGROUND / 2:
            continue
        islands[end:] = True
        if _letters(rows, label(islands)[0]).any():
            where = np.zeros(rows.shape, dtype=np.bool_)
            where[:end] = True
            yield Area(where[::step])


def _on_image(image: AnyArray) -> Iterator[Area]:
    """Yield scale bars and lines of writing on the image, of its greatest or its least value."""
    from scipy.ndimage import label

    finite = image[np.isfinite(image)] if image.dtype.kind == "f" else image
    if not finite.size:
        return
    for value in (finite.max(), finite.min()):
        same = image == value
        if not _LETTERS * _HIGH[0] <= int(same.sum()) <= _BACKGROUND * same.size:
            continue
        labels, count = label(same, np.ones((3, 3)))
        if count > _MOST_PARTS:
            continue
        bars, lines = np.zeros_like(same), np.zeros_like(same)
        parts: dict[tuple[int, int], list[_Part]] = {}
        for part in _parts(labels):
            if part.is_bar(image.shape):
                bars[part.top : part.bottom, part.left : part.right] = True
            elif part.is_letter(image.shape):
                parts.setdefault((part.top, part.bottom), []).append(part)
        found = [line for row in parts.values() for line in _lines(row)]
        for line in found if len(found) <= _LINES else ():
            top, bottom = max(0, line[0].top - _AROUND), line[0].bottom + _AROUND
            lines[top:bottom, max(0, line[0].left - _AROUND) : line[-1].right + _AROUND] = True
        if same[~(lines | bars)].mean() <= _ELSEWHERE and (lines | bars).mean() <= _LABELS:
            areas = (Area(bars, float(value)), Area(lines))
            yield from (area for area in areas if area.where.any())


class _Part(NamedTuple):
    """The box about a connected part of one value, and how many pixels that has."""

    top: int
    bottom: int
    left: int
    right: int
    size: int

    @property
    def sides(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left

    def is_bar(self, shape: tuple[int, ...]) -> bool:
        """Whether it is a rectangle as scale bars are."""
        short, long = sorted(self.sides)
        whole = self.size == short * long
        longest = _LONG[1] * shape[int(np.argmax(self.sides))]
        least = short >= _SCALE_BAR[0] and long >= max(_SCALE_BAR[1], _LONG[0] * short)
        return whole and least and long <= longest

    def is_letter(self, shape: tuple[int, ...]) -> bool:
        """Whether it is as high and as wide as a letter, within the frame."""
        height, width = self.sides
        inside = self.top > 0 and self.left > 0 and self.bottom < shape[0] and self.right < shape[1]
        high = _HIGH[0] <= height <= _HIGH[1]
        return inside and high and _WIDE[0] * height <= width <= _WIDE[1] * height


def _parts(labels: AnyArray) -> list[_Part]:
    """Return the parts of a labelled image in the order of their labels, which begin with 1."""
    from scipy.ndimage import find_objects

    sizes = np.bincount(labels.ravel())[1:]
    return [
        _Part(y.start, y.stop, x.start, x.stop, int(size))
        for (y, x), size in zip(find_objects(labels), sizes, strict=True)
    ]


def _lines(letters: list[_Part]) -> list[list[_Part]]:
    """Return the lines of writing among parts of one height, from left to right."""
    letters = sorted(letters, key=lambda part: part.left)
    lines = [letters[:1]]
    for part in letters[1:]:
        if part.left - lines[-1][-1].right <= part.sides[0]:
            lines[-1].append(part)
        else:
            lines.append([part])
    return [line for line in lines if len(line) >= _LETTERS and _strokes(line)]


def _strokes(parts: list[_Part]) -> bool:
    """Whether parts take so little of their boxes as letters do."""
    return sum(part.size for part in parts) <= _THIN * sum(np.prod(part.sides) for part in parts)


def _of_value(image: AnyArray, value: float, *, corners: bool) -> Iterator[Area]:
    """Yield the areas of one value that are solid, with all of it that joins them; letters first.

    Nothing if there are none, or if they may be image, for the rest has such pixels, too.
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
    letters = _letters(image, islands)
    if letters.any() and (where | letters).mean() <= MOST:
        yield Area(letters)
        yield Area(where, value)
        return
    # Where few photons come there are none in whole squares, and single ones among them.
    specks = int((np.bincount(islands.ravel())[1:] < _SIDE).sum())
    if specks <= max(_FEW, _SPECKS * int(where.sum())):
        yield Area(where, value)


def _letters(image: AnyArray, labels: AnyArray) -> BoolArray:
    """Return which labelled islands in one value are letters; none if they are specks, or things.

    ``labels``: shape (y, x), from 1 on; 0 has the value that they lie in.
    """
    nothing = np.zeros(labels.shape, dtype=np.bool_)
    if not 0 < labels.max() <= _MOST_PARTS:
        return nothing
    sizes = np.bincount(labels.ravel())
    small = sizes <= _LETTER * image.size
    small[0] = False
    where: BoolArray = small[labels]
    total = int(sizes[small].sum())
    if int(sizes[small & (sizes >= _SIDE)].sum()) <= total / 2:
        return nothing
    values, counts = np.unique(image[where], return_counts=True)
    others = image[(labels > 0) & ~where]
    if counts.max() < _INK * total or not others.size:
        return nothing
    # Ink is bright on dark paper and dark on bright paper; dim objects are no letters.
    ink, paper = values[counts.argmax()], image[labels == 0][0]
    dark, bright = np.percentile(others, (10, 90))
    if not (ink <= dark if paper >= bright else ink >= bright):
        return nothing
    parts = [
        part
        for part, fits in zip(_parts(labels), small[1:], strict=True)
        if fits and part.size >= _SIDE and not part.is_bar(labels.shape)
    ]
    return where if _strokes(parts) else nothing


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

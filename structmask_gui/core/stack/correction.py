"""Remove a fixed pattern: subtract the mean of dark frames, divide by that of an even field.

Both are the usual steps of calibrating a camera. Whether the frames hold what the reference shows
is measured before, because a pattern that they do not hold would be added to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, BoolArray, FloatArray
from structmask_gui.core.errors import InputError
from structmask_gui.core.names import size_text
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.fill import without_fill
from structmask_gui.core.stack.frames import Frames, cuts, evenly, finite
from structmask_gui.core.stack.left_out import one_value, shown
from structmask_gui.core.stack.reference_fit import dark_misfit

Calibration = Literal["dark", "even"]
"""What shows a fixed pattern: frames without light, or frames of an even field."""

_SEEN = 32
"""Frames that are averaged, at most, to see which pattern they hold."""

_COARSE = 31
"""Side of the square whose mean is subtracted before patterns are compared: what is smoother is
shading, and the sample."""

_AROUND = 15
"""Side of the square over which the sample's changes are averaged: where it changes much, a place
says little of a faint pattern."""

_FLATTEST = 0.05
"""Quantile of these changes that is no smaller than those of the noise."""

_PARTS = 6
"""Parts of each side that are left out in turn, which gives the error of the share."""

_SURE = 3.0
"""Standard errors from which a share, or a pattern, is told from none."""

_HELD, _ABSENT = 0.5, 0.25
"""Share of a pattern from which removing it leaves less than there was, and from which it is said
to be there; and up to which it is said not to be."""

_ALIKE = 0.15
"""How far a share may be from 1 before the reference is said to have other settings."""

_COPY, _EXACT = 0.5, 1e-5
"""Noise left in the mean of a reference, and share of what the frames show, up to which both are
the same frames."""

_ENOUGH = 20
"""Frames of a reference that show patterns well below their noise."""

_UNLIT = 0.05
"""Share of the light of bright pixels below which a pixel of an even field says nothing."""

_BRIGHT = 99.0
"""Percentile of an even field that is the light of bright pixels."""

_MIDDLE = 2048
"""Side of the middle part that is compared: more pixels say no more, and take their memory."""


class Held(NamedTuple):
    """How much of a reference's pattern some frames hold."""

    share: float
    """1 if they hold all of it, 0 if nothing; 0 as well where the reference shows no pattern."""
    error: float  # Standard error of the share
    pattern: float
    """Standard deviation of the pattern in the frames' units, as the reference shows it; 0 if it
    shows none."""

    @property
    def there(self) -> bool:
        """Whether removing the pattern leaves less of it than there is."""
        return self.share > _HELD and self.share > _SURE * self.error

    @property
    def left(self) -> float:
        """Part of the pattern that removing it leaves, or adds reversed; 0 if that may be error."""
        off = abs(self.share - 1)
        return off if off > max(_ALIKE, _SURE * self.error) else 0.0

    @property
    def absent(self) -> bool:
        """Whether hardly anything of the pattern is there, so that removing it would add it."""
        return self.pattern > 0 and abs(self.share) < _ABSENT and self.error < _ABSENT / 2

    @property
    def harms(self) -> bool:
        """Whether removing the pattern would make frames worse for sure."""
        return self.absent or (self.there and self.left > 1)


@dataclass(frozen=True)
class Reference:
    """The mean of dark frames or of an even field.

    ``halves``: means of every second frame, which share no noise, shape (2, y, x); of one frame,
    shape (1, y, x). ``misfit`` says what speaks against it, as in "structure is visible in it".
    """

    kind: Calibration
    name: str
    n_frames: int
    halves: FloatArray
    misfit: str = ""

    @cached_property
    def mean(self) -> FloatArray:
        """Mean over the frames, shape (y, x)."""
        return np.average(self.halves, axis=0, weights=_in_halves(self.n_frames))


@dataclass(frozen=True)
class Correction:
    """What is subtracted from every frame, and what it is divided by.

    Parameters
    ----------
    dark : Reference, optional
        Frames without light.
    even : Reference, optional
        Frames of an even field. Their offset is subtracted as well, where dark frames are given.

    Raises
    ------
    InputError
        If the two are of unlike sizes.
    """

    dark: Reference | None = None
    even: Reference | None = None

    def __post_init__(self) -> None:
        if self.dark is None or self.even is None:
            return
        if self.dark.mean.shape != self.even.mean.shape:
            raise _unlike(self.dark, self.even.mean.shape, self.even.name)

    @property
    def used(self) -> tuple[Reference, ...]:
        """The references that there are."""
        return tuple(one for one in (self.dark, self.even) if one is not None)

    def of(self, kind: Calibration) -> Reference:
        """Return the reference of a kind, which has to be there."""
        return next(one for one in self.used if one.kind == kind)

    @property
    def words(self) -> str:
        """What was done, as in "dark frames subtracted, divided by an even field"."""
        said = {"dark": "dark frames subtracted", "even": "divided by an even field"}
        return ", ".join(said[one.kind] for one in self.used)

    @cached_property
    def gain(self) -> FloatArray | None:
        """Light that each pixel gets or keeps, over the mean; shape (y, x)."""
        if self.even is None:
            return None
        light = self.even.mean - (0.0 if self.dark is None else self.dark.mean)
        lit = light > _UNLIT * max(float(np.percentile(light, _BRIGHT)), 0.0)
        level = float(light[lit].mean()) if lit.any() else 0.0
        if not level > 0:
            beside = "" if self.dark is None else f" beyond that of {self.dark.name}"
            raise InputError(
                f"{self.even.name} holds no light{beside}; give frames of an even, bright field."
            )
        # A pixel without light would become as bright as its noise allows.
        return np.where(lit, light / level, 1.0)

    def check(self, frames: Frames) -> None:
        """Raise `InputError` if frames are of another size than the references."""
        for one in self.used:
            if one.mean.shape != frames.frame_shape:
                raise _unlike(one, frames.frame_shape, frames.name)

    def applied(self, image: AnyArray) -> FloatArray:
        """Return an image without the patterns, in its own units; shape (y, x).

        Raises
        ------
        InputError
            If there is no light in the even field.
        """
        values = np.array(image, dtype=np.float64)
        if self.dark is not None:
            values -= self.dark.mean
        if (gain := self.gain) is not None:
            values /= gain
        return values

    def corrected(self, frames: Frames, number: int) -> NDArray[np.float32]:
        """Return a frame without the patterns, float32.

        Fill and marks of missing pixels stay, and blank frames, which hold none.
        """
        self.check(frames)
        raw = frames.read(number)
        if one_value(raw):
            return raw.astype(np.float32)
        values = self.applied(without_fill(frames, own=True).read(number)).astype(np.float32)
        missing = np.isnan(values)
        if missing.any():
            values[missing] = raw[missing]
        return values


def mean_frame(frames: Frames, task: Task = NO_TASK) -> FloatArray:
    """Return the mean of some frames, shape (y, x): what is the same in every frame shows in it.

    Fill and missing pixels are NaN.
    """
    clean, mean = without_fill(frames, task), np.zeros(frames.frame_shape)
    there = shown(frames, task)
    numbers = [there[place] for place in evenly(len(there), _SEEN)]
    for number in numbers:
        task.stop_if_cancelled()
        mean += clean.read(number) / len(numbers)
    mean[~np.isfinite(mean)] = np.nan
    return mean


def read_reference(
    kind: Calibration, frames: Frames, measured: Frames | None = None, task: Task = NO_TASK
) -> Reference:
    """Average dark frames, or frames of an even field, for ``measured`` frames."""
    numbers = shown(frames, task)
    counts = _in_halves(len(numbers))
    halves = np.zeros((len(counts), *frames.frame_shape))
    for place, number in enumerate(numbers):
        task.stop_if_cancelled()
        task.report(place, len(numbers), f"Averaging {frames.name}")
        half = place % len(counts)
        halves[half] += finite(frames.read(number)) / counts[half]
    misfit = ""
    if kind == "dark" and measured is not None:
        misfit = dark_misfit(frames, measured, task)
    return Reference(kind, frames.name, len(numbers), halves, misfit)


def held(mean: FloatArray, correction: Correction, kind: Calibration) -> Held:
    """Measure how much of a reference's pattern frames hold.

    It is the slope of the mean frame over the pattern, both without what is smooth, with most
    weight where the sample changes least. The noise that is left in the pattern would make it too
    small; the two halves of the reference, whose noise differs, give the pattern's own variance.
    The error is that of a jackknife over parts of the field.

    Parameters
    ----------
    mean : ndarray, shape (y, x)
        The mean of the frames to be corrected, NaN where there is none; see `mean_frame`. Of large
        frames the middle is compared.
    correction : Correction
        The references; of an even field's pattern the light is known only with dark frames.
    kind : {"dark", "even"}
        Whose pattern is looked for.
    """
    part = _middle(mean.shape)
    mean = mean[part]
    there = np.isfinite(mean)
    if not there.any():
        return Held(0.0, 0.0, 0.0)
    mean = np.where(there, mean, mean[there].mean())
    smooth = _smooth(mean, there)
    fine = mean - smooth
    first, second = _patterns(smooth, correction, kind, part)
    weights = _flatness(fine, there)
    own = weights * (fine * (first + second) / 2)
    parts = _sums(own), _sums(weights * first * second), _sums(weights)
    crossed, squared, total = (float(part.sum()) for part in parts)
    left_out = squared - parts[1]
    if squared <= _SURE * _jackknife_error(left_out) or total <= 0:
        return Held(0.0, 0.0, 0.0)
    shares = (crossed - parts[0]) / np.where(left_out > 0, left_out, np.inf)
    error = _jackknife_error(shares)
    if len(correction.of(kind).halves) == 1:
        # How much of one frame is noise, which makes the share too small, is not known.
        error = max(error, 1 - crossed / squared)
    return Held(crossed / squared, error, float(np.sqrt(squared / total)))


class Said(NamedTuple):
    """What is said of a correction."""

    sentences: tuple[str, ...]  # Of each reference, whether frames hold its pattern; what to do
    harms: bool  # Whether one of them would make the frames worse


def said_of(mean: FloatArray, correction: Correction) -> Said:
    """Say what a correction does to frames of this mean."""
    for one in correction.used:
        if _is_copy(mean, one):
            other = "without light" if one.kind == "dark" else "of an even field"
            return Said((f"{one.name} is a copy of your frames. Give frames {other}.",), True)
    found = [held(mean, correction, one.kind) for one in correction.used]
    sentences = map(held_words, found, correction.used)
    return Said(tuple(sentences), any(one.harms for one in found))


def _is_copy(mean: FloatArray, reference: Reference) -> bool:
    """Whether a reference has the noise of the frames themselves, whose mean this is."""
    there = np.isfinite(mean)
    if not there.any() or mean.shape != reference.mean.shape:
        return False
    differ = float((mean - reference.mean)[there].std())
    first, second = reference.halves[0], reference.halves[-1]
    # The means of other frames differ by more than the noise that is left in one of them.
    return differ <= _COPY * max(
        float((first - second)[there].std()) / 2, float(mean[there].std()) * _EXACT
    )


def held_words(found: Held, reference: Reference) -> str:
    """Say whether frames hold a reference's pattern, and what to do."""
    name, what = reference.name, "subtracting" if reference.kind == "dark" else "dividing by"
    if found.pattern == 0:
        few = " 20 frames show more." if reference.n_frames < _ENOUGH else ""
        return f"{name} shows no pattern beyond smooth shading.{few}"
    hold = f"Your frames hold {100 * found.share:.0f} % of the pattern of {name}:"
    # A strong pattern of the camera is structure, too.
    look = f" But {reference.misfit}: make sure that {name} does not show your sample."
    look = look if reference.misfit else ""
    if found.there and found.left > 1:
        # Of a copy of the frames, or a part of them, the noise is the same, too.
        return (
            f"{name} shows what it has in common with your frames far too faintly: it was recorded"
            " with other settings, or is made of these frames. Do not correct by it."
        )
    if found.there and found.left:
        return (
            f"{hold} it seems to be recorded with other settings. {what.capitalize()} it leaves"
            f" {100 * found.left:.0f} % of the pattern.{look}"
        )
    if found.there:
        return f"{hold} {what} it removes that.{look}"
    if found.absent:
        return (
            f"Your frames do not hold the pattern of {name}: {what} it would add it. What is the"
            " same in all of them comes from elsewhere, or is your sample."
        )
    return (
        f"Whether your frames hold the pattern of {name} is not sure; 20 frames, recorded with the"
        " same settings, would tell."
    )


def _patterns(
    smooth: FloatArray, correction: Correction, kind: Calibration, part: tuple[slice, slice]
) -> tuple[FloatArray, FloatArray]:
    """Return the fine pattern that a mean frame would hold, twice; ``smooth``: its shading."""
    halves = [half[part] for half in correction.of(kind).halves]
    if kind == "dark":
        found = [half - _smooth(half) for half in halves]
    else:
        dark = correction.dark
        offset = np.zeros_like(smooth) if dark is None else dark.mean[part]
        lit, found = smooth - _smooth(offset), []
        for half in halves:
            around = _smooth(light := half - offset)
            found.append(lit * (light - around) / np.where(around > 0, around, np.inf))
    return found[0], found[-1]


def _middle(shape: tuple[int, ...]) -> tuple[slice, slice]:
    starts = [max(0, (side - _MIDDLE) // 2) for side in shape]
    height, width = (slice(start, start + _MIDDLE) for start in starts)
    return height, width


def _smooth(image: FloatArray, there: BoolArray | None = None) -> FloatArray:
    """Return the mean over the square around each pixel, of those that are there."""
    from scipy.ndimage import uniform_filter

    def around(values: FloatArray) -> FloatArray:
        return np.asarray(uniform_filter(values, _COARSE, mode="reflect"))

    if there is None or there.all():
        return around(image)
    level = float(image[there].mean())
    share = around(there.astype(np.float64))
    smooth: FloatArray = around(np.where(there, image - level, 0.0)) / np.maximum(share, 1e-3)
    return level + smooth


def _in_halves(n_frames: int) -> tuple[int, ...]:
    """Return how many of some frames are in each half."""
    return (1,) if n_frames == 1 else ((n_frames + 1) // 2, n_frames // 2)


def _flatness(fine: FloatArray, there: BoolArray) -> FloatArray:
    """Return the weight of each pixel: the inverse of how much changes around it."""
    from scipy.ndimage import uniform_filter

    around = uniform_filter(np.where(there, fine, 0.0) ** 2, _AROUND, mode="reflect")
    # Where nothing changes at all the pixels are clipped, or fill.
    changes = there & (around > 0)
    if not changes.any():
        return there.astype(np.float64)
    floor = float(np.quantile(around[changes], _FLATTEST))
    return np.where(changes, 1.0 / (around + floor), 0.0)


def _sums(values: FloatArray) -> FloatArray:
    """Return the sums over the parts of a field."""
    rows, columns = (cuts(side, min(_PARTS, side)) for side in values.shape)
    return np.array([values[y0:y1, x0:x1].sum() for y0, y1 in rows for x0, x1 in columns])


def _jackknife_error(left_out: FloatArray) -> float:
    """Return the standard error of a figure, from its values with each part left out in turn."""
    return float(np.sqrt((left_out.size - 1) * left_out.var()))


def _unlike(reference: Reference, shape: tuple[int, ...], name: str) -> InputError:
    return InputError(
        f"{reference.name} has frames of {size_text(reference.mean.shape)} pixels and {name} of"
        f" {size_text(shape)}; give frames of the same size."
    )

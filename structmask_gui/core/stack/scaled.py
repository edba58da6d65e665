"""Very large and very small pixel values, brought to where squares of them fit their type.

A power of two changes no digit, so what is measured is the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.errors import InputError
from structmask_gui.core.estimate import CorrelationEstimate
from structmask_gui.core.stack.frames import Frames, WrappedFrames
from structmask_gui.core.stack.registration import finite, middle
from structmask_gui.core.wholeframe import LineCovariance

# Powers of two between which the spread of a frame is left as it is, and beyond which variances do
# not fit float64 however they are worked out.
_SMALL, _LARGE = -24, 40
_SMALLEST, _LARGEST = -480, 480
_MOST_FRAMES, _ROWS = 4, 8


class ScaledFrames(WrappedFrames):
    """Frames times a power of two.

    Parameters
    ----------
    frames : Frames
        The stack; it is not changed.
    exponent : int
        Of the power of two.
    """

    def __init__(self, frames: Frames, exponent: int) -> None:
        super().__init__(frames, np.float64)
        self._exponent = exponent

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> NDArray[np.float64]:
        """Return rows ``y0`` to ``y1`` of a frame, scaled."""
        values = np.asarray(self._frames.read(frame, y0, y1), dtype=np.float64)
        return np.asarray(np.ldexp(values, self._exponent))


def exponent_for(frames: Frames) -> int:
    """Return the power of two that brings pixel values to a size that squares fit; mostly 0.

    Raises
    ------
    InputError
        If the values are so small or so large that their variance is no number.
    """
    if frames.dtype.kind != "f":
        return 0
    for frame in range(min(frames.n_frames, _MOST_FRAMES)):
        values = _some_rows(frames, frame)
        spread = float(values.max() / 2 - values.min() / 2)
        if spread > 0:
            break
    else:
        return 0
    size = int(np.frexp(spread)[1])
    if not _SMALLEST <= size <= _LARGEST:
        what = "small" if size < 0 else "large"
        raise InputError(
            f"{frames.name} has pixel values too {what} to measure (they differ by"
            f" {2 * spread:.0e}); multiply them by a constant."
        )
    return 0 if _SMALL <= size <= _LARGE else -size


def _some_rows(frames: Frames, frame: int) -> NDArray[np.float64]:
    """Return a few rows of the middle of a frame, or all of the middle if they are constant."""
    middle_row = frames.frame_shape[0] // 2
    values = finite(frames.read(frame, middle_row, middle_row + _ROWS))
    return values if values.min() < values.max() else middle(frames, frame)


def in_grey_levels(estimate: CorrelationEstimate, exponent: int) -> CorrelationEstimate:
    """Return an estimate made in scaled frames in the grey levels of the frames as stored."""
    unit = float(np.ldexp(1.0, -exponent))
    square = unit * unit
    evidence, frame = estimate.evidence, estimate.evidence.frame

    def lines(found: LineCovariance) -> LineCovariance:
        return LineCovariance(found.value * square, found.error * square)

    fixed_rows = None if frame.fixed_rows is None else lines(frame.fixed_rows)
    fixed_columns = None if frame.fixed_columns is None else lines(frame.fixed_columns)
    fit, flat, rest = evidence.fit, evidence.flat, evidence.rest
    return replace(
        estimate,
        lags=replace(estimate.lags, variance=estimate.lags.variance * square),
        evidence=replace(
            evidence,
            frame=replace(
                frame,
                rows=lines(frame.rows),
                columns=lines(frame.columns),
                fixed_rows=fixed_rows,
                fixed_columns=fixed_columns,
            ),
            fit=None if fit is None else replace(fit, covariance=fit.covariance * square),
            flat=None if flat is None else replace(flat, energy=flat.energy * square),
            rest=None if rest is None else replace(rest, variance=rest.variance * square),
        ),
        brightness=tuple(
            replace(
                one,
                brightness=one.brightness * unit,
                lags=replace(one.lags, variance=one.lags.variance * square),
            )
            for one in estimate.brightness
        ),
        image_covariance=estimate.image_covariance * square,
    )

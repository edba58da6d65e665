"""Lines of noise that do not end within the largest lag, and those that run from edge to edge."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import Lines
from structmask_gui.core.statistical.estimate import CorrelationEstimate
from structmask_gui.core.statistical.frame_diagnostics import LINE_SHARE, LineCovariance

# Correlation of far ends over that near the largest lag, from which lines span the image.
_SPANS = 0.5
# A larger maximum lag is advised only if it can be larger by this factor.
_WORTH_IT = 1.2
# Standard errors from which far ends of a line are perhaps, and likely, correlated. Where lines do
# not end, fewer are enough than where nothing else indicates offsets.
_MAYBE, _LIKELY = 2.0, 3.0
# Standard errors from which far ends are opposed.
_OPPOSED = 4.0
# Standard errors of a difference of two lags, and its share of the larger one, from which only some
# pixels of a line share its offset.
_MANY, _MOSTLY = 5.0, 0.5
# Correlation by which a line exceeds those beside it, and part of that at every far lag.
_MORE, _STEADY = 0.05, 0.5
# Share of the fine noise, beside much that is smooth, from which offsets of lines count.
_OF_FINE = 0.1
# Lags at the end of what was looked at, where ringing passes through zero at most once.
_LAST = 4


def line_share(estimate: CorrelationEstimate) -> tuple[float, float]:
    """Share of the noise's variance in whole rows and whole columns; 0 where not beyond chance."""
    variance = max(estimate.lags.variance, 1e-300)
    frame = estimate.evidence.frame
    rows = frame.rows.value / variance if frame.rows.sure else 0.0
    columns = frame.columns.value / variance if frame.columns.sure else 0.0
    return rows, columns


def fine_share(estimate: CorrelationEstimate, line: Lines) -> float:
    """Return the share of the noise's variance that a line does not have in common with the next.

    The rest is smooth across the lines: slow noise, or a sample that changes.
    """
    rho, middle = estimate.lags.rho, estimate.lags.reach
    if middle < 1:
        return 1.0
    across = rho[middle + 1, middle] if line == "rows" else rho[middle, middle + 1]
    return max(1 - float(across), 0.0)


def least_share(estimate: CorrelationEstimate, line: Lines) -> float:
    """Return the share of the noise's variance from which offsets of whole lines count."""
    return min(LINE_SHARE, _OF_FINE * fine_share(estimate, line))


def _offsets(estimate: CorrelationEstimate) -> Lines | None:
    """Return the lines whose offsets count, beyond chance; of both the stronger ones."""
    rows, columns = line_share(estimate)
    lines: tuple[tuple[float, Lines], ...] = ((rows, "rows"), (columns, "columns"))
    found = [(share, one) for share, one in lines if 0 < share >= least_share(estimate, one)]
    return max(found)[1] if found else None


def fixed_lines(estimate: CorrelationEstimate) -> bool:
    """Whether rows or columns have offsets that are the same in every frame."""
    frame, variance = estimate.evidence.frame, max(estimate.lags.variance, 1e-300)
    return any(
        lines is not None and lines.sure and lines.value / variance >= LINE_SHARE
        for lines in (frame.fixed_rows, frame.fixed_columns)
    )


def endless_lines(estimate: CorrelationEstimate, parameters: Parameters) -> Lines | None:
    """Return which lines do not end within the largest lag, if any.

    Either far ends of whole lines are correlated, or there are regular bands along them, or the
    correlation along the line is positive beyond chance at nearly every lag and, at the largest,
    still a fifth of that at the smallest.
    """
    if (found := _offsets(estimate) or estimate.evidence.patterns.bands) is not None:
        return found
    lags = estimate.lags
    middle, last = lags.reach, min(parameters.max_lag, lags.reach)
    if last < 4:
        return None
    lines: tuple[tuple[Lines, int], ...] = (("rows", 1), ("columns", 0))
    for name, axis in lines:
        rho = np.moveaxis(lags.rho, axis, 1)
        error = np.moveaxis(lags.standard_error, axis, 1)
        inside = slice(middle + 1, middle + last + 1)
        line, spread = rho[middle, inside], np.maximum(error[middle, inside], 1e-12)
        beside = np.abs(rho[middle + 2 : middle + last + 1, inside]).mean()
        there = float((line > 4 * spread).mean()) >= 0.8
        end, begin = float(line[-3:].mean()), float(line[:3].mean())
        if there and end >= 0.2 * begin and end > 3 * beside and end > 4 * spread[-3:].mean():
            return name
    return None


def stand_out(estimate: CorrelationEstimate) -> Lines | None:
    """Return the lines whose far pixels are clearly more alike than with those of the next line.

    As by noise along lines, beside whatever else frames differ in: a sample that changes is about
    as much alike in the next line.
    """
    middle = estimate.lags.reach
    if middle < 4:
        return None
    far = slice(middle + middle // 2 + 1, None)
    lines: tuple[tuple[Lines, FloatArray], ...] = (
        ("rows", estimate.lags.rho),
        ("columns", estimate.lags.rho.T),
    )
    for name, rho in lines:
        more = rho[middle, far] - np.maximum(rho[middle - 1, far], rho[middle + 1, far])
        if more.mean() >= _MORE and more.min() > _STEADY * more.mean():
            return name
    return None


def goes_on(estimate: CorrelationEstimate, max_lag: int, rho_min: float) -> bool:
    """Whether noise along a line, of whatever sign, matters still at a largest lag."""
    lags = estimate.lags
    middle, last = lags.reach, min(max_lag, lags.reach)
    if last < 2 * _LAST:
        return False
    far = slice(middle + last - _LAST + 1, middle + last + 1)
    for axis in (1, 0):
        rho = np.moveaxis(lags.rho, axis, 1)
        error = np.moveaxis(lags.standard_error, axis, 1)[middle, far]
        end = np.abs(rho[middle, far])
        beside = np.abs(rho[middle + 2 : middle + last + 1, far]).mean()
        most = int(np.argmax(end))
        matters = end[most] >= max(rho_min, 4 * error[most])
        if matters and end.mean() > 3 * beside:
            return True
    return False


def lags_left(estimate: CorrelationEstimate, max_lag: int) -> int:
    """Return the largest lag that these frames allow, or 0 if it is hardly beyond ``max_lag``."""
    most = largest_lag(estimate)
    return most if most > _WORTH_IT * min(max_lag, estimate.lags.reach) else 0


def largest_lag(estimate: CorrelationEstimate) -> int:
    """Return the largest lag that can be measured in these frames."""
    reach = estimate.lags.reach
    # Where less was measured than asked for, the patches hold no more.
    return reach if reach < estimate.parameters.max_lag else estimate.largest_lag


def far_ends_share(estimate: CorrelationEstimate, line: Lines) -> bool:
    """Whether far ends of the lines may be correlated, as offsets would make them."""
    far = _far_ends(estimate, line)
    return bool(far.value > _MAYBE * far.error)


def levelled(estimate: CorrelationEstimate, line: Lines) -> bool:
    """Whether far ends of the lines are opposed, as where each line's mean was removed."""
    far = _far_ends(estimate, line)
    return bool(far.value < -_OPPOSED * far.error)


def far_ends_likely_share(estimate: CorrelationEstimate, line: Lines) -> bool:
    """Whether far ends of lines that do not end are correlated enough, and likely not by chance."""
    far = _far_ends(estimate, line)
    enough = far.value >= least_share(estimate, line) * max(estimate.lags.variance, 1e-300)
    return bool(enough and far.value > _LIKELY * far.error)


def span_the_image(estimate: CorrelationEstimate, line: Lines, max_lag: int) -> bool:
    """Whether far ends of the lines are correlated about as much as pixels near the largest lag."""
    lags = estimate.lags
    if line in (_offsets(estimate), estimate.evidence.patterns.bands):
        return True
    far = _far_ends(estimate, line).value / max(lags.variance, 1e-300)
    last = min(max_lag, lags.reach)
    return far >= _SPANS * float(along(estimate, line)[max(last - 3, 0) : last].mean())


def _far_ends(estimate: CorrelationEstimate, line: Lines) -> LineCovariance:
    frame = estimate.evidence.frame
    return frame.rows if line == "rows" else frame.columns


def every_nth(estimate: CorrelationEstimate, line: Lines) -> bool:
    """Whether pixels some way along the lines share far more than next neighbours do.

    As where a camera has several readouts, each with offsets of its own.
    """
    rho = along(estimate, line)
    error = along_of(estimate.lags.standard_error, line)
    excess = rho - rho[0]
    surely = excess > _MANY * np.hypot(error, error[0])
    return bool((surely & (excess > _MOSTLY * rho)).any())


def along(estimate: CorrelationEstimate, line: Lines) -> FloatArray:
    """Return the correlation along the lines, from lag 1 on."""
    return along_of(estimate.lags.rho, line)


def along_of(lags: FloatArray, line: Lines) -> FloatArray:
    """Return values of lags along the lines, from lag 1 on."""
    reach = lags.shape[0] // 2
    axis = lags[reach] if line == "rows" else lags[:, reach]
    return axis[reach + 1 :]

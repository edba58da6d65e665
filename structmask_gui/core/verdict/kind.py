"""The kind of noise: a line, a cross, a blob, a periodic pattern and so on."""

from __future__ import annotations

from typing import Literal

import numpy as np

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.postprocess import centre_component
from structmask_gui.core.stack.frames import Lines
from structmask_gui.core.statistical.estimate import CorrelationEstimate

NoiseKind = Literal[
    "none",
    "rows",
    "columns",
    "cross",
    "diagonal",
    "blob",
    "periodic",
    "detached",
    "irregular",
]

KIND_WORDS: dict[NoiseKind, str] = {
    "none": "No correlated noise",
    "rows": "Rows",
    "columns": "Columns",
    "cross": "Cross",
    "diagonal": "Diagonal",
    "blob": "Blob",
    "periodic": "Periodic",
    "detached": "Detached echo",
    "irregular": "Irregular",
}
"""What a sentence calls each kind."""

# Standard errors from which a correlation below ``rho_min`` counts as present.
_THERE = 3.0
# Share of the correlation along a line from which that across it is called as much.
_ALIKE = 0.8
# Shares of the squared correlation on one line, and on both axes, that make a line and a cross.
_MAIN = 0.85
_CROSS = 0.6
# Share of a row of lags from which it counts as a whole line.
_FILLED = 0.8
# Range of a positive swing over the negative one before it in a periodic pattern: a filter that
# rings once fades faster, and a swing that grows is something else. Smaller swings do not count.
_SWINGS = 0.45, 1.1
_LOWEST_SWING = 0.05


def kind_of(kept: BoolArray, estimate: CorrelationEstimate) -> NoiseKind:
    """Return the kind of noise from the lags that are kept and the correlation of all.

    ``kept``: shape (2 r + 1, 2 r + 1), r at most the reach of the estimate; the centre is True.
    """
    mask = Mask.checked(kept).cropped()
    if mask.statistics.shape_class == "centre only":
        return "none"
    middle = kept.shape[0] // 2
    rho = estimate.lags.within(middle).rho
    for line in (rho[middle, middle + 1 :], rho[middle + 1 :, middle]):
        if _alternates(line):
            return "periodic"
    if int(centre_component(kept).sum()) == 1:
        return line_with_gaps(kept, estimate) or "detached"
    weight = np.where(kept, rho**2, 0.0)
    weight[middle, middle] = 0.0
    total = float(weight.sum())
    in_row, in_column = float(weight[middle].sum()), float(weight[:, middle].sum())
    down = float(np.trace(weight))
    up = float(np.trace(weight[::-1]))
    # A few stray lags beside a strong line do not change what it is.
    lines: tuple[tuple[NoiseKind, float], ...] = (
        ("rows", in_row),
        ("columns", in_column),
        ("diagonal", max(down, up)),
    )
    for kind, share in lines:
        if share >= _MAIN * total:
            return direction(kind, estimate.lags)
    axes, corner = _beside(weight, middle)
    beside = int(kept.sum() - kept[middle].sum() - kept[:, middle].sum() + 1)
    few = 2 * beside <= int(kept.sum()) - 1
    if few and in_row + in_column >= _CROSS * total and corner < 0.35 * axes:
        return "cross"
    return _two_dimensional(kept)


def direction(kind: NoiseKind, lags: LagEstimate) -> NoiseKind:
    """Return the kind of a line, or "cross" or "blob" where neighbours across it share as much.

    Of noise alike in all directions, chance may leave that of one alone above ``rho_min``.
    """
    middle, rho, error = lags.reach, lags.rho, lags.standard_error
    row, column = (middle, middle + 1), (middle + 1, middle)
    diagonals = [(middle + 1, middle + 1), (middle + 1, middle - 1)]

    def shares(place: tuple[int, int], as_much_as: tuple[int, int]) -> bool:
        along, across = float(rho[as_much_as]), float(rho[place])
        less = abs(along) - abs(across)
        chance = float(np.hypot(error[as_much_as], error[place]))
        alike = less < max(_THERE * chance, (1 - _ALIKE) * abs(along))
        return alike and along * across > 0 and abs(across) > _THERE * float(error[place])

    if kind == "diagonal":
        best = max(diagonals, key=lambda place: abs(float(rho[place])))
        return "blob" if shares(row, best) and shares(column, best) else kind
    along, across = (row, column) if kind == "rows" else (column, row)
    if not shares(across, along):
        return kind
    return "blob" if any(shares(place, along) for place in diagonals) else "cross"


def line_with_gaps(kept: BoolArray, estimate: CorrelationEstimate) -> NoiseKind | None:
    """Return the line that all kept lags lie on, if the lags between are correlated, only less."""
    middle, lags = kept.shape[0] // 2, estimate.lags
    away = np.argwhere(kept) - middle
    away = away[(away != 0).any(axis=1)]
    if not len(away):
        return None
    dy, dx = away.T
    kinds: tuple[tuple[NoiseKind, tuple[int, int], bool], ...] = (
        ("rows", (0, 1), bool((dy == 0).all())),
        ("columns", (1, 0), bool((dx == 0).all())),
        ("diagonal", (1, 1), bool((dy == dx).all())),
        ("diagonal", (1, -1), bool((dy == -dx).all())),
    )
    for kind, (y, x), on_it in kinds:
        if not on_it:
            continue
        steps = lags.reach + np.arange(1, int(np.abs(away).max()) + 1)[:, None] * (y, x)
        rho, error = lags.rho[tuple(steps.T)], lags.standard_error[tuple(steps.T)]
        if (rho * np.sign(rho[-1]) > _THERE * error).all():
            return kind
    return None


def fills_gaps(kept: BoolArray, estimate: CorrelationEstimate) -> bool:
    """Whether the kept lags do not touch the centre, but lie on a line that is faint in between."""
    if int(kept.sum()) == 1 or int(centre_component(kept).sum()) > 1:
        return False
    return line_with_gaps(kept, estimate) is not None


def in_lines(kept: BoolArray, line: Lines) -> bool:
    """Whether most kept lags fill whole lines, as where lines repeat every few pixels."""
    rows = kept if line == "rows" else kept.T
    filled = rows.mean(axis=1)
    return int(kept.sum()) > 1 and float(rows[filled > _FILLED].sum()) >= _MAIN * float(kept.sum())


def _beside(weight: FloatArray, middle: int) -> tuple[float, float]:
    """Return the lesser weight of the axes' first lags and the greater of the diagonals'."""
    axes = min(weight[middle, middle + 1], weight[middle + 1, middle])
    corner = max(weight[middle + 1, middle + 1], weight[middle + 1, middle - 1])
    return float(axes), float(corner)


def _two_dimensional(kept: BoolArray) -> NoiseKind:
    """Return "blob" if most lags next to the centre are kept, else "irregular"."""
    middle = kept.shape[0] // 2
    near = kept[middle - 1 : middle + 2, middle - 1 : middle + 2]
    return "blob" if int(near.sum()) >= 5 else "irregular"


def _alternates(line: FloatArray) -> bool:
    """Whether the correlation along a line turns negative, then positive by about as much."""
    large = np.where(np.abs(line) >= _LOWEST_SWING, line, 0.0)
    trough = -float(large.min(initial=0.0))
    if trough == 0.0:
        return False
    again = float(large[int(np.argmin(large)) :].max())
    return _SWINGS[0] * trough <= again <= _SWINGS[1] * trough

"""Tests of whether an estimate contains image structure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from structmask_gui.core.arrays import BoolArray, FloatArray, crop_or_pad
from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.statistical.flat_tiles import FlatTiles
from structmask_gui.core.statistical.out_of_band import SpectralFit, step_to
from structmask_gui.core.statistical.selection import select_lags
from structmask_gui.core.statistical.tiles import TileStatistics

# Number of flat tiles from which they are tested, and from which they are relied on if they were
# found in so many steps and are neither uneven nor skewed. 80 of 32 x 32 have as many pixels as 20
# patches of 64 x 64.
SOME_FLAT_TILES, _ENOUGH_FLAT_TILES, _STEPS = 12, 80, 4
# How far two estimates that share nothing must agree on the lags (F1), to be relied on.
_AGREEMENT = 0.6
# Standard errors from which flat parts are too uneven to be relied on.
_STRICT = 1.0
# Share of the squared correlation on one line that no structure has.
ONE_LINE = 0.85
# Surplus of the spread of the tiles' power, in a band, that structure makes; the standard errors
# from which it is suspected, and sure.
_SURPLUS, SUSPICION, CERTAINTY = 0.15, 2.5, 4.5
# Frequency the fit must reach; largest ratio of flat-tile to predicted energy.
_INWARD, AS_QUIET = 0.4, 1.8
# Share of a fit's squared correlation on the lags that would be kept, from which these are all.
_EXPLAINED = 0.75
# Skewness of smooth parts that noise does not have, and the standard errors that make it sure.
_SKEW, _SURELY_SKEW = 0.1, 6.0


def flat_parts_alike(flat: FlatTiles, tiles: TileStatistics) -> bool:
    """Whether there are enough flat tiles, no more uneven or skewed than noise is."""
    if int(flat.chosen.sum()) < _ENOUGH_FLAT_TILES or flat.steps < _STEPS:
        return False
    ratio, error = tiles.unevenness(flat.chosen, strict=True)
    return not uneven(ratio, error, _STRICT) and not skewed(tiles, flat.chosen)


def skewed(tiles: TileStatistics, inside: BoolArray | None = None) -> bool:
    """Whether the pixel values of tiles are skewed, as those of a texture are."""
    value, error = tiles.skewness(inside)
    return abs(value) > max(_SKEW, _SURELY_SKEW * error)


def lines_beyond(fit: SpectralFit, parameters: Parameters) -> bool:
    """Whether there is one line, or lone lags, beyond the optical cut-off."""
    # Where the fit predicts nothing beyond the corners it started in, it is no line.
    return spectrum_kind(fit, parameters) == "lines" and fit.cutoff < _INWARD


# Mean correlation with the next line from which a sample may take part, what changes in one having
# a third or more: at most, however faint noise is, and as a share of its strongest correlation.
_ACROSS, _FAINT, _PART = 0.05, 0.02, 0.25
# Share of the correlation everywhere that flat parts have, from which they are alike.
_ALIKE = 0.8


def correlated(lags: LagEstimate, parameters: Parameters) -> bool:
    """Whether any lag but the centre would be kept."""
    return int(select_lags(lags, parameters).kept.sum()) > 1


def alike(lags: LagEstimate, flat: LagEstimate, parameters: Parameters) -> bool:
    """Whether noise is correlated in flat parts as it is everywhere, however strong it is where.

    A sample that changes adds correlation of its own where it is.
    """
    kept = select_lags(lags, parameters).kept
    if int(kept.sum()) == 1:
        return not correlated(flat, parameters)
    kept[tuple(side // 2 for side in kept.shape)] = False
    everywhere, there = (crop_or_pad(one.rho, kept.shape)[kept] for one in (lags, flat))
    share = float(there @ everywhere) / float(everywhere @ everywhere)
    return _ALIKE < share < 1 / _ALIKE


def no_sample(lags: LagEstimate, parameters: Parameters) -> bool:
    """Whether what was measured is noise, white or on one line, and known well enough to say so."""
    if correlated(lags, parameters):
        return one_way(lags, parameters)
    beside = [(lags.reach, lags.reach + 1), (lags.reach + 1, lags.reach)]
    values = [max(float(lags.rho[at]), float(lags.standard_error[at])) for at in beside]
    return max(values) < parameters.rho_min / 2


def one_way(lags: LagEstimate, parameters: Parameters) -> bool:
    """Whether all lags that would be kept are on one line, which no sample is."""
    kept = np.argwhere(select_lags(lags, parameters).kept)
    # The centre is in the middle of them; those before it mirror those behind it.
    behind = (kept - kept[len(kept) // 2])[len(kept) // 2 + 1 :]
    ways = {step_to((int(dy), int(dx))) for dy, dx in behind}
    return len(ways) == 1 and not_through_optics(lags)


def not_through_optics(lags: LagEstimate) -> bool:
    """Whether what was measured holds next to nothing that came through the optics.

    These spread what changes in a sample alike in all directions: its pixels resemble those of the
    next row and of the next column. Scan lines and detectors correlate along one of them alone.
    """
    middle = lags.reach
    near = slice(middle - 1, middle + 2)
    others = np.abs(lags.rho)
    others[middle, middle] = 0.0
    most = min(_ACROSS, max(_FAINT, _PART * float(others.max())))
    for beside in ((middle + 1, near), (near, middle + 1)):
        error = float(np.sqrt((lags.standard_error[beside] ** 2).mean()))
        if error < _ACROSS / 2 and float(lags.rho[beside].mean()) < most:
            return True
    return False


def agree(lags: LagEstimate, fit: SpectralFit, parameters: Parameters) -> bool:
    """Whether flat parts and the spectrum beyond the optical cut-off show the same correlation.

    Each is wrong in its own way: in flat parts a texture adds smooth correlation, while the fit
    beyond the band drops lags.
    """
    if spectrum_kind(fit, parameters) != "other":
        return False
    kept = select_lags(lags, parameters).kept
    found = np.abs(fit.correlation) >= parameters.rho_min
    # Lags beyond the reach of the fit count against it; those beyond the test's do not.
    found = crop_or_pad(found, kept.shape)
    # All but the centre, which both have.
    one, other = int(kept.sum()) - 1, int(found.sum()) - 1
    both = int((kept & found).sum()) - 1
    return one + other > 0 and 2 * both >= _AGREEMENT * (one + other)


def spectrum_kind(fit: SpectralFit, parameters: Parameters) -> str:
    """Return what the spectrum shows: "none", "lines" (one line or lone lags), or "other"."""
    rho = fit.correlation
    reach = rho.shape[0] // 2
    large = np.abs(rho) >= parameters.rho_min
    kept = np.argwhere(large) - reach
    if (np.abs(rho) > 1.0 + 1e-9).any():
        # No correlation is larger than 1: the fit does not describe this spectrum.
        return "other"
    rest = rho.copy()
    rest[reach, reach] = 0.0
    total, faint = float((rest**2).sum()), float((rest[~large] ** 2).sum())
    if faint > max((1 - _EXPLAINED) * total, 2 * parameters.rho_min**2):
        # Many faint lags together make up what was found: the few large ones are not all.
        return "other"
    half = [(int(dy), int(dx)) for dy, dx in kept if dy > 0 or (dy == 0 and dx > 0)]
    if not half:
        return "none"
    if len({step_to(lag) for lag in half}) == 1:
        return "lines"
    far = [max(abs(dy), abs(dx)) >= 3 for dy, dx in half]
    return "lines" if all(far) and len(half) <= 4 else "other"


def is_line(lags: LagEstimate) -> bool:
    """Whether nearly all correlation is along the row, the column or a diagonal."""
    weight = lags.rho**2
    weight[lags.reach, lags.reach] = 0.0
    return max(float(weight[line].sum()) for line in _lines(lags)) >= ONE_LINE * float(weight.sum())


def along_the_line(lags: LagEstimate) -> LagEstimate:
    """Return a correlation with all but the lags of its strongest line set to 0."""
    weight = lags.rho**2
    weight[lags.reach, lags.reach] = 0.0
    line = max(_lines(lags), key=lambda line: float(weight[line].sum()))
    return replace(lags, rho=np.where(line, lags.rho, 0.0))


def _lines(lags: LagEstimate) -> tuple[BoolArray, ...]:
    """Mark the lags on the row, the column and either diagonal through the centre."""
    dy, dx = np.indices(lags.rho.shape) - lags.reach
    return dy == 0, dx == 0, dy == dx, dy == -dx


def uneven(ratio: FloatArray, error: FloatArray, errors: float = CERTAINTY) -> bool:
    """Return whether tiles differ as structure's do.

    ``ratio``, ``error``: shape (bands,); from `TileStatistics.unevenness`.
    ``errors``: How many standard errors count: in one band well below the highest, or in all
    together.
    """
    low = slice(0, 5)
    surplus = ratio[low] - 1
    single = (surplus > _SURPLUS) & (surplus > errors * error[low])
    together = float((surplus / error[low]).sum() / np.sqrt(5))
    return bool(single.any() or (together > errors and surplus.mean() > 0.6 * _SURPLUS))

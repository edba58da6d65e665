"""Detect image structure in the noise estimate and remove it.

Tiles that differ, or are skewed, indicate structure. The noise under it is then estimated beyond
the optical cut-off or in structure-free tiles; see `under_structure`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.derived import DifferenceFrames, EvenFrames, LevelFrames
from structmask_gui.core.stack.frames import Frames
from structmask_gui.core.stack.patches import PatchReader
from structmask_gui.core.statistical.accumulate import pool_patches
from structmask_gui.core.statistical.flat_tiles import (
    FlatTiles,
    block_energy,
    find_flat_tiles,
    together,
)
from structmask_gui.core.statistical.frame_diagnostics import LineCovariance, with_lines
from structmask_gui.core.statistical.out_of_band import SpectralFit
from structmask_gui.core.statistical.patches import NoisePatches
from structmask_gui.core.statistical.source import NoiseSource, Used
from structmask_gui.core.statistical.structure import (
    AS_QUIET,
    SOME_FLAT_TILES,
    SUSPICION,
    agree,
    along_the_line,
    correlated,
    flat_parts_alike,
    is_line,
    lines_beyond,
    no_sample,
    one_way,
    skewed,
    spectrum_kind,
    uneven,
)
from structmask_gui.core.statistical.tiles import TileStatistics, tile_places
from structmask_gui.core.statistical.under_structure import as_everywhere, fit_beyond, pool_flat

# Energy of flat tiles over what the fit predicts, below which noise is white, and surely so: the
# slowest changes, which even structure-free tiles still have.
_SLOWLY, _SURELY = 3.0, 1.5

# Power within the optical cut-off, over what the fit beyond it predicts, that confirms structure.
_UNEXPLAINED = 1.25
# Misfit from which a fit does not describe the spectrum.
MISFIT = 2.0
# Standard errors by which loud tiles lie together, from which a suspicion of structure stands.
_TOGETHER = 1.0

# Unlike frames from which structure that is alike all over each of them is not expected.
SEVERAL = 10

# Share of the variance in line offsets, from which they blur everything else.
_STRONG_LINES = 0.05

Sign = Literal["none", "uneven", "perhaps uneven", "lopsided", "correlated"]


class NoiseUnderTest(NamedTuple):
    """The frames tested for structure, without row and column offsets where these matter."""

    frames: Frames  # The offsets removed or not
    lags: LagEstimate
    tiles: TileStatistics
    unevenness: FloatArray  # shape (bands,); see `TileStatistics.unevenness`.
    error: FloatArray
    lines: tuple[LineCovariance, LineCovariance] | None = None
    """The row and column offsets that were removed; None if none were."""


def noise_under_test(
    plain: NoiseUnderTest,
    lines: tuple[LineCovariance, LineCovariance],
    patches: NoisePatches,
    source: NoiseSource,
    parameters: Parameters,
    reader: PatchReader,
) -> NoiseUnderTest:
    """Return the frames to test, without row and column offsets (``lines``) where these matter."""
    frames, ratio, error = plain.frames, plain.unevenness, plain.error
    share = max(line.value for line in lines) / max(plain.lags.variance, 1e-300)
    if share >= _STRONG_LINES or (share > 0 and uneven(ratio, error, SUSPICION)):
        # They are alike along a line and unlike from line to line, as structure is.
        rows, columns = (line.value > 0 for line in lines)
        level = LevelFrames(frames, rows, columns, source.region, source.task)
        calm = pool_patches(level, patches, source, parameters.max_lag, reader)
        even, its_error = calm.tiles.unevenness(strict=source.base == "difference")
        if not uneven(even, its_error):
            return NoiseUnderTest(level, calm.pool.estimate(), calm.tiles, even, its_error, lines)
    if isinstance(frames, DifferenceFrames) and uneven(ratio, error):
        # Noise that is stronger where it is brighter is as unlike as structure.
        steady = EvenFrames(frames, source.raw, source.task)
        calm = pool_patches(steady, patches, source, parameters.max_lag, reader)
        places = tile_places(patches.plan, patches.used, calm.tiles.side)
        precision = steady.precision(places, calm.tiles.side)
        even, its_error = calm.tiles.unevenness_of_even(precision, places[:, 0])
        if not uneven(even, its_error, SUSPICION):
            return NoiseUnderTest(frames, plain.lags, calm.tiles, even, its_error)
        # Events that few electrons or photons make are as unlike, and so are blocks of a codec.
        even, its_error = plain.tiles.unevenness_of_finest()
        if not uneven(even, its_error, SUSPICION):
            return NoiseUnderTest(frames, plain.lags, plain.tiles, even, its_error)
    return plain


class Separated(NamedTuple):
    """The noise, separated from structure."""

    lags: LagEstimate  # The correlation of the noise
    source: Used  # What it was measured in: the base, "flat" or "spectrum"
    fit: SpectralFit | None = None  # The fit beyond the optical cut-off, if there was one
    flat: FlatTiles | None = None  # The flat tiles, if they were sought
    flat_excess: float = 1.0  # Energy of the flat tiles over what the fit predicts
    trusted: bool = True  # False where noise and structure could not be separated
    suspected: bool = False  # Whether structure is too faint to be sure of
    others: tuple[LagEstimate, ...] = ()  # What else the noise may be
    changing: bool = False  # Whether the sample changes from frame to frame


def separate(
    judged: NoiseUnderTest,
    lags: LagEstimate,
    log_variance: FloatArray,
    patches: NoisePatches,
    source: NoiseSource,
    parameters: Parameters,
) -> Separated:
    """Separate the noise from structure.

    ``lags``: The correlation with all line offsets: the noise's where there is no structure.
    ``log_variance``: shape (patches,); of each patch.
    """
    automatic = source.wanted == "automatic"
    sign = sign_of_structure(judged, patches, source.base, parameters) if automatic else "none"
    alike = not uneven(judged.unevenness, judged.error, SUSPICION)
    if sign == "lopsided" and alike and source.raw.n_frames >= SEVERAL:
        # Structure that is alike all over each of several unlike frames is rare; noise is skewed,
        # too, where photons are few.
        return Separated(lags, source.base, suspected=True)
    if sign == "none" and source.wanted not in ("flat", "spectrum"):
        # Differences that were asked for are not given up for others, but of unlike fields they
        # are no noise.
        unlike = source.wanted == "difference" and uneven(judged.unevenness, judged.error)
        return Separated(lags, source.base, suspected=unlike)
    if automatic and source.base == "difference" and no_sample(judged.lags, parameters):
        # Uneven, for noise of few photons is far stronger where it is brighter.
        return Separated(lags, source.base)
    fit, beyond = fit_beyond(judged.frames, patches, log_variance, source)
    suspected = automatic and sign not in ("uneven", "lopsided")
    if automatic and not _borne_out(sign, judged.lags, fit, parameters):
        fit_of = None if sign == "correlated" else fit
        doubt = suspected and source.raw.n_frames == 1 and fit.excess > _UNEXPLAINED
        # A texture that fills one frame looks like nothing but noise.
        return Separated(lags, source.base, fit_of, trusted=not doubt, suspected=doubt)
    tiles = judged.tiles
    flat = find_flat_tiles(tiles, tile_places(patches.plan, patches.used, tiles.side))
    if source.wanted == "flat" and int(flat.chosen.sum()) < 2:
        raise InputError(
            f"{source.raw.name} has no flat part that holds noise; choose another source of noise."
        )
    flat_excess = flat.energy / max(block_energy(fit.covariance, tiles.side), 1e-30)
    choice, trusted = choose(source, fit, flat, flat_excess, tiles, lags, parameters)
    quiet = None
    if choice == "flat" or int(flat.chosen.sum()) >= SOME_FLAT_TILES:
        quiet = pool_flat(judged.frames, patches, flat, tiles.side, source.task)
        doubtful = not trusted or (choice == "spectrum" and fit.misfit > MISFIT)
        if automatic and doubtful and one_way(quiet, parameters):
            choice, trusted = "flat", True
    others = [lags] if source.base != "frames" else []
    if choice == "line":
        lags = along_the_line(lags)
        return Separated(lags, source.base, fit, flat, flat_excess, trusted, others=tuple(others))
    used: Used = "spectrum"
    if choice == "flat" and quiet is not None:
        used = "flat"
        beyond, quiet = quiet, beyond
        trusted = trusted or agree(beyond, fit, parameters)
    others += [] if quiet is None else [quiet]
    beyond = as_everywhere(beyond, judged.frames, patches, source.task)
    if judged.lines is not None:
        beyond = with_lines(beyond, *judged.lines)
        others = [one if one is lags else with_lines(one, *judged.lines) for one in others]
    return Separated(beyond, used, fit, flat, flat_excess, trusted, suspected, tuple(others))


def sign_of_structure(
    judged: NoiseUnderTest, patches: NoisePatches, base: Used, parameters: Parameters
) -> Sign:
    """Return the sign of structure, if there is one.

    In differences the structure is gone but for what moves, which shows beyond doubt. In frames a
    suspicion is followed, as noise arouses once in twenty times, if loud tiles lie together; and a
    texture that is alike everywhere, which shows only as what a line of noise does not explain, or
    by being lopsided.
    """
    if uneven(judged.unevenness, judged.error):
        return "uneven"
    if base != "frames":
        return "none"
    if uneven(judged.unevenness, judged.error, SUSPICION):
        places = tile_places(patches.plan, patches.used, judged.tiles.side)
        if together(judged.tiles, places) > _TOGETHER:
            return "perhaps uneven"
    if is_line(judged.lags) or not correlated(judged.lags, parameters):
        return "none"
    return "lopsided" if skewed(judged.tiles) else "correlated"


def _borne_out(sign: Sign, lags: LagEstimate, fit: SpectralFit, parameters: Parameters) -> bool:
    """Whether the fit beyond the optical cut-off confirms structure."""
    if sign in ("uneven", "lopsided"):
        return True
    # Where the fit explains the power within the cut-off, there is no structure.
    if fit.excess <= _UNEXPLAINED:
        return False
    if sign == "correlated":
        # Structure, however faint, adds no line.
        return lines_beyond(fit, parameters)
    # Nor where all correlation is on one line, as that of structure never is.
    return not is_line(lags)


def choose(
    source: NoiseSource,
    fit: SpectralFit,
    flat: FlatTiles,
    flat_excess: float,
    tiles: TileStatistics,
    plain: LagEstimate,
    parameters: Parameters,
) -> tuple[str, bool]:
    """Decide between the spectrum and the flat tiles, and whether to trust the answer.

    A line, or lone lags, found beyond the optical cut-off is noise and known at all frequencies.
    Where nothing is found there, the flat tiles show whether the noise is white (they are as
    quiet as it predicts) or smooth (they are far louder, yet alike); if they are not alike,
    noise and structure cannot be separated.
    """
    alike = flat_parts_alike(flat, tiles)
    slowly = _SLOWLY if source.base == "frames" else _SURELY
    white = spectrum_kind(fit, parameters) == "none" and flat_excess < slowly
    if source.base != "frames" and fit.excess > _UNEXPLAINED:
        # Next to nothing of the scene is left: what the fit misses may be smooth noise.
        white = white and flat.steps > 0
    if white:
        # Noise that the band of the structure hides shows in some band of the flat parts.
        excess = tiles.band_excess(flat.chosen, fit.covariance)
        white = float(excess[1:].max()) < AS_QUIET
    known = white or lines_beyond(fit, parameters)
    if source.wanted == "spectrum":
        return "spectrum", known
    if source.wanted == "flat":
        return "flat", alike
    if source.base != "frames" and is_line(plain):
        # The structure is gone but for what moved, and no structure is one line.
        return "line", True
    if known:
        return "spectrum", not white or flat_excess < _SURELY
    if alike:
        return "flat", True
    if int(flat.chosen.sum()) >= SOME_FLAT_TILES:
        return "flat", False
    return "spectrum", False

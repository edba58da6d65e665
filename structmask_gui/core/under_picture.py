"""The noise under a picture: from the optics' dark band, or from where the picture is flat.

Decides between the two, and whether either can be trusted.
"""

from __future__ import annotations

from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.correlation.autocorrelation import LagKernel, patches_per_chunk
from structmask_gui.core.correlation.detrend import Surface
from structmask_gui.core.correlation.lags import LagEstimate, LagPool
from structmask_gui.core.enough import grid_places
from structmask_gui.core.flatness import FlatTiles, TileStatistics
from structmask_gui.core.parameters.model import Parameters, Source
from structmask_gui.core.progress import IsCancelled, stop_if
from structmask_gui.core.significance import select_lags
from structmask_gui.core.spectrum import SpectralFit, SpectrumSum, fit_spectrum
from structmask_gui.core.stack import screening
from structmask_gui.core.stack.derived import Used
from structmask_gui.core.stack.frames import Frames, Region
from structmask_gui.core.stack.patches import Chunk, Plan, read_patches
from structmask_gui.core.threads import in_threads

# Flat tiles that are worth a look, and from which they are relied on, being found in so many steps
# and neither uneven nor skewed. 80 of 32 x 32 are as many pixels as 20 patches of 64 x 64 have.
_SOME_FLAT_TILES, _ENOUGH_FLAT_TILES, _STEPS = 12, 80, 4
# How far two looks that share nothing must agree on the lags (F1), to be relied on.
_AGREEMENT = 0.6
# Variance over what the fit foretells, from which a texture of half the noise's strength is there.
_MORE_VARIANCE = 1.25
# Standard errors from which flat parts that are to be relied on are not alike.
_STRICT = 1.0
_ENOUGH_QUIET_TILES = 20
# So many windowed tiles that overlap by half say as much as one that stands alone.
_OVERLAP = 1.8
# From the quietest to the loudest tenth of the patches, in variance.
_MUCH = 4.0
# Share of the squared correlation on one line that no picture has.
_LINE = 0.85
# Surplus of the spread of the tiles' power, in a band, that a picture makes; the standard errors
# from which it is suspected, and sure.
_SURPLUS, SUSPICION, CERTAINTY = 0.15, 2.5, 4.5
# Frequency within which the fit must have foretold the spectrum; and the energy of flat tiles, over
# what it foretells, up to which they are as quiet.
_INWARD, _AS_QUIET = 0.4, 1.8
# The same for the slowest changes, which the flattest parts of a picture still have.
_SLOWLY = 3.0
# Share of a fit's squared correlation on the lags that would be kept, from which these are all.
_EXPLAINED = 0.75
# Skewness of smooth parts that noise does not have, and the standard errors that make it sure.
_SKEW, _SURELY_SKEW = 0.1, 6.0


def fit_beyond(
    derived: Frames,
    plan: Plan,
    used: BoolArray,
    reach: int,
    log_variance: FloatArray,
    region: Region | None,
    cancelled: IsCancelled,
) -> tuple[SpectralFit, LagEstimate]:
    """Fit the spectrum beyond the optics' band, on tiles that overlap by half."""
    side = min(64, plan.patch_shape[0])
    side = max(side, min(2 * reach + 8, plan.patch_shape[0])) // 2 * 2
    total = SpectrumSum(side)
    step = side // 2
    box = region or Region(0, derived.frame_shape[0], 0, derived.frame_shape[1])
    rows = np.arange(box.y0, box.y1 - side + 1, step)
    columns = np.arange(box.x0, box.x1 - side + 1, step)
    frames = np.unique(plan.places[used, 0])
    places = grid_places(frames, rows, columns, side)
    keep = ~_touches(places, side, plan.places[~used], plan.patch_shape[0])
    places = places[keep] if keep.any() else plan.places[used]
    surface = Surface((side, side), 0)
    quiet = SpectrumSum(side)
    # Bright parts have more noise of their own and more fine detail: where tiles differ much,
    # the quieter half speaks.
    low, typical, high = np.nanquantile(log_variance, [0.1, 0.5, 0.9])

    def spectra_of(chunk: Chunk) -> tuple[FloatArray, int, FloatArray, int]:
        stop_if(cancelled)
        patches, _ = screening.repair_hot_pixels(surface.remove_from(chunk.patches))
        power = np.einsum("nyx,nyx->n", patches, patches) / side**2
        calm = patches[power <= np.exp(typical)]
        return total.power_of(patches), len(patches), quiet.power_of(calm), len(calm)

    chunks = read_patches(derived, Plan((side, side), places), 64, cancelled)
    with closing(in_threads(spectra_of, chunks)) as parts:
        for of_all, n, of_quiet, n_quiet in parts:
            stop_if(cancelled)
            total.append(of_all, n)
            quiet.append(of_quiet, n_quiet)
    if high - low > np.log(_MUCH) and quiet.count >= _ENOUGH_QUIET_TILES:
        total = quiet
    fit = fit_spectrum(total, reach, _OVERLAP, cancelled)
    got = fit.covariance.shape[0] // 2
    rho, error = fit.correlation, fit.standard_error
    lags = LagEstimate(
        rho=rho,
        standard_error=error,
        degrees=np.full(rho.shape, 100.0),
        variance=float(fit.covariance[got, got]),
        n_patches=total.count,
        n_clusters=total.count,
    )
    return fit, lags


def choose(
    wanted: Source,
    base: Used,
    fit: SpectralFit,
    flat: FlatTiles,
    flat_excess: float,
    tiles: TileStatistics,
    plain: LagEstimate,
    parameters: Parameters,
) -> tuple[str, bool]:
    """Decide between the spectrum and the flat tiles, and whether to trust the answer.

    A line, or lone lags, found beyond the optics' band is noise and known at all frequencies.
    Where nothing is found there, the flat tiles say whether the noise is white (they are as
    quiet as it foretells) or smooth (they are far louder, yet alike); if they are not alike,
    the noise and the picture cannot be told apart.
    """
    alike = flat_parts_alike(flat, tiles)
    white = spectrum_kind(fit, parameters) == "none" and flat_excess < _SLOWLY
    if white:
        # Noise that the picture's band hides shows in some band of the flat parts.
        excess = tiles.band_excess(flat.chosen, fit.covariance)
        white = float(excess[1:].max()) < _AS_QUIET
    known = white or lines_beyond(fit, parameters)
    if wanted == "spectrum":
        return "spectrum", known
    if wanted == "flat":
        return "flat", alike
    if base != "frames" and is_line(plain):
        # The picture is gone but for what moved, and no picture is one line.
        return "all", True
    if known:
        return "spectrum", True
    if alike:
        return "flat", True
    if int(flat.chosen.sum()) >= _SOME_FLAT_TILES:
        return "flat", False
    return "spectrum", False


def flat_parts_alike(flat: FlatTiles, tiles: TileStatistics) -> bool:
    """Whether the flat tiles are enough, and no more unlike or lopsided than noise is."""
    if int(flat.chosen.sum()) < _ENOUGH_FLAT_TILES or flat.steps < _STEPS:
        return False
    ratio, error = tiles.unevenness(flat.chosen)
    return not uneven(ratio, error, _STRICT) and not skewed(tiles, flat.chosen)


def skewed(tiles: TileStatistics, inside: BoolArray | None = None) -> bool:
    """Whether tiles are lopsided in their brightness, as a texture is and noise is not."""
    value, error = tiles.skewness(inside)
    return abs(value) > max(_SKEW, _SURELY_SKEW * error)


def lines_beyond(fit: SpectralFit, parameters: Parameters) -> bool:
    """Whether there is one line, or lone lags, beyond the optics' band."""
    # Where the fit foretells nothing beyond the corners it started in, it is no line.
    return spectrum_kind(fit, parameters) == "lines" and fit.cutoff < _INWARD


def texture_beside(lags: LagEstimate, fit: SpectralFit) -> bool:
    """Whether a fit beyond the optics' band leaves so much variance that it must be a picture's.

    A little is left where the fit missed faint lags.
    """
    middle = len(fit.covariance) // 2
    return lags.variance > _MORE_VARIANCE * float(fit.covariance[middle, middle])


def correlated(lags: LagEstimate, parameters: Parameters) -> bool:
    """Whether any lag but the centre would be kept."""
    return int(select_lags(lags, parameters).kept.sum()) > 1


def agree(lags: LagEstimate, fit: SpectralFit, parameters: Parameters) -> bool:
    """Whether flat parts and the spectrum beyond the optics' band show the same correlation.

    Each is wrong in its own way: in flat parts a texture adds smooth correlation, while the fit
    beyond the band drops lags.
    """
    if spectrum_kind(fit, parameters) != "other":
        return False
    kept = select_lags(lags, parameters).kept
    reach, far = kept.shape[0] // 2, fit.correlation.shape[0] // 2
    reach = min(reach, far)
    inside = slice(kept.shape[0] // 2 - reach, kept.shape[0] // 2 + reach + 1)
    found = np.abs(fit.correlation) >= parameters.rho_min
    found = found[far - reach : far + reach + 1, far - reach : far + reach + 1]
    # All but the centre, which both have.
    one, other = int(kept.sum()) - 1, int(found.sum()) - 1
    both = int((kept[inside, inside] & found).sum()) - 1
    return one + other > 0 and 2 * both >= _AGREEMENT * (one + other)


def pool_flat(
    derived: Frames,
    plan: Plan,
    used: BoolArray,
    flat: FlatTiles,
    side: int,
    reach: int,
    cancelled: IsCancelled,
) -> LagEstimate:
    """Pool the flat tiles, a quadratic surface taken off each."""
    surface = Surface((side, side), 2)
    reach = min(reach, side // 2 - 1)
    kernel = LagKernel((side, side), (reach, reach))
    pool = LagPool(kernel, surface)
    per_patch = (plan.patch_shape[0] // side) * (plan.patch_shape[1] // side)
    wanted = Plan(plan.patch_shape, plan.places[used])
    chosen = flat.chosen.reshape(-1, per_patch)
    offsets = _offsets(plan.patch_shape, side)
    whole = Surface(plan.patch_shape, 0)

    def products_of(chunk: Chunk) -> tuple[FloatArray, NDArray[np.intp]] | None:
        stop_if(cancelled)
        inside = chosen[chunk.indices]
        if not inside.any():
            return None
        patches, _ = screening.repair_hot_pixels(whole.remove_from(chunk.patches))
        places = np.repeat(wanted.places[chunk.indices], per_patch, axis=0)
        places[:, 1:] += np.tile(offsets, (len(patches), 1))
        take = inside.ravel()
        values = surface.remove_from(cut_tiles(patches, side)[take])
        return pool.products(kernel.half_plane(values).astype(np.float64)), places[take]

    chunks = read_patches(derived, wanted, patches_per_chunk(kernel, len(wanted)), cancelled)
    with closing(in_threads(products_of, chunks)) as parts:
        for part in parts:
            stop_if(cancelled)
            if part is not None:
                pool.add_products(*part)
    return pool.estimate()


def without_flat_tile(plan: Plan, used: BoolArray, flat: FlatTiles, side: int) -> BoolArray:
    """Return which of the used patches have no flat tile."""
    per_patch = (plan.patch_shape[0] // side) * (plan.patch_shape[1] // side)
    any_flat = flat.chosen.reshape(-1, per_patch).any(axis=1)
    result = np.zeros(len(plan), dtype=bool)
    result[np.flatnonzero(used)[~any_flat]] = True
    return result


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
    ways = {(dy // int(np.gcd(dy, abs(dx))), dx // int(np.gcd(dy, abs(dx)))) for dy, dx in half}
    if len(ways) == 1:
        return "lines"
    far = [max(abs(dy), abs(dx)) >= 3 for dy, dx in half]
    return "lines" if all(far) and len(half) <= 4 else "other"


def is_line(lags: LagEstimate) -> bool:
    """Whether nearly all correlation is along the row, the column or a diagonal."""
    weight = lags.rho**2
    middle = lags.reach
    weight[middle, middle] = 0.0
    lines = (weight[middle], weight[:, middle], np.diag(weight), np.diag(weight[::-1]))
    return max(float(line.sum()) for line in lines) >= _LINE * float(weight.sum())


def uneven(ratio: FloatArray, error: FloatArray, errors: float = CERTAINTY) -> bool:
    """Return whether tiles differ as a picture's do.

    Parameters
    ----------
    ratio, error : ndarray, shape (bands,)
        From `TileStatistics.unevenness`.
    errors : float
        How many standard errors count: in one band well below the highest, or in all together.
    """
    low = slice(0, 5)
    surplus = ratio[low] - 1
    single = (surplus > _SURPLUS) & (surplus > errors * error[low])
    together = float((surplus / error[low]).sum() / np.sqrt(5))
    return bool(single.any() or (together > errors and surplus.mean() > 0.6 * _SURPLUS))


def cut_tiles(patches: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Cut patches into tiles, patch by patch and row by row; what is over is dropped."""
    count, height, width = patches.shape
    rows, columns = height // side, width // side
    cut = patches[:, : rows * side, : columns * side]
    tiles = cut.reshape(count, rows, side, columns, side).swapaxes(2, 3)
    return np.ascontiguousarray(tiles.reshape(-1, side, side))


def tile_places(plan: Plan, used: BoolArray, side: int) -> NDArray[np.intp]:
    """Return frame, y and x of the tiles of all used patches, in the order of `cut_tiles`."""
    offsets = _offsets(plan.patch_shape, side)
    places = np.repeat(plan.places[used], len(offsets), axis=0)
    places[:, 1:] += np.tile(offsets, (int(used.sum()), 1))
    return places


def _offsets(shape: tuple[int, int], side: int) -> NDArray[np.intp]:
    rows, columns = shape[0] // side, shape[1] // side
    y, x = np.divmod(np.arange(rows * columns), columns)
    return np.stack([y * side, x * side], axis=1)


def _touches(places: NDArray[np.intp], side: int, bad: NDArray[np.intp], size: int) -> BoolArray:
    """Mark squares of ``side`` that overlap a bad square of ``size`` in the same frame.

    The places are in order of their frames, and so are the bad ones.
    """
    result = np.zeros(len(places), dtype=bool)
    for frame in np.unique(bad[:, 0]).tolist():
        here, there = (slice(*np.searchsorted(p[:, 0], [frame, frame + 1])) for p in (places, bad))
        down, across = (places[here, axis, None] - bad[None, there, axis] for axis in (1, 2))
        near = (down < size) & (down > -side) & (across < size) & (across > -side)
        result[here] = near.any(axis=1)
    return result

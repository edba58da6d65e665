"""Measure the noise of a stack: choose its source, pool its lag products, gather the evidence.

The long part of the statistical method; what follows (`significance.select_lags`,
`verdict.judge`) takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np

from structmask_gui.core import hazards
from structmask_gui.core.autocorrelation import FloatArray, LagKernel, patches_per_chunk
from structmask_gui.core.enough import most_patches
from structmask_gui.core.errors import InputError
from structmask_gui.core.estimate import BrightnessBin, CorrelationEstimate, Evidence, describe
from structmask_gui.core.flatness import FlatTiles, block_energy
from structmask_gui.core.frames import AnyArray, Frames
from structmask_gui.core.mask import BoolArray
from structmask_gui.core.parameters import Parameters, Source
from structmask_gui.core.pooling import Pooled, Pooling
from structmask_gui.core.progress import (
    IsCancelled,
    Progress,
    never_cancelled,
    no_progress,
    stop_if,
)
from structmask_gui.core.sampling import (
    CONSTANT,
    Chunk,
    Plan,
    Region,
    Sampling,
    plan_patches,
    read_patches,
)
from structmask_gui.core.scaling import ScaledFrames, exponent_for, in_grey_levels
from structmask_gui.core.significance import LagEstimate
from structmask_gui.core.sources import (
    DifferenceFrames,
    LevelFrames,
    SubtractedFrames,
    Used,
)
from structmask_gui.core.spectrum import SpectralFit
from structmask_gui.core.stillness import PairRelation, middle, relate_frames
from structmask_gui.core.surfaces import Surface
from structmask_gui.core.threads import in_threads
from structmask_gui.core.under_picture import (
    CERTAINTY,
    SUSPICION,
    agree,
    choose,
    correlated,
    fit_beyond,
    is_line,
    leave_out_uneven,
    lines_beyond,
    pool_flat,
    skewed,
    texture_beside,
    tile_places,
    uneven,
)
from structmask_gui.core.wholeframe import LINE_SHARE, FrameLook, LineCovariance, with_lines

# The correlation is pooled a little further than it is tested, so that what a tail beyond takes
# from each patch's mean is known.
_FURTHER = 6
_TILE = 32
_ENOUGH_PATCHES = 20
_KEPT_BYTES = 64 * 2**20
_FEW_PATCHES = 12
_BRIGHTNESS_BINS = 4
_MOST_FOR_IMAGE = 240
# Power within the optics' band, over what the fit beyond it foretells, that confirms a picture.
_UNEXPLAINED = 1.25
# Standard errors by which loud tiles lie together, from which a suspicion of a picture stands.
_TOGETHER = 1.0
# Share of the variance in offsets of whole lines, from which they blur everything else.
_STRONG_LINES = 0.05

__all__ = ["BrightnessBin", "CorrelationEstimate", "Evidence", "measure_correlation"]


def measure_correlation(
    frames: Frames,
    parameters: Parameters,
    *,
    region: Region | None = None,
    dark: Frames | None = None,
    subtract: Frames | None = None,
    progress: Progress = no_progress,
    cancelled: IsCancelled = never_cancelled,
) -> CorrelationEstimate:
    """Measure the correlation of the noise of a stack.

    Parameters
    ----------
    frames : Frames
        What is measured.
    parameters : Parameters
        ``source``, ``patch_size``, ``patches``, ``layout``, ``seed``, ``max_lag``. Patches smaller
        than the largest lag needs are enlarged; where fewer than 20 fit, they are made smaller.
    region : Region, optional
        The rectangle to stay within.
    dark : Frames, optional
        A dark or blank stack: measured instead with the sources "dark" and "automatic".
    subtract : Frames, optional
        A second stack that is taken off: with the sources "subtract" and "automatic".
    progress, cancelled : callable, optional
        See `structmask_gui.core.progress`.

    Returns
    -------
    CorrelationEstimate

    Raises
    ------
    InputError
        If the source needs what is not there (a second frame, a dark stack), or no patch is left.
    Cancelled
        Within 0.2 s of ``cancelled`` turning True.
    """
    measured = dark if dark is not None and parameters.source in ("dark", "automatic") else frames
    exponent = exponent_for(measured)
    if exponent:
        frames = ScaledFrames(frames, exponent)
        dark = None if dark is None else ScaledFrames(dark, exponent)
        subtract = None if subtract is None else ScaledFrames(subtract, exponent)
    work = _Measuring(frames, parameters, region, dark, subtract, progress, cancelled)
    estimate = work.run()
    return in_grey_levels(estimate, exponent) if exponent else estimate


class _Measuring:
    """One measurement; holds what its steps share."""

    def __init__(
        self,
        frames: Frames,
        parameters: Parameters,
        region: Region | None,
        dark: Frames | None,
        subtract: Frames | None,
        progress: Progress,
        cancelled: IsCancelled,
    ) -> None:
        self.asked, self.parameters, self.region = frames, parameters, region
        self.progress, self.cancelled = progress, cancelled
        self.source: Source = parameters.source
        self.warnings: list[str] = []
        self._share = ""
        self.raw = frames
        if self.source == "dark" or (self.source == "automatic" and dark is not None):
            if dark is None:
                raise InputError(
                    f"No dark stack was given for {frames.name}; give one, or choose another"
                    " source of noise."
                )
            self.raw, self.source = dark, "dark"
        if self.source == "subtract" or (self.source == "automatic" and subtract is not None):
            if subtract is None:
                raise InputError(
                    f"No stack to subtract was given for {frames.name}; give one, or choose"
                    " another source of noise."
                )
            self.raw, self.source = SubtractedFrames(frames, subtract), "subtract"
            self._warn_of_denoised(subtract)
        self._kept: tuple[Frames, Plan, AnyArray] | None = None
        self.relations: list[PairRelation] = []
        if self.raw.n_frames > 1:
            self.relations = relate_frames(self.raw, cancelled)
        if self.source == "difference" and self.raw.n_frames < 2:
            raise InputError(
                f"{self.raw.name} has one frame; differences need two or more of a still scene."
                " Choose another source of noise."
            )

    def _warn_of_denoised(self, second: Frames) -> None:
        if second.n_frames == 1:
            return
        first, other = middle(second, 0), middle(second, 1)
        if not np.array_equal(first, other):
            self.warnings.append(
                f"{second.name} differs from frame to frame, as the output of a denoiser does:"
                " structured noise that stayed in it is missed. Subtract the mean of still frames"
                " instead."
            )

    # --- the steps ----------------------------------------------------------------------------

    def run(self) -> CorrelationEstimate:
        source = self._derived_source()
        derived = self._derive(source)
        plan, reach = self._plan(derived, self.parameters.patch_size)
        reasons = self._screen(plan, derived)
        used = np.array([not reason for reason in reasons])
        if int(used.sum()) < _FEW_PATCHES and plan.patch_shape[0] > _TILE:
            # Smaller patches find room between what is clipped or covered.
            plan, reach = self._plan(derived, _TILE)
            reasons = self._screen(plan, derived)
            used = np.array([not reason for reason in reasons])
        self._refuse_if_none(used, plan, reasons)
        stop_if(self.cancelled)
        first = self._read(derived, plan, used, reach, self._bin_edges(used))
        used, reasons = self._without_constant(used, reasons, first)
        used, reasons, first = self._without_outliers(derived, plan, used, reasons, reach, first)
        look = FrameLook(derived, self.raw, self.relations, self.region, self.cancelled)
        frame = look.evidence(first.spectrum)
        stop_if(self.cancelled)
        wanted = self.source
        fit: SpectralFit | None = None
        flat: FlatTiles | None = None
        flat_excess, trusted = 1.0, True
        lags = first.pool.estimate()
        # What is judged: the noise, or what is left of it without the offsets of whole lines.
        own, rest, judged = lags, None, derived
        ratio, error = first.tiles.unevenness()
        lines = frame.lines(lags.variance, LINE_SHARE)
        tiles = first.tiles
        if self._worth_levelling(lines, lags, ratio, error):
            # They are alike along a line and unlike from line to line, as a picture is.
            rows, columns = (line.value > 0 for line in lines)
            level = LevelFrames(derived, rows, columns, self.region, self.cancelled)
            calm = self._read(level, plan, used, reach, self._bin_edges(used))
            even, its_error = calm.tiles.unevenness()
            if not uneven(even, its_error):
                own = rest = calm.pool.estimate()
                ratio, error, tiles, judged = even, its_error, calm.tiles, level
        actual: Used = source
        # In differences the picture is gone but for what moves, which shows beyond doubt.
        errors = SUSPICION if source == "frames" else CERTAINTY
        picture = wanted == "automatic" and uneven(ratio, error, errors)
        if picture and not uneven(ratio, error):
            # Only a suspicion, as noise arouses once in twenty times.
            picture = tiles.together(tile_places(plan, used, tiles.side)) > _TOGETHER
        # A texture that is alike everywhere shows only as what a line of noise does not explain,
        # or by being lopsided.
        hidden = wanted == "automatic" and source == "frames" and not picture
        hidden = hidden and not is_line(own) and correlated(own, self.parameters)
        texture = hidden and skewed(tiles)
        picture, hidden = picture or texture, hidden and not texture
        if wanted in ("flat", "spectrum") or picture or hidden:
            fit, spread = fit_beyond(
                judged, plan, used, reach, first.log_variance, self.region, self.cancelled
            )
        if hidden and fit is not None:
            picture = fit.excess > _UNEXPLAINED and lines_beyond(fit, self.parameters)
            picture = picture and texture_beside(own, fit)
            fit = fit if picture else None
        elif wanted == "automatic" and fit and not texture and not uneven(ratio, error):
            # A suspicion only. Where the fit beyond the optics' band explains what is within it,
            # there is no picture; nor where all correlation is on one line, as no picture's is.
            picture = fit.excess > _UNEXPLAINED and not is_line(own)
        if fit is not None and (picture or wanted != "automatic"):
            flat = tiles.flat_tiles(tile_places(plan, used, tiles.side))
            if wanted == "flat" and int(flat.chosen.sum()) < 2:
                raise InputError(
                    f"{self.raw.name} has no flat part that holds noise; choose another source of"
                    " noise."
                )
            energy = block_energy(fit.covariance, tiles.side)
            flat_excess = flat.energy / max(energy, 1e-30)
            choice, trusted = choose(
                wanted, source, fit, flat, flat_excess, tiles, lags, self.parameters
            )
            if choice == "spectrum":
                lags = spread
                actual = "spectrum"
            elif choice == "flat":
                lags = pool_flat(judged, plan, used, flat, tiles.side, reach, self.cancelled)
                actual = "flat"
                trusted = trusted or agree(lags, fit, self.parameters)
            if rest is not None and choice != "all":
                lags = with_lines(lags, *lines)
        evidence = Evidence(
            relations=tuple(self.relations),
            unevenness=ratio,
            unevenness_error=error,
            hot_share=first.hot / max(first.pixels, 1),
            blockiness=self._blockiness(),
            frame=frame,
            fit=fit,
            flat=flat,
            flat_excess=flat_excess,
            trusted=trusted,
            rest=rest,
        )
        if actual == "flat" and flat is not None:
            used, reasons = leave_out_uneven(plan, used, reasons, flat, tiles.side)
        return CorrelationEstimate(
            name=self.asked.name,
            parameters=self.parameters,
            region=self.region,
            lags=lags,
            sampling=Sampling(
                plan.patch_shape, self._raw_places(plan, derived), used, tuple(reasons)
            ),
            source=actual,
            base=source,
            note=describe(actual, source) + self._share,
            evidence=evidence,
            brightness=self._brightness(first) if actual == source else (),
            image_covariance=self._image(plan, used, derived, first),
            warnings=tuple(self.warnings),
        )

    def _worth_levelling(
        self,
        lines: tuple[LineCovariance, LineCovariance],
        lags: LagEstimate,
        ratio: FloatArray,
        error: FloatArray,
    ) -> bool:
        """Whether offsets of whole lines are strong, or what is uneven might be they."""
        share = max(line.value for line in lines) / max(lags.variance, 1e-300)
        return share >= _STRONG_LINES or (share > 0 and uneven(ratio, error, SUSPICION))

    def _derived_source(self) -> Used:
        """Return which frames of noise are made; whether flat parts are sought comes later."""
        if self.source in ("dark", "subtract", "difference", "frames"):
            return self.source
        if self.source == "automatic" and self.relations:
            # Neighbouring frames that share a picture, or a fixed pattern: differences are rid of
            # it. Frames that share nothing lose nothing by being looked at one by one.
            still = [relation.still for relation in self.relations]
            if np.mean(still) >= 0.5:
                return "difference"
        return "frames"

    def _derive(self, source: Used) -> Frames:
        if source == "difference":
            return DifferenceFrames(self.raw, self.relations, self.cancelled)
        return self.raw

    def _plan(self, derived: Frames, patch_size: int) -> tuple[Plan, int]:
        """Lay out patches large enough for the largest lag, and at least 20 where that can be."""
        asked = self.parameters
        height, width = derived.frame_shape
        if self.region is not None:
            height, width = self.region.y1 - self.region.y0, self.region.x1 - self.region.x0
        smallest = min(height, width)
        needed = 2 * asked.max_lag + 12
        side = min(max(patch_size, min(needed, _TILE if patch_size <= _TILE else needed)), smallest)
        layout = "grid" if asked.layout == "whole" else asked.layout
        for smaller in (side, 48, 32):
            if smaller > side:
                continue
            fit = (height // smaller) * (width // smaller) * derived.n_frames
            if smaller >= min(needed, side):
                side = smaller
            if fit >= _ENOUGH_PATCHES:
                break
        reach = min(asked.max_lag + _FURTHER, side // 2 - 1)
        changed = asked.changed(
            patch_size=max(side, 16), layout=layout, center_size=3, crop_autocorr=True
        )
        taken, there = most_patches(side), derived.n_frames * (height // side) * (width // side)
        self._share = ""
        if changed.patches == 0 and there > taken:
            changed = changed.changed(patches=taken)
            self._share = f" Of {there} patches, {taken} were taken by chance, which is enough."
        plan = plan_patches(derived, changed, self.region)
        # Wide, for places are counted with here; there are not so many.
        return Plan(plan.patch_shape, plan.places.astype(np.intp)), max(reach, 1)

    def _members(self, derived: Frames, frame: int) -> tuple[int, ...]:
        if isinstance(derived, DifferenceFrames):
            return derived.groups[frame].members
        return (frame,)

    def _raw_places(self, plan: Plan, derived: Frames) -> AnyArray:
        places = plan.places.copy()
        first = np.array(
            [self._members(derived, frame)[0] for frame in range(derived.n_frames)], dtype=np.intp
        )
        places[:, 0] = first[plan.places[:, 0]]
        return places

    def _screen(self, plan: Plan, derived: Frames) -> list[str]:
        """Look at the pixels as stored; a difference is as bad as the worse of its frames."""
        wanted: dict[tuple[int, int, int], list[int]] = {}
        for index, (frame, y, x) in enumerate(plan.places.tolist()):
            for member in self._members(derived, frame):
                wanted.setdefault((member, y, x), []).append(index)
        places = np.array(sorted(wanted), dtype=np.intp).reshape(-1, 3)
        same = len(places) == len(plan) and np.array_equal(places, plan.places)
        stored = plan if same else Plan(plan.patch_shape, places)
        screening = hazards.Screening()
        # A quarter each, so that two cores share the work of even a small stack.
        per_chunk = max(1, min(128, 2**22 // (plan.patch_shape[0] * plan.patch_shape[1])))
        per_chunk = min(per_chunk, max(16, -(-len(stored) // 4)))
        chunks = self._patches(self._stored, stored, per_chunk)
        done = 0
        with closing(in_threads(lambda chunk: hazards.look(chunk.patches), chunks)) as looks:
            for look in looks:
                stop_if(self.cancelled)
                screening.append(look)
                done += len(look.low)
                self.progress(done, 2 * len(stored), "Looking for clipping and text")
        found = screening.reasons()
        reasons = [""] * len(plan)
        brightness = np.zeros(len(plan))
        for place, reason, mean in zip(places.tolist(), found, screening.mean, strict=True):
            frame, y, x = place
            for index in wanted[frame, y, x]:
                reasons[index] = reasons[index] or reason
                brightness[index] = mean
        self._patch_brightness = brightness
        return reasons

    @property
    def _stored(self) -> Frames:
        return self.asked if self.source == "subtract" else self.raw

    def _patches(self, frames: Frames, plan: Plan, per_chunk: int) -> Iterator[Chunk]:
        """Read patches; those of a small stack are kept, for they are read more than once."""
        size = len(plan) * plan.patch_shape[0] * plan.patch_shape[1] * frames.dtype.itemsize
        if size > _KEPT_BYTES:
            yield from read_patches(frames, plan, per_chunk, self.cancelled)
            return
        if self._kept is None or self._kept[0] is not frames or self._kept[1] is not plan:
            parts = []
            for chunk in read_patches(frames, plan, per_chunk, self.cancelled):
                stop_if(self.cancelled)
                parts.append(chunk.patches)
            self._kept = (frames, plan, np.concatenate(parts))
        values = self._kept[2]
        for start in range(0, len(plan), per_chunk):
            stop = min(start + per_chunk, len(plan))
            yield Chunk(slice(start, stop), values[start:stop])

    def _refuse_if_none(self, used: BoolArray, plan: Plan, reasons: list[str]) -> None:
        if int(used.sum()) >= 2:
            return
        counts = Sampling(plan.patch_shape, plan.places, used, tuple(reasons)).left_out
        listed = ", ".join(f"{n} {reason}" for reason, n in counts.items()) or "only one fits"
        raise InputError(
            f"{self.raw.name}: fewer than two patches can be measured ({listed}); choose another"
            " channel, rectangle or file, or smaller patches."
        )

    def _bin_edges(self, used: BoolArray) -> FloatArray:
        """Edges of the brightness bins, or none where brightness says nothing."""
        if int(used.sum()) < 12 * _BRIGHTNESS_BINS:
            return np.zeros(0)
        shares = np.linspace(0, 1, _BRIGHTNESS_BINS + 1)[1:-1]
        return np.quantile(self._patch_brightness[used], shares)

    def _read(
        self, derived: Frames, plan: Plan, used: BoolArray, reach: int, edges: FloatArray
    ) -> Pooled:
        """Read all patches once; see `pooling`."""
        side = min(_TILE, plan.patch_shape[0] // 4 * 4)
        bin_of = np.searchsorted(edges, self._patch_brightness) if len(edges) else None
        kernel = LagKernel(plan.patch_shape, (reach, reach))
        if derived is self._stored and self._worth_sharing(plan, reach):
            far = self._image_reach(plan)
            kernel = LagKernel(plan.patch_shape, (far, far))
        pooling = Pooling(plan, used, kernel, reach, side, bin_of)
        chunks = self._patches(derived, plan, patches_per_chunk(kernel, len(plan)))
        return pooling.run(chunks, derived is not self._stored, self.progress, self.cancelled)

    def _without_constant(
        self, used: BoolArray, reasons: list[str], first: Pooled
    ) -> tuple[BoolArray, list[str]]:
        """Leave out patches in which nothing is left of the noise, as in a repeated frame."""
        empty = used & np.isnan(first.log_variance)
        if not empty.any():
            return used, reasons
        used = used & ~empty
        reasons = [
            CONSTANT if nothing else reason
            for nothing, reason in zip(empty.tolist(), reasons, strict=True)
        ]
        if int(used.sum()) < 2 and self.source == "subtract":
            raise InputError(
                f"{self.asked.name} holds nothing beside what is subtracted from it; give another"
                " stack to subtract, or choose another source of noise."
            )
        if int(used.sum()) < 2:
            raise InputError(
                f"{self.raw.name} has frames that are equal to each other, so their differences"
                " hold no noise; give the frames as recorded, or choose another source of noise."
            )
        return used, reasons

    def _without_outliers(
        self,
        derived: Frames,
        plan: Plan,
        used: BoolArray,
        reasons: list[str],
        reach: int,
        first: Pooled,
    ) -> tuple[BoolArray, list[str], Pooled]:
        """Leave out patches whose variance is far off, and read again if there are any."""
        index = np.flatnonzero(used)
        far = index[hazards.outlying(first.log_variance[index])]
        if not len(far):
            return used, reasons, first
        used = used.copy()
        used[far] = False
        reasons = [
            hazards.OUTLYING if number in set(far.tolist()) else reason
            for number, reason in enumerate(reasons)
        ]
        again = self._read(derived, plan, used, reach, self._bin_edges(used))
        return used, reasons, again

    # --- evidence -----------------------------------------------------------------------------

    def _blockiness(self) -> float:
        count = min(self._stored.n_frames, 4)
        shown = np.stack([middle(self._stored, frame) for frame in range(count)])
        return hazards.blockiness(shown)

    def _brightness(self, first: Pooled) -> tuple[BrightnessBin, ...]:
        if not first.bins or any(pool.n_patches < 8 for pool in first.bins):
            return ()
        return tuple(
            BrightnessBin(mean, pool.estimate(first.pool))
            for mean, pool in zip(self._bin_means(first), first.bins, strict=True)
        )

    def _bin_means(self, first: Pooled) -> list[float]:
        seen = np.isfinite(first.log_variance)
        brightness = np.sort(self._patch_brightness[seen])
        return [float(part.mean()) for part in np.array_split(brightness, len(first.bins))]

    def _image_reach(self, plan: Plan) -> int:
        side = plan.patch_shape[0]
        return max(1, min(2 * self.parameters.max_lag, side - 4))

    def _worth_sharing(self, plan: Plan, reach: int) -> bool:
        """Whether a larger reach for all costs less than a second look at some."""
        side, far = plan.patch_shape[0], self._image_reach(plan)
        more = ((side + far) / (side + reach)) ** 2 - 1
        return far > reach and more * len(plan) < min(len(plan), _MOST_FOR_IMAGE)

    def _image(self, plan: Plan, used: BoolArray, derived: Frames, first: Pooled) -> FloatArray:
        """Autocovariance of the frames as stored."""
        far = self._image_reach(plan)
        count = first.pool.n_patches
        total = first.image
        if total is None:
            total, count = self._some_products(plan, used, derived, far)
        rows = plan.patch_shape[0] - np.arange(far + 1)
        columns = plan.patch_shape[1] - np.abs(np.arange(-far, far + 1))
        mean = total / (np.outer(rows, columns) * max(count, 1))
        return np.concatenate([mean[:0:-1, ::-1], mean], axis=0)

    def _some_products(
        self, plan: Plan, used: BoolArray, derived: Frames, far: int
    ) -> tuple[FloatArray, int]:
        """Return the lag products of some of the patches as stored, summed, and their number."""
        places = self._raw_places(plan, derived)[used]
        if len(places) > _MOST_FOR_IMAGE:
            index = np.linspace(0, len(places) - 1, _MOST_FOR_IMAGE).round().astype(int)
            places = places[index]
        places = places[np.lexsort((places[:, 2], places[:, 1], places[:, 0]))]
        surface = Surface(plan.patch_shape, 0)
        kernel = LagKernel(plan.patch_shape, (far, far))
        chosen = Plan(plan.patch_shape, places)

        def products(chunk: Chunk) -> FloatArray:
            stop_if(self.cancelled)
            patches, _ = hazards.repair_hot_pixels(surface.remove_from(chunk.patches))
            scale = float(np.abs(patches).max(initial=0.0)) or 1.0
            half = kernel.half_plane(np.asarray(patches / scale, dtype=np.float32))
            return np.asarray(half.sum(axis=0, dtype=np.float64) * scale**2)

        total = np.zeros(kernel.half_shape)
        chunks = read_patches(self._stored, chosen, patches_per_chunk(kernel, len(chosen)))
        with closing(in_threads(products, chunks)) as parts:
            for part in parts:
                stop_if(self.cancelled)
                total += part
        return total, len(chosen)

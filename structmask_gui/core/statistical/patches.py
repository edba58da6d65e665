"""The patches in which noise is measured: laid out, screened, and kept where they are few."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, BoolArray, FloatArray
from structmask_gui.core.errors import TooFewPatches
from structmask_gui.core.names import counted, size_text
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack import screening
from structmask_gui.core.stack.derived import members_of, stored_places
from structmask_gui.core.stack.frames import Frames, Region
from structmask_gui.core.stack.patches import (
    PatchReader,
    Plan,
    Sampling,
    checked_region,
    lay_out,
    patch_limit,
)
from structmask_gui.core.statistical.estimate import LARGEST_LAG
from structmask_gui.core.statistical.source import NoiseSource
from structmask_gui.core.threads import in_threads

TILE = 32
"""Side of the tiles that patches are cut into, and of the smallest patches."""

FURTHER = 6
"""Lags that are pooled beyond the largest one tested, which show whether the correlation goes on
there: its tail biases the mean of each patch."""
_ENOUGH_PATCHES = 20
_FEW_PATCHES = 12
_SMALLER_SIDES = (80, 64, 48)
_USUAL_SIZE = Parameters().patch_size
_BRIGHTNESS_BINS = 4
_CLIPPED = (
    " Nearly all of the image is clipped, at its darkest or brightest value, and was measured all"
    " the same: correlations are too weak. Record with a higher offset or less light."
)


@dataclass(frozen=True, eq=False)
class NoisePatches:
    """The patches in which the noise is measured."""

    plan: Plan  # All patches, on the frames of noise
    reach: int  # Largest lag that is pooled
    note: str  # A sentence that not all there are were taken; empty where they were
    used: BoolArray  # shape (patches,); which are measured
    reasons: tuple[str, ...]  # Why each was left out; empty where it is used
    brightness: FloatArray  # shape (patches,); mean of each as stored
    stored: AnyArray  # shape (patches, 3); frame, y and x of each on the frames as stored
    largest_lag: int = LARGEST_LAG  # How far lags could be measured in patches of these frames
    clipped: bool = False  # Whether clipped patches had to be used

    @property
    def n_used(self) -> int:
        """Number of patches that are measured."""
        return int(self.used.sum())

    def without(self, out: BoolArray, reason: str) -> NoisePatches:
        """Return the same with some patches left out for a reason."""
        reasons = (
            reason if leave else former
            for leave, former in zip(out.tolist(), self.reasons, strict=True)
        )
        return replace(self, used=self.used & ~out, reasons=tuple(reasons))

    @property
    def sampling(self) -> Sampling:
        """What became of the patches, placed on the frames as stored."""
        return Sampling(self.plan.patch_shape, self.stored, self.used, self.reasons)

    def brightness_bins(self) -> NDArray[np.intp] | None:
        """Return the range of brightness of each patch, or None where there are too few."""
        if self.n_used < 12 * _BRIGHTNESS_BINS:
            return None
        shares = np.linspace(0, 1, _BRIGHTNESS_BINS + 1)[1:-1]
        return np.searchsorted(np.quantile(self.brightness[self.used], shares), self.brightness)


def find_patches(source: NoiseSource, parameters: Parameters, reader: PatchReader) -> NoisePatches:
    """Lay out patches and leave out those that are clipped, covered by text and so on.

    Raises InputError if fewer than two can be measured.
    """

    def patches_of(side: int) -> NoisePatches:
        layout = _lay_out(source.frames, parameters, source.region, side)
        return _screened(source, layout, reader)

    shape = source.frames.frame_shape if source.region is None else source.region.shape
    patches = patches_of(_first_side(parameters, shape, source.frames.n_frames))
    if patches.n_used < _FEW_PATCHES and patches.plan.patch_shape[0] > TILE:
        # Smaller patches fit between clipped or covered parts.
        patches = patches_of(TILE)
    side = patches.plan.patch_shape[0]
    patches = _with_clipped(patches)
    patches = replace(
        patches,
        largest_lag=_largest_lag(shape, source.frames.n_frames),
        note=patches.note + _note_on_size(side, parameters, shape, source.frames.n_frames),
    )
    if patches.n_used < 2:
        counts = patches.sampling.left_out
        if not counts:
            raise TooFewPatches(
                f"{source.raw.name} is too small: only one patch of {side} x {side} pixels fits,"
                " and two are needed; give a larger image, or more frames."
            )
        raise TooFewPatches(screening.too_few_patches(source.raw.name, counts, patches.n_used))
    return patches


def _with_clipped(patches: NoisePatches) -> NoisePatches:
    """Use the clipped patches too where hardly any other is left."""
    clipped = np.array([reason == screening.CLIPPED for reason in patches.reasons])
    if patches.n_used >= _FEW_PATCHES or not clipped.any():
        return patches
    reasons = ("" if cut else why for cut, why in zip(clipped, patches.reasons, strict=True))
    return replace(
        patches,
        used=patches.used | clipped,
        reasons=tuple(reasons),
        clipped=True,
        note=patches.note + _CLIPPED,
    )


def _lags_in(side: int) -> int:
    """Return the largest lag that patches of a side hold."""
    return max(side // 2 - 1, 1)


def _largest_lag(shape: tuple[int, int], n_frames: int) -> int:
    """Return the largest lag that patches allow of which there are enough."""
    side = _side_for_far_lags(min(2 * LARGEST_LAG + 2, *shape), shape, n_frames)
    return min(LARGEST_LAG, _lags_in(side))


def _side_for_far_lags(largest: int, shape: tuple[int, int], n_frames: int) -> int:
    """Return the largest side of which there are enough patches, or at least not too few."""
    sides = [largest, *(side for side in _SMALLER_SIDES if side < largest)]
    for enough in (_ENOUGH_PATCHES, _FEW_PATCHES):
        # With fewer patches noise and structure are not separated: worse than fewer lags.
        for side in sides:
            if _fits(side, shape) * n_frames >= enough:
                return side
    return min(largest, TILE)


def _fits(side: int, shape: tuple[int, int]) -> int:
    return (shape[0] // side) * (shape[1] // side)


def _note_on_size(side: int, parameters: Parameters, shape: tuple[int, int], n_frames: int) -> str:
    """Return a sentence where patches, and so lags, are smaller than was asked for; else empty."""
    lags, asked = _lags_in(side), parameters.patch_size
    where = f"in {counted(n_frames, 'frame')} of noise of {size_text(shape)} pixels"
    if lags < parameters.max_lag:
        return (
            f" Only {lags} lags could be measured, in patches of {side} x {side} pixels: {where},"
            " too few larger ones can be used."
        )
    if side < asked and asked != _USUAL_SIZE:
        return (
            f" Patches of {side} x {side} pixels were taken, not of {asked}: {where}, too few of"
            " those can be used."
        )
    return ""


class _Layout(NamedTuple):
    """Where the patches lie, how far lags are pooled, and that not all patches were taken."""

    plan: Plan
    reach: int
    note: str


def _first_side(parameters: Parameters, shape: tuple[int, int], n_frames: int) -> int:
    """Return the side of patches large enough for the largest lag, and 20 where that can be."""
    needed = 2 * parameters.max_lag + 12
    side = min(max(parameters.patch_size, needed), *shape)
    if parameters.max_lag > _lags_in(TILE):
        return _side_for_far_lags(side, shape, n_frames)
    for smaller in (side, 48, TILE):
        if smaller > side:
            continue
        fit = _fits(smaller, shape) * n_frames
        if smaller >= min(needed, side):
            side = smaller
        if fit >= _ENOUGH_PATCHES:
            break
    return side


def _lay_out(frames: Frames, parameters: Parameters, region: Region | None, side: int) -> _Layout:
    """Lay out patches of a side."""
    taken, reach = patch_limit(side), min(parameters.max_lag + FURTHER, _lags_in(side))
    box = checked_region(frames, region)
    height, width = box.shape
    there = frames.n_frames * (height // side) * (width // side)
    count, note = parameters.patches, ""
    if count == 0 and there > taken:
        count = taken
        note = f" Of {there} patches, {taken} were taken by chance, which is enough."
    random = parameters.layout == "random"
    plan = lay_out(frames, box, (side, side), count=count, seed=parameters.seed, random=random)
    # As intp, for indices are computed from them; there are not so many.
    return _Layout(Plan(plan.patch_shape, plan.places.astype(np.intp)), max(reach, 1), note)


def _screened(
    source: NoiseSource,
    layout: _Layout,
    reader: PatchReader,
) -> NoisePatches:
    """Screen the pixels as stored; a difference is left out if either frame is."""
    plan = layout.plan
    on_stored = stored_places(plan, source.frames)
    wanted: dict[tuple[int, int, int], list[int]] = {}
    for index, (frame, y, x) in enumerate(plan.places.tolist()):
        for member in members_of(source.frames, frame):
            wanted.setdefault((member, y, x), []).append(index)
    places = np.array(sorted(wanted), dtype=np.intp).reshape(-1, 3)
    same = len(places) == len(plan) and np.array_equal(places, plan.places)
    stored = plan if same else Plan(plan.patch_shape, places)
    screened = screening.Screening()
    # A quarter each, so that two cores share the work of even a small stack.
    per_chunk = max(1, min(128, 2**22 // (plan.patch_shape[0] * plan.patch_shape[1])))
    per_chunk = min(per_chunk, max(16, -(-len(stored) // 4)))
    chunks = reader.read(source.stored, stored, per_chunk)
    done = 0
    stored_patches = (chunk.patches for chunk in chunks)
    with closing(in_threads(screening.screen, stored_patches)) as screenings:
        for part in screenings:
            source.task.stop_if_cancelled()
            screened.append(part)
            done += len(part.low)
            source.task.report(done, 2 * len(stored), "Looking for clipping and text")
    found = screened.reasons()
    reasons = [""] * len(plan)
    brightness = np.zeros(len(plan))
    for place, reason, mean in zip(places.tolist(), found, screened.mean, strict=True):
        frame, y, x = place
        for index in wanted[frame, y, x]:
            reasons[index] = reasons[index] or reason
            brightness[index] = mean
    used = np.array([not reason for reason in reasons])
    return NoisePatches(*layout, used, tuple(reasons), brightness, on_stored)

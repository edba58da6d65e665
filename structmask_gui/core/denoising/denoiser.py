"""Denoise a stack by predicting each pixel from its neighbours, without a convolutional network.

As in StructN2V, only neighbours that the mask leaves visible are used, so the noise that a pixel
shares with the hidden ones cannot be copied. The best linear prediction comes first. Small
perceptrons correct it from features of the surroundings, as far as they are better on pixels they
were not fitted to, and in the band of frequencies that holds structure. Last, the grain from pixel
to pixel is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.arrays import BoolArray, Float32Array, crop_or_pad
from structmask_gui.core.denoising.band import RADIUS, LowPass, kept_shares, places
from structmask_gui.core.denoising.features import REACH, Features
from structmask_gui.core.denoising.fine import MARGIN, Fine
from structmask_gui.core.denoising.folds import Block, Folds, pieces
from structmask_gui.core.denoising.linear import linear_weights
from structmask_gui.core.denoising.network import Standard, Trainer, predict
from structmask_gui.core.denoising.samples import Samples, draw_samples
from structmask_gui.core.denoising.surroundings import Surroundings, bands
from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.prediction import mask_array
from structmask_gui.core.stack.fill import put_back, without_fill
from structmask_gui.core.stack.frames import Frames, Recording, runs_of
from structmask_gui.core.stack.hot_pixels import find_hot_pixels, without_hot_pixels
from structmask_gui.core.stack.left_out import find_left_out
from structmask_gui.core.threads import in_threads, one_blas_thread

_CHECKED = 50_000
"""Pixels of each fold on which the other fold's models are tested."""
_NETWORKS = 4
"""Perceptrons of each fold; their mean is better than any one."""
_ROUND = 200
"""Steps of training between two checks."""
_ROUNDS = 14
_PATIENCE = 3
"""Checks without a better one after which training ends."""
_CLEARLY = 3.0
"""Standard errors by which a correction must agree with the residual of the linear prediction."""
_HELD = 2**24
"""Pixels of a frame that is held whole until its mean is known."""
_TILE = 256
"""Largest width of the pieces in which a frame is predicted."""


@dataclass(frozen=True)
class Stage:
    """Progress of a fit."""

    name: Literal["linear", "learning", "done"]
    done: int
    total: int
    gain: float
    """By how much the squared error against the noisy pixels is less than the linear prediction's,
    in squared grey levels; up to chance, the error against the structure is less by as much."""
    added: float
    """Factor, 0 to 1, on the perceptrons' correction."""


@dataclass(frozen=True)
class _Fold:
    """The samples of one fold, and the models that are fitted to them."""

    samples: Samples
    trainers: list[Trainer]


def check_visible(mask: BoolArray) -> None:
    """Refuse a mask that leaves no neighbour to predict from: all frames would be constant."""
    if crop_or_pad(mask, (2 * REACH + 1, 2 * REACH + 1)).all():
        raise InputError(
            f"The mask hides all neighbours within {REACH} pixels, and a pixel is predicted from"
            " these; give a smaller mask."
        )


class Denoiser:
    """Denoises a stack with a mask, in stages: any of them can be predicted with.

    Parameters
    ----------
    recording : Recording or Frames or array (frames, y, x)
        What is denoised, whole frames; not changed.
    mask : Mask or array_like, optional
        Hides the neighbours whose noise is correlated; None is the bare centre.
    shared_noise : bool
        Whether neighbouring frames share noise (interpolated planes, running means): the folds are
        then parts of frames.

    Raises
    ------
    InputError
        If there are too few pixels, they do not vary, or the mask hides all neighbours.
    """

    seed = 0

    def __init__(
        self,
        recording: Recording | Frames | NDArray[Any],
        mask: Mask | ArrayLike | None,
        *,
        shared_noise: bool = False,
    ) -> None:
        frames = Recording.of(recording).frames
        # A network would spread them over the pixels around.
        hot = find_hot_pixels(frames)
        self.n_hot = len(hot)
        self.frames = without_fill(without_hot_pixels(frames, hot), own=True)
        self.mask = mask_array(mask)
        check_visible(self.mask)
        self.folds = Folds(
            self.frames.n_frames,
            self.frames.frame_shape,
            self.mask,
            shared=shared_noise,
            runs=runs_of(self.frames),
            left_out=find_left_out(self.frames),
        )
        self._blocks = [self.folds.blocks(fold) for fold in (0, 1)]
        self._around = Surroundings(self.frames)
        self._features: Features | None = None
        self._standard: Standard | None = None
        self._best: list[list[Float32Array]] = []
        self._folds: list[_Fold] = []
        self._band: LowPass | None = None
        self._fine: Fine | None = None
        self._kept: Float32Array | None = None
        self._progress = (0.0, 0, 0)
        self.stage = Stage("linear", 0, _ROUNDS, 0.0, 0.0)

    # --- fitting ------------------------------------------------------------------------------

    def fit(self, task: Task = NO_TASK) -> None:
        """Go through all stages."""
        for stage in self.stages(task):
            task.report(stage.done, stage.total, "Learning")

    def stages(
        self, task: Task = NO_TASK, state: Mapping[str, NDArray[Any]] | None = None
    ) -> Iterator[Stage]:
        """Fit, and yield each stage once it can be predicted with: "linear", "learning", "done".

        Parameters
        ----------
        task : Task
            Cancelled within 0.2 s; the last stage can still be predicted with.
        state : mapping of str to array, optional
            From `state`: goes on from there, with the same result as without the pause.
        """
        self._fit_linear(task)
        if state is None:
            yield self.stage
        folds = self._prepared(task)
        best, since, first, self._band = 0.0, 0, 0, None
        if state is not None:
            best, since, first = self._restored(folds, state)
            yield self.stage
        for number in range(first, _ROUNDS):
            self._train(folds, task)
            gain, added = self._checked(folds, task)
            if gain > best * (1 + 1e-3):
                best, since = gain, 0
                self._best = [[t.averaged for t in fold.trainers] for fold in folds]
                self.stage = Stage("learning", number + 1, _ROUNDS, gain, added)
            else:
                since += 1
                kept = self.stage
                self.stage = Stage("learning", number + 1, _ROUNDS, kept.gain, kept.added)
            self._folds, self._progress = folds, (best, since, number + 1)
            if since >= _PATIENCE and number >= 4:
                break
            yield self.stage
        self._limit(task)
        self.stage = Stage("done", _ROUNDS, _ROUNDS, self.stage.gain, self.stage.added)
        yield self.stage

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what `stages` goes on from; plain arrays, after the first "learning" stage."""
        best, since, number = self._progress
        arrays: dict[str, NDArray[Any]] = {
            "progress": np.array([best, since, number, self.stage.gain, self.stage.added]),
            "trainers": np.array([[t.state for t in fold.trainers] for fold in self._folds]),
        }
        if self._best:
            arrays["best"] = np.array(self._best)
        return arrays

    def _restored(
        self, folds: list[_Fold], state: Mapping[str, NDArray[Any]]
    ) -> tuple[float, int, int]:
        best, since, number, gain, added = (float(v) for v in state["progress"])
        trainers = state["trainers"]
        expected = (2, _NETWORKS, *folds[0].trainers[0].state.shape)
        if trainers.shape != expected or not np.isfinite(trainers).all():
            raise InputError("The saved state is not of this stack and mask; start again.")
        for fold, states in zip(folds, trainers, strict=True):
            for trainer, each in zip(fold.trainers, states, strict=True):
                trainer.state = each.astype(np.float32)
                trainer.steps = int(number) * _ROUND
        if "best" in state:
            self._best = [list(each.astype(np.float32)) for each in state["best"]]
        self._folds, self._progress = folds, (best, int(since), int(number))
        self.stage = Stage("learning", int(number), _ROUNDS, gain, added)
        return self._progress

    def _fit_linear(self, task: Task) -> None:
        if self._features is None:
            kernel = linear_weights(self.frames, self.mask, self.folds.halves(), REACH, task)
            self._features = Features(self.mask, kernel)
        if self._fine is None:
            self._fine = Fine([self._known.linear(part) for _, part in self._looked_at(task)])

    def _looked_at(self, task: Task) -> list[tuple[Block, Float32Array]]:
        """Return the blocks in which band and grain are measured, with their pixels."""
        blocks = places(self.folds.shown, self.frames.frame_shape, self.seed)
        return [(block, self._around.block(block, task)) for block in blocks]

    def _prepared(self, task: Task) -> list[_Fold]:
        """Draw the samples of both folds."""
        samples = [
            draw_samples(
                self._blocks[fold],
                self._around,
                lambda padded: self._of(padded, task),
                (self.seed, fold),
                task,
            )
            for fold in (0, 1)
        ]
        self._standard = Standard.of(
            np.concatenate([one.x[::2] for one in samples]),
            np.concatenate([one.y for one in samples]),
        )
        folds = []
        for fold, one in enumerate(samples):
            self._standard.apply(one.x)
            one.y[:] /= np.float32(self._standard.scale)
            seeds = [1000 * self.seed + 100 * fold + i for i in range(_NETWORKS)]
            trainers = [Trainer(one.x, one.y, seed, self._known.single) for seed in seeds]
            folds.append(_Fold(one, trainers))
        return folds

    def _train(self, folds: list[_Fold], task: Task) -> None:
        trainers = [trainer for fold in folds for trainer in fold.trainers]
        for _ in in_threads(lambda trainer: trainer.train(_ROUND, task), trainers):
            task.stop_if_cancelled()

    def _checked(self, folds: list[_Fold], task: Task) -> tuple[float, float]:
        """Return what the models gain on the other fold's samples, and the factor to use.

        With r the residual of the linear prediction, their correction h is scaled by
        <r, h> / <h, h>, at most 1. It is dropped unless it agrees with r beyond chance: where the
        linear prediction is the best, a correction only fits noise.
        """
        jobs = [(model, folds[1 - model]) for model in (0, 1)]
        dots, squares = [], 0.0
        count = 0

        def work(job: tuple[Trainer, Float32Array]) -> Float32Array:
            return job[0].check(job[1])

        for model, other in jobs:
            seen = other.samples
            step = max(1, len(seen.y) // _CHECKED)
            x, y, unit = seen.x[::step], seen.y[::step], seen.unit[::step]
            answers = list(in_threads(work, [(t, x) for t in folds[model].trainers]))
            task.stop_if_cancelled()
            h: NDArray[np.float64] = np.mean(answers, axis=0, dtype=np.float64)
            dots.append(np.bincount(unit, h * y))
            squares += float(h @ h)
            count += len(y)
        units = np.concatenate(dots)
        dot, error = float(units.sum()), float(units.std() * np.sqrt(len(units)))
        if squares == 0 or dot <= _CLEARLY * error:
            return 0.0, 0.0
        added = min(1.0, dot / squares)
        scale = self._known_standard.scale
        return (2 * added * dot - added**2 * squares) / count * scale**2, added

    def _limit(self, task: Task) -> None:
        """Find the band of the perceptrons' correction, and the grain of what it gives."""
        if not self._best or self.stage.added == 0:
            return

        def answer(block: Block, padded: Float32Array) -> tuple[Float32Array, Float32Array]:
            first = block.y0 if self.folds.axis == 0 else block.x0
            return self._answer(padded, self.folds.shares(block.frame)[first:], task)

        blocks = self._looked_at(task)
        shares = kept_shares(blocks, answer, self.seed)
        if shares[0] <= 0:
            self.stage = replace(self.stage, added=0.0)
            return
        self._band = band = LowPass(shares)
        answers = in_threads(lambda item: answer(*item), blocks)
        self._fine = Fine([linear + band(added) for linear, added in answers])

    def over(self, frames: Frames) -> Denoiser:
        """Return this denoiser, as it is fitted, for other frames of the same shape and number."""
        other = copy(self)
        other.frames, other._around, other._kept = frames, Surroundings(frames), None
        return other

    def keep(self, answers: Float32Array) -> None:
        """Return these frames (frames, y, x) from now on instead of predicting them again.

        The samples are released, so `stages` cannot go on.
        """
        self._kept, self._folds = answers, []

    # --- predicting ---------------------------------------------------------------------------

    def predict(self, frame: int, task: Task = NO_TASK) -> Float32Array:
        """Return a frame denoised as far as the fit has come, float32 in the raw grey levels."""
        return np.concatenate([rows for _, rows in self.bands(frame, task)])

    def linear(self, frame: int, task: Task = NO_TASK) -> Float32Array:
        """Return a frame by the linear prediction alone."""
        return np.concatenate([rows for _, rows in self.bands(frame, task, linear=True)])

    def by_half(self, half: int, frame: int, task: Task = NO_TASK) -> Float32Array:
        """Return a frame denoised by the models of one fold alone, 0 or 1.

        Only for comparison with the other: pixels of that fold are predicted by models that were
        fitted to them.
        """
        return np.concatenate([rows for _, rows in self.bands(frame, task, half=half)])

    def bands(
        self,
        frame: int,
        task: Task = NO_TASK,
        *,
        linear: bool = False,
        half: int | None = None,
    ) -> Iterator[tuple[int, Float32Array]]:
        """Yield the first row and the rows of a denoised frame, band by band.

        The frame keeps its fill, and its mean, which perceptrons fitted to unlike frames may miss;
        of a frame too large to be held it is not known before the last band.
        """
        for y0, rows in self._with_mean(frame, task, linear=linear, half=half):
            put_back(self.frames, frame, rows, y0)
            yield y0, rows

    def _with_mean(
        self, frame: int, task: Task, *, linear: bool, half: int | None
    ) -> Iterator[tuple[int, Float32Array]]:
        if self._kept is not None and not linear and half is None:
            task.stop_if_cancelled()
            yield 0, np.array(self._kept[frame])
            return
        made = self._bands(frame, task, linear=linear, half=half)
        if self.frames.frame_shape[0] * self.frames.frame_shape[1] > _HELD:
            yield from ((y0, rows) for y0, rows, _ in made)
            return
        held = list(made)
        size = sum(rows.size for _, rows, _ in held)
        missed = np.float32(sum(lost for _, _, lost in held) / size)
        for y0, rows, _ in held:
            rows += missed
            yield y0, rows

    def _bands(
        self, frame: int, task: Task, *, linear: bool, half: int | None
    ) -> Iterator[tuple[int, Float32Array, float]]:
        """Yield the first row of each band, its rows, and by how much the raw sum is larger."""
        self._fit_linear(task)
        shares = self.folds.shares(frame)
        if half is not None:
            shares = np.full_like(shares, half)
        width = self.frames.frame_shape[1]
        mean = np.float32(self._around.mean(frame, task))
        plain = linear or not self._best or self.stage.added == 0
        band, fine = None if plain else self._band, None if linear else self._fine
        more = (0 if band is None else RADIUS) + (0 if fine is None else MARGIN)
        height = self.frames.frame_shape[0]
        columns = pieces(0, width, _TILE)
        for y0, y1 in bands(height):
            top, bottom = max(0, y0 - more), min(height, y1 + more)
            padded = self._around.read(frame, top, bottom, task)
            result = np.empty((bottom - top, width), np.float32)
            added = np.zeros_like(result)

            def work(
                piece: tuple[int, int], padded: Float32Array = padded, top: int = top
            ) -> tuple[Float32Array, Float32Array | float]:
                x0, x1 = piece
                part = padded[:, x0 : x1 + 2 * REACH]
                if plain:
                    return self._known.linear(part), 0.0
                first = top if self.folds.axis == 0 else x0
                return self._answer(part, shares[first:], task)

            for (x0, x1), values in zip(columns, in_threads(work, columns), strict=True):
                task.stop_if_cancelled()
                result[:, x0:x1], added[:, x0:x1] = values
            result += added if band is None else band(added)
            result = result if fine is None else fine(result)
            inner = slice(y0 - top, y1 - top)
            raw, made = padded[REACH:-REACH, REACH:-REACH][inner], result[inner]
            if raw.min() == raw.max():
                made = raw  # what is blank stays exactly as it is
            yield y0, made + mean, float((raw - made).sum(dtype=np.float64))

    def _answer(
        self, padded: Float32Array, shares: NDArray[np.float64], task: Task
    ) -> tuple[Float32Array, Float32Array]:
        """Return the linear prediction of the inner part of a block, and what is added to it.

        The fold's `shares` begin at the block's first row or column.
        """
        features = self._of(padded, task)
        count, h, w = features.shape
        result = np.zeros((h, w), np.float32)
        along = shares[: h if self.folds.axis == 0 else w].astype(np.float32)
        for model, share in ((0, 1 - along), (1, along)):
            used = np.flatnonzero(share > 0)
            if not len(used):
                continue
            inner = slice(int(used[0]), int(used[-1]) + 1)
            at = (inner, slice(None)) if self.folds.axis == 0 else (slice(None), inner)
            part = np.ascontiguousarray(features[:, at[0], at[1]])
            values = predict(
                self._best[model], self._known_standard, part.reshape(count, -1), task
            ).reshape(part.shape[1:])
            weight = share[inner, np.newaxis] if self.folds.axis == 0 else share[inner]
            result[at] += np.float32(self.stage.added) * weight * values
        return features[0].copy(), result

    @one_blas_thread
    def _of(self, padded: Float32Array, task: Task) -> Float32Array:
        features: Float32Array = self._known.of(padded, task)
        return features

    @property
    def _known(self) -> Features:
        if self._features is None:
            raise RuntimeError("nothing is fitted yet")
        return self._features

    @property
    def _known_standard(self) -> Standard:
        if self._standard is None:
            raise RuntimeError("nothing is fitted yet")
        return self._standard

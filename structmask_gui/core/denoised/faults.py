"""Faults of an output that no mask explains, as frames in another order, shifted or averaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.denoised.blur import LostDetail
from structmask_gui.core.denoised.invented import invented_spots, stamped_period
from structmask_gui.core.denoised.levels import clipped, few_levels
from structmask_gui.core.denoised.origin import filter_of, of_others
from structmask_gui.core.denoised.place import (
    FITS,
    clearly,
    fitting_order,
    left_by,
    ordered,
    shift_of,
    shifted,
    strips,
)
from structmask_gui.core.denoised.spectra import Spectra, spectra
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.stack.frames import (
    Frames,
    WrappedFrames,
    apart,
    evenly,
    middle,
    middle_as_is,
)

FaultKind = Literal[
    "missing",
    "blank",
    "few levels",
    "clipped",
    "filter",
    "other frames",
    "average",
    "order",
    "shift",
    "contrast",
    "brightness",
    "invented",
]

_BLANK = 1e-6
"""Variance of a blank output over that of the noise; rounding leaves some."""

_MISSING = 0.001
"""Share of the output without values from which it is reported."""

_ALIKE = 1e-3
"""Frames that differ by less than this share of the noise's variance are the same."""

_MEAN = 0.5
"""Variance of output less the mean of the raw frames, over that of the noise left in the mean, from
which the output is not that mean."""

_OF_OTHERS = 0.3
"""Share of the noise of other frames in an output frame from which frames were averaged."""

_CHANGES = 1.3
"""Mean squared difference of two output frames, over the noise's variance, from which the scene
changes: means of two raw frames differ by less."""

_CLEAR = 10.0
"""Power of structure over that of noise from which contrast is compared."""

_EMPTY = 0.25
"""The same ratio below which there is hardly any structure."""

_COARSE = 0.2
"""Cycles per pixel up to which contrast is compared."""

_FEWEST, _CONTRAST, _FALLING = 6, 0.125, 30.0
"""Frequencies that are needed to measure a contrast; its logarithm from which it is reported; the
largest slope of that over the squared frequency: a blur has a larger one."""

_LOST_MORE, _LOST_TIMES = 0.15, 1.5
"""A blur loses more of the clear structure than the linear prediction with the mask: by this share,
and by this factor."""

_BRIGHTER = 0.3
"""Offset from which it is reported, in standard deviations of the noise."""

_INVENTED = 0.25
"""Variance of structure that is not in the raw frames, from which it is reported, in units of the
noise's."""

_RESTORED = 0.5
"""Share of the structure that another order or place must explain to be told."""

_MOST_FRAMES = 48
_SIDE = 256
"""Height and width of the middle in which frames are compared one by one."""

_LITTLE = 0.03
"""Copied share up to which it does not matter whether a scene changes."""

_BLOCK, _QUIET = 16, 0.25
"""Side of the blocks in which frames are compared, and the share of them that changes least."""

_MUCH_LESS = 0.6
"""Copied share in these blocks, over that in all, below which the scene changes in the others."""

_ALMOST_BLANK = 0.02
"""Variance of the output over that of the raw frames below which it shows hardly anything."""

_OTHERS = (
    "The output does not show what the raw frames show: it belongs to another stack, channel or"
    " region, or its frames stand in another order. {}. Open the raw stack that it was made of, or"
    " choose the order of its frames."
)


_NORMALISED = (
    "Undo the normalisation when it is saved, and switch batch normalisation off; until then"
    " measure"
)


@dataclass(frozen=True)
class Fault:
    """Something wrong with an output, whatever mask it was trained with."""

    kind: FaultKind
    sentence: str  # What it is, how sure, what to do


class _Predicted(WrappedFrames):
    """The linear prediction of frames."""

    def __init__(self, frames: Frames, kernel: FloatArray) -> None:
        super().__init__(frames, np.float32)
        self._kernel = kernel

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        whole = self._frames.read(frame).astype(np.float64)
        return Preview(whole, max(self._kernel.shape) // 2).predict(self._kernel)[y0:y1]


class Comparison:
    """Comparison of raw frames with their output, whatever mask was trained with.

    ``here``: whether `structmask_gui.core.denoising` made the output, and no network.
    """

    def __init__(
        self,
        raw: Frames,
        denoised: Frames,
        measured: Basis,
        kernel: FloatArray,
        task: Task,
        *,
        here: bool = False,
    ) -> None:
        self._raw, self._denoised, self._task, self._here = raw, denoised, task, here
        self._measured, self._kernel = measured, kernel
        self._numbers, missing, pairs = [], [], []
        for frame in _numbers(raw):
            pair = [middle_as_is(stack, frame) for stack in (raw, denoised)]
            missing.append(_share_missing(*pair))
            if missing[-1] < 1:
                self._numbers.append(frame)
                pairs.append([_some(image) for image in pair])
        self._missing = float(np.mean(missing))
        own, output = np.stack(pairs, axis=1)
        there = np.isfinite(own) & np.isfinite(output)
        count = np.maximum(there.sum(axis=1, keepdims=True), 1)
        own, output = (np.where(there, values, 0.0) for values in (own, output))
        levels = [values.sum(axis=1, keepdims=True) / count for values in (own, output)]
        self._width = min(raw.frame_shape[1], _SIDE)
        self._levels = levels[0].ravel(), levels[1].ravel()
        self._own, self._output = (
            np.where(there, values - level, 0.0)
            for values, level in zip((own, output), levels, strict=True)
        )
        self.residual = float((self._own - self._output).var())
        """Variance of the residual."""
        # The residual of a sound output holds all of the noise, which cannot be stronger than it.
        self._noise = min(measured.noise.variance, self.residual)

    @cached_property
    def spectra(self) -> Spectra | None:
        """Power at each frequency."""
        return spectra(self._raw, self._denoised, self._measured.noise, self._task)

    @property
    def almost_blank(self) -> bool:
        """Whether hardly anything of the raw frames is in the output."""
        return float(self._output.var()) < _ALMOST_BLANK * float(self._own.var())

    def copied(self, measured: float, expected: float) -> float:
        """Return the share of the noise that is copied, corrected for structure.

        ``measured`` is the share that raw frames and output have in common, ``expected`` the share
        that the mask leaves to copy.
        """
        found = self.spectra
        if found is None:
            return measured
        empty = found.structure < _EMPTY * found.noise
        least = float(((found.cross.real - found.structure) * empty).mean()) / found.variance
        if self._measured.place == "difference":
            # Chosen by the output, quiet blocks hold a little less by chance.
            quiet = self._copied_in_quiet_blocks() if measured > _LITTLE else measured
            return max(least, quiet if quiet < _MUCH_LESS * measured else measured)
        # No sound output leaves less in the residual than the noise's variance.
        missing = 1 - float(np.sqrt(self.residual / found.variance))
        return min(measured, max(least, missing, expected))

    def _copied_in_quiet_blocks(self) -> float:
        """Return the copied share in the blocks where the output changes least between frames."""
        own, output = (np.diff(values, axis=0) for values in (self._own, self._output))
        side = self._width - self._width % _BLOCK
        rows = own.shape[1] // self._width // _BLOCK * _BLOCK
        sums = []
        for product in (own * own, own * output, output * output):
            images = product.reshape(len(product), -1, self._width)[:, :rows, :side]
            blocks = images.reshape(len(images), rows // _BLOCK, _BLOCK, side // _BLOCK, _BLOCK)
            sums.append(blocks.mean(axis=(2, 4)).ravel())
        if not sums[0].size:
            return np.inf
        quiet = sums[2] <= np.quantile(sums[2], _QUIET)
        return float(sums[1][quiet].sum() / max(sums[0][quiet].sum(), 1e-300))

    def blur(self) -> LostDetail | None:
        """Return the loss of clear structure if it is clearly more than the linear prediction's."""
        found, used = self.spectra, self._clear()
        if found is None or used is None:
            return None
        structure = np.maximum(found.raw - self._scaled_noise(found), 1e-300)[used]
        lost = float((1 - found.cross.real[used] / structure).mean())
        linear = float((1 - self._passed(used) * found.raw[used] / structure).mean())
        if lost < max(linear + _LOST_MORE, _LOST_TIMES * linear):
            return None
        return LostDetail(min(max(lost, 0.0), 1.0), min(max(linear, 0.0), 1.0), True, True)

    def fault(self) -> Fault | None:
        """Return the first fault that is found, in an order in which none hides those after it."""
        for found in self._faults():
            self._task.stop_if_cancelled()
            if found is not None:
                return found
        return None

    def _faults(self) -> Iterator[Fault | None]:
        if self._missing > _MISSING:
            yield Fault(
                "missing",
                f"{100 * self._missing:.2g} % of the output holds no values. Save it again; if the"
                " network gives none there, train again.",
            )
        if not self._noise > 0:
            return
        if float(self._output.var()) < _BLANK * self._noise:
            if self._clear() is not None:
                yield Fault(
                    "blank",
                    "The output is blank, but the raw frames show more than noise. Choose the file"
                    " that the network wrote, or train again.",
                )
            return
        yield self._levels_lost()
        if not self._here:
            yield self._filtered()
        yield self._misplaced()
        yield self._the_same()
        yield self._contrast()
        yield self._added()
        if self._measured.place == "difference":
            yield self._of_neighbours()
        yield self._invented()

    # --- grey levels ----------------------------------------------------------------------------

    def _levels_lost(self) -> Fault | None:
        number = self._numbers[len(self._numbers) // 2]
        if few := few_levels(self._denoised.read(number), self._noise):
            return Fault("few levels", few)
        raw, output = (middle_as_is(one, number) for one in (self._raw, self._denoised))
        cut = clipped(raw, output, self._noise)
        return Fault("clipped", cut) if cut else None

    # --- time -----------------------------------------------------------------------------------

    def _the_same(self) -> Fault | None:
        count = len(self._own)
        if count < 2:
            return None
        output, mean = self._output, self._own.mean(axis=0)
        if float((output - output.mean(axis=0)).var()) < _ALIKE * self._noise:
            known = self._measured.noise.variance
            if float((output[0] - mean).var()) < _MEAN * min(known, 2 * self.residual) / count:
                return Fault(
                    "average",
                    "All frames of the output are the same, the mean of the raw frames over time."
                    f" Each copies {100 / count:.0f} % of the noise of every raw frame, and"
                    " whatever moves is blurred. Denoise every frame by itself.",
                )
            if self._raw_changes():
                return Fault(
                    "average",
                    "All frames of the output are the same, but the raw frames are not: it is a"
                    " mean over time. Denoise every frame by itself.",
                )
        return None

    def _raw_changes(self) -> bool:
        """Whether frames of an output that are all the same fit some raw frames better."""
        errors = np.stack([part.mean(axis=1) for part in strips((self._own - self._output) ** 2)])
        spread = errors - errors.mean(axis=1, keepdims=True)
        best = int(errors.mean(axis=0).argmin())
        worst = int(errors.mean(axis=0).argmax())
        return clearly(spread[:, worst] - spread[:, best], FITS * self._noise)

    def _of_neighbours(self) -> Fault | None:
        """Return the fault that output frames hold noise of the raw frame before or after them."""
        shares = [0.0]
        for step in (-1, 1):
            found = []
            for frame, near, far in self._near_and_far(step):
                shown = self._output[near] - self._output[far]
                if float((shown**2).mean()) > _CHANGES * self._measured.noise.variance:
                    continue
                # Changes of the scene are in the output too.
                change = self._own[near] - self._own[far] - shown
                found.append(float((self._output[frame] * change).mean()))
            if found:
                # A mean of two frames holds half the neighbour's noise, which counts as all of it.
                shares.append(2 * float(np.mean(found)) / self._noise)
        share = min(1.0, max(shares))
        if share < _OF_OTHERS:
            return None
        return Fault(
            "average",
            "Each frame of the output also holds noise of its neighbours, as a mean of two or more"
            f" frames does ({100 * share:.0f} % of it). Denoise every frame by itself, from"
            " frames that were not averaged.",
        )

    def _near_and_far(self, step: int) -> Iterator[tuple[int, int, int]]:
        """Yield places of a frame, its neighbour, and one far from both, of its plane."""
        away = apart(self._raw)
        numbers = np.array(self._numbers)
        for plane in range(away):
            places = np.flatnonzero(numbers % away == plane).tolist()
            count = len(places)
            for index in range(max(0, -step), count - max(0, step)):
                near, far = index + step, 0 if index > count // 2 else count - 1
                if abs(far - index) < 2 or far == near:
                    continue
                if numbers[places[near]] - numbers[places[index]] == step * away:
                    yield places[index], places[near], places[far]

    # --- origin ---------------------------------------------------------------------------------

    def _filtered(self) -> Fault | None:
        frame = self._numbers[len(self._numbers) // 2]
        noise = self._measured.noise
        found = filter_of(middle(self._raw, frame), middle(self._denoised, frame), noise)
        if not found:
            return None
        return Fault(
            "filter",
            f"The output is {found} of the raw frames, not the result of a network: it tells"
            " nothing of the mask. Choose the file that the network wrote.",
        )

    # --- order and place ------------------------------------------------------------------------

    def _misplaced(self) -> Fault | None:
        """Say that frames stand in another order or place, or belong to another stack."""
        found = self.spectra
        order, by_order = fitting_order(self._own, self._output, self._noise)
        shift = None if found is None else shift_of(found)
        by_shift = np.inf if shift is None else left_by(shift, self._raw, self._denoised)
        if found is not None and of_others(found):
            explained = float(self._own.var()) - min(by_order, by_shift)
            if explained < _RESTORED * float(found.structure.mean()):
                sure = "Likely" if self._measured.trusted else "Uncertain"
                return Fault("other frames", _OTHERS.format(sure))
        if shift is not None and (order is None or by_shift <= by_order):
            return Fault("shift", shifted(shift))
        if order is None:
            return None
        numbers = [(self._numbers[raw], self._numbers[output]) for raw, output in order]
        return Fault("order", ordered(numbers))

    # --- contrast, brightness, inventions -------------------------------------------------------

    def _contrast(self) -> Fault | None:
        offset = float((self._levels[1] - self._levels[0]).mean())
        shifted = abs(offset) > _BRIGHTER * self._noise**0.5
        contrast = self._contrast_of()
        if contrast is None and not shifted:
            return None
        amount = f"{abs(offset) / self._noise**0.5:.1f} of the noise's standard deviation"
        amount += " above" if offset > 0 else " below"
        if contrast is None:
            what = f"The brightness of the output is {amount} that of the raw frames"
        else:
            what = f"The output has {contrast:.2f} times the contrast of the raw frames"
            what += f", and its brightness is {amount} theirs" if shifted else ""
        return Fault(
            "brightness" if contrast is None else "contrast",
            f"{what}. {'Measure' if self._here else _NORMALISED} no intensities in it.",
        )

    def _contrast_of(self) -> float | None:
        """Return the contrast of the output where structure is clear, if it is not about 1."""
        found, used = self.spectra, self._clear()
        if found is None or used is None:
            return None
        used &= found.cross.real > 0
        if int(used.sum()) < _FEWEST:
            return None
        noise = self._scaled_noise(found)
        structure = np.maximum(found.raw - noise, 0)
        squares = _squares(len(noise))
        weight = np.sqrt(np.minimum(structure[used] / noise[used], 100.0))
        terms = np.stack([np.ones_like(weight), squares[used]], axis=1)
        slopes = np.log(found.cross.real[used] / found.output[used])
        (level, falling), *_ = np.linalg.lstsq(terms * weight[:, None], slopes * weight, rcond=None)
        if abs(level) < _CONTRAST or abs(falling) > _FALLING:
            return None
        # A large mask loses contrast by itself.
        own = float(np.log(found.cross.real[used].sum() / found.output[used].sum()))
        passed = self._passed(used)
        weighted = passed * found.raw[used]
        linear = float(np.log(max(weighted.sum(), 1e-300) / (passed * weighted).sum()))
        if abs(own - linear) < _CONTRAST / 2 or np.sign(own - linear) != np.sign(level):
            return None
        return float(np.exp(-level))

    def _clear(self) -> NDArray[np.bool_] | None:
        """Return the low frequencies at which there is far more structure than noise."""
        found = self.spectra
        if found is None:
            return None
        noise, squares = self._scaled_noise(found), _squares(len(found.raw))
        used: NDArray[np.bool_] = found.raw - noise > _CLEAR * noise
        used &= (squares > 0) & (squares < _COARSE**2)
        return used if int(used.sum()) >= _FEWEST else None

    def _scaled_noise(self, found: Spectra) -> FloatArray:
        return found.noise * min(1.0, self._noise / found.variance)

    def _passed(self, used: NDArray[np.bool_]) -> FloatArray:
        """Return the transfer function of the linear prediction at some frequencies."""
        assert self.spectra is not None
        side = len(self.spectra.raw)
        values = np.zeros((side, side))
        half = len(self._kernel) // 2
        dy, dx = np.mgrid[-half : half + 1, -half : half + 1]
        np.add.at(values, (dy % side, dx % side), self._kernel)
        passed: FloatArray = np.fft.fft2(values).real[used]
        return passed

    def _added(self) -> Fault | None:
        """Return the fault that the output has a pattern or spots that the raw frames have not."""
        found = self.spectra
        if found is None:
            return None
        period = stamped_period(found)
        if period is not None:
            return Fault(
                "invented",
                f"The output has a regular pattern, every {period:.3g} pixels, that is not in the"
                " raw frames: networks leave such stripes or chessboards. Do not use it: train"
                " again, with another network or other settings.",
            )
        height = self._own.shape[1] // self._width
        raw, output = (
            one.mean(axis=0).reshape(height, self._width) for one in (self._own, self._output)
        )
        noise = found.noise / len(self._own)
        count = invented_spots(raw, output, noise)
        # A mask that is too large may bring them by itself.
        if not count or 2 * invented_spots(raw, self._predicted_mean(), noise) > count:
            return None
        return Fault(
            "invented",
            f"The output shows {count} spots that are not in the raw frames, or far fainter there."
            " Do not use it: check that these are its raw frames, then train again.",
        )

    def _predicted_mean(self) -> FloatArray:
        """Return the mean of the linear predictions of the frames, shape (y, x)."""
        predicted = _Predicted(self._raw, self._kernel)
        sums = np.zeros(self._own.shape[1])
        for number in self._numbers:
            self._task.stop_if_cancelled()
            values = _some(middle_as_is(predicted, number))
            sums += np.where(np.isfinite(values), values, np.nanmean(values)) / len(self._numbers)
        return sums.reshape(-1, self._width)

    def _invented(self) -> Fault | None:
        found = self.spectra
        if found is None or not self._measured.trusted:
            # How much can be incoherent depends on how much is noise.
            return None
        shown, known = float(found.incoherent.mean()), float(found.unknowable.mean())
        if shown - known < _INVENTED * self._noise:
            return None
        # Of a large mask's filter tiles resolve too little, and strong structure seems incoherent.
        predicted = _Predicted(self._raw, self._kernel)
        linear = spectra(self._raw, predicted, self._measured.noise, self._task)
        if linear is not None:
            known = max(known, float(linear.incoherent.mean()))
        share = (shown - known) / self._noise
        if share < _INVENTED:
            return None
        averaged = self._of_neighbours()
        if averaged is not None:
            return averaged
        more = "denoise more frames together" if self._here else "train longer or on more frames"
        return Fault(
            "invented",
            f"The output holds texture that is not in the raw frames, worth {100 * share:.0f} % of"
            f" the noise. Do not use it: check that these are its raw frames, then {more}.",
        )


def _numbers(raw: Frames) -> list[int]:
    """Return all frames, or of many neighbours that are evenly spread, as means of two show."""
    n_frames, away = raw.n_frames, apart(raw)
    if n_frames <= _MOST_FRAMES:
        return list(range(n_frames))
    firsts = evenly(n_frames - away, _MOST_FRAMES // 2)
    return sorted({number for first in firsts for number in (first, first + away)})


def _squares(side: int) -> FloatArray:
    """Return the squared spatial frequencies of tiles."""
    across = np.fft.fftfreq(side)
    squares: FloatArray = across[:, None] ** 2 + across[None, :] ** 2
    return squares


def _share_missing(own: AnyArray, output: AnyArray) -> float:
    """Return the share of pixels that a raw frame has a value for, and the output has not."""
    there = np.isfinite(own)
    return float(1 - np.isfinite(output)[there].mean()) if there.any() else 0.0


def _some(image: AnyArray) -> FloatArray:
    """Return pixels of the middle of an image, in the order of its rows, as float64."""
    height, width = image.shape
    y, x = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    return image[y : y + _SIDE, x : x + _SIDE].ravel().astype(np.float64)

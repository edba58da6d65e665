"""A denoised stack, opened so that its frames are those of the raw stack.

Trainers often write pages without names for their dimensions, or with names that mean something
else: what were frames come back as channels or colours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.denoised.compatibility import check_fit
from structmask_gui.core.denoised.evaluate import Evaluation, evaluate
from structmask_gui.core.denoised.order import axes_of, frame_order
from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.stack.frames import ChosenFrames, Frames, WrappedFrames
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.axes import shape_text
from structmask_gui.io.stack.channels import Channel
from structmask_gui.io.stack.image_stack import ImageStack


@dataclass(frozen=True)
class EvaluatedFile:
    """The evaluation of a denoised file."""

    outcome: Evaluation
    assumed: str  # what was assumed of the file's dimensions, a sentence; empty if nothing was

    def record(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {**self.outcome.record(), "assumed": self.assumed or None}


def evaluate_file(
    path: Path,
    raw: Sequence[ImageStack],
    mask: Mask,
    measure: Callable[[], Basis],
    *,
    axes: str | None = None,
    order: str = "",
    task: Task = NO_TASK,
) -> EvaluatedFile:
    """Compare a denoised file with its raw frames; ``measure`` is called once the file fits.

    ``order`` is as `structmask_gui.core.denoised.order.ORDER_HELP` says.
    """
    for stack in raw:
        if stack.denoised:
            raise InputError(
                f"{stack.name} was denoised by StructMask; open its raw stack, then judge this one"
                " beside it."
            )
    denoised, assumed = open_denoised(path, raw, axes_of(order) or axes)
    with denoised:
        frames = ChosenFrames(raw)
        here = denoised.denoised
        check_fit(frames, denoised, here=here)
        ordered = _ordered(denoised, order)
        outcome = evaluate(frames, ordered, mask, measured=measure(), here=here, task=task)
    return EvaluatedFile(outcome, assumed)


def read_pair(
    path: Path, raw: Sequence[ImageStack], frame: int, *, axes: str | None = None, order: str = ""
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a raw frame and its output in a file that `evaluate_file` took."""
    denoised, _ = open_denoised(path, raw, axes_of(order) or axes)
    with denoised:
        pair = ChosenFrames(raw).read(frame), _ordered(denoised, order).read(frame)
        return pair[0].astype(np.float32), pair[1].astype(np.float32)


def _ordered(denoised: ImageStack, order: str) -> Frames:
    if not order.strip() or axes_of(order) is not None:
        return denoised
    return _InOrder(denoised, frame_order(order, denoised.n_frames))


class _InOrder(WrappedFrames):
    """Frames in another order."""

    def __init__(self, frames: Frames, order: Sequence[int]) -> None:
        super().__init__(frames)
        self._order = order

    @property
    def runs(self) -> Sequence[range]:
        """All frames: those that follow one another in the stack do not in this order."""
        return [range(self.n_frames)]

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        return self._frames.read(self._order[frame], y0, y1)


def open_denoised(
    path: Path, raw: Sequence[ImageStack], axes: str | None = None
) -> tuple[ImageStack, str]:
    """Open a denoised stack beside its raw frames.

    By its own axes, if they give as many frames of the same size, and in the channel that was
    chosen of the raw stack, if it has as many of them. Else by its shape, if that gives them: all
    its pages are then frames, in the file's order.

    Parameters
    ----------
    path : Path
        The denoised file.
    raw : sequence of ImageStack
        The raw files, in their order.
    axes : str, optional
        The axes that the raw files were opened with; tried first.

    Returns
    -------
    stack : ImageStack
        The caller closes it. It may not fit: `core.denoised.compatibility.check_fit` says so.
    assumed : str
        What was assumed, a sentence; empty if nothing was.

    Raises
    ------
    InputError
        As `open_stack`.
    """
    stack = _opened(path, axes)
    try:
        if _fits(stack, raw):
            return _in_channel(stack, raw, axes)
        letters = letters_by_shape(stack.shape, _n_frames(raw), raw[0].frame_shape)
        if letters is None:
            return stack, ""
        own, shape, name = stack.axes, stack.shape, stack.name
    except BaseException:
        stack.close()
        raise
    stack.close()
    first = raw[0].name if len(raw) == 1 else "the open files"
    return open_stack(path, axes=letters), (
        f"{name} names its dimensions {own} ({shape_text(shape)}); all its pages were taken for the"
        f" frames of {first}, in their order."
    )


def letters_by_shape(
    shape: tuple[int, ...], n_frames: int, frame_shape: tuple[int, int]
) -> str | None:
    """Return axes by which a file has so many frames of that size, or None if there are none.

    Of several, rows and columns are the last dimensions that can be.
    """
    for y, x in sorted(combinations(range(len(shape)), 2), key=lambda p: p[::-1], reverse=True):
        others = 1
        for i, n in enumerate(shape):
            others *= n if i not in (y, x) else 1
        if (shape[y], shape[x]) == frame_shape and others == n_frames:
            return "".join("Y" if i == y else "X" if i == x else "Q" for i in range(len(shape)))
    return None


def _opened(path: Path, axes: str | None) -> ImageStack:
    """Open by the raw stack's axes; where they do not fit, by the file's own."""
    if axes is not None:
        try:
            return open_stack(path, axes=axes)
        except InputError:
            pass
    return open_stack(path)


def _in_channel(
    stack: ImageStack, raw: Sequence[ImageStack], axes: str | None
) -> tuple[ImageStack, str]:
    """Return the stack in the raw stack's channel, if it has as many."""
    chosen: Channel | None = raw[0].channel
    if stack.n_channels != raw[0].n_channels or not stack.offers(chosen):
        return stack, ""
    stack.close()
    given = axes if axes is not None and len(axes.strip()) == len(stack.shape) else None
    return open_stack(stack.path, axes=given, channel=chosen), ""


def _n_frames(raw: Sequence[ImageStack]) -> int:
    return sum(stack.n_frames for stack in raw)


def _fits(stack: ImageStack, raw: Sequence[ImageStack]) -> bool:
    return (stack.n_frames, stack.frame_shape) == (_n_frames(raw), raw[0].frame_shape)

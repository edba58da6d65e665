"""The frames that the statistical method measures: a stack, a reference stack, or differences."""

from __future__ import annotations

from typing import Literal

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Source
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.derived import DifferenceFrames, SubtractedFrames
from structmask_gui.core.stack.frames import Frames, Recording, middle, neighbours
from structmask_gui.core.stack.registration import PairRelation, relate_frames

Used = Literal["frames", "flat", "difference", "dark", "subtract", "spectrum"]


class NoiseSource:
    """The frames of noise, and where they come from.

    ``raw``: What is measured, frame by frame: the stack, the dark stack, or a residual.
    ``frames``: The frames of noise that are made of ``raw``.
    ``still``: Of each pair of frames that was compared, whether both show the same structure.
    ``wanted``: What was asked for; "automatic" no longer where a reference stack answers it.
    ``relations``: Of its frames; worked out when not given.
    ``base``: Which frames of noise these are; whether their flat parts are sought comes later.
    """

    def __init__(
        self,
        recording: Recording,
        wanted: Source,
        task: Task,
        relations: tuple[PairRelation, ...] | None = None,
    ) -> None:
        frames, dark, subtract = recording.frames, recording.dark, recording.subtract
        self.asked = self.raw = self.stored = frames
        self.region, self.task = recording.region, task
        self.wanted: Source = wanted
        self.warnings: tuple[str, ...] = ()
        if wanted == "dark" or (wanted == "automatic" and dark is not None):
            if dark is None:
                raise InputError(
                    f"No dark stack was given for {frames.name}; give one, or choose another"
                    " source of noise."
                )
            self.raw = self.stored = dark
            self.wanted = "dark"
        if self.wanted == "subtract" or (self.wanted == "automatic" and subtract is not None):
            if subtract is None:
                raise InputError(
                    f"No stack to subtract was given for {frames.name}; give one, or choose"
                    " another source of noise."
                )
            self.raw, self.wanted = SubtractedFrames(frames, subtract), "subtract"
            self.warnings = _warn_of_denoised(subtract)
        if relations is None:
            relations = tuple(relate_frames(self.raw, task)) if self.raw.n_frames > 1 else ()
        self.relations = relations
        self.still = [relation.still for relation in self.relations]
        if self.wanted == "difference" and self.raw.n_frames < 2:
            raise InputError(
                f"{self.raw.name} has one frame; differences need two or more of a still scene."
                " Choose another source of noise."
            )
        self.base: Used = "frames"
        if self.wanted in ("dark", "subtract", "difference"):
            self.base = self.wanted
        elif self.wanted == "automatic" and self.still and np.mean(self.still) >= 0.5:
            # Neighbouring frames that share structure, or fixed-pattern noise, lose it in
            # differences. Frames that share nothing lose nothing by being measured one by one.
            self.base = "difference"
        self.frames = self.raw
        if self.base == "difference":
            self.frames = DifferenceFrames(self.raw, list(self.relations), task)


def _warn_of_denoised(reference: Frames) -> tuple[str, ...]:
    pairs = neighbours(reference)
    if not pairs:
        return ()
    first, second = pairs[0]
    if np.array_equal(middle(reference, first), middle(reference, second)):
        return ()
    return (
        f"{reference.name} differs from frame to frame, as the output of a denoiser does:"
        " structured noise that stayed in it is missed. Subtract the mean of still frames"
        " instead.",
    )

"""What the statistical method measures: the stack, a reference stack, or frames made from them."""

from __future__ import annotations

from typing import Literal

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Source
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.derived import DifferenceFrames, SubtractedFrames
from structmask_gui.core.stack.frames import Frames, Recording
from structmask_gui.core.stack.registration import PairRelation, middle, relate_frames

Used = Literal["frames", "flat", "difference", "dark", "subtract", "spectrum"]
SEES: dict[Used, str] = {
    "frames": "the frames as they are",
    "flat": "the emptiest parts of the image",
    "difference": "frame-to-frame changes",
    "dark": "the dark stack",
    "subtract": "the frames less the reference stack",
    "spectrum": "detail finer than the optics resolve",
}
"""What a sentence calls each source."""
BLIND_TO: dict[Used, str] = {
    "frames": "Everything is measured, the sample included.",
    "flat": "Noise that grows with brightness would not be noticed.",
    "difference": "Moving, blinking or bleaching sample counts as noise.",
    "dark": "Noise that grows with the signal would not be noticed.",
    "subtract": "A fixed pattern cancels; structured noise that stayed in the reference stack is"
    " missed.",
    "spectrum": "Its limit is estimated. In undersampled or binned images sample may remain; broad,"
    " smooth noise would not be noticed.",
}
"""What each source cannot see, as a sentence."""


class NoiseSource:
    """The frames of noise, and where they come from.

    ``raw``: What is measured, frame by frame: the stack, the dark stack, or a residual.
    ``frames``: The frames of noise that are made of ``raw``.
    ``wanted``: What was asked for; "automatic" no longer where a reference stack answers it.
    ``base``: Which frames of noise these are; whether their flat parts are sought comes later.
    """

    def __init__(self, recording: Recording, wanted: Source, task: Task) -> None:
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
        self.relations: tuple[PairRelation, ...] = ()
        if self.raw.n_frames > 1:
            self.relations = tuple(relate_frames(self.raw, task))
        if self.wanted == "difference" and self.raw.n_frames < 2:
            raise InputError(
                f"{self.raw.name} has one frame; differences need two or more of a still scene."
                " Choose another source of noise."
            )
        self.base: Used = self._base()
        self.frames = self.raw
        if self.base == "difference":
            self.frames = DifferenceFrames(self.raw, list(self.relations), task)

    def _base(self) -> Used:
        if self.wanted in ("dark", "subtract", "difference", "frames"):
            return self.wanted
        if self.wanted == "automatic" and self.relations:
            # Neighbouring frames that share structure, or fixed-pattern noise, lose it in
            # differences. Frames that share nothing lose nothing by being measured one by one.
            still = [relation.still for relation in self.relations]
            if np.mean(still) >= 0.5:
                return "difference"
        return "frames"


def _warn_of_denoised(reference: Frames) -> tuple[str, ...]:
    if reference.n_frames == 1 or np.array_equal(middle(reference, 0), middle(reference, 1)):
        return ()
    return (
        f"{reference.name} differs from frame to frame, as the output of a denoiser does:"
        " structured noise that stayed in it is missed. Subtract the mean of still frames"
        " instead.",
    )


def describe(actual: Used, base: Used) -> str:
    """Return what was measured and what that is blind to, in words."""
    note = f"Measured {'from' if actual == 'difference' else 'in'} {SEES[actual]}"
    if actual != base and base != "frames":
        note += f", of {SEES[base]}"
    note += f". {BLIND_TO[actual]}"
    if actual != base and base != "frames":
        note += f" {BLIND_TO[base]}"
    return note

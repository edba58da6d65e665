"""What can be read of the session."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.names import size_text
from structmask_gui.core.stack.frames import ChosenFrames, FrameRange, Frames, runs_of
from structmask_gui.core.stack.left_out import kept_frames
from structmask_gui.gui.session.engine import Edit, Request
from structmask_gui.gui.session.measure_job import restricted
from structmask_gui.gui.session.opening import Part, Refused, Signatures, Source

if TYPE_CHECKING:
    from structmask_gui.core.extraction.extraction import Extraction
    from structmask_gui.core.masks.mask import Mask, MaskComparison
    from structmask_gui.core.measure.measurement import Measurement
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.core.stack.frames import Region
    from structmask_gui.io.presets.preset import Preset
    from structmask_gui.io.stack.image_stack import ImageStack


OpenedAs = tuple[tuple[Path, ...], tuple[tuple[str, Any], ...]]
"""Files, and the axes, channel and series that they were opened with, sorted by name."""


@dataclass(frozen=True, eq=False)
class State:
    """All that the window shows; the session replaces it, and nobody changes it."""

    # The open files.
    serial: int = 0
    """Number of the files: other files, another number."""
    stacks: tuple[ImageStack, ...] = ()
    """Several are averaged."""
    frames: ChosenFrames | None = None
    """All frames of all stacks in one row; `frame` counts in them."""
    open_choices: Mapping[str, Any] = field(default_factory=dict)
    """The axes, channel and series that the files were opened with, as far as given."""
    signatures: Signatures = field(default_factory=dict)
    """Tells whether the files were changed since; see `opening.check_unchanged`."""
    raw: Source | None = None
    """What the open stack was denoised from, if it was and that is found."""

    # What is measured, and the frame on display.
    region: Region | None = None
    frame_range: FrameRange | None = None
    frame: int = 0
    image: NDArray[Any] | None = None
    """Pixels (y, x) of the frame, None until they are read. Of a very large one only every n-th is
    held, so draw them into the rectangle of ``frames.frame_shape``."""

    # What is asked for.
    given: Parameters | None = None
    """None: the defaults, made late because pydantic is not needed for the first paint."""
    preset: Preset | None = None
    """Last applied or saved."""

    # The result; older than what is asked for while `stale`.
    measurement: Measurement | None = None
    extraction: Extraction | None = None
    asked: Request | None = None
    edit: Edit | None = None
    """The mask that stands in place of the extracted one."""
    result: Extraction | None = None
    """The result with the present mask: the extraction, or an `EditedExtraction`."""
    stale: bool = False
    estimate_error: float | None = None
    """Largest standard error of an estimate on its way to the precision asked for; also `stale`."""

    busy_with: str = ""
    """"opening", "measuring" or nothing."""
    failed_open: str = ""
    """Why the files that were asked for last could not be opened, while the ones before stay."""
    refused: Refused | None = None
    """The files that `failed_open` is about."""
    error: str = ""
    """The sentence that stands in the window."""

    pinned: Mask | None = None
    """Mask A of a comparison."""
    pinned_label: str = ""
    colormap: str = "viridis"
    ring: int = -1
    """The ring under the pointer, or -1."""
    lag: tuple[int, int] | None = None
    """The lag (dy, dx) under the pointer."""

    def having(self, **values: Any) -> State:
        """Return it with other values; the result follows its extraction and edit."""
        state = replace(self, **values)
        if "extraction" not in values and "edit" not in values:
            return state
        if state.extraction is None or state.edit is None:
            return replace(state, result=state.extraction)
        from structmask_gui.core.extraction.extraction import edited

        result = edited(state.extraction, state.edit.mask, state.edit.how)
        return replace(state, result=result)

    @property
    def stack(self) -> ImageStack | None:
        """The (first) open stack."""
        return self.stacks[0] if self.stacks else None

    def place_of(self, frame: int) -> str:
        """Return where a frame lies along the axes, as "T 2, Z 1", if that says more."""
        find = getattr(self.stack, "place_of", None) if len(self.stacks) == 1 else None
        return "" if find is None else find(frame)

    @property
    def remedy(self) -> Refused | None:
        """The refused files, while the sentence in the window is about them."""
        return self.refused if self.failed_open and self.error == self.failed_open else None

    @property
    def denoised(self) -> bool:
        """Whether StructMask has denoised what is open."""
        return any(getattr(stack, "denoised", False) for stack in self.stacks)

    @property
    def channel_mark(self) -> str:
        """Stands in the names of written files; see `ImageStack.channel_mark`."""
        mark: str = getattr(self.stack, "channel_mark", "")
        return mark

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(Path(stack.path) for stack in self.stacks)

    @property
    def opened_as(self) -> OpenedAs:
        """What tells the open files, with axes, channel and series, from others."""
        choices = dict(self.open_choices)
        # The first channel is the same whether it was chosen or not.
        first = getattr(self.stack, "channel_choices", ())[:1]
        if first and choices.get("channel") == first[0][0]:
            del choices["channel"]
        return self.paths, tuple(sorted(choices.items()))

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that hold pixels of the stacks."""
        return tuple(file for stack in self.stacks for file in stack.files)

    @property
    def part(self) -> Part:
        """What is measured of the open files, and the frame on display."""
        return Part(self.region, self.frame_range, self.frame)

    @property
    def parameters(self) -> Parameters:
        return _defaults() if self.given is None else self.given

    @property
    def uses_rings(self) -> bool:
        """Whether the published method is chosen; the remedies belong to it."""
        # Asked before the first paint, when parameters are not made yet.
        return self.given is None or self.given.method == "ring"

    @property
    def preset_modified(self) -> bool:
        """Whether the parameters differ from those of the preset."""
        preset = self.preset
        return preset is not None and preset.apply(self.parameters) != self.parameters

    @property
    def mask(self) -> Mask | None:
        """The present mask, edited or extracted: what is shown, scored, compared and exported."""
        return None if self.result is None else self.result.mask

    @property
    def too_large(self) -> str:
        """Why the present mask cannot be used on frames of this size, a sentence; else empty."""
        if self.mask is None or self.frames is None:
            return ""
        height, width = self.mask.statistics.extent
        rows, columns = self.frames.frame_shape
        if height <= rows and width <= columns:
            return ""
        return (
            f"The mask is larger than the frames ({size_text((rows, columns))} pixels): it cannot"
            " be used on them."
        )

    @property
    def pinned_words(self) -> str:
        """The label of mask A, which names its file only where that is another one."""
        name = "" if self.frames is None else self.frames.name
        return self.pinned_label.removesuffix(f" from {name}")

    @property
    def busy(self) -> bool:
        return bool(self.busy_with)

    def measured_stacks(self) -> list[ImageStack]:
        """Return the open stacks restricted to the frames that are measured, for the record."""
        frame_range = self.frame_range if self.asked is None else self.asked.frame_range
        return restricted(self.stacks, frame_range)

    def comparison(self) -> MaskComparison | None:
        """Compare the pinned mask A with the present mask B."""
        if self.pinned is None or self.mask is None:
            return None
        from structmask_gui.core.masks.mask import compare_masks

        return compare_masks(self.pinned, self.mask, (self.pinned_words, "now"))

    def patches_on_frame(
        self,
    ) -> tuple[NDArray[Any], NDArray[np.bool_], list[str], tuple[int, int]]:
        """Return the measured patches of the frame on display.

        Returns
        -------
        corners : int array (n, 2)
            Top left corner (y, x) of each patch.
        used : bool array (n,)
        reasons : list of str
            Why a patch was left out; empty for a used one.
        patch_shape : (int, int)
        """
        if self.measurement is None or self.asked is None:
            return np.zeros((0, 2), int), np.zeros(0, bool), [], (0, 0)
        sampling = self.measurement.sampling
        measured_in = _measured_in(self.measurement)
        frame, chosen = self.frame, self.asked.frame_range
        if chosen is not None:
            indices = chosen.indices()
            frame = indices.index(frame) if frame in indices else -1
        if measured_in == "dark":
            frame = -1  # they lie on another stack
        elif measured_in == "difference" and frame >= 0:
            frame = _earlier_of(frame, ChosenFrames(self.stacks, chosen), self.measurement)
        here = np.flatnonzero(sampling.places[:, 0] == frame)
        if measured_in == "difference":
            # Two differences may have the same earlier frame; draw each place once.
            order = here[np.argsort(sampling.used[here], kind="stable")]
            _, first = np.unique(sampling.places[order, 1:], axis=0, return_index=True)
            here = np.sort(order[first])
        return (
            sampling.places[here, 1:],
            sampling.used[here],
            [sampling.reasons[i] for i in here],
            sampling.patch_shape,
        )


def _measured_in(measurement: Measurement) -> str:
    """Return which frames the patches of a measurement lie on: those of its source or its base."""
    if measurement.correlation is not None:
        return measurement.correlation.base
    return measurement.parameters.source


def _earlier_of(frame: int, frames: Frames, measurement: Measurement) -> int:
    """Return the frame that a difference with this one stands with; of repeats, the first is it."""
    correlation = measurement.correlation
    left_out = None if correlation is None else correlation.evidence.left_out
    if left_out is None:
        return _earlier(frame, runs_of(frames))
    kept = left_out.kept
    place = bisect_right(kept, frame) - 1
    found = _earlier(place, runs_of(kept_frames(frames, left_out))) if place >= 0 else -1
    return kept[found] if found >= 0 else -1


def _earlier(frame: int, runs: Sequence[range]) -> int:
    """Return the frame that a difference with this one stands with; -1 if there is none."""
    run = next(run for run in runs if frame in run)
    if len(run) < 2:
        return -1
    # Pairs, the odd frame at the end with the last of them; see `DifferenceFrames`.
    place, last = run.index(frame), (len(run) // 2 - 1) * 2
    return run[min(place - place % 2, last)]


@cache
def _defaults() -> Parameters:
    from structmask_gui.core.parameters.model import Parameters

    return Parameters()

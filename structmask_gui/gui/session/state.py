"""What the session holds: every property that views read, and every signal they listen to."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from structmask_gui.core.stack.frames import ChosenFrames, FrameRange
from structmask_gui.gui.session.engine import Edit, Request
from structmask_gui.gui.session.frame_display import Signature
from structmask_gui.gui.session.measure_job import restricted
from structmask_gui.gui.session.selection import Part

if TYPE_CHECKING:
    from structmask_gui.core.extraction.extraction import Extraction
    from structmask_gui.core.masks.mask import Mask, MaskComparison
    from structmask_gui.core.measure.measurement import Measurement
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.core.stack.frames import Region
    from structmask_gui.io.presets.preset import Preset
    from structmask_gui.io.stack.image_stack import ImageStack

log = logging.getLogger(__name__)


class SessionState(QObject):
    """All that the window shows; `Session` changes it.

    Signals
    -------
    stack_changed()
        Other files are open, or none. `stack`, `stacks`, `frames` and `image` are new.
    image_changed()
        `image`, the pixels of the frame on display, is new.
    frame_changed(int)
        Another frame is on display; its pixels follow by `image_changed`.
    parameters_changed(Parameters)
    region_changed(), frame_range_changed()
    extraction_changed(Extraction or None)
        A new result. It belongs to the present parameters when `stale` is False.
    mask_changed()
        `mask` is another: a new result, or an edit. Comes after `extraction_changed`.
    edit_dropped(str)
        An edited mask gave way to a new extraction: the sentence that says so.
    stale_changed(bool)
        True: what is shown is older than what is asked.
    busy_changed(bool)
        A file is being opened or measured; `busy_with` says which.
    progressed(int done, int total, str what, float remaining seconds or negative)
    error_changed(str)
        The sentence that stands in the window; empty when all is well.
    failed(str)
        An input cannot be used: the sentence, once.
    bug(str)
        An error of the program itself: the traceback.
    pinned_changed(), preset_changed(), colormap_changed(str)
    ring_hovered(int)
        The ring under the pointer, in the table or in the overlay; -1 for none.
    lag_hovered(object)
        The lag (dy, dx) under the pointer, in the table or a view; None for none.
    pointed(str)
        What is under the pointer, for the status bar.
    """

    stack_changed = Signal()
    image_changed = Signal()
    frame_changed = Signal(int)
    parameters_changed = Signal(object)
    region_changed = Signal()
    frame_range_changed = Signal()
    extraction_changed = Signal(object)
    mask_changed = Signal()
    edit_dropped = Signal(str)
    stale_changed = Signal(bool)
    busy_changed = Signal(bool)
    progressed = Signal(object, object, str, float)
    error_changed = Signal(str)
    failed = Signal(str)
    bug = Signal(str)
    pinned_changed = Signal()
    preset_changed = Signal()
    colormap_changed = Signal(str)
    ring_hovered = Signal(int)
    lag_hovered = Signal(object)
    pointed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stacks: tuple[ImageStack, ...] = ()
        self._all_frames: ChosenFrames | None = None
        self._serial = 0
        self._parameters: Parameters | None = None
        self._region: Region | None = None
        self._frame_range: FrameRange | None = None
        self._frame = 0
        self._image: NDArray[Any] | None = None
        self._measurement: Measurement | None = None
        self._extraction: Extraction | None = None
        self._edit: Edit | None = None
        self._result: Extraction | None = None
        self._stale = False
        self._estimate_error: float | None = None
        self._not_opened = ""
        """Why the file that was asked for last could not be opened, if the one before stays."""
        self._busy_with = ""
        self._error = ""
        self._pinned: Mask | None = None
        self._pinned_label = ""
        self._preset: Preset | None = None
        self._colormap = "viridis"
        self._ring = -1
        self._lag: tuple[int, int] | None = None
        self._kept: list[tuple[Request, Measurement]] = []
        self._asked: Request | None = None
        self._open_choices: dict[str, Any] = {}
        self._signatures: dict[Path, Signature | None] = {}
        self._drag = 0
        self._dragging = False

    # --- what there is ------------------------------------------------------------------------

    @property
    def stack(self) -> ImageStack | None:
        """The (first) open stack."""
        return self._stacks[0] if self._stacks else None

    @property
    def stacks(self) -> tuple[ImageStack, ...]:
        """All open stacks; several are averaged."""
        return self._stacks

    @property
    def frames(self) -> ChosenFrames | None:
        """All frames of all open stacks in one row; `frame` counts in them."""
        return self._all_frames

    def measured_stacks(self) -> list[ImageStack]:
        """Return the open stacks restricted to the frames that are measured, for the record."""
        return restricted(self._stacks, self._frame_range)

    @property
    def signatures(self) -> dict[Path, Signature | None]:
        """What tells whether the open files were changed since; see `sources.check_unchanged`."""
        return dict(self._signatures)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of the open stacks."""
        return tuple(Path(stack.path) for stack in self._stacks)

    @property
    def open_choices(self) -> dict[str, Any]:
        """The axes, channel and series that the files were opened with, as far as given."""
        return dict(self._open_choices)

    @property
    def frame(self) -> int:
        """Number of the frame on display, from 0."""
        return self._frame

    @property
    def image(self) -> NDArray[Any] | None:
        """Pixels (y, x) of the frame on display, or None until they are read.

        They cover the whole frame; of a very large one only every n-th pixel is held, so draw them
        into the rectangle of ``frames.frame_shape``.
        """
        return self._image

    @property
    def parameters(self) -> Parameters:
        """The parameters that are asked for."""
        if self._parameters is None:
            # Made late, because pydantic is not needed for the first paint.
            from structmask_gui.core.parameters.model import Parameters

            self._parameters = Parameters()
        return self._parameters

    @property
    def uses_rings(self) -> bool:
        """Whether the published method is chosen; the remedies belong to it."""
        # Asked before the first paint, when parameters are not made yet.
        return self._parameters is None or self._parameters.method == "ring"

    @property
    def region(self) -> Region | None:
        """The rectangle that is measured; None for the whole image."""
        return self._region

    @property
    def frame_range(self) -> FrameRange | None:
        """The frames that are measured; None for all."""
        return self._frame_range

    @property
    def part(self) -> Part:
        """What is measured of the open files, and the frame on display."""
        return Part(self._region, self._frame_range, self._frame)

    @property
    def measurement(self) -> Measurement | None:
        """The measurement that the shown result stands on."""
        return self._measurement

    @property
    def extraction(self) -> Extraction | None:
        """The result as it was extracted; see `result` for what a person made of it."""
        return self._extraction

    @property
    def asked(self) -> Request | None:
        """What the shown result was asked for."""
        return self._asked

    @property
    def edit(self) -> Edit | None:
        """The mask that stands in place of the extracted one, or None."""
        return self._edit if self._extraction is not None else None

    @property
    def result(self) -> Extraction | None:
        """The result with the present mask: the extraction, or an `EditedExtraction`."""
        extraction, edit = self._extraction, self.edit
        if extraction is None or edit is None:
            return extraction
        made = self._result
        known = made is not None and made.mask is edit.mask
        if not known or getattr(made, "extracted", None) is not extraction:
            from structmask_gui.core.extraction.extraction import edited

            made = self._result = edited(extraction, edit.mask, edit.how)
        return made

    @property
    def mask(self) -> Mask | None:
        """The present mask, edited or extracted: what is shown, scored, compared and exported."""
        result = self.result
        return None if result is None else result.mask

    @property
    def stale(self) -> bool:
        """Whether the shown result is older than what is asked for."""
        return self._stale

    @property
    def estimate_error(self) -> float | None:
        """The largest standard error of what is shown, if it is an estimate on the way to better.

        `stale` is True as well, for it does not have the precision that is asked for.
        """
        return self._estimate_error

    @property
    def busy(self) -> bool:
        """Whether a file is being opened or measured."""
        return bool(self._busy_with)

    @property
    def busy_with(self) -> str:
        """What is under way: "opening", "measuring" or nothing."""
        return self._busy_with

    @property
    def error(self) -> str:
        """The sentence that stands in the window; empty when all is well."""
        return self._error

    @property
    def pinned(self) -> Mask | None:
        """Mask A of a comparison."""
        return self._pinned

    @property
    def pinned_label(self) -> str:
        """What mask A is called."""
        return self._pinned_label

    @property
    def preset(self) -> Preset | None:
        """The preset last applied or saved."""
        return self._preset

    @property
    def preset_modified(self) -> bool:
        """Whether the parameters differ from those of the preset."""
        if self._preset is None:
            return False
        return self._preset.apply(self.parameters) != self._parameters

    @property
    def colormap(self) -> str:
        """Name of the colour map that the views share."""
        return self._colormap

    @property
    def ring(self) -> int:
        """The ring under the pointer, or -1."""
        return self._ring

    def comparison(self) -> MaskComparison | None:
        """Compare the pinned mask A with the present mask B."""
        mask = self.mask
        if self._pinned is None or mask is None:
            return None
        from structmask_gui.core.masks.mask import compare_masks

        return compare_masks(self._pinned, mask, (self._pinned_label, "now"))

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
        if self._measurement is None or self._asked is None:
            return np.zeros((0, 2), int), np.zeros(0, bool), [], (0, 0)
        sampling = self._measurement.sampling
        measured_in = _measured_in(self._measurement)
        frame = self._frame
        if self._asked.frame_range is not None:
            indices = self._asked.frame_range.indices()
            frame = indices.index(frame) if frame in indices else -1
        numbers = sampling.places[:, 0]
        if measured_in == "dark":
            frame = -1  # they lie on another stack
        elif measured_in == "difference" and frame >= 0:
            # A difference stands with its earlier frame.
            frame = int(numbers[numbers <= frame].max(initial=-1))
        here = np.flatnonzero(numbers == frame)
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


class SessionLooks(SessionState):
    """The part of `Session` that changes nothing that is measured or extracted."""

    # --- compare, point, look -----------------------------------------------------------------

    def pin(self) -> None:
        """Keep the present mask as A."""
        if self.mask is not None:
            self.set_pinned(self.mask, "pinned")

    def set_pinned(self, mask: Mask, label: str) -> None:
        """Keep a mask, from a file for instance, as A."""
        self._pinned, self._pinned_label = mask, label
        self.pinned_changed.emit()

    def unpin(self) -> None:
        """Forget mask A."""
        self._pinned, self._pinned_label = None, ""
        self.pinned_changed.emit()

    def set_colormap(self, name: str) -> None:
        """Choose the colour map that all views share."""
        if name != self._colormap:
            self._colormap = name
            self.colormap_changed.emit(name)

    def hover_ring(self, ring: int) -> None:
        """Say which ring the pointer is on; -1 for none."""
        if ring != self._ring:
            self._ring = ring
            self.ring_hovered.emit(ring)

    def hover_lag(self, lag: tuple[int, int] | None) -> None:
        """Say which lag (dy, dx) the pointer is on."""
        if lag != self._lag:
            self._lag = lag
            self.lag_hovered.emit(lag)

    def point(self, text: str) -> None:
        """Say what is under the pointer."""
        self.pointed.emit(text)

    # --- what is under way, and what went wrong -----------------------------------------------

    def _set_busy(self, what: str) -> None:
        was, self._busy_with = self.busy, what
        if self.busy != was:
            self.busy_changed.emit(self.busy)

    def _set_stale(self, stale: bool) -> None:
        if stale != self._stale:
            self._stale = stale
            self.stale_changed.emit(stale)

    def _set_error(self, text: str) -> None:
        if text != self._error:
            self._error = text
            self.error_changed.emit(text)

    def _fail(self, text: str) -> None:
        log.warning("%s", text)
        self._set_error(text)
        self.failed.emit(text)

    def report_error(self, text: str) -> None:
        """Put up a sentence on something that went wrong outside the session."""
        self._fail(text)

    def withdraw_error(self, text: str) -> None:
        """Take a sentence away, if it still stands there: what it says was mended."""
        if text and text == self._error:
            self.dismiss_error()

    def dismiss_error(self) -> None:
        """Take the sentence away, as when it has been read."""
        self._not_opened = ""
        self._set_error("")

"""The session: one object that widgets call and views listen to.

Everything flows one way: a widget calls a method, the session replaces its state and emits a
signal, views redraw from the state. Views never compute and never call each other.
"""

from __future__ import annotations

import logging
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.errors import StructMaskError
from structmask_gui.gui.session.edits import Edits, EditsByFile
from structmask_gui.gui.session.engine import Engine, Request
from structmask_gui.gui.session.history import History
from structmask_gui.gui.session.measure_job import Estimate, KeptMeasurements, Measured, Measuring
from structmask_gui.gui.session.opening import (
    Opened,
    Part,
    Refused,
    close_files,
    open_files,
    read_unchanged,
)
from structmask_gui.gui.session.pinned import Pinned
from structmask_gui.gui.session.quality import Quality
from structmask_gui.gui.session.reference_stacks import ReferenceStacks
from structmask_gui.gui.session.state import State
from structmask_gui.gui.session.worker import Job, Step, Writers

if TYPE_CHECKING:
    from structmask_gui.core.extraction.extraction import Extraction
    from structmask_gui.core.measure.measurement import Measurement
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.core.quality.assessment import Basis
    from structmask_gui.core.recommend.recommend import Recommendation
    from structmask_gui.core.recommend.wording import Answer

log = logging.getLogger(__name__)

LAG_REACH = 12
"""Lags measured at least: half the widest centre square of the slider, so that it slides freely."""


class Session(QObject):
    """Opens and measures; `state` is what can be read, `edits` what the user sets."""

    stack_changed = Signal()  # other files, or none
    image_changed = Signal()  # the pixels of the frame on display
    frame_changed = Signal(int)  # its pixels follow by `image_changed`
    parameters_changed = Signal(object)
    region_changed = Signal()
    frame_range_changed = Signal()
    extraction_changed = Signal(object)  # of the present parameters unless `stale`
    mask_changed = Signal()  # a new result or an edit; comes after `extraction_changed`
    references_dropped = Signal(object)  # paths by kind: they belonged to the files before
    edit_dropped = Signal(str)  # an edited mask gave way, or is back: a sentence
    stale_changed = Signal(bool)
    busy_changed = Signal(bool)
    progressed = Signal(object, object, str, float)  # done, total, what, seconds left or negative
    error_changed = Signal(str)  # the sentence in the window; empty when all is well
    failed = Signal(str)  # something cannot be used: the sentence, once
    bug = Signal(str)  # an error of the program: the traceback
    preset_changed = Signal()
    colormap_changed = Signal(str)
    ring_hovered = Signal(int)
    lag_hovered = Signal(object)
    pointed = Signal(str)  # what is under the pointer, for the status bar

    _estimated = Signal(object)

    def __init__(self, *, engine: Engine | None = None) -> None:
        super().__init__()
        self._state = State()
        self._engine = engine or Engine()
        self.keeps_measurements = False
        """Whether measurements are kept on disk, and looked for there."""
        self._kept = KeptMeasurements()
        self._identities: dict[Path, str | None] = {}
        self.history = History(self)
        self.edits = Edits(self.history, self._read, self.put, self.report_error)
        self.edits_by_file = EditsByFile()
        self.writers = Writers(self)
        self.let_go: Callable[[Callable[[], object]], object] = operator.call
        """Goes on to other files, or none, by what it gets; the window may ask first."""
        bug = self.bug.emit
        self._error_by: object = None  # who may withdraw the error
        self._opening = Job("open", bug, unwanted=self._close_unwanted)
        self._measuring = Job("measure", bug)
        self._reading = Job("read", bug)
        self._closing = Job("close", bug, order="all")
        self._opening.stepped.connect(self._on_step)
        self._measuring.stepped.connect(self._on_step)
        self._estimated.connect(self._on_estimate)
        self.reference_stacks = ReferenceStacks(self._engine.open, self._close_later, bug, self)
        self.reference_stacks.changed.connect(self._on_reference_stack)
        self.reference_stacks.failed.connect(self.report_error)
        self.pinned = Pinned(self._read, self._set, self._recommended, self._take, bug, self)
        self.pinned.failed.connect(self.report_error)
        self.quality = Quality(self._read, self._known_basis, bug, self)
        for changed in (self.mask_changed, self.stack_changed, self.pinned.changed):
            changed.connect(self.quality.follow)
        self.stale_changed.connect(self.quality.on_stale)

    @property
    def state(self) -> State:
        return self._state

    def _read(self) -> State:
        return self._state

    def _known_basis(self) -> Basis | None:
        """Return what the figures of the recommendation rest on, so that all say the same."""
        found = self._kept.recommended_for(self._state.measurement, self._request)
        return None if found is None else found.basis

    def _set(self, **values: Any) -> None:
        """Replace fields of the state, without a signal."""
        self._state = self._state.having(**values)

    def put(self, **values: Any) -> None:
        """Replace what the user sets, by name: parameters, preset, region, frame_range, edit."""
        before = self._state.edit
        if "parameters" in values:
            values["given"] = values.pop("parameters")
        self._set(**values)
        edit = self._state.edit
        asks = any(name in values for name in ("given", "region", "frame_range"))
        if asks and before is not None and edit is None:
            back = "redo" if self.history.undoing else "undo"
            self.edit_dropped.emit(f"The new extraction replaces your mask; {back} brings it back.")
        elif asks and before is None and edit is not None:
            self.edit_dropped.emit("Your mask is back.")
        if "given" in values:
            self.parameters_changed.emit(self._state.parameters)
        if "preset" in values or ("given" in values and self._state.preset is not None):
            self.preset_changed.emit()
        if "region" in values:
            self.region_changed.emit()
        if "frame_range" in values:
            self.frame_range_changed.emit()
        if asks:
            self.refresh()
        if edit is not before:
            self.mask_changed.emit()

    # --- files --------------------------------------------------------------------------------

    def open(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        series: int | None = None,
        axes: str | None = None,
        channel: int | str | None = None,
        part: Part | None = None,
    ) -> None:
        """Open a file, or several to average, and measure as soon as they are open.

        The present stack stays until the new one is open; if that fails, it stays altogether.
        Of the part that is wanted, what does not fit the files is left out. Without one, the same
        files with the same axes keep theirs, and others are measured altogether.
        """
        if isinstance(paths, (str, Path)):
            paths = [paths]
        wanted = [Path(path) for path in paths]
        if not wanted:
            return
        given = {"series": series, "axes": axes, "channel": channel}
        choices = {name: value for name, value in given.items() if value is not None}
        if part is None:
            part = self._kept_part(wanted, choices)
        self.let_go(partial(self._open, wanted, choices, part))

    def _open(self, wanted: Sequence[Path], choices: Mapping[str, Any], part: Part) -> None:
        self._measuring.cancel()
        self._opening.run(
            partial(open_files, self._engine, wanted, choices, part),
            self._show_files,
            partial(self._on_not_opened, wanted, choices),
        )
        self._set_busy("opening")

    @property
    def inputs(self) -> tuple[Path, ...]:
        """All files that are read, over which nothing may be written."""
        return (*self._state.files, *self.reference_stacks.files)

    def reopen(self, **choices: Any) -> None:
        """Open the present files again with other axes, channel or series."""
        if self._state.stacks:
            self.open(self._state.paths, **{**self._state.open_choices, **choices})

    def _kept_part(self, paths: Sequence[Path], choices: Mapping[str, Any]) -> Part:
        """Return the present part if files and axes stay: another channel has the same frames."""
        state = self._state
        same = all(choices.get(k) == state.open_choices.get(k) for k in ("axes", "series"))
        return state.part if same and tuple(paths) == state.paths else Part()

    def read_as(self) -> None:
        """Open the files that were refused with the axes that may read them."""
        refused = self._state.remedy
        if refused is not None:
            self.open(refused.paths, **{**refused.choices, "axes": refused.axes})

    def _on_not_opened(self, paths: Sequence[Path], choices: Mapping[str, Any], text: str) -> None:
        self._set_busy("")
        axes = getattr(self._opening.error, "axes", "")
        self._set(failed_open=text, refused=Refused(tuple(paths), choices, axes))
        self.report_error(text)
        if self._state.stale or self._state.asked != self._request():
            # Opening had stopped the measurement of the stack that stays, or kept it from what
            # was changed meanwhile.
            self._refresh()

    def close_files(self) -> None:
        """Let go of the open files and of all results."""
        self.let_go(self._close_files)

    def _close_files(self) -> None:
        self.cancel()
        self._show_files(Opened())

    def _show_files(self, opened: Opened) -> None:
        before, old = self._state, self._state.stacks
        self._set_busy("")
        self._reading.cancel()
        self.pinned.stop()
        part = opened.part
        self._set(
            serial=self._state.serial + 1,
            stacks=opened.stacks,
            frames=opened.frames,
            image=opened.image,
            open_choices=opened.choices,
            signatures=opened.signatures,
            raw=opened.raw,
            region=part.region,
            frame_range=part.frame_range,
            frame=part.frame,
            measurement=None,
            extraction=None,
            asked=None,
            estimate_error=None,
        )
        self._set(edit=self.edits_by_file.swap(before, self._state))
        self._identities = {}
        self._kept.clear()
        self.history.forget_files()
        self._set(failed_open="")
        self._set_error("")
        self._set_stale(False)
        self.stack_changed.emit()
        self.region_changed.emit()
        self.frame_range_changed.emit()
        self.frame_changed.emit(part.frame)
        self.image_changed.emit()
        self.extraction_changed.emit(None)
        self.mask_changed.emit()
        self.hover_ring(-1)
        self.hover_lag(None)
        self.point("")
        self._close_later(old)
        self._follow_reference_stacks(old, opened)
        self.refresh()

    def _follow_reference_stacks(self, old: Sequence[Any], opened: Opened) -> None:
        """Keep the reference stacks only while the same files are open."""
        before, now = ([str(stack.path) for stack in stacks] for stacks in (old, opened.stacks))
        others = bool(before) and before != now
        dropped = self.reference_stacks.drop() if others else {}
        self.reference_stacks.follow(getattr(self._state.stack, "channel", None))
        if dropped and now:
            self.references_dropped.emit(dropped)
        if not others:
            self.reference_stacks.check(opened.frames)

    def set_frame(self, frame: int) -> None:
        """Show another frame."""
        frames = self._state.frames
        if frames is None:
            return
        frame = min(max(int(frame), 0), frames.n_frames - 1)
        if frame != self._state.frame:
            self._set(frame=frame)
            self.frame_changed.emit(frame)
            work = partial(read_unchanged, frames, frame, self._state.signatures)
            self._reading.run(work, self._on_read, self._on_not_read)

    def _on_read(self, image: Any) -> None:
        self._set(image=image)
        self.image_changed.emit()

    def _on_not_read(self, text: str) -> None:
        self._on_read(None)  # not the frame before under the number of this one
        self.report_error(text)

    def _close_unwanted(self, opened: Opened) -> None:
        self._close_later(opened.stacks)

    def _close_later(self, stacks: Sequence[Any]) -> None:
        """Close files off the GUI thread: closing waits for a read that is under way."""
        if stacks:
            self._closing.run(lambda _task: close_files(stacks))

    # --- results ------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Bring the result up to date: at once if the pixels need not be read again."""
        self._set(failed_open="")
        self._refresh()

    def _refresh(self) -> None:
        state = self._state
        if state.frames is None or state.busy_with == "opening":
            return
        from structmask_gui.core.parameters.rules import recommends

        request = self._request()
        kept = self._kept.extraction_for(request)
        if kept is None:
            self._measure(request)
            return
        measurement = kept.measurement
        recommended = recommends(state.parameters)
        if recommended and getattr(kept, "recommendation", None) is None:
            self._measure(request, measurement=measurement)
            return
        if recommended and kept.parameters.max_lag != state.parameters.max_lag:
            # How far lines were looked for depends on it.
            self._measure(request)
            return
        self._measuring.cancel()
        previous = state.extraction if measurement is state.measurement else None
        try:
            if recommended:
                same = kept.parameters == state.parameters
                extraction = kept if same else kept.update(state.parameters)
            else:
                extraction = self._engine.selected(measurement, state.parameters, previous)
        except StructMaskError as error:
            self._set_stale(True)
            self.report_error(str(error))
        else:
            self._show(request, measurement, extraction)
        self._set_busy("")

    def measure_again(self) -> None:
        """Measure anew, after a measurement was stopped or failed, or in doubt of a kept one.

        A file that another program has changed is refused; it has to be opened again.
        """
        self._set(failed_open="")
        self._kept.clear()
        self._identities = {}
        if self._state.frames is not None:
            self._measure(self._request(), afresh=True)

    def _on_reference_stack(self, _kind: str) -> None:
        self._identities = {}
        self.reference_stacks.check(self._state.frames)
        if self.pinned.finding:
            self.pinned.keep_automatic()  # anew: what it reads is about to be closed
        self.refresh()

    def cancel(self) -> None:
        """Stop what is under way; the last result stays, marked as out of date."""
        self._opening.cancel()
        self._measuring.cancel()
        self._set_busy("")
        if self._state.extraction is not None and self._state.asked != self._request():
            self._set_stale(True)  # something was changed while other files were being opened

    def _request(self) -> Request:
        return self._request_for(self._state.parameters)

    def _request_for(self, parameters: Parameters) -> Request:
        state = self._state
        references = self.reference_stacks.key(parameters.source)
        return Request(state.serial, state.frame_range, state.region, parameters, references)

    @property
    def recommendation(self) -> Recommendation | None:
        """The recommended mask of the present measurement, if it was worked out.

        For the published methods, which recommend none, that of an automatic measurement of the
        same frames.
        """
        found = self._kept.recommended_for(self._state.measurement, self._request)
        return None if found is None else found.recommendation

    @property
    def answer(self) -> Answer | None:
        """What is said of the present mask; None without one."""
        result = self._state.result
        if result is None:
            return None
        from structmask_gui.core.recommend.answer import answer

        why = f"{self.misfit} {self._state.too_large}".strip()
        told = answer(result, self.recommendation, self.quality.scored).doubted(why)
        return told.of_denoised() if self._state.denoised else told

    @property
    def misfit(self) -> str:
        """What speaks against the reference stack that was measured with, a sentence."""
        return self.reference_stacks.misfit(self._state.parameters.source)

    @property
    def doubt(self) -> str:
        """What speaks against the present mask, in sentences, be it up to date or not."""
        from structmask_gui.core.recommend.doubt import doubt_about

        result = self._state.result
        if result is None:
            return ""
        own = doubt_about(result, self.recommendation, self.quality.scored)
        return " ".join(filter(None, (self.misfit, self._state.too_large, own)))

    def _measure(
        self, request: Request, *, afresh: bool = False, measurement: Measurement | None = None
    ) -> None:
        work = self._work(request, afresh, measurement, self._estimated.emit)
        self._measuring.run(work, self._on_measured, self._on_not_measured)
        self._set(estimate_error=None)
        self._set_stale(True)
        self._set_busy("measuring")

    def _work(
        self,
        request: Request,
        afresh: bool = False,
        known: Measurement | None = None,
        on_estimate: Callable[[Estimate], None] = lambda _estimate: None,
    ) -> Measuring:
        state, parameters = self._state, request.parameters
        n_frames = state.frames.n_frames if state.frames is not None else 0
        references = self.reference_stacks
        return Measuring(
            engine=self._engine,
            request=request,
            stacks=state.stacks,
            reference_stacks=references.frames(parameters.source, request.frame_range, n_frames),
            opened=references.used(parameters.source),
            lag_reach=max(LAG_REACH, parameters.center_size // 2),
            signatures={**references.signatures(parameters.source), **state.signatures},
            identities=self._identities,
            keeps=self.keeps_measurements,
            afresh=afresh,
            known=known,
            on_estimate=on_estimate,
        )

    def _on_estimate(self, estimate: Estimate) -> None:
        if self._measuring.pending and estimate.request == self._request():
            self._show(*estimate)

    def _on_measured(self, measured: Measured) -> None:
        request, measurement, extraction, keep, warning = measured
        if keep is not None:
            # Once it is on the screen: a disk may take its time.
            self._closing.run(lambda _task: keep())
        log.info("%s: %s", measurement.name, extraction.sentence)
        self._kept.keep(request, extraction)
        if request == self._request():
            self._show(request, measurement, extraction)
            self._set_error(self._state.failed_open or warning)
            self._set_busy("")
        else:
            self._refresh()

    def _on_not_measured(self, text: str) -> None:
        self._set_busy("")
        if not self._state.failed_open:
            self.report_error(text)

    def _show(
        self,
        request: Request,
        measurement: Measurement,
        extraction: Extraction,
        error: float | None = None,
    ) -> None:
        """Show a result, or an estimate with its error, which stays out of date."""
        self._set(
            estimate_error=error, asked=request, measurement=measurement, extraction=extraction
        )
        self._set_error(self._state.failed_open)
        self._set_stale(error is not None)
        self.extraction_changed.emit(extraction)
        self.mask_changed.emit()

    # --- what is under way, and what went wrong -----------------------------------------------

    def _on_step(self, step: Step) -> None:
        self.progressed.emit(step.done, step.total, step.what, step.remaining)

    def _set_busy(self, what: str) -> None:
        was = self._state.busy
        self._set(busy_with=what)
        if self._state.busy != was:
            self.busy_changed.emit(not was)

    def _set_stale(self, stale: bool) -> None:
        if stale != self._state.stale:
            self._set(stale=stale)
            self.stale_changed.emit(stale)

    def _set_error(self, text: str) -> None:
        if text != self._state.error:
            self._error_by = None
            self._set(error=text)
            self.error_changed.emit(text)

    def report_error(self, text: str, by: object = None) -> None:
        """Put up a sentence on something that went wrong; ``by`` is who may withdraw it."""
        log.warning("%s", text)
        self._set_error(text)
        self._error_by = by
        self.failed.emit(text)

    def withdraw_error(self, by: object) -> None:
        """Take away the sentence that ``by`` put up, if it still stands there: it was mended."""
        if by is self._error_by and self._state.error:
            self.dismiss_error()

    def dismiss_error(self) -> None:
        """Take the sentence away, as when it has been read."""
        self._set(failed_open="")
        self._set_error("")

    # --- point, look -------------------------------------------------------------------------

    def _recommended(self, parameters: Parameters) -> tuple[Recommendation | None, Measuring]:
        """Return the recommended mask of parameters, if it is known, and what finds it."""
        request = self._request_for(parameters)
        known = getattr(self._kept.extraction_for(request), "recommendation", None)
        return known or self.recommendation, self._work(request)

    def _take(self, measured: Measured) -> Recommendation | None:
        """Keep what was measured beside; return its mask if the same frames are measured."""
        found: Recommendation | None = getattr(measured.extraction, "recommendation", None)
        now = self._request_for(measured.request.parameters)
        if found is None or not measured.request.same_frames(now):
            return None
        self._kept.keep(measured.request, measured.extraction)
        return found

    def set_colormap(self, name: str) -> None:
        """Choose the colour map that all views share."""
        if name != self._state.colormap:
            self._set(colormap=name)
            self.colormap_changed.emit(name)

    def hover_ring(self, ring: int) -> None:
        """Say which ring the pointer is on; -1 for none."""
        if ring != self._state.ring:
            self._set(ring=ring)
            self.ring_hovered.emit(ring)

    def hover_lag(self, lag: tuple[int, int] | None) -> None:
        """Say which lag (dy, dx) the pointer is on."""
        if lag != self._state.lag:
            self._set(lag=lag)
            self.lag_hovered.emit(lag)

    def point(self, text: str) -> None:
        """Say what is under the pointer."""
        self.pointed.emit(text)

    # --- end ----------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop the threads and close the files; the session is of no use afterwards."""
        self.quality.close()
        self.pinned.close()
        for job in (self._opening, self._measuring, self._reading):
            job.close()
        references = self.reference_stacks.close()
        self._closing.finish()
        close_files([*self._state.stacks, *references])
        self._set(stacks=())

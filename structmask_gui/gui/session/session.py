"""The state of the window: one object that widgets call and views listen to.

Everything flows one way: a widget calls a method, the session changes and emits a signal, views
redraw from the session's properties. Views never compute and never call each other.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.errors import StructMaskError
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import ChosenFrames
from structmask_gui.gui.session.edits import SessionEdits
from structmask_gui.gui.session.engine import Engine, Request
from structmask_gui.gui.session.frame_display import Signature, read_for_display, signature
from structmask_gui.gui.session.measure_job import Estimate, Measuring
from structmask_gui.gui.session.quality import Quality
from structmask_gui.gui.session.reference_stacks import ReferenceStacks
from structmask_gui.gui.session.selection import Part
from structmask_gui.gui.session.state import SessionState
from structmask_gui.gui.session.worker import Lane, Outcome, Step

if TYPE_CHECKING:
    from structmask_gui.core.extraction.extraction import Extraction
    from structmask_gui.core.measure.measurement import Measurement

log = logging.getLogger(__name__)

LAG_REACH = 12
"""Lags measured at least: half the widest centre square of the slider, so that it slides freely."""

_KEPT_MEASUREMENTS = 8


class Session(SessionEdits):
    """Everything that can be asked of the window; see `SessionState` for what there is to read."""

    _estimated = Signal(object)

    @property
    def state(self) -> SessionState:
        """What can be read."""
        return self

    @property
    def edits(self) -> SessionEdits:
        """What can be undone."""
        return self

    def __init__(self, parent: QObject | None = None, *, engine: Engine | None = None) -> None:
        super().__init__(parent)
        self._engine = engine or Engine()
        self.keeps_measurements = False
        """Whether measurements are kept on disk, and looked for there."""
        self._identities: dict[Path, str | None] = {}
        self._opening = Lane("open")
        self._measuring = Lane("measure")
        self._reading = Lane("read")
        self._shutting = Lane("close", keep_all=True)
        self.reference_stacks = ReferenceStacks(self._engine.open, self._close_later, self)
        self.reference_stacks.changed.connect(self._on_reference_stack)
        self.reference_stacks.failed.connect(self._fail)
        self.reference_stacks.bug.connect(self.bug)
        self.quality = Quality(self)
        self._open_ticket = self._measure_ticket = self._read_ticket = 0
        self._opening.stepped.connect(self._on_step)
        self._opening.ended.connect(self._on_opened)
        self._measuring.stepped.connect(self._on_step)
        self._measuring.ended.connect(self._on_measured)
        self._estimated.connect(self._on_estimate)
        self._reading.ended.connect(self._on_read)

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
        choices = {
            name: value
            for name, value in {"series": series, "axes": axes, "channel": channel}.items()
            if value is not None
        }
        engine = self._engine
        wanted_part = self._kept_part(wanted, choices) if part is None else part

        def work(task: Task) -> Any:
            stacks: list[Any] = []
            try:
                for number, path in enumerate(wanted):
                    task.report(number, len(wanted), f"Opening {path.name}")
                    if task.cancelled:
                        break
                    stacks.append(engine.open(path, task, **choices))
                frames = ChosenFrames(stacks) if stacks else None
                fitting = wanted_part.within(frames)
                image = None if frames is None else read_for_display(frames, fitting.frame, task)
            except BaseException:
                _close(stacks)
                raise
            signatures = {path: signature(path) for path in wanted}
            return tuple(stacks), frames, image, choices, signatures, fitting

        self._measuring.cancel()
        self._measure_ticket = 0  # or its end would be taken for that of the opening
        self._open_ticket = self._opening.submit(work)
        self._set_busy("opening")

    def reopen(self, **choices: Any) -> None:
        """Open the present files again with other axes, channel or series."""
        if self._stacks:
            self.open(self.paths, **{**self._open_choices, **choices})

    def _kept_part(self, paths: Sequence[Path], choices: Mapping[str, Any]) -> Part:
        """Return the present part if files and axes stay: another channel has the same frames."""
        same = all(choices.get(k) == self._open_choices.get(k) for k in ("axes", "series"))
        return self.part if same and tuple(paths) == self.paths else Part()

    def close_files(self) -> None:
        """Let go of the open files and of all results."""
        self.cancel()
        self._set_stacks((), None, None, {}, {}, Part())

    def set_frame(self, frame: int) -> None:
        """Show another frame."""
        if self._all_frames is None:
            return
        frame = min(max(int(frame), 0), self._all_frames.n_frames - 1)
        if frame != self._frame:
            self._frame = frame
            self.frame_changed.emit(frame)
            self._read_image()

    def _read_image(self) -> None:
        frames, frame = self._all_frames, self._frame
        if frames is not None:
            self._read_ticket = self._reading.submit(
                lambda task: read_for_display(frames, frame, task)
            )

    # --- results ------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Bring the result up to date: at once if the pixels need not be read again."""
        self._not_opened = ""
        self._refresh()

    def _refresh(self) -> None:
        if self._all_frames is None or self._busy_with == "opening":
            return
        request = self._request()
        measurement = self._remembered(request)
        if measurement is None:
            self._measure(request)
            return
        measuring = self._busy_with == "measuring"
        if measuring:
            self._measure_ticket = 0
            self._measuring.cancel()
        previous = self._extraction if measurement is self._measurement else None
        try:
            extraction = self._engine.selected(measurement, self.parameters, previous)
        except StructMaskError as error:
            self._set_stale(True)
            self._fail(str(error))
        else:
            self._show(request, measurement, extraction)
        if measuring:
            self._set_busy("")

    def measure_again(self) -> None:
        """Read the pixels again, as after the file was changed by another program."""
        self._not_opened = ""
        self._kept.clear()
        self._identities = {}
        if self._all_frames is not None:
            self._measure(self._request(), afresh=True)

    def _on_reference_stack(self, _kind: str) -> None:
        self._identities = {}
        self.refresh()

    def cancel(self) -> None:
        """Stop what is under way; the last result stays, marked as out of date."""
        self._open_ticket = self._measure_ticket = 0
        self._opening.cancel()
        self._measuring.cancel()
        self._set_busy("")

    def _request(self) -> Request:
        references = self.reference_stacks.key(self.parameters.source)
        return Request(self._serial, self._frame_range, self._region, self.parameters, references)

    def _remembered(self, request: Request) -> Measurement | None:
        """Find a measurement that answers a request, the latest first."""
        for n, (asked, measurement) in enumerate(self._kept):
            if (asked.serial, asked.frame_range, asked.region, asked.reference_stacks) == (
                request.serial,
                request.frame_range,
                request.region,
                request.reference_stacks,
            ) and measurement.fits(request.parameters):
                self._kept.insert(0, self._kept.pop(n))
                return measurement
        return None

    def _measure(self, request: Request, *, afresh: bool = False) -> None:
        parameters = request.parameters
        n_frames = self._all_frames.n_frames if self._all_frames is not None else 0
        work = Measuring(
            engine=self._engine,
            request=request,
            stacks=self._stacks,
            reference_stacks=self.reference_stacks.frames(
                parameters.source, request.frame_range, n_frames
            ),
            opened=self.reference_stacks.used(parameters.source),
            lag_reach=max(LAG_REACH, parameters.center_size // 2),
            signatures=self._signatures,
            identities=self._identities,
            keeps=self.keeps_measurements,
            afresh=afresh,
            on_estimate=self._estimated.emit,
        )
        self._measure_ticket = self._measuring.submit(work)
        self._estimate_error = None
        self._set_stale(True)
        self._set_busy("measuring")

    def _show(
        self,
        request: Request,
        measurement: Measurement,
        extraction: Extraction,
        error: float | None = None,
    ) -> None:
        """Show a result, or an estimate with its error, which stays out of date."""
        self._estimate_error = error
        self._asked = request
        self._measurement = measurement
        self._extraction = extraction
        self._set_error(self._not_opened)
        self._set_stale(error is not None)
        self.extraction_changed.emit(extraction)
        self.mask_changed.emit()

    def _on_estimate(self, estimate: Estimate) -> None:
        if self._busy_with == "measuring" and estimate.request == self._request():
            self._show(*estimate)

    # --- what the lanes answer ----------------------------------------------------------------

    def _on_step(self, step: Step) -> None:
        wanted = {"opening": self._open_ticket, "measuring": self._measure_ticket}
        lane_wanted = wanted.get(self._busy_with)
        if lane_wanted == step.ticket:
            self.progressed.emit(step.done, step.total, step.what, step.remaining)

    def _on_opened(self, outcome: Outcome) -> None:
        if outcome.ticket != self._open_ticket:
            if outcome.kind == "done":
                self._close_later(outcome.result[0])
            return
        self._set_busy("")
        if outcome.kind == "done":
            self._set_stacks(*outcome.result)
        else:
            self._answer_failure(outcome)
            if self._stale or self._extraction is None:
                # Opening had stopped the measurement of the stack that stays. What it ends with
                # must not take the place of what the person has just asked for.
                self._not_opened = self._error
                self._refresh()

    def _on_measured(self, outcome: Outcome) -> None:
        if outcome.ticket != self._measure_ticket:
            return
        if outcome.kind != "done":
            self._set_busy("")
            if outcome.kind != "error" or not self._not_opened:
                self._answer_failure(outcome)
            return
        request, measurement, extraction, keep, warning = outcome.result
        if keep is not None:
            # Once it is on the screen: a disk may take its time.
            self._shutting.submit(lambda _task: keep())
        log.info("%s: %s", measurement.name, extraction.sentence)
        self._kept.insert(0, (request, measurement))
        del self._kept[_KEPT_MEASUREMENTS:]
        if request == self._request():
            self._show(request, measurement, extraction)
            self._set_error(self._not_opened or warning)
            self._set_busy("")
        else:
            self._refresh()

    def _on_read(self, outcome: Outcome) -> None:
        if outcome.ticket != self._read_ticket:
            return
        if outcome.kind == "done":
            self._image = outcome.result
            self.image_changed.emit()
        else:
            self._answer_failure(outcome)

    def _answer_failure(self, outcome: Outcome) -> None:
        if outcome.kind == "error":
            self._fail(outcome.text)
        elif outcome.kind == "bug":
            self._set_error("Something went wrong inside StructMask; the report says what.")
            self.bug.emit(outcome.text)

    # --- small setters ------------------------------------------------------------------------

    def _set_stacks(
        self,
        stacks: Any,
        frames: Any,
        image: Any,
        choices: dict[str, Any],
        signatures: dict[Path, Signature | None],
        part: Part,
    ) -> None:
        old = self._stacks
        self._serial += 1
        self._reading.cancel()
        self._read_ticket = 0
        self._stacks, self._all_frames, self._image = stacks, frames, image
        self._open_choices, self._signatures = choices, signatures
        self._region, self._frame_range, self._frame = part
        self._measurement = self._extraction = self._asked = self._edit = None
        self._estimate_error = None
        self._identities = {}
        self._kept.clear()
        self._set_error("")
        self._set_stale(False)
        self.stack_changed.emit()
        self.region_changed.emit()
        self.frame_range_changed.emit()
        self.frame_changed.emit(self._frame)
        self.image_changed.emit()
        self.extraction_changed.emit(None)
        self.mask_changed.emit()
        self._close_later(old)
        self.refresh()

    def _close_later(self, stacks: Sequence[Any]) -> None:
        """Close files off the GUI thread: closing waits for a read that is under way."""
        if stacks:
            self._shutting.submit(lambda _task: _close(stacks))

    def close(self) -> None:
        """Stop the threads and close the files; the session is of no use afterwards."""
        self.quality.close()
        for lane in (self._opening, self._measuring, self._reading):
            lane.close()
        references = self.reference_stacks.close()
        self._shutting.finish()
        _close([*self._stacks, *references])
        self._stacks = ()


def _close(stacks: Sequence[Any]) -> None:
    for stack in stacks:
        close = getattr(stack, "close", None)
        if close is not None:
            close()

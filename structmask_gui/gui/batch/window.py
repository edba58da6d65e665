"""Many files with the present settings: a window that drives the queue of `structmask batch`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.core.errors import StructMaskError
from structmask_gui.core.parameters.labels import choice_text
from structmask_gui.core.progress import Task
from structmask_gui.gui.batch.options import BatchChoices
from structmask_gui.gui.batch.reference_stacks import BatchReferenceStacks
from structmask_gui.gui.batch.table import BatchTable
from structmask_gui.gui.desktop.open_external import open_outside
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.worker import Job, Step
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.inputs import button
from structmask_gui.gui.widgets.labels import paragraph
from structmask_gui.gui.widgets.wording import spoken

if TYPE_CHECKING:
    from structmask_gui.io.batch.files import Job as BatchJob
    from structmask_gui.io.batch.files import Per
    from structmask_gui.io.batch.queue import BatchQueue
    from structmask_gui.io.batch.status import JobStatus
    from structmask_gui.io.extract_files import ExtractionSettings, Input


_SETTINGS = "All get the settings of the main window."
_HINT = f"Add files or folders, or drop them here. {_SETTINGS}"


class BatchWindow(QDialog):
    """A table of files with their states; the parameters are the session's at the start."""

    job_changed = Signal(int, object)  # a job's number and its `JobStatus`, from the working thread
    _checked = Signal(int, object)  # a row and what the check says of it, from the working thread

    def __init__(self, parent: QWidget | None, session: Session) -> None:
        super().__init__(parent)
        self.setWindowTitle("Masks of many files")
        self.setAcceptDrops(True)
        self._session = session
        self._files: list[Path] = []
        self.queue: BatchQueue | None = None
        self._finding = Job("find", session.bug.emit, order="all")
        self._running = Job("batch", session.bug.emit, order="all")
        self._running.stepped.connect(self._on_step)
        self._summarised = False
        self._place = Path()  # where the summary of what was started goes
        self._ended = 0, 0.0  # how many files, and when the last did
        self._asked: Any = None  # what decides the results that are shown; None if there are none
        self._build()
        self.job_changed.connect(self.table.show_status)
        self._checked.connect(self.table.show_fit)
        session.quality.closing.connect(self.stop)
        for signal in (
            session.stack_changed,
            session.mask_changed,
            session.parameters_changed,
            session.region_changed,
            session.reference_stacks.changed,
        ):
            signal.connect(self._update)
        for row in self.reference_stacks.rows.values():
            row.chosen.connect(self._update)
        self._update()

    # --- building -----------------------------------------------------------------------------

    def _build(self) -> None:
        self.choices = BatchChoices()
        self.choices.changed.connect(self._plan)
        self.choices.changed.connect(self._say_method)
        self.choices.folder_wanted.connect(self._ask_into)
        self.reference_stacks = BatchReferenceStacks(self._session)
        self.table = BatchTable()
        self.table.itemSelectionChanged.connect(self._update)
        self.table.row_opened.connect(self.open_row)
        self.changed = QLabel("The settings were changed since these results were made.")
        self.changed.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addLayout(self._files_row())
        layout.addWidget(self.choices)
        layout.addWidget(self.reference_stacks)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.changed)
        layout.addLayout(self._said_row())
        layout.addLayout(self._buttons_row())
        dialogs.resize_for_text(self, QSize(960, 600))

    def _files_row(self) -> QHBoxLayout:
        self.add_files_button = button(
            "Add &files…", "Images, or text files (.txt) with one path per line", self._ask_files
        )
        self.add_folder_button = button(
            "Add f&older…", "Add all images of a folder", self._ask_folder
        )
        self.add_pattern_button = button(
            "Add &pattern…", "Add all files whose names fit; ** is any folders", self._ask_pattern
        )
        self.clear_button = button("C&lear", "Empty the list; no file is deleted", self.clear)
        row = QHBoxLayout()
        for one in (
            self.add_files_button,
            self.add_folder_button,
            self.add_pattern_button,
            self.clear_button,
        ):
            row.addWidget(one)
        row.addStretch(1)
        return row

    def _said_row(self) -> QHBoxLayout:
        self.said = paragraph(_HINT)
        self.doubtful = QCheckBox("Only what &needs a look")
        self.doubtful.setToolTip("Hide the files whose masks can be used as they are")
        self.doubtful.toggled.connect(self.table.show_only_doubtful)
        row = QHBoxLayout()
        row.addWidget(self.said, 1)
        row.addWidget(self.doubtful, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _buttons_row(self) -> QHBoxLayout:
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the batch")
        self.progress.hide()
        self.method = QLabel()
        self.method.setToolTip(
            "The settings of the main window, which all files get. Of the masks of ring analysis or"
            " the spine, which of them, or no mask, serves an experiment best is measured as by"
            " Automatic"
        )
        self._session.parameters_changed.connect(self._say_method)
        self._say_method()
        self.start_button = button("&Start", "Measure the files and write their masks", self.start)
        self.cancel_button = button(
            "&Cancel", "Stop the selected files, or all if none is selected", self.cancel
        )
        self.retry_button = button("&Retry", "Try again what failed or was cancelled", self.retry)
        self.check_button = button(
            "C&heck my mask",
            "Say of each file whether the mask of the main window fits it; nothing is written",
            self.check,
        )
        self.summary_button = button(
            "S&ummary",
            "Open the page with a small picture of each mask, and links to the reports",
            self.show_summary,
        )
        close = button("Close", "Hide this window; what runs goes on", self.close)
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addStretch(1)
        row.addWidget(self.method)
        for one in (
            self.start_button,
            self.cancel_button,
            self.retry_button,
            self.check_button,
            self.summary_button,
            close,
        ):
            row.addWidget(one)
        return row

    def _say_method(self, *_: object) -> None:
        """Name the method and the preset that all files get."""
        from structmask_gui.core.parameters.model import parameter_infos

        state = self._session.state
        method = choice_text(parameter_infos()["method"], state.parameters.method)
        method = method.partition(" (")[0]
        preset = state.preset
        if preset is not None and preset.name.lower() != method.lower():
            method += f", {preset.name}"
        method += ", modified" if state.preset_modified else ""
        published = state.parameters.method != "statistical"
        self.method.setText(
            f"{method}; Automatic chooses" if published and self.choices.shared else method
        )

    def open_row(self, row: int) -> None:
        """Open the files of a row in the main window."""
        self._session.open(self.table.paths_of(row))

    # --- which files --------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the queue is under way."""
        return self._running.pending

    def add(self, paths: list[str]) -> None:
        """Add files, and the image files in folders, off the GUI thread."""

        def work(_task: Task) -> Any:
            from structmask_gui.io.batch.files import find_files

            return find_files(paths)

        if not self.running:
            self._finding.run(work, self._on_found, self.said.setText)

    def _on_found(self, answer: tuple[list[Path], list[str]]) -> None:
        found, problems = answer
        self._files += [file for file in found if file not in self._files]
        self._plan()
        if problems:
            self.said.setText(" ".join(problems))

    def clear(self) -> None:
        """Forget all files, and those that are still looked for."""
        self._finding.cancel()
        self._files = []
        self._plan()

    def _ask_files(self) -> None:
        dialogs.ask_files(
            self, "Add files or lists", self._here(), _files_or_lists(), self.add, several=True
        )

    def _ask_folder(self) -> None:
        dialogs.ask_folder(self, "Add the images of a folder", self._here(), self._add_folder)

    def _ask_pattern(self) -> None:
        dialogs.ask_text(
            self,
            "Add files by a pattern",
            "Path with * for any characters, ** for any folders:",
            str(Path(self._here()) / "*.tif"),
            self._add_pattern,
        )

    def _add_pattern(self, pattern: str) -> None:
        from structmask_gui.io.files.paths import pasted_path

        if pattern.strip():
            self.add([pasted_path(pattern).strip()])

    def _add_folder(self, folder: str) -> None:
        self.add([folder])

    def _ask_into(self) -> None:
        dialogs.ask_folder(self, "Write the results into", self._here(), self.choices.set_folder)

    def _here(self) -> str:
        return str(beside(self._session.state.paths))

    def _plan(self, *_: object) -> None:
        """Make the jobs of the present choices; nothing is done yet."""
        from structmask_gui.core.names import counted
        from structmask_gui.io.batch.queue import BatchQueue
        from structmask_gui.io.extract_files import ExtractionSettings

        if self.running:
            return
        jobs = self._jobs() if self._files else []
        if self._asked is not None and self.queue is not None and self.queue.planned == tuple(jobs):
            self._update()  # no result is lost by a choice that leaves the files as they are
            return
        self.queue = self._asked = None
        self._summarised = False
        if self._files:
            self.queue = BatchQueue(jobs, ExtractionSettings(self._session.state.parameters))
        files = counted(len(self._files), "file")
        self.said.setText(f"{files}. {_SETTINGS}" if self._files else _HINT)
        self.progress.setValue(0)
        self.table.fill(self.queue)
        self._update()

    def offer_one_mask(self, folder: Path) -> None:
        """Show the files of a folder, with one mask for the experiment chosen."""
        if not self.running:
            self._finding.cancel()
            self._files = []
            self.choices.same.setChecked(True)
            self.choices.set_shared()
            self.add([str(folder)])

    def _like(self) -> Input | None:
        """Return how the present file is opened, if the others are to be opened so, too."""
        from structmask_gui.io.extract_files import Input

        state = self._session.state
        if not (self.choices.same.isChecked() and state.paths):
            return None
        part = state.frame_range
        frames = None if part is None else slice(part.start, part.stop, part.step)
        return Input(Path(), **state.open_choices, frames=frames)

    def _jobs(self) -> list[BatchJob]:
        """Return the jobs of the present choices and of the main window."""
        from structmask_gui.io.batch.files import plan_jobs

        like = self._like()
        per: Per = "all" if self.choices.shared else self.choices.per.currentData()
        return plan_jobs(self._files, per=per, output_dir=self.choices.folder, like=like)

    def _settings(self) -> ExtractionSettings:
        """Return the settings of the main window and of the present choices."""
        from structmask_gui.io.extract_files import ExtractionSettings

        state = self._session.state
        references = self.reference_stacks.inputs()
        return ExtractionSettings(
            state.parameters,
            state.region if self.choices.same.isChecked() else None,
            dark=references.get("dark"),
            subtract=references.get("subtract"),
            quality=self.choices.figures.isChecked(),
            one_mask=self.choices.shared,
        )

    # --- running ------------------------------------------------------------------------------

    def start(self) -> None:
        """Do all jobs with the parameters that the main window has now."""
        from structmask_gui.io.batch.queue import BatchQueue
        from structmask_gui.io.batch.summary import read_failures, summary_paths, summary_place
        from structmask_gui.io.files.paths import exists

        if not self._files or self.running:
            return
        resume = self.choices.resume.isChecked()
        force, like = self.choices.replace.isChecked(), self._like()
        place = summary_place(self._files, self.choices.folder, Path.home(), like, resume=resume)
        taken = [path.name for path in summary_paths(place) if exists(path)]
        if taken and not (resume or force):
            self.said.setText(
                f"{taken[0]} of an earlier batch exists in {place.parent}; go on with it, replace"
                " it, or choose another folder."
            )
            return
        if missing := self.reference_stacks.missing():
            self.said.setText(missing)
            return
        state = self._session.state
        try:
            failures = read_failures(place) if resume else None
        except StructMaskError as error:
            self.said.setText(str(error))
            return
        self.queue = BatchQueue(
            self._jobs(),
            self._settings(),
            reports=self.choices.reports.isChecked(),
            force=force,
            resume=resume,
            failures=failures,
        )
        if state.preset is not None:
            self.queue.preset = state.preset.named(state.parameters)
        self.queue.on_change = self._tell
        self._place = place
        self._asked = None, self._settings(), like
        self.table.fill(self.queue)
        self._run()

    def show_summary(self) -> None:
        """Open the summary in the browser."""
        from structmask_gui.io.batch.summary import summary_paths

        page = summary_paths(self._place)[1]
        open_outside(page)
        # Said in any case: a browser that is kept in a box may not read every folder.
        self.said.setText(f"The summary is {page}")

    def _run(self) -> None:
        queue, place = self.queue, self._place
        assert queue is not None
        self._ended = 0, time.monotonic()

        def work(task: Task) -> Any:
            from structmask_gui.io.batch.summary import write_summary

            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                queue.run(task.report, lambda: task.cancelled)
            finally:
                write_summary(queue, place)
            return place

        self._running.run(work, self._on_done, self._on_failed)
        self.said.setText("")
        self._update()

    def _tell(self, index: int, status: JobStatus) -> None:
        """Hand a change over to the GUI thread; called in the one that works."""
        self.job_changed.emit(index, status)

    def check(self) -> None:
        """Say of each file whether the mask of the main window fits it."""
        mask = self._session.state.mask
        if mask is None or not self._files or self.running:
            return
        if missing := self.reference_stacks.missing():
            self.said.setText(missing)
            return
        jobs = self._jobs()
        inputs = [item for job in jobs for item in job.inputs]
        settings = self._settings()
        self.queue = None
        self._asked = mask, settings, self._like()
        self.table.list_files(inputs)

        def work(task: Task) -> Any:
            from structmask_gui.io.one_mask import check_files, counts

            fits = []
            for row, one in enumerate(check_files(mask, inputs, settings, task)):
                self._checked.emit(row, one)
                if one.fit is not None:
                    fits.append(one.fit)
            return f"The mask of the main window: {counts(fits)}." if fits else ""

        self._running.run(work, self._on_checked, self._on_failed)
        self.said.setText("Checking the mask of the main window; nothing is written.")
        self._update()

    def _on_checked(self, said: str) -> None:
        self.progress.setValue(self.progress.maximum())
        self.said.setText(said)
        self._update()

    def cancel(self) -> None:
        """Cancel the selected jobs, or all; or the check."""
        if self.running and self.queue is None:
            self._running.cancel()
            self.said.setText("The check was cancelled.")
            self._update()
        if self.queue is not None:
            rows = self.table.selected()
            for row in rows:
                self.queue.cancel(row)
            if not rows:
                self.queue.cancel()

    def retry(self) -> None:
        """Try again what failed or was cancelled: the selected jobs, or all."""
        if self.queue is None:
            return
        rows = self.table.selected()
        again = sum(self.queue.retry(row) for row in rows) if rows else self.queue.retry()
        if again and not self.running:
            self._run()

    # --- what is shown ------------------------------------------------------------------------

    def _on_step(self, step: Step) -> None:
        if self.queue is None:
            self.progress.setRange(0, max(step.total, 1))
            self.progress.setValue(step.done)
        elif self.running:
            statuses = self.queue.statuses
            ended = sum(s.state not in ("pending", "running") for s in statuses)
            if ended != self._ended[0]:
                self._ended = ended, time.monotonic()
            # Of the parts of a file none says how long the others take: only whole files count.
            self.progress.setRange(0, len(statuses) if len(statuses) > 1 else 0)
            self.progress.setValue(ended)
            seconds = seconds_left(statuses, time.monotonic() - self._ended[1])
            left = "" if seconds is None else f", {spoken(seconds)} left"
            self.said.setText(f"{ended} of {len(statuses)} done{left}")
            # What failed or was cancelled may be put back while others are done.
            again = any(s.state in ("failed", "cancelled") for s in statuses)
            self.retry_button.setEnabled(again)

    def _on_done(self, place: Path) -> None:
        from structmask_gui.io.batch.summary import counts_sentence

        if self.queue is not None:
            if any(status.state == "pending" for status in self.queue.statuses):
                self._run()  # put back while the summary was being written
                return
            self.progress.setValue(self.progress.maximum())
            self.said.setText(f"{counts_sentence(self.queue)} Summary: {place}")
            self._summarised = True
        self._show_all()

    def _on_failed(self, text: str) -> None:
        self.said.setText(text)
        self._show_all()

    def _show_all(self) -> None:
        for row, status in enumerate(self.queue.statuses if self.queue is not None else ()):
            self.table.show_status(row, status)
        self._update()

    def _update(self, *_: object) -> None:
        queue, running = self.queue, self.running
        counts = {} if queue is None else {str(s): n for s, n in queue.counts().items()}
        for widget in (
            self.add_files_button,
            self.add_folder_button,
            self.add_pattern_button,
            self.clear_button,
            self.choices,
            self.reference_stacks,
        ):
            widget.setEnabled(not running)
        self.choices.same.setEnabled(bool(self._session.state.paths))
        self.progress.setVisible(running)
        self.start_button.setEnabled(bool(self._files) and not running)
        has_mask = self._session.state.mask is not None
        self.check_button.setEnabled(bool(self._files) and has_mask and not running)
        self.cancel_button.setEnabled(running)
        self.summary_button.setEnabled(self._summarised and not running)
        self.retry_button.setEnabled(bool(counts.get("failed") or counts.get("cancelled")))
        changed = self._asked is not None and self._asked != (
            self._session.state.mask if self._asked[0] is not None else None,
            self._settings(),
            self._like(),
        )
        self.changed.setVisible(changed)
        self.table.mark_old(changed)

    # --- drop, end ----------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add what was dropped."""
        event.acceptProposedAction()
        self.add([u.toLocalFile() for u in event.mimeData().urls() if u.isLocalFile()])

    def stop(self) -> None:
        """Stop the threads: what runs is cancelled, its summary written."""
        if self.queue is not None:
            self.queue.cancel()
        else:
            self._running.cancel()
        self._finding.close()
        self._running.finish()


def seconds_left(statuses: Sequence[JobStatus], since: float) -> float | None:
    """Return how long the files that wait will take, as long as those before; None if unknown.

    ``since``: seconds since the last file was done.
    """
    took = [s.seconds for s in statuses if s.state == "done" and not s.kept]
    waiting = sum(s.state in ("pending", "running") for s in statuses)
    left = sum(took) / len(took) * waiting - since if took else 0.0
    return left if left > 0 else None


def _files_or_lists() -> str:
    """Return the filter of images and of lists of them."""
    return dialogs.readable_files().replace("Images (", "Images and lists of files (*.txt ")

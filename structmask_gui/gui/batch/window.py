"""Many files with the present settings: a window that drives the queue of `structmask batch`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent, QShowEvent
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
from structmask_gui.core.stack.frames import FrameRange
from structmask_gui.gui.batch.options import BatchChoices
from structmask_gui.gui.batch.reference_stacks import BatchReferenceStacks
from structmask_gui.gui.batch.run import BatchRun
from structmask_gui.gui.batch.table import BatchTable
from structmask_gui.gui.desktop.open_external import open_outside
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.opening import Part, choices_of
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.worker import Job
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.drop import dropped
from structmask_gui.gui.widgets.inputs import button
from structmask_gui.gui.widgets.labels import paragraph

if TYPE_CHECKING:
    from structmask_gui.io.batch.files import Job as BatchJob
    from structmask_gui.io.batch.files import Per
    from structmask_gui.io.batch.queue import BatchQueue
    from structmask_gui.io.extract_files import ExtractionSettings, Input


_SETTINGS = "All get the settings of the main window."
_HINT = f"Add files or folders, or drop them here. {_SETTINGS}"


class BatchWindow(QDialog):
    """A table of files with their states; the parameters are the session's at the start."""

    told = Signal(str)  # while it is closed, how far it is; empty once it is open again

    def __init__(self, parent: QWidget | None, session: Session) -> None:
        super().__init__(parent)
        self.setWindowTitle("Masks of many files")
        self.setAcceptDrops(True)
        self._session = session
        self._files: list[Path] = []
        self._finding = Job("find", session.bug.emit, order="all")
        self.run = BatchRun(session)
        self._question: QDialog | None = None  # whether to stop, while it is open
        self._asked: Any = None  # what decides the results that are shown; None if there are none
        self._build()
        self.run.job_changed.connect(self.table.show_status)
        self.run.checked.connect(self.table.show_fit)
        self.run.said.connect(self.said.setText)
        self.run.went.connect(self._show_progress)
        self.run.changed.connect(self._on_run)
        self.run.said.connect(self._tell)
        session.quality.closing.connect(self.stop)
        for signal in (
            session.stack_changed,
            session.mask_changed,
            session.parameters_changed,
            session.region_changed,
            session.frame_range_changed,
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
        self.table.denoised_wanted.connect(self.open_denoised)
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
            "Add f&older…",
            "Add all images of a folder, or of its folders if it has none",
            self._ask_folder,
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
        self.doubtful.setToolTip("Hide the files whose masks and results can be used as they are")
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
            "&Cancel",
            "Stop the selected files, or all if none is selected; what is finished is kept",
            self.cancel,
        )
        self.retry_button = button(
            "&Retry", "Try again what failed, was cancelled or not denoised", self.retry
        )
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
        self.close_button = button("Close", "Hide this window; what runs goes on", self.close)
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
            self.close_button,
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
        """Open the files of a row in the main window, in the part that was measured."""
        inputs = self.table.inputs_of(row)
        taken = inputs[0].frames
        frames = None if taken is None else FrameRange(taken.start, taken.stop, taken.step)
        region = None if self.queue is None else self.queue.settings.region
        part = None if frames is None and region is None else Part(region, frames)
        self._session.open([one.path for one in inputs], **choices_of(inputs[0]), part=part)

    def open_denoised(self, row: int) -> None:
        """Open the denoised files of a row in the main window."""
        self._session.open(self.table.denoised_of(row))

    # --- which files --------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the queue is under way."""
        return self.run.running

    @property
    def queue(self) -> BatchQueue | None:
        """What is to be done, or was; None while a mask is checked."""
        return self.run.queue

    def add(self, paths: list[str]) -> None:
        """Add files, and the image files in folders, off the GUI thread."""

        def work(task: Task) -> Any:
            from structmask_gui.io.batch.files import find_files

            return find_files(paths, recursive=None, task=task)

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
        self._asked = None
        settings = ExtractionSettings(self._session.state.parameters)
        self.run.plan(BatchQueue(jobs, settings) if jobs else None)
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
        from structmask_gui.io.batch.denoise import BatchDenoiser
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
            own = self._can_retry and place == self.run.place and not self.changed.isVisible()
            self.said.setText(
                ("Press Retry for what is left of this batch. " if own else "")
                + f"{taken[0]} of an earlier batch exists in {place.parent}; tick"
                f" “{self.choices.resume.text()}” or “{self.choices.replace.text()}”, or choose"
                " another folder."
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
        queue = BatchQueue(
            self._jobs(),
            self._settings(),
            reports=self.choices.reports.isChecked(),
            force=force,
            resume=resume,
            failures=failures,
        )
        if state.preset is not None:
            queue.preset = state.preset.named(state.parameters)
        folder = self.choices.folder
        denoiser = BatchDenoiser(queue, folder) if self.choices.denoise.isChecked() else None
        self._asked = None, self._settings(), like
        self.table.fill(queue)
        self.run.start(queue, denoiser, place)

    def show_summary(self) -> None:
        """Open the summary in the browser."""
        from structmask_gui.io.batch.summary import summary_paths

        page = summary_paths(self.run.place)[1]
        open_outside(page)
        # Said in any case: a browser that is kept in a box may not read every folder.
        self.said.setText(f"The summary is {page}")

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
        self._asked = mask, settings, self._like()
        self.table.list_files(inputs)
        self.run.check(mask, inputs, settings)

    def cancel(self) -> None:
        """Cancel the selected jobs, or all; or the check."""
        self.run.cancel(self.table.selected())

    def retry(self) -> None:
        """Try again what failed, was cancelled or not denoised: the selected jobs, or all."""
        self.run.retry(self.table.selected())

    # --- what is shown ------------------------------------------------------------------------

    def _show_progress(self, done: int, total: int) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        # What failed or was cancelled may be put back while others are done.
        self.retry_button.setEnabled(self._can_retry)

    @property
    def _can_retry(self) -> bool:
        queue = self.queue
        return queue is not None and any(status.retriable for status in queue.statuses)

    def _on_run(self) -> None:
        if not self.running:
            self.progress.setValue(self.progress.maximum())
            for row, status in enumerate(() if self.queue is None else self.queue.statuses):
                self.table.show_status(row, status)
        self._update()

    def _update(self, *_: object) -> None:
        running = self.running
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
        self.summary_button.setEnabled(self.run.summarised and not running)
        self.retry_button.setEnabled(self._can_retry)
        changed = self._asked is not None and self._asked != (
            self._session.state.mask if self._asked[0] is not None else None,
            self._settings(),
            self._like(),
        )
        self.changed.setVisible(changed)
        self.table.mark_old(changed)

    def _tell(self, *_: object) -> None:
        """Tell the main window how far it is while this one is closed."""
        if not self.isVisible():
            self.told.emit(f"Batch: {self.run.so_far if self.running else 'ended'}")

    def showEvent(self, event: QShowEvent) -> None:
        """Say all here."""
        super().showEvent(event)
        self.told.emit("")

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave it to the main window to say how far it is."""
        super().hideEvent(event)
        if self.running:
            self._tell()

    # --- drop, end ----------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders."""
        if dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add what was dropped."""
        event.acceptProposedAction()
        self.add(dropped(event))

    def let_go(self, then: Callable[[], object]) -> None:
        """Go on to the end; ask first while it is at work."""
        if not self.running:
            then()
        elif self._question is not None:
            dialogs.bring_up(self._question)
        else:
            kept = "" if self.queue is None else "; what is finished is kept"
            self._question = dialogs.ask_yes(
                self.parentWidget() or self,
                "Stop the batch?",
                f"The batch is at work: {self.run.so_far}. Closing stops it{kept}.",
                "Stop and close",
                then,
                "Keep open",
            )
            self._question.finished.connect(self._on_answered)

    def _on_answered(self, *_: object) -> None:
        self._question = None

    def stop(self) -> None:
        """Stop the threads: what runs is cancelled, its summary written."""
        self._finding.close()
        self.run.stop()


def _files_or_lists() -> str:
    """Return the filter of images and of lists of them."""
    return dialogs.readable_files().replace("Images (", "Images and lists of files (*.txt ")

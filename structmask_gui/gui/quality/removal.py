"""Frames as recorded and without a pattern, before all are written so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from structmask_gui.core.names import counted
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.correction import Calibration
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.panels.reference_stack_rows import FileRow
from structmask_gui.gui.quality.frame_writer import FrameWriter, Save
from structmask_gui.gui.quality.image_compare import ImageCompare, Picture
from structmask_gui.gui.session.worker import Job
from structmask_gui.gui.views.image.display import percentile_levels
from structmask_gui.gui.views.overlay import Veil
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.dialogs import resize_for_text, without_icons
from structmask_gui.gui.widgets.labels import paragraph, say

if TYPE_CHECKING:
    from structmask_gui.core.stack.correction import Correction, Said
    from structmask_gui.core.stack.destripe import Destriping
    from structmask_gui.core.stack.frames import Frames, Lines
    from structmask_gui.gui.session.session import Session
    from structmask_gui.io.stack.channels import Channel

_Pictures = tuple[tuple[str, np.ndarray[Any, Any]], ...]
"""Pictures with their titles."""

_SAVE, _OPEN = "Save the frames…", "Open the new file"
_TIFF = "TIFF (*.tif)"
_ROWS: dict[Calibration, tuple[str, str]] = {
    "dark": ("Dark frames", "20 or more without light, with the exposure of your frames"),
    "even": ("Even field", "20 or more of an even, bright field: a fluorescent slide, bare resin"),
}
_ASK = "Choose dark frames, an even field, or both, to see whether your frames hold their pattern."


class RemovalDialog(QDialog):
    """Shows a picture with and without a pattern, and offers to write all frames without it.

    A subclass says how the frames are written (`_save`) and how the file is called (`_named`).
    """

    ONE_SCALE = True  # both pictures are of one brightness

    def __init__(self, parent: QWidget, session: Session, writer: FrameWriter, title: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._session, self._writer = session, writer
        self._job = Job("removal", session.bug.emit)
        self._written: Path | None = None
        self.panes = ImageCompare()
        self.panes.setAccessibleName("As recorded, and without the pattern")
        self.veil = Veil(self.panes)
        self.veil.set_placeholder("…")
        self.text = paragraph()
        self.said = paragraph()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.save_button = self.buttons.addButton(_SAVE, QDialogButtonBox.ButtonRole.ActionRole)
        self.open_button = self.buttons.addButton(_OPEN, QDialogButtonBox.ButtonRole.ActionRole)
        self.open_button.hide()
        self.save_button.setDefault(True)
        self.save_button.setFocus()
        self.save_button.clicked.connect(self._ask)
        self.open_button.clicked.connect(self._open)
        self.buttons.rejected.connect(self.reject)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 14, 16, 12)
        self.column.addWidget(self.panes, 1)
        self.column.addWidget(self.text)
        self.column.addWidget(self.said)
        self.column.addWidget(self.buttons)
        self.said.hide()
        without_icons(self)
        resize_for_text(self, QSize(860, 560))
        writer.said.connect(self._say)
        writer.written.connect(self._on_written)
        session.stack_changed.connect(self.close)
        session.quality.closing.connect(self._job.close)

    def _save(self) -> Save | None:
        raise NotImplementedError

    def _named(self, source: Path, folder: Path, mark: str) -> Path:
        raise NotImplementedError

    def proposed(self) -> Path:
        """Return where the frames go: beside the open file, or at home if that cannot be."""
        state = self._session.state
        return self._named(state.paths[0], beside(state.paths), state.channel_mark)

    def show_pictures(self, pictures: _Pictures) -> None:
        """Show pictures beside each other, in the grey levels of the first, or in their own."""
        self.veil.set_placeholder("")
        levels = [percentile_levels(image) for _, image in pictures]
        if self.ONE_SCALE:
            levels = [levels[0]] * len(levels)
        self.panes.set_pictures(
            tuple(
                Picture(title, image, own)
                for (title, image), own in zip(pictures, levels, strict=True)
            )
        )

    def _ask(self) -> None:
        save = self._save()
        if save is None or not self._session.state.paths:
            return

        def write(name: str, _filter: str) -> None:
            self._writer.write(Path(name), save)

        dialogs.ask_new_file(self, "Save the new frames", self.proposed(), _TIFF, write)

    def _say(self, text: str) -> None:
        say(self.said, text)
        self.said.setVisible(bool(text))

    def _on_written(self, path: Path) -> None:
        self._written = path
        self.open_button.show()
        self.open_button.setFocus()

    def _open(self) -> None:
        if self._written is not None:
            self._session.open(self._written)

    def done(self, result: int) -> None:
        """Stop the thread, too."""
        self._job.close()
        super().done(result)


class OffsetsDialog(RemovalDialog):
    """The frame on display without the offsets of its rows or columns."""

    def __init__(
        self, parent: QWidget, session: Session, writer: FrameWriter, lines: Lines
    ) -> None:
        super().__init__(parent, session, writer, f"Offsets of whole {lines}")
        self._lines = lines
        self._destriping: Destriping | None = None
        n = 0 if session.state.frames is None else session.state.frames.n_frames
        say(
            self.text,
            f"The new file holds {counted(n, 'frame')} without these offsets, for measuring the"
            f" noise and for training. Each {lines[:-1]}'s grey level changes, and real structure"
            f" along {lines} becomes weaker: measure intensities on the raw file.",
        )
        session.frame_changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        state = self._session.state
        if state.frames is not None:
            known = self._destriping
            work = partial(_without_offsets, state.frames, state.frame, self._lines, known)
            self._job.run(work, self._show, self._session.report_error)

    def _show(self, made: _Destriped) -> None:
        # What it learned of the other frames serves the next one.
        self._destriping = made.destriping
        self.show_pictures(made.pictures)

    def _save(self) -> Save | None:
        from structmask_gui.io.corrected import save_destriped

        # What is shown is written, whatever has been measured by then.
        return partial(save_destriped, lines=self._lines)

    def _named(self, source: Path, folder: Path, mark: str) -> Path:
        from structmask_gui.io.corrected import destriped_path

        return destriped_path(source, folder, mark)


class CorrectionDialog(RemovalDialog):
    """The mean frame without what dark frames or an even field show.

    Parameters
    ----------
    files : mapping
        The files to begin with; the dialog keeps the chosen ones in it for the next time.
    """

    ONE_SCALE = False  # the level of the dark frames is subtracted

    def __init__(
        self,
        parent: QWidget,
        session: Session,
        writer: FrameWriter,
        files: dict[Calibration, Path],
    ) -> None:
        super().__init__(parent, session, writer, "Correct by dark frames or an even field")
        self._files = files
        self._correction: Correction | None = None
        self.rows: dict[Calibration, FileRow] = {}
        for number, (kind, (title, tip)) in enumerate(_ROWS.items()):
            row = self.rows[kind] = FileRow(kind, title, tip)
            row.folder = str(beside(session.state.paths))
            row.chosen.connect(self._choose)
            self.column.insertWidget(number, row)
        self._follow()

    def _choose(self, kind: Calibration, path: str | None) -> None:
        if path is None:
            self._files.pop(kind, None)
        else:
            self._files[kind] = Path(path)
        self._follow()

    def _follow(self) -> None:
        for kind, row in self.rows.items():
            path = self._files.get(kind)
            row.set_file(*(("",) if path is None else (path.name, str(path))))
        self._correction = None
        self.save_button.setEnabled(False)
        self.open_button.hide()
        self._say("")
        state = self._session.state
        if state.frames is None:
            return
        say(self.text, "Comparing…" if self._files else _ASK)
        channel = getattr(state.stack, "channel", None)
        work = partial(_compared, state.frames, state.files, channel, dict(self._files))
        self._job.run(work, self._show, self._on_failed)

    def _show(self, found: _Compared) -> None:
        self._correction = found.correction if found.correction.used else None
        # What would make the frames worse can be looked at, and not be saved.
        self.save_button.setEnabled(self._correction is not None and not found.said.harms)
        say(self.text, " ".join(found.said.sentences) or _ASK)
        self.show_pictures(found.pictures)

    def _on_failed(self, text: str) -> None:
        say(self.text, text)

    def _save(self) -> Save | None:
        if self._correction is None:
            return None
        files = tuple(self._files.values())
        return partial(_save_corrected, correction=self._correction, files=files)

    def _named(self, source: Path, folder: Path, mark: str) -> Path:
        from structmask_gui.io.corrected import corrected_path

        return corrected_path(source, folder, mark)


def _save_corrected(
    frames: Frames,
    *,
    path: Path,
    force: bool,
    task: Task,
    correction: Correction,
    files: tuple[Path, ...],
) -> Path:
    from structmask_gui.io.corrected import save_corrected
    from structmask_gui.io.files.atomic import check_no_input

    check_no_input(path, files)
    return save_corrected(frames, correction, path, force=force, task=task)


class _Compared(NamedTuple):
    correction: Correction
    said: Said
    pictures: _Pictures


class _Destriped(NamedTuple):
    destriping: Destriping
    pictures: _Pictures


def _without_offsets(
    frames: Frames, number: int, lines: Lines, known: Destriping | None, task: Task
) -> _Destriped:
    from structmask_gui.core.stack.destripe import Destriping

    made = known if known is not None and known.frames is frames else Destriping(frames, lines)
    recorded = frames.read(number).astype(np.float32)
    return _Destriped(
        made,
        (
            (f"Frame {number + 1}, as recorded", recorded),
            (f"Without the offsets of its {lines}", made.frame(number, task)),
        ),
    )


def _compared(
    frames: Frames,
    sources: Sequence[Path],
    channel: Channel | None,
    files: Mapping[Calibration, Path],
    task: Task,
) -> _Compared:
    from structmask_gui.core.stack.correction import mean_frame, said_of
    from structmask_gui.io.corrected import read_correction

    correction = read_correction(files, frames, sources=sources, channel=channel, task=task)
    mean = mean_frame(frames, task)
    said = said_of(mean, correction)
    pictures = [("Mean of the frames, as recorded", mean)]
    if correction.used:
        pictures.append(("Corrected", correction.applied(mean)))
    return _Compared(correction, said, tuple(pictures))

"""A frame as recorded and without the offsets of its lines, before all frames are written so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from structmask_gui.core.names import counted
from structmask_gui.core.progress import Task
from structmask_gui.gui.quality.destriping import Destriping
from structmask_gui.gui.quality.image_compare import ImageCompare, Picture
from structmask_gui.gui.session.worker import Job
from structmask_gui.gui.views.image.display import percentile_levels
from structmask_gui.gui.views.overlay import Veil
from structmask_gui.gui.widgets.dialogs import resize_for_text, without_icons
from structmask_gui.gui.widgets.labels import paragraph, say

if TYPE_CHECKING:
    from structmask_gui.core.stack.frames import Frames, Lines
    from structmask_gui.gui.session.session import Session

_SAVE, _OPEN = "Save the frames…", "Open the new file"


class _Shown(NamedTuple):
    frame: int
    recorded: NDArray[np.float32]
    without: NDArray[np.float32]


class RemovalDialog(QDialog):
    """Shows the frame on display both ways, and offers to write all frames."""

    def __init__(
        self,
        parent: QWidget,
        session: Session,
        lines: Lines,
        writer: Destriping,
        ask: Callable[[Lines], object],
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Offsets of whole {lines}")
        self._session, self._lines = session, lines
        self._job = Job("removal", session.bug.emit)
        self._written: Path | None = None
        self.panes = ImageCompare()
        self.panes.setAccessibleName("As recorded, and without the offsets")
        self.veil = Veil(self.panes)
        self.veil.set_placeholder("…")
        n = 0 if session.state.frames is None else session.state.frames.n_frames
        self.text = paragraph(
            f"The new file holds {counted(n, 'frame')} without these offsets, for measuring the"
            f" noise and for training. Each {lines[:-1]}'s grey level changes, and real structure"
            f" along {lines} becomes weaker: measure intensities on the raw file."
        )
        self.said = paragraph()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.save_button = self.buttons.addButton(_SAVE, QDialogButtonBox.ButtonRole.ActionRole)
        self.open_button = self.buttons.addButton(_OPEN, QDialogButtonBox.ButtonRole.ActionRole)
        self.open_button.hide()
        self.save_button.setDefault(True)
        self.save_button.setFocus()
        # What is shown is written, whatever has been measured by then.
        self.save_button.clicked.connect(lambda: ask(lines))
        self.open_button.clicked.connect(self._open)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.addWidget(self.panes, 1)
        layout.addWidget(self.text)
        layout.addWidget(self.said)
        layout.addWidget(self.buttons)
        self.said.hide()
        without_icons(self)
        resize_for_text(self, QSize(860, 560))
        writer.said.connect(self._say)
        writer.written.connect(self._on_written)
        session.frame_changed.connect(self._follow)
        session.stack_changed.connect(self.close)
        session.quality.closing.connect(self._job.close)
        self._follow()

    def _follow(self) -> None:
        state = self._session.state
        if state.frames is not None:
            work = partial(_both, state.frames, state.frame, self._lines)
            self._job.run(work, self._show, self._session.report_error)

    def _show(self, shown: _Shown) -> None:
        self.veil.set_placeholder("")
        levels = percentile_levels(shown.recorded)
        number = f"Frame {shown.frame + 1}"
        self.panes.set_pictures(
            (
                Picture(f"{number}, as recorded", shown.recorded, levels),
                Picture(f"Without the offsets of its {self._lines}", shown.without, levels),
            )
        )

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


def _both(frames: Frames, number: int, lines: Lines, _task: Task) -> _Shown:
    from structmask_gui.core.stack.destripe import destriped_frame

    recorded = frames.read(number).astype(np.float32)
    return _Shown(number, recorded, destriped_frame(frames, number, lines))

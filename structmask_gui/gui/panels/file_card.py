"""The card of a file: thumbnail, facts, and the choice of series, axes and channel."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
)

from structmask_gui.core.names import counted
from structmask_gui.core.progress import Task
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.worker import BUG, Job
from structmask_gui.gui.widgets.inputs import Choice
from structmask_gui.io.stack.axes import shape_text
from structmask_gui.io.stack.info import StackInfo

_PICTURE = 88
_BESIDE = 230


class FileCard(QFrame):
    """What the selected file holds; its series, axes and channel can be corrected."""

    open_requested = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._paths: list[str] = []
        self._preview: Any = None
        self._job = Job("thumbnail", session.bug.emit)
        self.picture = QLabel()
        self.picture.setFixedSize(_PICTURE, _PICTURE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setAccessibleName("Thumbnail")
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.facts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.series = Choice()
        self.series.setToolTip("The file holds several images; choose one.")
        self.series.activated.connect(self._on_series)
        self.axes = QLineEdit()
        self.axes.setToolTip(
            "A letter for each dimension: Y rows, X columns, T time, Z depth, C channel, S colour,"
            " Q any other. Correct it if the file says it wrongly."
        )
        self.axes.editingFinished.connect(self._on_axes)
        self.channel = Choice()
        self.channel.setToolTip("Which channel is measured.")
        self.channel.activated.connect(self._on_choice)
        self.open = QPushButton("Open")
        self.open.setToolTip("Open this file with the choices above and measure it")
        self.open.clicked.connect(self.open_requested)
        self._given: dict[str, Any] = {}

        self._top = top = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        top.setSpacing(4)
        top.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.facts, 1)
        self._form = QFormLayout()
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setSpacing(4)
        self._form.addRow("Series", self.series)
        self._form.addRow("Axes", self.axes)
        self._form.addRow("Channel", self.channel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addLayout(top)
        layout.addLayout(self._form)
        layout.addWidget(self.open)
        session.stack_changed.connect(self._on_stack)
        self._show_nothing("Select an image to see what it holds.")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the facts beside the picture where there is room for them."""
        super().resizeEvent(event)
        wide = self.width() >= _BESIDE
        way = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._top.direction() != way:
            self._top.setDirection(way)

    def choices(self) -> dict[str, Any]:
        """Return the series, axes and channel that were chosen by hand for the selected file."""
        return dict(self._given)

    def show_files(self, paths: list[str]) -> None:
        """Look at the selected files."""
        if paths == self._paths:
            return
        self._paths = paths
        self._given = {}
        if len(paths) == 1:
            if self._is_open():
                self._given = dict(self._session.state.open_choices)
            self._look()
        elif paths:
            self._show_nothing(f"{len(paths)} files, measured together and averaged.")
            self._update_several()
        else:
            self._show_nothing("Select an image to see what it holds.")

    def _is_open(self) -> bool:
        return self._open_files() == [Path(path).resolve() for path in self._paths]

    def _look(self) -> None:
        work = partial(_preview, Path(self._paths[0]), dict(self._given))
        self._job.run(work, self._show, self._on_failed)

    def _on_failed(self, text: str) -> None:
        if text == BUG:
            self._show_nothing(text)
            return
        self._preview = None
        self.picture.clear()
        self.facts.setText(text)
        # The axes can still be corrected, which may be all that is wrong.
        self._form.setRowVisible(self.axes, True)
        self.open.setEnabled(bool(self._given))

    def _show(self, preview: Any) -> None:
        self._preview = preview
        info = preview.info
        height, width = preview.picture.shape
        image = QImage(
            preview.picture.tobytes(), width, height, width, QImage.Format.Format_Grayscale8
        )
        self.picture.setPixmap(
            QPixmap.fromImage(image).scaled(
                _PICTURE,
                _PICTURE,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        )
        rows, columns = info.frame_shape
        self.facts.setText(
            f"{info.kind}\n{counted(info.n_frames, 'frame')} of {columns} × {rows} px\n"
            f"{info.axes} {shape_text(info.shape)}, {info.dtype}"
        )
        self.facts.setToolTip("\n".join(f"{name}: {text}" for name, text in info.rows()))
        self.series.fill(series_of(info), info.series_index)
        self._form.setRowVisible(self.series, len(info.series) > 1)
        self.axes.setText(info.axes)
        self._form.setRowVisible(self.axes, True)
        self.channel.fill(preview.choices, info.channel)
        self._form.setRowVisible(self.channel, len(preview.choices) > 1)
        self._update_button()

    def _show_nothing(self, text: str) -> None:
        self._preview = None
        self.picture.clear()
        self.facts.setText(text)
        self.facts.setToolTip("")
        for field in (self.series, self.axes, self.channel):
            self._form.setRowVisible(field, False)
        self.open.setText("Open")
        self.open.setEnabled(False)

    def _update_button(self) -> None:
        same = self._is_open() and self._given == self._session.state.open_choices
        others = len(self._session.state.paths) - 1
        if others > 0 and Path(self._paths[0]).resolve() in self._open_files():
            self.open.setText(f"Open alone (now with {others} more)")
        else:
            self.open.setText("This is open" if same else "Apply" if self._is_open() else "Open")
        self.open.setEnabled(not same)

    def _update_several(self) -> None:
        same = self._is_open()
        count = len(self._paths)
        self.open.setText("These are open" if same else f"Open {count} files, averaged")
        self.open.setEnabled(not same)

    def _open_files(self) -> list[Path]:
        return [path.resolve() for path in self._session.state.paths]

    def _on_stack(self) -> None:
        opened = dict(self._session.state.open_choices)
        if len(self._paths) == 1 and self._is_open() and self._given != opened:
            # Chosen elsewhere in the window; what is open is shown everywhere alike.
            self._given = opened
            self._look()
        elif self._preview is not None:
            self._update_button()
        elif len(self._paths) > 1:
            self._update_several()

    def _on_series(self) -> None:
        self._given = {"series": self.series.currentData()}
        self._look()

    def _on_axes(self) -> None:
        text = self.axes.text().strip().upper()
        present = self._preview.info.axes if self._preview is not None else ""
        if len(self._paths) == 1 and text and text != present:
            self._given["axes"] = text
            self._given.pop("channel", None)
            self._look()

    def _on_choice(self) -> None:
        self._given["channel"] = self.channel.currentData()
        self._look()

    def stop(self) -> None:
        """Stop the thread."""
        self._job.close()


def series_of(info: StackInfo) -> list[tuple[int, str]]:
    """Return the series of a file, each with what is said of it where one is chosen."""
    named = ((one, f" {one.name}" if one.name else "") for one in info.series)
    return [(one.index, f"{one.index}{name}: {shape_text(one.shape)}") for one, name in named]


def _preview(path: Path, choices: dict[str, Any], task: Task) -> Any:
    from structmask_gui.gui.session.stack_info import preview

    return preview(path, choices, task)

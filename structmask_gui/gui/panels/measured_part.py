"""Which part of the stack is measured: a range of frames and an ROI, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from structmask_gui.core.stack.frames import FrameRange, Region
from structmask_gui.gui.widgets.inputs import NumberBox, ResetButton

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session


class MeasuredPartPanel(QWidget):
    """Boxes for the frames (from 1, the last included) and the ROI.

    The ROI can be drawn in the image, too; this is for the keyboard and for exact numbers.
    """

    frames_chosen = Signal(object)  # FrameRange, or None for all frames
    region_chosen = Signal(object)  # Region, or None for the whole image

    def __init__(self) -> None:
        super().__init__()
        self._n_frames = 0
        self._shape = (0, 0)
        self.first = self._box("First frame", "first frame that is measured")
        self.last = self._box("Last frame", "last frame that is measured")
        self.step = self._box("Every n-th frame", "1 takes every frame, 2 every other, and so on")
        self.left = self._box("Left", "x of the ROI's left column, from 0")
        self.top = self._box("Top", "y of the ROI's top row, from 0")
        self.width_box = self._box("Width", "width of the ROI in pixels")
        self.height_box = self._box("Height", "height of the ROI in pixels")
        self.all_frames = ResetButton("frames", "all frames")
        self.whole_image = ResetButton("ROI", "the whole image")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 1, 0, 1)
        grid.setHorizontalSpacing(2)
        grid.setVerticalSpacing(3)
        self._row(
            grid, 0, "Frames", (self.first, "to", self.last, "every", self.step), self.all_frames
        )
        self._row(grid, 1, "Corner", ("x", self.left, "y", self.top), None)
        self._row(grid, 2, "Size", ("w", self.width_box, "h", self.height_box), self.whole_image)
        for box in (self.first, self.last, self.step):
            box.valueChanged.connect(self._on_frames)
        for box in (self.left, self.top, self.width_box, self.height_box):
            box.valueChanged.connect(self._on_region)
        self.all_frames.clicked.connect(self._on_all_frames)
        self.whole_image.clicked.connect(self._on_whole_image)
        self.set_stack(0, (0, 0))

    def connect_session(self, session: Session) -> None:
        """Show what a session measures, and set it."""
        self._session = session
        self.frames_chosen.connect(session.edits.set_frame_range)
        self.region_chosen.connect(session.edits.set_region)
        session.stack_changed.connect(self._follow)
        session.frame_range_changed.connect(self._follow)
        session.region_changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        frames = self._session.state.frames
        if frames is None:
            self.set_stack(0, (0, 0))
            return
        self.set_stack(frames.n_frames, frames.frame_shape)
        self.set_frames(self._session.state.frame_range)
        self.set_region(self._session.state.region)

    # --- what is shown ------------------------------------------------------------------------

    def set_stack(self, n_frames: int, shape: tuple[int, int]) -> None:
        """Prepare for a stack of so many frames of a height and width; 0 frames for none."""
        self._n_frames, self._shape = n_frames, shape
        self.setEnabled(n_frames > 0)
        height, width = shape
        for box, low, high in (
            (self.first, 1, n_frames),
            (self.last, 1, n_frames),
            (self.step, 1, n_frames),
            (self.left, 0, width - 1),
            (self.top, 0, height - 1),
            (self.width_box, 1, width),
            (self.height_box, 1, height),
        ):
            with QSignalBlocker(box):
                box.setRange(low, max(low, high))
        self.set_frames(None)
        self.set_region(None)

    def set_frames(self, chosen: FrameRange | None) -> None:
        """Show a range of frames, without a signal; None for all."""
        self.all_frames.setEnabled(chosen is not None)
        start, stop, step = chosen or (0, self._n_frames, 1)
        _show(((self.first, start + 1), (self.last, stop), (self.step, step)))

    def set_region(self, region: Region | None) -> None:
        """Show an ROI, without a signal; None for the whole image."""
        self.whole_image.setEnabled(region is not None)
        y0, y1, x0, x1 = region or (0, self._shape[0], 0, self._shape[1])
        _show(
            ((self.left, x0), (self.top, y0), (self.width_box, x1 - x0), (self.height_box, y1 - y0))
        )

    # --- what the user does -------------------------------------------------------------------

    def _on_frames(self) -> None:
        first, last = round(self.first.value()), round(self.last.value())
        # The box that was changed wins; the other gives way.
        if last < first:
            if self.sender() is self.first:
                last = first
            else:
                first = last
        chosen = FrameRange(first - 1, last, round(self.step.value()))
        everything = chosen == FrameRange(0, self._n_frames, 1)
        self.set_frames(None if everything else chosen)
        self.frames_chosen.emit(None if everything else chosen)

    def _on_region(self) -> None:
        height, width = self._shape
        x, y = round(self.left.value()), round(self.top.value())
        x1 = min(width, x + round(self.width_box.value()))
        y1 = min(height, y + round(self.height_box.value()))
        region = Region(y, y1, x, x1)
        everything = region == Region(0, height, 0, width)
        self.set_region(None if everything else region)
        self.region_chosen.emit(None if everything else region)

    def _on_all_frames(self) -> None:
        self.set_frames(None)
        self.frames_chosen.emit(None)

    def _on_whole_image(self) -> None:
        self.set_region(None)
        self.region_chosen.emit(None)

    # --- making -------------------------------------------------------------------------------

    def _box(self, name: str, explanation: str) -> NumberBox:
        box = NumberBox(0, 1, 1, whole=True)
        box.setMinimumWidth(box.fontMetrics().horizontalAdvance("0000") + 14)
        box.setAccessibleName(name)
        box.setToolTip(explanation[:1].upper() + explanation[1:] + ".")
        return box

    def _row(
        self,
        grid: QGridLayout,
        row: int,
        text: str,
        parts: tuple[NumberBox | str, ...],
        reset: QToolButton | None,
    ) -> None:
        label = QLabel(text)
        first = next(part for part in parts if isinstance(part, NumberBox))
        label.setBuddy(first)
        grid.addWidget(label, row, 0)
        # Boxes stand in the odd columns, below each other; the words between them.
        column = 1 if isinstance(parts[0], str) else 2
        for part in parts:
            grid.addWidget(QLabel(part) if isinstance(part, str) else part, row, column)
            column += 1
        grid.setColumnStretch(2, 1)
        grid.setColumnStretch(4, 1)
        grid.setColumnStretch(6, 1)
        if reset is not None:
            grid.addWidget(reset, row, 7)


def _show(values: tuple[tuple[NumberBox, int], ...]) -> None:
    for box, value in values:
        with QSignalBlocker(box):
            box.setValue(value)

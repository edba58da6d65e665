"""The slider below the image that chooses the frame."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from structmask_gui.gui.widgets.inputs import Slider
from structmask_gui.gui.widgets.toast import FRAME_BAR

_LEAST_SLIDER = 80


class _FrameSlider(Slider):
    """Stands below a picture, where nothing else scrolls."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Go on by frames."""
        QSlider.wheelEvent(self, event)


class FrameBar(QWidget):
    """A slider over the frames, and which of how many is on display; hidden for a single one."""

    frame_requested = Signal(int)  # counted from 0

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName(FRAME_BAR)
        self._place_of: Callable[[int], str] | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 4)
        self.caption = caption = QLabel("Frame")
        self.slider = _FrameSlider()
        self.slider.setAccessibleName("Frame")
        self.slider.setToolTip("Frame on display. In the image: arrow keys, Home, End.")
        caption.setBuddy(self.slider)
        self.label = QLabel()
        layout.addWidget(caption)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.label)
        self.slider.valueChanged.connect(self._on_slid)
        self.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the word away where there is no room for it: numbers and slider say the same."""
        super().resizeEvent(event)
        needed = self.caption.sizeHint().width() + self.label.minimumWidth() + _LEAST_SLIDER
        self.caption.setVisible(self.width() >= needed)

    @property
    def frame(self) -> int:
        """Number of the frame that the slider stands at, from 0."""
        return self.slider.value()

    def set_frames(self, n_frames: int, place_of: Callable[[int], str] | None = None) -> None:
        """Offer so many frames and go to the first, without a signal.

        ``place_of`` says of a frame where it lies along the axes.
        """
        self._place_of = place_of
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, n_frames - 1))
        self.slider.setValue(0)
        self.slider.setPageStep(max(1, n_frames // 10))
        self.slider.blockSignals(False)
        self.setVisible(n_frames > 1)
        self._say()

    def set_frame(self, frame: int) -> None:
        """Go to a frame, without a signal."""
        self.slider.blockSignals(True)
        self.slider.setValue(frame)
        self.slider.blockSignals(False)
        self._say()

    def step_for(self, key: Qt.Key) -> int | None:
        """Return how many frames a key goes on, or None if it is no such key."""
        last, page = self.slider.maximum(), self.slider.pageStep()
        return {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Home: -last,
            Qt.Key.Key_End: last,
        }.get(key)

    def step(self, frames: int) -> None:
        """Go on by so many frames, as far as there are."""
        self.slider.setValue(self.slider.value() + frames)

    def _on_slid(self, frame: int) -> None:
        self._say()
        self.frame_requested.emit(frame)

    def _say(self) -> None:
        last = self.slider.maximum()
        self.label.setText(self._called(self.slider.value(), last))
        longest = self.label.fontMetrics().horizontalAdvance(self._called(last, last))
        self.label.setMinimumWidth(longest)

    def _called(self, frame: int, last: int) -> str:
        place = "" if self._place_of is None else self._place_of(frame)
        return f"{frame + 1} / {last + 1}" + (f" ({place})" if place else "")

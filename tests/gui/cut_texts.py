"""What a reader of the window could not read: texts that do not fit where they stand."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPicture
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QProgressBar,
    QScrollArea,
    QTabBar,
    QToolButton,
    QWidget,
)

from structmask_gui.gui.style.colours import smaller
from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.widgets.eliding_label import ElidingLabel


def cut_texts(window: QWidget) -> Iterator[str]:
    """Yield the visible texts that do not fit their widgets; names of files may be elided."""
    for label in window.findChildren(QLabel):
        if label.text() and is_seen(label) and is_cut(label):
            yield f"label {label.text()}"
    for button in window.findChildren(QAbstractButton):
        if button.text() and is_seen(button) and is_squeezed(button):
            yield f"button {button.text()}"
    yield from cut_tabs(window)
    yield from cut_values(window)
    for view in window.findChildren(PictureView):
        if is_seen(view.canvas):
            yield from (f"{view.title}, axis {text}" for text in missing_numbers(view))
            yield from (f"{view.title}, legend {text}" for text in cut_entries(view))
    # Beyond the right edge of what scrolls only up and down.
    for area in window.findChildren(QScrollArea):
        inner = area.widget()
        if inner is not None and is_seen(area) and inner.width() > area.viewport().width():
            yield f"in a narrow panel: {area.parent()}"


def is_seen(widget: QWidget) -> bool:
    return not widget.visibleRegion().isEmpty()


def cut_tabs(window: QWidget) -> Iterator[str]:
    for bar in window.findChildren(QTabBar):
        seen = range(bar.count()) if is_seen(bar) else ()
        for number in filter(bar.isTabVisible, seen):
            needed = bar.fontMetrics().horizontalAdvance(bar.tabText(number))
            if needed > bar.tabRect(number).width():
                yield f"tab {bar.tabText(number)}"


def cut_values(window: QWidget) -> Iterator[str]:
    """Yield what does not fit into boxes and progress bars."""
    for box in filter(is_seen, window.findChildren(QComboBox)):
        text = box.currentText()
        if box.fontMetrics().horizontalAdvance(text) > box.width() - 24:
            yield f"choice {text}"
    for bar in filter(is_seen, window.findChildren(QProgressBar)):
        if bar.fontMetrics().horizontalAdvance(bar.text()) > bar.width() - 4:
            yield f"progress {bar.text()}"


def missing_numbers(view: PictureView) -> Iterator[str]:
    """Yield the numbers of a view's axes that have a tick, but were not drawn."""
    for axis in (view.left, view.bottom):
        if not axis.isVisible():
            continue
        length = axis.geometry().height() if axis is view.left else axis.geometry().width()
        low, high = axis.range
        inside = [
            value
            for _, values in axis.tickValues(low, high, length)
            for value in values
            if abs(value - low) > 0.02 * abs(high - low) < 50 * abs(high - value)
        ]
        painter = QPainter(QPicture())
        drawn = [text for _, _, text in axis.generateDrawSpecs(painter)[2]]
        painter.end()
        wanted = axis.tickStrings(inside, 1.0, abs(inside[1] - inside[0]) if inside[1:] else 0.0)
        yield from (text for text in wanted if text not in drawn)


def cut_entries(view: PictureView) -> Iterator[str]:
    """Yield the words of a view's legend that go on beyond its edge."""
    legend = view.legend
    if legend.visibleRegion().isEmpty():
        return
    metrics = QFontMetricsF(smaller(legend.font()))
    places = legend._places(legend.width(), column=legend._column)
    for text, (x, y) in zip(legend.texts, places, strict=True):
        right = x + 23 + metrics.horizontalAdvance(text)
        if right > legend.width() + 1 or y + metrics.height() > legend.height() + 1:
            yield text


def is_cut(label: QLabel) -> bool:
    if isinstance(label, ElidingLabel):
        return label.is_cut and label._mode == Qt.TextElideMode.ElideRight
    if label.wordWrap():
        return label.heightForWidth(label.width()) > label.height() + 1
    return label.sizeHint().width() > label.width() + 1


def is_squeezed(button: QAbstractButton) -> bool:
    metrics = button.fontMetrics()
    if button.height() < metrics.height():
        return True
    if isinstance(button, QToolButton):
        only = button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly
        if only and not button.icon().isNull():
            return False
    return metrics.horizontalAdvance(button.text().replace("&", "")) > button.width()

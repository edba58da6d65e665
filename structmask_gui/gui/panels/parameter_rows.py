"""A row of the panel for each kind of parameter, made from its `ParameterInfo`."""

from __future__ import annotations

import html
from typing import Any

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.core.parameters.info import ParameterInfo
from structmask_gui.core.parameters.labels import LONGEST_NAME, choice_text, value_text
from structmask_gui.gui.style.colours import mixed, smaller
from structmask_gui.gui.widgets.inputs import Choice, NumberBox, ResetButton, Slider


def tooltip(info: ParameterInfo) -> str:
    """Return all that is known of a parameter, as rich text."""
    about = info.about
    lines = [f"<b>{html.escape(about.label)}</b> <code>{info.name}</code>"]
    lines.append(html.escape(about.help))
    if about.more:
        lines.append(f"<b>More:</b> {html.escape(about.more)}")
    if about.less:
        lines.append(f"<b>Less:</b> {html.escape(about.less)}")
    lines += [html.escape(meaning) for _, meaning in about.choices]
    if info.kind in ("int", "float"):
        unit = f" {about.unit}" if about.unit else ""
        accepted = f"{info.lowest:g} to {info.highest:g}{unit}"
        if info.optional:
            accepted += ", or no limit"
        lines.append(f"Accepted: {accepted}.")
    lines.append(f"Default: {html.escape(value_text(info, info.default))}.")
    return "<qt>" + "".join(f"<p>{line}</p>" for line in lines) + "</qt>"


class Caption(QLabel):
    """Small, quiet text below a row, in as many lines as it needs."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setFont(smaller(self.font()))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.restyle()
        self.hide()

    def restyle(self) -> None:
        """Take the colour from the application's palette."""
        palette = QPalette()
        window = palette.color(QPalette.ColorRole.Window)
        quiet = mixed(window, palette.color(QPalette.ColorRole.WindowText), 0.65)
        own = self.palette()
        for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
            own.setColor(group, QPalette.ColorRole.WindowText, quiet)
        own.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText, quiet)
        self.setPalette(own)

    def say(self, text: str) -> None:
        """Show a text, or nothing."""
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(text))


class ParameterRow(QWidget):
    """The part that all rows share: label, reset button, caption, reason."""

    changed = Signal(str, object)  # name and new value
    drag_started = Signal(str)
    drag_ended = Signal(str)

    def __init__(self, info: ParameterInfo) -> None:
        super().__init__()
        self.info = info
        self.value: Any = info.default  # the value on display
        self.reason = ""  # why it has no effect now; empty when it has one
        self._tooltip = tooltip(info)
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 1, 0, 1)
        self.grid.setHorizontalSpacing(6)
        self.grid.setVerticalSpacing(1)
        self.grid.setColumnStretch(2, 1)
        self.label = QLabel(info.about.label)
        self._default: Any = info.default
        self.reset = ResetButton(info.about.label, value_text(info, info.default))
        self.reset.clicked.connect(self._on_reset)
        self.caption = Caption()
        self.grid.addWidget(self.reset, 0, 1)
        self.grid.addWidget(self.caption, 3, 0, 1, 4)
        self.setToolTip(self._tooltip)

    def inputs(self) -> tuple[QWidget, ...]:
        """Return the widgets that set the value."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        if value == self.value and type(value) is type(self.value):
            return
        self.value = value
        self._show(value)
        self._update_reset()

    def _show(self, value: Any) -> None:
        raise NotImplementedError

    def set_default(self, value: Any) -> None:
        """Take the value that the reset button puts back; it may depend on the method."""
        if value != self._default:
            self._default = value
            self.reset.set_default(value_text(self.info, value))
            self._update_reset()

    def set_reason(self, reason: str | None) -> None:
        """Disable the row with the reason why it has no effect, or enable it with None."""
        reason = reason or ""
        if reason == self.reason:
            return
        self.reason = reason
        for widget in (self.label, *self.inputs()):
            widget.setEnabled(not reason)
        self._update_caption()
        text = html.escape(reason)
        self.setToolTip(
            f"<qt><b>No effect now:</b> {text}</qt>{self._tooltip}" if text else self._tooltip
        )

    def _update_caption(self) -> None:
        self.caption.say(self.reason)

    def _update_reset(self) -> None:
        self.reset.setEnabled(self.value != self._default)

    def _accept(self, value: Any) -> None:
        """Take over what the user set."""
        if value != self.value:
            self.value = value
            self._show(value)
            self._update_reset()
            self.changed.emit(self.info.name, value)

    def _on_reset(self) -> None:
        self._accept(self._default)


class BoolRow(ParameterRow):
    """A check box."""

    def __init__(self, info: ParameterInfo) -> None:
        super().__init__(info)
        self.check = QCheckBox(info.about.label)
        self.check.setChecked(bool(info.default))
        self.label.hide()
        self.grid.addWidget(self.check, 0, 0)
        self.check.toggled.connect(self._accept)

    def inputs(self) -> tuple[QWidget, ...]:
        """Return the check box."""
        return (self.check,)

    def _show(self, value: Any) -> None:
        with QSignalBlocker(self.check):
            self.check.setChecked(bool(value))


class ChoiceRow(ParameterRow):
    """A combo box, with what the present choice means below it."""

    def __init__(self, info: ParameterInfo) -> None:
        super().__init__(info)
        self.combo = Choice()
        self.combo.setAccessibleName(info.about.label)
        for number, (value, meaning) in enumerate(info.about.choices):
            self.combo.addItem(choice_text(info, value), value)
            self.combo.setItemData(number, meaning, Qt.ItemDataRole.ToolTipRole)
        self.label.setBuddy(self.combo)
        self.grid.addWidget(self.label, 0, 0)
        self.grid.addWidget(self.combo, 0, 2, 1, 2)
        self._show(info.default)
        self.combo.activated.connect(self._on_activated)

    def inputs(self) -> tuple[QWidget, ...]:
        """Return the combo box."""
        return (self.combo,)

    def set_unavailable(self, reasons: dict[str, str]) -> None:
        """Disable some choices, each with a sentence why."""
        for number, (value, meaning) in enumerate(self.info.about.choices):
            item: Any = self.combo.model()
            item = item.item(number)
            item.setEnabled(value not in reasons)
            item.setToolTip(reasons.get(value, meaning))

    def _show(self, value: Any) -> None:
        self.combo.setCurrentIndex(self.combo.findData(value))
        self._update_caption()

    def _update_caption(self) -> None:
        meaning = dict(self.info.about.choices).get(self.value, "")
        name, colon, rest = meaning.partition(":")
        if colon and len(name) <= LONGEST_NAME:
            meaning = rest.strip()[:1].upper() + rest.strip()[1:]
        self.caption.say(self.reason or meaning)

    def _on_activated(self, number: int) -> None:
        self._accept(self.combo.itemData(number))


class SwitchRow(ParameterRow):
    """A few choices below each other, each one click away, and what the present one means."""

    def __init__(self, info: ParameterInfo) -> None:
        self.buttons: dict[str, QPushButton] = {}
        super().__init__(info)
        self.label.hide()
        self.reset.hide()
        lines = QVBoxLayout()
        lines.setSpacing(2)
        for value, meaning in info.about.choices:
            button = QPushButton(choice_text(info, value))
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.setToolTip(meaning)
            button.setProperty("value", value)
            button.clicked.connect(self._on_clicked)
            lines.addWidget(button)
            self.buttons[value] = button
        self.grid.addLayout(lines, 0, 0, 1, 4)
        self._show(info.default)

    def inputs(self) -> tuple[QWidget, ...]:
        """Return the buttons."""
        return tuple(self.buttons.values())

    def _show(self, value: Any) -> None:
        self.buttons[value].setChecked(True)
        for other, button in self.buttons.items():
            font = button.font()
            font.setBold(other == value)
            button.setFont(font)
        self._restyle()
        self._update_caption()

    def _restyle(self) -> None:
        """Give the chosen button the colours of a selection, which a dark theme needs."""
        for button in self.buttons.values():
            palette = QPalette()
            if button.isChecked():
                for own, other in (
                    (QPalette.ColorRole.Button, QPalette.ColorRole.Highlight),
                    (QPalette.ColorRole.ButtonText, QPalette.ColorRole.HighlightedText),
                ):
                    palette.setColor(own, palette.color(other))
            button.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.buttons:
            self._restyle()

    def _update_caption(self) -> None:
        meaning = dict(self.info.about.choices)[self.value]
        rest = meaning.partition(":")[2].strip()
        self.caption.say(self.reason or rest[:1].upper() + rest[1:])

    def _on_clicked(self) -> None:
        self._accept(self.sender().property("value"))


class NumberRow(ParameterRow):
    """A box that takes every accepted number, and below it a slider over the useful range."""

    def __init__(self, info: ParameterInfo) -> None:
        super().__init__(info)
        assert info.lowest is not None
        assert info.highest is not None
        about = info.about
        whole = info.kind == "int"
        self._low, high = about.slider or (info.lowest, info.highest)
        self._step = about.step
        self._last = info.default if info.default is not None else (round(high) if whole else high)
        self.slider = Slider()
        self.slider.setRange(0, round((high - self._low) / self._step))
        self.slider.setPageStep(max(1, self.slider.maximum() // 10))
        self.slider.setAccessibleName(about.label)
        # A long unit is a word that the label says already.
        unit = about.unit if len(about.unit) <= 2 else ""
        self.box = NumberBox(
            info.lowest,
            info.highest,
            self._step,
            whole=whole,
            unit=unit,
            lowest_word=about.lowest_word,
        )
        self.box.setAccessibleName(about.label)
        self.label.setBuddy(self.box)
        self.grid.addWidget(self.label, 0, 0)
        self.grid.addWidget(self.box, 0, 3)
        self.grid.addWidget(self.slider, 1, 0, 1, 4)
        self.no_limit: QCheckBox | None = None
        if info.optional:
            self.no_limit = QCheckBox("no limit")
            self.no_limit.setAccessibleName(f"{about.label}: no limit")
            self.grid.addWidget(self.no_limit, 2, 0, 1, 4)
            self.no_limit.toggled.connect(self._on_no_limit)
        self._show(info.default)
        self.slider.valueChanged.connect(self._on_slid)
        self.slider.sliderPressed.connect(self._on_pressed)
        self.slider.sliderReleased.connect(self._on_released)
        self.box.valueChanged.connect(self._on_typed)

    def inputs(self) -> tuple[QWidget, ...]:
        """Return slider, box and, for an optional number, the check box."""
        if self.no_limit is None:
            return (self.slider, self.box)
        return (self.slider, self.box, self.no_limit)

    def set_reason(self, reason: str | None) -> None:
        """Disable the row with the reason why it has no effect, or enable it with None."""
        super().set_reason(reason)
        self._update_limit()

    def _show(self, value: Any) -> None:
        if value is not None:
            self._last = value
            position = round((value - self._low) / self._step)
            with QSignalBlocker(self.slider):
                self.slider.setValue(min(max(position, 0), self.slider.maximum()))
        # Without a value: what unchecking "no limit" will give.
        with QSignalBlocker(self.box):
            self.box.setValue(self._last)
        self._update_limit()

    def _update_limit(self) -> None:
        if self.no_limit is None:
            return
        with QSignalBlocker(self.no_limit):
            self.no_limit.setChecked(self.value is None)
        limited = self.value is not None and not self.reason
        self.slider.setEnabled(limited)
        self.box.setEnabled(limited)

    def _number(self, value: float) -> int | float:
        return round(value) if self.info.kind == "int" else round(value, 9)

    def _on_slid(self, position: int) -> None:
        self._accept(self._number(self._low + position * self._step))

    def _on_typed(self, value: float) -> None:
        self._accept(self._number(value))

    def _on_no_limit(self, checked: bool) -> None:
        self._accept(None if checked else self._last)

    def _on_pressed(self) -> None:
        self.drag_started.emit(self.info.name)

    def _on_released(self) -> None:
        self.drag_ended.emit(self.info.name)


def make_row(info: ParameterInfo) -> ParameterRow:
    """Return the row that suits a parameter."""
    if info.kind == "bool":
        return BoolRow(info)
    if info.name == "method":
        return SwitchRow(info)
    if info.kind == "choice":
        return ChoiceRow(info)
    return NumberRow(info)

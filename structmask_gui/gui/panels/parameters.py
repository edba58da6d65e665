"""The panel of all parameters, made from `core.parameters`, and of the part that is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from structmask_gui.core.effects import why_without_effect
from structmask_gui.core.parameters import Parameters, parameter_infos
from structmask_gui.gui.panels.measured_part import MeasuredPart
from structmask_gui.gui.panels.parameter_rows import ChoiceRow, Row, make_row
from structmask_gui.gui.panels.section import Section

if TYPE_CHECKING:
    from structmask_gui.gui.session import Session

_WIDEST_LABEL = 130


class ParametersPanel(QWidget):
    """Every parameter in a row, in foldable groups.

    Parameters
    ----------
    session : Session, optional
        The panel shows its parameters and sets them. Without one, connect the signals.

    Signals
    -------
    changed(str, object)
        The person changed a parameter: its name and new value. A drag emits at every step.
    drag_started(str), drag_ended(str)
        The handle of a parameter's slider was taken, and let go.
    """

    changed = Signal(str, object)
    drag_started = Signal(str)
    drag_ended = Signal(str)

    def __init__(self, session: Session | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, Row] = {}
        self.sections: dict[str, Section] = {}
        self._parameters = Parameters()
        self._without_effect: set[str] = set()
        self._body = QWidget()
        self._groups = QVBoxLayout(self._body)
        self._groups.setContentsMargins(4, 4, 4, 4)
        self._groups.setSpacing(4)
        for name, info in parameter_infos().items():
            group = info.about.group
            if group not in self.sections:
                self.sections[group] = Section(group)
                self._groups.addWidget(self.sections[group])
            row = make_row(info)
            row.changed.connect(self._on_changed)
            row.drag_started.connect(self.drag_started)
            row.drag_ended.connect(self.drag_ended)
            self.sections[group].rows.addWidget(row)
            self.rows[name] = row
        self.measured_part = MeasuredPart()
        self.measured_section = Section("Measured part")
        self.measured_section.rows.addWidget(self.measured_part)
        # Above the patches, which are laid over what is chosen here.
        self._groups.insertWidget(1, self.measured_section)
        self._groups.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self._body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.area)
        self._align()
        self._update_effects()
        if session is not None:
            self.changed.connect(session.set_parameter)
            session.parameters_changed.connect(self.set_parameters)
            self.set_parameters(session.parameters)
            self.measured_part.connect_session(session)
        else:
            self.measured_section.hide()

    @property
    def parameters(self) -> Parameters:
        """The parameters on display."""
        return self._parameters

    def set_parameters(self, parameters: Parameters) -> None:
        """Show other parameters, without a signal."""
        if parameters == self._parameters:
            return
        self._parameters = parameters
        for name, row in self.rows.items():
            row.set_value(getattr(parameters, name))
        self._update_effects()

    def set_unavailable(self, name: str, reasons: dict[str, str]) -> None:
        """Disable some choices of a parameter, each with a sentence why."""
        row = self.rows[name]
        if not isinstance(row, ChoiceRow):
            raise TypeError(f"{name} has no choices")
        row.set_unavailable(reasons)

    def set_hidden(self, names: set[str]) -> None:
        """Leave out the rows of some parameters, and groups that have none left."""
        for name, row in self.rows.items():
            row.setVisible(name not in names)
        for group, section in self.sections.items():
            section.setVisible(bool(self._names(group) - names))

    def _names(self, group: str) -> set[str]:
        return {name for name, info in parameter_infos().items() if info.about.group == group}

    def _on_changed(self, name: str, value: Any) -> None:
        self._parameters = self._parameters.changed({name: value})
        self._update_effects()
        self.changed.emit(name, value)

    def _update_effects(self) -> None:
        reasons = {name: why_without_effect(name, self._parameters) for name in self.rows}
        without = {name for name, reason in reasons.items() if reason}
        for group, section in self.sections.items():
            names = self._names(group)
            idle = names <= without
            was_idle = names <= self._without_effect
            for name in names:
                self.rows[name].set_reason(reasons[name])
            if idle != was_idle:
                section.set_open(not idle)
            if idle:
                shared = sorted({reasons[name] or "" for name in names})
                section.set_note("not in use", " ".join(shared))
            else:
                section.set_note("")
        self._without_effect = without

    # --- looks --------------------------------------------------------------------------------

    def _align(self) -> None:
        """Give all labels the same width, so that sliders start below each other."""
        metrics = self.fontMetrics()
        labels = [row.label for row in self.rows.values() if row.grid.indexOf(row.label) >= 0]
        widest = max(metrics.horizontalAdvance(label.text()) for label in labels) + 2
        boxes = [row.box for row in self.rows.values() if hasattr(row, "box")]
        box_width = max(box.sizeHint().width() for box in boxes)
        for label in labels:
            label.setFixedWidth(min(widest, _WIDEST_LABEL))
        for box in boxes:
            box.setFixedWidth(box_width)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the palette or font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._align()
        elif event.type() == QEvent.Type.PaletteChange:
            for row in self.rows.values():
                row.caption.restyle()

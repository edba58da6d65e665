"""The panel of all parameters, made from `core.parameters`, and of the part that is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.parameters.rules import (
    changed_together,
    defaults_of,
    unavailable_sources,
    why_without_effect,
)
from structmask_gui.core.stack.reference_fit import KINDS, ReferenceKind
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.panels.measured_part import MeasuredPartPanel
from structmask_gui.gui.panels.parameter_rows import ChoiceRow, ParameterRow, make_row
from structmask_gui.gui.panels.reference_stack_rows import ReferenceStackRow
from structmask_gui.gui.widgets.section import Section

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session


class ParametersPanel(QWidget):
    """Every parameter in a row, in foldable groups."""

    changed = Signal(str, object)  # name and new value, at every step of a drag
    drag_started = Signal(str)
    drag_ended = Signal(str)
    narrowed = Signal(int)  # it needs only so much width now, and had no more than it needed

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.rows: dict[str, ParameterRow] = {}
        self.sections: dict[str, Section] = {}
        self.reference_rows: dict[ReferenceKind, ReferenceStackRow] = {}
        self._n_frames: int | None = None
        self._narrowest = 0
        self.parameters = Parameters()  # the parameters on display
        self._without_effect: set[str] = set()
        self._body = QWidget()
        self._groups = QVBoxLayout(self._body)
        self._groups.setContentsMargins(2, 4, 2, 4)
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
            if name == "source":
                for kind in KINDS:
                    self.reference_rows[kind] = reference = ReferenceStackRow(kind)
                    self.sections[group].rows.addWidget(reference)
        self.measured_part = MeasuredPartPanel()
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
        self.changed.connect(session.edits.set_parameter)
        session.parameters_changed.connect(self.set_parameters)
        self.set_parameters(session.state.parameters)
        self.measured_part.connect_session(session)
        self._session = session
        for reference in self.reference_rows.values():
            reference.chosen.connect(session.reference_stacks.choose)
            self._follow_reference(reference.kind)
        session.reference_stacks.changed.connect(self._follow_reference)
        session.stack_changed.connect(self._follow_stack)
        self._follow_stack()

    def add_presets(self, presets: QWidget) -> None:
        """Put the presets above the parameters."""
        section = Section("Preset")
        section.rows.addWidget(presets)
        presets.show()
        self._groups.insertWidget(0, section)

    def set_parameters(self, parameters: Parameters) -> None:
        """Show other parameters, without a signal."""
        if parameters == self.parameters:
            return
        self.parameters = parameters
        self._show_values()
        self._update_effects()

    def set_n_frames(self, n_frames: int | None) -> None:
        """Take the number of frames, on which it depends what can be chosen; None without any."""
        self._n_frames = n_frames
        self._update_sources()

    def set_reference_stack(self, kind: ReferenceKind, name: str, path: str = "") -> None:
        """Show which file is the dark stack, or the one to subtract; none without a name."""
        self.reference_rows[kind].set_file(name, path)
        self._update_sources()

    def _follow_stack(self) -> None:
        frames = self._session.state.frames
        self.set_n_frames(None if frames is None else frames.n_frames)
        for row in self.reference_rows.values():
            if self._session.state.paths:
                row.folder = str(beside(self._session.state.paths))

    def _follow_reference(self, kind: ReferenceKind) -> None:
        stack = self._session.reference_stacks.stack(kind)
        if stack is None:
            self.set_reference_stack(kind, "")
        else:
            self.set_reference_stack(kind, stack.name, str(stack.path))

    def _update_sources(self) -> None:
        """Disable what cannot be chosen, and show the reference stacks where one has a use."""
        sources = self.rows["source"]
        assert isinstance(sources, ChoiceRow)
        sources.set_unavailable(unavailable_sources(self.parameters, self._n_frames))
        source = self.parameters.source
        for kind, row in self.reference_rows.items():
            automatic = source == "automatic" and (kind == "dark" or row.given)
            row.setVisible(source == kind or automatic)
            row.set_optional(source == "automatic")

    def _names(self, group: str) -> set[str]:
        return {name for name, info in parameter_infos().items() if info.about.group == group}

    def _on_changed(self, name: str, value: Any) -> None:
        self.parameters = changed_together(self.parameters, {name: value})
        # Another parameter may have gone with it.
        self._show_values()
        self._update_effects()
        self.changed.emit(name, value)

    def _show_values(self) -> None:
        defaults = defaults_of(self.parameters.method)
        for name, row in self.rows.items():
            if name != "method":
                row.set_default(getattr(defaults, name))
            row.set_value(getattr(self.parameters, name))

    def _update_effects(self) -> None:
        self._update_sources()
        reasons = {name: why_without_effect(name, self.parameters) for name in self.rows}
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
        """Give all labels the same width, and all boxes, so that they stand below each other."""
        metrics = self.fontMetrics()
        labels = [row.label for row in self.rows.values() if row.grid.indexOf(row.label) >= 0]
        widest = max(metrics.horizontalAdvance(label.text()) for label in labels) + 2
        boxes = [row.box for row in self.rows.values() if hasattr(row, "box")]
        widths = sorted(box.sizeHint().width() for box in boxes)
        # All alike but for one that takes longer numbers than others, as the seed.
        box_width = widths[-2]
        for label in labels:
            label.setFixedWidth(widest)
        for box in boxes:
            box.setFixedWidth(max(box_width, box.sizeHint().width()))

    def _widen(self) -> None:
        """Take the room that the rows need, for the panel scrolls only down."""
        bar = self.area.verticalScrollBar().sizeHint().width()
        needed = self._body.minimumSizeHint().width() + bar
        before, now = self.minimumWidth(), max(self._narrowest, needed)
        self.setMinimumWidth(now)
        if now < before and self.width() <= before:
            self.narrowed.emit(now)

    def set_narrowest(self, width: int) -> None:
        """Be no narrower than this, whatever the rows need."""
        self._narrowest = width
        self.setMinimumWidth(width)

    def showEvent(self, event: QShowEvent) -> None:
        """Take the room of a text that was large from the start."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self._widen)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the palette or font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._align()
            # Once the rows have taken the font: a larger one needs a wider panel.
            QTimer.singleShot(0, self, self._widen)
        elif event.type() == QEvent.Type.PaletteChange:
            for row in self.rows.values():
                row.caption.restyle()

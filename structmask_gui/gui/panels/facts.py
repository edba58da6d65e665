"""What is open and how it is measured: file, channel, series, axes, method, dark stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from structmask_gui.core.names import counted, lengths_text
from structmask_gui.core.parameters.labels import in_labels
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.panels.reference_stack_rows import ReferenceStackRow
from structmask_gui.gui.widgets.eliding_label import ElidingLabel
from structmask_gui.gui.widgets.inputs import Choice
from structmask_gui.gui.widgets.labels import scrolled

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session

_WAYS = {
    "statistical": ("Automatic", "automatic", "The mask with the least expected error"),
    "ring": ("Ring analysis", "default", "The method of autoStructN2V 0.1"),
    "spine": ("Spine", "spine", "The method of autoStructN2V 1.0"),
}
"""For each method its name here, the preset that chooses it, and what it is."""


class FactsPanel(QWidget):
    """The open file in a few lines; channel, series, method and dark stack can be changed."""

    preset_chosen = Signal(str)  # name of a built-in one

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.name = ElidingLabel(mode=Qt.TextElideMode.ElideMiddle)
        font = self.font()
        font.setBold(True)
        self.name.setFont(font)
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        self.facts.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.notes = QLabel()
        self.notes.setWordWrap(True)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.mask_size = QLabel()
        self.mask_size.setWordWrap(True)
        self.mask_size.setToolTip("Height and width of what the mask hides, the centre included")
        self.mask_size.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.series = self._combo("The file holds several images; choose one")
        self.channel = self._combo("Which channel is measured")
        self.way = self._combo("How the mask is found; Tune (T) has every parameter")
        self.series.activated.connect(self._on_series)
        self.channel.activated.connect(self._on_channel)
        self.way.activated.connect(self._on_way)
        for number, (method, (name, _, what)) in enumerate(_WAYS.items()):
            self.way.addItem(name, method)
            self.way.setItemData(number, what, Qt.ItemDataRole.ToolTipRole)
        self.changed = QLabel("Settings changed in Tune")
        self.changed.setWordWrap(True)
        self.changed.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.dark = ReferenceStackRow("dark", brief=True)
        self.dark.chosen.connect(session.reference_stacks.choose)
        self._form = QFormLayout()
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._form.setContentsMargins(0, 4, 0, 0)
        self._form.setSpacing(4)
        for label, field in (
            ("Series", self.series),
            ("Channel", self.channel),
            ("How", self.way),
            ("", self.changed),
            ("Dark", self.dark),
        ):
            self._form.addRow(label, field)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(8, 6, 6, 4)
        layout.setSpacing(3)
        layout.addWidget(self.name)
        layout.addWidget(self.facts)
        layout.addWidget(self.notes)
        layout.addWidget(self.mask_size)
        layout.addLayout(self._form)
        layout.addStretch(1)
        # With large text and all docks open there is not room for all of it.
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(scrolled(body))
        session.stack_changed.connect(self._on_stack)
        session.mask_changed.connect(self._on_mask)
        session.parameters_changed.connect(self._on_parameters)
        session.preset_changed.connect(self._on_parameters)
        session.reference_stacks.changed.connect(self._on_reference)
        self._on_stack()
        self._on_mask()
        self._on_reference()

    def _combo(self, tip: str) -> Choice:
        combo = Choice()
        combo.setToolTip(tip)
        combo.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(8)
        combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return combo

    # --- following the session ----------------------------------------------------------------

    def _on_stack(self) -> None:
        state = self._session.state
        stack, frames = state.stack, state.frames
        self.notes.hide()
        for combo in (self.series, self.channel):
            combo.clear()
            self._form.setRowVisible(combo, False)
        if stack is None or frames is None or not hasattr(stack, "channel_choices"):
            self.name.setText("" if frames is None else frames.name)
            self.facts.setText("")
            return
        from structmask_gui.gui.panels.file_card import series_of
        from structmask_gui.io.stack.axes import shape_text
        from structmask_gui.io.stack.info import describe

        info = describe(stack)
        others = len(state.stacks) - 1
        self.name.setText(stack.name + (f" and {others} more" if others else ""))
        self.name.set_tip("\n".join(str(path) for path in state.paths))
        rows, columns = frames.frame_shape
        unnamed = " (Q has no name in the file)" if "Q" in info.axes else ""
        self.facts.setText(
            f"{counted(frames.n_frames, 'frame')} of {columns} × {rows} px, {info.dtype}\n"
            f"Axes {info.axes} {shape_text(info.shape)}{unnamed}"
        )
        self.facts.setToolTip("\n".join(f"{name}: {text}" for name, text in info.rows()))
        self.notes.setText("\n".join(in_labels(note) for note in info.notes))
        self.notes.setVisible(bool(info.notes))
        self.series.fill(series_of(info), info.series_index)
        self._form.setRowVisible(self.series, self.series.count() > 1 and not others)
        self.channel.fill(stack.channel_choices, info.channel)
        self._form.setRowVisible(self.channel, self.channel.count() > 1)
        self.dark.folder = str(beside(state.paths))
        self._on_parameters()

    def _on_mask(self) -> None:
        """Say how large the mask is in the sample, where the file knows the size of a pixel."""
        stack, mask = self._session.state.stack, self._session.state.mask
        size = None
        if stack is not None and mask is not None and hasattr(stack, "metadata"):
            from structmask_gui.io.stack.units import pixel_size

            size = pixel_size(stack.metadata)
        if size is not None and mask is not None:
            height, width = mask.statistics.extent
            self.mask_size.setText(
                f"Mask {lengths_text(height * size[0], width * size[1])} (h × w)"
            )
        self.mask_size.setVisible(size is not None)

    def _on_parameters(self, *_: object) -> None:
        parameters = self._session.state.parameters
        self.way.setCurrentIndex(self.way.findData(parameters.method))
        self._form.setRowVisible(self.changed, self._session.state.preset_modified)
        self._form.setRowVisible(self.dark, parameters.source in ("automatic", "dark"))

    def _on_reference(self, *_: object) -> None:
        stack = self._session.reference_stacks.stack("dark")
        self.dark.set_file(*(("",) if stack is None else (stack.name, str(stack.path))))

    # --- choices ------------------------------------------------------------------------------

    def _on_series(self) -> None:
        self._reopen(series=self.series.currentData(), axes=None, channel=None)

    def _on_channel(self) -> None:
        self._reopen(channel=self.channel.currentData())

    def _reopen(self, **choices: Any) -> None:
        self._session.reopen(**choices)
        if self._session.state.busy_with != "opening":
            self._on_stack()  # something is asked first

    def _on_way(self) -> None:
        if self.way.currentData() != self._session.state.parameters.method:
            self.preset_chosen.emit(_WAYS[self.way.currentData()][1])

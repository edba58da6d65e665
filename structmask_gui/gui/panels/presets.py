"""Presets and remedies: keep a setting, come back to it, or change it in a known direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.core.parameters.remedies import REMEDIES, apply_remedy
from structmask_gui.gui.desktop.places import PRESET_SUFFIX
from structmask_gui.gui.session.presets import Presets
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.inputs import Choice

if TYPE_CHECKING:
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.io.presets.preset import Preset

_FILES = f"Presets (*{PRESET_SUFFIX} *.json)"
_OWN = "A preset of your own."
_HINT = "Point at a button to see what it would change."
_MARKED = Qt.ItemDataRole.UserRole + 1


class PresetsPanel(QWidget):
    """Choose, save, rename, duplicate, delete, import and export presets; the four remedies."""

    def __init__(
        self,
        session: Session,
        presets: Presets,
        remedy: Callable[[str], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self.presets, self._remedy = session, presets, remedy
        self._rings = session.state.uses_rings
        self._left: dict[str, Preset] = {}  # the last preset of each method
        self.load_actions: list[QAction] = []  # one for each preset, for a menu
        self._one_of = QActionGroup(self)
        self._build()
        session.preset_changed.connect(self._update)
        presets.changed.connect(self.reload)
        self.reload()
        session.parameters_changed.connect(self._show_hint)
        self._show_hint()

    # --- building -----------------------------------------------------------------------------

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 4)
        layout.setSpacing(5)
        layout.addLayout(self._choice())
        self.description = QLabel()
        self.description.setWordWrap(True)
        self.description.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        layout.addWidget(self.description)
        layout.addLayout(self._saving())
        layout.addLayout(self._remedies())
        layout.addWidget(self.effect)
        layout.addStretch(1)

    def _choice(self) -> QHBoxLayout:
        self.combo = Choice()
        self.combo.setToolTip("Set the parameters for a kind of microscope; undo goes back")
        self.combo.setAccessibleName("Preset")
        self.combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.combo.setPlaceholderText("No preset")
        self.combo.setMinimumContentsLength(10)
        self.combo.activated.connect(self._on_chosen)
        self.more = QToolButton()
        self.more.setToolTip("Save, rename, copy, share presets")
        self.more.setText("More ")  # the arrow stands on the last letter else
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self)
        self.actions_by_name: dict[str, QAction] = {}
        for name, text, slot in (
            ("save_as", "Save &as…", self.save_as),
            ("rename", "&Rename…", self.rename),
            ("duplicate", "&Duplicate", self.presets.duplicate),
            ("delete", "D&elete…", self.delete),
            ("import", "&Import…", self.import_file),
            ("export", "E&xport…", self.export_file),
            ("default", "Use this at &start", self.presets.use_at_start),
        ):
            action = self.menu.addAction(text)
            action.triggered.connect(slot)
            self.actions_by_name[name] = action
        self.actions_by_name["default"].setCheckable(True)
        self.menu.aboutToShow.connect(self._update)
        self.more.setMenu(self.menu)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.combo, 1)
        row.addWidget(self.more)
        return row

    def _saving(self) -> QHBoxLayout:
        self.modified = QLabel("modified")
        self.modified.setToolTip("The parameters are no longer those of the preset.")
        keep = self.modified.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.modified.setSizePolicy(keep)
        self.save_button = QPushButton("Save")
        self.save_button.clicked.connect(self.save)
        row = QHBoxLayout()
        row.addWidget(self.modified)
        row.addStretch(1)
        row.addWidget(self.save_button)
        return row

    def _remedies(self) -> QGridLayout:
        self.remedies: dict[str, QPushButton] = {}
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, one in enumerate(REMEDIES.values()):
            button = QPushButton(one.text)
            button.setObjectName(one.id)
            # What it would change stands below, where a longer tooltip would lie over it.
            button.setToolTip(f"{one.text} (Ctrl+{number + 1})")
            button.clicked.connect(self._on_remedy)
            button.installEventFilter(self)
            grid.addWidget(button, number // 2, number % 2)
            self.remedies[one.id] = button
        self.effect = QLabel(_HINT)
        self.effect.setWordWrap(True)
        self.effect.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.effect.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.effect.setMinimumHeight(3 * self.effect.fontMetrics().height() + 2)
        return grid

    # --- what there is ------------------------------------------------------------------------

    def reload(self) -> None:
        """Fill the list again; the folder may have been changed by another program."""
        self.combo.clear()
        for action in self.load_actions:
            action.deleteLater()
        self.load_actions = []
        own_begins = False
        for preset in self.presets.all():
            if not preset.built_in and not own_begins:
                own_begins = True
                self.combo.insertSeparator(self.combo.count())
            star = " (at start)" if preset.name == self.presets.at_start else ""
            self.combo.addItem(preset.name + star, preset)
            tip = preset.description or _OWN
            self.combo.setItemData(self.combo.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
            action = QAction(preset.name.replace("&", "&&"), self._one_of)
            action.setCheckable(True)
            action.setStatusTip(tip)
            action.setData(preset)
            action.triggered.connect(self._on_action)
            self.load_actions.append(action)
        self._update()

    def fill_menu(self, menu: QMenu) -> None:
        """Put all presets into a menu, the present one checked."""
        self.reload()
        menu.clear()
        present = self.combo.currentData()
        for action in self.load_actions:
            action.setChecked(action.data() == present)
            menu.addAction(action)

    # --- acts ---------------------------------------------------------------------------------

    def _on_chosen(self, row: int) -> None:
        preset = self.combo.itemData(row)
        if preset is not None:
            self.presets.apply(preset)

    def _on_action(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.presets.apply(action.data())

    def save(self) -> None:
        """Put the present parameters into the chosen preset, or ask for a name."""
        preset = self._session.state.preset
        # Undo may have brought back one that was deleted since.
        if preset is None or preset.built_in or self.combo.currentIndex() < 0:
            self.save_as()
        else:
            self.presets.save(preset.name, preset.description)

    def save_as(self) -> None:
        """Ask for a name and keep the present parameters under it."""
        preset = self._session.state.preset
        name = "" if preset is None or preset.built_in else preset.name
        dialogs.ask_text(self, "Save as preset", "Name of the preset:", name, self.save_named)

    def save_named(self, name: str) -> None:
        """Keep the present parameters under a name; asks before another is replaced."""
        taken = self.presets.own_named(name)
        if taken is None:
            self.presets.save(name)
            return

        def replace() -> None:
            self.presets.save(taken.name, taken.description)

        dialogs.ask_yes(
            self, "Replace preset?", f"There is a preset {taken.name} already.", "Replace", replace
        )

    def rename(self) -> None:
        """Ask for another name of the chosen preset."""
        preset = self._session.state.preset
        if preset is not None:
            dialogs.ask_text(self, "Rename preset", "New name:", preset.name, self.presets.rename)

    def delete(self) -> None:
        """Ask, and delete the chosen preset."""
        preset = self._session.state.preset
        if preset is not None:
            dialogs.ask_yes(
                self,
                "Delete preset?",
                f"The preset {preset.name} will be deleted. The present parameters stay.",
                "Delete",
                self.presets.delete,
            )

    def import_file(self) -> None:
        """Ask for preset files and add them."""
        presets = self.presets
        folder = str(presets.shared_folder)
        dialogs.ask_files(
            self, "Import presets", folder, _FILES, presets.import_files, several=True
        )

    def export_file(self) -> None:
        """Ask for a file and write the chosen preset, or the present parameters, into it."""
        presets = self.presets
        dialogs.ask_new_file(self, "Export preset", presets.proposed, _FILES, presets.export)

    # --- following the session ----------------------------------------------------------------

    def _update(self) -> None:
        parameters = self._session.state.parameters
        listed = [self.combo.itemData(number) for number in range(self.combo.count())]
        preset = self._of_method(self._session.state.preset, parameters, listed)
        if preset is not None and not preset.built_in:
            # Undo may have brought back one that was saved anew since.
            same = (one for one in listed if one is not None and one.name == preset.name)
            preset = next(same, preset)
        if preset is not None and preset != self._session.state.preset:
            self._session.edits.set_preset(preset)  # comes here again
            return
        if preset is not None:
            self._left[parameters.method] = preset
        row = -1
        if preset is not None:
            names = [getattr(one, "name", "") for one in listed]
            row = names.index(preset.name) if preset.name in names else -1
        self.combo.setCurrentIndex(row)
        self._mark(row)
        changed = preset is not None and self._session.state.preset_modified
        self.modified.setVisible(changed)
        own = preset is not None and row >= 0 and not preset.built_in
        # Always a line, or all below would jump under the pointer.
        described = "Not a preset yet: save these settings to use them again."
        if preset is not None:
            described = preset.description or _OWN
        self.description.setText(described)
        # Of the method Automatic its own line below says the same.
        self.description.setVisible(parameters.method == "ring")
        self.save_button.setEnabled(preset is None or preset.built_in or changed)
        self.save_button.setText("Save" if own else "Save as…")
        self.save_button.setToolTip(
            f"Put the present parameters into {preset.name}"
            if own and preset is not None
            else "Keep the present parameters under a name (Ctrl+S)"
        )
        for name in ("rename", "delete"):
            self.actions_by_name[name].setEnabled(own)
        for name in ("duplicate", "default"):
            self.actions_by_name[name].setEnabled(preset is not None)
        self.actions_by_name["default"].setChecked(
            preset is not None and preset.name == self.presets.at_start
        )

    def _of_method(
        self, preset: Preset | None, parameters: Parameters, listed: list[Preset | None]
    ) -> Preset | None:
        """Return the preset that the parameters belong to, also after the method was changed."""
        if preset is not None and preset.apply(parameters).method == parameters.method:
            return preset
        # The method alone may have been chosen, which is the same as its preset.
        same = (one for one in listed if one is not None and one.built_in)
        same = (one for one in same if _may_be(one, parameters))
        equal = next((one for one in same if one.apply(parameters) == parameters), None)
        # What a preset says is not true of the other method; going back shows it again.
        return equal or (None if preset is None else self._left.get(parameters.method))

    def _mark(self, current: int) -> None:
        """Mark the current preset in the list, whatever the pointer is on."""
        empty = QPixmap(self.combo.iconSize())
        empty.fill(Qt.GlobalColor.transparent)
        for row in range(self.combo.count()):
            # Icons take long to draw, for something that follows a slider.
            wanted = (row == current, self.palette().cacheKey())
            if self.combo.itemData(row, _MARKED) == wanted:
                continue
            self.combo.setItemData(row, wanted, _MARKED)
            # The others have room for the mark, too: all names begin below each other.
            self.combo.setItemIcon(row, icon("check") if row == current else QIcon(empty))

    def changeEvent(self, event: QEvent) -> None:
        """Draw the mark in the colours of the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "effect"):
            self._mark(self.combo.currentIndex())

    # --- remedies -----------------------------------------------------------------------------

    def _on_remedy(self) -> None:
        self._remedy(self.sender().objectName())

    def _show_hint(self, *_: Any) -> None:
        rings = self._session.state.uses_rings
        if rings != self._rings or self._session.state.preset is None:
            self._rings = rings
            self._update()
        for button in self.remedies.values():
            button.setEnabled(rings)
            # Not only disabled: the room is needed for what has a use.
            button.setVisible(rings)
        self.effect.setVisible(rings)
        if self.effect.text() != _HINT:
            self.effect.setText(_HINT)

    def _effect_of(self, remedy: str) -> str:
        remedied = apply_remedy(self._session.state.parameters, remedy)
        return remedied.sentences if remedied.otherwise else remedied.text

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Say what a remedy would change while the pointer or the keyboard is on its button."""
        if event.type() in (QEvent.Type.Enter, QEvent.Type.FocusIn):
            # Worked out only now: parameters change with every step of a slider.
            self.effect.setText(self._effect_of(watched.objectName()))
        elif event.type() in (QEvent.Type.Leave, QEvent.Type.FocusOut):
            self._show_hint()
        return super().eventFilter(watched, event)


def _may_be(preset: Preset, parameters: Parameters) -> bool:
    """Whether no value that a built-in preset names is another; quick, for it follows sliders."""
    return all(getattr(parameters, name) == value for name, value in preset.parameters.items())

"""Changing the mask by hand in its view: drawing, growing, shrinking, filling, combining.

What it does goes through the session, so that every step can be undone and everything else follows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QToolButton, QWidget

from structmask_gui.core.errors import StructMaskError
from structmask_gui.core.names import MASK_CHANGES
from structmask_gui.gui.session.mask_file import MaskFile
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.widgets.wording import plain
from structmask_gui.io.files.paths import last_part, shown

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.gui.session.engine import Edit
    from structmask_gui.gui.session.session import Session
    from structmask_gui.gui.views.lags.mask import MaskView
    from structmask_gui.gui.widgets.toast import Toast

Tool = Literal["draw", "line"]
Cell = tuple[int, int]

BY_HAND = "edited by hand"

_ROOM = 2
"""Empty cells shown around the mask, to draw outwards."""

_LEAST = 11
"""Cells shown at least on each side, while editing."""


def changed(name: str, mask: Mask, pinned: Mask | None) -> Mask:
    """Return a mask after one of `MASK_CHANGES`; InputError if it would become too large."""
    from structmask_gui.core.masks import morphology

    if name in ("union", "intersection"):
        if pinned is None:
            raise ValueError(f"{name} needs a pinned mask")
        return (morphology.union if name == "union" else morphology.intersection)(mask, pinned)
    done: dict[str, Callable[[], Mask]] = {
        "grow": lambda: morphology.grown(mask),
        "grow_rows": lambda: morphology.grown(mask, "rows"),
        "grow_columns": lambda: morphology.grown(mask, "columns"),
        "shrink": lambda: morphology.shrunk(mask),
        "shrink_rows": lambda: morphology.shrunk(mask, "rows"),
        "shrink_columns": lambda: morphology.shrunk(mask, "columns"),
        "fill": lambda: morphology.filled(mask),
        "symmetrise": lambda: morphology.symmetrised(mask),
        "crop": mask.cropped,
    }
    return done[name]()


class MaskEditor(QObject):
    """Makes a mask view editable; owns the button and the line of tools in it."""

    switched = Signal(bool)

    def __init__(self, session: Session, view: MaskView) -> None:
        super().__init__(view)
        self._session, self._view = session, view
        self.file = MaskFile(session, view)
        self.file.read.connect(self._on_read)
        self.tool: Tool = "draw"
        self._value = True
        self._last: Cell | None = None
        self._base: Mask | None = None
        self._shape: tuple[int, int] | None = None
        self._build()
        view.cell_clicked.connect(self._on_clicked)
        view.cell_dragged.connect(self._on_dragged)
        view.cell_drag_ended.connect(self._on_ended)
        session.mask_changed.connect(self._follow)
        session.pinned.changed.connect(self._update)
        session.quality.closing.connect(self._on_closing)
        self._update()

    def _build(self) -> None:
        view = self._view
        self.button = _EditButton()
        self.button.setCheckable(True)
        self.button.setAutoRaise(True)
        self.button.setFixedSize(24, 22)
        self.button.setToolTip("Edit the mask by hand")
        self.button.setAccessibleName("Edit the mask")
        self.button.toggled.connect(self.set_on)
        view.header_layout.insertWidget(view.header_layout.count() - 1, self.button)
        self.bar = _Bar()
        row = self.bar.first
        self.tools: dict[str, QToolButton] = {}
        for name, text, tip in (
            ("draw", "Draw", "Add or remove cells: press, or press and draw over several"),
            (
                "line",
                "Line",
                "Draw a straight line of cells: press at one end, let go at the other",
            ),
        ):
            button = _flat(text, tip)
            button.setCheckable(True)
            button.setProperty("tool", name)
            button.clicked.connect(self._on_tool)
            row.addWidget(button)
            self.tools[name] = button
        self.tools["draw"].setChecked(True)
        self.mirror = _flat("Mirror", "Change the mirror image with every cell, as noise needs it")
        self.mirror.setCheckable(True)
        self.mirror.setChecked(True)
        row.addWidget(self.mirror)
        self.menu = QMenu(self.bar)
        self.menu.setToolTipsVisible(True)
        self.actions: dict[str, Any] = {}
        for name, (_, tip) in MASK_CHANGES.items():
            if name in ("shrink", "fill", "union", "crop"):
                self.menu.addSeparator()
            action = self.menu.addAction(plain(MASK_CHANGES[name][0]))
            action.setToolTip(tip)
            action.setData(name)
            action.triggered.connect(self._on_operation)
            self.actions[name] = action
        change = _flat("Change", "Grow, shrink, fill, combine, crop")
        change.setMenu(self.menu)
        change.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = self.bar.second
        row.addWidget(change)
        self.back = _flat("Undo my edits", "Go back to the mask as it was extracted")
        self.back.clicked.connect(self._session.edits.drop_edit)
        row.addWidget(self.back)
        self.bar.hide()
        view.main_layout.insertWidget(1, self.bar)

    # --- on and off ---------------------------------------------------------------------------

    @property
    def on(self) -> bool:
        """Whether the mask can be drawn on."""
        return self._view.editable

    def set_on(self, on: bool) -> None:
        """Let the mask be drawn on, or no longer."""
        on = on and self._session.state.mask is not None
        self._view.set_editable(on)
        self.button.setChecked(on)
        self.bar.setVisible(on)
        self._shape = None
        if not on:
            self._view.set_extraction(self._session.state.result)
        self._follow()
        self.switched.emit(on)

    def _on_tool(self) -> None:
        self.set_tool(self.sender().property("tool"))

    def set_tool(self, tool: Tool) -> None:
        """Draw cells, or lines."""
        self.tool = tool
        for name, button in self.tools.items():
            button.setChecked(name == tool)

    # --- what is shown ------------------------------------------------------------------------

    def _follow(self) -> None:
        """Show the mask with room to draw in; without editing the view shows it itself."""
        result = self._session.state.result
        self._update()
        if result is None and self.on:
            self.set_on(False)
            return
        if result is None:
            return
        if not self.on:
            if self._session.state.edit is not None:
                # A single row in a frame of its own shape would be a line.
                height, width = result.mask.shape
                shape = max(height, width // 3 | 1, 7), max(width, height // 3 | 1, 7)
                self._view.set_mask(result.mask.padded(shape).array)
            return
        shape = self._shown_shape(result.mask)
        values = np.full(shape, np.nan)
        if all(a <= b for a, b in zip(result.centre.shape, shape, strict=True)):
            y, x = ((b - a) // 2 for a, b in zip(result.centre.shape, shape, strict=True))
            height, width = result.centre.shape
            values[y : y + height, x : x + width] = result.centre
        self._view.set_mask(result.mask.padded(shape).array, values)

    def _shown_shape(self, mask: Mask) -> tuple[int, int]:
        if self._last is not None and self._shape is not None:
            # While a drag is under way the picture must not move under the pointer.
            height, width = self._shape
        else:
            tight = mask.cropped().shape
            height, width = (max(n + 2 * _ROOM, _LEAST) for n in tight)
        self._shape = max(height, mask.shape[0]), max(width, mask.shape[1])
        return self._shape

    def _update(self) -> None:
        session = self._session
        self.button.setEnabled(session.state.mask is not None)
        self.back.setEnabled(session.state.edit is not None)
        for name in ("union", "intersection"):
            self.actions[name].setEnabled(session.state.pinned is not None)

    # --- drawing ------------------------------------------------------------------------------

    def _on_clicked(self, dy: int, dx: int) -> None:
        from structmask_gui.core.masks.morphology import contains

        mask = self._session.state.mask
        if mask is None:
            return
        self._session.edits.begin_drag()
        self._last, self._base = (dy, dx), mask
        self._value = not contains(mask, (dy, dx))
        if self.tool == "line":
            self._value = True
        self._put_cells([(dy, dx)])

    def _on_dragged(self, dy: int, dx: int) -> None:
        from structmask_gui.core.masks.morphology import line_cells, with_line

        if self._last is None or self._base is None:
            return
        if self.tool == "line":
            symmetric = self.mirror.isChecked()
            line = with_line(self._base, self._last, (dy, dx), symmetric=symmetric)
            self._take(line, "Draw a line")
            return
        # The pointer may have jumped over cells.
        cells = line_cells(self._last, (dy, dx))
        self._last = dy, dx
        self._put_cells(cells)

    def _put_cells(self, cells: list[Cell]) -> None:
        from structmask_gui.core.masks.morphology import with_cells

        mask = self._session.state.mask
        if mask is not None:
            made = with_cells(mask, cells, self._value, symmetric=self.mirror.isChecked())
            self._take(made, "Draw on the mask")

    def _take(self, mask: Mask, text: str) -> None:
        """Take a changed mask; one that differs from the extracted one by its border is that."""
        extraction = self._session.state.extraction
        if extraction is not None and mask.cropped() == extraction.mask.cropped():
            mask = extraction.mask
        self._session.edits.set_mask(mask, BY_HAND, text)

    def _on_ended(self) -> None:
        if self._last is not None:
            self._last = self._base = None
            self._session.edits.end_drag()
            self._follow()

    # --- the whole mask -----------------------------------------------------------------------

    def _on_operation(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.apply(action.data())

    def apply(self, name: str) -> None:
        """Do one of `MASK_CHANGES`."""
        mask = self._session.state.mask
        if mask is None:
            return
        try:
            made = changed(name, mask, self._session.state.pinned)
        except StructMaskError as error:
            self._session.report_error(str(error))
            return
        text = f"{plain(MASK_CHANGES[name][0])} (mask)"
        if name == "crop":
            # It changes nothing but the border.
            self._session.edits.set_mask(made, BY_HAND, text)
        else:
            self._take(made, text)

    def ask_file(self) -> None:
        """Ask for a mask file and take it in place of the present mask."""
        self.file.ask("Open a mask")

    def _on_read(self, mask: Mask, name: str, images: tuple[str, ...]) -> None:
        open_now = set(map(last_part, self._session.state.paths))
        other = ""
        if images and not open_now & set(images):
            other = f"measured on {shown(images[0])}" + (" and others" if images[1:] else "")
        how = f"from {name}, {other}" if other else f"from {name}"
        self._session.edits.set_mask(mask, how, f"Open {name}")
        if self._session.state.edit is None:
            # Nothing changes, and so nothing else says that it was opened.
            also = f"; it was {other}" if other else ""
            self.file.said.emit(f"{name} holds the mask that is shown already{also}.")

    def _on_closing(self) -> None:
        self.file.close()


class DroppedMask(QObject):
    """Says where a mask changed by hand is when other files are opened, and offers it for them."""

    def __init__(self, session: Session, toast: Toast) -> None:
        super().__init__(toast)
        self._session, self._toast = session, toast
        self._note()
        self._left: tuple[Edit, str] | None = None  # and the name of its files
        self._back: Edit | None = None
        self._offered: Edit | None = None
        self._said = ""
        session.stack_changed.connect(self._on_stack)
        session.mask_changed.connect(self._on_mask)

    def _on_stack(self) -> None:
        self._take_back()
        state, (edit, opened_as, name) = self._session.state, self._before
        self._left = self._back = None
        if state.opened_as == opened_as or state.frames is None:
            return
        # The mask of the new ones follows.
        if state.edit is not None:
            self._back = state.edit
        elif edit is not None:
            self._left = edit, name

    def _on_mask(self) -> None:
        state = self._session.state
        self._note()
        if self._offered is not None and state.mask == self._offered.mask:
            self._take_back()  # as where a record brought it
        if state.extraction is None or state.stale:
            return
        left, self._left = self._left, None
        back, self._back = self._back, None
        if back is not None and state.edit == back:
            self._say(
                f"The mask {back.how} is back.",
                "Undo my edits",
                self._session.edits.drop_edit,
                "Go back to the mask as it was extracted",
            )
        elif left is not None and state.mask != left[0].mask:
            edit, name = left
            self._offered = edit
            self._say(
                f"The mask {edit.how} is kept for {name}.",
                "Use it here too",
                partial(self._session.edits.set_mask, edit.mask, edit.how, "Use the mask here"),
                "Put it in place of the mask of these frames",
            )

    def _note(self) -> None:
        state = self._session.state
        self._before = state.edit, state.opened_as, state.frames.name if state.frames else ""

    def _say(self, text: str, button: str, answer: Callable[[], object], tip: str) -> None:
        self._said = text
        self._toast.say(text, button, answer, tip)

    def _take_back(self) -> None:
        """Offer no longer what was offered, if that still stands there."""
        self._toast.take_back(self._said)
        self._offered, self._said = None, ""


class _Bar(QWidget):
    """Tools in one line, or in two where one is too short for all words."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = QHBoxLayout(), QHBoxLayout()
        self._both = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._both.setContentsMargins(6, 0, 4, 2)
        self._both.setSpacing(2)
        for row in (self.first, self.second):
            row.setSpacing(2)
            self._both.addLayout(row)
            self._both.setAlignment(row, Qt.AlignmentFlag.AlignLeft)
        self._both.addStretch(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose one line or two."""
        super().resizeEvent(event)
        needed = sum(row.sizeHint().width() for row in (self.first, self.second)) + 12
        one = needed <= self.width()
        self._both.setDirection(
            QBoxLayout.Direction.LeftToRight if one else QBoxLayout.Direction.TopToBottom
        )


class _EditButton(QToolButton):
    """A button with a pencil in the colours of the palette."""

    def __init__(self) -> None:
        super().__init__()
        self.setIconSize(QSize(18, 18))
        self.setIcon(icon("edit"))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.setIcon(icon("edit"))


def _flat(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAutoRaise(True)
    return button

"""The dark stack, or the one to subtract, of a batch: those of the main window, or its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from structmask_gui.core.stack.reference_fit import KINDS, ReferenceKind, used_kind
from structmask_gui.gui.panels.reference_stack_rows import ReferenceStackRow
from structmask_gui.gui.session.reference_stacks import WORDS
from structmask_gui.gui.session.session import Session

if TYPE_CHECKING:
    from structmask_gui.io.extract_files import Input


class BatchReferenceStacks(QWidget):
    """A row for each reference stack that the settings use: the main window's, or another."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._paths: dict[ReferenceKind, Path | None] = {}
        self.rows: dict[ReferenceKind, ReferenceStackRow] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        for kind in KINDS:
            self.rows[kind] = row = ReferenceStackRow(kind)
            row.chosen.connect(self.choose)
            layout.addWidget(row, 1)
            self._follow(kind)
        session.reference_stacks.changed.connect(self._follow)
        session.parameters_changed.connect(self._update)
        self._update()

    def choose(self, kind: ReferenceKind, path: str | Path | None) -> None:
        """Take a file for this batch, or none."""
        self._paths[kind] = None if path is None else Path(path)
        self._show(kind)

    def inputs(self) -> dict[ReferenceKind, Input]:
        """Return the stack that the settings use, by its kind, if it is there."""
        from structmask_gui.io.extract_files import Input

        there = {kind: path for kind, path in self._paths.items() if path is not None}
        kind = used_kind(self._session.state.parameters.source, there)
        return {} if kind is None else {kind: Input(there[kind])}

    def missing(self) -> str:
        """Return a sentence if the settings need a stack that is not there, else nothing."""
        source = self._session.state.parameters.source
        if source in KINDS and self._paths.get(source) is None:
            return (
                f"The settings measure with a reference stack: choose the {WORDS[source].lower()}."
            )
        return ""

    def _follow(self, kind: ReferenceKind) -> None:
        """Take the main window's."""
        self._paths[kind] = self._session.reference_stacks.path(kind)
        self._show(kind)

    def _show(self, kind: ReferenceKind) -> None:
        path = self._paths.get(kind)
        self.rows[kind].set_file(
            "" if path is None else path.name, "" if path is None else str(path)
        )
        self._update()

    def _update(self, *_: object) -> None:
        """Show the rows that have a use, as the main window does."""
        source = self._session.state.parameters.source
        for kind, row in self.rows.items():
            automatic = source == "automatic" and (kind == "dark" or row.given)
            row.setVisible(source == kind or automatic)
            row.set_optional(source == "automatic")
            if self._session.state.paths:
                row.folder = str(self._session.state.paths[0].parent)
        self.setVisible(any(row.isVisibleTo(self) for row in self.rows.values()))

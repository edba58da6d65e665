"""Saving and copying the mask: what is asked before it leaves the window, and where it goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from structmask_gui.core.errors import StructMaskError
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.export.doubts import doubt_of
from structmask_gui.gui.export.exporter import FORMS, Form, form_of, name_filter, proposed_path
from structmask_gui.gui.export.work import Result
from structmask_gui.gui.widgets import dialogs

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.names import Target
    from structmask_gui.gui.export.exporter import Exporter
    from structmask_gui.gui.session.session import Session

REPORTS = "Web page (*.html);;PDF (*.pdf)"
SAVE_FILTERS = ";;".join(name_filter(form) for form in FORMS)


class Saving:
    """Asks whether the mask is to be used, and where to; then has it written or copies it.

    Parameters
    ----------
    parent : QWidget
        The window that its dialogs belong to.
    session : Session
    exporter : Exporter
    say : callable
        Shows a sentence in the status bar.
    """

    def __init__(
        self,
        parent: QWidget,
        session: Session,
        exporter: Exporter,
        say: Callable[[str], object],
    ) -> None:
        self._parent = parent
        self._session = session
        self._exporter = exporter
        self._say = say
        self._accepted: tuple[Mask, bool] | None = None  # in spite of doubts; if it was stale

    def if_sure(self, use: Callable[[Result], object]) -> None:
        """Use the present mask; ask once before, if the answer does not support it.

        What is used is the result that was asked about, whatever is measured meanwhile.
        """
        if self._session.state.result is None:
            return
        result, doubt = Result.of(self._session), doubt_of(self._session)
        mask, stale = result.result.mask, self._session.state.stale

        def accept() -> None:
            self._accepted = mask, stale
            use(result)

        known, as_old = self._accepted or (None, False)
        if not doubt or (mask is known and stale == as_old):
            use(result)
        else:
            dialogs.ask_yes(self._parent, "Use this mask?", doubt, "Use it anyway", accept)

    def export_mask(self) -> None:
        """Ask for a file and write the mask."""
        if self._exporter.ready():
            self.if_sure(partial(self._ask_for_mask, FORMS[0], SAVE_FILTERS))

    def save_as(self, form: str) -> None:
        """Ask for a file and write the mask in one form."""
        wanted = next(one for one in FORMS if one.id == form)
        if self._exporter.ready():
            self.if_sure(partial(self._ask_for_mask, wanted, name_filter(wanted)))

    def _ask_for_mask(self, form: Form, filters: str, result: Result) -> None:
        proposed, export = proposed_path(result, form), partial(self._export_to, result)
        dialogs.ask_new_file(self._parent, "Save the mask", proposed, filters, export)

    def _export_to(self, result: Result, name: str, chosen: str) -> None:
        path = Path(name)
        try:
            form = form_of(chosen, path)
        except StructMaskError as error:
            self._say(str(error))
            return
        self._exporter.export({form.id: path}, result)

    def export_all(self) -> None:
        """Ask for a folder and write NPY, PNG and record into it."""
        if self._exporter.ready(with_record=True):
            self.if_sure(self._ask_for_folder)

    def _ask_for_folder(self, result: Result) -> None:
        export = partial(self.export_into, result=result)
        folder = str(beside(result.paths))
        dialogs.ask_folder(self._parent, "Export mask, picture and record", folder, export)

    def export_into(self, folder: str, result: Result) -> None:
        """Write NPY, PNG, enlarged picture and record into a folder, beside older ones."""
        from structmask_gui.io.files.paths import exists

        files = {
            form.id: Path(folder) / proposed_path(result, form).name
            for form in FORMS
            if form.id != "tiff"
        }

        write = partial(self._exporter.export, files, result)
        taken = [path.name for path in files.values() if exists(path)]
        if not taken:
            write()
            return
        dialogs.ask_yes(
            self._parent,
            "Replace files?",
            f"The folder already holds {', '.join(taken)}.",
            "Replace",
            write,
        )

    def copy_for(self, target: Target) -> None:
        """Show the mask as text for a trainer."""
        self.if_sure(partial(self._show_copy, target))

    def _show_copy(self, target: Target, result: Result) -> None:
        from structmask_gui.gui.export.trainer_dialog import SnippetDialog

        dialog = SnippetDialog(self._parent, target, result)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def copy_mask(self) -> None:
        """Copy the mask as a nested list."""
        self.if_sure(self._copy_mask)

    def _copy_mask(self, result: Result) -> None:
        rows = result.result.mask.array.astype(int).tolist()
        text = "[" + ",\n ".join(json.dumps(row) for row in rows) + "]"
        QGuiApplication.clipboard().setText(text)
        self._say("The mask is on the clipboard.")

    def save_report(self) -> None:
        """Ask for a file and write the report."""
        if self._exporter.ready(with_record=True):
            self.if_sure(self._ask_for_report)

    def _ask_for_report(self, result: Result) -> None:
        proposed, save = result.proposed("_report.html"), partial(self._report_to, result)
        dialogs.ask_new_file(self._parent, "Save report", proposed, REPORTS, save)

    def _report_to(self, result: Result, name: str, _filter: str) -> None:
        self._exporter.save_report(Path(name), result)

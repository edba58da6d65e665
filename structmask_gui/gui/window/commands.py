"""What the actions do: one method for each id of `ACTIONS`, and the choices."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication

from structmask_gui.core.errors import InputError, StructMaskError
from structmask_gui.gui.desktop import places
from structmask_gui.gui.desktop.open_external import open_outside
from structmask_gui.gui.export.exporter import FORMS, form_of, name_filter, proposed_name
from structmask_gui.gui.style.app_theme import ThemeName
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.window import help_dialogs

if TYPE_CHECKING:
    from structmask_gui.gui.batch.window import BatchWindow
    from structmask_gui.gui.window.main_window import MainWindow
    from structmask_gui.io.trainers.snippets import Target

log = logging.getLogger(__name__)

REPORTS = "Web page (*.html);;PDF (*.pdf)"
SAVE_FILTERS = ";;".join(name_filter(form) for form in FORMS)


class Commands(QObject):
    """Carries out the actions of the menus.

    Parameters
    ----------
    window : MainWindow
        Whose session, panels and dialogs are used.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._session = window.session
        self._batch: BatchWindow | None = None
        self._few_of = ""
        window.session.stack_changed.connect(self._take_few)

    # --- file ---------------------------------------------------------------------------------

    def open_files(self) -> None:
        """Ask for files and open them."""
        dialogs.ask_files(
            self._window,
            "Open a stack",
            self._folder(),
            dialogs.readable_files(),
            self._window.open_paths,
            several=True,
        )

    def open_folder(self) -> None:
        """Ask for a folder and show it in the file browser; a Zarr is opened."""
        dialogs.ask_folder(
            self._window, "Show a folder, or open a Zarr", self._folder(), self._open_folder
        )

    def _open_folder(self, folder: str) -> None:
        self._window.open_paths([folder])

    def open_address(self) -> None:
        """Ask for the address of an image on a server and open it."""
        from structmask_gui.gui.window.open_url import AddressDialog

        parameters = self._session.parameters
        dialog = AddressDialog(
            self._window,
            self._open_address,
            all_patches=not parameters.patches and not parameters.precision,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _open_address(self, address: str, few: bool) -> None:
        self._few_of = address if few else ""
        self._window.open_paths([address])

    def _take_few(self) -> None:
        """Measure few patches of an address that is open now, if that was asked for."""
        stack, address = self._session.stack, self._few_of
        if address and stack is not None and stack.location == address:
            from structmask_gui.gui.window.open_url import FEW

            self._few_of = ""
            self._session.set_parameter("patches", FEW)

    def open_sample(self) -> None:
        """Open the stack that comes with the program."""
        sample = places.sample_stack()
        if sample is None:
            self._window.say("The sample is missing from this installation; install it again.")
        else:
            self._window.open_paths([str(sample)])

    def reopen_file(self) -> None:
        """Open the present files again."""
        self._session.reopen()

    def show_metadata(self) -> None:
        """Show what the open file says of itself."""
        stack = self._session.stack
        if stack is not None:
            from structmask_gui.gui.session.stack_info import metadata_text

            help_dialogs.metadata(self._window, stack.name, metadata_text(stack)).show()

    def export_mask(self) -> None:
        """Ask for a file and write the mask."""
        dialogs.ask_new_file(
            self._window,
            "Export mask",
            proposed_name(self._session, FORMS[0]),
            SAVE_FILTERS,
            self._export_to,
        )

    def _export_to(self, name: str, chosen: str) -> None:
        path = Path(name)
        try:
            form = form_of(chosen, path)
        except StructMaskError as error:
            self._window.say(str(error))
            return
        self._window.exporter.export({form.id: path})

    def export_all(self) -> None:
        """Ask for a folder and write NPY, PNG and record into it."""
        dialogs.ask_folder(
            self._window, "Export mask, picture and record", self._folder(), self.export_into
        )

    def export_into(self, folder: str) -> None:
        """Write NPY, PNG, enlarged picture and record into a folder, beside older ones."""
        files = {
            form.id: Path(folder) / proposed_name(self._session, form).name
            for form in FORMS
            if form.id != "tiff"
        }
        taken = [path.name for path in files.values() if path.exists()]
        if not taken:
            self._window.exporter.export(files)
            return

        def replace() -> None:
            self._window.exporter.export(files)

        dialogs.ask_yes(
            self._window,
            "Replace files?",
            f"The folder already holds {', '.join(taken)}.",
            "Replace",
            replace,
        )

    def copy_for_n2v(self) -> None:
        """Show the mask as text for juglab n2v."""
        self._copy_for("n2v")

    def copy_for_autostructn2v(self) -> None:
        """Show the mask as text for autoStructN2V."""
        self._copy_for("autostructn2v")

    def copy_for_careamics(self) -> None:
        """Show the mask as text for CAREamics."""
        self._copy_for("careamics")

    def copy_for_python(self) -> None:
        """Show the mask as plain Python."""
        self._copy_for("python")

    def _copy_for(self, target: Target) -> None:
        from structmask_gui.gui.export.trainer_dialog import SnippetDialog

        if self._session.mask is not None:
            dialog = SnippetDialog(self._window, self._session, target)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.show()

    def save_report(self) -> None:
        """Ask for a file and write the report."""
        proposed = self._window.reporter.proposed()
        dialogs.ask_new_file(self._window, "Save report", proposed, REPORTS, self._report_to)

    def _report_to(self, name: str, _filter: str) -> None:
        self._window.reporter.save(Path(name))

    def batch(self) -> None:
        """Show the window for many files; what runs in it goes on while it is closed."""
        if self._batch is None:
            from structmask_gui.gui.batch.window import BatchWindow

            self._batch = BatchWindow(self._window, self._session)
        self._batch.show()
        self._batch.raise_()

    def close_file(self) -> None:
        """Let go of the open files."""
        self._session.close_files()

    def quit(self) -> None:
        """Close the window."""
        self._window.close()

    def _folder(self) -> str:
        paths = self._session.paths
        if paths:
            return str(places.beside(paths))
        return self._window.settings.browser_folder or str(Path.home())

    # --- edit ---------------------------------------------------------------------------------

    def undo(self) -> None:
        """Take back the last change."""
        self._session.history.undo()

    def redo(self) -> None:
        """Make the change again."""
        self._session.history.redo()

    def reset_parameters(self) -> None:
        """Put every parameter back to its default."""
        self._session.reset_parameters()

    def edit_mask(self) -> None:
        """Draw on the mask, or stop."""
        editor = self._window.views.editor
        editor.set_on(not editor.on)

    def extracted_mask(self) -> None:
        """Go back to the mask as it was extracted."""
        self._session.drop_edit()

    def open_mask(self) -> None:
        """Take a mask from disk in place of the present one."""
        self._window.views.editor.ask_file()

    def mask_grow(self) -> None:
        """Change the mask."""
        self._window.views.editor.apply("grow")

    def mask_grow_rows(self) -> None:
        """Change the mask."""
        self._window.views.editor.apply("grow_rows")

    def mask_grow_columns(self) -> None:
        """Change the mask."""
        self._window.views.editor.apply("grow_columns")

    def mask_shrink(self) -> None:
        """Change the mask."""
        self._window.views.editor.apply("shrink")

    def mask_shrink_rows(self) -> None:
        """Change the mask."""
        self._window.views.editor.apply("shrink_rows")

    def mask_shrink_columns(self) -> None:
        """Change the mask."""
        self._window.views.editor.apply("shrink_columns")

    def mask_fill(self) -> None:
        """Change the mask."""
        self._window.views.editor.apply("fill")

    def mask_symmetrise(self) -> None:
        """Change the mask."""
        self._window.views.editor.apply("symmetrise")

    def mask_union(self) -> None:
        """Change the mask."""
        self._window.views.editor.apply("union")

    def mask_intersection(self) -> None:
        """Change the mask."""
        self._window.views.editor.apply("intersection")

    def mask_crop(self) -> None:
        """Change the mask."""
        self._window.views.editor.apply("crop")

    def copy_mask(self) -> None:
        """Copy the mask as a nested list."""
        mask = self._session.mask
        if mask is not None:
            rows = mask.array.astype(int).tolist()
            text = "[" + ",\n ".join(json.dumps(row) for row in rows) + "]"
            QGuiApplication.clipboard().setText(text)
            self._window.say("The mask is on the clipboard.")

    def copy_sentence(self) -> None:
        """Copy the result in words."""
        result = self._session.result
        if result is not None:
            QGuiApplication.clipboard().setText("\n".join([result.sentence, *result.notes]))
            self._window.say("The result is on the clipboard.")

    # --- view ---------------------------------------------------------------------------------

    def previous_frame(self) -> None:
        """Show the frame before."""
        self._session.set_frame(self._session.frame - 1)

    def next_frame(self) -> None:
        """Show the frame after."""
        self._session.set_frame(self._session.frame + 1)

    def choose_colormap(self, name: str) -> None:
        """Draw all views in other colours."""
        self._session.set_colormap(name)

    def choose_theme(self, name: ThemeName) -> None:
        """Go light or dark."""
        self._window.settings.theme = name
        self._window.theme.choose(name)

    def next_panel(self) -> None:
        """Move the keyboard to the next panel."""
        self._window.focus_next_panel()

    def full_screen(self) -> None:
        """Fill the screen, or stop."""
        if self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()

    def reset_layout(self) -> None:
        """Put all panels back."""
        self._window.reset_layout()

    # --- measure ------------------------------------------------------------------------------

    def measure_again(self) -> None:
        """Read and measure again."""
        self._session.measure_again()

    def cancel(self) -> None:
        """Stop what is under way."""
        self._session.cancel()

    def choose_keeping(self, value: str) -> None:
        """Keep measurements on disk, or not."""
        self._window.settings.keep_measurements = value == "on"
        self._session.keeps_measurements = value == "on"

    def forget_measurements(self) -> None:
        """Take the kept measurements off the disk."""
        from structmask_gui.io.results.cache import MeasurementCache

        cache = MeasurementCache()
        size = cache.size()
        cache.clear()
        self._window.say(f"Kept measurements of {size / 2**20:.1f} MB are forgotten.")

    def whole_image(self) -> None:
        """Forget the rectangle."""
        self._session.set_region(None)

    def mask_too_small(self) -> None:
        """Apply the remedy."""
        self.apply_remedy("mask_too_small")

    def mask_too_large(self) -> None:
        """Apply the remedy."""
        self.apply_remedy("mask_too_large")

    def no_pattern_found(self) -> None:
        """Apply the remedy."""
        self.apply_remedy("no_pattern_found")

    def random_noise_caught(self) -> None:
        """Apply the remedy."""
        self.apply_remedy("random_noise_caught")

    def apply_remedy(self, name: str) -> None:
        """Apply a remedy and say what it changed."""
        from structmask_gui.core.parameters.remedies import REMEDIES, apply_remedy

        said = REMEDIES[name].text
        remedied = apply_remedy(self._session.parameters, name)
        self._session.set_parameters(remedied.parameters, said)
        self._window.say(f"{said}: {remedied.sentences}")
        log.info("%s: %s", said, remedied.text)

    # --- presets and compare ------------------------------------------------------------------

    def save_preset(self) -> None:
        """Keep the present parameters."""
        self._window.show_panel("presets").save_as()

    def import_preset(self) -> None:
        """Add a preset from a file."""
        self._window.show_panel("presets").import_file()

    def export_preset(self) -> None:
        """Write the chosen preset to a file."""
        self._window.show_panel("presets").export_file()

    def open_preset_folder(self) -> None:
        """Show the folder of the person's presets."""
        self._show_in_system(self._window.show_panel("presets").folder())

    def pin(self) -> None:
        """Keep this mask as A."""
        self._session.pin()
        self._window.show_panel("compare")

    def unpin(self) -> None:
        """End the comparison."""
        self._session.unpin()

    def judge_result(self) -> None:
        """Judge a denoised stack."""
        self._window.show_panel("result").ask()

    def compare_file(self) -> None:
        """Take a mask from disk as A."""
        self._window.show_panel("compare").open_file()

    # --- help ---------------------------------------------------------------------------------

    def help(self) -> None:
        """Explain the method."""
        self._window.show_panel("help")

    def guide(self) -> None:
        """Open the guide; where it was not built, show the help beside the views instead."""
        from structmask_gui.io.files.locations import guide_page

        try:
            page = guide_page()
        except InputError as error:
            self.help()
            self._window.say(str(error))
            return
        open_outside(page)
        # Said in any case: a browser that is kept in a box may not read every folder.
        self._window.say(f"The guide is {page}")

    def shortcuts(self) -> None:
        """List all keys."""
        help_dialogs.ShortcutsDialog(self._window, self._window.panel_shortcuts()).show()

    def open_log_folder(self) -> None:
        """Show the folder of the log file."""
        self._show_in_system(places.log_file().parent)

    def report_problem(self) -> None:
        """Show what to send along."""
        help_dialogs.report(self._window, self._window.log_tail()).show()

    def about(self) -> None:
        """Show version and system."""
        help_dialogs.about(self._window).show()

    def _show_in_system(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._window.say(f"{folder} cannot be made: {error.strerror}.")
            return
        if not open_outside(folder):
            self._window.say(f"The folder is {folder}")

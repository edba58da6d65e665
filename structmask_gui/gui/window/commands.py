"""What the actions do that need a dialog, or more than a line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog

from structmask_gui.core.errors import InputError
from structmask_gui.gui.desktop import places
from structmask_gui.gui.desktop.open_external import open_outside
from structmask_gui.gui.export.saving import Saving
from structmask_gui.gui.quality.frame_writer import FrameWriter, endless_lines
from structmask_gui.gui.session.opening import Part, Source
from structmask_gui.gui.style.app_theme import ThemeName
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.toast import Toast
from structmask_gui.gui.window import help_dialogs
from structmask_gui.gui.window.mask_editor import DroppedMask
from structmask_gui.gui.window.shell import Shell

if TYPE_CHECKING:
    from structmask_gui.core.stack.correction import Calibration
    from structmask_gui.core.stack.reference_fit import ReferenceKind
    from structmask_gui.gui.batch.window import BatchWindow
    from structmask_gui.gui.quality.denoise_window import DenoiseWindow

log = logging.getLogger(__name__)


class Commands(QObject):
    """Asks for what an action needs, and carries it out."""

    def __init__(self, window: Shell) -> None:
        super().__init__(window)
        self.window = window
        self.session = window.session
        self._batch: BatchWindow | None = None
        self._denoise: DenoiseWindow | None = None
        self._few_of = ""
        self.saving = Saving(window, window.session, window.exporter, window.say)
        self.toast = Toast(window)
        self.frames = FrameWriter(window.session, self)
        self.frames.said.connect(window.say)
        self.frames.written.connect(self._offer_frames)
        self._calibrations: dict[Calibration, Path] = {}  # chosen last
        self._dark: Path | None = None  # that was measured in then
        self.dropped = DroppedMask(window.session, self.toast)
        window.session.writers.ended.connect(self._on_writer_ended)
        window.session.stack_changed.connect(self._take_few)
        window.session.references_dropped.connect(self._offer_references)
        window.session.stack_changed.connect(self._offer_axes)
        self._axes_asked = ""  # the toast that asks about axes
        self._step = ""  # what was undone or redone last, while that is true
        window.session.history.changed.connect(self._on_change)

    # --- file ---------------------------------------------------------------------------------

    def open_files(self) -> None:
        """Ask for files and open them."""
        dialogs.ask_files(
            self.window,
            "Open a stack",
            self._folder(),
            dialogs.readable_files("Images and records", ".json"),
            self.window.open_paths,
            several=True,
        )

    def open_folder(self) -> None:
        """Ask for a folder and show it in the file browser; a Zarr is opened."""
        title = "Show a folder, or open a Zarr"
        dialogs.ask_folder(self.window, title, self._folder(), self._open_folder)

    def _open_folder(self, folder: str) -> None:
        self.window.open_paths([folder])

    def paste(self) -> None:
        """Open the files whose paths were copied, in a file manager, a terminal or a text."""
        from structmask_gui.io.files.paths import exists, pasted_path
        from structmask_gui.io.files.remote import remote_address

        # None where nothing was ever copied, whatever Qt's types say.
        copied = QGuiApplication.clipboard().mimeData() or QMimeData()
        if copied.hasUrls():
            texts = [url.toLocalFile() or url.toString() for url in copied.urls()]
        else:
            texts = [line for line in copied.text().splitlines() if line.strip()]
        paths = [pasted_path(text) for text in texts]
        good = [path for path in paths if exists(path) or remote_address(path) is not None]
        if good:
            self.window.open_paths(good)
        elif copied.hasImage():
            self.window.show_error(
                "The clipboard holds a picture as it is shown on the screen, without the values of"
                " its pixels; save the image as a TIFF and open that."
            )
        elif paths:
            self.window.show_error(f"{paths[0][:200]}: there is no such file; copy its whole path.")
        else:
            self.window.say("The clipboard holds no path of a file; copy one first.")

    def open_address(self) -> None:
        """Ask for the address of an image on a server and open it."""
        from structmask_gui.gui.window.open_url import AddressDialog

        parameters = self.session.state.parameters
        every = not parameters.patches and not parameters.precision
        dialog = AddressDialog(self.window, self._open_address, all_patches=every)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _open_address(self, address: str, few: bool) -> None:
        self._few_of = address if few else ""
        self.window.open_paths([address])

    def _take_few(self) -> None:
        """Measure few patches of an address that is open now, if that was asked for."""
        stack, address = self.session.state.stack, self._few_of
        if address and stack is not None and stack.location == address:
            from structmask_gui.gui.window.open_url import FEW

            self._few_of = ""
            self.session.edits.set_parameter("patches", FEW)

    def _offer_references(self, paths: dict[ReferenceKind, Path]) -> None:
        """Say that reference stacks were let go with their files, and offer them again."""

        def again() -> None:
            for kind, path in paths.items():
                self.session.reference_stacks.choose(kind, path)

        names = " and ".join(path.name for path in paths.values())
        self.toast.say(
            f"{names} belonged to the file before and is no longer used.",
            "Use it here too",
            again,
            "Measure the noise of this file in it, too",
        )

    def _offer_axes(self) -> None:
        """Ask about axes that only the user knows: whether planes are colours, or thin ones."""
        self.toast.take_back(self._axes_asked)  # It was about other files.
        self._axes_asked, state = "", self.session.state
        if len(state.stacks) != 1 or "axes" in state.open_choices:
            return
        (stack,) = state.stacks
        asked = getattr(stack, "axes_question", None)
        if asked is not None:
            self._axes_asked = f"{stack.name}: {asked.question[0].lower()}{asked.question[1:]}"
            self.toast.say(
                self._axes_asked,
                f"Read as {asked.axes}",
                partial(self.session.reopen, axes=asked.axes, channel=None),
                f"Read the file again with the axes {asked.axes}",
            )

    def open_sample(self) -> None:
        """Open the stack that comes with the program."""
        sample = places.sample_stack()
        if sample is None:
            self.window.say("The sample is missing from this installation; install it again.")
        else:
            self.window.open_paths([str(sample)])

    def show_metadata(self) -> None:
        """Show the metadata of the open file."""
        stack = self.session.state.stack
        if stack is not None:
            from structmask_gui.gui.session.stack_info import metadata_text

            name, text = stack.name, metadata_text(stack)
            make = partial(help_dialogs.metadata, self.window, name, text)
            self._show_one(f"metadata of {stack.location}", make)

    def batch(self) -> None:
        """Show the window for many files; what runs in it goes on while it is closed."""
        if self._batch is None:
            from structmask_gui.gui.batch.window import BatchWindow

            self._batch = BatchWindow(self.window, self.session)
            self._batch.told.connect(self.window.batch_progress.setText)
        self._batch.show()
        self._batch.raise_()

    def one_mask(self) -> None:
        """Offer one mask for the files of the folder that is open."""
        paths = self.session.state.paths
        self.batch()
        if paths and self._batch is not None:
            self._batch.offer_one_mask(paths[0].parent)

    def many_files(self) -> None:
        """Offer to measure each of the files for itself that could not be opened together."""
        self.batch()
        if (refused := self.session.state.remedy) is not None and self._batch is not None:
            self._batch.add([str(path) for path in refused.paths])

    def denoise(self) -> None:
        """Denoise the open stack with the present mask; closing the window stops nothing."""
        if self._denoise is None:
            from structmask_gui.gui.quality.denoise_window import DenoiseWindow

            self._denoise = DenoiseWindow(self.window, self.session, self.show_in_system)
            self._denoise.denoising.left.connect(self.window.say)
        self._denoise.begin()

    def let_go(self, then: Callable[[], object]) -> None:
        """Go on to other files, or to the end; ask first where a result is not saved."""
        if self._denoise is None:
            then()
            return
        if self._denoise.denoising.saving:
            self.window.say("Writing the denoised stack first…")
        self._denoise.let_go(then)

    def end(self, then: Callable[[], object]) -> None:
        """Go on to the end; ask first where a result is not saved, or a batch is at work."""
        self.let_go(then if self._batch is None else partial(self._batch.let_go, then))

    # --- the answer ---------------------------------------------------------------------------

    def act(self, action: str) -> None:
        """Do what a button of the answer says."""
        done: dict[str, Callable[[], object]] = {
            "use_mask": self.saving.export_mask,
            "copy_plain_n2v": partial(self.saving.copy_for, "careamics"),
            "use_trainer_shape": partial(self.saving.copy_for, "careamics"),
            "what_to_record": self.what_to_record,
            "preview_removal": self.preview_removal,
            "correct": self.correct,
            "add_files": self.add_files,
            "measure_every_second": self.session.edits.take_every_second,
            "back_to_recommended": self.session.edits.back_to_recommended,
            "compare_with_automatic": self.compare_with_automatic,
            "map": self.show_why,
            "open_raw": self.open_raw,
            "judge": self.judge_open,
        }
        done[action]()

    def open_raw(self) -> None:
        """Open what the open stack was denoised from."""
        raw = self.session.state.raw
        if raw is not None:
            self.session.open(raw.path, part=raw.part, **raw.choices)

    def judge_open(self) -> None:
        """Judge the denoised stack that is open beside its raw one, which is opened for it."""
        state = self.session.state
        (path,), raw = state.paths, state.raw
        judge = self.window.show_panel("result").denoised.open_beside
        if raw is not None:
            judge(path, raw)
            return

        def answer(paths: list[str]) -> None:
            judge(path, Source(Path(paths[0]), {}, Part()))

        title = f"Open the raw stack of {path.name}"
        dialogs.ask_files(self.window, title, self._folder(), dialogs.readable_files(), answer)

    def preview_removal(self) -> None:
        """Show a frame without the offsets of its lines, and offer to write all frames so."""
        from structmask_gui.gui.quality.removal import OffsetsDialog

        lines = endless_lines(self.session) or "rows"
        OffsetsDialog(self.window, self.session, self.frames, lines).show()

    def correct(self) -> None:
        """Compare the frames with dark frames or an even field, and offer to correct them."""
        from structmask_gui.gui.quality.removal import CorrectionDialog

        dark = self.session.reference_stacks.path("dark")
        if dark is not None and dark != self._dark:
            self._calibrations["dark"] = dark  # what the answer is about
        self._dark = dark
        CorrectionDialog(self.window, self.session, self.frames, self._calibrations).show()

    def show_why(self) -> None:
        """Show what speaks for the present mask."""
        from structmask_gui.gui.window.why import WhyDialog

        if self.session.state.result is not None:
            self._show_one("why", partial(WhyDialog, self.window, self.session))

    def what_to_record(self) -> None:
        """Say which frames decide what the open ones cannot."""
        make = partial(help_dialogs.RecordDialog, self.window, self.guide)
        self._show_one("what_to_record", make)

    def add_files(self) -> None:
        """Ask for more files and average them with the open ones."""

        def add(paths: list[str]) -> None:
            state = self.session.state
            self.session.open([*map(str, state.paths), *paths], **state.open_choices)

        dialogs.ask_files(
            self.window,
            "Add files of the same field",
            self._folder(),
            dialogs.readable_files(),
            add,
            several=True,
        )

    def compare_with_automatic(self) -> None:
        """Compare this mask with that of the preset automatic, and change nothing."""
        self.session.pinned.keep_automatic()
        self.window.show_panel("compare")

    def _folder(self) -> str:
        paths = self.session.state.paths
        if paths:
            return str(places.beside(paths))
        return self.window.settings.browser_folder or str(Path.home())

    # --- mask, appearance, measurements, help -------------------------------------------------

    def undo(self) -> None:
        """Undo the last change, and say so in place of what was said of it."""
        what = self.session.history.undo_text
        self.session.history.undo()
        self._say_step(f"Undone: {what}")

    def redo(self) -> None:
        """Redo the change that was undone."""
        what = self.session.history.redo_text
        self.session.history.redo()
        self._say_step(f"Done again: {what}")

    def _say_step(self, text: str) -> None:
        """Say what was undone, until the next change."""
        self._step = text
        self.window.say(text)

    def _on_change(self) -> None:
        bar = self.window.statusBar()
        if self._step and bar.currentMessage() == self._step:
            bar.clearMessage()
        self._step = ""

    def copy_sentence(self) -> None:
        """Copy the three lines of the answer, with the notes on the result."""
        result, answer = self.session.state.result, self.session.answer
        if result is not None and answer is not None:
            origin = "" if self.session.state.edit is None else f"{result.sentence} "
            lines = answer.what, f"{origin}{answer.how_sure}", answer.advice, *result.notes
            QGuiApplication.clipboard().setText("\n".join(filter(None, lines)))
            self.window.say("The result is on the clipboard.")

    def copy_figure(self) -> None:
        """Copy image, preview and residual as one picture."""
        from structmask_gui.gui.quality.figure import copy_figure

        if copy_figure(self.session, self.window.views.preview.pictures()):
            self.window.say("The figure is on the clipboard.")
        else:
            self.window.say("There is no preview to copy yet.")

    def full_screen(self) -> None:
        """Fill the screen, or stop."""
        if self.window.isFullScreen():
            self.window.showNormal()
        else:
            self.window.showFullScreen()

    def choose_theme(self, name: ThemeName) -> None:
        """Go light or dark."""
        self.window.settings.theme = name
        self.window.theme.choose(name)

    def choose_text_size(self, percent: int) -> None:
        """Make all text larger, or as large as the system's."""
        self.window.settings.text_size = percent
        self.window.theme.set_text_size(percent)

    def keep_measurements(self, on: bool) -> None:
        """Keep measurements on disk, or not."""
        self.window.settings.keep_measurements = on
        self.session.keeps_measurements = on

    def forget_measurements(self) -> None:
        """Delete the measurements that are kept on disk."""
        from structmask_gui.io.results.cache import MeasurementCache

        cache = MeasurementCache()
        size = cache.size()
        cache.clear()
        self.window.say(f"Cached measurements of {size / 2**20:.1f} MB were deleted.")

    def pin(self) -> None:
        """Keep this mask as A."""
        self.session.pinned.keep_present()
        self.window.show_panel("compare")

    def help(self) -> None:
        """Show the help in front of other panels; where it is, close it."""
        dock = self.window.docks.get("help")
        # Behind another panel Qt still calls it visible.
        if dock is not None and dock.isVisible() and not dock.visibleRegion().isEmpty():
            dock.hide()
        else:
            self.window.show_panel("help")

    def guide(self) -> None:
        """Open the guide; where it was not built, show the help beside the views instead."""
        from structmask_gui.io.files.locations import guide_page

        try:
            page = guide_page()
        except InputError as error:
            self.window.show_panel("help")
            self.window.say(str(error))
            return
        open_outside(page)
        # Said in any case: a browser that is kept in a box may not read every folder.
        self.window.say(f"The guide is {page}")

    def find_command(self) -> None:
        """Offer every action by its words."""
        from structmask_gui.gui.widgets.find_command import FindCommand

        dialog = FindCommand(self.window, self.window.all_commands())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def shortcuts(self) -> None:
        """List all keys."""
        rows = self.window.shortcuts()
        self._show_one("shortcuts", partial(help_dialogs.ShortcutsDialog, self.window, rows))

    def open_log_folder(self) -> None:
        """Show the folder of the log file."""
        self.show_in_system(places.log_file().parent)

    def report_problem(self) -> None:
        """Show what to send along."""
        tail = "\n".join(text for _, text in list(self.window.log_lines.kept)[-40:])
        help_dialogs.report(self.window, tail).show()

    def about(self) -> None:
        """Show version and system."""
        self._show_one("about", partial(help_dialogs.about, self.window))

    def _show_one(self, name: str, make: Callable[[], QDialog]) -> None:
        """Show a dialog, or bring the one that is open to the front."""
        found = self.window.findChildren(QDialog, name)
        dialog = next((one for one in found if one.isVisible()), None)
        if dialog is None:
            dialog = make()
            dialog.setObjectName(name)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def show_written(self, names: list[str]) -> None:
        """Say what was written, with a button that shows its folder."""
        first = Path(names[0])
        said = ", ".join(Path(name).name for name in names)
        self.window.say(f"Saved {said} in {first.parent}")
        self.toast.say(
            f"Saved {said}",
            "Show in folder",
            partial(self.show_in_system, first.parent),
            f"Show {first.parent} in the file manager",
        )

    def _offer_frames(self, path: Path) -> None:
        """Offer to open frames that were written without a pattern."""
        self.toast.say(
            f"Saved {path.name}",
            "Open the new file",
            partial(self.session.open, path),
            "Open what was written, and measure it",
        )

    def _on_writer_ended(self, error: str) -> None:
        """Say no longer what was written before: it would stand beside the error."""
        if error:
            self.toast.hide()
            self.window.statusBar().clearMessage()

    def show_in_system(self, folder: Path) -> None:
        """Show a folder in the file manager; it is made if it is not there."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.window.say(f"{folder} cannot be made: {error.strerror}.")
            return
        if not open_outside(folder):
            self.window.say(f"The folder is {folder}")


def apply_remedy(window: Shell, name: str) -> None:
    """Apply a published remedy and say what it changed."""
    from structmask_gui.core.parameters import remedies

    said = remedies.REMEDIES[name].text
    remedied = remedies.apply_remedy(window.session.state.parameters, name)
    before = window.session.state.mask
    window.session.edits.set_parameters(remedied.parameters, said)
    state = window.session.state
    same = before is not None and state.mask == before and not state.stale
    stays = " The mask stays as it was: try again, or another remedy." if same else ""
    window.say(f"{said}: {remedied.sentences}{stays if remedied.changes else ''}")
    log.info("%s: %s", said, remedied.text)

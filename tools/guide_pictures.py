"""The steps of the guide as pictures: tune, judge, edit, export, many files."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from structmask_gui.gui.window.main_window import MainWindow

Settle = Callable[[], bool]

_MENU = "&File"
_KERNELS = ("row 7", "column 7", "diagonal", "white")
_TALL = 330


def draw_steps(window: MainWindow, folder: Path, settle: Settle) -> None:
    """Draw one picture for each step into a folder; the sample is open in the window.

    Parameters
    ----------
    window : MainWindow
    folder : Path
    settle : callable
        Waits until the window rests.
    """
    _tune(window, folder, settle)
    _judge(window, folder, settle)
    _denoise(window, folder, settle)
    _edit(window, folder, settle)
    _export(window, folder, settle)
    _many_files(window, folder, settle)


def _save(widget: QWidget, folder: Path, name: str) -> None:
    widget.grab().save(str(folder / f"{name}.png"))


def _tune(window: MainWindow, folder: Path, settle: Settle) -> None:
    """Draw the window after a slider was moved, compared with the mask before."""
    session = window.session
    session.edits.reset_parameters()
    settle()
    session.pinned.keep_present()
    session.edits.set_parameter("center_ratio_threshold", 0.05)
    window.set_tune(True)
    panel = window.panel("parameters")
    panel.area.ensureWidgetVisible(panel.rows["center_ratio_threshold"])
    window.show_panel("compare")
    settle()
    _save(window, folder, "tune")
    panel.area.verticalScrollBar().setValue(0)
    session.edits.reset_parameters()
    session.pinned.clear()
    window.docks["compare"].hide()
    window.set_tune(False)
    settle()


def _judge(window: MainWindow, folder: Path, settle: Settle) -> None:
    """Draw the panel that says what the mask will do, and the preview."""
    from PySide6.QtCore import Qt

    views = window.views
    dock = window.docks["quality"]
    window.show_panel("quality")
    height = dock.height()
    window.resizeDocks([dock], [_TALL], Qt.Orientation.Vertical)
    settle()
    _save(dock, folder, "judge")
    window.resizeDocks([dock], [height], Qt.Orientation.Vertical)
    dock.hide()
    views.preview.ways.choose("wipe")
    settle()
    _save(window, folder, "preview")
    views.preview.ways.choose("preview")
    settle()


def _denoise(window: MainWindow, folder: Path, settle: Settle) -> None:
    """Draw the sample denoised here, with the mask of the preset automatic."""
    from PySide6.QtCore import QEventLoop

    from structmask_gui.gui.quality.denoise_window import DenoiseWindow
    from structmask_gui.io.presets.preset import built_in_presets

    session = window.session
    automatic = next(one for one in built_in_presets() if one.name == "automatic")
    session.edits.apply_preset(automatic)
    settle()
    shown = DenoiseWindow(window, session, lambda _folder: None)
    shown.resize(1180, 660)  # the offscreen screen is smaller
    shown.ways.choose("wipe")
    loop = QEventLoop()
    # The last picture is the frame of the finished result.
    shown.denoising.shown.connect(
        lambda _shown: loop.quit() if shown.denoising.phase == "done" else None
    )
    shown.begin()
    loop.exec()
    settle()
    _save(shown, folder, "denoise")
    shown.close()
    session.history.undo()
    settle()


def _edit(window: MainWindow, folder: Path, settle: Settle) -> None:
    """Draw the mask while it is drawn on."""
    editor = window.views.editor
    editor.set_on(True)
    settle()
    editor.apply("grow_rows")
    settle()
    _save(window, folder, "edit")
    editor.set_on(False)
    window.session.edits.drop_edit()
    settle()


def _export(window: MainWindow, folder: Path, settle: Settle) -> None:
    """Draw the menus of forms, and the text for a trainer."""
    from PySide6.QtWidgets import QMenu

    from structmask_gui.gui.export.trainer_dialog import SnippetDialog
    from structmask_gui.gui.export.work import Result

    for menu in window.menuBar().findChildren(QMenu):
        if menu.title() == _MENU:
            # Not popped up: that takes the keyboard.
            menu.ensurePolished()
            menu.adjustSize()
            _save(menu, folder, "file-menu")
    use = window.menus.use_mask
    use.ensurePolished()
    use.adjustSize()
    _save(use, folder, "use-mask")
    dialog = SnippetDialog(window, "careamics", Result.of(window.session))
    dialog.show()
    settle()
    _save(dialog, folder, "copy-for")
    dialog.close()


def _many_files(window: MainWindow, folder: Path, settle: Settle) -> None:
    """Draw the window for many files after a run over simulated ones, and one that is broken."""
    from structmask_gui.core.simulation import NoiseModel, kernels, simulate
    from structmask_gui.gui.batch.window import BatchWindow
    from structmask_gui.io.presets.preset import built_in_presets

    automatic = next(one for one in built_in_presets() if one.name == "automatic")
    window.session.edits.apply_preset(automatic)
    settle()
    batch = BatchWindow(window, window.session)
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        scans = Path("scans")
        scans.mkdir()
        for number, name in enumerate(_KERNELS):
            model = NoiseModel(kernels()[name], sigma=20)
            frames = simulate(model, (256, 256), n_frames=6, seed=number)
            np.save(scans / f"scan_{number + 1:02}.npy", frames.astype(np.float32))
        (scans / "scan_05.npy").write_bytes(b"cut short")
        batch.add([str(scans)])
        batch.show()
        while not batch.table.rowCount():
            settle()
        batch.choices.reports.setChecked(True)
        batch.start()
        while batch.running:
            settle()
        settle()
        batch.resize(960, 520)
        settle()
        _save(batch, folder, "batch")
    batch.close()

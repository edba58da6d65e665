"""A stack that was denoised here is opened again: what is offered of its raw one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from structmask_gui.gui.session.opening import Part, Source
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.denoise_files import FORMAT, VERSION, record_path
from structmask_gui.io.files.json_files import json_bytes
from structmask_gui.io.open import open_stack
from structmask_gui.io.results.record import InputRecord
from structmask_gui.io.stack.image_stack import DENOISED_BY
from tests.gui.conftest import noise, wait_for_result
from tests.gui.open_dialogs import dialog

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]


@pytest.fixture
def denoised(stack_file: Path) -> Path:
    """Return a denoised stack beside its raw one, with its record."""
    path = stack_file.with_name("rows_denoised.ome.tif")
    raw = np.load(stack_file).astype(np.float32)
    output = raw.mean() + 0.4 * (raw - raw.mean())
    tifffile.imwrite(path, output, metadata={"axes": "TYX"}, software=f"{DENOISED_BY}1")
    with open_stack(stack_file) as stack:
        source = InputRecord.of(stack).model_dump(mode="json")
    about = {"format": FORMAT, "version": VERSION, "input": source, "mask": [[1, 1, 1, 1, 1]]}
    record_path(path).write_bytes(json_bytes(about))
    return path


def opened(window: MainWindow, path: Path, qtbot: QtBot) -> set[str]:
    """Open a file, and return which buttons the answer has."""
    window.open_paths([str(path)])
    wait_for_result(window.session, qtbot)
    return {name for name, button in window.headline.row.buttons.items() if button.isVisible()}


def test_the_raw_stack_is_offered(
    window: MainWindow, denoised: Path, stack_file: Path, qtbot: QtBot
):
    assert opened(window, denoised, qtbot) == {"open_raw", "judge", "use_mask"}
    assert window.headline.row.buttons["open_raw"].property("main")
    window.headline.row.buttons["open_raw"].click()
    qtbot.waitUntil(lambda: window.session.state.paths == (stack_file,), timeout=15_000)
    wait_for_result(window.session, qtbot)
    assert not window.headline.row.buttons["open_raw"].isVisible()


def test_it_is_judged_beside_the_raw_stack(
    window: MainWindow, denoised: Path, stack_file: Path, qtbot: QtBot
):
    opened(window, denoised, qtbot)
    window.headline.row.buttons["judge"].click()
    panel = window.panel("result")
    qtbot.waitUntil(lambda: panel.denoised.evaluation is not None, timeout=30_000)
    assert window.session.state.paths == (stack_file,)
    assert panel.denoised.path == denoised
    assert panel.isVisible()


def test_without_its_record_the_raw_stack_is_asked_for(
    window: MainWindow, denoised: Path, stack_file: Path, qtbot: QtBot
):
    record_path(denoised).unlink()
    assert opened(window, denoised, qtbot) == {"judge", "use_mask"}
    window.headline.row.buttons["judge"].click()
    asked = dialog(QFileDialog)
    assert "rows_denoised" in asked.windowTitle()
    asked.filesSelected.emit([str(stack_file)])
    panel = window.panel("result")
    qtbot.waitUntil(lambda: panel.denoised.evaluation is not None, timeout=30_000)
    assert window.session.state.paths == (stack_file,)


def test_what_was_to_be_judged_is_forgotten_with_its_raw_stack(
    window: MainWindow, denoised: Path, tmp_path: Path, qtbot: QtBot
):
    opened(window, denoised, qtbot)
    window.headline.row.buttons["judge"].click()
    np.save(tmp_path / "other.npy", noise((4, 96, 96)))
    opened(window, tmp_path / "other.npy", qtbot)
    assert window.panel("result").denoised._beside is None


def test_nothing_is_judged_while_the_raw_stack_is_not_open(
    window: MainWindow,
    denoised: Path,
    stack_file: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
):
    opened(window, denoised, qtbot)
    session, judged = window.session, window.show_panel("result").denoised
    # The window may ask before other files are opened, and the answer may be no.
    with monkeypatch.context() as patched:
        patched.setattr(session, "let_go", lambda _go: None)
        judged.open_beside(denoised, Source(stack_file, {}, Part()))
    with qtbot.waitSignal(session.extraction_changed):
        session.edits.set_parameter("center_size", 20)
    QApplication.processEvents()
    assert judged.path is None
    bad = stack_file.with_name("bad.npy")
    bad.write_bytes(b"nonsense")
    with qtbot.waitSignal(session.failed):
        judged.open_beside(denoised, Source(bad, {}, Part()))
    assert judged._beside is None


@pytest.mark.parametrize("other_is_open", [False, True])
def test_its_record_opens_the_raw_stack(
    window: MainWindow, denoised: Path, stack_file: Path, qtbot: QtBot, other_is_open: bool
):
    if other_is_open:
        np.save(stack_file.with_name("other.npy"), noise((4, 96, 96)))
        opened(window, stack_file.with_name("other.npy"), qtbot)
    with qtbot.waitSignal(window.views.editor.file.said, timeout=20_000) as said:
        window.open_paths([str(record_path(denoised))])
    assert said.args == [
        f"rows_denoised.json opened its own image, rows.npy in {stack_file.parent}."
    ]
    assert window.session.state.paths == (stack_file,)
    assert window.session.state.mask is not None
    assert window.session.state.mask.cropped().shape == (1, 5)

"""Masks and reports written off the GUI thread: errors are sentences, inputs stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise, wait_for_result

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]


def test_an_export_that_fails_is_a_sentence(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    with qtbot.waitSignal(loaded.session.failed):
        loaded.exporter.export({"npy": tmp_path / "no" / "folder" / "m.npy"})
    assert "m.npy" in loaded.session.state.error
    assert loaded.session.state.extraction is not None


@pytest.mark.parametrize("what", ["mask", "report", "view", "preset"])
def test_no_file_that_is_open_is_written_over(
    loaded: MainWindow, qtbot: QtBot, stack_file: Path, tmp_path: Path, what: str
):
    dark = tmp_path / "dark.npy"
    np.save(dark, noise((4, 128, 160), seed=2))
    with qtbot.waitSignal(loaded.session.reference_stacks.changed):
        loaded.session.reference_stacks.choose("dark", dark)
    wait_for_result(loaded.session, qtbot)
    write: dict[str, Callable[[Path], object]] = {
        "mask": lambda path: loaded.exporter.export({"npy": path}),
        "report": loaded.exporter.save_report,
        "view": lambda path: loaded.views.write_view(loaded.views.image, path),
        "preset": lambda path: loaded.panel("presets").presets.export(str(path)),
    }
    for path in (stack_file, dark):
        before = path.read_bytes()
        loaded.session.dismiss_error()
        write[what](path)
        qtbot.waitUntil(lambda: bool(loaded.session.state.error))
        expected = f"{path.name} is an image file that is open; choose another name."
        assert loaded.session.state.error == expected
        assert path.read_bytes() == before


def test_without_a_result_a_sentence_says_so(window: MainWindow, tmp_path: Path):
    said = "There is no mask yet; open a stack first."
    window.exporter.export({"npy": tmp_path / "m.npy"})
    assert window.session.state.error == said
    window.session.dismiss_error()
    window.exporter.save_report(tmp_path / "m.html")
    assert window.session.state.error == said
    assert not list(tmp_path.iterdir())

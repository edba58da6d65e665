"""The mask leaves the window as it was asked about: in every form, whatever happens meanwhile."""

from __future__ import annotations

from functools import partial
from html import escape
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from structmask_gui.gui.export import saving
from structmask_gui.gui.export.trainer_dialog import SnippetDialog
from structmask_gui.gui.export.work import Result
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise, wait_for_result
from tests.gui.open_dialogs import dialog, trigger

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]


def test_export_writes_the_chosen_form(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    export_to = partial(loaded.commands.saving._export_to, Result.of(loaded.session))
    for text, name in (
        ("NumPy array, for autoStructN2V and n2v (*.npy)", "m.npy"),
        ("Picture, one pixel a lag (*.png)", "m.png"),
        ("TIFF, one pixel a lag (*.tif)", "m.tif"),
        ("Enlarged picture with grid and axes (*.png)", "large.png"),
        ("Record of how the mask came about (*.json)", "m.json"),
    ):
        with qtbot.waitSignal(loaded.exporter.written):
            export_to(str(tmp_path / name), text)
    extraction = loaded.session.state.extraction
    assert extraction is not None
    assert np.array_equal(np.load(tmp_path / "m.npy"), extraction.mask.array)
    assert (tmp_path / "large.png").stat().st_size > (tmp_path / "m.png").stat().st_size
    assert '"rows.npy"' in (tmp_path / "m.json").read_text()
    assert (tmp_path / "m.tif").exists()


def test_the_endings_of_names_have_the_last_word(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    export_to = partial(loaded.commands.saving._export_to, Result.of(loaded.session))
    with qtbot.waitSignal(loaded.exporter.written):
        export_to(str(tmp_path / "m.png"), "NumPy array (*.npy)")
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")
    export_to(str(tmp_path / "m.bmp"), "NumPy array (*.npy)")
    assert "m.bmp" in loaded.statusBar().currentMessage()


@pytest.mark.parametrize("name", ["save_npy", "save_report"])
def test_what_was_asked_about_is_written_whatever_is_measured_meanwhile(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path, name: str
):
    session, result = loaded.session, loaded.session.state.result
    assert result is not None
    session.edits.set_parameters({"patch_size": 32, "center_size": 21})
    assert session.state.stale
    trigger(loaded, name)
    box = dialog(QMessageBox)
    assert "settings were changed" in box.text()
    next(b for b in box.buttons() if b.text() == "Use it anyway").click()
    asked = dialog(QFileDialog)
    wait_for_result(session, qtbot)
    assert session.state.mask != result.mask
    path = tmp_path / ("m.npy" if name == "save_npy" else "m.html")
    with qtbot.waitSignal(loaded.exporter.written):
        asked.fileSelected.emit(str(path))
    asked.close()
    if name == "save_npy":
        assert np.array_equal(np.load(path), result.mask.array)
    else:
        assert escape(result.sentence) in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "proposed"),
    [("save_npy", "rows_mask_doubtful.npy"), ("save_report", "rows_report.html")],
)
def test_the_name_is_that_of_the_file_that_was_asked_about(
    loaded: MainWindow,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    proposed: str,
):
    monkeypatch.setattr(type(loaded.session), "doubt", "It may be wrong.")
    trigger(loaded, name)
    box = dialog(QMessageBox)
    open_another(loaded, tmp_path, qtbot)
    next(b for b in box.buttons() if b.text() == "Use it anyway").click()
    assert Path(dialog(QFileDialog).selectedFiles()[0]).name == proposed


def test_the_folder_is_that_of_the_file_that_was_asked_about(
    loaded: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(saving, "doubt_of", lambda _session: "It may be wrong.")
    trigger(loaded, "export_all")
    box = dialog(QMessageBox)
    (tmp_path / "later").mkdir()
    open_another(loaded, tmp_path / "later", qtbot)
    next(b for b in box.buttons() if b.text() == "Use it anyway").click()
    assert dialog(QFileDialog).directory().absolutePath() == str(tmp_path)


def test_the_text_is_for_the_file_that_was_asked_about(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(saving, "doubt_of", lambda _session: "It may be wrong.")
    trigger(loaded, "copy_for_n2v")
    box = dialog(QMessageBox)
    open_another(loaded, tmp_path, qtbot)
    next(b for b in box.buttons() if b.text() == "Use it anyway").click()
    text = dialog(SnippetDialog).snippet.text
    assert "rows.npy" in text
    assert "other" not in text


def test_files_of_another_channel_than_the_first_have_its_number(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(saving, "doubt_of", lambda _session: "")
    monkeypatch.setattr(type(window.session), "doubt", "")
    path = tmp_path / "two.tif"
    tifffile.imwrite(path, noise((2, 96, 100)), metadata={"axes": "CYX"})
    for channel, mark in ((0, ""), (1, "_c1")):
        window.session.open(path, channel=channel)
        wait_for_result(window.session, qtbot)
        for name, ending in (("save_npy", "_mask.npy"), ("save_report", "_report.html")):
            trigger(window, name)
            asked = dialog(QFileDialog)
            assert Path(asked.selectedFiles()[0]).name == f"two{mark}{ending}"
            asked.reject()
        window.views.save_view(window.views.image)
        asked = dialog(QFileDialog)
        assert Path(asked.selectedFiles()[0]).name == f"your_image{mark}.png"
        asked.reject()
        # None is asked about: the one exported before is of another channel.
        with qtbot.waitSignal(window.exporter.written):
            window.commands.saving.export_all()
            dialog(QFileDialog).fileSelected.emit(str(tmp_path))
        dialog(QFileDialog).reject()
        assert (tmp_path / f"two{mark}_mask.json").is_file()


def open_another(loaded: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    """Open another file while something is asked about the present one."""
    np.save(tmp_path / "other.npy", noise((4, 128, 160), seed=5))
    loaded.open_paths([str(tmp_path / "other.npy")])
    wait_for_result(loaded.session, qtbot)
    assert loaded.session.state.paths[0].name == "other.npy"


def test_what_was_accepted_is_asked_about_again_once_it_is_old(
    loaded: MainWindow, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(saving, "doubt_of", lambda _session: "It may be wrong.")
    trigger(loaded, "copy_mask")
    next(b for b in dialog(QMessageBox).buttons() if b.text() == "Use it anyway").click()
    loaded.session.edits.set_parameter("patch_size", 32)
    loaded.session.cancel()
    trigger(loaded, "copy_mask")
    assert dialog(QMessageBox).isVisible()


def test_export_into_a_folder_asks_before_it_replaces(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path
):
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.commands.saving.export_into(str(tmp_path), Result.of(loaded.session))
    assert {p.name for p in tmp_path.glob("rows_mask*")} == {
        "rows_mask.npy",
        "rows_mask.png",
        "rows_mask_picture.png",
        "rows_mask.json",
    }
    (tmp_path / "rows_mask.npy").write_bytes(b"mine")
    loaded.commands.saving.export_into(str(tmp_path), Result.of(loaded.session))
    box = dialog(QMessageBox)
    assert (tmp_path / "rows_mask.npy").read_bytes() == b"mine"
    with qtbot.waitSignal(loaded.exporter.written):
        next(b for b in box.buttons() if b.text() == "Replace").click()
    assert (tmp_path / "rows_mask.npy").read_bytes() != b"mine"


@pytest.mark.parametrize("name", ["save_npy", "export_mask", "export_all", "save_report"])
def test_of_a_file_that_was_changed_nothing_is_asked(
    loaded: MainWindow, qtbot: QtBot, stack_file: Path, name: str
):
    np.save(stack_file, noise((5, 128, 160)))
    trigger(loaded, name)
    changed = "rows.npy was changed after it was opened; read it again (F5)."
    assert loaded.headline.error_text.text() == changed
    assert not loaded.findChildren(QFileDialog)
    serial = loaded.session.state.serial
    trigger(loaded, "reopen_file")
    qtbot.waitUntil(lambda: loaded.session.state.serial > serial)
    wait_for_result(loaded.session, qtbot)
    trigger(loaded, name)
    assert dialog(QFileDialog).isVisible()
    assert loaded.session.state.error == ""


def test_of_a_file_that_is_gone_only_what_needs_no_record_is_written(
    loaded: MainWindow, stack_file: Path
):
    elsewhere = stack_file.rename(stack_file.with_suffix(".away"))
    trigger(loaded, "export_all")
    assert "rows.npy is no longer there." in loaded.session.state.error
    assert not loaded.findChildren(QFileDialog)
    trigger(loaded, "save_npy")
    dialog(QFileDialog).reject()
    elsewhere.rename(stack_file)
    trigger(loaded, "export_all")
    assert loaded.session.state.error == ""
    assert dialog(QFileDialog).isVisible()

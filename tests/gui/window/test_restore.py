"""Masks made by hand, and everything that was set, are found again at the next start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.stack.frames import FrameRange
from structmask_gui.gui.app import begin
from structmask_gui.gui.desktop import settings as settings_module
from structmask_gui.gui.desktop.settings import Settings
from structmask_gui.gui.session.engine import Edit
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.gui.window.restore import KEPT, kept_edits, kept_mask
from structmask_gui.io.presets.preset import built_in_presets
from tests.gui.conftest import noise, wait_for_result

GROWN = np.ones((3, 5), bool)


@pytest.fixture
def edited(loaded: MainWindow) -> MainWindow:
    """Return a window with a pinned mask, another parameter, and a mask changed by hand."""
    session = loaded.session
    session.pinned.keep_present()
    session.edits.set_parameter("max_true_pixels", 3)
    session.edits.set_mask(Mask(GROWN), "edited by hand", "Draw on the mask")
    return loaded


@pytest.mark.slow
def test_masks_made_by_hand_come_back(
    edited: MainWindow, make_main_window: Callable[..., MainWindow], qtbot: QtBot
):
    pinned = edited.session.state.pinned
    edited.close()
    window = make_main_window(settings_module.load())
    begin(window, [])
    session = window.session
    assert session.state.pinned == pinned
    wait_for_result(session, qtbot)
    assert session.state.pinned_words == "kept"
    qtbot.waitUntil(lambda: session.state.edit is not None)
    assert session.state.mask is not None
    assert np.array_equal(session.state.mask.array, GROWN)
    assert session.state.result is not None
    assert "edited by hand" in session.state.result.sentence
    assert not session.history.can_undo
    session.edits.set_parameter("max_true_pixels", 5)
    assert session.state.edit is None
    session.history.undo()
    assert session.state.edit is not None


@pytest.mark.slow
def test_they_come_back_where_their_file_is_asked_for(
    edited: MainWindow,
    make_main_window: Callable[..., MainWindow],
    stack_file: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
):
    pinned = edited.session.state.pinned
    edited.close()
    monkeypatch.chdir(stack_file.parent)
    for files in ([stack_file.name], [str(stack_file)], []):
        window = make_main_window(settings_module.load())
        begin(window, files)
        wait_for_result(window.session, qtbot)
        assert window.session.state.mask == Mask(GROWN)
        assert window.session.state.pinned == pinned
        window.close()
        assert settings_module.load().last_files == [str(stack_file)]


@pytest.mark.slow
def test_an_edited_mask_comes_back_after_another_file_was_open(
    edited: MainWindow,
    make_main_window: Callable[..., MainWindow],
    stack_file: Path,
    qtbot: QtBot,
    tmp_path: Path,
):
    other = tmp_path / "other.npy"
    np.save(other, noise((2, 128, 160)))
    with qtbot.waitSignal(edited.session.stack_changed):
        edited.open_paths([str(other)])
    edited.close()
    for files in ([], [str(other)]):
        window = make_main_window(settings_module.load())
        begin(window, files)
        wait_for_result(window.session, qtbot)
        assert window.session.state.edit is None
        window.close()
    window = make_main_window(settings_module.load())
    begin(window, [])
    wait_for_result(window.session, qtbot)
    with qtbot.waitSignal(window.session.stack_changed):
        window.open_paths([str(stack_file)])
    wait_for_result(window.session, qtbot)
    assert window.session.state.mask == Mask(GROWN)
    window.session.edits.drop_edit()
    window.close()
    assert "edit" not in settings_module.load().last_masks
    assert "others" not in settings_module.load().last_masks


@pytest.mark.slow
def test_an_edited_mask_is_not_put_on_another_file(
    edited: MainWindow, make_main_window: Callable[..., MainWindow], qtbot: QtBot, tmp_path: Path
):
    edited.close()
    other = tmp_path / "other.npy"
    np.save(other, noise((2, 128, 160)))
    window = make_main_window(settings_module.load())
    begin(window, [str(other)])
    wait_for_result(window.session, qtbot)
    assert window.session.state.edit is None
    window.save_settings()
    assert window.settings.last_files == [str(other)]
    assert "edit" not in window.settings.last_masks


@pytest.mark.slow
def test_an_edited_mask_is_not_put_on_another_preset(
    edited: MainWindow, make_main_window: Callable[..., MainWindow], qtbot: QtBot
):
    edited.close()
    settings = settings_module.load()
    settings.default_preset = "coarse"
    window = make_main_window(settings)
    begin(window, [])
    wait_for_result(window.session, qtbot)
    assert window.session.state.edit is None


def test_all_is_saved_a_while_after_a_change(loaded: MainWindow, qtbot: QtBot):
    session = loaded.session
    session.edits.set_parameter("max_true_pixels", 7)
    session.edits.set_frame_range(FrameRange(0, 2))
    wait_for_result(session, qtbot)
    assert loaded.remembering._later.isActive()
    loaded.remembering._later.setInterval(0)
    loaded.remembering._later.start()

    def saved() -> None:
        found = settings_module.load()
        assert found.last_parameters.get("max_true_pixels") == 7
        assert found.last_part.get("frames") == [0, 2, 1]
        assert found.recent_files == loaded.settings.recent_files

    qtbot.waitUntil(saved)


def test_a_cleared_list_of_recent_files_stays_empty(
    loaded: MainWindow, make_main_window: Callable[..., MainWindow]
):
    loaded.close()
    window = make_main_window(settings_module.load())
    assert window.settings.recent_files
    window.menus._clear_recent()
    window.close()
    assert settings_module.load().recent_files == []


def test_an_older_save_never_overtakes_a_newer_one(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
):
    may_go, begun, saved = Event(), Event(), []

    def slow(settings: Settings, **_: Any) -> None:
        begun.set()
        assert may_go.wait(10)
        saved.append(settings.last_preset)

    monkeypatch.setattr(settings_module, "save", slow)
    preset = built_in_presets()[0]
    window.save_settings()
    assert begun.wait(10)
    window.session.edits.set_preset(preset)
    window.save_settings()  # returns at once
    assert saved == []
    may_go.set()
    window.close()
    assert saved[0] == ""
    assert saved[-1] == preset.name


def test_nothing_is_saved_where_nothing_is_to_be(loaded: MainWindow, qtbot: QtBot):
    loaded.saves_settings = False
    before = settings_module.load()
    loaded.session.edits.set_parameter("max_true_pixels", 7)
    loaded.remembering._later.timeout.emit()
    assert not loaded.remembering._job.busy
    loaded.close()
    loaded.remembering._on_changed()
    assert not loaded.remembering._later.isActive()
    assert settings_module.load() == before


@pytest.mark.parametrize(
    "kept",
    [
        None,
        [],
        {"rows": "111", "word": "x"},
        {"rows": ["111"], "word": 3},
        {"rows": ["111", "11"], "word": "x"},
        {"rows": ["1a1"], "word": "x"},
        {"rows": ["11"], "word": "x"},
        {"rows": ["101"], "word": "x"},
        {"rows": ["1" * 303], "word": "x"},
        {"rows": ["1"] * 303, "word": "x"},
        {"rows": [1, 1, 1], "word": "x"},
    ],
)
def test_a_remembered_mask_of_nonsense_is_dropped(kept: Any):
    assert kept_mask({"edit": kept}, "edit") is None
    assert kept_mask({}, "edit") is None


@pytest.mark.parametrize(
    "others",
    [
        3,
        [3],
        [{"rows": ["111"], "word": "x"}],
        [{"rows": ["111"], "word": "x", "files": "a.tif", "choices": {}}],
        [{"rows": ["111"], "word": "x", "files": [1], "choices": {}}],
        [{"rows": ["111"], "word": "x", "files": ["a.tif"], "choices": []}],
        [{"rows": ["111"], "word": "x", "files": ["a.tif"], "choices": {"axes": []}}],
        [{"rows": ["11"], "word": "x", "files": ["a.tif"], "choices": {}}],
        [{"rows": ["111"], "word": "x", "files": [], "choices": {}}],
    ],
)
def test_remembered_masks_of_other_files_that_are_nonsense_are_dropped(others: Any):
    assert kept_edits(Settings(last_masks={"others": others}), last=True) == {}


def test_masks_of_as_many_files_as_are_remembered_come_back(loaded: MainWindow):
    row, by_file = Mask(np.ones((1, 5), bool)), loaded.session.edits_by_file
    for number in range(KEPT + 3):
        by_file.keep(((Path(f"{number}.tif"),), (("channel", 1),)), Edit(row, "edited", 0))
    loaded.save_settings()
    found = kept_edits(loaded.settings, last=True)
    assert [paths[0].name for paths, _ in found] == [f"{n}.tif" for n in range(3, KEPT + 3)]
    assert all(edit.mask == row and edit.how == "edited" for edit in found.values())
    assert {choices for _, choices in found} == {(("channel", 1),)}


def test_a_mask_too_large_for_the_settings_is_not_kept(loaded: MainWindow):
    loaded.session.pinned.keep(Mask(np.ones((303, 3), bool)), "large.npy")
    loaded.save_settings()
    assert loaded.settings.last_masks == {}
    assert Settings().last_masks == {}

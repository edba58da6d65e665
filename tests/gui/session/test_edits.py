from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.morphology import with_cells, with_line
from structmask_gui.core.stack.frames import FrameRange
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise, wait_for_result

pytestmark = pytest.mark.one_window


def edit(session: Session) -> Mask:
    assert session.state.mask is not None
    made = with_line(session.state.mask, (0, 0), (4, 0))
    session.edits.set_mask(made, "edited by hand", "Draw a line")
    return made


def test_an_edit_is_what_is_shown_compared_and_counted(loaded: MainWindow):
    session = loaded.session
    loaded.actions_by_id["pin"].trigger()
    made = edit(session)
    assert session.state.mask == made
    assert session.state.extraction is not None
    assert session.state.extraction.mask != made
    comparison = session.state.comparison()
    assert comparison is not None
    assert comparison.only_in_b == 8
    codes = loaded.views.mask_view.codes
    assert codes is not None
    np.testing.assert_array_equal(codes > 0, made.array)
    assert "edited by hand" in loaded.headline.how_sure.text()


def test_undo_and_redo_of_an_edit(loaded: MainWindow):
    session = loaded.session
    before = session.state.mask
    made = edit(session)
    session.history.undo()
    assert session.state.mask == before
    assert session.state.edit is None
    session.history.redo()
    assert session.state.mask == made
    session.edits.drop_edit()
    assert session.state.mask == before
    session.history.undo()
    assert session.state.mask == made


def test_a_drag_of_edits_is_undone_at_once(loaded: MainWindow):
    session = loaded.session
    before = session.state.mask
    session.edits.begin_drag()
    for dx in (3, 4, 5):
        assert session.state.mask is not None
        drawn = with_cells(session.state.mask, [(2, dx)], True)
        session.edits.set_mask(drawn, "edited by hand", "Draw")
    session.edits.end_drag()
    session.history.undo()
    assert session.state.mask == before
    assert not session.history.can_undo


def test_a_parameter_replaces_the_edit_says_so_and_undo_brings_it_back(
    loaded: MainWindow, qtbot: QtBot
):
    session = loaded.session
    made = edit(session)
    with qtbot.waitSignal(session.edit_dropped) as said:
        session.edits.set_parameter("base_percentile", 70.0)
    assert "undo" in said.args[0]
    assert "undo" in loaded.statusBar().currentMessage()
    assert session.state.edit is None
    session.edits.set_parameter("base_percentile", 71.0)
    session.history.undo()
    assert session.state.mask == made
    assert session.state.parameters.base_percentile == 50


def test_a_range_of_frames_replaces_the_edit_too(loaded: MainWindow, qtbot: QtBot):
    session = loaded.session
    made = edit(session)
    session.edits.set_frame_range(FrameRange(0, 2))
    assert session.state.edit is None
    wait_for_result(session, qtbot)
    session.history.undo()
    wait_for_result(session, qtbot)
    assert session.state.mask == made


def test_an_edit_does_not_outlive_its_file(loaded: MainWindow, stack_file: Path, qtbot: QtBot):
    session = loaded.session
    edit(session)
    session.edits.set_parameter("base_percentile", 70.0)
    loaded.open_paths([str(stack_file)])
    qtbot.waitUntil(lambda: session.state.extraction is None or session.state.busy, timeout=5000)
    wait_for_result(session, qtbot)
    session.history.undo()
    assert session.state.edit is None


def test_an_equal_mask_is_no_edit(loaded: MainWindow):
    session = loaded.session
    edit(session)
    assert session.state.extraction is not None
    session.edits.set_mask(session.state.extraction.mask, "edited by hand", "Take away")
    assert session.state.edit is None


def test_an_asymmetric_mask_is_said_to_be_one(loaded: MainWindow):
    session = loaded.session
    session.edits.set_mask(
        Mask(np.array([[0, 1, 1]], dtype=bool)), "from half.npy", "Open half.npy"
    )
    assert session.state.result is not None
    assert any("not symmetric" in note for note in session.state.result.notes)
    assert "from half.npy" in session.state.result.sentence


@pytest.mark.parametrize("form", ["npy", "json"])
def test_the_edited_mask_is_exported(loaded: MainWindow, tmp_path: Path, qtbot: QtBot, form: str):
    made = edit(loaded.session)
    path = tmp_path / f"out.{form}"
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({form: path})
    if form == "npy":
        np.testing.assert_array_equal(np.load(path), made.array)
        return
    record = json.loads(path.read_text())
    assert record["edited"] is True
    assert "edited by hand" in record["sentence"]
    assert record["mask"] == made.array.astype(int).tolist()


def test_undo_does_what_its_label_says(loaded: MainWindow, stack_file: Path, qtbot: QtBot):
    """A change of the files open before is forgotten with them, not skipped under its name."""
    session = loaded.session
    session.edits.set_parameter("method", "statistical")
    assert session.history.undo_text == "Method: Automatic"
    wait_for_result(session, qtbot)
    edit(session)
    assert session.history.undo_text == "Draw a line"
    session.reopen()
    qtbot.waitUntil(lambda: session.state.busy, timeout=5000)
    wait_for_result(session, qtbot)
    assert session.history.undo_text == "Method: Automatic"
    session.history.undo()
    assert session.history.redo_text == "Method: Automatic"
    assert session.state.parameters.method == "ring"


def test_a_mask_that_came_back_with_its_file_is_not_lost_by_undo(loaded: MainWindow, qtbot: QtBot):
    session = loaded.session
    session.edits.set_parameter("base_percentile", 70.0)
    wait_for_result(session, qtbot)
    made = edit(session)
    session.reopen()
    qtbot.waitUntil(lambda: session.state.busy, timeout=5000)
    wait_for_result(session, qtbot)
    assert session.state.mask == made
    with qtbot.waitSignal(session.edit_dropped) as said:
        session.history.undo()
    assert "redo brings it back" in said.args[0]
    assert session.state.edit is None
    session.history.redo()
    wait_for_result(session, qtbot)
    assert session.state.mask == made


def test_a_mask_comes_back_with_the_first_channel(window: MainWindow, tmp_path: Path, qtbot: QtBot):
    session, path = window.session, tmp_path / "two.tif"
    tifffile.imwrite(path, noise((2, 96, 100)), metadata={"axes": "CYX"}, imagej=True)
    window.open_paths([str(path)])
    wait_for_result(session, qtbot)
    made = edit(session)
    for channel in (1, 0):
        session.reopen(channel=channel)
        qtbot.waitUntil(
            lambda channel=channel: session.state.stack.channel == channel, timeout=5000
        )
        wait_for_result(session, qtbot)
    assert session.state.mask == made


def test_undo_my_edits_is_there_while_there_are_edits(loaded: MainWindow):
    action = loaded.actions_by_id["extracted_mask"]
    assert not action.isEnabled()
    edit(loaded.session)
    assert action.isEnabled()
    action.trigger()
    assert not action.isEnabled()

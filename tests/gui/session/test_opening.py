"""The rectangle, the frames and the frame on display come back with the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.stack.frames import ArrayFrames, FrameRange, Region
from structmask_gui.gui.app import begin
from structmask_gui.gui.session.opening import Part
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise, wait_for_result

CHOSEN = Part(Region(8, 100, 10, 120), FrameRange(1, 4, 2), 2)
FRAMES = ArrayFrames(np.zeros((4, 128, 160)))


def test_a_part_comes_back_from_the_settings():
    assert Part.of(CHOSEN.remembered()) == CHOSEN
    assert Part.of(Part().remembered()) == Part()
    assert CHOSEN.within(FRAMES) == CHOSEN


@pytest.mark.parametrize(
    "values",
    [
        {"region": [1, 2, 3]},
        {"region": "all", "frames": 3, "shown": None},
        {"frames": [0, 2, 1.5], "shown": [True]},
        {"region": [0, "8", 0, 8], "unknown": [1]},
    ],
)
def test_nonsense_in_the_settings_is_left_out(values: dict[str, Any]):
    assert Part.of(values) == Part()


@pytest.mark.parametrize(
    ("part", "left"),
    [
        (Part(Region(0, 129, 0, 10)), Part()),
        (Part(Region(-1, 20, 0, 10)), Part()),
        (Part(Region(9, 9, 0, 10)), Part()),
        (Part(None, FrameRange(0, 5)), Part()),
        (Part(None, FrameRange(2, 2)), Part()),
        (Part(None, FrameRange(0, 2, 0)), Part()),
        (Part(None, None, 77), Part(frame=3)),
        (Part(None, None, -7), Part()),
    ],
)
def test_what_does_not_fit_the_file_is_left_out(part: Part, left: Part):
    assert part.within(FRAMES) == left
    assert part.within(None) == Part()


@pytest.mark.slow
def test_the_next_start_measures_the_same_part(
    make_main_window: Callable[..., MainWindow], stack_file: Path, qtbot: QtBot
):
    first = make_main_window()
    first.open_paths([str(stack_file)])
    wait_for_result(first.session, qtbot)
    first.session.edits.set_region(CHOSEN.region)
    first.session.edits.set_frame_range(CHOSEN.frame_range)
    first.session.set_frame(CHOSEN.frame)
    wait_for_result(first.session, qtbot)
    first.close()
    second = make_main_window(first.settings)
    begin(second, [])
    wait_for_result(second.session, qtbot)
    session = second.session
    assert session.state.part == CHOSEN
    assert session.state.measurement is not None
    assert session.state.measurement.region == CHOSEN.region
    assert session.state.image is not None
    assert np.array_equal(session.state.image, noise((4, 128, 160))[2])
    assert second.views.image.frame_bar.slider.value() == 2
    boxes = second.panel("parameters").measured_part
    assert [round(box.value()) for box in (boxes.first, boxes.last, boxes.step)] == [2, 4, 2]
    assert round(boxes.left.value()) == 10
    assert not session.history.can_undo


@pytest.mark.slow
def test_reading_again_keeps_the_part_and_another_file_does_not(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path
):
    session = loaded.session
    session.edits.set_region(CHOSEN.region)
    session.set_frame(2)
    wait_for_result(session, qtbot)
    with qtbot.waitSignal(session.stack_changed):
        loaded.actions_by_id["reopen_file"].trigger()
    wait_for_result(session, qtbot)
    assert session.state.part == Part(CHOSEN.region, None, 2)
    with qtbot.waitSignal(session.stack_changed):
        session.reopen(axes="TYX")
    wait_for_result(session, qtbot)
    assert session.state.part == Part()
    session.edits.set_region(CHOSEN.region)
    other = tmp_path / "other.npy"
    np.save(other, noise((2, 128, 160)))
    with qtbot.waitSignal(session.stack_changed):
        session.open(other)
    wait_for_result(session, qtbot)
    assert session.state.part == Part()


def test_a_file_is_read_with_other_axes_where_the_message_stands(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
):
    np.save(tmp_path / "last.npy", np.moveaxis(noise((6, 100, 120)), 0, -1))
    window.open_paths([str(tmp_path / "last.npy")])
    qtbot.waitUntil(window.headline.error.isVisible, timeout=10_000)
    assert "give the axes YXT" in window.headline.error_text.text()
    button = window.headline.read_as
    assert button.isVisible()
    assert button.text() == "Read as YXT"
    button.click()
    wait_for_result(window.session, qtbot)
    frames = window.session.state.frames
    assert frames is not None
    assert (frames.n_frames, frames.frame_shape) == (6, (100, 120))
    assert not window.headline.error.isVisible()
    window.session.report_error("Something else is wrong.")
    assert window.headline.error.isVisible()
    assert not button.isVisible()

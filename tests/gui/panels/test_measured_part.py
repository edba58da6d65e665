"""Frames and rectangle in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.stack.frames import FrameRange, Region
from structmask_gui.gui.panels.measured_part import MeasuredPartPanel
from structmask_gui.gui.panels.parameters import ParametersPanel
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise, wait_for_result


@pytest.fixture
def part(qtbot: QtBot) -> MeasuredPartPanel:
    part = MeasuredPartPanel()
    qtbot.addWidget(part)
    part.show()
    part.set_stack(8, (60, 80))
    return part


def emitted(signal: Any) -> list[Any]:
    seen: list[Any] = []
    signal.connect(seen.append)
    return seen


def test_everything_at_first(part: MeasuredPartPanel) -> None:
    boxes = (part.first, part.last, part.step, part.left, part.top, part.width_box, part.height_box)
    assert [box.value() for box in boxes] == [1, 8, 1, 0, 0, 80, 60]
    assert not part.all_frames.isEnabled()
    assert not part.whole_image.isEnabled()
    part.set_stack(0, (0, 0))
    assert not part.isEnabled()


def test_frames(part: MeasuredPartPanel) -> None:
    seen = emitted(part.frames_chosen)
    part.first.setValue(3)
    part.last.setValue(6)
    part.step.setValue(2)
    assert seen == [FrameRange(2, 8, 1), FrameRange(2, 6, 1), FrameRange(2, 6, 2)]
    part.first.setValue(7)
    assert seen[-1] == FrameRange(6, 7, 2)
    assert part.last.value() == 7
    part.last.setValue(2)
    assert seen[-1] == FrameRange(1, 2, 2)
    assert part.first.value() == 2
    part.last.setValue(99)
    assert part.last.value() == 8
    part.all_frames.click()
    assert seen[-1] is None
    assert part.first.value() == 1


def test_going_back_to_all_frames(part: MeasuredPartPanel) -> None:
    seen = emitted(part.frames_chosen)
    part.first.setValue(2)
    part.first.setValue(1)
    assert seen == [FrameRange(1, 8, 1), None]
    assert not part.all_frames.isEnabled()


def test_the_rectangle(part: MeasuredPartPanel) -> None:
    seen = emitted(part.region_chosen)
    part.width_box.setValue(40)
    part.left.setValue(50)
    assert seen == [Region(0, 60, 0, 40), Region(0, 60, 50, 80)]
    assert part.width_box.value() == 30
    part.height_box.setValue(20)
    part.top.setValue(55)
    assert seen[-1] == Region(55, 60, 50, 80)
    part.whole_image.click()
    assert seen[-1] is None
    assert part.width_box.value() == 80


def test_showing_emits_nothing(part: MeasuredPartPanel) -> None:
    frames, regions = emitted(part.frames_chosen), emitted(part.region_chosen)
    part.set_frames(FrameRange(1, 5, 2))
    part.set_region(Region(5, 25, 10, 50))
    assert not frames
    assert not regions
    assert (part.first.value(), part.last.value(), part.step.value()) == (2, 5, 2)
    assert (part.left.value(), part.top.value()) == (10, 5)
    assert (part.width_box.value(), part.height_box.value()) == (40, 20)
    assert part.all_frames.isEnabled()
    assert part.whole_image.isEnabled()


def test_with_a_session(qtbot: QtBot, stack_file: Path) -> None:
    session = Session()
    panel = ParametersPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    part = panel.measured_part
    assert not part.isEnabled()
    session.open(stack_file)
    wait_for_result(session, qtbot)
    assert part.isEnabled()
    assert part.last.value() == 4
    part.last.setValue(2)
    part.width_box.setValue(96)
    wait_for_result(session, qtbot)
    assert session.state.frame_range == FrameRange(0, 2, 1)
    assert session.state.region == Region(0, 128, 0, 96)
    assert session.state.extraction is not None
    assert session.state.extraction.measurement.sampling.n_frames == 2
    session.history.undo()
    assert part.width_box.value() == 160
    session.edits.set_region(None)
    session.close()


def test_channels_in_turn_are_measured_apart_by_a_button(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    frames = noise((12, 128, 128))
    frames[1::2] *= 2
    np.save(tmp_path / "two.npy", frames)
    window.panel("presets").presets.apply_named("automatic")
    window.session.history.clear()
    window.open_paths([str(tmp_path / "two.npy")])
    wait_for_result(window.session, qtbot)
    headline, session = window.headline, window.session
    assert "Every second frame is another image" in headline.advice.text()
    button = headline.row.buttons["measure_every_second"]
    assert button.isVisible()
    assert button.property("main")
    button.click()
    wait_for_result(session, qtbot)
    assert session.state.frame_range == FrameRange(0, 12, 2)
    assert headline.how_sure.text().endswith("the others may need another mask.")
    assert not button.isVisible()
    session.history.undo()
    wait_for_result(session, qtbot)
    assert session.state.frame_range is None
    assert button.isVisible()
    assert not session.history.can_undo

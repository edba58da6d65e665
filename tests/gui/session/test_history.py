"""What is set in a session, and taken back: parameters, the measured part, presets, pins."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.parameters.rules import defaults_of
from structmask_gui.core.stack.frames import FrameRange, Region
from structmask_gui.gui.session.session import Session
from structmask_gui.io.presets.preset import built_in_presets
from tests.gui.conftest import wait_for_result
from tests.gui.workshop import Workshop, opened


def test_undo_and_redo(session: Session):
    session.edits.set_parameter("center_size", 15)
    session.edits.set_parameter("base_percentile", 60.0)
    assert len(session.history) == 2
    session.history.undo()
    assert session.state.parameters.base_percentile == 50
    assert session.state.parameters.center_size == 15
    session.history.undo()
    assert session.state.parameters == Parameters()
    session.history.redo()
    assert session.state.parameters.center_size == 15


def test_a_drag_is_undone_at_once(session: Session, monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("structmask_gui.gui.session.history.time.monotonic", lambda: now[0])
    session.edits.begin_drag()
    for size in range(11, 20):
        now[0] += 5
        session.edits.set_parameter("center_size", size)
    session.edits.end_drag()
    assert len(session.history) == 1
    now[0] += 5
    session.edits.set_parameter("center_size", 25)
    assert len(session.history) == 2
    session.history.undo()
    assert session.state.parameters.center_size == 19
    session.history.undo()
    assert session.state.parameters.center_size == 10


def test_a_drag_that_comes_back_leaves_nothing_to_undo(session: Session):
    for size in (11, 12, 11, 10):
        session.edits.set_parameter("center_size", size)
    assert not session.history.can_undo


def test_region_and_frame_range_measure_again_and_can_be_undone(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    session.edits.set_region(Region(0, 64, 0, 96))
    wait_for_result(session, qtbot)
    assert session.state.measurement is not None
    assert session.state.measurement.region == Region(0, 64, 0, 96)
    session.edits.set_frame_range(FrameRange(1, 4, 2))
    wait_for_result(session, qtbot)
    assert workshop.ranges[-1] == 2
    session.set_frame(3)
    corners, used, reasons, shape = session.state.patches_on_frame()
    assert corners.tolist() == [[0, 0]]
    assert used.tolist() == [True]
    assert reasons == [""]
    assert shape == (64, 64)
    session.set_frame(2)
    assert len(session.state.patches_on_frame()[0]) == 0
    session.history.undo()
    assert session.state.frame_range is None
    session.history.undo()
    assert session.state.region is None
    wait_for_result(session, qtbot)


def test_a_frame_range_is_kept_within_the_stack(session: Session, qtbot: QtBot):
    opened(session, qtbot)
    session.edits.set_frame_range(FrameRange(2, 99))
    assert session.state.frame_range == FrameRange(2, 4)
    session.edits.set_frame_range(FrameRange(0, 4))
    assert session.state.frame_range is None
    wait_for_result(session, qtbot)


def test_a_rectangle_of_another_file_cannot_come_back(session: Session, qtbot: QtBot):
    opened(session, qtbot)
    session.edits.set_region(Region(0, 64, 0, 64))
    wait_for_result(session, qtbot)
    opened(session, qtbot, "b.tif")
    assert session.state.region is None
    session.history.undo()
    assert session.state.region is None


def test_presets_and_their_mark(session: Session, qtbot: QtBot):
    fine = next(p for p in built_in_presets() if p.name == "fine")
    session.edits.apply_preset(fine)
    assert session.state.parameters.center_size == 7
    assert not session.state.preset_modified
    with qtbot.waitSignal(session.preset_changed):
        session.edits.set_parameter("center_size", 9)
    assert session.state.preset_modified
    session.history.undo()
    assert not session.state.preset_modified


def test_pin_and_compare(session: Session, qtbot: QtBot):
    assert session.state.comparison() is None
    opened(session, qtbot)
    session.pinned.keep_present()
    session.edits.set_parameter("max_true_pixels", 3)
    comparison = session.state.comparison()
    assert comparison is not None
    assert comparison.pixels_b <= 3 <= comparison.pixels_a
    session.pinned.keep(Mask(np.ones((3, 3), bool)), "file.npy")
    assert session.state.pinned_label == "file.npy"
    session.pinned.clear()
    assert session.state.comparison() is None


def test_hovering_a_ring_is_told_once(session: Session):
    got: list[int] = []
    session.ring_hovered.connect(got.append)
    for ring in (2, 2, 3, -1, -1):
        session.hover_ring(ring)
    assert got == [2, 3, -1]


def test_a_reset_keeps_the_method(session: Session):
    session.edits.set_parameters({"method": "statistical", "source": "flat", "q": 0.2})
    session.edits.reset_parameters()
    assert session.state.parameters == defaults_of("statistical")
    session.edits.set_parameters({"method": "ring", "center_size": 21})
    session.edits.reset_parameters()
    assert session.state.parameters == Parameters()

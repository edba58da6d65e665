from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import Region
from structmask_gui.gui.session.session import Session
from tests.gui.conftest import wait_for_result
from tests.gui.workshop import Workshop, opened


def test_opening_shows_the_stack_and_measures(session: Session, qtbot: QtBot):
    with qtbot.waitSignals([session.stack_changed, session.image_changed]):
        session.open("a.tif")
    assert session.state.busy
    wait_for_result(session, qtbot)
    assert session.state.stack is not None
    assert session.state.stack.name == "a.tif"
    assert session.state.image is not None
    assert session.state.image.shape == (96, 96)
    assert session.state.extraction is not None
    assert session.state.extraction.parameters == session.state.parameters


def test_a_later_stage_is_redone_at_once_without_the_worker(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    got: list[Any] = []
    session.extraction_changed.connect(got.append)
    for size in (25, 7, 15):
        session.edits.set_parameter("center_size", size)
        assert not session.state.busy
        assert not session.state.stale
        assert session.state.extraction is not None
        assert session.state.extraction.mask.shape == (2 * (size // 2) + 1,) * 2
    assert len(got) == 3
    assert len(workshop.measured) == 1


def test_a_measured_parameter_starts_the_worker_and_the_newest_wins(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    workshop.slow = 0.1
    got: list[Any] = []
    session.extraction_changed.connect(got.append)
    for size in (40, 24, 32):
        session.edits.set_parameter("patch_size", size)
        assert session.state.stale
        assert session.state.busy
        qtbot.wait(20)
    wait_for_result(session, qtbot)
    assert [e.parameters.patch_size for e in got] == [32]
    assert session.state.measurement is not None
    assert session.state.measurement.sampling.patch_shape == (32, 32)


def test_a_quick_change_while_measuring_ends_in_the_result_for_it(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    workshop.slow = 0.1
    session.edits.set_parameter("patch_size", 32)
    session.edits.set_parameter("base_percentile", 35.0)
    wait_for_result(session, qtbot)
    assert session.state.extraction is not None
    assert session.state.extraction.parameters.base_percentile == 35
    assert session.state.extraction.parameters.patch_size == 32


def test_a_measurement_is_remembered(session: Session, workshop: Workshop, qtbot: QtBot):
    opened(session, qtbot)
    session.edits.set_parameter("patch_size", 32)
    wait_for_result(session, qtbot)
    assert len(workshop.measured) == 2
    session.history.undo()
    assert not session.state.busy
    assert not session.state.stale
    assert session.state.measurement is not None
    assert session.state.measurement.sampling.patch_shape == (64, 64)
    assert len(workshop.measured) == 2


def test_going_back_while_measuring_stops_the_worker(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    workshop.slow = 5
    session.edits.set_parameter("patch_size", 32)
    assert session.state.busy
    session.history.undo()
    assert not session.state.busy
    assert not session.state.stale


def test_cancel_keeps_the_old_result_and_says_it_is_old(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    before = session.state.extraction
    workshop.slow = 10
    session.edits.set_parameter("patch_size", 32)
    qtbot.wait(50)
    begun = time.perf_counter()
    session.cancel()
    assert not session.state.busy
    qtbot.waitUntil(lambda: not session._measuring.busy)
    assert time.perf_counter() - begun < 0.2
    assert session.state.stale
    assert session.state.extraction is before
    workshop.slow = 0
    session.refresh()
    wait_for_result(session, qtbot)


def test_progress_comes_with_the_remaining_time(session: Session, workshop: Workshop, qtbot: QtBot):
    opened(session, qtbot)
    workshop.slow = 0.6
    steps: list[Any] = []
    session.progressed.connect(lambda *step: steps.append(step))
    session.edits.set_parameter("patch_size", 32)
    wait_for_result(session, qtbot)
    assert steps[0][2] == "Measuring"
    assert any(step[3] >= 0 for step in steps)


def test_progress_runs_once_until_the_mask_is_chosen(session: Session, qtbot: QtBot):
    from structmask_gui.core.parameters.rules import defaults_of

    opened(session, qtbot)
    steps: list[Any] = []
    session.progressed.connect(lambda *step: steps.append(step))
    session.edits.set_parameters(
        defaults_of("statistical").changed(mask_choice="recommended", source="automatic")
    )
    wait_for_result(session, qtbot)
    whats = [what for _, _, what, _ in steps]
    assert "Measuring the image" in whats
    assert len({total for done, total, what, _ in steps if what != "Measuring"}) == 1
    shares = [done / total for done, total, what, _ in steps if what != "Measuring"]
    assert shares == sorted(shares)


def test_a_bad_value_is_answered_by_a_sentence(session: Session, qtbot: QtBot):
    with qtbot.waitSignal(session.failed) as got:
        session.edits.set_parameter("center_size", 1000)
    assert "center_size" in got.args[0]
    assert session.state.parameters == Parameters()
    session.dismiss_error()
    assert session.state.error == ""


def test_a_setting_that_does_not_fit_the_image_leaves_the_old_result_marked(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    before = session.state.extraction
    workshop.error = InputError("a.tif: vanished; open it again.")
    session.edits.set_parameter("patch_size", 32)
    qtbot.waitUntil(lambda: not session.state.busy)
    assert session.state.error == "a.tif: vanished; open it again."
    assert session.state.stale
    assert session.state.extraction is before
    workshop.error = None
    session.edits.set_parameter("patch_size", 48)
    wait_for_result(session, qtbot)
    assert session.state.error == ""


def test_a_bug_in_the_engine_is_reported_with_its_traceback(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    workshop.error = ZeroDivisionError("ours")
    with qtbot.waitSignal(session.bug) as got:
        session.edits.set_parameter("patch_size", 32)
    assert "Traceback" in got.args[0]
    assert "ours" in got.args[0]
    assert session.state.error


def test_a_file_that_cannot_be_opened_leaves_the_present_one(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    with qtbot.waitSignal(session.failed) as got:
        session.open("bad.tif")
    assert "bad.tif" in got.args[0]
    assert session.state.stack is not None
    assert session.state.stack.name == "a.tif"
    assert not session.state.stale
    assert not workshop.opened[0].closed


def test_why_a_file_cannot_be_opened_is_not_hidden_by_the_file_before(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    workshop.error = InputError("first.tif has one patch only.")
    with qtbot.waitSignal(session.failed):
        session.open("first.tif")
    qtbot.waitUntil(lambda: not session.state.busy and "one patch" in session.state.error)
    with qtbot.waitSignal(session.failed):
        session.open("bad.tif")
    # The stack that stays is measured again, in vain.
    qtbot.waitUntil(lambda: len(workshop.measured) == 2 and not session.state.busy)
    assert session.state.error == "bad.tif is damaged; copy it again."
    # The next thing that the person does is answered for itself.
    session.measure_again()
    qtbot.waitUntil(lambda: len(workshop.measured) == 3 and not session.state.busy)
    assert "one patch" in session.state.error
    session.edits.set_parameter("patch_size", 32)
    qtbot.waitUntil(lambda: len(workshop.measured) == 4 and not session.state.busy)
    assert "one patch" in session.state.error


def test_what_is_changed_while_a_file_is_opened_in_vain_is_measured(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    session.open("bad.tif")
    session.edits.set_parameter("center_size", 20)
    assert session.state.busy_with == "opening"
    with qtbot.waitSignal(session.failed):
        pass
    wait_for_result(session, qtbot)
    assert session.state.extraction is not None
    assert session.state.extraction.parameters.center_size == 20
    assert "bad.tif" in session.state.error


def test_what_is_changed_while_opening_is_cancelled_leaves_an_old_result(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    session.open("b.tif")
    session.edits.set_region(Region(0, 64, 0, 64))
    assert session.state.busy_with == "opening"
    session.cancel()
    assert session.state.stale
    session.refresh()
    wait_for_result(session, qtbot)
    assert session.state.measurement is not None
    assert session.state.measurement.region == Region(0, 64, 0, 64)


def test_one_bad_file_of_several_closes_the_others(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    with qtbot.waitSignal(session.failed):
        session.open(["a.tif", "bad.tif"])
    assert session.state.stack is None
    assert workshop.opened[0].closed


def test_twenty_files_in_a_second_end_in_the_last(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    workshop.slow = 0.03
    for number in range(20):
        session.open(f"{number}.tif")
        qtbot.wait(10)
    wait_for_result(session, qtbot)
    assert session.state.stack is not None
    assert session.state.stack.name == "19.tif"
    qtbot.waitUntil(lambda: sum(not stack.closed for stack in workshop.opened) == 1)


def test_several_files_are_measured_together(session: Session, workshop: Workshop, qtbot: QtBot):
    opened(session, qtbot, "a.tif", "b.tif")
    assert workshop.ranges == [8]
    assert session.state.frames is not None
    assert session.state.frames.n_frames == 8
    assert [path.name for path in session.state.paths] == ["a.tif", "b.tif"]


def test_files_of_unlike_size_are_refused_with_both_names(session: Session, qtbot: QtBot):
    with qtbot.waitSignal(session.failed) as got:
        session.open(["a.tif", "small.tif"])
    assert "a.tif" in got.args[0]
    assert "small.tif" in got.args[0]


def test_frames_are_read_for_display(session: Session, qtbot: QtBot):
    opened(session, qtbot)
    first = session.state.image
    with qtbot.waitSignal(session.image_changed):
        session.set_frame(2)
    assert session.state.frame == 2
    assert not np.array_equal(first, session.state.image)
    session.set_frame(99)
    assert session.state.frame == 3
    session.set_frame(-5)
    assert session.state.frame == 0


def test_a_frame_that_cannot_be_read_leaves_no_picture(
    session: Session, workshop: Workshop, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    opened(session, qtbot)

    def fail(*_: Any) -> Any:
        raise InputError("a.tif: frame 3 cannot be read.")

    monkeypatch.setattr(workshop.opened[0], "read", fail)
    with qtbot.waitSignal(session.image_changed):
        session.set_frame(2)
    assert session.state.image is None
    assert session.state.error == "a.tif: frame 3 cannot be read."
    monkeypatch.undo()
    with qtbot.waitSignal(session.image_changed):
        session.set_frame(1)
    assert session.state.image is not None


def test_what_is_under_the_pointer_goes_with_its_file(session: Session, qtbot: QtBot):
    opened(session, qtbot)
    session.hover_lag((1, 2))
    session.hover_ring(3)
    with qtbot.waitSignal(session.pointed) as said:
        session.close_files()
    assert said.args == [""]
    assert (session.state.lag, session.state.ring) == (None, -1)


def test_closing_files(session: Session, workshop: Workshop, qtbot: QtBot):
    opened(session, qtbot)
    session.close_files()
    assert session.state.stack is None
    assert session.state.extraction is None
    assert session.state.image is None
    qtbot.waitUntil(lambda: workshop.opened[0].closed)
    session.edits.set_parameter("patch_size", 32)
    assert not session.state.busy


def test_closing_in_mid_extraction_stops_the_threads(qapp, workshop: Workshop, qtbot: QtBot):
    session = Session(engine=workshop.engine())
    workshop.slow = 0
    opened(session, qtbot)
    workshop.slow = 30
    session.edits.set_parameter("patch_size", 32)
    qtbot.wait(30)
    begun = time.perf_counter()
    session.close()
    assert time.perf_counter() - begun < 1
    assert not session._measuring._lane.isRunning()


def test_opening_goes_on_when_the_measurement_before_it_has_ended(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    workshop.slow = 0.3
    session.edits.set_parameter("patch_size", 32)
    session.open(["b.tif"])
    qtbot.waitUntil(lambda: not session._measuring.busy)
    qtbot.wait(50)
    assert session.state.busy_with == "opening"
    workshop.slow = 0
    qtbot.waitUntil(lambda: session.state.stack is not None and session.state.stack.name == "b.tif")
    wait_for_result(session, qtbot)


def test_a_late_frame_of_the_file_before_is_not_shown(
    session: Session, workshop: Workshop, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    opened(session, qtbot)
    release = threading.Event()
    old = session.state.stack
    read = type(old).read

    def held_up(stack: Any, frame: int, *rows: Any) -> Any:
        if stack is old:
            release.wait(10)
        return read(stack, frame, *rows)

    monkeypatch.setattr(type(old), "read", held_up)
    session.set_frame(3)
    session.open(["small.tif"])
    qtbot.waitUntil(lambda: session.state.stack is not old)
    release.set()
    qtbot.waitUntil(lambda: not session._reading.busy)
    qtbot.wait(20)
    assert session.state.image.shape == (64, 64)
    wait_for_result(session, qtbot)

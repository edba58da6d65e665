from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.errors import InputError
from structmask_gui.core.extraction import select
from structmask_gui.core.frames import ArrayFrames, FrameRange
from structmask_gui.core.mask import Mask
from structmask_gui.core.measurement import measure
from structmask_gui.core.parameters import Parameters
from structmask_gui.core.progress import stop_if
from structmask_gui.core.sampling import Region
from structmask_gui.gui.session import Engine, Session
from structmask_gui.io.presets import built_in_presets
from tests.gui.conftest import noise, wait_for_result


class Stack(ArrayFrames):
    """An open file of a fake disk."""

    def __init__(self, path: Path, shape: tuple[int, ...] = (4, 96, 96)) -> None:
        # Second stacks hold other pixels than the measured one.
        super().__init__(noise(shape, seed=len(path.name)), path.name)
        self.path = path
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Workshop:
    """An engine that notes what it was asked and can be slow, fail, or wait."""

    def __init__(self) -> None:
        self.measured: list[Parameters] = []
        self.ranges: list[int] = []
        self.opened: list[Stack] = []
        self.slow = 0.0
        self.error: Exception | None = None

    def open_stack(self, path: Path, **choices: Any) -> Stack:
        if "bad" in path.name:
            raise InputError(f"{path.name}: is damaged; copy it again.")
        time.sleep(self.slow)
        stack = Stack(path, (2, 64, 64) if "small" in path.name else (4, 96, 96))
        self.opened.append(stack)
        return stack

    def measure(self, frames: Any, parameters: Parameters, **more: Any) -> Any:
        self.measured.append(parameters)
        self.ranges.append(frames.n_frames)
        end = time.monotonic() + self.slow
        while time.monotonic() < end:
            stop_if(more["cancelled"])
            more["progress"](1, 2, "Measuring")
            time.sleep(0.002)
        if self.error is not None:
            raise self.error
        return measure(frames, parameters, **more)

    def engine(self) -> Engine:
        return Engine(open_stack=self.open_stack, measure=self.measure, select=select)


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
def session(qapp, workshop: Workshop):
    made = Session(engine=workshop.engine())
    yield made
    made.close()


def opened(session: Session, qtbot: QtBot, *names: str) -> None:
    session.open(list(names) or ["a.tif"])
    wait_for_result(session, qtbot)


def test_opening_shows_the_stack_and_measures(session: Session, qtbot: QtBot):
    with qtbot.waitSignals([session.stack_changed, session.image_changed]):
        session.open("a.tif")
    assert session.busy
    wait_for_result(session, qtbot)
    assert session.stack is not None
    assert session.stack.name == "a.tif"
    assert session.image is not None
    assert session.image.shape == (96, 96)
    assert session.extraction is not None
    assert session.extraction.parameters == session.parameters


def test_a_later_stage_is_redone_at_once_without_the_worker(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    got: list[Any] = []
    session.extraction_changed.connect(got.append)
    for size in (25, 7, 15):
        session.set_parameter("center_size", size)
        assert not session.busy
        assert not session.stale
        assert session.extraction is not None
        assert session.extraction.mask.shape == (2 * (size // 2) + 1,) * 2
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
        session.set_parameter("patch_size", size)
        assert session.stale
        assert session.busy
        qtbot.wait(20)
    wait_for_result(session, qtbot)
    assert [e.parameters.patch_size for e in got] == [32]
    assert session.measurement is not None
    assert session.measurement.sampling.patch_shape == (32, 32)


def test_a_quick_change_while_measuring_ends_in_the_result_for_it(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    workshop.slow = 0.1
    session.set_parameter("patch_size", 32)
    session.set_parameter("base_percentile", 35.0)
    wait_for_result(session, qtbot)
    assert session.extraction is not None
    assert session.extraction.parameters.base_percentile == 35
    assert session.extraction.parameters.patch_size == 32


def test_a_measurement_is_remembered(session: Session, workshop: Workshop, qtbot: QtBot):
    opened(session, qtbot)
    session.set_parameter("patch_size", 32)
    wait_for_result(session, qtbot)
    assert len(workshop.measured) == 2
    session.history.undo()
    assert not session.busy
    assert not session.stale
    assert session.measurement is not None
    assert session.measurement.sampling.patch_shape == (64, 64)
    assert len(workshop.measured) == 2


def test_going_back_while_measuring_stops_the_worker(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    workshop.slow = 5
    session.set_parameter("patch_size", 32)
    assert session.busy
    session.history.undo()
    assert not session.busy
    assert not session.stale


def test_cancel_keeps_the_old_result_and_says_it_is_old(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    before = session.extraction
    workshop.slow = 10
    session.set_parameter("patch_size", 32)
    qtbot.wait(50)
    begun = time.perf_counter()
    session.cancel()
    assert not session.busy
    qtbot.waitUntil(lambda: not session._measuring.busy)
    assert time.perf_counter() - begun < 0.2
    assert session.stale
    assert session.extraction is before
    workshop.slow = 0
    session.refresh()
    wait_for_result(session, qtbot)


def test_progress_comes_with_the_remaining_time(session: Session, workshop: Workshop, qtbot: QtBot):
    opened(session, qtbot)
    workshop.slow = 0.6
    steps: list[Any] = []
    session.progressed.connect(lambda *step: steps.append(step))
    session.set_parameter("patch_size", 32)
    wait_for_result(session, qtbot)
    assert steps[0][2] == "Measuring"
    assert any(step[3] >= 0 for step in steps)


def test_undo_and_redo(session: Session):
    session.set_parameter("center_size", 15)
    session.set_parameter("base_percentile", 60.0)
    assert len(session.history) == 2
    session.history.undo()
    assert session.parameters.base_percentile == 50
    assert session.parameters.center_size == 15
    session.history.undo()
    assert session.parameters == Parameters()
    session.history.redo()
    assert session.parameters.center_size == 15


def test_a_drag_is_undone_at_once(session: Session, monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("structmask_gui.gui.history.time.monotonic", lambda: now[0])
    session.begin_drag()
    for size in range(11, 20):
        now[0] += 5
        session.set_parameter("center_size", size)
    session.end_drag()
    assert len(session.history) == 1
    now[0] += 5
    session.set_parameter("center_size", 25)
    assert len(session.history) == 2
    session.history.undo()
    assert session.parameters.center_size == 19
    session.history.undo()
    assert session.parameters.center_size == 10


def test_a_drag_that_comes_back_leaves_nothing_to_undo(session: Session):
    for size in (11, 12, 11, 10):
        session.set_parameter("center_size", size)
    assert not session.history.can_undo


def test_a_bad_value_is_answered_by_a_sentence(session: Session, qtbot: QtBot):
    with qtbot.waitSignal(session.failed) as got:
        session.set_parameter("center_size", 1000)
    assert "center_size" in got.args[0]
    assert session.parameters == Parameters()
    session.dismiss_error()
    assert session.error == ""


def test_a_setting_that_does_not_fit_the_image_leaves_the_old_result_marked(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    before = session.extraction
    workshop.error = InputError("a.tif: vanished; open it again.")
    session.set_parameter("patch_size", 32)
    qtbot.waitUntil(lambda: not session.busy)
    assert session.error == "a.tif: vanished; open it again."
    assert session.stale
    assert session.extraction is before
    workshop.error = None
    session.set_parameter("patch_size", 48)
    wait_for_result(session, qtbot)
    assert session.error == ""


def test_a_bug_in_the_engine_is_reported_with_its_traceback(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    workshop.error = ZeroDivisionError("ours")
    with qtbot.waitSignal(session.bug) as got:
        session.set_parameter("patch_size", 32)
    assert "Traceback" in got.args[0]
    assert "ours" in got.args[0]
    assert session.error


def test_a_file_that_cannot_be_opened_leaves_the_present_one(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    with qtbot.waitSignal(session.failed) as got:
        session.open("bad.tif")
    assert "bad.tif" in got.args[0]
    assert session.stack is not None
    assert session.stack.name == "a.tif"
    assert not session.stale
    assert not workshop.opened[0].closed


def test_one_bad_file_of_several_closes_the_others(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    with qtbot.waitSignal(session.failed):
        session.open(["a.tif", "bad.tif"])
    assert session.stack is None
    assert workshop.opened[0].closed


def test_twenty_files_in_a_second_end_in_the_last(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    workshop.slow = 0.03
    for number in range(20):
        session.open(f"{number}.tif")
        qtbot.wait(10)
    wait_for_result(session, qtbot)
    assert session.stack is not None
    assert session.stack.name == "19.tif"
    qtbot.waitUntil(lambda: sum(not stack.closed for stack in workshop.opened) == 1)


def test_several_files_are_measured_together(session: Session, workshop: Workshop, qtbot: QtBot):
    opened(session, qtbot, "a.tif", "b.tif")
    assert workshop.ranges == [8]
    assert session.frames is not None
    assert session.frames.n_frames == 8
    assert [path.name for path in session.paths] == ["a.tif", "b.tif"]


def test_files_of_unlike_size_are_refused_with_both_names(session: Session, qtbot: QtBot):
    with qtbot.waitSignal(session.failed) as got:
        session.open(["a.tif", "small.tif"])
    assert "a.tif" in got.args[0]
    assert "small.tif" in got.args[0]


def test_frames_are_read_for_display(session: Session, qtbot: QtBot):
    opened(session, qtbot)
    first = session.image
    with qtbot.waitSignal(session.image_changed):
        session.set_frame(2)
    assert session.frame == 2
    assert not np.array_equal(first, session.image)
    session.set_frame(99)
    assert session.frame == 3
    session.set_frame(-5)
    assert session.frame == 0


def test_region_and_frame_range_measure_again_and_can_be_undone(
    session: Session, workshop: Workshop, qtbot: QtBot
):
    opened(session, qtbot)
    session.set_region(Region(0, 64, 0, 96))
    wait_for_result(session, qtbot)
    assert session.measurement is not None
    assert session.measurement.region == Region(0, 64, 0, 96)
    session.set_frame_range(FrameRange(1, 4, 2))
    wait_for_result(session, qtbot)
    assert workshop.ranges[-1] == 2
    session.set_frame(3)
    corners, used, reasons, shape = session.patches_on_frame()
    assert corners.tolist() == [[0, 0]]
    assert used.tolist() == [True]
    assert reasons == [""]
    assert shape == (64, 64)
    session.set_frame(2)
    assert len(session.patches_on_frame()[0]) == 0
    session.history.undo()
    assert session.frame_range is None
    session.history.undo()
    assert session.region is None
    wait_for_result(session, qtbot)


def test_a_frame_range_is_kept_within_the_stack(session: Session, qtbot: QtBot):
    opened(session, qtbot)
    session.set_frame_range(FrameRange(2, 99))
    assert session.frame_range == FrameRange(2, 4)
    session.set_frame_range(FrameRange(0, 4))
    assert session.frame_range is None
    wait_for_result(session, qtbot)


def test_a_rectangle_of_another_file_cannot_come_back(session: Session, qtbot: QtBot):
    opened(session, qtbot)
    session.set_region(Region(0, 64, 0, 64))
    wait_for_result(session, qtbot)
    opened(session, qtbot, "b.tif")
    assert session.region is None
    session.history.undo()
    assert session.region is None


def test_presets_and_their_mark(session: Session, qtbot: QtBot):
    fine = next(p for p in built_in_presets() if p.name == "fine")
    session.apply_preset(fine)
    assert session.parameters.center_size == 7
    assert not session.preset_modified
    with qtbot.waitSignal(session.preset_changed):
        session.set_parameter("center_size", 9)
    assert session.preset_modified
    session.history.undo()
    assert not session.preset_modified


def test_pin_and_compare(session: Session, qtbot: QtBot):
    assert session.comparison() is None
    opened(session, qtbot)
    session.pin()
    session.set_parameter("max_true_pixels", 3)
    comparison = session.comparison()
    assert comparison is not None
    assert comparison.pixels_b <= 3 <= comparison.pixels_a
    session.set_pinned(Mask(np.ones((3, 3), bool)), "file.npy")
    assert session.pinned_label == "file.npy"
    session.unpin()
    assert session.comparison() is None


def test_hovering_a_ring_is_told_once(session: Session):
    got: list[int] = []
    session.ring_hovered.connect(got.append)
    for ring in (2, 2, 3, -1, -1):
        session.hover_ring(ring)
    assert got == [2, 3, -1]


def test_closing_files(session: Session, workshop: Workshop, qtbot: QtBot):
    opened(session, qtbot)
    session.close_files()
    assert session.stack is None
    assert session.extraction is None
    assert session.image is None
    qtbot.waitUntil(lambda: workshop.opened[0].closed)
    session.set_parameter("patch_size", 32)
    assert not session.busy


def test_closing_in_mid_extraction_stops_the_threads(qapp, workshop: Workshop, qtbot: QtBot):
    session = Session(engine=workshop.engine())
    workshop.slow = 0
    opened(session, qtbot)
    workshop.slow = 30
    session.set_parameter("patch_size", 32)
    qtbot.wait(30)
    begun = time.perf_counter()
    session.close()
    assert time.perf_counter() - begun < 1
    assert not session._measuring.isRunning()


# --- second stacks ----------------------------------------------------------------------------


def statistical(session: Session, **values: Any) -> None:
    session.set_parameters({"method": "statistical", "max_lag": 4, "patch_size": 32, **values})


def test_the_source_follows_the_method(session: Session) -> None:
    session.set_parameter("method", "statistical")
    assert session.parameters.source == "automatic"
    session.history.undo()
    assert (session.parameters.method, session.parameters.source) == ("ring", "frames")
    session.history.redo()
    session.set_parameters({"method": "ring"})
    assert session.parameters.source == "frames"


@pytest.mark.parametrize("kind", ["dark", "subtract"])
def test_a_second_stack_is_measured_with(session: Session, qtbot: QtBot, kind: str) -> None:
    opened(session, qtbot)
    statistical(session, source=kind)
    qtbot.waitUntil(lambda: bool(session.error), timeout=10_000)
    assert "a.tif" in session.error
    assert session.stale
    with qtbot.waitSignal(session.seconds.changed):
        session.seconds.choose(kind, "other.tif")
    wait_for_result(session, qtbot)
    assert session.error == ""
    assert session.seconds.path(kind) == Path("other.tif")
    assert session.measurement is not None
    assert session.measurement.correlation.source == kind
    assert list(session.seconds.used(session.parameters.source)) == [kind]
    first = session.measurement
    session.seconds.choose(kind, "third.tif")
    qtbot.waitUntil(lambda: session.measurement is not first, timeout=10_000)
    assert session.seconds.remembered() == {kind: "third.tif"}


def test_a_second_stack_the_source_does_not_use(
    session: Session, workshop: Workshop, qtbot: QtBot
) -> None:
    opened(session, qtbot)
    with qtbot.waitSignal(session.seconds.changed):
        session.seconds.choose("dark", "dark.tif")
    assert len(workshop.measured) == 1
    assert not session.stale
    with qtbot.waitSignal(session.failed) as said:
        session.seconds.choose("dark", "bad.tif")
    assert said.args == ["bad.tif: is damaged; copy it again."]
    assert session.seconds.path("dark") == Path("dark.tif")
    session.seconds.choose("dark", None)
    assert session.seconds.stack("dark") is None
    qtbot.waitUntil(lambda: workshop.opened[-1].closed)


def test_automatic_takes_the_dark_stack(session: Session, qtbot: QtBot) -> None:
    for kind in ("subtract", "dark"):
        with qtbot.waitSignal(session.seconds.changed):
            session.seconds.choose(kind, f"{kind}.tif")
    statistical(session)
    opened(session, qtbot)
    assert session.measurement is not None
    assert session.measurement.correlation.base == "dark"
    # Its patches lie on another stack than the one on display.
    assert len(session.patches_on_frame()[0]) == 0


def test_a_paired_stack_follows_the_frame_range(session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(session.seconds.changed):
        session.seconds.choose("subtract", "other.tif")
    chosen = session.seconds.frames("subtract", FrameRange(1, 3, 1), 4)["subtract"]
    assert chosen.n_frames == 2
    whole = session.seconds.frames("subtract", None, 4)["subtract"]
    assert whole.n_frames == 4
    assert session.seconds.frames("frames", None, 4) == {}


def test_patches_of_a_difference_stand_on_both_frames(session: Session, qtbot: QtBot) -> None:
    statistical(session, source="difference")
    opened(session, qtbot)
    shown = []
    for frame in range(4):
        session.set_frame(frame)
        corners, used, reasons, shape = session.patches_on_frame()
        assert len(corners) == len(used) == len(reasons) == 9
        assert shape == (32, 32)
        shown.append(corners.tolist())
    assert shown[0] == shown[1]


def test_a_lag_under_the_pointer_is_shared(session: Session) -> None:
    seen: list[Any] = []
    session.lag_hovered.connect(seen.append)
    for lag in ((0, 1), (0, 1), None):
        session.hover_lag(lag)
    assert seen == [(0, 1), None]

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import Task
from structmask_gui.gui.session.worker import Job, Lane, Outcome, sentence_of


@pytest.fixture
def lane():
    made = Lane("test")
    yield made
    assert made.close()
    assert not made.isRunning()


def collected(lane: Lane) -> list[Outcome]:
    outcomes: list[Outcome] = []
    lane.ended.connect(outcomes.append)
    return outcomes


def begun_until_cancelled(lane: Lane, qtbot: QtBot) -> None:
    """Give a lane a job that goes on until it is cancelled, and wait until it does."""
    begun = threading.Event()

    def work(task: Task) -> None:
        begun.set()
        while True:
            task.stop_if_cancelled()
            time.sleep(0.005)

    lane.submit(work)
    qtbot.waitUntil(begun.is_set)


def test_a_job_runs_in_another_thread_and_its_result_comes_back(lane: Lane, qtbot: QtBot):
    with qtbot.waitSignal(lane.ended) as got:
        ticket = lane.submit(lambda _task: threading.get_ident())
    outcome = got.args[0]
    assert outcome.kind == "done"
    assert outcome.ticket == ticket
    assert outcome.result != threading.get_ident()


def test_the_newest_job_wins(lane: Lane, qtbot: QtBot):
    outcomes = collected(lane)
    begun_until_cancelled(lane, qtbot)
    for number in range(5):
        last = lane.submit(lambda _task, number=number: number)
    qtbot.waitUntil(lambda: any(o.ticket == last for o in outcomes))
    assert outcomes[0].kind == "cancelled"
    assert outcomes[-1].result == 4
    # Of the five, those that waited when a newer one came were never begun.
    assert len(outcomes) < 6


def test_a_lane_that_keeps_all_does_all_in_order(qtbot: QtBot):
    lane = Lane("keeping", keep_all=True)
    outcomes = collected(lane)
    for number in range(5):
        lane.submit(lambda _task, number=number: number)
    assert lane.finish()
    qtbot.waitUntil(lambda: len(outcomes) >= 4)
    results = [o.result for o in outcomes]
    assert results == sorted(results)


def test_cancel_returns_soon(lane: Lane, qtbot: QtBot):
    outcomes = collected(lane)
    begun_until_cancelled(lane, qtbot)
    lane.cancel()
    # How soon is for benchmarks/interaction.py to say.
    qtbot.waitUntil(lambda: bool(outcomes))
    assert outcomes[0].kind == "cancelled"
    assert not lane.busy


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (InputError("a.tif is empty."), "error", "a.tif is empty."),
        (FileNotFoundError(2, "No such file", "b.tif"), "error", "b.tif: No such file."),
        (MemoryError(), "error", "memory"),
        (ZeroDivisionError("by nought"), "bug", "ZeroDivisionError: by nought"),
        (SystemExit(3), "bug", "SystemExit"),
    ],
)
def test_whatever_a_job_raises_becomes_an_outcome(
    lane: Lane, qtbot: QtBot, error: BaseException, kind: str, text: str
):
    def work(_task: Task) -> None:
        raise error

    with qtbot.waitSignal(lane.ended) as got:
        lane.submit(work)
    assert got.args[0].kind == kind
    assert text in got.args[0].text
    with qtbot.waitSignal(lane.ended) as got:
        lane.submit(lambda _task: "goes on")
    assert got.args[0].result == "goes on"


def test_progress_is_throttled_and_tells_the_remaining_time(lane: Lane, qtbot: QtBot):
    steps: list[Any] = []
    lane.stepped.connect(steps.append)

    def work(task: Task) -> None:
        for done in range(800):
            task.report(done, 800, "Counting")
            time.sleep(0.001)

    with qtbot.waitSignal(lane.ended, timeout=5000):
        lane.submit(work)
    assert 3 <= len(steps) <= 40
    assert [s.done for s in steps] == sorted(s.done for s in steps)
    assert steps[0].remaining < 0
    assert 0 < steps[-1].remaining < 3


def test_the_time_left_counts_from_where_a_part_began(
    lane: Lane, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    steps: list[Any] = []
    lane.stepped.connect(steps.append)
    clock = iter([100.0, 110.0, 120.0])
    monkeypatch.setattr("structmask_gui.gui.session.worker._now", lambda: next(clock))

    def work(task: Task) -> None:
        for done in (80, 90, 100):
            task.report(done, 100, "The end of it")

    with qtbot.waitSignal(lane.ended, timeout=5000):
        lane.submit(work)
    assert [step.remaining for step in steps] == [-1.0, 10.0, -1.0]


def test_the_time_left_is_that_of_all_parts_of_one_count(
    lane: Lane, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    steps: list[Any] = []
    lane.stepped.connect(steps.append)
    clock = iter([100.0, 140.0, 141.0, 142.0, 143.0])
    monkeypatch.setattr("structmask_gui.gui.session.worker._now", lambda: next(clock))

    def work(task: Task) -> None:
        for done, what in ((0, "Slow"), (40, "Slow"), (40, "Fast"), (50, "Fast")):
            task.report(done, 100, what)
        task.report(0, 10, "Another count")

    with qtbot.waitSignal(lane.ended, timeout=5000):
        lane.submit(work)
    assert [step.remaining for step in steps] == pytest.approx([-1, 60, 61.5, 42, -1])


def test_close_in_the_middle_of_a_job(qtbot: QtBot):
    lane = Lane("closing")
    begun_until_cancelled(lane, qtbot)
    assert lane.close()
    lane.submit(lambda _task: None)  # too late, and harmless
    assert not lane.isRunning()


def test_a_lane_nobody_uses_has_no_thread():
    lane = Lane("idle")
    assert not lane.isRunning()
    assert lane.close()


def test_a_result_is_not_kept_alive_by_the_waiting_thread(lane: Lane, qtbot: QtBot):
    import gc
    import weakref

    class Thing:
        pass

    made: list[Any] = []

    def work(_task: Task) -> Thing:
        thing = Thing()
        made.append(weakref.ref(thing))
        return thing

    with qtbot.waitSignal(lane.ended) as got:
        lane.submit(work)
    got.args = None
    qtbot.wait(20)
    gc.collect()
    assert made[0]() is None


def test_sentence_of_an_error_without_a_file():
    assert sentence_of(OSError(28, "No space left on device")) == "No space left on device."


def test_what_is_asked_for_while_a_result_is_handed_over_is_the_newest(qtbot: QtBot):
    job = Job("next", pytest.fail, order="next")
    got: list[str] = []

    def first_done(result: str) -> None:
        got.append(result)
        job.run(lambda _task: "newest", got.append)

    job.run(lambda _task: "first", first_done)
    job.run(lambda _task: "older", got.append)
    qtbot.waitUntil(lambda: len(got) >= 2 and not job.busy)
    assert got == ["first", "newest"]
    assert job.close()

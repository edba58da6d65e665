"""Work on all cores: order, sharing, ending, and memory that is kept."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import numpy as np
import pytest

from structmask_gui.core import threads
from structmask_gui.core.correlation.autocorrelation import scratch
from structmask_gui.core.threads import begin, in_threads


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_order(workers: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(threads, "WORKERS", workers)

    def slow_if_even(i: int) -> int:
        time.sleep(0.002 * (i % 2 == 0))
        return i * i

    assert list(in_threads(slow_if_even, range(40))) == [i * i for i in range(40)]


def test_the_caller_does_its_share_while_a_helper_is_held_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(threads, "WORKERS", 2)
    done_here = threading.Event()

    def work(i: int) -> str:
        name = threading.current_thread().name
        if name.startswith("structmask"):
            # Would wait for ever if the caller waited for it.
            assert done_here.wait(10)
        else:
            done_here.set()
        return name

    names = list(in_threads(work, range(3)))
    assert threading.current_thread().name in names


def test_items_are_made_in_the_calling_thread():
    made_in: set[int] = set()

    def items():
        for i in range(20):
            made_in.add(threading.get_ident())
            yield i

    list(in_threads(abs, items()))
    assert made_in == {threading.get_ident()}


def test_nothing_goes_on_after_it_is_closed():
    at_work = threading.Lock()
    begun: list[int] = []

    def work(i: int) -> int:
        with at_work:
            begun.append(i)
            time.sleep(0.001)
        return i

    with closing(in_threads(work, range(1000))) as results:
        assert next(results) == 0
    count = len(begun)
    assert not at_work.locked()
    time.sleep(0.02)
    assert len(begun) == count


def test_an_error_reaches_the_caller():
    def work(i: int) -> float:
        return 1 / (7 - i)

    with pytest.raises(ZeroDivisionError):
        list(in_threads(work, range(20)))


def test_work_that_shares_out_work_itself():
    def inner(i: int) -> int:
        return sum(in_threads(abs, range(i)))

    def outer(i: int) -> int:
        return sum(in_threads(inner, range(i)))

    assert list(in_threads(outer, range(12))) == [
        sum(sum(range(j)) for j in range(i)) for i in range(12)
    ]


def test_it_does_not_wait_for_the_work_of_others():
    others = threading.Event()
    blocked = [threads._pool().submit(others.wait, 20) for _ in range(threads.WORKERS)]
    try:
        assert list(in_threads(abs, range(40))) == list(range(40))
        assert not any(future.done() for future in blocked)
    finally:
        others.set()


def test_what_was_begun_is_done_once_by_whoever_comes_first():
    by_helper, held = threading.Event(), threading.Event()
    done: list[tuple[int, int]] = []

    def work(i: int) -> int:
        done.append((i, threading.get_ident()))
        if i == 0:
            by_helper.set()
            assert held.wait(10)
        return i * i

    results = begin(work, range(threads.WORKERS + 2))
    assert by_helper.wait(10)
    threading.Timer(0.05, held.set).start()
    assert results() == [i * i for i in range(threads.WORKERS + 2)]
    assert results() == [i * i for i in range(threads.WORKERS + 2)]
    assert sorted(i for i, _ in done) == list(range(threads.WORKERS + 2))
    assert threading.get_ident() in {where for _, where in done}
    assert (0, threading.get_ident()) not in done


def test_an_error_of_what_was_begun_reaches_who_asks():
    results = begin(lambda i: 1 // i, [1, 0])
    with pytest.raises(ZeroDivisionError):
        results()


def test_scratch_is_kept_by_name_and_thread():
    first = scratch("a", (4, 5), np.float32)
    assert np.shares_memory(first, scratch("a", (2, 3), np.complex64))
    assert not np.shares_memory(first, scratch("b", (4, 5), np.float32))
    elsewhere: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: elsewhere.append(scratch("a", (4, 5), np.float32)))
    thread.start()
    thread.join()
    assert not np.shares_memory(first, elsewhere[0])


def test_large_rooms_are_not_kept():
    large = scratch("a", (2**23, 2), np.float64)
    assert not np.shares_memory(large, scratch("a", (2**23, 2), np.float64))

"""Work on all cores, in order."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from functools import cache, wraps
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

WORKERS = os.cpu_count() or 1

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_Args = ParamSpec("_Args")


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads, made once.

    A new thread has to ask the system for all its memory again; for short work that costs more than
    the work (measured: 5 ms for 100 patches in new threads, 3 ms in kept ones).
    """
    return ThreadPoolExecutor(max(1, WORKERS - 1), thread_name_prefix="structmask")


@cache
def _blas() -> ThreadpoolController:
    """Return the handle on the BLAS libraries, made once: looking for them takes a while."""
    # NumPy and SciPy bring one each, and only those already loaded are found.
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class _OneBlasThread:
    """Holds BLAS to one thread while anybody asks for it.

    The limit is the whole process's. Were each call to keep and restore it, calls that overlap
    would lift each other's limit, and leave one behind.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = 0
        self._limit: AbstractContextManager[object] | None = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._asked:
                self._limit = _blas().limit(limits=1, user_api="blas")
                self._limit.__enter__()
            self._asked += 1

    def __exit__(self, *about: object) -> None:
        with self._lock:
            self._asked -= 1
            if not self._asked and self._limit is not None:
                self._limit.__exit__(None, None, None)
                self._limit = None


_one_blas_thread = _OneBlasThread()


def in_threads(work: Callable[[_In], _Out], items: Iterable[_In]) -> Generator[_Out, None, None]:
    """Apply ``work`` to items on all cores, a few ahead, and yield the results in order.

    The items are made in the calling thread, so that files are read by one thread only; the order
    of the results, and so of every sum of them, does not depend on the number of cores. When it is
    closed nothing of it goes on.

    The calling thread takes its share of the work: to wake a second thread takes a millisecond now
    and then, and short work has been done by then.
    """
    helpers = WORKERS - 1
    pending: deque[_Task[_In, _Out]] = deque()
    # One level of threads: BLAS would start its own in each of ours.
    with _one_blas_thread:
        try:
            for item in items:
                task = _Task(work, item)
                # For each helper one item at work and one that waits.
                if sum(not earlier.done for earlier in pending) < 2 * helpers:
                    task.hand_over()
                else:
                    task.do()
                pending.append(task)
                while pending and (pending[0].done or len(pending) > 2 * WORKERS):
                    # The helpers may be busy for others: what none has begun is done here.
                    pending[0].take_back()
                    yield pending.popleft().result()
            # What no helper has begun, from the end on: they go on from the front.
            for task in reversed(pending):
                task.take_back()
            while pending:
                yield pending.popleft().result()
        finally:
            for task in pending:
                task.drop()


class _Task(Generic[_In, _Out]):
    """One item: done here, or handed over to another thread."""

    def __init__(self, work: Callable[[_In], _Out], item: _In) -> None:
        self._work = work
        self._item = item
        self._future: Future[_Out] = Future()

    @property
    def done(self) -> bool:
        return self._future.done()

    def hand_over(self) -> None:
        self._future = _pool().submit(self._work, self._item)

    def do(self) -> None:
        self._future = Future()
        self._future.set_result(self._work(self._item))
        del self._item

    def take_back(self) -> None:
        """Do it here unless it has been begun."""
        if self._future.cancel():
            self.do()

    def drop(self) -> None:
        """See that it is not at work any more."""
        if not self._future.cancel():
            wait([self._future])

    def result(self) -> _Out:
        return self._future.result()


def one_blas_thread(function: Callable[_Args, _Out]) -> Callable[_Args, _Out]:
    """Decorate a function of many small matrices so that BLAS works on one core in it.

    Its threads spin while they wait for each other: on a busy machine of two cores, solutions of
    220 unknowns took 2 ms on one and 250 ms on two.
    """

    @wraps(function)
    def limited(*args: _Args.args, **kwargs: _Args.kwargs) -> _Out:
        with _one_blas_thread:
            return function(*args, **kwargs)

    return limited

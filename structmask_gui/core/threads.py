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
    """Return the pool of threads, made once.

    A new thread starts with no memory of its own, which costs more than short work does: 100
    patches take 5 ms in new threads and 3 ms in kept ones.
    """
    return ThreadPoolExecutor(max(1, WORKERS - 1), thread_name_prefix="structmask")


@cache
def _blas() -> ThreadpoolController:
    """Return the handle on the BLAS libraries, made once: looking for them takes a while."""
    # NumPy and SciPy bring one each.
    import scipy.linalg  # noqa: F401  # only what is loaded is found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class _OneBlasThread:
    """Limits BLAS to one thread while any caller is inside.

    The limit is that of the process: if each call set and restored it, calls that overlap would
    lift each other's limit, or leave one behind.
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


ONE_BLAS_THREAD = _OneBlasThread()


def in_threads(work: Callable[[_In], _Out], items: Iterable[_In]) -> Generator[_Out, None, None]:
    """Apply ``work`` to items on all cores, a few ahead, and yield the results in order.

    The items are made in the calling thread, so that only one thread reads files. The order of the
    results, and so every sum of them, is the same on any number of cores. Closing the generator
    stops all work.

    The calling thread works too: waking another one may take a millisecond, in which short work is
    done.
    """
    helpers = WORKERS - 1
    pending: deque[_Job[_In, _Out]] = deque()
    # BLAS would start threads of its own in each of these.
    with ONE_BLAS_THREAD:
        try:
            for item in items:
                job = _Job(work, item)
                # One item in progress and one queued for each helper.
                if sum(not earlier.done for earlier in pending) < 2 * helpers:
                    job.hand_over()
                else:
                    job.do()
                pending.append(job)
                while pending and (pending[0].done or len(pending) > 2 * WORKERS):
                    # Other calls share the helpers: what none of them has started is done here.
                    pending[0].take_back()
                    yield pending.popleft().result()
            # The helpers go on from the front, so this thread takes what is left from the end.
            for job in reversed(pending):
                job.take_back()
            while pending:
                yield pending.popleft().result()
        finally:
            for job in pending:
                job.drop()


def begin(work: Callable[[_In], _Out], items: Iterable[_In]) -> Callable[[], list[_Out]]:
    """Begin to apply ``work`` to a few items, and return what returns the results in order.

    For short work that is needed later: the calling thread goes on with something else, and does
    what no other has started by then. If it is never asked for, the work ends by itself.
    """
    jobs = [_Job(one_blas_thread(work), item) for item in items]
    for job in jobs:
        job.hand_over()
    asking = threading.Lock()

    def results() -> list[_Out]:
        with asking:
            for job in reversed(jobs):
                job.take_back()
        return [job.result() for job in jobs]

    return results


class _Job(Generic[_In, _Out]):
    """The work on one item, done by the calling thread or a helper."""

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
        """Do it here unless a helper has started it."""
        if self._future.cancel():
            self.do()

    def drop(self) -> None:
        """Cancel it, or wait for its end."""
        if not self._future.cancel():
            wait([self._future])

    def result(self) -> _Out:
        return self._future.result()


def one_blas_thread(function: Callable[_Args, _Out]) -> Callable[_Args, _Out]:
    """Decorate a function of many small matrices so that BLAS uses one thread in it.

    Threads of BLAS spin while they wait for each other: on a busy machine with two cores, solving
    for 220 unknowns took 2 ms with one thread and 250 ms with two.
    """

    @wraps(function)
    def limited(*args: _Args.args, **kwargs: _Args.kwargs) -> _Out:
        with ONE_BLAS_THREAD:
            return function(*args, **kwargs)

    return limited

"""Work on several machines through a Dask scheduler.

One task measures a file, or a part of a large one; the parts' sums are then put together by a
further task, in the order of a measurement in one piece, so that the result is the same. Files are
read where the tasks run: every machine must see them under the same path. What is exchanged is
between machines the user trusts; see SECURITY.md.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Any, Self

from structmask_gui.core.errors import InputError, StructMaskError
from structmask_gui.core.extraction.extraction import select
from structmask_gui.core.measure.distributed import (
    MeasuredPart,
    measure_part,
    merge_parts,
    plan_parts,
)
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.io.extract_files import (
    ExtractionSettings,
    Input,
    Result,
    opened,
)
from structmask_gui.io.files.paths import naming
from structmask_gui.io.one_mask import extract_job
from structmask_gui.io.stack.optional import needed
from structmask_gui.version import __version__

PER_PART = 2**16
"""Patches of a part; stacks of fewer are measured by one task."""

_CONNECT_SECONDS = 10
_WORKER_SECONDS = 60
_POLL = 0.05
_MOST_AT_ONCE = 64


class Cluster:
    """A connection to a Dask scheduler at tcp://host:port or tls://host:port; a context manager."""

    def __init__(self, address: str) -> None:
        if not re.fullmatch(r"(tcp|tls|ucx|wss?)://\S+", address):
            raise InputError(
                f"{address} is no address of a scheduler; give one as in tcp://host:8786."
            )
        with naming(address):
            distributed = needed("distributed", "cluster", "the address of a Dask scheduler")
        self._failed: tuple[type[Exception], ...] = (distributed.KilledWorker,)
        self._lost: tuple[type[Exception], ...] = (
            CancelledError,  # what was asked for before the connection was lost
            distributed.comm.CommClosedError,
            distributed.client.ClosedClientError,
        )
        try:
            self._client = distributed.Client(
                address, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(
                f"{address}: no scheduler answers there; start one with `dask scheduler`, or check"
                " the address."
            ) from error
        try:
            self._check(address)
        except BaseException:
            self.close()
            raise

    def _check(self, address: str) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_WORKER_SECONDS)
            versions = self._client.run(_program_version, on_error="return")
        except TimeoutError:
            raise InputError(
                f"{address}: the scheduler has no workers; start some with `dask worker {address}`."
            ) from None
        for worker, version in versions.items():
            if version != __version__:
                has = f"has {version}" if isinstance(version, str) else "does not have it"
                raise InputError(
                    f"{worker}: StructMask {__version__} must be installed there, and this worker"
                    f" {has}; install it and start the worker again."
                )

    @property
    def at_once(self) -> int:
        """Number of files to measure at once: enough that no machine waits."""
        threads = int(sum(self._client.nthreads().values()))
        return max(2, min(2 * threads, _MOST_AT_ONCE))

    def usable(
        self,
        inputs: Sequence[Input],
        task: Task,
        shape: tuple[int, int] | None = None,
    ) -> tuple[tuple[Input, ...], tuple[str, ...]]:
        """Do what `structmask_gui.io.batch.engine.usable` does, on one of the machines."""
        waiting = self._submit(_usable, tuple(map(_absolute, inputs)), shape)
        result: tuple[tuple[Input, ...], tuple[str, ...]] = self._result(
            [waiting], task, "Checking files"
        )
        return result

    def extract(
        self,
        inputs: Sequence[Input],
        settings: ExtractionSettings,
        task: Task,
        report_for: str | None = None,
    ) -> Result:
        """Do what `structmask_gui.io.one_mask.extract_job` does, on these machines."""
        items = tuple(map(_absolute, inputs))
        settings = replace(
            settings,
            dark=None if settings.dark is None else _absolute(settings.dark),
            subtract=None if settings.subtract is None else _absolute(settings.subtract),
        )
        parts = self._result(
            [self._submit(_parts, items, settings, PER_PART)], task.reporting(None), "Planning"
        )
        if len(parts) < 2:
            futures = [self._submit(_whole, items, settings, report_for)]
        else:
            futures = [self._submit(_part, items, settings, *part) for part in parts]
            futures.append(self._submit(_merged, items, settings, futures, report_for))
        result: Result = self._result(futures, task, "Measuring on the cluster")
        return result

    def _submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        with self._connected():
            return self._client.submit(function, *arguments, pure=False)

    def _result(self, futures: list[Any], task: Task, what: str) -> Any:
        """Wait for the last of the futures, which depends on the others, and return its result."""
        try:
            last = futures[-1]
            shown = -1
            while not last.done():
                task.stop_if_cancelled()
                done = sum(future.status == "finished" for future in futures)
                if done != shown:
                    shown = done
                    task.report(done, len(futures), what)
                time.sleep(_POLL)
            with self._connected():
                return last.result()
        except self._failed:
            raise InputError(
                "Its task was lost with its worker several times; the file may need more memory"
                " than the workers have, or crash its reader."
            ) from None
        finally:
            # Work that nobody waits for any more is cancelled.
            waiting = [future for future in futures if not future.done()]
            with contextlib.suppress(Exception):
                if waiting:
                    self._client.cancel(waiting, force=True)
            for future in futures:
                with contextlib.suppress(Exception):
                    future.release()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        try:
            yield
        except self._lost:
            # No fault of the file, which is to be tried again.
            raise StructMaskError(
                "The connection to the scheduler was lost; start it and its workers again, then"
                " the batch with --resume."
            ) from None

    def close(self) -> None:
        """Disconnect from the scheduler."""
        with contextlib.suppress(Exception):
            self._client.close(timeout=2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *about: object) -> None:
        self.close()


# --- what runs on the machines --------------------------------------------------------------------

# Threads of one worker share the cores already, and reading is one file after the other: two files
# at a time in one process would only take twice the memory.
_one_at_a_time = threading.Lock()


def _program_version() -> str:
    return __version__


def _absolute(item: Input) -> Input:
    from structmask_gui.io.files.remote import remote_address

    return item if remote_address(item.path) else replace(item, path=item.path.absolute())


def _usable(
    items: tuple[Input, ...], shape: tuple[int, int] | None
) -> tuple[tuple[Input, ...], tuple[str, ...]]:
    from structmask_gui.io.batch.engine import usable

    return usable(items, NO_TASK, shape)


def _parts(
    items: tuple[Input, ...], settings: ExtractionSettings, per_part: int
) -> list[tuple[int, int]]:
    """Divide a large measurement of the published method; one part stands for all in one piece."""
    one_by_one = settings.one_mask and len(items) > 1
    if settings.parameters.method != "ring" or settings.quality or one_by_one:
        return []
    with opened(items, settings) as files:
        return plan_parts(files.recording(settings.region), settings.parameters, per_part)


def _whole(
    items: tuple[Input, ...], settings: ExtractionSettings, report_for: str | None
) -> Result:
    with _one_at_a_time:
        return extract_job(items, settings, report_for=report_for)


def _part(
    items: tuple[Input, ...], settings: ExtractionSettings, start: int, stop: int
) -> MeasuredPart:
    with _one_at_a_time, opened(items, settings) as files:
        return measure_part(files.recording(settings.region), settings.parameters, start, stop)


def _merged(
    items: tuple[Input, ...],
    settings: ExtractionSettings,
    parts: list[MeasuredPart],
    report_for: str | None,
) -> Result:
    with opened(items, settings) as files:
        measurement = merge_parts(files.recording(settings.region), settings.parameters, parts)
        extraction = select(measurement, settings.parameters)
        return Result.of(extraction, files, report_for=report_for)

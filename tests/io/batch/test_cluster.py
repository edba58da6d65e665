"""Batches on a Dask cluster on this machine: two workers on the loopback address."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from structmask_gui.cli.main import main
from structmask_gui.core.errors import InputError
from structmask_gui.core.measure.distributed import measure_part, merge_parts, plan_parts
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import ArrayFrames, Recording
from structmask_gui.io.batch import cluster as cluster_module
from structmask_gui.io.batch.cluster import Cluster
from structmask_gui.io.batch.files import plan_jobs
from structmask_gui.io.batch.queue import BatchQueue
from structmask_gui.io.batch.status import JobState, JobStatus
from structmask_gui.io.results.masks import load_mask
from tests.io.batches import queue_of

# Dask's own: sockets that are still closing when the loop ends.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PARAMETERS = Parameters(patch_size=32, center_size=9)


def noise(kind: int, frames: int = 2, side: int = 64) -> np.ndarray[Any, Any]:
    """Return noise that is correlated in a way of its own for each kind."""
    white = np.random.default_rng(kind).normal(size=(frames, side + 8, side + 8))
    way = (0, 1 + kind % 3) if kind % 2 else (1 + kind % 4, 0)
    shifted = np.roll(white, way, axis=(1, 2))
    return (1000 + 50 * (white + shifted)[:, 8:, 8:]).astype(np.uint16)


@pytest.fixture(scope="module")
def workers() -> Iterator[Any]:
    # Here, for it takes long, and those who leave out the slow tests need none of it.
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=":0",
        worker_dashboard_address=":0",
        silence_logs=50,
    ) as local:
        yield local


def write_files(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    files = [folder / f"{i:03}.tif" for i in range(count)]
    for i, file in enumerate(files):
        tifffile.imwrite(file, noise(i), photometric="minisblack")
    return files


def run(files: list[Path], out: Path, **options: Any) -> BatchQueue:
    queue = queue_of(plan_jobs(files, output_dir=out), PARAMETERS, **options)
    queue.run()
    return queue


def test_masks_are_as_on_one_machine_even_if_a_worker_is_killed(
    workers: Any, tmp_path: Path
) -> None:
    files = write_files(tmp_path / "in", 60)  # benchmarks/cluster.py does it with 200
    local = run(files, tmp_path / "local")
    assert local.counts() == {JobState.DONE: 60}

    with Cluster(workers.scheduler_address) as cluster:
        remote = run(files, tmp_path / "remote", engine=cluster)
    killed: list[int] = []

    def kill_one(_: int, status: JobStatus) -> None:
        done = sum(s.state is JobState.DONE for s in queue.statuses)
        if status.state is JobState.DONE and done >= 30 and not killed:
            pid = next(iter(workers.workers.values())).pid
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    with Cluster(workers.scheduler_address) as cluster:
        queue = queue_of(
            plan_jobs(files, output_dir=tmp_path / "killed"),
            PARAMETERS,
            engine=cluster,
            on_change=kill_one,
        )
        queue.run()
    assert killed
    for other in (remote, queue):
        assert other.counts() == {JobState.DONE: 60}
        assert [s.mask for s in other.statuses] == [s.mask for s in local.statuses]
    # The masks are of different kinds, so that being equal means something.
    assert len({s.sentence for s in local.statuses}) >= 3
    for name in ("remote", "killed"):
        for file in files:
            written = load_mask(tmp_path / name / f"{file.stem}_mask.npy")
            assert written == load_mask(tmp_path / "local" / f"{file.stem}_mask.npy")


def test_parts_add_up_to_the_same_bits() -> None:
    stack = noise(1, 40, 128)
    stack[3, :40] = 5  # constant patches
    frames = ArrayFrames(stack)
    parameters = Parameters(patch_size=16, center_size=9)
    whole = measure(frames, parameters)
    parts = plan_parts(Recording(frames), parameters, 700)
    assert len(parts) > 2
    made = [measure_part(Recording(frames), parameters, *part) for part in parts]
    merged = merge_parts(Recording(frames), parameters, made)
    np.testing.assert_array_equal(merged.autocorrelation.mean, whole.autocorrelation.mean)
    assert merged.sampling.reasons == whole.sampling.reasons
    assert merged.sampling.left_out
    with pytest.raises(ValueError, match="not those of this measurement"):
        merge_parts(Recording(frames), parameters, made[:-1])


def test_a_large_file_is_divided(
    workers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tifffile.imwrite(tmp_path / "big.tif", noise(1, 40, 128), photometric="minisblack")
    file = [tmp_path / "big.tif"]
    monkeypatch.setattr(cluster_module, "PER_PART", 700)
    submitted: list[str] = []
    plain = Cluster._submit

    def listening(self: Cluster, function: Any, *arguments: Any) -> Any:
        submitted.append(function.__name__)
        return plain(self, function, *arguments)

    monkeypatch.setattr(Cluster, "_submit", listening)
    seen: list[float] = []
    with Cluster(workers.scheduler_address) as cluster:
        parameters = Parameters(patch_size=16, center_size=9)
        queues = [
            queue_of(
                plan_jobs(file, output_dir=tmp_path / name),
                parameters,
                engine=engine,
                reports=True,
                on_change=lambda _, status: seen.append(status.progress),
            )
            for name, engine in (("far", cluster), ("here", None))
        ]
        for queue in queues:
            queue.run()
    assert submitted.count("_part") > 1
    far, here = (queue.statuses[0] for queue in queues)
    assert far.state is here.state is JobState.DONE
    assert (far.mask, far.sentence, far.patches) == (here.mask, here.sentence, here.patches)
    pages = [(tmp_path / name / "big_report.html").read_bytes() for name in ("far", "here")]
    dated = re.compile(rb"on \d{4}-\d\d-\d\dT[\d:+]*\d")
    assert dated.sub(b"", pages[0]) == dated.sub(b"", pages[1])


def test_groups_faults_and_the_statistical_method(workers: Any, tmp_path: Path) -> None:
    files = write_files(tmp_path / "in", 4)
    files[2].write_bytes(b"damaged")
    with Cluster(workers.scheduler_address) as cluster:
        single = run(files, tmp_path / "a", engine=cluster)
        group = queue_of(
            plan_jobs(files, per="all", output_dir=tmp_path / "b"), PARAMETERS, engine=cluster
        )
        group.run()
        statistical = queue_of(
            plan_jobs(files[:1], output_dir=tmp_path / "c"),
            Parameters(method="statistical", source="frames"),
            engine=cluster,
        )
        statistical.run()
    assert single.counts() == {JobState.DONE: 3, JobState.FAILED: 1}
    assert single.statuses[2].error.startswith("002.tif is not in a format")
    assert single.statuses[2].fault is not None
    assert group.statuses[0].state is JobState.DONE
    assert len(group.statuses[0].left_out) == 1
    assert statistical.statuses[0].state is JobState.DONE


def test_cancelling_stops_at_once(workers: Any, tmp_path: Path) -> None:
    files = write_files(tmp_path / "in", 60)
    with Cluster(workers.scheduler_address) as cluster:
        queue = queue_of(
            plan_jobs(files, output_dir=tmp_path / "out"),
            PARAMETERS,
            engine=cluster,
            on_change=lambda _, status: status.state is JobState.DONE and queue.cancel(),
        )
        runner = threading.Thread(target=queue.run)
        runner.start()
        runner.join(timeout=30)
        assert not runner.is_alive()
        assert queue.counts()[JobState.CANCELLED] > 0
        assert queue.counts()[JobState.RUNNING] == queue.counts()[JobState.PENDING] == 0
        # The workers are free for the next.
        assert run(files[:2], tmp_path / "next", engine=cluster).counts() == {JobState.DONE: 2}


def test_the_command(workers: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path / "in", 3)
    code = main(
        [
            *("batch", str(tmp_path / "in"), "--scheduler", workers.scheduler_address),
            *("--patch-size", "32", "--set", "center_size=9"),
        ]
    )
    assert code == 0
    assert "3" in capsys.readouterr().out
    assert len(list((tmp_path / "in").glob("*_mask.npy"))) == 3


def test_a_lost_scheduler_is_no_fault_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(cluster_module, "_CONNECT_SECONDS", 2)
    files = write_files(tmp_path / "in", 3)
    local = distributed.LocalCluster(
        n_workers=1, processes=False, protocol="tcp://", dashboard_address=None, silence_logs=50
    )
    with local, Cluster(local.scheduler_address) as cluster:
        queue = queue_of(
            plan_jobs(files, output_dir=tmp_path / "out"),
            PARAMETERS,
            engine=cluster,
            on_change=lambda _, status: status.state is JobState.RUNNING and local.close(),
        )
        queue.run()
    assert queue.counts() == {JobState.FAILED: 3}
    for status in queue.statuses:
        assert status.error.startswith("The connection to the scheduler was lost; start it")
        assert status.fault is None


@pytest.mark.parametrize(
    ("address", "sentence"),
    [("host:8786", "is no address of a scheduler"), ("file:///etc", "is no address")],
)
def test_wrong_addresses(address: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Cluster(address)


def test_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "_CONNECT_SECONDS", 1)
    with pytest.raises(InputError, match="no scheduler answers there"):
        Cluster("tcp://127.0.0.1:1")


def test_another_version_on_a_worker(workers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "__version__", "9.9")
    with pytest.raises(InputError, match=r"StructMask 9\.9 must be installed there"):
        Cluster(workers.scheduler_address)

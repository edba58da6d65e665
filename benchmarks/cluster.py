"""A batch on two Dask workers of this machine, against the same batch in one process.

Makes files of structured noise, runs them here, on the cluster, and on the cluster with one worker
killed half-way, and compares the masks. Exits with 1 if a file is missing or a mask differs.

    python benchmarks/cluster.py [--files 200]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.batch.cluster import Cluster
from structmask_gui.io.batch.files import plan_jobs
from structmask_gui.io.batch.queue import BatchQueue
from structmask_gui.io.batch.status import JobState, JobStatus
from structmask_gui.io.extract_files import ExtractionSettings


def write_files(folder: Path, count: int) -> list[Path]:
    rng = np.random.default_rng(0)
    files = []
    for i in range(count):
        white = rng.normal(size=(8, 264, 264))
        way = (0, 1 + i % 3) if i % 2 else (1 + i % 4, 0)
        noise = (white + np.roll(white, way, axis=(1, 2)))[:, 8:, 8:]
        files.append(folder / f"{i:04}.tif")
        tifffile.imwrite(files[-1], (1000 + 50 * noise).astype(np.uint16), photometric="minisblack")
    return files


def timed(queue: BatchQueue) -> float:
    start = time.perf_counter()
    queue.run()
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=200)
    count = parser.parse_args().files
    import distributed

    failed = False
    with (
        tempfile.TemporaryDirectory(prefix="structmask-cluster-") as name,
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=":0",
            silence_logs=50,
        ) as local,
        Cluster(local.scheduler_address) as cluster,
    ):
        folder = Path(name)
        files = write_files(folder, count)

        def queue(where: str, **options: object) -> BatchQueue:
            jobs = plan_jobs(files, output_dir=folder / where)
            return BatchQueue(jobs, ExtractionSettings(Parameters(center_size=21)), **options)

        killed: list[int] = []

        def kill_one(_: int, status: JobStatus) -> None:
            done = sum(s.state is JobState.DONE for s in unlucky.statuses)
            if status.state is JobState.DONE and done >= count // 2 and not killed:
                killed.append(next(iter(local.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        here, there = queue("here"), queue("there", engine=cluster)
        unlucky = queue("unlucky", engine=cluster)
        unlucky.on_change = kill_one
        print(f"{os.cpu_count()} cores, {count} files of 8 frames of 256 x 256")
        for title, one in (
            ("in one process", here),
            ("two workers", there),
            ("two workers, one killed half-way", unlucky),
        ):
            seconds = timed(one)
            done = one.counts()[JobState.DONE]
            equal = sum(a.mask == b.mask for a, b in zip(one.statuses, here.statuses, strict=True))
            bad = done < count or equal < count or (one is unlucky and not killed)
            failed |= bad
            print(
                f"{title:36}{seconds:8.1f} s  {done} done, {equal} masks equal"
                f"{'  MISSED' if bad else ''}"
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

"""How right the masks and verdicts are, on noise of known correlation.

``python benchmarks/accuracy.py`` prints the figures, and with ``--write`` puts the table and its
picture into docs/. Fixed seeds; a minute and a half on two free cores.
``--only SECTION`` runs a part; ``--only held`` runs fields and seeds that no threshold was set on.
``--real FOLDER`` adds the verdicts on real images.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterable
from multiprocessing import get_context
from pathlib import Path

import _report as report
import _sections as sections
import numpy as np
from threadpoolctl import threadpool_limits

from structmask_gui.core.extraction.extraction import select as ring_select
from structmask_gui.core.measure.measure import measure as ring_measure
from structmask_gui.core.simulation import NoiseModel, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.core.statistical.measure import measure_correlation
from structmask_gui.core.statistical.selection import select_lags
from structmask_gui.core.verdict.verdict import judge


def speed(pairs: int = 41) -> tuple[float, float, float]:
    """Time 100 patches of 64 x 64: ring analysis, the statistics, and all of the measurement.

    The statistics are what ring analysis is too: patches cut, lag products, mean, selection; with
    errors beside. All of the measurement adds the guards and the evidence for the verdict. The
    quickest of many, which other work on the machine disturbs least; in seconds.
    """
    frame = simulate(NoiseModel(kernels()["row 7"]), (640, 640), seed=1)[0]
    frames = ArrayFrames(frame)
    ring = sections.PUBLISHED["ring, as implemented"]
    own = sections.STATISTICAL.changed(source="frames")
    times: list[tuple[float, float, float]] = []
    for _ in range(pairs + 1):
        points = [time.perf_counter()]
        ring_select(ring_measure(frames, ring), ring)
        points.append(time.perf_counter())
        select_lags(sections.pooled(frame), own)
        points.append(time.perf_counter())
        estimate = measure_correlation(frames, own)
        judge(estimate, select_lags(estimate.lags, own), own)
        points.append(time.perf_counter())
        times.append((points[1] - points[0], points[2] - points[1], points[3] - points[2]))
    quickest = np.min(times[1:], axis=0)
    return float(quickest[0]), float(quickest[1]), float(quickest[2])


def real(folder: Path) -> list[tuple[str, ...]]:
    """Judge every TIFF of a folder; each channel of "m1" by itself."""
    import tifffile

    rows = []
    for path in sorted(folder.glob("*.tif")):
        stack = tifffile.imread(path)
        channels = stack if path.name.startswith("m1") else [stack]
        for number, frames in enumerate(channels):
            _, verdict, estimate = sections.statistical(frames)
            label = path.name.split("_")[0] + (f" channel {number}" if len(channels) == 3 else "")
            rows.append((label, verdict.text, estimate.source))
    return rows


def one_thread() -> None:
    """Leave each of the processes one thread of BLAS: together they fill the machine."""
    threadpool_limits(1, user_api="blas")


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*sections.SECTIONS, "speed"], action="append")
    parser.add_argument("--write", action="store_true", help="write docs/accuracy.md and .svg")
    parser.add_argument("--real", type=Path, help="folder of real images")
    options = parser.parse_args(arguments if arguments is None else list(arguments))
    wanted = options.only or [*sections.DEFAULT, "speed"]
    began = time.perf_counter()
    results: dict[str, list[tuple[tuple, dict[str, object]]]] = {}
    with get_context("spawn").Pool(2, one_thread) as pool:
        for section in wanted:
            if section == "speed":
                continue
            tasks, work = sections.SECTIONS[section]
            start = time.perf_counter()
            planned = tasks()
            results[section] = list(zip(planned, pool.map(work, planned, chunksize=4), strict=True))
            print(f"{section}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    if "held" in results:
        rows = results.pop("held")
        fresh, former = (
            report.held_table(
                [row for row in rows if row[0][0] in shown], sections.TOLD_APART, sections.SMOOTH
            )
            for shown in (sections.HELD_OUT, sections.LOOKED_INTO)
        )
        print(fresh, former, sep="\n\n")
        if options.write:
            report.write_held(Path(__file__).resolve().parents[1] / "docs", fresh, former)
        if not results:
            return 0
    # What the two processes worked; on a busy machine they also waited.
    work = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = speed() if "speed" in wanted else None
    verdicts = real(options.real) if options.real else []
    took = time.perf_counter() - began, work.ru_utime + work.ru_stime
    text = report.table(results, times, verdicts, took, sections.TOLD_APART, sections.SMOOTH)
    print(text)
    if options.write:
        report.write(Path(__file__).resolve().parents[1] / "docs", text, results)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

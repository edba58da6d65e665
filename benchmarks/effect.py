"""What the quality figures are worth, measured on noise and pictures whose truth is known.

``python benchmarks/effect.py`` prints what was asked for, then the tables; it exits with 1 if an
aim is missed. ``--write`` puts all of it into docs/quality-figures.md, ``--quick`` takes a few
kernels only, ``--seed`` draws other noise than that the method was made on, ``--workers`` says how
many processes share the runs. Fixed seeds; times are given as shares of their limits and beside a
transform of a frame, so that they can be read on any machine. Some three minutes on two free
cores.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from multiprocessing import get_context
from pathlib import Path

from _aims import Section, table
from _line_offsets import offsets
from _quality_times import times
from _ranking_runs import work
from _ranking_tables import ranking, specs
from _still_copied import least_squares
from threadpoolctl import threadpool_limits

from structmask_gui.core.simulation import kernels

TARGET = Path(__file__).resolve().parents[1] / "docs" / "quality-figures.md"
BELOW = "## The ranking against trained networks"
"""What `trained.py` writes below stays where it is."""

QUICK = ("row 7", "isotropic", "echo slanted")
EVERY = 20.0


def one_thread() -> None:
    """Leave each of the processes one thread of BLAS: together they fill the machine."""
    threadpool_limits(1, user_api="blas")


def runs(chosen: tuple[str, ...], seed: int, workers: int) -> Section:
    """Do the runs, saying now and then how far they are."""
    planned = specs(chosen, seed)
    found = []
    start = said = time.perf_counter()
    with get_context("spawn").Pool(workers, one_thread) as pool:
        for run in pool.imap(work, planned, chunksize=2):
            found.append(run)
            now = time.perf_counter()
            if now - said >= EVERY or len(found) == len(planned):
                said = now
                note(f"{len(found)} of {len(planned)} runs, {now - start:.0f} s")
    return ranking(found)


def note(text: str) -> None:
    """Say how far things are, without mixing it with the tables."""
    print(f"  {text}", file=sys.stderr, flush=True)


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/quality-figures.md")
    parser.add_argument("--quick", action="store_true", help="a few kernels only")
    parser.add_argument("--seed", type=int, default=0, help="other noise; 0 by default")
    parser.add_argument("--workers", type=int, default=2, help="processes; 2 by default")
    options = parser.parse_args(arguments if arguments is None else list(arguments))
    chosen = QUICK if options.quick else tuple(kernels())
    began = time.perf_counter()
    sections = [runs(chosen, options.seed, options.workers)]
    for name, made in (
        ("row offsets", lambda: offsets(options.seed)),
        ("least squares", lambda: least_squares(chosen, options.seed)),
        ("times", times),
    ):
        sections.append(made())
        note(f"{name}, {time.perf_counter() - began:.0f} s")
    aims = [aim for section in sections for aim in section.aims]
    lines = [
        "# What the quality figures are worth",
        "",
        "Made by `benchmarks/effect.py`; the comparison with trained networks by"
        " `benchmarks/trained.py`. Errors are mean squared errors in units of the noise variance.",
        "",
        *table(aims),
    ]
    for section in sections:
        lines += ["", *section.lines]
    text = "\n".join(lines) + "\n"
    print(text)
    asked = [aim for aim in aims if aim.met is not None]
    note(f"{sum(bool(aim.met) for aim in asked)} of {len(asked)} aims met")
    if options.write:
        below = TARGET.read_text(encoding="utf-8").partition(BELOW)
        TARGET.write_text(f"{text}\n{below[1]}{below[2]}", encoding="utf-8")
    return 0 if all(aim.met for aim in asked) else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Damaged files of every kind, for as long as one likes: `make fuzz` (MINUTES=20).

Files are damaged at random and read in processes of their own, so that a crash of a library is
seen. Anything but a result or a sentence is a finding: an exception, the death of a process, more
than 10 s of work or 60 s of waiting, more than 600 MB. The file and what came of it are kept in
build/fuzz. Exits with 1 if there was a finding.

    python benchmarks/fuzz.py [--minutes 20] [--seed N] [--workers 2] [--only tif,png]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
FINDINGS = ROOT / "build" / "fuzz"
SECONDS = 10.0
WAITING = 60.0
MEGABYTES = 600.0
# A process is replaced after so many files: what libraries keep must not accumulate.
PER_PROCESS = 400
Mutated = Callable[[bytes, random.Random, bytes], bytes]
SHARED = ROOT.parent / "shared" / "data"


# --- the process that reads -----------------------------------------------------------------------


def peak_megabytes() -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 2**10


def child(seeds: Path, work: Path, seed: int, only: list[str]) -> int:
    """Damage and read files; one line of JSON before and after each, for the parent."""
    sys.path.insert(0, str(ROOT))
    from tests.fuzz.mutation import mutated
    from tests.fuzz.trial import attempt

    chance = random.Random(seed)
    files = [path for path in sorted(seeds.iterdir()) if wanted(path, only)]
    whole = {file: _contents(file) for file in files}
    for file in files:
        # The libraries are imported now: that is not to count as time or memory of an input.
        attempt(file)
    for number in range(PER_PROCESS):
        file = chance.choice(files)
        target = work / file.name
        damage(file, target, whole, chance, mutated)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        print(json.dumps({"start": file.name, "number": number}), flush=True)
        result: dict[str, object] = {"kind": "refused"}
        try:
            if attempt(target) == "read":
                result["kind"] = "read"
        except BaseException as error:
            result = {"kind": "exception", "text": traceback.format_exc()}
            if isinstance(error, KeyboardInterrupt):
                raise
        result["peak"] = peak_megabytes()
        if result["kind"] == "exception" or float(str(result["peak"])) > MEGABYTES:
            # Here, for the next of its name follows at once.
            put_aside(target, f"{seed}-{file.name}")
        print(json.dumps(result), flush=True)
        shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    return 0


def put_aside(source: Path, name: str) -> None:
    """Keep a file, or a folder, that something was found with."""
    FINDINGS.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, FINDINGS / name, dirs_exist_ok=True)
    elif source.exists():
        shutil.copyfile(source, FINDINGS / name)


def wanted(path: Path, only: list[str]) -> bool:
    return not only or any(path.name.endswith(ending) for ending in only)


def _contents(file: Path) -> bytes:
    if file.is_dir():
        return b"".join(f.read_bytes() for f in sorted(file.rglob("*")) if f.is_file())
    return file.read_bytes()


def damage(
    file: Path, target: Path, whole: dict[Path, bytes], chance: random.Random, mutated: Mutated
) -> None:
    other = whole[chance.choice(list(whole))]
    if file.is_dir():
        shutil.copytree(file, target)
        inside = chance.choice(sorted(f for f in target.rglob("*") if f.is_file()))
        inside.write_bytes(mutated(inside.read_bytes(), chance, other))
    else:
        target.write_bytes(mutated(whole[file], chance, other))


# --- the parent -----------------------------------------------------------------------------------


class Watched:
    """A reading process and what it is doing."""

    def __init__(self, seeds: Path, seed: int, only: list[str]) -> None:
        self.work = Path(tempfile.mkdtemp(prefix="structmask-fuzz-"))
        self.seed = seed
        self.log = (self.work / "log").open("w+")
        self.process = subprocess.Popen(
            [
                *(sys.executable, __file__, "--child", str(seeds), "--work", str(self.work)),
                *("--seed", str(seed), "--only", ",".join(only)),
            ],
            stdout=self.log,
            stderr=(self.work / "errors").open("w"),
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "STRUCTMASK_HOME": str(self.work)},
        )
        self.place = 0
        self.doing: str | None = None
        self.since = time.monotonic()
        self.worked = 0.0

    def work_seconds(self) -> float:
        """Return how long it has worked: on a busy machine less than the time that passed."""
        import psutil

        try:
            times = psutil.Process(self.process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    def lines(self) -> list[dict[str, object]]:
        """Return what it has said since the last time."""
        with (self.work / "log").open() as file:
            file.seek(self.place)
            text = file.read()
        end = text.rfind("\n") + 1
        self.place += len(text[:end].encode())
        return [json.loads(line) for line in text[:end].splitlines()]

    def close(self) -> None:
        """End it and remove its files."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.work, ignore_errors=True)


def keep(watched: Watched, kind: str, text: str) -> None:
    """Put a finding where one can look at it."""
    name = f"{watched.seed}-{watched.doing}"
    if kind in ("crash", "hang"):
        put_aside(watched.work / str(watched.doing), name)
    FINDINGS.mkdir(parents=True, exist_ok=True)
    (FINDINGS / f"{kind}-{name}.txt").write_text(text)
    print(f"{kind}: {watched.doing} (seed {watched.seed}): {text.strip().splitlines()[-1:]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="endings of the seeds' names, as in tif,png")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    only = [ending for ending in options.only.split(",") if ending]
    if options.child:
        return child(options.child, options.work, options.seed, only)
    sys.path.insert(0, str(ROOT))
    from tests.fuzz.seeds import write_images, write_own

    tried: Counter[str] = Counter()
    results: Counter[str] = Counter()
    findings: Counter[str] = Counter()
    seeds = Path(tempfile.mkdtemp(prefix="structmask-seeds-"))
    running: list[Watched] = []
    next_seed = options.seed
    try:
        write_images(seeds)
        (seeds / "own").mkdir()
        for path in write_own(seeds / "own"):
            path.rename(seeds / path.name)
        (seeds / "own").rmdir()
        for real in sorted(SHARED.glob("*/*")):
            if real.suffix in (".md", ".txt"):
                continue
            if real.is_file() and real.stat().st_size < 500_000:
                shutil.copyfile(real, seeds / real.name)
        print(
            f"{len(list(seeds.iterdir()))} kinds of file, {options.workers} processes,"
            f" {options.minutes:g} minutes, seed {options.seed}",
            flush=True,
        )
        end = time.monotonic() + 60 * options.minutes
        while time.monotonic() < end:
            while len(running) < options.workers:
                running.append(Watched(seeds, next_seed, only))
                next_seed += 1
            time.sleep(0.1)
            for watched in list(running):
                step(watched, tried, results, findings)
                if watched.process.poll() is not None or watched.doing == "":
                    watched.close()
                    running.remove(watched)
    finally:
        for watched in running:
            watched.close()
        shutil.rmtree(seeds, ignore_errors=True)
    print(", ".join(f"{name} {count}" for name, count in sorted(tried.items())))
    print(
        f"{sum(tried.values())} inputs tried: {results['read']} read, {results['refused']} refused"
        f" with a sentence; crashes {findings['crash'] + findings['exception']},"
        f" hangs {findings['hang']}, over-memory {findings['memory']}"
    )
    return int(bool(findings))


def step(
    watched: Watched, tried: Counter[str], results: Counter[str], findings: Counter[str]
) -> None:
    """Take in what a process has said, and stop it where it hangs."""
    code = watched.process.poll()
    for line in watched.lines():
        if "start" in line:
            watched.doing, watched.since = str(line["start"]), time.monotonic()
            watched.worked = watched.work_seconds()
            continue
        name = str(watched.doing)
        tried[name.rpartition(".")[2]] += 1
        kind = str(line["kind"])
        results[kind] += 1
        if kind == "exception":
            findings["exception"] += 1
            watched_text = str(line["text"])
            keep(watched, "exception", watched_text)
        if float(str(line["peak"])) > MEGABYTES:
            findings["memory"] += 1
            keep(watched, "memory", f"{line['peak']} MB")
        watched.doing = None
        watched.since = time.monotonic()
    if code not in (None, 0) and watched.doing:
        findings["crash"] += 1
        tried[watched.doing.rpartition(".")[2]] += 1
        errors = (watched.work / "errors").read_text(errors="replace")
        keep(watched, "crash", f"{errors[-3000:]}\nthe process ended with {code}")
    elif (
        code is None
        and watched.doing
        and (
            watched.work_seconds() - watched.worked > SECONDS
            or time.monotonic() - watched.since > WAITING
        )
    ):
        findings["hang"] += 1
        tried[watched.doing.rpartition(".")[2]] += 1
        keep(watched, "hang", f"more than {SECONDS} s of work or {WAITING} s of waiting")
        watched.doing = ""


if __name__ == "__main__":
    sys.exit(main())

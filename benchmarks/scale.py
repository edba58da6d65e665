"""Time and memory on large stacks: a BigTIFF of several gigabytes, made on the spot and removed.

Each size is measured in processes of its own, in turn with the bare minimum: reading the file page
by page with tifffile and one batched float32 `rfft2(workers=1)` of the same padded patches. Memory
is the process's resident peak, mapped pages included. Prints a table; exits with 1 if an aim is
missed. With --statistical the statistical method is measured, which takes a bounded number of
patches: memory only.

    python benchmarks/scale.py [--sizes 0.25,1,4] [--rounds 2] [--folder DIR] [--statistical]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIDE = 2048
CENTER_SIZE = 21
AIMS = {"memory": 600.0, "throughput": 0.6, "linear": 0.15}


def write_stack(path: Path, gigabytes: float) -> int:
    """Write frames of structured noise, a page each, and return their number of bytes."""
    import tifffile

    rng = np.random.default_rng(0)
    white = rng.normal(size=(4, SIDE, SIDE + 2))
    noise = white[..., 2:] + 0.6 * white[..., 1:-1] + 0.3 * white[..., :-2]
    frames = (1000 + 50 * noise).astype(np.uint16)
    count = max(1, round(gigabytes * 2**30 / frames[0].nbytes))
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for i in range(count):
            frame = np.roll(frames[i % len(frames)], 97 * i, axis=(0, 1))
            writer.write(frame, photometric="minisblack", metadata=None, contiguous=False)
    return count * frames[0].nbytes


def ours(path: Path) -> None:
    from structmask_gui.core.extraction.extraction import extract_array
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.io.open import open_stack

    with open_stack(path) as stack:
        extraction = extract_array(stack, Parameters(center_size=CENTER_SIZE, patches=0))
    assert extraction.measurement.sampling.n_used == (SIDE // 64) ** 2 * stack.n_frames


def statistical(path: Path) -> None:
    from structmask_gui.core.extraction.extraction import extract_array
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.io.open import open_stack

    with open_stack(path) as stack:
        # Where a surface is subtracted, most is kept.
        extract_array(stack, Parameters(method="statistical", source="flat", patches=0))


def bare(path: Path) -> None:
    import scipy.fft
    import tifffile

    from structmask_gui.core.correlation.autocorrelation import LagKernel

    kernel = LagKernel((64, 64), (CENTER_SIZE // 2, CENTER_SIZE // 2))
    per_side = SIDE // 64
    padded = np.zeros((per_side**2, *kernel.padded_shape), np.float32)
    with tifffile.TiffFile(path) as tif:
        for page in tif.pages:
            frame = page.asarray()
            patches = frame.reshape(per_side, 64, per_side, 64).swapaxes(1, 2)
            padded[:, :64, :64] = patches.reshape(-1, 64, 64)
            scipy.fft.rfft2(padded, workers=1)


def child(side: str, path: Path) -> None:
    """Do one side's work in this process and print its seconds and memory as JSON."""
    work = {"ours": ours, "bare": bare, "statistical": statistical}[side]
    work_small = path.with_name("start.tif")
    # Imports, tables of the FFT and threads are start-up; a small stack brings them in. What it
    # takes the second time is what every stack takes, whatever its size.
    work(work_small)
    start = time.perf_counter()
    work(work_small)
    small = time.perf_counter() - start
    start = time.perf_counter()
    work(path)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "start": small, "peak": peak_megabytes()}))


def peak_megabytes() -> float:
    """Return the most memory this process has had resident, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage says here would include the parent's memory at the time of the fork.
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 2**10
    import psutil

    memory = psutil.Process().memory_info()
    if hasattr(memory, "peak_wset"):
        return float(memory.peak_wset) / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def run(side: str, path: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", side, "--file", str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="0.25,1,4", help="gigabytes, as in 0.25,1,4")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each; the fastest counts")
    parser.add_argument("--folder", type=Path, help="where the files are made; needs the room")
    parser.add_argument("--statistical", action="store_true", help="the other method's memory")
    parser.add_argument("--child", choices=["ours", "bare", "statistical"], help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.file)
        return 0
    sizes = [float(part) for part in options.sizes.split(",")]
    folder = Path(tempfile.mkdtemp(prefix="structmask-scale-", dir=options.folder))
    try:
        need = sum(sizes) * 1.02 * 2**30
        if shutil.disk_usage(folder).free < need:
            print(f"error: {folder} has no room for {sum(sizes)} GB; give another --folder.")
            return 2
        if options.statistical:
            return measure_statistical(folder, sizes)
        return measure(folder, sizes, options.rounds)
    finally:
        shutil.rmtree(folder)


def measure_statistical(folder: Path, sizes: list[float]) -> int:
    print(f"{os.cpu_count()} cores; frames of {SIDE} x {SIDE} uint16, statistical method")
    print(f"{'GB':>6}{'s':>9}{'peak MB':>9}")
    write_stack(folder / "start.tif", 0.03)
    peaks = []
    for size in sizes:
        path = folder / "stack.tif"
        write_stack(path, size)
        found = run("statistical", path)
        peaks.append(found["peak"])
        print(f"{size:6g}{found['seconds']:9.2f}{found['peak']:9.0f}")
    missed = max(peaks) > AIMS["memory"]
    print(f"peak resident memory, MB  {max(peaks):.0f}  <= {AIMS['memory']:g}")
    return int(missed)


def measure(folder: Path, sizes: list[float], rounds: int) -> int:
    print(f"{os.cpu_count()} cores; frames of {SIDE} x {SIDE} uint16, all patches of 64 x 64")
    print(f"{'GB':>6}{'ours s':>9}{'bare s':>9}{'s/GB':>8}{'ratio':>8}{'peak MB':>9}")
    small = write_stack(folder / "start.tif", 0.03)
    paths = {size: folder / f"stack-{size}.tif" for size in sizes}
    nbytes = {size: write_stack(path, size) for size, path in paths.items()}
    if hasattr(os, "sync"):
        os.sync()  # The disk's writing would otherwise fall on the first readings.
    pairs: dict[float, list[tuple[dict[str, float], dict[str, float]]]] = {s: [] for s in sizes}
    for _ in range(rounds):
        # All sizes in turn, so that a busy minute does not fall on one of them.
        for size, path in paths.items():
            pairs[size].append((run("ours", path), run("bare", path)))
    peaks, throughputs, per_byte = [], [], []
    for size in sizes:
        mine = min(a["seconds"] for a, _ in pairs[size])
        other = min(b["seconds"] for _, b in pairs[size])
        throughputs.append(statistics.median(b["seconds"] / a["seconds"] for a, b in pairs[size]))
        peaks.append(max(a["peak"] for a, _ in pairs[size]))
        start = min(a["start"] for a, _ in pairs[size])
        per_byte.append((mine - start) / (nbytes[size] - small) * 2**30)
        print(
            f"{size:6g}{mine:9.2f}{other:9.2f}{per_byte[-1]:8.2f}{throughputs[-1]:8.2f}"
            f"{peaks[-1]:9.0f}"
        )
    linear = max(per_byte) / min(per_byte) - 1
    results = [
        ("peak resident memory, MB", max(peaks), "<=", AIMS["memory"]),
        ("throughput, share of the bare minimum's", min(throughputs), ">=", AIMS["throughput"]),
        ("seconds less start-up per byte, largest / smallest - 1", linear, "<=", AIMS["linear"]),
    ]
    missed = False
    for title, value, sign, aim in results:
        bad = value > aim if sign == "<=" else value < aim
        missed |= bad
        print(f"{title:56}{value:9.2f}  {sign} {aim:g}{'  MISSED' if bad else ''}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

"""Denoising that is killed or cancelled: what is left in the folder.

``python benchmarks/interrupted.py`` kills a process 200 times while it writes a denoised stack over
an older one, and cancels a denoising 100 times anywhere from its first step to its last. It exits
with 1 if a killed process left anything but the old file or the new one, and unfinished parts that
the next one removes, or if a cancelled one took over 0.2 s of the processor or left anything but
the state that it goes on from.
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

from structmask_gui.core import threads
from structmask_gui.core.denoising import denoiser as engine
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.errors import Cancelled
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import Task
from structmask_gui.io.denoise_files import (
    DenoisedRecord,
    DenoiseOptions,
    denoise_stacks,
    denoised_path,
    save_denoised,
)
from structmask_gui.io.open import open_stack
from structmask_gui.io.results.record import InputRecord

LATEST = 0.2
_STATE = ".unfinished.npz"


def input_file(folder: Path, shape: tuple[int, ...]) -> Path:
    noisy = np.random.default_rng(0).normal(100, 5, shape)
    noisy += 20 * np.sin(np.arange(shape[-1]) / 6)
    path = folder / "input.npy"
    np.save(path, noisy.astype(np.float32))
    return path


def write(source: Path, target: Path, side: int) -> None:
    """Write the linear prediction with a mask of one row."""
    with open_stack(source) as stack:
        made = Denoiser(stack, np.ones((1, side)))
        next(made.stages())
        record = DenoisedRecord(made, InputRecord.of(stack), "benchmark")
        save_denoised(record, stack, target, force=True)


def pixels(path: Path) -> bytes:
    """Return what was denoised; the record in the file holds the time of writing."""
    with open_stack(path) as stack:
        return b"".join(stack.read(i).tobytes() for i in range(stack.n_frames))


def kill(times: int, folder: Path) -> bool:
    source, target = input_file(folder, (16, 192, 192)), folder / "input_denoised.ome.tif"
    draw = np.random.default_rng(1)
    contents, seconds = [], 0.0
    for side in (1, 5):
        begun = time.monotonic()
        write(source, target, side)
        seconds = time.monotonic() - begun
        contents.append(pixels(target))
    # A machine that does other work, too, takes longer now and then.
    most = 2 * seconds
    found = {"old": 0, "new": 0, "other": 0}
    rests = 0
    for number in range(times):
        old, side = (1, 1) if number % 2 == 0 else (0, 5)
        # Each goes on from what the one before left.
        before = pixels(target)
        child = os.fork()
        if not child:
            write(source, target, side)
            os._exit(0)
        time.sleep(draw.uniform(0, most))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        after = pixels(target) if target.exists() else b""
        kind = "old" if after == before else "new" if after == contents[1 - old] else "other"
        found[kind] += 1
        rests += len(list(folder.iterdir())) > 2
    child = os.fork()
    if not child:
        write(source, target, 1)
        os._exit(0)
    os.waitpid(child, 0)
    left = len(list(folder.iterdir())) - 2
    print(
        f"killed {times} times within {most:.2f} s: the old file {found['old']}, the new one"
        f" {found['new']}, anything else {found['other']}; an unfinished part beside it {rests},"
        f" and {left} after one more that was not killed"
    )
    return not found["other"] and not left


def cancel(times: int, folder: Path) -> bool:
    source = input_file(folder, (2, 128, 128))
    target = denoised_path(source)
    engine._ROUNDS, engine._ROUND = 3, 40
    options = DenoiseOptions(Mask.checked(np.ones((1, 5))))

    def run(task: Task) -> None:
        with open_stack(source) as stack:
            denoise_stacks([stack], [target], options, task=task)

    begun = time.process_time()
    run(Task(None, lambda: False))
    seconds = time.process_time() - begun
    latest, finished, rests = [], 0, 0
    for end in np.random.default_rng(2).uniform(0, seconds, times):
        for path in folder.iterdir():
            if path != source:
                path.unlink()
        due = time.process_time() + end
        try:
            run(Task(None, lambda due=due: time.process_time() > due))
            finished += 1
            continue
        except Cancelled:
            latest.append(time.process_time() - due)
        left = {p.name for p in folder.iterdir()} - {source.name, target.name + _STATE}
        # Written whole before it was evaluated, it stays.
        if target.name in left and pixels(target):
            left.remove(target.name)
        rests += bool(left)
    print(
        f"cancelled {len(latest)} of {times} times in {seconds:.1f} CPU-s of work, {finished} were"
        f" done before: at most {max(latest):.3f} CPU-s later; anything left {rests}"
    )
    return max(latest) <= LATEST and not rests


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cancels", type=int, default=100)
    arguments = parser.parse_args()
    # A fork takes no threads with it.
    threads.WORKERS = 1
    good = True
    for work, times in ((kill, arguments.kills), (cancel, arguments.cancels)):
        with tempfile.TemporaryDirectory() as folder:
            good &= work(times, Path(folder))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

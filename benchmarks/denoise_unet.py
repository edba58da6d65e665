"""A small U-Net against *Denoise here*: scenes of `denoise.py`, the same frames and mask.

``python benchmarks/denoise_unet.py [NUMBER ...]`` trains the U-Net of `trained.py` with 16 channels
and without batch normalisation, by StructN2V with the right mask, for three times the processor's
time that *Denoise here* took, and prints both true errors. ``--to-the-end`` trains it until its
error stops falling. Scenes that the file of ``--out`` holds are not done again. It needs torch, and
exits with 1 if the mean error is more than 1.05 of the U-Net's.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import trained
from _network_tables import UNET_AIM, unet
from denoise import acquired, error, true_mask
from numpy.typing import NDArray

from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.masks.mask import Mask

NUMBERS = tuple(range(0, 60, 5))
CHANNELS, TIMES = 16, 3.0
_TRIED = 12
"""Steps that are timed beforehand."""
_CHECKED, _PATIENCE, _AVERAGED = 300, 3, 0.99
"""To the end: the error is looked at every so many steps, and training ends when it has not fallen
by a hundredth at so many looks; of the weights a running mean is taken."""


def ours(number: int) -> dict[str, Any]:
    """Return the errors of *Denoise here* and of its linear stage."""
    clean, noisy, how = acquired(number)
    begun = time.process_time()
    made = Denoiser(noisy, true_mask(how["noise"]))
    made.fit()
    found = {**how, "number": number, "denoised": error(made, clean)}
    found["cpu"] = time.process_time() - begun
    found["linear"] = error(made, clean, linear=True)
    return found


def in_time(number: int, seconds: float) -> dict[str, Any]:
    """Train for so many seconds of the processor."""
    clean, noisy, how = acquired(number)
    mask, mean = Mask(true_mask(how["noise"])), noisy.mean()
    training = trained.Training(noisy - mean, mask, CHANNELS)
    begun = time.process_time()
    for _ in range(_TRIED):
        training.loss().backward()
    each = (time.process_time() - begun) / _TRIED
    begun = time.process_time()
    training.denoised()
    steps = max(10, int((seconds - (time.process_time() - begun)) / each))
    begun = time.process_time()
    answer = trained.train(noisy - mean, mask, steps, CHANNELS) + mean
    return {
        "U-Net": float(np.mean((answer - clean) ** 2)),
        "U-Net cpu": time.process_time() - begun,
        "steps": steps,
    }


def to_the_end(number: int) -> dict[str, Any]:
    """Train until the error, which only a benchmark knows, has stopped falling."""
    clean, noisy, how = acquired(number)
    mean = noisy.mean()
    training = trained.Training(noisy - mean, Mask(true_mask(how["noise"])), CHANNELS)
    optimiser = trained.torch.optim.Adam(training.net.parameters(), lr=1e-3)
    averaged = copy.deepcopy(training.net)
    begun, errors = time.process_time(), []
    while len(errors) < _PATIENCE + 1 or min(errors[-_PATIENCE:]) < 0.99 * min(errors[:-_PATIENCE]):
        for _ in range(_CHECKED):
            loss = training.loss()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            with trained.torch.no_grad():
                both = zip(averaged.parameters(), training.net.parameters(), strict=True)
                for kept, new in both:
                    kept.lerp_(new, 1 - _AVERAGED)
        answer: NDArray[Any] = training.denoised(averaged) + mean
        errors.append(float(np.mean((answer - clean) ** 2)))
        print(f"  {number}: {len(errors) * _CHECKED} steps, {errors[-1]:.4f}", flush=True)
    best = int(np.argmin(errors))
    return {
        "longest": errors[best],
        "longest steps": (best + 1) * _CHECKED,
        "longest cpu": time.process_time() - begun,
        "looks": errors,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", type=int, nargs="*", default=NUMBERS, metavar="NUMBER")
    parser.add_argument("--to-the-end", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("build/denoise_unet.json"))
    arguments = parser.parse_args()
    trained.torch.set_num_threads(1)
    out: Path = arguments.out
    rows = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
    for number in arguments.numbers:
        found = next((row for row in rows if row["number"] == number), None)
        if found is None:
            found = ours(number)
            found |= in_time(number, TIMES * found["cpu"])
            rows.append(found)
        if arguments.to_the_end and "longest" not in found:
            found |= to_the_end(number)
        print(found, flush=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    text, ratio = unet(rows)
    print("\n".join(text))
    return 0 if ratio <= UNET_AIM else 1


if __name__ == "__main__":
    raise SystemExit(main())

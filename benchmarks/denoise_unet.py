"""A small U-Net against *Denoise here*: scenes of `denoise.py`, the same frames and mask.

``python benchmarks/denoise_unet.py NUMBER ...`` trains the U-Net of `trained.py` with 16 channels,
without batch normalisation, by StructN2V with the right mask, and prints both true errors with the
processor's time. It needs torch.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import trained
from denoise import acquired, error, true_mask

from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.masks.mask import Mask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", type=int, nargs="+", metavar="NUMBER")
    parser.add_argument("--steps", type=int, default=450)
    parser.add_argument("--out", type=Path, default=Path("build/denoise_unet.json"))
    arguments = parser.parse_args()
    trained.torch.set_num_threads(1)
    trained.CHANNELS = 16
    count = sum(p.numel() for p in trained.UNet(trained.CHANNELS).parameters())
    print(f"{count} parameters, {arguments.steps} steps")
    rows = []
    for number in arguments.numbers:
        clean, noisy, how = acquired(number)
        mask = true_mask(how["noise"])
        begun = time.process_time()
        made = Denoiser(noisy, mask)
        made.fit()
        found = {**how, "number": number, "denoised": error(made, clean)}
        found["cpu"] = time.process_time() - begun
        found["linear"] = error(made, clean, linear=True)
        begun = time.process_time()
        mean = noisy.mean()
        answer = trained.train(noisy - mean, Mask(mask), arguments.steps) + mean
        found["U-Net"] = float(np.mean((answer - clean) ** 2))
        found["U-Net cpu"] = time.process_time() - begun
        rows.append(found)
        print(found, flush=True)
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    ratio = np.exp(np.mean([np.log(row["denoised"] / row["U-Net"]) for row in rows]))
    print(f"error over the U-Net's, geometric mean of {len(rows)}: {ratio:.3f}")


if __name__ == "__main__":
    main()

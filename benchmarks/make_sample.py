"""Write the bundled sample: cells under scan-line noise, and the truth about that noise.

Run ``python benchmarks/make_sample.py``; it writes ``resources/sample/`` and is deterministic.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import tifffile

from structmask_gui.core.simulation import Kernel, NoiseModel, cells, simulate

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "sample"
SHAPE, FRAMES, SEED = (256, 256), 6, 2026
OFFSET, STRENGTH = 600.0, 1.0
WEIGHTS = np.array([[1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 0.5]])
REACH = 10


def model() -> NoiseModel:
    weights = WEIGHTS / np.sqrt(np.sum(WEIGHTS**2))
    return NoiseModel(
        Kernel("scan lines", "a slow detector's tail along the scan", weights),
        pixel_share=0.15,
        sigma=20.0,
    )


def frames() -> np.ndarray:
    stack = OFFSET + simulate(
        model(),
        SHAPE,
        n_frames=FRAMES,
        picture=cells(SHAPE, seed=SEED),
        strength=STRENGTH,
        seed=SEED,
    )
    return np.clip(np.rint(stack), 0, 65535).astype(np.uint16)


def main(folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(
        folder / "cells_scanlines.ome.tif",
        frames(),
        ome=True,
        compression="deflate",
        predictor=True,
        metadata={"axes": "TYX", "UUID": "urn:uuid:5354524d-0000-4000-8000-000000002026"},
        photometric="minisblack",
    )
    noise = model()
    half = noise.correlation(REACH)[REACH, REACH:]
    truth = {
        "what": "Simulated: drawn cells under noise that is correlated along the rows; 6 frames of"
        " one still scene. Made by benchmarks/make_sample.py.",
        "axes": "TYX",
        "noise_sigma": noise.sigma,
        "pixel_noise_share": noise.pixel_share,
        "picture_strength": STRENGTH,
        "kernel": WEIGHTS.tolist(),
        "rho_along_row_by_lag": [round(float(value), 6) for value in half],
        "rho_elsewhere": 0.0,
        "rho_min": 0.05,
        "true_mask": noise.true_mask(REACH).astype(int).tolist(),
    }
    text = json.dumps(truth, indent=1)
    (folder / "cells_scanlines_truth.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

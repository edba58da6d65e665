"""The script for CAREamics, taken literally, with the mask and without, and *Denoise here*.

``python benchmarks/denoise_careamics.py`` draws ten frames of tissue under noise of known
correlation, measures the mask with ``structmask extract``, and runs what ``structmask text`` prints
for that mask and for plain N2V; only steps and seed are set. True errors are printed in units of
the noise's variance; a run that the file of ``--out`` holds is not done again. Needs CAREamics;
with 1500 steps each training takes minutes. It exits with 1 if the mean error with the mask is more
than 0.65 of that without, for rows or the diagonal.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import os
import runpy
import time
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from _network_tables import NOISES, careamics
from _physics.scenes import scene
from numpy.typing import NDArray

from structmask_gui.cli import main as structmask
from structmask_gui.core.simulation import NoiseModel, kernels, simulate

FRAMES, SHAPE, STRENGTH = 10, (192, 192), 3.0
PIXEL_SHARE = 0.3
AN_EPOCH = 100
"""Steps of an epoch in the text."""


def command(*arguments: str) -> str:
    """Run a command of the program; return what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        code = structmask(list(arguments))
    if code:
        raise SystemExit(f"structmask {' '.join(arguments)}: exit code {code}")
    return printed.getvalue()


def acquired(noise: str) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return clean and noisy frames; the noise's variance is 1."""
    still = scene("tissue", "still", np.random.default_rng(2), FRAMES, SHAPE)
    clean = STRENGTH * still + 100
    model = NoiseModel(kernels()[noise], PIXEL_SHARE)
    noisy = clean + simulate(model, SHAPE, n_frames=FRAMES, seed=5)
    return clean, noisy.astype(np.float32)


def trained(text: str, place: Path, steps: int, seed: int) -> NDArray[np.float32]:
    """Run a text for CAREamics as a script in a folder; return what it writes."""
    factory = importlib.import_module("careamics.config")
    original = factory.create_advanced_n2v_config

    def shortened(**given: Any) -> Any:
        return original(**{**given, "num_epochs": steps // AN_EPOCH, "seed": seed})

    place.mkdir(parents=True, exist_ok=True)
    (place / "train.py").write_text(text, encoding="utf-8")
    before = Path.cwd()
    factory.create_advanced_n2v_config = shortened
    os.chdir(place)
    try:
        runpy.run_path("train.py", run_name="__main__")
    finally:
        os.chdir(before)
        factory.create_advanced_n2v_config = original
    (written,) = place.parent.glob("*_careamics.ome.tif")
    result = tifffile.imread(written)
    written.unlink()
    return np.asarray(result, dtype=np.float32)


def prepared(noise: str, folder: Path) -> tuple[NDArray[np.float64], Path, dict[str, Path]]:
    """Write the frames and the masks; return the clean frames and the files."""
    folder.mkdir(parents=True, exist_ok=True)
    clean, noisy = acquired(noise)
    file = folder / "x.tif"
    tifffile.imwrite(file, noisy, photometric="minisblack", metadata={"axes": "TYX"})
    masks = {"recommended": folder / "x_mask.npy", "plain N2V": folder / "bare.npy"}
    np.save(masks["plain N2V"], np.ones((1, 1), dtype=bool))
    if not masks["recommended"].exists():
        command("extract", str(file), "--preset", "automatic", "--force")
    return clean, file, masks


def here(clean: NDArray[np.float64], file: Path, mask: Path) -> dict[str, float]:
    """Return the error of `structmask denoise` with a mask, and its processor's seconds."""
    output = file.with_name("denoised.tif")
    begun = time.process_time()
    command("denoise", str(file), "--mask", str(mask), "--output", str(output), "--force", "--yes")
    seconds = time.process_time() - begun
    return {"error": float(np.mean((tifffile.imread(output) - clean) ** 2)), "cpu": seconds}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--noises", nargs="+", default=list(NOISES), choices=NOISES)
    parser.add_argument("--out", type=Path, default=Path("build/denoise_careamics.json"))
    arguments = parser.parse_args()
    torch = importlib.import_module("torch")
    # One thread gives the same figures on every machine, and does not spin on a busy one.
    torch.set_num_threads(1)
    out = arguments.out.absolute()
    found = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    for seed in range(1, arguments.seeds + 1):
        for noise in arguments.noises:
            folder = out.with_suffix("") / noise.replace(" ", "_")
            clean, file, masks = prepared(noise, folder)
            for name, mask in masks.items():
                pixels = int(np.load(mask).sum())
                if f"{noise}, {name}, here" not in found:
                    found[f"{noise}, {name}, here"] = here(clean, file, mask)
                key = f"{noise}, {name}, seed {seed}"
                if key in found:
                    continue
                text = command("text", str(mask), str(file), "--for", "careamics")
                begun = time.process_time()
                place = folder / f"{mask.stem}_{seed}"
                result = trained(text, place, arguments.steps, seed)
                found[key] = {
                    "error": float(np.mean((result - clean) ** 2)),
                    "pixels": pixels,
                    "steps": arguments.steps,
                    "cpu": time.process_time() - begun,
                }
                print(key, found[key], found[f"{noise}, {name}, here"], flush=True)
                out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    lines, good = careamics(found)
    print("\n".join(lines))
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())

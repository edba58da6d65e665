"""How well a stack is denoised: true errors, in units of the noise's variance, and ratios of them.

``python benchmarks/denoise.py`` denoises scenes drawn by `_physics.scenes` under noise of known
correlation, by the linear prediction and by all stages, with the right mask and with none; it goes
on with the scenes that the file of ``--out`` does not hold yet.
``--masks`` compares the estimated error of eight masks with the true one in every Nth scene.
``--compare`` fits other regressors to the same samples; they are skipped if not installed.
``--scale`` takes times and memory; ``--real FOLDER`` evaluates files that have no truth.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import numpy as np
import tifffile
from _physics.scenes import USUAL, picture, scene
from numpy.typing import NDArray
from scipy.fft import fft2, fftfreq
from scipy.stats import spearmanr

from structmask_gui.core.denoised.evaluate import evaluate
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.denoising.spots import Shape, recovered_objects
from structmask_gui.core.quality.assessment import basis
from structmask_gui.core.quality.basis import automatic_basis
from structmask_gui.core.simulation import NoiseModel, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.image_stack import ImageStack

SEED = 15
NOISES = ("row 7", "diagonal", "isotropic", "white", "column fading")
STRENGTHS = (0.7, 1.5, 3.0, 6.0)
STACKS = ((1, "still"), (4, "still"), (4, "unlike"), (20, "still"), (20, "unlike"))
SHAPE = (128, 144)
_FLOOR = 0.05


def true_mask(name: str) -> NDArray[np.bool_]:
    """Return the lags at which noise of a kernel is correlated."""
    found = NoiseModel(kernels()[name], 0.3).true_mask(10, _FLOOR)
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    return found[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def noise(name: str, shape: tuple[int, int], frames: int, seed: int) -> NDArray[np.float64]:
    return simulate(NoiseModel(kernels()[name], 0.3), shape, n_frames=frames, seed=seed)


def drawn(number: int) -> dict[str, Any]:
    """Return the settings of a scene; pictures, noises, frames and strengths at paces of their own.

    "unlike" frames are pictures of one kind that have nothing else in common.
    """
    of_kind, kind = divmod(number, len(USUAL))
    frames, motion = STACKS[(of_kind + kind) % len(STACKS)]
    return {
        "picture": USUAL[kind],
        "noise": NOISES[(2 * of_kind + kind) % len(NOISES)],
        "strength": STRENGTHS[(of_kind + kind // 2) % len(STRENGTHS)],
        "frames": frames,
        "motion": motion,
    }


def acquired(number: int) -> tuple[NDArray[np.float64], NDArray[np.float32], dict[str, Any]]:
    """Return the clean frames, the noisy ones, and how they were made."""
    how = drawn(number)
    draw = np.random.default_rng((SEED, number))
    if how["motion"] == "unlike":
        clean = np.stack([picture(how["picture"], draw, SHAPE) for _ in range(how["frames"])])
    else:
        clean = scene(how["picture"], "still", draw, how["frames"], SHAPE)
    clean = how["strength"] * clean + 100
    noisy = clean + noise(how["noise"], SHAPE, how["frames"], 100 + number)
    return clean, noisy.astype(np.float32), how


def error(made: Denoiser, clean: NDArray[np.float64], *, linear: bool = False) -> float:
    outputs = [made.linear(i) if linear else made.predict(i) for i in range(len(clean))]
    return float(np.mean((np.stack(outputs) - clean) ** 2))


def beyond(image: NDArray[Any]) -> float:
    """Return the mean power beyond 0.35 cycles a pixel, where the optics show nothing."""
    radius = np.hypot(fftfreq(image.shape[0])[:, None], fftfreq(image.shape[1])[None, :])
    power = np.abs(fft2(image * np.outer(*(np.hanning(n) for n in image.shape)))) ** 2
    return float(power[radius > 0.35].mean())


def estimated_gain(noisy: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """Return the estimated error with a mask over that without one."""
    measured = automatic_basis(ArrayFrames(noisy))
    return measured.score(mask).error.total / measured.score(None).error.total


def one(number: int, *, bare: bool) -> dict[str, Any]:
    clean, noisy, how = acquired(number)
    mask = true_mask(how["noise"])
    begun = time.process_time()
    made = Denoiser(noisy, mask)
    made.fit()
    linear, final = error(made, clean, linear=True), error(made, clean)
    found = {**how, "linear": linear, "denoised": final, "ratio": final / linear}
    found["added"] = made.stage.added
    few = range(min(4, len(clean)))
    power = [
        np.mean([beyond(part(i) - clean[i]) for i in few])
        for part in (made.predict, made.linear, lambda i: noisy[i])
    ]
    found["beyond"] = float(power[0] / power[1])
    found["beyond share"] = float(power[0] / power[2])
    found["mean off"] = max(float(abs(made.predict(i).mean() - noisy[i].mean())) for i in few)
    if bare and how["noise"] != "white":
        plain = Denoiser(noisy, None)
        plain.fit()
        found["no mask"] = error(plain, clean)
        found["estimated"] = estimated_gain(noisy, mask)
    found["cpu"] = time.process_time() - begun
    return found


def scenes(numbers: list[int], out: Path, every: int) -> None:
    rows = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
    print(
        "picture    noise          sd frames        linear denoised ratio beyond no mask est. CPU-s"
    )
    for number in numbers[len(rows) :]:
        row = one(number, bare=number % every == 0)
        rows.append(row)
        print(
            f"{row['picture']:10} {row['noise']:13} {row['strength']:3} {row['frames']:2}"
            f" {row['motion']:8} {row['linear']:8.3f} {row['denoised']:8.3f} {row['ratio']:5.3f}"
            f" {row['beyond']:6.3f} {row.get('no mask', np.nan):7.3f}"
            f" {row.get('estimated', np.nan):5.2f} {row['cpu']:5.1f}",
            flush=True,
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print("\n".join(claims(rows)))


def claims(rows: list[dict[str, Any]]) -> list[str]:
    """Return what is asked of the scenes together, and what was found."""

    def mean(values: list[float]) -> float:
        return float(np.exp(np.mean(np.log(values))))

    ratios = [row["ratio"] for row in rows]
    strong = [row["ratio"] for row in rows if row["strength"] > 1]
    masked = [row for row in rows if "no mask" in row]
    promised = [row for row in masked if row["estimated"] <= 0.95]
    kept = [row for row in promised if row["denoised"] < row["no mask"]]
    over = [row for row in rows if row["beyond"] > 1.02]
    share = max((100 * row["beyond share"] for row in over), default=0)
    left = f"; in those at most {share:.2g} % of the noise there" if over else ""
    return [
        f"{len(rows)} scenes, {sum(row['cpu'] for row in rows) / 60:.0f} CPU-minutes",
        f"largest error over the linear prediction's (1.01): {max(ratios):.3f}",
        f"geometric mean of it (0.95): {mean(ratios):.3f}",
        f"where the structure exceeds the noise, {len(strong)} scenes (0.92): {mean(strong):.3f}",
        f"right mask better than none where 5 % are promised: {len(kept)} of {len(promised)};"
        f" in all {sum(row['denoised'] < row['no mask'] for row in masked)} of {len(masked)},"
        f" error {mean([row['denoised'] / row['no mask'] for row in masked]):.3f} of it",
        f"error beyond the band over the linear prediction's (1.02): more in {len(over)} scenes, at"
        f" most {max(row['beyond'] for row in rows):.2f}{left}",
        f"mean of a frame moved (0.1 sd): {max(row['mean off'] for row in rows):.3f}",
    ]


def masks() -> dict[str, NDArray[np.bool_]]:
    """Return the masks whose estimated and true errors are compared, those of all noises too."""
    shapes = {"row 5": (1, 5), "column 5": (5, 1), "square 3": (3, 3)}
    return {
        **{name: true_mask(name) for name in NOISES},
        **{name: np.ones(shape, bool) for name, shape in shapes.items()},
    }


def ranks(numbers: list[int], *, all_stages: bool) -> None:
    """Print rank correlations of the estimated error of a mask and the true one, by scene."""
    found: dict[str, list[float]] = {"linear": [], "denoised": []}
    for number in numbers:
        clean, noisy, how = acquired(number)
        measured = automatic_basis(ArrayFrames(noisy))
        estimates, errors = [], {name: [] for name in found}
        for mask in masks().values():
            estimates.append(measured.score(mask).error.total)
            made = Denoiser(noisy, mask)
            next(made.stages())
            errors["linear"].append(error(made, clean, linear=True))
            if all_stages:
                made.fit()
                errors["denoised"].append(error(made, clean))
        for name, values in errors.items():
            if values:
                found[name].append(float(spearmanr(estimates, values).statistic))
        last = ", ".join(f"{name} {values[-1]:.2f}" for name, values in found.items() if values)
        print(f"{number} {how}: {last}", flush=True)
    for name, values in found.items():
        if values:
            print(f"{name}: median {np.median(values):.2f} of {len(values)} (0.9)")


def compare(numbers: list[int]) -> None:
    """Fit other regressors to the same samples of the first fold, check them on the second."""
    for number in numbers:
        clean, noisy, how = acquired(number)
        made = Denoiser(noisy, true_mask(how["noise"]))
        begun = time.process_time()
        made.fit()
        seconds = time.process_time() - begun
        ratio = error(made, clean) / error(made, clean, linear=True)
        print(
            f"{number} {how}\n  perceptrons: {ratio:.3f} of linear, {seconds:.0f} CPU-s", flush=True
        )
        for name, regressor in _others().items():
            begun = time.process_time()
            ratio, added = _other(made, clean, regressor)
            seconds = time.process_time() - begun
            print(f"  {name}: {ratio:.3f}, added {added:.2f}, {seconds:.0f} CPU-s", flush=True)


def _others() -> dict[str, Any]:
    found: dict[str, Any] = {}
    settings = {"learning_rate": 0.05, "random_state": 0}
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor

        found["scikit-learn, histogram boosting"] = lambda: HistGradientBoostingRegressor(
            max_iter=300, min_samples_leaf=200, early_stopping=False, **settings
        )
    except ImportError:
        print("  (scikit-learn is not installed)")
    try:
        from lightgbm import LGBMRegressor

        found["LightGBM"] = lambda: LGBMRegressor(
            n_estimators=300, min_child_samples=200, verbose=-1, n_jobs=1, **settings
        )
    except ImportError:
        print("  (LightGBM is not installed)")
    return found


def _other(made: Denoiser, clean: NDArray[np.float64], regressor: Any) -> tuple[float, float]:
    """Return the error of a boosted prediction over the linear one's, and how much was added."""
    folds = made._folds
    answers = []
    for fold, other in ((0, 1), (1, 0)):
        here, there = folds[fold].samples, folds[other].samples
        model = regressor().fit(here.x, here.y)
        answers.append((model, model.predict(there.x), there.y))
    dot = sum(float(h @ y) for _, h, y in answers)
    added = float(np.clip(dot / sum(float(h @ h) for _, h, _ in answers), 0, 1))
    standard = made._known_standard
    total, linear = 0.0, 0.0
    for frame in range(len(clean)):
        padded = made._around.read(frame, 0, clean.shape[1])
        planes = made._known.of(padded)
        x = standard.planes(planes.reshape(len(planes), -1)).T
        both = [
            model.predict(x).reshape(clean.shape[1:]) * standard.scale for model, _, _ in answers
        ]
        share = made.folds.shares(frame)
        share = share[:, None] if made.folds.axis == 0 else share
        base = planes[0] + made._around.mean(frame)
        final = base + added * ((1 - share) * both[0] + share * both[1])
        total += float(np.mean((final - clean[frame]) ** 2))
        linear += float(np.mean((base - clean[frame]) ** 2))
    return total / linear, added


def _written(folder: Path, frames: int, side: int) -> Path:
    """Write frames of cells under noise along the rows, a page each."""
    draw = np.random.default_rng(0)
    tiles = np.tile(scene("cells", "still", draw, 1, (512, 512))[0], (side // 512,) * 2)
    white = draw.normal(size=(4, side, side + 2))
    rows = white[..., 2:] + 0.6 * white[..., 1:-1] + 0.3 * white[..., :-2]
    noisy = (2000 + 50 * (3 * tiles + rows)).astype(np.uint16)
    path = folder / f"{frames}x{side}.tif"
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for i in range(frames):
            frame = np.roll(noisy[i % 4], 97 * i, (0, 1))
            writer.write(frame, photometric="minisblack", metadata=None, contiguous=False)
    return path


def _fitted(stack: ImageStack) -> Denoiser:
    wall, cpu = time.monotonic(), time.process_time()
    made = Denoiser(stack, np.ones((1, 5)))
    for stage in made.stages():
        if stage.name == "linear":
            made.predict(0)
            early = time.monotonic() - wall, time.process_time() - cpu
    fit = time.monotonic() - wall, time.process_time() - cpu
    print(
        f"{stack.n_frames} x {stack.frame_shape[0]}²: first picture after {early[0]:.1f} s,"
        f" {early[1]:.1f} CPU-s; fit {fit[0]:.0f} s, {fit[1]:.0f} CPU-s",
        flush=True,
    )
    return made


def _each(made: Denoiser, pixels: int) -> float:
    """Return the processor's seconds to predict a pixel, over so many of them."""
    begun, seen, frame = time.process_time(), 0, 0
    while seen < pixels:
        seen += made.predict(frame % made.frames.n_frames).size
        frame += 1
    return (time.process_time() - begun) / seen


def _peak() -> float:
    """Return the largest memory of this process so far, in MB; Linux only."""
    # What `resource` gives a child begins with its parent's.
    (line,) = (
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


def _memory(path: Path) -> None:
    """Print the peak of a fit and of some frames predicted, in a process of its own."""
    before = _peak()
    with open_stack(path) as stack:
        made = _fitted(stack)
        _each(made, 2**23)
    print(
        f"{path.stat().st_size / 1e9:.1f} GB: memory {_peak():.0f} MB (600), of these"
        f" {before:.0f} before",
        flush=True,
    )


def scale(pairs: int = 5) -> None:
    """Print times and memory, from small to 4 GB; times of a pixel in turns, as ratios."""
    own = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        small, large, vast = (
            _written(Path(folder), *size) for size in ((10, 512), (40, 2048), (512, 2048))
        )
        process = own.Process(target=_memory, args=(vast,))
        process.start()
        process.join()
        stacks = [opened.enter_context(open_stack(path)) for path in (small, large)]
        made = [_fitted(stack) for stack in stacks]
        times = [[_each(one, 2**22) for one in made] for _ in range(pairs)]
        ratios = [second / first for first, second in times]
        print(
            f"CPU-µs a pixel: {1e6 * np.median([t[0] for t in times]):.2f} small,"
            f" {1e6 * np.median([t[1] for t in times]):.2f} large; large over small, median of"
            f" {pairs}: {np.median(ratios):.2f} (0.85 to 1.15)"
        )


def nothing() -> None:
    """Print what is left of white noise on a flat field, and spots that are kept."""
    for frames, side in ((1, 256), (10, 512)):
        noisy = np.random.default_rng(1).normal(size=(frames, side, side)).astype(np.float32)
        made = Denoiser(noisy, None)
        made.fit()
        print(
            f"flat, white, {frames} x {side}²: {100 * made.predict(0).var():.2f} % left", flush=True
        )
    _, noisy, how = acquired(1)
    made = Denoiser(noisy, true_mask(how["noise"]))
    made.fit()
    for shape in get_args(Shape):
        for found in recovered_objects(made, 1.0, shape=shape):
            print(f"{found.shape} {found.size:g} px, {found.level:g} sd: {100 * found.share:.0f} %")


def real(folder: Path) -> None:
    from structmask_gui.core.extraction.extraction import extract_array
    from structmask_gui.core.parameters.model import Parameters

    for path in sorted(folder.glob("*.tif*")):
        with open_stack(path) as opened:
            stack = ArrayFrames(np.stack([opened.read(i) for i in range(min(8, opened.n_frames))]))
        try:
            asked = Parameters.checked(method="statistical", source="automatic")
            mask = extract_array(stack, asked).mask
            made = Denoiser(stack, mask)
            made.fit()
            outputs = np.stack([made.predict(i) for i in range(stack.n_frames)])
            found = evaluate(stack, ArrayFrames(outputs), mask, measured=basis(stack))
        except Exception as failure:
            print(f"{path.name}: {failure}", flush=True)
            continue
        pixels = mask.statistics.true_pixels
        print(
            f"{path.name}: {pixels} pixels, added {made.stage.added:.2f}; {found.lines()}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument(
        "--bare", type=int, default=1, metavar="N", help="without a mask, too, in every Nth scene"
    )
    parser.add_argument("--compare", type=int, nargs="+", metavar="NUMBER")
    parser.add_argument(
        "--masks", type=int, metavar="N", help="rank correlation over masks in every Nth scene"
    )
    parser.add_argument("--linear", action="store_true", help="of the linear prediction alone")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--nothing", action="store_true")
    parser.add_argument("--real", type=Path)
    parser.add_argument("--out", type=Path, default=Path("build/denoise.json"))
    arguments = parser.parse_args()
    if arguments.compare:
        compare(arguments.compare)
    elif arguments.masks:
        chosen = list(range(0, arguments.count, arguments.masks))
        ranks(chosen, all_stages=not arguments.linear)
    elif arguments.scale:
        scale()
    elif arguments.nothing:
        nothing()
    elif arguments.real:
        real(arguments.real)
    else:
        scenes(list(range(arguments.count)), arguments.out, arguments.bare)


if __name__ == "__main__":
    main()

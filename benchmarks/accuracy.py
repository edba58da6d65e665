"""How right the masks and verdicts are, on noise of known correlation.

``python benchmarks/accuracy.py`` prints the figures, and with ``--write`` puts the table and its
picture into docs/. Fixed seeds; about five minutes on two free cores.
``--only SECTION`` runs a part; ``--only held`` runs fields and seeds that no threshold was set on.
``--real FOLDER`` adds the verdicts on real images.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable
from multiprocessing import get_context
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402

from benchmarks import _report as report  # noqa: E402
from benchmarks import _scenes as scenes  # noqa: E402
from structmask_gui.core.autocorrelation import LagKernel  # noqa: E402
from structmask_gui.core.extraction import select as ring_select  # noqa: E402
from structmask_gui.core.frames import ArrayFrames  # noqa: E402
from structmask_gui.core.measurement import measure as ring_measure  # noqa: E402
from structmask_gui.core.noise import measure_correlation  # noqa: E402
from structmask_gui.core.parameters import Parameters  # noqa: E402
from structmask_gui.core.significance import LagPool, select_lags  # noqa: E402
from structmask_gui.core.simulation import (  # noqa: E402
    NoiseModel,
    kernels,
    row_offsets,
    simulate,
)
from structmask_gui.core.surfaces import Surface  # noqa: E402
from structmask_gui.core.verdict import judge  # noqa: E402

REACH = scenes.REACH
STATISTICAL = Parameters.checked(method="statistical", source="automatic")
RINGS = {
    "ring, as implemented": Parameters.checked(convention="as-implemented"),
    "ring, as documented": Parameters.checked(convention="as-documented"),
}
TOLD_APART = tuple(
    name
    for name in kernels()
    if name
    not in ("white", "isotropic", "isotropic wide", "long-tailed", "lobed", "block 3", "cross")
)
SMOOTH = ("isotropic", "isotropic wide", "long-tailed")


def f1(mask: np.ndarray, truth: np.ndarray) -> float:
    """F1 of the lags other than the centre; 1 if there are none and none were found."""
    mask, truth = _padded(mask), _padded(truth)
    mask[REACH, REACH] = truth[REACH, REACH] = False
    total = int(mask.sum()) + int(truth.sum())
    return 1.0 if total == 0 else 2 * int((mask & truth).sum()) / total


def missed(mask: np.ndarray, truth: np.ndarray) -> float:
    """Share of the true lags, the centre aside, that the mask lacks."""
    mask, truth = _padded(mask), _padded(truth)
    truth[REACH, REACH] = False
    return float((truth & ~mask).sum() / max(truth.sum(), 1))


def _padded(mask: np.ndarray) -> np.ndarray:
    result = np.zeros((2 * REACH + 1, 2 * REACH + 1), dtype=bool)
    y, x = mask.shape[0] // 2, mask.shape[1] // 2
    result[REACH - y : REACH + y + 1, REACH - x : REACH + x + 1] = mask
    return result


def statistical(frames: np.ndarray) -> tuple[np.ndarray, object, object]:
    estimate = measure_correlation(ArrayFrames(frames), STATISTICAL)
    selection = select_lags(estimate.lags, STATISTICAL)
    return selection.kept, judge(estimate, selection, STATISTICAL), estimate


def rings(frames: np.ndarray) -> dict[str, np.ndarray]:
    result = {}
    for name, parameters in RINGS.items():
        measurement = ring_measure(ArrayFrames(frames), parameters)
        result[name] = ring_select(measurement, parameters).mask.array
    return result


def run_of(frames: np.ndarray, truth: np.ndarray, with_rings: bool = True) -> dict[str, object]:
    """Return the figures of one stack."""
    mask, verdict, estimate = statistical(frames)
    figures: dict[str, object] = {
        "f1": f1(mask, truth),
        "missed": missed(mask, truth),
        "pixels": int(mask.sum()),
        "kind": verdict.kind,
        "flags": verdict.flags,
        "sure": verdict.sure,
        "source": estimate.source,
    }
    if with_rings:
        for name, ring in rings(frames).items():
            figures[name] = (f1(ring, truth), missed(ring, truth), int(ring.sum()))
    return figures


# --- the sections: what to do, and one task of it ---------------------------------------------


def pure_tasks() -> list[tuple]:
    tasks = []
    for count, seeds in ((20, 3), (100, 2), (1000, 1)):
        tasks += [
            (count, share, name, seed)
            for share in (0.3, 0.7)
            for name in kernels()
            for seed in range(seeds)
        ]
    return tasks


def pure(task: tuple) -> dict[str, object]:
    count, share, name, seed = task
    model = NoiseModel(kernels()[name], share)
    frames = simulate(model, (64, 64), n_frames=count, seed=seed)
    return run_of(frames, model.true_mask(REACH), with_rings=count == 100)


def white_tasks() -> list[tuple]:
    return [(seed,) for seed in range(100)]


def white(task: tuple) -> dict[str, object]:
    frames = simulate(NoiseModel(kernels()["white"]), (64, 64), n_frames=100, seed=5000 + task[0])
    mask, _, _ = statistical(frames)
    return {"pixels": int(mask.sum())}


def still_tasks() -> list[tuple]:
    names = scenes.PICTURES
    shares = (0.3, 0.7)
    return [
        (kernel, shares[index % 2], ("camera", "moon", "brick", "grass")[index % 4])
        for index, kernel in enumerate(kernels())
        if names
    ]


def still(task: tuple) -> dict[str, object]:
    name, share, shown = task
    model = NoiseModel(kernels()[name], share)
    picture = scenes.fields(shown, 1, 512, 3)[0]
    frames = simulate(model, (512, 512), n_frames=6, picture=picture, strength=3.0, seed=11)
    return run_of(frames, model.true_mask(REACH))


def unlike_tasks() -> list[tuple]:
    return [
        (shown, strength, name)
        for shown in scenes.PICTURES
        for strength in (1.0, 3.0)
        for name in kernels()
    ]


def unlike(task: tuple) -> dict[str, object]:
    shown, strength, name = task
    model = NoiseModel(kernels()[name], 0.3)
    frames = model.draw(np.random.default_rng(21), 6, (256, 256))
    frames += strength * scenes.standard(scenes.fields(shown, 6, 256, 7))
    return run_of(frames, model.true_mask(REACH), with_rings=shown == "camera")


HELD_OUT = ("gravel", "cell", "coffee", "chelsea")


def held_tasks() -> list[tuple]:
    """Return fields and seeds, and mostly pictures, that no threshold was set on."""
    return [
        (shown, strength, name, share)
        for shown in HELD_OUT
        for strength in (1.0, 3.0)
        for share in (0.3, 0.7)
        for name in kernels()
    ]


def held(task: tuple) -> dict[str, object]:
    shown, strength, name, share = task
    model = NoiseModel(kernels()[name], share)
    frames = model.draw(np.random.default_rng(777), 6, (256, 256))
    frames += strength * scenes.standard(scenes.fields(shown, 6, 256, 99))
    return run_of(frames, model.true_mask(REACH), with_rings=False)


def hazard_tasks() -> list[tuple]:
    return [(name, seed) for name in ("none", *scenes.HAZARDS) for seed in range(20)]


def hazard(task: tuple) -> dict[str, object]:
    name, seed = task
    make: Callable[[int], scenes.Scene] = scenes.HAZARDS.get(name, scenes.plain)
    scene = make(seed)
    mask, verdict, estimate = statistical(scene.frames)
    reasons = " ".join(estimate.sampling.left_out)
    right = (not scene.flag or scene.flag in verdict.flags) and scene.left_out in reasons
    if scene.truth is not None:
        right = right and verdict.kind == "rows" and "cannot_tell" not in verdict.flags
    if name == "none":
        right = set(verdict.flags) <= {"fixed_pattern_not_tested"} and verdict.kind == "rows"
    return {
        "right": right,
        "f1": None if scene.truth is None else f1(mask, scene.truth),
        "flags": verdict.flags,
        "kind": verdict.kind,
    }


def coverage_tasks() -> list[tuple]:
    names = ("white", "row 7", "isotropic", "row offsets")
    return [(name, seed) for name in names for seed in range(200)]


def coverage(task: tuple) -> dict[str, object]:
    """Share of lags whose interval holds the truth: 400 patches, and a quarter of them."""
    name, seed = task
    kernel = row_offsets() if name == "row offsets" else kernels()[name]
    model = NoiseModel(kernel, 0.3)
    frame = simulate(model, (1280, 1280), seed=seed)[0]
    truth = model.correlation(REACH)
    half = np.arange(truth.size).reshape(truth.shape) > truth.size // 2
    result: dict[str, object] = {}
    for count, side in ((400, 1280), (100, 640)):
        low, high = _pooled(frame[:side, :side]).interval()
        held = (low <= truth) & (truth <= high)
        result[str(count)] = float(held[half].mean())
        result[f"{count} row"] = float(held[REACH, REACH + 1 :].mean())
    return result


def _pooled(frame: np.ndarray):
    surface = Surface((64, 64), 0)
    kernel = LagKernel((64, 64), (REACH, REACH))
    pool = LagPool(kernel, surface)
    count = frame.shape[0] // 64
    patches = frame.reshape(count, 64, count, 64).swapaxes(1, 2).reshape(-1, 64, 64)
    y, x = np.divmod(np.arange(count * count), count)
    places = np.stack([np.zeros_like(y), 64 * y, 64 * x], axis=1)
    for start in range(0, len(patches), 80):
        part = slice(start, start + 80)
        pool.add(kernel.half_plane(surface.remove_from(patches[part])), places[part])
    return pool.estimate()


SECTIONS: dict[str, tuple[Callable[[], list[tuple]], Callable[[tuple], dict[str, object]]]] = {
    "pure": (pure_tasks, pure),
    "white": (white_tasks, white),
    "still": (still_tasks, still),
    "unlike": (unlike_tasks, unlike),
    "hazards": (hazard_tasks, hazard),
    "coverage": (coverage_tasks, coverage),
    "held": (held_tasks, held),
}
DEFAULT = [name for name in SECTIONS if name != "held"]


def speed(pairs: int = 21) -> tuple[float, float, float]:
    """Time 100 patches of 64 x 64: ring analysis, the statistics, and all of the measurement.

    The statistics are what ring analysis is too: patches cut, lag products, mean, selection; with
    errors beside. All of the measurement adds the guards and the evidence for the verdict. Medians,
    in seconds.
    """
    frame = simulate(NoiseModel(kernels()["row 7"]), (640, 640), seed=1)[0]
    frames = ArrayFrames(frame)
    ring, own = RINGS["ring, as implemented"], STATISTICAL.changed(source="frames")
    times: list[tuple[float, float, float]] = []
    for _ in range(pairs + 1):
        points = [time.perf_counter()]
        ring_select(ring_measure(frames, ring), ring)
        points.append(time.perf_counter())
        select_lags(_pooled(frame), own)
        points.append(time.perf_counter())
        estimate = measure_correlation(frames, own)
        judge(estimate, select_lags(estimate.lags, own), own)
        points.append(time.perf_counter())
        times.append((points[1] - points[0], points[2] - points[1], points[3] - points[2]))
    middle = np.median(times[1:], axis=0)
    return float(middle[0]), float(middle[1]), float(middle[2])


def real(folder: Path) -> list[tuple[str, ...]]:
    """Judge every TIFF of a folder; each channel of "m1" by itself."""
    import tifffile

    rows = []
    for path in sorted(folder.glob("*.tif")):
        stack = tifffile.imread(path)
        channels = stack if path.name.startswith("m1") else [stack]
        for number, frames in enumerate(channels):
            _, verdict, estimate = statistical(frames)
            label = path.name.split("_")[0] + (f" channel {number}" if len(channels) == 3 else "")
            rows.append((label, verdict.text, estimate.source))
    return rows


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*SECTIONS, "speed"], action="append")
    parser.add_argument("--write", action="store_true", help="write docs/accuracy.md and .svg")
    parser.add_argument("--real", type=Path, help="folder of real images")
    options = parser.parse_args(arguments if arguments is None else list(arguments))
    wanted = options.only or [*DEFAULT, "speed"]
    began = time.perf_counter()
    results: dict[str, list[tuple[tuple, dict[str, object]]]] = {}
    with get_context("spawn").Pool(2) as pool:
        for section in wanted:
            if section == "speed":
                continue
            tasks, work = SECTIONS[section]
            start = time.perf_counter()
            planned = tasks()
            results[section] = list(zip(planned, pool.map(work, planned, chunksize=4), strict=True))
            print(f"{section}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    if "held" in results:
        held_out = report.held_table(results.pop("held"), TOLD_APART, SMOOTH)
        print(held_out)
        if options.write:
            report.write_held(Path(__file__).resolve().parents[1] / "docs", held_out)
        if not results:
            return 0
    times = speed() if "speed" in wanted else None
    verdicts = real(options.real) if options.real else []
    took = time.perf_counter() - began
    text = report.table(results, times, verdicts, took, TOLD_APART, SMOOTH)
    print(text)
    if options.write:
        report.write(Path(__file__).resolve().parents[1] / "docs", text, results)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Whether results are what they were, to the last bit: digests of many results, and what differs.

    python benchmarks/unchanged.py NEW.json [--against OLD.json] [--every 10] [--processes 2]
                                   [--data DIR] [--reference DIR]

measures and writes NEW.json; with ``--against`` it says what differs and exits with 1 if anything
does. With ``--compare`` NEW.json is read and not measured again. The package that Python imports is
the one measured, so that one copy of this file measures two working copies:

    PYTHONPATH=OTHER python benchmarks/unchanged.py before.json

Measured are

- the cases of the published program in ``--reference`` (or $STRUCTMASK_REFERENCE; by default
  tests/data), in both conventions;
- every file below ``--data`` (or $STRUCTMASK_DATA), if given: with the preset automatic and with
  the published defaults;
- 350 simulated scenes with every source, with the statistical and, where it takes the source, the
  published method; of 60 of them the quality figures, the ranking, the suggested mask, and of some
  the judgement of a denoised stack.

Masks, centre squares, correlations and their errors are compared by their bytes, verdicts by their
codes; sentences are not compared. ``--every 10`` measures each tenth case only, 15 s. Results of
two machines or two versions of NumPy may differ in the last bits: both files must come from one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import signature
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# Each process has one thread; NumPy reads these once.
os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")})

import numpy as np

from structmask_gui import Parameters, StructuralNoiseExtractor, extract

ROOT = Path(__file__).resolve().parents[1]

# --- all that may be called otherwise in another version of the package -----------------------

PLACES = {
    "ArrayFrames": ("core.stack.frames:ArrayFrames", "core.frames:ArrayFrames"),
    "Recording": ("core.stack.frames:Recording",),
    "Region": ("core.stack.frames:Region", "core.stack.patches:Region", "core.sampling:Region"),
    "extract_array": (
        "core.extraction.extraction:extract_array",
        "core.extraction:extract_array",
    ),
    "certainty": ("core.verdict.certainty:certainty_of", "core.certainty:certainty_of"),
    "basis": ("core.quality.basis:extraction_basis", "io.scoring:extraction_basis"),
    "assess": ("core.quality.assessment:assess", "core.assessment:assess"),
    "ranked": ("core.quality.error:ranked", "core.blindspot:ranked"),
    "suggest": ("core.quality.suggest:suggest", "core.suggest:suggest"),
    "evaluate": (
        "core.denoised.evaluate:evaluate",
        "core.denoised.evaluate:judge",
        "core.outcome:judge",
    ),
}
"""Where a thing is, as module:name; the first that is there counts."""

CODES: dict[str, str] = {}
"""New spellings of kinds, flags and advice, with the one of before that each stands for."""


def find(what: str) -> Any:
    for place in PLACES[what]:
        module, _, name = place.partition(":")
        try:
            return getattr(import_module(f"structmask_gui.{module}"), name)
        except (ModuleNotFoundError, AttributeError):
            continue
    raise SystemExit(f"{what}: is in none of {', '.join(PLACES[what])}; add its place to PLACES.")


def value(thing: Any, *paths: str) -> Any:
    """Return the first of some attributes, dotted, that there is."""
    for path in paths:
        found = thing
        for name in path.split("."):
            found = getattr(found, name, None)
            if found is None:
                break
        else:
            return found
    return None


def extracted(stack: np.ndarray, parameters: Parameters, **more: Any) -> Any:
    """Extract with a dark stack, one to subtract, or a region; arrays, and (y0, y1, x0, x1)."""
    given = {
        name: find("Region")(*thing) if name == "region" else find("ArrayFrames")(thing, name)
        for name, thing in more.items()
    }
    extract_array, frames = find("extract_array"), find("ArrayFrames")(stack, "scene")
    if "region" in signature(extract_array).parameters:
        return extract_array(frames, parameters, **given)
    return extract_array(find("Recording")(frames, **given), parameters)


# --- digests ----------------------------------------------------------------------------------


def digest(array: Any) -> str | None:
    """Return a digest of shape and bytes; None for None."""
    if array is None:
        return None
    array = np.asarray(array)
    kept = np.ascontiguousarray(array, dtype=bool if array.dtype == bool else np.float64)
    text = hashlib.sha256(kept.tobytes()).hexdigest()[:20]
    return f"{'x'.join(map(str, kept.shape))}:{text}"


def number(found: Any) -> str | None:
    """Return a number to the last bit."""
    return None if found is None else float(found).hex()


def code(word: Any) -> Any:
    return CODES.get(word, word)


def mask_of(mask: Any) -> str:
    return f"{int(mask.array.sum())} of {digest(mask.array)}"


def results_of(extraction: Any) -> dict[str, Any]:
    """Return what is compared of an extraction."""
    estimate = extraction.measurement.correlation
    found: dict[str, Any] = {
        "mask": mask_of(extraction.mask),
        "centre": digest(extraction.centre),
        "patches": value(extraction, "measurement.sampling.n_used"),
    }
    if estimate is None:
        rings = extraction.rings
        found["rings"] = digest(
            [[r.maximum, r.threshold, r.considered, r.kept] for r in rings.rings]
        )
        found["selected"] = digest(rings.selected)
        return found
    verdict = extraction.verdict
    return found | {
        "rho": digest(estimate.lags.rho),
        "standard error": digest(estimate.lags.standard_error),
        "variance": number(estimate.lags.variance),
        "source": f"{estimate.source} of {estimate.base}",
        "image covariance": digest(estimate.image_covariance),
        "kind": code(verdict.kind),
        "certainty": code(find("certainty")(verdict)),
        "flags": [code(flag) for flag in verdict.flags],
        "more patches": verdict.more_patches,
        "lines": verdict.lines,
    }


def or_error(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return results, or which kind of refusal there was; its sentence may change."""
    from structmask_gui.core.errors import InputError, ParameterError

    try:
        return work()
    except (InputError, ParameterError) as error:
        return {"refused": type(error).__name__}


# --- the published program's cases, and files -------------------------------------------------

AUTOMATIC = {"method": "statistical", "source": "automatic"}
"""As the preset automatic."""


def published(folder: Path, case: dict[str, Any], convention: str) -> dict[str, Any]:
    with np.load(folder / "autostructn2v-1.npz", allow_pickle=False) as arrays:
        patches = arrays[f"in/{case['input']}"]
    extractor = StructuralNoiseExtractor(**case["parameters"], convention=convention)
    mask, centre = extractor.extract_mask(patches)
    return {"mask": f"{int(mask.sum())} of {digest(mask)}", "centre": digest(centre)}


def file_results(path: Path, values: dict[str, Any]) -> dict[str, Any]:
    return or_error(lambda: results_of(extract(path, Parameters.checked(values))))


# --- simulated scenes -------------------------------------------------------------------------

_E = np.exp(-np.arange(25) / 2.0)
KERNELS = {
    "white": np.ones((1, 1)),
    "rows": np.array([[1.0, 0.8, 0.5, 0.3, 0.1]]),
    "columns": np.array([[1.0], [0.7], [0.4]]),
    "box": np.ones((1, 7)),
    "long rows": _E[np.newaxis],
    "blob": np.outer([1.0, 2.0, 1.0], [1.0, 2.0, 1.0]),
    "diagonal": np.eye(4),
    "cross": np.array([[0.0, 0.6, 0.0], [0.6, 1.0, 0.6], [0.0, 0.6, 0.0]]),
    "echo": np.array([[1.0, 0, 0, 0, 0, 0, 0, 0.6]]),
    "periodic": np.cos(np.arange(24) * np.pi / 3)[np.newaxis],
    "negative": np.array([[1.0, -0.5]]),
    "weak rows": np.array([[1.0, 0.08]]),
}
PICTURES = ("none", "gradient", "cells", "texture", "filaments")
SOURCES = ("automatic", "frames", "flat", "difference", "spectrum", "dark", "subtract")
SIDES = ((64, 64), (96, 128), (128, 128), (160, 96), (192, 192), (256, 192), (256, 256))
FRAMES = (1, 2, 3, 4, 6, 8, 12)
HAZARDS = (
    "",
    "",
    "",
    "row offsets",
    "hot pixels",
    "clipped",
    "moving",
    "bleaching",
    "shot",
    "8 bit",
)
RING_SOURCES = ("frames", "difference", "dark", "subtract")
SCENES, SCORED = 350, 62


def correlated(rng: np.random.Generator, kernel: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return noise of variance 1, shape (frames, y, x)."""
    white = rng.standard_normal(shape)
    noise = np.zeros(shape)
    for (dy, dx), weight in np.ndenumerate(kernel):
        if weight:
            noise += weight * np.roll(white, (dy, dx), axis=(1, 2))
    return noise / np.sqrt(np.sum(kernel**2))


def picture(rng: np.random.Generator, kind: str, shape: tuple[int, int]) -> np.ndarray:
    """Return a picture of values from about 0 to 1."""
    y, x = np.indices(shape)
    if kind == "gradient":
        return (y + x) / sum(shape)
    total = np.zeros(shape)
    if kind == "cells":
        for cy, cx, radius in rng.random((25, 3)):
            far = np.hypot(y - cy * shape[0], x - cx * shape[1])
            total += 1 / (1 + np.exp((far - 4 - 12 * radius) / 1.5))
    elif kind == "filaments":
        for angle, place, width in rng.random((15, 3)):
            far = y * np.sin(6.3 * angle) + x * np.cos(6.3 * angle) - place * max(shape)
            total += np.exp(-((far / (1 + 2 * width)) ** 2))
    elif kind == "texture":
        fine = correlated(rng, np.outer(_E[:7], _E[:7]), (1, *shape))[0]
        total = 0.5 + 0.2 * fine
    return total


def scene(n: int) -> tuple[str, np.ndarray, dict[str, np.ndarray], dict[str, Any]]:
    """Return a scene's name, frames (n, y, x), what else it is given, and its parameters."""
    rng = np.random.default_rng((20261129, n))
    source = SOURCES[n % 7]
    kernel = list(KERNELS)[n * 5 % len(KERNELS)]
    kind = PICTURES[n // 3 % 5]
    hazard = HAZARDS[n // 2 % 10]
    shape = SIDES[int(rng.integers(7))]
    frames = FRAMES[int(rng.integers(7))]
    if source == "difference":
        frames = max(2, frames)
    strength = (2.0, 8.0, 0.7)[n % 3]
    sigma = 20.0

    truth = 600 + strength * sigma * picture(rng, kind, shape)
    stack = np.repeat(truth[np.newaxis], frames, axis=0)
    if hazard == "moving":
        stack = np.stack([np.roll(plane, i // 2, axis=1) for i, plane in enumerate(stack)])
    if hazard == "bleaching":
        stack *= 0.97 ** np.arange(frames)[:, np.newaxis, np.newaxis]
    noise = correlated(rng, KERNELS[kernel], stack.shape)
    noise *= sigma * (np.sqrt(stack / 600) if hazard == "shot" else 1)
    if hazard == "row offsets":
        noise += 12 * rng.standard_normal((frames, shape[0], 1))
    stack += noise
    if hazard == "hot pixels":
        stack[:, rng.integers(shape[0], size=20), rng.integers(shape[1], size=20)] += 900
    if hazard == "clipped":
        stack = np.minimum(stack, np.quantile(stack, 0.97))
    if hazard == "8 bit":
        stack = np.clip(np.rint(stack / 5), 0, 255).astype(np.uint8)
    elif n % 4 == 1:
        stack = stack.astype(np.float32)
    else:
        stack = np.clip(np.rint(stack), 0, 65535).astype(np.uint16)

    more: dict[str, Any] = {}
    if source == "dark":
        dark = 100 + sigma * correlated(rng, KERNELS[kernel], (8, *shape))
        more["dark"] = np.rint(dark).astype(np.uint16)
    if source == "subtract":
        more["subtract"] = (truth / (5 if hazard == "8 bit" else 1)).astype(np.float32)
    if n % 23 == 5:
        more["region"] = (8, shape[0] - 4, 5, shape[1] - 3)
    values = {
        "source": source,
        "max_lag": (10, 5, 20)[n // 7 % 3],
        "patch_size": (64, 32, 48)[n // 5 % 3],
        "precision": 0.02 if n % 29 == 3 else 0.0,
        "patches": 40 if n % 19 == 4 else 0,
        "layout": "random" if n % 13 == 6 else "grid",
        "seed": n,
    }
    name = f"{n:03} {kernel}, {kind}, {source}, {frames} x {shape[0]} x {shape[1]}"
    return f"{name}{', ' if hazard else ''}{hazard}", stack, more, values


def ring_values(n: int, values: dict[str, Any]) -> dict[str, Any]:
    """Return parameters of the published method for a scene, each step once on and once off."""
    return values | {
        "method": "ring",
        "convention": ("as-implemented", "as-documented")[n // 2 % 2],
        "center_size": (10, 15, 21)[n % 3],
        "log_autocorr": n % 5 != 0,
        "norm_autocorr": n % 7 != 1,
        "adapt_autocorr": n % 4 != 2,
        "use_center_proximity": n % 3 != 0,
        "keep_center_component_only": n % 6 != 4,
        "center_ratio_threshold": (0.3, 0.15)[n // 4 % 2],
    }


def scene_results(n: int) -> dict[str, Any]:
    """Return the results of a scene, by method, and its quality figures."""
    _, stack, more, values = scene(n)
    found: dict[str, Any] = {"scene": {"pixels": digest(stack)}}
    made: list[Any] = []

    def statistical() -> dict[str, Any]:
        made.append(extracted(stack, Parameters.checked(values, method="statistical"), **more))
        return results_of(made[0])

    def ring() -> dict[str, Any]:
        parameters = Parameters.checked(ring_values(n, values))
        if more:
            return results_of(extracted(stack, parameters, **more))
        return results_of(extract(stack, parameters))

    found["statistical"] = or_error(statistical)
    if values["source"] in RING_SOURCES:
        found["ring"] = or_error(ring)
    if n * SCORED // SCENES != (n + 1) * SCORED // SCENES and made:
        found["quality"] = or_error(lambda: quality(made[0], stack, judged=n % 2 == 0))
    return found


def quality(extraction: Any, stack: np.ndarray, *, judged: bool) -> dict[str, Any]:
    """Return the quality figures of some masks, their ranking, and the suggested mask."""
    frames = find("ArrayFrames")(stack, "scene")
    basis = find("basis")(extraction, frames)
    bar, block = np.ones((1, 5), dtype=bool), np.ones((3, 3), dtype=bool)
    masks = {"own": extraction.mask, "centre": None, "bar": bar, "block": block}
    found: dict[str, Any] = {"noise": digest(basis.noise.values), "trusted": basis.trusted}
    for label, mask in masks.items():
        assessment = find("assess")(basis, mask)
        figures, error = assessment.figures, assessment.error
        found[f"still copied, {label}"] = [number(figures.copied), number(figures.error)]
        found[f"error, {label}"] = [number(error.noise_left), number(error.detail_lost)]
        found[f"needless, {label}"] = figures.needlessly_hidden
        found[f"weights, {label}"] = digest(assessment.weights)
    ranked = find("ranked")({label: basis.score(mask) for label, mask in masks.items()})
    found["ranking"] = [f"{item.rank} {item.label}" for item in ranked]
    noise = basis.noise
    suggestion = find("suggest")(
        noise, basis.image.values, basis.radius, pixels=noise.pixels, still=basis.still
    )
    found["suggested"] = mask_of(suggestion.mask)
    if judged:
        # As a network would do at best that is as good as the linear prediction.
        kernel = np.zeros(stack.shape[1:])
        weights = find("assess")(basis, extraction.mask).weights
        kernel[: weights.shape[0], : weights.shape[1]] = weights[::-1, ::-1]
        centred = np.roll(kernel, (-(weights.shape[0] // 2), -(weights.shape[1] // 2)), (0, 1))
        mean = stack.mean()
        product = np.fft.rfft2(stack - mean) * np.fft.rfft2(centred)
        blurred = (np.fft.irfft2(product, stack.shape[1:]) + mean).astype(np.float32)
        evaluate, denoised = find("evaluate"), find("ArrayFrames")(blurred, "denoised")
        given: dict[str, Any] = {"measured": basis}
        if "measured" not in signature(evaluate).parameters:
            names = ("noise", "still", "trusted", "radius")
            given = {name: getattr(basis, name) for name in names}
            given["source"] = "difference" if len(stack) > 1 else "flat"
        outcome = evaluate(frames, denoised, extraction.mask, **given)
        names = ("copied", "noise_left", "lost", "expected")
        found["denoised"] = [number(getattr(outcome, name)) for name in names]
        found["advice"] = code(outcome.advice)
        found["next mask"] = None if outcome.next_mask is None else mask_of(outcome.next_mask)
    return found


# --- all of it --------------------------------------------------------------------------------

Job = tuple[str, Callable[..., dict[str, Any]], tuple[Any, ...]]


def jobs(reference: Path | None, data: Path | None) -> Iterator[Job]:
    """Yield what there is to measure: a name, a function, its arguments."""
    if reference is not None and (reference / "autostructn2v-1.json").exists():
        cases = json.loads((reference / "autostructn2v-1.json").read_text())
        for case, way in product(cases, ("as-implemented", "as-documented")):
            name = f"published: {case['id']} {case['input']}, {way}"
            yield name, published, (reference, case, way)
    else:
        print("The published cases are skipped: there is no --reference.")
    if data is not None and data.is_dir():
        files = sorted(path for path in data.rglob("*") if path.is_file())
        ways: dict[str, dict[str, Any]] = {"automatic": AUTOMATIC, "ring": {}}
        for path, way in product(files, ways):
            if path.suffix not in (".txt", ".md"):
                yield f"file: {path.relative_to(data)}, {way}", file_results, (path, ways[way])
    else:
        print("Files are skipped: there is no --data.")
    for n in range(SCENES):
        yield f"scene: {scene_name(n)}", scene_results, (n,)


def scene_name(n: int) -> str:
    return scene(n)[0]


def done(job: Job) -> tuple[str, dict[str, Any]]:
    """Do a job, in a process of its own."""
    warnings.simplefilter("ignore")
    name, work, arguments = job
    return name, work(*arguments)


def prepare() -> None:
    os.cpu_count = lambda: 1  # the processes share the cores


def measure(todo: list[Job], processes: int) -> dict[str, Any]:
    for what in PLACES:
        find(what)
    found: dict[str, Any] = {}
    with get_context("spawn").Pool(processes, prepare) as pool:
        for name, results in pool.imap_unordered(done, todo):
            found[name] = results
            if sys.stderr.isatty():
                print(f"\r{len(found)} of {len(todo)} ", end="", file=sys.stderr, flush=True)
    return dict(sorted(found.items()))


def flat(results: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested results as one level: "scene: … / ring / mask"."""
    found: dict[str, Any] = {}
    for key, item in results.items():
        name = f"{above} / {key}" if above else key
        found.update(flat(item, name) if isinstance(item, dict) else {name: item})
    return found


def compare(old: dict[str, Any], new: dict[str, Any], *, part: bool) -> int:
    """Print what differs and return how much does."""
    before, after = flat(old), flat(new)
    if part:
        before = {key: item for key, item in before.items() if key.split(" / ")[0] in new}
    differing = [
        key for key in (before | after) if before.get(key, "nothing") != after.get(key, "nothing")
    ]
    for key in differing:
        print(f"{key}: {before.get(key, 'nothing')} -> {after.get(key, 'nothing')}")
    print(
        f"{len(new)} cases, {len(after)} results compared with {len(before)}:"
        f" {len(differing)} differ in {len({key.split(' / ')[0] for key in differing})} cases."
    )
    return len(differing)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("results", type=Path, help="file that is written, or read with --compare")
    parser.add_argument("--against", type=Path, help="results of before")
    parser.add_argument("--compare", action="store_true", help="measure nothing")
    parser.add_argument("--every", type=int, default=1, help="measure each n-th case only")
    parser.add_argument("--processes", type=int, default=2)
    given = os.environ.get
    parser.add_argument("--data", type=Path, default=given("STRUCTMASK_DATA"))
    parser.add_argument(
        "--reference",
        type=Path,
        default=given("STRUCTMASK_REFERENCE", str(ROOT / "tests" / "data")),
    )
    options = parser.parse_args()
    if options.compare:
        found = json.loads(options.results.read_text())
    else:
        import structmask_gui

        print(f"Measuring {Path(structmask_gui.__file__ or '').parent}")
        begun = time.monotonic()
        todo = list(jobs(as_path(options.reference), as_path(options.data)))
        found = measure(todo[:: options.every], options.processes)
        options.results.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        print(f"{len(found)} cases in {time.monotonic() - begun:.0f} s: {options.results}")
    if options.against is None:
        return 0
    old = json.loads(options.against.read_text())
    return 1 if compare(old, found, part=options.every > 1) else 0


def as_path(text: str | Path | None) -> Path | None:
    return None if text is None else Path(text)


if __name__ == "__main__":
    sys.exit(main())

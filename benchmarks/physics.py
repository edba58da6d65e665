"""How good the recommended mask is on acquisitions simulated from physics.

``python benchmarks/physics.py`` runs the scenes to tune on; ``--part record`` runs those that
nothing is ever tuned on, for the record; physics_before.json and physics_after.json keep the
figures of the first and of the last such run. The scenes know nothing of the program: see
`_physics.scenes` (what is seen), `_physics.cameras` and `_physics.chains` (how it is recorded) and
`_physics.truth` (what is true of it). What is true is kept in build/physics for the next run.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from _physics import report
from _physics.chains import FAMILIES, PARTS, Recipe, recipe, seeds
from _physics.truth import ARM, LAGS, Truth, amplitude_of, candidates, grey_f1, measure
from threadpoolctl import threadpool_limits

HERE = Path(__file__).resolve().parent
SCENES = {"tune": 11, "record": 16, "validate": 18}
"""Scenes of each family in each part."""


@dataclass(frozen=True)
class Answer:
    """What the program says of a stack."""

    recommended: np.ndarray
    significant: np.ndarray
    suggested: np.ndarray | None
    certainty: str
    kind: str
    flags: tuple[str, ...]
    sentence: str
    refused: str = ""


NOTHING = np.ones((1, 1), dtype=bool)


def answer(frames: np.ndarray) -> Answer:
    """Ask the program, as the preset "automatic" does. All that is known of it is known here."""
    from structmask_gui import Parameters, extract

    asked: dict[str, Any] = {"method": "statistical", "source": "automatic"}
    chooses = "mask_choice" in Parameters.model_fields
    try:
        if chooses:
            asked["mask_choice"] = "recommended"
        extraction = extract(frames, Parameters(**asked))
        recommended = significant = extraction.mask.array
        if chooses:
            asked["mask_choice"] = "significant"
            significant = extraction.update(Parameters(**asked)).mask.array
        suggested = None if chooses else _suggested(extraction, frames)
    except Exception as error:  # a refusal, or a crash, which is no better
        said = str(error)
        if type(error).__name__ not in ("InputError", "ParameterError"):
            said = f"crashed: {type(error).__name__}: {said}"
        return Answer(NOTHING, NOTHING, None, "refused", "", (), "", said)
    verdict = extraction.verdict
    certainty = _answered(extraction) or _certainty(verdict.sure, verdict.flags)
    return Answer(
        recommended,
        significant,
        suggested,
        certainty,
        verdict.kind,
        tuple(verdict.flags),
        extraction.sentence,
    )


def _answered(extraction: Any) -> str | None:
    """Return the certainty that the user is told; None of a program that gives no answers yet."""
    try:
        found = import_module("structmask_gui.core.recommend.answer").answer(extraction).certainty
    except ModuleNotFoundError:
        return None
    # What is said of the most certain ones, until this benchmark's bars are met.
    return "reliable" if found == "likely" else str(found)


def _certainty(sure: bool, flags: Iterable[str]) -> str:
    """Return the word of today for a verdict of before there were such words."""
    if "cannot_tell" in flags:
        return "cannot tell"
    if not sure:
        return "uncertain"
    return "act first" if {"whole_line", "fixed_pattern"} & set(flags) else "reliable"


def _suggested(extraction: Any, frames: np.ndarray) -> np.ndarray | None:
    """Return what the window suggests, as long as that is not what is recommended."""
    suggest = import_module("structmask_gui.core.quality.suggest").suggest
    basis_of = import_module("structmask_gui.core.quality.basis").extraction_basis
    stack = import_module("structmask_gui.core.stack.frames").ArrayFrames(frames)
    basis = basis_of(extraction, stack)
    found = suggest(
        basis.noise,
        basis.image.values,
        basis.radius,
        pixels=basis.noise.pixels,
        still=basis.still,
    )
    mask: np.ndarray = found.mask.array
    return mask


def _cache() -> Path:
    """Return the folder of what is true of scenes: another one after any change of them."""
    sources = (
        HERE / "_physics" / f"{name}.py" for name in ("scenes", "cameras", "chains", "truth")
    )
    digest = sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    return HERE.parent / "build" / "physics" / digest


def known(part: str, family: str, number: int) -> tuple[Recipe, float, Truth, np.ndarray]:
    """Return a recipe, its amplitude, what is true of it, and the errors of the candidates."""
    made = recipe(part, family, number)
    path = _cache() / f"{part}-{family.replace('/', '-').replace(' ', '-')}-{number}.npz"
    upper = np.triu_indices(len(LAGS))
    if path.exists():
        with np.load(path) as file:
            image = np.zeros((len(LAGS), len(LAGS)))
            image[upper] = file["image"]
            image = image + np.triu(image, 1).T
            fixed, lasting = (None if np.isnan(x) else float(x) for x in file["shares"])
            truth = Truth(file["noise"], image, fixed, lasting, float(file["strength"]))
            return made, float(file["amplitude"]), truth, file["errors"]
    draw = np.random.default_rng(seeds(part, family, number, "amplitude"))
    amplitude = amplitude_of(made, draw)
    truth = measure(made, amplitude, seeds(part, family, number, "repeats"))
    # Rounded as it is kept, so that a later run gives the same figures.
    truth = replace(truth, image=truth.image.astype(np.float32).astype(float))
    errors = truth.errors(list(candidates(truth.rho).values()))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        noise=truth.noise,
        image=truth.image[upper].astype(np.float32),
        shares=np.array([truth.fixed, truth.lasting], dtype=float),
        strength=truth.strength,
        amplitude=amplitude,
        errors=errors,
    )
    return made, amplitude, truth, errors


def run(task: tuple[str, str, int]) -> dict[str, Any]:
    """Ask the program about one scene, and hold its answer against what is true."""
    began = time.perf_counter()
    made, amplitude, truth, errors = known(*task)
    names = list(candidates(truth.rho))
    frames = made.acquire(amplitude, np.random.default_rng(seeds(*task, "asked")))
    asked = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = answer(frames)
    took = time.perf_counter() - asked
    best = int(np.argmin(errors))
    row: dict[str, Any] = {
        "part": task[0],
        "family": made.family,
        "number": task[2],
        "variant": made.variant,
        "picture": made.kind,
        "motion": made.motion,
        "shape": list(made.scene.shape),
        "strength": truth.strength,
        "fixed": truth.fixed,
        "lasting": truth.lasting,
        "lags": int((np.abs(truth.rho[ARM - 10 : ARM + 11, ARM - 10 : ARM + 11]) > 0.07).sum()),
        "bare": float(errors[0]),
        "best": float(errors[best]),
        "best_mask": names[best],
        "certainty": said.certainty,
        "kind": said.kind,
        "flags": list(said.flags),
        "sentence": said.sentence,
        "refused": said.refused,
        "seconds": took,
        "seconds_truth": asked - began,
    }
    if not said.refused:
        masks = {"recommended": said.recommended, "significant": said.significant}
        if said.suggested is not None:
            masks["suggested"] = said.suggested
        found = truth.errors(list(masks.values()))
        for (name, mask), error in zip(masks.items(), found, strict=True):
            row[name] = {"pixels": int(mask.sum()), "error": round(float(error), 5)}
        row["f1"] = grey_f1(said.significant, truth.rho)
        row["regret"] = row["recommended"]["error"] / row["best"]
    return {key: round(x, 5) if isinstance(x, float) else x for key, x in row.items()}


def _one_thread() -> None:
    threadpool_limits(1, user_api="blas")


def tasks(part: str, only: list[str] | None, limit: int | None) -> list[tuple[str, str, int]]:
    """Return part, family and number of each scene; families in turn."""
    count = SCENES[part]
    wanted = [name for name in FAMILIES if not only or name in only]
    every = [(part, name, number) for number in range(count) for name in wanted]
    return every[:limit]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, default="tune")
    parser.add_argument("--only", choices=[*FAMILIES], action="append", metavar="FAMILY")
    parser.add_argument("--limit", type=int, help="so many scenes, families in turn")
    parser.add_argument("--json", type=Path, help="write every scene and the summary")
    parser.add_argument("--summary", type=Path, help="write the summary alone")
    parser.add_argument("--write-docs", action="store_true", help="write docs/physics.md and .png")
    parser.add_argument("--from-json", type=Path, help="report what --json wrote; run nothing")
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    if options.from_json:
        rows = json.loads(options.from_json.read_text())["rows"]
    else:
        planned = tasks(options.part, options.only, options.limit)
        rows = []
        with get_context("spawn").Pool(2, _one_thread) as pool:
            for row in pool.imap_unordered(run, planned):
                rows.append(row)
                if len(rows) % 50 == 0:
                    print(f"{len(rows)} of {len(planned)}", file=sys.stderr, flush=True)
        order = {task[1:]: place for place, task in enumerate(planned)}
        rows.sort(key=lambda row: order[row["family"], row["number"]])
    figures = report.summary(rows)
    print(report.page(figures, None))
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps({"summary": figures, "rows": rows}, indent=1))
    if options.summary:
        options.summary.write_text(json.dumps(figures, indent=1) + "\n")
    if options.write_docs:
        report.write(HERE.parent / "docs", figures, HERE / "physics_before.json")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

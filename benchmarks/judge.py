"""Whether the judge of denoised stacks tells bad results, and leaves good ones alone.

``python benchmarks/judge.py`` makes outputs whose fault is known, eight scenes of each kind, and
asks the program about them. The scenes of ``--part record`` are for the record only: nothing is
tuned on them. A fault is told where the answer has one of its words; a good output is wronged where
the answer has a word of any fault. ``--json FILE`` keeps every answer.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from _physics.scenes import USUAL, log_uniform, scene
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter
from threadpoolctl import threadpool_limits

from structmask_gui.core.denoised.evaluate import evaluate
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.trainers import careamics_masks
from structmask_gui.core.quality.basis import automatic_basis
from structmask_gui.core.quality.copied_noise import still_copied
from structmask_gui.core.quality.covariance import image_covariance
from structmask_gui.core.quality.error import weights
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.simulation import Kernel, NoiseModel
from structmask_gui.core.stack.frames import ArrayFrames

Array = NDArray[np.float64]
Draw = np.random.Generator

PARTS = {"tune": 20261130, "record": 20261201}
SCENES = 8
CHANGING = ("drift", "swim", "blink", "planes")


@dataclass(frozen=True)
class Scene:
    """Raw frames, what is true of them, and how they were drawn."""

    raw: Array
    clean: Array
    noise: float  # its standard deviation, in grey levels
    mask: NDArray[np.bool_]
    rho: Array  # correlation of the noise
    draw: Draw
    how: dict[str, Any]


def kernel(draw: Draw) -> tuple[str, Array]:
    """Draw what smears the noise: a detector or read-out slower than a pixel, a blur, or none."""
    name = str(draw.choice(["along rows", "down columns", "box", "diagonal", "round", "white"]))
    if name in ("along rows", "down columns"):
        line = np.exp(-np.arange(16) / log_uniform(draw, 0.5, 3))[None]
        made = np.concatenate([np.zeros((1, 15)), line], axis=1)
        return name, made if name == "along rows" else made.T
    if name == "box":
        return name, np.ones((1, int(draw.integers(2, 7))))
    if name == "diagonal":
        return name, np.eye(int(draw.integers(3, 7)))
    y, x = np.mgrid[-6:7, -6:7]
    round_ = np.exp(-(y**2 + x**2) / (2 * draw.uniform(0.5, 1.1) ** 2))
    return name, round_ if name == "round" else np.ones((1, 1))


def drawn(draw: Draw, kind: Kind) -> Scene:
    """Draw a scene in which a kind of output is what it is called."""
    while True:
        one = _drawn(draw, kind)
        if kind.fits is None or kind.fits(one):
            return one


def _drawn(draw: Draw, kind: Kind) -> Scene:
    name, values = kernel(draw)
    model = NoiseModel(
        Kernel(name, "drawn", values / np.sqrt((values**2).sum())), draw.uniform(0.05, 0.6)
    )
    count = int(draw.choice(kind.frames))
    motion = str(draw.choice(kind.motions)) if count > 1 else "still"
    shape = (int(draw.integers(120, 225)), int(draw.integers(120, 225)))
    picture, strength = str(draw.choice(USUAL)), log_uniform(draw, 1, 6)
    light = strength * scene(picture, motion, draw, count, shape)
    noise = model.draw(draw, count, shape)
    follows = draw.uniform(0.2, 0.7) if draw.random() < 0.5 else 0.0
    noise *= np.sqrt(1 - follows + follows * light / light.mean())
    grain = log_uniform(draw, 4, 60)
    # A camera's offset is well above its noise.
    dark = 300 + 12 * grain
    mask = model.true_mask(10)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    how = {"noise": name, "picture": picture, "motion": motion, "frames": count, "shape": shape}
    how |= {"strength": round(strength, 2), "follows": round(follows, 2)}
    return Scene(
        np.round(dark + grain * (light + noise)),
        dark + grain * light,
        grain * float(noise.std()),
        mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1],
        model.correlation(20),
        draw,
        how,
    )


def linear(one: Scene, mask: NDArray[np.bool_] | None) -> Array:
    """Return the best linear prediction with a mask."""
    found = weights(image_covariance(ArrayFrames(one.raw), 20).values, mask)
    return np.stack([Preview(frame).predict(found) for frame in one.raw]).astype(float)


def learned(one: Scene) -> Array:
    made = Denoiser(one.raw.astype(np.float32), one.mask)
    made.fit()
    return np.stack([made.predict(i) for i in range(len(one.raw))]).astype(float)


def good(one: Scene) -> Array:
    """Return an output without a fault: what is true, or the linear prediction of it."""
    return one.clean.copy() if one.draw.random() < 0.5 else linear(one, one.mask)


# --- faults -----------------------------------------------------------------------------------


def invented(one: Scene) -> Array:
    """Add texture of half the noise's variance: in every frame another, or the same."""
    count = len(one.raw) if one.draw.random() < 0.5 else 1
    wide = one.draw.uniform(0.5, 1.5)
    texture = np.stack(
        [gaussian_filter(one.draw.normal(size=one.raw.shape[1:]), wide) for _ in range(count)]
    )
    return one.clean + np.sqrt(0.5) * one.noise * texture / texture.std()


def shifted(by: int) -> Callable[[Scene], Array]:
    def made(one: Scene) -> Array:
        axes = [(0, by), (by, 0), (by, by), (-by, by)][int(one.draw.integers(4))]
        dy, dx = (int(one.draw.choice([-1, 1])) * n for n in axes)
        output = np.pad(good(one), ((0, 0), (by, by), (by, by)), mode="edge")
        height, width = one.raw.shape[1:]
        return output[:, by + dy : by + dy + height, by + dx : by + dx + width]

    return made


def other_order(one: Scene) -> Array:
    output = good(one)
    how = int(one.draw.integers(3))
    if how == 0:
        return output[::-1]
    if how == 1:
        return np.roll(output, 1, axis=0)
    order = one.draw.permutation(len(output))
    while (order == np.arange(len(output))).mean() > 0.5:
        order = one.draw.permutation(len(output))
    return output[order]


def weak_contrast(one: Scene) -> Array:
    output = good(one)
    return output.mean() + 0.8 * (output - output.mean())


def shifted_levels(one: Scene) -> Array:
    output = good(one)
    gain, offset = one.draw.uniform(1.16, 1.4), one.draw.uniform(0.6, 0.9) * one.noise
    return output.mean() + gain * (output - output.mean()) + offset * one.draw.choice([-1, 1])


def mean_over_time(one: Scene) -> Array:
    return np.repeat(one.raw.mean(axis=0)[None], len(one.raw), axis=0)


def mean_of_two(one: Scene) -> Array:
    after = np.concatenate([one.raw[1:], one.raw[-2:-1]])
    return (one.raw + after) / 2


def few_levels(one: Scene) -> Array:
    output = good(one)
    low, high = output.min(), output.max()
    return low + np.round((output - low) / (high - low) * 7) / 7 * (high - low)


def blurred(one: Scene) -> Array:
    width = one.draw.uniform(2, 5)
    return np.stack([gaussian_filter(frame, width) for frame in one.raw])


def slightly_blurred(one: Scene) -> Array:
    width = one.draw.uniform(0.7, 2)
    return np.stack([gaussian_filter(frame, width) for frame in one.raw])


def of_another(one: Scene) -> Array:
    """Return a sound output of another part of the scene, as of another acquisition."""
    output = good(one)
    return output[:, ::-1, ::-1] if one.draw.random() < 0.5 else output[:, ::-1]


def boxed(one: Scene) -> Array:
    return np.stack([uniform_filter(frame, 7) for frame in one.raw])


def copied(one: Scene) -> Array:
    """Leave noise in: a network that learned to copy a part of it."""
    share = one.draw.uniform(0.35, 0.7)
    return (1 - share) * good(one) + share * one.raw


def too_small(one: Scene) -> Array:
    return linear(one, None)


def too_large(one: Scene) -> Array:
    return linear(one, LARGE)


def changing(one: Scene) -> bool:
    """Whether the order of frames matters."""
    return bool(np.mean(np.diff(one.clean, axis=0) ** 2) > 0.3 * one.noise**2)


def smeared(one: Scene) -> bool:
    """Whether the bare centre lets much noise be copied."""
    return still_copied(one.rho, None) > 0.25


def fine(one: Scene) -> bool:
    """Whether a large mask costs much more than the noise's own."""
    errors = [np.mean((linear(one, mask) - one.clean) ** 2) for mask in (LARGE, one.mask)]
    return bool(errors[0] > 1.5 * errors[1] and errors[0] > errors[1] + 0.1 * one.noise**2)


LARGE = np.ones((9, 9), dtype=bool)
BARE = np.ones((1, 1), dtype=bool)


@dataclass(frozen=True)
class Kind:
    """A kind of output, and by which words it is told."""

    make: Callable[[Scene], Array]
    words: str  # empty of a good output
    frames: tuple[int, ...] = (1, 2, 4, 8)
    motions: tuple[str, ...] = ("still", "still", "drift", "blink")
    mask: NDArray[np.bool_] | None = None  # trained with; by default the noise's own
    fits: Callable[[Scene], bool] | None = None  # whether a scene shows the fault


_COPIES = r"copies|copied|still in|left in"

KINDS: dict[str, Kind] = {
    "invented texture": Kind(invented, r"invent|texture|not in the raw"),
    "shifted by 1 px": Kind(shifted(1), r"shifted|moved"),
    "shifted by 2 px": Kind(shifted(2), r"shifted|moved"),
    "frames in another order": Kind(other_order, r"\border\b", (3, 6, 8), CHANGING, fits=changing),
    "contrast 0.8": Kind(weak_contrast, r"contrast|grey levels|brightness"),
    "brightness and gain": Kind(shifted_levels, r"contrast|grey levels|brightness"),
    "mean over time": Kind(
        mean_over_time, r"\bmean\b|average", (3, 6, 8), ("still", "still", *CHANGING)
    ),
    "mean of two frames": Kind(
        mean_of_two, r"\bmean\b|average|" + _COPIES, (2, 4, 8), ("still", "still", "drift")
    ),
    "8 grey levels": Kind(few_levels, r"levels"),
    # The blur of a noisy frame keeps some of its noise, too.
    "blurred": Kind(blurred, r"blur|[Dd]etail \w+ lost|" + _COPIES),
    "slightly blurred": Kind(slightly_blurred, r"blur|not the result of a network"),
    "another acquisition": Kind(of_another, r"does not show what the raw"),
    "box of 7 px": Kind(boxed, r"a mean over|blur|[Dd]etail \w+ lost|" + _COPIES),
    "noise still copied": Kind(copied, _COPIES),
    "mask too small": Kind(too_small, _COPIES, mask=BARE, fits=smeared),
    "mask too large": Kind(
        too_large, r"smaller|Try \d+ pixel|without a mask, instead of", mask=LARGE, fits=fine
    ),
    "good: the truth": Kind(lambda one: one.clean, ""),
    "good: linear prediction": Kind(lambda one: linear(one, one.mask), ""),
    "good: structmask denoise": Kind(learned, ""),
}

KEPT = r"Keep this mask|keep this mask|Stay without a mask|Nothing speaks against"
"""Words by which a result is praised."""

_WRONGED = re.compile(
    r"invent|texture|shifted|another order|contrast of|grey levels|the mean|average|copies \d\d"
    r"|is blurred|was lost|Check that|does not show|result of a network"
)


def regret(one: Scene, mask: NDArray[np.bool_]) -> float:
    """Return the true error of a mask over the least of those that a trainer or the noise names."""
    image = image_covariance(ArrayFrames(one.raw), 20).values

    def error(candidate: NDArray[np.bool_]) -> float:
        found = weights(image, candidate)
        outputs = np.stack([Preview(frame).predict(found) for frame in one.raw])
        return float(np.mean((outputs - one.clean) ** 2))

    others = [BARE, one.mask, *(mask.array for mask in careamics_masks().values())]
    return error(mask) / min(error(candidate) for candidate in others)


def run(task: tuple[str, str, int]) -> dict[str, Any]:
    """Ask the program about one output."""
    part, name, number = task
    kind = KINDS[name]
    draw = np.random.default_rng((PARTS[part], crc32(name.encode()), number))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = drawn(draw, kind)
        output = kind.make(one).astype(np.float32)
        raw = ArrayFrames(one.raw.astype(np.uint16), "raw.tif")
        mask = one.mask if kind.mask is None else kind.mask
        began = time.perf_counter()
        row: dict[str, Any] = {"kind": name, "number": number, **one.how, "pixels": int(mask.sum())}
        try:
            found = evaluate(
                raw, ArrayFrames(output, "out.tif"), mask, measured=automatic_basis(raw)
            )
        except InputError as error:
            row |= {"said": str(error), "advice": "refused", "regret": None}
        else:
            following = found.next_mask
            row |= {"said": found.sentence, "advice": found.advice, "trusted": found.trusted}
            row |= {"figures": found.lines(), "source": found.source}
            row["regret"] = None if following is None else regret(one, following.array)
    row["seconds"] = round(time.perf_counter() - began, 2)
    said = row["said"]
    if kind.words:
        row["right"] = bool(re.search(kind.words, said)) and not re.search(KEPT, said)
    else:
        row["right"] = not _WRONGED.search(said)
    return row


def table(rows: list[dict[str, Any]]) -> str:
    lines = ["| output | recognised | called good | next mask's error over the least |"]
    lines += ["|---|---:|---:|---:|"]
    for name in KINDS:
        own = [row for row in rows if row["kind"] == name]
        if not own:
            continue
        regrets = [row["regret"] for row in own if row["regret"] is not None]
        worst = f"{np.median(regrets):.2f}, at most {max(regrets):.2f}" if regrets else ""
        right = sum(row["right"] for row in own)
        kept = sum(bool(re.search(KEPT, row["said"])) for row in own)
        lines.append(f"| {name} | {right} of {len(own)} | {kept} | {worst} |")
    return "\n".join(lines) + "\n"


def _one_thread() -> None:
    threadpool_limits(1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, default="tune")
    parser.add_argument("--only", choices=[*KINDS], action="append", metavar="KIND")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    wanted = [
        (options.part, name, number)
        for name in KINDS
        if not options.only or name in options.only
        for number in range(SCENES)
    ]
    with get_context("spawn").Pool(options.processes, _one_thread) as pool:
        rows = pool.map(run, wanted, chunksize=1)
    for row in rows:
        if not row["right"]:
            print(f"{row['kind']} {row['number']}: {row['said']}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1, default=str), encoding="utf-8")
    print(table(rows))
    few = [
        name
        for name, kind in KINDS.items()
        if (own := [row["right"] for row in rows if row["kind"] == name])
        and sum(own) < len(own) - bool(kind.words)
    ]
    return 1 if few else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Whether ranking and recommended mask hold for trained networks.

Small U-Nets are trained with StructN2V masks on simulated frames, and their true errors compared
with the estimates of the linear model. Needs torch (an extra, not a dependency of the program) and
an hour and a half on a free core: ``python benchmarks/trained.py [--steps N] [--kernels NAME
...]``. Seeds are fixed; what the file of ``--out`` holds is not trained again. The best of eight
trainings is so by chance, too: ``--again N`` trains it and the recommended mask N times more.
`--write` puts the table into docs/quality-figures.md, below the others. It exits with 1 if a rank
correlation, errors within 5 % of each other counted as ties, is below 0.9, or if for more than one
noise in six the recommended mask trains to more than 5 % above the best one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.trainers import careamics_mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.quality.copied_noise import still_copied
from structmask_gui.core.quality.covariance import image_covariance, noise_covariance
from structmask_gui.core.quality.error import estimated_error, weights
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.quality.still_scene import StillScene
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError:
    sys.exit("benchmarks/trained.py needs torch; install it beside the program and try again.")

TARGET = Path(__file__).resolve().parents[1] / "docs" / "quality-figures.md"
HEADING = "## The ranking against trained networks"
SIDE, SCENES, STRENGTH, PIXEL_SHARE = 192, 8, 1.5, 0.3
PATCH, BATCH, CHANNELS = 48, 8, 8
BLANKED = 0.1
TIE = 0.05
RANK = 0.9
WITHIN, OF_SIX = 0.05, 5
RECOMMENDED = "recommended"
MASKS = {
    "row 7": (
        "bare",
        "horizontal 3",
        "horizontal 5",
        "horizontal 9",
        "horizontal 11",
        "horizontal 13",
        "vertical 9",
    ),
    "isotropic": (
        "bare",
        "horizontal 3",
        "square 3",
        "square 5",
        "true 0.2",
        "true 0.05",
        "vertical 9",
    ),
    "diagonal": (
        "bare",
        "square 3",
        "square 5",
        "square 7",
        "true 0.25",
        "true 0.05",
        "horizontal 9",
    ),
    "column fading": (
        "bare",
        "vertical 3",
        "vertical 5",
        "vertical 7",
        "true 0.05",
        "vertical 15",
        "square 3",
    ),
    "block 3": (
        "bare",
        "square 3",
        "true 0.2",
        "square 5",
        "cross 5",
        "square 7",
        "horizontal 5",
    ),
    "echo slanted": (
        "bare",
        "true 0.05",
        "square 3",
        "cross 11",
        "square 11",
        "horizontal 11",
        "vertical 9",
    ),
}
"""Seven masks for each noise; "true" hides the lags whose correlation reaches the number."""


def named_mask(name: str, model: NoiseModel) -> Mask:
    if name == "bare":
        return Mask(np.ones((1, 1), dtype=bool))
    kind, size = name.split()
    if kind == "true":
        return Mask(model.true_mask(10, float(size))).cropped()
    return careamics_mask(kind, int(size))  # type: ignore[arg-type]  # MASKS names its shapes


@dataclass(frozen=True)
class Acquired:
    """Frames of unlike scenes under one noise, what they show, and what is known of them."""

    stack: np.ndarray  # (scenes, y, x)
    truth: np.ndarray
    scenes: list[StillScene]
    """Each frame with a second one of its scene."""
    noise: np.ndarray
    """Covariance, measured in those two."""
    recommended: Mask
    """Measured in as many frames of the first scene."""

    @classmethod
    def of(cls, model: NoiseModel) -> Acquired:
        frames, clean, twins, scenes = [], [], [], []
        how: dict[str, Any] = {"strength": STRENGTH}
        for seed in range(SCENES):
            picture = cells((SIDE, SIDE), seed=seed)
            how |= {"picture": picture, "seed": 100 + seed}
            pair = simulate(model, (SIDE, SIDE), n_frames=2, **how)
            frames.append(pair[0])
            scenes.append(StillScene(ArrayFrames(pair), 10))
            twins.append(noise_covariance(ArrayFrames(pair), 20).values)
            clean.append((picture - picture.mean()) / picture.std() * STRENGTH)
        how |= {"picture": cells((SIDE, SIDE), seed=0), "seed": 100}
        still = simulate(model, (SIDE, SIDE), n_frames=SCENES, **how)
        asked = Parameters.checked(
            method="statistical", source="automatic", mask_choice=RECOMMENDED
        )
        mask = extract_recording(still, asked).mask.cropped()
        return cls(np.stack(frames), np.stack(clean), scenes, np.mean(twins, axis=0), mask)


def level(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect"),
        nn.LeakyReLU(0.1),
        nn.Conv2d(outputs, outputs, 3, padding=1, padding_mode="reflect"),
        nn.LeakyReLU(0.1),
    )


class UNet(nn.Module):
    """A U-Net of depth 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a, self.b = level(1, channels), level(channels, 2 * channels)
        self.c = level(2 * channels, 4 * channels)
        self.d, self.e = level(6 * channels, 2 * channels), level(3 * channels, channels)
        self.out = nn.Conv2d(channels, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the pictures denoised, shape (n, 1, h, w) with h and w divisible by 4."""
        a = self.a(x)
        b = self.b(functional.avg_pool2d(a, 2))
        c = self.c(functional.avg_pool2d(b, 2))
        d = self.d(torch.cat([functional.interpolate(c, scale_factor=2, mode="bilinear"), b], 1))
        return self.out(
            self.e(torch.cat([functional.interpolate(d, scale_factor=2, mode="bilinear"), a], 1))
        )


class Training:
    """A network in training on frames (n, y, x) with a mask."""

    def __init__(
        self, frames: np.ndarray, mask: Mask, channels: int = CHANNELS, seed: int = 0
    ) -> None:
        torch.manual_seed(seed)
        self._random = np.random.default_rng(seed)
        self._scale = frames.std()
        self._data = torch.from_numpy((frames / self._scale).astype(np.float32))
        self.net = UNet(channels)
        self._lags = mask.lags()
        self._share = float(np.clip(1 - (1 - BLANKED) ** (1 / len(self._lags)), 0.002, 0.02))

    def loss(self) -> torch.Tensor:
        """Return the loss of the next batch."""
        patches = []
        for _ in range(BATCH):
            frame = self._random.integers(len(self._data))
            sides = self._data.shape[1:]
            y, x = (self._random.integers(side - PATCH + 1) for side in sides)
            patches.append(self._data[frame, y : y + PATCH, x : x + PATCH])
        target = torch.stack(patches)[:, None]
        centres = torch.from_numpy(self._random.random(target.shape) < self._share)
        hidden = blanked(centres, self._lags)
        # Each blanked pixel takes the value of a random pixel of its patch.
        flat = target.reshape(BATCH, -1)
        choice = torch.from_numpy(self._random.integers(flat.shape[1], size=flat.shape))
        noise = torch.gather(flat, 1, choice).reshape(target.shape)
        shown = torch.where(hidden, noise, target)
        return (self.net(shown) - target)[centres].pow(2).mean()

    def denoised(self, net: nn.Module | None = None) -> np.ndarray:
        """Return the frames as the network, or another of its kind, denoises them."""
        with torch.no_grad():
            pictures = [(net or self.net)(f[None, None])[0, 0].numpy() for f in self._data]
        return np.stack(pictures) * self._scale


def train(frames: np.ndarray, mask: Mask, steps: int, seed: int = 0) -> np.ndarray:
    """Train on the frames with a mask and return them denoised."""
    training = Training(frames, mask, seed=seed)
    optimiser = torch.optim.Adam(training.net.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in range(steps):
        loss = training.loss()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return training.denoised()


def blanked(centres: torch.Tensor, lags: np.ndarray) -> torch.Tensor:
    """Return which pixels are blanked: all lags of the mask around each centre."""
    result = torch.zeros_like(centres)
    height, width = centres.shape[-2:]
    for dy, dx in lags.tolist():
        result[..., max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)] |= centres[
            ..., max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)
        ]
    return result


def tied_ranks(errors: np.ndarray) -> np.ndarray:
    """Rank errors; those within 5 % of the least of their group share a rank."""
    ranks = np.zeros(len(errors))
    first, rank = -np.inf, 0
    for place, i in enumerate(np.argsort(errors)):
        if errors[i] > first * (1 + TIE):
            first, rank = errors[i], place
        ranks[i] = rank
    for rank in np.unique(ranks):
        ranks[ranks == rank] += (np.sum(ranks == rank) - 1) / 2
    return ranks


def row(acquired: Acquired, mask: Mask, steps: int) -> dict[str, Any]:
    """Return the estimates of a mask, and the error of a network trained with it."""
    image = image_covariance(ArrayFrames(acquired.stack), 20).values
    kernel = weights(image, mask)
    compared = np.mean([scene.error(kernel) for scene in acquired.scenes])
    linear = [
        np.mean((Preview(frame).predict(kernel) - clean) ** 2)
        for frame, clean in zip(acquired.stack, acquired.truth, strict=True)
    ]
    begun = time.process_time()
    denoised = train(acquired.stack, mask, steps)
    return {
        "pixels": mask.statistics.true_pixels,
        "copied": still_copied(acquired.noise, mask),
        "covariances": estimated_error(acquired.noise, image, kernel).total,
        "comparison": float(compared / acquired.noise[20, 20]),
        "linear": float(np.mean(linear)),
        "trained": float(np.mean((denoised - acquired.truth) ** 2)),
        "cpu": time.process_time() - begun,
    }


def rows(chosen: list[str], steps: int, out: Path, again: int) -> dict[str, dict[str, Any]]:
    """Return the rows of each noise by mask; new ones are added to the file."""
    known = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}

    def keep() -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(known, indent=1), encoding="utf-8")

    for name in chosen:
        found = known.setdefault(f"{name}, {steps} steps", {})
        whole = RECOMMENDED in found and all(label in found for label in MASKS[name])
        if whole and all(len(found[one].get("again", ())) >= again for one in pair(found)):
            continue
        model = NoiseModel(kernels()[name], PIXEL_SHARE)
        acquired = Acquired.of(model)
        masks = {label: named_mask(label, model) for label in MASKS[name]}
        same = [label for label, mask in masks.items() if mask == acquired.recommended]
        for label, mask in {**masks, RECOMMENDED: acquired.recommended}.items():
            if label in found:
                continue
            if label == RECOMMENDED and same:
                found[label] = {**found[same[0]], "same": same[0]}
            else:
                found[label] = row(acquired, mask, steps)
            print(f"  {name}, {label}: {found[label]}", file=sys.stderr, flush=True)
            keep()
        masks[RECOMMENDED] = acquired.recommended
        for label in pair(found):
            errors = found[label].setdefault("again", [])
            while len(errors) < again:
                denoised = train(acquired.stack, masks[label], steps, seed=len(errors) + 1)
                errors.append(float(np.mean((denoised - acquired.truth) ** 2)))
                print(f"  {name}, {label}, again: {errors[-1]:.4f}", file=sys.stderr, flush=True)
                keep()
    return {name: known[f"{name}, {steps} steps"] for name in chosen}


def pair(found: dict[str, Any]) -> tuple[str, ...]:
    """Return the recommended mask and the best of the round, if that is another one."""
    best = min(found, key=lambda label: found[label]["trained"])
    recommended: str = found[RECOMMENDED].get("same", RECOMMENDED)
    return () if best in (recommended, RECOMMENDED) else (recommended, best)


def table(
    measured: dict[str, dict[str, Any]], steps: int, failed: list[str], again: int
) -> Iterator[str]:
    """Yield the lines; what misses an aim is added to `failed`."""
    yield HEADING
    yield ""
    yield (
        f"U-Nets of depth 2 with {CHANNELS} channels, {steps} steps of {BATCH} patches of"
        f" {PATCH} x {PATCH}, trained once with each mask on {SCENES} frames of {SIDE} x {SIDE}, no"
        f" two alike (drawn cells at {STRENGTH} times the noise, {PIXEL_SHARE:.0%} of its variance"
        f" in independent pixel noise). The recommended mask is measured in {SCENES} frames of the"
        " first scene. Errors are true mean squared errors in units of the noise variance; the"
        " estimates know the frames and the noise, not the truth: by covariances, as where no two"
        " frames are alike, and by comparison with a second frame of each scene. The estimates know"
        " a linear model. Training is another thing: it learns to copy weak and distant correlation"
        " late, and the more pixels a mask hides, the fewer centres it learns from (at most"
        f" {BLANKED:.0%} of the pixels are hidden)."
    )
    yield ""
    yield (
        "| kernel | mask | pixels | still copied | by covariances | by comparison | linear preview"
        " | trained |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    names = ("copied", "covariances", "comparison", "linear", "trained")
    for name, found in measured.items():
        for label, one in found.items():
            shown = f"{label} (= {one['same']})" if "same" in one else label
            figures = " | ".join(f"{one[key]:.3f}" for key in names)
            yield f"| {name} | {shown} | {one['pixels']} | {figures} |"
    yield ""
    anew = f" | the two trained {again} times more" if again else ""
    yield f"| kernel | recommended, trained | best trained | recommended / best{anew} |"
    yield "|---|---|---|---|" + ("---|" if again else "")
    far = []
    for name, found in measured.items():
        best = min(found, key=lambda label: found[label]["trained"])
        one, least = found[RECOMMENDED]["trained"], found[best]["trained"]
        ratio, text = one / least, ""
        if again:
            text = " the same |"
            if two := pair(found):
                means = [float(np.mean(found[label]["again"][:again])) for label in two]
                # The best of many is so by chance as well; trained anew it is not chosen.
                ratio = means[0] / means[1]
                text = f" {means[0]:.4f} / {means[1]:.4f} = {ratio:.2f} |"
        far += [name] if ratio > 1 + WITHIN else []
        yield (
            f"| {name} | {found[RECOMMENDED]['pixels']} px, {one:.3f} | {best},"
            f" {found[best]['pixels']} px, {least:.3f} | {one / least:.2f} |{text}"
        )
    if 6 * len(far) > len(measured) * (6 - OF_SIX):
        failed.append(f"recommended within {WITHIN:.0%} of the best")
    yield ""
    yield (
        f"Within {WITHIN:.0%} of the best{', trained anew' if again else ''}:"
        f" {len(measured) - len(far)} of {len(measured)} (asked: {OF_SIX} of 6)."
    )
    for way in ("covariances", "comparison"):
        texts = []
        for name, found in measured.items():
            apart = [one for one in found.values() if "same" not in one]
            values, errors = (np.array([one[key] for one in apart]) for key in (way, "trained"))
            tied = float(spearmanr(tied_ranks(values), tied_ranks(errors)).statistic)
            plain = float(spearmanr(values, errors).statistic)
            texts.append(f"{name} {tied:.2f} ({plain:.2f} without ties)")
            if tied < RANK:
                failed.append(f"rank correlation by {way}, {name}")
        yield ""
        yield f"Rank correlation of the estimate by {way} and trained error: {', '.join(texts)}."


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--steps", type=int, default=4200)
    arguments.add_argument("--kernels", nargs="+", default=list(MASKS), choices=list(MASKS))
    arguments.add_argument("--out", type=Path, default=Path("build/trained.json"))
    arguments.add_argument("--again", type=int, default=0, metavar="N")
    arguments.add_argument("--write", action="store_true")
    chosen = arguments.parse_args()
    # One thread gives the same figures on every machine, and does not spin on a busy one.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    failed: list[str] = []
    measured = rows(chosen.kernels, chosen.steps, chosen.out, chosen.again)
    text = "\n".join(table(measured, chosen.steps, failed, chosen.again)) + "\n"
    print(text)
    if chosen.write:
        before = TARGET.read_text(encoding="utf-8").split(HEADING)[0].rstrip()
        TARGET.write_text(f"{before}\n\n{text}", encoding="utf-8")
    for what in failed:
        print(f"  missed: {what}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Writes what docs/denoising.md shows: real stacks denoised, and what is kept of spots.

``python benchmarks/denoise_guide.py`` writes the tables between their marks in the guide, and the
pictures ``docs/images/denoise-*.png``. The real stacks are test data, not part of the project;
without ../shared only the table of spots is made. With ``--scenes FILE`` the results of
``denoise.py`` in a file are put into the guide, too, and with ``--unet FILE`` those of
``denoise_unet.py``, with ``--careamics FILE`` those of ``denoise_careamics.py``.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from _network_tables import careamics, unet
from _physics.scenes import scene
from denoise import claims, noise, true_mask
from numpy.typing import NDArray
from PIL import Image

from structmask_gui.core.denoised.evaluate import evaluate
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.denoising.doubt import doubted
from structmask_gui.core.denoising.spots import Shape, recovered_objects
from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.quality.basis import extraction_basis
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.io.open import open_stack

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "denoising.md"
REAL = ROOT.parent / "shared" / "data" / "real"
STACKS = {"h2": "spots, 5 frames", "h5": "phase contrast, 5 frames", "v2": "CCD of a TEM, 5 frames"}
DRAWN = ("h2", "h5")
"""The licence of the third is not ours to put a picture of it into the guide."""
SIDE = 160
SIZES = (1.0, 2.0, 3.0, 5.0, 9.0)
LEVELS = (0.5, 1.0, 3.0, 10.0)


def put(name: str, lines: list[str]) -> None:
    """Put lines between the marks of a name in the guide."""
    text = GUIDE.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if begin not in text:
        raise SystemExit(f"{GUIDE} has no mark {begin}")
    body = "\n".join(["", "", *lines, "", ""])
    text = re.sub(
        f"{re.escape(begin)}.*?{re.escape(end)}",
        lambda _: begin + body + end,
        text,
        flags=re.S,
    )
    GUIDE.write_text(text, encoding="utf-8")


def drawn(panels: list[NDArray[Any]], spans: list[tuple[float, float]], path: Path) -> None:
    """Write panels beside each other as grey pictures."""
    grey = [
        np.clip(255 * (panel - low) / (high - low), 0, 255).astype(np.uint8)
        for panel, (low, high) in zip(panels, spans, strict=True)
    ]
    gap = np.full((len(grey[0]), 4), 255, np.uint8)
    row = np.concatenate([part for one in grey for part in (one, gap)][:-1], axis=1)
    Image.fromarray(row).save(path, optimize=True)


def real(name: str, title: str) -> str:
    """Denoise a real stack; return its line of the table."""
    (path,) = REAL.glob(f"{name}_*")
    with open_stack(path) as opened:
        stack = ArrayFrames(np.stack([opened.read(i) for i in range(opened.n_frames)]), path.name)
    asked = Parameters.checked(method="statistical", source="automatic", mask_choice="recommended")
    extraction = extract_array(stack, asked)
    mask = extraction.mask
    made = Denoiser(stack, mask)
    made.fit()
    answers = np.stack([made.predict(i) for i in range(stack.n_frames)])
    basis = extraction_basis(extraction, stack)
    found = evaluate(stack, ArrayFrames(answers), mask, measured=basis)
    raw = np.asarray(stack.read(0), np.float64)
    if name in DRAWN:
        part = tuple(slice((n - min(n, SIDE)) // 2, (n + min(n, SIDE)) // 2) for n in raw.shape)
        low, high = np.percentile(raw[part], (0.5, 99.5))
        residual = (raw - answers[0])[part]
        most = 4 * float(residual.std())
        drawn(
            [raw[part], answers[0][part], residual],
            [(low, high), (low, high), (-most, most)],
            ROOT / "docs" / "images" / f"denoise-{name}.png",
        )
    print(name, made.stage, found.lines(), flush=True)
    lost = "-" if found.lost is None else f"{100 * found.lost:.1f} %"
    places = 100 * float(doubted(made, 0).mean())
    return (
        f"| {title} | {mask.statistics.true_pixels} | {made.stage.added:.2f}"
        f" | {100 * found.copied:.1f} % | {100 * found.noise_left:.1f} % | {lost}"
        f" | {places:.1f} % |"
    )


def spots() -> list[str]:
    """Return the table of what is kept of spots, lines and squares in a scene of cells."""
    draw = np.random.default_rng(5)
    clean = 1.5 * scene("cells", "still", draw, 6, (256, 256)) + 100
    noisy = (clean + noise("row 7", (256, 256), 6, 5)).astype(np.float32)
    made = Denoiser(noisy, true_mask("row 7"))
    made.fit()
    print(made.stage, flush=True)
    lines = [
        "| object | " + " | ".join(f"{level:g} x the noise" for level in LEVELS) + " |",
        "|---|" + "---|" * len(LEVELS),
    ]
    names: dict[Shape, str] = {"spot": "spot", "line": "line", "step": "square"}
    for shape, name in names.items():
        found = recovered_objects(made, 1.0, shape=shape, sizes=SIZES, levels=LEVELS)
        for size in SIZES:
            shares = [f"{100 * max(0.0, one.share):.0f} %" for one in found if one.size == size]
            lines.append(f"| {name}, {size:g} px | {' | '.join(shares)} |")
    return lines


def scenes(rows: list[dict[str, Any]]) -> list[str]:
    """Return the table of the benchmark's scenes by frames and noise, and what holds of all."""
    lines = [
        "| scenes | number | error / linear | largest | without a mask / with it |",
        "|---|---|---|---|---|",
    ]
    groups = {
        f"{n} frame{'s' * (n > 1)}, {m}": ("frames", n, m)
        for n in (1, 4, 20)
        for m in ("still", "unlike")
    }
    kinds = dict.fromkeys(row["noise"] for row in rows)
    chosen = [
        *(
            (title, [r for r in rows if (r["frames"], r["motion"]) == key[1:]])
            for title, key in groups.items()
        ),
        *((f"noise: {kind}", [r for r in rows if r["noise"] == kind]) for kind in kinds),
        ("all", rows),
    ]
    for title, some in chosen:
        if not some:
            continue
        ratios = [row["ratio"] for row in some]
        bare = [row["no mask"] / row["denoised"] for row in some if "no mask" in row]
        gain = f"{np.exp(np.mean(np.log(bare))):.1f}" if bare else "-"
        lines.append(
            f"| {title} | {len(some)} | {np.exp(np.mean(np.log(ratios))):.2f}"
            f" | {max(ratios):.2f} | {gain} |"
        )
    return [*lines, "", *(f"- {line}" for line in claims(rows))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", choices=list(STACKS), help="draw only this one, and no table")
    parser.add_argument("--scenes", type=Path)
    parser.add_argument("--unet", type=Path)
    parser.add_argument("--careamics", type=Path)
    arguments = parser.parse_args()
    if arguments.scenes:
        put("scenes", scenes(json.loads(arguments.scenes.read_text(encoding="utf-8"))))
    if arguments.unet:
        put("unet", unet(json.loads(arguments.unet.read_text(encoding="utf-8")))[0])
    if arguments.careamics:
        put("careamics", careamics(json.loads(arguments.careamics.read_text(encoding="utf-8")))[0])
    if arguments.real:
        real(arguments.real, STACKS[arguments.real])
    if arguments.real or arguments.scenes or arguments.unet or arguments.careamics:
        return
    put("spots", spots())
    if REAL.is_dir():
        head = [
            "| stack | mask | added | noise copied | noise left | detail lost | to be doubted |",
            "|---|---|---|---|---|---|---|",
        ]
        put("real", [*head, *(real(name, title) for name, title in STACKS.items())])


if __name__ == "__main__":
    main()

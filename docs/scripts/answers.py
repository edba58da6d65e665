"""What the preset automatic answers: on files, the sample, and simulated scenes; as a page.

``python docs/scripts/answers.py --real FOLDER --write`` writes docs/answers.md, and fails if an
answer contradicts the ranking of the masks.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.errors import InputError
from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.recommend.ledger import TIE
from structmask_gui.core.recommend.recommend import COPIED_MORE, WHOLE_SHAPE, nothing_found
from structmask_gui.core.recommend.wording import Answer
from structmask_gui.core.simulation import (
    Kernel,
    NoiseModel,
    cells,
    fixed_columns,
    kernels,
    row_offsets,
    simulate,
)
from structmask_gui.core.stack.frames import Frames as StackFrames
from structmask_gui.io.open import open_stack
from structmask_gui.io.presets.preset import built_in_presets

Frames = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "resources" / "sample" / "cells_scanlines.ome.tif"
SHAPE = (192, 192)
SEEDS = 40

_HEAD = """\
# Answers

What the preset *automatic* answers, word for word, on measured files and on simulated acquisitions.
`docs/scripts/answers.py` makes this page, and fails if an answer contradicts the ranking of the
masks: where no mask (plain Noise2Void) ranks first the answer has to say so, and a mask that is
recommended must not be told from the best, or be a row, column or block within 5 % of it, the cost
of training a long line apart.
"""


def _still(kernel: Kernel, share: float = 0.3, frames: int = 6) -> Callable[[int], Frames]:
    """Return what draws frames of still cells under noise of a kernel."""

    def draw(seed: int) -> Frames:
        return 1000 + simulate(
            NoiseModel(kernel, share, 40.0),
            SHAPE,
            n_frames=frames,
            picture=cells(SHAPE, seed),
            strength=1.5,
            seed=seed,
        )

    return draw


def _fixed(seed: int) -> Frames:
    """Draw a fine pattern that is the same in every frame, over nothing else."""
    random = np.random.default_rng(seed)
    white = random.normal(size=SHAPE)
    pattern = white + 0.7 * np.roll(white, 1, axis=1)
    return np.asarray(1000 + 40 * random.normal(size=(6, *SHAPE)) + 30 * pattern)


def _hum(seed: int) -> Frames:
    """Draw a wave that is shifted anew in every frame, as mains hum."""
    random = np.random.default_rng(seed)
    x = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    phases = random.uniform(0, 2 * np.pi, (6, 1, 1))
    wave = np.sin(2 * np.pi * x / random.uniform(7, 11) + phases)
    return np.asarray(1000 + 40 * random.normal(size=(6, *SHAPE)) + 30 * wave)


def _texture(seed: int) -> Frames:
    """Draw one image of a fine texture, which looks as correlated noise does."""
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(seed)
    texture = gaussian_filter(random.normal(size=SHAPE), 1.2)
    noise = random.normal(size=SHAPE)
    return np.asarray((1000 + 40 * noise + 60 * texture / texture.std())[np.newaxis])


def _little(seed: int) -> Frames:
    """Draw two small frames with faint rows."""
    return _still(kernels()["row 7"], 0.9, 2)(seed)[:, :64, :64]


def scenes() -> dict[str, Callable[[int], Frames]]:
    """Return what draws a scene of each class, from a seed."""
    known = kernels()
    return {
        "white noise": _still(known["white"]),
        "rows": _still(known["row 7"]),
        "columns": _still(known["column 7"]),
        "cross": _still(known["cross"]),
        "diagonal": _still(known["diagonal"]),
        "block": _still(known["block 3"]),
        "round blur": _still(known["isotropic"]),
        "periodic": _still(known["periodic"]),
        "sharpened": _still(known["lobed"]),
        "echo": _still(known["echo row"]),
        "slanted echo, inverted": _still(known["echo slanted"]),
        "faint rows": _still(known["row 7"], 0.93),
        "whole rows": _still(row_offsets(), 0.6),
        "fixed columns": _still(fixed_columns(), 0.6),
        "fixed fine pattern": _fixed,
        "hum": _hum,
        "too little image": _little,
        "one image": lambda seed: _still(known["row 7"], frames=1)(seed),
        "one image of a texture": _texture,
    }


def ask(frames: StackFrames | Frames) -> tuple[Extraction, Answer]:
    """Return what the preset automatic finds and says."""
    automatic = next(one for one in built_in_presets() if one.name == "automatic")
    found = extract_recording(frames, automatic.apply())
    return found, answer(found)


def contradiction(found: Extraction, said: Answer) -> str:
    """Return how an answer contradicts the ranking of the masks; empty if it does not."""
    recommended = getattr(found, "recommendation", None)
    if recommended is None or not recommended.ledger:
        return ""
    best, chosen, bare = recommended.ledger[0], recommended.chosen, recommended.bare
    words = " ".join(said.lines)
    # That it does nearly as well is said beside a mask that is to be used.
    plain = "Noise2Void" in words.replace("Plain Noise2Void does nearly as well", "")
    plain = plain or "You need no mask" in words
    if found.mask.cropped() != recommended.mask:
        return "the mask is not the recommended one"
    if recommended.safe or recommended.learned or said.certainty == "act first":
        return ""
    if bare is not None and bare is best and not plain:
        return "no mask ranks first, and the answer does not say so"
    if bare is not None and bare is best and said.actions[:1] == ("use_mask",):
        return "no mask ranks first, and the first button uses a mask"
    most = WHOLE_SHAPE if chosen is not None and chosen.mask.array.all() else TIE
    alike = chosen is None or chosen.left + chosen.lost <= (1 + most) * (best.left + best.lost)
    if chosen is not None and chosen is not bare and not (chosen.tied or alike):
        return f"{chosen.name} is recommended, {best.name} is better"
    if plain and bare is not None and not (bare.tied or nothing_found(found)):
        return f"plain Noise2Void is advised, {best.name} is better"
    if plain and bare is not None and bare.copied > best.copied + COPIED_MORE:
        return "" if nothing_found(found) or bare is best else "no mask copies more noise"
    return ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _files(paths: list[Path]) -> Iterator[tuple[str, StackFrames]]:
    for path in paths:
        with open_stack(path) as stack:
            # Of colours the luminance is measured, as when the file is opened.
            choices = getattr(stack, "channel_choices", ())
            channels = [value for value, _ in choices if isinstance(value, int)]
        for channel in channels if len(channels) > 1 else [None]:
            with open_stack(path, channel=channel) as stack:
                name = path.name.split("_")[0] if path != SAMPLE else "sample"
                yield name + ("" if channel is None else f", channel {channel}"), stack


def _of_files(paths: list[Path], wrong: list[str]) -> str:
    lines = ["| file | answer | expected error | no mask |", "|---|---|---|---|"]
    for name, stack in _files(paths):
        try:
            found, said = ask(stack)
        except InputError as error:
            lines.append(f"| {name} | refused: {_cell(str(error))} | – | – |")
            continue
        wrong += [f"{name}: {text}" for text in [contradiction(found, said)] if text]
        recommended = getattr(found, "recommendation", None)
        rows = (None, None) if recommended is None else (recommended.chosen, recommended.bare)
        figures = ["–" if row is None else f"{row.error:.2f}" for row in rows]
        words = " ".join(line for line in said.lines if line)
        lines.append(f"| {name} | {_cell(words)} | {figures[0]} | {figures[1]} |")
        print(name, said.what, file=sys.stderr, flush=True)
    return "\n".join(lines)


def _of_scene(task: tuple[str, int]) -> tuple[tuple[str, str, str], str]:
    name, seed = task
    found, said = ask(scenes()[name](seed))
    what = re.sub(r"\d+", "n", said.what)
    action = said.actions[0].replace("_", " ")
    return (what, said.certainty, action), contradiction(found, said)


def _of_scenes(wrong: list[str], seeds: int, pool: Pool) -> str:
    lines = [
        "| scene | first line of the answer | how sure | first button | of |",
        "|---|---|---|---|---|",
    ]
    for name in scenes():
        counts: Counter[tuple[str, str, str]] = Counter()
        tasks = [(name, seed) for seed in range(seeds)]
        for (_, seed), (said, text) in zip(tasks, pool.map(_of_scene, tasks), strict=True):
            counts[said] += 1
            if text:
                wrong.append(f"{name} {seed}: {text}")
        for number, ((what, certainty, action), count) in enumerate(counts.most_common()):
            first = name if not number else ""
            lines.append(f"| {first} | {_cell(what)} | {certainty} | {action} | {count} |")
        print(name, counts.most_common(2), file=sys.stderr, flush=True)
    return "\n".join(lines)


def main() -> int:
    """Ask, write the page, and report contradictions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, help="folder of measured files")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="scenes of each class")
    parser.add_argument("--write", action="store_true", help="write docs/answers.md")
    options = parser.parse_args()
    wrong: list[str] = []
    paths = sorted(options.real.glob("*.tif*")) if options.real else []
    with get_context("spawn").Pool(2) as pool:
        of_scenes = _of_scenes(wrong, options.seeds, pool)
    parts = [
        _HEAD,
        "## Measured files and the sample\n",
        _of_files([SAMPLE, *paths], wrong),
        f"\n## Simulated scenes, {options.seeds} of each class\n",
        "192 x 192 pixels, six frames unless the name says otherwise; n stands for a number.\n",
        of_scenes,
        f"\nContradictions: {len(wrong)}.\n",
    ]
    page = "\n".join(parts)
    if options.write:
        (ROOT / "docs" / "answers.md").write_text(page, encoding="utf-8")
    else:
        print(page)
    for text in wrong:
        print(text, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

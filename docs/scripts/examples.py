"""The worked examples of the guide: simulated noise, what each method gives, and pictures of it.

Run by itself it prints the page and leaves the pictures in build/examples.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from structmask_gui.core.extraction.extraction import Extraction, extract_array
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.io.pictures.figures import draw_values
from structmask_gui.io.pictures.mask_picture import draw_mask

Frames = NDArray[np.float64]

SHAPE = (256, 256)
FRAMES = 8
LARGE = (512, 512)
PERIOD = 8
SEED = 20

# How the methods are called in the table, and their parameters; the square holds two periods.
METHODS: tuple[tuple[str, Parameters], ...] = (
    ("published, as implemented", Parameters(center_size=21)),
    (
        "published, as documented",
        Parameters(center_size=21, convention="as-documented", use_center_proximity=False),
    ),
    ("statistical", Parameters(method="statistical", source="automatic")),
)


@dataclass(frozen=True)
class Example:
    """One kind of noise.

    Attributes
    ----------
    name, title : str
        Name of its files, and heading.
    text : str
        What it is and what to learn from it.
    draw : callable
        Returns frames, shape (n, y, x).
    """

    name: str
    title: str
    text: str
    draw: Callable[[], Frames]


def scan_lines(axes: str) -> Frames:
    """Return one image of white noise with every eighth line raised.

    Parameters
    ----------
    axes : str
        Holds "y" for lines along the rows, "x" for lines along the columns.
    """
    image = np.random.default_rng(SEED).normal(size=LARGE)
    if "y" in axes:
        image[::PERIOD] += 2
    if "x" in axes:
        image[:, ::PERIOD] += 2
    return image[np.newaxis]


def diagonal_lines() -> Frames:
    """Return one image of white noise with every eighth diagonal raised."""
    image = np.random.default_rng(SEED).normal(size=LARGE)
    y, x = np.indices(LARGE)
    image[(x - y) % PERIOD == 0] += 2
    return image[np.newaxis]


def kernel(name: str, picture: bool = False) -> Callable[[], Frames]:
    """Return what draws noise of a named kernel, over a picture of cells or not."""

    def draw() -> Frames:
        model = NoiseModel(kernels()[name], sigma=20)
        shown = cells(SHAPE, seed=1) if picture else None
        return simulate(
            model, SHAPE, n_frames=FRAMES, picture=shown, strength=1.0 if picture else 0, seed=SEED
        )

    return draw


EXAMPLES = (
    Example(
        "rows",
        "Horizontal: short lines along the scan",
        "Seven pixels of a row share their noise, as of a detector that lags behind the scan. This"
        " is the noise StructN2V was made for: a row hides it.",
        kernel("row 7"),
    ),
    Example(
        "columns",
        "Vertical: short lines down the columns",
        "The same down the columns, as of a camera that is read out column by column.",
        kernel("column 7"),
    ),
    Example(
        "diagonal",
        "Diagonal",
        "Lines from top left to bottom right, as after a rotation of the images. No trainer but"
        " n2v and autoStructN2V takes such a mask.",
        kernel("diagonal"),
    ),
    Example(
        "cross",
        "Grid of short lines: a cross",
        "Noise that is shared along rows and along columns.",
        kernel("cross"),
    ),
    Example(
        "scan8",
        "Scan lines every 8 pixels, horizontal",
        "Every eighth row of an image is brighter, over the whole width. The correlation runs along"
        " the whole row and returns 8 rows further up and down. Such lines do not end inside any"
        " mask: a network copies them from beyond its end. Remove the line offsets"
        " first; a mask is then needed only for what is left.",
        lambda: scan_lines("y"),
    ),
    Example(
        "scan8v",
        "Scan lines every 8 pixels, vertical",
        "The same turned by 90 degrees.",
        lambda: scan_lines("x"),
    ),
    Example(
        "grid8",
        "Grid with 8 pixels between its lines",
        "Horizontal and vertical lines together, each over the whole image. A period of 8 pixels in"
        " both directions is also what lossy compression leaves, and the statistical method says"
        " so: it cannot know which of the two it is.",
        lambda: scan_lines("yx"),
    ),
    Example(
        "diagonal8",
        "Diagonal lines every 8 pixels",
        "Diagonals over the whole image; they return 8 pixels to the side.",
        diagonal_lines,
    ),
    Example(
        "picture",
        "Horizontal lines over structure",
        "The same noise as in the first example, over cells as strong as the noise. The published"
        " method measures the frames as they are, and the cells are correlated too. The"
        " statistical one measures the noise where there is no structure: here in the differences"
        " of the frames of a still scene.",
        kernel("row 7", picture=True),
    ),
)


def results(frames: Frames) -> list[tuple[str, Extraction]]:
    """Return what each method gives."""
    stack = frames.astype(np.float32)
    return [(name, extract_array(stack, parameters)) for name, parameters in METHODS]


def worked_examples() -> tuple[str, dict[str, bytes]]:
    """Return the page and its pictures, by their paths."""
    lines = [
        "# Worked examples",
        "",
        f"Simulated noise, {FRAMES} frames of {SHAPE[0]} x {SHAPE[1]} pixels or one image of"
        f" {LARGE[0]} x {LARGE[1]} (lines over the whole image), made and measured while this page"
        " was built (`docs/scripts/examples.py`). The published method runs with"
        " its defaults and a centre square of 21 x 21; as documented, its proximity rule is off,"
        " which is that page's own remedy.",
        "",
        "Pictures, from left to right: part of a frame; the autocorrelation, its kept lags framed;"
        " the mask of the published method as implemented; the mask of the statistical method.",
    ]
    pictures = {}
    for example in EXAMPLES:
        frames = example.draw()
        found = results(frames)
        path = f"images/examples/{example.name}.png"
        pictures[path] = _png(_strip(frames, found))
        words = "; ".join(f"{name}: {one.sentence}" for name, one in found)
        lines += ["", f"## {example.title}", "", example.text, ""]
        lines += [f"![{words}]({path})", "", "| method | what it says |", "|---|---|"]
        lines += [f"| {name} | {' '.join((one.sentence, *one.notes))} |" for name, one in found]
    return "\n".join(lines) + "\n", pictures


def _strip(frames: Frames, found: list[tuple[str, Extraction]]) -> Image.Image:
    published, _, statistical = (one for _, one in found)
    shown = frames[0][:96, :96]
    low, high = np.percentile(shown, (1, 99))
    grey = np.clip((shown - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    parts = [
        Image.fromarray(grey).resize((480, 480), Image.Resampling.NEAREST).convert("RGB"),
        draw_values(
            published.square, "Autocorrelation", kept=published.mask.array, rings=published.rings
        ),
        draw_mask(published.mask),
        draw_mask(statistical.mask),
    ]
    height = 480
    scaled = [part.resize((part.width * height // part.height, height)) for part in parts]
    strip = Image.new("RGB", (sum(p.width for p in scaled) + 20 * 3, height), (255, 255, 255))
    left = 0
    for part in scaled:
        strip.paste(part, (left, 0))
        left += part.width + 20
    return strip


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    page, drawn = worked_examples()
    print(page)
    for path, contents in drawn.items():
        target = Path("build/examples") / Path(path).name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents)

"""Names that menus and other modules share; imports nothing of ours: needed before first paint."""

from typing import Literal

Target = Literal[
    "n2v",
    "autostructn2v",
    "autostructn2v-0.1",
    "careamics",
    "aydin",
    "support",
    "cosdd",
    "python",
]

REMEDY_NAMES = {
    "mask_too_small": "Mask too small",
    "mask_too_large": "Mask too large",
    "no_pattern_found": "No pattern found",
    "random_noise_caught": "Random noise caught",
}

MASK_CHANGES = {
    "grow": ("&Grow", "Add all cells next to the mask."),
    "grow_rows": ("Grow along &rows", "Add the cells left and right of the mask."),
    "grow_columns": ("Grow along &columns", "Add the cells above and below the mask."),
    "shrink": ("&Shrink", "Remove the cells at the border; the centre stays."),
    "shrink_rows": ("Shrink along r&ows", "Remove both ends of each run in a row."),
    "shrink_columns": ("Shrink along co&lumns", "Remove both ends of each run in a column."),
    "fill": ("&Fill gaps", "Close gaps of up to two cells, and holes."),
    "symmetrise": ("Add the &mirror image", "Make the mask symmetric under a 180° rotation."),
    "union": ("&Union with A", "Add the cells of mask A, the one kept for comparison."),
    "intersection": (
        "&Intersection with A",
        "Keep only cells that mask A, the one kept for comparison, has too.",
    ),
    "crop": ("Cro&p to content", "Remove empty rows and columns at the edge."),
}
"""Changes of the whole mask: text in the menu, and what they do."""

TARGETS: dict[Target, str] = {
    "n2v": "juglab n2v",
    "autostructn2v": "autoStructN2V 1.0",
    "autostructn2v-0.1": "autoStructN2V 0.1",
    "careamics": "CAREamics",
    "aydin": "Aydin",
    "support": "SUPPORT",
    "cosdd": "COSDD",
    "python": "plain Python",
}
"""Programs that take a mask as text, in the order in which they are offered."""


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun, as in "1 patch" and "64 patches"."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def lengths_text(*micrometres: float, by: str = "×") -> str:
    """Return lengths with their unit, in nm where they are short: "0.09 × 0.09 nm"."""
    unit, factor = ("µm", 1) if max(micrometres) >= 0.1 else ("nm", 1000)
    return f"{f' {by} '.join(f'{factor * one:.2g}' for one in micrometres)} {unit}"


def size_text(shape: tuple[int, ...]) -> str:
    """Return the size of frames, (height, width), as viewers give it: width x height."""
    return f"{shape[1]} x {shape[0]}"

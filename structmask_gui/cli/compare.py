"""`structmask compare`: what two masks have in common."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from structmask_gui.cli.console import DONE, print_json
from structmask_gui.core.masks.mask import compare_masks
from structmask_gui.io.files.paths import shown
from structmask_gui.io.results.masks import load_mask


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    masks = load_mask(arguments.a), load_mask(arguments.b)
    comparison = compare_masks(*masks, labels=_labels(arguments.a, arguments.b))
    if arguments.json:
        figures = asdict(comparison)
        del figures["a"], figures["b"]
        shapes = {"shape_a": masks[0].shape, "shape_b": masks[1].shape}
        print_json({**figures, **shapes})
    else:
        print(comparison.summary())
    return DONE


def _labels(a: Path, b: Path) -> tuple[str, str]:
    """Return what the two are called: their names, with as much of their folders as it takes."""
    if shown(a) != shown(b):
        return shown(a), shown(b)
    folders = a.absolute().parent.parts, b.absolute().parent.parts
    if folders[0] == folders[1]:
        return f"A ({shown(a)})", f"B ({shown(b)})"
    depth = 1
    while folders[0][-depth:] == folders[1][-depth:]:
        depth += 1
    of_a, of_b = ("/".join(map(shown, parts[-depth:])) for parts in folders)
    return f"A ({of_a}/{shown(a)})", f"B ({of_b}/{shown(b)})"

"""`structmask compare`: what two masks have in common."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from structmask_gui.cli.console import DONE, print_json
from structmask_gui.core.mask import compare_masks
from structmask_gui.io.export import load_mask
from structmask_gui.io.paths import shown


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    masks = load_mask(arguments.a), load_mask(arguments.b)
    comparison = compare_masks(*masks, labels=(shown(arguments.a), shown(arguments.b)))
    if arguments.json:
        figures = asdict(comparison)
        for name in ("a", "b", "difference"):
            del figures[name]
        shapes = {"shape_a": masks[0].shape, "shape_b": masks[1].shape}
        print_json({**figures, **shapes})
    else:
        print(comparison.summary())
    return DONE

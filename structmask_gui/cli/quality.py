"""`structmask quality`: what a mask will do to an image."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from structmask_gui.cli.choices import chosen_inputs, chosen_region, second_stacks
from structmask_gui.cli.console import DONE, print_json, progress_bar
from structmask_gui.core.assessment import Assessment, assess
from structmask_gui.core.parameters import Parameters
from structmask_gui.io.export import load_mask
from structmask_gui.io.paths import shown
from structmask_gui.io.scoring import measured_basis


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    mask = load_mask(arguments.mask)
    (item,) = chosen_inputs(arguments, [arguments.file], None)
    seconds = second_stacks(arguments, None)
    source = arguments.source or next(iter(seconds), "automatic")
    parameters = Parameters.checked(
        method="statistical", source=source, max_lag=min(50, 2 * arguments.radius)
    )
    with ExitStack() as resources:
        stack = resources.enter_context(item.open())
        others = {name: resources.enter_context(one.open()) for name, one in seconds.items()}
        progress = resources.enter_context(progress_bar(stack.name))
        basis = measured_basis(
            stack,
            parameters,
            radius=arguments.radius,
            region=chosen_region(arguments, None),
            dark=others.get("dark"),
            subtract=others.get("subtract"),
            progress=progress,
        )
    assessment = assess(basis, mask)
    if arguments.json:
        print_json(
            {
                "mask": str(arguments.mask),
                "file": str(arguments.file),
                "noise_measured_in": basis.noise.source,
                **assessment.record(),
            }
        )
    else:
        _print(shown(arguments.mask), basis.noise.source, assessment)
    return DONE


def _print(name: str, source: str, assessment: Assessment) -> None:
    figures, error = assessment.figures, assessment.error
    print(f"{name}, noise measured in {source}:")
    print(f"  noise still copied   {figures.copied:6.1%}  (bare centre: {figures.copied_bare:.1%})")
    print(f"  needlessly hidden    {figures.needlessly_hidden:6d}  pixels")
    print(
        f"  estimated error      {error.total:6.3f}  of the noise variance"
        f" (noise left {error.noise_left:.3f}, detail lost {error.detail_lost:.3f}; estimate from a"
        " linear model)"
    )
    print(f"  {assessment.curve.sentence}")

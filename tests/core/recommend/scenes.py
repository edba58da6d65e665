"""Simulated scenes, and what the preset automatic makes of them."""

from functools import cache

import numpy as np

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.recommend.extract import RecommendedExtraction, extract_recording
from structmask_gui.core.simulation import (
    NoiseModel,
    cells,
    fixed_columns,
    kernels,
    row_offsets,
    simulate,
)

AUTOMATIC = Parameters(method="statistical", source="automatic", mask_choice="recommended")

KERNELS = ("white", "row 7", "column fading", "diagonal", "cross", "isotropic", "echo row")
SCENES = (*KERNELS, "offsets", "fixed", "one frame", "small")


def frames_of(name: str) -> np.ndarray:
    """Return frames of cells with noise of a kernel, or one of the special scenes."""
    kernel, shape, n = kernels().get(name), (160, 192), 5
    if name == "offsets":
        kernel = row_offsets()
    elif name == "fixed":
        kernel = fixed_columns()
    elif name == "one frame":
        kernel, n = kernels()["isotropic wide"], 1
    elif name == "small":
        kernel, shape, n = kernels()["row 7"], (64, 64), 2
    return simulate(
        NoiseModel(kernel, 0.3), shape, n_frames=n, picture=cells(shape), strength=1.5, seed=3
    )


@cache
def automatic(name: str) -> RecommendedExtraction:
    """Return what the preset automatic makes of a scene."""
    found = extract_recording(frames_of(name), AUTOMATIC)
    assert isinstance(found, RecommendedExtraction)
    return found

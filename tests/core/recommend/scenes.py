"""Simulated scenes, what the preset automatic makes of them, and that with other findings."""

from dataclasses import replace
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.recommend.extract import (
    RecommendedExtraction,
    extract_recording,
    with_recommendation,
)
from structmask_gui.core.recommend.recommend import recommend
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
SCENES = (*KERNELS, "offsets", "fixed", "one frame", "one smooth frame", "cannot tell", "small")


def frames_of(name: str) -> np.ndarray:
    """Return frames of cells with noise of a kernel, or one of the special scenes."""
    kernel, shape, n = kernels().get(name), (160, 192), 5
    if name == "one smooth frame":
        # The sample ends at the same optical cut-off as the noise.
        smooth, noise = (
            gaussian_filter(cells((256, 288)), 2),
            NoiseModel(kernels()["isotropic"], 0.1),
        )
        return simulate(noise, smooth.shape, n_frames=1, picture=smooth, strength=1.0, seed=3)
    if name == "offsets":
        kernel = row_offsets()
    elif name == "fixed":
        kernel = fixed_columns()
    elif name in ("one frame", "cannot tell"):
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
    if name == "cannot tell":
        # As where the noise is of no shape that was learned.
        assert found.basis is not None
        basis = replace(found.basis.measured or found.basis, learned=None)
        return with_recommendation(found, recommend(basis, found), basis)
    return found


def with_flags(found, *flags, **changes):
    verdict = replace(found.verdict, flags=flags, **changes)
    return replace(found, verdict=verdict)


def with_errors(found, **changes):
    """Return an extraction whose recommended mask has other figures."""
    recommendation = found.recommendation
    rows = tuple(
        replace(row, **changes) if row.name == recommendation.choice else row
        for row in recommendation.ledger
    )
    return replace(found, recommendation=replace(recommendation, ledger=rows))


def with_estimate_of(found, estimate):
    return replace(found, measurement=replace(found.measurement, correlation=estimate))


def with_estimate(found, **changes):
    estimate = replace(found.measurement.correlation, **changes)
    return replace(found, measurement=replace(found.measurement, correlation=estimate))

"""What is said to have no effect has none, and what has one is not disabled."""

from __future__ import annotations

import numpy as np
import pytest

from structmask_gui.core.extraction.rings import adapt, analyse_rings
from structmask_gui.core.parameters.info import Stage
from structmask_gui.core.parameters.model import RING_SOURCES, Parameters, parameter_infos
from structmask_gui.core.parameters.rules import (
    changed_together,
    recommends,
    unavailable_sources,
    why_without_effect,
)

DEFAULT = Parameters()
AFTER_MEASUREMENT = (Stage.ADAPT, Stage.RINGS)


def row_noise_centre(side: int = 11) -> np.ndarray:
    """A centre square with a row, a weaker surround and a little structure, symmetric."""
    rng = np.random.default_rng(5)
    middle = side // 2
    square = rng.uniform(0.02, 0.05, (side, side))
    square[middle] += np.exp(-np.abs(np.arange(side) - middle) / 3) * 0.5
    square = (square + square[::-1, ::-1]) / 2
    square[middle, middle] = 0.69
    return square


@pytest.mark.parametrize("name", list(parameter_infos()))
def test_every_parameter_is_answered(name: str) -> None:
    for method in ("ring", "statistical"):
        answer = why_without_effect(name, DEFAULT.changed(method=method))
        assert answer is None or answer.endswith(".")


def test_unknown_parameter_is_an_error() -> None:
    with pytest.raises(KeyError):
        why_without_effect("no_such", DEFAULT)


@pytest.mark.parametrize(
    ("name", "off", "on"),
    [
        ("seed", {"layout": "grid"}, {"layout": "random"}),
        ("patch_size", {"layout": "whole"}, {"layout": "grid"}),
        ("center_size", {"crop_autocorr": False}, {"crop_autocorr": True}),
        ("adapt_CB", {"convention": "as-implemented"}, {"convention": "as-documented"}),
        (
            "adapt_CB",
            {"convention": "as-documented", "adapt_autocorr": False},
            {"convention": "as-documented"},
        ),
        ("adapt_DF", {"adapt_autocorr": False}, {"adapt_autocorr": True}),
        (
            "center_proximity_threshold",
            {"use_center_proximity": False},
            {"use_center_proximity": True},
        ),
        ("max_lag", {"method": "ring"}, {"method": "statistical"}),
        ("q", {"method": "ring"}, {"method": "statistical"}),
        ("max_pixels", {"method": "ring"}, {"method": "statistical"}),
        ("base_percentile", {"method": "statistical"}, {"method": "ring"}),
        ("max_true_pixels", {"method": "statistical"}, {"method": "ring"}),
    ],
)
def test_the_table(name: str, off: dict[str, object], on: dict[str, object]) -> None:
    assert why_without_effect(name, DEFAULT.changed(off)) is not None
    assert why_without_effect(name, DEFAULT.changed(on)) is None


@pytest.mark.parametrize("convention", ["as-implemented", "as-documented"])
@pytest.mark.parametrize("adaptive", [True, False])
@pytest.mark.parametrize("proximity", [True, False])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("adapt_CB", (1.0, 8.0, 50.0, 90.0)),
        ("adapt_DF", (0.05, 0.5, 0.8, 0.99)),
        ("center_proximity_threshold", (0.0, 0.05, 0.3, 0.99)),
        ("base_percentile", (0.0, 30.0, 70.0, 100.0)),
        ("percentile_decay", (0.1, 1.0, 1.3, 10.0)),
        ("center_ratio_threshold", (0.0, 0.1, 0.5, 1.0)),
    ],
)
def test_the_engine_agrees(
    convention: str, adaptive: bool, proximity: bool, name: str, values: tuple[float, ...]
) -> None:
    setting = DEFAULT.changed(
        convention=convention,
        adapt_autocorr=adaptive,
        use_center_proximity=proximity,
        adapt_CB=5.0,
        # Where it does not decide alone.
        center_proximity_threshold=0.0 if convention == "as-documented" else 0.9,
        base_percentile=70.0,
        center_ratio_threshold=0.05,
    )
    centre = row_noise_centre()
    results = set()
    for value in values:
        parameters = setting.changed({name: value})
        adapted = adapt(centre, parameters)
        selected = analyse_rings(adapted, parameters).selected
        # Rounded: what cancels in a formula cancels only up to the last digits.
        results.add(adapted.round(9).tobytes() + selected.tobytes())
    has_effect = len(results) > 1
    assert has_effect == (why_without_effect(name, setting) is None)


def test_the_source_goes_with_the_method() -> None:
    assert changed_together(DEFAULT, {"method": "statistical"}).source == "automatic"
    for source in ("automatic", "flat", "spectrum"):
        statistical = DEFAULT.changed(method="statistical", source=source)
        assert changed_together(statistical, {"method": "ring"}).source == "frames"
        assert changed_together(DEFAULT, {"source": source}).source == "frames"
    for source in RING_SOURCES:
        statistical = DEFAULT.changed(method="statistical", source=source)
        assert changed_together(statistical, {"method": "ring"}).source == source


def test_a_source_that_is_given_stays() -> None:
    chosen = changed_together(DEFAULT, {"method": "statistical", "source": "flat"})
    assert chosen.source == "flat"
    assert changed_together(chosen, {"rho_min": 0.1}).source == "flat"
    assert changed_together(DEFAULT, {"source": "difference"}).source == "difference"


def test_sources_that_cannot_be_chosen() -> None:
    assert set(unavailable_sources(DEFAULT)) == {"flat", "spectrum", "automatic"}
    statistical = DEFAULT.changed(method="statistical")
    assert unavailable_sources(statistical, 4) == {}
    one = unavailable_sources(statistical, 1)
    assert list(one) == ["difference"]
    assert one["difference"].endswith(".")
    assert "difference" in unavailable_sources(DEFAULT, 1)


def test_tuning_the_significant_lags_chooses_them() -> None:
    automatic = Parameters(method="statistical", source="automatic", mask_choice="recommended")
    assert recommends(automatic)
    for name, value in (("q", 0.02), ("rho_min", 0.1), ("max_pixels", 9)):
        tuned = changed_together(automatic, {name: value})
        assert tuned == automatic.changed({name: value}, mask_choice="significant")
        assert not recommends(tuned)
    assert recommends(changed_together(automatic, {"max_lag": 20, "q": automatic.q}))
    # A preset that names the mask gets it, whatever else it names.
    both = {"rho_min": 0.1, "mask_choice": "recommended"}
    assert recommends(changed_together(automatic, both))
    assert not recommends(changed_together(automatic, {"method": "ring"}))

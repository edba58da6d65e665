"""The four remedies change what the tuning guide says, within the accepted ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.parameters.remedies import REMEDIES, apply_remedy


@pytest.mark.parametrize(
    ("remedy", "changes"),
    [
        (
            "mask_too_small",
            {"base_percentile": 40, "max_true_pixels": 35, "center_ratio_threshold": 0.2},
        ),
        (
            "mask_too_large",
            {"base_percentile": 65, "max_true_pixels": 15, "center_ratio_threshold": 0.4},
        ),
        (
            "no_pattern_found",
            {"adapt_autocorr": False, "base_percentile": 25, "use_center_proximity": False},
        ),
        ("random_noise_caught", {"base_percentile": 70, "center_ratio_threshold": 0.5}),
    ],
)
def test_what_each_remedy_changes(remedy: str, changes: dict[str, object]) -> None:
    before = Parameters()
    result = apply_remedy(before, remedy)
    assert result.parameters == before.changed(changes)
    assert {name: new for name, (_, new) in result.changes.items()} == changes
    for name in changes:
        assert parameter_infos()[name].about.label in result.text


def test_the_text_names_old_and_new() -> None:
    assert apply_remedy(Parameters(), "mask_too_small").text == (
        "Base percentile 50 % → 40 %, Largest mask 25 px → 35 px, Ring strength 0.3 → 0.2"
    )
    assert "Adaptive threshold on → off" in apply_remedy(Parameters(), "no_pattern_found").text


def test_repeated_remedies_stop_at_the_ends() -> None:
    parameters = Parameters()
    for _ in range(20):
        parameters = apply_remedy(parameters, "mask_too_large").parameters
    assert parameters.base_percentile == 100
    assert parameters.max_true_pixels == 1
    assert parameters.center_ratio_threshold == 1
    result = apply_remedy(parameters, "mask_too_large")
    assert result.parameters is parameters
    assert result.text == "No change: already set"


def test_no_limit_stays_no_limit() -> None:
    before = Parameters(max_true_pixels=None)
    assert apply_remedy(before, "mask_too_small").parameters.max_true_pixels is None


@given(
    st.sampled_from(sorted(REMEDIES)),
    st.floats(0, 100),
    st.floats(0, 1),
    st.integers(1, 1_000_000),
)
def test_results_are_always_valid(remedy: str, base: float, ratio: float, most: int) -> None:
    before = Parameters(base_percentile=base, center_ratio_threshold=ratio, max_true_pixels=most)
    result = apply_remedy(before, remedy)
    assert Parameters.checked(result.parameters.model_dump()) == result.parameters
    assert set(result.changes) <= {*REMEDIES[remedy].shifts, *REMEDIES[remedy].values}

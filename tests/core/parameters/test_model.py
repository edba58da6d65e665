from __future__ import annotations

import pytest

from structmask_gui.core.errors import ParameterError
from structmask_gui.core.parameters.info import Stage
from structmask_gui.core.parameters.model import Parameters, parameter_infos

# The table of the published page.
PUBLISHED = {
    "norm_autocorr": True,
    "log_autocorr": True,
    "crop_autocorr": True,
    "adapt_autocorr": True,
    "adapt_CB": 50.0,
    "adapt_DF": 0.95,
    "center_size": 10,
    "base_percentile": 50,
    "percentile_decay": 1.15,
    "center_ratio_threshold": 0.3,
    "use_center_proximity": True,
    "center_proximity_threshold": 0.95,
    "keep_center_component_only": True,
    "max_true_pixels": 25,
}


def test_defaults_are_the_published_ones():
    values = Parameters().model_dump()
    assert {name: values[name] for name in PUBLISHED} == PUBLISHED


@pytest.mark.parametrize("info", parameter_infos().values(), ids=lambda info: info.name)
def test_every_parameter_is_described(info):
    assert info.about.label
    assert info.about.group
    assert info.about.help.endswith((".", ")."))
    if info.kind in ("int", "float"):
        assert info.about.slider is not None
        low, high = info.about.slider
        assert info.lowest <= low < high <= info.highest
        if info.default is not None:
            assert info.lowest <= info.default <= info.highest
    if info.kind == "choice":
        values = [value for value, _ in info.about.choices]
        assert info.default in values
        for value in values:
            Parameters.checked({info.name: value})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"center_size": 102}, "center_size = 102 is not accepted; give a whole number from 3"),
        ({"center_size": "wide"}, "center_size = 'wide' is not accepted"),
        ({"center_size": 10.5}, "center_size = 10.5"),
        ({"base_percentile": -1}, "base_percentile = -1 .* a number from 0 to 100"),
        ({"base_percentile": float("nan")}, "base_percentile = nan"),
        ({"max_true_pixels": 0}, "max_true_pixels = 0 .*, or none"),
        ({"convention": "mine"}, "one of as-implemented, as-documented"),
        ({"colour": 1}, "There is no parameter colour; there are: method"),
    ],
)
def test_a_bad_value_is_named_with_its_range(values, words):
    with pytest.raises(ParameterError, match=words):
        Parameters.checked(values)
    with pytest.raises(ParameterError, match=words):
        Parameters().changed(values)


def test_two_bad_values_are_both_named():
    with pytest.raises(ParameterError, match=r"center_size.*adapt_DF"):
        Parameters.checked(center_size=1000, adapt_DF=7)


def test_changed_leaves_the_rest():
    changed = Parameters().changed(center_size=15)
    assert changed.center_size == 15
    assert changed.changed(center_size=10) == Parameters()


def test_a_stage_is_a_key_of_its_parameters():
    parameters = Parameters()
    ringless = parameters.changed(base_percentile=10)
    assert ringless.of_stages(Stage.RINGS) != parameters.of_stages(Stage.RINGS)
    for stage in set(Stage) - {Stage.RINGS}:
        assert ringless.of_stages(stage) == parameters.of_stages(stage)

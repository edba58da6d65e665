"""The call for Python: a file or an array, and parameters or a preset's name."""

import numpy as np
import pytest

import structmask_gui
from structmask_gui import InputError, ParameterError, Parameters, answer, extract
from structmask_gui.core.parameters.rules import defaults_of
from structmask_gui.io.results.masks import load_mask, save_npy


def rows(shape=(4, 96, 96)):
    white = np.random.default_rng(1).normal(size=shape)
    return 100 + white + 0.7 * np.roll(white, 1, axis=-1)


def test_a_preset_by_its_name_is_what_the_window_starts_with():
    extraction = extract(rows((6, 256, 256)), "automatic")
    assert extraction.parameters == defaults_of("statistical")
    assert answer(extraction).what == "Noise smeared along the rows: hide 1 pixel on either side."


def test_without_parameters_it_is_ring_analysis():
    assert extract(rows()).parameters == Parameters()


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ("automatik", InputError, 'There is no preset "automatik"'),
        ({"center_size": 9}, ParameterError, r"dict holds no parameters; give Parameters\(...\)"),
    ],
)
def test_what_is_no_parameters_is_said(parameters, error, words):
    with pytest.raises(error, match=words):
        extract(rows(), parameters)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"center_size": 1500}, "center_size = 1500 is not accepted; give "),
        ({"centre_size": 15}, "There is no parameter centre_size; did you mean center_size?"),
        ({"method": "foo"}, "method = 'foo' is not accepted; give one of"),
    ],
)
def test_parameters_say_what_is_wrong_in_one_sentence(values, words):
    with pytest.raises(ParameterError) as caught:
        Parameters(**values)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (np.ma.masked_array(np.ones((32, 32)), mask=np.eye(32)), "is a masked array; fill it"),
        ([np.ones((32, 32)), np.ones((32, 30))], "holds frames of unlike sizes; give one size"),
    ],
)
def test_frames_that_are_none_are_said(frames, words):
    with pytest.raises(InputError, match=words):
        extract(frames)


def test_an_array_is_saved_as_a_mask(tmp_path):
    array = np.ones((1, 3), dtype=bool)
    save_npy(array, tmp_path / "mask.npy")
    assert np.array_equal(load_mask(tmp_path / "mask.npy").array, array)
    with pytest.raises(InputError, match="odd sides"):
        save_npy(np.ones((2, 2)), tmp_path / "other.npy")


def test_every_public_name_is_there():
    for name in structmask_gui.__all__:
        assert getattr(structmask_gui, name) is not None

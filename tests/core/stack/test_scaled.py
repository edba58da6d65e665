"""Very large and very small pixel values."""

import numpy as np
import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.simulation import NoiseModel, cells, kernels
from structmask_gui.core.stack.frames import ArrayFrames, Recording
from structmask_gui.core.stack.scaled import ScaledFrames, exponent_for
from structmask_gui.core.statistical.measure import measure_correlation
from structmask_gui.core.statistical.selection import select_lags
from structmask_gui.core.verdict.verdict import judge

AUTOMATIC = Parameters(method="statistical", source="automatic")


def frames_of():
    noise = NoiseModel(kernels()["row 7"], 0.3).draw(np.random.default_rng(0), 4, (192, 192))
    return noise + 15 * np.stack([cells((192, 192), seed=seed) for seed in range(4)])


def measured(array, **references):
    recording = Recording(ArrayFrames(array, "dim.tif"), **references)
    estimate = measure_correlation(recording, AUTOMATIC)
    return estimate, judge(estimate, select_lags(estimate.lags, AUTOMATIC), AUTOMATIC)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("factor", "dtype"),
    [
        (2.0**-460, np.float64),
        (2.0**-120, np.float32),
        (2.0**-40, np.float32),
        (2.0**33, np.float32),
        (2.0**32, np.float64),
        (2.0**110, np.float32),
        (2.0**450, np.float64),
    ],
)
def test_a_factor_changes_the_variance_and_nothing_else(factor, dtype):
    one, plain = measured(frames_of().astype(dtype))
    other, verdict = measured((frames_of().astype(dtype) * dtype(factor)).astype(dtype))
    assert other.source == one.source
    assert verdict.text == plain.text
    assert other.lags.rho == pytest.approx(one.lags.rho, abs=1e-3)
    assert other.lags.variance == pytest.approx(one.lags.variance * factor**2, rel=1e-3)
    # Whatever holds grey levels is in those of the frames as they are.
    for value, before in (
        (other.image_covariance, one.image_covariance),
        (other.evidence.fit.covariance, one.evidence.fit.covariance),
        (other.evidence.flat.energy, one.evidence.flat.energy),
        (other.evidence.frame.rows.error, one.evidence.frame.rows.error),
    ):
        assert np.asarray(value) / factor / factor == pytest.approx(
            np.asarray(before), rel=2e-2, abs=2e-2
        )


def test_denormal_values():
    # All that single precision has left are steps of 2 ** -149; five of them are one deviation.
    steps = np.rint(frames_of() * 5 + 100).astype(np.float32)
    one, _ = measured(steps)
    tiny = np.ldexp(steps, -149)
    assert 0 < tiny.max() < np.finfo(np.float32).tiny
    other, _ = measured(tiny)
    assert other.lags.rho == pytest.approx(one.lags.rho, abs=1e-3)


@pytest.mark.parametrize(
    ("factor", "word"), [(1e-310, "small"), (1e-200, "small"), (1e200, "large")]
)
def test_what_has_no_variance_is_one_sentence(factor, word):
    with pytest.raises(InputError, match=f"dim.tif has pixel values too {word} to measure"):
        measured(frames_of() * factor)


@pytest.mark.parametrize(
    "array",
    [
        1e9 + 1e-2 * frames_of(),
        np.uint64(2**63) + (10 * frames_of() + 1000).astype(np.uint64),
        2**60 + frames_of().astype(np.int64),
        2**30 + frames_of().astype(np.int32),
    ],
)
def test_what_single_precision_cannot_tell_apart_is_one_sentence(array):
    for method in (AUTOMATIC, Parameters(method="spine")):
        with pytest.raises(InputError, match="has pixel values that differ too little for"):
            measure(Recording(ArrayFrames(array, "dim.tif")), method)


def test_a_middle_with_nothing_but_rounding_says_nothing_of_the_frames():
    array = np.random.default_rng(0).normal(0.1, 0.01, (2, 64, 64))
    array[:, 20:44] = 0.1 * (1 + 1e-16 * np.arange(64) ** 2)
    assert exponent_for(ArrayFrames(array)) == 0
    array[0] = 0.1
    assert exponent_for(ArrayFrames(array)) == 0


def test_other_stacks_are_scaled_alike():
    random, factor = np.random.default_rng(1), 1e-100
    frames, dark = frames_of(), random.normal(size=(4, 192, 192))
    one, _ = measured(frames, dark=ArrayFrames(dark))
    other, _ = measured(frames * factor, dark=ArrayFrames(dark * factor))
    assert other.source == one.source == "dark"
    assert other.lags.variance == pytest.approx(one.lags.variance * factor**2)
    mean = frames.mean(axis=0)
    one, _ = measured(frames, subtract=ArrayFrames(mean))
    other, _ = measured(frames * factor, subtract=ArrayFrames(mean * factor))
    assert other.source == one.source == "subtract"
    assert other.lags.variance == pytest.approx(one.lags.variance * factor**2)


def test_which_values_are_scaled():
    ordinary = np.random.default_rng(0).normal(100, 5, (2, 64, 64))
    assert exponent_for(ArrayFrames(ordinary)) == 0
    assert exponent_for(ArrayFrames(ordinary.astype(np.uint16))) == 0
    assert exponent_for(ArrayFrames(np.zeros((2, 64, 64)))) == 0
    # A first frame that is constant says nothing; pixels that are no numbers neither.
    small = ordinary * 1e-30
    small[0], small[1, 3, 3] = 7e-30, np.nan
    exponent = exponent_for(ArrayFrames(small))
    assert exponent == pytest.approx(-np.log2(5e-29), abs=4)
    scaled = ScaledFrames(ArrayFrames(small), exponent)
    assert np.array_equal(np.ldexp(scaled.read(1, 2, 9), -exponent), small[1, 2:9], equal_nan=True)


def test_wide_whole_numbers_are_scaled_too():
    wide = (np.random.default_rng(0).normal(size=(6, 128, 128)) * 1e17).astype(np.int64)
    assert exponent_for(ArrayFrames(wide)) < 0
    assert exponent_for(ArrayFrames((wide // 10**15).astype(np.int32))) == 0

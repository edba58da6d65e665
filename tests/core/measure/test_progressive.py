"""Measuring until the average is known well enough."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.core.extraction.extraction import select
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.parameters.rules import defaults_of, why_without_effect
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import ArrayFrames

PARAMETERS = Parameters(patch_size=32, center_size=11)
STATISTICAL = defaults_of("statistical")


def noise(frames: int = 30, side: int = 256, seed: int = 0) -> np.ndarray[Any, Any]:
    white = np.random.default_rng(seed).normal(size=(frames, side, side + 2))
    return (1000 + 50 * (white[..., 2:] + white[..., 1:-1] + white[..., :-2])).astype(np.uint16)


@pytest.fixture(scope="module")
def frames() -> ArrayFrames:
    return ArrayFrames(noise())


def test_it_stops_early_and_says_how_well_it_knows(frames: ArrayFrames) -> None:
    whole = measure(frames, PARAMETERS)
    seen: list[tuple[Measurement, float]] = []
    aim = 0.002
    found = measure(
        frames,
        PARAMETERS.changed(precision=aim),
        on_estimate=lambda estimate, error: seen.append((estimate, error)),
    )
    assert found.sampling.n_used < whole.sampling.n_used / 2
    assert found is seen[-1][0]
    errors = [error for _, error in seen]
    assert errors[-1] < aim <= errors[-2]
    # Better and better, from more and more patches.
    assert len(seen) > 2
    assert errors[0] > 1.5 * errors[-1]
    counts = [estimate.sampling.n_used for estimate, _ in seen]
    assert counts == sorted(set(counts))
    assert select(found, found.parameters).mask == select(whole, PARAMETERS).mask


def test_the_error_is_what_it_says() -> None:
    """Over many stacks the average misses by what is said, neither much more nor much less."""
    parameters = PARAMETERS.changed(precision=0.004)
    truth = np.mean(
        [
            measure(ArrayFrames(noise(30, seed=s)), PARAMETERS).autocorrelation.mean
            for s in range(4)
        ],
        axis=0,
    )
    ratios = []
    for seed in range(100, 120):
        last: list[float] = []
        found = measure(
            ArrayFrames(noise(8, seed=seed)),
            parameters,
            on_estimate=lambda _, error, last=last: last.append(error),
        )
        # The normalised zero lag is always the same.
        miss = np.abs(found.autocorrelation.mean - truth)
        ratios.append(np.sort(miss.ravel())[-20:].mean() / last[-1])
    assert 0.5 < np.median(ratios) < 3.0


def test_frames_that_differ_count_as_fewer_patches() -> None:
    """Where frames differ, the spread between patches alone would promise too much."""
    stack = noise(40, 128).astype(np.float32)
    smooth = np.repeat(stack[:, :, ::2], 2, axis=2)
    stack[::2] = smooth[::2]
    errors: list[float] = []
    measure(
        ArrayFrames(stack),
        PARAMETERS.changed(precision=1e-6),
        on_estimate=lambda _, error: errors.append(error),
    )
    even = noise(40, 128).astype(np.float32)
    plain: list[float] = []
    measure(
        ArrayFrames(even),
        PARAMETERS.changed(precision=1e-6),
        on_estimate=lambda _, error: plain.append(error),
    )
    assert errors[-1] > 2 * plain[-1]


def test_all_patches_are_as_without_it(frames: ArrayFrames) -> None:
    whole = measure(frames, PARAMETERS)
    found = measure(frames, PARAMETERS.changed(precision=1e-9))
    np.testing.assert_allclose(found.autocorrelation.mean, whole.autocorrelation.mean, rtol=1e-6)
    np.testing.assert_array_equal(found.sampling.places, whole.sampling.places)


def test_it_is_repeatable_and_the_seed_matters(frames: ArrayFrames) -> None:
    parameters = PARAMETERS.changed(precision=0.005)
    first, again = measure(frames, parameters), measure(frames, parameters)
    np.testing.assert_array_equal(first.autocorrelation.mean, again.autocorrelation.mean)
    np.testing.assert_array_equal(first.sampling.places, again.sampling.places)
    other = measure(frames, parameters.changed(seed=1))
    assert not np.array_equal(first.sampling.places, other.sampling.places)
    assert not first.fits(parameters.changed(precision=0.004))
    assert first.fits(parameters.changed(base_percentile=40.0))


def test_whole_frames_are_looked_at_once_however_far_lags_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack = ArrayFrames(noise(6, 128))
    first = measure(stack, STATISTICAL)
    parameters = STATISTICAL.changed(max_lag=14)
    whole = measure(stack, parameters).correlation
    for name in ("statistical.measure.find_patterns", "statistical.source.relate_frames"):
        monkeypatch.delattr(f"structmask_gui.core.{name}")
    further = measure(stack, parameters, earlier=first).correlation
    assert whole is not None
    assert further is not None
    assert whole.evidence.relations
    assert further.evidence.relations == whole.evidence.relations
    np.testing.assert_array_equal(further.lags.rho, whole.lags.rho)


def test_patches_that_are_left_out() -> None:
    stack = noise(4, 128)
    stack[:, :64] = 7
    found = measure(ArrayFrames(stack), PARAMETERS.changed(precision=1e-6))
    assert found.sampling.left_out == {"constant, holds no noise": 32}
    with pytest.raises(InputError, match="holds no noise"):
        measure(ArrayFrames(np.full((2, 64, 64), 5)), PARAMETERS.changed(precision=0.01))


def test_it_can_be_stopped(frames: ArrayFrames) -> None:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 5

    with pytest.raises(Cancelled):
        measure(frames, PARAMETERS.changed(precision=1e-9), task=Task(cancelled=stop))


# --- the statistical method -----------------------------------------------------------------------


@pytest.mark.slow
def test_the_statistical_method_stops_by_its_own_errors() -> None:
    seen: list[tuple[Measurement, float]] = []
    texts: list[str] = []
    aim = 0.0015
    parameters = STATISTICAL.changed(precision=aim, patch_size=32)
    found = measure(
        ArrayFrames(noise(60)),
        parameters,
        on_estimate=lambda estimate, error: seen.append((estimate, error)),
        task=Task(lambda _done, _total, what: texts.append(what)),
    )
    whole = measure(ArrayFrames(noise(60)), parameters.changed(precision=0.0))
    assert found.sampling.n_used < whole.sampling.n_used
    errors = [error for _, error in seen]
    assert errors[-1] < aim <= errors[0]
    counts = [estimate.sampling.n_used for estimate, _ in seen]
    assert counts == sorted(set(counts))
    assert len(counts) > 1
    assert any("standard error so far" in text for text in texts)
    assert found.correlation is not None
    notes = [estimate.correlation.note for estimate, _ in seen if estimate.correlation is not None]
    assert len(notes) == len(seen)
    assert not any("enough" in note for note in notes[:-1])
    assert f"{counts[-1]} patches were enough to know every lag to 0.0015" in found.correlation.note
    assert select(found, parameters).mask == select(whole, whole.parameters).mask
    assert found.parameters == parameters
    assert found.fits(parameters.changed(q=0.001))
    assert not found.fits(parameters.changed(precision=0.002))
    assert why_without_effect("precision", parameters) is None
    assert why_without_effect("seed", parameters) is None


def test_the_statistical_method_never_judges_by_a_handful(frames: ArrayFrames) -> None:
    counts: list[int] = []
    measure(
        frames,
        STATISTICAL.changed(precision=0.1),
        on_estimate=lambda estimate, _: counts.append(estimate.sampling.n_used),
    )
    assert counts[-1] == 480  # all there are; 128 are an estimate on the way
    assert counts[0] == 128


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["grid", "random"])
def test_all_patches_are_as_without_it_statistically(frames: ArrayFrames, layout: str) -> None:
    parameters = STATISTICAL.changed(layout=layout)
    whole = measure(frames, parameters)
    found = measure(frames, parameters.changed(precision=1e-9))
    np.testing.assert_array_equal(found.autocorrelation.mean, whole.autocorrelation.mean)
    np.testing.assert_array_equal(found.sampling.places, whole.sampling.places)
    assert whole.correlation is not None
    assert found.correlation is not None
    assert found.correlation.note == whole.correlation.note


def test_a_number_of_patches_is_the_most(frames: ArrayFrames) -> None:
    found = measure(frames, STATISTICAL.changed(precision=1e-9, patches=300))
    assert found.sampling.n_used == 300


@pytest.mark.slow
def test_the_statistical_error_is_what_it_says() -> None:
    """Stopping by the error favours no correlation: the mean misses by what is said."""
    truth = np.zeros(5)
    truth[:3] = 1, 2 / 3, 1 / 3
    ratios = []
    for seed in range(200, 208):
        parameters = STATISTICAL.changed(precision=0.0025, patch_size=32)
        found = measure(ArrayFrames(noise(16, seed=seed)), parameters).correlation
        assert found is not None
        middle = found.lags.reach
        miss = found.lags.rho[middle, middle : middle + 5] - truth
        ratios.append(miss[1:] / found.lags.standard_error[middle, middle + 1 : middle + 5])
    assert np.sqrt(np.mean(np.square(ratios))) < 1.8


def test_a_cancelled_statistical_one_stops(frames: ArrayFrames) -> None:
    begun: list[int] = []
    with pytest.raises(Cancelled):
        measure(
            frames,
            STATISTICAL.changed(precision=1e-9),
            on_estimate=lambda *_: begun.append(1),
            task=Task(cancelled=lambda: bool(begun)),
        )
    assert begun == [1]

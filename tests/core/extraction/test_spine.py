"""The spine method: what its description asks, in worked cases, and its measurement."""

from __future__ import annotations

import numpy as np
import pytest

from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.extraction.extraction import extract_array, select
from structmask_gui.core.extraction.spine import direction_of, select_spine, z_scores
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.parameters.rules import (
    changed_together,
    defaults_of,
    sources_of,
    unavailable_sources,
    why_without_effect,
)
from structmask_gui.core.progress import Cancelled, Task
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames, Recording, Region

SPINE = defaults_of("spine")


def plane(values: dict[tuple[int, int], float], noise: float = 0.001) -> np.ndarray:
    """Return a symmetric autocorrelation of 21 x 21 with these lags over a little noise."""
    rng = np.random.default_rng(4)
    rho = noise * rng.normal(size=(21, 21))
    rho = (rho + rho[::-1, ::-1]) / 2
    for (dy, dx), value in values.items():
        rho[10 + dy, 10 + dx] += value
        rho[10 - dy, 10 - dx] += value
    rho[10, 10] = 1
    return rho


def lags(mask: np.ndarray) -> set[tuple[int, int]]:
    """Return one lag of each pair, the centre aside."""
    found = np.argwhere(mask) - np.array(mask.shape) // 2
    return {(dy, dx) for dy, dx in found.tolist() if (dy, dx) > (0, 0)}


# --- six worked cases of the description ----------------------------------------------------------


def test_a_ridge_becomes_a_line_of_one_pixel():
    """A row whose neighbours are correlated too, but less: one line, not a filled region."""
    ridge = {(0, k): 0.5 - 0.06 * k for k in range(1, 7)}
    shoulder = {(s, k): 0.1 for k in range(1, 7) for s in (1, -1)}
    found = select_spine(plane({**ridge, **shoulder}), SPINE)
    assert {(1, k) for k in range(2, 6)} <= lags(found.significant)
    assert lags(found.mask) == set(ridge)


def test_both_signs_are_significant():
    """Negative correlation is as good a reason as positive."""
    values = {(0, 1): -0.4, (0, 2): 0.15, (0, 3): -0.1}
    assert lags(select_spine(plane(values), SPINE).mask) == set(values)


def test_an_echo_is_joined_by_a_ray_of_which_only_correlated_pixels_are_left():
    echo = plane({(4, 5): -0.3})
    assert lags(select_spine(echo, SPINE.changed(rho_min=0)).kept) > {(4, 5)}
    assert lags(select_spine(echo, SPINE).mask) == {(4, 5)}


def test_an_echo_that_lies_between_whole_radii_has_a_direction_too():
    """At (4, 5), 6.4 pixels away, it counts as much as one at 6 or 7 pixels."""
    strengths = [direction_of(plane({lag: 0.2})) for lag in ((0, 6), (4, 5), (0, 7))]
    assert min(strengths) > 0.8 * max(strengths)
    assert lags(select_spine(plane({(4, 5): 0.14}), SPINE).mask) == {(4, 5)}


def test_the_arms_of_a_cross_are_lines_of_their_own():
    arms = {(0, k): 0.4 for k in range(1, 5)} | {(k, 0): 0.4 for k in range(1, 5)}
    assert lags(select_spine(plane(arms), SPINE).mask) == set(arms)


def test_noise_without_a_direction_is_left_to_plain_n2v():
    dy, dx = np.mgrid[-10:11, -10:11]
    round_noise = plane({}) + 0.6 * np.exp(-(dy**2 + dx**2) / 8)
    round_noise[10, 10] = 1
    found = select_spine(round_noise, SPINE)
    assert found.direction < 0.012
    assert not found.directed
    assert lags(found.mask) == set()
    assert direction_of(plane({})) <= 0.0021  # white noise, as the description has it
    # Without the router its spine would be kept.
    assert not lags(select_spine(plane({(0, 1): 0.3}), SPINE).mask)
    assert lags(select_spine(plane({(0, 1): 0.3}), SPINE.changed(least_direction=0)).mask) == {
        (0, 1)
    }


def test_certain_but_small_correlations_drop_out_and_so_do_large_but_uncertain_ones():
    row = {(0, 1): 0.3, (0, 2): 0.2, (0, 3): 0.1, (0, 4): 0.04}
    assert lags(select_spine(plane(row), SPINE).mask) == {(0, 1), (0, 2), (0, 3)}
    assert lags(select_spine(plane(row), SPINE.changed(rho_min=0.02)).mask) == set(row)
    loud = plane(row, noise=0.03)
    assert np.abs(z_scores(loud)[10, 13]) < 8
    assert (0, 3) not in lags(select_spine(loud, SPINE).mask)


# --- the rest of the selection --------------------------------------------------------------------


def test_the_budget_takes_the_weakest_pairs_and_keeps_the_mask_together():
    row = {(0, k): v for k, v in enumerate((0.1, 0.2, 0.3, 0.15), start=1)}
    for limit, kept in ((7, {1, 2, 3}), (5, {1, 2}), (4, {1}), (1, set())):
        found = select_spine(plane(row), SPINE.changed(max_pixels=limit))
        assert lags(found.mask) == {(0, k) for k in kept}
        assert found.mask.sum() <= limit
    gaps = {(0, 4): 0.1, (0, 8): 0.3}
    found = select_spine(plane(gaps), SPINE.changed(max_pixels=3))
    assert lags(found.mask) == {(0, 8)}


@pytest.mark.parametrize("seed", range(5))
def test_every_mask_is_symmetric_and_has_its_centre(seed):
    rng = np.random.default_rng(seed)
    rho = rng.normal(scale=0.2, size=(21, 21))
    rho = (rho + rho[::-1, ::-1]) / 2
    rho[10, 10] = 1
    mask = select_spine(rho, SPINE.changed(spine_z=1, max_pixels=int(rng.integers(1, 60)))).mask
    assert np.array_equal(mask, mask[::-1, ::-1])
    assert mask[10, 10]


def test_a_plane_without_noise_and_a_small_one_have_no_lines():
    flat = np.zeros((21, 21))
    flat[10, 10] = 1
    assert select_spine(flat, SPINE).mask.sum() == 1
    assert select_spine(plane({(0, 1): 0.5})[8:13, 8:13], SPINE).mask[2, 2]


# --- the measurement ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["white", "row 7", "column fading", "diagonal", "negative"])
def test_pure_noise_gives_its_true_lags(name):
    model = NoiseModel(kernels()[name], 0.5)
    frames = simulate(model, (64, 64), n_frames=40, seed=3)
    extraction = extract_array(frames, SPINE)
    truth, mask = lags(model.true_mask(10)), lags(extraction.mask.array)
    assert len(truth ^ mask) <= 2
    assert "background tile" in extraction.sentence
    assert extraction.rings is None
    assert any("Dmax" in note for note in extraction.notes)


def half_structure(seed: int = 0) -> np.ndarray:
    """Return rows of noise, in the left half over many cells, drawn anew in each frame."""
    model = NoiseModel(kernels()["row 5"], 0.3)
    frames = simulate(model, (192, 384), n_frames=4, seed=seed)
    for number, frame in enumerate(frames):
        frame[:, :192] += 30 * cells((192, 192), seed=number, n_cells=60)
    return frames


def test_tiles_lie_in_the_flat_part_and_structure_stays_out():
    frames = half_structure()
    extraction = extract_array(frames, SPINE)
    places, size = extraction.measurement.sampling.places, extraction.measurement.sampling
    assert len(places) >= 4
    assert places[:, 2].min() >= 192 - 0.05 * size.patch_shape[1]
    assert lags(extraction.mask.array) == {(0, k) for k in range(1, 5)}


@pytest.mark.parametrize(("side", "left"), [("light", True), ("dark", False)])
def test_the_side_of_the_background_is_kept(side, left):
    frames = simulate(NoiseModel(kernels()["row 5"], 0.3), (128, 384), n_frames=3, seed=1)
    frames[:, :, :192] += 30
    measurement = measure(ArrayFrames(frames), SPINE.changed(background_side=side))
    lefts = measurement.sampling.places[:, 2]
    size = measurement.sampling.patch_shape[1]
    assert (lefts.max() + size <= 200) if left else (lefts.min() >= 184)
    assert not measurement.fits(SPINE)
    assert measurement.fits(SPINE.changed(background_side=side, spine_z=4, rho_min=0.2))


def test_the_roi_is_measured_and_places_are_those_of_the_frame():
    frames = half_structure()
    recording = Recording(ArrayFrames(frames), Region(32, 160, 224, 352))
    measurement = measure(recording, SPINE)
    places, side = measurement.sampling.places, measurement.sampling.patch_shape[0]
    assert places[:, 1].min() >= 32
    assert places[:, 1].max() + side <= 160
    assert places[:, 2].min() >= 224
    assert places[:, 2].max() + side <= 352


def test_constant_parts_and_what_is_no_number_are_no_background():
    frames = simulate(NoiseModel(kernels()["row 5"], 0.3), (128, 256), n_frames=6, seed=1)
    frames[:, :, :128] = 3
    frames[:, :20, 200:] = np.nan
    extraction = extract_array(frames, SPINE)
    places, side = extraction.measurement.sampling.places, extraction.measurement.sampling
    assert places[:, 2].min() >= 128 - side.patch_shape[1] // 2
    assert (0, 1) in lags(extraction.mask.array)


def test_a_large_frame_is_looked_at_in_pieces():
    frames = simulate(NoiseModel(kernels()["row 5"], 0.3), (128, 1500), seed=1)
    measurement = measure(ArrayFrames(frames), SPINE)
    assert measurement.sampling.places[:, 2].max() > 1024
    assert measurement.sampling.places[:, 2].max() + 64 <= 1500


def test_what_cannot_be_measured_says_why():
    noise = np.random.default_rng(0).normal(size=(3, 64, 64))
    with pytest.raises(ParameterError, match="source = difference does not work"):
        measure(ArrayFrames(noise), SPINE.changed(source="difference"))
    with pytest.raises(InputError, match="too small for the spine method"):
        measure(ArrayFrames(noise[:, :20]), SPINE)
    with pytest.raises(InputError, match="too little background"):
        measure(ArrayFrames(np.full((3, 64, 64), 7.0)), SPINE)
    with pytest.raises(Cancelled):
        measure(ArrayFrames(noise), SPINE, task=Task(cancelled=lambda: True))


def test_a_direction_without_a_lag_that_stands_out_says_so():
    frames = simulate(NoiseModel(kernels()["row 5"], 0.3), (64, 64), n_frames=20, seed=2)
    found = extract_array(frames, SPINE)
    assert found.notes[0].endswith("the noise has a direction.")
    bare = found.update(SPINE.changed(spine_z=1000))
    assert bare.mask.statistics.true_pixels == 1
    assert "but no lag stands out enough, so plain N2V" in bare.notes[0]


def test_larger_lags_and_later_stages_follow_the_parameters():
    frames = simulate(NoiseModel(kernels()["row fading"], 0.1), (64, 64), n_frames=30, seed=2)
    far = extract_array(frames, SPINE.changed(max_lag=15))
    assert far.square.shape == (31, 31)
    short = extract_array(frames, SPINE.changed(max_lag=3))
    assert short.touches_edge
    assert "search further out (max_lag)" in " ".join(short.notes)
    stricter = select(far.measurement, SPINE.changed(max_lag=15, rho_min=0.3))
    assert stricter.mask.statistics.true_pixels < far.mask.statistics.true_pixels


# --- rules of its parameters ----------------------------------------------------------------------


def test_the_method_takes_frames_and_no_parameters_of_the_others():
    assert sources_of("spine") == ("frames",)
    assert SPINE.source == "frames"
    automatic = defaults_of("statistical")
    assert changed_together(automatic, {"method": "spine"}).source == "frames"
    assert changed_together(SPINE, {"method": "statistical"}).source == "automatic"
    assert set(unavailable_sources(SPINE)) == set(sources_of("statistical")) - {"frames"}
    for name in ("center_size", "q", "patch_size", "precision", "mask_choice", "seed"):
        assert why_without_effect(name, SPINE)
    for name in ("spine_z", "background_side", "least_direction", "rho_min", "max_lag"):
        assert why_without_effect(name, SPINE) is None
        assert why_without_effect(name, defaults_of("ring"))

import numpy as np
import pytest

from structmask_gui.core.blindspot import Preview, weights
from structmask_gui.core.covariance import image_covariance
from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.core.frames import ArrayFrames
from structmask_gui.core.outcome import judge
from structmask_gui.core.simulation import NoiseModel, cells, kernels, row_offsets, simulate

SHAPE = (256, 256)


def denoised(frames, mask):
    kernel = weights(image_covariance(ArrayFrames(frames), 20).values, mask)
    return np.stack([Preview(frame).predict(kernel) for frame in frames])


@pytest.fixture(scope="module")
def rows():
    return simulate(
        NoiseModel(kernels()["row 7"], 0.3), SHAPE, n_frames=3, picture=cells(SHAPE), strength=1.5
    )


@pytest.mark.parametrize("source", ["difference", "flat"])
def test_a_bare_centre_copies_and_a_larger_mask_is_advised(rows, source):
    found = judge(ArrayFrames(rows), ArrayFrames(denoised(rows, None)), None, source=source)
    assert found.copied == pytest.approx(0.54, abs=0.04)
    assert found.expected == pytest.approx(0.54, abs=0.04)
    assert found.noise_left == pytest.approx(0.54, abs=0.06)
    assert found.advice == "larger"
    assert found.next_mask.shape == (1, 13)
    assert "13 pixels" in found.sentence
    # The stripes left over show along the row.
    assert found.output_correlation[10, 11] > 0.8
    assert abs(found.output_correlation[11, 10]) < 0.2


@pytest.mark.parametrize("source", ["difference", "flat"])
def test_the_true_mask_is_kept(rows, source):
    mask = np.ones((1, 13))
    found = judge(ArrayFrames(rows), ArrayFrames(denoised(rows, mask)), mask, source=source)
    assert found.advice == "keep"
    assert found.next_mask is None
    assert found.copied < (0.01 if source == "difference" else 0.1)
    assert found.noise_left < 0.15
    assert found.residual_correlation[10, 11] > 0.5


def test_lost_detail_is_measured_and_a_smaller_mask_advised(rows):
    mask = np.ones((15, 15))
    clean = cells(SHAPE)
    clean = (clean - clean.mean()) / clean.std() * 1.5
    output = np.repeat(np.full((1, *SHAPE), rows.mean()), 3, axis=0)
    found = judge(ArrayFrames(rows), ArrayFrames(output), mask)
    assert found.lost == pytest.approx(clean.var(), rel=0.02)
    assert found.advice == "smaller"
    assert found.next_mask.statistics.true_pixels < 225


def test_noise_over_the_whole_row_asks_for_the_offsets_first():
    frames = simulate(
        NoiseModel(row_offsets(), 0.8), SHAPE, n_frames=3, picture=cells(SHAPE), strength=1.0
    )
    found = judge(ArrayFrames(frames), ArrayFrames(denoised(frames, [[1, 1, 1]])), [[1, 1, 1]])
    assert found.advice == "offsets first"
    assert "row offsets first" in found.sentence


def test_an_output_that_copies_what_the_mask_hides_cannot_be_explained(rows):
    found = judge(ArrayFrames(rows), ArrayFrames(denoised(rows, None)), np.ones((1, 15)))
    assert found.advice == "cannot tell"
    assert "used this mask" in found.sentence


def test_stacks_that_do_not_fit_are_refused(rows):
    raw = ArrayFrames(rows, "raw.tif")
    with pytest.raises(InputError, match=r"out\.tif has 2 frames"):
        judge(raw, ArrayFrames(rows[:2], "out.tif"), None)
    with pytest.raises(InputError, match="grey levels"):
        judge(raw, ArrayFrames(rows * 10, "out.tif"), None)
    with pytest.raises(InputError, match="finite"):
        judge(raw, ArrayFrames(rows * np.nan, "out.tif"), None)
    with pytest.raises(Cancelled):
        judge(raw, ArrayFrames(rows), None, cancelled=lambda: True)

import numpy as np
import pytest

from structmask_gui.core.denoising.features import REACH, Features
from structmask_gui.core.denoising.folds import Folds
from structmask_gui.core.errors import InputError

ROW = np.ones((1, 13), dtype=bool)
SIDE = 2 * REACH + 1


def features(mask):
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(SIDE, SIDE)) / SIDE
    inside = np.zeros((SIDE, SIDE), dtype=bool)
    y, x = mask.shape[0] // 2, mask.shape[1] // 2
    inside[REACH - y : REACH + y + 1, REACH - x : REACH + x + 1] = mask
    kernel[inside] = 0
    return Features(mask, kernel)


@pytest.mark.parametrize("mask", [ROW, ROW.T, np.eye(9, dtype=bool), np.ones((1, 1), dtype=bool)])
def test_nothing_that_the_mask_hides_enters_any_feature(mask):
    made = features(mask)
    block = np.random.default_rng(1).normal(size=(SIDE + 4, SIDE + 6)).astype(np.float32)
    before = made.of(block)
    half = mask.shape[0] // 2, mask.shape[1] // 2
    # The pixel at (2, 3) of the inner part, and all that is hidden from it.
    for dy, dx in np.argwhere(mask) - half:
        block[2 + REACH + dy, 3 + REACH + dx] += 100
    after = made.of(block)
    assert np.abs(after[:, 2, 3] - before[:, 2, 3]).max() < 2e-3
    assert np.abs(after[:, 2, 4] - before[:, 2, 4]).max() > 1


def test_every_visible_neighbour_that_is_near_enters():
    made = features(np.ones((1, 1), dtype=bool))
    block = np.zeros((SIDE, SIDE), np.float32)
    before = made.of(block)
    for dy, dx in [(0, 1), (1, 0), (-1, -1), (2, 0)]:
        changed = block.copy()
        changed[REACH + dy, REACH + dx] = 1
        assert np.abs(made.of(changed) - before).max() > 0.1


@pytest.mark.parametrize("n_frames", [1, 3])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("mask", [ROW, ROW.T, np.ones((21, 5), dtype=bool)])
def test_no_pixel_is_predicted_by_what_was_fitted_to_noise_that_it_shares(n_frames, shared, mask):
    folds = Folds(n_frames, (260, 200), mask, shared=shared)
    half = mask.shape[folds.axis] // 2
    for model in (0, 1):
        fitted = {}
        for block in folds.blocks(model):
            start, stop = (block.y0, block.y1) if folds.axis == 0 else (block.x0, block.x1)
            fitted.setdefault(block.frame, set()).update(range(start, stop))
        for frame in range(n_frames):
            shares = folds.shares(frame)
            used = np.flatnonzero(shares > 0 if model else shares < 1)
            near = fitted.get(frame, set())
            if shared:
                near = set.union(*fitted.values())
            for at in used:
                assert not near & set(range(at - half, at + half + 1))


def test_stripes_lead_over_into_each_other():
    shares = Folds(1, (512, 128), ROW).shares(0)
    assert shares.min() == 0
    assert shares.max() == 1
    assert np.abs(np.diff(shares)).max() < 0.06


def test_too_few_pixels_are_refused_with_what_is_needed():
    folds = Folds(1, (64, 64), ROW)
    with pytest.raises(InputError, match=r"\d+ in each half, and 3000 are needed; give more"):
        folds.blocks(0)
    assert Folds(2, (56, 56), ROW).blocks(0)
    with pytest.raises(InputError, match="frames of 89 x 89 pixels"):
        Folds(1, (86, 86), ROW).blocks(0)
    assert Folds(1, (89, 89), ROW).blocks(0)
    assert Folds(1, (89, 89), ROW).blocks(1)

"""Fill around a field that was turned, shifted or is round."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, rotate

from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.errors import Cancelled
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import Task
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack import fill as fill_module
from structmask_gui.core.stack.fill import clear_part, filled_part, put_back, without_fill
from structmask_gui.core.stack.frames import ArrayFrames

SHAPE = (160, 160)
Y, X = np.mgrid[-80:80, -80:80] + 0.5
FILLS = {
    "two columns": X < -78,
    "a third": X < -26,
    "all round": (abs(X) > 73) | (abs(Y) > 73),
    "round field": np.hypot(X, Y) > 76,
    "turned": rotate(np.ones(SHAPE), 20, reshape=False, order=0) < 0.5,
    "a missing tile": (abs(X) < 25) & (abs(Y + 20) < 25),
    "a masked background": np.sin(X / 12) + np.sin(Y / 17 + 1) < -0.3,
}


def noisy(kernel="isotropic", n=6):
    model = NoiseModel(kernels()[kernel], 0.3)
    made = simulate(model, SHAPE, n_frames=n, picture=cells(SHAPE), strength=1.5, seed=3)
    return (500 + 25 * made).astype(np.float32)


@pytest.mark.parametrize("value", [0, np.nan])
@pytest.mark.parametrize("where", FILLS.values(), ids=FILLS)
def test_fill_does_not_change_the_mask(where, value):
    asked = Parameters(method="statistical", source="automatic", mask_choice="recommended")
    frames = noisy()
    expected = extract_recording(frames, asked).mask.cropped()
    assert expected == Mask(np.ones((5, 5), dtype=bool))
    frames[:, where] = value
    found = extract_recording(frames, asked)
    assert found.mask.cropped() == expected
    assert found.basis is not None
    # The edge of the field is no pattern.
    assert answer(found).certainty == "likely"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.int32, np.float64])
def test_fill_is_not_a_number(dtype):
    frames = np.random.default_rng(0).integers(20, 200, (4, 90, 110)).astype(dtype)
    frames[:, :, :30] = 7
    made = without_fill(ArrayFrames(frames))
    read = made.read(2, 10, 20)
    assert np.isnan(read[:, :30]).all()
    np.testing.assert_array_equal(read[:, 30:], frames[2, 10:20, 30:])
    assert clear_part(made) == (0, 90, 30, 110)
    assert without_fill(made) is made


@pytest.mark.parametrize(
    ("dtype", "mark"), [(np.float32, -3.4e38), (np.float64, -1.797e308), (np.float32, 9.97e36)]
)
def test_marks_of_missing_pixels_are_not_numbers(dtype, mark):
    asked = Parameters(method="statistical", source="automatic", mask_choice="recommended")
    frames = noisy("row 5").astype(dtype)
    expected = extract_recording(frames, asked)
    frames[:, 30, 40] = mark
    found = extract_recording(frames, asked)
    assert found.mask == expected.mask
    error = expected.recommendation.chosen.error
    assert found.recommendation.chosen.error == pytest.approx(error, rel=0.2)
    linear = next(iter((made := Denoiser(ArrayFrames(frames), found.mask)).stages()))
    assert linear.name == "linear"
    assert np.isfinite(made.predict(0)).mean() > 0.99


def test_few_photons_beside_a_bright_cell_are_no_fill():
    rng = np.random.default_rng(0)
    cell = 30 * np.exp(-((Y / 12) ** 2 + (X / 12) ** 2))
    for rate in (0.0005, 0.005):
        frames = ArrayFrames(rng.poisson(cell + rate, (3, *SHAPE)).astype(np.uint16))
        assert filled_part(without_fill(frames)) is None


def test_fill_between_cells_that_lie_close_to_each_other():
    frames = np.random.default_rng(0).integers(20, 200, (3, *SHAPE)).astype(np.uint16)
    fill = (np.indices(SHAPE) % 25 < 5).any(axis=0)
    fill[50:75, 50:75] = True
    frames[:, fill] = 0
    np.testing.assert_array_equal(np.isnan(without_fill(ArrayFrames(frames)).read(1)), fill)


def test_marks_in_an_area_are_put_back():
    frames = np.random.default_rng(0).normal(100, 5, (3, *SHAPE)).astype(np.float32)
    frames[:, :40] = -3.4e38
    made = without_fill(ArrayFrames(frames), own=True)
    assert np.isnan(made.read(0)[:40]).all()
    part = np.zeros((60, 50), np.float32)
    put_back(made, 0, part, 10, 20)
    np.testing.assert_array_equal(part[:30], np.float32(-3.4e38))
    np.testing.assert_array_equal(part[30:], 0)


def test_fill_is_sought_once_and_can_be_cancelled():
    frames = ArrayFrames(np.random.default_rng(0).integers(20, 200, (3, *SHAPE)))
    with pytest.raises(Cancelled):
        without_fill(frames, Task(cancelled=lambda: True))
    assert filled_part(without_fill(frames)) is None
    # Known by now.
    assert filled_part(without_fill(frames, Task(cancelled=lambda: True))) is None


def test_what_is_nearly_all_fill_is_measured_as_image_and_said():
    frames = np.zeros((1, *SHAPE), np.float32)
    frames[:, 50:102, 50:102] = np.random.default_rng(0).normal(100, 5, (1, 52, 52))
    asked = Parameters(method="statistical", source="automatic", mask_choice="recommended")
    found = extract_recording(frames, asked)
    assert any("crop them to the image" in text for text in found.measurement.correlation.warnings)


def test_fill_of_large_frames_is_sought_in_some_of_the_pixels(monkeypatch):
    frames = np.random.default_rng(0).integers(20, 200, (3, 190, 210)).astype(np.uint16)
    frames[:, :, :61] = 7
    frames[:, 100:151, 100:151] = 3
    fill = frames < 20
    monkeypatch.setattr(fill_module, "_ENOUGH", 5000)
    monkeypatch.setattr(fill_module, "_AT_ONCE", 2000)
    own = np.isnan(without_fill(ArrayFrames(frames), own=True).read(1))
    np.testing.assert_array_equal(own, fill[1])
    found = np.isnan(without_fill(ArrayFrames(frames)).read(1))
    assert (found | ~fill[1]).all()
    # A few pixels more, where the edge lies between those looked at.
    assert found.sum() < 1.2 * fill[1].sum()


LETTERS = np.array(
    [
        [cell == "#" for cell in row]
        for row in (
            ".###..####..#...#..##.",
            "#...#.#...#.#...#.#..#",
            "#.....#...#.#...#....#",
            "#.....####..#####...#.",
            "#.....#...#.#...#..#..",
            "#...#.#...#.#...#.#...",
            ".###..#...#.#...#.####",
        )
    ]
)


def written(frames, how):
    """Write on frames and return where no image is left, or may be smoothed by writing."""
    height, width = frames.shape[1:]
    where = np.zeros((height, width), dtype=bool)
    ink = np.zeros((height, width), dtype=bool)
    if how == "a bar":
        where[-20:] = True
        for x in range(4, width - 26, 24):
            ink[-14:-7, x : x + 22] = LETTERS
        frames[:, where] = 0
    elif how == "a box":
        where[3:16, 5:40] = True
        ink[6:13, 8:30] = LETTERS
        frames[:, where] = 0
    elif how == "on the image":
        ink[6:13, 8:30] = LETTERS
        where[4:15, 6:32] = True
    else:
        ink[-12:-6, 40:90] = where[-12:-6, 40:90] = True
    frames[:, ink] = 255
    return where


@pytest.mark.parametrize("how", ["a bar", "a box", "on the image", "a scale bar"])
def test_writing_is_no_image(how):
    frames = np.random.default_rng(0).normal(120, 20, (3, 90, 110)).clip(20, 254).astype(np.uint8)
    where = written(frames, how)
    np.testing.assert_array_equal(np.isnan(without_fill(ArrayFrames(frames)).read(1)), where)
    # And nothing is made of it, whatever its grey levels: smoothed letters have all.
    frames[1, 8, 12] = 124
    own = without_fill(ArrayFrames(frames), own=True)
    np.testing.assert_array_equal(np.isnan(own.read(1)), where)
    made = np.zeros((90, 110), np.float32)
    put_back(own, 1, made, 0)
    np.testing.assert_array_equal(made[where], frames[1][where])


def test_a_label_on_some_frames_leaves_the_others_to_be_denoised():
    frames = np.random.default_rng(0).normal(120, 20, (6, 90, 110)).clip(20, 254).astype(np.uint8)
    where = written(frames[:1], "on the image")
    np.testing.assert_array_equal(np.isnan(without_fill(ArrayFrames(frames)).read(3)), where)
    own = without_fill(ArrayFrames(frames), own=True)
    assert not np.isnan(own.read(3)).any()


def test_fill_in_the_strip_that_patches_leave_spoils_no_spectrum():
    model = NoiseModel(kernels()["row 7"], 0.3)
    shape = (500, 256)
    texture = gaussian_filter(np.random.default_rng(0).normal(size=shape), 6)
    made = simulate(model, shape, n_frames=1, picture=texture, strength=2, seed=3)
    frame = (500 + 25 * made).astype(np.float32)
    frame[:, 448:] = 0
    settings = Parameters(method="statistical", source="automatic")
    fit = extract_recording(frame, settings).measurement.correlation.evidence.fit
    assert fit is not None
    assert np.isfinite(fit.excess)


def test_each_frame_may_have_its_own():
    frames = np.random.default_rng(0).integers(20, 200, (5, 90, 110))
    for number in range(1, 5):
        frames[number, : 2 * number] = 0
    made = without_fill(ArrayFrames(frames))
    assert np.isnan(made.read(0)).all(axis=1).sum() == 8
    assert clear_part(made) == (8, 90, 0, 110)


def test_what_is_no_fill_stays(monkeypatch):
    rng = np.random.default_rng(0)
    stacks = {
        "noise": rng.integers(20, 200, (3, 90, 110)),
        "few counts": rng.poisson(0.005, (3, 200, 200)),
        "a dark border, as elsewhere": np.maximum(rng.normal(size=(3, 90, 110)) - 0.5, 0),
        "constant": np.full((3, 90, 110), 4),
        "a saturated cell": rng.integers(20, 200, (3, 90, 110)),
    }
    y, x = np.mgrid[:90, :110]
    stacks["a saturated cell"][:, np.hypot(y, x - 55) < 14] = 255
    # Spots of one size in a grid are no letters.
    stacks["saturated spots"] = rng.integers(20, 200, (3, 90, 110))
    stacks["saturated spots"][:, (y % 18 < 6) & (x % 18 < 6) & ((y + x) % 18 > 0)] = 255
    stacks["a dark border, as elsewhere"][:, :20] = 0
    noise = rng.integers(20, 200, (3, 90, 110))
    for value in (0, 255):
        columns = stacks[f"columns of {value}"] = noise.copy()
        columns[:, :, [20, 40, 60, 80, 95]] = value
    stripes = stacks["stripes of a kymograph"] = noise.copy()
    stripes[:, :, (x[0] % 25) < 3] = 255
    defects = stacks["columns that begin within the frame"] = noise.copy()
    defects[:, 20:75, ::24] = 0
    dense = stacks["dense spots"] = noise.copy()
    dense[:, (y % 9 < 6) & (x % 9 < 6) & ((y % 9) + (x % 9) > 0)] = 255
    nuclei = stacks["dim objects alone"] = np.zeros((3, 90, 110), int)
    disc = np.hypot(y % 30 - 15, x % 30 - 15) < 9
    nuclei[:, disc] = rng.poisson(2, (3, int(disc.sum()))) + 1
    dim = stacks["a dim part"] = noise.copy()
    dim[:, 65:] = rng.random((3, 25, 110)) < 0.01
    for name, stack in stacks.items():
        frames = ArrayFrames(stack)
        if name == "dim objects alone":
            # What is masked is fill, the objects are not.
            found = np.isnan(without_fill(frames).read(0))
            assert not found[disc].any(), name
            continue
        assert filled_part(without_fill(frames)) is None, name
        assert clear_part(frames) is None
    stacks["noise"][:, :20] = 0
    assert filled_part(without_fill(ArrayFrames(stacks["noise"]))) is not None
    monkeypatch.setattr(fill_module, "_LARGEST", 1000)
    frames = ArrayFrames(stacks["noise"])
    assert filled_part(without_fill(frames)) is None

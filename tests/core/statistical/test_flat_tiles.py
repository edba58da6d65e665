"""Where a picture is flat."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core.simulation import NoiseModel, kernels
from structmask_gui.core.statistical.flat_tiles import find_flat_tiles, together
from structmask_gui.core.statistical.structure import uneven
from structmask_gui.core.statistical.tiles import TileStatistics

SIDE = 32


def tiles_of(frames):
    count, height, width = frames.shape
    rows, columns = height // SIDE, width // SIDE
    tiles = frames.reshape(count, rows, SIDE, columns, SIDE).swapaxes(2, 3).reshape(-1, SIDE, SIDE)
    frame, y, x = np.unravel_index(np.arange(len(tiles)), (count, rows, columns))
    statistics = TileStatistics(SIDE)
    statistics.append(statistics.power_of(tiles.astype(np.float32)))
    return statistics, np.stack([frame, SIDE * y, SIDE * x], axis=1)


def noise(name, seed=0):
    return NoiseModel(kernels()[name], 0.3).draw(np.random.default_rng(seed), 6, (256, 256))


def test_tiles_are_sought_where_the_picture_is_flat():
    texture = gaussian_filter(np.random.default_rng(1).normal(size=(6, 256, 256)), (0, 2, 2))
    texture *= 1 / texture.std()
    texture[:, :, :128] = 0
    statistics, places = tiles_of(noise("isotropic") + texture)
    flat = find_flat_tiles(statistics, places)
    assert flat.chosen.sum() >= 80
    assert flat.steps >= 4
    assert (places[flat.chosen, 2] < 128).mean() > 0.95


def test_the_choice_does_not_favour_quiet_noise():
    statistics, places = tiles_of(noise("isotropic", 3))
    flat = find_flat_tiles(statistics, places)
    # Without a picture the flat tiles are as loud as all of them.
    assert abs(flat.energy / statistics.energy.mean() - 1) < 0.05


def test_a_faint_texture_everywhere_shows_no_flat_part():
    # Its strength follows the place, as that of leaves and stones does.
    random = np.random.default_rng(2)
    texture = gaussian_filter(random.normal(size=(6, 256, 256)), (0, 2, 2))
    strength = np.exp(gaussian_filter(random.normal(size=(6, 256, 256)), (0, 25, 25)) * 40)
    picture = texture * strength
    statistics, places = tiles_of(noise("white") + picture / picture.std())
    flat = find_flat_tiles(statistics, places)
    assert flat.chosen.sum() < 160


def test_tiles_without_neighbours_or_noise():
    statistics, places = tiles_of(np.zeros((2, 64, 64)))
    assert not find_flat_tiles(statistics, places).chosen.any()
    statistics, places = tiles_of(noise("white")[:, :SIDE, :SIDE])
    assert find_flat_tiles(statistics, places).steps == 0


def test_skewness_tells_a_texture_from_noise():
    for name in ("white", "isotropic", "long-tailed"):
        value, error = tiles_of(noise(name))[0].skewness()
        assert abs(value) < 4 * error
        assert abs(value) < 0.05
    random = np.random.default_rng(3)
    # Grains everywhere: no tile is unlike the others, but bright is not as dark.
    grains = gaussian_filter((random.random((6, 256, 256)) < 0.06).astype(float), (0, 1.6, 1.6))
    statistics, _ = tiles_of(noise("isotropic") + (grains - grains.mean()) / grains.std())
    value, error = statistics.skewness()
    assert value > 0.1
    assert value > 10 * error
    # Of one tile nothing is known, and of no power either.
    assert tiles_of(noise("white")[:1, :SIDE, :SIDE])[0].skewness() == (0.0, np.inf)
    assert tiles_of(np.zeros((2, 64, 64)))[0].skewness() == (0.0, 0.0)


@pytest.mark.parametrize("name", ["white", "row 7", "isotropic", "lobed"])
def test_band_excess_is_one_for_noise_of_this_covariance(name):
    model = NoiseModel(kernels()[name], 0.3)
    statistics, _ = tiles_of(model.draw(np.random.default_rng(0), 20, (256, 256)))
    every = np.ones(len(statistics.energy), dtype=bool)
    # The lowest band loses what is taken off with the mean.
    assert statistics.band_excess(every, model.correlation(14))[1:] == pytest.approx(1, abs=0.06)
    if name != "white":
        assert statistics.band_excess(every, np.ones((1, 1))).max() > 1.5


def test_loud_tiles_of_a_picture_lie_together_and_those_of_noise_do_not():
    apart = [together(statistics, places) for statistics, places in map(tiles_of, several())]
    assert np.abs(np.mean(apart)) < 1
    assert max(apart) < 3
    half = noise("isotropic")
    half[:, :, :128] *= 1.3
    statistics, places = tiles_of(half)
    assert together(statistics, places) > 5
    # Patches taken by chance, far apart, have no neighbours.
    statistics, places = tiles_of(noise("isotropic"))
    places[:, 1:] *= 3
    assert together(statistics, places) == np.inf


def several():
    return (noise("isotropic", seed) for seed in range(6))


@pytest.mark.parametrize("mean", [0.05, 0.2, 1.0])
@pytest.mark.parametrize("steps", [2, 3])
def test_counts_of_photons_are_alike_everywhere(steps, mean):
    """Their power spreads more than that of Gaussian noise, alike in all bands."""
    counts = np.random.default_rng(3).poisson(mean / steps, (400, 32, 35)).astype(np.float32)
    statistics = TileStatistics(32)
    statistics.append(statistics.power_of(sum(counts[:, :, k : k + 32] for k in range(steps))))
    ratio, error = statistics.unevenness()
    assert not uneven(ratio, error)
    assert ratio[:5].mean() == pytest.approx(1, abs=0.25)


def test_a_picture_is_uneven_beside_noise_that_follows_its_brightness():
    random = np.random.default_rng(4)
    brightness = np.repeat([1.0, 4.0, 9.0, 25.0], 100)[:, None, None]
    slopes = random.normal(size=(400, 1, 1)) * np.linspace(-1, 1, 32) ** 3
    noise = random.normal(size=(400, 32, 32))
    for share, found in ((0.0, False), (1.5, True)):
        statistics = TileStatistics(32)
        tiles = (np.sqrt(brightness) * (noise + share * slopes)).astype(np.float32)
        statistics.append(statistics.power_of(tiles))
        assert uneven(*statistics.unevenness()) == found

"""`structmask quality MASK FILE --denoised DENOISED`."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from structmask_gui.core.denoised.evaluate import evaluate
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.quality.assessment import basis
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.io.results.masks import load_mask, save_npy


@pytest.fixture
def bare(tmp_path):
    path = tmp_path / "bare.npy"
    save_npy(Mask(np.ones((1, 1), dtype=bool)), path)
    return path


@pytest.fixture
def output(noisy, tmp_path):
    """Return what a network that copies much of the noise gives back."""
    raw = tifffile.imread(noisy).astype(np.float32)
    path = tmp_path / "out.tif"
    tifffile.imwrite(path, raw.mean() + 0.5 * (raw - raw.mean()), photometric="minisblack")
    return path


@pytest.mark.slow
def test_the_answer_is_the_engines_and_its_mask_can_be_tried(
    structmask, noisy, bare, output, tmp_path
):
    answer = structmask("quality", bare, noisy, "--denoised", output, "--json")
    assert answer.code == 0
    told = answer.json["denoised"]
    raw, denoised = (ArrayFrames(tifffile.imread(path)) for path in (noisy, output))
    expected = evaluate(raw, denoised, None, measured=basis(raw))
    assert told["sentence"] == expected.sentence
    assert told["advice"] == "larger"
    assert told["noise_repeated"] == pytest.approx(expected.copied)
    assert told["noise_repeated_linear"] == answer.json["still_copied"]
    assert told["noise_left"] == pytest.approx(expected.noise_left)
    assert told["detail_lost"] == pytest.approx(expected.lost, abs=1e-9)
    assert told["file"] == str(output)
    following = tmp_path / "next.json"
    following.write_text(str(told["next_mask"]))
    assert load_mask(following) == expected.next_mask
    assert structmask("quality", following, noisy).code == 0


def test_in_words(structmask, noisy, bare, output):
    before = structmask("quality", bare, noisy).out
    words = structmask("quality", bare, noisy, "--denoised", output)
    told = structmask("quality", bare, noisy, "--denoised", output, "--json").json["denoised"]
    assert words.code == 0
    assert words.out.endswith(before)
    first = words.out.removesuffix(before).splitlines()
    assert first[0] == f"out.tif, as the output for rows.ome.tif: {told['sentence']}"
    assert first[1].startswith(
        f"    Pattern still in your result: {100 * told['noise_repeated']:.0f} %. "
    )
    assert first[-1] == "    Noise measured in frame differences."


def test_without_it_nothing_is_judged(structmask, noisy, bare):
    assert "denoised" not in structmask("quality", bare, noisy, "--json").json


def test_refusals(structmask, noisy, bare, output, tmp_path):
    def refused(path):
        answer = structmask("quality", bare, noisy, "--denoised", path, "--json")
        assert answer.code == 2
        assert answer.out == ""
        (line,) = answer.err.splitlines()
        assert line.startswith(f"error: {path.name}")
        return line

    values = tifffile.imread(output)
    path = tmp_path / "norm.tif"
    tifffile.imwrite(path, (values - values.mean()) / values.std(), photometric="minisblack")
    assert "is not in the grey levels of rows.ome.tif" in refused(path)
    tifffile.imwrite(path, values[:1])
    assert "has 1 frame of 128 x 128 pixels" in refused(path)
    assert "this is the raw stack" in refused(noisy)
    path.write_bytes(b"")
    assert "is empty" in refused(path)
    refused(tmp_path / "none.tif")


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [(), ("--frames", "0:2"), ("--region", "0:100,0:128")])
def test_all_frames_of_the_raw_file_are_compared(structmask, noisy, bare, output, chosen):
    options = ("--denoised", output, "--json", *chosen)
    told = structmask("quality", bare, noisy, *options).json["denoised"]
    whole = structmask("quality", bare, noisy, "--denoised", output, "--json").json["denoised"]
    assert told["noise_repeated"] == pytest.approx(whole["noise_repeated"])


@pytest.mark.slow
def test_the_output_may_be_of_the_chosen_frames_alone(structmask, noisy, bare, output, tmp_path):
    path = tmp_path / "two.tif"
    tifffile.imwrite(path, tifffile.imread(output)[1:], photometric="minisblack")
    assert structmask("quality", bare, noisy, "--denoised", path).code == 2
    options = ("--frames", "1:3", "--json")
    told = structmask("quality", bare, noisy, "--denoised", path, *options).json["denoised"]
    assert told["noise_repeated"] == pytest.approx(0.5, abs=0.01)


@pytest.mark.slow
def test_pages_taken_for_frames_are_said(structmask, noisy, bare, output, tmp_path):
    path = tmp_path / "channels.tif"
    tifffile.imwrite(path, tifffile.imread(output), imagej=True, metadata={"axes": "CYX"})
    words = structmask("quality", bare, noisy, "--denoised", path).out
    assert "channels.tif names its dimensions CYX" in words
    told = structmask("quality", bare, noisy, "--denoised", path, "--json").json["denoised"]
    assert told["assumed"] in words


def test_a_doubted_result_says_so_first(structmask, bare, tmp_path):
    rng = np.random.default_rng(2)
    blobs = gaussian_filter(rng.normal(size=(200, 200)), 3)
    blobs *= gaussian_filter(rng.normal(size=(200, 200)), 15)
    model = NoiseModel(kernels()["block 3"], 0.1, 10.0)
    frame = 1000 + simulate(model, blobs.shape, picture=blobs, strength=3, seed=1)[0]
    raw, path = tmp_path / "blobs.tif", tmp_path / "out.tif"
    tifffile.imwrite(raw, frame.astype(np.float32))
    tifffile.imwrite(path, gaussian_filter(frame, 1).astype(np.float32))
    told = structmask("quality", bare, raw, "--denoised", path, "--json").json["denoised"]
    assert told["sentence"].startswith(
        "No fault was found in order, place, contrast and brightness"
    )
    assert not told["noise_told_from_picture"]
    assert told["next_mask"] is None


@pytest.mark.slow
def test_frames_in_another_order_are_told_and_taken_when_their_order_is_given(
    structmask, bare, tmp_path
):
    clean = np.stack([np.roll(100 * cells((128, 128)), 4 * i, axis=0) for i in range(3)])
    noise = simulate(NoiseModel(kernels()["white"], 1.0, 10.0), (128, 128), n_frames=3, seed=3)
    raw, path = tmp_path / "moving.tif", tmp_path / "out.tif"
    tifffile.imwrite(raw, (500 + clean + noise).astype(np.float32), photometric="minisblack")
    output = 500 + clean[::-1]
    tifffile.imwrite(path, output.astype(np.float32), photometric="minisblack")
    command = ("quality", bare, raw, "--denoised", path, "--json")
    told = structmask(*command).json["denoised"]
    assert told["fault"] == "order"
    for order in ("reversed", "3,2,1"):
        told = structmask(*command, "--denoised-order", order).json["denoised"]
        assert told["fault"] is None
    refused = structmask(*command, "--denoised-order", "1,2")
    assert refused.code == 2
    assert "'1,2' is no order of 3 frames" in refused.err


def test_the_axes_of_the_denoised_file_may_be_its_order(structmask, noisy, bare, output, tmp_path):
    values = np.moveaxis(tifffile.imread(output), 0, -1)
    path = tmp_path / "yxt.npy"
    np.save(path, values)
    command = ("quality", bare, noisy, "--denoised", path, "--json")
    told = structmask(*command, "--denoised-order", "YXT").json["denoised"]
    assert told["noise_repeated"] == pytest.approx(0.5, abs=0.01)

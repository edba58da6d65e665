from __future__ import annotations

import numpy as np
import pytest
import tifffile

from structmask_gui.core.denoised.compatibility import check_fit
from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.stack.frames import ChosenFrames
from structmask_gui.io.denoised import evaluate_file, letters_by_shape, open_denoised
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.image_stack import DENOISED_BY

RAW = np.random.default_rng(4).normal(100, 5, (5, 40, 48)).astype(np.float32)
OUTPUT = (RAW + RAW.mean()) / 2


@pytest.fixture
def raw(tmp_path):
    path = tmp_path / "raw.tif"
    tifffile.imwrite(path, RAW, metadata={"axes": "TYX"}, photometric="minisblack")
    with open_stack(path) as stack:
        yield stack


@pytest.mark.parametrize("axes", ["TYX", "ZYX"])
def test_frames_by_any_name_are_frames_without_a_word(raw, tmp_path, axes):
    path = tmp_path / "out.tif"
    tifffile.imwrite(path, OUTPUT, imagej=True, metadata={"axes": axes})
    found, assumed = open_denoised(path, [raw])
    with found:
        assert assumed == ""
        assert np.array_equal(found.read(3), OUTPUT[3])


def test_raw_and_denoised_the_wrong_way_round_is_said(raw, tmp_path):
    path = tmp_path / "out.tif"
    tifffile.imwrite(path, OUTPUT, metadata={"axes": "TYX"}, software=f"{DENOISED_BY}1")
    with (
        open_stack(path) as out,
        pytest.raises(InputError, match=r"out\.tif was denoised by StructMask; open its raw"),
    ):
        evaluate_file(tmp_path / "raw.tif", [out], Mask([[True]]), lambda: pytest.fail("measured"))


@pytest.mark.parametrize("axes", ["CYX", "TCYX", "CZYX"])
def test_pages_named_channels_are_the_frames_of_the_raw_stack(tmp_path, axes):
    shape = {"CYX": (5,), "TCYX": (2, 3), "CZYX": (3, 2)}[axes]
    frames = np.resize(RAW, (int(np.prod(shape)), 40, 48))
    frames += np.arange(len(frames), dtype=np.float32)[:, None, None]
    tifffile.imwrite(
        tmp_path / "raw.tif", frames, metadata={"axes": "TYX"}, photometric="minisblack"
    )
    output = ((frames + 100) / 2).reshape(*shape, 40, 48)
    ordered = "TZCYX"
    # ImageJ keeps the order T, Z, C; what is named otherwise is written as OME-TIFF.
    imagej = [ordered.index(letter) for letter in axes] == sorted(map(ordered.index, axes))
    path = tmp_path / ("out.tif" if imagej else "out.ome.tif")
    tifffile.imwrite(path, output, imagej=imagej, photometric="minisblack", metadata={"axes": axes})
    with open_stack(tmp_path / "raw.tif") as raw:
        found, assumed = open_denoised(path, [raw])
        with found:
            check_fit(ChosenFrames([raw]), found)
            assert f"{path.name} names its dimensions {axes}" in assumed
            assert "frames of raw.tif, in their order" in assumed
            for frame, shown in enumerate(output.reshape(-1, 40, 48)):
                assert np.array_equal(found.read(frame), shown)


def test_three_pages_that_pass_for_colours_are_frames(tmp_path):
    tifffile.imwrite(
        tmp_path / "raw.tif", RAW[:3], metadata={"axes": "TYX"}, photometric="minisblack"
    )
    path = tmp_path / "out.tif"
    tifffile.imwrite(path, OUTPUT[:3], photometric="rgb", planarconfig="separate")
    with open_stack(tmp_path / "raw.tif") as raw:
        found, assumed = open_denoised(path, [raw])
        with found:
            assert found.n_frames == 3
            assert np.array_equal(found.read(2), OUTPUT[2])
            assert "SYX (3 x 40 x 48)" in assumed


def test_the_channel_is_that_of_the_raw_stack(tmp_path):
    channels = RAW[:4].reshape(2, 2, 40, 48)
    for name, data in (("raw.tif", channels), ("out.tif", channels * 0.9)):
        tifffile.imwrite(tmp_path / name, data, imagej=True, metadata={"axes": "TCYX"})
    with open_stack(tmp_path / "raw.tif", channel=1) as raw:
        found, assumed = open_denoised(tmp_path / "out.tif", [raw])
        with found:
            assert assumed == ""
            assert found.channel == 1
            assert np.array_equal(found.read(1), channels[1, 1] * np.float32(0.9))


def test_the_raw_stacks_axes_are_tried_first_and_need_not_fit(tmp_path):
    np.save(tmp_path / "raw.npy", RAW.transpose(1, 2, 0))
    tifffile.imwrite(
        tmp_path / "out.tif", OUTPUT, metadata={"axes": "TYX"}, photometric="minisblack"
    )
    np.save(tmp_path / "out.npy", OUTPUT.transpose(1, 2, 0))
    with open_stack(tmp_path / "raw.npy", axes="YXT") as raw:
        for name in ("out.npy", "out.tif"):
            found, _ = open_denoised(tmp_path / name, [raw], "YXT")
            with found:
                assert np.array_equal(found.read(2), OUTPUT[2])


def test_what_does_not_fit_by_shape_is_left_as_it_is(raw, tmp_path):
    path = tmp_path / "out.tif"
    tifffile.imwrite(path, OUTPUT[:4], imagej=True, metadata={"axes": "CYX"})
    found, assumed = open_denoised(path, [raw])
    with found:
        assert assumed == ""
        with pytest.raises(InputError, match=r"out\.tif has 1 frame"):
            check_fit(ChosenFrames([raw]), found)


@pytest.mark.parametrize(
    ("shape", "letters"),
    [
        ((5, 40, 48), "QYX"),
        ((40, 48, 5), "YXQ"),
        ((5, 48, 40), None),
        ((1, 5, 40, 48), "QQYX"),
        ((4, 40, 48), None),
        ((40, 48), None),
    ],
)
def test_letters_by_shape(shape, letters):
    assert letters_by_shape(shape, 5, (40, 48)) == letters


def test_of_two_ways_rows_and_columns_are_the_last_dimensions():
    assert letters_by_shape((40, 40, 40), 40, (40, 40)) == "QYX"

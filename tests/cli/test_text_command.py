"""`structmask text`."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import TARGETS
from structmask_gui.io.results.masks import save_png


@pytest.fixture
def mask(tmp_path):
    path = tmp_path / "row.npy"
    np.save(path, np.ones((1, 5), dtype=bool))
    return path


@pytest.mark.parametrize("target", list(TARGETS))
def test_the_text_alone_is_on_standard_output(structmask, noisy, mask, target):
    answer = structmask("text", mask, noisy, "--for", target)
    assert answer.code == 0, answer.err
    compile(answer.out, target, "exec")
    assert answer.out.startswith("# Row, 5 pixels, from row.npy, for rows.ome.tif (raw images)")
    assert all(line.startswith("note: ") for line in answer.err.splitlines())
    assert "is meant for raw images" in answer.err
    assert "measured on denoised" not in answer.err


def test_a_measured_mask_is_said_to_be_and_one_without_its_array_is_asked_for(structmask, noisy):
    assert structmask("extract", noisy, "--method", "statistical").code == 0
    record = noisy.with_name("rows.ome_mask.json")
    if not record.exists():
        (record,) = noisy.parent.glob("*_mask.json")
    answer = structmask("text", record, noisy, "--for", "autostructn2v", "--denoised")
    assert "measured on rows.ome.tif (denoised images)" in answer.out
    assert "is not there" not in answer.err
    assert str(record.with_suffix(".npy")) in answer.out
    record.with_suffix(".npy").unlink()
    answer = structmask("text", record, noisy, "--for", "autostructn2v")
    assert f"note: The text loads the mask from {record.stem}.npy, which is not there" in answer.err


def trained_on(text):
    """Run the lines of a text that read its file, and return what they leave."""
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line.startswith(("frames = ", "planes = "))]
    left = {"np": np, "tifffile": tifffile}
    exec("\n".join(found), left)
    return left["frames"]


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "python"])
def test_the_frames_and_the_series_that_are_chosen_are_trained_on(
    structmask, mask, tmp_path, target
):
    path = tmp_path / "two.tif"
    made = np.random.default_rng(0).random((2, 2, 3, 64, 64)).astype(np.float32)
    with tifffile.TiffWriter(path, ome=True) as file:
        for series in made:
            file.write(series, metadata={"axes": "TZYX"}, photometric="minisblack")
    asked = ("text", mask, path, "--for", target)
    expected = made.reshape(2, 6, 64, 64)
    np.testing.assert_array_equal(trained_on(structmask(*asked).out), expected[0])
    second = structmask(*asked, "--series", 1).out
    np.testing.assert_array_equal(trained_on(second), expected[1])
    some = structmask(*asked, "--frames", "1:5:2").out
    np.testing.assert_array_equal(trained_on(some), expected[0, 1:5:2])
    if ".ome.tif" in some:
        assert '"axes": "TYX"' in some
    back = structmask(*asked, "--frames", "::-1", "--series", 1).out
    np.testing.assert_array_equal(trained_on(back), expected[1, ::-1])


def test_a_file_of_another_mask_is_not_loaded_in_place_of_the_one_that_is_given(
    structmask, noisy, mask, tmp_path
):
    picture = tmp_path / "row.png"
    save_png(Mask(np.ones((7, 1), dtype=bool)), picture)
    answer = structmask("text", picture, noisy, "--for", "autostructn2v")
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("error: row.npy is not the mask of row.png, and the text would")
    assert structmask("text", picture, noisy, "--for", "python").code == 0


def test_an_unknown_trainer_is_refused_with_those_that_are_known(structmask, noisy, mask):
    answer = structmask("text", mask, noisy, "--for", "magic")
    assert answer.code == 2
    assert answer.out == ""
    assert all(target in answer.err for target in TARGETS)

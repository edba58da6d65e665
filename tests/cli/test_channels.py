"""What is made of several channels of a file."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

ROWS = ("--method", "statistical")


@pytest.fixture
def two(noisy):
    """Return a file of two channels, with noise along the rows and along the columns."""
    rows = tifffile.imread(noisy)[:, :, :128]
    path = noisy.with_name("two.ome.tif")
    made = np.stack([rows, rows.transpose(0, 2, 1)], axis=1)
    tifffile.imwrite(path, made, metadata={"axes": "TCYX"}, photometric="minisblack")
    return path


def names(folder, pattern):
    return sorted(path.name for path in folder.glob(pattern))


def test_each_channel_has_files_of_its_own(structmask, two):
    assert structmask("extract", two, *ROWS).code == 0
    answer = structmask("extract", two, *ROWS, "--channel", 1, "--report")
    assert answer.code == 0, answer.err
    assert "Written: " in answer.out
    forms = ("json", "npy", "png")
    expected = [f"two{mark}_mask.{form}" for mark in ("", "_c1") for form in forms]
    assert names(two.parent, "two*_mask.*") == sorted(expected)
    assert names(two.parent, "two*.html") == ["two_c1_report.html"]
    assert "two_c1_mask.npy" in (two.parent / "two_c1_report.html").read_text()
    record = two.with_name("two_c1_mask.json")
    again = structmask("extract", "--from-record", record)
    assert again.code == 2
    assert "two_c1_mask.npy exists already and is of two.ome.tif (channel 1); use" in again.err
    # The first by its number is the first.
    assert "error: two_mask.npy exists" in structmask("extract", two, "--channel", 0).err


def test_colours_have_files_of_their_own(structmask, two):
    colour = two.with_name("colour.tif")
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    tifffile.imwrite(colour, noise, photometric="rgb")
    for options in ((), ("--channel", 0), ("--channel", 2)):
        assert structmask("extract", colour, *options).code == 0
    assert names(two.parent, "colour*.npy") == [f"colour{m}_mask.npy" for m in ("_c0", "_c2", "")]


def test_a_batch_of_each_channel(structmask, two):
    asked = ("batch", two, *ROWS)
    for options in ((), ("--channel", 1), ("--channel", 1, "--per", "all", "--force")):
        answer = structmask(*asked, *options)
        assert answer.code == 0, answer.err
    folder = two.parent
    group = f"{folder.name}_c1_mask.npy"
    assert names(folder, "*.npy") == sorted(["two_mask.npy", "two_c1_mask.npy", group])
    assert names(folder, "*.csv") == ["structmask_batch.csv", "structmask_batch_c1.csv"]
    # A summary of another channel is not gone on with.
    folder.joinpath("structmask_batch_c1.csv").unlink()
    assert structmask(*asked, "--channel", 1, "--resume").code == 0
    assert names(folder, "*.csv") == ["structmask_batch.csv", "structmask_batch_c1.csv"]


def test_in_a_batch_of_channel_0_each_file_is_named_by_what_it_holds(structmask, two):
    colour, damaged = two.with_name("rgb.png"), two.with_name("0.tif")
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    Image.fromarray(noise).save(colour)
    damaged.write_bytes(b"damaged")
    files = (damaged, two, colour)
    for folder, order in (("one", files), ("other", files[::-1])):
        output = two.with_name(folder)
        asked = ("batch", *order, *ROWS, "--output-dir", output, "--channel", 0)
        assert structmask(*asked).code == 1
        assert names(output, "*.npy") == ["rgb_c0_mask.npy", "two_mask.npy"]
        assert "0 masks made, 2 kept" in structmask(*asked, "--resume").out
    # A mask for all is marked if one of them is a colour, whichever is the first.
    output = two.with_name("group")
    for order in ((two, colour), (colour, two)):
        asked = ("--per", "all", "--output-dir", output, "--channel", 0, "--force")
        assert structmask("batch", *order, *ROWS, *asked).code == 0
    assert names(output, "*.npy") == [f"{two.parent.name}_c0_mask.npy"]


def test_masks_that_versions_before_named_alike_are_gone_on_with(structmask, two):
    asked = ("batch", two, *ROWS, "--channel", 1)
    assert structmask(*asked).code == 0
    for path in two.parent.glob("two_c1_mask.*"):
        path.rename(path.with_name(path.name.replace("_c1", "")))
    for ending in ("csv", "html"):
        path = two.with_name(f"structmask_batch_c1.{ending}")
        text = path.read_text("utf-8").replace("two_c1_mask", "two_mask")
        path.with_name(f"structmask_batch.{ending}").write_text(text, "utf-8")
        path.unlink()
    # The summary is gone on with, too, and tells of the second file.
    two.with_name("three.ome.tif").write_bytes(two.read_bytes())
    asked = ("batch", two, two.with_name("three.ome.tif"), *asked[2:])
    for made in (1, 0):
        answer = structmask(*asked, "--resume")
        assert answer.code == 0, answer.err
        assert f", {2 - made} kept from an earlier run." in answer.out
    assert names(two.parent, "*.npy") == ["three_c1_mask.npy", "two_mask.npy"]
    assert names(two.parent, "*.csv") == ["structmask_batch.csv"]
    said = two.with_name("structmask_batch.csv").read_text("utf-8")
    assert "two_mask.npy" in said
    assert "three_c1_mask.npy" in said
    # They are not those of another channel.
    summary = two.with_name("other")
    answer = structmask("batch", two, *ROWS, "--summary", summary)
    assert answer.code == 2
    assert "skipped: two_mask.npy is there, of two.ome.tif (channel 1); use" in answer.err


def test_a_text_says_that_the_mask_is_of_another_channel(structmask, two):
    assert structmask("extract", two, *ROWS, "--channel", 1).code == 0
    mask = two.with_name("two_c1_mask.npy")
    answer = structmask("text", mask, two, "--for", "python")
    assert answer.code == 0
    assert answer.err.splitlines()[0] == (
        "note: two_c1_mask.npy was measured on two.ome.tif (channel 1); the text reads two.ome.tif"
        " (channel 0)."
    )
    answer = structmask("text", mask, two, "--for", "python", "--channel", 1)
    assert "was measured on two" not in answer.err


def test_a_check_names_the_channel(structmask, two, noisy):
    assert structmask("extract", two, *ROWS, "--channel", 1).code == 0
    asked = ("check", two.with_name("two_c1_mask.npy"))
    said = structmask(*asked, two, noisy).out.splitlines()
    assert said[0].startswith("two.ome.tif (channel 0): ")
    assert said[1].startswith("rows.ome.tif: ")
    assert structmask(*asked, two, "--channel", 1).out.startswith("two.ome.tif (channel 1): Fits")
    found = structmask(*asked, two, "--channel", 1, "--json").json
    assert found["results"][0]["channel"] == 1

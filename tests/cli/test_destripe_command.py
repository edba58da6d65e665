"""`structmask destripe`."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from structmask_gui.core.stack.destripe import Destriping
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.io.corrected import is_corrected
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.units import read_size
from tests.io.maker_files import write_ome_set


@pytest.fixture
def lined(tmp_path):
    """Return a stack with an offset for every row."""
    rng = np.random.default_rng(5)
    frames = rng.normal(100, 5, (3, 64, 80)) + rng.normal(0, 9, (3, 64, 1))
    path = tmp_path / "lined.npy"
    np.save(path, frames.astype(np.float32))
    return path


@pytest.mark.parametrize("lines", ["rows", "columns"])
def test_the_offsets_are_taken_off(structmask, lined, lines):
    answer = structmask("destripe", lined, lines)
    assert answer.code == 0
    assert f"offsets of its {lines}" in answer.out
    written = tifffile.imread(lined.with_name("lined_destriped.tif"))
    expected = Destriping(ArrayFrames(np.load(lined)), lines).frame(1)
    np.testing.assert_allclose(written[1], expected, rtol=1e-6)


def test_frames_are_chosen_and_nothing_is_replaced_unasked(structmask, lined, tmp_path):
    target = tmp_path / "out.tif"
    options = ("destripe", lined, "rows", "--frames", "1:3", "--output", target)
    assert structmask(*options).code == 0
    assert tifffile.imread(target).shape == (2, 64, 80)
    again = structmask(*options)
    assert again.code == 2
    assert "out.tif" in again.err
    assert structmask(*options, "--force").code == 0


def test_it_goes_to_the_folder_that_is_named(structmask, lined, tmp_path):
    folder = tmp_path / "new" / "folder"
    assert structmask("destripe", lined, "rows", "--output-dir", folder).code == 0
    assert [path.name for path in folder.iterdir()] == ["lined_destriped.tif"]
    (tmp_path / "file").write_text("")
    answer = structmask("destripe", lined, "rows", "--output-dir", tmp_path / "file")
    assert answer.code == 2
    assert "file cannot be made" in answer.err


def test_the_image_itself_is_never_written_over(structmask, lined):
    before = lined.read_bytes()
    answer = structmask("destripe", lined, "rows", "--output", lined, "--force")
    assert answer.code == 2
    assert "lined.npy" in answer.err
    assert lined.read_bytes() == before


def test_no_file_of_a_set_is_written_over(structmask, tmp_path):
    frames = np.random.default_rng(0).integers(0, 999, (3, 32, 40)).astype(np.uint16)
    first, second, _ = write_ome_set(tmp_path, frames)
    before = second.read_bytes()
    answer = structmask("destripe", first, "rows", "--output", second, "--force")
    assert answer.code == 2
    assert f"{second.name} is an image file that is open" in answer.err
    assert second.read_bytes() == before


@pytest.mark.parametrize(
    ("factor", "offset", "said"),
    [
        (1e-3, 1e9, "differ too little for their size"),
        (1e300, 0, "too large to measure"),
        (1e-300, 0, "too small to measure"),
        (0, 7, "nothing is left in its frames"),
    ],
)
def test_what_a_tiff_of_32_bits_cannot_hold_is_refused(structmask, lined, factor, offset, said):
    np.save(lined, offset + factor * np.load(lined).astype(np.float64))
    answer = structmask("destripe", lined, "rows")
    assert answer.code == 2
    assert answer.err.startswith("error: lined.npy")
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert [path.name for path in lined.parent.iterdir()] == ["lined.npy"]


def test_a_name_that_is_no_tiffs_is_refused(structmask, lined, tmp_path):
    answer = structmask("destripe", lined, "rows", "--output", tmp_path / "x.png")
    assert answer.code == 2
    assert answer.err.startswith("error: x.png: what is written is a TIFF; give --output a name")
    assert answer.err.count("\n") == 1
    assert not (tmp_path / "x.png").exists()


def test_the_file_says_what_was_taken_off(structmask, lined):
    assert structmask("destripe", lined, "columns").code == 0
    with open_stack(lined.with_name("lined_destriped.tif")) as stack:
        assert stack.destriped == "columns"
        assert "without the offsets of its columns" in stack.metadata["Software"]
    with open_stack(lined) as stack:
        assert stack.destriped is None


@pytest.mark.slow
def test_destriped_frames_are_not_advised_to_be_destriped_again(structmask, tmp_path):
    rng = np.random.default_rng(0)
    frames = rng.normal(100, 1, (4, 160, 160)) + rng.normal(0, 2, (4, 160, 1))
    np.save(tmp_path / "lined.npy", frames.astype(np.float32))
    automatic = ("--preset", "automatic", "--verbose")
    answer = structmask("extract", tmp_path / "lined.npy", *automatic)
    assert "Remove the offsets of the rows" in answer.out
    structmask("destripe", tmp_path / "lined.npy", "rows")
    answer = structmask("extract", tmp_path / "lined_destriped.tif", *automatic)
    assert "hiding it gains nothing" in answer.out
    assert "The rows do not end" in answer.out
    assert "offsets are already removed; this is the residual" in answer.out
    assert "Remove" not in answer.out


@pytest.fixture
def channels(tmp_path):
    """Return planes in time with two named channels, pixel sizes and a frame interval."""
    rng = np.random.default_rng(5)
    frames = rng.normal(100, 5, (6, 2, 64, 80)) + rng.normal(0, 9, (6, 2, 64, 1))
    path = tmp_path / "both.ome.tif"
    metadata = {
        "axes": "TCYX",
        "Channel": {"Name": ["nuclei", "membrane"]},
        "PhysicalSizeX": 0.1,
        "PhysicalSizeY": 0.2,
        "TimeIncrement": 2.0,
    }
    tifffile.imwrite(path, frames.astype(np.float32), photometric="minisblack", metadata=metadata)
    return path


def test_sizes_axes_and_channel_stay(structmask, channels):
    answer = structmask("destripe", channels, "rows")
    assert answer.code == 0
    assert answer.err == (
        "note: The file has 2 channels; channel 0 is used, another can be chosen.\n"
    )
    assert structmask("destripe", channels, "rows", "--channel", 1, "--frames", "0:6:2").code == 0
    written = {path.name for path in channels.parent.iterdir()} - {channels.name}
    assert written == {"both_destriped.tif", "both_c1_destriped.tif"}
    for name, channel, interval in (("both", "nuclei", 2), ("both_c1", "membrane", 4)):
        path = channels.with_name(f"{name}_destriped.tif")
        assert is_corrected(path)
        with open_stack(path) as stack:
            assert stack.axes == "TYX"
            assert stack.metadata["Pixel size Y"] == "0.2 µm"
            assert read_size(stack.metadata["Frame interval"]) == (interval, "s")
        assert f'Name="{channel}"'.encode() in path.read_bytes()


@pytest.mark.parametrize(
    ("axes", "chosen", "expected", "sizes"),
    [
        ("ZYX", "0:6:3", "ZYX", {"Z": (3, "µm")}),
        ("TZYX", None, "TZYX", {"Z": (1, "µm"), "T": (2, "s")}),
        # Every second frame of several dimensions is of no one distance.
        ("TZYX", "::2", "TYX", {}),
        ("TYX", "::-2", "TYX", {"T": (4, "s")}),
    ],
)
def test_the_distance_of_chosen_frames(structmask, tmp_path, axes, chosen, expected, sizes):
    shape = (*((6,) if len(axes) == 3 else (2, 3)), 32, 40)
    frames = np.random.default_rng(0).normal(100, 5, shape).astype(np.float32)
    metadata = {"axes": axes, "PhysicalSizeZ": 1.0, "TimeIncrement": 2.0}
    tifffile.imwrite(tmp_path / "a.ome.tif", frames, photometric="minisblack", metadata=metadata)
    options = () if chosen is None else (f"--frames={chosen}",)
    assert structmask("destripe", tmp_path / "a.ome.tif", "rows", *options).code == 0
    with open_stack(tmp_path / "a_destriped.tif") as stack:
        assert stack.axes == expected
        found = {
            letter: read_size(stack.metadata[title])
            for letter, title in {"Z": "Pixel size Z", "T": "Frame interval"}.items()
            if title in stack.metadata
        }
    assert found == sizes


@pytest.mark.parametrize(
    "arguments", [("destripe",), ("destripe", "x.tif", "diagonals"), ("unknown",), ()]
)
def test_wrong_arguments_are_answered_by_one_sentence(structmask, arguments):
    answer = structmask(*arguments)
    assert answer.code == 2
    assert answer.err.startswith("error: structmask")
    assert answer.err.endswith(" --help.\n")
    assert answer.err.count("\n") == 1

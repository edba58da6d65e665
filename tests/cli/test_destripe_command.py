"""`structmask destripe`."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from structmask_gui.core.stack.destripe import destriped
from structmask_gui.io.open import open_stack
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
    np.testing.assert_allclose(written[1], destriped(np.load(lined)[1], lines), rtol=1e-6)


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
    assert "file: cannot be made" in answer.err


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
    assert f"{second.name}: is an image file that is open" in answer.err
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
    assert "Plain Noise2Void does as well; a mask gains nothing." in answer.out
    assert "The rows do not end" in answer.out
    assert "offsets are already removed; this is the residual" in answer.out
    assert "Remove" not in answer.out


@pytest.mark.parametrize(
    "arguments", [("destripe",), ("destripe", "x.tif", "diagonals"), ("unknown",), ()]
)
def test_wrong_arguments_are_answered_by_one_sentence(structmask, arguments):
    answer = structmask(*arguments)
    assert answer.code == 2
    assert answer.err.startswith("error: structmask")
    assert answer.err.endswith(" --help.\n")
    assert answer.err.count("\n") == 1

from __future__ import annotations

import re

import numpy as np
import pytest

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.trainers import blanked_share
from structmask_gui.core.names import TARGETS
from structmask_gui.io.stack.channels import LUMINANCE, luminance
from structmask_gui.io.trainers.about import reading_lines
from structmask_gui.io.trainers.snippets import MaskContext, snippet, snippets
from tests.io.conftest import random_masks
from tests.io.trainers.conftest import BARE, MASKS, ROW, Tifffile


def test_every_target_has_a_text_that_compiles():
    for mask in MASKS:
        made = snippets(mask, MaskContext(file="a.tif"))
        assert [item.target for item in made] == list(TARGETS)
        for item in made:
            compile(item.text, item.title, "exec")
            assert "a.tif (raw images)" in item.text.splitlines()[0]
            assert all(note.endswith(".") for note in item.notes)
            assert max(map(len, item.text.splitlines()[1:])) < 200


def test_a_mask_that_was_not_measured_is_not_called_so():
    for made in snippets(ROW, MaskContext(file="b.tif", how="from a.npy")):
        assert "measured on" not in "\n".join((made.text, *made.notes))
    assert (
        "# Row, 11 pixels, from a.npy, for b.tif (raw images)"
        in snippets(ROW, MaskContext(file="b.tif", how="from a.npy"))[0].text
    )
    for made in snippets(ROW, MaskContext(file="b.tif")):
        assert "measured on b.tif" in made.text


def test_a_hostile_name_stays_in_its_comment():
    evil = "a\"\n'\nimport os\r\u2028print(1)\u0085.tif"
    for item in snippets(ROW, MaskContext(file=evil, mask_file='it\'s \\ "here".npy')):
        assert "\nimport os" not in item.text
        compile(item.text, item.title, "exec")
        first = item.text.splitlines()[0]
        assert first.startswith("# ")
        assert first.endswith(".")


def read(run, context: MaskContext, stored: np.ndarray) -> np.ndarray:
    """Run the lines that read a file, and return the frames they leave."""
    asked = []

    def imread(name):
        asked.append(name)
        return stored

    text = "import numpy as np\nimport tifffile\n" + reading_lines(context)
    frames = run(text, ROW, tifffile={"imread": imread})["frames"]
    assert asked == [context.file or "images.tif"]
    return frames


@pytest.mark.parametrize(
    ("axes", "channel"),
    [
        ("", None),
        ("YX", None),
        ("TYX", None),
        ("ZTYX", None),
        ("TCYX", 1),
        ("YXS", None),
        ("CYX", None),
        ("XYT", None),
        ("TXY", None),
        ("YCX", 0),
        ("TYXS", LUMINANCE),
        ("TCYXS", 1),
    ],
)
def test_the_lines_that_read_the_file_give_frames_as_the_program_sees_them(run, axes, channel):
    sizes = {"Y": 4, "X": 5, "T": 3, "Z": 2, "C": 2, "S": 3}
    shape = tuple(sizes[letter] for letter in axes) or (3, 4, 5)
    stored = np.arange(np.prod(shape)).reshape(shape)
    frames = read(run, MaskContext(file="a/b.tif", axes=axes, channel=channel), stored)
    letters, expected = axes or "TYX", stored
    for colour in "CS":
        if colour in letters:
            at = letters.index(colour)
            if colour == "S" and (channel == LUMINANCE or "C" in axes):
                expected = luminance(np.moveaxis(expected, at, -1))
            elif channel is not None:
                expected = expected.take(channel, axis=at)
            else:
                expected = expected.mean(axis=at)
            letters = letters.replace(colour, "")
    order = [i for i, letter in enumerate(letters) if letter not in "YX"]
    order += [letters.index("Y"), letters.index("X")]
    expected = expected.transpose(order).reshape(-1, 4, 5)
    assert frames.dtype == np.float32
    np.testing.assert_allclose(frames, expected, rtol=1e-6)


def test_files_of_like_names_are_written_by_names_of_their_own():
    written = {
        re.search(r"'(\S+)_n2v.ome.tif'", snippet("n2v", ROW, MaskContext(file=name)).text)[1]
        for name in ("a/scan.1.tif", "a/scan.2.ome.tif")
    }
    assert written == {"a/scan.1", "a/scan.2"}


def test_a_file_that_is_no_tiff_is_to_be_saved_as_one():
    lines = reading_lines(MaskContext(file="a b.czi", axes="TYX"))
    assert lines.startswith("# Save a b.czi as TIFF first")
    assert "tifffile.imread('a b.tif')" in lines
    second = reading_lines(MaskContext(file="a b.lif", axes="TYX", series=1))
    assert second.startswith("# Save image 1 (from 0) of a b.lif as TIFF first")
    assert "tifffile.imread('a b.tif')" in second
    assert "np.load('a.npy')" in reading_lines(MaskContext(file="a.npy"))


# --- juglab n2v 0.3.3 -----------------------------------------------------------------------------


def n2v(run, mask):
    """Run the text for n2v and return what its configuration gets."""
    seen = {}

    class Generator:
        def generate_patches_from_list(self, data, num_patches_per_img=None, **options):
            (images,) = data
            assert images.shape == (8, 96, 80, 1)
            seen.update(options)
            return list(range(25))

    def config(patches, **options):
        assert len(patches) == 25
        seen.update(options)
        return "config"

    class Model:
        def __init__(self, config, name, basedir):
            assert config == "config"

        def train(self, patches, validation):
            assert (len(patches), len(validation)) == (23, 2)

        def predict(self, frame, axes):
            assert axes == "YX"
            return frame

    files = Tifffile()
    text = snippet("n2v", mask, MaskContext(file="a.ome.tif", axes="ZYX")).text
    run(
        text,
        mask,
        n2v__internals__N2V_DataGenerator={"N2V_DataGenerator": Generator},
        n2v__models={"N2VConfig": config, "N2V": Model},
        tifffile=files.contents,
    )
    assert files.written["a_n2v.ome.tif"].shape == (8, 96, 80)
    assert files.axes["a_n2v.ome.tif"] == "ZYX"
    solid = float(text.split("in 3-D: ")[1].split("\n")[0])
    # A box of n2v has the side sqrt(100 / perc): in 3-D one pixel in as many as asked.
    asked = 100 / seen["n2v_perc_pix"]
    assert np.sqrt(100 / solid) ** 3 == pytest.approx(asked, rel=0.1)
    return seen


@pytest.mark.parametrize("mask", MASKS)
def test_n2v_takes_the_mask_and_blanks_just_it(run, mask):
    seen = n2v(run, mask)
    given = seen["structN2Vmask"]
    if mask.statistics.true_pixels == 1:
        assert given is None
        return
    # Its rules: a list (an array has no truth value there), as many dimensions as the data, odd
    # sides, only 0 and 1.
    assert isinstance(given, list)
    array = np.array(given)
    assert array.ndim == 2
    assert all(side % 2 == 1 for side in array.shape)
    assert set(array.ravel().tolist()) <= {0, 1}
    # What it blanks about a pixel: each 1, as far from it as from the array's middle, beside the
    # pixel itself.
    blanked = {tuple(lag) for lag in (np.argwhere(array) - np.array(array.shape) // 2).tolist()}
    assert blanked | {(0, 0)} == {tuple(lag) for lag in mask.lags().tolist()}


@pytest.mark.parametrize("mask", [*MASKS, Mask(np.ones((25, 25), dtype=bool))])
def test_n2v_settings(run, mask):
    seen = n2v(run, mask)
    pixels = mask.statistics.true_pixels
    height, width = seen["n2v_patch_shape"]
    assert seen["shape"] == seen["n2v_patch_shape"]
    # n2v refuses to blank less than one pixel a patch.
    assert height * width * seen["n2v_perc_pix"] / 100 >= 1
    assert blanked_share(pixels, seen["n2v_perc_pix"]) <= 0.151 if pixels < 11 else True
    assert blanked_share(pixels, seen["n2v_perc_pix"]) <= 0.1001 or seen["n2v_perc_pix"] == 1.5
    assert min(height, width) >= 2 * max(mask.cropped().shape)
    array = np.array(mask.cropped().padded((max(mask.shape),) * 2).array)
    turned = [np.rot90(a, k) for a in (array, array[::-1]) for k in range(4)]
    assert seen["augment"] == all(np.array_equal(array, t) for t in turned)


def test_a_large_mask_is_loaded_from_its_file(run):
    mask = random_masks(1, seed=5, largest=12)[0].padded((101, 101))
    wide = Mask(np.kron(mask.array, np.ones((1, 1), dtype=bool)) | np.eye(101, dtype=bool))
    made = snippet("n2v", wide)
    assert made.needs_file
    assert "np.load('mask.npy')" in made.text
    assert np.array_equal(np.array(n2v(run, wide)["structN2Vmask"], dtype=bool), wide.array)
    assert snippet("python", wide).needs_file


# --- plain Python ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", MASKS)
def test_plain_python_is_the_mask(run, mask):
    left = run(snippet("python", mask).text, mask)
    np.testing.assert_array_equal(left["mask"], mask.cropped().array)
    assert left["lags"].tolist() == mask.lags().tolist()


def test_what_comes_first_stands_in_every_text():
    first = "Whole rows are brighter or darker; a mask cannot hide that. Remove their offsets."
    for made in snippets(Mask(np.ones((1, 1), dtype=bool)), MaskContext(first=first)):
        lines = [line[2:] for line in made.text.splitlines() if line.startswith("# ")]
        assert f"Before training: {first}" in " ".join(lines)
    assert "Before training" not in snippets(Mask(np.ones((1, 1), dtype=bool)))[0].text


# --- augmentation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("along", ["rows", "columns"])
def test_no_text_allows_quarter_turns_for_a_line(target, along):
    line = np.ones((1, 7) if along == "rows" else (7, 1), dtype=bool)
    made = snippet(target, Mask(line))
    assert "all are allowed" not in " ".join(made.notes)
    assert "rotate_90" not in made.text
    assert not re.search(r"augment\w*\W{1,3}True", made.text)


def test_turns_are_allowed_only_after_what_has_to_be_done_first():
    """One pixel hides no whole columns: they are removed before."""
    first = MaskContext(first="Whole columns are brighter or darker. Remove their offsets first.")
    for target in ("n2v", "careamics", "autostructn2v", "autostructn2v-0.1", "python"):
        notes = " ".join(snippet(target, BARE, first).notes)
        assert "so all are allowed once the step before training is done." in notes
        assert "so all are allowed." in " ".join(snippet(target, BARE).notes)

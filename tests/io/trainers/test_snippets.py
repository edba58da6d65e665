from __future__ import annotations

import numpy as np
import pytest

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.symmetry import without_strays
from structmask_gui.core.masks.trainers import blanked_share, careamics_mask, careamics_masks
from structmask_gui.core.names import TARGETS
from structmask_gui.core.quality.error import rank_masks
from structmask_gui.core.simulation import NoiseModel, kernels
from structmask_gui.io.trainers.about import reading_lines
from structmask_gui.io.trainers.careamics import CareamicsAxes, nearest_careamics
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
            one = channel is not None
            expected = expected.take(channel, axis=at) if one else expected.mean(axis=at)
            letters = letters.replace(colour, "")
    order = [i for i, letter in enumerate(letters) if letter not in "YX"]
    order += [letters.index("Y"), letters.index("X")]
    expected = expected.transpose(order).reshape(-1, 4, 5)
    assert frames.dtype == np.float32
    assert np.array_equal(frames, expected)


def test_a_file_that_is_no_tiff_is_to_be_saved_as_one():
    lines = reading_lines(MaskContext(file="a b.czi", axes="TYX"))
    assert lines.startswith("# Save a b.czi as TIFF first")
    assert "tifffile.imread('a b.tif')" in lines
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
    text = snippet("n2v", mask, MaskContext(file="a.ome.tif", axes="TYX")).text
    run(
        text,
        mask,
        n2v__internals__N2V_DataGenerator={"N2V_DataGenerator": Generator},
        n2v__models={"N2VConfig": config, "N2V": Model},
        tifffile=files.contents,
    )
    assert files.written["a_denoised.tif"].shape == (8, 96, 80)
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


# --- CAREamics ------------------------------------------------------------------------------------


def careamics(run, mask):
    seen = {}
    run(
        snippet("careamics", mask).text,
        mask,
        careamics__config={"create_advanced_n2v_config": lambda **options: seen.update(options)},
    )
    return seen


@pytest.mark.parametrize("mask", MASKS)
def test_careamics_settings_are_in_its_ranges(run, mask):
    seen = careamics(run, mask)
    assert 0.05 <= seen["masked_pixel_percentage"] <= 10
    assert set(seen["augmentations"]) <= {"x_flip", "y_flip", "rotate_90"}
    if "struct_n2v_axes" in seen:
        shape = careamics_mask(seen["struct_n2v_axes"], seen["struct_n2v_span"])
        square = seen["struct_n2v_axes"] == "square"
        assert seen["struct_n2v_span"] + 2 * square <= seen.get("roi_size", 11) <= 21
    else:
        shape = BARE
    assert shape == nearest_careamics(mask).mask
    array = mask.padded((max(mask.shape),) * 2).array
    for name, turned in (
        ("x_flip", array[:, ::-1]),
        ("y_flip", array[::-1]),
        ("rotate_90", np.rot90(array)),
    ):
        if name in seen["augmentations"]:
            assert np.array_equal(array, turned)


@pytest.mark.parametrize("name", list(careamics_masks()))
def test_what_careamics_can_do_is_found(name):
    nearest = nearest_careamics(careamics_masks()[name].padded((21, 21)))
    assert f"{nearest.axes} {nearest.span}" == name
    assert nearest.exact
    assert nearest.sentence.startswith("CAREamics blanks just this mask")


def test_the_nearest_shape_says_what_it_leaks():
    model = NoiseModel(kernels()["diagonal"])
    noise = model.correlation(24)
    mask = Mask(model.true_mask(8))
    nearest = nearest_careamics(mask, noise)
    assert not nearest.exact
    assert nearest.left_visible > 0
    assert nearest.copied > nearest.copied_by_mask + 0.05
    assert f"lets {100 * nearest.copied:.1f} % of the noise be copied" in nearest.sentence
    assert "be copied" not in nearest_careamics(mask).sentence
    assert nearest_careamics(BARE).sentence == "CAREamics blanks just this mask: plain N2V."


def test_with_the_noise_the_shape_is_chosen_by_the_error_not_by_the_overlap():
    # Three pixels in a row, far apart: the bare centre has most in common with them.
    gaps = np.zeros((1, 9), dtype=bool)
    gaps[0, [0, 4, 8]] = True
    mask = Mask(gaps)
    by_overlap = nearest_careamics(mask)
    assert by_overlap.axes == "none"
    assert by_overlap.chosen_by == "overlap"
    assert "by overlap: the noise is not measured" in by_overlap.sentence
    noise = NoiseModel(kernels()["row 5"]).correlation(24)
    dy, dx = np.mgrid[-24:25, -24:25]
    picture = noise + 10 * np.exp(-(dx**2 + dy**2) / 30)
    chosen = nearest_careamics(mask, noise, picture)
    assert chosen.axes == "horizontal"
    assert chosen.chosen_by == "error"
    assert "by the estimated error and the noise still copied, horizontal" in chosen.sentence
    ranked = rank_masks(noise, picture, {"none 1": None, **careamics_masks()})
    ties = [item for item in ranked if item.rank == 1]
    assert f"{chosen.axes} {chosen.span}" in [item.label for item in ties]
    assert chosen.copied <= min(item.copied for item in ties) + 0.005
    # What CAREamics can blank as it is stays.
    assert nearest_careamics(ROW, noise, picture).exact


def test_no_shape_is_advised_that_does_not_beat_plain_n2v():
    # Weak noise under fine, strong structure: every hidden pixel costs more than it gains.
    noise = NoiseModel(kernels()["row 5"], 0.95).correlation(24)
    dy, dx = np.mgrid[-24:25, -24:25]
    picture = noise + 50 * np.exp(-(dx**2 + dy**2) / 4)
    mask = Mask(np.eye(5, dtype=bool) | np.eye(5, dtype=bool)[::-1])
    chosen = nearest_careamics(mask, noise, picture)
    ranked = rank_masks(noise, picture, {"none 1": None, **careamics_masks()})
    assert ranked[0].label == "none 1"
    assert (chosen.axes, chosen.chosen_by) == ("none", "error")


@pytest.mark.parametrize("mask", [ROW, BARE])
def test_batch_normalisation_is_off_and_the_text_says_why(run, mask):
    assert careamics(run, mask)["model_params"] == {"use_batch_norm": False}
    text = " ".join(snippet("careamics", mask).text.replace("#", " ").split())
    assert all(figure in text for figure in ("0.817", "0.675", "0.337"))


@pytest.mark.parametrize(
    ("letters", "channel", "axes", "taken", "said"),
    [
        ("", None, "YX", None, "TYX for stacks"),
        ("YX", None, "YX", None, ""),
        ("TYX", None, "TYX", None, ""),
        ("ZYX", None, "TYX", None, "the file has ZYX"),
        ("QYX", None, "TYX", None, "the file has QYX"),
        ("TZYX", None, "TSYX", None, "the file has TZYX"),
        ("ZTYX", None, "STYX", None, "the file has ZTYX"),
        ("QIYX", None, "TSYX", None, "the file has QIYX"),
        ("TCYX", 1, "TCYX", 1, ""),
        ("YXS", 2, "YXC", 2, ""),
        ("YXS", "luminance", "YX", None, "make grey images first"),
        ("TZQYX", None, "SYX", None, "bring it into this order first"),
        ("YTX", None, "SYX", None, "bring it into this order first"),
        ("XYT", None, "XYT", None, ""),
    ],
)
def test_careamics_is_told_the_axes_of_the_file(run, letters, channel, axes, taken, said):
    told = CareamicsAxes.of(letters, channel)
    assert (told.axes, told.channel) == (axes, taken)
    assert said in told.comment
    assert bool(said) == bool(told.comment)
    seen: dict[str, object] = {}
    run(
        snippet("careamics", ROW, MaskContext(axes=letters, channel=channel)).text,
        ROW,
        careamics__config={"create_advanced_n2v_config": lambda **options: seen.update(options)},
    )
    assert seen["axes"] == axes
    assert seen.get("channels") == (None if taken is None else [taken])


def test_few_pixels_that_forbid_the_flips_are_named(run):
    array = np.zeros((21, 3), dtype=bool)
    array[:, 1] = True
    array[7, 2] = array[13, 0] = True
    made = snippet("careamics", Mask(array))
    assert "augmentations=[]" in made.text
    for text in (made.text.replace("\n    # ", " "), " ".join(made.notes)):
        assert "Only 2 of the 23 pixels, at lag (dy, dx) (-3, +1) and (+3, -1), forbid" in text
        assert "Without them flips are allowed" in text
    assert careamics(run, without_strays(Mask(array)))["augmentations"] == ["x_flip", "y_flip"]
    # A diagonal is no matter of a few pixels, and n2v's one switch needs quarter turns too.
    assert "forbid" not in snippet("careamics", Mask(np.eye(9, dtype=bool))).text
    assert "forbid" not in " ".join(snippet("n2v", Mask(array)).notes)
    blob = np.ones((5, 5), dtype=bool)
    blob = np.pad(blob, 1)
    blob[0, 2] = blob[6, 4] = True
    assert "Only 2 of the 27" in " ".join(snippet("n2v", Mask(blob)).notes)


@pytest.mark.careamics
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mask", [*MASKS[:8], *list(careamics_masks().values())[::3]])
def test_careamics_own_configuration_takes_the_text(mask, tmp_path):
    pytest.importorskip("careamics")
    left: dict[str, object] = {}
    exec(compile(snippet("careamics", mask).text, "snippet", "exec"), left)
    config = left["config"]
    manipulate = config.algorithm_config.n2v_config
    nearest = nearest_careamics(mask)
    if nearest.axes == "none":
        assert manipulate.struct_mask is None
    else:
        found = (manipulate.struct_mask.axes, manipulate.struct_mask.span)
        assert found == (nearest.axes, nearest.span)


# --- plain Python ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", MASKS)
def test_plain_python_is_the_mask(run, mask):
    left = run(snippet("python", mask).text, mask)
    np.testing.assert_array_equal(left["mask"], mask.cropped().array)
    assert left["lags"].tolist() == mask.lags().tolist()

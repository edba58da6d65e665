"""The script for CAREamics; those tests that ask CAREamics itself are skipped without it."""

from __future__ import annotations

import runpy
import types

import numpy as np
import pytest
import tifffile

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.symmetry import without_strays
from structmask_gui.core.masks.trainers import careamics_mask, careamics_masks
from structmask_gui.io.trainers.snippets import MaskContext, snippet
from tests.io.trainers.conftest import BARE, MASKS, ROW, Tifffile

FRAMES = MaskContext(file="a.tif", axes="TYX")
DIAGONAL = Mask(np.eye(5, dtype=bool))


@pytest.fixture
def careamics(run):
    """Run the script with a stand-in for CAREamics; return what is asked of it and what is left."""

    def run_script(mask, context=FRAMES, shape=(8, 96, 80)):
        seen = {}

        class CAREamist:
            def __init__(self, config, *, work_dir, callbacks=()):
                seen["callbacks"] = list(callbacks)

            def train(self, *, train_data, val_data):
                seen["train"], seen["val"] = train_data, val_data

            def predict(self, frames, *, tile_size, tile_overlap):
                seen["tile"] = tile_size
                return [frames + 1], ["array"]

        files = Tifffile(shape)
        left = run(
            snippet("careamics", mask, context).text,
            mask,
            careamics={"CAREamist": CAREamist},
            careamics__config={
                "create_advanced_n2v_config": lambda **options: seen.update(options)
            },
            lightning__pytorch__callbacks={"Callback": object},
            torch={},
            tifffile=files.contents,
        )
        seen["files"] = files.written
        return seen, left

    return run_script


@pytest.mark.parametrize("mask", [*MASKS, *careamics_masks().values()])
def test_the_mask_is_hidden_by_a_shape_that_is_it_or_else_by_the_callback(careamics, mask):
    seen, left = careamics(mask)
    if seen["callbacks"]:
        assert mask.cropped() not in [BARE, *careamics_masks().values()]
        assert {*map(tuple, left["lags"].tolist())} == {*map(tuple, mask.lags().tolist())}
    elif "struct_n2v_axes" in seen:
        shape = careamics_mask(seen["struct_n2v_axes"], seen["struct_n2v_span"])
        assert shape == mask.cropped()
        roi = seen["struct_n2v_span"] + 2 * (seen["struct_n2v_axes"] == "square")
        assert roi <= seen.get("roi_size", 11) <= 21
    else:
        assert mask.cropped() == BARE
    assert 0.05 <= seen["masked_pixel_percentage"] <= 10
    assert seen["model_params"] == {"use_batch_norm": False}
    array = mask.padded((max(mask.shape),) * 2).array
    turned = {"x_flip": array[:, ::-1], "y_flip": array[::-1], "rotate_90": np.rot90(array)}
    same = [name for name, other in turned.items() if np.array_equal(array, other)]
    assert seen["augmentations"] == same


@pytest.mark.parametrize("shape", [(64, 64), (1, 70, 90), (8, 96, 80), (3, 1024, 1024)])
def test_a_stack_of_any_size_gives_enough_patches_for_1500_steps(careamics, shape):
    seen, _ = careamics(ROW, MaskContext(file="a.tif"), shape)
    side = seen["patch_size"][0]
    assert seen["train"].size // side**2 >= seen["num_steps"] * seen["batch_size"]
    assert 1000 <= seen["num_steps"] * seen["num_epochs"] <= 2000
    assert seen["axes"] == "SYX"
    assert seen["train"].ndim == 3
    assert seen["val"].shape[0] == 1
    tile = seen["tile"][0]
    assert tile == min(256, 2 ** (min(shape[-2:]).bit_length() - 1))
    ((name, written),) = seen["files"].items()
    assert name == "a_careamics.ome.tif"
    assert written.shape == shape
    np.testing.assert_allclose(written, Tifffile(shape).imread("a.tif") + 1, atol=1e-5)


@pytest.mark.parametrize(
    ("letters", "shape", "channel", "written"),
    [
        ("YX", (70, 80), None, "YX"),
        ("ZYX", (4, 70, 80), None, "ZYX"),
        ("QYX", (4, 70, 80), None, "TYX"),
        ("ZTYX", (2, 3, 70, 80), None, "ZTYX"),
        ("QIYX", (2, 3, 70, 80), None, "TZYX"),
        ("TCYX", (2, 3, 70, 80), 1, "TYX"),
        ("YXS", (70, 80, 3), 2, "YX"),
        ("YTX", (70, 4, 80), None, "TYX"),
        ("XYT", (80, 70, 4), None, "TYX"),
        ("", (2, 3, 70, 80), None, "TZYX"),
    ],
)
def test_what_is_written_has_the_axes_of_the_file(
    careamics, tmp_path, letters, shape, channel, written
):
    context = MaskContext(file="a.ome.tif", axes=letters, channel=channel)
    seen, left = careamics(ROW, context, shape)
    (array,) = seen["files"].values()
    sizes = dict(zip(letters, shape, strict=True)) if letters else {}
    assert array.dtype == np.float32
    if letters:
        planes = [sizes[letter] for letter in letters if letter not in "YXCS"]
        assert array.shape == (*planes, sizes["Y"], sizes["X"])
    # As tifffile itself takes it.
    text = snippet("careamics", ROW, context).text
    lines = text[text.index("tifffile.imwrite(") :].replace("'a_careamics", f"'{tmp_path}/a")
    exec(lines, {**left, "tifffile": tifffile})
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
        assert file.is_ome
        assert file.series[0].axes == written


def test_more_axes_than_an_ome_tiff_has_are_written_as_one(careamics):
    context = MaskContext(file="a.tif", axes="TZQPYX")
    seen, _ = careamics(ROW, context, (2, 1, 2, 2, 70, 80))
    assert seen["files"]["a_careamics.ome.tif"].shape == (8, 70, 80)


@pytest.mark.parametrize("mask", [ROW, BARE])
def test_batch_normalisation_is_off_and_the_text_says_why(mask):
    text = " ".join(snippet("careamics", mask).text.replace("#", " ").split())
    assert all(figure in text for figure in ("0.817", "0.675", "0.337"))


def test_what_is_not_official_is_said_with_the_version():
    made = snippet("careamics", DIAGONAL)
    for text in (" ".join(made.text.split()), made.notes[0]):
        assert "not official" in text
        assert "0.3.5" in text
    assert "official" not in snippet("careamics", ROW).text
    # A disc did harm where it was tried; lines did not.
    disc = np.ones((7, 5), dtype=bool)
    disc[[0, 0, -1, -1], [0, -1, 0, -1]] = False
    assert "train both, and compare" in snippet("careamics", Mask(disc)).notes[0]
    assert "train both" not in made.notes[0]


def test_the_notes_name_the_share_that_is_set():
    made = snippet("careamics", Mask(np.ones((21, 21), dtype=bool)))
    assert "masked_pixel_percentage=0.05," in made.text
    assert "set masked_pixel_percentage to 0.05. CAREamics takes no less." in " ".join(made.notes)


def test_few_pixels_that_forbid_the_flips_are_named(careamics):
    array = np.zeros((21, 3), dtype=bool)
    array[:, 1] = True
    array[7, 2] = array[13, 0] = True
    made = snippet("careamics", Mask(array))
    assert "augmentations=[]" in made.text
    for text in (made.text.replace("\n    # ", " "), " ".join(made.notes)):
        assert "Only 2 of the 23 pixels, at lag (dy, dx) (-3, +1) and (+3, -1), forbid" in text
        assert "Without them flips are allowed" in text
    assert careamics(without_strays(Mask(array)))[0]["augmentations"] == ["x_flip", "y_flip"]
    # A diagonal is no matter of a few pixels, and n2v's one switch needs quarter turns too.
    assert "forbid" not in snippet("careamics", Mask(np.eye(9, dtype=bool))).text
    assert "forbid" not in " ".join(snippet("n2v", Mask(array)).notes)
    blob = np.ones((5, 5), dtype=bool)
    blob = np.pad(blob, 1)
    blob[0, 2] = blob[6, 4] = True
    assert "Only 2 of the 27" in " ".join(snippet("n2v", Mask(blob)).notes)


# --- CAREamics itself -----------------------------------------------------------------------------


@pytest.mark.careamics
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mask", [BARE, ROW, DIAGONAL, Mask(np.ones((3, 5), dtype=bool))])
def test_the_script_runs_and_hides_just_the_mask(mask, tmp_path, monkeypatch):
    pytest.importorskip("careamics")
    import torch

    monkeypatch.chdir(tmp_path)
    noisy = np.random.default_rng(0).normal(100, 10, (3, 90, 70)).astype(np.uint16)
    tifffile.imwrite("a.tif", noisy, photometric="minisblack", metadata={"axes": "TYX"})
    text = snippet("careamics", mask, MaskContext(file="a.tif", axes="TYX")).text
    few = text.replace("16, 100, 15", "4, 2, 1")
    assert few != text
    (tmp_path / "train.py").write_text(few)
    left = types.SimpleNamespace(**runpy.run_path("train.py"))
    with tifffile.TiffFile("a_careamics.ome.tif") as file:
        assert file.series[0].axes == "TYX"
        assert file.asarray().shape == noisy.shape
        assert file.asarray().std() < noisy.std()
    # What is hidden of a batch without two equal pixels, far from the borders.
    side = max(mask.shape)
    batch = torch.rand(32, 1, 4 * side + 64, 4 * side + 64)
    hide = left.trained.model.n2v_manipulate
    masked, original, centres = hide(batch)
    changed = (masked != original).numpy()
    expected = np.zeros_like(changed)
    for n, c, y, x in np.argwhere(centres.numpy()):
        for dy, dx in mask.lags():
            if 0 <= y + dy < expected.shape[2] and 0 <= x + dx < expected.shape[3]:
                expected[n, c, y + dy, x + dx] = True
    assert not (changed & ~expected).any()
    # A random value may be the old one.
    assert changed.sum() >= 0.999 * expected.sum()

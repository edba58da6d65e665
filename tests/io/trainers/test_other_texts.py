"""The texts for trainers that take no nested list: both versions of autoStructN2V, and others."""

from __future__ import annotations

import json
import pathlib
import sys
import types

import numpy as np
import pytest

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.symmetry import allowed_turns
from structmask_gui.core.masks.trainers import blanked_share
from structmask_gui.io.trainers.snippets import MaskContext, snippet
from tests.io.trainers.conftest import BARE, MASKS, ROW, Tifffile

# --- autoStructN2V 0.1 ----------------------------------------------------------------------------


@pytest.mark.parametrize("mask", MASKS)
def test_autostructn2v_0_1_gets_a_square_mask_about_the_same_centre(run, mask):
    placed = []

    def create_full_mask(kernel, patch_size, percentage, verbose):
        placed.append((kernel, patch_size, percentage))
        return "full", "centres"

    runner = types.SimpleNamespace(create_stage2_mask=None, run_pipeline=None)
    files = Tifffile()
    made = snippet("autostructn2v-0.1", mask, MaskContext(file="a.tif", axes="ZYX"))
    assert "ignores" in made.notes[0]

    class Folder(pathlib.PurePosixPath):
        def mkdir(self, exist_ok):
            assert str(self) == "images"

        def glob(self, pattern):
            return iter([self / pattern.replace("*/", "val/").replace("*", "denoised_denoised")])

    def run_pipeline(config):
        assert config["stage2"]["mask_source"] == "file"
        # What the pipeline calls after its first stage, with patches smaller than the frames.
        assert runner.create_stage2_mask("patches", config) == ("full", "centres")
        assert config["stage1"]["patch_size"] == config["stage2"]["patch_size"] < 80
        assert config["stage1"]["use_roi"] is config["stage2"]["use_roi"] is False
        frames = [files.written[f"images/{n:05d}.tif"] for n in range(8)]
        assert min(frame.min() for frame in frames) == 0
        assert max(frame.max() for frame in frames) == 65535
        assert frames[0].dtype == np.uint16
        for number, frame in enumerate(frames):
            name = f"final/val/{number:05d}_denoised_denoised.tif"
            files.written[name] = frame
        return {"final_results_dir": "final"}

    runner.run_pipeline = run_pipeline
    run(
        made.text,
        mask,
        pathlib={"Path": Folder},
        tifffile=files.contents,
        autoStructN2V__masking={"create_full_mask": create_full_mask},
        autoStructN2V__pipeline={"runner": runner},
    )
    ((kernel, patch_size, percentage),) = placed
    assert kernel.dtype == bool
    assert kernel.shape[0] == kernel.shape[1] <= patch_size
    assert percentage == 10
    assert Mask(kernel).cropped() == mask.cropped()
    # The frames come back in their order and on their scale.
    name = "a_autostructn2v.ome.tif"
    assert np.allclose(files.written[name], files.imread("a.tif"), atol=1e-4)
    assert files.axes[name] == "ZYX"


def test_autostructn2v_0_1_says_what_it_needs(run):
    text = snippet("autostructn2v-0.1", ROW, MaskContext(axes="TYX")).text
    stubs = {
        "tifffile": Tifffile((6, 96, 80)).contents,
        "autoStructN2V__masking": {"create_full_mask": None},
        "autoStructN2V__pipeline": {"runner": None},
    }
    with pytest.raises(SystemExit, match="needs 7 frames"):
        run(text, ROW, **stubs)
    # A process that its loaders start reads the text again, under another name.
    left = run(text, ROW, name="__mp_main__", **stubs)
    assert "frames" not in left


def test_autostructn2v_0_1_says_that_its_second_stage_sees_denoised_images():
    assert "measure again" in snippet("autostructn2v-0.1", ROW).notes[-1]
    assert (
        "as its second stage needs"
        in snippet("autostructn2v-0.1", ROW, MaskContext(stage="denoised")).notes[-1]
    )
    assert "not one on raw" in snippet("n2v", ROW, MaskContext(stage="denoised")).notes[3]
    assert "measured on raw images" in snippet("autostructn2v", ROW).notes[-1]


# --- autoStructN2V 1.0 ----------------------------------------------------------------------------

# As its documentation of August 2026 lists them, and what its configuration takes.
_KEYS = {"input_data", "output_dir", "mask", "recipes", "normalize_method"}
_MASK = {"source", "file_path", "center_size", "extractor"}
_RECIPE = {"patch_size", "mask_percentage", "use_augmentation"}
_NORMALISED = ("unit", "zscore")


@pytest.mark.parametrize("mask", MASKS)
def test_autostructn2v_takes_the_file_and_the_share_of_prediction_centres(run, mask):
    seen = []
    files = Tifffile()
    context = MaskContext(file="a.tif", axes="TYX", mask_file="x_mask.npy")
    run(
        snippet("autostructn2v", mask, context).text,
        mask,
        tifffile=files.contents,
        autoStructN2V__pipeline={
            "run_pipeline": lambda config: seen.append(config) or {"denoised_stack": "d.tif"}
        },
    )
    ((config),) = seen
    pixels = mask.statistics.true_pixels
    expected = {"source": "file", "file_path": "x_mask.npy"}
    assert config["mask"] == ({"source": "center"} if pixels == 1 else expected)
    assert set(config) <= _KEYS
    assert set(config["mask"]) <= _MASK
    assert files.written[config["input_data"]].shape == (8, 96, 80)
    ((branch, recipe),) = config["recipes"].items()
    assert branch == ("n2v" if pixels == 1 else "structn2v")
    # Of its two branches only that without a mask works with batch normalisation, its default.
    assert recipe.pop("norm_type", "batch") == ("batch" if pixels == 1 else "group")
    assert set(recipe) == _RECIPE
    assert config["normalize_method"] in _NORMALISED
    assert config["input_data"].endswith(".tif")
    assert pixels == 1 or config["mask"]["file_path"].endswith(".npy")
    assert recipe["patch_size"] >= 2 * max(mask.cropped().shape)
    assert blanked_share(pixels, recipe["mask_percentage"]) <= 0.1001
    assert recipe["use_augmentation"] == allowed_turns(mask).all


def test_autostructn2v_is_text_as_its_documentation_writes_it():
    text = snippet("autostructn2v", ROW, MaskContext(mask_file="x_mask.npy")).text
    assert "'mask': {'source': 'file', 'file_path': 'x_mask.npy'}," in text


# --- Aydin, SUPPORT, COSDD ------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [*MASKS, Mask(np.ones((65, 65), dtype=bool))])
def test_aydin_gets_the_offsets(run, mask):
    seen = {}

    class Translator:
        def __init__(self, **options):
            seen.update(options)

        def train(self, noisy, target, batch_axes):
            assert noisy is target
            assert batch_axes == [True, False, False]

        def translate(self, noisy, batch_axes):
            return noisy

    files = Tifffile((2, 4, 96, 80))
    made = snippet("aydin", mask, MaskContext(file="a.tif", axes="TZYX"))
    run(
        made.text,
        mask,
        tifffile=files.contents,
        aydin__features__standard_features={"StandardFeatureGenerator": object},
        aydin__it__fgr={"ImageTranslatorFGR": Translator},
        aydin__regression__cb={"CBRegressor": object},
    )
    assert all(isinstance(lag, tuple) for lag in seen["blind_spots"])
    assert sorted(seen["blind_spots"]) == sorted(map(tuple, mask.lags().tolist()))
    assert made.needs_file == (mask.array.size > 2000)
    assert files.written["a_aydin.ome.tif"].shape == (2, 4, 96, 80)
    assert files.axes["a_aydin.ome.tif"] == "TZYX"


def called(run, target, mask, shape=(8, 96, 80)):
    """Run a text that starts the trainer, and return the command and what was written."""
    commands, written = [], {}

    class Folder(pathlib.PurePosixPath):
        def mkdir(self, exist_ok):
            assert str(self) == "frames"

        def write_text(self, text):
            written[str(self)] = text

    run(
        snippet(target, mask, MaskContext(file="a.tif", axes="TYX")).text,
        mask,
        tifffile=Tifffile(shape).contents,
        pathlib={"Path": Folder},
        subprocess={"run": lambda command, check: commands.append(command)},
    )
    (command,) = commands
    assert command[0] == sys.executable
    return command[1:], written


@pytest.mark.parametrize("mask", MASKS)
def test_support_gets_the_box_about_the_mask(run, mask):
    command, _ = called(run, "support", mask)
    at = command.index("--bs_size")
    assert [int(n) for n in command[at + 1 : at + 3]] == list(mask.cropped().shape)
    frames = int(command[command.index("--input_frames") + 1])
    assert frames == int(command[command.index("--patch_size") + 1]) == 7
    more = int(np.prod(mask.cropped().shape)) - mask.statistics.true_pixels
    note = snippet("support", mask).notes[0]
    assert (f"hides {more} pixel" in note) == (more > 0)
    assert ("just this mask" in note) == (more == 0)
    # As its train.py of August 2025 has it: bs_size[0] == bs_size[1].
    height, width = mask.cropped().shape
    turned = snippet("support", mask).notes[1]
    assert ("not turned by 90°" in turned) == (height != width)


@pytest.mark.parametrize(
    ("mask", "direction"),
    [
        (ROW, "x"),
        (ROW.padded((3, 11)), "x"),
        (Mask(np.ones((5, 1), dtype=bool)), "y"),
        (Mask(np.eye(3, dtype=bool)), "none"),
        (BARE, "none"),
    ],
)
def test_cosdd_gets_the_direction_of_a_line(run, mask, direction):
    command, written = called(run, "cosdd", mask, (3, 500, 80))
    assert command == ["training.py", "structmask.yaml"]
    config = json.loads(written["structmask.yaml"])
    assert config["hyper-parameters"] == {"noise-direction": direction}
    assert config["train-parameters"]["crop-size"] == [256, 80]
    diagonal = mask.statistics.shape_class == "diagonal"
    assert ("Not one line" in snippet("cosdd", mask).notes[0]) == diagonal

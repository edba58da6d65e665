"""`structmask denoise`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from structmask_gui.cli import denoise
from structmask_gui.core.denoising import denoiser
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.denoising.wording import DOUBTS
from structmask_gui.core.errors import InputError
from structmask_gui.io import denoise_files
from structmask_gui.io.denoise_files import (
    DenoisedRecord,
    DenoiseOptions,
    denoise_stacks,
    doubts_about,
    flags_of,
    save_denoised,
)
from structmask_gui.io.denoise_state import SavedState
from structmask_gui.io.open import open_stack
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import InputRecord
from tests.io.maker_files import write_ome_set


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(denoiser, "_ROUNDS", 2)
    monkeypatch.setattr(denoiser, "_ROUND", 8)


@pytest.fixture
def stack(tmp_path):
    """Return four frames of squares with noise along the rows, with a pixel size."""
    rng = np.random.default_rng(0)
    structure = np.zeros((96, 102))
    for y, x in rng.integers(0, 80, (14, 2)):
        structure[y : y + 12, x : x + 12] += 900
    white = rng.normal(size=(4, 96, 108))
    noise = np.lib.stride_tricks.sliding_window_view(white, 7, axis=2).sum(axis=3) / 7**0.5
    noise = 0.8 * noise + 0.6 * rng.normal(size=noise.shape)
    path = tmp_path / "cells.ome.tif"
    tifffile.imwrite(
        path,
        np.rint(structure + noise * 200 + 2000).astype(np.uint16).reshape(2, 2, 96, 102),
        metadata={
            "axes": "TZYX",
            "PhysicalSizeX": 0.1,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": 0.2,
            "PhysicalSizeYUnit": "µm",
        },
    )
    return path


@pytest.fixture
def mask(tmp_path):
    path = tmp_path / "row.npy"
    np.save(path, np.ones((1, 13), dtype=bool))
    return path


@pytest.mark.slow
def test_it_is_written_beside_the_file_with_axes_size_and_record(structmask, stack, mask):
    before = stack.read_bytes()
    answer = structmask("denoise", stack, "--mask", mask, "--yes")
    assert answer.code == 0, answer.err
    target = stack.with_name("cells_denoised.ome.tif")
    assert f"{target.name}: denoised with the mask of 13 pixels" in answer.out
    for said in (
        "For viewing and segmentation. Measure intensities",
        "Objects smaller than the mask (1 x 13 pixels, 0.2 x 1.3 µm) are weakened or lost",
        "a larger one, well trained, may keep more detail",
        "Pattern still in your result:",
        "Methods: Images were denoised for display",
    ):
        assert said in answer.out, answer.err
    assert stack.read_bytes() == before
    assert sorted(path.name for path in stack.parent.iterdir()) == [
        "cells.ome.tif",
        "cells_denoised.json",
        "cells_denoised.ome.tif",
        "row.npy",
    ]
    with open_stack(target) as written, open_stack(stack) as raw:
        assert written.axes == raw.axes == "TZYX"
        assert written.dtype == np.float32
        assert written.metadata["Pixel size Y"] == "0.2 µm"
        expected = Denoiser(raw, load_mask(mask))
        expected.fit()
        for frame in (0, 3):
            np.testing.assert_array_equal(written.read(frame), expected.predict(frame))
        assert doubts_about(written, flags_of(written, None)) == ("cannot_tell", "denoised")
        assert doubts_about(written, (), 0.5) == ("denoised",)
        assert doubts_about(written, (), 2.8) == ("no_gain", "denoised")
    with tifffile.TiffFile(target) as tiff:
        inside = tiff.ome_metadata
    assert "For viewing and segmentation" in inside
    record = json.loads(target.with_name("cells_denoised.json").read_text())
    embedded = json.loads(
        ElementTree.fromstring(inside).find(".//{*}Description").text.split("Record: ")[1]
    )
    later = {"clipped_pixels", "evaluation"}
    assert embedded == {key: value for key, value in record.items() if key not in later}
    assert record["mask"] == [[1] * 13]
    assert record["mask_from"] == "row.npy"
    assert record["evaluation"]["noise_left"] < 0.7
    assert record["clipped_pixels"] is None


@pytest.mark.slow
def test_each_channel_is_written_by_its_name(structmask, stack, mask):
    both = stack.with_name("both.ome.tif")
    pixels = tifffile.imread(stack).reshape(4, 1, 96, 102).repeat(2, axis=1)
    names = {"axes": "TCYX", "Channel": {"Name": ["nuclei", "membrane"]}}
    tifffile.imwrite(both, pixels, photometric="minisblack", metadata=names)
    options = ("denoise", both, "--mask", mask, "--yes")
    answer = structmask(*options)
    assert answer.code == 0, answer.err
    assert "note: The file has 2 channels; channel 0 is used" in answer.err
    answer = structmask(*options, "--channel", 1)
    assert (answer.code, answer.err) == (0, "")
    for stem, name in (("both", "nuclei"), ("both_c1", "membrane")):
        inside = both.with_name(f"{stem}_denoised.ome.tif").read_bytes()
        assert f'Name="{name}"'.encode() in inside
    folder = both.parent / "batch"
    batch = ("batch", both, "--denoise", "--yes", "--output-dir", folder, "--channel", 1)
    assert structmask(*batch, "--method", "statistical").code == 0
    assert (folder / "both_c1_denoised.ome.tif").is_file()


@pytest.mark.slow
def test_what_speaks_against_it_is_asked_about_in_one_sentence(structmask, stack, tmp_path):
    eight = tmp_path / "eight.tif"
    pixels = tifffile.imread(stack).reshape(4, 96, 102)
    tifffile.imwrite(
        eight, (pixels // 64).astype(np.uint8), photometric="minisblack", metadata={"axes": "TYX"}
    )
    answer = structmask("denoise", eight)
    assert answer.code == 2
    assert answer.err.startswith("error: eight.tif: not denoised: ")
    assert "8 bits" in answer.err
    assert answer.err.rstrip().endswith("give --yes to denoise it all the same.")
    assert answer.err.count("\n") == 1
    answer = structmask("denoise", eight, "--yes", "--json")
    assert answer.code == 0, answer.err
    assert "eight_bits" in answer.json["accepted"]


def test_help_and_guide_name_all_that_is_asked_about(structmask):
    said = " ".join(structmask("denoise", "--help").out.split())
    guide = Path(__file__).parents[2] / "docs" / "denoising.md"
    for text in (said, " ".join(guide.read_text(encoding="utf-8").split())):
        assert [doubt for doubt in DOUBTS.values() if doubt not in text] == []


def test_offsets_of_whole_lines_are_asked_about(structmask, stack):
    pixels = tifffile.imread(stack).reshape(4, 96, 102).astype(float)
    offsets = np.random.default_rng(1).normal(scale=300, size=(4, 96, 1))
    path = stack.with_name("offsets.npy")
    np.save(path, (pixels + offsets).astype(np.float32))
    answer = structmask("denoise", path)
    assert answer.code == 2
    assert "whole rows or columns are brighter or darker: remove their offsets first" in answer.err


@pytest.fixture
def untold(tmp_path):
    """Return one frame of smooth structure and noise along the rows: which is which, none tells."""
    rng = np.random.default_rng(0)
    structure = gaussian_filter(rng.normal(size=(128, 128)), 3)
    white = rng.normal(size=(128, 132))
    noise = np.lib.stride_tricks.sliding_window_view(white, 5, axis=1).mean(axis=2)
    path = tmp_path / "one.npy"
    np.save(path, (200 + 60 * structure / structure.std() + 20 * noise).astype(np.float32))
    return path


@pytest.mark.slow
def test_where_the_answer_cannot_tell_it_is_asked_and_nothing_is_judged_likely(
    structmask, untold, tmp_path
):
    told = structmask("extract", untold, "--preset", "automatic").out
    assert told.startswith("one.npy: Cannot tell noise from sample.")
    folder = ("--output-dir", tmp_path / "results")
    for command in (("denoise", untold), ("batch", untold, "--denoise", *folder)):
        answer = structmask(*command)
        assert answer.code
        assert "noise and structure could not be separated" in answer.err
    assert structmask("denoise", untold, "--yes").code == 0
    assert structmask("batch", untold, "--denoise", "--yes", "--force", *folder).code == 0
    for made in (untold.parent, tmp_path / "results"):
        record = json.loads((made / "one_denoised.json").read_text())
        assert record["accepted"] == ["cannot_tell"]
        found = record["evaluation"]
        assert found["advice"] == "cannot tell"
        assert found["next_mask"] is None
        assert "cannot be told" in found["sentence"]
    mask, output = tmp_path / "one_mask.npy", tmp_path / "one_denoised.ome.tif"
    judged = structmask("quality", mask, untold, "--denoised", output, "--json").json
    assert judged["denoised"]["advice"] == "cannot tell"


@pytest.mark.slow
def test_a_batch_asks_what_the_command_asks_where_no_gain_is_expected(structmask, tmp_path):
    path = tmp_path / "waves.npy"
    white = np.random.default_rng(0).normal(size=(4, 96, 100))
    rows = np.lib.stride_tricks.sliding_window_view(white, 5, axis=2).mean(axis=3)
    fast = 1000 * np.random.default_rng(1).normal(size=(96, 96))
    np.save(path, (fast + 10 * rows).astype(np.float32))
    refused = "denoising is expected to gain little or to do harm, for it costs as much as it"
    assert refused in structmask("denoise", path).err
    options = ("--denoise", "--preset", "automatic", "--output-dir", tmp_path / "results")
    for per in ("file", "all"):
        answer = structmask("batch", path, *options, "--per", per, "--force")
        assert answer.code == 1
        assert refused in answer.err


def test_a_mask_that_hides_too_much_is_asked_about_or_refused(structmask, stack, tmp_path):
    path = tmp_path / "wide.npy"
    np.save(path, np.ones((19, 19), dtype=bool))
    answer = structmask("denoise", stack, "--mask", path)
    assert "denoising is expected to gain little" in answer.err
    np.save(path, np.ones((41, 61), dtype=bool))
    answer = structmask("denoise", stack, "--mask", path, "--yes")
    assert answer.code == 2
    assert answer.err.startswith("error: The mask hides all neighbours within 10 pixels")
    with pytest.raises(InputError, match="hides all neighbours"):
        Denoiser(np.zeros((2, 96, 96)), np.ones((21, 21), dtype=bool))


@pytest.mark.slow
def test_with_a_mask_of_ring_analysis_the_stack_is_asked_about_all_the_same(
    structmask, stack, untold, tmp_path
):
    options = ("--denoise", "--method", "ring", "--output-dir", tmp_path / "results")
    answer = structmask("batch", stack, untold, *options)
    assert answer.code == 1
    assert answer.err.startswith("error: one.npy: not denoised: noise and structure could not be")
    assert answer.err.count("error: ") == 1
    record = json.loads((tmp_path / "results" / "cells_denoised.json").read_text())
    assert record["accepted"] == []
    assert record["evaluation"]["noise_told_from_picture"]


@pytest.mark.slow
def test_colours_of_8_bits_are_asked_about_and_rounded_to_8_bits(structmask, stack, mask, tmp_path):
    path, folder = tmp_path / "rgb.tif", tmp_path / "new"
    pixels = (tifffile.imread(stack).reshape(4, 96, 102) // 64).astype(np.uint8)
    tifffile.imwrite(path, np.stack([pixels] * 3, axis=-1), photometric="rgb")
    options = ("--mask", mask, "--whole-numbers", "--output-dir", folder)
    answer = structmask("denoise", path, *options)
    assert answer.code == 2
    assert "8 bits" in answer.err
    answer = structmask("denoise", path, *options, "--yes")
    assert answer.code == 0, answer.err
    with open_stack(folder / "rgb_denoised.ome.tif") as written:
        assert written.dtype == np.uint8


def test_whole_numbers_of_others_are_refused_before_anything_is_measured(
    structmask, tmp_path, monkeypatch
):
    path = tmp_path / "floats.npy"
    np.save(path, np.random.default_rng(0).normal(size=(96, 96)).astype(np.float32))
    monkeypatch.delattr(denoise, "extract_recording")
    answer = structmask("denoise", path, "--yes", "--whole-numbers")
    assert answer.code == 2
    assert "holds float32, not whole numbers; leave out --whole-numbers" in answer.err


@pytest.mark.parametrize("yes", [(), ("--yes",)])
def test_where_no_mask_can_be_measured_it_is_said_why(structmask, tmp_path, yes):
    path = tmp_path / "constant.npy"
    np.save(path, np.full((3, 64, 64), 7.0))
    answer = structmask("denoise", path, *yes)
    assert answer.code == 2
    assert answer.err.startswith("error: constant.npy holds no noise")


@pytest.mark.slow
def test_its_own_result_is_not_taken_for_a_wrong_file(structmask, tmp_path):
    path = tmp_path / "waves.npy"
    white = np.random.default_rng(0).normal(size=(96, 100))
    rows = np.lib.stride_tricks.sliding_window_view(white, 5, axis=1).mean(axis=2)
    structure = 20 * np.sin(np.arange(96) / 9)[:, None]
    np.save(path, (100 + structure + 10 * rows).astype(np.float32))
    mask = tmp_path / "bare.npy"
    np.save(mask, np.ones((1, 1), dtype=bool))
    assert structmask("denoise", path, "--mask", mask, "--yes").code == 0
    record = json.loads((tmp_path / "waves_denoised.json").read_text())
    assert record["evaluation"]["fault"] is None
    assert "network" not in record["evaluation"]["sentence"]


def test_no_file_that_is_read_is_written_over(structmask, stack, mask, tmp_path):
    frames = tifffile.imread(stack).reshape(4, 96, 102)
    first, second, *_ = write_ome_set(tmp_path, frames)
    before = second.read_bytes()
    options = ("--mask", mask, "--yes", "--force")
    answer = structmask("denoise", first, *options, "--output", second)
    assert answer.code == 2
    assert f"{second.name} is an image file that is open" in answer.err
    # Of files that are denoised together also the others.
    with open_stack(stack) as one, open_stack(first) as other:
        targets = [tmp_path / "out.ome.tif", stack]
        with pytest.raises(InputError, match="is an image file that is open"):
            denoise_stacks([other, one], targets, DenoiseOptions(load_mask(mask), force=True))
        fitted = DenoisedRecord(Denoiser(other, load_mask(mask)), InputRecord.of(other), "measured")
        with pytest.raises(InputError, match="is an image file that is open"):
            save_denoised(fitted, other, second, force=True)
    assert second.read_bytes() == before
    assert not targets[0].exists()


def test_nothing_is_replaced_unasked_and_never_the_input(structmask, stack, mask, tmp_path):
    answer = structmask("denoise", stack, "--mask", mask, "--yes", "--output", stack, "--force")
    assert answer.code == 2
    assert "is an image file that is open" in answer.err
    target = tmp_path / "out.ome.tif"
    target.write_bytes(b"old")
    options = ("denoise", stack, "--mask", mask, "--yes", "--output", target)
    answer = structmask(*options)
    assert answer.code == 2
    assert "exists already; use --force" in answer.err
    assert target.read_bytes() == b"old"
    answer = structmask("denoise", stack, "--output", tmp_path / "x.png")
    assert answer.code == 2
    assert "name that ends in .ome.tif" in answer.err


@pytest.mark.slow
def test_whole_numbers_on_request(structmask, stack, mask, tmp_path):
    folder = tmp_path / "new"
    options = ("--mask", mask, "--yes", "--whole-numbers", "--output-dir", folder)
    answer = structmask("denoise", stack, *options)
    assert answer.code == 0, answer.err
    assert "Rounded to whole numbers; 0 pixels were clipped." in answer.out
    with open_stack(folder / "cells_denoised.ome.tif") as written:
        assert written.dtype == np.uint16


def test_too_little_data_says_how_much_is_needed(structmask, tmp_path):
    path = tmp_path / "small.npy"
    np.save(path, np.random.default_rng(0).normal(size=(48, 60)))
    mask = tmp_path / "mask.npy"
    np.save(mask, np.ones((1, 5), dtype=bool))
    answer = structmask("denoise", path, "--mask", mask, "--yes")
    assert answer.code == 2
    assert "3000 are needed" in answer.err


@pytest.mark.slow
def test_an_unfinished_one_is_gone_on_with(structmask, stack, mask, monkeypatch):
    target = stack.with_name("cells_denoised.ome.tif")
    state = target.with_name(target.name + ".unfinished.npz")

    def interrupted(self, frame, task=None, **_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Denoiser, "bands", interrupted)
        assert structmask("denoise", stack, "--mask", mask, "--yes").code == 130
    assert state.exists()
    assert not target.exists()
    loaded = []
    load = SavedState.load

    def spy(self, denoiser):
        # Where frames share noise they are divided in another way.
        striped = Denoiser(denoiser.frames, denoiser.mask, shared_noise=True)
        assert load(self, striped) is None
        loaded.append(load(self, denoiser))
        return loaded[-1]

    monkeypatch.setattr(SavedState, "load", spy)
    assert structmask("denoise", stack, "--mask", mask, "--yes").code == 0
    assert loaded[0]["progress"][2] == 2
    assert not state.exists()
    # One of another mask, or damaged, is not gone on with.
    state.write_bytes(b"PK no archive")
    assert structmask("denoise", stack, "--yes", "--force", "--mask", mask).code == 0
    assert loaded[-1] is None


def test_a_file_that_is_changed_meanwhile_is_not_written(structmask, stack, mask, monkeypatch):
    fit = denoise_files.fitted

    def changed(*arguments):
        yield from fit(*arguments)
        stack.write_bytes(stack.read_bytes() + b" ")

    monkeypatch.setattr(denoise_files, "fitted", changed)
    answer = structmask("denoise", stack, "--mask", mask, "--yes")
    assert answer.code == 2
    assert answer.err.startswith("error: cells.ome.tif was changed after it was opened")
    assert not stack.with_name("cells_denoised.ome.tif").exists()


@pytest.mark.slow
@pytest.mark.parametrize("per", ["file", "all"])
def test_a_batch_denoises_every_file(structmask, stack, tmp_path, per):
    other = tmp_path / "other.ome.tif"
    other.write_bytes(stack.read_bytes())
    folder = tmp_path / "results"
    options = ("--per", per, "--denoise", "--yes", "--output-dir", folder, "--method")
    answer = structmask("batch", stack, other, *options, "statistical")
    assert answer.code == 0, answer.err
    assert ("do not compare between conditions" in answer.out) == (per == "file")
    for stem in ("cells", "other"):
        record = json.loads((folder / f"{stem}_denoised.json").read_text())
        assert record["comparable"] == (per == "all")
        assert record["fitted_to"] == (
            ["cells.ome.tif", "other.ome.tif"] if per == "all" else [f"{stem}.ome.tif"]
        )
        with open_stack(folder / f"{stem}_denoised.ome.tif") as written:
            assert written.n_frames == 4
    target = folder / "cells_denoised.ome.tif"
    before = target.stat().st_mtime_ns
    again = structmask("batch", stack, other, *options, "statistical", "--resume")
    assert again.code == 0, again.err
    assert target.stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_batch_denoises_with_the_masks_that_are_there(structmask, stack):
    options = ("--output-dir", stack.parent / "results", "--method", "statistical")
    assert structmask("extract", stack, *options).code == 0
    target = stack.parent / "results" / "cells_denoised.ome.tif"

    def batch(name):
        summary = stack.with_name(name)
        return structmask("batch", stack, *options, "--denoise", "--yes", "--summary", summary)

    answer = batch("first.csv")
    assert answer.code == 0, answer.err
    assert "skipped: has a mask already" in answer.out
    (said,) = [line for line in answer.out.splitlines() if line.startswith("cells_denoised")]
    single = json.loads(target.with_suffix("").with_suffix(".json").read_text())
    assert said == f"cells_denoised.ome.tif: {single['evaluation']['sentence']}"
    assert "\n    The neural networks " in answer.out
    assert "0 masks made, 1 skipped, 1 of 1 stack denoised." in answer.out
    before = target.stat().st_mtime_ns
    answer = batch("second.csv")
    assert answer.code == 0, answer.err
    assert "cells.ome.tif is denoised already" in answer.out
    assert "0 masks made, 1 skipped, 1 of 1 stack denoised." in answer.out
    assert target.stat().st_mtime_ns == before
    # A mask of the file as it was before is no mask of it.
    target.unlink()
    target.with_suffix("").with_suffix(".json").unlink()
    os.utime(stack, (2**32, 2**32))
    answer = batch("third.csv")
    assert answer.code == 1
    assert "cells.ome.tif: not denoised: the mask that is there does not belong" in answer.err
    assert "0 of 1 stack denoised." in answer.out
    for name in ("third.csv", "third.html"):
        assert "the mask that is there does not belong" in stack.with_name(name).read_text("utf-8")
    assert not target.exists()


@pytest.mark.slow
def test_what_was_denoised_with_an_older_mask_is_not_passed_off_as_done(structmask, stack):
    folder = stack.parent / "results"
    options = ("--denoise", "--yes", "--output-dir", folder)
    assert structmask("batch", stack, *options, "--method", "ring").code == 0
    target = folder / "cells_denoised.ome.tif"
    before = target.read_bytes()
    for path in folder.glob("cells_mask*"):
        path.unlink()
    # Both where the mask is new, and where it was kept since.
    for number in (1, 0):
        answer = structmask("batch", stack, *options, "--preset", "automatic", "--resume")
        assert f"{number} mask{'' if number == 1 else 's'} made" in answer.out
        assert answer.code == 1
        assert f"error: {target.name} was not denoised with this mask; use --force" in answer.err
        assert "0 of 1 stack denoised" in answer.out
    assert target.read_bytes() == before
    again = structmask("batch", stack, *options, "--preset", "automatic", "--resume", "--force")
    assert again.code == 0, again.err
    assert target.read_bytes() != before


@pytest.mark.slow
def test_a_batch_of_equal_names_denoises_each_and_prints_json_alone(structmask, stack, tmp_path):
    other = tmp_path / "other" / stack.name
    other.parent.mkdir()
    other.write_bytes(stack.read_bytes())
    folder = tmp_path / "results"
    options = ("--per", "all", "--denoise", "--yes", "--output-dir", folder, "--json")
    answer = structmask("batch", stack, other, *options, "--method", "statistical")
    assert answer.code == 0, answer.err
    assert len(answer.json["results"]) == 1
    for name, source in (("cells", stack), ("cells-2", other)):
        record = json.loads((folder / f"{name}_denoised.json").read_text())
        assert record["input"]["path"] == str(source)
        assert (folder / f"{name}_denoised.ome.tif").is_file()


@pytest.mark.slow
def test_a_damaged_file_of_a_batch_does_not_keep_the_others_from_being_denoised(
    structmask, stack, tmp_path
):
    damaged = tmp_path / "damaged.tif"
    damaged.write_bytes(stack.read_bytes()[:5000])
    options = ("--per", "all", "--denoise", "--yes", "--output-dir", tmp_path / "results")
    answer = structmask("batch", stack, damaged, *options, "--method", "statistical")
    assert answer.code == 1
    assert answer.err.count("error: ") == 1
    names = {path.name for path in (tmp_path / "results").glob("*_denoised*")}
    assert names == {"cells_denoised.ome.tif", "cells_denoised.json"}


@pytest.mark.slow
def test_spots_are_put_in_and_stand_in_the_record(structmask, stack, mask):
    answer = structmask("denoise", stack, "--mask", mask, "--yes", "--test-spots")
    assert answer.code == 0, answer.err
    assert "10 x as bright as the noise " in answer.out
    assert "  4 px wide: " in answer.out
    record = json.loads(stack.with_name("cells_denoised.json").read_text())
    found = record["test_with_spots"]
    assert len(found) == 3 * 4 * 3
    assert {one["shape"] for one in found} == {"spot", "line", "step"}
    answer = structmask("denoise", stack, "--mask", mask, "--yes", "--force")
    assert "as bright as the noise" not in answer.out
    assert "test_with_spots" not in json.loads(stack.with_name("cells_denoised.json").read_text())


@pytest.mark.parametrize("spots", [(), ("--test-spots",)], ids=["plain", "spots"])
def test_what_cannot_be_measured_is_written_with_its_record(structmask, tmp_path, mask, spots):
    pixels = np.random.default_rng(0).normal(100, 10, (128, 160)).astype(np.float32)
    pixels[::8] = pixels[:, ::8] = np.nan
    np.save(tmp_path / "nan.npy", pixels)
    answer = structmask("denoise", tmp_path / "nan.npy", "--mask", mask, "--yes", *spots)
    assert answer.code == 0, answer.err
    assert "note: it could not be evaluated: nan.npy has no part" in answer.err
    assert sorted(path.name for path in tmp_path.glob("nan_*")) == [
        "nan_denoised.json",
        "nan_denoised.ome.tif",
    ]


def test_frames_too_small_for_spots_are_refused_before_anything_is_fitted(
    structmask, tmp_path, mask
):
    path = tmp_path / "small.npy"
    np.save(path, np.random.default_rng(0).normal(100, 1, (2, 63, 63)).astype(np.float32))
    answer = structmask("denoise", path, "--mask", mask, "--yes", "--test-spots")
    assert answer.code == 2
    assert "have no room for the test with spots" in answer.err
    assert not list(tmp_path.glob("*denoised*"))


@pytest.mark.slow
def test_without_a_mask_the_recommended_one_is_taken(structmask, stack):
    preset = ("--preset", "automatic")
    assert structmask("extract", stack, *preset).code == 0
    recommended = load_mask(stack.with_name("cells_mask.npy"))
    significant = ("--method", "statistical", "--force")
    assert structmask("extract", stack, *significant).code == 0
    assert load_mask(stack.with_name("cells_mask.npy")) != recommended
    assert structmask("denoise", stack, "--yes").code == 0
    record = json.loads(stack.with_name("cells_denoised.json").read_text(encoding="utf-8"))
    assert record["mask"] == recommended.cropped().array.astype(int).tolist()


@pytest.mark.slow
def test_its_own_result_is_not_taken_for_a_raw_stack(structmask, stack, mask, tmp_path):
    assert structmask("denoise", stack, "--mask", mask, "--yes").code == 0
    made = tmp_path / "cells_denoised.ome.tif"
    told = structmask("extract", made, "--preset", "automatic")
    assert told.out.splitlines()[0].endswith(": This stack was denoised by StructMask.")
    raw = structmask("extract", stack, "--preset", "automatic")
    assert "denoised" not in raw.out.splitlines()[0]

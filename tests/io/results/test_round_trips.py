"""Every form a mask is exported in is read back to the same mask: 1,000 random ones each."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tifffile
from PIL import Image

from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.results import masks as files
from structmask_gui.io.results.record import make_record, read_record
from structmask_gui.io.trainers.snippets import snippet
from tests.io.conftest import random_masks

pytestmark = pytest.mark.slow

COUNT = 1000


@pytest.fixture(scope="module")
def masks() -> list[Mask]:
    return random_masks(COUNT, seed=1)


@pytest.fixture(autouse=True)
def no_sync(monkeypatch):
    """Leave out the waiting for the disk; what is written stays the same."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.mark.parametrize(
    ("save", "suffix"),
    [(files.save_npy, "npy"), (files.save_png, "png"), (files.save_tiff, "tif")],
)
def test_files(masks, tmp_path, save, suffix):
    path = tmp_path / f"mask.{suffix}"
    for mask in masks:
        save(mask, path, force=True)
        assert files.load_mask(path) == mask


def test_what_other_programs_read(masks, tmp_path):
    """NumPy, Pillow and tifffile see the mask without our reader."""
    for mask in masks[:100]:
        files.save_npy(mask, tmp_path / "m.npy", force=True)
        array = np.load(tmp_path / "m.npy", allow_pickle=False)
        assert array.dtype == bool
        np.testing.assert_array_equal(array, mask.array)
        files.save_png(mask, tmp_path / "m.png", force=True)
        with Image.open(tmp_path / "m.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture) == 255, mask.array)
        files.save_tiff(mask, tmp_path / "m.tif", force=True)
        np.testing.assert_array_equal(tifffile.imread(tmp_path / "m.tif") == 255, mask.array)


def test_records(masks, tmp_path):
    noise = np.random.default_rng(0).normal(size=(64, 64))
    extraction = extract_array(noise, Parameters())
    path = tmp_path / "mask.json"
    for mask in masks:
        record = make_record(extraction, mask=mask)
        path.write_bytes(record.as_json())
        again = read_record(path)
        assert again.as_mask() == mask == files.load_mask(path)
        assert again.edited == (mask != extraction.mask)
        assert again == record


@pytest.mark.parametrize("target", ["python", "n2v"])
def test_texts(masks, target):
    """The lists in the texts are the mask, cropped to its content."""
    for mask in masks:
        text = snippet(target, mask).text
        start = text.index("= ") + 2 if target == "n2v" else text.index("np.array(") + 9
        if mask.statistics.true_pixels == 1 and target == "n2v":
            assert "structN2Vmask = None" in text
            continue
        rows = text[start : text.index("\n]", start) + 2]
        left: dict[str, object] = {}
        exec(f"rows = {rows}", left)
        assert Mask.checked(left["rows"]) == mask.cropped()

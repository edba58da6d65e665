"""What is asked before a file is denoised."""

from __future__ import annotations

import errno
import os
from unittest.mock import Mock

import numpy as np
import pytest
import tifffile

from structmask_gui.core.denoising import denoiser
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import Task
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.recommend import told_error
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.io.denoise_files import (
    DenoisedRecord,
    doubts_about,
    flags_of,
    record_path,
    save_denoised,
)
from structmask_gui.io.open import open_stack
from structmask_gui.io.results.record import InputRecord
from tests.core.recommend.scenes import automatic, frames_of


@pytest.mark.parametrize(
    ("scene", "asked", "separated"),
    [("row 7", False, True), ("one smooth frame", False, False), ("cannot tell", True, False)],
)
def test_it_is_asked_only_where_the_answer_does_not_advise_the_mask(scene, asked, separated):
    found, frames = automatic(scene), ArrayFrames(frames_of(scene))
    assert (answer(found).certainty == "cannot tell") == asked
    flags = flags_of(frames, found)
    assert ("cannot_tell" in flags, "unseparated" not in flags) == (asked, separated)
    other = flags_of(frames, found, mask=Mask(np.ones((3, 9), dtype=bool)))
    assert ("cannot_tell" in other) != separated
    assert (told_error(found, found.mask) is None) == asked


@pytest.mark.parametrize(("n_frames", "asked"), [(1, ()), (6, ("periodic_temporal",))])
def test_a_regular_pattern_that_shifts_is_asked_about(tmp_path, n_frames, asked):
    path = tmp_path / "hum.tif"
    tifffile.imwrite(path, np.ones((n_frames, 32, 32), np.uint16), photometric="minisblack")
    with open_stack(path) as stack:
        assert doubts_about(stack, ("moving", "periodic_temporal")) == asked


def test_the_record_of_an_older_result_goes_before_its_image_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(denoiser, "_ROUNDS", 2)
    monkeypatch.setattr(denoiser, "_ROUND", 8)
    path, target = tmp_path / "a.npy", tmp_path / "a_denoised.ome.tif"
    np.save(path, np.random.default_rng(0).normal(100, 5, (4, 96, 96)).astype(np.float32))
    target.write_bytes(b"old")
    record_path(target).write_text("{}")
    cancelled = Task(cancelled=lambda: True)
    with open_stack(path) as stack:
        made = Denoiser(stack, Mask(np.ones((1, 3), dtype=bool)))
        made.fit()
        record = DenoisedRecord(made, InputRecord.of(stack), "measured")
        with pytest.raises(Cancelled):
            save_denoised(record, stack, target, force=True, task=cancelled)
        assert (target.read_bytes(), record_path(target).exists()) == (b"old", True)
        with monkeypatch.context() as full:
            full.setattr(os, "fsync", Mock(side_effect=OSError(errno.ENOSPC, "full")))
            with pytest.raises(InputError, match="make room"):
                save_denoised(record, stack, target, force=True)
        assert (target.read_bytes(), record_path(target).exists()) == (b"old", True)
        save_denoised(record, stack, target, force=True)
    assert target.read_bytes() != b"old"
    assert not record_path(target).exists()

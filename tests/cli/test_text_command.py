"""`structmask text`."""

from __future__ import annotations

import numpy as np
import pytest

from structmask_gui.core.names import TARGETS


@pytest.fixture
def mask(tmp_path):
    path = tmp_path / "row.npy"
    np.save(path, np.ones((1, 5), dtype=bool))
    return path


@pytest.mark.parametrize("target", list(TARGETS))
def test_the_text_alone_is_on_standard_output(structmask, noisy, mask, target):
    answer = structmask("text", mask, noisy, "--for", target)
    assert answer.code == 0, answer.err
    compile(answer.out, target, "exec")
    assert answer.out.startswith("# Row, 5 pixels, from row.npy, for rows.ome.tif (raw images)")
    assert all(line.startswith("note: ") for line in answer.err.splitlines())
    assert "is meant for raw images" in answer.err
    assert "measured on denoised" not in answer.err


def test_a_measured_mask_is_said_to_be_and_one_without_its_array_is_asked_for(structmask, noisy):
    assert structmask("extract", noisy, "--method", "statistical").code == 0
    record = noisy.with_name("rows.ome_mask.json")
    if not record.exists():
        (record,) = noisy.parent.glob("*_mask.json")
    answer = structmask("text", record, noisy, "--for", "autostructn2v", "--denoised")
    assert "measured on rows.ome.tif (denoised images)" in answer.out
    assert "is not there" not in answer.err
    assert str(record.with_suffix(".npy")) in answer.out
    record.with_suffix(".npy").unlink()
    answer = structmask("text", record, noisy, "--for", "autostructn2v")
    assert f"note: The text loads the mask from {record.stem}.npy, which is not there" in answer.err


def test_an_unknown_trainer_is_refused_with_those_that_are_known(structmask, noisy, mask):
    answer = structmask("text", mask, noisy, "--for", "magic")
    assert answer.code == 2
    assert answer.out == ""
    assert all(target in answer.err for target in TARGETS)

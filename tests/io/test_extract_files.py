from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tifffile

from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io import extract_files
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.image_stack import MeasuredFiles

GAPS = np.zeros((1, 9), dtype=bool)
GAPS[0, [0, 4, 8]] = True


@pytest.mark.parametrize("trusted", [True, False])
def test_a_report_has_the_exact_mask_and_its_figures(tmp_path, row_noise, monkeypatch, trusted):
    path = tmp_path / "rows.tif"
    tifffile.imwrite(path, row_noise, metadata={"axes": "TYX"}, photometric="minisblack")
    original = extract_files.extraction_basis
    monkeypatch.setattr(
        extract_files,
        "extraction_basis",
        lambda *arguments, **named: replace(original(*arguments, **named), trusted=trusted),
    )
    with open_stack(path) as stack:
        extraction = replace(extract_array(stack, Parameters()), mask=Mask(GAPS))
        made = extract_files.Result.of(
            extraction, MeasuredFiles([stack]), report_for="rows_mask.npy"
        )
    assert made.report is not None
    page = made.report.decode()
    assert "n2v_manipulate" in page  # no shape of CAREamics is this mask
    assert made.record.quality is not None
    assert made.record.quality["noise_told_from_picture"] == trusted

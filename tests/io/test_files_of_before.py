"""Files that users have, written before the package was laid out anew (commit 7c23e8f)."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from structmask_gui.cli import main
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.batch.summary import read_failures
from structmask_gui.io.extract_files import ExtractionSettings, Input, extract_result
from structmask_gui.io.presets.preset import load_preset
from structmask_gui.io.report.report import report_bytes
from structmask_gui.io.results.cache import MeasurementCache
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import read_record
from tests.io.results.test_cache import measured

WRITTEN = Path(__file__).parents[1] / "data" / "written_by_7c23e8f"
PLACE = "FOLDER"
"""Stands in the files for the folder they lay in."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in WRITTEN.iterdir():
        shutil.copy2(file, tmp_path)
        if file.suffix in (".json", ".csv"):
            text = file.read_text(encoding="utf-8").replace(PLACE, tmp_path.as_posix())
            (tmp_path / file.name).write_text(text, encoding="utf-8")
    return tmp_path


def same(one: Any, other: Any) -> bool:
    """Tell whether values are equal; measured ones but for the rounding of another processor."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return one == pytest.approx(other, rel=1e-5, abs=1e-5)
    if isinstance(one, np.ndarray):
        return np.allclose(one, other, rtol=1e-5, atol=1e-5, equal_nan=True)
    return bool(one == other)


@pytest.mark.parametrize("name", ["ring", "statistical_dark"])
def test_a_record_opens_and_its_extraction_is_repeated(folder: Path, name: str):
    file = folder / f"{name}.json"
    old = read_record(file)
    assert old.as_mask() == load_mask(file)
    assert main(["extract", "--from-record", str(file), "--output-dir", str(folder / "new")]) == 0
    new = read_record(folder / "new" / "raw_mask.json")
    kept = ("method", "source", "region", "patches", "rings", "statistics", "mask", "correlation")
    assert same(new.model_dump(include=set(kept)), old.model_dump(include=set(kept)))
    assert new.as_parameters() == old.as_parameters()
    assert [item.sha256 for item in new.inputs] == [item.sha256 for item in old.inputs]
    assert (new.dark is None) == (old.dark is None)


def test_a_record_makes_a_report_with_its_figures(folder: Path):
    page = report_bytes(read_record(folder / "statistical_dark.json")).decode()
    assert "Noise a network could copy" in page
    assert "Dark stack" in page


def test_a_mask_opens(folder: Path):
    assert load_mask(folder / "mask.npy") == read_record(folder / "ring.json").as_mask()


def test_a_preset_opens(folder: Path):
    preset = load_preset(folder / "preset.json")
    assert (preset.name, preset.notes) == ("Dark current", ())
    assert preset.apply() == Parameters.checked(method="statistical", source="dark", max_lag=7)


def test_the_failures_of_a_batch_are_known(folder: Path):
    (failed,) = read_failures(folder / "batch.csv").items()
    assert failed[0] == f"{folder.as_posix()}/small.npy"
    assert "at least 16 x 16" in failed[1][1]


def test_a_kept_measurement_is_passed_over_without_a_word(folder: Path, capsys, caplog):
    cache = MeasurementCache(folder)
    (old,) = folder.glob("*.measurement")
    before = old.read_bytes()
    parameters = Parameters(patch_size=16, center_size=5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extraction, made = measured(folder / "raw.npy", parameters, cache)
    assert made
    (new,) = set(folder.glob("*.measurement")) - {old}
    assert new.name != old.name
    assert old.read_bytes() == before
    fresh = extract_result([Input(folder / "raw.npy")], ExtractionSettings(parameters))
    assert extraction.mask == fresh.mask
    assert capsys.readouterr() == ("", "")
    assert not caplog.records

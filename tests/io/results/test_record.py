"""The record says everything, and gives the same mask and parameters back."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.core.extraction.extraction import Extraction, extract_array
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import Recording, Region
from structmask_gui.io.open import open_stack
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import (
    CorrelationRecord,
    InputRecord,
    file_checksum,
    make_record,
    read_record,
    recorded_file,
)
from structmask_gui.io.stack.image_stack import MeasuredFiles
from structmask_gui.version import __version__


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """A stack of row noise, one patch of which is constant."""
    rng = np.random.default_rng(0)
    white = rng.standard_normal((4, 128, 140))
    data = (1000 + 50 * (white[..., 8:-4] + white[..., 6:-6] + white[..., 4:-8])).astype(np.uint16)
    data[0, :64, :64] = 7
    path = tmp_path / "noisy.tif"
    tifffile.imwrite(path, data, photometric="minisblack", metadata={"axes": "TYX"})
    return path


def extraction_of(path: Path, **parameters: Any) -> Extraction:
    with open_stack(path) as stack:
        return extract_array(stack, Parameters(**parameters))


def test_everything_is_in_the_record(noisy: Path, tmp_path: Path) -> None:
    with open_stack(noisy) as stack:
        part = stack.with_frames(slice(0, 4, 2))
        extraction = extract_array(
            Recording(part, Region(0, 128, 0, 100)), Parameters(center_size=9)
        )
        record = make_record(extraction, MeasuredFiles([part]))
    assert record.program_version == __version__
    assert record.date.endswith("+00:00")
    assert (record.method, record.convention, record.source) == ("ring", "as-implemented", "frames")
    assert record.as_parameters() == extraction.parameters
    assert record.region == (0, 128, 0, 100)
    (source,) = record.inputs
    assert source.name == "noisy.tif"
    assert Path(source.path) == noisy
    assert (source.axes, source.shape, source.dtype) == ("TYX", (4, 128, 128), "uint16")
    assert (source.series, source.channel, source.frames) == (0, None, "0:4:2")
    assert source.sha256 == hashlib.sha256(noisy.read_bytes()).hexdigest()
    assert record.patches is not None
    assert record.patches.shape == (64, 64)
    assert record.patches.used == 3
    assert sum(record.patches.left_out.values()) == 1
    assert [ring.index for ring in record.rings] == [1, 2, 3, 4]
    assert record.rings[0].threshold == extraction.rings.rings[0].threshold
    assert record.statistics.shape_class == extraction.mask.statistics.shape_class
    assert record.as_mask() == extraction.mask
    assert record.sentence == extraction.sentence
    assert any("left out" in note for note in record.notes)
    assert not record.edited


def test_a_record_survives_its_file(noisy: Path, tmp_path: Path) -> None:
    path = tmp_path / "mask.json"
    with open_stack(noisy) as stack:
        extraction = extract_array(stack, Parameters(method="statistical", source="automatic"))
        record = make_record(extraction, MeasuredFiles([stack]))
    assert record.correlation is not None
    assert extraction.measurement.correlation is not None
    assert record.correlation.rho == extraction.measurement.correlation.lags.rho.tolist()
    assert record.verdict is not None
    assert record.verdict.sentence == extraction.sentence
    path.write_bytes(record.as_json())
    assert read_record(path) == record
    assert load_mask(path) == extraction.mask
    data = json.loads(path.read_text())
    assert (data["format"], data["version"]) == ("structmask-record", 1)
    assert len(path.read_text().splitlines()) < 250, "a row of the mask is a line"


def test_a_number_that_json_cannot_hold_is_none() -> None:
    assert CorrelationRecord(rho=[[1.0]], error=[[float("nan")]]).error == [[None]]


def test_an_array_has_no_input_file() -> None:
    data = np.random.default_rng(0).standard_normal((2, 64, 64))
    record = make_record(extract_array(data, Parameters()))
    assert record.inputs == []
    assert record.as_mask() == extract_array(data, Parameters()).mask


def test_an_edited_mask_is_marked(noisy: Path) -> None:
    extraction = extraction_of(noisy)
    array = extraction.mask.array.copy()
    array[0, 0] = array[-1, -1] = ~array[0, 0]
    record = make_record(extraction, mask=Mask(array))
    assert record.edited
    assert record.as_mask() == Mask(array)
    assert record.statistics.true_pixels == int(array.sum())
    assert not make_record(extraction, mask=extraction.mask).edited


def test_undefined_numbers_are_null(noisy: Path) -> None:
    text = make_record(extraction_of(noisy)).as_json().decode()
    assert "NaN" not in text
    json.loads(text, parse_constant=lambda name: pytest.fail(name))


def test_a_mask_too_large_for_a_record() -> None:
    data = np.random.default_rng(0).standard_normal((64, 64))
    extraction = extract_array(data, Parameters())
    array = np.zeros((2001, 2001), bool)
    array[1000, 1000] = True
    with pytest.raises(InputError, match=r"2001 x 2001 pixels is too large for a JSON record"):
        make_record(extraction, mask=Mask(array))


@pytest.fixture
def damaged(noisy: Path, tmp_path: Path) -> Path:
    path = tmp_path / "mask.json"
    path.write_bytes(make_record(extraction_of(noisy)).as_json())
    return path


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": "other"}, 'is not a record; its "format" should be "structmask-record"'),
        ({"version": 2}, "was made by a newer StructMask .*; update the program"),
        ({"mask": None}, "is a damaged record: mask is missing or not valid"),
        ({"mask": [[1, 0, 1]]}, "has a 0 at its centre"),
        ({"mask": [[1, 0, 1], [1]]}, "rows are not equally long"),
        ({"mask": []}, "rows are not equally long"),
        ({"parameters": {"center_size": -5}}, "is a damaged record: center_size = -5 is not acc"),
        ({"parameters": {"unknown": 1}}, "is a damaged record: There is no parameter unknown"),
        ({"inputs": [{"name": 5}]}, r"is a damaged record: inputs.0.name is missing or not valid"),
    ],
)
def test_damaged_records(damaged: Path, changes: dict[str, Any], sentence: str) -> None:
    damaged.write_text(json.dumps(json.loads(damaged.read_text()) | changes))
    with pytest.raises(InputError, match=sentence) as caught:
        read_record(damaged)
    assert str(caught.value).startswith("mask.json ")
    assert "\n" not in str(caught.value)


def test_what_a_later_version_adds_is_ignored(damaged: Path) -> None:
    before = read_record(damaged)
    damaged.write_text(json.dumps(json.loads(damaged.read_text()) | {"later": [1, 2]}))
    assert read_record(damaged) == before


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("x" * 120 + ".npy", "/gone"),
        ("two\nlines.npy", "/gone"),
        ("a.npy", "C:\\data"),
        ("a.npy", "//server/share\\data"),
    ],
)
def test_an_image_is_found_beside_its_record_by_its_whole_name(
    name: str, folder: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    np.save(path, np.zeros((16, 16)))
    with open_stack(path) as stack:
        item = InputRecord.of(stack)
    apart = "\\" if "\\" in folder else "/"
    moved = item.model_copy(update={"path": f"{folder}{apart}{name}"})
    assert recorded_file(moved, tmp_path / "a_mask.json") == path


def test_checksums_report_and_can_be_stopped(tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(bytes(3_000_000))
    seen: list[tuple[int, int]] = []
    digest = file_checksum(path, task=Task(lambda done, total, _: seen.append((done, total))))
    assert digest == hashlib.sha256(bytes(3_000_000)).hexdigest()
    assert seen[-1] == (3_000_000, 3_000_000)
    with pytest.raises(Cancelled):
        file_checksum(path, task=Task(cancelled=lambda: True))
    path.unlink()
    with pytest.raises(InputError, match=r"big.bin can no longer be read"):
        file_checksum(path)

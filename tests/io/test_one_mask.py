"""One mask for the files of an experiment, from files to its record."""

import json
from dataclasses import replace

import numpy as np
import pytest

from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.io import extract_files, one_mask
from structmask_gui.io.batch.status import JobState
from structmask_gui.io.extract_files import ExtractionSettings, Input, extract_result
from structmask_gui.io.one_mask import check_files, extract_shared
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import read_record
from structmask_gui.io.stack.image_stack import ImageStack
from tests.core.recommend.scenes import AUTOMATIC
from tests.io.batches import make

SETTINGS = ExtractionSettings(AUTOMATIC, one_mask=True)


def scene(path, kernel, shape, seed, frames=3):
    pictured = cells(shape)
    stack = simulate(
        NoiseModel(kernels()[kernel], 0.3),
        shape,
        n_frames=frames,
        picture=pictured,
        strength=1.5,
        seed=seed,
    )
    np.save(path, stack)
    return Input(path)


@pytest.fixture
def experiment(tmp_path):
    """Return files of unlike sizes with like noise, and one with other noise."""
    folder = tmp_path / "experiment"
    folder.mkdir()
    return [
        scene(folder / "a.npy", "row 7", (128, 160), 1),
        scene(folder / "b.npy", "row 7", (160, 128), 2),
        scene(folder / "c.npy", "column fading", (128, 160), 3),
    ]


@pytest.mark.slow
def test_a_record_tells_how_the_mask_fits_each_file(experiment):
    result = extract_shared(experiment, SETTINGS)
    record = result.record
    assert [fit.name for fit in record.fits] == ["a.npy", "b.npy", "c.npy"]
    assert [fit.fit for fit in record.fits] == ["fits", "fits", "does not fit"]
    assert len(record.inputs) == 3
    assert record.answer.what.startswith("One mask for 3 files: hide 6 pixels")
    assert record.patches.used > 0
    assert not record.edited
    assert result.mask.statistics.shape_class == "horizontal"


@pytest.mark.slow
def test_check_says_so_of_each_file_and_goes_on_after_a_damaged_one(experiment, tmp_path):
    mask = extract_shared(experiment[:2], SETTINGS).mask
    bad = tmp_path / "bad.npy"
    bad.write_bytes(b"nonsense")
    found = list(check_files(mask, [Input(bad), *experiment], ExtractionSettings(AUTOMATIC)))
    assert found[0].fit is None
    assert "bad.npy" in found[0].error
    assert [one.fit.word for one in found[1:]] == ["fits", "fits", "does not fit"]


@pytest.mark.slow
def test_ring_analysis_chooses_among_its_own_masks(experiment):
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.io.extract import extract

    settings = ExtractionSettings(Parameters(), one_mask=True)
    mask = extract_shared(experiment[:2], settings).mask
    own = [extract(item.path).mask.cropped() for item in experiment[:2]]
    assert mask.cropped() in own
    (checked,) = check_files(mask, experiment[:1], settings)
    assert checked.fit.word in ("fits", "fits worse", "does not fit")


def test_one_file_is_open_at_a_time(experiment, monkeypatch):
    opened, most = set(), []
    plain_open, plain_close = ImageStack.__enter__, ImageStack.__exit__

    def entered(stack):
        opened.add(id(stack))
        most.append(len(opened))
        return plain_open(stack)

    def left(stack, *about):
        opened.remove(id(stack))
        return plain_close(stack, *about)

    monkeypatch.setattr(ImageStack, "__enter__", entered)
    monkeypatch.setattr(ImageStack, "__exit__", left)
    gone = Input(experiment[0].path.with_name("gone.npy"))
    record = extract_shared([gone, *experiment[:2]], SETTINGS).record
    assert most == [1, 1]
    assert not opened
    assert [item.name for item in record.inputs] == ["a.npy", "b.npy"]
    assert all(item.sha256 and item.modified for item in record.inputs)
    (left_out,) = record.left_out
    assert left_out.path == str(gone.path)
    assert "there is no such file" in left_out.why


def test_the_only_file_that_is_left_is_measured_once(experiment, monkeypatch):
    calls = []
    for module in (one_mask, extract_files):
        monkeypatch.setattr(
            module,
            "extract_recording",
            lambda *a, plain=module.extract_recording, **o: calls.append(1) or plain(*a, **o),
        )
    gone = Input(experiment[0].path.with_name("gone.npy"))
    settings = replace(SETTINGS, quality=True)
    result = extract_shared([gone, experiment[0]], settings)
    assert len(calls) == 1
    alone = extract_result([experiment[0]], settings)
    own = {"date", "left_out"}
    assert result.record.model_dump(exclude=own) == alone.record.model_dump(exclude=own)
    assert len(result.record.left_out) == 1


def test_a_batch_writes_the_one_mask_and_resumes(experiment, tmp_path):
    out = tmp_path / "out"
    options = {"per": "all", "one_mask": True, "parameters": AUTOMATIC}
    folder = experiment[0].path.parent
    queue = make(folder, out, **options)
    queue.run()
    (status,) = queue.statuses
    assert status.state is JobState.DONE
    assert status.certainty == "not sure"  # it does not fit all
    assert [fit.fit for fit in status.fits] == ["fits", "fits", "does not fit"]
    record = read_record(out / "experiment_mask.json")
    assert load_mask(out / "experiment_mask.npy") == record.as_mask()
    again = make(folder, out, resume=True, **options)
    again.run()
    assert again.statuses[0].kept
    averaged = make(folder, out, resume=True, per="all", parameters=AUTOMATIC)
    averaged.run()
    assert not averaged.statuses[0].kept
    assert json.loads((out / "experiment_mask.json").read_text())["fits"]

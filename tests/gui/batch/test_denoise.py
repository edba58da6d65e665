"""The batch denoises: what the rows say, what is opened, stopped and gone on with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.denoising import denoiser
from structmask_gui.core.denoising.wording import SHARED_FITS
from structmask_gui.gui.batch.window import BatchWindow
from structmask_gui.gui.session.session import Session
from structmask_gui.io.presets.preset import built_in_presets
from tests.gui.conftest import noise

SLOW = 10**6  # steps of a round, which then ends only by being stopped


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denoiser, "_ROUNDS", 2)
    monkeypatch.setattr(denoiser, "_ROUND", 8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of two stacks, one of 8 bits, and a broken file."""
    made = tmp_path / "stacks"
    made.mkdir()
    for number in range(2):
        np.save(made / f"good{number}.npy", noise((3, 96, 96), seed=number))
    np.save(made / "eight.npy", (noise((3, 96, 96), seed=7) // 8).astype(np.uint8))
    (made / "bad.npy").write_bytes(b"nonsense")
    return made


@pytest.fixture
def ready(batch: BatchWindow, folder: Path, qtbot: QtBot) -> BatchWindow:
    """Return a window with the files, set to denoise them."""
    prepare(batch, folder, qtbot)
    return batch


def prepare(batch: BatchWindow, folder: Path, qtbot: QtBot) -> None:
    preset = next(one for one in built_in_presets() if one.name == "automatic")
    batch._session.edits.apply_preset(preset)
    batch.add([str(folder)])
    qtbot.waitUntil(lambda: batch.table.rowCount() == 4, timeout=10_000)
    batch.choices.denoise.click()


def ended(batch: BatchWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not batch.running, timeout=60_000)


def texts(batch: BatchWindow, number: int) -> dict[str, str]:
    table = batch.table
    rows = range(table.rowCount())
    return {table.item(row, 0).text(): table.item(row, number).text() for row in rows}


def row_of(batch: BatchWindow, name: str) -> int:
    return list(texts(batch, 0)).index(name)


def denoising(batch: BatchWindow, name: str) -> bool:
    return texts(batch, 1)[name].startswith("denoising") and "Learning" in texts(batch, 2)[name]


def test_each_row_says_what_became_of_its_file_and_opens_it(
    ready: BatchWindow, folder: Path, qtbot: QtBot
):
    said: list[str] = []
    ready.run.said.connect(said.append)
    ready.start_button.click()
    ended(ready, qtbot)
    assert any(one.startswith("Denoising good0.npy: ") for one in said)
    states, results = texts(ready, 1), texts(ready, 2)
    assert states["bad.npy"] == "failed"
    assert states["eight.npy"].endswith(", not denoised")
    assert results["eight.npy"].splitlines()[1] == (
        "Not denoised: the images have 8 bits, so they may have been scaled or processed before;"
        " to denoise it all the same, open it and choose Denoise here."
    )
    for name in ("good0", "good1"):
        assert states[f"{name}.npy"].endswith(", denoised")
        assert results[f"{name}.npy"].splitlines()[1].startswith(f"{name}_denoised.ome.tif: ")
        assert (folder / f"{name}_denoised.ome.tif").exists()
    assert not (folder / "eight_denoised.ome.tif").exists()
    assert "2 of 3 stacks denoised" in ready.said.text()
    assert "Denoised by 2 separate fits: do not compare between conditions." in ready.said.text()
    written = (folder / "structmask_batch.csv").read_text("utf-8-sig")
    assert "good0_denoised.ome.tif" in written
    assert "open it and choose Denoise here" in written
    assert "--yes" not in written
    ready.start_button.click()
    assert not ready.running
    assert ready.said.text().startswith("Press Retry for what is left of this batch. ")

    ready.table.setCurrentCell(row_of(ready, "eight.npy"), 0)
    assert not ready.table.open_denoised_action.isEnabled()
    ready.doubtful.click()
    assert not ready.table.isRowHidden(row_of(ready, "eight.npy"))
    ready.table.setCurrentCell(row_of(ready, "good1.npy"), 0)
    with qtbot.waitSignal(ready._session.stack_changed):
        ready.table.open_denoised_action.trigger()
    assert ready._session.state.paths == (folder / "good1_denoised.ome.tif",)
    with qtbot.waitSignal(ready._session.stack_changed):
        ready.table.open_action.trigger()
    assert ready._session.state.paths == (folder / "good1.npy",)


def test_cancel_keeps_what_is_finished_and_retry_goes_on(
    ready: BatchWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    def slow_for_the_second(index: int, _status: object) -> None:
        if ready.table.item(index, 0).text() == "good0.npy" and _status.denoised.files:
            monkeypatch.setattr(denoiser, "_ROUND", SLOW)

    ready.start()
    tell = ready.run._tell
    ready.queue.on_change = lambda *told: (slow_for_the_second(*told), tell(*told))
    qtbot.waitUntil(lambda: denoising(ready, "good1.npy"), timeout=60_000)
    ready.cancel_button.click()
    ended(ready, qtbot)
    assert texts(ready, 1)["good0.npy"].endswith(", denoised")
    assert texts(ready, 2)["good1.npy"].endswith("\nNot denoised: cancelled.")
    assert not (folder / "good1_denoised.ome.tif").exists()
    finished = (folder / "good0_denoised.ome.tif").stat().st_mtime_ns

    monkeypatch.setattr(denoiser, "_ROUND", 8)
    ready.table.selectRow(row_of(ready, "good1.npy"))
    ready.retry_button.click()
    ended(ready, qtbot)
    assert texts(ready, 1)["good1.npy"].endswith(", denoised")
    assert (folder / "good0_denoised.ome.tif").stat().st_mtime_ns == finished


def test_a_row_that_is_cancelled_is_left_out_and_the_others_are_denoised(
    ready: BatchWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(denoiser, "_ROUND", SLOW)
    ready.start()
    qtbot.waitUntil(lambda: denoising(ready, "good0.npy"), timeout=60_000)
    monkeypatch.setattr(denoiser, "_ROUND", 8)
    ready.table.selectRow(row_of(ready, "good0.npy"))
    ready.cancel_button.click()
    ended(ready, qtbot)
    assert texts(ready, 2)["good0.npy"].endswith("\nNot denoised: cancelled.")
    assert texts(ready, 1)["good1.npy"].endswith(", denoised")


def test_a_batch_that_goes_on_keeps_what_is_denoised(
    ready: BatchWindow, folder: Path, qtbot: QtBot
):
    ready.start()
    ended(ready, qtbot)
    before = (folder / "good0_denoised.ome.tif").stat().st_mtime_ns
    ready.choices.resume.click()
    ready.start()
    ended(ready, qtbot)
    assert texts(ready, 2)["good0.npy"].endswith(
        "\ngood0.npy is denoised already, good0_denoised.ome.tif"
    )
    assert (folder / "good0_denoised.ome.tif").stat().st_mtime_ns == before


def test_files_that_share_a_mask_are_denoised_together(
    ready: BatchWindow, folder: Path, qtbot: QtBot
):
    for name in ("eight.npy", "bad.npy"):
        (folder / name).unlink()
    ready.clear()
    ready.choices.set_shared()
    ready.add([str(folder)])
    qtbot.waitUntil(lambda: ready.table.rowCount() == 1, timeout=10_000)
    ready.start()
    ended(ready, qtbot)
    assert texts(ready, 2)["stacks"].endswith("\n2 files denoised.")
    assert "good1_denoised.ome.tif: " in ready.table.item(0, 2).toolTip()
    assert "separate fits" not in ready.said.text()


def test_closing_the_program_while_it_denoises_stops_it(
    folder: Path, qapp: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(denoiser, "_ROUND", SLOW)
    session = Session()
    batch = BatchWindow(None, session)
    qtbot.addWidget(batch)
    prepare(batch, folder, qtbot)
    batch.start()
    qtbot.waitUntil(lambda: denoising(batch, "good0.npy"), timeout=60_000)
    session.close()
    assert not batch.run.job._lane.isRunning()
    assert "no: cancelled." in (folder / "structmask_batch.csv").read_text("utf-8-sig")
    assert not list(folder.glob("*_denoised.ome.tif"))


def test_the_box_says_what_the_command_says(batch: BatchWindow):
    assert SHARED_FITS in batch.choices.denoise.toolTip()
    assert not batch.choices.denoise.isChecked()

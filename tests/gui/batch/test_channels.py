from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from pytestqt.qtbot import QtBot

from structmask_gui.gui.batch.window import BatchWindow
from tests.gui.conftest import noise, wait_for_result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a stack of two channels and an image of colours."""
    made = tmp_path / "stacks"
    made.mkdir()
    two, colours = noise((2, 2, 96, 96)), noise((96, 96, 3), seed=2)
    axes = {"axes": "TCYX"}
    tifffile.imwrite(made / "two.ome.tif", two, metadata=axes, photometric="minisblack")
    tifffile.imwrite(made / "rgb.tif", (colours // 8).astype(np.uint8), photometric="rgb")
    return made


def started(batch: BatchWindow, qtbot: QtBot) -> None:
    batch.start_button.click()
    qtbot.waitUntil(lambda: not batch.running, timeout=30_000)


def opened(batch: BatchWindow, folder: Path, channel: int, qtbot: QtBot) -> None:
    batch._session.open(folder / "two.ome.tif", channel=channel)
    wait_for_result(batch._session, qtbot)


def test_channel_0_of_colours_is_named_as_on_the_command_line(
    batch: BatchWindow, folder: Path, qtbot: QtBot
):
    opened(batch, folder, 0, qtbot)
    batch.choices.same.click()
    batch.add([str(folder)])
    qtbot.waitUntil(lambda: batch.table.rowCount() == 2, timeout=10_000)
    started(batch, qtbot)
    made = sorted(path.name for path in folder.glob("*_mask*.npy"))
    assert [name.replace("_doubtful", "") for name in made] == ["rgb_c0_mask.npy", "two_mask.npy"]
    names = [batch.table.item(row, 0).text() for row in range(2)]
    assert names == ["rgb.tif (channel 0)", "two.ome.tif (channel 0)"]
    # A choice that leaves the files as they are keeps the results.
    queue = batch.queue
    batch.choices.figures.click()
    assert batch.queue is queue


def test_the_summary_that_is_opened_is_that_of_the_batch(
    batch: BatchWindow, folder: Path, qtbot: QtBot
):
    opened(batch, folder, 1, qtbot)
    batch.choices.same.click()
    batch.add([str(folder / "two.ome.tif")])
    qtbot.waitUntil(lambda: batch.table.rowCount() == 1, timeout=10_000)
    started(batch, qtbot)
    page = folder / "structmask_batch_c1.html"
    assert page.exists()
    opened(batch, folder, 0, qtbot)
    batch.summary_button.click()
    assert batch.said.text() == f"The summary is {page}"

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.gui.batch.window import BatchWindow
from structmask_gui.gui.session.session import Session
from tests.gui.conftest import noise


@pytest.fixture
def batch(qapp: object, qtbot: QtBot) -> Iterator[BatchWindow]:
    session = Session()
    made = BatchWindow(None, session)
    qtbot.addWidget(made)
    made.show()
    yield made
    session.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "stacks"
    made.mkdir()
    for number in range(3):
        np.save(made / f"good{number}.npy", noise((2, 96, 96), seed=number))
    (made / "bad.npy").write_bytes(b"nonsense")
    return made


def added(batch: BatchWindow, folder: Path, qtbot: QtBot, rows: int = 4) -> None:
    batch.add([str(folder)])
    qtbot.waitUntil(lambda: batch.table.rowCount() == rows, timeout=10_000)


def ended(batch: BatchWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not batch.running, timeout=30_000)

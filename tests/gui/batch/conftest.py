from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.gui.batch.window import BatchWindow
from structmask_gui.gui.session.session import Session


@pytest.fixture
def batch(qapp: object, qtbot: QtBot) -> Iterator[BatchWindow]:
    session = Session()
    made = BatchWindow(None, session)
    qtbot.addWidget(made)
    made.show()
    yield made
    session.close()

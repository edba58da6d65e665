"""The choices of a batch, and where they stand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from structmask_gui.gui.batch.options import BatchChoices
from structmask_gui.gui.batch.window import BatchWindow
from tests.gui.cut_texts import cut_texts


def arranged(choices: BatchChoices) -> tuple[bool, int]:
    """Return whether the boxes stand beside the lists, and in how many rows."""
    beside = choices.denoise.mapTo(choices, QPoint(0, 0)).x() > choices.into.geometry().right()
    return beside, len({box.y() for box in choices._boxes})


def test_the_boxes_stand_beside_the_lists_or_below_as_there_is_room(qapp: object, qtbot: QtBot):
    choices = BatchChoices()
    qtbot.addWidget(choices)
    choices.show()
    narrowest = choices.minimumSizeHint().width()
    for width, expected in (
        (1400, (True, 3)),
        (800, (False, 2)),
        (600, (False, 3)),
        (narrowest, (False, 6)),
        (1400, (True, 3)),
    ):
        choices.resize(width, 300)
        qtbot.waitUntil(lambda expected=expected: arranged(choices) == expected)
        edges = sorted((box.y(), box.x(), box.geometry().right()) for box in choices._boxes)
        assert all(b[0] > a[0] or b[1] > a[2] for a, b in pairwise(edges))
        assert max(right for *_, right in edges) <= choices.width()


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_no_choice_is_cut_on_a_small_screen(batch: BatchWindow, qtbot: QtBot, scale: float):
    font = batch.font()
    font.setPointSizeF(scale * font.pointSizeF())
    batch.setFont(font)
    for width in (1024, 1280):
        batch.resize(width, 800)
        qtbot.wait(10)
        assert batch.size().width() == width <= 1280
        assert batch.size().height() == 800
        assert not list(cut_texts(batch))

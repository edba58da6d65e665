"""Large text in a small window: nothing is cut, and the window grows no wider for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tifffile
from PySide6.QtWidgets import QFormLayout, QWidget
from pytestqt.qtbot import QtBot

from structmask_gui.gui.batch.window import BatchWindow
from structmask_gui.gui.views.image.frame_slider import FrameBar
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise, wait_for_result

pytestmark = pytest.mark.usefixtures("close_dialogs")


@pytest.fixture
def large(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """Return a small window with text of 150 % and two files of two channels."""
    for name in ("one.ome.tif", "two.ome.tif"):
        metadata = {"axes": "TCYX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1}
        tifffile.imwrite(tmp_path / name, noise((4, 2, 96, 96)), metadata=metadata)
    window.resize(1024, 700)
    window.commands.choose_text_size(150)
    window.open_paths([str(tmp_path / "one.ome.tif")])
    wait_for_result(window.session, qtbot)
    yield window
    window.commands.choose_text_size(100)


def test_to_tune_needs_no_wider_window(large: MainWindow, qtbot: QtBot):
    assert large.docks["files"].isVisible()
    large.set_tune(True)
    qtbot.wait(100)
    assert large.width() == 1024
    assert not large.docks["files"].isVisible()
    large.set_tune(False)
    assert large.docks["files"].isVisible()


def test_the_words_beside_the_channel_are_not_cut(large: MainWindow, qtbot: QtBot):
    facts, card = large.views.facts, large.panel("files").card
    qtbot.waitUntil(lambda: card.channel.count() == 2)
    qtbot.wait(1)
    for panel in (facts, card):
        label = label_of(panel._form, panel.channel)
        assert label.width() >= label.sizeHint().width()
    assert facts.mask_size.wordWrap()


def label_of(form: QFormLayout, field: QWidget) -> QWidget:
    label = form.labelForField(field)
    assert label is not None
    return label


def test_the_slider_over_frames_leaves_its_word_away_where_it_would_be_cut(qtbot: QtBot):
    around = QWidget()
    qtbot.addWidget(around)
    bar = FrameBar()
    bar.setParent(around)
    bar.set_frames(24)
    around.show()
    for width, seen in ((120, False), (400, True)):
        bar.resize(width, 30)
        qtbot.waitUntil(lambda seen=seen: bar.caption.isVisible() == seen)
    assert bar.label.text() == "1 / 24"


def test_the_batch_is_no_wider_than_a_small_screen(large: MainWindow, qtbot: QtBot):
    batch = BatchWindow(large, large.session)
    assert batch.minimumSizeHint().width() <= 1024
    batch.deleteLater()

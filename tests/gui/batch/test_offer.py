"""A second file of a folder: whether the mask of the one before fits, and one mask for all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import wait_for_result
from tests.io.test_one_mask import scene

pytestmark = pytest.mark.usefixtures("close_dialogs")


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    folder = tmp_path / "experiment"
    folder.mkdir()
    scene(folder / "a.npy", "row 7", (96, 128), 1)
    scene(folder / "b.npy", "row 7", (96, 128), 2)
    scene(folder / "c.npy", "column fading", (96, 128), 3)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    np.save(elsewhere / "d.npy", np.load(folder / "a.npy"))
    return folder


def opened(window: MainWindow, path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.session.stack_changed):
        window.session.open(path)
    wait_for_result(window.session, qtbot)
    qtbot.waitUntil(lambda: not window.one_mask._job.busy, timeout=10_000)


@pytest.mark.slow
def test_the_second_file_of_a_folder(window: MainWindow, experiment: Path, qtbot: QtBot):
    window.panel("presets").presets.apply_named("automatic")
    said = window.headline.shared
    opened(window, experiment / "a.npy", qtbot)
    assert not said.isVisible()
    opened(window, experiment / "b.npy", qtbot)
    assert said.isVisible()
    assert "The mask of a.npy fits this file" in said.text()
    opened(window, experiment / "c.npy", qtbot)
    assert said.text().startswith("The mask of b.npy does not fit this file.")
    said.click()
    batch = window.commands._batch
    assert batch is not None
    qtbot.waitUntil(lambda: batch.table.rowCount() == 1, timeout=10_000)
    assert batch.choices.shared
    assert len(batch._files) == 3
    opened(window, experiment.parent / "elsewhere" / "d.npy", qtbot)
    assert not said.isVisible()


@pytest.mark.slow
def test_nothing_is_said_of_a_file_to_itself(window: MainWindow, experiment: Path, qtbot: QtBot):
    window.panel("presets").presets.apply_named("automatic")
    opened(window, experiment / "a.npy", qtbot)
    window.session.edits.set_parameter("method", "ring")
    opened(window, experiment / "b.npy", qtbot)
    opened(window, experiment / "a.npy", qtbot)
    window.panel("presets").presets.apply_named("automatic")
    wait_for_result(window.session, qtbot)
    qtbot.waitUntil(lambda: not window.one_mask._job.busy, timeout=10_000)
    assert not window.headline.shared.isVisible()


@pytest.mark.slow
def test_nothing_is_said_where_the_file_before_needs_no_mask(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
):
    rng = np.random.default_rng(2)
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", rng.normal(1000, 50, (4, 96, 128)).astype(np.uint16))
    window.panel("presets").presets.apply_named("automatic")
    for name in ("a", "b"):
        opened(window, tmp_path / f"{name}.npy", qtbot)
        assert window.session.state.mask is not None
        assert window.session.state.mask.statistics.true_pixels == 1
    assert not window.headline.shared.isVisible()


@pytest.mark.slow
def test_it_is_not_said_of_another_channel_or_an_edited_mask(
    window: MainWindow, experiment: Path, qtbot: QtBot
):
    window.panel("presets").presets.apply_named("automatic")
    opened(window, experiment / "a.npy", qtbot)
    opened(window, experiment / "b.npy", qtbot)
    assert window.headline.shared.isVisible()
    window.session.edits.set_mask(window.session.state.mask.padded((21, 21)), "edited", "Draw")
    assert not window.headline.shared.isVisible()
    with qtbot.waitSignal(window.session.stack_changed):
        window.session.open(experiment / "a.npy", axes="TYX")
    wait_for_result(window.session, qtbot)
    qtbot.waitUntil(lambda: not window.one_mask._job.busy, timeout=10_000)
    assert not window.headline.shared.isVisible()


@pytest.mark.slow
def test_it_is_not_said_of_a_file_of_another_kind(
    window: MainWindow, experiment: Path, qtbot: QtBot
):
    np.save(experiment / "cut.npy", np.load(experiment / "b.npy")[:, :, :120])
    window.panel("presets").presets.apply_named("automatic")
    for name in ("a.npy", "cut.npy"):
        opened(window, experiment / name, qtbot)
        assert not window.headline.shared.isVisible()
    opened(window, experiment / "b.npy", qtbot)
    assert not window.headline.shared.isVisible()
    opened(window, experiment / "a.npy", qtbot)
    assert window.headline.shared.isVisible()


def test_the_views_stay_where_they_are_when_an_offer_comes(loaded: MainWindow, qtbot: QtBot):
    headline = loaded.headline
    before = headline.sizeHint().height(), loaded.views.image.mapTo(loaded, QPoint()).y()
    headline.offer_one_mask("The mask of a.npy fits this file too.", "a.npy")
    qtbot.wait(10)
    assert headline.shared.isVisible()
    after = headline.sizeHint().height(), loaded.views.image.mapTo(loaded, QPoint()).y()
    assert after == before
    headline.offer_one_mask("")

"""Dark frames and an even field: chosen, compared and taken off in the window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from pytestqt.qtbot import QtBot

from structmask_gui.gui.quality.removal import CorrectionDialog
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import wait_for_result
from tests.gui.open_dialogs import dialog
from tests.gui.quality.test_panel import save_as

SHAPE = (128, 144)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Write a stack with a pattern in every frame, and its dark frames."""
    rng = np.random.default_rng(4)
    pattern = 100 + rng.normal(0, 4, SHAPE[1])
    stack, dark = tmp_path / "stack.npy", tmp_path / "dark.npy"
    np.save(stack, (50 + pattern + rng.normal(0, 3, (6, *SHAPE))).astype(np.float32))
    np.save(dark, (pattern + rng.normal(0, 1, (20, *SHAPE))).astype(np.float32))
    return stack, dark


def test_dark_frames_are_compared_and_taken_off(
    window: MainWindow, files: tuple[Path, Path], tmp_path: Path, qtbot: QtBot
):
    stack, dark = files
    window.open_paths([str(stack)])
    wait_for_result(window.session, qtbot)
    window.actions_by_id["correct"].trigger()
    shown = dialog(CorrectionDialog)
    qtbot.waitUntil(lambda: len(shown.panes.pictures) == 1, timeout=15_000)
    assert shown.text.text().startswith("Choose dark frames")
    assert not shown.save_button.isEnabled()
    shown.rows["dark"].chosen.emit("dark", str(dark))
    qtbot.waitUntil(shown.save_button.isEnabled, timeout=15_000)
    assert "of the pattern of dark.npy: subtracting it removes that." in shown.text.text()
    mean = np.load(stack).astype(float).mean(axis=0)
    expected = mean - np.load(dark).astype(float).mean(axis=0)
    np.testing.assert_allclose(shown.panes.pictures[1].values, expected, atol=1e-3)
    # Each in its own grey levels: the corrected one is darker by the level of the dark frames.
    (low, high), corrected = shown.panes.pictures[1].levels, shown.panes.pictures[1].values
    assert low < np.median(corrected) < high
    assert shown.proposed() == tmp_path / "stack_corrected.tif"
    # The dark frames themselves are not written over.
    shown.save_button.click()
    with qtbot.waitSignal(window.session.failed):
        save_as(dark)
    assert "dark.npy" in window.session.state.error
    shown.save_button.click()
    save_as(shown.proposed())
    qtbot.waitUntil(shown.open_button.isVisible, timeout=15_000)
    written = tifffile.imread(shown.proposed())
    assert written.mean(axis=0).mean(axis=0).std() < 0.5
    shown.open_button.click()
    target = tmp_path / "stack_corrected.tif"
    qtbot.waitUntil(lambda: window.session.state.paths == (target,), timeout=15_000)
    wait_for_result(window.session, qtbot)
    # The next stack begins with the same files.
    window.commands.correct()
    assert dialog(CorrectionDialog).rows["dark"].name.text() == "dark.npy"


def test_files_of_another_size_are_said_in_the_dialog(
    window: MainWindow, files: tuple[Path, Path], tmp_path: Path, qtbot: QtBot
):
    window.open_paths([str(files[0])])
    wait_for_result(window.session, qtbot)
    small = tmp_path / "small.npy"
    np.save(small, np.random.default_rng(0).normal(size=(3, 40, 50)))
    window.commands.act("correct")
    shown = dialog(CorrectionDialog)
    shown.rows["even"].chosen.emit("even", str(small))
    qtbot.waitUntil(lambda: "small.npy has frames of 50 x 40" in shown.text.text(), timeout=15_000)
    assert not shown.save_button.isEnabled()
    shown.rows["even"].chosen.emit("even", None)
    qtbot.waitUntil(lambda: shown.text.text().startswith("Choose"), timeout=15_000)


def test_the_dark_stack_that_was_measured_in_is_proposed(
    window: MainWindow, files: tuple[Path, Path], tmp_path: Path, qtbot: QtBot
):
    stack, dark = files
    references = window.session.reference_stacks
    window.open_paths([str(stack)])
    wait_for_result(window.session, qtbot)
    for name in ("first", "second"):
        path = tmp_path / f"{name}.npy"
        path.write_bytes(dark.read_bytes())
        with qtbot.waitSignal(references.changed):
            references.choose("dark", path)
        window.commands.correct()
        shown = dialog(CorrectionDialog)
        assert shown.rows["dark"].name.text() == path.name
        # What is chosen here stays until the other is another.
        shown.rows["dark"].chosen.emit("dark", str(dark))
        shown.close()
        window.commands.correct()
        assert dialog(CorrectionDialog).rows["dark"].name.text() == "dark.npy"
        dialog(CorrectionDialog).close()


def test_what_would_make_the_frames_worse_is_not_saved(
    window: MainWindow, files: tuple[Path, Path], tmp_path: Path, qtbot: QtBot
):
    stack, dark = files
    other = tmp_path / "other.npy"
    np.save(other, np.flip(np.load(dark), axis=2))
    window.open_paths([str(stack)])
    wait_for_result(window.session, qtbot)
    window.commands.correct()
    shown = dialog(CorrectionDialog)
    shown.rows["dark"].chosen.emit("dark", str(other))
    qtbot.waitUntil(lambda: "would add it" in shown.text.text(), timeout=15_000)
    assert len(shown.panes.pictures) == 2
    assert not shown.save_button.isEnabled()
    shown.rows["dark"].chosen.emit("dark", str(dark))
    qtbot.waitUntil(shown.save_button.isEnabled, timeout=15_000)

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.gui.panels.compare import ComparePanel
from structmask_gui.gui.views.lags.mask_cells import BOTH, ONLY_A
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise, wait_for_result

pytestmark = pytest.mark.one_window


@pytest.fixture
def panel(loaded: MainWindow) -> ComparePanel:
    return loaded.show_panel("compare")


def test_nothing_is_compared_at_first(panel: ComparePanel):
    assert not panel._pictures.isVisible()
    assert "Keep" in panel.figures.text()
    assert not panel.remove_button.isEnabled()


def test_pin_tune_and_compare(panel: ComparePanel, loaded: MainWindow):
    panel.pin_button.click()
    assert "are the same" in panel.verdict.text()
    before = loaded.session.state.extraction
    assert before is not None
    loaded.session.edits.set_parameter("max_true_pixels", 1)
    after = loaded.session.state.extraction
    assert after is not None
    lost = before.mask.statistics.true_pixels - after.mask.statistics.true_pixels
    assert lost > 0
    codes = panel.views["difference"].codes
    assert codes is not None
    assert (codes == ONLY_A).sum() == lost
    assert (codes == BOTH).sum() == after.mask.statistics.true_pixels
    share = after.mask.statistics.true_pixels / before.mask.statistics.true_pixels
    assert f"in both ({100 * share:.0f} % of all)" in panel.figures.text()
    panel.remove_button.click()
    assert not panel._pictures.isVisible()


def test_a_of_another_file_names_that_file(
    panel: ComparePanel, loaded: MainWindow, tmp_path: Path, qtbot: QtBot
):
    panel.pin_button.click()
    assert "A: kept. B: this mask." in panel.figures.text()
    np.save(tmp_path / "other.npy", noise((4, 96, 96), seed=2))
    loaded.open_paths([str(tmp_path / "other.npy")])
    wait_for_result(loaded.session, qtbot)
    assert "A: kept from rows.npy. B: this mask." in panel.figures.text()


def test_what_was_stopped_is_not_compared_and_begins_again(
    panel: ComparePanel, loaded: MainWindow, qtbot: QtBot
):
    panel.pin_button.click()
    loaded.session.edits.set_parameter("patch_size", 32)
    loaded.session.cancel()
    assert panel.verdict.text() == "Settings changed: B is still the mask from before."
    loaded.session.measure_again()
    wait_for_result(loaded.session, qtbot)
    assert "Settings changed" not in panel.verdict.text()


def test_comparing_with_automatic_changes_nothing(
    panel: ComparePanel, loaded: MainWindow, qtbot: QtBot
):
    session = loaded.session
    session.edits.set_parameter("max_true_pixels", 3)
    before = session.state
    loaded.commands.act("compare_with_automatic")
    assert "automatic" in panel.figures.text()  # that it is being measured
    qtbot.waitUntil(lambda: session.state.pinned is not None, timeout=20_000)
    assert session.state.parameters == before.parameters
    assert session.state.preset is before.preset
    assert session.state.mask is before.mask
    assert not session.history.undo_text.startswith("Preset")
    assert session.recommendation is not None
    assert session.state.pinned == session.recommendation.mask
    # Figures of both rest on the same measurement, also where the panel had begun one before.
    qtbot.waitUntil(lambda: session.quality.basis is session._known_basis(), timeout=20_000)
    qtbot.waitUntil(lambda: "…" not in panel.verdict.text(), timeout=20_000)
    said = panel.verdict.text() + panel.figures.text()
    assert "Automatic" in said
    assert "yours" in said
    assert "only in A" not in said
    panel.remove_button.click()
    loaded.commands.act("compare_with_automatic")
    assert session.state.pinned == session.recommendation.mask  # known by now


def test_it_says_which_is_better_and_why(panel: ComparePanel, loaded: MainWindow, qtbot: QtBot):
    panel.pin_button.click()
    loaded.session.edits.set_mask(Mask(np.ones((1, 1), bool)), "edited by hand", "Shrink")
    qtbot.waitUntil(lambda: "better" in panel.verdict.text() and "…" not in panel.verdict.text())
    assert panel.verdict.text().startswith("A is better: with B a network copies more noise.")
    assert "Expected error" in panel.verdict.text()
    for name in ("Expected error", "Noise copied", "Detail lost"):
        assert name in panel.figures.text()


def test_a_mask_file_is_a(panel: ComparePanel, loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    np.save(tmp_path / "old.npy", np.ones((3, 15), bool))
    with qtbot.waitSignal(loaded.session.pinned.changed):
        panel.file.open(tmp_path / "old.npy")
    assert "old.npy" in panel.figures.text()
    assert ">45&nbsp;" in panel.figures.text()


def test_a_file_that_is_no_mask_is_a_sentence(
    panel: ComparePanel, loaded: MainWindow, qtbot: QtBot, tmp_path: Path
):
    np.save(tmp_path / "even.npy", np.ones((4, 4), bool))
    with qtbot.waitSignal(loaded.session.failed) as got:
        panel.file.open(tmp_path / "even.npy")
    assert "even.npy" in got.args[0]
    assert loaded.session.state.pinned is None


def test_a_mask_without_a_stack_is_described(window: MainWindow):
    panel = window.show_panel("compare")
    window.session.pinned.keep(Mask(np.ones((1, 5), bool)), "row <b>.npy")
    assert "5 pixels" in panel.figures.text()
    assert "row &lt;b>.npy" in panel.figures.text()


def test_an_old_result_is_veiled(panel: ComparePanel, loaded: MainWindow, qtbot: QtBot):
    panel.pin_button.click()
    loaded.session.edits.set_parameter("patch_size", 32)
    assert panel.views["b"].stale
    assert not panel.views["a"].stale
    qtbot.waitUntil(lambda: not loaded.session.state.stale)
    assert not panel.views["b"].stale

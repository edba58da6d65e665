from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import TARGETS
from structmask_gui.core.stack.frames import FrameRange
from structmask_gui.gui.export.trainer_dialog import SnippetDialog
from structmask_gui.gui.export.work import Result
from structmask_gui.gui.window.actions import ACTIONS
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.trainers.snippets import MaskContext, snippet

pytestmark = pytest.mark.one_window

ROW = Mask(np.ones((1, 9), dtype=bool))


@pytest.fixture
def dialog(loaded: MainWindow, qtbot: QtBot) -> SnippetDialog:
    loaded.session.edits.set_mask(ROW, "edited by hand", "Draw")
    made = SnippetDialog(loaded, "careamics", Result.of(loaded.session))
    qtbot.addWidget(made)
    return made


def test_every_trainer_has_its_page_and_its_action(dialog: SnippetDialog):
    assert [made.target for made in dialog.snippets] == list(TARGETS)
    texts = {info.id: info.text for info in ACTIONS}
    for target, name in TARGETS.items():
        assert texts[f"copy_for_{target}"] == f"{name}…"
    assert dialog.snippet.target == "careamics"


def test_the_text_is_of_the_edited_mask_and_is_copied(dialog: SnippetDialog):
    dialog.tabs.setCurrentIndex(0)
    dialog.copy()
    context = MaskContext(
        file="rows.npy", axes="QYX", mask_file="rows_mask.npy", how="edited by hand"
    )
    expected = snippet("n2v", ROW, context)
    assert QGuiApplication.clipboard().text() == expected.text
    assert "clipboard" in dialog.copied.text()


def test_the_stage_changes_the_text_and_keeps_the_page(dialog: SnippetDialog):
    before = dialog.snippet
    dialog.stage.click()
    assert dialog.snippet.target == before.target
    changed = [a.text + str(a.notes) for a in dialog.snippets]
    assert changed != [
        a.text + str(a.notes)
        for a in (
            snippet(
                t,
                ROW,
                MaskContext(file="rows.npy", mask_file="rows_mask.npy", how="edited by hand"),
            )
            for t in TARGETS
        )
    ]


def test_the_report_is_of_the_edited_mask(
    loaded: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    loaded.show_panel("quality")
    monkeypatch.setattr(loaded.session.state.stack, "notes", ("Two of its planes are missing.",))
    loaded.session.edits.set_mask(ROW, "edited by hand", "Draw")
    qtbot.waitUntil(lambda: loaded.session.quality.current, timeout=15_000)
    path = tmp_path / "report.html"
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.save_report(path)
    page = path.read_text(encoding="utf-8")
    assert "edited by hand" in page
    assert "changed by hand" in page
    assert "Two of its planes are missing." in page
    assert "a network could copy" in page
    assert "CAREamics" in page
    assert "report.html" in loaded.statusBar().currentMessage()


def test_a_report_that_cannot_be_written_is_a_sentence(
    loaded: MainWindow, tmp_path: Path, qtbot: QtBot
):
    with qtbot.waitSignal(loaded.session.failed) as said:
        loaded.exporter.save_report(tmp_path / "nowhere" / "report.html")
    assert "folder does not exist" in said.args[0]


def test_the_record_holds_the_figures_on_display(loaded: MainWindow, tmp_path: Path, qtbot: QtBot):
    loaded.show_panel("quality")
    qtbot.waitUntil(lambda: loaded.session.quality.current, timeout=15_000)
    path = tmp_path / "record.json"
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({"json": path})
    record = json.loads(path.read_text())
    scores = loaded.session.quality.scores
    assert scores is not None
    assert record["quality"]["still_copied"] == pytest.approx(scores.assessment.figures.copied)
    assert not record["edited"]
    # And the answer that knows them.
    told = loaded.session.answer
    assert told is not None
    assert "ring analysis" in told.what
    assert record["answer"]["how_sure"] == told.how_sure
    assert record["answer"]["advice"] == told.advice


def test_the_text_reads_what_was_measured_when_it_was_asked_for(
    loaded: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    (stack,) = loaded.session.state.stacks
    monkeypatch.setattr(stack, "path", Path("rows.tif"))
    monkeypatch.setattr(stack, "series_index", 1)
    state = loaded.session.state
    assert state.asked is not None
    asked = replace(state.asked, frame_range=FrameRange(1, 8, 2))
    two = replace(state, stacks=(stack, stack), asked=asked)
    monkeypatch.setattr(loaded.session, "_state", two)
    dialog = SnippetDialog(loaded, "n2v", Result.of(loaded.session))
    qtbot.addWidget(dialog)
    # While it is shown, another file may be opened.
    monkeypatch.setattr(stack, "path", Path("other.tif"))
    dialog.stage.toggle()
    text = dialog.snippet.text
    assert "rows.tif and 1 more (denoised images)" in text.splitlines()[0]
    assert "# Measured in 2 files; not read here: rows.tif" in text
    assert "tifffile.imread('rows.tif', series=1)" in text
    assert "frames = frames[1:4:2]" in text

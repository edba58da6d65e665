"""The label of one line: what it shows of a text that is too long."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from structmask_gui.gui.widgets.eliding_label import ElidingLabel, whole_clauses

LONG = (
    "Cannot separate noise from structure (found: blob, 179 pixels). 31 of 288 patches used,"
    " 90 clipped."
)


def test_a_cut_sentence_ends_after_a_whole_clause():
    assert (
        whole_clauses("Blob, 179 pixels. Cannot tell. 31 of 2…")
        == "Blob, 179 pixels. Cannot tell …"
    )
    assert whole_clauses("31 of 288 patches used, 90 cl…") == "31 of 288 patches used …"
    assert whole_clauses("one_long_na…") == "one_long_na…"


def test_letters_get_smaller_before_a_text_is_cut(qapp: Any, qtbot: QtBot):
    label = ElidingLabel(LONG, smallest=0.75, clauses=True)
    qtbot.addWidget(label)
    label.show()
    whole = label.fontMetrics().horizontalAdvance(LONG)
    label.resize(round(0.85 * whole), 20)
    assert not label.is_cut
    assert label.toolTip() == ""
    label.resize(round(0.5 * whole), 20)
    assert label.is_cut
    assert label.toolTip() == LONG
    assert not label.grab().isNull()

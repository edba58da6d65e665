"""The label of one line: what it shows of a text that is too long."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from structmask_gui.gui.widgets.eliding_label import ElidingLabel

LONG = "a_name_of_a_file_that_is_longer_than_any_panel_is_wide_200nm_0001.ome.tif"


def test_the_tooltip_has_all_of_a_cut_text(qapp: Any, qtbot: QtBot):
    label = ElidingLabel(LONG)
    qtbot.addWidget(label)
    label.show()
    whole = label.fontMetrics().horizontalAdvance(LONG)
    label.resize(whole + 1, 20)
    assert not label.is_cut
    assert label.toolTip() == ""
    label.resize(round(0.5 * whole), 20)
    assert label.is_cut
    assert label.toolTip() == LONG
    assert not label.grab().isNull()

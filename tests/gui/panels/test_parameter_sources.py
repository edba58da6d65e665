"""The parameter panel: the source of noise, and the reference stacks that sources need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.gui.panels.parameters import ParametersPanel
from structmask_gui.gui.session.session import Session


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> ParametersPanel:
    panel = ParametersPanel(session)
    qtbot.addWidget(panel)
    panel.resize(340, 900)
    panel.show()
    return panel


def enabled_sources(panel: ParametersPanel) -> set[str]:
    combo: Any = panel.rows["source"].combo
    return {combo.itemData(i) for i in range(combo.count()) if combo.model().item(i).isEnabled()}


def test_sources_that_the_setting_cannot_take_are_disabled(panel: ParametersPanel) -> None:
    assert enabled_sources(panel) == {"frames", "difference", "dark", "subtract"}
    panel.set_parameters(Parameters().changed(method="statistical"))
    assert len(enabled_sources(panel)) == 7
    panel.set_n_frames(1)
    assert "difference" not in enabled_sources(panel)
    combo: Any = panel.rows["source"].combo
    tip = combo.model().item(combo.findData("difference")).toolTip()
    assert tip.startswith("One frame is open")


def test_second_stacks_are_asked_for_where_they_are_used(panel: ParametersPanel) -> None:
    dark, subtract = panel.reference_rows["dark"], panel.reference_rows["subtract"]

    def visible(**values: Any) -> tuple[bool, bool]:
        panel.set_parameters(Parameters().changed(method="statistical", **values))
        return dark.isVisible(), subtract.isVisible()

    assert visible(source="frames") == (False, False)
    assert visible(source="dark") == (True, False)
    needed = dark.caption.text()
    assert visible(source="subtract") == (False, True)
    assert visible(source="automatic") == (True, False)
    assert dark.caption.text() not in ("", needed)
    panel.set_reference_stack("subtract", "mean.tif", "/data/mean.tif")
    assert visible(source="automatic") == (True, True)
    assert subtract.name.toolTip() == "/data/mean.tif"


def test_a_second_stack_is_chosen_dropped_and_let_go(panel: ParametersPanel) -> None:
    row = panel.reference_rows["dark"]
    seen: list[tuple[str, object]] = []
    row.chosen.connect(lambda kind, path: seen.append((kind, path)))
    assert row.clear.isHidden()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile("/data/dark.tif")])
    point, buttons = QPoint(5, 5), Qt.MouseButton.LeftButton
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(point, copy, mime, buttons, none)
    QApplication.sendEvent(row, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(row, QDropEvent(QPointF(point), copy, mime, buttons, none))
    assert [(kind, Path(str(path))) for kind, path in seen] == [("dark", Path("/data/dark.tif"))]
    row.set_file("dark.tif", "/data/dark.tif")
    row.ask()
    dialog = row.findChild(QFileDialog)
    assert dialog is not None
    dialog.filesSelected.emit(["/data/other.tif"])
    dialog.close()
    assert seen[-1] == ("dark", "/data/other.tif")
    row.clear.click()
    assert seen[-1] == ("dark", None)


def test_unavailable_choices(panel: ParametersPanel) -> None:
    panel.set_parameters(Parameters().changed(method="statistical"))
    row: Any = panel.rows["source"]
    row.set_unavailable({"dark": "Open a dark stack first."})
    items = row.combo.model()
    states = {row.combo.itemData(i): items.item(i).isEnabled() for i in range(row.combo.count())}
    assert states.pop("dark") is False
    assert all(states.values())

"""The ring table: its cells, its ring under the pointer, its text."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from structmask_gui.core.extraction.rings import Ring
from structmask_gui.gui.panels.decisions import RING_COLUMNS as COLUMNS
from structmask_gui.gui.panels.decisions import RingsTable
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style import app_theme
from structmask_gui.gui.widgets.row_table import spreadsheet
from tests.gui.view_helpers import extraction, many_pixels

RING = Ring(
    index=3,
    pixels=24,
    maximum=0.25,
    ratio=0.5,
    threshold=-0.125,
    considered=True,
    kept=4,
    added_by_proximity=2,
    dropped_by_proximity=0,
)


@pytest.fixture
def table(session: Session, qtbot: QtBot) -> RingsTable:
    QCursor.setPos(700, 500)  # not where the table comes up
    table = RingsTable(session)
    qtbot.addWidget(table)
    table.resize(520, 200)
    table.show()
    table.set_extraction(many_pixels())
    QTest.qWait(1)
    return table


def test_cells() -> None:
    texts = [column.text(RING) for column in COLUMNS]
    assert texts == ["3", "24", "0.2500", "0.5000", "−0.1250", "yes", "4", "+2"]


def test_odd_cells() -> None:
    odd = Ring(1, 8, 12345.6, float("nan"), 1e-9, False, 0, 0, 5)
    texts = [column.text(odd) for column in COLUMNS]
    assert texts[2:] == ["1.235e+04", "–", "0.0000", "no", "0", "−5"]


def test_every_ring_has_a_row(table: RingsTable) -> None:
    rings = many_pixels().rings.rings
    model = table.model
    assert model.rowCount() == len(rings)
    assert model.columnCount() == len(COLUMNS)
    for row, ring in enumerate(rings):
        assert model.data(model.index(row, 0)) == str(ring.index)
        assert model.data(model.index(row, 6)) == str(ring.kept)
    for number, column in enumerate(COLUMNS):
        horizontal, tip = Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole
        assert model.headerData(number, horizontal) == column.heading
        assert model.headerData(number, horizontal, tip) == column.explanation


def test_numbers_stand_below_each_other(table: RingsTable) -> None:
    model = table.model
    decimals = {len(model.data(model.index(row, 2)).partition(".")[2]) for row in range(5)}
    assert decimals == {4}
    role = Qt.ItemDataRole.TextAlignmentRole
    assert model.data(model.index(0, 2), role) & Qt.AlignmentFlag.AlignRight
    assert model.headerData(2, Qt.Orientation.Horizontal, role) & Qt.AlignmentFlag.AlignRight


def test_no_number_is_cut(table: RingsTable) -> None:
    metrics = table.table.fontMetrics()
    for column in range(len(COLUMNS)):
        texts = [table.model.data(table.model.index(r, column)) for r in range(5)]
        widest = max(metrics.horizontalAdvance(text) for text in texts)
        assert widest < table.table.columnWidth(column)


def test_more_and_fewer_rings(table: RingsTable) -> None:
    table.set_extraction(extraction(center_size=21))
    assert table.model.rowCount() == 10
    table.set_extraction(None)
    assert table.model.rowCount() == 0
    assert table.nothing.isVisible()
    table.set_extraction(extraction())
    assert table.table.isVisible()


def test_hovering_a_row(table: RingsTable) -> None:
    hovered: list[int] = []
    table.ring_hovered.connect(hovered.append)
    port = table.table.viewport()
    for row in (0, 2):
        rect = table.table.visualRect(table.model.index(row, 1))
        QTest.mouseMove(port, rect.center())
    assert table.model.marked == 2
    table.table.left.emit()
    assert hovered == [1, 3, -1]
    assert table.model.marked == -1


def test_arrow_keys_go_from_ring_to_ring(table: RingsTable) -> None:
    hovered: list[int] = []
    table.ring_hovered.connect(hovered.append)
    table.table.setFocus()
    table.table.setCurrentIndex(table.model.index(0, 0))
    assert not hovered
    QTest.keyClick(table.table, Qt.Key.Key_Down)
    QTest.keyClick(table.table, Qt.Key.Key_Down)
    table.table.clearFocus()
    assert hovered == [2, 3, -1]


def test_a_ring_marked_from_outside(table: RingsTable) -> None:
    hovered: list[int] = []
    table.ring_hovered.connect(hovered.append)
    table.set_extraction(extraction(center_size=21))
    table.resize(520, 90)
    QTest.qWait(1)
    model = table.model
    plain = table.grab().toImage()
    table.highlight(10)
    role = Qt.ItemDataRole.BackgroundRole
    assert model.data(model.index(9, 0), role) is not None
    assert model.data(model.index(8, 0), role) is None
    assert table.table.visualRect(model.index(9, 0)).top() < table.table.viewport().height()
    light = model.data(model.index(9, 0), role)
    table.setPalette(app_theme.palette(True))
    assert model.data(model.index(9, 0), role) != light
    table.highlight(99)
    table.highlight(-1)
    assert model.data(model.index(9, 0), role) is None
    assert not hovered
    assert plain != table.grab().toImage()


def test_text_for_a_spreadsheet(table: RingsTable) -> None:
    cells = [column.text(RING) for column in COLUMNS]
    text = spreadsheet(COLUMNS, [cells])
    assert text.splitlines()[1] == "3\t24\t0.2500\t0.5000\t-0.1250\tyes\t4\t+2"
    table.table.setFocus()
    QTest.keyClick(table.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[0] == "Ring"
    assert len(lines) == 1 + table.model.rowCount()
    table.table.selectRow(1)
    table.table.selectionModel().select(
        table.model.index(2, 0),
        table.table.selectionModel().SelectionFlag.Select
        | table.table.selectionModel().SelectionFlag.Rows,
    )
    table.copy_action.trigger()
    assert [line.split("\t")[0] for line in QGuiApplication.clipboard().text().splitlines()] == [
        "Ring",
        "2",
        "3",
    ]


def test_with_a_session(qtbot: QtBot) -> None:
    session = Session()
    table = RingsTable(session)
    qtbot.addWidget(table)
    session.extraction_changed.emit(extraction())
    assert table.model.rowCount() == 5
    session.hover_ring(2)
    assert table.model.marked == 1
    table.show()
    table.table.left.emit()
    assert session.state.ring == -1
    session.close()


def test_the_nothing_text_is_not_a_table(session: Session, qtbot: QtBot) -> None:
    table = RingsTable(session)
    qtbot.addWidget(table)
    table.show()
    assert table.nothing.isVisible()
    assert table.childAt(QPoint(5, 5)) is not table.table


def test_only_cells_that_differ_are_announced(table: RingsTable) -> None:
    said: list[tuple[int, int]] = []
    table.model.dataChanged.connect(lambda a, _b: said.append((a.row(), a.column())))
    model, size = table.model, (range(5), range(len(COLUMNS)))
    before = [[model.data(model.index(r, c)) for c in size[1]] for r in size[0]]
    table.set_extraction(extraction())
    after = [model.cells(row) for row in range(5)]
    differ = [(r, c) for r in size[0] for c in size[1] if before[r][c] != after[r][c]]
    assert said == differ != []

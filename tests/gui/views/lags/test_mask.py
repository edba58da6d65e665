"""The mask view: cells, editing by mouse and keys."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from structmask_gui.gui.views.lags.mask import MaskView
from structmask_gui.gui.views.lags.mask_cells import cell_colors
from tests.gui.view_helpers import color_at, drag, extraction, point_at

ASYMMETRIC = np.zeros((5, 7), bool)
ASYMMETRIC[2, 3] = ASYMMETRIC[0, 6] = ASYMMETRIC[2, 5] = True


@pytest.fixture
def view(qtbot: QtBot) -> MaskView:
    view = MaskView()
    qtbot.addWidget(view)
    view.resize(420, 380)
    view.show()
    view.set_mask(ASYMMETRIC)
    QTest.qWait(1)
    return view


def test_cells_lie_where_they_belong(view: MaskView) -> None:
    empty, full = (color.rgb() for color in cell_colors(view.theme, False)[:2])
    assert color_at(view, 3.2, -1.8).rgb() == full
    assert color_at(view, 2.2, 0.2).rgb() == full
    for x, y in ((-3, 2), (-3, -2), (3, 2), (1, 0)):
        assert color_at(view, x + 0.2, y + 0.2).rgb() == empty
    assert color_at(view, 0, 0).rgb() not in (empty, full)


def test_reading_out(view: MaskView) -> None:
    values = np.arange(35.0).reshape(5, 7)
    view.set_mask(ASYMMETRIC, values)
    point_at(view, 3, -2)
    assert view.read_out.text == "(dx, dy) = (+3, −2)   6   in the mask"
    point_at(view, -3, -2)
    assert view.read_out.text == "(dx, dy) = (−3, −2)   0   not in the mask"
    point_at(view, 0, 0)
    assert view.read_out.text.endswith("17   centre")
    assert view.describe(4, 0) == ""


def test_a_cell_that_was_not_measured_has_no_value(view: MaskView) -> None:
    view.set_mask(ASYMMETRIC, np.full((5, 7), np.nan))
    assert view.describe(3, -2) == "(dx, dy) = (+3, −2)   in the mask"


def test_the_extraction_gives_mask_and_values(view: MaskView) -> None:
    result = extraction()
    view.set_extraction(result)
    assert view.codes is not None
    assert (view.codes == result.mask.array).all()
    assert view.describe(1, 0).split("   ")[1] == f"{result.centre[5, 6]:.4g}"


def test_editing_with_the_mouse(view: MaskView) -> None:
    events: list[tuple[object, ...]] = []
    view.cell_clicked.connect(lambda dy, dx: events.append(("click", dy, dx)))
    view.cell_dragged.connect(lambda dy, dx: events.append(("drag", dy, dx)))
    view.cell_drag_ended.connect(lambda: events.append(("end",)))
    before = view.visible_rect()
    view.set_editable(True)
    assert view.editable
    drag(view, (1, 0), (1.2, 0.2), (2, 1), (3, 1), (30, 1))
    assert events == [("click", 0, 1), ("drag", 1, 2), ("drag", 1, 3), ("end",)]
    assert view.visible_rect() == before
    events.clear()
    view.set_editable(False)
    drag(view, (1, 0), (2, 1))
    assert not events


def test_reading_and_editing_with_keys(view: MaskView) -> None:
    clicks: list[tuple[int, int]] = []
    view.cell_clicked.connect(lambda dy, dx: clicks.append((dy, dx)))
    view.canvas.setFocus()
    plain = view.canvas.grab().toImage()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right):
        QTest.keyClick(view.canvas, key)
    assert view.read_out.text.startswith("(dx, dy) = (+2, +0)")
    assert view.canvas.grab().toImage() != plain
    QTest.keyClick(view.canvas, Qt.Key.Key_Space)
    assert not clicks
    view.set_editable(True)
    QTest.keyClick(view.canvas, Qt.Key.Key_Up)
    QTest.keyClick(view.canvas, Qt.Key.Key_Space)
    assert clicks == [(-1, 2)]
    for _ in range(9):
        QTest.keyClick(view.canvas, Qt.Key.Key_Left)
    assert view.read_out.text.startswith("(dx, dy) = (−3, −1)")
    QTest.keyClick(view.canvas, Qt.Key.Key_Escape)
    assert view.canvas.grab().toImage() == plain


def test_a_large_mask_has_no_grid_but_is_drawn(view: MaskView) -> None:
    large = np.zeros((201, 201), bool)
    large[98:103, :] = True
    view.set_mask(large)
    QTest.qWait(1)
    assert color_at(view, 60, 0).rgb() == view.theme.accent.rgb()
    assert color_at(view, 60, 20).rgb() == view.theme.cell.rgb()

"""The views of correlations: orientation, centring, colour range, rings and decisions."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from structmask_gui.core.extraction.rings import Decision
from structmask_gui.gui.style.colormaps import lookup_table
from structmask_gui.gui.views.lags import decision_marks
from structmask_gui.gui.views.lags.autocorrelation import AutocorrelationView, quantity_text
from structmask_gui.gui.views.lags.lag_view import LagView
from structmask_gui.gui.views.lags.ring_decisions import outline
from structmask_gui.gui.views.lags.ring_overlay import RingOverlayView
from tests.gui.view_helpers import color_at, extraction, many_pixels, point_at


def shown(view: LagView, qtbot: QtBot) -> LagView:
    qtbot.addWidget(view)
    view.resize(460, 400)
    view.show()
    QTest.qWait(1)
    return view


@pytest.fixture
def view(qtbot: QtBot) -> LagView:
    return shown(LagView("Lags"), qtbot)


@pytest.fixture
def rings(qtbot: QtBot) -> RingOverlayView:
    view = RingOverlayView()
    shown(view, qtbot)
    view.set_extraction(many_pixels())
    return view


def test_rows_run_down_and_columns_right(view: LagView) -> None:
    plane = np.zeros((5, 9))
    plane[0, 8] = 1.0  # dy = -2, dx = +4: top right
    view.set_plane(plane)
    table = lookup_table("viridis")
    assert color_at(view, 4, -2).getRgb()[:3] == tuple(table[-1])
    for x, y in ((-4, -2), (4, 2), (-4, 2), (2, 2)):
        assert color_at(view, x, y).getRgb()[:3] == tuple(table[0])
    top_right = view.box.mapViewToScene(view.content.topRight())
    bottom_left = view.box.mapViewToScene(view.content.bottomLeft())
    assert top_right.x() > bottom_left.x()
    assert top_right.y() < bottom_left.y()


def test_the_zero_lag_is_at_zero(view: LagView) -> None:
    plane = np.zeros((7, 7))
    plane[3, 3], plane[3, 4] = 5.0, 1.0
    view.set_plane(plane)
    assert view.content.center().x() == pytest.approx(0)
    assert view.content.center().y() == pytest.approx(0)
    assert view.value_at(0, 0) == 5
    assert view.value_at(0, 1) == 1
    point_at(view, 1.3, 0.3)
    assert view.read_out.text == "(dx, dy) = (+1, +0)   1"
    point_at(view, -2, 3)
    assert view.read_out.text == "(dx, dy) = (−2, +3)   0"
    assert view.describe(4, 0) == ""


def test_the_zero_lag_does_not_flatten_the_rest(view: LagView) -> None:
    plane = np.full((5, 5), 0.01)
    plane[2, 2], plane[2, 3] = 0.69, 0.05
    view.set_plane(plane)
    assert view.levels == (0.01, 0.05)
    view.set_zero_lag_in_range(True)
    assert view.levels == (0.01, 0.69)
    chosen: list[bool] = []
    view.zero_lag_chosen.connect(chosen.append)
    action = next(a for a in view.menu().actions() if "Zero lag" in a.text())
    assert action.isChecked()
    action.trigger()
    assert chosen == [False]
    assert view.levels == (0.01, 0.05)


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0])
def test_a_constant_plane_has_a_range(view: LagView, value: float) -> None:
    view.set_plane(np.full((3, 3), value))
    low, high = view.levels
    assert low == value
    assert high > low
    view.canvas.grab()


def test_not_a_number_is_left_out_of_the_range(view: LagView) -> None:
    plane = np.linspace(0, 1, 25).reshape(5, 5)
    plane[0, 0] = np.nan
    view.set_plane(plane)
    assert view.levels == (pytest.approx(1 / 24), 1.0)
    view.canvas.grab()


def test_signed_values_have_zero_in_the_middle(view: LagView) -> None:
    plane = np.zeros((3, 3))
    plane[0, 0], plane[2, 2] = -0.4, 0.1
    view.set_signed(True)
    view.set_plane(plane)
    assert view.levels == (-0.4, 0.4)
    assert color_at(view, -1, -1).blue() > color_at(view, -1, -1).red()
    assert color_at(view, 0, 1).lightness() > 240


def test_an_equal_plane_is_not_drawn_again(view: LagView, monkeypatch: pytest.MonkeyPatch) -> None:
    plane = np.zeros((3, 3))
    view.set_plane(plane)
    calls: list[object] = []
    monkeypatch.setattr(view.image, "set_plane", lambda *a: calls.append(a))
    view.set_plane(plane)
    assert not calls
    view.set_plane(plane.copy())
    assert len(calls) == 1


def test_zoom_stays_while_values_change_and_goes_with_the_shape(view: LagView) -> None:
    view.set_plane(np.zeros((11, 11)))
    view.zoom(2)
    zoomed = view.visible_rect()
    view.set_plane(np.ones((11, 11)))
    assert view.visible_rect() == zoomed
    view.set_plane(np.ones((21, 21)))
    assert view.visible_rect().width() == pytest.approx(21, rel=0.05)


def test_autocorrelation_marks_the_centre_square(qtbot: QtBot) -> None:
    view = AutocorrelationView()
    shown(view, qtbot)
    view.set_autocorrelation(np.zeros((25, 31)), (11, 11))
    rect = view.frame_item.rect
    assert (rect.left(), rect.top(), rect.width(), rect.height()) == (-5.5, -5.5, 11, 11)
    view.set_centre_shape((25, 31))
    assert view.frame_item.rect.isNull()
    result = extraction()
    view.set_extraction(result)
    assert view.plane is result.measurement.autocorrelation.mean
    view.set_extraction(None)
    assert view.plane is None


def test_the_outline_of_a_mask_covers_none_of_its_cells(qtbot: QtBot) -> None:
    view = AutocorrelationView()
    shown(view, qtbot)
    plane = np.zeros((121, 121))
    plane[60, 30:91] = 1.0  # a row of cells a few pixels of the screen high
    view.set_autocorrelation(plane)
    row = [color_at(view, x, 0).rgb() for x in range(-15, 16, 3)]
    above = color_at(view, 3, -1).rgb()
    view.set_mask(np.ones((1, 41), bool))
    assert [color_at(view, x, 0).rgb() for x in range(-15, 16, 3)] == row
    assert color_at(view, 3, -1).rgb() != above


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "mean log(1 + |r|)"),
        ({"log_autocorr": False}, "mean r"),
        ({"norm_autocorr": False, "log_autocorr": False}, "mean c"),
        ({"norm_autocorr": False}, "mean log(1 + |c|)"),
    ],
)
def test_quantity(values: dict[str, bool], text: str) -> None:
    assert quantity_text(extraction(**values).parameters) == text


# --- outline -----------------------------------------------------------------------------------


def test_outline_of_a_known_shape() -> None:
    inside = np.zeros((5, 7), bool)
    inside[2, 2:5] = True
    lines = {tuple(line) for line in outline(inside).tolist()}
    assert lines == {
        (-1.5, -0.5, 1.5, -0.5),
        (-1.5, 0.5, 1.5, 0.5),
        (-1.5, -0.5, -1.5, 0.5),
        (1.5, -0.5, 1.5, 0.5),
    }
    assert outline(np.zeros((3, 3), bool)).shape == (0, 4)
    assert len(outline(np.ones((3, 3), bool))) == 4


def test_outline_has_the_length_of_the_border() -> None:
    rng = np.random.default_rng(0)
    inside = rng.random((9, 11)) > 0.5
    lines = outline(inside)
    length = np.abs(lines[:, 2:] - lines[:, :2]).sum()
    padded = np.pad(inside, 1).astype(int)
    assert length == np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum()


# --- ring overlay -----------------------------------------------------------------------------


def test_hovering_says_ring_and_decision(rings: RingOverlayView) -> None:
    hovered: list[int] = []
    rings.ring_hovered.connect(hovered.append)
    point_at(rings, 0, 3)
    assert "ring 3" in rings.read_out.text
    point_at(rings, -2, 1)
    point_at(rings, 2, -2)
    point_at(rings, 0, 0)
    assert rings.read_out.text.endswith("centre, always kept")
    point_at(rings, 1, 0)
    assert "ring 1, kept" in rings.read_out.text
    rings.canvas.left.emit()
    assert hovered == [3, 2, -1, 1, -1]


def test_highlight_is_seen_and_taken_away(rings: RingOverlayView) -> None:
    plain = rings.canvas.grab().toImage()
    rings.highlight_ring(3)
    marked = rings.canvas.grab().toImage()
    assert marked != plain
    rings.highlight_ring(99)
    rings.highlight_ring(-1)
    assert rings.canvas.grab().toImage() == plain


def test_kept_pixels_have_their_colour(rings: RingOverlayView) -> None:
    assert rings.decisions is not None
    middle = np.array(rings.decisions.shape) // 2
    y, x = np.argwhere(rings.decisions == Decision.KEPT)[0] - middle
    found = color_at(rings, x, y)
    wanted = decision_marks.COLORS[Decision.KEPT]
    assert abs(found.red() - wanted.red()) + abs(found.blue() - wanted.blue()) < 12


def test_the_legend_names_what_is_there(rings: RingOverlayView) -> None:
    assert "kept" in rings.legend.texts
    assert "dropped, over the limit" in rings.legend.texts
    assert "added by proximity" not in rings.legend.texts
    rings.set_extraction(
        extraction(
            center_proximity_threshold=0.05, center_ratio_threshold=0.02, base_percentile=99.0
        )
    )
    assert "added by proximity" in rings.legend.texts
    assert rings.legend.isVisible()
    assert not rings.legend.geometry().intersects(rings.canvas.geometry())


def test_every_decision_can_be_drawn(rings: RingOverlayView) -> None:
    codes = np.arange(7, dtype=np.uint8)[np.newaxis].repeat(7, axis=0)
    pictures = set()
    for decision in Decision:
        shown_codes = np.where(codes == decision, codes, 0).astype(np.uint8)
        rings.rings_item.set_content((True, False, True), shown_codes, codes > 3)
        pictures.add(bytes(rings.canvas.grab().toImage().constBits()))
    assert len(pictures) == len(Decision)


def test_a_whole_plane_is_drawn_coarsely(rings: RingOverlayView) -> None:
    rings.set_extraction(extraction(crop_autocorr=False))
    assert rings.decisions is not None
    assert rings.decisions.shape == (63, 63)
    fine = rings.canvas.grab().toImage()
    rings.resize(200, 190)
    QTest.qWait(1)
    assert rings.canvas.grab().toImage() != fine


def test_an_extraction_without_rings(rings: RingOverlayView) -> None:
    result = extraction()

    class WithoutRings:
        parameters, measurement, centre = result.parameters, result.measurement, result.centre
        rings, mask, decisions = None, result.mask, None

    rings.set_extraction(WithoutRings())
    assert rings.decisions is None
    assert rings.legend.texts == ()
    assert rings.describe(1, 0).startswith("(dx, dy) = (+1, +0)")

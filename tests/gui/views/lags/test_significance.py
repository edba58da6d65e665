"""The views of the statistical method: signed correlation, significance, bands, brightness."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from scipy.special import stdtrit

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.statistical.profiles import BrightnessCurve
from structmask_gui.gui.panels.decisions import DecisionsTable, LagsTable
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.colormaps import lookup_table
from structmask_gui.gui.style.colours import BLUE
from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.views.curves.brightness import BrightnessView
from structmask_gui.gui.views.curves.profiles import ProfilesView
from structmask_gui.gui.views.lags import significance as significance_module
from structmask_gui.gui.views.lags.autocorrelation import AutocorrelationView
from structmask_gui.gui.views.lags.findings import Finding, LagFacts, q_text, rho_text
from structmask_gui.gui.views.lags.mask import MaskView
from structmask_gui.gui.views.lags.significance import SignificanceView
from tests.gui.view_helpers import color_at, extraction, point_at, statistical


def shown(view: Any, qtbot: QtBot) -> Any:
    # Kept until it is closed, as in a window: qtbot alone would let it be collected while painted.
    qtbot.addWidget(view, before_close_func=lambda _closing: view.release())
    view.resize(480, 420)
    view.show()
    QTest.qWait(1)
    return view


@pytest.fixture
def significance(qtbot: QtBot) -> SignificanceView:
    view = shown(SignificanceView(), qtbot)
    view.set_extraction(statistical())
    return view


# --- facts ------------------------------------------------------------------------------------


def test_the_findings_agree_with_the_engine() -> None:
    result = statistical(max_pixels=5, rho_min=0.1)
    facts, selection = LagFacts.of(result), result.selection
    assert facts is not None
    assert selection is not None
    found = facts.findings
    assert (np.isin(found, (Finding.KEPT, Finding.CENTRE)) == result.mask.array).all()
    assert (found == Finding.OVER_LIMIT).sum() == result.dropped_by_limit > 0
    assert (found == Finding.SMALL).sum() == (selection.significant & ~selection.large).sum() > 0
    unproven = statistical(q=0.000001, rho_min=0.0)
    facts = LagFacts.of(unproven)
    assert facts is not None
    assert (facts.findings == Finding.UNPROVEN).sum() == (~unproven.selection.significant).sum() > 0
    assert LagFacts.of(extraction()) is None


def test_a_mask_that_was_not_chosen_by_significance_is_explained() -> None:
    found = statistical()
    other = np.zeros((3, 5), np.bool_)
    other[1, 1:4] = other[0, 2] = other[2, 2] = True  # one column that shares nothing
    facts = LagFacts.of(replace(found, mask=Mask(other)))
    assert facts is not None
    assert facts.finding(0, 1) is Finding.KEPT
    assert facts.finding(1, 0) is Finding.HIDDEN
    assert facts.finding(0, 2) is Finding.LEFT


def test_of_two_neighbours_the_one_that_shares_more_is_not_called_negligible() -> None:
    found = statistical(rho_min=0.9)
    selection = found.selection
    assert selection is not None
    assert selection.significant[8, 9:13].all()
    assert not selection.large[8, 9:13].any()
    weaker = np.zeros((1, 9), np.bool_)
    weaker[0, [0, 4, 8]] = True
    facts = LagFacts.of(replace(found, mask=Mask(weaker)))
    assert facts is not None
    assert facts.rho[8, 10] > facts.rho[8, 12] > facts.rho[8, 13]
    # All three share noise beyond doubt.
    assert facts.finding(0, 4) is Finding.KEPT
    assert facts.finding(0, 2) is Finding.LEFT
    assert facts.finding(0, 5) is Finding.SMALL


def test_half_of_the_lags_the_strongest_first() -> None:
    facts = LagFacts.of(statistical())
    assert facts is not None
    lags = [row.lag for row in facts.rows()]
    assert len(lags) == (facts.rho.size - 1) // 2
    assert lags[0] == (0, 1)
    sizes = [abs(facts.rho[facts.reach + dy, facts.reach + dx]) for dy, dx in lags]
    assert sizes == sorted(sizes, reverse=True)
    assert not {(-dy, -dx) for dy, dx in lags} & set(lags)


def test_numbers_in_words() -> None:
    assert rho_text(-0.12345, 0.0061) == "−0.123 ± 0.006"
    assert rho_text(0.5, 0.0002) == "+0.5000 ± 0.0002"
    assert q_text(3e-12) == "< 1e−10"
    assert q_text(0.00012) == "0.00012"
    assert q_text(0.994) == "0.99"
    facts = LagFacts.of(statistical())
    assert facts is not None
    assert facts.text(0, 0) == "ρ = 1"
    assert facts.text(0, 1) == facts.text(0, -1)


# --- significance -----------------------------------------------------------------------------


def test_each_finding_has_a_colour_and_a_mark(
    significance: SignificanceView, monkeypatch: pytest.MonkeyPatch
) -> None:
    colors = significance_module.finding_colors(significance.theme)
    # Where cells are too small for marks, the colour alone tells what is left visible.
    for theme in (significance.theme, replace(significance.theme, dark=True)):
        told = significance_module.finding_colors(theme)
        assert len({color.rgb() for color in told.values()}) == len(Finding) - 1
    # The ground says what is in the mask, the mark why.
    assert colors[Finding.KEPT] == colors[Finding.HIDDEN] != colors[Finding.LEFT]
    assert color_at(significance, 1.35, 0.35).rgb() == BLUE.rgb()
    # Without their colours the findings still look different.
    grey = dict.fromkeys(Finding, colors[Finding.NEITHER])
    monkeypatch.setattr(significance_module, "finding_colors", lambda _theme: grey)
    facts = LagFacts.of(statistical())
    assert facts is not None
    pictures = set()
    for finding in Finding:
        found = np.zeros_like(facts.findings)
        found[facts.reach, facts.reach + 2] = finding
        significance.findings_item.set_facts(LagFacts(facts.rho, facts.error, facts.q, found))
        pictures.add(bytes(significance.canvas.grab().toImage().constBits()))
    assert len(pictures) == len(Finding)


def test_the_sign_of_a_kept_lag_is_seen(significance: SignificanceView) -> None:
    facts = LagFacts.of(statistical())
    assert facts is not None
    pictures = []
    for sign in (1, -1):
        changed = LagFacts(sign * facts.rho, facts.error, facts.q, facts.findings)
        significance.findings_item.set_facts(changed)
        pictures.append(significance.canvas.grab().toImage())
    assert pictures[0] != pictures[1]


def test_hovering_says_correlation_and_finding(significance: SignificanceView) -> None:
    seen: list[object] = []
    significance.lag_hovered.connect(seen.append)
    point_at(significance, 1, 0)
    text = significance.read_out.text
    assert text.startswith("(dx, dy) = (+1, +0)   ρ = +0.")
    assert " ± " in text
    assert text.endswith("shares noise: hidden")
    point_at(significance, -2, 3)
    significance.canvas.left.emit()
    assert seen == [(0, 1), (3, -2), None]


def test_the_legend_names_what_is_there(significance: SignificanceView) -> None:
    assert significance.legend.texts[0] == "shares noise, hidden"
    assert "no shared noise" in significance.legend.texts
    assert "over the limit" not in significance.legend.texts
    significance.set_extraction(statistical(max_pixels=3))
    assert "over the limit" in significance.legend.texts
    significance.legend.grab()
    found = statistical()
    assert found.verdict is not None
    untold = replace(found.verdict, flags=(*found.verdict.flags, "cannot_tell"))
    significance.set_extraction(replace(found, verdict=untold))
    assert significance.legend.texts[0] == "shares noise or sample, hidden"
    assert significance.describe(1, 0).endswith("shares noise or sample: hidden")
    significance.set_extraction(extraction())
    assert significance.facts is None
    assert significance.legend.texts == ()
    assert significance.describe(0, 0) == ""


@pytest.mark.parametrize("kind", [SignificanceView, MaskView, AutocorrelationView])
def test_a_lag_is_marked_from_outside(kind: type[PictureView], qtbot: QtBot) -> None:
    view = shown(kind(), qtbot)
    view.set_extraction(statistical())
    plain = view.canvas.grab().toImage()
    view.mark_lag((2, -3))
    assert view.mark.lag == (2, -3)
    assert view.canvas.grab().toImage() != plain
    view.mark_lag((99, 0))
    assert view.mark.lag is None
    assert view.canvas.grab().toImage() == plain


def test_many_lags_are_drawn_without_marks(significance: SignificanceView) -> None:
    significance.set_extraction(statistical(max_lag=50, patch_size=128))
    significance.resize(200, 180)
    QTest.qWait(1)
    assert not significance.canvas.grab().isNull()


# --- autocorrelation, mask --------------------------------------------------------------------


def test_the_correlation_has_its_sign(qtbot: QtBot) -> None:
    view = shown(AutocorrelationView(), qtbot)
    result = statistical()
    view.set_extraction(result)
    rho = result.measurement.correlation.lags.rho
    assert view.plane is result.measurement.autocorrelation.mean
    others = np.delete(rho.ravel(), rho.size // 2)
    assert view.levels == (-np.abs(others).max(), np.abs(others).max())
    assert view.frame_item.rect.width() == result.mask.shape[1]
    assert color_at(view, 1, 0).red() > color_at(view, 1, 0).blue()
    text = view.describe(1, 0)
    assert "ρ = +" in text
    assert "q = " in text
    assert view.describe(12, 0).count("=") == 1  # measured, but not tested
    view.set_extraction(extraction())
    table = lookup_table("viridis")
    assert color_at(view, 1, 0).getRgb()[:3] == tuple(table[-1])
    assert "ρ" not in view.describe(1, 0)


def test_chance_does_not_look_like_a_pattern(qtbot: QtBot) -> None:
    view = shown(AutocorrelationView(), qtbot)
    view.set_extraction(statistical(rho_min=0.9))
    assert view.levels == (-0.9, 0.9)


def test_the_mask_says_correlation_and_error(qtbot: QtBot) -> None:
    view = shown(MaskView(), qtbot)
    seen: list[object] = []
    view.lag_hovered.connect(seen.append)
    view.set_extraction(statistical())
    text = view.describe(1, 0)
    assert " ± " in text
    assert text.endswith("in the mask")
    view.set_extraction(extraction())
    assert "±" not in view.describe(1, 0)
    assert seen == [(0, 1), None]


# --- profiles ---------------------------------------------------------------------------------


def test_profiles_have_bands_and_a_floor(qtbot: QtBot) -> None:
    view = shown(ProfilesView(), qtbot)
    result = statistical()
    view.set_extraction(result)
    curves = view.curves
    assert curves is not None
    assert [curve.short for curve in curves.curves] == ["along x", "along y"]
    assert curves.floor == result.parameters.rho_min
    assert view.legend.texts == (
        "along x, main direction",
        "along y",
        "95 % confidence",
        "smallest correlation",
    )
    lags = result.measurement.correlation.lags
    low = lags.rho - stdtrit(lags.degrees, 0.975) * lags.standard_error
    assert view.content.top() < low[lags.reach].min()
    first = curves.curves[0]
    assert first.low is not None
    assert (first.low <= first.values).all()
    assert " (0." in view.describe(1, 0)
    assert "…" not in view.describe(0, 0)
    assert view.describe(77, 0) == ""
    assert not view.arrows.isVisible()
    view.legend.grab()


def test_a_third_profile_runs_along_the_main_direction(qtbot: QtBot) -> None:
    view = shown(ProfilesView(), qtbot)
    view.set_extraction(statistical(diagonal=True))
    curves = view.curves
    assert curves is not None
    assert curves.curves[2].text == "along (dx, dy) = (+1, +1), main direction"
    assert "along (+1, +1)" in view.describe(2, 0)
    with_band = view.canvas.grab().toImage()
    assert not with_band.isNull()


# --- brightness -------------------------------------------------------------------------------


def test_the_brightness_curve(qtbot: QtBot) -> None:
    view = shown(BrightnessView(), qtbot)
    assert view.describe(0, 0) == ""
    view.set_extraction(statistical())
    curve = view.curve
    assert isinstance(curve, BrightnessCurve)
    assert len(curve.rho) == 4
    assert view.content.left() < curve.brightness[0]
    assert view.content.right() > curve.brightness[-1]
    assert "±" in view.describe(float(curve.brightness[0]), 0)
    assert view.legend.texts[1] == "smallest correlation"
    view.legend.grab()
    assert not view.canvas.grab().isNull()
    view.set_extraction(extraction())
    assert view.curve is None
    view.set_extraction(None)


# --- tables -----------------------------------------------------------------------------------


@pytest.fixture
def table(session: Session, qtbot: QtBot) -> LagsTable:
    table = LagsTable(session)
    qtbot.addWidget(table)
    table.resize(460, 200)
    table.show()
    # Rows that scroll under the pointer are hovered, too.
    QCursor.setPos(table.mapToGlobal(QPoint(-200, -200)))
    table.set_extraction(statistical())
    return table


def test_a_row_for_each_pair_of_lags(table: LagsTable) -> None:
    facts, model = LagFacts.of(statistical()), table.model
    assert facts is not None
    assert model.rowCount() == (facts.rho.size - 1) // 2
    first = [model.data(model.index(0, column)) for column in range(model.columnCount())]
    assert first[:2] == ["+1", "0"]
    assert first[2] == f"{facts.rho[facts.reach, facts.reach + 1]:+.4f}"
    assert first[5] == "yes"
    assert {Finding.KEPT, Finding.NEITHER} <= {row.finding for row in model.rows}
    assert all(row.finding == facts.finding(*row.lag) for row in model.rows)
    table.grab()


def test_hovering_a_lag(table: LagsTable) -> None:
    seen: list[object] = []
    table.lag_hovered.connect(seen.append)
    table.table.entered.emit(table.model.index(2, 0))
    table.table.entered.emit(table.model.index(2, 1))
    assert seen == [table.model.keys[2]]
    assert table.model.marked == 2
    table.table.left.emit()
    assert seen[-1] is None
    table.table.walked.emit(1)
    assert seen[-1] == table.model.keys[1]


def test_a_lag_marked_from_outside(table: LagsTable) -> None:
    dy, dx = table.model.keys[40]
    seen: list[object] = []
    table.lag_hovered.connect(seen.append)
    table.highlight_lag((-dy, -dx))  # its opposite stands in the same row
    assert table.model.marked == 40
    assert table.table.visualRect(table.model.index(40, 0)).intersects(
        table.table.viewport().rect()
    )
    table.highlight_lag(None)
    assert table.model.marked == -1
    assert not seen


def test_the_lags_as_text(table: LagsTable) -> None:
    lines = table.text().splitlines()
    assert lines[0] == "Right\tDown\tStrength\t±\tFalse alarm\tIn mask"
    assert len(lines) == table.model.rowCount() + 1
    assert "−" not in table.text()
    table.copy()


def test_no_cell_is_cut(table: LagsTable) -> None:
    table.set_extraction(statistical(max_pixels=3))
    metrics = table.table.fontMetrics()
    for column in range(table.model.columnCount()):
        width = table.table.columnWidth(column) - (20 if column == 5 else 0)
        for row in range(30):
            text = table.model.data(table.model.index(row, column))
            assert metrics.horizontalAdvance(text) + 6 <= width


def test_the_table_goes_with_the_method(session: Session, qtbot: QtBot) -> None:
    table = DecisionsTable(session)
    qtbot.addWidget(table)
    table.show()
    table._choose(statistical())
    assert table.lags.isVisible()
    table._choose(extraction())
    assert table.rings.isVisible()
    table._choose(None)
    assert table.rings.isVisible()

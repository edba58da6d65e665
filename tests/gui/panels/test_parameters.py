"""The parameter panel: a row for each parameter, its signals, resets, reasons and groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from structmask_gui.core.parameters.labels import value_text
from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.parameters.rules import defaults_of, why_without_effect
from structmask_gui.gui.panels.parameter_rows import (
    BoolRow,
    ChoiceRow,
    NumberRow,
    SwitchRow,
)
from structmask_gui.gui.panels.parameters import ParametersPanel
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.widgets.inputs import NumberBox
from structmask_gui.gui.window.docks import WIDTHS

INFOS = parameter_infos()
NUMBERS = [name for name, info in INFOS.items() if info.kind in ("int", "float")]
BOOLS = [name for name, info in INFOS.items() if info.kind == "bool"]
CHOICES = [n for n, info in INFOS.items() if info.kind == "choice" and n != "method"]

# A setting in which each parameter has an effect.
EFFECTIVE: dict[str, dict[str, Any]] = {
    "seed": {"layout": "random"},
    "source": {"method": "statistical", "source": "frames"},
    "adapt_CB": {"convention": "as-documented"},
    "mask_choice": {"method": "statistical"},
    "max_lag": {"method": "statistical"},
    "q": {"method": "statistical"},
    "rho_min": {"method": "statistical"},
    "max_pixels": {"method": "statistical"},
    "background_side": {"method": "spine"},
    "spine_z": {"method": "spine"},
    "least_direction": {"method": "spine"},
}


class Recorder(list[tuple[str, Any]]):
    """Keeps what `changed` emits."""

    def take(self, name: str, value: Any) -> None:
        self.append((name, value))


def shown_panel(session: Session) -> ParametersPanel:
    panel = ParametersPanel(session)
    panel.resize(340, 900)
    panel.show()
    return panel


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> ParametersPanel:
    panel = shown_panel(session)
    qtbot.addWidget(panel)
    return panel


@pytest.fixture(scope="module")
def one_panel(qapp: Any) -> Iterator[ParametersPanel]:
    """Keep the panel of the tests that try one row after the other; `prepared` puts it back."""
    session = Session()
    panel = shown_panel(session)
    yield panel
    panel.close()
    panel.deleteLater()
    session.close()


def prepared(panel: ParametersPanel, name: str) -> tuple[Any, Recorder]:
    panel._session.edits.restore_parameters(Parameters().changed(EFFECTIVE.get(name, {})))
    seen = Recorder()
    panel.changed.connect(seen.take)
    return panel.rows[name], seen


def test_a_row_for_each_parameter_in_its_group(panel: ParametersPanel) -> None:
    assert list(panel.rows) == list(INFOS)
    assert list(panel.sections) == list(dict.fromkeys(i.about.group for i in INFOS.values()))
    for name, row in panel.rows.items():
        section = panel.sections[INFOS[name].about.group]
        assert section.isAncestorOf(row)
        assert row.value == INFOS[name].default


def test_tooltips_say_everything(panel: ParametersPanel) -> None:
    for name, row in panel.rows.items():
        about = INFOS[name].about
        text = row.toolTip()
        for part in (about.label, name, about.help.split("'")[0], about.more.split("'")[0]):
            assert part in text
        if INFOS[name].kind in ("int", "float"):
            assert f"{INFOS[name].lowest:g} to {INFOS[name].highest:g}" in text
        assert f"Default: {value_text(INFOS[name], INFOS[name].default)}." in text


@pytest.mark.parametrize("name", NUMBERS)
def test_the_slider(one_panel: ParametersPanel, name: str) -> None:
    row, seen = prepared(one_panel, name)
    if row.value is None:
        row.no_limit.click()
        seen.clear()
    low, high = INFOS[name].about.slider
    row.slider.setValue(row.slider.minimum())
    row.slider.setValue(row.slider.maximum())
    assert seen[-1] == (name, high)
    assert row.box.value() == pytest.approx(high)
    row.slider.setValue(row.slider.minimum())
    assert seen[-1] == (name, low)
    assert type(seen[-1][1]) is (int if INFOS[name].kind == "int" else float)
    assert one_panel.parameters == Parameters().changed({**EFFECTIVE.get(name, {}), name: low})
    QTest.keyClick(row.slider, Qt.Key.Key_Right)
    assert seen[-1][1] == pytest.approx(low + INFOS[name].about.step)


@pytest.mark.parametrize("name", NUMBERS)
def test_typing_what_the_slider_does_not_reach(one_panel: ParametersPanel, name: str) -> None:
    row, seen = prepared(one_panel, name)
    if row.value is None:
        row.no_limit.click()
    for value in (INFOS[name].highest, INFOS[name].lowest):
        seen.clear()
        text = f"{value:.9f}".rstrip("0").rstrip(".")
        row.box.setFocus()
        row.box.selectAll()
        QTest.keyClicks(row.box, text)
        assert not [entry for entry in seen if entry[1] != value]  # nothing before Enter
        QTest.keyClick(row.box, Qt.Key.Key_Return)
        assert seen == [(name, value)]
        one_panel.parameters.changed({name: seen[-1][1]})
        assert row.slider.value() in (row.slider.minimum(), row.slider.maximum())


@pytest.mark.parametrize("name", NUMBERS)
def test_too_much_cannot_be_typed(one_panel: ParametersPanel, name: str) -> None:
    row, seen = prepared(one_panel, name)
    if row.value is None:
        row.no_limit.click()
    seen.clear()
    row.box.setFocus()
    row.box.selectAll()
    QTest.keyClicks(row.box, "99999999999")
    QTest.keyClick(row.box, Qt.Key.Key_Return)
    for _, value in seen:
        assert INFOS[name].lowest <= value <= INFOS[name].highest


@pytest.mark.parametrize("name", BOOLS)
def test_the_check_box(one_panel: ParametersPanel, name: str) -> None:
    row, seen = prepared(one_panel, name)
    assert isinstance(row, BoolRow)
    row.check.click()
    row.check.click()
    assert seen == [(name, False), (name, True)]


@pytest.mark.parametrize("name", CHOICES)
def test_the_combo_box(one_panel: ParametersPanel, name: str) -> None:
    row, seen = prepared(one_panel, name)
    assert isinstance(row, ChoiceRow)
    values = [value for value, _ in INFOS[name].about.choices]
    assert row.combo.currentData() == INFOS[name].default
    captions = set()
    for _ in values:
        row.combo.setFocus()
        QTest.keyClick(row.combo, Qt.Key.Key_Down)
        captions.add(row.caption.text())
    assert [value for _, value in seen] == values[1:]
    assert len(captions) == len(values) - 1
    assert len({row.combo.itemText(i) for i in range(row.combo.count())}) == len(values)


@pytest.mark.parametrize("name", [name for name in INFOS if name != "method"])
def test_the_reset(one_panel: ParametersPanel, name: str) -> None:
    row, seen = prepared(one_panel, name)
    default = getattr(defaults_of(one_panel.parameters.method), name)
    if isinstance(row, NumberRow):
        if row.value is None:
            row.no_limit.click()
        else:
            row.slider.setValue(row.slider.minimum())
            row.slider.setValue(row.slider.maximum())
    elif isinstance(row, BoolRow):
        row.check.click()
    else:
        last = row.combo.count() - 1
        to_last = row.combo.findData(default) < last
        row.combo.setCurrentIndex(row.combo.findData(default))
        QTest.keyClick(row.combo, Qt.Key.Key_Down if to_last else Qt.Key.Key_Up)
    assert row.value != default
    assert row.reset.isEnabled()
    row.reset.click()
    assert seen[-1] == (name, default)
    assert row.value == default
    assert not row.reset.isEnabled()


def test_the_default_goes_with_the_method(panel: ParametersPanel) -> None:
    panel.set_parameters(defaults_of("statistical"))
    row = panel.rows["source"]
    assert row.value == "automatic"
    assert not row.reset.isEnabled()
    panel.set_parameters(defaults_of("statistical").changed(source="flat"))
    row.reset.click()
    assert panel.parameters.source == "automatic"
    panel.set_parameters(defaults_of("ring"))
    assert (row.value, row.reset.isEnabled()) == ("frames", False)


@pytest.mark.parametrize("name", ["max_true_pixels", "max_pixels"])
def test_no_limit(one_panel: ParametersPanel, name: str) -> None:
    row, seen = prepared(one_panel, name)
    if row.value is None:
        row.no_limit.click()
    row.slider.setValue(12)
    limit = row.value
    row.no_limit.click()
    assert seen[-1] == (name, None)
    assert not row.slider.isEnabled()
    assert not row.box.isEnabled()
    row.no_limit.click()
    assert seen[-1] == (name, limit)
    assert row.slider.isEnabled()
    assert row.box.isEnabled()


def test_a_drag_says_when_it_starts_and_ends(panel: ParametersPanel) -> None:
    events: list[Any] = []
    panel.drag_started.connect(lambda name: events.append(("start", name)))
    panel.drag_ended.connect(lambda name: events.append(("end", name)))
    panel.changed.connect(lambda name, value: events.append(value))
    slider = panel.rows["base_percentile"].slider
    panel.area.ensureWidgetVisible(slider)
    span = slider.width() - 16
    start = QPoint(8 + round(span * slider.value() / slider.maximum()), slider.height() // 2)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=start)
    for step in (10, 20, 30):
        QTest.mouseMove(slider, start + QPoint(step, 0))
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=start + QPoint(30, 0))
    assert events[0] == ("start", "base_percentile")
    assert events[-1] == ("end", "base_percentile")
    assert len(events) > 3
    assert all(50 < value <= 70 for value in events[1:-1])


def test_showing_parameters_emits_nothing(panel: ParametersPanel) -> None:
    seen = Recorder()
    panel.changed.connect(seen.take)
    other = Parameters(
        layout="random",
        seed=4_000_000_000,
        adapt_DF=0.123456,
        base_percentile=99,
        center_size=61,
        max_true_pixels=None,
        log_autocorr=False,
    )
    panel.set_parameters(other)
    assert not seen
    assert panel.parameters == other
    assert {name: row.value for name, row in panel.rows.items()} == other.model_dump()
    assert panel.rows["adapt_DF"].box.text() == "0.123456"
    assert panel.rows["seed"].box.value() == 4_000_000_000


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"method": "statistical"},
        {"convention": "as-documented"},
        {"adapt_autocorr": False},
        {"use_center_proximity": False},
        {"crop_autocorr": False},
        {"layout": "whole"},
        {"layout": "random"},
    ],
)
def test_what_has_no_effect_is_disabled_and_says_why(
    panel: ParametersPanel, values: dict[str, Any]
) -> None:
    parameters = Parameters().changed(values)
    panel.set_parameters(parameters)
    for name, row in panel.rows.items():
        reason = why_without_effect(name, parameters)
        assert row.reason == (reason or "")
        for widget in row.inputs():
            if reason:
                assert not widget.isEnabled()
                assert row.caption.text() == reason
                assert "No effect now" in row.toolTip()
        if not reason:
            assert row.inputs()[-1].isEnabled()
            assert "No effect now" not in row.toolTip()


def test_a_group_without_effect_is_folded(panel: ParametersPanel) -> None:
    assert not panel.sections["Significant lags"].open
    assert panel.sections["Ring analysis"].open
    panel.set_parameters(Parameters(method="statistical"))
    assert panel.sections["Significant lags"].open
    assert not panel.sections["Ring analysis"].open
    assert panel.sections["Ring analysis"].note.text() == "not in use"
    assert "ring analysis" in panel.sections["Ring analysis"].note.toolTip()
    panel.set_parameters(Parameters())
    assert panel.sections["Ring analysis"].open
    assert panel.sections["Ring analysis"].note.text() == ""


def test_folding_by_hand_stays(panel: ParametersPanel) -> None:
    section = panel.sections["Patches"]
    section.button.click()
    assert not section.open
    assert not panel.rows["patch_size"].isVisible()
    panel.set_parameters(Parameters(base_percentile=40))
    assert not section.open
    section.button.click()
    assert panel.rows["patch_size"].isVisible()


def test_the_wheel_scrolls_the_panel_and_changes_nothing(panel: ParametersPanel) -> None:
    seen = Recorder()
    panel.changed.connect(seen.take)
    row: Any = panel.rows["patch_size"]
    combo: Any = panel.rows["layout"]

    def turn(widget: Any) -> None:
        event = QWheelEvent(
            QPointF(5, 5),
            QPointF(widget.mapToGlobal(QPoint(5, 5))),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)

    panel.setFocus()
    panel.activateWindow()
    for widget in (row.slider, row.box, combo.combo):
        turn(widget)
        widget.setFocus()
        turn(widget)
    assert not seen
    QTest.keyClick(row.slider, Qt.Key.Key_Right)
    assert seen


def test_nothing_is_cut_at_the_width_of_the_dock(panel: ParametersPanel) -> None:
    panel.measured_section.show()
    panel.resize(WIDTHS["parameters"], 800)
    QTest.qWait(30)
    part = panel.measured_part
    assert part.mapTo(panel.area.viewport(), part.rect().topRight()).x() < panel.area.width() - 12
    for row in panel.rows.values():
        if not row.isVisible():
            continue
        for widget in (*row.inputs(), row.reset):
            right = widget.mapTo(panel, QPoint(widget.width(), 0)).x()
            assert right <= panel.area.viewport().width()
        if isinstance(row, NumberRow):
            assert row.slider.width() >= 200
            assert row.label.sizeHint().width() <= row.label.width() + 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.95, "0.95"), (1.0, "1.00"), (0.123456789, "0.123456789"), (0.000001, "0.000001")],
)
def test_numbers_are_as_short_as_can_be(qtbot: QtBot, value: float, text: str) -> None:
    box = NumberBox(0, 10, 0.01, whole=False)
    qtbot.addWidget(box)
    box.setValue(value)
    assert box.text() == text


def test_a_comma_is_a_point(qtbot: QtBot) -> None:
    box = NumberBox(0, 10, 0.01, whole=False, unit="px")
    qtbot.addWidget(box)
    box.show()
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "2,75")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 2.75
    assert box.text() == "2.75 px"


def test_no_patches_means_all(panel: ParametersPanel) -> None:
    row: Any = panel.rows["patches"]
    assert row.box.text() == "all"
    row.slider.setValue(10)
    assert row.box.text() == "10"
    assert value_text(INFOS["patches"], 0) == "all"
    assert "Default: all." in row.toolTip()


def test_a_long_seed_is_seen_whole(panel: ParametersPanel) -> None:
    panel.resize(330, 800)
    panel.set_parameters(Parameters().changed(layout="random", seed=4294967295))
    QTest.qWait(1)
    box: Any = panel.rows["seed"].box
    room = box.lineEdit().contentsRect().width()
    assert box.fontMetrics().horizontalAdvance(box.text()) < room
    others = {row.box.width() for row in panel.rows.values() if hasattr(row, "box")} - {box.width()}
    assert len(others) == 1


def test_the_methods_are_one_click_away(panel: ParametersPanel) -> None:
    row, seen = prepared(panel, "method")
    assert isinstance(row, SwitchRow)
    assert [b.text() for b in row.buttons.values()] == [
        "Ring analysis (autoStructN2V 0.1)",
        "Spine (autoStructN2V 1.0)",
        "Automatic",
    ]
    ring_caption = row.caption.text()
    row.buttons["statistical"].click()
    row.buttons["statistical"].click()
    assert seen == [("method", "statistical")]
    assert panel.parameters.source == panel.rows["source"].value == "automatic"
    assert row.caption.text() not in ("", ring_caption)
    row.buttons["ring"].click()
    assert panel.parameters.source == panel.rows["source"].value == "frames"
    assert row.buttons["ring"].isChecked()
    assert not row.buttons["statistical"].isChecked()

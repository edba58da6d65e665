"""The verdict in the headline and the help, and the window with the statistical method."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import parameter_infos
from structmask_gui.core.recommend.wording import WORDS, Action, Answer, Sureness
from structmask_gui.core.verdict.certainty import Certainty, certainty_of
from structmask_gui.core.verdict.wording import without_certainty
from structmask_gui.gui.panels.help_text import help_html, story_html
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.colours import ORANGE
from structmask_gui.gui.widgets import certainty_icon as certainty_module
from structmask_gui.gui.widgets.answer_buttons import BUTTONS, OF_DENOISED
from structmask_gui.gui.widgets.certainty_icon import draw_sign
from structmask_gui.gui.window.headline import Headline
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import wait_for_result
from tests.gui.view_helpers import statistical

pytestmark = pytest.mark.one_window

CERTAINTIES = get_args(Certainty)


# --- the sign ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sure", "flags", "expected"),
    [
        (True, (), "sure"),
        (True, ("moving",), "sure"),
        (True, ("whole_line",), "attention"),
        (True, ("fixed_pattern",), "attention"),
        (False, ("whole_line",), "not sure"),
        (False, ("picture",), "not sure"),
        (False, ("picture", "cannot_tell"), "cannot tell"),
    ],
)
def test_how_sure_a_verdict_is(sure: bool, flags: tuple[str, ...], expected: str) -> None:
    verdict: Any = SimpleNamespace(sure=sure, flags=flags)
    assert certainty_of(verdict) == expected


def test_the_signs_differ_without_their_colours(
    qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certainty_module, "_COLORS", dict.fromkeys(CERTAINTIES, ORANGE))
    shapes = set()
    for certainty in CERTAINTIES:
        image = QImage(24, 24, QImage.Format.Format_Grayscale8)
        image.fill(255)
        painter = QPainter(image)
        draw_sign(painter, QRectF(1, 1, 22, 22), certainty)
        painter.end()
        shapes.add(bytes(image.constBits()))
    assert len(shapes) == len(CERTAINTIES)


# --- headline ---------------------------------------------------------------------------------


@pytest.fixture
def headline(qtbot: QtBot) -> Any:
    session = Session()
    made = Headline(session)
    qtbot.addWidget(made)
    made.resize(700, 90)
    made.show()
    yield made
    session.close()


ANSWERS = {
    certainty: Answer(
        f"What {certainty}: " + "noise " * 30 + "noise",
        certainty,
        "How sure" + " how sure" * 40,
        "Advice" + " advice" * 40,
        actions=("use_mask", "what_to_record"),
    )
    for certainty in get_args(Sureness)
}


def labels(headline: Headline) -> tuple[QLabel, ...]:
    return headline.sentence, headline.how_sure, headline.advice


def above_views(
    headline: Headline, qtbot: QtBot, width: int, height: int
) -> tuple[QWidget, QWidget]:
    """Show the headline above a widget that takes the rest; return the frame and that widget."""
    frame, views = QWidget(), QWidget()
    qtbot.addWidget(frame)
    layout = QVBoxLayout(frame)
    layout.addWidget(headline)
    layout.addWidget(views, 1)
    frame.resize(width, height)
    frame.show()
    return frame, views


@pytest.mark.parametrize("width", [420, 700, 1280])
@pytest.mark.parametrize("certainty", ANSWERS)
def test_the_three_lines_wrap_and_are_never_cut(
    headline: Headline, qtbot: QtBot, certainty: str, width: int
) -> None:
    answer = ANSWERS[certainty]
    frame = QWidget()
    qtbot.addWidget(frame)
    layout = QVBoxLayout(frame)
    layout.addWidget(headline)
    layout.addStretch(1)
    frame.resize(width, 600)
    frame.show()
    headline.show_answer(answer)
    QTest.qWait(1)
    for label, line in zip(labels(headline), answer.lines, strict=True):
        assert label.text() == line
        assert label.height() >= label.heightForWidth(label.width())
        assert headline.rect().contains(label.geometry())
    assert headline.certainty.isVisible()
    assert headline.certainty.toolTip()
    # One word for how sure it is: that of the second line.
    if certainty in ("uncertain", "cannot tell"):
        assert headline.certainty.toolTip().startswith(WORDS[certainty].replace(".", ":"))
    assert certainty_module.WORDS["sure"].startswith(WORDS["likely"].replace(".", ":"))
    headline.setParent(None)


def test_no_line_ends_between_a_number_and_its_per_cent(headline: Headline) -> None:
    headline.show_answer(replace(ANSWERS["likely"], advice="“Ring strength” asks for 30 %."))
    assert headline.advice.text() == "“Ring strength” asks for 30\N{NO-BREAK SPACE}%."


def test_a_shorter_answer_leaves_the_views_where_they_are(headline: Headline, qtbot: QtBot) -> None:
    _frame, below = above_views(headline, qtbot, 700, 600)

    def top_of_the_views(answer: Answer) -> int:
        headline.show_answer(answer)
        QTest.qWait(1)
        return below.y()

    long = ANSWERS["likely"]
    short = replace(long, advice="Train with it.")
    first = top_of_the_views(short)
    most = top_of_the_views(long)
    assert most > first
    assert top_of_the_views(short) == most
    # It is let go with the file.
    headline._session.stack_changed.emit()
    headline.show()
    assert top_of_the_views(short) == first
    headline.setParent(None)


@pytest.mark.parametrize("width", [420, 700, 1280])
def test_a_shorter_answer_leaves_the_buttons_where_they_are(
    headline: Headline, qtbot: QtBot, width: int
) -> None:
    frame, _ = above_views(headline, qtbot, width, 600)

    def corners(answer: Answer) -> list[QPoint]:
        headline.show_answer(answer)
        QTest.qWait(1)
        shown = (headline.row.buttons["use_mask"], headline.row.why_button)
        return [button.mapTo(frame, button.rect().bottomRight()) for button in shown]

    long = replace(ANSWERS["likely"], how_sure=80 * "word ", advice=80 * "word ")
    most = corners(long)
    assert corners(replace(long, advice="Train with it.")) == most
    assert corners(replace(long, how_sure="Likely.")) == most
    assert corners(replace(long, how_sure="Likely.", advice="Train with it.")) == most
    headline.setParent(None)


def test_the_third_line_is_not_wrapped_beside_buttons_that_have_room_below(
    headline: Headline, qtbot: QtBot
) -> None:
    _frame, _ = above_views(headline, qtbot, 790, 500)
    acts: tuple[Action, ...] = ("what_to_record", "copy_plain_n2v")
    words = "The field changes between these frames. To decide, record 6 or more frames."
    short = replace(ANSWERS["cannot tell"], how_sure="Safe.", advice=words, actions=acts)
    for answer in (replace(short, how_sure=80 * "word "), short):
        headline.show_answer(answer)
        QTest.qWait(1)
    below = headline.advice.geometry().bottom()
    assert headline.row.buttons["what_to_record"].mapTo(headline, QPoint()).y() > below
    headline.setParent(None)


def test_each_button_of_the_answer_says_what_it_does(headline: Headline) -> None:
    done: list[str] = []
    headline.row.acted.connect(done.append)
    headline.show_answer(ANSWERS["cannot tell"])
    shown = [name for name, button in headline.row.buttons.items() if button.isVisible()]
    assert shown == ["use_mask", "what_to_record"]
    assert [name for name in shown if headline.row.buttons[name].property("main")] == ["use_mask"]
    headline.row.buttons["what_to_record"].click()
    assert done == ["what_to_record"]
    assert all(button.toolTip() for button in headline.row.buttons.values())
    headline.show_answer(None)
    assert not any(button.isVisible() for button in headline.row.buttons.values())
    assert not headline.certainty.isVisible()


def test_every_action_of_an_answer_has_a_button_but_the_map() -> None:
    assert {*get_args(Action), *OF_DENOISED} == set(BUTTONS)


def test_the_mask_can_be_used_where_the_answer_advises_none(headline: Headline) -> None:
    headline.show_answer(replace(ANSWERS["likely"], actions=("copy_plain_n2v",)))
    shown = [name for name, button in headline.row.buttons.items() if button.isVisible()]
    assert shown == ["use_mask", "copy_plain_n2v"]
    assert headline.row.buttons["copy_plain_n2v"].property("main")


def test_a_long_name_in_a_chip_is_cut_and_does_not_widen_the_window(headline: Headline) -> None:
    name = "2026-11-29_mouse07_layer23_GCaMP6s_920nm_zoom2.5_dwell3.2us_position_001" * 2
    headline.offer_one_mask(f"The mask of {name}.tif fits this file too.", f"{name}.tif")
    assert headline.minimumSizeHint().width() < 200
    QTest.qWait(1)
    chip = headline.shared
    assert chip.width() <= headline.width()
    assert chip.text().startswith("The mask of 2026")
    assert chip.text().endswith(".tif fits this file too. One mask for the folder…")
    assert "…" in chip.text()[:-1]
    assert chip.fontMetrics().horizontalAdvance(chip.text()) <= chip.width()
    assert name in chip.toolTip()
    headline.offer_one_mask("")
    assert chip.isHidden()


# --- help -------------------------------------------------------------------------------------


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))


@pytest.mark.parametrize("values", [{}, {"max_pixels": 3}, {"rho_min": 0.6}, {"q": 0.2}])
def test_the_story_of_the_statistical_method(values: dict[str, Any]) -> None:
    result = statistical(**values)
    story = words(story_html(result))
    selection, sampling = result.selection, result.measurement.sampling
    # How sure that is, the answer says.
    assert without_certainty(result.sentence) in story
    assert "Sure." not in story
    used = f"{sampling.n_used} of {len(sampling.used)} patches of 32 × 32 pixels"
    assert used in story
    assert f"{(selection.kept.size - 1) // 2} pairs of opposite shifts" in story
    assert f"{(int(selection.significant.sum()) - 1) // 2} are significant" in story
    assert f"It has {result.mask.statistics.true_pixels} pixel" in story
    assert ("fell to the limit" in story) == bool(result.dropped_by_limit)
    for detail in result.verdict.details:
        assert detail in story
    assert "ring" not in story.lower().replace("during", "")


def test_the_statistical_help_names_parameters_by_their_labels() -> None:
    labels = {info.about.label for info in parameter_infos().values()} | {"Dark or blank stack"}
    text = re.sub(r"\s+", " ", help_html(statistical()))
    named = set(re.findall(r"<i>([A-Z][^<]{3,})</i>", text.split("How to read the views")[1]))
    assert named
    assert named <= labels


# --- the window -------------------------------------------------------------------------------


def test_the_room_of_the_answer_is_there_before_it_and_after(
    loaded: MainWindow, stack_file: Path, qtbot: QtBot
) -> None:
    heights = set()

    def note(*_: object) -> None:
        QApplication.processEvents()  # as the window is drawn
        heights.add(loaded.headline.height())

    loaded.session.close_files()
    assert not loaded.headline.isVisible()
    signals = loaded.session.busy_changed, loaded.session.mask_changed
    for signal in signals:
        signal.connect(note)
    for _ in range(2):
        loaded.open_paths([str(stack_file)])
        note()
        wait_for_result(loaded.session, qtbot)
        note()
    for signal in signals:
        signal.disconnect(note)  # other tests share the window
    assert max(heights) - min(heights) <= 1, heights


@pytest.fixture
def automatic(loaded: MainWindow, qtbot: QtBot) -> MainWindow:
    panel = loaded.panel("parameters")
    panel.rows["method"].buttons["statistical"].click()
    wait_for_result(loaded.session, qtbot)
    return loaded


def test_the_spine_method_is_one_of_three_ways(loaded: MainWindow, qtbot: QtBot) -> None:
    facts = loaded.views.facts
    names = [facts.way.itemText(number) for number in range(facts.way.count())]
    assert names == ["Automatic", "Ring analysis", "Spine"]
    facts.way.setCurrentIndex(2)
    facts.way.activated.emit(2)
    wait_for_result(loaded.session, qtbot)
    extraction = loaded.session.state.extraction
    assert extraction is not None
    assert extraction.parameters.method == "spine"
    assert extraction.spine is not None
    assert facts.changed.isHidden()


@pytest.mark.slow
def test_one_click_each_way(automatic: MainWindow, qtbot: QtBot) -> None:
    views, session = automatic.views, automatic.session
    automatic.set_tune(True)
    automatic.show_panel("rings")
    assert session.state.parameters.source == "automatic"
    assert session.state.extraction.verdict is not None
    assert views.significance.isVisible()
    assert not views.rings.isVisible()
    assert automatic.panel("rings").lags.isVisible()
    brightness = views.tabs.indexOf(views.brightness)
    assert views.tabs.isTabVisible(brightness) == (views.brightness.curve is not None)
    automatic.panel("parameters").rows["method"].buttons["ring"].click()
    assert session.state.parameters.source == "frames"
    wait_for_result(session, qtbot)
    assert views.rings.isVisible()
    assert not views.tabs.isTabVisible(brightness)
    assert automatic.headline.certainty.certainty == "not sure"


def test_an_edited_mask_has_no_tick(automatic: MainWindow) -> None:
    session, headline = automatic.session, automatic.headline
    before = headline.certainty.certainty
    session.edits.set_mask(Mask(np.array([[1, 0, 1, 0, 1]], bool)), "edited by hand", "Edit")
    assert headline.certainty.certainty != "sure"
    assert headline.how_sure.text().startswith("Row, 3 pixels spread over 5, edited by hand.")
    session.history.undo()
    assert headline.certainty.certainty == before


@pytest.mark.slow
def test_automatic_is_a_click_away_where_rings_find_nothing(
    loaded: MainWindow, qtbot: QtBot
) -> None:
    session, buttons = loaded.session, loaded.headline.row.buttons
    session.edits.set_parameter("max_true_pixels", 1)
    assert session.state.extraction.rings_found_nothing
    button = buttons["compare_with_automatic"]
    assert button.isVisible()
    # Files and parameters beside it, no more is left of a window of 1024 pixels.
    assert loaded.headline.minimumSizeHint().width() <= 530
    assert button.property("main")
    assert not buttons["use_mask"].property("main")
    button.click()
    qtbot.waitUntil(lambda: session.state.pinned is not None, timeout=20_000)
    assert session.state.pinned_words == "automatic"
    assert session.state.extraction.rings_found_nothing
    assert button.isVisible()


def test_a_lag_is_shared_by_table_and_views(automatic: MainWindow, qtbot: QtBot) -> None:
    automatic.set_tune(True)
    views, table = automatic.views, automatic.panel("rings").lags
    qtbot.waitUntil(lambda: not automatic.session.state.busy, timeout=20_000)
    table.lag_hovered.emit((0, 2))
    for view in (views.autocorrelation, views.significance, views.mask_view):
        assert view.mark.lag == (0, 2)
    views.significance.lag_hovered.emit((-1, 0))
    assert table.model.keys[table.model.marked] == (1, 0)
    views.mask_view.lag_hovered.emit(None)
    assert table.model.marked == -1
    assert views.significance.mark.lag is None


def test_the_floor_follows_its_slider_at_once(automatic: MainWindow) -> None:
    row = automatic.panel("parameters").rows["rho_min"]
    before = int(automatic.session.state.extraction.selection.kept.sum())
    row.slider.setValue(row.slider.maximum())
    assert not automatic.session.state.busy
    assert automatic.session.state.extraction.parameters.rho_min == pytest.approx(0.3)
    assert automatic.session.state.extraction.mask.statistics.true_pixels <= before
    assert automatic.views.profiles.curves.floor == pytest.approx(0.3)


@pytest.mark.slow
def test_a_dark_stack_dropped_in_the_panel_is_measured(
    automatic: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "dark.npy"
    np.save(path, np.random.default_rng(8).normal(100, 3, (4, 128, 160)).astype(np.uint16))
    panel = automatic.panel("parameters")
    row = panel.reference_rows["dark"]
    assert row.folder == str(tmp_path)
    row.chosen.emit("dark", str(path))
    measurement = automatic.session.state.measurement
    qtbot.waitUntil(lambda: automatic.session.state.measurement is not measurement, timeout=10_000)
    assert automatic.session.state.measurement.correlation.base == "dark"
    assert row.name.text() == "dark.npy"
    automatic.save_settings()
    assert automatic.settings.last_reference_stacks == {"dark": str(path)}
    row.clear.click()
    wait_for_result(automatic.session, qtbot)
    assert automatic.session.state.measurement.correlation.base != "dark"
    assert not row.given


def test_the_ring_under_the_pointer_is_marked_in_the_profiles(loaded: MainWindow) -> None:
    loaded.panel("curves")
    loaded.panel("rings").rings.ring_hovered.emit(3)
    assert loaded.views.profiles.curves_item._marked == 3


def test_the_zero_lag_is_shown_in_all_views_or_none(loaded: MainWindow) -> None:
    views = loaded.views
    before = views.rings.levels, views.profiles.content, views.autocorrelation.levels
    action = next(a for a in views.autocorrelation.menu().actions() if "Zero lag" in a.text())
    action.trigger()
    assert views.rings.levels[1] > before[0][1]
    assert views.profiles.content.bottom() > before[1].bottom()
    assert views.autocorrelation.levels[1] > before[2][1]
    views.profiles.menu()
    action = next(a for a in views.profiles.menu().actions() if "Zero lag" in a.text())
    action.trigger()
    assert (views.rings.levels, views.profiles.content, views.autocorrelation.levels) == before


def test_a_drag_is_undone_at_once(loaded: MainWindow) -> None:
    row = loaded.panel("parameters").rows["center_size"]
    session = loaded.session
    before = session.state.parameters.center_size, len(session.history)
    row.slider.sliderPressed.emit()
    for position in (3, 7, 9):
        row.slider.setValue(position)
    row.slider.sliderReleased.emit()
    assert len(session.history) == before[1] + 1
    session.history.undo()
    assert session.state.parameters.center_size == before[0]


def test_the_third_line_is_not_squeezed_beside_its_buttons(headline: Headline, qtbot: QtBot):
    headline.resize(790, 300)
    headline.show()
    words = (
        "Removing the offsets changes each column's grey level and weakens real structure along"
        " columns: measure intensities on the raw file."
    )
    acts = ("preview_removal", "copy_plain_n2v", "use_mask")
    headline.show_answer(replace(ANSWERS["likely"], advice=words, actions=acts))
    QTest.qWait(1)
    below = headline.advice.geometry().bottom()
    assert headline.row.buttons["use_mask"].mapTo(headline, QPoint()).y() > below
    headline.show_answer(replace(ANSWERS["likely"], advice="Use this mask."))
    QTest.qWait(1)
    below = headline.advice.geometry().bottom()
    assert headline.row.buttons["use_mask"].mapTo(headline, QPoint()).y() <= below


def test_large_buttons_do_not_widen_the_window(headline: Headline, qtbot: QtBot):
    headline.resize(300, 300)
    headline.show()
    acts = ("compare_with_automatic", "copy_plain_n2v", "use_mask")
    headline.show_answer(replace(ANSWERS["likely"], actions=acts))
    QTest.qWait(1)
    assert headline.width() == 300
    assert headline.row.buttons["compare_with_automatic"].isVisible()
    assert headline.row.buttons["use_mask"].isVisible()
    assert not headline.row.buttons["copy_plain_n2v"].isVisible()
    headline.resize(900, 300)
    assert headline.row.buttons["copy_plain_n2v"].isVisible()
    # The setting of a trainer is in the menu of the other button, too.
    headline.show_answer(replace(ANSWERS["likely"], actions=("use_mask", "use_trainer_shape")))
    assert headline.row.buttons["use_trainer_shape"].isVisible()
    headline.resize(250, 300)
    assert not headline.row.buttons["use_trainer_shape"].isVisible()


def test_a_first_measurement_that_is_cancelled_is_said_and_offered_again(
    window: MainWindow, stack_file: Path, qtbot: QtBot
):
    session, headline = window.session, window.headline
    with qtbot.waitSignal(
        session.busy_changed,
        check_params_cb=lambda _busy: session.state.busy_with == "measuring",
    ):
        window.open_paths([str(stack_file)])
    session.cancel()
    assert headline.sentence.text() == "rows.npy was not measured."
    assert headline.sentence.isEnabled()
    assert headline.again.isVisible()
    assert window.views.preview.veil._placeholder == "Nothing to show"
    assert window.panel("quality").placeholder.text() == "This stack was not measured."
    headline.again.click()
    assert not headline.again.isVisible()
    wait_for_result(session, qtbot)

"""How the room of the window is shared: calm, to tune, with details, on small and large screens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QDockWidget, QInputDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.gui.app import make_application, make_window
from structmask_gui.gui.desktop.places import sample_stack
from structmask_gui.gui.desktop.settings import Settings
from structmask_gui.gui.panels.facts import FactsPanel
from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.window.docks import DETAILS, HEIGHT, WIDTHS
from structmask_gui.gui.window.help_dialogs import TextDialog
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.gui.window.restore import first_size
from tests.gui.conftest import SIZE, noise, wait_for_result
from tests.gui.cut_texts import cut_texts
from tests.gui.open_dialogs import dialog

pytestmark = pytest.mark.one_window

REAL = Path(__file__).parents[4] / "shared" / "data" / "real"
"""Measured stacks, which are not part of the program."""

GREY = QImage.Format.Format_Grayscale8


@pytest.fixture
def sample(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """Return the window with the sample, as it is after one click."""
    window.commands.open_sample()
    wait_for_result(window.session, qtbot)
    qtbot.wait(1)
    return window


def share(window: MainWindow, widget: QWidget) -> float:
    return widget.width() * widget.height() / (window.width() * window.height())


def laid_out(qtbot: QtBot) -> None:
    """Wait until a text that came a moment ago has its room, from layout to layout."""
    qtbot.wait(1)
    for _ in range(5):
        QApplication.sendPostedEvents()


def places(window: MainWindow) -> list[QWidget]:
    """Return the named places of the window that are visible."""
    docks = [dock for dock in window.docks.values() if not dock.visibleRegion().isEmpty()]
    rest = [window.toolbar, window.headline, window.statusBar()]
    return [place for place in [*rest, *window.views.places(), *docks] if place.isVisible()]


def test_the_calm_screen_shows_the_images_first(sample: MainWindow):
    views = sample.views
    assert share(sample, views.image) >= 0.2
    assert share(sample, views.preview) >= 0.2
    for view in (views.mask_view, views.autocorrelation):
        assert min(view.width(), view.height()) >= 220
    assert len(places(sample)) <= 9
    assert not any(dock.isVisible() for dock in sample.docks.values())


@pytest.mark.slow
def test_the_file_list_opens_where_there_is_a_choice(
    loaded: MainWindow, stack_file: Path, qtbot: QtBot
):
    assert not loaded.docks["files"].isVisible()
    folder = stack_file.parent / "several"
    folder.mkdir()
    for name in ("a.npy", "b.npy"):
        np.save(folder / name, noise((2, 96, 96)))
    loaded.open_paths([str(folder / "a.npy")])
    qtbot.waitUntil(lambda: loaded.docks["files"].isVisible())
    wait_for_result(loaded.session, qtbot)
    assert loaded.docks["files"].width() == 180
    assert share(loaded, loaded.views.image) >= 0.2
    assert share(loaded, loaded.views.preview) >= 0.2
    assert len(places(loaded)) <= 9
    loaded.docks["files"].close()
    loaded.open_paths([str(stack_file)])
    wait_for_result(loaded.session, qtbot)
    loaded.open_paths([str(folder / "b.npy")])
    qtbot.waitUntil(lambda: loaded.windowTitle().startswith("b.npy"))
    assert not loaded.docks["files"].isVisible()
    assert not loaded.settings.file_list


@pytest.mark.parametrize("method", [pytest.param("statistical", marks=pytest.mark.slow), "ring"])
def test_to_tune_has_three_views_side_by_side(sample: MainWindow, qtbot: QtBot, method: str):
    sample.session.edits.set_parameter("method", method)
    wait_for_result(sample.session, qtbot)
    sample.actions_by_id["tune"].trigger()
    qtbot.wait(1)
    views = sample.views
    three = (views.autocorrelation, views.decisions, views.mask_view)
    assert all(view.isVisible() and min(view.width(), view.height()) >= 220 for view in three)
    lefts = [view.mapTo(sample, QPoint(0, 0)) for view in three]
    assert [at.x() for at in lefts] == sorted(at.x() for at in lefts)
    assert len({at.y() for at in lefts}) == 1
    assert share(sample, views.image) >= 0.12
    assert sample.docks["files"].width() == 180
    assert sample.docks["parameters"].width() == 300
    body = sample.panel("parameters")._body
    assert body.minimumSizeHint().width() <= sample.panel("parameters").area.viewport().width()
    assert sample.panel("presets").isVisible()
    sample.actions_by_id["tune"].trigger()
    assert not sample.docks["parameters"].isVisible()
    assert not sample.docks["files"].isVisible()
    assert not views.decisions.isVisible()


@pytest.mark.slow
def test_a_slider_moves_all_three_views_and_the_answer(sample: MainWindow, qtbot: QtBot):
    sample.session.edits.set_parameter("method", "statistical")
    wait_for_result(sample.session, qtbot)
    sample.set_tune(True)
    views = sample.views
    edges = list(views.autocorrelation.outline.edges)
    facts, codes = views.significance.facts, views.mask_view.codes
    assert facts is not None
    said = sample.headline.sentence.text()
    slider = sample.panel("parameters").rows["rho_min"].slider
    slider.setValue(slider.maximum())
    assert sample.session.state.mask is not None
    assert views.autocorrelation.outline.edges != edges
    assert views.significance.facts is not None
    assert not np.array_equal(views.significance.facts.findings, facts.findings)
    assert not np.array_equal(views.mask_view.codes, codes)
    assert sample.headline.sentence.text() != said


def test_details_and_single_panels(sample: MainWindow):
    sample.show_panel("log")
    assert [name for name, dock in sample.docks.items() if not dock.isHidden()] == ["log"]
    sample.actions_by_id["details"].trigger()
    shown = {name for name, dock in sample.docks.items() if not dock.isHidden()}
    assert shown == set(DETAILS)
    sample.actions_by_id["details"].trigger()
    assert all(dock.isHidden() for dock in sample.docks.values())
    assert not sample.settings.details


@pytest.mark.parametrize("width", [1280, 1024])
def test_the_help_is_wide_enough_to_be_read(window: MainWindow, qtbot: QtBot, width: int):
    window.resize(width, 700)
    window.commands.help()
    laid_out(qtbot)
    assert window.docks["help"].width() >= WIDTHS["parameters"]
    assert window.width() == width


def test_panels_below_the_views_are_of_one_height(sample: MainWindow, qtbot: QtBot):
    """However they are opened; as high as its panel likes, each would push the images away."""
    heights = set()
    for name in ("quality", "rings", "curves", "compare", "log"):
        toggle = sample.docks[name].toggleViewAction()
        toggle.trigger()
        qtbot.wait(1)
        heights.add(sample.docks[name].height())
        toggle.trigger()
    assert heights == {HEIGHT}


@pytest.mark.slow
def test_lags_far_beyond_the_mask_are_a_zoom_away(sample: MainWindow, qtbot: QtBot):
    edits, view = sample.session.edits, sample.views.autocorrelation
    for name, value in (("method", "statistical"), ("patch_size", 128), ("max_lag", 50)):
        edits.set_parameter(name, value)
    wait_for_result(sample.session, qtbot)
    sample.set_tune(True)
    assert view.content.width() > 70
    for one in (view, sample.views.significance, sample.views.mask_view):
        assert one.visible_rect().width() < 50
    sample.views.editor.set_on(True)
    assert sample.views.significance.visible_rect().width() < 50
    sample.views.editor.set_on(False)
    assert sample.views.mask_view.visible_rect().width() < 50
    view.reset_zoom()
    assert view.visible_rect().width() >= view.content.width() * 0.99
    edits.set_parameter("q", 0.02)
    wait_for_result(sample.session, qtbot)
    assert view.visible_rect().width() >= view.content.width() * 0.99  # as it was left


@pytest.mark.slow
@pytest.mark.parametrize("tune", [False, True])
def test_charts_are_high_enough_to_be_read(sample: MainWindow, qtbot: QtBot, tune: bool):
    sample.resize(1024, 680)
    sample.set_tune(tune)
    sample.set_details(True)
    quality = sample.panel("quality")
    qtbot.waitUntil(lambda: sample.session.quality.current, timeout=15_000)
    for name, chart in (("curves", sample.views.profiles), ("quality", quality.radius)):
        sample.docks[name].raise_()
        quality.tabs.setCurrentWidget(quality.radius)
        qtbot.wait(1)
        assert chart.isVisible()
        assert chart.canvas.height() >= 120
    sample.set_details(False)
    sample.set_tune(False)
    sample.resize(*SIZE)


def test_saving_a_preset_needs_no_panel(sample: MainWindow):
    sample.actions_by_id["save_preset"].trigger()
    assert dialog(QInputDialog).isVisible()
    assert not sample.docks["parameters"].isVisible()
    dialog(QInputDialog).close()


def test_another_stack_does_not_move_the_layout(sample: MainWindow, qtbot: QtBot, tmp_path: Path):
    sizes = [splitter.sizes() for splitter in sample.views._splitters()]
    (upper, lower), _, _ = sizes
    np.save(tmp_path / "flat.npy", noise((1, 40, 400)))
    sample.open_paths([str(tmp_path / "flat.npy")])
    qtbot.waitUntil(lambda: sample.windowTitle().startswith("flat.npy"))
    wait_for_result(sample.session, qtbot)
    # The answer may be of other lines; what it leaves is shared alike.
    above, below = sample.views.rows.sizes()
    assert above / (above + below) == pytest.approx(upper / (upper + lower), abs=0.01)
    sample.commands.open_sample()
    qtbot.waitUntil(lambda: not sample.windowTitle().startswith("flat.npy"))
    wait_for_result(sample.session, qtbot)
    assert [splitter.sizes() for splitter in sample.views._splitters()] == sizes


def test_the_mask_is_zoomed_to_itself(sample: MainWindow):
    sample.session.edits.set_mask(Mask(np.ones((1, 7), bool)), "edited by hand", "Draw")
    content = sample.views.mask_view.content
    assert (content.height(), content.width()) == (5, 11)


def test_image_and_preview_are_zoomed_together(sample: MainWindow, qtbot: QtBot):
    views = sample.views
    qtbot.waitUntil(lambda: views.preview.live.current, timeout=15_000)
    views.image.zoom(4)
    assert views.preview.panes._zoom == pytest.approx(4, rel=0.1)
    views.preview.panes.zoom(2)
    assert views.image.visible_rect().height() == pytest.approx(256 / 8, rel=0.1)
    middle = views.image.visible_rect().center()
    assert (middle.x(), middle.y()) == pytest.approx((127.5, 127.5), abs=2)
    views.preview.panes.reset_zoom()
    assert views.image.visible_rect().height() >= 256


@pytest.mark.parametrize(
    ("available", "wanted"),
    [
        ((1280, 720), (1280, 688)),
        ((1024, 680), (1024, 648)),
        ((1920, 1080), (1632, 891)),
        ((1280, 1024), (1280, 843)),
    ],
)
def test_the_first_window_fits_the_screen(available: tuple[int, int], wanted: tuple[int, int]):
    assert first_size(QSize(*available)) == QSize(*wanted)


@pytest.mark.parametrize("before", [None, QSize(2600, 1700)])
def test_the_window_opens_no_larger_than_the_screen(
    window: MainWindow, qtbot: QtBot, before: QSize | None
):
    settings = Settings()
    if before is not None:
        window.resize(before)
        settings.geometry = window.saveGeometry().toBase64().data().decode()
        window.resize(*SIZE)
    opened = make_window(make_application(), settings)
    qtbot.addWidget(opened)
    available = opened.screen().availableSize()
    assert opened.size() == opened.size().boundedTo(available)
    if before is None:
        assert opened.size() == first_size(available)
    opened.close()


@pytest.mark.parametrize(
    "size",
    [
        (1024, 648),
        pytest.param((1280, 688), marks=pytest.mark.slow),
        pytest.param((1280, 800), marks=pytest.mark.slow),
        (1920, 1048),
    ],
)
def test_nothing_is_off_a_small_screen(sample: MainWindow, qtbot: QtBot, size: tuple[int, int]):
    found = []
    for tune, details, compare in product((False, True), repeat=3):
        sample.set_tune(tune)
        sample.set_details(details)
        sample.docks["compare"].setVisible(compare)
        sample.resize(*size)
        laid_out(qtbot)
        assert sample.size() == QSize(*size), (tune, details, compare)
        for place in places(sample):
            corner = place.mapTo(sample, QPoint(0, 0))
            assert sample.rect().contains(QRect(corner, place.size())), (place, tune, details)
        found += [f"{tune}, {details}: {text}" for text in cut_texts(sample)]
    sample.docks["compare"].hide()
    sample.resize(*SIZE)
    assert found == []


def test_all_text_follows_its_size_and_comes_back(window: MainWindow, qtbot: QtBot):
    window.set_tune(True)
    dialog = TextDialog(window, "Text", "Words", "x = 1")
    dialog.show()
    parts = [*window.panel("parameters").findChildren(QLabel), *dialog.findChildren(QWidget)]
    visible = [one for one in parts if one.isVisible()]
    before = [one.font().pointSizeF() for one in visible]
    assert min(before) < window.font().pointSizeF()  # captions are smaller
    title = inked(window.docks["parameters"])

    def grown(share: float) -> bool:
        sizes = [one.font().pointSizeF() for one in visible]
        return sizes == pytest.approx([share * size for size in before])

    window.commands.choose_text_size(150)
    qtbot.waitUntil(lambda: grown(1.5))
    window.session.report_error("This was wrong.")
    said = window.headline.error_text
    qtbot.waitUntil(lambda: said.font().pointSizeF() == window.font().pointSizeF())
    later = TextDialog(window, "Text", "Words", "x = 1")
    assert later._edit.font().pointSizeF() == pytest.approx(dialog._edit.font().pointSizeF())
    later.close()
    assert inked(window.docks["parameters"]) > 1.3 * title
    window.commands.choose_text_size(100)
    qtbot.waitUntil(lambda: grown(1))
    dialog.close()
    window.set_tune(False)


def inked(dock: QDockWidget) -> int:
    """Return how far right the title of a dock reaches."""
    picture = dock.grab(QRect(0, 2, dock.width() - 60, 20)).toImage().convertToFormat(GREY)
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), -1)
    return int(np.flatnonzero(pixels.min(axis=0)[: picture.width()] < 120).max())


def test_the_file_list_is_as_wide_as_the_window_allows(window: MainWindow, qtbot: QtBot):
    dock = window.docks["files"]
    window.show_panel("files")
    assert dock.width() == WIDTHS["files"]
    window.commands.choose_text_size(150)
    qtbot.waitUntil(lambda: WIDTHS["files"] < dock.width() <= 1280 // 6)
    window.commands.choose_text_size(100)
    qtbot.waitUntil(lambda: dock.width() == WIDTHS["files"])
    window.resize(1920, 1080)
    qtbot.waitUntil(lambda: dock.width() == WIDTHS["files"] * 1920 // 1280)
    window.resizeDocks([dock], [320], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: dock.width() == 320)
    window.resize(1280, 800)
    qtbot.waitUntil(lambda: window.centralWidget().width() < 1280)
    assert dock.width() == 320  # as it was left
    window.reset_layout()


def test_parameters_of_a_text_that_was_large_from_the_start(window: MainWindow, qtbot: QtBot):
    window.commands.choose_text_size(150)
    window.set_tune(True)
    panel = window.panel("parameters")
    qtbot.waitUntil(lambda: panel._body.minimumSizeHint().width() <= panel.area.viewport().width())
    window.commands.choose_text_size(100)


@pytest.mark.slow
def test_large_text_is_not_cut_in_the_parameters(sample: MainWindow, qtbot: QtBot):
    panel = sample.panel("parameters")
    sample.set_tune(True)
    sample.commands.choose_text_size(150)
    qtbot.waitUntil(lambda: panel.width() > WIDTHS["parameters"] + 20)
    assert panel._body.minimumSizeHint().width() <= panel.area.viewport().width()
    cut = "label", "button"
    qtbot.waitUntil(lambda: not [text for text in cut_texts(panel) if text.startswith(cut)])
    sample.commands.choose_text_size(100)
    qtbot.waitUntil(lambda: panel.minimumWidth() == WIDTHS["parameters"])
    qtbot.waitUntil(lambda: sample.docks["parameters"].width() == WIDTHS["parameters"])
    sample.set_tune(False)
    sample.reset_layout()


def test_with_large_text_no_legend_takes_the_room_of_its_picture(sample: MainWindow, qtbot: QtBot):
    sample.set_tune(True)
    sample.commands.choose_text_size(150)
    laid_out(qtbot)
    views = sample.views
    for view in (views.autocorrelation, views.decisions.currentWidget(), views.mask_view):
        assert isinstance(view, PictureView)
        box = view.box.sceneBoundingRect()
        assert min(box.width(), box.height()) >= 90, view.title
    sample.commands.choose_text_size(100)
    sample.set_tune(False)
    laid_out(qtbot)


def test_the_facts_are_scrolled_where_they_have_no_room(sample: MainWindow, qtbot: QtBot):
    facts = FactsPanel(sample.session)
    qtbot.addWidget(facts)
    facts.setMinimumHeight(60)
    facts.resize(280, 60)
    facts.show()
    text = facts.facts
    assert text.height() >= text.heightForWidth(text.width())
    assert text.geometry().bottom() < facts.way.geometry().top()


def test_a_long_answer_does_not_enlarge_the_window(sample: MainWindow, qtbot: QtBot):
    said = sample.session.answer
    assert said is not None
    long = replace(said, how_sure=said.how_sure * 3, advice=said.advice * 4)
    for size in ((1920, 1048), (1024, 648), (1280, 688)):
        sample.headline.show_answer(long)
        sample.resize(*size)
        laid_out(qtbot)
        assert sample.size() == QSize(*size)
        assert list(cut_texts(sample)) == []
    sample.resize(*SIZE)


def stacks(folder: Path) -> list[Path]:
    """Return stacks that lead to unlike answers: the sample and simulated ones."""
    sample = sample_stack()
    assert sample is not None
    written = [sample]
    rng = np.random.default_rng(4)
    frames = {
        "lines_that_do_not_end": rng.normal(size=(4, 160, 1))
        + 0.5 * rng.normal(size=(4, 160, 160)),
        "white": rng.normal(size=(6, 128, 160)),
        "a_little_noise_in_a_single_frame": noise((1, 64, 64)),
        "with_a_fixed_pattern": rng.normal(size=160) + rng.normal(size=(4, 128, 160)),
    }
    for name, values in frames.items():
        written.append(folder / f"{name}.npy")
        np.save(written[-1], values)
    return written


def walk(window: MainWindow, qtbot: QtBot, paths: list[Path]) -> list[str]:
    """Open every file, and return what is cut in any of the layouts and for either method."""
    found = []
    for path in paths:
        window.open_paths([str(path)])
        qtbot.waitUntil(
            lambda path=path: (
                window.session.state.paths == (path,) or bool(window.session.state.error)
            ),
            timeout=60_000,
        )
        qtbot.waitUntil(lambda: not window.session.state.busy, timeout=60_000)
        for tune, details in ((False, False), (True, False), (False, True)):
            window.set_tune(tune)
            window.set_details(details)
            laid_out(qtbot)
            where = f"{path.name}, tune {tune}, details {details}"
            found += [f"{where}: {text}" for text in cut_texts(window)]
    window.set_details(False)
    return found


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_no_text_is_cut(window: MainWindow, qtbot: QtBot, theme: str, tmp_path: Path):
    window.theme.choose(theme)  # type: ignore[arg-type]
    found = walk(window, qtbot, stacks(tmp_path))
    window.session.edits.set_parameter("method", "ring")
    found += walk(window, qtbot, stacks(tmp_path)[:1])
    window.views.editor.set_on(True)
    laid_out(qtbot)
    found += [f"editing: {text}" for text in cut_texts(window)]
    window.views.editor.set_on(False)
    window.theme.choose("light")
    assert found == []


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the measured stacks are not here")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_text_is_cut_over_measured_stacks(window: MainWindow, qtbot: QtBot, theme: str):
    window.theme.choose(theme)  # type: ignore[arg-type]
    found = walk(window, qtbot, sorted(REAL.glob("*.tif*")))
    window.theme.choose("light")
    assert found == []


def test_what_is_said_while_a_stack_is_measured_fits(sample: MainWindow, qtbot: QtBot):
    session = sample.session
    session.progressed.emit(10**10, 10**10, "Comparing masks", 3600.0)
    sample.headline._show_work()
    for tune in (False, True):
        sample.set_tune(tune)
        laid_out(qtbot)
        assert list(cut_texts(sample)) == []
    sample.headline._work.hide()


TWICE = """
import os, sys
from pathlib import Path
from structmask_gui.gui.app import begin, make_application, make_window
from structmask_gui.gui.desktop.logs import LogLines
from structmask_gui.gui.desktop.places import sample_stack
from structmask_gui.gui.desktop.settings import Settings
from PySide6.QtTest import QTest
from tests.gui.cut_texts import cut_texts
from tests.gui.open_dialogs import dialog
app = make_application()
window = make_window(app, Settings(), LogLines())
window.resize(1280, 720)
window.show()
window.complete()
begin(window, [str(sample_stack())])
assert window.devicePixelRatio() == 2
state = window.session.state
for _ in range(600):
    QTest.qWait(100)
    if state.result is not None and not state.busy:
        break
found = []
for tune, details in ((False, False), (True, False), (False, True)):
    window.set_tune(tune)
    window.set_details(details)
    QTest.qWait(50)
    found += list(cut_texts(window))
    if window.size().toTuple() != (1280, 720):
        found.append(f"larger: {window.size()}")
window.saves_settings = False
window.close()
print(found)
sys.exit(bool(found))
"""


@pytest.mark.slow
def test_nothing_is_cut_at_scale_2(tmp_path: Path):
    around = {"QT_SCALE_FACTOR": "2", "STRUCTMASK_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", TWICE],
        env={**os.environ, **around, "QT_QPA_PLATFORM": "offscreen"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_layout_of_before_is_not_restored(make_main_window: Callable[..., MainWindow]):
    window = make_main_window(Settings(views="AAAA/wAAAAEAAAAC", layout="AAAA/wAAAAD9"))
    assert not any(dock.isVisible() for dock in window.docks.values())
    assert window.views._sizes == {}


def test_nothing_else_stands_on_the_screen(sample: MainWindow):
    """A part without a parent would be a window of its own, and the program would not end."""
    assert [w for w in QApplication.topLevelWidgets() if w.isVisible()] == [sample]

"""How the room of the window is shared: calm, to tune, with details, on small and large screens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QTabBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.gui.desktop.places import sample_stack
from structmask_gui.gui.desktop.settings import Settings
from structmask_gui.gui.widgets.eliding_label import ElidingLabel
from structmask_gui.gui.window.docks import DETAILS
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.gui.window.restore import first_size
from tests.gui.conftest import SIZE, noise, wait_for_result

pytestmark = pytest.mark.one_window

REAL = Path(__file__).parents[4] / "shared" / "data" / "real"
"""Measured stacks, which are not part of the program."""


@pytest.fixture
def sample(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """Return the window with the sample, as it is after one click."""
    window.commands.open_sample()
    wait_for_result(window.session, qtbot)
    qtbot.wait(1)
    return window


def share(window: MainWindow, widget: QWidget) -> float:
    return widget.width() * widget.height() / (window.width() * window.height())


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


@pytest.mark.parametrize("method", ["statistical", "ring"])
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


def test_a_slider_moves_all_three_views_and_the_answer(sample: MainWindow, qtbot: QtBot):
    sample.session.edits.set_parameter("method", "statistical")
    wait_for_result(sample.session, qtbot)
    sample.set_tune(True)
    views = sample.views
    edges = list(views.autocorrelation.outline.edges)
    findings, codes = views.significance.findings, views.mask_view.codes
    said = sample.headline.sentence.text()
    slider = sample.panel("parameters").rows["rho_min"].slider
    slider.setValue(slider.maximum())
    assert sample.session.state.mask is not None
    assert views.autocorrelation.outline.edges != edges
    assert not np.array_equal(views.significance.findings, findings)
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


def test_another_stack_does_not_move_the_layout(sample: MainWindow, qtbot: QtBot, tmp_path: Path):
    sizes = [splitter.sizes() for splitter in sample.views._splitters()]
    np.save(tmp_path / "flat.npy", noise((1, 40, 400)))
    sample.open_paths([str(tmp_path / "flat.npy")])
    qtbot.waitUntil(lambda: sample.windowTitle().startswith("flat.npy"))
    wait_for_result(sample.session, qtbot)
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


@pytest.mark.parametrize("size", [(1024, 648), (1280, 688), (1920, 1048)])
def test_nothing_is_off_a_small_screen(sample: MainWindow, qtbot: QtBot, size: tuple[int, int]):
    for tune, details in ((False, False), (True, False), (False, True)):
        sample.set_tune(tune)
        sample.set_details(details)
        sample.resize(*size)
        qtbot.wait(1)
        assert sample.size() == QSize(*size), (tune, details)
        for place in places(sample):
            corner = place.mapTo(sample, QPoint(0, 0))
            assert sample.rect().contains(QRect(corner, place.size())), (place, tune, details)
    sample.resize(*SIZE)


def cut_texts(window: QWidget) -> Iterator[str]:
    """Yield the visible texts that do not fit their widgets; names of files may be elided."""
    for label in window.findChildren(QLabel):
        if label.text() and not label.visibleRegion().isEmpty() and is_cut(label):
            yield f"label {label.text()}"
    for button in window.findChildren(QAbstractButton):
        if button.text() and not button.visibleRegion().isEmpty() and is_squeezed(button):
            yield f"button {button.text()}"
    for bar in window.findChildren(QTabBar):
        for number in range(bar.count() if bar.isVisible() else 0):
            needed = bar.fontMetrics().horizontalAdvance(bar.tabText(number))
            if needed > bar.tabRect(number).width():
                yield f"tab {bar.tabText(number)}"


def is_cut(label: QLabel) -> bool:
    if isinstance(label, ElidingLabel):
        return label.is_cut and label._mode == Qt.TextElideMode.ElideRight
    if label.wordWrap():
        return label.heightForWidth(label.width()) > label.height() + 1
    return label.sizeHint().width() > label.width() + 1


def is_squeezed(button: QAbstractButton) -> bool:
    metrics = button.fontMetrics()
    if button.height() < metrics.height():
        return True
    if isinstance(button, QToolButton):
        only = button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly
        if only and not button.icon().isNull():
            return False
    return metrics.horizontalAdvance(button.text().replace("&", "")) > button.width()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_text_is_cut(sample: MainWindow, qtbot: QtBot, theme: str):
    sample.theme.choose(theme)  # type: ignore[arg-type]
    stacks = sorted(REAL.glob("[hdv][125]_*.tif*"))
    found = []
    for path in [sample_stack(), *stacks]:
        assert path is not None
        sample.open_paths([str(path)])
        qtbot.waitUntil(lambda path=path: sample.session.state.paths == (path,), timeout=20_000)
        wait_for_result(sample.session, qtbot)
        for tune in (False, True):
            sample.set_tune(tune)
            qtbot.wait(1)
            centre = sample.headline
            found += [
                f"{path.name}, tune {tune}: {text}"
                for text in cut_texts(sample)
                if text.partition(" ")[2] != centre.sentence.text()
            ]
    sample.theme.choose("light")
    assert found == []


def test_the_layout_of_before_is_not_restored(make_main_window: Callable[..., MainWindow]):
    window = make_main_window(Settings(views="AAAA/wAAAAEAAAAC", layout="AAAA/wAAAAD9"))
    assert not any(dock.isVisible() for dock in window.docks.values())
    assert window.views._sizes == {}


def test_nothing_else_stands_on_the_screen(sample: MainWindow):
    """A part without a parent would be a window of its own, and the program would not end."""
    assert [w for w in QApplication.topLevelWidgets() if w.isVisible()] == [sample]

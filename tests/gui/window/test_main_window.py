from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QObject, QPoint, QPropertyAnimation, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QDockWidget,
    QMenu,
    QSplitter,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import parameter_infos
from structmask_gui.core.parameters.remedies import REMEDIES
from structmask_gui.gui.desktop import settings as settings_module
from structmask_gui.gui.desktop.places import settings_file
from structmask_gui.gui.desktop.settings import Settings
from structmask_gui.gui.window.actions import ACTIONS
from structmask_gui.gui.window.docks import DOCKS, TabBarEnd
from structmask_gui.gui.window.help_dialogs import TextDialog
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.results.masks import save_npy
from tests.gui.conftest import noise, wait_for_result

pytestmark = pytest.mark.one_window


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    window.dropEvent(
        QDropEvent(
            QPoint(10, 10),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )


def test_the_result_stands_at_the_top_in_words(loaded: MainWindow):
    assert loaded.session.state.extraction is not None
    answer = loaded.session.answer
    assert answer is not None
    headline = loaded.headline
    shown = headline.sentence.text(), headline.how_sure.text(), headline.advice.text()
    assert shown == answer.lines
    assert loaded.windowTitle().startswith("rows.npy")
    assert not loaded.headline.state.isVisible()


def test_a_window_without_a_file_says_how_to_begin(window: MainWindow):
    assert not window.headline.isVisible()
    assert window.views.welcome is not None
    assert window.views.welcome.isVisible()
    assert not window.headline.state.isVisible()
    assert not window.headline.error.isVisible()


def test_the_sample_button_opens_the_sample(window: MainWindow, qtbot: QtBot):
    assert window.views.welcome is not None
    window.views.welcome.sample_button.click()
    # While it is opened nobody is asked to open one.
    assert window.session.state.busy
    assert not window.views.welcome.isVisible()
    wait_for_result(window.session, qtbot)
    assert not window.views.welcome.isVisible()


def test_the_image_lies_as_it_is_stored(window: MainWindow, qtbot: QtBot, tmp_path: Path):
    picture = np.random.default_rng(0).integers(0, 100, (40, 96)).astype(np.uint16)
    picture[3, 80] = 60_000
    np.save(tmp_path / "asymmetric.npy", picture)
    window.open_paths([str(tmp_path / "asymmetric.npy")])
    wait_for_result(window.session, qtbot)
    view = window.views.image
    assert view.value_at(3, 80) == 60_000
    assert view.value_at(39, 95) is not None
    assert view.value_at(40, 39) is None
    assert (view.content.width(), view.content.height()) == (96, 40)


def test_stale_results_are_marked_and_unmarked(loaded: MainWindow, qtbot: QtBot):
    loaded.session.edits.set_parameter("patch_size", 32)
    assert loaded.headline.state.isVisible()
    assert loaded.views.mask_view.veil.text == "…"
    wait_for_result(loaded.session, qtbot)
    assert not loaded.headline.state.isVisible()
    assert loaded.views.mask_view.veil.text == ""


def test_every_slider_moves_the_parameters_and_the_result(loaded: MainWindow, qtbot: QtBot):
    rows = loaded.panel("parameters").rows
    moved = 0
    for name in parameter_infos():
        slider = getattr(rows[name], "slider", None)
        if slider is None or not slider.isEnabled():
            continue
        before = getattr(loaded.session.state.parameters, name)
        slider.setValue(slider.value() + (1 if slider.value() < slider.maximum() else -1))
        assert getattr(loaded.session.state.parameters, name) != before, name
        moved += 1
        wait_for_result(loaded.session, qtbot)
        assert loaded.session.state.extraction is not None
        assert loaded.session.state.extraction.parameters == loaded.session.state.parameters
    assert moved >= 8


def test_an_error_stands_in_the_window_until_it_is_dismissed(loaded: MainWindow, qtbot: QtBot):
    with qtbot.waitSignal(loaded.session.failed):
        loaded.open_paths(["/nowhere/gone.tif"])
    assert "gone.tif" in loaded.headline.error_text.text()
    assert loaded.headline.error.isVisible()
    loaded.headline._dismiss.click()
    assert not loaded.headline.error.isVisible()
    assert loaded.session.state.stack is not None


def test_an_exported_mask_is_opened_as_the_mask(loaded: MainWindow, stack_file: Path, qtbot: QtBot):
    stem = stack_file.name.partition(".")[0]
    square = Mask(np.ones((3, 3), dtype=bool))
    path = stack_file.with_name(f"{stem}_mask.npy")
    save_npy(square, path)
    loaded.open_paths([str(path)])
    qtbot.waitUntil(lambda: loaded.session.state.edit is not None)
    assert loaded.session.state.mask == square
    assert [p.name for p in loaded.session.state.paths] == [stack_file.name]


def test_a_mask_without_an_image_is_a_sentence(window: MainWindow, stack_file: Path, qtbot: QtBot):
    stem = stack_file.name.partition(".")[0]
    path = stack_file.with_name(f"{stem}_mask.npy")
    save_npy(Mask(np.ones((3, 3), dtype=bool)), path)
    with qtbot.waitSignal(window.session.failed):
        window.open_paths([str(path)])
    assert window.headline.error_text.text().startswith(f"{path.name} is a mask")


def test_a_long_error_is_not_cut(loaded: MainWindow, qtbot: QtBot):
    loaded.resize(1280, 800)
    loaded.session.report_error("a.tif: " + "this went wrong, and so on; " * 20)
    label = loaded.headline.error_text
    qtbot.waitUntil(lambda: label.height() >= label.heightForWidth(label.width()) > 30)


def test_no_panel_asks_for_more_than_a_small_screen(loaded: MainWindow):
    loaded.session.pinned.keep_present()
    for name in loaded.docks:
        loaded.show_panel(name)
        smallest = loaded.minimumSizeHint()
        assert smallest.width() <= 1280, name
        assert smallest.height() <= 780, name


def test_a_file_that_changes_while_open_is_a_sentence_and_can_be_read_again(
    loaded: MainWindow, qtbot: QtBot, stack_file: Path
):
    np.save(stack_file, noise((6, 96, 96)))
    loaded.session.measure_again()
    qtbot.waitUntil(lambda: not loaded.session.state.busy)
    assert "rows.npy was changed" in loaded.session.state.error
    assert loaded.session.state.extraction is not None
    loaded.actions_by_id["reopen_file"].trigger()
    qtbot.waitUntil(
        lambda: (
            loaded.session.state.frames is not None and loaded.session.state.frames.n_frames == 6
        )
    )
    wait_for_result(loaded.session, qtbot)
    assert loaded.session.state.error == ""


def test_a_file_that_vanishes_while_open_leaves_a_usable_window(
    loaded: MainWindow, qtbot: QtBot, stack_file: Path, tmp_path: Path
):
    stack_file.unlink()
    loaded.session.edits.set_parameter("patch_size", 32)
    qtbot.waitUntil(lambda: not loaded.session.state.busy, timeout=10_000)
    assert "rows.npy is no longer there." in loaded.headline.error_text.text()
    assert not loaded.session.state.stale
    loaded.session.dismiss_error()
    loaded.actions_by_id["reopen_file"].trigger()
    qtbot.waitUntil(lambda: bool(loaded.session.state.error), timeout=10_000)
    assert "rows.npy" in loaded.session.state.error
    np.save(tmp_path / "other.npy", noise((2, 96, 96)))
    loaded.open_paths([str(tmp_path / "other.npy")])
    qtbot.waitUntil(lambda: loaded.windowTitle().startswith("other.npy"))
    wait_for_result(loaded.session, qtbot)


def test_names_of_parameters_are_said_as_the_panel_says_them(loaded: MainWindow):
    loaded.session.report_error("Lower center_ratio_threshold or raise max_true_pixels.")
    assert loaded.headline.error_text.text() == "Lower “Ring strength” or raise “Largest mask”."
    loaded.session.report_error("Try the preset automatic (--preset automatic), or lower it.")
    assert loaded.headline.error_text.text() == "Try the preset automatic, or lower it."


def test_a_bug_opens_one_report(loaded: MainWindow, qtbot: QtBot):
    for _ in range(3):
        loaded.session.bug.emit("Traceback: ours")
    shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, TextDialog)]
    visible = [dialog for dialog in shown if dialog.isVisible()]
    assert len(visible) == 1
    assert "Traceback: ours" in visible[0].text
    assert "PySide6" in visible[0].text
    visible[0].reject()
    assert not loaded._bug_shown


def test_progress_shows_only_when_it_takes_a_while(loaded: MainWindow, qtbot: QtBot):
    headline = loaded.headline
    loaded.session.busy_changed.emit(True)
    assert not headline.progress.isVisible()
    qtbot.waitUntil(headline.progress.isVisible, timeout=2000)
    loaded.session.progressed.emit(5 * 10**9, 10**10, "Measuring patches", 75.0)
    assert headline.progress.value() == 500
    assert headline.progress.text() == "50 %, 75 s left"
    loaded.session.progressed.emit(5, 10, "Measuring patches", 600.0)
    assert "10 min left" in headline.progress.text()
    loaded.session.busy_changed.emit(False)
    assert not headline.progress.isVisible()


def test_dropping_files_opens_them_averaged(window: MainWindow, qtbot: QtBot, tmp_path: Path):
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, noise((2, 96, 96)))
    drop(window, tmp_path / "a.npy", tmp_path / "b.npy")
    wait_for_result(window.session, qtbot)
    assert len(window.session.state.stacks) == 2


def test_dropping_a_folder_shows_it(window: MainWindow, qtbot: QtBot, tmp_path: Path):
    drop(window, tmp_path)
    assert window.panel("files").folder == tmp_path
    assert window.settings.recent_folders == [str(tmp_path)]
    assert window.session.state.stack is None


def test_a_folder_withdraws_what_was_said_of_a_file_before(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
):
    bad = tmp_path / "bad.npy"
    bad.write_bytes(b"nonsense")
    with qtbot.waitSignal(window.session.failed):
        drop(window, bad)
    assert window.headline.error_text.isVisible()
    drop(window, tmp_path)
    assert window.session.state.error == ""
    assert not window.headline.error_text.isVisible()


def test_recent_files_open_and_can_be_cleared(loaded: MainWindow, qtbot: QtBot, stack_file: Path):
    loaded.session.close_files()
    loaded.menus.fill_recent()
    entries = [action for action in loaded.menus.recent.actions() if action.data()]
    assert [action.data() for action in entries] == [str(stack_file)]
    entries[0].trigger()
    wait_for_result(loaded.session, qtbot)
    loaded.menus.fill_recent()
    loaded.menus.recent.actions()[-1].trigger()
    loaded.menus.fill_recent()
    assert [a.text() for a in loaded.menus.recent.actions()] == ["Nothing yet"]


def drag(splitter: QSplitter, pixels: int) -> None:
    """Drag the first handle of a splitter."""
    handle = splitter.handle(1)
    start = handle.rect().center()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(handle, start + QPoint(0, pixels))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=start + QPoint(0, pixels))


def assert_shares(sizes: list[int], expected: list[int]) -> None:
    """Hold the shares of a splitter's parts against others."""
    shares = [np.divide(each, sum(each)) for each in (sizes, expected)]
    np.testing.assert_allclose(*shares, atol=0.01)


@pytest.mark.slow
def test_the_layout_comes_back(
    make_main_window: Callable[..., MainWindow], qtbot: QtBot, stack_file: Path
):
    first = make_main_window()
    first.session.open(stack_file)
    wait_for_result(first.session, qtbot)
    first.show_panel("log")
    first.docks["log"].setFloating(True)
    first.set_tune(True)
    drag(first.views.rows, -100)
    sizes = first.views.rows.sizes()
    assert sizes[0] < sizes[1]
    first.set_tune(False)
    calm = first.views.rows.sizes()
    first.set_tune(True)
    # The answer above may be of another height: the shares come back.
    assert_shares(first.views.rows.sizes(), sizes)
    first.close()
    again = make_main_window(settings_module.load())
    again.session.open(stack_file)
    wait_for_result(again.session, qtbot)
    assert again.actions_by_id["tune"].isChecked()
    assert again.docks["parameters"].isVisible()
    assert again.docks["log"].isFloating()
    assert again.views.rows.sizes()[0] < again.views.rows.sizes()[1]
    again.set_tune(False)
    assert_shares(again.views.rows.sizes(), calm)
    again.reset_layout()
    assert not any(dock.isVisible() for dock in again.docks.values())
    assert not again.docks["log"].isFloating()
    again.set_tune(True)
    assert again.views.rows.sizes()[0] > sizes[0]


def test_a_layout_of_nonsense_leaves_the_first_layout(
    make_main_window: Callable[..., MainWindow],
):
    nonsense = Settings(geometry="!!", layout="bm9uc2Vuc2U=", views="bm9uc2Vuc2U=")
    window = make_main_window(nonsense)
    assert not any(dock.isVisible() for dock in window.docks.values())
    window.set_tune(True)
    assert all(window.docks[name].isVisible() for name in ("files", "parameters"))


def test_settings_are_written_at_the_end(loaded: MainWindow, stack_file: Path):
    loaded.session.edits.set_parameter("center_size", 15)
    loaded.close()
    stored = json.loads(settings_file().read_text())
    assert stored["last_files"] == [str(stack_file)]
    assert stored["last_parameters"]["center_size"] == 15
    assert stored["recent_files"] == [str(stack_file)]


def test_a_settings_folder_that_cannot_be_written_does_not_stop_the_end(
    loaded: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("STRUCTMASK_HOME", str(blocked))
    assert loaded.close()
    assert not loaded.isVisible()


def test_closing_in_mid_extraction(window: MainWindow, qtbot: QtBot, tmp_path: Path):
    np.save(tmp_path / "long.npy", np.tile(noise((1, 512, 512)), (300, 1, 1)))
    window.open_paths([str(tmp_path / "long.npy")])
    qtbot.waitUntil(lambda: window.session.state.busy_with == "measuring", timeout=10_000)
    begun = time.perf_counter()
    window.close()
    assert time.perf_counter() - begun < 2
    assert not window.session._measuring._lane.isRunning()


def test_panels_are_made_when_they_are_wanted(make_main_window: Callable[..., MainWindow]):
    window = make_main_window()
    assert not window.panels
    for name in [info.id for info in DOCKS]:
        panel = window.show_panel(name)
        assert window.docks[name].widget() is panel
        assert panel is window.panel(name)


def test_the_remedies_of_the_menu_are_those_of_the_engine():
    texts = {info.id: info.text for info in ACTIONS}
    for remedy in REMEDIES.values():
        assert texts[remedy.id] == remedy.text


@pytest.mark.slow
def test_hovering_a_row_of_the_ring_table_marks_the_ring(loaded: MainWindow):
    loaded.set_tune(True)
    loaded.panel("rings").rings.ring_hovered.emit(2)
    assert loaded.session.state.ring == 2
    assert loaded.views.rings.rings_item._highlight == 2


def test_a_view_is_written_as_png_and_svg(loaded: MainWindow, tmp_path: Path):
    for view in loaded.views.views:
        for suffix, mark in ((".png", b"\x89PNG"), (".svg", b"<svg")):
            path = tmp_path / f"view{suffix}"
            loaded.views.write_view(view, path)
            assert mark in path.read_bytes()[:200], view.title
    assert loaded.commands.toast.label.text() == "Saved view.svg"
    loaded.views.write_view(loaded.views.mask_view, tmp_path / "no" / "view.png")
    assert "view.png" in loaded.session.state.error


def test_the_keyboard_goes_round_all_panels(loaded: MainWindow, qtbot: QtBot):
    loaded.set_tune(True)
    loaded.show_panel("rings")
    views = loaded.views
    stops = {
        **loaded.docks,
        "image": views.image,
        "preview": views.preview,
        "mask": views.mask_view,
        "autocorrelation": views.autocorrelation,
        "decisions": views.decisions,
    }
    seen = set()
    for _ in range(len(stops)):
        loaded.focus_next_panel()
        focused = loaded.focusWidget()
        seen |= {name for name, stop in stops.items() if stop.isAncestorOf(focused)}
    wanted = {"files", "parameters", "rings"}
    assert wanted | set(stops) - set(loaded.docks) == seen


def test_the_focus_is_seen_at_every_stop(loaded: MainWindow, qtbot: QtBot):
    loaded.set_details(True)
    loaded.activateWindow()
    qtbot.waitUntil(loaded.isActiveWindow)
    qtbot.waitUntil(lambda: bool(loaded.views.preview.panes.pictures), timeout=15_000)
    seen: set[QWidget] = set()
    for _ in range(12):
        loaded.focus_next_panel()
        focused = loaded.focusWidget()
        qtbot.waitUntil(focused.hasFocus)
        docks = (dock for dock in loaded.docks.values() if dock.isAncestorOf(focused))
        stop = next(docks, focused)
        with_focus = stop.grab().toImage()
        focused.clearFocus()
        qtbot.waitUntil(lambda widget=focused: not widget.hasFocus())
        assert stop.grab().toImage() != with_focus, stop
        focused.setFocus()
        seen.add(focused)
    assert len(seen) > 4


def test_charts_are_high_enough_to_read(loaded: MainWindow, qtbot: QtBot):
    loaded.set_details(True)
    loaded.show_panel("curves")
    qtbot.waitUntil(lambda: loaded.views.profiles.isVisible())
    qtbot.waitUntil(lambda: loaded.views.profiles.canvas.height() >= 120)
    loaded.show_panel("quality")
    tabs = loaded.panel("quality").tabs
    qtbot.waitUntil(lambda: tabs.currentWidget().height() >= 120)


def test_a_shell_completes_by_itself_after_its_first_paint(qtbot: QtBot):
    from structmask_gui.gui.app import make_application, make_window

    window = make_window(make_application(), Settings())
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.completed, timeout=5000):
        window.show()
        assert not window.docks
    assert set(window.docks) == {info.id for info in DOCKS}
    window.close()


def test_the_menu_says_what_is_undone(loaded: MainWindow, qtbot: QtBot):
    undo, redo = (loaded.actions_by_id[name] for name in ("undo", "redo"))
    loaded.session.edits.set_parameter("center_size", 12)
    edit = loaded.actions_by_id["undo"].associatedObjects()
    menu = next(of for of in edit if isinstance(of, QMenu))
    menu.aboutToShow.emit()
    assert undo.text() == f"&Undo {loaded.session.history.undo_text}"
    assert loaded.session.history.undo_text
    loaded.session.history.undo()
    menu.aboutToShow.emit()
    assert redo.text() == f"&Redo {loaded.session.history.redo_text}"
    assert undo.text() == "&Undo"


def test_empty_boxes_can_be_seen(loaded: MainWindow):
    for name in ("light", "dark", "light"):
        loaded.commands.choose_theme(name)
        box = QCheckBox("")  # made now, so that it has the present palette
        box.resize(30, 24)
        picture = box.grab().toImage()
        ground = picture.pixelColor(29, 12).lightness()
        row = [abs(picture.pixelColor(x, 12).lightness() - ground) for x in range(16)]
        assert max(row) > (25 if name == "light" else 60), name


def colour_of_buttons(dock: QDockWidget) -> list[int]:
    """Return how light the strongest pixel of each button in the title is."""
    found = []
    for button in dock.findChildren(QAbstractButton):
        if button.objectName().startswith("qt_dockwidget"):
            drawn = button.icon().pixmap(20, 20).toImage()
            pixels = [drawn.pixelColor(x, y) for x in range(20) for y in range(20)]
            found.append(max(pixels, key=lambda color: color.alpha()).lightness())
            assert button.toolTip()
    return found


def test_the_buttons_of_the_docks_can_be_seen_in_the_dark(
    loaded: MainWindow, make_main_window: Callable[..., MainWindow]
):
    dock = loaded.docks["rings"]
    for name, light in (("light", False), ("dark", True)):
        loaded.commands.choose_theme(name)
        for floating in (True, False):
            dock.setFloating(floating)
            assert [lightness > 200 for lightness in colour_of_buttons(dock)] == [light, light]
    loaded.close()
    again = make_main_window(settings_module.load())
    assert all(lightness > 200 for lightness in colour_of_buttons(again.docks["rings"]))
    again.theme.choose("light")


def test_a_long_progress_text_does_not_make_the_window_wider(loaded: MainWindow):
    headline = loaded.headline
    before = loaded.minimumSizeHint().width()
    loaded.session.progressed.emit(1, 2, "Measuring " + "a very long name " * 40, 75.0)
    headline._show_work()
    assert headline.progress.toolTip().startswith("Measuring a very")
    assert loaded.minimumSizeHint().width() == before


def test_what_moves_a_tab_bar_ends_before_it(window: MainWindow, qtbot: QtBot):
    watcher = window.findChild(TabBarEnd)
    bar = QTabBar(window.views)
    watcher.watch(bar)
    animation = QPropertyAnimation(bar, b"geometry", bar)
    whole: list[bool] = []
    animation.destroyed.connect(lambda: whole.append(isValid(bar)))
    bar.deleteLater()
    qtbot.waitUntil(lambda: not isValid(bar))
    assert whole == [True]


def test_the_tab_bars_of_docks_are_watched(
    make_main_window: Callable[[], MainWindow], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    seen: list[QObject] = []
    monkeypatch.setattr(TabBarEnd, "watch", lambda _self, child: seen.append(child))
    window = make_main_window()
    window.set_details(True)
    bars = [bar for bar in window.findChildren(QTabBar) if bar.parent() is window]
    assert bars
    qtbot.waitUntil(lambda: set(bars) <= set(seen))


@pytest.mark.parametrize("around", ["{}", '"{}"', "'{}'\n", "  {}  \n", "file://{}"])
def test_a_copied_path_is_opened(
    window: MainWindow, stack_file: Path, qtbot: QtBot, around: str
) -> None:
    path = stack_file.rename(stack_file.with_name("with a space.npy"))
    text = around.format(str(path).replace(" ", "%20") if "file:" in around else path)
    QGuiApplication.clipboard().setText(text)
    window.actions_by_id["paste"].trigger()
    wait_for_result(window.session, qtbot)
    assert window.session.state.paths == (path,)


def test_files_copied_in_a_file_manager_are_opened(
    window: MainWindow, stack_file: Path, qtbot: QtBot
) -> None:
    copied = QMimeData()
    copied.setUrls([QUrl.fromLocalFile(str(stack_file))])
    QGuiApplication.clipboard().setMimeData(copied)
    window.actions_by_id["paste"].trigger()
    wait_for_result(window.session, qtbot)
    assert window.session.state.paths == (stack_file,)


def test_what_cannot_be_pasted_is_said(window: MainWindow, tmp_path: Path) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.setImage(QImage(8, 8, QImage.Format.Format_RGB32))
    window.commands.paste()
    assert "holds a picture" in window.session.state.error
    clipboard.setText(str(tmp_path / "gone.tif"))
    window.commands.paste()
    assert window.session.state.error.startswith(f"{tmp_path / 'gone.tif'}: there is no such file")
    clipboard.clear()
    window.commands.paste()
    assert "no path" in window.statusBar().currentMessage()


def test_a_remedy_that_changes_no_pixel_says_so(loaded: MainWindow) -> None:
    session, said = loaded.session, []
    for name in [*REMEDIES, *REMEDIES]:
        before, parameters = session.state.mask, session.state.parameters
        loaded.actions_by_id[name].trigger()
        text = loaded.statusBar().currentMessage()
        stays = session.state.mask == before and session.state.parameters != parameters
        assert ("stays as it was" in text) == stays
        said.append(stays)
    assert True in said
    assert False in said

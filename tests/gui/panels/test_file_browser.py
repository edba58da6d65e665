from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from structmask_gui.core.progress import NO_TASK
from structmask_gui.gui.panels.file_browser import FileBrowser
from structmask_gui.gui.session.stack_info import THUMBNAIL, metadata_text, preview, thumbnail
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.info import describe
from tests.gui.conftest import noise, wait_for_result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "images"
    made.mkdir()
    (made / "inner").mkdir()
    for name in ("a.npy", "b.npy"):
        np.save(made / name, noise((3, 96, 128)))
    tifffile.imwrite(made / "c.ome.tif", noise((2, 64, 80)), metadata={"axes": "TYX"})
    tifffile.imwrite(
        made / "channels.tif", noise((2, 64, 80)), imagej=True, metadata={"axes": "CYX"}
    )
    (made / "notes.txt").write_text("no image")
    (made / "broken.tif").write_bytes(b"II*\0nonsense")
    return made


@pytest.fixture
def browser(window: MainWindow, folder: Path, qtbot: QtBot) -> FileBrowser:
    panel = window.show_panel("files")
    panel.show_folder(str(folder))
    qtbot.waitUntil(lambda: panel.model.rowCount(panel.tree.rootIndex()) == 6)
    return panel


def names(browser: FileBrowser) -> list[str]:
    root = browser.tree.rootIndex()
    rows = range(browser.model.rowCount(root))
    return sorted(browser.model.fileName(browser.model.index(y, 0, root)) for y in rows)


def choose(browser: FileBrowser, *chosen: str) -> None:
    flags = QItemSelectionModel.SelectionFlag
    browser.tree.clearSelection()
    for name in chosen:
        index = browser.model.index(str(browser.folder / name))
        browser.tree.selectionModel().setCurrentIndex(index, flags.Select | flags.Rows)


def shows(browser: FileBrowser, words: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: words in browser.card.facts.text())


def test_only_folders_and_images_are_listed(browser: FileBrowser, qtbot: QtBot):
    assert names(browser) == ["a.npy", "b.npy", "broken.tif", "c.ome.tif", "channels.tif", "inner"]
    browser.filter.setText("chan")
    qtbot.waitUntil(lambda: "a.npy" not in names(browser))
    assert "channels.tif" in names(browser)
    browser.filter.setText("[")
    qtbot.waitUntil(lambda: "channels.tif" not in names(browser))
    # Letters of the ending are letters of the name.
    for text, there in ((".npy", "a.npy"), ("NELS.T", "channels.tif"), ("tif", "c.ome.tif")):
        browser.filter.setText(text)
        qtbot.waitUntil(lambda name=there: name in names(browser))


def test_the_selected_file_is_shown_with_a_thumbnail(browser: FileBrowser, qtbot: QtBot):
    choose(browser, "a.npy")
    shows(browser, "3 frames of 128 × 96 px", qtbot)
    assert "uint16" in browser.card.facts.text()
    assert not browser.card.picture.pixmap().isNull()
    assert browser.card.open.isEnabled()


def test_a_damaged_file_is_a_sentence_on_the_card(browser: FileBrowser, qtbot: QtBot):
    choose(browser, "broken.tif")
    shows(browser, "broken.tif", qtbot)
    assert not browser.card.open.isEnabled()


def test_return_opens_the_file(browser: FileBrowser, window: MainWindow, qtbot: QtBot):
    choose(browser, "a.npy")
    qtbot.keyClick(browser.tree, Qt.Key.Key_Return)
    wait_for_result(window.session, qtbot)
    assert window.session.state.stack is not None
    assert window.session.state.stack.name == "a.npy"
    shows(browser, "3 frames", qtbot)
    qtbot.waitUntil(lambda: browser.card.open.text() == "This is open")
    assert not browser.card.open.isEnabled()


def test_several_files_are_averaged(browser: FileBrowser, window: MainWindow, qtbot: QtBot):
    choose(browser, "a.npy", "b.npy")
    shows(browser, "2 files", qtbot)
    browser.card.open.click()
    wait_for_result(window.session, qtbot)
    assert len(window.session.state.stacks) == 2
    qtbot.waitUntil(lambda: browser.card.open.text() == "These are open")
    # One of them by itself is not what is open.
    choose(browser, "a.npy")
    qtbot.waitUntil(lambda: browser.card.open.text() == "Open alone (now with 1 more)")
    browser.card.open.click()
    qtbot.waitUntil(lambda: len(window.session.state.stacks) == 1)


def test_folders_are_gone_into_and_left(browser: FileBrowser, folder: Path, qtbot: QtBot):
    choose(browser, "inner")
    qtbot.keyClick(browser.tree, Qt.Key.Key_Return)
    assert browser.folder == folder / "inner"
    qtbot.keyClick(browser.tree, Qt.Key.Key_Backspace)
    assert browser.folder == folder
    browser._up.click()
    assert browser.folder == folder.parent


def test_names_that_are_cut_stay_apart(window: MainWindow, tmp_path: Path, qtbot: QtBot):
    stems = "C2_sem8_bar_rows5", "C2_sem8_bar_rows6", "C2_sem8_bar_lineoffsets"
    stems += "exp01_mouse_fixed_GFP", "exp02_mouse_fixed_GFP"
    files = [f"{stem}{end}" for stem in stems for end in (".tif", "_denoised.ome.tif")]
    files += ["C2_sem8_bar_rows5_c1_denoised.ome.tif"]
    for name in files:
        (tmp_path / name).touch()
    browser = window.show_panel("files")
    browser.show_folder(str(tmp_path))
    qtbot.waitUntil(lambda: browser.model.rowCount(browser.tree.rootIndex()) == len(files))
    root = browser.tree.rootIndex()
    qtbot.waitUntil(lambda: browser.model.fileName(browser.model.index(0, 0, root)) == min(files))
    cut = set()
    for row in range(len(files)):
        index = browser.model.index(row, 0, root)
        option = QStyleOptionViewItem()
        browser.tree.initViewItemOption(option)
        option.rect = browser.tree.visualRect(index)
        browser.tree.itemDelegate().initStyleOption(option, index)
        assert option.fontMetrics.horizontalAdvance(option.text) < option.rect.width()
        assert browser.model.data(index, Qt.ItemDataRole.ToolTipRole) in files
        cut.add(option.text)
    assert len(cut) == len(files)
    assert any("…" in name for name in cut)


def test_the_channel_can_be_chosen(browser: FileBrowser, window: MainWindow, qtbot: QtBot):
    choose(browser, "channels.tif")
    shows(browser, "CYX", qtbot)
    combo = browser.card.channel
    assert combo.isVisible()
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    qtbot.waitUntil(lambda: not browser.card._job.busy)
    browser.card.open.click()
    wait_for_result(window.session, qtbot)
    assert window.session.state.stack is not None
    assert window.session.state.stack.channel == 1


def test_a_channel_chosen_beside_the_views_is_shown_on_the_card(
    browser: FileBrowser, window: MainWindow, qtbot: QtBot
):
    window.open_paths([str(browser.folder / "channels.tif")])
    wait_for_result(window.session, qtbot)
    qtbot.waitUntil(lambda: browser.card.open.text() == "This is open")
    window.session.reopen(channel=1)
    wait_for_result(window.session, qtbot)
    qtbot.waitUntil(lambda: browser.card.channel.currentIndex() == 1)
    assert not browser.card.open.isEnabled()


def test_the_file_information_names_the_channel(tmp_path: Path):
    named = {"axes": "CYX", "Channel": {"Name": ["DAPI", "GFP"]}}
    tifffile.imwrite(tmp_path / "named.ome.tif", noise((2, 64, 80)), metadata=named)
    tifffile.imwrite(tmp_path / "plain.ome.tif", noise((2, 64, 80)), metadata={"axes": "CYX"})
    for name, told in (("named", "2, chosen: 1 (GFP)"), ("plain", "2, chosen: 1")):
        with open_stack(tmp_path / f"{name}.ome.tif", channel=1) as stack:
            assert dict(describe(stack).rows())["Channels"] == told
            assert told in metadata_text(stack)


def test_the_axes_can_be_corrected(browser: FileBrowser, window: MainWindow, qtbot: QtBot):
    choose(browser, "channels.tif")
    shows(browser, "CYX", qtbot)
    browser.card.axes.setText("TYX")
    browser.card.axes.editingFinished.emit()
    shows(browser, "TYX", qtbot)
    browser.open_selected()
    wait_for_result(window.session, qtbot)
    assert window.session.state.frames is not None
    assert window.session.state.frames.n_frames == 2
    assert window.session.state.open_choices == {"axes": "TYX"}


def test_axes_that_make_no_sense_are_a_sentence(browser: FileBrowser, qtbot: QtBot):
    choose(browser, "channels.tif")
    shows(browser, "CYX", qtbot)
    browser.card.axes.setText("TZC")
    browser.card.axes.editingFinished.emit()
    shows(browser, "give the axes", qtbot)
    browser.card.axes.setText("CYX")
    browser.card.axes.editingFinished.emit()
    shows(browser, "1 frame of", qtbot)


def test_a_file_opened_elsewhere_is_selected(window: MainWindow, folder: Path, qtbot: QtBot):
    window.open_paths([str(folder / "b.npy")])
    wait_for_result(window.session, qtbot)
    browser = window.show_panel("files")
    qtbot.waitUntil(lambda: browser.selected() == [str(folder / "b.npy")])
    assert browser.folder == folder


def test_the_open_file_is_bold_whichever_is_selected(
    browser: FileBrowser, window: MainWindow, folder: Path, qtbot: QtBot
):
    window.open_paths([str(folder / "a.npy")])
    qtbot.waitUntil(lambda: bool(window.session.state.paths), timeout=10_000)
    choose(browser, "b.npy")

    def weight(name: str) -> bool:
        index = browser.model.index(str(folder / name))
        font = browser.model.data(index, Qt.ItemDataRole.FontRole)
        return font is not None and font.bold()

    assert weight("a.npy")
    assert not weight("b.npy")


def test_a_file_that_could_not_be_opened_is_marked(
    browser: FileBrowser, window: MainWindow, qtbot: QtBot
):
    def tip(name: str) -> str:
        index = browser.model.index(str(browser.folder / name))
        return str(browser.model.data(index, Qt.ItemDataRole.ToolTipRole))

    choose(browser, "broken.tif")
    browser.open_selected()
    qtbot.waitUntil(lambda: bool(window.session.state.failed_open), timeout=10_000)
    assert tip("broken.tif") == window.session.state.failed_open
    assert tip("a.npy") == "a.npy"


def test_recents_ask_to_be_opened(browser: FileBrowser, window: MainWindow, qtbot: QtBot):
    window.settings.remember_folder(str(browser.folder))
    browser._fill_recent()
    action = next(a for a in browser.recent_menu.actions() if a.data())
    with qtbot.waitSignal(browser.open_requested) as got:
        action.trigger()
    assert got.args[0] == [str(browser.folder)]


def test_series_are_offered(window: MainWindow, tmp_path: Path, qtbot: QtBot):
    path = tmp_path / "two.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(noise((64, 64)), metadata={"axes": "YX"})
        writer.write(noise((3, 80, 96)), metadata={"axes": "TYX"})
    browser = window.show_panel("files")
    window.open_paths([str(path)])
    wait_for_result(window.session, qtbot)
    shows(browser, "64 × 64", qtbot)
    series = browser.card.series
    assert series.isVisible()
    assert series.count() == 2
    series.setCurrentIndex(1)
    series.activated.emit(1)
    shows(browser, "96 × 80", qtbot)
    assert browser.card.open.text() == "Apply"
    browser.card.open.click()
    qtbot.waitUntil(
        lambda: (
            window.session.state.frames is not None
            and window.session.state.frames.frame_shape == (80, 96)
        )
    )
    wait_for_result(window.session, qtbot)


def test_thumbnails_of_tall_frames_are_thinned(tmp_path: Path):
    tall = np.zeros((9000, 500), np.float32)
    tall[:, :100] = np.nan
    tall[5000:, 400:] = 3
    np.save(tmp_path / "tall.npy", tall)
    with open_stack(tmp_path / "tall.npy") as stack:
        small = thumbnail(stack, NO_TASK)
    assert max(small.shape) <= THUMBNAIL
    assert small[-1, -1] == 255
    assert small[0, 0] == 0


def test_a_preview_holds_the_facts(folder: Path):
    made = preview(folder / "channels.tif", {}, NO_TASK)
    assert made.info.axes == "CYX"
    assert len(made.choices) == 2
    json.dumps(made.info.as_dict())


def test_masks_written_beside_the_images_are_no_stacks_to_open(
    loaded: MainWindow, stack_file: Path, qtbot: QtBot
):
    np.save(stack_file.with_name("other.npy"), noise((2, 64, 64)))
    np.save(stack_file.with_name("rows_mask.npy"), np.ones((1, 3), bool))
    browser = loaded.show_panel("files")
    browser.show_folder(str(stack_file.parent))
    model, tree = browser.model, browser.tree
    qtbot.waitUntil(lambda: model.rowCount(tree.rootIndex()) >= 3)
    names = {
        model.fileName(model.index(row, 0, tree.rootIndex()))
        for row in range(model.rowCount(tree.rootIndex()))
        if not tree.isRowHidden(row, tree.rootIndex())
    }
    assert {"rows.npy", "other.npy"} <= names
    assert "rows_mask.npy" not in names


def test_letters_go_to_a_name_and_are_no_keys_of_the_window(
    browser: FileBrowser, window: MainWindow
):
    tune = window.settings.tune
    window.activateWindow()
    browser.tree.setFocus()
    QTest.keyClick(browser.tree, Qt.Key.Key_B)
    assert browser.model.fileName(browser.tree.currentIndex()) == "b.npy"
    QTest.keyClick(browser.tree, Qt.Key.Key_T)
    assert window.settings.tune == tune
    assert browser.filter.accessibleName()


def test_return_in_the_filter_opens_the_only_file_or_goes_to_the_first(
    browser: FileBrowser, window: MainWindow, qtbot: QtBot
):
    browser.filter.setText(".npy")
    qtbot.waitUntil(lambda: "channels.tif" not in names(browser))
    QTest.keyClick(browser.filter, Qt.Key.Key_Return)
    assert [Path(path).name for path in browser.selected()] == ["a.npy"]
    assert window.session.state.stack is None
    browser.filter.setText("b.np")
    qtbot.waitUntil(lambda: "a.npy" not in names(browser))
    QTest.keyClick(browser.filter, Qt.Key.Key_Return)
    wait_for_result(window.session, qtbot)
    assert window.session.state.paths[0].name == "b.npy"


def test_the_open_file_is_in_view_among_many(window: MainWindow, tmp_path: Path, qtbot: QtBot):
    many = tmp_path / "many"
    many.mkdir()
    for number in range(200):
        (many / f"{(37 * number) % 200:03}.tif").touch()
    np.save(many / "100.npy", noise((3, 96, 128)))
    window.show_panel("files")
    window.open_paths([str(many / "100.npy")])
    browser = window.show_panel("files")
    tree = browser.tree

    def seen() -> bool:
        index = tree.currentIndex()
        place = tree.visualRect(index)
        inside = tree.viewport().rect().contains(place.center())
        return browser.model.fileName(index) == "100.npy" and index.row() == 100 and inside

    qtbot.waitUntil(seen, timeout=15_000)

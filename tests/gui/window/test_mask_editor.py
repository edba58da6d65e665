from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks import morphology
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import MASK_CHANGES
from structmask_gui.core.stack.frames import Region
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.window.actions import ACTIONS
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.gui.window.mask_editor import MaskEditor, changed
from structmask_gui.io.results.masks import save_npy
from tests.gui.conftest import SIZE, noise, wait_for_result
from tests.gui.open_dialogs import dialog

pytestmark = pytest.mark.one_window

SQUARE = Mask(np.ones((5, 5), dtype=bool))


@pytest.fixture
def editor(loaded: MainWindow) -> MaskEditor:
    made = loaded.views.editor
    made.set_on(True)
    return made


def cell_point(window: MainWindow, dy: int, dx: int) -> QPoint:
    view = window.views.mask_view
    return view.canvas.mapFromScene(view.box.mapViewToScene(QPointF(dx, dy)))


def press(window: MainWindow, *cells: tuple[int, int]) -> None:
    """Press on the first cell, draw over the others, let go on the last."""
    port = window.views.mask_view.canvas.viewport()
    button = Qt.MouseButton.LeftButton
    QTest.mousePress(port, button, pos=cell_point(window, *cells[0]))
    for cell in cells[1:]:
        QTest.mouseMove(port, cell_point(window, *cell))
    QTest.mouseRelease(port, button, pos=cell_point(window, *cells[-1]))


def has(window: MainWindow, dy: int, dx: int) -> bool:
    assert window.session.state.mask is not None
    return morphology.contains(window.session.state.mask, (dy, dx))


def test_a_click_adds_and_takes_away_with_the_mirror_image(
    loaded: MainWindow, editor: MaskEditor, qtbot: QtBot
):
    assert not has(loaded, 3, 2)
    press(loaded, (3, 2))
    assert has(loaded, 3, 2)
    assert has(loaded, -3, -2)
    press(loaded, (3, 2))
    assert not has(loaded, 3, 2)
    assert not has(loaded, -3, -2)
    press(loaded, (0, 0))
    assert has(loaded, 0, 0)
    assert editor.back.isEnabled() == (loaded.session.state.edit is not None)


def test_what_is_drawn_outwards_and_taken_back_is_no_edit(
    loaded: MainWindow, editor: MaskEditor, qtbot: QtBot
):
    loaded.panel("presets").presets.apply_named("automatic")
    wait_for_result(loaded.session, qtbot)
    own = loaded.session.state.extraction.mask
    half = own.array.shape[0] // 2
    press(loaded, (half + 1, 0))
    assert loaded.session.state.mask.array.shape != own.array.shape
    press(loaded, (half + 1, 0))
    assert loaded.session.state.edit is None
    assert loaded.session.state.mask == own
    editor.apply("grow_columns")
    assert loaded.session.state.edit is not None
    editor.apply("shrink_columns")
    assert loaded.session.state.edit is None


def test_a_drag_draws_all_cells_and_is_undone_at_once(loaded: MainWindow, editor: MaskEditor):
    before = loaded.session.state.mask
    press(loaded, (2, -3), (2, 0), (2, 3))
    for dx in range(-3, 4):
        assert has(loaded, 2, dx), dx
        assert has(loaded, -2, dx), dx
    loaded.session.history.undo()
    assert loaded.session.state.mask == before
    loaded.session.history.redo()
    assert has(loaded, -2, 3)


def test_a_drag_from_a_cell_of_the_mask_takes_away(loaded: MainWindow, editor: MaskEditor):
    editor.apply("grow_rows")
    assert has(loaded, 0, 1)
    press(loaded, (0, 1), (0, 2))
    assert not has(loaded, 0, 1)
    assert not has(loaded, 0, -2)


def test_a_line_follows_the_pointer(loaded: MainWindow, editor: MaskEditor):
    editor.tools["line"].click()
    press(loaded, (0, 0), (3, 0), (3, 3))
    assert has(loaded, 3, 3)
    assert has(loaded, -2, -2)
    assert not has(loaded, 3, 0)  # an earlier place of the pointer leaves nothing
    loaded.session.history.undo()
    assert loaded.session.state.edit is None


def test_without_the_mirror_the_mask_becomes_asymmetric_and_says_so(
    loaded: MainWindow, editor: MaskEditor
):
    editor.mirror.click()
    press(loaded, (2, 2))
    assert has(loaded, 2, 2)
    assert not has(loaded, -2, -2)
    assert loaded.session.state.result is not None
    assert any("not symmetric" in note for note in loaded.session.state.result.notes)
    editor.apply("symmetrise")
    assert has(loaded, -2, -2)


def test_there_is_room_to_draw_outwards_and_the_mask_grows(loaded: MainWindow, editor: MaskEditor):
    codes = loaded.views.mask_view.codes
    assert codes is not None
    assert loaded.session.state.mask is not None
    edge = codes.shape[1] // 2
    assert edge > loaded.session.state.mask.cropped().shape[1] // 2
    shape = codes.shape
    press(loaded, (0, edge))
    assert has(loaded, 0, edge)
    codes = loaded.views.mask_view.codes
    assert codes is not None
    assert codes.shape[1] > shape[1]


@pytest.mark.parametrize("name", list(MASK_CHANGES))
def test_every_change_of_the_menu(loaded: MainWindow, name: str):
    session = loaded.session
    start = Mask(np.pad(np.array([[1, 1, 0, 1, 0, 0, 0]], dtype=bool), ((3, 3), (0, 0))))
    session.pinned.keep(Mask(np.ones((3, 3), dtype=bool)), "square")
    session.edits.set_mask(start, "edited by hand", "Draw")
    loaded.actions_by_id[f"mask_{name}"].trigger()
    expected = changed(name, start, session.state.pinned)
    assert expected != start
    assert session.state.mask == expected
    session.history.undo()
    assert session.state.mask == start


def test_the_menu_and_the_tools_say_the_same(loaded: MainWindow, editor: MaskEditor):
    for name in MASK_CHANGES:
        action = loaded.actions_by_id[f"mask_{name}"]
        assert editor.actions[name].text() == action.text().replace("&", "")
        assert editor.actions[name].toolTip() == action.statusTip()
    pinned = [info.id for info in ACTIONS if info.needs == "pinned" and info.id[:5] == "mask_"]
    assert pinned == ["mask_union", "mask_intersection"]


def test_union_needs_a_pinned_mask(loaded: MainWindow, editor: MaskEditor):
    assert not editor.actions["union"].isEnabled()
    assert not loaded.actions_by_id["mask_union"].isEnabled()
    loaded.actions_by_id["pin"].trigger()
    assert editor.actions["union"].isEnabled()
    assert loaded.actions_by_id["mask_union"].isEnabled()


def test_back_to_the_extracted_mask(loaded: MainWindow, editor: MaskEditor):
    before = loaded.session.state.mask
    editor.apply("grow")
    assert loaded.session.state.edit is not None
    editor.back.click()
    assert loaded.session.state.mask == before
    assert loaded.session.state.edit is None


def test_editing_off_moves_the_picture_again(loaded: MainWindow, editor: MaskEditor):
    press(loaded, (3, 2))
    loaded.actions_by_id["edit_mask"].trigger()
    assert not editor.on
    assert not editor.bar.isVisible()
    codes = loaded.views.mask_view.codes
    assert codes is not None
    assert loaded.session.state.mask is not None
    np.testing.assert_array_equal(codes > 0, loaded.session.state.mask.array)
    mask = loaded.session.state.mask
    press(loaded, (2, 1))
    assert loaded.session.state.mask == mask


def test_closing_the_file_ends_editing(loaded: MainWindow, editor: MaskEditor):
    loaded.session.close_files()
    assert not editor.on
    assert not editor.button.isEnabled()


def test_a_mask_file_becomes_the_present_mask(loaded: MainWindow, tmp_path: Path, qtbot: QtBot):
    path = tmp_path / "half.npy"
    mask = Mask(np.array([[0, 1, 1]], dtype=bool))
    save_npy(mask, path)
    with qtbot.waitSignal(loaded.session.mask_changed):
        loaded.views.editor.file.open(path)
    assert loaded.session.state.mask == mask
    assert "from half.npy" in loaded.headline.how_sure.text()


@pytest.mark.parametrize("form", ["npy", "png", "tiff", "json"])
def test_a_mask_is_known_by_what_it_holds(
    form: str, loaded: MainWindow, tmp_path: Path, qtbot: QtBot
):
    path = tmp_path / f"by any name.{form}"
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({form: path})
    expected, images = loaded.session.state.mask, loaded.session.state.paths
    assert expected is not None
    loaded.session.edits.set_mask(Mask(np.ones((5, 5), dtype=bool)), "edited by hand", "Draw")
    with qtbot.waitSignal(loaded.session.mask_changed):
        loaded.open_paths([str(path)])
        if form in ("png", "tiff"):
            # It may be an image with two values: taken as the mask only when that was said.
            asked = dialog(QMessageBox)
            assert loaded.session.state.edit is not None
            assert asked.text().startswith(path.name)
            next(b for b in asked.buttons() if b.text() == "Take it as the mask").click()
    assert loaded.session.state.mask is not None
    assert loaded.session.state.mask.cropped() == expected.cropped()
    assert loaded.session.state.paths == images
    assert "measured on" not in loaded.headline.how_sure.text()


def test_a_mask_of_another_image_says_so(loaded: MainWindow, tmp_path: Path, qtbot: QtBot):
    record, mask = tmp_path / "m.json", tmp_path / "m.npy"
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({"json": record})
    own = loaded.session.state.paths[0].name
    record.write_text(record.read_text(encoding="utf-8").replace(own, "other.tif"), "utf-8")
    save_npy(Mask(np.ones((5, 5), dtype=bool)), mask)
    with qtbot.waitSignal(loaded.session.mask_changed):
        loaded.open_paths([str(mask)])
    assert "from m.npy, measured on other.tif" in loaded.headline.how_sure.text()


def test_a_mask_that_opens_takes_the_sentence_on_one_that_did_not_away(
    loaded: MainWindow, tmp_path: Path, qtbot: QtBot
):
    broken, good = tmp_path / "broken.json", tmp_path / "good.npy"
    broken.write_text("{}", encoding="utf-8")
    save_npy(Mask(np.ones((5, 5), dtype=bool)), good)
    with qtbot.waitSignal(loaded.session.failed):
        loaded.open_paths([str(broken)])
    assert "broken.json" in loaded.headline.error_text.text()
    with qtbot.waitSignal(loaded.session.mask_changed):
        loaded.open_paths([str(good)])
    assert not loaded.headline.error.isVisible()


def test_a_record_is_a_mask_file_too(loaded: MainWindow, tmp_path: Path, qtbot: QtBot):
    assert "*.json" in dialogs.MASKS
    path = tmp_path / "a_mask.json"
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({"json": path})
    expected = loaded.session.state.mask
    loaded.session.edits.set_mask(Mask(np.ones((3, 3), dtype=bool)), "edited by hand", "Draw")
    with qtbot.waitSignal(loaded.session.mask_changed):
        loaded.views.editor.file.open(path)
    assert loaded.session.state.mask is not None
    assert expected is not None
    assert loaded.session.state.mask.cropped() == expected.cropped()


@pytest.fixture
def record(loaded: MainWindow, tmp_path: Path, qtbot: QtBot) -> Path:
    """Return the record of a mask of 5 x 5 pixels in the open image, in a folder of its own."""
    path = tmp_path / "results" / "rows_mask.json"
    path.parent.mkdir()
    loaded.session.edits.set_mask(SQUARE, "edited by hand", "Draw")
    loaded.session.edits.set_region(Region(0, 100, 0, 120))
    wait_for_result(loaded.session, qtbot)
    loaded.session.edits.set_mask(SQUARE, "edited by hand", "Draw")
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({"json": path})
    return path


def open_record(window: MainWindow, path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.views.editor.file.said, timeout=20_000):
        window.open_paths([str(path)])


def test_a_record_that_was_cancelled_does_not_come_back(
    loaded: MainWindow, stack_file: Path, record: Path, qtbot: QtBot
):
    session, file = loaded.session, loaded.views.editor.file
    session.edits.drop_edit()  # an edit would come back with its file
    session.close_files()
    with qtbot.waitSignal(session.busy_changed):
        file.open_record(record)
    session.cancel()
    qtbot.waitUntil(lambda: file._waiting is None)
    loaded.open_paths([str(stack_file)])
    wait_for_result(session, qtbot)
    QApplication.processEvents()
    assert session.state.edit is None


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("other_is_open", [False, True])
def test_a_record_opens_its_own_image(
    moved: bool,
    other_is_open: bool,
    loaded: MainWindow,
    stack_file: Path,
    record: Path,
    qtbot: QtBot,
):
    if other_is_open:
        np.save(stack_file.with_name("other.npy"), noise((4, 96, 96)))
        loaded.open_paths([str(stack_file.with_name("other.npy"))])
        wait_for_result(loaded.session, qtbot)
    else:
        loaded.session.close_files()
    image = stack_file.rename(record.with_name(stack_file.name)) if moved else stack_file
    open_record(loaded, record, qtbot)
    state = loaded.session.state
    assert state.paths == (image,)
    assert state.region == Region(0, 100, 0, 120)
    assert state.mask == SQUARE
    assert "from rows_mask.json" in loaded.headline.how_sure.text()
    said = loaded.statusBar().currentMessage()
    assert said == f"rows_mask.json opened its own image, rows.npy in {image.parent}."
    assert not loaded.headline.error.isVisible()


def test_a_record_opens_the_copy_beside_it_of_an_image_that_is_gone(
    loaded: MainWindow, stack_file: Path, record: Path, qtbot: QtBot
):
    copy = stack_file.rename(record.with_name(stack_file.name))  # under the open window
    open_record(loaded, record, qtbot)
    assert loaded.session.state.paths == (copy,)
    assert loaded.session.state.mask == SQUARE


def test_a_long_name_is_that_of_the_open_image(
    loaded: MainWindow, stack_file: Path, tmp_path: Path, qtbot: QtBot
):
    loaded.session.close_files()
    image = stack_file.rename(stack_file.with_name("x" * 120 + ".npy"))
    loaded.open_paths([str(image)])
    wait_for_result(loaded.session, qtbot)
    path = tmp_path / "m.npy"
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({"json": path.with_suffix(".json"), "npy": path})
    open_record(loaded, path, qtbot)
    said = loaded.statusBar().currentMessage()
    assert said == "m.npy holds the mask that is shown already."


def test_a_record_may_be_opened_together_with_its_image(
    loaded: MainWindow, stack_file: Path, record: Path, qtbot: QtBot
):
    loaded.session.close_files()
    with qtbot.waitSignal(loaded.views.editor.file.said, timeout=20_000):
        loaded.open_paths([str(stack_file), str(record)])
    assert loaded.session.state.paths == (stack_file,)
    assert loaded.session.state.mask == SQUARE


def test_a_record_whose_image_is_missing_says_what_to_do(
    loaded: MainWindow, stack_file: Path, record: Path, qtbot: QtBot
):
    other = stack_file.rename(stack_file.with_name("other.npy"))
    said = f"rows_mask.json: belongs to rows.npy, which is neither at {stack_file} nor beside the"
    for image, then in (
        (None, "open that image, then the record."),
        (other, "to see the mask on other.npy all the same, choose Edit › Open a mask…"),
    ):
        loaded.session.close_files()
        if image is not None:
            loaded.open_paths([str(image)])
            wait_for_result(loaded.session, qtbot)
        before = loaded.session.state.mask
        with qtbot.waitSignal(loaded.session.failed):
            loaded.open_paths([str(record)])
        assert loaded.session.state.error.startswith(said)
        assert loaded.session.state.error.endswith(then)
        assert loaded.session.state.mask is before


def test_a_mask_of_another_image_that_is_the_same_says_so(
    loaded: MainWindow, tmp_path: Path, qtbot: QtBot
):
    path = tmp_path / "m.npy"
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({"json": path.with_suffix(".json"), "npy": path})
    beside = path.with_suffix(".json")
    beside.write_text(beside.read_text("utf-8").replace("rows.npy", "other.tif"), "utf-8")
    open_record(loaded, path, qtbot)
    assert loaded.session.state.edit is None
    assert loaded.statusBar().currentMessage() == (
        "m.npy holds the mask that is shown already; it was measured on other.tif."
    )


def test_a_single_row_is_drawn_with_room_above_and_below(loaded: MainWindow):
    loaded.session.edits.set_mask(
        Mask(np.ones((1, 19), dtype=bool)), "from row.npy", "Open row.npy"
    )
    codes = loaded.views.mask_view.codes
    assert codes is not None
    assert codes.shape == (7, 19)
    assert codes[3].all()
    assert not codes[:3].any()


def test_a_file_that_is_no_mask_is_a_sentence(loaded: MainWindow, tmp_path: Path, qtbot: QtBot):
    path = tmp_path / "volume.npy"
    np.save(path, np.zeros((3, 3, 3)))
    before = loaded.session.state.mask
    with qtbot.waitSignal(loaded.session.failed) as said:
        loaded.views.editor.file.open(path)
    assert "volume.npy" in said.args[0]
    assert loaded.session.state.mask == before


def test_a_mask_too_large_to_grow_is_a_sentence(loaded: MainWindow):
    wide = np.zeros((1, 2 * morphology.LARGEST_REACH + 1), dtype=bool)
    wide[0, morphology.LARGEST_REACH] = True
    loaded.session.edits.set_mask(Mask(wide), "edited by hand", "Draw")
    loaded.views.editor.apply("grow")
    assert str(morphology.LARGEST_REACH) in loaded.session.state.error


def test_a_mask_larger_than_the_frames_cannot_be_used(loaded: MainWindow):
    loaded.session.edits.set_mask(Mask(np.ones((1, 161), dtype=bool)), "from m.npy", "Open")
    said = "The mask is larger than the frames (160 x 128 pixels): it cannot be used"
    assert said in loaded.headline.how_sure.text().replace("\N{NO-BREAK SPACE}", " ")
    assert said in loaded.session.doubt


@pytest.mark.parametrize("tune", [True, False])
def test_the_mask_has_room_while_it_is_edited(loaded: MainWindow, qtbot: QtBot, tune: bool):
    loaded.set_tune(tune)
    loaded.show_panel("compare")
    qtbot.wait(1)
    view = loaded.views.mask_view
    before = view.canvas.size()
    loaded.views.editor.set_on(True)
    qtbot.waitUntil(lambda: view.canvas.height() > 170)
    qtbot.waitUntil(lambda: view.box.height() / view.content.height() >= 10)
    assert loaded.size() == QSize(*SIZE)
    loaded.views.editor.set_on(False)
    qtbot.waitUntil(lambda: view.canvas.height() <= before.height())

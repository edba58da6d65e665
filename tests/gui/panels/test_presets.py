from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.parameters.remedies import REMEDIES, apply_remedy
from structmask_gui.gui.panels.presets import PresetsPanel
from structmask_gui.gui.widgets.find_command import found, plain
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.presets.library import PresetFolder
from structmask_gui.io.presets.preset import Preset, built_in_presets, load_preset


@pytest.fixture
def panel(window: MainWindow) -> PresetsPanel:
    return window.show_panel("presets")


def choose(panel: PresetsPanel, name: str) -> None:
    row = next(i for i in range(panel.combo.count()) if panel.combo.itemText(i).startswith(name))
    panel.combo.setCurrentIndex(row)
    panel.combo.activated.emit(row)


def listed(panel: PresetsPanel) -> list[str]:
    return [panel.combo.itemText(i) for i in range(panel.combo.count()) if panel.combo.itemData(i)]


def answer(kind: type[Any]) -> Any:
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    assert len(found) == 1
    return found[0]


def test_all_built_in_presets_are_there_and_apply(panel: PresetsPanel, window: MainWindow):
    assert listed(panel) == [preset.name for preset in built_in_presets()]
    for preset in built_in_presets():
        choose(panel, preset.name)
        assert preset.apply(window.session.state.parameters) == window.session.state.parameters
        assert panel.description.text() == preset.description
        assert not panel.modified.isVisible()
        assert not panel.actions_by_name["rename"].isEnabled()


def test_presets_are_loaded_from_the_menu_and_found_as_commands(
    panel: PresetsPanel, window: MainWindow
):
    panel.save_named("mine & yours")
    choose(panel, "fine")
    menu = window.menus.menu("&Presets/&Load")
    menu.aboutToShow.emit()
    assert [plain(one.text()) for one in menu.actions() if one.isChecked()] == ["fine"]
    assert all(one.actionGroup().isExclusive() for one in menu.actions())
    names = [one.text().replace("&&", "&") for one in menu.actions()]
    assert names == listed(panel)
    next(one for one in menu.actions() if one.text() == "coarse").trigger()
    assert window.session.state.preset is not None
    assert window.session.state.preset.name == "coarse"
    command = found(window.all_commands(), "load strong")[0]
    command.action.trigger()
    assert window.session.state.preset.name == "strong"
    assert panel.combo.currentText() == "strong"


def test_a_change_shows_the_mark_and_undo_takes_it_away(panel: PresetsPanel, window: MainWindow):
    choose(panel, "fine")
    window.session.edits.set_parameter("center_size", 9)
    assert panel.modified.isVisible()
    assert panel.combo.currentText() == "fine"
    window.session.history.undo()
    assert not panel.modified.isVisible()


def test_a_preset_is_saved_and_saved_again(panel: PresetsPanel, window: MainWindow):
    window.session.edits.set_parameter("center_size", 17)
    panel.save()
    box = answer(QInputDialog)
    box.setTextValue("scan lines")
    box.accept()
    own, problems = PresetFolder().read()
    assert problems == []
    assert [preset.name for preset in own] == ["scan lines"]
    assert own[0].parameters["center_size"] == 17
    assert panel.combo.currentText() == "scan lines"
    window.session.edits.set_parameter("center_size", 19)
    assert panel.modified.isVisible()
    panel.save_button.click()
    assert PresetFolder().read()[0][0].parameters["center_size"] == 19
    assert not panel.modified.isVisible()


def test_undo_takes_the_name_of_a_preset_back_with_its_settings(
    panel: PresetsPanel, window: MainWindow
):
    session = window.session
    session.edits.set_parameter("center_size", 17)
    panel.save_named("first")
    session.edits.set_parameter("center_size", 19)
    panel.save_named("second")
    choose(panel, "first")
    choose(panel, "second")
    session.history.undo()
    assert session.state.parameters.center_size == 17
    assert panel.combo.currentText() == "first"
    assert not panel.modified.isVisible()
    assert not panel.save_button.isEnabled()
    session.history.redo()
    assert panel.combo.currentText() == "second"
    # What was saved into it since counts.
    session.edits.set_parameter("center_size", 21)
    panel.save_button.click()
    session.history.undo()
    session.history.undo()
    session.history.redo()
    assert panel.combo.currentText() == "second"
    assert panel.modified.isVisible()


def test_a_deleted_preset_does_not_come_back_by_undo(panel: PresetsPanel, window: MainWindow):
    panel.save_named("gone")
    choose(panel, "fine")
    choose(panel, "gone")
    panel.presets.use_at_start(True)
    panel.presets.delete()
    assert window.settings.default_preset == ""
    window.session.history.undo()
    window.session.history.undo()
    assert panel.save_button.text() == "Save as…"
    assert not panel.actions_by_name["delete"].isEnabled()
    panel.save()
    answer(QInputDialog).reject()
    assert PresetFolder().read()[0] == []


def test_a_taken_name_is_asked_about(panel: PresetsPanel, window: MainWindow):
    panel.save_named("mine")
    window.session.edits.set_parameter("center_size", 17)
    panel.save_named("Mine")
    box = answer(QMessageBox)
    assert PresetFolder().read()[0][0].parameters["center_size"] == 10
    next(b for b in box.buttons() if b.text() == "Replace").click()
    own, _ = PresetFolder().read()
    assert len(own) == 1
    assert own[0].parameters["center_size"] == 17


def test_the_name_of_a_built_in_preset_is_refused_with_a_sentence(
    panel: PresetsPanel, window: MainWindow
):
    panel.save_named("fine")
    assert "built-in" in window.session.state.error
    assert PresetFolder().read()[0] == []


def test_rename_duplicate_delete(panel: PresetsPanel, window: MainWindow):
    panel.save_named("one")
    panel.rename()
    box = answer(QInputDialog)
    box.setTextValue("two")
    box.accept()
    assert listed(panel)[-1] == "two"
    panel.presets.duplicate()
    assert listed(panel)[-2:] == ["two", "two copy"]
    assert panel.combo.currentText() == "two copy"
    panel.delete()
    next(b for b in answer(QMessageBox).buttons() if b.text() == "Delete").click()
    assert listed(panel)[-1] == "two"
    assert panel.combo.currentText() == "default"  # which these parameters are
    assert window.session.state.parameters == Parameters()


def test_export_and_import(panel: PresetsPanel, window: MainWindow, tmp_path: Path):
    choose(panel, "coarse")
    window.session.edits.set_parameter("center_size", 23)
    panel.presets.export(str(tmp_path / "shared.json"))
    written = load_preset(tmp_path / "shared.json")
    assert written.name == "coarse modified"
    assert written.parameters["center_size"] == 23
    choose(panel, "fine")
    panel.presets.import_files([str(tmp_path / "shared.json")])
    assert panel.combo.currentText() == "coarse modified"
    assert window.session.state.parameters.center_size == 23


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "p.json"),
        ('{"format": "other"}', "p.json"),
        (
            '{"format": "structmask-preset", "version": 99, "name": "x", "parameters": {}}',
            "version",
        ),
    ],
)
def test_a_file_that_is_no_preset_is_a_sentence(
    panel: PresetsPanel, window: MainWindow, tmp_path: Path, text: str, words: str
):
    (tmp_path / "p.json").write_text(text)
    before = listed(panel)
    panel.presets.import_files([str(tmp_path / "p.json")])
    assert words in window.session.state.error
    assert listed(panel) == before


def test_a_preset_with_bad_values_says_what_was_replaced(
    panel: PresetsPanel, window: MainWindow, tmp_path: Path
):
    values = {"center_size": 5000, "no_such": 1, "base_percentile": 33}
    (tmp_path / "p.json").write_text(
        json.dumps({"format": "structmask-preset", "version": 1, "name": "x", "parameters": values})
    )
    panel.presets.import_files([str(tmp_path / "p.json")])
    assert window.session.state.parameters.base_percentile == 33
    assert window.session.state.parameters.center_size == 10
    assert "5000" in window.session.state.error
    assert "no_such" in window.session.state.error


def test_a_damaged_file_in_the_folder_leaves_the_others(panel: PresetsPanel, window: MainWindow):
    panel.save_named("good")
    (panel.presets.folder / "bad.json").write_text("{")
    panel.reload()
    assert "good" in listed(panel)
    assert (panel.presets.folder / "bad.json").read_text() == "{"


def test_a_preset_of_another_window_appears(panel: PresetsPanel):
    PresetFolder().save(Preset.of("from outside", Parameters()))
    panel.reload()
    assert "from outside" in listed(panel)


def test_a_folder_that_cannot_be_written_is_a_sentence(
    panel: PresetsPanel, window: MainWindow, tmp_path: Path
):
    (tmp_path / "file").write_text("")
    panel.presets._folder = PresetFolder(tmp_path / "file" / "presets")
    panel.save_named("mine")
    assert window.session.state.error


def test_the_preset_at_start(panel: PresetsPanel, window: MainWindow):
    choose(panel, "fine")
    panel.actions_by_name["default"].trigger()
    assert window.settings.default_preset == "fine"
    assert "fine (at start)" in listed(panel)
    assert panel.combo.currentText() == "fine (at start)"
    panel.actions_by_name["default"].trigger()
    assert window.settings.default_preset == ""


def test_remedies_show_and_do_what_they_change(panel: PresetsPanel, window: MainWindow):
    assert set(panel.remedies) == set(REMEDIES)
    for name, button in panel.remedies.items():
        expected = apply_remedy(window.session.state.parameters, name)
        QApplication.sendEvent(button, QEvent(QEvent.Type.Enter))
        assert panel.effect.text().startswith(expected.text)
        assert panel.effect.text().endswith(expected.otherwise)
        QApplication.sendEvent(button, QEvent(QEvent.Type.Leave))
        assert "Point at a button" in panel.effect.text()
        button.click()
        assert window.session.state.parameters == expected.parameters
        assert window.session.history.undo_text == REMEDIES[name].text


def test_remedies_belong_to_the_published_method(panel: PresetsPanel, window: MainWindow):
    window.session.edits.set_parameter("method", "statistical")
    assert not any(button.isEnabled() for button in panel.remedies.values())
    assert not panel.effect.isVisible()
    assert not any(window.actions_by_id[name].isEnabled() for name in REMEDIES)
    window.session.edits.set_parameter("method", "ring")
    assert panel.effect.isVisible()
    assert all(button.isEnabled() for button in panel.remedies.values())
    assert all(window.actions_by_id[name].isEnabled() for name in REMEDIES)


def test_of_the_other_method_its_own_preset_is_shown(panel: PresetsPanel, window: MainWindow):
    panel.presets.apply_named("automatic")
    window.session.edits.set_parameter("q", 0.2)
    assert panel.combo.currentText() == "automatic"
    assert panel.modified.isVisible()
    window.session.edits.set_parameters({"method": "ring", "center_size": 13})
    assert panel.combo.currentText() == "default"
    assert panel.modified.isVisible()
    window.session.history.undo()
    assert panel.combo.currentText() == "automatic"
    assert panel.description.text()


def test_automatic_is_one_choice_wherever_it_is_made(panel: PresetsPanel, window: MainWindow):
    choose(panel, "automatic")
    by_preset = window.session.state.parameters
    window.session.edits.set_parameter("method", "ring")
    window.session.edits.set_preset(None)
    assert panel.combo.currentText() == "default"
    assert panel.description.isVisible()
    rows = window.panel("parameters").rows
    rows["method"].buttons["statistical"].click()
    assert window.session.state.parameters == by_preset
    assert panel.combo.currentText() == "automatic"
    assert not panel.description.isVisible()
    sources = rows["source"].combo
    assert "Automatic" not in [sources.itemText(n) for n in range(sources.count())]
    window.session.edits.set_parameter("rho_min", 0.2)
    assert panel.combo.currentText() == "automatic"
    assert panel.modified.isVisible()


def test_tuning_after_another_method_was_chosen_keeps_preset_and_places(
    panel: PresetsPanel, window: MainWindow
):
    choose(panel, "automatic")
    window.panel("parameters").rows["method"].buttons["ring"].click()
    assert panel.combo.currentText() == "default"
    assert not panel.modified.isVisible()
    QApplication.processEvents()
    place = panel.remedies["no_pattern_found"].y()
    window.session.edits.set_parameter("center_ratio_threshold", 0.1)
    QApplication.processEvents()
    assert panel.combo.currentText() == "default"
    assert panel.modified.isVisible()
    assert panel.remedies["no_pattern_found"].y() == place
    panel.save_named("my rings")
    QApplication.processEvents()
    assert panel.combo.currentText() == "my rings"
    assert panel.remedies["no_pattern_found"].y() == place
    window.panel("parameters").rows["method"].buttons["statistical"].click()
    assert panel.combo.currentText() == "automatic"
    window.panel("parameters").rows["method"].buttons["ring"].click()
    assert panel.combo.currentText() == "my rings"


def test_what_a_remedy_changes_has_its_room(panel: PresetsPanel, window: MainWindow):
    window.resize(1280, 800)
    for button in panel.remedies.values():
        QApplication.sendEvent(button, QEvent(QEvent.Type.Enter))
        QApplication.processEvents()
        needed = panel.effect.heightForWidth(panel.effect.width())
        assert needed <= panel.effect.minimumHeight()


def test_the_list_marks_the_present_preset_and_the_window_gets_no_wider(
    panel: PresetsPanel, window: MainWindow
):
    def marked() -> list[str]:
        size = panel.combo.iconSize()
        images = [
            panel.combo.itemIcon(i).pixmap(size).toImage() for i in range(panel.combo.count())
        ]
        # Of the others the room is empty.
        return [
            panel.combo.itemText(i)
            for i, image in enumerate(images)
            if any(image.pixelColor(x, image.height() // 2).alpha() for x in range(image.width()))
        ]

    choose(panel, "fine")
    assert marked() == ["fine"]
    choose(panel, "coarse")
    assert marked() == ["coarse"]
    wide = panel.minimumSizeHint().width()
    panel.combo.addItem("a preset with a name of many letters, as one gives it", None)
    assert panel.minimumSizeHint().width() == wide
    panel.reload()


def test_the_mark_of_the_list_follows_the_palette(
    panel: PresetsPanel, window: MainWindow, qtbot: QtBot
):
    choose(panel, "fine")
    row = panel.combo.currentIndex()
    before = panel.combo.itemIcon(row).pixmap(16, 16).toImage()
    window.theme.choose("dark")
    qtbot.waitUntil(lambda: panel.combo.itemIcon(row).pixmap(16, 16).toImage() != before)
    window.theme.choose("light")


def test_a_remedys_tooltip_is_its_name_and_its_key(panel: PresetsPanel):
    tips = [button.toolTip() for button in panel.remedies.values()]
    names = [one.text for one in REMEDIES.values()]
    assert tips == [f"{name} (Ctrl+{number})" for number, name in enumerate(names, 1)]

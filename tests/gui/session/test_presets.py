"""The presets of a session, without the panel that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from structmask_gui.gui.desktop.settings import Settings
from structmask_gui.gui.session.presets import Presets
from structmask_gui.gui.session.session import Session
from structmask_gui.io.presets.library import PresetFolder
from structmask_gui.io.presets.preset import load_preset


@pytest.fixture
def presets(session: Session, tmp_path: Path) -> Presets:
    return Presets(session, Settings(), PresetFolder(tmp_path / "presets"), session)


def own(presets: Presets) -> list[str]:
    return [preset.name for preset in presets.all() if not preset.built_in]


def test_a_preset_from_its_beginning_to_its_end(presets: Presets, session: Session, tmp_path: Path):
    said: list[str] = []
    presets.said.connect(said.append)
    session.edits.set_parameter("center_size", 17)
    presets.save("one", "about it")
    presets.use_at_start(True)
    presets.rename("two")
    assert own(presets) == [presets.at_start] == ["two"]
    presets.duplicate()
    assert own(presets) == ["two", "two copy"]
    presets.delete()
    presets.apply_named("default")
    assert presets.own_named(" TWO ") is not None
    assert presets.apply_named("two")
    assert session.state.parameters.center_size == 17
    assert presets.proposed == Path.home() / "two.structmask-preset"
    presets.export(str(tmp_path / "shared.json"))
    assert load_preset(tmp_path / "shared.json").description == "about it"
    presets.delete()
    assert (own(presets), presets.at_start) == ([], "")
    presets.import_files([str(tmp_path / "shared.json")])
    assert own(presets) == ["two"]
    assert not presets.apply_named("one")
    assert said[0] == "Saved as preset one."
    assert said[-1] == "There is no preset one any more."


def test_without_a_chosen_preset_nothing_is_renamed_copied_or_deleted(presets: Presets):
    for act in (lambda: presets.rename("any"), presets.duplicate, presets.delete):
        act()
    assert own(presets) == []

"""What comes with the program is found from a checkout, a wheel and a bundle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.io.files import locations
from structmask_gui.io.files.locations import resource


def test_files_of_a_checkout() -> None:
    assert json.loads(resource("presets/default.json").read_text())["name"] == "default"
    assert resource("presets").is_dir()
    assert (resource() / "presets").samefile(resource("presets"))


def test_files_inside_the_package_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an installed wheel and in a bundle, where there is no folder beside the package."""
    package = tmp_path / "structmask_gui"
    (package / "resources" / "presets").mkdir(parents=True)
    (package / "resources" / "presets" / "default.json").write_text("{}")
    monkeypatch.setattr(locations, "files", lambda _: package)
    assert resource("presets/default.json") == package / "resources" / "presets" / "default.json"


def test_a_missing_file_is_a_broken_installation() -> None:
    with pytest.raises(InputError, match=r"none.png is missing from the installation"):
        resource("none.png")

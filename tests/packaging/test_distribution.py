"""Version resource, icons, licences, desktop files, the self-extracting file."""

from __future__ import annotations

import configparser
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import xml.etree.ElementTree as ElementTree
from importlib import metadata
from pathlib import Path

import bundle
import icons
import licences
import pytest
import version_info
from PIL import Image

from structmask_gui.gui.desktop import licences as shown
from structmask_gui.gui.desktop.places import PRESET_SUFFIX
from structmask_gui.gui.window import help_dialogs
from structmask_gui.io.files.locations import resource
from structmask_gui.version import __version__
from tests.packaging.conftest import PACKAGING

LINUX = PACKAGING / "linux"
with_xz = pytest.mark.skipif(shutil.which("xz") is None, reason="has no xz")
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="made for Linux")


@pytest.mark.parametrize(
    ("version", "numbers", "flags"),
    [("1.2", "(1, 2, 0, 0)", "0x0"), ("2.0.1rc3", "(2, 0, 1, 0)", "0x2")],
)
def test_version_resource(version: str, numbers: str, flags: str):
    text = version_info.version_text(version)
    assert f"filevers={numbers}, prodvers={numbers}, mask=0x3F, flags={flags}" in text
    assert text.count(f'"{version}"') == 2


def test_what_is_no_version_is_refused():
    with pytest.raises(ValueError, match="no version"):
        version_info.version_text("next")


def test_icons_in_all_forms(qapp, tmp_path: Path):
    icons.make(tmp_path)
    with Image.open(tmp_path / "app.ico") as picture:
        assert {(s, s) for s in icons.SIZES if s <= 256} == picture.ico.sizes()
    with Image.open(tmp_path / "app.icns") as picture:
        assert (512, 512, 2) in picture.info["sizes"]
    for size in icons.SIZES:
        with Image.open(tmp_path / f"app-{size}.png") as picture:
            assert picture.size == (size, size)
            # The corners are round, and the middle pixel of the mask is the bright one.
            assert picture.getpixel((0, 0))[3] < 128
            red, _, blue, _ = picture.getpixel((size // 2, size // 2))
            assert red > blue


def test_every_licence_is_found():
    # Of the group "package", which only building needs; the bundle test looks again.
    pytest.importorskip("PyInstaller")
    pytest.importorskip("material")
    pytest.importorskip("mkdocstrings_handlers")
    text = licences.everything(["numpy.linalg", "PySide6.QtCore", "tifffile"], [])
    for name in ("numpy", "PySide6_Essentials", "tifffile", "pyinstaller"):
        assert f"\n{name} {metadata.version(name)}" in text
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in text
    assert "OpenBLAS" in text
    assert "lunr.js" in text
    assert "Apache License" in text
    names = [name for name, _ in shown.headings(text)]
    assert f"numpy {metadata.version('numpy')}" in names
    assert "Scripts of the guide" in names
    assert all(text[place:].startswith(f"{shown.RULE}\n") for _, place in shown.headings(text))
    assert "structmask" not in text.lower().replace("structmask is free software", "")


def test_a_part_without_a_licence_is_not_shipped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(licences, "licence_files", lambda distribution: [])
    with pytest.raises(LookupError, match="tifffile"):
        licences.package_text(metadata.distribution("tifffile"))


def test_from_source_the_parts_are_named():
    text = shown.third_party_text()
    project = tomllib.loads((PACKAGING.parent / "pyproject.toml").read_text(encoding="utf-8"))
    for requirement in project["project"]["dependencies"]:
        name = re.split("[>=;]", requirement)[0]
        assert f"{name} {metadata.version(name)}: " in text
    assert "not installed" not in text
    assert "BSD 3-Clause" in shown.own_text()


# Said by the offscreen platform of every window.
offscreen = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@offscreen
def test_the_licences_dialog_goes_to_a_part(qtbot, monkeypatch: pytest.MonkeyPatch):
    parts = [licences.part(f"part {n} (MIT)", "words\n" * 200) for n in range(3)]
    monkeypatch.setattr(shown, "third_party_text", lambda: "\n".join(parts))
    dialog = help_dialogs.LicencesDialog(None)
    qtbot.addWidget(dialog)
    dialog.show()
    names = [dialog.parts.itemText(n) for n in range(dialog.parts.count())]
    assert names == ["StructMask", "part 0", "part 1", "part 2"]
    for number in (2, 1, 0):
        dialog.parts.setCurrentIndex(number)
        place = dialog.parts.itemData(number)
        assert dialog._edit.firstVisibleBlock().text() == dialog.text[place:].partition("\n")[0]


@offscreen
def test_from_source_there_is_no_list_of_parts(qtbot):
    dialog = help_dialogs.LicencesDialog(None)
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.parts.isVisible()
    assert "BSD 3-Clause" in dialog.text


def test_only_pages_pictures_and_english_search_of_the_guide_are_shipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    kept = ["index.html", "images/a.png", "search/search_index.js", "assets/bundle.1a.min.js"]
    left = ["404.html", "sitemap.xml.gz", "assets/bundle.js.map", "lunr/min/lunr.de.min.js"]

    def build(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        assert "--strict" in command
        for name in kept + left:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("x")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(bundle.subprocess, "run", build)
    monkeypatch.setattr(bundle, "find_spec", lambda name: name)
    folder = bundle.build_guide(tmp_path)
    files = [str(p.relative_to(folder).as_posix()) for p in folder.rglob("*") if p.is_file()]
    assert sorted(files) == sorted(kept)
    monkeypatch.setattr(bundle, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="group docs"):
        bundle.build_guide(tmp_path)


def test_desktop_file_and_the_ending_of_presets():
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(LINUX / "structmask.desktop", encoding="utf-8")
    entry = parser["Desktop Entry"]
    assert entry["Type"] == "Application"
    assert entry["Icon"] == "structmask"
    mime = ElementTree.parse(LINUX / "structmask-preset.xml").getroot()
    kind = mime[0].attrib["type"]
    assert kind in entry["MimeType"].split(";")
    glob = next(e for e in mime.iter() if e.tag.endswith("glob"))
    assert glob.attrib["pattern"] == f"*{PRESET_SUFFIX}"
    about = ElementTree.parse(LINUX / "structmask.metainfo.xml").getroot()
    assert about.findtext("launchable") == "structmask.desktop"
    for path in ("structmask.spec", "windows/structmask.iss"):
        assert PRESET_SUFFIX.lstrip(".") in (PACKAGING / path).read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder like that of the bundle, with a script for a program."""
    made = tmp_path / 'a "strange" $place' / "StructMask"
    made.mkdir(parents=True)
    program = made / "StructMask"
    program.write_text('#!/bin/sh\necho "started with $# arguments: $*"\n')
    program.chmod(0o755)
    for script in ("install.sh", "uninstall.sh"):
        (made / script).write_bytes((LINUX / script).read_bytes())
        (made / script).chmod(0o755)
    for source, target in (
        ("structmask.desktop", "share/applications/structmask.desktop"),
        ("structmask-preset.xml", "share/mime/packages/structmask-preset.xml"),
    ):
        (made / target).parent.mkdir(parents=True)
        (made / target).write_bytes((LINUX / source).read_bytes())
    icon = made / "share/icons/hicolor/48x48/apps/structmask.png"
    icon.parent.mkdir(parents=True)
    icon.write_bytes(b"icon")
    return made


def call(*command: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@on_linux
def test_install_and_uninstall(folder: Path, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    assert call(folder / "install.sh", home=home).returncode == 0
    lines = (home / ".local/share/applications/structmask.desktop").read_text().splitlines()
    (exec_line,) = [line for line in lines if line.startswith("Exec=")]
    escaped = str(folder / "StructMask").replace('"', r"\\" + '"').replace("$", r"\\$")
    assert exec_line == f'Exec="{escaped}" %F'
    assert not any(line.startswith("TryExec=") for line in lines)
    done = call(home / ".local/bin/structmask", "a b", "c", home=home)
    assert done.stdout == "started with 2 arguments: a b c\n"
    assert (home / ".local/share/icons/hicolor/48x48/apps/structmask.png").exists()
    assert call(folder / "uninstall.sh", home=home).returncode == 0
    assert [p for p in home.rglob("*structmask*") if p.is_file() or p.is_symlink()] == []


@on_linux
def test_a_missing_tool_is_said_before_the_bundle_is_built(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "xz" else f"/bin/{name}")
    bundle.check_tools(packing=False)
    with pytest.raises(SystemExit, match=r"error: xz is needed .* apt-get install xz-utils"):
        bundle.check_tools(packing=True)


@on_linux
@with_xz
def test_self_extracting_file(folder: Path, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    archive = tmp_path / "StructMask-9-linux.tar.xz"
    bundle.pack(folder, archive)
    program = bundle.self_extracting(archive)
    assert program.name == "StructMask-9-linux.run"
    for turn in (1, 2):
        done = call(program, "extract", "a b.tif", home=home)
        assert done.stdout == "started with 2 arguments: extract a b.tif\n"
        assert ("unpacked" in done.stderr) == (turn == 1)
    unpacked = list((home / ".local/share/structmask-app").iterdir())
    assert [path.name.startswith(f"{__version__}-") for path in unpacked] == [True]
    assert call(program, "--remove", home=home).returncode == 0
    assert not (home / ".local/share/structmask-app").exists()
    contents = bytearray(program.read_bytes())
    contents[-20] ^= 255
    program.write_bytes(contents)
    done = call(program, home=home)
    assert done.returncode == 2
    assert done.stderr == "error: this file is damaged; download it again.\n"
    assert list((home / ".local/share/structmask-app").iterdir()) == []


@on_linux
@with_xz
def test_the_same_folder_makes_the_same_archive(folder: Path, tmp_path: Path):
    first, second = tmp_path / "1.tar.xz", tmp_path / "2.tar.xz"
    bundle.pack(folder, first)
    os.utime(folder / "StructMask", (1, 1))
    bundle.pack(folder, second)
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(first.read_bytes())) as tar:
        assert "StructMask/StructMask" in tar.getnames()


@on_linux
def test_checksums(tmp_path: Path):
    (tmp_path / "a.run").write_bytes(b"a")
    (tmp_path / "b.zip").write_bytes(b"b")
    (tmp_path / "notes.txt").write_bytes(b"c")
    bundle.write_checksums(tmp_path)
    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == ["a.run", "b.zip"]
    done = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=tmp_path, check=False)
    assert done.returncode == 0


def test_the_drawings_are_there():
    assert resource("icons/app-small.svg").exists()
    assert resource("icons/structmask.svg").exists()

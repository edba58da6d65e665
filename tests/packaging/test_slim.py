"""What is taken out of the collected folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import slim


def entry(name: str, kind: str = "BINARY") -> slim.Entry:
    return (name, f"/from/{name}", kind)


def test_what_no_widget_needs_is_left_out():
    kept = [
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6/Qt/plugins/platforms/libqwayland.so",
        "PySide6\\plugins\\platforms\\qwindows.dll",
        "PySide6/Qt/plugins/platforms/libqcocoa.dylib",
        "PySide6/Qt/plugins/imageformats/libqsvg.so",
        "PySide6/Qt/plugins/imageformats/libqico.so",
        "imagecodecs/_webp.abi3.so",
    ]
    left = [
        "PySide6/Qt/translations/qtbase_de.qm",
        "PySide6\\translations\\qtbase_de.qm",
        "PySide6/Qt/plugins/platforms/libqvnc.so",
        "PySide6\\plugins\\imageformats\\qwebp.dll",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6\\opengl32sw.dll",
    ]
    found = slim.wanted([entry(name) for name in [*kept, *left]])
    assert [name for name, _, _ in found] == kept


def test_libraries_that_nothing_needs_any_more_go(monkeypatch):
    wants = {
        "/from/a/module.so": {"liba.so.1", "libc.so.6"},
        "/from/liba.so.1": {"libb.so.2"},
        "/from/libgone.so.1": {"libalso_gone.so"},
        "/from/Qt/plugins/platforms/libqxcb.so": {"libxcb.so.1"},
    }
    monkeypatch.setattr(slim, "needed", lambda library: wants.get(library, set()))
    entries = [
        entry("a/module.so", "EXTENSION"),
        entry("Qt/plugins/platforms/libqxcb.so"),
        entry("liba.so.1"),
        entry("deep/libb.so.2"),
        entry("libb.so.2", "SYMLINK"),
        entry("libxcb.so.1"),
        entry("libgone.so.1"),
        entry("libalso_gone.so"),
        entry("libgone.so.1", "SYMLINK"),
    ]
    kept = slim.reachable(entries)
    assert [e[0] for e in kept] == [
        *("a/module.so", "Qt/plugins/platforms/libqxcb.so", "liba.so.1", "deep/libb.so.2"),
        *("libb.so.2", "libxcb.so.1"),
    ]


@pytest.mark.skipif(shutil.which("strip") is None, reason="has no strip")
def test_debugging_symbols_go_and_modules_of_one_name_stay_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    source = tmp_path / "module.so"
    source.write_bytes(b"with symbols")
    asked: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda words, **_: asked.append(words))
    names = ["numcodecs/zstd.so", "lib-dynload/zstd.so", "h5py/h5.so"]
    found = slim.stripped([(name, str(source), "EXTENSION") for name in names], tmp_path / "out")
    assert [name for name, _, _ in found] == names
    copies = [Path(place) for _, place, _ in found]
    assert copies[2] == source
    assert len(set(copies)) == 3
    assert [Path(words[-1]) for words in asked] == copies[:2]
    assert all(copy.read_bytes() == b"with symbols" for copy in copies)

"""Pasted paths, and names and paths that are too long."""

from __future__ import annotations

import errno
import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.atomic import make_folder, write_atomic
from structmask_gui.io.files.paths import (
    allow_open_files,
    exists,
    is_file,
    is_folder,
    naming,
    pasted_path,
)
from structmask_gui.io.open import open_stack

LONG = "x" * 300
DEEP = "/".join(["y" * 100] * 60)


def test_more_files_may_be_open_than_the_usual_limit() -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = min(soft, 256)
    most = 1000 if hard == resource.RLIM_INFINITY else hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
        allow_open_files(300)
        now = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert min(300, most) <= now[0] <= most
        assert now[1] == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_too_many_open_files_have_a_remedy() -> None:
    with (
        pytest.raises(InputError, match=r"^a\.tif cannot be read .*; allow more"),
        naming("a.tif"),
    ):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_what_exists_stays_as_it_is(tmp_path: Path) -> None:
    for name in (" a.tif ", "'b'", '"c"', "d\\ e"):
        path = tmp_path / name
        if os.name == "nt":
            continue
        path.touch()
        assert pasted_path(str(path)) == str(path)


@pytest.mark.parametrize(
    "around",
    [
        *('"{}"', "'{}'", "  {}", "{}\n", "\t{}\r\n", "“{}”", "<{}>", "' {} '", "{}"),
        # From the properties of a file in Windows, from PowerShell, with one mark left behind.
        *("\u202a{}", "\ufeff{}", "{}\u200b\n", '"\u202a{}\u202c"', '& "{}"', "& '{}'"),
        *('"{}', "{}'", "“{}"),
    ],
)
def test_quotes_spaces_and_line_breaks_around_a_path(around: str, tmp_path: Path) -> None:
    path = tmp_path / "a b.tif"
    path.touch()
    assert pasted_path(around.format(path)) == str(path)


def test_file_addresses(tmp_path: Path) -> None:
    path = tmp_path / "a b é#1.tif"
    path.touch()
    address = path.as_uri()
    assert "%20" in address
    for text in (address, f'"{address}"', f" {address}\n", address.replace("file:", "FILE:")):
        assert Path(pasted_path(text)) == path
    assert Path(pasted_path(address.replace("file://", "file://localhost"))) == path


@pytest.mark.skipif(os.name != "posix", reason="a terminal there writes no backslashes")
def test_a_backslash_before_a_space(tmp_path: Path) -> None:
    (tmp_path / "a b.tif").touch()
    assert pasted_path(f"{tmp_path}/a\\ b.tif") == f"{tmp_path}/a b.tif"
    (tmp_path / "a (1) & b's.tif").touch()
    assert pasted_path(f"{tmp_path}/a\\ \\(1\\)\\ \\&\\ b\\'s.tif") == f"{tmp_path}/a (1) & b's.tif"


@pytest.mark.skipif(os.name != "posix", reason="the home folder has another variable")
def test_a_path_from_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.tif").touch()
    assert pasted_path("~/a.tif") == f"{tmp_path}/a.tif"
    assert pasted_path("~/b.tif") == "~/b.tif"


@pytest.mark.parametrize("text", ["https://host/a b.zarr", "", "'", "a.tif", "scans/*.tif"])
def test_what_is_no_pasted_path_stays(text: str) -> None:
    assert pasted_path(text) == text


@pytest.mark.parametrize("name", [LONG, DEEP, "a\0b"], ids=["name", "path", "zero"])
def test_names_that_no_system_takes(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    assert not exists(path)
    assert not is_file(path)
    assert not is_folder(path)
    assert pasted_path(str(path)) == str(path)
    with pytest.raises(InputError, match="cannot be reached"):
        open_stack(path)
    with pytest.raises(InputError, match="cannot be written"):
        write_atomic(path, b"")
    with pytest.raises(InputError, match=r"cannot be made \("):
        make_folder(path)


@pytest.mark.parametrize("name", ["a b.tif", "it's (1).tif", "a#b?.tif", "ü%20.tif", "日本 &.tif"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_pasted_paths_of_unlike_programs(name: str, form: Any, tmp_path: Path) -> None:
    path = tmp_path / unicodedata.normalize(form, name)
    path.touch()
    text = str(path)
    address = path.as_uri()
    pasted = [
        f"{text}\u00a0",
        f"file://{text}",
        f"x-special/nautilus-clipboard\ncopy\n{address}\n",
        f"{address}\r\n{tmp_path}/another.tif\r\n",
        "'" + text.replace("'", "'\\''") + "'",
        *(unicodedata.normalize(other, text) for other in ("NFC", "NFD")),
        *(unicodedata.normalize(other, f'"{text}"\n') for other in ("NFC", "NFD")),
    ]
    for one in pasted:
        assert pasted_path(one) == text, one


@pytest.mark.parametrize("text", ["\u200b", " \ufeff\n", "a\nb", "file:", "'", "\0", '&"'])
def test_what_is_no_path_is_left_to_others(text: str) -> None:
    assert not exists(pasted_path(text))

"""Images that lie at an address: which are asked, and that reading them is as reading a folder."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.extract_files import ExtractionSettings, Input, extract_result
from structmask_gui.io.files import remote
from structmask_gui.io.files.remote import KINDS, check_address, find_certificates, remote_address
from structmask_gui.io.open import open_stack
from tests.served import served


def array() -> np.ndarray[Any, Any]:
    white = np.random.default_rng(1).normal(size=(3, 64, 66))
    return (1000 + 50 * (white[..., 2:] + white[..., 1:-1] + white[..., :-2])).astype(np.uint16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    zarr = pytest.importorskip("zarr")
    pytest.importorskip("aiohttp")
    zarr.save_array(str(tmp_path / "a.zarr"), array())
    return tmp_path


def test_addresses() -> None:
    assert remote_address(Path("https://host/a.zarr")) == "https://host/a.zarr"
    assert remote_address("s3://bucket/a.zarr") == "s3://bucket/a.zarr"
    for local in ("/a/b.tif", "C:/data/a.zarr", "C:\\data", "a:b.tif", "name.tif"):
        assert remote_address(local) is None


@pytest.mark.slow
def test_a_remote_image_is_read_like_a_folder(folder: Path) -> None:
    with served(folder) as (address, asked):
        with open_stack(f"{address}/a.zarr") as stack:
            assert stack.location == f"{address}/a.zarr"
            before = len(asked)
            np.testing.assert_array_equal(stack.read(1), array()[1])
            assert len(asked) > before
        settings = ExtractionSettings(Parameters(patch_size=32))
        far = extract_result([Input(Path(f"{address}/a.zarr"))], settings)
        near = extract_result([Input(folder / "a.zarr")], settings)
    assert far.mask == near.mask
    assert far.record.inputs[0].path == f"{address}/a.zarr"
    assert far.record.inputs[0].sha256 is None


@pytest.mark.slow
def test_what_is_not_there_is_a_sentence(folder: Path) -> None:
    with served(folder) as (address, _), pytest.raises(InputError, match="check the address"):
        open_stack(f"{address}/none.zarr")
    # Nobody listens there any more.
    with pytest.raises(InputError, match="check the address"):
        open_stack(f"{address}/a.zarr")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("reference://what/to/read.json", "begin with reference:// are not read"),
        ("ftp://host/a.zarr", "begin with ftp:// are not read"),
        ("github://owner:repo@main/a.zarr", "are not read"),
        ("memory://a.zarr", "are not read"),
        ("https://me:secret@host/a.zarr", "holds a password"),
        ("https://secret@host/a.zarr", "or a key"),
        ("https://host/a.zarr?sig=secret", "or a key"),
    ],
)
def test_addresses_that_are_not_asked(
    address: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for given in (address, Path(address)):
        with pytest.raises(InputError, match=why) as caught:
            open_stack(given)
        assert "secret" not in str(caught.value)


def test_names_and_ports_are_no_passwords() -> None:
    for kind in KINDS:
        check_address(f"{kind}://host:8080/a:b@c.zarr")
    check_address("abfs://container@account/a.zarr")


def test_a_kind_whose_library_is_missing_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    zarr = pytest.importorskip("zarr")

    def missing(*_: object, **__: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(zarr, "open", missing)
    with pytest.raises(InputError, match=r"Install s3fs to access S3\); install it with pip"):
        open_stack("s3://bucket/a.zarr")
    monkeypatch.setattr("sys.frozen", True, raising=False)
    with pytest.raises(InputError, match="copy the image here"):
        open_stack("s3://bucket/a.zarr")


def test_the_packaged_program_finds_the_certificates_of_another_linux(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nowhere:
        cafile, capath = None, None

    there = tmp_path / "bundle.crt"
    there.touch()
    # So that it is taken away again.
    monkeypatch.setenv("SSL_CERT_FILE", "")
    monkeypatch.setattr(remote, "_CERTIFICATES", (str(tmp_path / "none"), str(there)))
    monkeypatch.setattr("ssl.get_default_verify_paths", Nowhere)
    monkeypatch.setattr("sys.platform", "linux")
    find_certificates()
    assert os.environ["SSL_CERT_FILE"] == ""
    monkeypatch.setattr("sys.frozen", True, raising=False)
    find_certificates()
    assert os.environ["SSL_CERT_FILE"] == str(there)

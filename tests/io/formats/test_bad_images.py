"""Broken, lying and hostile image files: one sentence each, quickly, in little memory."""

from __future__ import annotations

import logging
import os
import struct
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.paths import shown
from structmask_gui.io.open import open_stack
from tests.io.broken_files import BAD, noise, page, plain_tiff, tiff


@pytest.mark.parametrize("case", BAD)
def test_bad_files(case: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make, sentence = BAD[case]
    path = tmp_path / case.split(":")[1]
    make(path)
    started = time.perf_counter()
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=sentence) as caught:
            open_stack(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert message.startswith((f"{path.name} ", f"{path.name}: "))
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < 300
    assert time.perf_counter() - started < 5
    assert peak < 100e6
    assert capfd.readouterr() == ("", "")


def _corrupt(path: Path, compression: str) -> None:
    data = bytearray(plain_tiff(path, compression=compression, metadata=None))
    with tifffile.TiffFile(path) as tif:
        start = tif.pages[3].dataoffsets[0]
    for i in range(start + 20, start + 400, 3):
        data[i] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("compression", ["zlib", "zstd", "lzma"])
def test_corrupt_pixels_are_found_when_read(compression: str, tmp_path: Path) -> None:
    path = tmp_path / "corrupt.tif"
    _corrupt(path, compression)
    with open_stack(path) as stack:
        np.testing.assert_array_equal(stack.read(2), noise((6, 40, 40))[2])
        with pytest.raises(InputError, match=r"corrupt.tif: the pixels of page 4 cannot be decod"):
            stack.read(3)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """One page is in order; the next promises far more pixels than its bytes can hold."""
    path = tmp_path / "bomb.tif"
    data = np.zeros((2, 8000, 4000), np.uint8)
    tifffile.imwrite(
        path,
        data,
        compression="zlib",
        photometric="minisblack",
        metadata=None,
        rowsperstrip=8000,
    )
    raw = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        where = tif.pages[1].aspage().tags[279].valueoffset
    raw[where : where + 4] = struct.pack("<I", 30)
    path.write_bytes(raw)
    with open_stack(path) as stack:
        assert stack.read(0, 0, 5).shape == (5, 4000)
        with pytest.raises(InputError, match="promises 32000000 bytes of pixels in 30 bytes"):
            stack.read(1, 0, 5)


def test_truncated_while_open(tmp_path: Path) -> None:
    for name, options in (("a.tif", {}), ("b.tif", {"compression": "zlib"})):
        path = tmp_path / name
        tifffile.imwrite(path, noise((6, 400, 400)), photometric="minisblack", **options)
        with open_stack(path) as stack:
            os.truncate(path, path.stat().st_size // 3)
            with pytest.raises(InputError, match=f"{name}:? "):
                stack.read(5)


def test_a_single_page_may_end_in_a_wild_link_if_the_count_is_known(tmp_path: Path) -> None:
    path = tmp_path / "imagej.tif"
    data = noise((3, 20, 20))
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": "TYX"})
    raw = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        link = tif.pages.next_page_offset
    assert link is not None
    raw[link : link + 4] = struct.pack(">I" if raw[:2] == b"MM" else "<I", 2**31)
    path.write_bytes(raw)
    with open_stack(path) as stack:
        np.testing.assert_array_equal(stack.read(2), data[2])


def test_places_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.tif: there is no such file; check the name"):
        open_stack(tmp_path / "none.tif")
    with pytest.raises(InputError, match="is a folder; give a file in it"):
        open_stack(tmp_path)
    with pytest.raises(InputError, match="cannot be reached"):
        open_stack(tmp_path / ("x" * 300 + ".tif"))
    with pytest.raises(InputError, match="cannot be reached"):
        open_stack(str(tmp_path) + "/a\0b.tif")


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
def test_links_and_pipes(tmp_path: Path) -> None:
    loop = tmp_path / "loop.tif"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match=r"loop.tif cannot be reached"):
        open_stack(loop)
    os.mkfifo(tmp_path / "pipe.tif")
    with pytest.raises(InputError, match=r"pipe.tif is not a regular file"):
        open_stack(tmp_path / "pipe.tif")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.tif"
    plain_tiff(path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match=r"mine.tif: you may not read this file"):
        open_stack(path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not allow such names")
@pytest.mark.parametrize(
    "name", ["with space.tif", "Größe ±.tif", "日本語.tif", "😀.tif", "a\nb.tif", b"\xff\xfe.tif"]
)
def test_odd_names(name: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / (os.fsdecode(name) if isinstance(name, bytes) else name)
    plain_tiff(path)
    with open_stack(path) as stack:
        assert stack.n_frames == 6
        assert stack.name.isprintable()
        stack.name.encode()
    path.write_bytes(b"")
    with pytest.raises(InputError) as caught:
        open_stack(path)
    str(caught.value).encode()
    assert "\n" not in str(caught.value)


def test_long_names_are_shortened() -> None:
    name = shown("folder/" + "n" * 200 + ".tif")
    assert len(name) <= 101
    assert name.endswith("n.tif")


def test_libraries_report_to_listeners_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "strange.tif"
    tiff(path, page(40, 40, [8, 9], [800, 800], _278=(4, [40])), bytes(1600))
    with caplog.at_level(logging.DEBUG, "tifffile"), open_stack(path) as stack:
        assert stack.read(0).shape == (40, 40)
    assert any(record.name == "tifffile" for record in caplog.records)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("pages", [1, 3, 70])
@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize("kind", ["several", "negative", "text", "fraction"])
def test_lengths_that_are_no_numbers(
    big: bool, pages: int, below: bool, kind: str, tmp_path: Path
) -> None:
    """A library copies a list of five widths as often as the height says, or never ends."""
    path = tmp_path / "a.tif"
    options: dict[str, Any] = {"photometric": "minisblack", "compression": "zlib"}
    with tifffile.TiffWriter(path, bigtiff=big) as writer:
        for number in range(pages):
            subs = {"subifds": 1} if below and number == pages // 2 else {}
            writer.write(np.zeros((64, 48), "uint16"), contiguous=False, **subs, **options)
            if subs:
                writer.write(np.zeros((32, 24), "uint16"), subfiletype=1, **options)
    code, count = {"several": (4, 5), "negative": (9, 1), "text": (2, 20), "fraction": (5, 1)}[kind]
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[pages // 2]
        page = page.pages[0] if below else page
        at = page.tags[257].offset
    data = bytearray(path.read_bytes())
    struct.pack_into("<HQ" if big else "<HI", data, at + 2, code, count)
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"a\.tif: the size of page {pages // 2 + 1} is damaged"):
        open_stack(path)


def test_pages_below_pages_that_lie_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(np.ones((64, 48), "uint16"), subifds=2, photometric="minisblack")
        for n in (2, 4):
            writer.write(np.ones((64 // n, 48 // n), "uint16"), photometric="minisblack")
    with open_stack(path) as stack:
        assert stack.shape == (64, 48)
    good = path.read_bytes()
    with tifffile.TiffFile(path) as tif:
        tag = tif.pages.first.tags[330]
    for place in (0, 2**32 - 1, len(good) - 1):
        data = bytearray(good)
        struct.pack_into("<I", data, tag.valueoffset, place)
        path.write_bytes(data)
        try:
            open_stack(path).close()
        except InputError as error:
            assert str(error).startswith(("a.tif ", "a.tif: "))  # noqa: PT017
    data = bytearray(good)
    struct.pack_into("<I", data, tag.offset + 4, 2**31)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.tif: the size of page 1 is damaged"):
        open_stack(path)

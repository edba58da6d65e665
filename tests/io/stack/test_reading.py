"""A stack while it is read: frames asked for, memory, threads, closing, description."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import InputError
from structmask_gui.io.formats.known import EXTENSIONS, is_readable_name
from structmask_gui.io.formats.tiff.pages import PagedStore
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.image_stack import frame_range
from structmask_gui.io.stack.info import describe
from structmask_gui.io.stack.store import RawStore
from tests.io.noise_frames import AnyArray, frames_of, noise


def test_frames_are_restricted(tmp_path: Path) -> None:
    data = noise((10, 20, 30))
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, data, photometric="minisblack")
    with open_stack(path) as stack:
        part = stack.with_frames(frame_range("2:9:3"))
        np.testing.assert_array_equal(frames_of(part), data[2:9:3])
        np.testing.assert_array_equal(frames_of(part.with_frames(slice(1, None))), data[5:9:3])
        backwards = stack.with_frames(frame_range("::-4"))
        np.testing.assert_array_equal(frames_of(backwards), data[::-4])
        assert stack.frames_chosen is None
        assert [one.every for one in (stack, part, backwards)] == [1, 3, 4]
        for restricted in (part, backwards):
            assert restricted.frames_chosen is not None
            again = stack.with_frames(frame_range(restricted.frames_chosen))
            np.testing.assert_array_equal(frames_of(again), frames_of(restricted))
        with pytest.raises(InputError, match=r"has 10 frames \(0 to 9\), and none of them"):
            stack.with_frames(slice(20, 30))
        with pytest.raises(IndexError):
            part.read(3)


@pytest.mark.parametrize("text", ["", "5", "a:b", "1:2:0", "1:2:3:4", "1.5:2"])
def test_bad_frame_ranges(text: str) -> None:
    with pytest.raises(InputError, match="is no range of frames; give START:STOP"):
        frame_range(text)


def test_stores_read_only_what_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, packed = tmp_path / "plain.tif", tmp_path / "packed.tif"
    data = noise((4, 256, 64))
    tifffile.imwrite(plain, data, photometric="minisblack")
    tifffile.imwrite(packed, data, photometric="minisblack", compression="zlib", rowsperstrip=16)
    sizes: list[int] = []
    block = RawStore._block

    def counted_block(self: RawStore, start: int, shape: tuple[int, ...]) -> AnyArray:
        sizes.append(int(np.prod(shape)))
        return block(self, start, shape)

    monkeypatch.setattr(RawStore, "_block", counted_block)
    with open_stack(plain) as stack:
        stack.read(2, 100, 110)
    assert sizes == [10 * 64]
    segments: list[int] = []
    read = PagedStore._bytes

    def counted_bytes(self: PagedStore, page: Any, layout: Any, number: int) -> bytes | None:
        segments.append(number)
        return read(self, page, layout, number)

    monkeypatch.setattr(PagedStore, "_bytes", counted_bytes)
    with open_stack(packed) as stack:
        stack.read(2, 100, 110)
        stack.read(2, 104, 112)
    assert segments == [6], "a strip is decoded once"


def test_decoded_strips_are_forgotten_when_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("structmask_gui.io.formats.tiff.pages._CACHE", 5000)
    path = tmp_path / "packed.tif"
    data = noise((4, 64, 64))
    tifffile.imwrite(path, data, photometric="minisblack", compression="zlib", rowsperstrip=8)
    with open_stack(path) as stack:
        np.testing.assert_array_equal(frames_of(stack), data)
        store = stack._store
        assert isinstance(store, PagedStore)
        assert store._held == sum(a.nbytes for a in store._decoded.values()) <= 5000


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_threads_may_read_at_once(compression: str | None, tmp_path: Path) -> None:
    data = noise((8, 64, 512))
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, data, photometric="minisblack", compression=compression, rowsperstrip=32)
    wrong: list[int] = []
    with open_stack(path) as stack:

        def work(seed: int) -> None:
            for frame in np.random.default_rng(seed).integers(0, 8, 60):
                if not np.array_equal(stack.read(int(frame), 10, 60), data[frame, 10:60]):
                    wrong.append(int(frame))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_after_closing_there_is_a_sentence(tmp_path: Path) -> None:
    for compression in (None, "zlib"):
        path = tmp_path / "stack.tif"
        tifffile.imwrite(
            path, noise((2, 20, 20)), photometric="minisblack", compression=compression
        )
        stack = open_stack(path)
        stack.close()
        with pytest.raises(InputError, match=r"stack.tif:? "):
            stack.read(0)


def test_names_of_readable_files() -> None:
    assert is_readable_name("a/b.TIFF")
    assert is_readable_name(Path("x.ome.tif"))
    assert is_readable_name("x.npy")
    assert not is_readable_name("x.npz")
    assert all(e.startswith(".") and e == e.lower() for es in EXTENSIONS.values() for e in es)


def test_description_of_a_stack(tmp_path: Path) -> None:
    path = tmp_path / "stack.ome.tif"
    tifffile.imwrite(
        path, noise((3, 2, 20, 30)), metadata={"axes": "TCYX"}, photometric="minisblack"
    )
    with open_stack(path) as stack:
        info = describe(stack)
    rows = dict(info.rows())
    assert rows["Axes"] == "TCYX"
    assert rows["Shape"] == "3 x 2 x 20 x 30"
    assert rows["Frames"] == "3 of 30 x 20 pixels"
    assert rows["Channels"] == "2, chosen: 0"
    assert rows["Pages"] == "6"
    assert info.as_dict()["frame_shape"] == (20, 30)


def test_acquisition_and_offsets_are_kept(tmp_path: Path) -> None:
    """What helps to judge the noise: bits, exposure, averaging, and what a value stands for."""
    tifffile.imwrite(
        tmp_path / "a.ome.tif",
        noise((2, 40, 50)),
        metadata={
            "axes": "TYX",
            "SignificantBits": 12,
            "Plane": {"ExposureTime": [0.1, 0.1], "ExposureTimeUnit": ["s", "s"]},
        },
    )
    with open_stack(tmp_path / "a.ome.tif") as stack:
        assert stack.metadata["Bits"] == "12"
        assert stack.metadata["Exposure"] == "0.1 s"
    tifffile.imwrite(
        tmp_path / "signed.tif",
        noise((2, 40, 50)),
        imagej=True,
        metadata={"axes": "TYX", "c0": -32768.0, "c1": 1.0, "cf": 0},
    )
    with open_stack(tmp_path / "signed.tif") as stack:
        assert stack.metadata["Value offset"] == "-32768"
        assert stack.metadata["Value scale"] == "1"
    # A type with a sign stays as it is.
    below = noise((2, 40, 50)).astype(np.int16) - 500
    tifffile.imwrite(tmp_path / "below.tif", below, photometric="minisblack")
    with open_stack(tmp_path / "below.tif") as stack:
        assert stack.dtype == np.int16
        np.testing.assert_array_equal(stack.read(1), below[1])


@pytest.mark.parametrize("shape", [(40, 25_600_000), (25_600_000, 40)])
def test_sides_that_no_image_has(shape: tuple[int, int], tmp_path: Path):
    path = tmp_path / "vast.npy"
    header = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    del header
    with pytest.raises(InputError, match=r"vast\.npy declares frames of .* which no image has"):
        open_stack(path)

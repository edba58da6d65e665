"""TIFF files of many pages: listed in one walk where they are alike, and as before where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.io import tiff
from structmask_gui.io.images import open_stack

AnyArray = np.ndarray[Any, Any]


def values(n: int = 70, dtype: str = "uint16") -> AnyArray:
    return np.random.default_rng(0).integers(0, 200, (n, 20, 24)).astype(dtype)


def write(path: Path, array: AnyArray, **options: Any) -> Path:
    made = {"photometric": "minisblack", "metadata": None, "contiguous": False}
    big = options.pop("bigtiff", False)
    order = options.pop("byteorder", "<")
    with tifffile.TiffWriter(path, bigtiff=big, byteorder=order) as writer:
        for page in array:
            writer.write(page, **{**made, **options})
    return path


@pytest.fixture
def read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that opens a file the other way."""

    def opened(path: Path) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(tiff, "_MANY_PAGES", 10**9)
            return open_stack(path)

    return opened


def lists_pages(path: Path) -> bool:
    """Tell whether a file is opened without reading its pages one by one."""
    with open_stack(path) as stack:
        function: Any = stack._store._page  # type: ignore[attr-defined]
        return inside(function, "strips") is not None


def inside(function: Any, name: str) -> Any:
    names = function.__code__.co_freevars
    return function.__closure__[names.index(name)].cell_contents


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "deflate"},
        {"compression": "lzw", "predictor": True},
        {"dtype": "float32"},
    ],
    ids=str,
)
def test_pages_that_are_alike(
    big: bool, order: str, options: dict[str, Any], tmp_path: Path, read_one_by_one: Any
) -> None:
    options = dict(options)
    array = values(dtype=options.pop("dtype", "uint16"))
    path = write(tmp_path / "a.tif", array, bigtiff=big, byteorder=order, **options)
    assert lists_pages(path)
    with open_stack(path) as stack, read_one_by_one(path) as other:
        assert (stack.axes, stack.shape) == (other.axes, other.shape)
        assert (stack.kind, stack.dtype, stack.notes) == (other.kind, other.dtype, other.notes)
        assert stack.metadata == other.metadata
        assert stack.series == other.series
        for frame in (0, 1, 35, 69):
            assert np.array_equal(stack.read(frame), array[frame])
            assert np.array_equal(stack.read(frame, 3, 9), array[frame, 3:9])


@pytest.mark.parametrize(
    "options",
    [
        {"rowsperstrip": 5},
        {"tile": (16, 16)},
        {"photometric": "rgb"},
        {"description": "ImageJ=1.11a\nimages=70\nslices=70\n"},
    ],
    ids=str,
)
def test_other_pages_are_read_one_by_one(options: dict[str, Any], tmp_path: Path) -> None:
    array = values()
    if "photometric" in options:
        array = np.stack([array, array, array], axis=-1)
    path = write(tmp_path / "a.tif", array, **options)
    with open_stack(path) as stack:
        assert stack.n_frames == 70
        if "description" not in options:
            assert inside(stack._store._page, "strips") is None  # type: ignore[attr-defined]
        first = stack.read(3)
    assert first.shape == (20, 24)


@pytest.mark.parametrize(
    ("shape", "metadata"),
    [
        ((70, 20, 24), {}),
        ((70, 20, 24), {"axes": "TYX"}),
        ((7, 10, 20, 24), {"axes": "TZYX"}),
        ((7, 10, 20, 24), {"axes": "TCYX"}),
        ((7, 10, 20, 24), {}),
        ((7, 1, 10, 20, 24), {"axes": "TCZYX", "note": "more"}),
    ],
    ids=str,
)
def test_the_shape_that_tifffile_writes(
    shape: tuple[int, ...], metadata: dict[str, Any], tmp_path: Path, read_one_by_one: Any
) -> None:
    array = values().reshape(shape)
    path = tmp_path / "a.tif"
    options: dict[str, Any] = {"photometric": "minisblack", "compression": "zlib"}
    tifffile.imwrite(path, array, metadata=metadata, **options)
    assert lists_pages(path)
    with open_stack(path) as stack, read_one_by_one(path) as other:
        assert (stack.axes, stack.shape) == (other.axes, other.shape)
        assert (stack.kind, stack.notes, stack.series) == (other.kind, other.notes, other.series)
        assert stack.metadata == other.metadata
        for frame in range(stack.n_frames):
            assert np.array_equal(stack.read(frame), other.read(frame))


@pytest.mark.parametrize(
    "text",
    [
        '{"shape": [35, 20, 24]}',
        '{"shape": [70, 24, 20]}',
        '{"shape": [70, 20, 24], "truncated": true}',
        '{"shape": "70"}',
        '{"shape": [[70]]}',
        '{"shape": ' + "[" * 5000,
        "shape=(70,20,24)",
    ],
    ids=lambda text: text[:30],
)
def test_a_shape_that_is_not_that_of_all_pages(
    text: str, tmp_path: Path, read_one_by_one: Any
) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for number, page in enumerate(values()):
            writer.write(
                page,
                photometric="minisblack",
                metadata=None,
                contiguous=False,
                description=text if number == 0 else None,
            )

    def told(opened: Any) -> Any:
        try:
            with opened(path) as stack:
                return stack.axes, stack.shape, stack.notes, stack.series
        except InputError as error:
            return str(error)

    assert told(open_stack) == told(read_one_by_one)


@pytest.mark.parametrize("big", [False, True])
def test_what_is_told_of_each_page_makes_no_difference(
    big: bool, tmp_path: Path, read_one_by_one: Any
) -> None:
    """As cameras' programs write it: the first page names the program, each has its own text."""
    array = values()
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, bigtiff=big) as writer:
        for number, page in enumerate(array):
            writer.write(
                page,
                photometric="minisblack",
                metadata=None,
                contiguous=False,
                software="camera" if number == 0 else None,
                description="" if number == 7 else f"frame {number}" + "." * (number % 11),
                datetime=number % 5 == 0,
                extratags=[(51123, 2, 0, "{}" * number, True)],
            )
    assert lists_pages(path)
    with open_stack(path) as stack, read_one_by_one(path) as other:
        assert (stack.axes, stack.shape, stack.metadata) == (
            *(other.axes, other.shape),
            other.metadata,
        )
        for frame in range(70):
            assert np.array_equal(stack.read(frame), array[frame])


def test_pages_of_two_kinds_are_read_one_by_one(tmp_path: Path) -> None:
    """Of one size and type, but stored or shown in another way."""
    array = values()
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for number, page in enumerate(array):
            writer.write(
                page,
                photometric="miniswhite" if number == 40 else "minisblack",
                metadata=None,
                contiguous=False,
                description=f"frame {number}",
            )
    assert not lists_pages(path)


def test_one_odd_page_among_many(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    array = values()
    with tifffile.TiffWriter(path) as writer:
        for number, page in enumerate(array):
            shown = page[:, :16] if number == 50 else page
            writer.write(shown, photometric="minisblack", metadata=None, contiguous=False)
    with open_stack(path) as stack:
        assert len(stack.series) == 2
        assert stack.n_frames == 69


def test_a_page_that_reaches_beyond_the_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", values())
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.pages[40].tags[273].overwrite(path.stat().st_size - 10)
    with (
        open_stack(path) as stack,
        pytest.raises(InputError, match=r"a\.tif: is cut short: page 40"),
    ):
        stack.read(40)


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.99])
def test_a_file_that_is_cut(keep: float, tmp_path: Path, read_one_by_one: Any) -> None:
    path = write(tmp_path / "a.tif", values())
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(InputError) as ours:
        open_stack(path)
    with pytest.raises(InputError) as other:
        read_one_by_one(path)
    assert str(ours.value) == str(other.value)


def test_looking_through_pages_can_be_cancelled(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", values())
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return True

    with pytest.raises(Cancelled):
        open_stack(path, cancelled=cancelled)
    assert len(asked) == 1

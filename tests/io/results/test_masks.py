"""Every form of a mask is read back to the same mask; what is no mask is refused."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import Task
from structmask_gui.io.pictures.mask_picture import draw_mask
from structmask_gui.io.results.files import is_mask, write_forms
from structmask_gui.io.results.masks import (
    LARGEST_SIDE,
    load_mask,
    save_npy,
    save_picture,
    save_png,
    save_tiff,
)

FORMS: dict[str, Callable[..., None]] = {"npy": save_npy, "png": save_png, "tif": save_tiff}


def random_mask(seed: int, most: int = 31) -> Mask:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(0, most // 2 + 1, 2) * 2 + 1
    array = rng.random((height, width)) < rng.random()
    array |= array[::-1, ::-1]
    array[height // 2, width // 2] = True
    return Mask(array)


def row(length: int, shape: tuple[int, int]) -> Mask:
    array = np.zeros(shape, bool)
    centre = shape[1] // 2
    array[shape[0] // 2, centre - length // 2 : centre + length // 2 + 1] = True
    return Mask(array)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_random_masks_survive(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"mask.{form}"
    for seed in range(100):
        mask = random_mask(seed)
        FORMS[form](mask, path, force=True)
        assert load_mask(path) == mask


def test_npy_is_what_trainers_take(tmp_path: Path) -> None:
    mask = random_mask(3)
    save_npy(mask, tmp_path / "m.npy")
    array = np.load(tmp_path / "m.npy", allow_pickle=False)
    assert (array.dtype, array.ndim, array.flags.c_contiguous) == (np.bool_, 2, True)
    np.testing.assert_array_equal(array, mask.array)


def test_png_has_one_grey_pixel_a_lag(tmp_path: Path) -> None:
    mask = row(5, (3, 9))
    save_png(mask, tmp_path / "m.png")
    with Image.open(tmp_path / "m.png") as picture:
        assert (picture.mode, picture.size) == ("L", (9, 3))
        np.testing.assert_array_equal(np.asarray(picture), mask.array * 255)


def test_tiff_opens_in_fiji(tmp_path: Path) -> None:
    mask = row(5, (3, 9))
    save_tiff(mask, tmp_path / "m.tif")
    with tifffile.TiffFile(tmp_path / "m.tif") as tif:
        assert tif.is_imagej
        assert tif.pages.first.dtype == np.uint8
        np.testing.assert_array_equal(tif.asarray(), mask.array * 255)


@pytest.mark.parametrize("form", [*FORMS, "picture"])
def test_existing_files_are_kept(form: str, tmp_path: Path) -> None:
    save = {**FORMS, "picture": save_picture}[form]
    path = tmp_path / "mask"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match="mask: already exists"):
        save(row(3, (3, 3)), path)
    assert path.read_bytes() == b"old"
    save(row(3, (3, 3)), path, force=True)
    assert path.read_bytes() != b"old"


# --- the enlarged picture ---------------------------------------------------------------------


def colours(mask: Mask) -> dict[tuple[int, ...], int]:
    picture = draw_mask(mask)
    assert picture.mode == "RGB"
    found = picture.getcolors(picture.width * picture.height)
    assert found is not None
    return {tuple(colour): count for count, colour in found}


def test_a_cancelled_export_leaves_the_old_files(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(b"old")

    def no_record(_task: Task) -> Any:
        pytest.fail("a record was made that was not asked for")

    with pytest.raises(Cancelled):
        write_forms(random_mask(0), {"npy": path}, no_record, Task(cancelled=lambda: True))
    assert path.read_bytes() == b"old"


def test_the_picture_shows_the_cells_where_they_are(tmp_path: Path) -> None:
    """An asymmetric mask: one pixel to the right of the centre and one above it, far apart."""
    array = np.zeros((11, 11), bool)
    array[5, 5] = array[5, 9] = array[1, 5] = True
    save_picture(Mask(array), tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as picture:
        pixels = np.asarray(picture).astype(int)
    blue = (pixels[..., 2] > 150) & (pixels[..., 0] < 60)
    orange = (pixels[..., 0] > 220) & (pixels[..., 2] < 40)
    # The largest patches of each colour are the cells; the legend's are smaller.
    cells = blue[:800, :].nonzero(), orange[:800, :].nonzero()
    y, x = (int(np.median(v)) for v in cells[1])
    right = blue[y - 5 : y + 5, x + 100 :].any()
    above = blue[: y - 100, x - 5 : x + 5].any()
    assert right
    assert above
    assert not blue[y - 5 : y + 5, : x - 100].any()
    assert not blue[y + 100 : y + 280, x - 5 : x + 5].any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 101), (101, 1), (127, 127), (3, 1201)])
def test_pictures_of_all_sizes(shape: tuple[int, int]) -> None:
    length = 1 if shape[1] == 1 else 3
    picture = draw_mask(row(length, shape))
    assert max(picture.size) < 1800
    assert min(picture.size) > 300


def test_a_plane_of_lags_is_cut_to_its_content() -> None:
    assert draw_mask(row(41, (3001, 3001))).width < 1500


def test_the_picture_tells_what_is_hidden() -> None:
    few, many = colours(row(3, (9, 9))), colours(row(9, (9, 9)))
    blue, orange = (31, 111, 178), (240, 140, 0)
    assert many[blue] > 3 * few[blue] - 2000
    assert abs(many[orange] - few[orange]) < 50


# --- reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [[[0, 1, 0]], [[1]], [[False, True, True]], [[0.0, 1.0, 1.0]]],
)
def test_json_lists(values: list[list[Any]], tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    for data in (values, {"mask": values}):
        path.write_text("\ufeff" + json.dumps(data), encoding="utf-8")
        np.testing.assert_array_equal(load_mask(path).array, np.array(values, bool))


def test_pictures_of_other_depths(tmp_path: Path) -> None:
    mask = row(5, (5, 7))
    Image.fromarray(mask.array).save(tmp_path / "one_bit.png")
    Image.fromarray(mask.array.astype(np.uint8)).save(tmp_path / "ones.png")
    tifffile.imwrite(tmp_path / "bits.tif", mask.array)
    tifffile.imwrite(tmp_path / "deep.tif", mask.array.astype(np.uint16) * 65535)
    tifffile.imwrite(tmp_path / "white.tif", ~mask.array * np.uint8(255), photometric="miniswhite")
    np.save(tmp_path / "fortran.npy", np.asfortranarray(mask.array))
    np.save(tmp_path / "floats.npy", mask.array.astype(">f8"))
    for path in sorted(tmp_path.iterdir()):
        assert load_mask(path) == mask, path.name


def _save(values: Any) -> Callable[[Path], object]:
    return lambda path: np.save(path, np.asarray(values))


def _text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


class Danger:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("code from a mask file was run",))


def _npy(descr: str, shape: tuple[int, int]) -> Callable[[Path], object]:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}"
    data = b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header.encode() + bytes(100)
    return lambda path: path.write_bytes(data)


NO_MASKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "solid.npy": (_save(np.ones((3, 3, 3), bool)), "has 3 dimensions; a mask has two"),
    "even.npy": (_save(np.ones((4, 5), bool)), "is 4 x 5; a mask has odd sides"),
    "empty.npy": (_save(np.ones((0, 5), bool)), "a mask has odd sides"),
    "floats.npy": (_save([[0.2, 1.0, 0.3]]), "holds other values than 0 and 1"),
    "nan.npy": (_save([[np.nan, 1.0, 0.0]]), "holds other values than 0 and 1"),
    "numbers.npy": (_save([[0, 255, 7]]), "holds other values than 0 and 1"),
    "hole.npy": (_save([[1, 0, 1]]), "has a 0 at its centre"),
    "words.npy": (_save([["a", "b", "c"]]), "holds other values than 0 and 1"),
    "pickled.npy": (
        lambda p: np.save(p, np.array([[Danger()]], object), allow_pickle=True),
        "holds pickled Python objects",
    ),
    "pickle.npy": (lambda p: p.write_bytes(pickle.dumps(Danger())), "is no mask; give"),
    "huge.npy": (_npy("|b1", (LARGEST_SIDE + 2, 1)), "too large for a mask"),
    **{
        f"type {number}.npy": (_npy(descr, (3, 3)), "holds other values than 0 and 1")
        for number, descr in enumerate(("|V0", "|S0", "<U0", "(2,)<f4"))
    },
    "cut.npy": (
        lambda p: (_save(np.ones((99, 99), bool))(p), p.write_bytes(p.read_bytes()[:500])),
        "is cut short",
    ),
    "nothing.npy": (lambda p: p.write_bytes(b""), "is empty; give a mask"),
    "text.txt": (_text("hello"), "is no mask; give an NPY, PNG, TIFF or JSON file"),
    "ragged.json": (_text("[[1, 0, 1], [1]]"), "equally long lists of 0 and 1"),
    "flat.json": (_text("[1, 0, 1]"), "equally long lists of 0 and 1"),
    "none.json": (_text("[]"), "a mask has"),
    "words.json": (_text('[["a"]]'), "equally long lists of 0 and 1"),
    "twos.json": (_text("[[0, 1, 2]]"), "holds other values than 0 and 1"),
    "big.json": (_text(f"[[{10**30}]]"), "holds other values than 0 and 1"),
    "nan.json": (_text("[[NaN]]"), "holds other values than 0 and 1"),
    "object.json": (_text('{"name": "x"}'), "holds no mask"),
    "broken.json": (_text("{"), "is not a mask: it holds no valid JSON"),
    "deep.json": (_text("[" * 100_000), "is not a mask: it holds no valid JSON"),
    "photo.jpg": (
        lambda p: Image.fromarray(np.zeros((5, 5), np.uint8)).save(p),
        "is a JPEG, which does not keep pixel values",
    ),
    "image.tif": (
        lambda p: tifffile.imwrite(p, np.arange(25, dtype=np.uint16).reshape(5, 5)),
        "holds other values than 0 and 1",
    ),
    "stack.tif": (
        lambda p: tifffile.imwrite(p, np.ones((5, 5, 5), np.uint8), photometric="minisblack"),
        "has 3 dimensions; a mask has two",
    ),
    "colour.png": (
        lambda p: Image.fromarray(np.zeros((5, 5, 3), np.uint8)).save(p),
        "has 3 dimensions; a mask has two",
    ),
}


@pytest.mark.parametrize("name", NO_MASKS)
def test_what_is_no_mask(name: str, tmp_path: Path) -> None:
    make, sentence = NO_MASKS[name]
    path = tmp_path / name
    make(path)
    with pytest.raises(InputError, match=sentence) as caught:
        load_mask(path)
    assert str(caught.value).startswith(f"{name} ")


def test_an_array_of_nested_values_is_not_taken_for_a_mask(tmp_path: Path) -> None:
    _npy("(2,)<f4", (3, 3))(tmp_path / "a.npy")
    assert not is_mask(tmp_path / "a.npy")


def test_a_large_text_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    with path.open("wb") as file:
        file.write(b"[")
        file.truncate(100_000_000)
    with pytest.raises(InputError, match="is too large for a mask"):
        load_mask(path)

"""TIFF files of many pages: listed in one walk where they are alike, and as before where not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.io.formats.tiff import fast_series
from structmask_gui.io.formats.tiff.guards import page_chain
from structmask_gui.io.open import open_stack

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
            patch.setattr(fast_series, "_MANY_PAGES", 10**9)
            return open_stack(path)

    return opened


def lists_pages(path: Path) -> bool:
    """Tell whether a file is opened without reading its pages one by one."""
    with open_stack(path) as stack:
        function: Any = stack._store._page.__wrapped__
    names = function.__code__.co_freevars
    return function.__closure__[names.index("strips")].cell_contents is not None


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


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {"rowsperstrip": 5},
        {"rowsperstrip": 5, "compression": "deflate"},
        {"rowsperstrip": 12, "compression": "deflate"},
        {"tile": (16, 16)},
        {"tile": (16, 16), "compression": "lzw"},
        {"tile": (32, 32), "compression": "lzw"},
        {"photometric": "rgb", "planarconfig": "contig"},
        {"photometric": "rgb", "planarconfig": "separate"},
        {"photometric": "rgb", "planarconfig": "contig", "compression": "deflate"},
        {"photometric": "rgb", "planarconfig": "separate", "compression": "deflate"},
        {"photometric": "rgb", "planarconfig": "contig", "tile": (16, 16)},
    ],
    ids=str,
)
def test_pages_of_several_strips_tiles_or_samples(
    big: bool, options: dict[str, Any], tmp_path: Path, read_one_by_one: Any
) -> None:
    array = values(dtype="uint8")
    if "photometric" in options:
        last = options["planarconfig"] == "contig"
        array = np.stack([array, array // 2, array // 3], axis=-1 if last else 1)
    path = write(tmp_path / "a.tif", array, bigtiff=big, **options)
    assert lists_pages(path)
    with open_stack(path) as stack, read_one_by_one(path) as other:
        assert (stack.axes, stack.shape) == (other.axes, other.shape)
        assert (stack.kind, stack.dtype, stack.notes) == (other.kind, other.dtype, other.notes)
        assert stack.metadata == other.metadata
        assert stack.series == other.series
        for frame in (0, 1, 35, 69):
            assert np.array_equal(stack.read(frame), other.read(frame))
            assert np.array_equal(stack.read(frame, 3, 9), other.read(frame, 3, 9))


SHAPES: list[tuple[tuple[int, ...], str]] = [
    ((70, 20, 24), "TYX"),
    ((70, 20, 24), "ZYX"),
    ((70, 20, 24), "CYX"),
    ((7, 10, 20, 24), "TZYX"),
    ((7, 10, 20, 24), "TCYX"),
    ((7, 10, 20, 24), "ZCYX"),
    ((7, 5, 2, 20, 24), "TZCYX"),
]


@pytest.mark.parametrize("kind", ["ome", "imagej"])
@pytest.mark.parametrize("stored", [{}, {"rowsperstrip": 5}], ids=str)
@pytest.mark.parametrize(("shape", "axes"), SHAPES)
def test_the_shape_that_ome_and_imagej_write(
    kind: str,
    stored: dict[str, Any],
    shape: tuple[int, ...],
    axes: str,
    tmp_path: Path,
    read_one_by_one: Any,
) -> None:
    array = values().reshape(shape)
    path = tmp_path / f"a.{kind}.tif"
    options: dict[str, Any] = {"photometric": "minisblack", "compression": "zlib", kind: True}
    names = {"Name": "an image"} if kind == "ome" else {}
    tifffile.imwrite(path, array, metadata={"axes": axes, **names}, **options, **stored)
    assert lists_pages(path)
    with open_stack(path) as stack, read_one_by_one(path) as other:
        assert (stack.axes, stack.shape) == (other.axes, other.shape)
        assert (stack.kind, stack.notes, stack.series) == (other.kind, other.notes, other.series)
        assert stack.metadata == other.metadata
        assert stack.channel_choices == other.channel_choices
        for frame in range(stack.n_frames):
            assert np.array_equal(stack.read(frame), other.read(frame))


def ome(planes: str, *, t: int = 70, x: int = 24, more: str = "", order: str = "XYCZT") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/'
        f'OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="{order}"'
        f' Type="uint16" SizeX="{x}" SizeY="20" SizeC="1" SizeZ="1" SizeT="{t}">'
        f'<Channel ID="Channel:0:0" SamplesPerPixel="1"/>{planes}</Pixels></Image>{more}</OME>'
    )


ONE_BY_ONE = "".join(f'<TiffData FirstT="{n}" IFD="{n}" PlaneCount="1"/>' for n in range(70))
BACKWARDS = "".join(f'<TiffData FirstT="{69 - n}" IFD="{n}" PlaneCount="1"/>' for n in range(70))
TWICE = "".join(f'<TiffData FirstT="{n}" IFD="{n // 2}" PlaneCount="1"/>' for n in range(70))


def named(name: str) -> str:
    """Return the planes as Bio-Formats lists them: each with the file it is in."""
    uuid = f'<UUID FileName="{name}">urn:uuid:1</UUID>'
    return ONE_BY_ONE.replace("/>", f">{uuid}</TiffData>")


NAMESPACE = 'xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"'


def prefixed(xml: str) -> str:
    """Return the same with a name before each element."""
    xml = xml.replace(NAMESPACE, NAMESPACE.replace("xmlns", "xmlns:OME"))
    return re.sub(r"<(/?)(?=[A-Z])", r"<\1OME:", xml)


OWN_NAME = '<TiffData><UUID FileName="a.tif">urn:uuid:1</UUID></TiffData>'
DESCRIPTIONS = {
    "all planes": (ome("<TiffData/>"), True),
    "counted": (ome('<TiffData IFD="0" PlaneCount="70"/>'), True),
    "counted the old way": (ome('<TiffData NumPlanes="70"/>'), True),
    "each plane": (ome(ONE_BY_ONE), True),
    "its own name": (ome(OWN_NAME), True),
    "each plane with the file's name": (ome(named("a.tif")), True),
    "each plane with an older name": (ome(named("older.tif")), True),
    "each plane in another folder": (ome(named("../older.tif")), False),
    "planes of two files": (ome(named("a.tif").replace("a.tif", "b.tif", 1)), False),
    "a prefix": (prefixed(ome(named("a.tif"))), True),
    "another order": (ome(ONE_BY_ONE, order="XYTZC"), True),
    "backwards": (ome(BACKWARDS), False),
    "pages twice": (ome(TWICE), False),
    "only the first": (ome('<TiffData IFD="0"/>'), False),
    "from the second on": (ome('<TiffData IFD="1"/>'), False),
    "no planes": (ome(""), False),
    "more than there are": (ome('<TiffData IFD="0" PlaneCount="90"/>', t=90), False),
    "more, uncounted": (ome("<TiffData/>", t=90), False),
    "fewer than there are": (ome('<TiffData IFD="0" PlaneCount="50"/>', t=50), False),
    "another width": (ome("<TiffData/>", x=23), False),
    "two images": (ome("<TiffData/>", more='<Image ID="Image:1"/>'), False),
    "no number": (ome('<TiffData IFD="one"/>'), False),
    "a number too large": (ome('<TiffData FirstT="70"/>'), False),
    "no XML": ("<OME " + "<a>" * 100 + "OME>", False),
    "ImageJ, all": ("ImageJ=1.11a\nimages=70\nslices=70\n", True),
    "ImageJ, ordered": ("ImageJ=1.11a\nimages=70\nslices=7\nframes=10\norder=ctz\n", True),
    "ImageJ, more": ("ImageJ=1.11a\nimages=90\nslices=90\n", False),
    "ImageJ, fewer": ("ImageJ=1.11a\nimages=50\nslices=50\n", False),
    "ImageJ, unlike numbers": ("ImageJ=1.11a\nimages=70\nslices=35\n", False),
    "ImageJ, none": ("ImageJ=1.11a\nimages=0\nslices=0\n", False),
    "ImageJ, no number": ("ImageJ=1.11a\nimages=many\nslices=70\n", False),
    "ImageJ, no order": ("ImageJ=1.11a\nimages=70\nslices=70\norder=xyz\n", False),
    "both": ("ImageJ=1.11a\nimages=70\nslices=70\nOME>", False),
}


def write_described(path: Path, text: str | None, compression: str | None = None) -> None:
    """Write a page for each frame, and a description into the first."""
    with tifffile.TiffWriter(path) as writer:
        for number, page in enumerate(values()):
            writer.write(
                page,
                photometric="minisblack",
                metadata=None,
                contiguous=False,
                compression=compression,
                description=text if number == 0 else None,
            )


@pytest.mark.slow
@pytest.mark.parametrize("name", DESCRIPTIONS)
@pytest.mark.parametrize("compression", ["deflate", None])
def test_descriptions_true_and_false(
    name: str, compression: str | None, tmp_path: Path, read_one_by_one: Any
) -> None:
    """A file that lies about its pages gets the same sentence as if each page was read first."""
    text, _ = DESCRIPTIONS[name]
    path = tmp_path / "a.tif"
    write_described(path, text, compression)

    def told(opened: Any) -> Any:
        try:
            with opened(path) as stack:
                about = stack.axes, stack.shape, stack.kind, stack.notes, stack.series
                frames = [stack.read(n).tobytes() for n in range(stack.n_frames)]
                return *about, stack.metadata, frames
        except InputError as error:
            return str(error)

    assert told(open_stack) == told(read_one_by_one)


@pytest.mark.parametrize("name", [name for name, (_, listed) in DESCRIPTIONS.items() if listed])
def test_true_descriptions_need_no_page_but_the_first(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for number, page in enumerate(values()):
            text = DESCRIPTIONS[name][0] if number == 0 else None
            writer.write(
                page,
                photometric="minisblack",
                metadata=None,
                contiguous=False,
                compression="deflate",
                description=text,
            )
    assert lists_pages(path)


@pytest.mark.parametrize("kind", ["ome", "imagej"])
@pytest.mark.parametrize("tag", [256, 257, 258])
@pytest.mark.parametrize("stored", [{}, {"rowsperstrip": 5}], ids=str)
def test_one_unlike_page_under_a_description_of_all(
    kind: str, tag: int, stored: dict[str, Any], tmp_path: Path, read_one_by_one: Any
) -> None:
    path = tmp_path / "a.tif"
    options: dict[str, Any] = {"photometric": "minisblack", "compression": "zlib", kind: True}
    tifffile.imwrite(path, values(), metadata={"axes": "TYX"}, **options, **stored)
    with tifffile.TiffFile(path, mode="r+") as tif:
        old = tif.pages[40].tags[tag].value
        tif.pages[40].tags[tag].overwrite(old // 2, dtype=3)
    assert not listed(path)

    def told(opened: Any) -> Any:
        try:
            with opened(path) as stack:
                return stack.axes, stack.shape, stack.notes, stack.series
        except InputError as error:
            return str(error)

    assert told(open_stack) == told(read_one_by_one)


def listed(path: Path) -> bool:
    """Tell whether the walk along the pages finds them alike."""
    with path.open("rb", buffering=0) as file:
        return page_chain(file, path.stat().st_size).strips is not None


def test_one_page_of_other_samples(tmp_path: Path) -> None:
    """Three numbers of bits do not fit into the page's list, and are seen when it is read."""
    array = np.repeat(values(dtype="uint8")[..., None], 3, axis=-1)
    path = write(tmp_path / "a.tif", array, photometric="rgb", compression="deflate")
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.pages[40].tags[258].overwrite((4, 4, 4))
    with open_stack(path) as stack:
        assert stack.read(39).shape == (20, 24)
        with pytest.raises(InputError, match=r"a\.tif: page 41 is of another type than page 1"):
            stack.read(40)


def test_strips_of_a_page_that_reach_beyond_the_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", values(), rowsperstrip=5, compression="deflate")
    with tifffile.TiffFile(path, mode="r+") as tif:
        offsets = tif.pages[40].tags[273].value
        tif.pages[40].tags[273].overwrite((*offsets[:3], path.stat().st_size - 2))
    assert lists_pages(path)
    with (
        open_stack(path) as stack,
        pytest.raises(InputError, match=r"a\.tif is cut short: page 41"),
    ):
        stack.read(40)


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
    write_described(path, text)

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
        pytest.raises(InputError, match=r"a\.tif is cut short: page 41"),
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

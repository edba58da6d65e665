"""Which dimension is which, in every format: an upright letter and a row of noise, by pixels."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.io.formats.known import EXTENSIONS
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.axes import asks_for_axes, frames_last, larger_faces, scan_plane
from structmask_gui.io.stack.units import pixel_size, size_text, unit_text
from tests.conftest import SHARED
from tests.io import maker_files
from tests.io.checked_stacks import check, values
from tests.io.formats.drawn_files import (
    HEIGHT,
    NOISY_ROW,
    WIDTH,
    WRITERS,
    check_upright,
    frames,
    h5,
    ndtiff,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.mark.parametrize("name", WRITERS)
def test_the_letter_is_upright_and_the_noise_along_its_row(name: str, tmp_path: Path) -> None:
    file, write = WRITERS[name]
    write(tmp_path / file, frames())
    with open_stack(tmp_path / file) as stack:
        check_upright(stack)
        check(stack, frames(dtype=stack.dtype.name))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.jp2", "a.webp"])
def test_single_images(name: str, tmp_path: Path) -> None:
    import imagecodecs
    from PIL import Image

    image = frames(1, dtype="uint8")[0]
    path = tmp_path / name
    if name in ("a.png", "a.jpg"):
        Image.fromarray(image).save(path, quality=95)
    elif name == "a.jp2":
        path.write_bytes(imagecodecs.jpeg2k_encode(image, codecformat="jp2", reversible=True))
    else:
        path.write_bytes(imagecodecs.webp_encode(np.repeat(image[..., None], 3, 2), lossless=True))
    with open_stack(path) as stack:
        check_upright(stack, 1, tolerance={"a.jpg": 4, "a.webp": 1}.get(name, 0))
        assert stack.metadata["Format"] == stack.kind


def test_a_name_that_can_be_read_is_listed() -> None:
    """A folder does not skip what opens alone."""
    every = {ending for endings in EXTENSIONS.values() for ending in endings}
    assert {".svs", ".map", ".rec", ".st", ".jpk", ".flex", ".nii.gz"} <= every
    if "HDF5" in EXTENSIONS:
        assert {".nwb", ".mat", ".emd"} <= every


def test_sizes_of_ncem_emd(tmp_path: Path) -> None:
    """Coordinates that run backwards have a size all the same, and n_m is nm."""
    WRITERS["NCEM EMD"][1](tmp_path / "a.emd", frames())
    with open_stack(tmp_path / "a.emd") as stack:
        assert stack.metadata["Pixel size X"] == stack.metadata["Pixel size Y"] == "0.25 nm"
        assert stack.metadata["Frame interval"] == "0.25 s"


def test_sizes_that_are_none() -> None:
    assert size_text(-1, "nm") is None
    assert size_text(0.0, "nm") is None
    assert size_text(float("nan"), "nm") is None
    assert size_text("x", "nm") is None
    assert size_text(2, "<undefined>") is None
    assert [unit_text(u) for u in ("n_m", b"[u_m]", "micron", "\\u00B5m", None)] == [
        *("nm", "µm", "µm", "µm", ""),
    ]


@pytest.mark.parametrize(
    ("unit", "shown"),
    [
        *((name, "µm") for name in ("\u00c2µm", "um/px", "µm per pixel", "Micrometers", "um\0")),
        *(("nanometres", "nm"), ("A", "Å"), ("sec.", "s"), ("\u00c3\u201a\u00c2µm", "µm")),
        *((name, "") for name in ("N/A", "-", "a.u.", "reference frame", "voxel", "null", "px.")),
    ],
)
def test_units_as_programs_spell_them(unit: str, shown: str) -> None:
    assert unit_text(unit) == shown
    assert size_text(0.5, unit) == (f"0.5 {shown}" if shown else None)


@pytest.mark.parametrize(("unit", "size"), [("Å", 5e-5), ("cm", 5e3), ("nm", 5e-4), ("inch", None)])
def test_sizes_in_micrometres(unit: str, size: float | None) -> None:
    metadata = {f"Pixel size {letter}": size_text(0.5, unit) or "" for letter in "XY"}
    found = pixel_size(metadata)
    assert (found is None) is (size is None)
    assert found is None or found == pytest.approx((size, size))


def test_sizes_of_tiffs_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    sizes = {"PhysicalSizeX": -1, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.5}
    tifffile.imwrite(path, frames(), ome=True, metadata={"axes": "TYX", **sizes})
    with open_stack(path) as stack:
        assert "Pixel size X" not in stack.metadata
        assert stack.metadata["Pixel size Y"] == "0.5 µm"
    path = tmp_path / "b.tif"
    told = {"axes": "TYX", "unit": "pixel", "spacing": 2.0, "finterval": 0.0}
    tifffile.imwrite(path, frames(), imagej=True, resolution=(1.0, 1.0), metadata=told)
    with open_stack(path) as stack:
        assert not [key for key in stack.metadata if key.startswith(("Pixel size", "Frame"))]


# --- counts ---------------------------------------------------------------------------------------


def ome_of_one(path: Path, data: Sequence[AnyArray], planes: int = 1) -> None:
    height, width = data[0].shape
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels'
        f' BigEndian="false" DimensionOrder="XYCZT" ID="Pixels:0" SizeC="1" SizeT="{planes}"'
        f' SizeX="{width}" SizeY="{height}" SizeZ="1" Type="uint16"><Channel ID="Channel:0:0"'
        ' SamplesPerPixel="1"/>'
        f'<TiffData FirstC="0" FirstT="0" FirstZ="0" IFD="0" PlaneCount="{planes}"/></Pixels>'
        "</Image></OME>"
    )
    with tifffile.TiffWriter(path) as writer:
        for i, page in enumerate(data):
            writer.write(page, description=xml if i == 0 else None, metadata=None, contiguous=False)


@pytest.mark.parametrize(("planes", "pages"), [(1, 20), (4, 9), (1, 2)])
def test_ome_that_tells_of_fewer_planes_than_there_are(
    planes: int, pages: int, tmp_path: Path
) -> None:
    ome_of_one(tmp_path / "a.ome.tif", frames(pages), planes)
    with open_stack(tmp_path / "a.ome.tif") as stack:
        assert stack.kind == "OME-TIFF"
        assert f"tells of {planes} of the {pages} pages" in stack.notes[0]
        check_upright(stack, pages)


def test_channels_of_a_miscounted_ome_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    ome_of_one(path, frames(6), 1)
    whole = path.read_bytes().replace(b'SizeC="1"', b'SizeC="2"')
    path.write_bytes(whole.replace(b'PlaneCount="1"', b'PlaneCount="2"'))
    with open_stack(path) as stack:
        assert "tells of 2 of the 6 pages" in stack.notes[0]
        assert stack.n_frames == 3
        assert [int(stack.read(i)[0, 0]) for i in range(3)] == [120, 122, 124]
    with open_stack(path, channel=1) as stack:
        assert [int(stack.read(i)[0, 0]) for i in range(3)] == [121, 123, 125]


def test_ome_that_promises_more_planes_than_there_are(tmp_path: Path) -> None:
    """As where an acquisition was stopped: there is no other file to put beside it."""
    ome_of_one(tmp_path / "a.ome.tif", frames(7), 20)
    with open_stack(tmp_path / "a.ome.tif") as stack:
        assert "promises 20 planes, and the file holds 7 pages" in stack.notes[0]
        check_upright(stack, 7)


def test_ome_with_unlike_pages_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    ome_of_one(path, [*frames(1), frames(1)[0, ::2, ::2]])
    with open_stack(path) as stack:
        assert stack.n_frames == 1
        assert not stack.notes


@pytest.mark.parametrize("packed", [None, "zlib"])
@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ("images=20\nframes=20", 20),
        ("images=3\nslices=3", 3),
        ("images=1", 1),
        ("images=7\nslices=5\nframes=4", 20),
    ],
)
def test_imagej_counts_that_are_wrong(
    counts: str, told: int, packed: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for i, page in enumerate(frames(7)):
            words = f"ImageJ=1.54f\n{counts}\nunit=nm\n" if i == 0 else None
            writer.write(
                page,
                **{"description": words, "compression": packed, "software": False},
                **{"metadata": None, "contiguous": False, "resolution": (4.0, 4.0)},
            )
    with open_stack(path) as stack:
        assert f"tells of {told} images, and the file holds 7 pages" in stack.notes[0]
        assert stack.metadata["Pixel size X"] == "0.25 nm"
        check_upright(stack, 7)


@pytest.mark.parametrize("n", [3, 4])
def test_frames_taken_for_colours_say_how_to_read_them(n: int, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    options = {"photometric": "rgb", "planarconfig": "separate", "metadata": None}
    tifffile.imwrite(path, frames(n), **options)
    with open_stack(path) as stack:
        assert stack.n_frames == 1
        assert (
            f"Its {n} planes are read as the colours of one image. Are they frames? Then give the"
            " axes TYX (--axes TYX)."
        ) in stack.notes
        assert stack.axes_question is not None
        assert asks_for_axes(stack.axes_question.note)
    with open_stack(path, axes="TYX") as stack:
        check_upright(stack, n)
        assert stack.notes == ()
        assert stack.axes_question is None


def test_colours_side_by_side_are_colours(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.moveaxis(frames(3), 0, 2), photometric="rgb")
    with open_stack(tmp_path / "a.tif") as stack:
        assert not any("frames" in note for note in stack.notes)


# --- scans ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "shape", "said"),
    [
        ("TZX", (5, 30, 40), "TYX"),
        ("TZYX", (5, 30, 1, 40), "TYQX"),
        ("TZYX", (5, 30, 40, 1), "TYXQ"),
        ("TZYX", (5, 30, 40, 50), "TZYX"),
        ("TZYX", (5, 1, 1, 40), "TZYX"),
        ("ZYX", (30, 1, 1), "ZYX"),
        ("TYX", (5, 1, 40), "TYX"),
    ],
)
def test_scans_along_z(letters: str, shape: tuple[int, ...], said: str) -> None:
    assert scan_plane(letters, shape) == said


def test_an_xz_scan_opens_with_its_planes_as_frames(tmp_path: Path) -> None:
    data = frames(3).reshape(3, HEIGHT, 1, 1, WIDTH)
    tifffile.imwrite(tmp_path / "a.ome.tif", data, ome=True, metadata={"axes": "TZCYX"})
    with open_stack(tmp_path / "a.ome.tif") as stack:
        check_upright(stack, 3)
        assert any("scan along Z" in note for note in stack.notes)


@pytest.mark.parametrize(
    ("letters", "shape", "said"),
    [
        ("ZYX", (32, 8, 52), "YZX"),
        ("TZYX", (2, 32, 52, 8), "TXYZ"),
        ("ZYX", (3, 8, 52), ""),
        ("ZYX", (32, 40, 52), ""),
        ("TYX", (32, 8, 52), ""),
    ],
)
def test_thin_planes_along_z_are_asked_about(letters: str, shape: tuple[int, ...], said: str):
    assert larger_faces(letters, shape) == said
    if said:
        assert sorted(shape[said.index(letter)] for letter in "YX") == [32, 52]


def test_a_yz_scan_opens_with_its_planes_as_frames(tmp_path: Path) -> None:
    data = frames(3).reshape(3, HEIGHT, 1, WIDTH, 1)
    tifffile.imwrite(tmp_path / "a.ome.tif", data, ome=True, metadata={"axes": "TZCYX"})
    with open_stack(tmp_path / "a.ome.tif") as stack:
        check_upright(stack, 3)


@pytest.mark.parametrize("ids", [(1, 3, 2), (1, 3, 4), (2, 3, 1), (2, 3, 4)])
def test_planes_of_a_lif_are_those_recorded(ids: tuple[int, int, int], tmp_path: Path) -> None:
    """Planes of X and Z, or of Y and Z, one after the other along Y, X or T."""
    pytest.importorskip("liffile")
    maker_files.write_lif(tmp_path / "a.lif", frames(3)[:, None], ids=ids)
    with open_stack(tmp_path / "a.lif") as stack:
        check_upright(stack, 3)
        assert any("A scan along Z" in note for note in stack.notes)


def test_line_scans_say_which_axes_fit(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    lines = frames(1)[0][:, None]
    tifffile.imwrite(path, lines, ome=True, metadata={"axes": "TYX"})
    with pytest.raises(InputError, match=r"frames are 52 x 1: a line scan\? .*--axes YTX.* as Y"):
        open_stack(path)
    with open_stack(path, axes="YTX") as stack:
        check_upright(stack, 1)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((3, 2, 40, 50), "TZYX"),
        ((40, 50, 3, 2), "YXTZ"),
        ((40, 50, 9, 3, 2, 4), "YXQTZC"),
        ((9, 40, 50, 3), "TYXS"),
        ((40, 50, 60, 20), "TZYX"),
    ],
)
def test_the_axes_that_are_asked_for_fit_the_shape(
    shape: tuple[int, ...], axes: str, tmp_path: Path
) -> None:
    data = np.zeros(shape, np.uint16)
    np.save(tmp_path / "a.npy", data)
    with pytest.raises(InputError, match=f"as in {axes}\\."):
        open_stack(tmp_path / "a.npy")
    with open_stack(tmp_path / "a.npy", axes=axes) as stack:
        assert stack.frame_shape == (shape[axes.index("Y")], shape[axes.index("X")])


def test_one_line_alone_is_too_small(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", values((1, 40)))
    with pytest.raises(InputError, match=r"at least 3 x 3\.$|at least \d+ x \d+\.$"):
        open_stack(tmp_path / "a.npy")


# --- NDTiff ---------------------------------------------------------------------------------------


def test_ndtiff_names_its_channel_and_its_other_files(tmp_path: Path) -> None:
    ndtiff(tmp_path / "a_NDTiffStack.tif", frames())
    with open_stack(tmp_path / "a_NDTiffStack_1.tif") as stack:
        assert stack.kind == "NDTiff"
        assert [file.name for file in stack.other_files or ()] == ["a_NDTiffStack.tif"]
        check_upright(stack)


def test_ndtiff_with_a_missing_plane_is_read_page_by_page(tmp_path: Path) -> None:
    ndtiff(tmp_path / "a.tif", frames())
    index = tmp_path / "NDTiff.index"
    index.write_bytes(index.read_bytes().replace(b'"time": 1', b'"z": 1234'))
    with open_stack(tmp_path / "a.tif") as stack:
        assert "lists no full grid" in stack.notes[0]
        assert stack.n_frames == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"a_1.tif", b"../.tif"),
        (b'"time": 1', b'"time":[]'),
        (struct.pack("<I", WIDTH), struct.pack("<I", 2**31)),
        (struct.pack("<2I", HEIGHT, 1), struct.pack("<2I", HEIGHT, 9)),
    ],
)
def test_damaged_ndtiff_indices_are_left_alone(old: bytes, new: bytes, tmp_path: Path) -> None:
    ndtiff(tmp_path / "a.tif", frames())
    index = tmp_path / "NDTiff.index"
    data = index.read_bytes()
    assert old in data
    index.write_bytes(data.replace(old, new))
    with open_stack(tmp_path / "a.tif") as stack:
        assert stack.kind == "TIFF"
        check_upright(stack, 1)


# --- the files that were got wrong ----------------------------------------------------------------

FIELD = SHARED / "data" / "field"
field = pytest.mark.skipif(not FIELD.is_dir(), reason="needs the shared files")


@field
@pytest.mark.parametrize(
    ("name", "axes", "shape"),
    [
        ("emd_rows_dims_Y_X.emd", "YX", (200, 256)),
        ("hdf5_dimension_labels_txy.h5", "TXY", (2, 160, 100)),
        ("ilastik_tyxc.h5", "TYX", (2, 100, 160)),
        ("mrc_without_MAP.mrc", "ZYX", (2, 128, 128)),
        ("ome_says_1_has_20.ome.tif", "IYX", (20, 64, 64)),
    ],
)
def test_field_files(name: str, axes: str, shape: tuple[int, ...]) -> None:
    with open_stack(FIELD / name) as stack:
        assert (stack.axes, stack.shape) == (axes, shape)
        frame = stack.read(stack.n_frames - 1).astype(float)
        assert frame.shape == stack.frame_shape
        if "emd" in name or ".h5" in name:
            # Their noise lies along rows.
            frame -= frame.mean()
            along, across = (
                (frame * np.roll(frame, 1, axis)).mean() / frame.var() for axis in (1, 0)
            )
            assert along > 0.2 > abs(across)


@pytest.mark.parametrize(
    ("letters", "shape", "said"),
    [
        ("QYX", (128, 256, 20), "YXT"),
        ("QYX", (128, 256, 40), ""),
        ("QYX", (20, 128, 256), ""),
        ("QYX", (128, 256, 3), ""),
        ("TYX", (128, 256, 20), ""),
        ("YX", (128, 20), ""),
    ],
)
def test_a_short_last_dimension_may_count_frames(
    tmp_path: Path, letters: str, shape: tuple[int, ...], said: str
) -> None:
    assert frames_last(letters, shape) == said
    if letters == "QYX" and shape[-1] > 4:
        path = tmp_path / "a.npy"
        np.save(path, np.random.default_rng(0).integers(0, 99, shape).astype(np.uint16))
        with open_stack(path) as stack:
            assert any("--axes YXT" in note for note in stack.notes) == bool(said)


@field
def test_a_dicom_with_the_preamble_of_a_tiff() -> None:
    pytest.importorskip("pydicom")
    with pytest.raises(InputError, match=r"is a DICOM file without pixels; give"):
        open_stack(FIELD / "dicom_with_tiff_preamble.dcm")


def test_dicom_with_the_preamble_of_a_tiff_is_read_as_dicom(tmp_path: Path) -> None:
    WRITERS["DICOM"][1](tmp_path / "a.dcm", frames())
    data = (tmp_path / "a.dcm").read_bytes()
    (tmp_path / "a.dcm").write_bytes(b"II*\0\x54\x18\x08\0" + data[8:])
    with open_stack(tmp_path / "a.dcm") as stack:
        assert stack.kind == "DICOM"
        assert stack.metadata["Pixel size X"] == "0.25 mm"
        assert stack.metadata["Pixel size Y"] == "0.5 mm"
        assert stack.metadata["Frame interval"] == "40 ms"
        check_upright(stack)


def test_dicom_that_was_compressed_with_loss_says_so(tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    WRITERS["DICOM"][1](tmp_path / "a.dcm", frames())
    with open_stack(tmp_path / "a.dcm") as stack:
        assert not stack.lossy
        assert stack.notes == ()
    data = pydicom.dcmread(tmp_path / "a.dcm")
    data.LossyImageCompression = "01"
    data.save_as(tmp_path / "b.dcm")
    with open_stack(tmp_path / "b.dcm") as stack:
        assert stack.lossy
        assert stack.metadata["Compression"] == "none (with loss)"
        assert "compressed with loss" in stack.notes[0]


@pytest.mark.parametrize(
    "names",
    [
        ("horizontal", "vertical", "frame"),
        ("x [nm]", "y [nm]", "t"),
        ("scan_x", "scan_y", "time"),
        ("x_position", "y_position", "n"),
        ("x-axis", "Y (µm)", "z"),
    ],
)
def test_names_in_which_x_and_y_stand_are_believed(names: tuple[str, ...], tmp_path: Path) -> None:
    with h5(tmp_path / "a.h5", np.transpose(frames())) as file:
        for dimension, name in zip(file["data"].dims, names, strict=True):
            dimension.label = name
    with open_stack(tmp_path / "a.h5") as stack:
        check_upright(stack)


def test_names_that_say_nothing_of_rows_leave_the_order_of_the_file(tmp_path: Path) -> None:
    with h5(tmp_path / "a.h5", frames()) as file:
        for dimension, label in zip(file["data"].dims, ("time", "u", "v"), strict=True):
            dimension.label = label
    with open_stack(tmp_path / "a.h5") as stack:
        check_upright(stack)


def test_bytes_of_mrc_have_a_sign_where_the_file_says_so(tmp_path: Path) -> None:
    data = values((2, 20, 24), "int8")
    path = tmp_path / "a.mrc"
    for at, flags, dtype in (
        (152, struct.pack("<2i", 1146047817, 1), "int8"),
        (152, struct.pack("<2i", 1146047817, 0), "uint8"),
        (108, struct.pack("<i", 20140), "int8"),
        (108, struct.pack("<i", 0), "uint8"),
    ):
        maker_files.write_mrc(path, data)
        raw = bytearray(path.read_bytes())
        raw[at : at + len(flags)] = flags
        path.write_bytes(bytes(raw))
        with open_stack(path) as stack:
            check(stack, data.view(dtype))


def test_the_noisy_row_is_noisy() -> None:
    """The check can fail: turned frames do not pass it."""

    class Turned:
        n_frames, frame_shape = 2, (HEIGHT, WIDTH)

        def read(self, i: int) -> AnyArray:
            return frames()[i, ::-1]

    assert frames()[:, NOISY_ROW].std() > 10
    with pytest.raises(AssertionError):
        check_upright(Turned())

"""Zarr, HDF5, the makers' formats and those of electron microscopy; each needs its reader."""

from __future__ import annotations

import importlib
import os
import pickle
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.core.frames import AnyArray
from structmask_gui.core.parameters import Parameters
from structmask_gui.io import images, zeiss_process
from structmask_gui.io.batch_files import find_files
from structmask_gui.io.images import open_stack
from structmask_gui.io.jobs import Input, extract_inputs
from structmask_gui.io.record import file_checksum
from structmask_gui.io.stack import ImageStack
from tests.conftest import SHARED
from tests.io import maker_files

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def values(shape: tuple[int, ...], dtype: str = "uint16", low: int = 0) -> AnyArray:
    return np.random.default_rng(1).integers(low, 4000, shape).astype(dtype)


def check(stack: ImageStack, expected: AnyArray) -> None:
    """Compare all frames, a band in the middle, and the type."""
    assert stack.n_frames == len(expected)
    assert stack.dtype == expected.dtype.newbyteorder("=")
    for i, frame in enumerate(expected):
        np.testing.assert_array_equal(stack.read(i), frame)
        np.testing.assert_array_equal(stack.read(i, 5, 11), frame[5:11])


def read_all(path: Path) -> None:
    with open_stack(path) as stack:
        for frame in range(stack.n_frames):
            stack.read(frame)


# --- Zarr -----------------------------------------------------------------------------------------


def ome_zarr(folder: Path, array: AnyArray, version: int, **options: Any) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(folder), mode="w", zarr_format=version)
    group.create_array("0", data=array, chunks=(1, 1, 1, 16, 32), **options)
    axes = [{"name": c, "type": "time" if c == "t" else "channel"} for c in "tc"]
    axes += [{"name": c, "type": "space", "unit": "micrometer"} for c in "zyx"]
    scale = {"type": "scale", "scale": [1, 1, 2.0, 0.1, 0.2]}
    about = {
        "multiscales": [
            {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": [scale]}]}
        ],
        "omero": {"channels": [{"label": "GFP"}, {"label": "RFP"}]},
    }
    group.attrs.update(about if version == 2 else {"ome": {"version": "0.5", **about}})


@pytest.mark.parametrize("version", [2, 3])
def test_ome_zarr(version: int, tmp_path: Path) -> None:
    array = values((3, 2, 1, 40, 50), ">i2", -500)
    ome_zarr(tmp_path / "a.zarr", array, version)
    with open_stack(tmp_path / "a.zarr", channel=1) as stack:
        assert (stack.axes, stack.shape) == ("TCYX", (3, 2, 40, 50))
        assert stack.kind == ("OME-Zarr 0.4" if version == 2 else "OME-Zarr 0.5")
        assert stack.channel_choices[1] == (1, "1: RFP")
        assert stack.metadata["Pixel size Y"] == "0.1 µm"
        check(stack, array[:, 1, 0])


def test_zarr_reads_only_the_chunks_it_needs(tmp_path: Path) -> None:
    ome_zarr(tmp_path / "a.zarr", values((3, 1, 1, 40, 50)), 3)
    shutil.rmtree(tmp_path / "a.zarr" / "0" / "c" / "2")
    with open_stack(tmp_path / "a.zarr") as stack:
        assert stack.read(1).any()
        # A chunk that is not there means zeros in this format.
        assert not stack.read(2).any()


def test_zarr_with_several_images(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    root = zarr.open_group(str(tmp_path / "b.zarr"), mode="w", zarr_format=2)
    root.attrs["bioformats2raw.layout"] = 3
    for i in range(3):
        ome_zarr(tmp_path / "b.zarr" / str(i), values((2, 2, 1, 40, 50 + i)), 2)
    with open_stack(tmp_path / "b.zarr", series=2) as stack:
        assert stack.frame_shape == (40, 52)
        assert [one.shape[-1] for one in stack.series] == [50, 51, 52]
    with pytest.raises(InputError, match="has no series 3; its series are 0 to 2"):
        open_stack(tmp_path / "b.zarr", series=3)


def test_zarr_array_without_a_description(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    array = values((4, 30, 40), "float32")
    zarr.save_array(str(tmp_path / "plain.zarr"), array)
    with open_stack(tmp_path / "plain.zarr") as stack:
        check(stack, array)


def test_zarr_plate_is_refused_with_an_example(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    root = zarr.open_group(str(tmp_path / "p.zarr"), mode="w", zarr_format=2)
    root.attrs["plate"] = {"wells": [{"path": "A/1"}, {"path": "A/2"}]}
    with pytest.raises(InputError, match=r"is a plate of 2 wells; .* as in p.zarr/A/1/0"):
        open_stack(tmp_path / "p.zarr")


def test_zarr_runs_no_code_of_the_file(tmp_path: Path) -> None:
    """A chunk stored with the pickle codec would run what it holds."""
    zarr = pytest.importorskip("zarr")
    numcodecs = pytest.importorskip("numcodecs")
    mark = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (mark,))

    array = zarr.create_array(
        str(tmp_path / "evil.zarr"),
        shape=(32, 32),
        chunks=(32, 32),
        dtype="u1",
        zarr_format=2,
        filters=[numcodecs.Delta("u1")],
        compressors=None,
    )
    array[:] = 1
    about = tmp_path / "evil.zarr" / ".zarray"
    text = about.read_text().replace('"id": "delta"', '"id": "pickle"')
    assert "pickle" in text
    about.write_text(text)
    (tmp_path / "evil.zarr" / "0.0").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputError):
        open_stack(tmp_path / "evil.zarr").read(0)
    assert not mark.exists()


def test_zarr_block_too_large_to_decode(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    side = 40_000
    zarr.create_array(
        str(tmp_path / "big.zarr"), shape=(side, side), chunks=(side, side), dtype="u1"
    )
    with pytest.raises(InputError, match="too many to decode at once"):
        open_stack(tmp_path / "big.zarr")


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("damage", ["length", "cut", "size", "empty"])
def test_zarr_blocks_that_lie_do_not_end_the_program(
    damage: str, version: int, tmp_path: Path
) -> None:
    """Found by fuzzing: Blosc reads as far as a block says it goes."""
    zarr = pytest.importorskip("zarr")
    codecs = pytest.importorskip("zarr.codecs")
    numcodecs = pytest.importorskip("numcodecs")
    codec = numcodecs.Blosc() if version == 2 else codecs.BloscCodec()
    array = zarr.create_array(
        str(tmp_path / "a.zarr"),
        shape=(64, 64),
        chunks=(64, 64),
        dtype="u2",
        zarr_format=version,
        compressors=codec,
    )
    array[:] = values((64, 64))
    block = tmp_path / "a.zarr" / ("0.0" if version == 2 else "c/0/0")
    data = bytearray(block.read_bytes())
    with open_stack(tmp_path / "a.zarr") as stack:
        np.testing.assert_array_equal(stack.read(0), values((64, 64)))
        if damage == "length":
            data[12:16] = (2**31 - 1).to_bytes(4, "little")
        elif damage == "size":
            data[4:8] = (2**31 - 1).to_bytes(4, "little")
        block.write_bytes(data if damage in ("length", "size") else data[: len(data) // 2])
        if damage == "empty":
            block.write_bytes(b"x")
        with pytest.raises(InputError, match="cannot be read"):
            stack.read(0)


@pytest.mark.parametrize("damage", ["[]", "{", '{"zarr_format": 9}', ""])
def test_damaged_zarr(damage: str, tmp_path: Path) -> None:
    ome_zarr(tmp_path / "a.zarr", values((2, 1, 1, 40, 50)), 3)
    (tmp_path / "a.zarr" / "zarr.json").write_text(damage)
    with pytest.raises(InputError, match=r"a\.zarr: "):
        open_stack(tmp_path / "a.zarr")


def test_zarr_in_a_batch_and_in_the_record(tmp_path: Path) -> None:
    ome_zarr(tmp_path / "a.zarr", values((2, 1, 1, 64, 64)), 3)
    found, problems = find_files([tmp_path])
    assert (found, problems) == ([tmp_path / "a.zarr"], [])
    _, record = extract_inputs([Input(found[0])], Parameters(patch_size=32))
    assert record.inputs[0].kind == "OME-Zarr 0.5"
    assert record.inputs[0].sha256 == file_checksum(tmp_path / "a.zarr")
    before = record.inputs[0].sha256
    chunk = next(f for f in (tmp_path / "a.zarr" / "0" / "c").rglob("*") if f.is_file())
    chunk.write_bytes(b"other")
    assert file_checksum(tmp_path / "a.zarr") != before


def test_nothing_is_fetched_unless_an_address_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    ome_zarr(tmp_path / "a.zarr", values((2, 1, 1, 40, 50)), 2)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with open_stack(tmp_path / "a.zarr") as stack:
        stack.read(0)
    with pytest.raises(InputError, match="is a folder"):
        open_stack(tmp_path)


# --- HDF5 -----------------------------------------------------------------------------------------


def characters(text: str) -> AnyArray:
    return np.array([c.encode() for c in text], "S1")


def write_ims(path: Path, array: AnyArray) -> None:
    """Write (t, c, z, y, x) as Imaris does: padded to whole chunks, texts as single characters."""
    h5py = pytest.importorskip("h5py")
    times, channels, *shape = array.shape
    with h5py.File(path, "w") as file:
        for t in range(times):
            for c in range(channels):
                group = file.create_group(f"DataSet/ResolutionLevel 0/TimePoint {t}/Channel {c}")
                for letter, n in zip("ZYX", shape, strict=True):
                    group.attrs[f"ImageSize{letter}"] = characters(str(n))
                padded = np.zeros([-(-n // 16) * 16 for n in shape], array.dtype)
                padded[: shape[0], : shape[1], : shape[2]] = array[t, c]
                group.create_dataset("Data", data=padded, chunks=(16, 16, 16), compression="gzip")
        about = file.create_group("DataSetInfo/Image")
        for i, n in enumerate(shape[::-1]):
            about.attrs[f"ExtMin{i}"] = characters("0")
            about.attrs[f"ExtMax{i}"] = characters(str(n * 0.5))
        about.attrs["Unit"] = characters("um")
        for c in range(channels):
            file.create_group(f"DataSetInfo/Channel {c}").attrs["Name"] = characters(f"dye {c}")


def test_imaris(tmp_path: Path) -> None:
    array = values((2, 2, 3, 40, 50))
    write_ims(tmp_path / "a.ims", array)
    with open_stack(tmp_path / "a.ims", channel=1) as stack:
        assert (stack.kind, stack.axes, stack.shape) == ("IMS", "TCZYX", (2, 2, 3, 40, 50))
        assert stack.metadata["Pixel size X"] == "0.5 µm"
        assert stack.channel_choices[0] == (0, "0: dye 0")
        check(stack, array[:, 1].reshape(-1, 40, 50))


def test_big_data_viewer(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    array = values((2, 2, 3, 40, 50))
    array += 40_000  # beyond what fits with a sign
    with h5py.File(tmp_path / "b.h5", "w") as file:
        for t in range(2):
            for s in range(2):
                file.create_dataset(f"t{t:05}/s{s:02}/0/cells", data=array[t, s].view("i2"))
    (tmp_path / "b.xml").write_text(
        "<voxelSize><unit>um</unit><size>0.1 0.2 0.3</size></voxelSize>" * 2
    )
    with open_stack(tmp_path / "b.h5", series=1) as stack:
        assert stack.kind == "BDV HDF5"
        assert stack.metadata["Pixel size Z"] == "0.3 µm"
        assert any("without" in note for note in stack.notes)
        check(stack, array[:, 1].reshape(-1, 40, 50))


def test_plain_hdf5_takes_the_largest_array(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    array = values((5, 40, 50), "float64")
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["small/preview"] = array[0, :20, :20]
        file["data/stack"] = array
        file["table"] = np.zeros(9)
    with open_stack(tmp_path / "c.h5") as stack:
        assert stack.series[0].name == "data/stack"
        check(stack, array)
    with open_stack(tmp_path / "c.h5", series=1) as stack:
        check(stack, array[:1, :20, :20])


def test_hdf5_without_an_image(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["table"] = np.zeros(9)
        file["words"] = np.array([[b"a", b"b"]])
    with pytest.raises(InputError, match="holds no image, only tables or curves"):
        open_stack(tmp_path / "d.h5")


# --- the makers -----------------------------------------------------------------------------------


def test_czi(tmp_path: Path) -> None:
    czi = pytest.importorskip("pylibCZIrw.czi")
    array = values((3, 2, 64, 80))
    with czi.create_czi(str(tmp_path / "a.czi")) as writer:
        for t in range(3):
            for c in range(2):
                writer.write(array[t, c][..., None], plane={"T": t, "C": c, "Z": 0})
        writer.write_metadata("x", channel_names={0: "GFP", 1: "RFP"}, scale_x=1e-7, scale_y=2e-7)
    with open_stack(tmp_path / "a.czi", channel=1) as stack:
        assert (stack.kind, stack.axes) == ("CZI", "TCYX")
        assert stack.metadata["Pixel size Y"] == "0.2 µm"
        assert stack.channel_choices[1] == (1, "1: RFP")
        check(stack, array[:, 1])


def test_czi_mosaic_scenes_and_colour(tmp_path: Path) -> None:
    czi = pytest.importorskip("pylibCZIrw.czi")
    left, right = values((2, 40, 32, 3), "uint8")
    with czi.create_czi(str(tmp_path / "m.czi")) as writer:
        writer.write(left, location=(0, 0), scene=0)
        writer.write(right, location=(32, 0), scene=0)
        writer.write(left, location=(500, 0), scene=1)
    with open_stack(tmp_path / "m.czi", channel=0) as stack:
        assert stack.frame_shape == (40, 64)
        assert len(stack.series) == 2
        # Stored as blue, green, red.
        check(stack, np.concatenate([left, right], axis=1)[None, ..., 2])


def test_czi_whose_reader_dies(tmp_path: Path) -> None:
    """Found by fuzzing: the maker's library can end its process over a damaged file."""
    czi = pytest.importorskip("pylibCZIrw.czi")
    with czi.create_czi(str(tmp_path / "a.czi")) as writer:
        writer.write(values((64, 80, 1)), plane={"T": 0, "C": 0, "Z": 0})
    stack = open_stack(tmp_path / "a.czi")
    stack.read(0)
    process = stack._store._close.__self__._process  # type: ignore[attr-defined]
    process.kill()
    process.wait()
    with pytest.raises(InputError, match=r"a\.czi: a part of the pixels cannot be read"):
        stack.read(0)
    stack.close()
    assert process.stdin.closed


@pytest.mark.skipif(os.name != "posix", reason="stops a process by a signal")
def test_czi_whose_reader_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by fuzzing: the maker's library can be busy for ever with a damaged file."""
    czi = pytest.importorskip("pylibCZIrw.czi")
    with czi.create_czi(str(tmp_path / "a.czi")) as writer:
        writer.write(values((64, 80, 1)), plane={"T": 0, "C": 0, "Z": 0})
    with open_stack(tmp_path / "a.czi") as stack:
        process = stack._store._close.__self__._process  # type: ignore[attr-defined]
        monkeypatch.setattr(zeiss_process, "_SECONDS", 0.3)
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(InputError, match=r"a\.czi: a part of the pixels cannot be read"):
            stack.read(0)
        assert process.wait(timeout=5) != 0


def lif(path: Path) -> AnyArray:
    array = values((3, 2, 40, 50))
    maker_files.write_lif(path, array)
    return array[:, 0]


def nd2(path: Path) -> AnyArray:
    array = values((3, 40, 50))
    maker_files.write_nd2(path, array)
    return array


def mrc(path: Path) -> AnyArray:
    array = values((3, 40, 50), "int16", -500)
    maker_files.write_mrc(path, array)
    return array


def dm3(path: Path) -> AnyArray:
    array = values((3, 40, 50), "int16", -500)
    maker_files.write_dm3(path, array)
    return array


def ser(path: Path) -> AnyArray:
    array = values((3, 40, 40), "int32", -500)
    maker_files.write_ser(path, array)
    return array


def emd(path: Path) -> AnyArray:
    """Write with the reader's own library."""
    array = values((3, 40, 50), "float32")
    axes = [
        {"name": n, "size": s, "scale": 0.5, "offset": 0.0, "units": "nm", "navigate": n == "z"}
        for n, s in zip("zyx", array.shape, strict=True)
    ]
    module = importlib.import_module("rsciio.emd")
    for number, axis in enumerate(axes):
        axis.update(index_in_array=number, _type="UniformDataAxis", is_binned=False)
    module.file_writer(
        str(path),
        {
            "data": array,
            "axes": axes,
            "metadata": {"General": {"title": "noise"}, "Signal": {"signal_type": ""}},
            "original_metadata": {},
            "attributes": {},
            "learning_results": {},
            "package": "x",
            "package_version": "0",
        },
    )
    return array


MAKERS: dict[str, tuple[str, str, Callable[[Path], AnyArray], dict[str, str]]] = {
    "a.lif": (
        "liffile",
        "vendors",
        lif,
        {"Pixel size X": "0.2 µm", "Bits": "12", "Line averaging": "4", "Dwell time": "1.2E-06"},
    ),
    "a.nd2": ("nd2", "vendors", nd2, {"Bits": "12"}),
    "a.mrc": ("rsciio.mrc", "em", mrc, {"Pixel size X": "0.2 nm", "Data type": "int16"}),
    "a.dm3": (
        "rsciio.digitalmicrograph",
        "em",
        dm3,
        {"Pixel size X": "0.25 nm", "Value offset": "-100", "Value scale": "1.5 e"},
    ),
    "a.ser": ("rsciio.tia", "em", ser, {"Pixel size X": "0.2 nm"}),
    "a.emd": ("rsciio.emd", "em", emd, {"Pixel size X": "0.5 nm"}),
}


@pytest.mark.parametrize("name", MAKERS)
def test_makers(name: str, tmp_path: Path) -> None:
    module, _, write, facts = MAKERS[name]
    pytest.importorskip(module)
    expected = write(tmp_path / name)
    with open_stack(tmp_path / name) as stack:
        assert stack.kind == name[-3:].upper()
        assert facts.items() <= stack.metadata.items()
        check(stack, expected)
    # Nothing holds the file any more.
    (tmp_path / name).rename(tmp_path / "moved")


@pytest.mark.parametrize("name", MAKERS)
def test_makers_facts_reach_the_record(name: str, tmp_path: Path) -> None:
    module, _, write, facts = MAKERS[name]
    pytest.importorskip(module)
    write(tmp_path / name)
    _, record = extract_inputs([Input(tmp_path / name)], Parameters(patch_size=16, center_size=5))
    assert facts.items() <= record.inputs[0].metadata.items()


@pytest.mark.parametrize("name", MAKERS)
def test_makers_cut_short(name: str, tmp_path: Path) -> None:
    module, _, write, _ = MAKERS[name]
    pytest.importorskip(module)
    write(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for share in (0.05, 0.3, 0.7, 0.97):
        (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match=f"^{name}: "):
            read_all(tmp_path / name)


@pytest.mark.parametrize("name", [*MAKERS, "a.czi", "a.h5"])
def test_without_the_reader_the_sentence_names_the_extra(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine where nothing optional is installed."""
    if name in MAKERS:
        module, extra, write, _ = MAKERS[name]
        pytest.importorskip(module)
        write(tmp_path / name)
    else:
        head = b"ZISRAWFILE" if name == "a.czi" else b"\x89HDF\r\n\x1a\n"
        (tmp_path / name).write_bytes(head.ljust(1000, b"\0"))
        module, extra = ("pylibCZIrw.czi", "vendors") if name == "a.czi" else ("h5py", "hdf5")
    if name == "a.emd":
        module, extra = "h5py", "hdf5"
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"pip install 'structmask-gui\[{extra}\]'\.$"):
        open_stack(tmp_path / name)


def test_optional_readers_are_not_imported_at_start() -> None:
    import subprocess

    code = (
        "import sys; import structmask_gui.io.images, structmask_gui.cli;"
        "print([m for m in ('zarr', 'nd2', 'pylibCZIrw', 'liffile', 'rsciio', 'h5py', 'dask',"
        " 'distributed') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_of_optional_formats() -> None:
    for kind, (module, endings) in images._OPTIONAL.items():
        installed = importlib.util.find_spec(module) is not None
        assert (kind in images.EXTENSIONS) is installed
        assert images.is_readable_name(f"x{endings[0]}") is installed


# --- real files, where they are -------------------------------------------------------------------

REAL = SHARED / "data" / "makers"


@pytest.mark.parametrize("path", sorted(REAL.glob("*")), ids=lambda path: path.name)
def test_real_files_of_the_makers(path: Path) -> None:
    with open_stack(path) as stack:
        assert stack.read(stack.n_frames - 1).std() > 0
        assert "Pixel size X" in stack.metadata

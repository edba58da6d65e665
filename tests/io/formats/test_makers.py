"""The makers' formats and those of electron microscopy; each needs its reader."""

from __future__ import annotations

import importlib
import os
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.extract_files import ExtractionSettings, Input, extract_result
from structmask_gui.io.formats import known
from structmask_gui.io.open import open_stack
from tests.conftest import SHARED
from tests.io import maker_files
from tests.io.checked_stacks import check, read_all, values

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


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
    process = stack._store._close.__self__._process
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
        process = stack._store._close.__self__._process
        monkeypatch.setattr("structmask_gui.io.formats.process._SECONDS", 0.3)
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
    "a.dm3": (
        "rsciio.digitalmicrograph",
        "em",
        dm3,
        {"Pixel size X": "0.25 nm", "Value offset": "-100", "Value scale": "1.5 e"},
    ),
    "a.ser": ("rsciio.tia", "em", ser, {"Pixel size X": "0.2 nm"}),
    "a.emd": ("rsciio.emd", "hdf5", emd, {"Pixel size X": "0.5 nm"}),
}


@pytest.mark.slow
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
    settings = ExtractionSettings(Parameters(patch_size=16, center_size=5))
    record = extract_result([Input(tmp_path / name)], settings).record
    assert facts.items() <= record.inputs[0].metadata.items()


@pytest.mark.parametrize("name", MAKERS)
def test_makers_cut_short(name: str, tmp_path: Path) -> None:
    module, _, write, _ = MAKERS[name]
    pytest.importorskip(module)
    write(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for share in (0.05, 0.3, 0.7, 0.97):
        (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match=f"^{name}:? "):
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


@pytest.mark.slow
def test_optional_readers_are_not_imported_at_start() -> None:
    import subprocess

    code = (
        "import sys; import structmask_gui.io.open, structmask_gui.cli;"
        "print([m for m in ('zarr', 'nd2', 'pylibCZIrw', 'liffile', 'rsciio', 'h5py', 'dask',"
        " 'pydicom', 'oiffile', 'distributed') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_of_optional_formats() -> None:
    for kind, endings, _, module, *_ in known.READ:
        installed = module is None or importlib.util.find_spec(module) is not None
        assert (kind in known.EXTENSIONS) is installed
        assert known.is_readable_name(f"x{endings.split()[0]}") is installed


REAL = SHARED / "data" / "makers"


@pytest.mark.parametrize("path", sorted(REAL.glob("*")), ids=lambda path: path.name)
def test_real_files_of_the_makers(path: Path) -> None:
    with open_stack(path) as stack:
        assert stack.read(stack.n_frames - 1).std() > 0
        assert "Pixel size X" in stack.metadata


def test_dm3_that_promises_more_than_it_holds(tmp_path: Path) -> None:
    """The library would list all pieces of the pixels before it looks for them."""
    pytest.importorskip("rsciio")
    path = tmp_path / "a.dm3"
    maker_files.write_dm3(path, values((3, 40, 44), "int16"))
    data, place = path.read_bytes(), struct.pack("<I", 44)
    assert data.count(place) == 1
    for length in (0, 2**30, 2**32 - 1):
        path.write_bytes(data.replace(place, struct.pack("<I", length)))
        with pytest.raises(InputError, match=r"a\.dm3:? (promises .* cannot hold|.*damaged)"):
            open_stack(path)

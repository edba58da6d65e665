"""Zarr and OME-Zarr, whole and damaged."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.batch.files import find_files
from structmask_gui.io.extract_files import ExtractionSettings, Input, extract_result
from structmask_gui.io.open import open_stack
from structmask_gui.io.results.record import file_checksum
from tests.io.checked_stacks import check, values

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


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
    with pytest.raises(InputError, match=r"a\.zarr:? "):
        open_stack(tmp_path / "a.zarr")


def test_zarr_in_a_batch_and_in_the_record(tmp_path: Path) -> None:
    ome_zarr(tmp_path / "a.zarr", values((2, 1, 1, 64, 64)), 3)
    found, problems = find_files([tmp_path])
    assert (found, problems) == ([tmp_path / "a.zarr"], [])
    settings = ExtractionSettings(Parameters(patch_size=32))
    record = extract_result([Input(found[0])], settings).record
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

"""Measurements kept on disk."""

from __future__ import annotations

import dataclasses
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from structmask_gui.core.extraction.extraction import Extraction, select
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import ArrayFrames, Recording, Region
from structmask_gui.io.open import open_stack
from structmask_gui.io.results.cache import MeasurementCache, cache_folder, content_identity
from structmask_gui.io.results.serialise import measurement_bytes, measurement_from
from structmask_gui.io.stack.image_stack import MeasuredFiles

ROOT = Path(__file__).parents[3]
PARAMETERS = Parameters(patch_size=32, center_size=9)


def noise(frames: int = 4, side: int = 128, seed: int = 0) -> np.ndarray[Any, Any]:
    white = np.random.default_rng(seed).normal(size=(frames, side, side + 2))
    return (1000 + 50 * (white[..., 2:] + white[..., 1:-1] + white[..., :-2])).astype(np.uint16)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tifffile.imwrite(tmp_path / "a.tif", noise(), photometric="minisblack")
    return tmp_path / "a.tif"


def measured(
    file: Path, parameters: Parameters, cache: MeasurementCache
) -> tuple[Extraction, bool]:
    """Do as the window; return what is selected, and whether it had to be measured."""
    with open_stack(file) as stack:
        files = MeasuredFiles([stack])
        key = cache.key(files, parameters)
        found = kept = cache.load(key, parameters)
        if found is None:
            found = measure(files.recording(), parameters)
            cache.store(key, found)
    return select(found, parameters), kept is None


def same(a: Any, b: Any) -> bool:
    """Compare nested results, arrays bit by bit."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b, True)
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(
            same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a)
        )
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) or (a != a and b != b)


@pytest.mark.parametrize("method", ["ring", "statistical"])
def test_a_measurement_survives_as_bytes(method: str) -> None:
    parameters = PARAMETERS.changed(method=method, source="frames")
    stack = noise()
    stack[0, :40, :40] = 7  # patches that are left out
    made = measure(Recording(ArrayFrames(stack), Region(0, 128, 0, 100)), parameters)
    again = measurement_from(measurement_bytes(made))
    assert same(made, again)
    assert select(again, parameters).mask == select(made, parameters).mask


def test_statistical_under_a_picture_survives_too() -> None:
    y, x = np.mgrid[:256, :256]
    picture = 3000 * np.exp(-((y % 64 - 32.0) ** 2 + (x % 64 - 32.0) ** 2) / 60)
    parameters = Parameters(method="statistical", source="spectrum")
    made = measure(ArrayFrames(noise(2, 256) + picture), parameters)
    assert made.correlation is not None
    assert made.correlation.evidence.fit is not None
    assert made.correlation.evidence.others  # what the answer is held against
    assert same(made, measurement_from(measurement_bytes(made)))


def test_frames_that_were_left_out_survive_too() -> None:
    twice = np.repeat(noise(8, 256), 2, axis=0)
    made = measure(ArrayFrames(twice), Parameters(method="statistical"))
    assert made.correlation is not None
    assert made.correlation.evidence.left_out is not None
    again = measurement_from(measurement_bytes(made))
    assert same(made, again)
    assert again.correlation is not None
    assert again.correlation.evidence.left_out == made.correlation.evidence.left_out


def test_second_time_nothing_is_measured(file: Path, tmp_path: Path) -> None:
    cache = MeasurementCache(tmp_path / "kept")
    first, made = measured(file, PARAMETERS, cache)
    second, again = measured(file, PARAMETERS, cache)
    assert (made, again) == (True, False)
    assert same(first.measurement, second.measurement)
    assert first.mask == second.mask
    # What needs no new measurement finds the same entry, also a smaller centre.
    for change in ({"base_percentile": 40.0}, {"center_size": 7}):
        assert not measured(file, PARAMETERS.changed(**change), cache)[1]
    assert measured(file, PARAMETERS.changed(center_size=15), cache)[1]


def test_everything_that_matters_is_in_the_key(file: Path, tmp_path: Path) -> None:
    cache = MeasurementCache(tmp_path)
    tifffile.imwrite(tmp_path / "b.tif", noise(seed=1), photometric="minisblack")
    with open_stack(file) as a, open_stack(tmp_path / "b.tif") as b:
        keys = [
            cache.key(MeasuredFiles([a]), PARAMETERS),
            cache.key(MeasuredFiles([b]), PARAMETERS),
            cache.key(MeasuredFiles([a, b]), PARAMETERS),
            cache.key(MeasuredFiles([a.with_frames(slice(0, 2))]), PARAMETERS),
            cache.key(MeasuredFiles([a]), PARAMETERS, region=Region(0, 64, 0, 64)),
            cache.key(MeasuredFiles([a], dark=b), PARAMETERS),
            cache.key(MeasuredFiles([a], subtract=b), PARAMETERS),
            *(
                cache.key(MeasuredFiles([a]), PARAMETERS.changed(**change))
                for change in (
                    {"patch_size": 16},
                    {"patches": 10},
                    {"seed": 1},
                    {"layout": "random"},
                    {"source": "difference"},
                    {"method": "statistical"},
                    {"norm_autocorr": False},
                    {"log_autocorr": False},
                    {"crop_autocorr": False},
                )
            ),
        ]
        assert len(set(keys)) == len(keys)
        assert cache.key(MeasuredFiles([a]), PARAMETERS) == keys[0]


def test_a_changed_file_is_measured_again(file: Path, tmp_path: Path) -> None:
    cache = MeasurementCache(tmp_path / "kept")
    measured(file, PARAMETERS, cache)
    before = file.stat()
    tifffile.imwrite(file, noise(seed=5), photometric="minisblack")
    # Even if it pretends to be as old and as long as before.
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert measured(file, PARAMETERS, cache)[1]


@pytest.mark.parametrize("damage", [b"", b"junk", b"PK\x03\x04", None])
def test_damaged_entries_are_forgotten(damage: bytes | None, file: Path, tmp_path: Path) -> None:
    cache = MeasurementCache(tmp_path / "kept")
    first, _ = measured(file, PARAMETERS, cache)
    (entry,) = (tmp_path / "kept").iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    second, again = measured(file, PARAMETERS, cache)
    assert again
    assert first.mask == second.mask


def test_an_entry_runs_no_code(tmp_path: Path) -> None:
    mark = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (mark,))

    hidden = np.array([Evil()], dtype=object)
    np.savez(tmp_path / "evil.npz", about=hidden, a0=hidden)
    for data in ((tmp_path / "evil.npz").read_bytes(), pickle.dumps(Evil())):
        with pytest.raises(ValueError, match="no stored measurement"):
            measurement_from(data)
    assert not mark.exists()


def test_size_is_bounded_and_the_oldest_go_first(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    cache = MeasurementCache(folder)
    made = measure(ArrayFrames(noise()), PARAMETERS)
    one = len(measurement_bytes(made))
    cache.limit = 3 * one + one // 2
    for i in range(3):
        assert cache.store(f"k{i}", made)
        os.utime(folder / f"k{i}.measurement", (i, i))
    assert cache.load("k0", PARAMETERS) is not None  # used again: now the newest
    assert cache.store("k3", made)
    assert sorted(p.stem for p in folder.iterdir()) == ["k0", "k2", "k3"]
    assert cache.size() <= cache.limit
    cache.limit = one - 1
    assert not cache.store("k4", made)
    cache.clear()
    assert cache.size() == 0


def test_a_place_that_cannot_be_written_does_no_harm(file: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where the folder should be")
    cache = MeasurementCache(tmp_path / "kept")
    extraction, _ = measured(file, PARAMETERS, cache)
    assert extraction.mask.statistics.true_pixels >= 1


def test_a_full_disk_does_no_harm(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = MeasurementCache(tmp_path / "kept")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    extraction, _ = measured(file, PARAMETERS, cache)
    assert extraction.mask.statistics.true_pixels >= 1
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.slow
def test_two_programs_share_it(file: Path, tmp_path: Path) -> None:
    """Both write and read and prune the same entries at once; nothing is broken or in the way."""
    code = f"""
from pathlib import Path
from structmask_gui.io.results.cache import MeasurementCache
from tests.io.results.test_cache import PARAMETERS, measured
cache = MeasurementCache(Path({str(tmp_path / "kept")!r}))
cache.limit = 12_000
for i in range(30):
    extraction, _ = measured(Path({str(file)!r}), PARAMETERS.changed(seed=i % 4), cache)
    assert extraction.mask.statistics.true_pixels == 3, extraction.mask
"""
    command = [sys.executable, "-c", code]
    running = [
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in running:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
    left = [path.suffix for path in (tmp_path / "kept").iterdir()]
    assert set(left) <= {".measurement"}


def test_identity_of_a_folder(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    zarr.save_array(str(tmp_path / "a.zarr"), noise())
    with open_stack(tmp_path / "a.zarr") as stack:
        before = content_identity(stack)
        chunk = next(
            f for f in (tmp_path / "a.zarr").rglob("*") if f.name.isdigit() and f.is_file()
        )
        chunk.write_bytes(chunk.read_bytes() + b"x")
        assert content_identity(stack) != before


def ome_set(folder: Path, second: int) -> Path:
    """Write two files of one OME-TIFF set, the second with frames of that seed."""
    uuid = '<UUID FileName="{}.ome.tif">urn:uuid:{}</UUID>'
    planes = "".join(
        f'<TiffData FirstT="{n}" IFD="0" PlaneCount="1">{uuid.format(name, name)}</TiffData>'
        for n, name in enumerate("ab")
    )
    for name, seed in (("a", 0), ("b", second)):
        words = (
            f'<OME UUID="urn:uuid:{name}"><Image ID="Image:0"><Pixels ID="Pixels:0" SizeX="48"'
            ' DimensionOrder="XYCZT" Type="uint16" SizeY="40" SizeC="1" SizeZ="1" SizeT="2">'
            f"{planes}</Pixels></Image></OME>"
        )
        page = np.random.default_rng(seed).integers(0, 200, (40, 48)).astype("uint16")
        tifffile.imwrite(folder / f"{name}.ome.tif", page, description=words, metadata=None)
    return folder / "a.ome.tif"


def test_another_file_of_a_set_counts(tmp_path: Path) -> None:
    path = ome_set(tmp_path, 1)
    before = path.stat()
    with open_stack(path) as stack:
        assert stack.n_frames == 2
        assert stack.other_files == (tmp_path / "b.ome.tif",)
        one = content_identity(stack)
        assert one is not None
        assert content_identity(stack) == one
    ome_set(tmp_path, 2)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with open_stack(path) as stack:
        assert content_identity(stack) != one


@pytest.mark.parametrize("kind", ["virtual", "raw", "time point", None])
def test_pixels_of_other_files_are_not_kept(kind: str | None, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    values = np.random.default_rng(0).integers(0, 200, (4, 40, 48)).astype("uint16")
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["a"] = values
        other["t/s00/0/cells"] = values
    path = tmp_path / "one.h5"
    with h5py.File(path, "w") as file:
        if kind == "virtual":
            layout = h5py.VirtualLayout(values.shape, values.dtype)
            layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "a", values.shape)
            file.create_virtual_dataset("a", layout)
        elif kind == "raw":
            values.tofile(tmp_path / "raw.bin")
            external = [(str(tmp_path / "raw.bin"), 0, values.nbytes)]
            file.create_dataset("a", values.shape, values.dtype, external=external)
        elif kind == "time point":
            file["t00000/s00/0/cells"] = values
            file["t00001"] = h5py.ExternalLink("other.h5", "t")
        else:
            file["a"] = values
    with open_stack(path) as stack:
        assert (content_identity(stack) is None) is (kind is not None)


def test_where_it_lies(fresh_home: Path) -> None:
    assert cache_folder() == fresh_home / "measurements"

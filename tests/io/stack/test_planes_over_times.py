"""Files of planes at several times: which of their frames follow one another."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ChosenFrames, FrameRange
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.image_stack import MeasuredFiles, frame_range
from tests.io.noise_frames import AnyArray, frames_of, noise

AUTOMATIC = Parameters(method="statistical", source="automatic", mask_choice="recommended")


def ome_tiff(path: Path, data: AnyArray, axes: str) -> Path:
    tifffile.imwrite(path, data, ome=True, photometric="minisblack", metadata={"axes": axes})
    return path


def nifti(path: Path, data: AnyArray) -> Path:
    """Write A(x, y, z, t) of unsigned 16 bits: the columns vary fastest."""
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, data.ndim, *data.shape[::-1], *(1,) * (7 - data.ndim))
    struct.pack_into("<2h", head, 70, 512, 16)
    struct.pack_into("<8f", head, 76, *(1.0,) * 8)
    struct.pack_into("<f", head, 108, 352.0)
    head[344:348] = b"n+1\0"
    path.write_bytes(bytes(head) + data.astype("<u2").tobytes())
    return path


@pytest.mark.parametrize(
    ("axes", "lengths", "runs"),
    [
        ("TZYX", (4, 3), [range(0, 12, 3), range(1, 12, 3), range(2, 12, 3)]),
        ("QTZYX", (2, 2, 2), [range(0, 4, 2), range(1, 4, 2), range(4, 8, 2), range(5, 8, 2)]),
        ("TQZYX", (3, 2, 2), [range(0, 12, 4), range(1, 12, 4), range(2, 12, 4), range(3, 12, 4)]),
        # Times follow one another as they are.
        ("ZTYX", (3, 4), [range(12)]),
        # Not both are named, or there is one time alone.
        ("TQYX", (4, 3), [range(12)]),
        ("QZYX", (4, 3), [range(12)]),
        ("TYX", (12,), [range(12)]),
        ("ZYX", (12,), [range(12)]),
        ("TZYX", (1, 12), [range(12)]),
    ],
)
def test_frames_of_a_plane_follow_one_another(
    tmp_path: Path, axes: str, lengths: tuple[int, ...], runs: list[range]
) -> None:
    data = noise((*lengths, 20, 30))
    np.save(tmp_path / "a.npy", data)
    with open_stack(tmp_path / "a.npy", axes=axes) as stack:
        assert stack.runs == runs
        # Their order is that of the file all the same.
        np.testing.assert_array_equal(frames_of(stack), data.reshape(-1, 20, 30))


def test_formats_that_name_time_and_depth(tmp_path: Path) -> None:
    data = noise((4, 3, 20, 30))
    runs = [range(0, 12, 3), range(1, 12, 3), range(2, 12, 3)]
    for path in (
        ome_tiff(tmp_path / "a.ome.tif", data, "TZYX"),
        nifti(tmp_path / "a.nii", data),
    ):
        with open_stack(path) as stack:
            assert stack.axes == "TZYX"
            assert stack.place_of(stack.n_frames - 1) == f"T {data.shape[0]}, Z {data.shape[1]}"
            assert stack.runs == runs
            assert MeasuredFiles([stack]).recording().frames.runs == runs  # type: ignore[attr-defined]
            assert ChosenFrames([stack]).runs == runs
    turned = ome_tiff(tmp_path / "b.ome.tif", data.swapaxes(0, 1), "ZTYX")
    with open_stack(turned) as stack:
        assert (stack.axes, stack.runs) == ("ZTYX", [range(12)])
    with_channels = ome_tiff(tmp_path / "c.ome.tif", noise((2, 3, 2, 20, 30)), "TZCYX")
    with open_stack(with_channels, channel=1) as stack:
        assert stack.runs == [range(0, 6, 3), range(1, 6, 3), range(2, 6, 3)]


@pytest.mark.parametrize(
    ("asked", "runs"),
    [
        ("4:12", [range(0, 7, 3), range(1, 8, 3), range(2, 6, 3)]),
        ("::2", [range(0, 6, 3), range(1, 6, 3), range(2, 6, 3)]),
        ("::-1", [range(0, 12, 3), range(1, 12, 3), range(2, 12, 3)]),
        ("1::3", [range(4)]),
        # One time, or hardly more.
        ("3:6", [range(3)]),
        ("3:7", [range(4)]),
        ("2:4", [range(2)]),
    ],
)
def test_restricted_frames_keep_their_planes_apart(
    tmp_path: Path, asked: str, runs: list[range]
) -> None:
    path = ome_tiff(tmp_path / "a.ome.tif", noise((4, 3, 20, 30)), "TZYX")
    with open_stack(path) as stack:
        part = stack.with_frames(frame_range(asked))
        assert part.runs == runs
        chosen = frame_range(asked).indices(12)
        if chosen[2] > 0:
            assert ChosenFrames([stack], FrameRange(*chosen)).runs == runs
        # Of the part, a part again; the stack stays as it is.
        assert part.with_frames(slice(None)).runs == runs
        assert len(stack.runs) == 3


def test_the_mask_of_such_a_file_is_that_of_its_noise(tmp_path: Path) -> None:
    common, *own = (cells((96, 96), seed=50 + number, n_cells=15) for number in range(4))
    model = NoiseModel(kernels()["row 7"], 0.3, sigma=10.0)
    planes = [
        simulate(model, (96, 96), n_frames=8, picture=common + one, strength=5.0, seed=seed)
        for seed, one in enumerate(own)
    ]
    data = np.clip(500 + np.stack(planes, axis=1), 0, 65535).astype(np.uint16)
    path = ome_tiff(tmp_path / "a.ome.tif", data, "TZYX")
    with open_stack(path) as stack:
        found = extract_recording(stack, AUTOMATIC)
    assert found.mask.cropped().array.shape == (1, 13)
    with open_stack(path, axes="QZYX") as stack:
        across = extract_recording(stack, AUTOMATIC)
    assert across.mask.cropped().array.shape != (1, 13)

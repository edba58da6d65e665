"""Frames with an upright letter and a row of noise, in every format that a test can write.

Each writer takes a path and frames (t, y, x) of uint16 and writes a file that says itself which
dimension is which, as its own programs do.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from structmask_gui.core.arrays import AnyArray
from tests.io import maker_files

HEIGHT, WIDTH = 36, 52
NOISY_ROW = 30


def frames(n: int = 2, seed: int = 5, dtype: str = "uint16") -> AnyArray:
    """Return frames with the letter F at the upper left and noise in one row; no two are alike."""
    random = np.random.default_rng(seed)
    drawn = np.full((n, HEIGHT, WIDTH), 100)
    drawn[:, 4:26, 6:9] = 200
    drawn[:, 4:7, 6:22] = 200
    drawn[:, 13:16, 6:16] = 200
    drawn[:, NOISY_ROW] += random.integers(-30, 30, (n, WIDTH))
    drawn[:, 0, 0] = 120 + np.arange(n)
    return drawn.astype(dtype)


def check_upright(stack: Any, n: int = 2, tolerance: int = 0) -> None:
    """Check the upright letter, the noise along its row, and the order of frames."""
    assert (stack.n_frames, stack.frame_shape) == (n, (HEIGHT, WIDTH))
    for i in range(n):
        frame = stack.read(i).astype(float)
        letter = np.argwhere(frame > 160)
        assert letter.min(axis=0).tolist() == [4, 6]
        assert letter.max(axis=0).tolist() == [25, 21]
        # The long bar is above the short one, and both go right from the stem.
        assert [int((frame[row] > 160).sum()) for row in (5, 10, 14, 20)] == [16, 3, 10, 3]
        spread = frame[:, 25:].std(axis=1)
        assert int(spread.argmax()) == NOISY_ROW
        assert spread[NOISY_ROW] > 10 > np.delete(spread, NOISY_ROW).max() + 5 * (tolerance == 0)
        assert abs(frame[0, 0] - (120 + i)) <= tolerance


# --- TIFF -----------------------------------------------------------------------------------------


def tiff(path: Path, data: AnyArray) -> None:
    with tifffile.TiffWriter(path) as writer:
        for page in data:
            writer.write(page, metadata=None, contiguous=False)


def tiff_by_tifffile(path: Path, data: AnyArray) -> None:
    tifffile.imwrite(path, data, photometric="minisblack", metadata={"axes": "TYX"})


def tiff_columns_first(path: Path, data: AnyArray) -> None:
    array = np.ascontiguousarray(data.transpose(0, 2, 1))
    tifffile.imwrite(path, array, photometric="minisblack", metadata={"axes": "TXY"})


def imagej(path: Path, data: AnyArray) -> None:
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": "TYX"})


def ome_tiff(path: Path, data: AnyArray) -> None:
    tifffile.imwrite(path, data[:, None], ome=True, metadata={"axes": "TCYX"}, compression="zlib")


def ndtiff(path: Path, data: AnyArray) -> None:
    """Write both planes of two positions, position by position, in two files with one index."""
    index = b""
    for number, name in enumerate((path.name, f"{path.stem}_1.tif")):
        planes = np.stack([data[number]])
        tifffile.imwrite(path.with_name(name), planes, metadata=None, photometric="minisblack")
        with tifffile.TiffFile(path.with_name(name)) as tif:
            offset = tif.pages[0].dataoffsets[0]
        axes = json.dumps({"channel": "GFP", "time": number}).encode()
        index += struct.pack("<I", len(axes)) + axes
        index += struct.pack("<I", len(name)) + name.encode()
        index += struct.pack("<8I", offset, WIDTH, HEIGHT, 1, 0, 0, 0, 0)
    (path.parent / "NDTiff.index").write_bytes(index)


def _pages(
    path: Path, first: int, pages: list[list[tuple[int, int, int, int]]], data: bytes
) -> None:
    """Write a TIFF whose pages hold these tags: code, type, count and value or offset."""
    out = b"II*\0" + struct.pack("<I", first) + data
    for number, tags in enumerate(pages):
        following = len(out) + 6 + 12 * len(tags) if number + 1 < len(pages) else 0
        out += struct.pack("<H", len(tags))
        out += b"".join(struct.pack("<HHII", *tag) for tag in tags)
        out += struct.pack("<I", following)
    path.write_bytes(out)


def _plane(offset: int, height: int, width: int, bits: int = 16) -> list[tuple[int, int, int, int]]:
    sizes = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, 1)]
    stored = [(262, 3, 1, 1), (273, 4, 1, offset), (277, 3, 1, 1)]
    return [*sizes, *stored, (278, 4, 1, height), (279, 4, 1, height * width * bits // 8)]


def stk(path: Path, data: AnyArray) -> None:
    """Write as MetaMorph does: one page, and the pixels of all planes behind those of the first."""
    planes = data.astype("<u2").tobytes()
    lists = b"".join(struct.pack("<6I", 1, 1, 2450000, 1000 * i, 0, 0) for i in range(len(data)))
    at = 8 + len(planes)
    tags = [(33628, 4, 1, at + len(lists)), (33629, 5, len(data), at)]
    page = [*_plane(8, HEIGHT, WIDTH), *tags]
    _pages(path, at + len(lists) + 8, [page], planes + lists + struct.pack("<2I", 0, 1))


def lsm(path: Path, data: AnyArray) -> None:
    """Write a series in time; each plane has a small picture behind it."""
    sizes = {"X": WIDTH, "Y": HEIGHT, "Z": 1, "Channels": 1, "Time": len(data)}
    told = {"MagicNumber": 0x0400494C, "DataType": 2, "ScanType": 6}
    told |= {f"Dimension{name}": n for name, n in sizes.items()}
    told |= {f"VoxelSize{letter}": 2.5e-7 for letter in "XY"}
    about = b""
    for name, kind in tifffile.TIFF.CZ_LSMINFO:
        about += np.full((), told.get(name, 0), np.dtype(kind).newbyteorder("<")).tobytes()
    about = about[:4] + struct.pack("<I", len(about)) + about[8:]
    planes = data.astype("<u2").tobytes()
    end = 8 + len(planes)
    pages = []
    for i in range(len(data)):
        extra = [(34412, 1, len(about), end)] if i == 0 else []
        plane = _plane(8 + i * HEIGHT * WIDTH * 2, HEIGHT, WIDTH)
        pages += [[(254, 4, 1, 0), *plane, *extra], [(254, 4, 1, 1), *_plane(8, 9, 13, 8)]]
    _pages(path, end + len(about), pages, planes + about)


# --- arrays ---------------------------------------------------------------------------------------


def npy(path: Path, data: AnyArray) -> None:
    np.save(path, data)


def npy_columns_first(path: Path, data: AnyArray) -> None:
    np.save(path, np.asfortranarray(data))


def zarr_named(path: Path, data: AnyArray) -> None:
    zarr = pytest.importorskip("zarr")
    zarr.create_array(
        str(path),
        data=np.ascontiguousarray(data.transpose(2, 1, 0)),
        dimension_names=["x", "y", "t"],
    )


def zarr_of_xarray(path: Path, data: AnyArray) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    array = group.create_array("image", data=np.ascontiguousarray(data.transpose(0, 2, 1)))
    array.attrs["_ARRAY_DIMENSIONS"] = ["time", "x", "y"]


def ome_zarr(path: Path, data: AnyArray) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    group.create_array("0", data=np.ascontiguousarray(data.transpose(0, 2, 1)))
    axes = [{"name": "t", "type": "time"}, *({"name": c, "type": "space"} for c in "xy")]
    group.attrs["multiscales"] = [{"axes": axes, "datasets": [{"path": "0"}]}]


def ome_zarr_of_before(path: Path, data: AnyArray) -> None:
    """Write as OME-NGFF 0.1 and 0.2 did: always t, c, z, y, x, and none is named."""
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    group.create_array("0", data=data[:, None, None])
    group.attrs["multiscales"] = [{"version": "0.1", "datasets": [{"path": "0"}]}]


def spatial_data(path: Path, data: AnyArray) -> None:
    """Write an image two folders down, beside a table."""
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    group.create_group("images/raw")
    group.create_group("tables/table").create_array("X", data=np.zeros((90, 90)))
    ome_zarr(path / "images" / "raw", data)


DESCRIBED = (("time", "s"), ("x", "nm"), ("y", "nm"))


def hyperspy_zarr(path: Path, data: AnyArray) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    signal = group.create_group("Experiments/signal")
    signal.create_array("data", data=np.ascontiguousarray(data.transpose(0, 2, 1)))
    for i, (name, unit) in enumerate(DESCRIBED):
        signal.create_group(f"axis-{i}").attrs.update(name=name, units=unit, scale=0.25)


# --- HDF5 -----------------------------------------------------------------------------------------


def h5(path: Path, array: AnyArray, name: str = "data", **options: Any) -> Any:
    h5py = pytest.importorskip("h5py")
    file = h5py.File(path, "w", **options)
    file[name] = array
    return file


def hdf5(path: Path, data: AnyArray) -> None:
    h5(path, data).close()


def hdf5_labels(path: Path, data: AnyArray) -> None:
    with h5(path, data.transpose(0, 2, 1)) as file:
        for dimension, label in zip(file["data"].dims, ("t", "x", "y"), strict=True):
            dimension.label = label


def hdf5_scales(
    path: Path, data: AnyArray, names: tuple[str, ...] = ("lon", "time", "lat")
) -> None:
    """Write as netCDF-4 does: a scale along each dimension, called after its data set."""
    with h5(path, data.transpose(2, 0, 1)) as file:
        for dimension, name, n in zip(file["data"].dims, names, file["data"].shape, strict=True):
            file[name] = np.arange(float(n))
            file[name].make_scale()
            dimension.attach_scale(file[name])


def ilastik(path: Path, data: AnyArray) -> None:
    with h5(path, data.transpose(0, 2, 1)[..., None], "exported_data") as file:
        axes = [{"key": key, "typeFlags": 2} for key in "txyc"]
        file["exported_data"].attrs["axistags"] = json.dumps({"axes": axes})


def hdf5_of_xarray(path: Path, data: AnyArray) -> None:
    with h5(path, data.transpose(2, 1, 0)) as file:
        file["data"].attrs["_ARRAY_DIMENSIONS"] = ["x", "y", "time"]


def matlab(path: Path, data: AnyArray) -> None:
    """Write A(y, x, t) as `save -v7.3` does: 512 bytes of text, columns first."""
    with h5(path, data.transpose(0, 2, 1), "A", userblock_size=512) as file:
        file["A"].attrs["MATLAB_class"] = np.bytes_("uint16")
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(508) + b"\0\x02IM")


def ncem_emd(path: Path, data: AnyArray) -> None:
    """Write (t, x, y), each dimension described by its own array."""
    with h5(path, data.transpose(0, 2, 1), "data/series/data") as file:
        group = file["data/series"]
        group.attrs["emd_group_type"] = 1
        file.attrs["version_major"], file.attrs["version_minor"] = 0, 2
        for i, (name, unit) in enumerate((("time", "[s]"), ("x", "[n_m]"), ("y", "[n_m]"))):
            steps = 0.25 * np.arange(float(group["data"].shape[i]))
            group[f"dim{i + 1}"] = steps if name != "x" else -steps
            group[f"dim{i + 1}"].attrs.update(name=np.bytes_(name), units=np.bytes_(unit))


def emd_1(path: Path, data: AnyArray) -> None:
    """Write as py4DSTEM does: the dimensions are counted from 0."""
    with h5(path, data.transpose(0, 2, 1), "root/stack/data") as file:
        group = file["root/stack"]
        group.attrs["emd_group_type"] = "array"
        for i, (name, unit) in enumerate(DESCRIBED):
            group[f"dim{i}"] = np.array([0.0, 0.25])
            group[f"dim{i}"].attrs.update(name=name, units=unit)


def hyperspy(path: Path, data: AnyArray) -> None:
    with h5(path, data.transpose(0, 2, 1), "Experiments/signal/data") as file:
        group = file["Experiments/signal"]
        for i, (name, unit) in enumerate(DESCRIBED):
            axis = group.create_group(f"axis-{i}")
            axis.attrs.update(name=name, units=unit, scale=0.25)
        group["original_metadata/table"] = np.zeros((90, 90))


def octave(path: Path, data: AnyArray) -> None:
    """Write A(y, x, t) as `save -hdf5` does."""
    with h5(path, data.transpose(0, 2, 1), "A/value") as file:
        file["A"].attrs["OCTAVE_NEW_FORMAT"] = np.uint8(1)
        file["A/type"] = np.bytes_("uint16 matrix")


def julia(path: Path, data: AnyArray) -> None:
    """Write A[y, x, t] as JLD2 does: a block of text, columns first."""
    h5(path, data.transpose(0, 2, 1), "A", userblock_size=512).close()
    with path.open("r+b") as raw:
        raw.write(b"HDF5-based Julia Data Format, version 0.2.0\0 (Julia 1.10.4)")


def hdf5_after_a_block(path: Path, data: AnyArray) -> None:
    h5(path, data, userblock_size=4096).close()
    with path.open("r+b") as raw:
        raw.write(b"<settings/>")


def nwb(path: Path, data: AnyArray, turned: bool = True, sizes: bool = True) -> None:
    """Write frames of two-photon imaging as the schema says: frame, x, y."""
    array = data.transpose(0, 2, 1) if turned else data
    with h5(path, array, "acquisition/TwoPhotonSeries/data") as file:
        group = file["acquisition/TwoPhotonSeries"]
        group.attrs["neurodata_type"] = "TwoPhotonSeries"
        if sizes:
            group["dimension"] = np.array([WIDTH, HEIGHT], "i4")


def netcdf_lines(path: Path, data: AnyArray) -> None:
    hdf5_scales(path, data, ("pixel", "frame", "line"))


def hdf5_only_frames_named(path: Path, data: AnyArray) -> None:
    with h5(path, data.transpose(1, 2, 0)) as file:
        file["data"].dims[2].label = "time"


# --- microscopes and scanners ---------------------------------------------------------------------


def mrc(path: Path, data: AnyArray, stamp: bytes = b"MAP DD\0\0") -> None:
    maker_files.write_mrc(path, data)
    raw = bytearray(path.read_bytes())
    raw[208:216] = stamp.ljust(8, b"\0")
    path.write_bytes(bytes(raw))


def mrc_without_stamp(path: Path, data: AnyArray) -> None:
    mrc(path, data, b"")


def mrc_columns_along_y(path: Path, data: AnyArray) -> None:
    mrc(path, np.ascontiguousarray(data.transpose(0, 2, 1)))
    raw = bytearray(path.read_bytes())
    struct.pack_into("<3i", raw, 64, 2, 1, 3)
    path.write_bytes(bytes(raw))


def lif(path: Path, data: AnyArray) -> None:
    pytest.importorskip("liffile")
    maker_files.write_lif(path, data[:, None])


def nd2(path: Path, data: AnyArray) -> None:
    pytest.importorskip("nd2")
    maker_files.write_nd2(path, data)


def czi(path: Path, data: AnyArray) -> None:
    library = pytest.importorskip("pylibCZIrw.czi")
    with library.create_czi(str(path)) as writer:
        for t, plane in enumerate(data):
            writer.write(plane[..., None], plane={"T": t, "C": 0, "Z": 0})


def dm3(path: Path, data: AnyArray) -> None:
    pytest.importorskip("rsciio")
    maker_files.write_dm3(path, data.astype("int16"))


def oif(path: Path, data: AnyArray) -> None:
    pytest.importorskip("oiffile")
    folder = path.with_name(f"{path.name}.files")
    folder.mkdir()
    for t, plane in enumerate(data):
        tifffile.imwrite(folder / f"s_C001T{t + 1:03}.tif", plane, metadata=None)
    axes = (("X", data.shape[2]), ("Y", data.shape[1]), ("C", 1), ("T", len(data)))
    text = "[ProfileSaveInfo]\r\nName=FLUOVIEW\r\nVersion=1.2.6.0\r\n[Axis Parameter Common]\r\n"
    text += 'AxisCount=4\r\nAxisOrder="XYCT"\r\n'
    for i, (code, n) in enumerate(axes):
        text += f'[Axis {i} Parameters Common]\r\nAxisCode="{code}"\r\nMaxSize={n}\r\n'
    text += "[Reference Image Parameter]\r\nValidBitCounts=12\r\nWidthConvertValue=0.25\r\n"
    text += 'WidthUnit="um"\r\n'
    path.write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))


def dicom(path: Path, data: AnyArray, *, packed: bool = False) -> None:
    pydicom = pytest.importorskip("pydicom")
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = pydicom.uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    made = pydicom.dataset.Dataset()
    made.file_meta = meta
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, "1.2.3.4"
    made.NumberOfFrames, made.Rows, made.Columns = data.shape
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 12, 11
    made.SamplesPerPixel, made.PixelRepresentation = 1, 0
    made.PhotometricInterpretation = "MONOCHROME2"
    made.PixelSpacing, made.FrameTime = [0.5, 0.25], 40
    made.PixelData = data.astype("<u2").tobytes()
    made["PixelData"].VR = "OW"
    if packed:
        made.compress(pydicom.uid.RLELossless)
    made.save_as(path, enforce_file_format=True)


def dicom_packed(path: Path, data: AnyArray) -> None:
    dicom(path, data, packed=True)


def nifti(path: Path, data: AnyArray, version: int = 1, order: str = "<") -> None:
    """Write A(x, y, z): the columns vary fastest."""
    lengths = (3, WIDTH, HEIGHT, len(data), 1, 1, 1, 1)
    steps = (1.0, 0.5, 0.25, 3.0, 0.0, 0.0, 0.0, 0.0)
    head = bytearray(352 if version == 1 else 544)
    if version == 1:
        struct.pack_into(f"{order}i", head, 0, 348)
        struct.pack_into(f"{order}8h", head, 40, *lengths)
        struct.pack_into(f"{order}2h", head, 70, 512, 16)
        struct.pack_into(f"{order}8f", head, 76, *steps)
        struct.pack_into(f"{order}f", head, 108, 352.0)
        head[123] = 2
        head[344:348] = b"n+1\0"
    else:
        struct.pack_into(f"{order}i", head, 0, 540)
        head[4:12] = b"n+2\0\r\n\x1a\n"
        struct.pack_into(f"{order}2h", head, 12, 512, 16)
        struct.pack_into(f"{order}8q", head, 16, *lengths)
        struct.pack_into(f"{order}8d", head, 104, *steps)
        struct.pack_into(f"{order}q", head, 168, 544)
        struct.pack_into(f"{order}i", head, 500, 2)
    raw = bytes(head) + data.astype(f"{order}u2").tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)


def nifti2(path: Path, data: AnyArray) -> None:
    nifti(path, data, 2, ">")


WRITERS: dict[str, tuple[str, Callable[[Path, AnyArray], None]]] = {
    "pages": ("a.tif", tiff),
    "tifffile": ("a.tif", tiff_by_tifffile),
    "tifffile, columns first": ("a.tif", tiff_columns_first),
    "ImageJ": ("a.tif", imagej),
    "OME-TIFF": ("a.ome.tif", ome_tiff),
    "NDTiff": ("a_NDTiffStack.tif", ndtiff),
    "STK": ("a.stk", stk),
    "LSM": ("a.lsm", lsm),
    "NPY": ("a.npy", npy),
    "NPY, columns first": ("a.npy", npy_columns_first),
    "Zarr, named": ("a.zarr", zarr_named),
    "Zarr of xarray": ("a.zarr", zarr_of_xarray),
    "OME-Zarr": ("a.zarr", ome_zarr),
    "OME-Zarr 0.1": ("a.zarr", ome_zarr_of_before),
    "SpatialData": ("a.zarr", spatial_data),
    "HyperSpy, Zarr": ("a.zspy", hyperspy_zarr),
    "HDF5": ("a.h5", hdf5),
    "HDF5, labels": ("a.h5", hdf5_labels),
    "HDF5, scales": ("a.nc", hdf5_scales),
    "ilastik": ("a.h5", ilastik),
    "HDF5 of xarray": ("a.h5", hdf5_of_xarray),
    "MATLAB 7.3": ("a.mat", matlab),
    "NCEM EMD": ("a.emd", ncem_emd),
    "EMD 1.0": ("a.h5", emd_1),
    "HyperSpy": ("a.hspy", hyperspy),
    "Octave": ("a.h5", octave),
    "Julia": ("a.jld2", julia),
    "HDF5 after a block": ("a.h5", hdf5_after_a_block),
    "NWB": ("a.nwb", nwb),
    "netCDF, lines": ("a.nc", netcdf_lines),
    "HDF5, only frames named": ("a.h5", hdf5_only_frames_named),
    "MRC": ("a.mrc", mrc),
    "MRC without a stamp": ("a.st", mrc_without_stamp),
    "MRC, columns along Y": ("a.map", mrc_columns_along_y),
    "LIF": ("a.lif", lif),
    "ND2": ("a.nd2", nd2),
    "CZI": ("a.czi", czi),
    "DM3": ("a.dm3", dm3),
    "OIF": ("a.oif", oif),
    "DICOM": ("a.dcm", dicom),
    "DICOM, RLE": ("a.dcm", dicom_packed),
    "NIfTI": ("a.nii", nifti),
    "NIfTI, gzip": ("a.nii.gz", nifti),
    "NIfTI 2, big endian": ("a.nii", nifti2),
}

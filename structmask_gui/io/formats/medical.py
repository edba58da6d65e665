"""DICOM files, read through pydicom, and NIfTI files, whose header is parsed here."""

from __future__ import annotations

import gzip
import math
import struct
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.io.stack.axes import shape_text, squeezed
from structmask_gui.io.stack.optional import needed, refused
from structmask_gui.io.stack.slicing import SlicedStore
from structmask_gui.io.stack.store import (
    Contents,
    Index,
    RawStore,
    SeriesInfo,
    Store,
    choose_series,
)
from structmask_gui.io.stack.units import with_sizes

DICOM_MAGIC = b"DICM"

# Deflate of a whole file: it would be unpacked before its size is known.
_DEFLATED = "1.2.840.10008.1.2.1.99"
_MOST_RATIO = 1100
# Maps of values that were worked out are floating point.
_PIXELS = {"PixelData": "", "FloatPixelData": "f4", "DoubleFloatPixelData": "f8"}
_LARGEST_FRAME = 2**30


# --- DICOM ----------------------------------------------------------------------------------------


def open_dicom(path: Path, size: int, series: int | None) -> Contents:
    """Open the frames of a DICOM image."""
    library = needed("pydicom", "medical", "a DICOM file")
    choose_series(1, series)
    with refused("the DICOM file"):
        with path.open("rb") as file:
            marked = file.read(132)[128:] == DICOM_MAGIC
        if marked:
            # With a mark the encoding is told first.
            meta = library.filereader.read_file_meta_info(path)
            if meta.get("TransferSyntaxUID", "") == _DEFLATED:
                raise InputError("is a deflated DICOM file; save it without compression.")
        data = library.dcmread(path, defer_size=4096, force=not marked)
        element = next((data.get_item(name) for name in _PIXELS if name in data), None)
        if element is None:
            raise InputError(
                "is a DICOM file without pixels; give one of the images it belongs to."
            )
        image = _Dicom(data)
        if image.frame_bytes > _LARGEST_FRAME or image.nbytes > _MOST_RATIO * size:
            raise InputError(
                f"promises {shape_text(image.shape)} pixels, which its {size} bytes cannot hold;"
                " copy or export it again."
            )
        image.check_codec(library)
        axes, shape = squeezed(image.letters, image.shape)
        store: Store
        if image.native:
            # Of an element that was read at once, or put off because of its length.
            told = getattr(element, "file_tell", None)
            offset = int(element.value_tell if told is None else told)
            if offset + image.nbytes > size:
                raise InputError("is cut short: its pixels end early; copy or export it again.")
            store = RawStore(path.open("rb"), offset, image.dtype, shape)
        else:
            store = SlicedStore(shape, image.dtype, image.reader(path), lambda: None)
        return Contents(
            kind="DICOM",
            store=store,
            axes=axes,
            full_shape=image.shape,
            is_colour=image.photometric == "RGB",
            series=(SeriesInfo(0, "", axes, shape, image.dtype.newbyteorder("=").name),),
            metadata=image.metadata(),
            notes=image.notes(),
        )


def _syntax_of(data: Any) -> Any:
    """Return how a data set is encoded; what does not say so is not compressed."""
    from pydicom import uid

    if "TransferSyntaxUID" in data.file_meta:
        return data.file_meta.TransferSyntaxUID
    implicit, _ = data.original_encoding
    return uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian


class _Dicom:
    """What a DICOM data set says of its pixels."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self._syntax = syntax = _syntax_of(data)
        bits, self._samples = int(data.BitsAllocated), int(data.get("SamplesPerPixel", 1))
        self.photometric = str(data.get("PhotometricInterpretation", ""))
        self.native = (
            not syntax.is_compressed and bits in (8, 16, 32) and "422" not in self.photometric
        )
        frames = int(data.get("NumberOfFrames", 1) or 1)
        rows, columns = int(data.Rows), int(data.Columns)
        if min(frames, rows, columns, self._samples) < 1:
            raise ValueError("no pixels")
        kind = "i" if int(data.get("PixelRepresentation", 0)) else "u"
        order = "<" if syntax.is_little_endian else ">"
        floats = next(kind for name, kind in _PIXELS.items() if name in data)
        self.native |= bool(floats)
        self.dtype = np.dtype(order + (floats or f"{kind}{max(bits, 8) // 8}"))
        planar = self.native and self._samples > 1 and int(data.get("PlanarConfiguration", 0)) == 1
        plane: tuple[int, ...] = (rows, columns)
        letters = "YX"
        if self._samples > 1:
            letters = "SYX" if planar else "YXS"
            plane = (self._samples, *plane) if planar else (*plane, self._samples)
        self.letters = ("T" if "FrameTime" in data else "Q") + letters
        self.shape = (frames, *plane)
        self.frame_bytes = math.prod(plane) * self.dtype.itemsize
        self.nbytes = frames * self.frame_bytes

    @property
    def lossy(self) -> bool:
        """Whether it was compressed with loss, if only before it was stored as it is now."""
        before = str(self._data.get("LossyImageCompression", "")) == "01"
        return before or (self._syntax.is_compressed and "Lossless" not in self._syntax.name)

    def check_codec(self, library: Any) -> None:
        """Refuse a compression for which nothing is installed."""
        syntax = self._syntax
        if syntax.is_compressed and not library.pixels.get_decoder(syntax).is_available:
            raise InputError(
                f"is compressed by {syntax.name}, which cannot be read here; save it without"
                " compression."
            )

    def reader(self, path: Path) -> Any:
        """Return what decodes one compressed frame after the other."""
        from pydicom.pixels.utils import pixel_array

        single = self.shape[0] == 1

        def read(index: Index) -> Any:
            first = 0 if single else index[0]
            inner = index if single else index[1:]
            if isinstance(first, int):
                return pixel_array(path, index=first, raw=True)[inner]
            chosen: Iterable[int] = range(*first.indices(self.shape[0]))
            return np.stack([pixel_array(path, index=i, raw=True)[inner] for i in chosen])

        return read

    def _compression(self) -> str:
        words = str(self._syntax.name)[:100] if self._syntax.is_compressed else "none"
        return f"{words} (with loss)" if self.lossy else words

    def metadata(self) -> dict[str, str]:
        data = self._data
        found = {
            "Format": "DICOM",
            "Data type": self.dtype.newbyteorder("=").name,
            "Bits": str(data.get("BitsStored", data.BitsAllocated)),
            "Compression": self._compression(),
            "Photometric": self.photometric[:40],
        }
        spacing = data.get("PixelSpacing") or data.get("ImagerPixelSpacing") or (None, None)
        between = data.get("SpacingBetweenSlices")
        sizes = {"X": (spacing[1], "mm"), "Y": (spacing[0], "mm"), "Z": (between, "mm")}
        with_sizes(found, {**sizes, "T": (data.get("FrameTime"), "ms")})
        slope, intercept = data.get("RescaleSlope"), data.get("RescaleIntercept")
        if slope is not None and (float(slope), float(intercept or 0)) != (1.0, 0.0):
            found["Value offset"] = f"{-float(intercept or 0) / (float(slope) or 1):.6g}"
            found["Value scale"] = f"{float(slope):.6g}"
        for title, key in (("Modality", "Modality"), ("Software", "Manufacturer")):
            if data.get(key):
                found[title] = str(data.get(key))[:100]
        return found

    def notes(self) -> list[str]:
        found = []
        if self.photometric == "PALETTE COLOR":
            found.append("The pixels are palette entries; these are used as they are.")
        if self.lossy:
            found.append(
                "The pixels may be compressed with loss, which leaves correlations of its own;"
                " measure on the uncompressed images if there are any."
            )
        return found


# --- NIfTI ----------------------------------------------------------------------------------------

_NIFTI_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    32: "c8",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
_SPACE = {1: "m", 2: "mm", 3: "µm"}
_TIME = {8: "s", 16: "ms", 24: "µs"}
_GZIP = b"\x1f\x8b"
_HEADER = 544


class _Nifti(NamedTuple):
    """Numbers of the header; lengths and steps with the fastest dimension first."""

    lengths: tuple[int, ...]
    steps: tuple[float, ...]
    dtype: np.dtype[Any]
    offset: int
    scaling: tuple[float, float]
    units: int


def is_nifti(path: Path, head: bytes) -> bool:
    """Say whether a file is NIfTI 1 or 2, perhaps in a gzip archive."""
    if head.startswith(_GZIP) and path.name.lower().endswith(".nii.gz"):
        return True
    return _nifti_version(head[:8]) != 0 and path.name.lower().endswith((".nii", ".hdr", ".img"))


def _nifti_version(head: bytes) -> int:
    """Return 1 or 2 by the length of the header that stands first, 0 if it is neither."""
    known = {348: 1, 540: 2}
    return max(known.get(struct.unpack_from(f"{o}i", head.ljust(4, b"?"))[0], 0) for o in "<>")


def open_nifti(path: Path, size: int, series: int | None) -> Contents:
    """Open a NIfTI file; what varies fastest in it are columns, then rows."""
    choose_series(1, series)
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP
    try:
        with gzip.open(path) if zipped else path.open("rb") as packed:
            found = _nifti_header(packed.read(_HEADER))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError("is damaged: it cannot be unpacked; copy it again.") from error
    need = found.offset + math.prod(found.lengths) * found.dtype.itemsize
    if need > (_MOST_RATIO if zipped else 1) * size:
        raise InputError(
            f"promises {shape_text(found.lengths[::-1])} pixels, which its {size} bytes cannot"
            " hold; copy or export it again."
        )
    letters = "QQQTZYX"[-len(found.lengths) :]
    axes, shape = squeezed(letters, found.lengths[::-1])
    metadata = {"Format": "NIfTI", "Data type": found.dtype.newbyteorder("=").name}
    units = {c: _SPACE.get(found.units & 7, "") for c in "XYZ"}
    units["T"] = _TIME.get(found.units & 56, "")
    steps = dict(zip("XYZT", found.steps, strict=False))
    with_sizes(metadata, {c: (step, units[c]) for c, step in steps.items() if c in axes})
    slope, intercept = found.scaling
    if slope not in (0.0, 1.0) or (slope and intercept):
        metadata["Value scale"] = f"{slope:.6g}"
        metadata["Value offset"] = f"{-intercept / slope:.6g}"
    pixels = _unpacked(path, need) if zipped else path.open("rb")
    return Contents(
        kind="NIfTI",
        store=RawStore(pixels, found.offset, found.dtype, shape),
        axes=axes,
        full_shape=found.lengths[::-1],
        series=(SeriesInfo(0, "", axes, shape, metadata["Data type"]),),
        metadata=metadata,
    )


def _nifti_header(head: bytes) -> _Nifti:
    version = _nifti_version(head[:8])
    magic = head[344:348] if version == 1 else head[4:8]
    if magic in (b"ni1\0", b"ni2\0"):
        raise InputError("is a NIfTI header without pixels; save both in one .nii file.")
    if version == 1 and not any(magic):
        raise InputError("is an Analyze header without pixels; save both in one .nii file.")
    broken = InputError("has a damaged NIfTI header; copy or export it again.")
    if len(head) < (348, 348, 540)[version] or magic[:3] not in (b"n+1", b"n+2"):
        raise broken
    little = struct.unpack_from("<i", head)[0] in (348, 540)
    order: Literal["<", ">"] = "<" if little else ">"
    layout = ("8h", 40, "h", 70, "8f", 76, "f", 108, "2f", 112, "b", 123)
    if version == 2:
        layout = ("8q", 16, "h", 12, "8d", 104, "q", 168, "2d", 176, "i", 500)
    dim, (code,), steps, (offset,), scaling, (units,) = (
        struct.unpack_from(order + form, head, at)
        for form, at in zip(layout[::2], layout[1::2], strict=True)
    )
    lengths = dim[1 : dim[0] + 1] if 1 <= dim[0] <= 7 else ()
    if code not in _NIFTI_TYPES or len(lengths) < 2 or min(lengths) < 1:
        raise (
            broken
            if code in _NIFTI_TYPES
            else InputError(
                "holds colours or other pixels that are no numbers; save it as numbers."
            )
        )
    if not 0 <= offset < 2**40:
        raise broken
    if not all(math.isfinite(n) for n in scaling):
        scaling = 0.0, 0.0  # none is given
    dtype = np.dtype(_NIFTI_TYPES[code]).newbyteorder(order)
    return _Nifti(lengths, steps[1 : dim[0] + 1], dtype, int(offset), scaling, units)


def _unpacked(path: Path, need: int) -> BinaryIO:
    """Unpack so many bytes into a nameless file of the disk, which is gone once it is closed."""
    file: Any = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the store
    try:
        with gzip.open(path) as packed:
            while need > 0 and (part := packed.read(min(need, 2**24))):
                file.write(part)
                need -= len(part)
    except (OSError, EOFError, zlib.error) as error:
        file.close()
        raise InputError("is damaged: it cannot be unpacked; copy it again.") from error
    if need > 0:
        file.close()
        raise InputError("is cut short: its pixels end early; copy or export it again.")
    opened: BinaryIO = file
    return opened

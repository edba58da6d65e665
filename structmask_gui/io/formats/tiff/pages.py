"""Pixels of a TIFF series, decoded a strip or tile at a time."""

from __future__ import annotations

import itertools
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.io.formats.codec_headers import claimed_size
from structmask_gui.io.formats.tiff.guards import check_segments
from structmask_gui.io.stack.store import Index

if TYPE_CHECKING:
    from tifffile import FileHandle, TiffFrame, TiffPage

_CACHE = 64 * 2**20
_LARGEST_SEGMENT = 2 * 2**30
# How much smaller a compression can make pixels at all, with some room; what claims more is refused
# before memory is taken for it. Segments below `_HARMLESS` are not worth the question.
_HARMLESS = 16 * 2**20
_HARMLESS_PIXELS = 2**20
_MOST_RATIO = {1: 1.01, 5: 3000.0, 8: 1100.0, 32946: 1100.0, 32773: 70.0}
_MOST_RATIO_OTHER = 50_000.0
_MOST_OPEN = 16
_DAMAGED = "its header is damaged (no valid pixel type, strips or tiles); copy or export it again."
_AT_ONCE = 8
_WORTH_THREADS = 2**16


def most_bytes(compression: int, count: int) -> float:
    """Return how many bytes of pixels a number of stored bytes may promise."""
    return max(_HARMLESS, _MOST_RATIO.get(compression, _MOST_RATIO_OTHER) * count)


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads that decode segments side by side; the decoders let go of the interpreter."""
    return ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="tiff-decode")


@dataclass(frozen=True)
class _Layout:
    """How the pages that share a keyframe are stored."""

    key: TiffPage
    """The keyframe."""
    dtype: np.dtype[Any]
    """In the machine's byte order."""
    chunk: tuple[int, int, int]
    """Depth, rows and columns of a strip or tile."""
    samples: int
    """Samples of a pixel that are stored side by side."""
    bits: int
    """Of a sample."""

    @property
    def pixels(self) -> int:
        """Number of samples in a strip or tile."""
        return math.prod(self.chunk) * self.samples


class PagedStore:
    """Pixels in the pages of a TIFF file, compressed or scattered.

    All pages have the layout of ``keyframe``; ``page`` returns the one of a number. ``shape`` are
    dimensions of frames, then rows (dimension ``y``), columns, and perhaps samples.
    """

    def __init__(
        self,
        keyframe: TiffPage,
        page: Callable[[int], TiffPage | TiffFrame],
        shape: tuple[int, ...],
        y: int,
        close: Callable[[], None],
    ) -> None:
        self._page = page
        self.shape = shape
        self._y = y
        self._close = close
        self._lock = threading.RLock()
        self._decoded: OrderedDict[tuple[int, int], AnyArray] = OrderedDict()
        self._held = 0
        self._others: list[FileHandle] = []
        self._closed = False
        self._layouts: dict[int, _Layout] = {}
        self.dtype = self._layout(keyframe).dtype
        self._planes = keyframe.shaped[:2]
        self._plane = keyframe.shaped[2:]

    def check_page(self, number: int) -> None:
        """Raise `InputError` unless a page lies wholly within the file."""
        with self._lock:
            self._checked(number)

    def read(self, index: Index) -> AnyArray:
        """Return ``array[index]``, decoding only the strips and tiles it touches."""
        y = self._y
        lead = [
            range(i, i + 1) if isinstance(i, int) else range(*i.indices(n))
            for i, n in zip(index[:y], self.shape[:y], strict=True)
        ]
        rows = _as_slice(index[y], self.shape[y])
        parts = []
        with self._lock:
            for place in itertools.product(*lead):
                flat = int(np.ravel_multi_index(place, self.shape[:y])) if place else 0
                band = self._band(flat, rows.start, rows.stop)
                band = band.reshape(len(band), *self.shape[y + 1 :])
                # What is asked for along columns and samples; rows are cut already.
                parts.append(band[(slice(None), *index[y + 1 :])])
        kept = [len(r) for r, i in zip(lead, index[:y], strict=True) if isinstance(i, slice)]
        array = parts[0] if len(parts) == 1 else np.stack(parts)
        tail = parts[0].shape
        array = array.reshape(*kept, *tail)
        if isinstance(index[y], int):
            array = array[(slice(None),) * len(kept) + (0,)]
        return array

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._decoded.clear()
            self._held = 0
            self._close()

    def _band(self, flat: int, y0: int, y1: int) -> AnyArray:
        """Return rows of one plane as an array of shape (rows, columns, samples)."""
        number, plane = divmod(flat, math.prod(self._planes))
        try:
            page, layout = self._checked(number)
            if layout.key.is_final:
                return self._raw(page, layout, plane, y0, y1)
            return self._assembled(page, layout, number, plane, y0, y1)
        except InputError:
            raise
        except MemoryError:
            raise InputError(
                f"page {number + 1} does not fit into memory; save the image in smaller strips or"
                " tiles."
            ) from None
        except ImportError as error:
            # Decoders that are not installed are only missed when they are called.
            from tifffile import COMPRESSION

            kind = COMPRESSION(layout.key.compression).name
            raise InputError(
                f"is compressed by {kind}, which cannot be read here; save it with LZW, deflate or"
                " no compression."
            ) from error
        except Exception as error:
            # Decoders raise whatever they like on damaged data.
            raise InputError(
                f"the pixels of page {number + 1} cannot be decoded, so the file is damaged;"
                " copy or export it again."
            ) from error

    def _checked(self, number: int) -> tuple[TiffPage | TiffFrame, _Layout]:
        """Return a page whose pixels lie within its file, with the file open."""
        if self._closed:
            raise InputError("has been closed; open it again.")
        try:
            page = self._page(number)
        except InputError:
            raise
        except Exception as error:
            raise InputError(
                f"page {number + 1} cannot be read, so the file is damaged; copy or export it"
                " again."
            ) from error
        assert page.keyframe is not None
        layout = self._layout(page.keyframe)
        handle = page.parent.filehandle
        if handle.closed:
            # One of the other files of a set, which tifffile closes after reading its pages.
            handle.open()
            self._others.append(handle)
            if len(self._others) > _MOST_OPEN:
                self._others.pop(0).close()
        offsets, counts = page.dataoffsets, page.databytecounts
        if layout.key.is_contiguous:
            offsets, counts = offsets[:1], (layout.key.nbytes,)
        check_segments(offsets, counts, handle.size, number)
        return page, layout

    def _layout(self, key: TiffPage) -> _Layout:
        """Return how pages with this keyframe are stored; each file of a set has its own."""
        known = self._layouts.get(id(key))
        if known is not None:
            return known
        if key.dtype is None:
            raise InputError(_DAMAGED)
        if key.is_tiled:
            chunk = (key.tiledepth, key.tilelength, key.tilewidth)
        else:
            chunk = (1, key.rowsperstrip, key.shaped[3])
        if min(chunk) < 1:
            raise InputError(_DAMAGED)
        bits = key.bitspersample if isinstance(key.bitspersample, int) else max(key.bitspersample)
        layout = _Layout(key, key.dtype.newbyteorder("="), chunk, key.shaped[4], bits)
        if not key.is_final and layout.pixels * layout.dtype.itemsize > _LARGEST_SEGMENT:
            raise InputError(
                f"keeps {layout.pixels} pixels in one strip or tile, too many to decode at once;"
                " save it in smaller strips or tiles."
            )
        first = next(iter(self._layouts.values()), layout)
        if (key.shaped, layout.dtype) != (first.key.shaped, first.dtype):
            raise InputError(
                "the files of the set are of unlike shape or type; put only those that belong"
                " together beside it."
            )
        self._layouts[id(key)] = layout
        return layout

    def _raw(
        self, page: TiffPage | TiffFrame, layout: _Layout, plane: int, y0: int, y1: int
    ) -> AnyArray:
        rows, columns, samples = self._plane
        stored = layout.dtype.newbyteorder(page.parent.byteorder)
        width = columns * samples
        handle = page.parent.filehandle
        handle.seek(page.dataoffsets[0] + (plane * rows + y0) * width * stored.itemsize)
        data = handle.read((y1 - y0) * width * stored.itemsize)
        array = np.frombuffer(data, stored).astype(layout.dtype, copy=False)
        return array.reshape(y1 - y0, columns, samples)

    def _assembled(
        self,
        page: TiffPage | TiffFrame,
        layout: _Layout,
        number: int,
        plane: int,
        y0: int,
        y1: int,
    ) -> AnyArray:
        rows, columns, samples = self._plane
        deep, high, wide = layout.chunk
        separate, d = divmod(plane, self._planes[1])
        across, down = -(-columns // wide), -(-rows // high)
        layers = -(-self._planes[1] // deep)
        first = (separate * layers + d // deep) * down
        wanted = [
            (first + h) * across + w
            for h in range(y0 // high, -(-y1 // high))
            for w in range(across)
        ]
        out = np.empty((y1 - y0, columns, samples), layout.dtype)
        for segment, array in self._segments(page, layout, number, wanted):
            top = segment // across % down * high
            left = segment % across * wide
            piece = array[d % deep, : rows - top, : columns - left]
            skip, stop = max(0, y0 - top), min(len(piece), y1 - top)
            out[top + skip - y0 : top + stop - y0, left : left + piece.shape[1]] = piece[skip:stop]
        return out

    def _segments(
        self, page: TiffPage | TiffFrame, layout: _Layout, number: int, wanted: list[int]
    ) -> Iterator[tuple[int, AnyArray]]:
        """Yield numbers of strips or tiles and their pixels, (depth, rows, columns, samples)."""
        for start in range(0, len(wanted), _AT_ONCE):
            group = wanted[start : start + _AT_ONCE]
            known = {s: self._decoded[number, s] for s in group if (number, s) in self._decoded}
            missing = [s for s in group if s not in known]
            raw = [self._bytes(page, layout, s) for s in missing]
            job = _decoder(page, layout)
            big = layout.pixels * layout.dtype.itemsize >= _WORTH_THREADS
            run = _pool().map if big and len(missing) > 1 else map
            for segment, array in zip(missing, run(job, raw, missing), strict=True):
                known[segment] = array
                self._keep((number, segment), array)
            yield from ((s, known[s]) for s in group)

    def _bytes(self, page: TiffPage | TiffFrame, layout: _Layout, segment: int) -> bytes | None:
        offset, count = page.dataoffsets[segment], page.databytecounts[segment]
        if count == 0:
            return None
        size = layout.pixels * layout.bits // 8
        if size > most_bytes(int(layout.key.compression), count):
            raise InputError(
                f"promises {size} bytes of pixels in {count} bytes of the file, which cannot be;"
                " copy or export it again."
            )
        handle = page.parent.filehandle
        handle.seek(offset)
        data = bytes(handle.read(count))
        self._check_claim(layout, data)
        return data

    def _check_claim(self, layout: _Layout, data: bytes) -> None:
        """Refuse a strip or tile whose own header says much more than the page does."""
        claimed = claimed_size(int(layout.key.compression), data)
        _, high, wide = layout.chunk
        if claimed is not None and math.prod(claimed) > max(2 * high * wide, _HARMLESS_PIXELS):
            raise InputError(
                f"a strip or tile says of itself that it has {claimed[0]} x {claimed[1]} pixels,"
                f" and the page says {high} x {wide}; copy or export it again."
            )

    def _keep(self, key: tuple[int, int], array: AnyArray) -> None:
        """Remember a decoded segment; the last one always, earlier ones while there is room."""
        self._decoded[key] = array
        self._held += array.nbytes
        while len(self._decoded) > 1 and self._held > _CACHE:
            self._held -= self._decoded.popitem(last=False)[1].nbytes


def _decoder(
    page: TiffPage | TiffFrame, layout: _Layout
) -> Callable[[bytes | None, int], AnyArray]:
    """Return the function that decodes a strip or tile; it may run in any thread."""
    decode = layout.key.decode
    tables, header = page.jpegtables, layout.key.jpegheader

    def job(data: bytes | None, segment: int) -> AnyArray:
        array, _, shape = decode(data, segment, jpegtables=tables, jpegheader=header)
        if array is None:
            # A segment that is left out on purpose, as sparse files do.
            return np.full(shape, layout.key.nodata, layout.dtype)
        return array

    return job


def _as_slice(index: int | slice, n: int) -> slice:
    if isinstance(index, int):
        return slice(index, index + 1)
    start, stop, _ = index.indices(n)
    return slice(start, max(start, stop))

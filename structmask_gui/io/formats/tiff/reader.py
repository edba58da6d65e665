"""TIFF files of all kinds: plain, BigTIFF, tiled, compressed, OME-TIFF, ImageJ hyperstacks, LSM.

The structure is checked first (`guards`), then tifffile interprets the pages and their
descriptions, and the pixels are read in parts (`RawStore`, `PagedStore`).
"""

from __future__ import annotations

import logging
import math
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.io.files.paths import blocks
from structmask_gui.io.formats.tiff.fast_series import (
    listed_page,
    listed_series,
    scanimage_channels,
)
from structmask_gui.io.formats.tiff.guards import (
    PageChain,
    StripList,
    check_ome,
    check_xml,
    ome_file_names,
    page_chain,
)
from structmask_gui.io.formats.tiff.metadata import metadata_of, ome_channel_names, set_colours
from structmask_gui.io.formats.tiff.ndtiff import PARTIAL_NOTE, ndtiff_index, open_ndtiff
from structmask_gui.io.formats.tiff.pages import PagedStore, most_bytes
from structmask_gui.io.stack.axes import shape_text, squeezed
from structmask_gui.io.stack.store import Contents, RawStore, SeriesInfo, Store, choose_series

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffFrame, TiffPage, TiffPageSeries

TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# What tifffile reports of broken files goes to whoever listens, not to standard error: the user is
# told in one sentence.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

# Whole-slide scanners, gel imagers and the like: their pages are read as plain ones. Their readers
# follow lists in the file that a damaged file can make endless.
_PLAIN = (
    *("svs", "scn", "qpi", "ndpi", "bif", "avs", "eer", "philips", "indica", "sis", "mdgel"),
    *("mmstack", "ndtiff", "nih"),
    # Opened by guessing where pages are, or by lengths that an acquisition that was stopped lacks.
    "scanimage",
)
_MOST_UNLIKE = 20_000
_DAMAGED = "is damaged: its pages cannot be interpreted; copy or export it again."

_KINDS = {"ome": "OME-TIFF", "imagej": "ImageJ TIFF", "lsm": "LSM", "stk": "STK"}


def open_tiff(path: Path, size: int, series: int | None, task: Task = NO_TASK) -> Contents:
    """Open one series of a TIFF file; by default the first, or the largest of unlike pages."""
    planes = ndtiff_index(path)
    contents = None if planes is None else open_ndtiff(path, planes, series)
    if contents is not None:
        return contents
    with path.open("rb", buffering=0) as file:
        chain = page_chain(file, size, task)
    tif, listed = _opened(path, chain)
    try:
        note = None if listed is not None else _miscounted(tif, chain)
        first = tif.pages.first
        in_turn = first.is_scanimage and scanimage_channels(first) > 1
        if listed is None and (note is not None or in_turn):
            listed = _every_page(tif, path, chain)
        contents = _contents(tif, path, size, chain, listed, series)
        if note is not None and listed is not None:
            contents.notes.insert(0, note)
        if planes is not None:
            contents.notes.insert(0, PARTIAL_NOTE)
        return contents
    except (InputError, MemoryError):
        tif.close()
        raise
    except Exception as error:
        # A damaged file may hold a value of any type in any place.
        tif.close()
        raise InputError(_DAMAGED) from error


def _opened(path: Path, chain: PageChain) -> tuple[TiffFile, TiffPageSeries | None]:
    """Open a file, and list its pages if that can be done without reading each."""
    import tifffile

    flags: dict[str, Any] = {f"is_{kind}": False for kind in _PLAIN}
    tif: TiffFile | None = None
    try:
        tif = tifffile.TiffFile(path, **flags)
        first = _first_page(tif)
        if first is not None and first.is_ome:
            xml = first.description
            check_xml(xml)
        listed = listed_series(tif, chain)
        if listed is not None:
            return tif, listed
        if first is not None and first.is_ome:
            check_ome(xml, math.prod(first.shaped))
            others = ome_file_names(xml)
            if any(blocks(path.parent / other) for other in others):
                raise InputError(
                    "its OME description names what is no regular file; export it again."
                )
            if len(others) == 1:
                # The only file it names is this one, perhaps under an older name.
                tif.close()
                xml = re.sub(r"<(\w+:)?UUID\b[^>]*?(/>|>.*?</(\w+:)?UUID>)", "", xml, flags=re.S)
                tif = tifffile.TiffFile(path, omexml=xml, **flags)
        elif tif.pages and not _can_be_listed(tif, chain):
            tif.close()
            tif = tifffile.TiffFile(path, is_uniform=False, **flags)
    except Exception as error:
        if tif is not None:
            tif.close()
        if isinstance(error, InputError | MemoryError):
            raise
        raise InputError(_DAMAGED) from error
    if not tif.pages:
        tif.close()
        raise InputError(
            "holds no image: its first page lies outside the file; copy or export it again."
        )
    return tif, None


def _first_page(tif: TiffFile) -> TiffPage | None:
    # Whether there are pages at all cannot be asked without counting them.
    try:
        return tif.pages.first
    except IndexError:
        return None


def _can_be_listed(tif: TiffFile, chain: PageChain) -> bool:
    """Say that tifffile makes series of the pages, which it does not if one among many is odd."""
    described = (tif.is_shaped, tif.is_imagej, tif.is_lsm, tif.is_stk, tif.is_fluoview)
    if chain.n_pages > _MOST_UNLIKE and not any(described) and not tif.is_uniform:
        # Each page would be compared with all others.
        raise InputError(
            f"has {chain.n_pages} pages of unlike shape or type; split it into several files."
        )
    try:
        tif.series  # noqa: B018  # computed once and kept
    except RuntimeError:
        return False
    return True


def _miscounted(tif: TiffFile, chain: PageChain) -> str | None:
    """Return what to say of a description that tells of other numbers of pages than there are."""
    n = chain.n_pages
    if n < 2 or not chain.complete:
        return None
    if tif.is_ome and len(ome_file_names(tif.ome_metadata or "")) <= 1:
        planes = sum(len(one) for one in tif.series)
        if 0 < planes < n and all(one.kind == "ome" for one in tif.series):
            return (
                f"Its OME description tells of {planes} of the {n} pages that the file holds; all"
                " are read."
            )
        if n < planes == len(tif.series[0]) and _is_whole(tif, n):
            return (
                f"Its OME description promises {planes} planes, and the file holds {n} pages; these"
                " are read as frames."
            )
    known = tif.imagej_metadata if tif.is_imagej else None
    if known:
        lengths = [known[key] for key in ("channels", "slices", "frames") if key in known]
        counts = {known.get("images", n), math.prod(lengths) if lengths else n}
        if all(type(count) is int for count in counts) and counts != {n}:
            wrong = next(count for count in counts if count != n)
            return (
                f"ImageJ's description tells of {wrong} images, and the file holds {n} pages; these"
                " are read as frames."
            )
    return None


def _is_whole(tif: TiffFile, n_pages: int) -> bool:
    """Say that so many pages hold all channels of each plane, whichever planes are missing."""
    axes, _ = squeezed(tif.series[0].get_axes(False), tif.series[0].get_shape(False))
    channels = _channels_in_turn(tif)
    return axes.endswith("YX") and channels > 0 and n_pages % channels == 0


def _channels_in_turn(tif: TiffFile) -> int:
    """Return how many channels a description has that follow one another; 0 if they do not."""
    if tif.pages.first.is_scanimage:
        return scanimage_channels(tif.pages.first)
    if not tif.is_ome:
        known = tif.imagej_metadata or {}
        in_turn = str(known.get("order", "czt")).lower().startswith("c")
        return int(known.get("channels", 1)) if in_turn else 0
    if len(tif.series) != 1:
        return 0
    axes, shape = squeezed(tif.series[0].get_axes(False), tif.series[0].get_shape(False))
    return shape[-3] if axes[-3:] == "CYX" else int("C" not in axes)


def _every_page(tif: TiffFile, path: Path, chain: PageChain) -> TiffPageSeries | None:
    """Return a series of all pages, or None if they are unlike."""
    import tifffile

    first, n = tif.pages.first, chain.n_pages
    pages: Any = [first]
    if chain.strips is None:
        off: dict[str, Any] = {f"is_{kind}": False for kind in (*_PLAIN, "ome", "imagej", "shaped")}
        with tifffile.TiffFile(path, **off) as plain:
            if len(plain.series) != 1 or plain.series[0].shape != (n, *first.shape):
                return None
        pages = list(tif.pages)
    kind = "ome" if tif.is_ome else "imagej" if tif.is_imagej else "uniform"
    shape, axes = (n, *first.shape), f"I{first.axes}"
    channels = _channels_in_turn(tif)
    if first.is_scanimage:
        # Of a frame that was not finished, not all channels are there.
        n = max(1, n // channels) * channels
        pages = pages[:n]
    if channels > 1 and n % channels == 0:
        shape, axes = (n // channels, channels, *first.shape), f"IC{first.axes}"
    return tifffile.TiffPageSeries(pages, shape, first.dtype, axes, kind=kind, parent=tif)


def _contents(
    tif: TiffFile,
    path: Path,
    size: int,
    chain: PageChain,
    listed: TiffPageSeries | None,
    wanted: int | None,
) -> Contents:
    every = tif.series if listed is None else [listed]
    found = [s for s in every if s.shape and s.keyframe is not None]
    infos = tuple(_info(i, s) for i, s in enumerate(found))
    if not found:
        raise InputError("holds no image with pixels; give another file.")
    notes: list[str] = []
    chosen = _choose(found, wanted, notes)
    series = found[chosen]
    key = series.keyframe
    _check_type(key)
    _check_whole(tif, series, chain)
    _check_pixels(key, size)
    if min(series.shape) < 1:
        raise InputError(
            f"its description tells of {shape_text(series.shape)} pixels, which no image has;"
            " export it again."
        )
    # Everything the file says is read before the store takes over (and perhaps closes) the file.
    metadata = metadata_of(tif, series, chain, chosen)
    channel_names = ome_channel_names(tif, chosen) if series.kind == "ome" else ()
    colours = key.colormap
    files = {Path(p.parent.filehandle.path) for p in series if p} if series.is_multifile else set()
    store, axes = _store(tif, path, size, series, None if listed is None else chain.strips)
    contents = Contents(
        kind=_KINDS.get(series.kind, "BigTIFF" if chain.is_big else "TIFF"),
        store=store,
        axes=axes,
        full_shape=tuple(map(int, series.get_shape(False))),
        series=infos,
        chosen=chosen,
        notes=notes,
        metadata=metadata,
        channel_names=channel_names,
        other_files=tuple(sorted(files - {path.absolute()})),
    )
    try:
        set_colours(contents, key, colours)
    except BaseException:
        store.close()
        raise
    return contents


def _choose(found: list[TiffPageSeries], wanted: int | None, notes: list[str]) -> int:
    if wanted is not None:
        return choose_series(len(found), wanted)
    if len(found) == 1:
        return 0
    chosen = 0
    if found[0].kind == "generic":
        # Pages of unlike shape or type: previews and labels are the smaller ones.
        sizes = [math.prod(s.shape) for s in found]
        chosen = sizes.index(max(sizes))
    notes.append(
        f"The file holds {len(found)} series; series {chosen} is used"
        f" ({shape_text(found[chosen].shape)}), another can be chosen."
    )
    return chosen


def _info(index: int, series: TiffPageSeries) -> SeriesInfo:
    axes, shape = squeezed(series.get_axes(False), series.get_shape(False))
    return SeriesInfo(index, str(series.name or ""), axes, shape, str(series.dtype))


def _check_type(key: TiffPage) -> None:
    if key.dtype is None or 0 in key.shaped:
        raise InputError(
            f"has no valid pixel type or size (page {key.index + 1}), so its header is damaged;"
            " export it again."
        )


def _check_pixels(key: TiffPage, size: int) -> None:
    """Refuse pixels that are no light intensities, cannot be decoded or cannot be there."""
    from tifffile import COMPRESSION, PHOTOMETRIC, TIFF

    if key.nbytes > most_bytes(int(key.compression), size):
        raise InputError(
            f"promises {shape_text(key.shape)} pixels of {key.dtype}, which its {size} bytes cannot"
            " hold; copy or export it again."
        )
    if int(key.compression) != 1:
        try:
            TIFF.DECOMPRESSORS[int(key.compression)]
        except Exception as error:
            try:
                kind = COMPRESSION(key.compression).name
            except ValueError:
                kind = f"method {int(key.compression)}"
            raise InputError(
                f"is compressed by {kind}, which cannot be read here; save it with LZW, deflate or"
                " no compression."
            ) from error
    if int(key.photometric) == PHOTOMETRIC.SEPARATED:
        raise InputError(
            "holds ink colours (CMYK), which are no light intensities; save it as grey or RGB."
        )


def _store(
    tif: TiffFile,
    path: Path,
    size: int,
    series: TiffPageSeries,
    strips: StripList | None,
) -> tuple[Store, str]:
    """Make the store of a series, and the letters of its dimensions."""
    key = series.keyframe
    axes, shape = squeezed(series.get_axes(False), tuple(map(int, series.get_shape(False))))
    assert key.dtype is not None
    offset = None if strips is not None else series.dataoffset
    if offset is not None and not series.is_multifile:
        if offset + math.prod(shape) * key.dtype.itemsize > size:
            raise InputError(
                f"is cut short: it promises {shape_text(shape)} pixels of {key.dtype}, but ends"
                " before; copy or export it again."
            )
        stored = key.dtype.newbyteorder(tif.byteorder)
        tif.close()
        return RawStore(path.open("rb"), offset, stored, shape), axes
    y = _row_dimension(shape, key)
    n_pages = math.prod(shape[:y]) // max(1, key.shaped[0] * key.shaped[1]) if y is not None else 0
    if y is None or len(series) != n_pages:
        raise InputError(
            f"describes {shape_text(shape)} pixels, but holds {len(series)} pages of"
            f" {shape_text(key.shape)}; export it again."
        )

    # A page is asked for once for each band of its rows.
    @lru_cache(maxsize=8)
    def page(number: int) -> TiffPage | TiffFrame:
        if strips is not None:
            return listed_page(tif, key, strips, number)
        found = series[number]
        if found is None:
            raise LookupError(number)
        return found

    of_ome = series.kind == "ome" and strips is None
    missing = sum(p is None for p in series) if of_ome else 0
    if missing:
        raise InputError(
            f"its OME description promises {n_pages} planes, of which {missing} are missing; put"
            " the other files of the set beside it, or export it again."
        )
    store = PagedStore(key, page, shape, y, tif.close)
    for number in {0, n_pages - 1}:
        store.check_page(number)
    return store, axes


def _row_dimension(shape: tuple[int, ...], key: TiffPage) -> int | None:
    """Find the dimension that holds the rows of a page, or None if pages do not fit the shape."""
    separate, depth, rows, columns, samples = key.shaped
    for y in range(len(shape) - 2, -1, -1):
        if (
            shape[y : y + 2] == (rows, columns)
            and math.prod(shape[y + 2 :]) == samples
            and math.prod(shape[:y]) % (separate * depth) == 0
        ):
            return y
    return None


def _check_whole(tif: TiffFile, series: TiffPageSeries, chain: PageChain) -> None:
    """Refuse a file that ends in the middle of its pages."""
    declared = None
    if tif.is_imagej and tif.imagej_metadata:
        declared = tif.imagej_metadata.get("images")
    if isinstance(declared, int) and series.kind != "imagej" and declared > len(tif.pages):
        raise InputError(
            f"is cut short: it promises {declared} images and holds {len(tif.pages)}; copy or"
            " export it again."
        )
    shape = _declared_shape(series)
    if shape and math.prod(shape) != math.prod(series.get_shape(False)):
        raise InputError(
            f"describes {shape_text(shape)} pixels, but holds {len(tif.pages)} pages of"
            f" {shape_text(series.keyframe.shape)}; copy or export it again."
        )
    if chain.complete or series.kind in ("ome", "shaped"):
        return
    if declared != len(tif.pages):
        raise InputError(f"is cut short after page {chain.n_pages}; copy or export it again.")


def _declared_shape(series: TiffPageSeries) -> tuple[int, ...]:
    """Return the shape that a file written by tifffile says it has; empty for others."""
    description = series.keyframe.shaped_description if series.kind == "shaped" else None
    found = re.search(r"""["']?shape["']?\s*[:=]\s*[\[(]([\d,\s]{1,200})[\])]""", description or "")
    return tuple(int(n) for n in found.group(1).split(",") if n.strip()) if found else ()

"""The series of a TIFF whose many pages are alike, made without reading each page.

A library reads all pages before it says what they make together: seconds for a hundred thousand.
Where the walk along the pages has found them alike (`tiff_strips`), and the first page describes
a stack of just as many, nothing is left to be read. What is not as clear as that is left to the
library, so that a description that does not fit its pages is judged in one place only.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

from structmask_gui.core.errors import InputError
from structmask_gui.io.tiff_check import PageChain
from structmask_gui.io.tiff_strips import StripList

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffFrame, TiffPage, TiffPageSeries

# From so many pages on they are not read one by one if they are alike.
_MANY_PAGES = 64
# What is said of the whole stack in its first page.
_DESCRIBED = ("shaped", "lsm", "ome", "imagej", "fluoview", "stk", "scanimage")


class _Told(NamedTuple):
    """What a description says of the whole stack.

    Attributes
    ----------
    shape : tuple of int
        Lengths of all dimensions.
    axes : str
        Their letters.
    name : str
        Of the image.
    """

    shape: tuple[int, ...]
    axes: str
    name: str = ""


def listed_series(tif: TiffFile, chain: PageChain) -> TiffPageSeries | None:
    """Return the one series of all pages, which holds the first only.

    Parameters
    ----------
    tif : TiffFile
        If it is OME-TIFF, its description has passed `tiff_check.check_ome`.
    chain : PageChain
        Its pages.

    Returns
    -------
    TiffPageSeries or None
        None if the pages are few or unlike, or what is said of them is not that of all of them.
    """
    from tifffile import TiffPageSeries

    if chain.strips is None or chain.n_pages < _MANY_PAGES:
        return None
    try:
        first = tif.pages.first
    except IndexError:
        return None
    single = len(chain.strips.offsets) > 0
    if first.dtype is None or 0 in first.shaped or (single and len(first.dataoffsets) != 1):
        return None
    kinds = [kind for kind in _DESCRIBED if getattr(first, f"is_{kind}")]
    if len(kinds) > 1 or (kinds and kinds[0] not in _READERS):
        return None
    kind = kinds[0] if kinds else "uniform"
    told = _READERS[kind](tif, first, chain.n_pages)
    if told is None:
        return None
    for other in _DESCRIBED:
        # Asked of the file, it would look through all pages once more.
        setattr(tif, f"is_{other}", other == kind)
    return TiffPageSeries(
        [first], told.shape, first.dtype, told.axes, name=told.name, kind=kind, parent=tif
    )


def listed_page(
    tif: TiffFile, key: TiffPage, strips: StripList, number: int, name: str
) -> TiffFrame:
    """Return a page of such a series; it is read now, if it has several strips or tiles.

    Raises
    ------
    InputError
        If the page turns out to be of another type than the first.
    """
    from tifffile import TiffFrame, TiffPage

    if strips.compared and strips.offsets:
        return TiffFrame(
            tif,
            number,
            keyframe=key,
            dataoffsets=(strips.offsets[number],),
            databytecounts=(strips.counts[number],),
        )
    place = strips.pages[number]
    if not strips.compared:
        tif.filehandle.seek(place)
        if TiffPage(tif, number).hash != key.hash:
            raise InputError(
                f"{name}: page {number} is of another type than page 0, so the file is damaged;"
                " copy or export it again."
            )
    return TiffFrame(tif, number, offset=place, keyframe=key)


def _uniform(_tif: TiffFile, first: TiffPage, n_pages: int) -> _Told | None:
    return _Told((n_pages, *first.shape), f"I{first.axes}")


def _by_tifffile(_tif: TiffFile, first: TiffPage, n_pages: int) -> _Told | None:
    """Read shape and axes that tifffile wrote into a first page."""
    try:
        told = json.loads(str(first.shaped_description))
        shape = tuple(map(int, told["shape"]))
        axes = str(told.get("axes", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    frame = tuple(first.shape)
    lead = len(shape) - len(frame)
    whole = lead > 0 and min(shape) > 0 and shape[lead:] == frame
    whole = whole and math.prod(shape[:lead]) == n_pages
    if not whole or "truncated" in told or told.get("name") or first.samplesperpixel != 1:
        return None
    if len(axes) != len(shape):
        axes = "Q" * lead + first.axes
    return _Told(shape, axes) if axes.endswith(first.axes) else None


def _imagej(tif: TiffFile, first: TiffPage, n_pages: int) -> _Told | None:
    """Read the lengths that ImageJ wrote into a first page."""
    known = tif.imagej_metadata or {}
    lengths = {
        letter: known.get(word, 1)
        for letter, word in (("T", "frames"), ("Z", "slices"), ("C", "channels"))
    }
    order = str(known.get("order", "czt")).lower()
    # Of the larger ones all pixels follow the first page, and the other pages say less.
    in_one = first.is_final and not _before(tif, first)
    whole = all(type(n) is int and n > 0 for n in lengths.values())
    if not whole or in_one or sorted(order) != list("ctz") or first.shape != first.shaped[2:4]:
        return None
    axes = order[::-1].upper()
    shape = tuple(lengths[letter] for letter in axes)
    if math.prod(shape) != n_pages or known.get("images", n_pages) != n_pages:
        return None
    return _Told((*shape, *first.shape, 1), f"{axes}{first.axes}S")


def _before(tif: TiffFile, first: TiffPage) -> bool:
    """Say that a second page begins before the pixels of all pages could have ended."""
    images = (tif.imagej_metadata or {}).get("images", 1)
    return bool(first.dataoffsets[0] + images * first.nbytes > tif.pages[1].offset)


def _ome(tif: TiffFile, first: TiffPage, n_pages: int) -> _Told | None:
    """Read the lengths that OME-XML gives of the only image, if its planes lie page by page."""
    xml = tif.ome_metadata or ""
    if re.search("modulo", xml, re.IGNORECASE) or first.shape != first.shaped[2:4]:
        return None
    try:
        root = ElementTree.fromstring(xml)
        images = [e for e in root if e.tag.endswith(("Image", "BinaryOnly"))]
        (image,) = images
        (pixels,) = [e for e in image if e.tag.endswith("Pixels")]
        axes = pixels.attrib["DimensionOrder"][::-1]
        lengths = [int(pixels.attrib[f"Size{letter}"]) for letter in axes]
        channels = [e for e in pixels if e.tag.endswith("Channel")]
        samples = {int(e.attrib.get("SamplesPerPixel", 1)) for e in channels}
        in_order = _planes_in_order(pixels, axes, lengths, n_pages)
    except (ElementTree.ParseError, ValueError, KeyError, RecursionError):
        return None
    whole = sorted(axes) == list("CTXYZ") and axes.endswith("YX") and min(lengths) > 0
    whole = whole and tuple(lengths[3:]) == first.shape and samples <= {1}
    if not whole or math.prod(lengths[:3]) != n_pages or not in_order:
        return None
    return _Told((*lengths, 1), f"{axes}S", image.attrib.get("Name", ""))


def _planes_in_order(
    pixels: ElementTree.Element, axes: str, lengths: list[int], n_pages: int
) -> bool:
    """Say that each plane lies in the page of its number, and each page is that of a plane."""
    listed = [e for e in pixels if e.tag.endswith("TiffData")]
    if any(len(e) for e in listed):
        return False
    next_page = 0
    for element in listed:
        told = element.attrib
        number = 0
        for letter, length in zip(axes[:3], lengths, strict=False):
            first = int(told.get(f"First{letter}", 0))
            if not 0 <= first < length:
                return False
            number = number * length + first
        count = int(told.get("NumPlanes", "IFD" in told))
        count = int(told.get("PlaneCount", count)) or n_pages
        if number != next_page or int(told.get("IFD", 0)) != next_page or count < 1:
            return False
        next_page += count
    return next_page == n_pages


_READERS: dict[str, Callable[[Any, Any, int], _Told | None]] = {
    "uniform": _uniform,
    "shaped": _by_tifffile,
    "imagej": _imagej,
    "ome": _ome,
}

"""The series of a TIFF whose many pages are alike, made without reading each page.

tifffile reads all pages before it says what they make together: seconds for a hundred thousand.
Where the walk along the pages has found them alike (`StripList`), and the first page describes a
stack of just as many, nothing is left to be read. All else is left to tifffile, so that a
description that does not fit its pages is judged in one place only.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

from structmask_gui.core.errors import InputError
from structmask_gui.io.formats.tiff.guards import PageChain, StripList

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffFrame, TiffPage, TiffPageSeries

# From so many pages on they are not read one by one if they are alike.
_MANY_PAGES = 64
# Characters that OME-XML uses for a page at most, with some room.
_MOST_OF_A_PAGE = 2000
_LONGEST_SCANIMAGE = 2**20
# What is said of the whole stack in its first page.
_KINDS = ("shaped", "lsm", "ome", "imagej", "fluoview", "stk", "scanimage")


class _Described(NamedTuple):
    """What a description says of the whole stack."""

    shape: tuple[int, ...]
    axes: str
    name: str = ""


def listed_series(tif: TiffFile, chain: PageChain) -> TiffPageSeries | None:
    """Return the one series of all pages, which holds the first only.

    None if the pages are few or unlike, or the description does not fit them. That of an OME-TIFF
    must have passed `check_xml`.
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
    kinds = [kind for kind in _KINDS if getattr(first, f"is_{kind}")]
    if len(kinds) > 1 or (kinds and kinds[0] not in _READERS):
        return None
    kind = kinds[0] if kinds else "uniform"
    known = _READERS[kind](tif, first, chain.n_pages)
    if known is None:
        return None
    for other in _KINDS:
        # Asked of the file, it would look through all pages once more.
        setattr(tif, f"is_{other}", other == kind)
    return TiffPageSeries(
        [first], known.shape, first.dtype, known.axes, name=known.name, kind=kind, parent=tif
    )


def listed_page(tif: TiffFile, key: TiffPage, strips: StripList, number: int) -> TiffFrame:
    """Return a page of such a series; it is read now, if it has several strips or tiles."""
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
                f"page {number + 1} is of another type than page 1, so the file is damaged; copy or"
                " export it again."
            )
    return TiffFrame(tif, number, offset=place, keyframe=key)


def _uniform(_tif: TiffFile, first: TiffPage, n_pages: int) -> _Described | None:
    return _Described((n_pages, *first.shape), f"I{first.axes}")


def _by_tifffile(_tif: TiffFile, first: TiffPage, n_pages: int) -> _Described | None:
    """Read shape and axes that tifffile wrote into a first page."""
    try:
        known = json.loads(str(first.shaped_description))
        shape = tuple(map(int, known["shape"]))
        axes = str(known.get("axes", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    frame = tuple(first.shape)
    lead = len(shape) - len(frame)
    whole = lead > 0 and min(shape) > 0 and shape[lead:] == frame
    whole = whole and math.prod(shape[:lead]) == n_pages
    if not whole or "truncated" in known or known.get("name") or first.samplesperpixel != 1:
        return None
    if len(axes) != len(shape):
        axes = "Q" * lead + first.axes
    return _Described(shape, axes) if axes.endswith(first.axes) else None


def _imagej(tif: TiffFile, first: TiffPage, n_pages: int) -> _Described | None:
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
    return _Described((*shape, *first.shape, 1), f"{axes}{first.axes}S")


def _before(tif: TiffFile, first: TiffPage) -> bool:
    """Say that a second page begins before the pixels of all pages could have ended."""
    images = (tif.imagej_metadata or {}).get("images", 1)
    return bool(first.dataoffsets[0] + images * first.nbytes > tif.pages[1].offset)


def _ome(tif: TiffFile, first: TiffPage, n_pages: int) -> _Described | None:
    """Read the lengths that OME-XML gives of the only image, if its planes lie page by page."""
    xml = tif.ome_metadata or ""
    too_long = len(xml) > 2**20 + _MOST_OF_A_PAGE * n_pages
    if too_long or "odulo" in xml or first.shape != first.shaped[2:4]:
        return None
    try:
        root = ElementTree.fromstring(xml)
        (image,) = [e for e in root if e.tag.endswith(("Image", "BinaryOnly"))]
        (pixels,) = [e for e in image if e.tag.endswith("Pixels")]
        axes = pixels.attrib["DimensionOrder"][::-1]
        lengths = [int(pixels.attrib[f"Size{letter}"]) for letter in axes]
        channels = [e for e in pixels if e.tag.endswith("Channel")]
        samples = {int(e.attrib.get("SamplesPerPixel", 1)) for e in channels}
        planes = [e for e in pixels if e.tag.endswith("TiffData")]
        whole = sorted(axes) == list("CTXYZ") and axes.endswith("YX") and min(lengths) > 0
        whole = whole and tuple(lengths[3:]) == first.shape and samples <= {1}
        if not whole or math.prod(lengths[:3]) != n_pages or not _of_one_file(planes):
            return None
        if not _in_order(planes, axes, lengths, n_pages):
            return None
    except (ElementTree.ParseError, ValueError, KeyError, RecursionError):
        return None
    return _Described((*lengths, 1), f"{axes}S", image.attrib.get("Name", ""))


def _of_one_file(planes: list[ElementTree.Element]) -> bool:
    """Say that no plane names a file, or all name the same: this one, perhaps under an older name.

    None of its folder is looked for.
    """
    files = {child.attrib.get("FileName") for e in planes for child in e}
    return not files or (len(files) == 1 and not re.search(r"[/\\:]", files.pop() or "/"))


def _in_order(
    planes: list[ElementTree.Element], axes: str, lengths: list[int], n_pages: int
) -> bool:
    """Say that each plane lies in the page of its number, and each page is that of a plane."""
    next_page = 0
    slow, middle, fast = (f"First{letter}" for letter in axes[:3])
    n_slow, n_middle, n_fast = lengths[:3]
    for element in planes:
        known = element.attrib.get
        i, j, k = int(known(slow, 0)), int(known(middle, 0)), int(known(fast, 0))
        page = known("IFD")
        count = int(known("PlaneCount", known("NumPlanes", int(page is not None)))) or n_pages
        inside = 0 <= i < n_slow and 0 <= j < n_middle and 0 <= k < n_fast
        number = (i * n_middle + j) * n_fast + k
        if not inside or number != next_page or int(page or 0) != next_page or count < 1:
            return False
        next_page += count
    return next_page == n_pages


def scanimage_channels(page: TiffPage) -> int:
    """Return how many channels ScanImage saved, one page after the other; 1 for other programs.

    Its versions keep that in the software or in the description of each page.
    """
    text = f"{page.software}\n{page.description}"[:_LONGEST_SCANIMAGE] if page.is_scanimage else ""
    found = re.search(r"channels?Save\s*=\s*\[?([\d;, ]+)|ChannelsSave\s*=\s*(\d+)", text)
    if found is None:
        return 1
    # A list of numbers of channels, or how many.
    return len(re.findall(r"\d+", found[1])) if found[1] else max(1, int(found[2][:4]))


def _scanimage(_tif: TiffFile, first: TiffPage, n_pages: int) -> _Described | None:
    channels = scanimage_channels(first)
    if n_pages < channels:
        return None
    lead = (n_pages // channels, channels) if channels > 1 else (n_pages,)
    return _Described((*lead, *first.shape), "IC"[: len(lead)] + first.axes)


_READERS: dict[str, Callable[[Any, Any, int], _Described | None]] = {
    "uniform": _uniform,
    "shaped": _by_tifffile,
    "imagej": _imagej,
    "ome": _ome,
    "scanimage": _scanimage,
}

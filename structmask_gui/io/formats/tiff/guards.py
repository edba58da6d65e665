"""What is checked of a TIFF file before a library reads it.

A broken or hostile file may chain its pages in a circle, promise pages and pixels it does not hold,
or describe a stack so large that listing its planes alone would fill the memory. All of this is
found here from the file's structure, without decoding a pixel.

Most stacks of many thousand pages have pages that differ only in their offsets and metadata. The
walk along the chain lists them (`StripList`): then the offsets are all there is to know of a page,
and tifffile need not read it again. A page of several strips or tiles is read when its pixels are.
"""

from __future__ import annotations

import math
import re
import struct
from array import array
from dataclasses import dataclass
from typing import BinaryIO, Literal, NamedTuple

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, Task

_MOST_TAGS = 4096
_MOST_PAGES = 5_000_000
_LONGEST_XML = 128 * 2**20
# Widths and lengths, each one number without a sign. Of several, or of a text, a library would make
# so many copies as another of them says; of negative ones it would never come to an end.
_LENGTHS = frozenset((256, 257, 277, 278, 322, 323, 32997, 32998))
_UNSIGNED = frozenset((1, 3, 4, 13, 16))
# Pages below a page, as in pyramids.
_BELOW = 330
_MOST_BELOW = 64
_FARTHEST = 2**62

# Types that an offset or a length may have.
_NUMBERS = {3: "H", 4: "I", 16: "Q"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8, 17: 8}

# Of strips and of tiles.
_OFFSETS, _COUNTS = (273, 324), (279, 325)
# Pages below pages, palettes, and the old kind of JPEG: pages that have these differ in more.
_OTHERS = frozenset((320, 330, 512, 513, 514, 519, 520, 521))
# What says how pixels are stored or shown has to stand in the page, so that it can be compared.
_DECISIVE = frozenset((256, 257, 259, 262, 266, 277, 278, 284, 317, 322, 323, 530, 32997, 32998))
# So do these, one for each sample; three do not fit there, and are compared when a page is read.
_OF_SAMPLES = frozenset((258, 338, 339))
# Metadata that say nothing of the pixels: description, name and number, program, date, author, and
# what Micro-Manager keeps of each frame. Of any length, or not there at all.
_METADATA = frozenset((270, 285, 297, 305, 306, 315, 51123))
# A page is compared with so many lists of tags.
_MOST_LAYOUTS = 16


class _Layout(NamedTuple):
    """A list of tags: which bytes are the same in all its pages, and where the pixels are."""

    pattern: re.Pattern[bytes]
    """All entries of a page; of one strip, its offset and its length are the two groups."""
    alike: bytes
    """The same bytes without the metadata, to compare lists of unlike length."""
    groups: tuple[struct.Struct, struct.Struct] | None
    """Read offset and length; None of several strips or tiles."""
    compared: bool
    """Whether all that matters is in these bytes."""


class StripList:
    """Where each page and its one strip lie, while all pages are otherwise alike."""

    def __init__(self, byte_order: Literal["<", ">"], *, is_big: bool) -> None:
        # Offsets of each page's list of tags.
        self.pages = array("Q")
        # Offset and length of the pixels of each page, in bytes; empty of several strips or tiles.
        self.offsets, self.counts = array("Q"), array("Q")
        # Whether all pages so far are alike; if not, the lists end.
        self.alike = True
        # If not, a page is still to be compared before its pixels are read.
        self.compared = True
        self._order, self._big = byte_order, is_big
        self._layouts: list[_Layout] = []

    def add(self, place: int, tags: bytes) -> bool:
        """Take the next page, its offset and all its entries; say whether it is as one before."""
        if not self.alike:
            return False
        known_before = True
        for number, layout in enumerate(self._layouts):
            found = layout.pattern.fullmatch(tags)
            if found is not None:
                if number:
                    # The next page is most likely like this one.
                    self._layouts.insert(0, self._layouts.pop(number))
                break
        else:
            learnt = self._learnt(tags) if len(self._layouts) < _MOST_LAYOUTS else None
            known = self._layouts[0].alike if self._layouts else b""
            found = None if learnt is None else learnt.pattern.fullmatch(tags)
            if learnt is None or found is None or (known and learnt.alike != known):
                self.alike = False
                return False
            known_before = False
            layout = learnt
            self.compared &= learnt.compared
            self._layouts.insert(0, layout)
        self.pages.append(place)
        if layout.groups is not None:
            where, length = layout.groups
            self.offsets.append(where.unpack(found[1])[0])
            self.counts.append(length.unpack(found[2])[0])
        return known_before

    def _learnt(self, tags: bytes) -> _Layout | None:
        """Find out which bytes have to be the same in all such pages; None if it is none."""
        width, size = (8, 20) if self._big else (4, 12)
        head = struct.Struct(self._order + ("HHQ" if self._big else "HHI"))
        pattern, alike, compared = b"", b"", True
        numbers: dict[int, struct.Struct | None] = {}
        for at in range(0, len(tags), size):
            entry = tags[at : at + size]
            code, kind, count = head.unpack_from(entry)
            inside = _SIZES.get(kind, width + 1) * count <= width
            if code in _OTHERS or (code in _DECISIVE and not inside):
                return None
            compared &= inside or code not in _OF_SAMPLES
            same, free = re.escape(entry[: size - width]), b".{%d}" % width
            if code in (*_OFFSETS, *_COUNTS):
                if kind not in _NUMBERS or code in numbers:
                    return None
                numbers[code] = None
                if count == 1:
                    number = struct.Struct(self._order + _NUMBERS[kind])
                    numbers[code] = number
                    free = b"(.{%d}).{%d}" % (number.size, width - number.size)
                pattern += same + free
                alike += entry[: size - width]
            elif code in _METADATA:
                pattern += re.escape(entry[:2]) + b".{%d}" % (size - 2)
            elif inside:
                pattern += re.escape(entry)
                alike += entry
            else:
                pattern += same + free
                alike += entry[: size - width]
        # The place stands before the length, for the entries are sorted.
        if list(numbers) not in [list(pair) for pair in zip(_OFFSETS, _COUNTS, strict=True)]:
            return None
        place, length = numbers.values()
        if (place is None) is not (length is None):
            return None
        groups = None if place is None or length is None else (place, length)
        return _Layout(re.compile(pattern, re.DOTALL), alike, groups, compared)


@dataclass(frozen=True)
class PageChain:
    """The chain of pages (image file directories) of a TIFF file."""

    n_pages: int
    """Number of whole pages."""
    complete: bool
    """The chain ends as it should; otherwise its last link points outside the file."""
    is_big: bool
    """BigTIFF, with 64-bit offsets."""
    byte_order: Literal["<", ">"]
    strips: StripList | None = None
    """Where each page and its pixels lie, if the pages are otherwise alike."""


def page_chain(file: BinaryIO, size: int, task: Task = NO_TASK) -> PageChain:
    """Walk the chain of pages of a file, best opened without a buffer: each is read on its own."""
    head = file.read(16)
    order: Literal["<", ">"] = ">" if head[:2] == b"MM" else "<"
    version = struct.unpack(order + "H", head[2:4])[0] if len(head) >= 8 else 0
    if version not in (42, 43) or (version == 43 and len(head) < 16):
        raise InputError(
            "has a broken TIFF header or a camera's raw format; export it as a plain TIFF."
        )
    big = version == 43
    count_format, count_size, tag_size, offset_format, offset_size = (
        (order + "Q", 8, 20, order + "Q", 8) if big else (order + "H", 2, 12, order + "I", 4)
    )
    offset = struct.unpack(offset_format, head[8:16] if big else head[4:8])[0]
    seen: set[int] = set()
    strips = StripList(order, is_big=big)
    # As long as the page before: most are, and are read at once.
    expected = 4096
    while offset:
        if offset in seen:
            raise InputError(
                "its pages are linked in a circle, so the file is damaged; export it again."
            )
        if len(seen) >= _MOST_PAGES:
            raise InputError(f"has more than {_MOST_PAGES} pages; split it into several files.")
        if offset >= size:
            break
        if len(seen) % 4096 == 0:
            task.stop_if_cancelled()
        file.seek(offset)
        page = file.read(expected)
        n_tags = struct.unpack_from(count_format, page)[0] if len(page) >= count_size else 0
        length = count_size + n_tags * tag_size
        end = offset + length
        if not 0 < n_tags <= _MOST_TAGS or end + offset_size > size:
            # Where the list of pages goes on is not known; readers would follow stray bytes.
            raise InputError(
                f"page {len(seen) + 1} is damaged or cut short; copy or export the file again."
            )
        if length + offset_size > len(page):
            file.seek(offset)
            page = file.read(length + offset_size)
            if len(page) < length + offset_size:
                raise OSError("the file became shorter")
        expected = length + offset_size
        seen.add(offset)
        tags = page[count_size:length]
        if not strips.add(offset, tags) and not _has_sizes(file, tags, order, big=big):
            raise InputError(
                f"the size of page {len(seen)} is damaged; copy or export the file again."
            )
        offset = struct.unpack_from(offset_format, page, length)[0]
    if not seen:
        raise InputError(
            "holds no image: its first page lies outside the file; copy or export it again."
        )
    return PageChain(len(seen), offset == 0, big, order, strips if strips.alike else None)


def _has_sizes(file: BinaryIO, tags: bytes, order: str, *, big: bool, below: bool = True) -> bool:
    """Say that all lengths of a page are numbers, and of the few below it if ``below``."""
    size, form = (20, "HHQ8s") if big else (12, "HHI4s")
    places: tuple[int, ...] = ()
    for code, kind, count, value in struct.iter_unpack(order + form, tags):
        if code in _LENGTHS and (count != 1 or kind not in _UNSIGNED):
            return False
        if code == _BELOW and kind in (4, 13, 16, 18) and below:
            if count > _MOST_BELOW:
                return False
            number = struct.Struct(f"{order}{count}{'I' if kind in (4, 13) else 'Q'}")
            if number.size > len(value):
                place = struct.unpack(order + ("Q" if big else "I"), value)[0]
                file.seek(min(place, _FARTHEST))
                value = file.read(number.size)
            places = number.unpack(value[: number.size]) if len(value) >= number.size else ()
    head = struct.Struct(order + ("Q" if big else "H"))
    for place in places:
        # Those that cannot be read are left out by the library.
        file.seek(min(place, _FARTHEST))
        start = file.read(head.size)
        n_tags = head.unpack(start)[0] if len(start) == head.size else 0
        entries = file.read(n_tags * size) if n_tags <= _MOST_TAGS else b""
        whole = entries[: len(entries) // size * size]
        if not _has_sizes(file, whole, order, big=big, below=False):
            return False
    return True


def check_xml(xml: str) -> None:
    """Refuse a description that is too long to be parsed, or holds XML entities."""
    if len(xml) > _LONGEST_XML or "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise InputError("its OME description is too large or holds XML entities; export it again.")


def check_ome(xml: str, page_pixels: int) -> None:
    """Refuse an OME description that promises absurdly many planes, or files of other folders.

    ``page_pixels`` are the samples in one page of the file.
    """
    check_xml(xml)
    if any(re.search(r"[/\\:]", file) for file in ome_file_names(xml)):
        raise InputError(
            "its OME description names files outside its folder, which are not opened; put them"
            " beside it and export it again."
        )
    planes = 0
    for attributes in re.findall(r"<(?:\w+:)?Pixels\b([^>]*)>", xml):
        sizes = [_integer(n) for n in _values(attributes, "Size[XYZCT]")]
        planes += math.ceil(math.prod(sizes) / max(1, page_pixels))
    counts = [_integer(n) for n in _values(xml, "NumPlanes|PlaneCount|First[ZCT]|IFD")]
    most = max([planes, *counts, *_modulo_lengths(xml)])
    if most > _MOST_PAGES:
        raise InputError(
            f"its OME description promises more than {_MOST_PAGES} planes, which the file cannot"
            " hold; export it again."
        )


def ome_file_names(xml: str) -> set[str]:
    """Return the names of the files over which an OME description spreads its planes."""
    return set(_values(xml, "FileName"))


def _values(xml: str, names: str) -> list[str]:
    found = re.findall(rf"""\b(?:{names})\s*=\s*(?:"([^"]*)"|'([^']*)')""", xml)
    return [double or single for double, single in found]


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        # What is no number stops the reader by itself; one too long to convert does not fit either.
        return _MOST_PAGES + 1 if len(text) > 18 else 0


def _modulo_lengths(xml: str) -> list[float]:
    """Return the lengths of the subdivided axes that OME-XML may describe."""
    lengths = []
    for attributes in re.findall(r"<(?:\w+:)?ModuloAlong[ZCT]\b([^>]*)>", xml):
        values = {key: _values(attributes, key) for key in ("Start", "End", "Step")}
        try:
            start, end = float(values["Start"][0]), float(values["End"][0])
            step = float(values["Step"][0]) if values["Step"] else 1.0
            lengths.append(abs((end - start) / step))
        except (IndexError, ValueError):
            continue
        except ZeroDivisionError:
            lengths.append(math.inf)
    return lengths


def check_segments(offsets: tuple[int, ...], counts: tuple[int, ...], size: int, page: int) -> None:
    """Refuse a page of which strips or tiles lie outside the file, of ``size`` bytes."""
    if not offsets or len(offsets) > len(counts):
        raise InputError(
            f"page {page + 1} does not say where its pixels are, so the file is damaged; export it"
            " again."
        )
    for offset, count in zip(offsets, counts, strict=False):
        if offset < 0 or count < 0 or offset + count > size:
            raise InputError(
                f"is cut short: page {page + 1} reaches beyond the end of the file; copy or"
                " export it again."
            )

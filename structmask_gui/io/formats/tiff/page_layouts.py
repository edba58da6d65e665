"""Long stacks of TIFF pages that are alike, listed in the walk along the chain of pages.

Most stacks of many thousand pages have pages that differ only in their offsets and metadata. Then
the offsets are all there is to know of a page, and tifffile need not read it again. A page of
several strips or tiles is read when its pixels are.
"""

from __future__ import annotations

import re
import struct
from array import array
from typing import Literal, NamedTuple

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

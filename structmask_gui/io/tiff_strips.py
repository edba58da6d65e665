"""Long stacks of plain TIFF pages, listed in the walk along the chain of pages.

Most stacks of many thousand pages have pages that differ only in where their pixels lie. Then
these places are all there is to know of each page, and a library need not read it again.
"""

from __future__ import annotations

import struct
from array import array
from typing import Literal

# Width of the types a place or a length may have.
_NUMBERS = {3: "H", 4: "I", 16: "Q"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8, 17: 8}

_OFFSETS, _COUNTS, _PAGE_NUMBER = 273, 279, 297
# Tiles, pages below pages, and tables of JPEG: pages that have these differ in more.
_OTHERS = frozenset((322, 323, 324, 325, 330, 347, 512, 513, 514, 519, 520, 521))
# What says how pixels are stored or shown has to stand in the page, so that it can be compared.
_DECISIVE = frozenset((256, 257, 258, 259, 262, 266, 277, 278, 284, 317, 320, 338, 339, 530))


class StripList:
    """Where the one strip of each page lies, while all pages are otherwise alike.

    Parameters
    ----------
    byte_order : str
        "<" or ">".
    is_big : bool
        BigTIFF, with 64-bit offsets.

    Attributes
    ----------
    offsets, counts : array of int
        Place and length of the pixels of each page, in bytes.
    alike : bool
        Whether all pages so far are such pages; if not, the lists end.
    """

    def __init__(self, byte_order: Literal["<", ">"], *, is_big: bool) -> None:
        self.offsets, self.counts = array("Q"), array("Q")
        self.alike = True
        self._order, self._big = byte_order, is_big
        self._first = b""
        self._same: list[slice] = []
        self._unpack: list[tuple[struct.Struct, int]] = []

    def add(self, tags: bytes) -> None:
        """Look at the next page.

        Parameters
        ----------
        tags : bytes
            All its entries.
        """
        if not self.alike:
            return
        if not self._first:
            self._learn(tags)
        first = self._first
        self.alike = len(tags) == len(first) and all(tags[s] == first[s] for s in self._same)
        if self.alike:
            (offset, at), (count, there) = self._unpack
            self.offsets.append(offset.unpack_from(tags, at)[0])
            self.counts.append(count.unpack_from(tags, there)[0])

    def _learn(self, tags: bytes) -> None:
        """Find out which bytes have to be the same in all pages."""
        self._first = tags
        width, size = (8, 20) if self._big else (4, 12)
        head = struct.Struct(self._order + ("HHQ" if self._big else "HHI"))
        found: dict[int, tuple[struct.Struct, int]] = {}
        begin = 0
        for at in range(0, len(tags), size):
            code, kind, count = head.unpack_from(tags, at)
            inside = _SIZES.get(kind, width + 1) * count <= width
            if code in _OTHERS or (code in _DECISIVE and not inside):
                break
            if code in (_OFFSETS, _COUNTS):
                if count != 1 or kind not in _NUMBERS:
                    break
                found[code] = struct.Struct(self._order + _NUMBERS[kind]), at + size - width
            if code in (_OFFSETS, _COUNTS, _PAGE_NUMBER) or not inside:
                self._same.append(slice(begin, at + size - width))
                begin = at + size
        else:
            self._same.append(slice(begin, len(tags)))
            if len(found) == 2:
                self._unpack = [found[_OFFSETS], found[_COUNTS]]
                return
        # No such page: that no bytes can match ends the lists.
        self._same = [slice(0, 0)]
        self._first = b""
        self.alike = False

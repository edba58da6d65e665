"""Damage to bytes: what happens to files in the wild, and what a hostile hand would do."""

from __future__ import annotations

import random
import re

_ODD = (0, 1, 2, 3, 16, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 100_000)
_ODD_WIDE = (2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)
_NUMBERS = (b"0", b"-1", b"1", b"99999999", b"4294967296", b"1e999", b"NaN", b"", b"0.5", b"null")
_WORDS = (b"[]", b"{}", b'"\\ud800"', b"true", b"[" * 2000, b"../../x", b"\x00", b"|O", b"<i2")


def mutated(data: bytes, chance: random.Random, other: bytes = b"") -> bytes:
    """Return the bytes with one to six kinds of damage.

    Parameters
    ----------
    data : bytes
        A good file.
    chance : random.Random
        Decides; the same seed gives the same damage.
    other : bytes
        Another file, of which a piece may get in.
    """
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if damaged:
            chance.choice(_WAYS)(damaged, chance, other)
    return bytes(damaged)


def _place(damaged: bytearray, chance: random.Random) -> int:
    """Return a place; headers and the end, where formats keep their tables, more often."""
    n = len(damaged)
    return min(
        n - 1,
        chance.choice(
            (
                chance.randrange(n),
                chance.randrange(min(n, 64)),
                chance.randrange(min(n, 600)),
                n - 1 - chance.randrange(min(n, 600)),
            )
        ),
    )


def _flip(damaged: bytearray, chance: random.Random, _: bytes) -> None:
    for _ in range(chance.choice((1, 1, 4, 32))):
        damaged[_place(damaged, chance)] ^= 1 << chance.randrange(8)


def _number(damaged: bytearray, chance: random.Random, _: bytes) -> None:
    width = chance.choice((1, 2, 4, 4, 8))
    value = chance.choice(_ODD + _ODD_WIDE) % 256**width
    at = _place(damaged, chance)
    packed = value.to_bytes(width, chance.choice(("little", "big")))
    damaged[at : at + width] = packed


def _step(damaged: bytearray, chance: random.Random, _: bytes) -> None:
    """Add or take off a little, or shift the bits, of a number."""
    width = chance.choice((2, 4, 8))
    order = chance.choice(("little", "big"))
    at = _place(damaged, chance)
    value = int.from_bytes(damaged[at : at + width], order)
    value = chance.choice((value + 1, value - 1, value * 2, value << 8, value >> 8, ~value))
    damaged[at : at + width] = (value % 256**width).to_bytes(width, order)


def _cut(damaged: bytearray, chance: random.Random, _: bytes) -> None:
    del damaged[_place(damaged, chance) :]


def _remove(damaged: bytearray, chance: random.Random, _: bytes) -> None:
    at = _place(damaged, chance)
    del damaged[at : at + chance.choice((1, 4, 100))]


def _repeat(damaged: bytearray, chance: random.Random, _: bytes) -> None:
    at = _place(damaged, chance)
    damaged[at:at] = damaged[at : at + chance.choice((1, 16, 300))] * chance.choice((1, 2, 20))


def _swap(damaged: bytearray, chance: random.Random, _: bytes) -> None:
    a, b, n = _place(damaged, chance), _place(damaged, chance), chance.choice((4, 12, 20, 64))
    damaged[a : a + n], damaged[b : b + n] = damaged[b : b + n], damaged[a : a + n]


def _blank(damaged: bytearray, chance: random.Random, _: bytes) -> None:
    at, n = _place(damaged, chance), chance.choice((8, 512, 4096))
    n = min(n, len(damaged) - at)
    damaged[at : at + n] = bytes([chance.choice((0, 0xFF))]) * n


def _splice(damaged: bytearray, chance: random.Random, other: bytes) -> None:
    if other:
        start = chance.randrange(len(other))
        at = _place(damaged, chance)
        piece = other[start : start + chance.choice((8, 64, 1000))]
        damaged[at : at + len(piece)] = piece


def _text_number(damaged: bytearray, chance: random.Random, _: bytes) -> None:
    found = list(re.finditer(rb"-?\d+(?:\.\d+)?", bytes(damaged[:200_000])))
    if found:
        match = chance.choice(found)
        damaged[match.start() : match.end()] = chance.choice(_NUMBERS)


def _text_word(damaged: bytearray, chance: random.Random, _: bytes) -> None:
    found = list(re.finditer(rb'"[^"]{1,40}"', bytes(damaged[:200_000])))
    if found:
        match = chance.choice(found)
        damaged[match.start() : match.end()] = chance.choice(_WORDS)


_WAYS = (
    *(_flip, _number, _number, _number, _step, _cut, _remove, _repeat, _swap, _blank, _splice),
    *(_text_number, _text_word),
)

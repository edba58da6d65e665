"""Sizes and units in metadata: read, and written in one form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_SPELLINGS = {
    "µm": "um \u03bcm micron micrometer micrometre",
    "nm": "nanometer nanometre",
    "mm": "millimeter millimetre",
    "cm": "centimeter centimetre",
    "m": "meter metre",
    "Å": "angstrom ångström \u212b",
    "s": "sec second",
    "ms": "msec millisecond",
}
_UNITS = {"a": "Å"} | {
    word + plural: unit
    for unit, words in _SPELLINGS.items()
    for word in words.split()
    for plural in ("", "s")
}
# Of no known length: OME's reference frame, for one.
_NO_UNITS = frozenset(
    (
        *("", "none", "null", "nan", "n/a", "na", "-", "?", "unknown", "undefined", "<undefined>"),
        *("pixel", "pixels", "px", "voxel", "voxels", "reference frame", "a.u", "arbitrary"),
    )
)
_MICROMETRES = {"µm": 1.0, "nm": 1e-3, "Å": 1e-4, "pm": 1e-6, "mm": 1e3, "cm": 1e4, "m": 1e6}
_LONGEST = 40
_LARGEST = 1e12


def unit_text(unit: Any) -> str:
    """Return a unit as it is usually written: "[n_m]" (NCEM) and "nanometers" are nm."""
    text = unit.decode(errors="replace") if isinstance(unit, bytes) else str(unit or "")
    text = "".join(c for c in text if c.isprintable()).strip().strip("[]()").strip()
    # Written in UTF-8 and read as Latin-1, once or twice.
    text = re.sub("(\u00c3\u201a|\u00c3\u0082|\u00c2)+(?=[µ\u00c5])", "", text)
    text = text.replace("\\u00B5", "µ").replace("_", "")
    text = re.sub(r"(?i)\s*(/|\bper\b)\s*(pixel|px|voxel)$", "", text).rstrip(".") or text
    if text.lower() in _NO_UNITS:
        return ""
    return _UNITS.get(text.lower(), text[:_LONGEST])


def size_text(value: Any, unit: Any) -> str | None:
    """Return a size with its unit, or None if it is no size: not positive, or without a unit."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    text = unit_text(unit)
    return f"{number:.6g} {text}" if text and 1 / _LARGEST < number < _LARGEST else None


def with_sizes(metadata: dict[str, str], sizes: dict[str, tuple[Any, Any]]) -> None:
    """Add the size of a pixel along each axis that is a size: X, Y and Z in space, T in time."""
    for letter, (value, unit) in sizes.items():
        text = size_text(value, unit)
        if letter in "XYZT" and text:
            title = "Frame interval" if letter == "T" else f"Pixel size {letter}"
            metadata[title] = text


def read_size(text: str) -> tuple[float | None, str]:
    """Return number and unit of a size as `size_text` writes it; None if it is none."""
    match = re.match(r"\s*([0-9.eE+-]+)\s*(\S*)", text)
    try:
        value = float(match.group(1)) if match else None
    except ValueError:
        value = None
    if match is None or value is None or not 0 < value < math.inf:
        return None, ""
    unit = match.group(2)
    return value, _UNITS.get(unit, unit)


def pixel_size(metadata: Mapping[str, str]) -> tuple[float, float] | None:
    """Return height and width of a pixel in µm; None where the metadata do not say."""
    found = []
    for letter in "YX":
        value, unit = read_size(metadata.get(f"Pixel size {letter}", ""))
        factor = _MICROMETRES.get(unit)
        if value is None or factor is None:
            return None
        found.append(value * factor)
    return found[0], found[1]

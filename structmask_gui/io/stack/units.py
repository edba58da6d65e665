"""Sizes and units in metadata: read, and written in one form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_UNITS = {
    "um": "µm",
    "\u03bcm": "µm",
    "micron": "µm",
    "microns": "µm",
    "micrometer": "µm",
    "micrometre": "µm",
    "nanometer": "nm",
    "nanometre": "nm",
    "millimeter": "mm",
    "angstrom": "Å",
    "second": "s",
    "seconds": "s",
    "sec": "s",
    "millisecond": "ms",
    "meter": "m",
}


def unit_text(unit: Any) -> str:
    """Return a unit as it is usually written: "[n_m]" (NCEM) and "nanometer" are nm."""
    text = unit.decode(errors="replace") if isinstance(unit, bytes) else str(unit or "")
    text = "".join(c for c in text if c.isprintable()).strip().strip("[]()").strip()
    text = text.replace("\\u00B5", "µ").replace("_", "")
    if text.lower() in ("", "none", "undefined", "<undefined>", "pixel", "pixels", "px"):
        return ""
    return _UNITS.get(text.lower(), text[:40])


def size_text(value: Any, unit: Any) -> str | None:
    """Return a size with its unit, or None if it is no size: not positive, or without a unit."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    text = unit_text(unit)
    return f"{number:.6g} {text}" if text and 0 < number < math.inf else None


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
        factor = {"µm": 1.0, "nm": 1e-3, "mm": 1e3}.get(unit)
        if value is None or factor is None:
            return None
        found.append(value * factor)
    return found[0], found[1]

"""From the text of an argument to its value; a wrong one is answered by argparse."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, Literal

from structmask_gui.core.errors import InputError
from structmask_gui.core.stack.frames import Region
from structmask_gui.io.files.paths import pasted_path
from structmask_gui.io.stack.image_stack import frame_range


def setting(text: str) -> tuple[str, Any]:
    """Return name and value of NAME=VALUE; the value is still text, "none" is None."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise ArgumentTypeError(f"{text!r} is not NAME=VALUE, as in center_size=15")
    if re.fullmatch(r"-?\d+,\d+", value):
        raise ArgumentTypeError(f"{text!r} has a comma; write {value.replace(',', '.')}")
    return name, None if value.lower() == "none" else value


def given_path(text: str) -> Path:
    """Return a path, perhaps pasted with quotation marks or as a file: address."""
    return Path(given_text(text))


def given_text(text: str) -> str:
    """Return such a path as a text, which may be a pattern or an address."""
    if not text.strip():
        raise ArgumentTypeError("a path is empty; give a file")
    return pasted_path(text)


def channel(text: str) -> int | Literal["luminance"]:
    """Return a channel number or "luminance"."""
    if text == "luminance":
        return "luminance"
    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError(f"{text!r} is no channel; give a number from 0, or luminance")
    return int(text)


def patch_count(text: str) -> int:
    """Return a number of patches; "all" is 0."""
    if text == "all":
        return 0
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is no number of patches; give a whole number, or all"
        ) from None


def whole_number(text: str) -> int:
    """Return a whole number."""
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a whole number") from None


def radius(text: str) -> int:
    """Return a radius in pixels."""
    number = whole_number(text)
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is no radius; give a whole number from 1")
    return number


def frame_slice(text: str) -> slice:
    """Return the slice of A:B:STEP; every part may be left out, a single number is one frame."""
    if text.isascii() and text.isdigit():
        return slice(int(text), int(text) + 1)
    try:
        return frame_range(text)
    except InputError as error:
        raise ArgumentTypeError(str(error)) from None


def region(text: str) -> Region:
    """Return the rectangle of Y0:Y1,X0:X1."""
    match = re.fullmatch(r"(\d+):(\d+),(\d+):(\d+)", text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not Y0:Y1,X0:X1, as in 0:256,100:356")
    y0, y1, x0, x1 = (int(part) for part in match.groups())
    return Region(y0, y1, x0, x1)

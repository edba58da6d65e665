"""What a TIFF says of itself: its metadata as short texts, and what its values stand for."""

from __future__ import annotations

import html
import re
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.io.formats.images import PALETTE_NOTE, palette_table
from structmask_gui.io.formats.tiff.guards import PageChain
from structmask_gui.io.stack.store import Contents
from structmask_gui.io.stack.units import size_text, unit_text, with_sizes

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage, TiffPageSeries

_LONGEST = 200
# Characters read of the description of an image; many channels and the first planes are in it.
_LONGEST_PART = 2 * 2**20


def metadata_of(
    tif: TiffFile, series: TiffPageSeries, chain: PageChain, index: int
) -> dict[str, str]:
    """Return the facts of a series that help to judge it: pixel size, storage, origin."""
    from tifffile import COMPRESSION, PHOTOMETRIC

    key = series.keyframe
    found: dict[str, Any] = {
        "Format": ("Big" if chain.is_big else "") + "TIFF",
        "Pages": chain.n_pages,
        "Bits": key.bitspersample,
        "Data type": key.dtype,
        "Byte order": "big endian" if chain.byte_order == ">" else "little endian",
        "Compression": _enum_name(COMPRESSION, key.compression),
        "Photometric": _enum_name(PHOTOMETRIC, key.photometric),
        "Storage": _storage(key),
        "Software": key.software,
        "Date": _date(key),
    }
    if series.name:
        found["Name"] = series.name
    if tif.is_ome:
        attributes, text = _ome_pixels(tif, index)
        found.update(_ome_sizes(attributes))
        found.update(_ome_acquisition(f"{attributes} {text}"))
    if tif.is_imagej:
        found.update(_imagej_sizes(tif, key))
        found.update(_imagej_values(tif))
    if tif.is_lsm:
        found.update(_lsm_acquisition(tif))
    return {name: _short(value) for name, value in found.items() if value not in ("", None)}


def ome_channel_names(tif: TiffFile, index: int) -> tuple[str, ...]:
    """Return the channel names of an image in an OME description; empty if not all have one."""
    _, pixels = _ome_pixels(tif, index)
    names = []
    for attributes in re.findall(r"<(?:\w+:)?Channel\b([^>]*)>", pixels):
        match = re.search(r'\bName\s*=\s*"([^"]*)"', attributes)
        names.append(_short(html.unescape(match.group(1))) if match else "")
    return tuple(names) if names and all(names) else ()


def _ome_sizes(attributes: str) -> dict[str, str]:
    sizes = {}
    for axis in "XYZ":
        size = re.search(rf'\bPhysicalSize{axis}\s*=\s*"([^"]*)"', attributes)
        unit = re.search(rf'\bPhysicalSize{axis}Unit\s*=\s*"([^"]*)"', attributes)
        # OME's default unit is the micrometre.
        text = html.unescape(unit.group(1)) if unit else "µm"
        if size and size_text(size.group(1), text):
            sizes[f"Pixel size {axis}"] = f"{size.group(1)} {unit_text(text)}"
    step = re.search(r'\bTimeIncrement\s*=\s*"([^"]*)"', attributes)
    if step:
        sizes["Frame interval"] = f"{step.group(1)} s"
    return sizes


# Acquisition settings by their attributes in OME-XML, and their units.
_OME_ACQUISITION = (
    ("Bits", "SignificantBits", ""),
    ("Exposure", "ExposureTime", " s"),
    ("Averaging", "Integration", ""),
    ("Binning", "Binning", ""),
    ("Gain", "Gain", ""),
    ("Readout", "ReadOutRate", " MHz"),
)


def _ome_acquisition(text: str) -> dict[str, str]:
    found = {}
    for title, attribute, unit in _OME_ACQUISITION:
        match = re.search(rf'\b{attribute}\s*=\s*"([^"]*)"', text)
        given = re.search(rf'\b{attribute}Unit\s*=\s*"([^"]*)"', text)
        if match and match.group(1):
            found[title] = html.unescape(match.group(1)) + (
                f" {html.unescape(given.group(1))}" if given else unit
            )
    return found


def _imagej_values(tif: TiffFile) -> dict[str, str]:
    """Return what a value stands for: ImageJ keeps 16 bits with a sign as offset 32768."""
    known = tif.imagej_metadata or {}
    offset, scale = known.get("c0"), known.get("c1")
    if not isinstance(offset, int | float) or not isinstance(scale, int | float):
        return {}
    unit = str(known.get("vunit", "")).strip('"')
    return {"Value offset": f"{offset:.6g}", "Value scale": f"{scale:.6g} {unit}".strip()}


def _lsm_acquisition(tif: TiffFile) -> dict[str, str]:
    known = tif.lsm_metadata or {}
    found = {}
    for letter in "XYZ":
        size = known.get(f"VoxelSize{letter}")
        if isinstance(size, float) and size > 0:
            found[f"Pixel size {letter}"] = f"{size * 1e6:.6g} µm"
    tracks = (known.get("ScanInformation") or {}).get("Tracks") or [{}]
    for title, name, unit in (("Dwell time", "PixelTime", " µs"), ("Averaging", "Averages", "")):
        value = tracks[0].get(name)
        if isinstance(value, int | float) and value:
            found[title] = f"{value:.6g}{unit}"
    return found


def _ome_pixels(tif: TiffFile, index: int) -> tuple[str, str]:
    """Return the attributes and the text of the Pixels element of an image."""
    xml = tif.ome_metadata or ""
    # Searched by the word, for that is much faster; an end of an element is none.
    found = re.finditer(r"Pixels\b([^>]*)>", xml)
    starts = [m for m in found if re.search(r"<(\w+:)?$", xml[max(0, m.start() - 40) : m.start()])]
    if index >= len(starts):
        return "", ""
    begin = starts[index].end()
    end = starts[index + 1].start() if index + 1 < len(starts) else len(xml)
    # Where each plane lies is the longest part and holds no acquisition settings.
    first, last = xml.find("TiffData", begin, end), xml.rfind("TiffData", begin, end)
    text = xml[begin:end] if first < 0 else f"{xml[begin:first]} {xml[last:end]}"
    return starts[index].group(1), text[:_LONGEST_PART]


def _imagej_sizes(tif: TiffFile, key: TiffPage) -> dict[str, str]:
    known = tif.imagej_metadata or {}
    unit = unit_text(known.get("unit"))
    sizes: dict[str, str] = {}
    for axis, code in (("X", 282), ("Y", 283)):
        ratio = key.tags.valueof(code)
        if isinstance(ratio, tuple) and len(ratio) == 2 and ratio[0] > 0:
            with_sizes(sizes, {axis: (ratio[1] / ratio[0], unit)})
    with_sizes(sizes, {"Z": (known.get("spacing"), unit), "T": (known.get("finterval"), "s")})
    return sizes


def _storage(key: TiffPage) -> str:
    if key.is_tiled:
        return f"tiles of {key.tilelength} x {key.tilewidth}"
    rows = min(int(key.rowsperstrip), int(key.imagelength))
    return f"strips of {rows} rows"


def _enum_name(kind: type[IntEnum], value: Any) -> str:
    try:
        return kind(value).name.lower().replace("_", " ")
    except ValueError:
        return f"number {value}"


def _date(key: TiffPage) -> str:
    value = key.tags.valueof(306)
    return value if isinstance(value, str) else ""


def _short(value: Any) -> str:
    text = "".join(c if c.isprintable() else " " for c in str(value)).strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def set_colours(contents: Contents, key: TiffPage, colours: AnyArray | None) -> None:
    """Set what the samples of a pixel are, and how stored values become intensities.

    ``key`` is the page that stands for all, ``colours`` its palette, if it has one.
    """
    from tifffile import PHOTOMETRIC

    photometric = int(key.photometric)
    imagej = bool(key.is_imagej)
    assert key.dtype is not None
    alpha = sum(int(extra) in (1, 2) for extra in key.extrasamples)
    contents.n_samples = max(1, int(key.samplesperpixel) - alpha)
    is_jpeg = int(key.compression) in (6, 7, 34892, 33007)
    contents.is_colour = contents.n_samples >= 3 and (
        photometric == PHOTOMETRIC.RGB or (photometric == PHOTOMETRIC.YCBCR and is_jpeg)
    )
    # tifffile tags an array of three or four planes as colours, whatever is meant.
    planar = key.shaped[0] in (3, 4) and not (imagej or key.is_ome)
    contents.doubtful_colour = contents.is_colour and planar
    if photometric == PHOTOMETRIC.PALETTE and imagej:
        contents.notes.append(
            "The colours are a display table of ImageJ and are ignored; the pixel values are used."
        )
    elif photometric == PHOTOMETRIC.PALETTE and colours is not None and key.dtype.kind in "bu":
        table = _intensities(key, colours)
        # As numbers: an array of bools would be taken for a selection.
        contents.convert = lambda values: table.take(values.astype(np.intp), mode="clip")
        contents.converted_dtype = table.dtype
        contents.notes.append(PALETTE_NOTE)
    elif photometric == PHOTOMETRIC.MINISWHITE and not imagej:
        # tifffile gives every bool array that it writes this tag, whatever is meant.
        if not (key.is_shaped and key.dtype.kind == "b"):
            _invert(contents, key)
    elif photometric == PHOTOMETRIC.CFA:
        contents.notes.append(
            "This is the raw mosaic of a colour camera; neighbouring pixels see different colours,"
            " which looks like correlation of every second pixel."
        )


def _intensities(key: TiffPage, colours: AnyArray) -> AnyArray:
    assert key.dtype is not None
    colours = colours.T
    for factor in (257, 256):
        if (colours % factor == 0).all():
            # 16-bit entries made from 8-bit ones.
            colours = (colours // factor).astype(np.uint8)
            break
    return palette_table(colours, 2 ** min(8 * key.dtype.itemsize, 16))


def _invert(contents: Contents, key: TiffPage) -> None:
    """Make white bright; wide integers and floats have no known white, and stay as they are."""
    assert key.dtype is not None
    if key.dtype.kind == "b":
        contents.convert = np.logical_not
    elif key.dtype.kind == "u" and isinstance(key.bitspersample, int) and key.bitspersample <= 16:
        top = key.dtype.type(2**key.bitspersample - 1)
        contents.convert = lambda values: top - values
    else:
        return
    contents.converted_dtype = key.dtype.newbyteorder("=")

"""Metadata of a TIFF file, as short texts."""

from __future__ import annotations

import html
import re
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from structmask_gui.io.formats.tiff.guards import PageChain
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
        "Date": _text_tag(key, 306),
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


def _text_tag(key: TiffPage, code: int) -> str:
    value = key.tags.valueof(code)
    return value if isinstance(value, str) else ""


def _short(value: Any) -> str:
    text = "".join(c if c.isprintable() else " " for c in str(value)).strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"

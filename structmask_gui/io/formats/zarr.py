"""OME-Zarr (0.4 and 0.5) and plain Zarr, in folders or at an address, read through zarr-python."""

from __future__ import annotations

import math
import os
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.paths import blocks, is_file, shown
from structmask_gui.io.files.remote import check_address, find_certificates, remote_address
from structmask_gui.io.formats.images import contents_of, letters_by_name
from structmask_gui.io.stack.axes import shape_text
from structmask_gui.io.stack.optional import needed, refused
from structmask_gui.io.stack.slicing import MOST_AT_ONCE, letters_of, squeezed_index
from structmask_gui.io.stack.store import Contents, Index
from structmask_gui.io.stack.units import with_sizes

_MARKS = ("zarr.json", ".zarray", ".zgroup")
_WHAT = "a Zarr image"
_MOST_SERIES = 10_000
_LARGEST_CHUNK = MOST_AT_ONCE // 4
_DEEPEST = 4
_FIRST_AXES = "tczyx"
"""The axes of all images of OME-NGFF 0.1 and 0.2, which name none."""

# Codecs that turn bytes into numbers and nothing else. The pickle codec would run whatever code the
# file holds; others make objects.
_CODECS = frozenset(
    (
        *("adler32", "astype", "bitround", "blosc", "bytes", "bz2", "cast_value"),
        *("crc32", "crc32c", "delta", "endian", "fixedscaleoffset", "fletcher32", "gzip"),
        *("jenkins_lookup3", "lz4", "lzma", "packbits", "pcodec", "quantize", "scale_offset"),
        *("sharding_indexed", "shuffle", "transpose", "zfpy", "zlib", "zstd"),
    )
)


def is_zarr_folder(path: str | os.PathLike[str]) -> bool:
    """Say whether a folder is a Zarr group or array."""
    return any(is_file(Path(path, mark)) for mark in _MARKS)


def open_zarr(place: str, series: int | None) -> Contents:
    """Open an image of a Zarr hierarchy at its full resolution.

    Parameters
    ----------
    place : str
        A folder, or an address of a kind that the library knows; credentials are left to it.
    series : int, optional
        Number of the image; by default the first.
    """
    local = remote_address(place) is None
    if not local:
        check_address(place)
        find_certificates()
    zarr = needed("zarr", "zarr", _WHAT)
    _make_blosc_safe()
    try:
        root = zarr.open(_files()(place, read_only=True) if local else place, mode="r")
    except ImportError as error:
        way = (
            "copy the image here, or use the Python package"
            if getattr(sys, "frozen", False)
            else "install it with pip"
        )
        raise InputError(
            f"reading from this kind of address needs another library ({error}); {way}."
        ) from None
    except Exception as error:
        raise InputError(
            f"cannot be opened as Zarr ({type(error).__name__}); check the address and that you may"
            " read it."
        ) from error
    with refused(_WHAT):
        images = _images(root, place)
        contents = contents_of("Zarr", images, series, lambda: None)
        one = images[contents.chosen]
        _check(one.array)
        if one.ome_version:
            contents.kind = f"OME-Zarr {one.ome_version}"
        contents.metadata = one.metadata()
        contents.channel_names = one.channels if all(one.channels) else ()
        return contents


@cache
def _files() -> Any:
    """Return the library's kind of folder; pipes and devices in it are not opened."""
    plain: Any = import_module("zarr.storage").LocalStore

    class Files(plain):  # type: ignore[misc]  # the library is optional, and its types with it
        async def get(self, key: str, *arguments: Any, **options: Any) -> Any:
            if blocks(self.root / key):
                raise ValueError(key)
            return await super().get(key, *arguments, **options)

        async def get_partial_values(self, prototype: Any, key_ranges: Any) -> Any:
            key_ranges = list(key_ranges)
            if any(blocks(self.root / key) for key, _ in key_ranges):
                raise ValueError("a pipe")
            return await super().get_partial_values(prototype, key_ranges)

    return Files


@cache
def _make_blosc_safe() -> None:
    """Let the library's Blosc look at a block before it is decoded.

    Its C library believes the length that stands in a block, and reads beyond the end of one that
    was cut short or lies: the process would die. Found by fuzzing, with numcodecs 0.16.
    """
    blosc = import_module("numcodecs.blosc")
    decode = blosc.Blosc.decode

    def checked(self: Any, buf: Any, out: Any = None) -> Any:
        head = bytes(memoryview(buf).cast("B")[:16])
        length = memoryview(buf).nbytes
        if len(head) < 16 or int.from_bytes(head[12:16], "little") > length:
            raise ValueError("a damaged block")
        if int.from_bytes(head[4:8], "little") > _LARGEST_CHUNK:
            raise ValueError("a block that is too large")
        return decode(self, buf, out)

    blosc.Blosc.decode = checked


class _Image:
    """An image in the hierarchy: its array of full resolution and its metadata."""

    def __init__(self, array: Any, title: str, described: dict[str, Any], omero: Any) -> None:
        self.array, self.title = array, title
        self.shape, self.dtype = tuple(array.shape), array.dtype
        axes = described.get("axes") or []
        if described and not axes and len(array.shape) == len(_FIRST_AXES):
            axes = list(_FIRST_AXES)
        names = [str(a.get("name", "")) if isinstance(a, dict) else str(a) for a in axes]
        self.described = len(names) == len(array.shape)
        if not self.described:
            names = list(getattr(array.metadata, "dimension_names", None) or [])
        if not any(names):
            names = list(array.attrs.get("_ARRAY_DIMENSIONS") or [])
        names = [str(n or "") for n in names]
        n = len(array.shape)
        # The axes of OME-NGFF are believed as they are.
        self.letters = letters_of(names) if self.described else letters_by_name(names, n)
        newest = "0.5" if array.metadata.zarr_format == 3 else "0.4"
        version = str(described.get("version", newest))[:10] if "datasets" in described else ""
        self.ome_version = version if self.described else ""
        self.units = [a.get("unit", "") if isinstance(a, dict) else "" for a in axes]
        self.scale = _scale(described, len(array.shape))
        channels = omero.get("channels", []) if isinstance(omero, dict) else []
        self.channels = tuple(str(c.get("label", "")) for c in channels if isinstance(c, dict))
        self._kept = [n != 1 or c in "YX" for c, n in zip(self.letters, self.shape, strict=True)]

    def read(self, index: Index) -> Any:
        return self.array[squeezed_index(index, self._kept)]

    def metadata(self) -> dict[str, str]:
        found = {
            "Format": f"Zarr {self.array.metadata.zarr_format}",
            "Data type": str(self.dtype),
            "Storage": f"chunks of {shape_text(self.array.chunks)}",
            "Compression": ", ".join(_codec_names(self.array)) or "none",
        }
        if self.described:
            sizes = zip(self.letters, zip(self.scale, self.units, strict=True), strict=True)
            with_sizes(found, dict(sizes))
        return found


def _images(root: Any, place: str) -> list[_Image]:
    """List the images of a hierarchy."""
    if hasattr(root, "shape"):
        return [_Image(root, "", {}, None)]
    found = _of_group(root, "")
    if found:
        return found
    about = _ome(root)
    if "plate" in about:
        wells = [str(w.get("path")) for w in about["plate"].get("wells", [])]
        example = f", as in {shown(place)}/{wells[0]}/0" if wells else ""
        raise InputError(f"is a plate of {len(wells)} wells; give one image in it{example}.")
    found = _within(root, _listed(root, about), _DEEPEST)
    if not found:
        raise InputError("holds no image; give the folder of an image in it.")
    # Beside images there may be tables, as in SpatialData.
    return [one for one in found if one.described] or found


def _within(group: Any, keys: list[Any], deep: int) -> list[_Image]:
    """List the images of some groups in a group, or else its arrays, or else what lies deeper."""
    groups = [_child(group, str(key)) for key in keys[:_MOST_SERIES]]
    groups = [one for one in groups if hasattr(one, "group_keys")]
    found = [image for one in groups for image in _of_group(one, one.basename)]
    if not found:
        arrays = [_child(group, key) for key in sorted(group.array_keys())[:_MOST_SERIES]]
        found = [
            _Image(a, a.basename, _beside(group, a), None) for a in arrays if len(a.shape) >= 2
        ]
    if not found and deep > 1:
        for one in groups:
            found += _within(one, sorted(one.group_keys()), deep - 1)
            if len(found) >= _MOST_SERIES:
                break
    return found


def _beside(group: Any, array: Any) -> dict[str, Any]:
    """Return what HyperSpy's objects beside an array say of its axes, as OME-NGFF would."""
    names = [f"axis-{i}" for i in range(len(array.shape))]
    if not all(name in group for name in names):
        return {}
    about = [dict(group[name].attrs) for name in names]
    scale = {"type": "scale", "scale": [one.get("scale") or 1 for one in about]}
    axes = [{"name": one.get("name"), "unit": one.get("units")} for one in about]
    return {"axes": axes, "coordinateTransformations": [scale]}


def _listed(root: Any, about: dict[str, Any]) -> list[Any]:
    if "bioformats2raw.layout" in about:
        ome = root.get("OME")
        series = _ome(ome).get("series") if ome is not None else None
        if isinstance(series, list):
            return series
        keys = [key for key in root.group_keys() if key.isdigit()]
        return sorted(keys, key=int)
    return sorted(root.group_keys())


def _child(group: Any, path: str) -> Any:
    if ".." in path.split("/"):
        raise ValueError(path)
    return group[path]


def _ome(group: Any) -> dict[str, Any]:
    """Return the OME description of a group, where either version keeps it."""
    attributes = dict(group.attrs)
    inner = attributes.get("ome")
    return inner if isinstance(inner, dict) else attributes


def _of_group(group: Any, title: str) -> list[_Image]:
    about = _ome(group)
    images = []
    for described in about.get("multiscales", []):
        # The first is the one of full resolution.
        path = str(described["datasets"][0]["path"])
        text = str(described.get("name") or title)
        images.append(_Image(_child(group, path), text, described, about.get("omero")))
    return images


def _scale(described: dict[str, Any], dimensions: int) -> list[float]:
    """Return the size of a pixel along each dimension; 1 where it is not said."""
    scale = [1.0] * dimensions
    datasets = described.get("datasets") or [{}]
    for transforms in (
        datasets[0].get("coordinateTransformations"),
        described.get("coordinateTransformations"),
    ):
        for one in transforms or []:
            if one.get("type") == "scale" and len(one.get("scale", [])) == dimensions:
                scale = [a * float(b) for a, b in zip(scale, one["scale"], strict=True)]
    return scale


def _codec_names(array: Any) -> list[str]:
    """Return the names of all codecs an array is stored with, those within shards included."""
    about = array.metadata.to_dict()
    names: list[str] = []

    def collect(codec: Any) -> None:
        if not isinstance(codec, dict):
            return
        found = codec.get("name") or codec.get("id")
        if found:
            names.append(str(found).removeprefix("numcodecs."))
        inner = codec.get("configuration") or {}
        for key in ("codecs", "index_codecs"):
            for one in inner.get(key) or []:
                collect(one)

    listed = [*(about.get("codecs") or []), *(about.get("filters") or [])]
    for codec in (*listed, about.get("compressor")):
        collect(codec)
    return names


def _check(array: Any) -> None:
    """Refuse codecs that could run code of the file, and huge chunks, before a byte is decoded."""
    if array.dtype.kind not in "buif":
        raise InputError(f"holds {array.dtype}, not numbers; give an image of numbers.")
    for codec in _codec_names(array):
        if codec not in _CODECS and not codec.startswith("imagecodecs_"):
            raise InputError(
                f"is stored with the codec {codec[:40]!r}, which is not read because it may run"
                " code or make other things than numbers; save it with zstd or blosc."
            )
    if math.prod(array.chunks) * array.dtype.itemsize > _LARGEST_CHUNK:
        raise InputError(
            f"keeps {shape_text(array.chunks)} pixels in one block, too many to decode at once;"
            " save it in smaller chunks."
        )

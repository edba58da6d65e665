"""HDF5 files: Imaris (IMS), BigDataViewer, and plain ones, read through h5py."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.paths import blocks, read_small, shown
from structmask_gui.io.formats.electron import open_electron
from structmask_gui.io.formats.images import contents_of, letters_by_name, read_planes, unnamed
from structmask_gui.io.formats.process import hdf5_texts
from structmask_gui.io.stack.axes import shape_text
from structmask_gui.io.stack.optional import needed, refused
from structmask_gui.io.stack.slicing import MOST_AT_ONCE, letters_of
from structmask_gui.io.stack.store import Contents, Index
from structmask_gui.io.stack.units import size_text, unit_text, with_sizes

_MAGIC = b"\x89HDF\r\n\x1a\n"

_LARGEST_BLOCK = 2**26
_MOST_SETS = 1000
_MOST_TIMES = 1_000_000
_LARGEST_XML = 64 * 2**20
# What names the dimensions of an array, the most binding last.
_NAMES = ("dims", "axes", "_ARRAY_DIMENSIONS", "DIMENSION_LIST", "DIMENSION_LABELS", "axistags")
# NeXus keeps them in the group, of the array that it names.
_SIGNAL = ("signal", "axes")
# Others describe each dimension by an object beside the array, counted from 1 or from 0.
_DIMENSIONS = ("dim{}", "axis-{}")
_OCTAVE = "OCTAVE_NEW_FORMAT"
_NWB_NOTE = (
    "NWB keeps the columns of a frame before its rows; if the picture lies on its side, give the"
    " axes TYX."
)
_BDV_NOTE = (
    "BigDataViewer keeps 16-bit values without a sign in a type with one; they are read without."
)


def is_hdf5(path: Path, size: int) -> bool:
    """Say whether a file is HDF5: at its beginning, or after a block of another program's."""
    with path.open("rb") as file:
        at = 0
        while at < min(size, _LARGEST_BLOCK):
            file.seek(at)
            if file.read(len(_MAGIC)) == _MAGIC:
                return True
            at = max(512, 2 * at)
    return False


def open_hdf5(path: Path, size: int, series: int | None) -> Contents:
    """Open an image of an HDF5 file at its full resolution."""
    library = needed("h5py", "hdf5", "an HDF5 file")
    with refused("the HDF5 file"):
        file = library.File(path, "r")
    with refused("the HDF5 file", file.close):
        outer = _outer_files(file, library)
        _check_files(outer, path.parent)
        is_velox = _is_velox(file, library)
        if not is_velox:
            kind, images = _images(file, path, library)
            if not images:
                _refuse_links(file, library)
            contents = _contents(kind, images, series, file.close)
            first = images[contents.chosen].first
            _check_files(_data_files(first), path.parent)
            # BigDataViewer divides a long series so: each point in time is a link.
            if outer or _data_files(first) or first.file != file:
                contents.other_files = None
            return contents
    file.close()
    return open_electron(path, "EMD", size, series)


class _Image:
    """An image over one data set or many.

    ``letters`` name the dimensions over data sets, of lengths ``outer``, then those within one, of
    lengths ``shape``; a data set may be padded beyond. ``dataset`` returns the one of a place, and
    ``dtype`` is what the values are read as, if not as stored.
    """

    def __init__(
        self,
        title: str,
        letters: str,
        outer: tuple[int, ...],
        shape: tuple[int, ...],
        dataset: Callable[[tuple[int, ...]], Any],
        dtype: np.dtype[Any] | None = None,
    ) -> None:
        self.title, self.letters = title, letters
        self.shape = (*outer, *shape)
        self._outer, self._dataset = len(outer), dataset
        self.first = dataset((0,) * len(outer))
        self.dtype = np.dtype(self.first.dtype) if dtype is None else dtype
        self.metadata: dict[str, str] = {}
        self.channels: tuple[str, ...] = ()
        self.notes: tuple[str, ...] = ()

    def read(self, index: Index) -> Any:
        def plane(place: tuple[int, ...], inner: Index) -> Any:
            whole = tuple(
                slice(*part.indices(n)) if isinstance(part, slice) else part
                for part, n in zip(inner, self.shape[self._outer :], strict=True)
            )
            return np.asarray(self._dataset(place)[whole]).view(self.dtype)

        return read_planes(self.letters, self.shape, index, self.letters[self._outer :], plane)


def _refuse_links(file: Any, library: Any) -> None:
    """Name the other files whose images a file without any leads to, as a detector's master."""
    names: list[str] = []

    def look(_: str, link: Any) -> None:
        if isinstance(link, library.ExternalLink):
            names.append(link.filename)

    file.visititems_links(look)
    if names:
        raise InputError(
            f"holds no image itself; give one of the files it names: {shown(names[0])}."
        )


def _contents(
    kind: str, images: list[_Image], series: int | None, close: Callable[[], None]
) -> Contents:
    if not images:
        raise InputError("holds no image, only tables or curves; give another file.")
    contents = contents_of(kind, images, series, close)
    one = images[contents.chosen]
    stored = one.first
    if math.prod(stored.chunks or (1,)) * stored.dtype.itemsize > MOST_AT_ONCE // 4:
        raise InputError(
            f"keeps {shape_text(stored.chunks)} pixels in one block, too many to decode at once;"
            " save it in smaller chunks."
        )
    contents.metadata = {
        "Format": kind,
        "Data type": str(one.dtype),
        "Storage": f"chunks of {shape_text(stored.chunks)}" if stored.chunks else "one block",
        "Compression": str(stored.compression or "none"),
        **one.metadata,
    }
    contents.notes[:0] = one.notes
    contents.channel_names = one.channels
    return contents


def _outer_files(group: Any, library: Any) -> set[str]:
    """Return the names of the files that links of a group lead to."""
    links, outer = group.id.links, library.h5l.TYPE_EXTERNAL
    found: list[bytes] = []

    def look(name: bytes, about: Any) -> None:
        if about.type == outer:
            found.append(name)

    # Asked of one name after the other, ten thousand points in time would take a second.
    links.iterate(look, info=True)
    return {os.fsdecode(links.get_val(name)[0]) for name in found}


def _data_files(dataset: Any) -> set[str]:
    """Return the names of the files that the pixels of a data set are in, beside its own."""
    raw = {os.fsdecode(name) for name, _, _ in dataset.external or ()}
    return raw | (
        {source.file_name for source in dataset.virtual_sources()} if dataset.is_virtual else set()
    )


def _check_files(names: set[str], folder: Path) -> None:
    """Refuse pipes and devices, which the library would wait for."""
    if any(blocks(folder / name) for name in names):
        raise ValueError("a link to what is no file")


def _is_velox(file: Any, library: Any) -> bool:
    """Say whether this is an EMD file of Velox, which has a library of its own."""
    return "Version" in file and isinstance(file.get("Data/Image"), library.Group)


def _images(file: Any, path: Path, library: Any) -> tuple[str, list[_Image]]:
    if isinstance(file.get("DataSet/ResolutionLevel 0"), library.Group):
        return "IMS", [_imaris(file)]
    if isinstance(file.get("t00000"), library.Group):
        return "BDV HDF5", _viewer(file, path)
    found = _arrays(file, library)
    described = {title: names for title, item in found if (names := _described(item, library))}
    if described:
        objects = [
            f"{_folder(title)}/{name}" for title, names in described.items() for name in names
        ]
        texts = hdf5_texts(path, {name: ["name", "units", "scale"] for name in objects})
        kind = "EMD" if any(_EMD in item.parent.attrs for _, item in found) else "HDF5"
        return kind, [
            _by_objects(title, item, described[title], texts)
            for title, item in found
            if title in described
        ]
    keys = {title: [key for key in _NAMES if key in item.attrs] for title, item in found}
    for title, item in found:
        if all(key in item.parent.attrs for key in _SIGNAL):
            keys[_folder(title) or "/"] = list(_SIGNAL)
        elif "neurodata_type" in item.parent.attrs:
            keys[_folder(title)] = ["neurodata_type"]
    texts = hdf5_texts(path, keys) if any(keys.values()) else {}
    kind = _columns_first(found, path) or "HDF5"
    images = []
    for title, item in found:
        folder, _, name = title.rpartition("/")
        of_folder = texts.get(folder or "/", {})
        about = texts.get(title, {})
        if of_folder.get("signal") == [name]:
            about = {**about, "axes": of_folder.get("axes", [])}
        image = _plain(title, item, about, columns_first=kind != "HDF5")
        if name == "data" and "".join(of_folder.get("neurodata_type", [])).endswith("Series"):
            _believe_nwb(image, item.parent, library)
        images.append(image)
    return kind, images


# --- Imaris ---------------------------------------------------------------------------------------


def _imaris(file: Any) -> _Image:
    level = file["DataSet/ResolutionLevel 0"]
    times = _count(level, "TimePoint")
    channels = _count(level["TimePoint 0"], "Channel")
    first = level["TimePoint 0/Channel 0"]
    # The data sets are padded to whole chunks; the true size stands beside them.
    shape = tuple(
        min(_number(first.attrs.get(f"ImageSize{c}"), n), n)
        for c, n in zip("ZYX", first["Data"].shape, strict=True)
    )
    image = _Image(
        "",
        "TCZYX",
        (times, channels),
        shape,
        lambda place: level[f"TimePoint {place[0]}/Channel {place[1]}/Data"],
    )
    about = file.get("DataSetInfo/Image")
    if about is not None:
        unit = _text(about.attrs.get("Unit")) or "um"
        for i, (letter, n) in enumerate(zip("XYZ", shape[::-1], strict=True)):
            low, high = (_text(about.attrs.get(f"Ext{end}{i}")) for end in ("Min", "Max"))
            try:
                step = (float(high) - float(low)) / n
            except ValueError:
                continue
            if step > 0 and (letter != "Z" or n > 1):
                image.metadata[f"Pixel size {letter}"] = f"{step:.6g} {unit_text(unit)}"
    names = []
    for channel in range(channels):
        group = file.get(f"DataSetInfo/Channel {channel}")
        names.append(_text(group.attrs.get("Name")) if group is not None else "")
        if group is not None and channel == 0:
            for key, title in (
                ("ExposureTime", "Exposure"),
                ("PinholeRadius", "Pinhole"),
                ("LSMEmissionWavelength", "Emission wavelength"),
            ):
                if _text(group.attrs.get(key)):
                    image.metadata[title] = _text(group.attrs.get(key))
    image.channels = tuple(names) if all(names) else ()
    return image


def _count(group: Any, word: str) -> int:
    count = sum(str(key).startswith(f"{word} ") for key in group)
    if not 0 < count <= _MOST_TIMES or any(f"{word} {i}" not in group for i in (0, count - 1)):
        raise ValueError(word)
    return count


def _text(value: Any) -> str:
    """Return an attribute that Imaris keeps as an array of single characters."""
    if value is None:
        return ""
    if isinstance(value, np.ndarray):
        value = value.astype("S1").tobytes() if value.dtype.kind in "SU" else value.tobytes()
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return "".join(c for c in text if c.isprintable()).strip()[:100]


def _number(value: Any, otherwise: int) -> int:
    text = _text(value)
    return int(text) if text.isdigit() and 0 < len(text) < 10 else otherwise


# --- BigDataViewer --------------------------------------------------------------------------------


def _viewer(file: Any, path: Path) -> list[_Image]:
    times = sorted(key for key in file if re.fullmatch(r"t\d{5,}", str(key)))
    setups = [key for key in file["t00000"] if re.fullmatch(r"s\d{2,}", str(key))]
    sizes = _voxel_sizes(path.with_suffix(".xml"))
    images = []
    for number, setup in enumerate(sorted(setups)[:_MOST_SETS]):
        here = [t for t in times if f"{t}/{setup}/0/cells" in file]
        if not here:
            continue
        first = file[f"{here[0]}/{setup}/0/cells"]
        signed = first.dtype == np.dtype("i2")
        image = _Image(
            f"setup {number}",
            "TZYX",
            (len(here),),
            first.shape,
            partial(_cells, file, here, setup),
            np.dtype("u2") if signed else None,
        )
        image.notes = (_BDV_NOTE,) if signed else ()
        image.metadata = sizes[number] if number < len(sizes) else {}
        images.append(image)
    return images


def _cells(file: Any, times: list[str], setup: str, place: tuple[int, ...]) -> Any:
    return file[f"{times[place[0]]}/{setup}/0/cells"]


def _voxel_sizes(path: Path) -> list[dict[str, str]]:
    """Return the pixel sizes of each setup out of the XML file that belongs to it."""
    if not path.is_file():
        return []
    try:
        text = read_small(path, _LARGEST_XML, "a description").decode(errors="replace")
    except InputError:
        return []
    found = []
    pattern = r"<voxelSize>\s*(?:<unit>([^<]*)</unit>\s*)?<size>([^<]*)</size>"
    for unit, size in re.findall(pattern, text):
        steps = dict(zip("XYZ", size.split(), strict=False))
        known = {c: step for c, step in steps.items() if size_text(step, unit)}
        found.append({f"Pixel size {c}": f"{step} {unit_text(unit)}" for c, step in known.items()})
    return found


# --- plain files ----------------------------------------------------------------------------------


def _arrays(file: Any, library: Any) -> list[tuple[str, Any]]:
    """List the arrays of numbers; the largest first."""
    found: list[tuple[str, Any]] = []

    def visit(title: str, item: Any) -> bool | None:
        if isinstance(item, library.Dataset) and item.ndim >= 2 and item.dtype.kind in "buif":
            found.append((title, item))
        return True if len(found) >= _MOST_SETS else None

    file.visititems(visit)
    found.sort(key=lambda one: -one[1].size)
    # Numbers, lists and the texts of MATLAB are no images, unless there is nothing else.
    return [one for one in found if sum(n > 1 for n in one[1].shape) > 1] or found


def _columns_first(found: list[tuple[str, Any]], path: Path) -> str:
    """Return the program that has written the arrays columns first, as it keeps them; or ""."""
    if any("MATLAB_class" in item.attrs for _, item in found):
        return "MATLAB"
    if any(_OCTAVE in item.parent.attrs for _, item in found):
        return "Octave"
    with path.open("rb") as file:
        # JLD2 and JLD begin with a line of text.
        return "Julia" if re.match(rb"(HDF5-based )?Julia data f", file.read(64), re.I) else ""


def _plain(
    title: str, item: Any, texts: dict[str, list[str]], *, columns_first: bool = False
) -> _Image:
    letters = unnamed(item.ndim)
    if columns_first:
        # The last two dimensions are the columns and rows that its program shows.
        letters = "Q" * (item.ndim - 2) + "XY"
    for key in _NAMES:
        names = _names(key, texts.get(key, []))
        named = letters_by_name(names, item.ndim)
        if named != unnamed(item.ndim) or letters_of(names).count("Y") == 1:
            letters = named
    return _Image(title, letters, (), item.shape, partial(_alone, item))


def _believe_nwb(image: _Image, group: Any, library: Any) -> None:
    """Take the dimensions of a series of NWB, whose schema says frame, x, y, or as its sizes do."""
    size: Any = group["dimension"] if _holds(group, "dimension", library) else None
    width_height = tuple(size[:2]) if getattr(size, "shape", ()) in ((2,), (3,)) else ()
    height, width = image.shape[1:3] if len(image.shape) >= 3 else (0, 0)
    if len(image.shape) != 3 or (height != width and width_height == (width, height)):
        return
    image.letters = "TXY"
    image.notes = (_NWB_NOTE,)


def _names(key: str, texts: list[str]) -> list[str]:
    """Return the names of dimensions that an attribute holds."""
    if key == "axistags":
        try:
            return [str(tag["key"]) for tag in json.loads(texts[0])["axes"]]
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            return []
    if len(texts) == 1:
        # In a word, as "tyx", or in several.
        words = re.split(r"[,: ]+", texts[0])
        return words if len(words) > 1 else list(texts[0])
    return texts


# --- EMD of the Berkeley laboratory (NCEM), EMD 1.0 (py4DSTEM), HyperSpy --------------------------

_EMD = "emd_group_type"


def _described(item: Any, library: Any) -> list[str]:
    """Return the names of the objects beside an array that describe its dimensions, if it has."""
    for pattern in _DIMENSIONS:
        for first in (0, 1):
            names = [pattern.format(first + i) for i in range(item.ndim)]
            if all(_holds(item.parent, name, library) for name in names):
                return names
    return []


def _holds(group: Any, name: str, library: Any) -> bool:
    """Say whether a group holds an object itself, which is no link to what may block."""
    links, key = group.id.links, name.encode()
    return bool(links.exists(key)) and bool(links.get_info(key).type == library.h5l.TYPE_HARD)


def _folder(title: str) -> str:
    return title.rpartition("/")[0]


def _by_objects(
    title: str, item: Any, names: list[str], texts: dict[str, dict[str, list[str]]]
) -> _Image:
    """Return an array whose dimensions are described by objects of these names beside it."""
    about = [texts.get(f"{_folder(title)}/{name}", {}) for name in names]
    letters = letters_by_name(["".join(one.get("name", [])) for one in about], item.ndim)
    image = _Image(_folder(title), letters, (), item.shape, partial(_alone, item))
    for letter, name, one in zip(letters, names, about, strict=True):
        steps = item.parent[name]
        step: Any = "".join(one.get("scale", []))
        if getattr(steps, "ndim", 0) == 1 and len(steps) > 1 and steps.dtype.kind in "iuf":
            step = abs(float(steps[1]) - float(steps[0]))
        with_sizes(image.metadata, {letter: (step, "".join(one.get("units", [])))})
    return image


def _alone(dataset: Any, place: tuple[int, ...]) -> Any:
    """Return the data set of an image that has only one."""
    assert place == ()
    return dataset

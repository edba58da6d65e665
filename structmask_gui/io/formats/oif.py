"""OIF and OIB files of Olympus FluoView microscopes, read through oiffile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.io.formats.images import contents_of, read_planes
from structmask_gui.io.stack.optional import needed, refused
from structmask_gui.io.stack.slicing import letters_of
from structmask_gui.io.stack.store import Contents, Index
from structmask_gui.io.stack.units import with_sizes

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LARGEST_PLANE = 2**30


def is_oif(path: Path, head: bytes) -> bool:
    """Say whether a file is an OIF (a text in UTF-16) or an OIB (a compound file)."""
    if path.suffix.lower() == ".oib":
        return head.startswith(_OLE)
    return path.suffix.lower() == ".oif" and head[:4] == b"\xff\xfe[\0"


def open_oif(path: Path, series: int | None) -> Contents:
    """Open the planes of an OIF or OIB file."""
    library = needed("oiffile", "vendors", "an OIF file")
    with refused("the OIF file"):
        file = library.OifFile(path)
    with refused("the OIF file", file.close):
        if not file.series:
            raise InputError("holds no image; put the folder of its planes beside it.")
        image = _Image(file)
        contents = contents_of("OIB" if file.is_oib else "OIF", [image], series, file.close)
        contents.metadata = image.metadata()
        if not file.is_oib:
            contents.other_files = None
        return contents


class _Image:
    """The longest series of planes, each a TIFF."""

    title = ""

    def __init__(self, file: Any) -> None:
        self._file, planes = file, file.series[0]
        files = list(planes)
        order = str(file.mainfile["Axis Parameter Common"]["AxisOrder"])
        # Scans along X and Z have planes of Z and X.
        plane = order[1::-1] if len(order) > 1 and set(order[:2]) <= set("XYZT") else "YX"
        self.letters = letters_of([*planes.dims, *plane])
        first = self._plane_of(files[0])
        self._shape, self.dtype = first.shape, first.dtype
        self.shape = (*map(int, planes.shape), *first.shape)
        places = [tuple(map(int, place)) for place in planes.indices]
        self._files = dict(zip(places, files, strict=True))

    def _plane_of(self, name: str) -> Any:
        from tifffile import TiffFile

        with self._file.open_file(name) as stream, TiffFile(stream) as tif:
            page = tif.pages.first
            if page.nbytes > _LARGEST_PLANE or len(page.shape) != 2:
                raise ValueError("no plane")
            return page.asarray()

    def read(self, index: Index) -> Any:
        def plane(place: tuple[int, ...], inner: Index) -> Any:
            pixels = self._plane_of(self._files[place])
            if (pixels.shape, pixels.dtype) != (self._shape, self.dtype):
                raise ValueError("planes of unlike shape")
            return pixels[inner]

        within = self.letters[-2:]
        return read_planes(self.letters, self.shape, index, within, plane)

    def metadata(self) -> dict[str, str]:
        found = {"Format": "OIF", "Data type": np.dtype(self.dtype).name}
        about = self._file.mainfile.get("Reference Image Parameter", {})
        sizes = {
            letter: (about.get(f"{word}ConvertValue"), about.get(f"{word}Unit"))
            for letter, word in (("X", "Width"), ("Y", "Height"))
        }
        with_sizes(found, sizes)
        if about.get("ValidBitCounts"):
            found["Bits"] = str(about["ValidBitCounts"])
        return found

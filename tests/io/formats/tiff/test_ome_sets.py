"""OME-TIFF stacks whose planes are spread over several files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import InputError
from structmask_gui.io.open import open_stack

DATA = np.random.default_rng(0).integers(0, 999, (20, 24, 30)).astype(np.uint16)


@pytest.fixture
def ome_set(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"set_{i:02}.ome.tif" for i in range(len(DATA))]
    planes = "".join(
        f'<TiffData FirstT="{i}" IFD="0" PlaneCount="1">'
        f'<UUID FileName="{file.name}">urn:uuid:{i}</UUID></TiffData>'
        for i, file in enumerate(files)
    )
    for i, file in enumerate(files):
        xml = (
            '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"'
            f' UUID="urn:uuid:{i}"><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT"'
            ' Type="uint16" SizeX="30" SizeY="24" SizeZ="1" SizeC="1" SizeT="20">'
            f'<Channel ID="Channel:0"/>{planes}</Pixels></Image></OME>'
        )
        tifffile.imwrite(
            file,
            DATA[i],
            description=xml,
            metadata=None,
            photometric="minisblack",
            compression="zlib" if i % 2 else None,
        )
    return files


def test_all_files_of_a_set_are_read(ome_set: list[Path]) -> None:
    with open_stack(ome_set[3]) as stack:
        assert (stack.axes, stack.shape) == ("TYX", (20, 24, 30))
        for i in (*range(20), 0, 19, 5):
            np.testing.assert_array_equal(stack.read(i, 2, 20), DATA[i, 2:20])


def test_a_missing_file_is_named_as_such(ome_set: list[Path]) -> None:
    ome_set[19].unlink()
    with pytest.raises(InputError, match="promises 20 planes, of which 1 are missing; put"):
        open_stack(ome_set[0])

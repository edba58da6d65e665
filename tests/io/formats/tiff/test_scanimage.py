"""ScanImage: channels page after page, told in the software or the description of a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from structmask_gui.io.open import open_stack
from tests.io.formats.drawn_files import HEIGHT, WIDTH, check_upright, frames

NEW = "SI.VERSION_MAJOR = '5.6'\nSI.hChannels.channelSave = [1;2]\nSI.hFastZ.enable = false\n"
TOLD: dict[str, dict[str, Any]] = {
    "5.6": {"software": NEW, "description": "frameNumbers = 1"},
    "4": {
        "software": False,
        "description": "frameNumber = 1\nscanimage.SI4.channelsSave = [1 2]\n",
    },
    "3.8": {
        "software": False,
        "description": "state.configName='a'\rstate.acq.numberOfChannelsSave=2\r",
    },
}


def scanimage(path: Path, n: int, version: str, *, big: bool = False) -> None:
    """Write ``n`` pages, of which every second is of the other channel."""
    pages = np.stack([frames(-(-n // 2)), frames(-(-n // 2)) + 1000], axis=1)
    with tifffile.TiffWriter(path, bigtiff=big) as writer:
        for page in pages.reshape(-1, HEIGHT, WIDTH)[:n].astype("int16"):
            writer.write(
                page, metadata=None, contiguous=False, **{"software": False, **TOLD[version]}
            )


@pytest.mark.parametrize("n", [6, 70])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("version", TOLD)
def test_channels_of_scanimage_are_no_frames(
    version: str, big: bool, n: int, tmp_path: Path
) -> None:
    scanimage(tmp_path / "a.tif", n, version, big=big)
    with open_stack(tmp_path / "a.tif") as stack:
        assert "2 channels; channel 0 is used" in stack.notes[0]
        check_upright(stack, n // 2)
    with open_stack(tmp_path / "a.tif", channel=1) as stack:
        assert [int(stack.read(i)[0, 0]) for i in range(3)] == [1120, 1121, 1122]


@pytest.mark.parametrize("n", [7, 71])
def test_a_stopped_scan_leaves_its_last_frame_out(n: int, tmp_path: Path) -> None:
    scanimage(tmp_path / "a.tif", n, "5.6")
    with open_stack(tmp_path / "a.tif") as stack:
        check_upright(stack, n // 2)


@pytest.mark.parametrize(
    "told", ["SI.hChannels.channelSave = 1\n", "SI.x = 1", "SI.channelSave = []"]
)
def test_one_channel_of_scanimage(told: str, tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for page in frames(5):
            writer.write(page, metadata=None, contiguous=False, software=told)
    with open_stack(tmp_path / "a.tif") as stack:
        check_upright(stack, 5)

"""`structmask correct`."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from structmask_gui.io.corrected import is_corrected
from structmask_gui.io.open import open_stack

SHAPE = (96, 112)


@pytest.fixture
def files(tmp_path):
    """Return a stack, its dark frames, and an even field that it knows nothing of."""
    rng = np.random.default_rng(2)
    columns, gain = rng.normal(0, 6, SHAPE[1]), 1 + rng.normal(0, 0.1, SHAPE)
    noise = rng.normal(0, 3, (26, *SHAPE))
    paths = tuple(tmp_path / name for name in ("stack.ome.tif", "dark.tif", "even.tif"))
    stack = (200 + columns + noise[:6]).astype(np.float32)
    sizes = {"axes": "TYX", "PhysicalSizeX": 0.2, "PhysicalSizeXUnit": "µm"}
    tifffile.imwrite(paths[0], stack, metadata=sizes, ome=True)
    tifffile.imwrite(paths[1], (100 + columns + noise[6:]).astype(np.float32))
    tifffile.imwrite(paths[2], rng.poisson(900 * gain, (20, *SHAPE)).astype(np.uint16))
    return paths


def test_dark_frames_are_subtracted(structmask, files):
    stack, dark, _ = files
    answer = structmask("correct", stack, "--dark", dark)
    assert answer.code == 0
    assert "% of the pattern of dark.tif: subtracting it removes that." in answer.err
    assert answer.out.strip().endswith(
        "stack_corrected.tif: dark frames subtracted; measure this file."
    )
    written = stack.with_name("stack_corrected.tif")
    expected = tifffile.imread(stack)[2] - tifffile.imread(dark).mean(axis=0)
    np.testing.assert_allclose(tifffile.imread(written)[2], expected, atol=1e-3)
    assert is_corrected(written)
    with open_stack(written) as opened:
        assert opened.axes == "TYX"
        assert opened.metadata["Pixel size X"] == "0.2 µm"
        assert "dark frames subtracted" in opened.metadata["Software"]


def test_dark_frames_of_several_channels_are_taken_in_the_one_that_is_corrected(
    structmask, tmp_path
):
    rng = np.random.default_rng(3)
    columns = rng.normal(0, 9, (2, 1, SHAPE[1]))
    for name, level in (("stack", 200), ("dark", 100)):
        frames = level + columns + rng.normal(0, 2, (20, 2, *SHAPE))
        path = tmp_path / f"{name}.ome.tif"
        tifffile.imwrite(path, frames.astype(np.float32), metadata={"axes": "TCYX"}, ome=True)
    answer = structmask("correct", tmp_path / "stack.ome.tif", "--channel", 1,
                        "--dark", tmp_path / "dark.ome.tif")  # fmt: skip
    assert "subtracting it removes that" in answer.err
    left = tifffile.imread(tmp_path / "stack_c1_corrected.tif").mean(axis=(0, 1))
    assert left.std() < 0.1 * columns[1].std()


def test_a_pattern_that_is_not_there_is_not_added(structmask, files):
    stack, _, even = files
    answer = structmask("correct", stack, "--even", even)
    assert answer.code == 2
    assert "stack.ome.tif was not corrected. Your frames do not hold the pattern of" in answer.err
    assert "even.tif: dividing by it would add it" in answer.err
    assert not stack.with_name("stack_corrected.tif").exists()


def test_mistakes(structmask, files, tmp_path):
    stack, dark, _ = files
    assert "give --dark FILE or --even FILE" in structmask("correct", stack).err
    own = structmask("correct", stack, "--dark", stack)
    assert "stack.ome.tif is the stack that is to be corrected" in own.err
    over = structmask("correct", stack, "--dark", dark, "--output", dark, "--force")
    assert over.code == 2
    assert "dark.tif" in over.err
    small = tmp_path / "small.npy"
    np.save(small, np.ones((2, 20, 20)))
    unlike = structmask("correct", stack, "--dark", small)
    assert unlike.code == 2
    assert "small.npy has frames of 20 x 20 pixels" in unlike.err
    assert not list(tmp_path.glob("*_corrected*"))
    assert structmask("correct", stack, "--dark", dark).code == 0
    again = structmask("correct", stack, "--dark", dark)
    assert (again.code, "stack_corrected.tif" in again.err) == (2, True)
    assert structmask("correct", stack, "--dark", dark, "--force").code == 0

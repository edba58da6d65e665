from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from structmask_gui.core.masks.mask import Mask
from structmask_gui.io.results.masks import save_npy, save_png
from structmask_gui.version import __version__


def test_compare(structmask, tmp_path):
    row = Mask(np.array([[False, True, False]]).repeat(1, axis=0) | np.array([[True] * 3]))
    column = Mask(np.ones((3, 1), dtype=bool))
    save_npy(row, tmp_path / "row.npy")
    save_png(column, tmp_path / "column.png")
    answer = structmask("compare", tmp_path / "row.npy", tmp_path / "column.png")
    assert answer.code == 0
    assert answer.out == (
        "row.npy: 3 pixels, column.png: 3, in both: 1, only in row.npy: 2,"
        " only in column.png: 2, Jaccard 0.200\n"
    )
    figures = structmask("compare", tmp_path / "row.npy", tmp_path / "column.png", "--json").json
    assert figures["jaccard"] == 0.2
    assert (figures["shape_a"], figures["shape_b"], figures["shape"]) == ([1, 3], [3, 1], [3, 3])


def test_compare_tells_two_of_one_name_apart(structmask, tmp_path):
    for folder, side in (("one/out", 3), ("two/out", 5)):
        (tmp_path / folder).mkdir(parents=True)
        save_npy(Mask(np.ones((1, side), dtype=bool)), tmp_path / folder / "x_mask.npy")
    paths = [tmp_path / folder / "x_mask.npy" for folder in ("one/out", "two/out")]
    answer = structmask("compare", *paths)
    assert answer.out.startswith(
        "A (one/out/x_mask.npy): 3 pixels, B (two/out/x_mask.npy): 5, in both: 3,"
    )
    assert "only in B (two/out/x_mask.npy): 2" in answer.out
    same = structmask("compare", paths[0], paths[0])
    assert same.out.startswith("A (x_mask.npy): 3 pixels, B (x_mask.npy): 3,")


def test_compare_refuses_what_is_no_mask(structmask, tmp_path):
    np.save(tmp_path / "even.npy", np.ones((2, 2), dtype=bool))
    answer = structmask("compare", tmp_path / "even.npy", tmp_path / "even.npy")
    assert answer.code == 2
    assert answer.err.startswith("error: even.npy is 2 x 2")


def test_presets(structmask):
    answer = structmask("presets")
    assert answer.code == 0
    for name in ("fine", "coarse", "weak", "strong", "conservative", "moderate", "aggressive"):
        assert f"\n{name} " in f"\n{answer.out}"
    shown = structmask("presets", "show", "fine")
    assert "center_size = 7" in shown.out
    as_json = structmask("presets", "show", "fine", "--json").json
    assert as_json["parameters"]["max_true_pixels"] == 15
    assert structmask("presets", "show", "nothing").code == 2
    assert "no name is given" in structmask("presets", "show").err
    assert len(structmask("presets", "--json").json) >= 8
    mistaken = structmask("presets", "automatic")
    assert mistaken.code == 2
    assert "presets show automatic" in mistaken.err


def test_info(structmask, noisy):
    answer = structmask("info", noisy)
    assert answer.code == 0
    assert "TYX" in answer.out
    assert answer.out.count("uint16") == 1
    facts = structmask("info", noisy, "--json").json
    assert facts["shape"] == [3, 128, 128]
    assert facts["dtype"] == "uint16"
    assert structmask("info", noisy.parent / "none.tif").err.startswith("error: none.tif: ")


def test_version(structmask):
    assert structmask("--version").out == f"structmask {__version__}\n"


def test_no_command(structmask):
    assert structmask().code == 2


@pytest.mark.slow
def test_the_command_line_and_the_core_load_no_qt():
    code = (
        "import structmask_gui, structmask_gui.core, structmask_gui.io, sys;"
        "from structmask_gui.cli import main;"
        "main(['presets']);"
        "structmask_gui.extract; structmask_gui.StructuralNoiseExtractor;"
        "bad = [m for m in sys.modules if m.startswith(('PySide6', 'pyqtgraph', 'superqt'))];"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_list_of_presets_takes_no_name(structmask):
    answer = structmask("presets", "list", "foo")
    assert answer.code == 2
    assert answer.err.startswith("error: presets list foo: the list takes no name; `structmask")
    assert answer.out == ""


def test_help_says_whose_methods_they_are(structmask):
    said = " ".join(structmask("extract", "--help").out.split())
    assert "ring: Ring analysis (autoStructN2V 0.1)" in said
    assert "spine: Spine (autoStructN2V 1.0)" in said

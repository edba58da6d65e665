"""The statistics and the help: words first, numbers that are the engine's."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from structmask_gui.core.extraction.extraction import Extraction, edited, extract_array
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.parameters.rules import defaults_of
from structmask_gui.core.recommend.shapes import hide, shape_words
from structmask_gui.core.simulation import NoiseModel, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames, Recording, Region
from structmask_gui.gui.panels.help_panel import HelpPanel
from structmask_gui.gui.panels.help_text import help_html, story_html
from structmask_gui.gui.panels.statistics import MaskFigures, allowed_augmentations, figures
from structmask_gui.gui.session.session import Session
from tests.gui.view_helpers import extraction, many_pixels


def line(width: int) -> np.ndarray:
    mask = np.zeros((7, 7), bool)
    mask[3, 3 - width // 2 : 4 + width // 2] = True
    return mask


@pytest.mark.parametrize(
    ("mask", "kept"),
    [
        (line(1), ("left-right", "up-down", "90°", "180°")),
        (line(5), ("left-right", "up-down", "180°")),
        (line(5) | line(5).T, ("left-right", "up-down", "90°", "180°")),
        (np.eye(5, dtype=bool), ("180°",)),
        (np.array([[0, 0, 0], [0, 1, 1], [0, 0, 0]], bool), ("up-down",)),
        (np.array([[0, 0, 1], [0, 1, 1], [0, 0, 0]], bool), ()),
        (np.ones((1, 5), bool), ("left-right", "up-down", "180°")),
    ],
)
def test_which_flips_and_turns_keep_a_mask(mask: np.ndarray, kept: tuple[str, ...]) -> None:
    assert allowed_augmentations(mask) == kept


def test_the_figures_of_a_mask_stand_beside_their_names(qtbot: QtBot) -> None:
    result = many_pixels()
    shown = MaskFigures()
    qtbot.addWidget(shown)
    shown.show_mask(result)
    found = result.mask.statistics
    assert {name: label.text() for name, label in shown.values.items()} == {
        "pixels": "7",
        "extent": f"{found.extent[0]} × {found.extent[1]}",
        "array": "11 × 11",
        "shape": "row (horizontal)",
        "parts": "1",
        "symmetric": "yes",
        "augment": "left-right, up-down, 180°",
    }
    said = [label.text() for label in shown.findChildren(QLabel)]
    assert said[said.index("Pixels") + 1] == "7"
    assert said[said.index("Flips and rotations") + 1] == "left-right, up-down, 180°"


# --- help -------------------------------------------------------------------------------------


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))


SETTINGS: list[dict[str, Any]] = [
    {},
    {"base_percentile": 20.0, "center_ratio_threshold": 0.02, "max_true_pixels": 7},
    {"center_proximity_threshold": 0.05, "center_ratio_threshold": 0.02, "base_percentile": 99.0},
    {"adapt_autocorr": False, "base_percentile": 5.0, "center_ratio_threshold": 0.01},
    {"convention": "as-documented", "adapt_CB": 2.0, "center_ratio_threshold": 0.02},
    {"convention": "as-documented", "adapt_autocorr": False, "use_center_proximity": False},
    {"crop_autocorr": False, "norm_autocorr": False, "log_autocorr": False},
    {"center_ratio_threshold": 1.0},
]


@pytest.mark.parametrize("least", [0.012, 1.0])
def test_the_story_of_the_spine_method(least: float) -> None:
    frames = simulate(NoiseModel(kernels()["row 5"], 0.5), (64, 64), n_frames=20, seed=1)
    result = extract_array(frames, defaults_of("spine").changed(least_direction=least))
    story = words(story_html(result))
    assert result.sentence in story
    assert f"{result.measurement.sampling.n_used} tiles of 64 pixels" in story
    assert f"Dmax is {result.spine.direction:.4f}" in story
    assert ("the choice is plain N2V" in story) == (least == 1.0)
    assert f"The mask has {result.mask.statistics.true_pixels} pixel" in story
    assert "Least Dmax" in words(help_html(result))


@pytest.mark.parametrize("values", SETTINGS)
def test_the_story_has_the_numbers_of_the_result(values: dict[str, Any]) -> None:
    result = extraction(**values)
    story = words(story_html(result))
    rings = result.rings.rings
    assert result.sentence in story
    assert f"{result.measurement.sampling.n_used} patches of 32 × 32 pixels" in story
    assert "1 patch was left out: holds pixels that are not numbers." in story
    considered = sum(ring.considered for ring in rings)
    assert f"Of {len(rings)} rings, {considered} reach" in story
    selected = int(result.rings.selected.sum()) - 1
    assert re.search(rf"\b{selected} pixels? (was|were) chosen", story)
    added = sum(ring.added_by_proximity for ring in rings)
    assert ("only because they are almost as high" in story) == bool(added)
    dropped = sum(ring.dropped_by_proximity for ring in rings)
    assert ("dropped for not being almost as high" in story) == bool(dropped)
    assert ("not joined to the centre" in story) == bool(result.dropped_by_component)
    assert ("fell to the limit of" in story) == bool(result.dropped_by_limit)
    total = result.mask.statistics.true_pixels
    assert f"The mask has {total} pixel" in story
    assert ("divided by its centre" in story) == values.get("norm_autocorr", True)
    assert ("logarithm" in story) == values.get("log_autocorr", True)
    assert "nan" not in story


def test_the_strongest_shift_is_told() -> None:
    assert "highest at the shift (dx, dy) = (1, 0)" in words(story_html(extraction()))
    rng = np.random.default_rng(2)
    white = rng.normal(size=(96, 96))
    diagonal = white + 0.8 * np.roll(white, (-2, 1), (0, 1))
    result: Extraction = extract_array(diagonal, Parameters())
    assert "(dx, dy) = (1, −2)" in words(story_html(result))


def test_the_rectangle_is_told() -> None:
    noise = np.random.default_rng(1).normal(size=(80, 90))
    result = extract_array(
        Recording(ArrayFrames(noise), Region(0, 40, 10, 80)), Parameters(patch_size=32)
    )
    assert "within the ROI of 70 × 40 pixels" in words(story_html(result))


def test_the_help_explains_without_a_result() -> None:
    text = words(help_html(None))
    assert "What an autocorrelation is" in text
    assert "Open a stack" in text
    assert "Base percentile" in text


def test_the_help_names_parameters_as_the_panel_does() -> None:
    from structmask_gui.core.parameters.model import parameter_infos

    labels = {info.about.label for info in parameter_infos().values()}
    named = set(re.findall(r"<i>([^<]{3,})</i>", re.sub(r"\s+", " ", help_html(None))))
    assert named
    assert named <= labels


def test_the_panel_writes_when_visible(session: Session, qtbot: QtBot) -> None:
    panel = HelpPanel(session)
    qtbot.addWidget(panel)
    panel.set_extraction(extraction())
    assert panel.text() == ""
    panel.resize(330, 300)
    panel.show()
    assert extraction().sentence in panel.text()
    bar = panel.browser.verticalScrollBar()
    bar.setValue(40)
    panel.set_extraction(many_pixels())
    qtbot.waitUntil(lambda: many_pixels().sentence in panel.text(), timeout=3000)
    assert bar.value() == 40


def test_a_drag_is_not_held_up_by_the_help(session: Session, qtbot: QtBot) -> None:
    panel = HelpPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    before = panel.text()
    for _ in range(5):
        panel.set_extraction(extraction())
        QTest.qWait(5)
        assert panel.text() == before
    panel.set_extraction(many_pixels())
    qtbot.waitUntil(lambda: many_pixels().sentence in panel.text(), timeout=3000)


def test_the_help_follows_the_palette(qtbot: QtBot) -> None:
    from structmask_gui.gui.style import app_theme

    session = Session()
    panel = HelpPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    pictures = []
    for dark in (False, True):
        panel.setPalette(app_theme.palette(dark))
        QTest.qWait(1)
        pictures.append(panel.grab().toImage())
    assert pictures[0] != pictures[1]
    session.close()


def test_a_mask_has_one_name_wherever_it_is_named() -> None:
    block = Mask(np.ones((3, 3), dtype=bool))
    changed = edited(extraction(), block, "edited by hand")
    assert changed.sentence == "Block of 3 x 3, 9 pixels, edited by hand."
    assert figures(changed)["shape"] == "block of 3 x 3"
    assert hide(block) == "hide the block of 3 x 3 pixels"
    assert shape_words(block) == "Block of 3 x 3, 9 pixels"

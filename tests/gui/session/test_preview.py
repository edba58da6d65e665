from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage, QRawFont
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.quality.assessment import assess
from structmask_gui.core.quality.preview import Preview, residual_correlation
from structmask_gui.core.stack.frames import Region
from structmask_gui.gui.quality.figure import copy_figure, draw_scale_bar
from structmask_gui.gui.quality.image_compare import ImageCompare, Picture
from structmask_gui.gui.quality.preview_view import PreviewView
from structmask_gui.gui.session.preview import LARGEST, place_of
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise, wait_for_result


def shown(window: MainWindow, qtbot: QtBot) -> PreviewView:
    view = window.views.preview
    qtbot.waitUntil(lambda: view.live.current, timeout=15_000)
    return view


def seen(panes: ImageCompare) -> tuple[str, ...]:
    """Return the titles of the pictures that are seen now."""
    titles = tuple(picture.title for picture in panes.pictures)
    if panes.mode == "blink":
        return titles[1:2] if panes.second else titles[:1]
    return titles[:2] if panes.mode == "wipe" else titles


def test_nothing_is_predicted_until_it_is_seen(window: MainWindow, qtbot: QtBot, stack_file: Path):
    window.views.preview.hide()
    window.open_paths([str(stack_file)])
    wait_for_result(window.session, qtbot)
    qtbot.wait(50)
    assert window.views.preview.live.shown is None


def test_the_pictures_are_those_of_the_engine(loaded: MainWindow, qtbot: QtBot):
    view = shown(loaded, qtbot)
    session = loaded.session
    assert session.quality.basis is not None
    assert session.state.frames is not None
    weights = assess(session.quality.basis, session.state.mask).weights
    expected = Preview(session.state.frames.read(0)).predict(weights)
    found = view.live.shown
    assert found is not None
    np.testing.assert_allclose(found.predicted, expected, rtol=1e-5)
    np.testing.assert_allclose(found.original, session.state.frames.read(0))
    np.testing.assert_allclose(found.residual, found.original - found.predicted, atol=1e-2)
    # Nobody sees the autocorrelation of the residual.
    assert found.correlation is None
    view.ways.choose("residual")
    qtbot.waitUntil(lambda: view.live.current, timeout=15_000)
    found = view.live.shown
    assert found is not None
    assert found.correlation is not None
    np.testing.assert_allclose(found.correlation, residual_correlation(found.residual))
    view.ways.choose("wipe")
    original, preview, residual = view.panes.pictures
    assert original.levels == preview.levels
    assert residual.levels[1] - residual.levels[0] == pytest.approx(
        original.levels[1] - original.levels[0]
    )


def test_it_has_the_contrast_of_the_image_beside_it(loaded: MainWindow, qtbot: QtBot):
    view, image = shown(loaded, qtbot), loaded.views.image
    assert view.panes.pictures[0].levels == image.levels
    loaded.session.edits.set_region(Region(10, 110, 20, 130))
    qtbot.waitUntil(lambda: view.live.current, timeout=15_000)
    assert view.panes.pictures[0].levels == image.levels
    image.set_levels(900.0, 1200.0)
    assert view.panes.pictures[0].levels == (900.0, 1200.0)


@pytest.mark.slow
def test_it_follows_mask_frame_and_rectangle(loaded: MainWindow, qtbot: QtBot):
    view = shown(loaded, qtbot)
    session = loaded.session
    session.edits.set_mask(Mask(np.ones((3, 3), dtype=bool)), "edited by hand", "Draw")
    assert not view.live.current
    qtbot.waitUntil(lambda: view.live.current, timeout=15_000)
    session.set_frame(2)
    qtbot.waitUntil(lambda: view.live.current, timeout=15_000)
    assert view.live.shown is not None
    assert view.live.shown.frame == 2
    session.edits.set_region(Region(10, 110, 20, 130))
    assert view.veil.text
    wait_for_result(session, qtbot)
    # The noise is measured anew too, and with it the preview is once more.
    qtbot.waitUntil(
        lambda: view.live.current and session.quality.current and not view.veil.text,
        timeout=15_000,
    )
    assert view.live.shown.place == (10, 110, 20, 130)
    assert view.panes.pictures[0].values.shape == (100, 110)


def test_preview_and_figures_update_while_a_slider_is_held(loaded: MainWindow, qtbot: QtBot):
    view = shown(loaded, qtbot)
    panel = loaded.show_panel("quality")
    session = loaded.session
    session.edits.set_parameter("method", "statistical")
    wait_for_result(session, qtbot)
    slider = loaded.panel("parameters").rows["rho_min"].slider
    slider.setSliderDown(True)
    pictures, bars, masks = set(), set(), set()
    for value in (slider.minimum() + 1, slider.maximum(), slider.minimum() + 1):
        slider.setValue(value)
        mask = session.state.mask
        # Nothing more comes from the slider, whose handle is still down.
        qtbot.waitUntil(lambda: view.live.current and session.quality.current, timeout=15_000)
        assert slider.isSliderDown()
        assert session.state.mask is mask
        assert view.live.shown is not None
        assert view.live.shown.mask is mask
        assert view.panes.pictures[0].values is view.live.shown.predicted
        pictures.add(view.live.shown.predicted.tobytes())
        bars.add(panel.copied.value.text())
        masks.add(mask.cropped())
    assert len(masks) >= 2
    assert len(pictures) == len(masks)
    assert len(bars) >= 2
    slider.setSliderDown(False)


def test_of_a_very_large_frame_the_middle_is_shown():
    place, whole = place_of((5000, 3000), None)
    assert not whole
    assert place == (1476, 1476 + LARGEST, 476, 476 + LARGEST)
    place, whole = place_of((5000, 3000), Region(100, 300, 50, 90))
    assert whole
    assert place == (100, 300, 50, 90)


def test_fill_stays_as_it_is(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    view = shown(loaded, qtbot)
    frames = noise((3, 96, 100), seed=4).astype(np.uint16) + 100
    frames[:, 20:50, 30:] = 0
    np.save(tmp_path / "other.npy", frames)
    loaded.open_paths([str(tmp_path / "other.npy")])
    wait_for_result(loaded.session, qtbot)
    qtbot.waitUntil(lambda: view.live.current, timeout=15_000)
    found = view.live.shown
    assert found is not None
    np.testing.assert_array_equal(found.original, frames[0])
    np.testing.assert_array_equal(found.predicted[20:50, 30:], 0)
    # Nothing bleeds into the image beside it.
    assert found.predicted[frames[0] > 0].min() > 90


def test_hot_pixels_are_shown_and_not_spread(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    frames = noise((4, 96, 128)).astype(np.float32)
    frames[:, 40, 50] += 5000
    np.save(tmp_path / "hot.npy", frames)
    loaded.open_paths([str(tmp_path / "hot.npy")])
    wait_for_result(loaded.session, qtbot)
    found = shown(loaded, qtbot).live.shown
    assert found is not None
    np.testing.assert_allclose(found.original, frames[0])
    around = found.predicted[30:51, 40:61]
    assert around.max() < np.percentile(frames[0], 99.9)


def test_another_file_takes_the_old_pictures_away(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    view = shown(loaded, qtbot)
    loaded.session.close_files()
    assert view.live.shown is None
    assert view.panes.pictures == ()
    assert "Open a stack" in view.veil.text
    other = tmp_path / "other.npy"
    np.save(other, noise((3, 96, 100), seed=4))
    loaded.open_paths([str(other)])
    qtbot.waitUntil(lambda: view.live.current, timeout=15_000)
    assert view.panes.pictures[0].values.shape == (96, 100)


def test_ways_of_looking(loaded: MainWindow, qtbot: QtBot):
    view = shown(loaded, qtbot)
    assert seen(view.panes) == ("Preview",)
    view.ways.buttons["residual"].click()
    assert seen(view.panes) == ("Residual",)
    assert view.correlation.isVisible()
    qtbot.waitUntil(lambda: view.correlation.plane is not None, timeout=15_000)
    view.ways.buttons["blink"].click()
    assert seen(view.panes) == ("Original",)
    qtbot.waitUntil(lambda: seen(view.panes) == ("Preview",), timeout=3000)
    view.ways.buttons["wipe"].click()
    assert seen(view.panes) == ("Original", "Preview")
    assert not view.correlation.isVisible()


@pytest.fixture
def panes(qtbot: QtBot) -> ImageCompare:
    made = ImageCompare()
    qtbot.addWidget(made)
    made.resize(420, 158)
    black = np.zeros((50, 50), np.float32)
    made.set_pictures(
        tuple(
            Picture(name, black + value, (0.0, 1.0))
            for name, value in (("Original", 0.0), ("Preview", 1.0), ("Residual", 0.5))
        ),
        (10, 20),
    )
    made.show()
    return made


def colour(panes: ImageCompare, x: int, y: int) -> int:
    return panes.grab().toImage().pixelColor(x, y).lightness()


def test_pictures_stand_beside_each_other(panes: ImageCompare):
    assert colour(panes, 68, 88) == 0
    assert colour(panes, 210, 88) == 255
    assert 100 < colour(panes, 350, 88) < 155


def test_pictures_take_as_many_rows_as_make_them_largest(panes: ImageCompare):
    panes.resize(400, 420)
    # Two above, one below: each about 190 pixels instead of 130.
    assert colour(panes, 100, 110) == 0
    assert colour(panes, 300, 110) == 255
    assert 100 < colour(panes, 100, 320) < 155
    assert min(frame.width() for frame in panes._frames()) > 180


def test_the_wipe_is_dragged(panes: ImageCompare):
    panes.set_mode("wipe")
    assert (colour(panes, 180, 88), colour(panes, 240, 88)) == (0, 255)
    QTest.mousePress(panes, Qt.MouseButton.LeftButton, pos=QPoint(210, 88))
    QTest.mouseMove(panes, QPoint(260, 88))
    QTest.mouseRelease(panes, Qt.MouseButton.LeftButton, pos=QPoint(260, 88))
    assert colour(panes, 240, 88) == 0
    assert panes.split == pytest.approx(0.86, abs=0.02)
    QTest.keyClick(panes, Qt.Key.Key_Left)
    assert panes.split == pytest.approx(0.84, abs=0.02)


def test_zoom_and_move(panes: ImageCompare, qtbot: QtBot):
    QTest.keyClick(panes, Qt.Key.Key_Plus)
    with qtbot.waitSignal(panes.pointed) as got:
        QTest.mouseMove(panes, QPoint(68, 88))
    zoomed = got.args[0]
    assert "Original 0" in zoomed
    assert "Preview 1" in zoomed
    panes.reset_zoom()
    with qtbot.waitSignal(panes.pointed) as got:
        QTest.mouseMove(panes, QPoint(2, 90))
    assert got.args[0].startswith("(x, y) = (2")


def test_the_figure_has_a_scale_bar_and_the_mask_a_size_where_pixels_have_one(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
):
    path = tmp_path / "sized.ome.tif"
    metadata = {"axes": "TYX", "PhysicalSizeX": 0.1, "PhysicalSizeXUnit": "µm"}
    metadata |= {"PhysicalSizeY": 200, "PhysicalSizeYUnit": "nm"}
    tifffile.imwrite(path, noise((4, 96, 128)), metadata=metadata)
    window.open_paths([str(path)])
    wait_for_result(window.session, qtbot)
    view = shown(window, qtbot)
    window.session.edits.set_mask(Mask(np.ones((1, 5), dtype=bool)), "drawn", "Draw")
    assert window.views.facts.mask_size.text() == "Mask 0.2 × 0.5 µm (h × w)"
    clipboard = QGuiApplication.clipboard()
    view.copy_button.click()
    with_bar = clipboard.image().copy()
    assert with_bar.width() == 3 * 3 * 128 + 2 * 12
    stack = window.session.state.stack
    assert stack is not None
    stack.metadata.clear()
    copy_figure(window.session, view.pictures())
    plain = clipboard.image()
    assert plain.size() == with_bar.size()
    assert plain != with_bar


def test_no_size_is_made_up(loaded: MainWindow):
    assert not loaded.views.facts.mask_size.isVisible()


def test_the_figure_can_be_copied_at_every_width(loaded: MainWindow, qtbot: QtBot):
    view = shown(loaded, qtbot)
    asked: list[bool] = []
    view.copy_asked.connect(lambda: asked.append(True))
    loaded.set_tune(True)
    for width in (1920, 1280, 1024):
        loaded.resize(width, 680)
        qtbot.wait(1)
        button = view.copy_button
        assert button.isVisible()
        assert view.rect().contains(button.geometry())
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        words = button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextOnly
        assert words == (width > 1024)
    assert len(asked) == 3


@pytest.mark.parametrize("frames", [4, 1])
def test_image_and_preview_are_of_one_size(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, frames: int
):
    np.save(tmp_path / "a.npy", noise((frames, 128, 160)))
    window.open_paths([str(tmp_path / "a.npy")])
    wait_for_result(window.session, qtbot)
    view, image = shown(window, qtbot), window.views.image
    window.resize(1280, 800)
    qtbot.wait(1)
    (frame,) = view.panes._frames()
    assert frame.height() == pytest.approx(image.box.geometry().height(), abs=2)
    at = image.canvas.mapToGlobal(QPoint(0, round(image.box.geometry().top()))).y()
    assert view.panes.mapToGlobal(QPoint(0, round(frame.top()))).y() == pytest.approx(at, abs=2)


def test_the_scale_bar_is_of_a_round_length_and_names_it(qapp: Any):
    image = QImage(480, 320, QImage.Format.Format_RGB888)
    image.fill(0)
    draw_scale_bar(image, 480, 6)
    # 1 µm of 6, in white; above it the length, in a font that has its sign.
    row = [image.pixelColor(x, 320 - 19).lightness() == 255 for x in range(480)]
    assert sum(row) == pytest.approx(80, abs=2)
    assert QRawFont.fromFont(QGuiApplication.font()).supportsCharacter(ord("µ"))
    text = [x for x in range(480) if any(image.pixelColor(x, y).lightness() for y in range(298))]
    assert text[0] > 384
    assert text[-1] < 464

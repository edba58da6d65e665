"""The image view: orientation, frames, contrast, patches, rectangle, stamp; and the profiles."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from scipy.ndimage import gaussian_filter

from structmask_gui.core.stack.frames import Region
from structmask_gui.gui.views.curves.profiles import Curves, ProfilesView
from structmask_gui.gui.views.image.display import CLIPPED, percentile_levels, thinned
from structmask_gui.gui.views.image.image import ImageView
from tests.gui.view_helpers import color_at, drag, extraction, place, point_at

FRAME = np.arange(40 * 60, dtype=np.uint16).reshape(40, 60)


@pytest.fixture
def view(qtbot: QtBot) -> ImageView:
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(480, 400)
    view.show()
    view.set_stack(5, (40, 60))
    view.set_frame(FRAME, 0)
    QTest.qWait(1)
    return view


def show_patches(view: ImageView) -> None:
    corners = np.array([[0, 0], [0, 20], [20, 0]])
    used = np.array([True, True, False])
    view.set_patches(corners, used, ["", "", "constant, holds no noise"], (20, 20))


def test_an_asymmetric_picture(view: ImageView) -> None:
    picture = np.zeros((40, 60))
    picture[2:8, 50:58] = 1.0  # top right
    view.set_frame(picture)
    view.set_levels(0, 1)
    assert color_at(view, 54, 5).lightness() == 255
    for x, y in ((5, 5), (5, 35), (54, 35)):
        assert color_at(view, x, y).lightness() == 0
    assert place(view, 54, 5).y() < place(view, 54, 35).y()
    assert place(view, 5, 5).x() < place(view, 54, 5).x()


def test_reading_out(view: ImageView) -> None:
    point_at(view, 7.3, 2.2)
    assert view.read_out.text == "(x, y) = (7, 2)   127"
    assert view.describe(-1, 0) == ""
    assert view.describe(60, 0) == ""


def test_frames_by_slider_and_keys(view: ImageView) -> None:
    asked: list[int] = []
    view.frame_requested.connect(asked.append)
    assert view.frame_bar.isVisible()
    view.frame_bar.slider.setValue(3)
    view.canvas.setFocus()
    for key in (
        Qt.Key.Key_Right,
        Qt.Key.Key_Right,
        Qt.Key.Key_Left,
        Qt.Key.Key_Home,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
    ):
        QTest.keyClick(view.canvas, key)
    assert asked == [3, 4, 3, 0, 1, 4, 3]
    assert view.frame_bar.label.text() == "4 / 5"
    view.set_frame(FRAME, 2)
    assert view.frame == 2
    assert len(asked) == 7
    view.set_stack(6, (40, 60), lambda frame: f"T {frame // 2 + 1}, Z {frame % 2 + 1}")
    view.set_frame(FRAME, 3)
    assert view.frame_bar.label.text() == "4 / 6 (T 2, Z 2)"
    view.set_stack(1, (40, 60))
    assert not view.frame_bar.isVisible()


def test_automatic_and_manual_contrast(view: ImageView) -> None:
    low, high = view.levels
    assert 0 < low < 20
    assert 2380 < high < 2399
    view.set_frame(FRAME + 1000, 1)
    assert view.levels[0] == pytest.approx(low + 1000)
    view.set_levels(5, 50)
    view.set_frame(FRAME, 0)
    assert view.levels == (5, 50)
    view.set_automatic_contrast(0.0)
    assert view.levels == (0, 2399)


def test_the_contrast_panel(view: ImageView, qtbot: QtBot) -> None:
    view.contrast_button.click()
    qtbot.waitUntil(view._contrast_menu.isVisible)
    panel = view._contrast
    assert panel.low.value() == pytest.approx(view.levels[0], rel=0.1)
    panel.low.setValue(100)
    panel.high.setValue(900)
    assert view.levels == (100, 900)
    assert not panel.automatic.isChecked()
    panel.automatic.click()
    assert view.levels == pytest.approx(percentile_levels(FRAME))
    panel.clipped.setValue(5)
    assert view.levels == pytest.approx(percentile_levels(FRAME, 5))
    panel.whole_range.click()
    assert view.levels == (0, 2399)
    panel.automatic.click()
    assert view.levels == (0, 2399)
    view._contrast_menu.hide()


@pytest.mark.parametrize(
    ("image", "levels"),
    [
        (np.full((4, 4), 7), (7, 8)),
        (np.full((4, 4), np.nan), (0, 1)),
        (np.array([[1.0, np.nan], [np.inf, 3.0]]), (1, 3)),
    ],
)
def test_levels_of_odd_images(image: np.ndarray, levels: tuple[float, float]) -> None:
    assert percentile_levels(image, 0) == levels


def test_thinning_averages_and_keeps_its_place() -> None:
    image = np.zeros((9, 12))
    image[4:8, 8:12] = 2.0
    small = thinned(image, 4)
    assert small.shape == (2, 3)
    assert small.tolist() == [[0, 0, 0], [0, 0, 2]]
    assert thinned(image, 1) is image


def test_large_frames_are_drawn_small_and_sharp_when_enlarged(view: ImageView) -> None:
    large = np.zeros((3000, 4000), np.uint16)
    large[:, ::2] = 1000
    large[:200, -200:] = 3000
    view.set_stack(1, large.shape)
    view.set_frame(large)
    QTest.qWait(1)
    assert view.image.plane.size < 1_000_000
    assert color_at(view, 3900, 100).lightness() > 200
    assert color_at(view, 100, 2900).lightness() < 130
    view.box.setRange(xRange=(0, 40), yRange=(1000, 1030), padding=0)
    QTest.qWait(1)
    assert abs(color_at(view, 10, 1010).lightness() - color_at(view, 11, 1010).lightness()) > 60
    assert view.describe(10, 1010) == "(x, y) = (10, 1010)   1000"


@pytest.mark.parametrize("columns", [620, 1000])
def test_no_line_of_a_frame_that_is_shrunk_is_left_out(view: ImageView, columns: int) -> None:
    frame = np.zeros((400, columns), np.uint16)
    frame[:, 100:300:10] = 1000
    view.set_stack(1, frame.shape)
    view.set_frame(frame)
    QTest.qWait(1)
    drawn = view.canvas.grab().toImage()
    for x in range(100, 300, 10):
        around = [place(view, x, 200) + QPoint(step, 0) for step in (-1, 0, 1)]
        assert max(drawn.pixelColor(at).lightness() for at in around) > 30, x


def test_a_thinned_frame_is_stretched(view: ImageView) -> None:
    view.set_stack(1, (400, 600))
    view.set_frame(FRAME)
    view.set_levels(0, 2399)
    assert view.describe(599, 399) == "(x, y) = (599, 399)   2399"
    assert color_at(view, 590, 395).lightness() > 240


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "int16", "uint16", "int64", "float16", "float32", "float64", "uint8"]
)
def test_any_type_is_drawn(view: ImageView, dtype: str) -> None:
    view.set_frame((FRAME % 100).astype(dtype))
    view.set_levels(0, 1)
    assert color_at(view, 30, 20).lightness() == 255


def test_what_is_no_number_is_not_drawn(view: ImageView) -> None:
    picture = np.full((40, 60), 5.0)
    picture[:, :30] = np.nan
    picture[0, 0], picture[0, 59] = -np.inf, np.inf
    view.set_frame(picture)
    view.set_levels(0, 5)
    assert color_at(view, 10, 20).rgb() == view.theme.background.rgb()
    assert color_at(view, 50, 20).lightness() == 255
    assert view.describe(10, 20).endswith("nan")


def test_patches_and_reasons(view: ImageView) -> None:
    plain = view.canvas.grab().toImage()
    show_patches(view)
    drawn = view.canvas.grab().toImage()
    assert drawn != plain
    # Around one that was used nothing is drawn.
    around = QRect(place(view, 25, 2), place(view, 41, 18))
    assert drawn.copy(around) == plain.copy(around)
    assert view.legend.texts == ("1 left out",)
    point_at(view, 10, 30)
    assert view.read_out.text.endswith("   left out: constant, holds no noise")
    assert view.legend.toolTip() == "Patches left out: 1 constant, holds no noise"
    assert view.canvas.toolTip() == "Patch left out: constant, holds no noise"
    point_at(view, 10, 10)
    assert "left out" not in view.read_out.text
    assert view.canvas.toolTip() == ""
    view.patches_button.click()
    assert view.legend.texts == ("2 used here", "1 left out")
    assert view.canvas.grab().toImage().copy(around) != plain.copy(around)
    assert view.canvas.grab().toImage() != drawn
    view.patches_button.click()
    assert view.legend.texts == ("1 left out",)


def test_the_image_is_seen_through_a_patch_that_was_left_out(view: ImageView) -> None:
    view.set_frame(np.tile([0.0, 1.0], (40, 30)))
    plain = view.canvas.grab().toImage()
    view.set_patches(np.array([[0, 0]]), np.zeros(1, bool), ["holds structure"], (32, 32))
    drawn = view.canvas.grab().toImage()
    first, last = place(view, 0, 0), place(view, 31, 31)
    for y, x in np.ndindex(last.y() - first.y(), last.x() - first.x()):
        at = first + QPoint(x, y)
        before, now = plain.pixelColor(at).lightness(), drawn.pixelColor(at).lightness()
        assert abs(before - now) < 60


def test_many_small_patches_are_tinted(view: ImageView) -> None:
    view.set_stack(1, (1600, 1600))
    view.set_frame(np.zeros((1600, 1600)))
    before = color_at(view, 808, 808)
    corners = np.argwhere(np.ones((100, 100))) * 16
    view.set_patches(corners, np.ones(10_000, bool), [""] * 10_000, (16, 16))
    view.patches_button.click()
    view.zoom(0.5)
    after = color_at(view, 808, 808)
    assert after.blue() > before.blue()


def test_drawing_a_rectangle(view: ImageView) -> None:
    drawn: list[Region] = []
    cleared: list[bool] = []
    view.region_drawn.connect(drawn.append)
    view.region_cleared.connect(lambda: cleared.append(True))
    view.region_button.click()
    before = view.visible_rect()
    drag(view, (30, 30), (20, 20), (10, 4))
    assert drawn == [Region(4, 31, 10, 31)]
    assert view.visible_rect() == before
    assert not view.region_button.isChecked()
    assert view.legend.texts == ("measured here",)
    assert color_at(view, 50, 38).lightness() < color_at(view, 28, 28).lightness()
    assert view.clear_button.isVisible()
    view.clear_button.click()
    assert cleared == [True]
    assert view.region_item.rect.isNull()
    assert not view.clear_button.isVisible()


def test_a_rectangle_stays_within_the_frame(view: ImageView) -> None:
    drawn: list[Region] = []
    view.region_drawn.connect(drawn.append)
    view.set_drawing(True)
    drag(view, (20, 20), (70, 50))
    assert drawn == [Region(20, 40, 20, 60)]


def test_a_click_or_escape_draws_nothing(view: ImageView) -> None:
    drawn: list[Region] = []
    view.region_drawn.connect(drawn.append)
    view.set_region(Region(0, 20, 0, 20))
    view.set_drawing(True)
    drag(view, (20, 20))
    assert not view.region_button.isChecked()
    view.set_drawing(True)
    view.canvas.setFocus()
    QTest.keyClick(view.canvas, Qt.Key.Key_Escape)
    assert not view.region_button.isChecked()
    assert not drawn
    assert view.region_item.rect.width() == 20


def test_the_mask_at_the_pointer(view: ImageView) -> None:
    view.set_extraction(extraction())
    point_at(view, 30, 20)
    assert not view.stamp.isVisible()
    view.stamp_button.click()
    point_at(view, 30.2, 20.3)
    assert view.stamp.isVisible()
    assert (view.stamp.pos().x(), view.stamp.pos().y()) == (30, 20)
    stamped = color_at(view, 31, 20)
    assert stamped.red() > stamped.blue() + 60
    view.canvas.left.emit()
    assert not view.stamp.isVisible()
    point_at(view, 31, 20)
    view.stamp_button.click()
    assert not view.stamp.isVisible()


def test_it_stays_grey(view: ImageView) -> None:
    plain = view.canvas.grab().toImage()
    view.set_colormap("magma")
    assert view.canvas.grab().toImage() == plain
    view.set_colormap("grey-inverted")
    assert view.canvas.grab().toImage() != plain


# --- profiles ---------------------------------------------------------------------------------


@pytest.fixture
def profiles(qtbot: QtBot) -> ProfilesView:
    view = ProfilesView()
    qtbot.addWidget(view)
    view.resize(420, 300)
    view.show()
    return view


def test_profiles_of_an_extraction(profiles: ProfilesView) -> None:
    result = extraction()
    profiles.set_extraction(result)
    curves = profiles.curves
    assert curves is not None
    middle = len(result.centre) // 2
    along_x, along_y = (curve.values for curve in curves.curves)
    assert (along_x == result.centre[middle]).all()
    assert (along_y == result.centre[:, middle]).all()
    assert curves.thresholds is not None
    for ring in result.rings.rings:
        for lag in (-ring.index, ring.index):
            value = curves.thresholds[middle + lag]
            assert value == ring.threshold if ring.considered else np.isnan(value)
    assert curves.level == pytest.approx(0.3 * result.centre[middle, middle])
    assert profiles.legend.texts[:2] == ("along x (dy = 0)", "along y (dx = 0)")


def test_values_grow_upwards_and_are_read_out(profiles: ProfilesView) -> None:
    x = np.array([0.0, 0.1, 1.0, 0.3, 0.0])
    y = np.array([-0.2, 0.0, 1.0, 0.0, -0.2])
    profiles.set_curves(Curves.of_arrays(x, y))
    assert place(profiles, 0, 0.3).y() < place(profiles, 0, -0.2).y()
    point_at(profiles, 1.2, 0.1)
    assert profiles.read_out.text == "lag +1: along x 0.3, along y 0"
    assert profiles.describe(-2.0, 0) == "lag −2: along x 0, along y −0.2"
    assert profiles.describe(3.0, 0) == ""
    assert profiles.content.bottom() < 0.4
    profiles.set_zero_lag_in_range(True)
    assert profiles.content.bottom() > 1


def test_a_ring_is_marked(profiles: ProfilesView) -> None:
    profiles.set_curves(Curves.of_arrays(np.zeros(5), np.ones(5), np.full(5, 0.5), 0.2))
    plain = profiles.canvas.grab().toImage()
    profiles.highlight_ring(1)
    assert profiles.canvas.grab().toImage() != plain
    profiles.highlight_ring(-1)
    assert profiles.canvas.grab().toImage() == plain


def test_fill_takes_no_contrast_from_the_image():
    rng = np.random.default_rng(0)
    image = rng.normal(500, 10, (120, 120))
    expected = percentile_levels(image[20:])
    image[:20] = 0
    assert percentile_levels(image) == pytest.approx(expected, abs=2)
    # Few counts are no fill.
    counts = rng.poisson(0.5, (120, 120))
    assert percentile_levels(counts)[0] == 0


def test_a_frame_that_is_seen_whole_is_not_moved_out_of_sight(view: ImageView) -> None:
    whole = view.visible_rect()
    view.box.translateBy(x=40)
    view.box.sigRangeChangedManually.emit([True, True])  # as a drag does
    assert view.visible_rect().left() == pytest.approx(whole.left(), abs=0.6)
    view.zoom(4)
    view.box.translateBy(x=1000)
    view.box.sigRangeChangedManually.emit([True, True])
    assert view.visible_rect().right() <= view.content.right() + 0.01


def test_a_line_is_no_rectangle_and_says_so(view: ImageView, qtbot: QtBot) -> None:
    view.region_button.click()
    with qtbot.waitSignal(view.region_refused) as said:
        drag(view, (10, 10), (40, 10))
    assert said.args == ["An ROI of 31 × 1 pixels cannot be measured; draw a larger one."]


def test_the_button_that_clears_is_not_where_the_other_was(view: ImageView) -> None:
    before = view.region_button.geometry()
    view.set_region(Region(0, 8, 0, 8))
    QApplication.processEvents()
    assert view.region_button.geometry() == before


@pytest.mark.parametrize("share", [0.002, 0.01, 0.1])
def test_a_scale_bar_or_saturated_pixels_leave_the_image_its_contrast(share):
    image = np.random.default_rng(3).normal(500, 40, (200, 200))
    plain = percentile_levels(image)
    image.flat[: int(share * image.size)] = 4095
    low, high = percentile_levels(image)
    assert low == pytest.approx(plain[0], abs=10)
    assert high == pytest.approx(plain[1], abs=20)
    # Much that is bright, and not far from the rest, is the image.
    image[100:] = image[:100].max() + 60
    assert percentile_levels(image)[1] == image.max()


@pytest.mark.parametrize("sign", [1, -1])
def test_hot_and_dead_pixels_leave_the_image_its_contrast(sign):
    rng = np.random.default_rng(3)
    image = rng.normal(500, 40, (200, 200))
    plain = percentile_levels(image)
    image.flat[rng.choice(image.size, 300, replace=False)] += sign * rng.normal(4000, 300, 300)
    assert percentile_levels(image) == pytest.approx(plain, abs=60)
    # Small spots are drawn by optics, over several pixels.
    spots = 100 + 900 * gaussian_filter(rng.random((200, 200)) > 0.997, 1.0, output=float) * 6
    assert percentile_levels(spots)[1] == pytest.approx(np.percentile(spots, 100 - CLIPPED))

"""What every view does: arrows, menu, veil, zoom, colours, saving."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from structmask_gui.gui.style import app_theme
from structmask_gui.gui.style.colormaps import COLORMAPS, DIVERGING, lookup_table
from structmask_gui.gui.style.colours import smaller
from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.views.canvas import Axis
from structmask_gui.gui.views.curves.brightness import BrightnessView
from structmask_gui.gui.views.curves.profiles import ProfilesView
from structmask_gui.gui.views.image.image import ImageView
from structmask_gui.gui.views.lags.autocorrelation import AutocorrelationView
from structmask_gui.gui.views.lags.lag_view import ZoomLink
from structmask_gui.gui.views.lags.mask import MaskView
from structmask_gui.gui.views.lags.ring_overlay import RingOverlayView
from structmask_gui.gui.views.lags.significance import SignificanceView
from structmask_gui.gui.views.legend import Entry, Legend
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.view_helpers import extraction, statistical

VIEWS: tuple[Callable[[], PictureView], ...] = (
    AutocorrelationView,
    RingOverlayView,
    MaskView,
    ProfilesView,
    ImageView,
    SignificanceView,
    BrightnessView,
)
PLOTS = (ProfilesView, BrightnessView)


@pytest.fixture(scope="module")
def made_views(qapp: Any) -> Iterator[dict[str, PictureView]]:
    """Keep a view of each kind for all tests; `view` puts it back."""
    made: dict[str, PictureView] = {}
    yield made
    for view in made.values():
        view.close()
        view.deleteLater()


@pytest.fixture(params=VIEWS, ids=lambda made: made.__name__)
def view(
    request: pytest.FixtureRequest, made_views: dict[str, PictureView]
) -> Iterator[PictureView]:
    name = request.param.__name__
    if name not in made_views:
        made_views[name] = request.param()
    view = made_views[name]
    if view.theme.dark:
        view.setPalette(app_theme.palette(False))
    if view.font() != QFont():
        view.setFont(QFont())
    view.title_label.show()
    view.set_placeholder("")
    view.set_stale(False)
    view.set_extraction(None)
    if view.HAS_COLORMAP:
        view.set_colormap(next(iter(COLORMAPS)))
    statistics_only = isinstance(view, (SignificanceView, BrightnessView))
    view.set_extraction(statistical() if statistics_only else extraction())
    if isinstance(view, ImageView):
        view.set_stack(1, (40, 60))
        view.set_frame(np.arange(2400.0).reshape(40, 60))
    view.resize(420, 340)
    view.show()
    view.canvas.clearFocus()
    QTest.qWait(1)
    view.reset_zoom()
    yield view
    # It would lie in the way of the pointer.
    view.hide()


def painted(view: PictureView) -> int:
    """Return how many pixels of the canvas differ from its background."""
    image = view.canvas.grab().toImage()
    background = view.theme.background.rgb()
    return sum(
        image.pixel(x, y) != background
        for x in range(0, image.width(), 2)
        for y in range(0, image.height(), 2)
    )


def test_it_shows_arrows_and_a_picture(view: PictureView) -> None:
    # The axes of a plot are not those of an image.
    assert view.arrows.isVisible() == (not isinstance(view, PLOTS))
    box = view.arrows.sceneBoundingRect()
    assert QRectF(view.canvas.rect()).contains(box)
    assert not box.intersects(view.box.sceneBoundingRect().adjusted(1, 1, -1, -1))
    assert painted(view) > 1500


def test_the_picture_fills_its_box(view: PictureView) -> None:
    seen, content = view.visible_rect(), view.content
    for a, b in ((seen.left(), content.left()), (seen.bottom(), content.bottom())):
        assert a == pytest.approx(b, abs=0.02 * max(content.width(), content.height()))


def test_emptying_leaves_no_picture(view: PictureView) -> None:
    if isinstance(view, ImageView):
        view.set_stack(0, (0, 0))
        assert view.value_at(0, 0) is None
        return
    view.set_extraction(None)
    assert view.describe(0, 0) == ""
    assert view.legend.texts == ()


def test_pointing_and_leaving(view: PictureView, qtbot: QtBot) -> None:
    port = view.canvas.viewport()
    middle = view.canvas.mapFromScene(view.box.sceneBoundingRect().center())
    with qtbot.waitSignal(view.pointed, check_params_cb=bool):
        QTest.mouseMove(port, middle + QPoint(3, 2))
    assert view.read_out.text != ""
    view.canvas.left.emit()
    assert view.read_out.text == ""


def test_the_veil_comes_and_goes(view: PictureView) -> None:
    assert not view.veil.isVisible()
    before = painted(view)
    view.set_stale(True, "Measuring…")
    assert view.veil.isVisible()
    assert view.veil.text == "Measuring…"
    assert view.veil.size() == view.canvas.size()
    view.set_placeholder("Nothing yet")
    assert view.veil.text == "Nothing yet"
    view.set_placeholder("")
    view.set_stale(False)
    assert not view.veil.isVisible()
    assert painted(view) == pytest.approx(before, rel=0.02)


@pytest.mark.parametrize("kind", [MaskView, AutocorrelationView, RingOverlayView])
def test_numbers_have_room_in_large_text(kind: Callable[[], PictureView], qtbot: QtBot) -> None:
    view = kind()
    qtbot.addWidget(view)
    view.set_compact(True)
    small = view.left.width_taken, view.bottom.height_taken
    font = view.font()
    font.setPointSizeF(1.5 * font.pointSizeF())
    view.setFont(font)
    assert view.left.width_taken > 1.2 * small[0]
    assert view.bottom.height_taken > 1.2 * small[1]
    assert view.bottom.height_taken >= QFontMetricsF(smaller(font)).height()


def test_the_veil_is_seen(view: PictureView) -> None:
    before = view.grab().toImage()
    view.set_placeholder("Nothing yet")
    QTest.qWait(1)
    assert view.grab().toImage() != before


def test_every_action_of_the_menu(view: PictureView, qtbot: QtBot) -> None:
    menu = view.menu()
    assert menu is view.menu()
    texts = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert {"Show everything", "Copy picture", "Save this view…"} <= set(texts)
    assert ("Colour map" in texts) == view.HAS_COLORMAP
    QGuiApplication.clipboard().clear()
    saves: list[object] = []
    view.save_requested.connect(saves.append)
    for action in menu.actions():
        if action.menu() is None:
            action.trigger()
    assert saves == [view]
    assert not QGuiApplication.clipboard().image().isNull()


def test_the_menu_opens_by_key_button_and_right_click(view: PictureView, qtbot: QtBot) -> None:
    for open_menu in (
        lambda: view.canvas.menu_requested.emit(QPoint(5, 5)),
        view.menu_button.click,
        lambda: QTest.mouseClick(
            view.canvas.viewport(),
            Qt.MouseButton.RightButton,
            pos=view.canvas.mapFromScene(view.box.sceneBoundingRect().center()),
        ),
    ):
        open_menu()
        qtbot.waitUntil(view.menu().isVisible)
        view.menu().hide()


def test_colormaps_are_chosen_in_the_menu(view: PictureView) -> None:
    if not view.HAS_COLORMAP:
        pytest.skip("has no colours to choose")
    chosen: list[str] = []
    view.colormap_chosen.connect(chosen.append)
    submenu = next(a.menu() for a in view.menu().actions() if a.text() == "Colour map")
    pictures = set()
    for action in submenu.actions():
        action.trigger()
        assert view.colormap == action.data()
        pictures.add(bytes(view.canvas.grab().toImage().constBits()))
    assert chosen == list(COLORMAPS)
    assert len(pictures) == len(COLORMAPS)
    with pytest.raises(KeyError):
        view.set_colormap("rainbow")


def test_zoom_keys_double_click_and_reset(view: PictureView) -> None:
    whole = view.visible_rect()
    view.canvas.setFocus()
    rects: list[QRectF] = []
    view.zoomed.connect(rects.append)
    QTest.keyClick(view.canvas, Qt.Key.Key_Plus)
    assert view.visible_rect().width() < whole.width()
    QTest.keyClick(view.canvas, Qt.Key.Key_Minus)
    QTest.keyClick(view.canvas, Qt.Key.Key_Plus)
    zoomed = view.visible_rect().width()
    view.resize(500, 400)
    QTest.qWait(1)
    assert view.visible_rect().width() == pytest.approx(zoomed, rel=0.2)
    QTest.keyClick(view.canvas, Qt.Key.Key_0)
    assert view.visible_rect().width() == pytest.approx(whole.width(), rel=0.05)
    view.zoom(3)
    middle = view.canvas.mapFromScene(view.box.sceneBoundingRect().center())
    QTest.mouseDClick(view.canvas.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert view.visible_rect().width() == pytest.approx(whole.width(), rel=0.05)
    assert rects[-1].isNull()


def test_dark_and_light(view: PictureView) -> None:
    pictures = []
    for dark in (False, True):
        view.setPalette(app_theme.palette(dark))
        QTest.qWait(1)
        assert view.theme.dark == dark
        image = view.canvas.grab().toImage()
        assert image.pixelColor(1, 1) == view.palette().color(QPalette.ColorRole.Base)
        pictures.append(image)
    assert pictures[0] != pictures[1]


def test_a_larger_font_is_taken(view: PictureView) -> None:
    font = view.font()
    font.setPointSizeF(font.pointSizeF() * 1.5)
    view.setFont(font)
    assert view.bottom.style["tickFont"].pointSizeF() == pytest.approx(0.88 * font.pointSizeF())


def test_saved_as_picture_and_as_drawing(view: PictureView) -> None:
    view.set_stale(True, "not in the file")
    image = view.render_image()
    assert image.width() == 2 * view.canvas.width()
    assert image.height() > 2 * view.canvas.height()
    assert image.pixelColor(2, 2) == view.theme.background
    shown = view.canvas.isVisible()
    text = view.render_svg().decode()
    assert view.box.childGroup.isVisible() == shown
    assert text.startswith("<svg")
    assert view.title in text
    assert "not in the file" not in text
    assert bool(re.search(r">\s*X</text>", text)) == (not isinstance(view, PLOTS))
    if view.legend.texts:
        assert view.legend.texts[0] in text


def test_the_legend_keeps_its_room(view: PictureView, qtbot: QtBot) -> None:
    def entries(count: int) -> tuple[Entry, ...]:
        return tuple(Entry(f"an entry of some length {i}", lambda *_: None) for i in range(count))

    def room() -> tuple[int, int]:
        return view.legend.minimumWidth(), view.legend.minimumHeight()

    view.legend.set_entries(entries(9))
    with_nine = room()
    view.legend.set_entries(entries(1))
    assert room() == with_nine
    view.resize(view.width() + 40, view.height() + 40)
    QApplication.processEvents()
    view.legend.set_entries(entries(2))
    assert room() < with_nine


def test_titles(view: PictureView) -> None:
    assert view.title_label.text() == view.title
    view.hide_title()
    assert not view.title_label.isVisible()


def test_a_title_that_is_cut_ends_in_dots(qtbot: QtBot) -> None:
    view = SignificanceView()
    qtbot.addWidget(view)
    view.resize(view.title_label.fontMetrics().horizontalAdvance(view.title), 200)
    view.show()
    label = view.title_label
    assert label.text().startswith("Why")
    assert label.text().endswith("…")
    assert label.sizeHint().width() <= label.width()
    assert label.toolTip() == view.title
    view.resize(400, 200)
    QApplication.processEvents()
    assert label.text() == view.title
    assert not label.toolTip()
    view.release()


@pytest.mark.parametrize("make", VIEWS)
def test_release_takes_all_items_out(make: Callable[[], PictureView], qtbot: QtBot) -> None:
    view = make()
    qtbot.addWidget(view)
    view.set_extraction(statistical())
    view.release()
    assert not view.box.childGroup.childItems()


def test_linked_zoom(qtbot: QtBot) -> None:
    first, second = RingOverlayView(), MaskView()
    for made in (first, second):
        qtbot.addWidget(made)
        made.resize(400, 400)
        made.set_extraction(extraction())
        made.show()
    _link = ZoomLink((first, second))
    first.zoom(2)
    assert second.visible_rect().width() == pytest.approx(first.visible_rect().width(), rel=0.15)
    second.reset_zoom()
    whole = first.visible_rect().width()
    assert whole == pytest.approx(first.content.width(), rel=0.05)


@pytest.mark.parametrize("name", [*COLORMAPS, DIVERGING])
def test_lookup_tables(name: str) -> None:
    table = lookup_table(name)
    assert table.shape == (256, 3)
    light = table @ np.array([0.2126, 0.7152, 0.0722])
    if name == DIVERGING:
        assert light.argmax() in range(120, 136)
        assert table[0, 2] > table[0, 0]
        assert table[-1, 0] > table[-1, 2]
    else:
        # Read in grey, too: ever lighter, or ever darker.
        steps = np.diff(light[::8])
        assert (steps > 0).all() or (steps < 0).all()


def test_unknown_lookup_table() -> None:
    with pytest.raises(KeyError):
        lookup_table("rainbow")


def test_meanings_differ_for_the_colour_blind() -> None:
    from structmask_gui.gui.views.lags import decision_marks

    # Linear RGB to what a person without red cones sees (Vienot, Brettel, Mollon 1999).
    to_lms = np.array(
        [[17.8824, 43.5161, 4.1194], [3.4557, 27.1554, 3.8671], [0.03, 0.1843, 1.4671]]
    )
    protan = np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]])
    seen = np.linalg.inv(to_lms) @ protan @ to_lms

    def as_seen(color: QColor) -> np.ndarray:
        rgb = np.array([color.redF(), color.greenF(), color.blueF()]) ** 2.2
        return np.asarray(np.clip(seen @ rgb, 0, 1) ** (1 / 2.2))

    colors = [as_seen(c) for c in (*decision_marks.COLORS.values(), decision_marks.CONSIDERED)]
    for i, a in enumerate(colors):
        for b in colors[i + 1 :]:
            assert np.linalg.norm(a - b) > 0.08


def test_a_legend_beside_the_picture_has_an_entry_in_each_line(qtbot: QtBot) -> None:
    drawn: list[float] = []
    names = ("kept", "centre", "a long one of many words")
    legend = Legend()
    qtbot.addWidget(legend)
    legend.set_entries(
        tuple(Entry(name, lambda _, rect: drawn.append(rect.top())) for name in names)
    )
    legend.stand_beside(400)
    legend.resize(400, 100)
    legend.grab()
    assert len(set(drawn)) == 3
    drawn.clear()
    legend.stand_below(40)
    legend.resize(400, 40)
    legend.grab()
    assert len(set(drawn)) == 1


def test_a_legend_keeps_its_room_until_another_file_is_shown(qtbot: QtBot) -> None:
    view = ProfilesView()
    qtbot.addWidget(view)
    view.resize(300, 300)
    view.show()
    few, many = (
        tuple(Entry(f"entry number {n}", lambda *_: None) for n in range(count)) for count in (2, 9)
    )
    heights = []
    for entries in (few, many, few, (), few):
        view.legend.set_entries(entries)
        heights.append(view.legend.maximumHeight())
    assert heights[2] == heights[1] > heights[0]
    assert heights[4] == heights[0]


@pytest.mark.parametrize(("orientation", "size"), [("bottom", 38), ("left", 20)])
def test_numbers_do_not_touch_in_a_tiny_view(orientation: str, size: int) -> None:
    axis = Axis(orientation, whole=True)
    ((step, _),) = axis.tickSpacing(-13.5, 13.5, size)
    alone = step > 13.5  # 0, and no other number
    assert alone or size * step / 27 >= (28 if orientation == "bottom" else 16)


def test_the_veil_covers_the_picture_when_the_legend_goes(loaded: MainWindow, qtbot: QtBot):
    view = loaded.views.mask_view
    assert view.legend.isVisible()
    view.set_placeholder("…")
    view.set_mask(None)
    qtbot.waitUntil(lambda: not view.legend.isVisible())
    qtbot.waitUntil(lambda: view.veil.geometry() == view.canvas.rect())


def test_an_axis_without_room_for_its_label_says_the_unit(qapp: object) -> None:
    axis = Axis("bottom", whole=True, label="pixels to the right")
    for compact, last in ((False, "5"), (True, "5 px")):
        axis.set_compact(compact)
        assert axis.tickStrings([-5.0, 0.0, 5.0], 1.0, 5.0) == ["−5", "0", last]
    assert axis.tickStrings([0.0], 1.0, 5.0) == ["0"]

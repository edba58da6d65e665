"""A view as a picture for a file or the clipboard: title, axes, legend, no buttons, no veil."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QLabel

from structmask_gui.gui.style.colours import Colours
from structmask_gui.gui.views.canvas import Box, Canvas
from structmask_gui.gui.views.legend import Legend

_TITLE = 24
SCALE = 2


class Rendered(Protocol):
    """What of a view is drawn, or says how large."""

    canvas: Canvas
    box: Box
    legend: Legend
    title_label: QLabel
    theme: Colours

    @property
    def title(self) -> str: ...

    def logicalDpiX(self) -> int: ...


def render_image(view: Rendered) -> QImage:
    """Return a view in the size that it has, with `SCALE` pixels for each on the screen."""
    size = _size(view)
    image = QImage(size * SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SCALE)
    painter = QPainter(image)
    _paint(view, painter, size)
    painter.end()
    return image


def render_svg(view: Rendered) -> bytes:
    """Return a view as an SVG drawing, in the size that it has.

    Qt's generator knows no clipping, so what lies in the box is drawn by itself and clipped by SVG.
    """
    size = _size(view)
    inside = view.box.childGroup
    inside.setVisible(False)
    frame = _drawing(view, size, _paint)
    inside.setVisible(True)
    content = _drawing(view, size, _paint_inside)
    box = view.box.sceneBoundingRect().translated(0, _TITLE)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' width="{size.width()}" height="{size.height()}"'
        f' viewBox="0 0 {size.width()} {size.height()}">\n'
        f"<title>{html.escape(view.title)}</title>\n"
        f'<clipPath id="box"><rect x="{box.x():.2f}" y="{box.y():.2f}"'
        f' width="{box.width():.2f}" height="{box.height():.2f}"/></clipPath>\n'
        f'{frame}\n<g clip-path="url(#box)">\n{content}\n</g>\n</svg>\n'
    ).encode()


def _drawing(
    view: Rendered, size: QSize, paint: Callable[[Rendered, QPainter, QSize], None]
) -> str:
    """Return what is painted as SVG elements."""
    from PySide6.QtSvg import QSvgGenerator

    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(view.logicalDpiX())
    generator.setSize(size)
    generator.setViewBox(QRect(QPoint(0, 0), size))
    painter = QPainter(generator)
    paint(view, painter, size)
    painter.end()
    buffer.close()
    text = bytes(data.data()).decode()
    return text[text.index("<g") : text.rindex("</svg>")]


def _paint_inside(view: Rendered, painter: QPainter, _size: QSize) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for item in sorted(view.box.childGroup.childItems(), key=_height):
        if item.isVisible():
            painter.save()
            painter.setTransform(item.sceneTransform() * QTransform.fromTranslate(0, _TITLE))
            item.paint(painter, None, None)
            painter.restore()


def _height(item: QGraphicsItem) -> float:
    return item.zValue()


def _footer(view: Rendered) -> int:
    return view.legend.height_for(view.canvas.width())


def _size(view: Rendered) -> QSize:
    return QSize(view.canvas.width(), view.canvas.height() + _TITLE + _footer(view))


def _paint(view: Rendered, painter: QPainter, size: QSize) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(QRect(QPoint(0, 0), size), view.theme.background)
    painter.setPen(view.theme.text)
    painter.setFont(view.title_label.font())
    title = QRectF(8, 2, size.width() - 16, _TITLE - 2)
    painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, view.title)
    target = QRectF(0, _TITLE, view.canvas.width(), view.canvas.height())
    view.canvas.render(painter, target, view.canvas.viewport().rect())
    footer = QRectF(0, target.bottom(), size.width(), _footer(view))
    view.legend.paint_on(painter, footer)

"""A view as a picture for a file or the clipboard: title, axes, legend, no buttons, no veil."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter

if TYPE_CHECKING:
    from structmask_gui.gui.views.base import PictureView

_TITLE = 24


def render_image(view: PictureView, scale: float) -> QImage:
    """Return a view as a picture.

    Parameters
    ----------
    view : PictureView
        Drawn in the size that it has.
    scale : float
        Pixels of the picture for each pixel on the screen.
    """
    size = _size(view)
    image = QImage(size * scale, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    painter = QPainter(image)
    _paint(view, painter, size)
    painter.end()
    return image


def render_svg(view: PictureView) -> bytes:
    """Return a view as an SVG drawing, in the size that it has."""
    from PySide6.QtSvg import QSvgGenerator

    size = _size(view)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(QPoint(0, 0), size))
    generator.setTitle(view.title)
    painter = QPainter(generator)
    _paint(view, painter, size)
    painter.end()
    buffer.close()
    return bytes(data.data())


def _footer(view: PictureView) -> int:
    return view.legend.height_for(view.canvas.width())


def _size(view: PictureView) -> QSize:
    return QSize(view.canvas.width(), view.canvas.height() + _TITLE + _footer(view))


def _paint(view: PictureView, painter: QPainter, size: QSize) -> None:
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

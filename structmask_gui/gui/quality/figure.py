"""The images that are compared, on the clipboard as one figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPainterPath, QPen

if TYPE_CHECKING:
    from structmask_gui.gui.quality.image_compare import Picture
    from structmask_gui.gui.session.session import Session

_TEXT = 22
"""Height of the text at the scale bar, in pixels."""
_EDGE = 16


def copy_figure(session: Session, pictures: Sequence[Picture], step: int = 1) -> bool:
    """Copy pictures of the open file side by side; False if there are none.

    Of the file's pixels they hold every `step`-th.
    """
    if not pictures:
        return False
    from structmask_gui.io.pictures.figures import HEADING, draw_panels
    from structmask_gui.io.stack.units import pixel_size

    figure = draw_panels([(one.title, one.values, one.levels) for one in pictures])
    form = QImage.Format.Format_RGB888
    # A copy, for the bytes go.
    image = QImage(figure.tobytes(), figure.width, figure.height, 3 * figure.width, form).copy()
    stack = session.state.stack
    size = None if stack is None or not hasattr(stack, "metadata") else pixel_size(stack.metadata)
    if size is not None:
        # All panels have the shape of the first one.
        rows, columns = pictures[0].values.shape
        width = (image.height() - HEADING) * columns / rows
        draw_scale_bar(image, width, step * size[1] * columns)
    QGuiApplication.clipboard().setImage(image)
    return True


def draw_scale_bar(image: QImage, width: float, micrometres: float) -> None:
    """Draw a bar of a round length into the lower right corner of a figure's first panel.

    Parameters
    ----------
    image : QImage
    width : float
        Of the panel, in pixels of the figure.
    micrometres : float
        The same width in the sample.
    """
    most = micrometres / 4
    power = 10.0 ** math.floor(math.log10(most))
    length = max(step * power for step in (1, 2, 5) if step * power <= most)
    bar = QRectF(0, 0, length / micrometres * width, 6)
    bar.moveBottomRight(QRectF(0, 0, width - _EDGE, image.height() - _EDGE).bottomRight())
    text = f"{length:g} µm" if length >= 1 else f"{1000 * length:g} nm"
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.GlobalColor.black)
    painter.setBrush(Qt.GlobalColor.white)
    painter.drawRect(bar)
    # The application's font has the sign of the micrometre.
    font = QGuiApplication.font()
    font.setPixelSize(_TEXT)
    path = QPainterPath()
    path.addText(0, 0, font, text)
    path.translate(bar.center().x() - path.boundingRect().center().x(), bar.top() - 8)
    painter.strokePath(path, QPen(Qt.GlobalColor.black, 4))
    painter.fillPath(path, Qt.GlobalColor.white)
    painter.end()

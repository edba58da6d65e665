"""Icons drawn for StructMask as SVG, painted in the palette's colours so that dark mode keeps them.

The drawings use ``currentColor`` for lines and ``#accent`` for the one coloured part.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
    QPixmapCache,
)

from structmask_gui.io.files.locations import resource

_SIZES = (20, 40)
_OWN_SIZES = (16, 32, 48, 128)


@cache
def _drawing(name: str) -> str:
    return resource(f"icons/{name}.svg").read_text(encoding="utf-8")


def icon(name: str) -> QIcon:
    """Return an icon in the colours of the application's present palette."""
    palette = QGuiApplication.palette()
    accent = palette.color(QPalette.ColorRole.Link)
    text = palette.color(QPalette.ColorRole.ButtonText)
    faint = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    made = QIcon()
    for size in _SIZES:
        made.addPixmap(_painted(name, size, text, accent), QIcon.Mode.Normal)
        made.addPixmap(_painted(name, size, faint, faint), QIcon.Mode.Disabled)
    return made


def application_icon() -> QIcon:
    """Return the program's own icon, which has colours of its own."""
    made = QIcon()
    for size in _OWN_SIZES:
        made.addPixmap(_rendered(_drawing("structmask"), size))
    return made


def _painted(name: str, size: int, text: QColor, accent: QColor) -> QPixmap:
    # The buttons of the docks ask for theirs dozens of times while the window is put together.
    key = f"structmask/{name}/{size}/{text.name()}/{accent.name()}"
    pixmap = QPixmap()
    if not QPixmapCache.find(key, pixmap):
        svg = _drawing(name).replace("currentColor", text.name()).replace("#accent", accent.name())
        pixmap = _rendered(svg, size)
        QPixmapCache.insert(key, pixmap)
    return pixmap


def _rendered(svg: str, size: int) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap

"""Makes the program's icon in all forms from its drawings."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

DRAWINGS = Path(__file__).parents[1] / "resources" / "icons"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512, 1024)
_CRISP = (16, 32)
"""Sizes at which the drawing made for few pixels is used."""


def render(size: int) -> bytes:
    """Return the icon as a square PNG of a size."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    name = "app-small.svg" if size in _CRISP else "structmask.svg"
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray((DRAWINGS / name).read_bytes())).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def make(folder: Path) -> None:
    """Write app-SIZE.png, app.ico (Windows) and app.icns (macOS) into a folder."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    pictures = {}
    for size in SIZES:
        data = render(size)
        (folder / f"app-{size}.png").write_bytes(data)
        pictures[size] = Image.open(io.BytesIO(data))
    ico = [pictures[size] for size in SIZES if size <= 256]
    ico[-1].save(
        folder / "app.ico", sizes=[picture.size for picture in ico], append_images=ico[:-1]
    )
    others = [pictures[size] for size in SIZES if size < 1024]
    pictures[1024].save(folder / "app.icns", append_images=others)


if __name__ == "__main__":
    make(Path(sys.argv[1]))

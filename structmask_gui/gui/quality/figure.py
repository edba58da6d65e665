"""The images that are compared, on the clipboard as one figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication, QImage

if TYPE_CHECKING:
    from structmask_gui.gui.quality.image_compare import Picture
    from structmask_gui.gui.session.session import Session


def copy_figure(session: Session, pictures: Sequence[Picture], step: int = 1) -> bool:
    """Copy pictures of the open file side by side; False if there are none.

    Of the file's pixels they hold every `step`-th.
    """
    if not pictures:
        return False
    from structmask_gui.io.pictures.figures import draw_panels
    from structmask_gui.io.stack.units import pixel_size

    stack = session.state.stack
    size = None if stack is None or not hasattr(stack, "metadata") else pixel_size(stack.metadata)
    width = None if size is None else step * size[1]
    figure = draw_panels([(one.title, one.values, one.levels) for one in pictures], width)
    form = QImage.Format.Format_RGB888
    image = QImage(figure.tobytes(), figure.width, figure.height, 3 * figure.width, form)
    # A copy, for the bytes go.
    QGuiApplication.clipboard().setImage(image.copy())
    return True

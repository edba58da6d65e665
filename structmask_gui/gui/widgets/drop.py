"""Files that are dragged onto a widget."""

from PySide6.QtGui import QDropEvent


def dropped(event: QDropEvent) -> list[str]:
    """Return the files and folders of this computer that are dragged or dropped."""
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]

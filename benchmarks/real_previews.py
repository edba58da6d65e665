"""Draw what the masks of three real images will do, for the guide.

The images are test data, not part of the project; without ../shared there is nothing to draw.

    QT_QPA_PLATFORM=offscreen python benchmarks/real_previews.py
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["STRUCTMASK_HOME"] = tempfile.mkdtemp(prefix="structmask-pictures-")

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data" / "real"
NAMES = ("h5", "d2", "h2")


def main() -> int:
    from PySide6.QtCore import QEventLoop, QTimer

    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.gui import app as program
    from structmask_gui.gui.desktop.settings import Settings

    if not REAL.is_dir():
        print(f"{REAL} is not there; nothing is drawn.")
        return 1

    def rest(milliseconds: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    app = program.make_application()
    window = program.make_window(app, Settings())
    window.show()
    window.complete()
    for dock in window.docks.values():
        dock.hide()
    window.resize(2100, 900)
    session, views = window.session, window.views
    session.edits.restore_parameters(
        Parameters(method="statistical", source="automatic", mask_choice="recommended")
    )
    for name in NAMES:
        (path,) = REAL.glob(f"{name}_*")
        session.open(path)
        while (
            session.state.extraction is None
            or session.state.stale
            or session.state.busy
            or session.state.stack is None
        ):
            rest(50)
        rest(3000)
        picture = ROOT / "docs" / "images" / f"real-{name}.png"
        views.pictures.grab().save(str(picture))
        print(picture, session.state.extraction.sentence)
    window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

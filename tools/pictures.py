"""`make pictures`: the program draws the pictures of its own documentation, from real widgets."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structmask_gui.gui.window.main_window import MainWindow

FOLDER = Path("docs") / "images"
_SIZE, _WHY = (1280, 800), (896, 560)
_TIMEOUT = 60_000
_REST = 400


def main(argv: Sequence[str] | None = None) -> int:
    """Draw all pictures into a folder and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    folder = Path(arguments[0]) if arguments else FOLDER
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from guide_pictures import draw_steps

    from structmask_gui.gui import app
    from structmask_gui.gui.desktop import logs, places, qt_libraries
    from structmask_gui.gui.desktop.settings import Settings
    from structmask_gui.gui.window.why import WhyDialog

    sample = places.sample_stack()
    if sample is None:
        qt_libraries.complain(
            "error: the sample is missing from this installation; install it again."
        )
        return 2
    application = app.make_application()
    logs.log_qt_messages()
    window = app.make_window(application, Settings(browser_folder=str(sample.parent)))
    window.saves_settings = False
    window.resize(*_SIZE)
    window.show()
    window.complete()
    app.begin(window, [])
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    _rest()
    window.grab().save(str(folder / "start.png"))
    window.session.open(sample)
    if not _settle(window):
        qt_libraries.complain(
            f"error: {window.session.state.error or 'the sample was not measured in time'}"
        )
        return 2
    for theme in ("light", "dark"):
        window.theme.choose(theme)
        _settle(window)
        window.grab().save(str(folder / f"window-{theme}.png"))
    window.theme.choose("light")
    why = WhyDialog(window, window.session)
    why.resize(*_WHY)  # the screen offscreen is smaller than any
    why.show()
    _rest()
    why.grab().save(str(folder / "why.png"))
    why.close()
    # From here on the published method, whose steps the guide explains.
    window.session.edits.set_parameter("method", "ring")
    _settle(window)
    views = window.views
    for name, view in (
        ("image", views.image),
        ("autocorrelation", views.autocorrelation),
        ("rings", views.rings),
        ("mask", views.mask_view),
    ):
        view.render_image().save(str(folder / f"{name}.png"))
    window.session.pinned.keep_present()
    window.session.edits.set_parameter("max_true_pixels", 3)
    window.show_panel("compare")
    _settle(window)
    window.docks["compare"].grab().save(str(folder / "compare.png"))
    window.docks["compare"].hide()
    draw_steps(window, folder, lambda: _settle(window))
    window.close()
    for path in sorted(folder.glob("*.png")):
        print(path)
    return 0


def _settle(window: MainWindow) -> bool:
    """Wait until the result is there and everything is painted; False if it does not come."""
    from PySide6.QtCore import QElapsedTimer, QEventLoop, QTimer

    loop, clock = QEventLoop(), QElapsedTimer()
    clock.start()
    session = window.session
    live = window.views.preview.live
    while (
        session.state.extraction is None
        or session.state.stale
        or session.state.busy
        or not live.current
    ):
        if session.state.error or clock.elapsed() > _TIMEOUT:
            return False
        QTimer.singleShot(20, loop.quit)
        loop.exec()
    _rest()
    return True


def _rest() -> None:
    """Let what was asked for last be painted."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(_REST, loop.quit)
    loop.exec()


if __name__ == "__main__":
    sys.exit(main())

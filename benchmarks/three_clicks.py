"""From the sample to a denoised stack in the window: real clicks, timed.

``python benchmarks/three_clicks.py`` starts the window with fresh settings, clicks *Open the
sample* and *Denoise here* in its toolbar, ticks and starts if it is asked, and waits until the
denoised stack is on the screen. It exits with 1 if that took more than three clicks or 30 s.
``--picture FILE`` keeps what was on the screen then.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["STRUCTMASK_HOME"] = tempfile.mkdtemp(prefix="structmask-clicks-")

CLICKS, SECONDS = 3, 30.0
_LONGEST = 300.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QToolButton, QWidget

    from structmask_gui.gui import app as program
    from structmask_gui.gui.desktop.settings import Settings
    from structmask_gui.gui.quality.denoise_window import DenoiseWindow

    app = program.make_application()
    window = program.make_window(app, Settings())
    window.resize(1280, 800)
    window.show()
    window.complete()
    program.begin(window, [])
    app.processEvents()
    clicks: list[tuple[str, float]] = []
    begun, processor = time.monotonic(), time.process_time()

    def click(widget: QWidget, name: str) -> None:
        if not (widget.isVisible() and widget.isEnabled()):
            raise SystemExit(f"{name} cannot be clicked")
        clicks.append((name, time.monotonic() - begun))
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=widget.rect().center())

    def wait(done: Callable[[], bool], what: str) -> None:
        while not done():
            if time.monotonic() - begun > _LONGEST:
                raise SystemExit(f"{what}: not after {_LONGEST:.0f} s")
            app.processEvents()
            time.sleep(0.005)

    def tool(name: str) -> QToolButton:
        action = window.actions_by_id[name]
        return next(b for b in window.findChildren(QToolButton) if b.defaultAction() is action)

    click(tool("open_sample"), "Open the sample")
    session = window.session
    wait(lambda: session.state.mask is not None and not session.state.stale, "the mask")
    print(f"mask after {time.monotonic() - begun:.1f} s")
    click(tool("denoise"), "Denoise here")
    wait(lambda: any(isinstance(w, DenoiseWindow) for w in app.topLevelWidgets()), "its window")
    shown = next(w for w in app.topLevelWidgets() if isinstance(w, DenoiseWindow))
    wait(lambda: shown.denoising.phase in ("asking", "learning", "done"), "the first look")
    if shown.denoising.phase == "asking":
        for tick in shown.ticks.values():
            click(tick, "tick")
        click(shown.start_button, "Start")
    wait(lambda: len(shown.panes.pictures) == 3, "the first picture")
    print(f"first picture after {time.monotonic() - begun:.1f} s")
    wait(lambda: shown.denoising.phase == "done", "the result")
    shown.repaint()
    seconds = time.monotonic() - begun
    if options.picture is not None:
        for _ in range(20):
            app.processEvents()
            time.sleep(0.02)
        shown.grab().save(str(options.picture))
    print(
        f"{len(clicks)} clicks (at most {CLICKS}):"
        f" {', '.join(f'{name} at {at:.1f} s' for name, at in clicks)}; denoised and on the screen"
        f" after {seconds:.1f} s (at most {SECONDS:.0f}), {time.process_time() - processor:.1f}"
        " CPU-s"
    )
    window.close()
    app.processEvents()
    return 0 if len(clicks) <= CLICKS and seconds <= SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())

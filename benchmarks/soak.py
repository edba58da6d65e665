"""Hold the window under water: 10,000 repaints and 500 extractions in one process.

Nothing may crash; after a warm-up of 50 of each, memory may not grow by more than 5 %, and neither
threads nor widgets may be left over.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["STRUCTMASK_HOME"] = tempfile.mkdtemp(prefix="structmask-soak-")

import numpy as np
import psutil

WARM_UP = 50
GROWTH = 1.05


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repaints", type=int, default=10_000)
    parser.add_argument("--extractions", type=int, default=500)
    options = parser.parse_args()
    from structmask_gui.gui import app as program
    from structmask_gui.gui.desktop.settings import Settings

    app = program.make_application()
    window = program.make_window(app, Settings())
    window.resize(1280, 800)
    window.show()
    window.complete()
    for name in window.docks:
        window.panel(name)
    process = psutil.Process()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number in range(2):
            path = Path(folder) / f"{number}.npy"
            rng = np.random.default_rng(number)
            np.save(path, rng.integers(0, 4000, (4, 256, 256)).astype(np.uint16))
            paths.append(path)
        extract(app, window, paths, WARM_UP)
        repaint(app, window, WARM_UP)
        settle(app, window)
        gc.collect()
        before = state(app, process)
        extract(app, window, paths, options.extractions)
        middle = state(app, process)
        repaint(app, window, options.repaints)
        gc.collect()
        app.processEvents()
        after = state(app, process)
        window.close()
    print(f"{options.extractions} extractions and {options.repaints} repaints in", end=" ")
    print(f"{time.perf_counter() - begun:.0f} s")
    bad = 0
    for name in before:
        grew = after[name] / before[name]
        limit = GROWTH if name == "memory_MB" else 1.0
        verdict = "" if grew <= limit else "   LEAK"
        bad += bool(verdict)
        print(
            f"{name:12} after warm-up {before[name]:9.1f}, after extractions {middle[name]:9.1f},"
            f" at the end {after[name]:9.1f}, grown {100 * (grew - 1):+.1f} %{verdict}"
        )
    return 1 if bad else 0


def state(app: Any, process: psutil.Process) -> dict[str, float]:
    """Return memory, threads and widgets of this process."""
    return {
        "memory_MB": process.memory_info().rss / 2**20,
        "threads": process.num_threads(),
        "py_threads": threading.active_count(),
        "widgets": len(app.allWidgets()),
    }


def settle(app: Any, window: Any) -> None:
    """Wait until preview and figures have worked: on a fast machine they begin after warming up."""
    end = time.monotonic() + 30
    while not (window.session.quality.current and window.views.preview.live.current):
        app.processEvents()
        if time.monotonic() > end:
            raise TimeoutError("the preview did not come")
        time.sleep(0.0005)


def extract(app: Any, window: Any, paths: list[Path], times: int) -> None:
    """Open and measure, in turns with changes of the sampling that measure again."""
    session = window.session
    for number in range(times):
        done: list[Any] = []

        def note(extraction: Any, done: list[Any] = done) -> None:
            if extraction is not None:
                done.append(extraction.parameters.seed)

        session.extraction_changed.connect(note)
        if number % 5 == 0:
            session.open(paths[number // 5 % 2])
        else:
            session.edits.set_parameters({"layout": "random", "seed": number})
        end = time.monotonic() + 30
        while not done or session.state.busy or session.state.stale:
            app.processEvents()
            if time.monotonic() > end:
                raise TimeoutError(f"extraction {number} did not end")
            time.sleep(0.0005)
        session.extraction_changed.disconnect(note)
        if number % 50 == 0:
            session.history.clear()


def repaint(app: Any, window: Any, times: int) -> None:
    """Move sliders, frames, ring highlight, colours and theme; each change is painted."""
    session = window.session
    rng = np.random.default_rng(3)
    names = ("viridis", "magma", "cividis", "grey")
    for number in range(times):
        kind = number % 8
        if kind < 4:
            session.edits.set_parameter("base_percentile", float(rng.integers(30, 71)))
        elif kind == 4:
            session.set_frame(int(rng.integers(0, 4)))
        elif kind == 5:
            session.hover_ring(int(rng.integers(-1, 5)))
        elif kind == 6:
            session.edits.set_parameter("center_size", int(rng.integers(7, 26)))
        elif number % 200 == 7:
            window.theme.choose("dark" if number % 400 == 7 else "light")
        else:
            session.set_colormap(names[number % 4])
        for view in window.views.views:
            view.canvas.viewport().repaint()
        app.processEvents()
        if number % 500 == 0:
            session.history.clear()


if __name__ == "__main__":
    sys.exit(main())

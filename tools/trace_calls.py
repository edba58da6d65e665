"""How many files one reads on the way from a call to its result, and how often one turns back.

Three ways are walked with the bundled sample, in a process with one thread of work:

- opening: from ``open_stack`` to the first frame;
- measuring: from ``measure_correlation`` to its result, frames in memory;
- writing: from the exporter of the session to a mask that stands on the disk (NPY, PNG, record).

The walk is that of a reader who follows each function the first time it is called: the sequence of
files in which the package's functions lie, each function at its first call, without comprehensions
and imports. A *return* is a step into another file that was entered before and has been left since.
Of the writing only the chain of callers counts, from the exporter's call down to the call that puts
the file in its place, the longest of the three files; what else an export asks for (which frames,
which checksum) is in the line below it, without a bar.

    python tools/trace_calls.py [--list] [--every]

``--list`` prints the files in order, ``--every`` counts each call and not only first ones. The
columns "before" have the figures of 7c23e8f, before the package was laid out anew.
Exits with 1 if a bar is missed.

The bars were set when another counting gave 22 files and 36 returns for the opening, and 20 and 64
for the measuring. This one comes near to it but does not repeat it: 16 and 21, 26 and 59.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = f"structmask_gui{os.sep}"
SAMPLE = ROOT / "resources" / "sample" / "cells_scanlines.ome.tif"

PLACES = {
    "open_stack": ("io.open", "io.images"),
    "measure_correlation": ("core.statistical.measure", "core.noise"),
    "ArrayFrames": ("core.stack.frames", "core.frames"),
    "Session": ("gui.session.session", "gui.session"),
    "Exporter": ("gui.export.exporter", "gui.exporting"),
}
"""Where each name is looked for; the first module that has it counts."""

BARS = {"opening": (15, 15), "measuring": (20, 30), "writing": (6, 0)}
"""Most files and returns."""

BEFORE = {
    "opening": (16, 21),
    "measuring": (26, 59),
    "writing": (4, 1),
    "all of an export": (18, 18),
}
"""Files and returns at 7c23e8f."""


def find(name: str) -> Any:
    for place in PLACES[name]:
        try:
            return getattr(import_module(f"structmask_gui.{place}"), name)
        except (ImportError, AttributeError):
            continue
    raise SystemExit(f"{name}: is in none of {', '.join(PLACES[name])}; add where it is to PLACES.")


def file_of(frame: FrameType) -> str | None:
    """Return a frame's file within the package, or None outside it and for what is no function."""
    code = frame.f_code
    _, inside, name = code.co_filename.rpartition(PACKAGE)
    function = code.co_name == "<lambda>" or not code.co_name.startswith("<")
    return name.replace(os.sep, "/") if inside and function and name.endswith(".py") else None


@dataclass
class Trace:
    """The calls of the package's functions and the chains of callers down to each written file."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    chains: list[list[str]] = field(default_factory=list)

    def __call__(self, frame: FrameType, event: str, called: Any) -> None:
        """Take an event of the interpreter; see `sys.setprofile`."""
        if event == "call" and (name := file_of(frame)) is not None:
            self.calls.append((name, frame.f_code.co_qualname))
        elif event == "c_call" and called in (os.replace, os.rename, os.link):
            chain: list[str] = []
            above: FrameType | None = frame
            while above is not None:
                if (name := file_of(above)) is not None:
                    chain.insert(0, name)
                above = above.f_back
            if chain:
                self.chains.append(chain)

    def walk(self, *, every: bool) -> list[str]:
        """Return the files in order, one after the other, each function at its first call."""
        calls = self.calls if every else list(dict.fromkeys(self.calls))
        return steps([name for name, _ in calls])


def steps(names: Sequence[str]) -> list[str]:
    return [name for i, name in enumerate(names) if i == 0 or name != names[i - 1]]


def counted(walk: Sequence[str]) -> tuple[int, int]:
    """Count the files and the returns."""
    files = len(set(walk))
    return files, len(walk) - files


def traced(work: Callable[[], object]) -> Trace:
    trace = Trace()
    _in_qt_threads(trace)
    threading.setprofile(trace)
    sys.setprofile(trace)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        _in_qt_threads(None)
    return trace


_profiles: dict[str, Trace | None] = {}


def _in_qt_threads(trace: Trace | None) -> None:
    """Profile the threads that Qt starts, too; Python's own hook does not know of them."""
    if "PySide6.QtCore" not in sys.modules:
        return
    from PySide6.QtCore import QThread

    _profiles["present"] = trace
    for kind in QThread.__subclasses__():
        if "run" in vars(kind) and not hasattr(kind.run, "profiled"):
            kind.run = _profiled(kind.run)  # type: ignore[method-assign]


def _profiled(run: Callable[[Any], None]) -> Callable[[Any], None]:
    def profiled(thread: Any) -> None:
        sys.setprofile(_profiles["present"])
        run(thread)

    profiled.profiled = True  # type: ignore[attr-defined]
    return profiled


def opening() -> Trace:
    open_stack = find("open_stack")
    stacks: list[Any] = []

    def work() -> None:
        stacks.append(open_stack(SAMPLE))
        stacks[0].read(0)

    trace = traced(work)
    stacks[0].close()
    return trace


def measuring() -> Trace:
    import numpy as np

    from structmask_gui import Parameters

    with find("open_stack")(SAMPLE) as stack:
        frames = np.stack([stack.read(i) for i in range(stack.n_frames)])
    measure, parameters = find("measure_correlation"), Parameters.checked(method="statistical")
    memory = find("ArrayFrames")(frames, "sample")
    return traced(lambda: measure(memory, parameters))


def writing(folder: Path) -> tuple[list[str], Trace]:
    """Return the longest chain of callers down to a written file, and the trace of the export."""
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    session = find("Session")()
    exporter = find("Exporter")(session)
    loop = QEventLoop()
    problems: list[str] = []
    for signal in (session.failed, session.bug):
        signal.connect(problems.append)
        signal.connect(loop.quit)
    session.busy_changed.connect(
        lambda busy: busy or session.state.extraction is None or loop.quit()
    )
    QTimer.singleShot(60_000, loop.quit)
    session.open(SAMPLE)
    loop.exec()
    exporter.written.connect(loop.quit)
    files = {form: folder / f"mask.{form}" for form in ("npy", "png", "json")}

    def work() -> None:
        exporter.export(files)
        loop.exec()

    trace = traced(work)
    exporter.close()
    session.close()
    application.processEvents()
    if problems or not all(path.exists() for path in files.values()):
        raise SystemExit(f"The sample was not exported: {problems or 'no answer'}.")
    asked = trace.calls[0][0]
    chains = [steps([asked, *chain]) for chain in trace.chains]
    return max(chains, key=lambda chain: (counted(chain)[::-1], len(chain))), trace


def table(walks: dict[str, list[str]]) -> tuple[str, bool]:
    """Return the table and whether every bar is met."""
    lines = ["way               files  before  at most   returns  before  at most"]
    met = True
    for way, walk in walks.items():
        line = f"{way:<16}"
        bars = BARS.get(way, (None, None))
        for number, before, most in zip(counted(walk), BEFORE[way], bars, strict=True):
            line += f"{number:>7}{before:>8}{'' if most is None else most:>9}   "
            met &= most is None or number <= most
        lines.append(line.rstrip())
    return "\n".join(lines), met


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="print the files in order")
    parser.add_argument("--every", action="store_true", help="count every call")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # One thread of work, so that the order of the calls is always the same.
    os.cpu_count = lambda: 1
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STRUCTMASK_HOME"] = folder
        walks = {
            "opening": opening().walk(every=options.every),
            "measuring": measuring().walk(every=options.every),
        }
        walks["writing"], export = writing(Path(folder))
        walks["all of an export"] = export.walk(every=options.every)
    if options.list:
        for way, walk in walks.items():
            print(f"{way}:")
            for i, name in enumerate(walk):
                print(f"  {name}{'  (return)' if name in walk[:i] else ''}")
    text, met = table(walks)
    print(text)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())

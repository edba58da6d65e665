"""The self-test of the finished program: what a user does in it, done once, with a report.

``StructMask --self-test FOLDER`` starts the window as always, with the first image of FOLDER/input,
and then: waits for the mask, looks at every view and panel, opens every dialog, exports in every
form and keeps a preset. A second start must find that preset. Each start writes FOLDER/start-1 or
FOLDER/start-2 with the exported files, pictures and report.json; the exit code is 1 if anything
went wrong. `packaging/bundle_test.py` runs it on the bundle and on the source and compares.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QPixmap
from PySide6.QtWidgets import QApplication, QDialog, QPushButton

from structmask_gui.core.errors import InputError
from structmask_gui.gui import app
from structmask_gui.gui.batch.window import BatchWindow
from structmask_gui.gui.desktop import logs
from structmask_gui.gui.export.exporter import FORMS
from structmask_gui.gui.export.work import Result
from structmask_gui.gui.selftest.guide import look_through
from structmask_gui.gui.selftest.starts import first_paint, main_window, open_guide
from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.window.actions import ACTIONS
from structmask_gui.gui.window.help_dialogs import AboutDialog
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.files.locations import guide_page

PRESET = "Self-test of the bundle, für später"

_LIMIT = 120.0
# They end the program, close the file the other actions need, or start another program.
_NOT_TRIED = {"quit", "close_file", "full_screen", "cancel"}
_STARTS_OTHERS = {"open_preset_folder", "open_log_folder", "guide"}
_ALSO_DIALOGS = {"shortcuts", "about"}
_SIZE = (1280, 800)


class Failed(Exception):
    """Something did not come about."""


def main(arguments: Sequence[str]) -> int:
    """Run ``--self-test FOLDER``, ``--first-paint`` or ``--open-guide``; return the exit code."""
    if arguments[0] == "--first-paint":
        return first_paint()
    if arguments[0] == "--open-guide":
        return open_guide()
    if len(arguments) != 2:
        print("usage: StructMask --self-test FOLDER", file=sys.stderr)
        return 2
    return SelfTest(Path(arguments[1])).run()


class SelfTest:
    """One start of the self-test, in a folder that holds input/ with an image."""

    def __init__(self, folder: Path) -> None:
        self._number = 2 if (folder / "start-1" / "report.json").exists() else 1
        self._input = next(iter(sorted((folder / "input").glob("*"))), None)
        self._out = folder / f"start-{self._number}"
        self._failures: list[str] = []
        self._report: dict[str, Any] = {"start": self._number}
        self._window: MainWindow

    def run(self) -> int:
        """Start the program, do everything, write the report; return the exit code."""
        if self._input is None:
            print("error: the folder has no input/ with an image.", file=sys.stderr)
            return 2
        (self._out / "pictures").mkdir(parents=True, exist_ok=True)
        # Dialogs of the system cannot be seen from inside.
        QGuiApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
        application = app.make_application()
        QTimer.singleShot(0, application, self._go)
        code = app.run([str(self._input)])
        if code:
            self._failures.append(f"the program ended with exit code {code}")
        self._report |= _surroundings()
        self._report["failures"] = self._failures
        text = json.dumps(self._report, indent=1, ensure_ascii=False)
        (self._out / "report.json").write_text(text, encoding="utf-8")
        for failure in self._failures:
            print(f"self-test: {failure}", file=sys.stderr)
        if not self._failures:
            print(f"self-test, start {self._number}: {self._report['sentence']}")
        return 1 if self._failures else 0

    def _go(self) -> None:
        self._window = main_window()
        self._window.resize(*_SIZE)
        try:
            self._window.complete()
            for step in (
                self._find_presets,
                self._extract,
                self._look_at_views,
                self._look_at_panels,
                self._export,
                self._act,
                self._keep_preset,
                self._open_inner_dialogs,
                self._read_licences,
                self._read_guide,
                self._read_log,
            ):
                step()
        except Failed as failure:
            self._failures.append(str(failure))
        except Exception:
            self._failures.append(traceback.format_exc())
        finally:
            self._picture(self._window.grab(), "window")
            for dialog in _dialogs():
                dialog.close()
            self._window.close()

    # --- steps --------------------------------------------------------------------------------

    def _find_presets(self) -> None:
        panel = self._window.show_panel("presets")
        names = [preset.name for preset in panel.presets.all()]
        self._report["presets"] = names
        if len([name for name in names if name != PRESET]) < 8:
            raise Failed(f"built-in presets are missing: {names}")
        if (PRESET in names) != (self._number == 2):
            raise Failed(f"at start {self._number} the presets are {names}")
        if self._number == 2:
            panel.presets.apply_named(PRESET)
            if self._window.session.state.parameters.max_true_pixels != 5:
                raise Failed("the preset that was found is not the one that was saved")

    def _extract(self) -> None:
        session = self._window.session
        _wait(lambda: session.state.stack is not None or self._error() != "", "the stack")
        if self._number == 1:
            self._settle()
            if session.state.extraction is None or session.state.parameters.method != "statistical":
                raise Failed("a first start does not measure with the preset automatic")
            self._report["first sentence"] = session.state.extraction.sentence
        session.edits.set_parameter("method", "ring")
        self._window.actions_by_id["reset_parameters"].trigger()
        self._settle()
        extraction = session.state.extraction
        assert extraction is not None
        self._report["sentence"] = extraction.sentence

    def _settle(self) -> None:
        """Wait for a result that is up to date; a refusal by the program ends the wait."""
        session = self._window.session

        def fresh() -> bool:
            done = (
                session.state.extraction is not None
                and not session.state.stale
                and not session.state.busy
            )
            return done or self._error() != ""

        _wait(fresh, "the result")
        if self._error():
            raise Failed(f"the program says: {self._error()}")

    def _error(self) -> str:
        return self._window.session.state.error

    def _look_at_views(self) -> None:
        """See every view once; which are there depends on the method."""
        seen: list[str] = []
        self._window.set_tune(True)
        self._window.show_panel("curves")
        for method in ("statistical", "ring"):
            self._window.session.edits.set_parameter("method", method)
            self._settle()
            chooser = self._window.views.tabs
            for index in range(chooser.count()):
                chooser.setCurrentIndex(index)
                _turn()
                for view in self._window.views.views:
                    if view.isVisible() and view.title not in seen:
                        seen.append(view.title)
                        self._look_at(view)
        self._report["views"] = sorted(seen)
        missing = {view.title for view in self._window.views.views} - set(seen)
        if missing:
            raise Failed(f"views that were never visible: {sorted(missing)}")

    def _look_at(self, view: PictureView) -> None:
        self._picture(view.grab(), f"view {view.title}")
        for suffix in ("png", "svg"):
            path = self._out / "pictures" / f"saved {view.title}.{suffix}"
            self._window.views.write_view(view, path)
            if not path.exists() or not path.stat().st_size:
                raise Failed(f"the view {view.title} was not saved as {suffix}")

    def _look_at_panels(self) -> None:
        for name, dock in self._window.docks.items():
            self._window.show_panel(name)
            _turn()
            if not dock.isVisible():
                raise Failed(f"the panel {name} cannot be shown")
            self._picture(dock.grab(), f"panel {name}")
        self._report["panels"] = list(self._window.docks)

    def _export(self) -> None:
        files = {form.id: self._out / f"result_mask{form.ending}.{form.suffix}" for form in FORMS}
        exporter, quality = self._window.exporter, self._window.session.quality
        # A record written earlier has no figures.
        _wait(lambda: quality.current or quality.state == "failed", "the figures of the mask")
        problems: list[str] = []
        self._window.session.failed.connect(problems.append)
        self._window.session.bug.connect(problems.append)
        exporter.export(files)
        _wait(lambda: not exporter.busy, "the export")
        _turn()
        if problems:
            raise Failed(f"export: {problems[0]}")
        for path in files.values():
            if not path.exists() or not path.stat().st_size:
                raise Failed(f"{path.name} was not exported")

    def _act(self) -> None:
        """Trigger every action; those that ask something must open a dialog."""
        dialogs: dict[str, str] = {}
        for info in ACTIONS:
            action = self._window.actions_by_id[info.id]
            if info.id in _NOT_TRIED | _STARTS_OTHERS or not action.isEnabled():
                continue
            action.trigger()
            self._close_dialogs(info.id, dialogs)
            must = info.text.endswith("…") or info.id in _ALSO_DIALOGS
            if must and info.id not in dialogs:
                raise Failed(f"{info.text}: no dialog opened")
            if info.needs != "stack" and not must:
                continue
            self._settle()
        self._report["dialogs"] = dialogs
        self._window.actions_by_id["reset_parameters"].trigger()
        self._settle()

    def _close_dialogs(self, name: str, dialogs: dict[str, str]) -> None:
        _turn()
        for dialog in _dialogs():
            dialogs[name] = f"{type(dialog).__name__}: {dialog.windowTitle()}"
            self._picture(dialog.grab(), f"dialog {name}")
            dialog.close()
        _turn()

    def _keep_preset(self) -> None:
        session = self._window.session
        panel = self._window.show_panel("presets")
        if self._number == 1:
            session.edits.set_parameter("max_true_pixels", 5)
            panel.save_named(PRESET)
            if session.state.preset is None or session.state.preset.name != PRESET:
                raise Failed(f"the preset was not saved: {self._error()}")
        else:
            panel.presets.apply_named(PRESET)
        dialogs: dict[str, str] = self._report["dialogs"]
        for name, action in panel.actions_by_name.items():
            if action.text().endswith("…"):
                action.trigger()
                self._close_dialogs(f"preset {name}", dialogs)
                if f"preset {name}" not in dialogs:
                    raise Failed(f"{action.text()}: no dialog opened")
        self._settle()

    def _open_inner_dialogs(self) -> None:
        """Open the dialogs that no action opens by itself: buttons in others, and questions."""
        window, dialogs = self._window, self._report["dialogs"]
        rows = window.show_panel("parameters").reference_rows
        taken = self._out / "taken"
        taken.mkdir()
        result = Result.of(window.session)
        window.commands.saving.export_into(str(taken), result)
        _wait(lambda: not window.exporter.busy, "the export into a folder")
        openers: dict[str, Callable[[], object]] = {
            "replace files": lambda: window.commands.saving.export_into(str(taken), result),
            "replace preset": lambda: window.show_panel("presets").save_named(PRESET),
            "save view": lambda: window.views.save_view(window.views.views[0]),
            "removal": window.commands.preview_removal,
            **{f"{kind} stack": row.ask for kind, row in rows.items()},
            "bug": lambda: window.show_bug("Traceback of the self-test"),
        }
        for name, opener in openers.items():
            opener()
            self._close_dialogs(name, dialogs)
        window.actions_by_id["batch"].trigger()
        batch = next(d for d in _dialogs() if isinstance(d, BatchWindow))
        buttons = [b for b in batch.findChildren(QPushButton) if b.text().endswith("…")]
        for button in buttons:
            button.click()
            _turn()
            inner = next((d for d in _dialogs() if d is not batch), None)
            if inner is not None:
                name = f"batch {button.text()}"
                dialogs[name] = f"{type(inner).__name__}: {inner.windowTitle()}"
                self._picture(inner.grab(), f"dialog {name}")
                inner.close()
        batch.close()
        missing = {*openers, *(f"batch {b.text()}" for b in buttons)} - set(dialogs)
        if missing or len(buttons) < 3:
            raise Failed(f"dialogs that did not open: {sorted(missing)}, {len(buttons)} buttons")

    def _read_licences(self) -> None:
        """Open the licences from the About dialog, in light and in dark."""
        for theme in ("light", "dark"):
            self._window.actions_by_id[f"theme_{theme}"].trigger()
            self._window.actions_by_id["about"].trigger()
            about = next(d for d in _dialogs() if isinstance(d, AboutDialog))
            shown = about.show_licences()
            _turn()
            if not shown.isVisible() or "BSD 3-Clause" not in shown.text:
                raise Failed("the licences are not shown")
            self._report["dialogs"]["licences"] = f"{type(shown).__name__}: {shown.windowTitle()}"
            self._report["licences"] = len(shown.text)
            self._picture(about.grab(), f"dialog about {theme}")
            self._picture(shown.grab(), f"dialog licences {theme}")
            shown.close()
            about.close()
            _turn()

    def _read_guide(self) -> None:
        """Look for the pages and pictures of the guide; follow every link between them."""
        try:
            first = guide_page()
        except InputError:
            # The finished program must have it, which the test of the bundle asks for.
            self._report["guide"] = {"pages": 0, "pictures": 0, "on the first": 0, "missing": []}
            return
        found = self._report["guide"] = look_through(first)
        if found["missing"]:
            raise Failed(f"the guide has dead links: {found['missing'][:5]}")

    def _read_log(self) -> None:
        kept = self._window.log_lines.kept
        self._report["warnings"] = [text for level, text in kept if level == logging.WARNING]
        errors = [text for level, text in kept if level > logging.WARNING]
        if errors:
            raise Failed("the log has errors:\n" + "\n".join(errors))
        self._report["log"] = logs.ROOT

    # --- pictures -----------------------------------------------------------------------------

    def _picture(self, picture: QPixmap, name: str) -> None:
        """Save a picture; one that shows a single colour is a failure."""
        safe = "".join(c if c.isalnum() or c in " -_" else "_" for c in name)
        path = self._out / "pictures" / f"{safe}.png"
        if not picture.save(str(path)):
            self._failures.append(f"{path.name} cannot be written")
        image = picture.toImage()
        first = image.pixelColor(0, 0)
        step = max(1, image.width() // 97)
        if all(
            image.pixelColor(x, y) == first
            for y in range(0, image.height(), 3)
            for x in range(0, image.width(), step)
        ):
            self._failures.append(f"{name} is blank")


def _surroundings() -> dict[str, Any]:
    """Return what is loaded into the process and from where."""
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    maps = Path("/proc/self/maps")
    if maps.exists():
        lines = maps.read_text(encoding="utf-8", errors="replace").splitlines()
        files |= {line.split(maxsplit=5)[5] for line in lines if line.count("/") > 1}
    return {
        "executable": sys.executable,
        "frozen": bool(getattr(sys, "frozen", False)),
        "platform": QGuiApplication.platformName(),
        "modules": sorted(sys.modules),
        "files": sorted(str(name) for name in files if name and Path(str(name)).is_absolute()),
    }


def _dialogs() -> list[QDialog]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]


def _turn(seconds: float = 0.05) -> None:
    """Let the program do what it has to do."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)
        time.sleep(0.005)


def _wait(until: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _LIMIT
    while not until():
        if time.monotonic() > end:
            raise Failed(f"waited {_LIMIT:g} s in vain for {what}")
        _turn(0.02)

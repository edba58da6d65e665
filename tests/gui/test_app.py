"""Start, restore, reports, end; and the command that starts it."""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from structmask_gui.__main__ import main
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.gui import app as app_module
from structmask_gui.gui.app import CrashReporter, Interrupt, RunningMark, begin, usable
from structmask_gui.gui.desktop import logs, places, qt_libraries
from structmask_gui.gui.desktop import settings as settings_module
from structmask_gui.gui.desktop.settings import Settings
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.gui.window.restore import kept_mask
from structmask_gui.io.files.locations import config_home
from structmask_gui.version import __version__
from tests.gui.conftest import noise, wait_for_result

# --- settings -------------------------------------------------------------------------------------

TOOLS = Path(__file__).parents[2] / "tools"


def test_settings_come_back(tmp_path: Path):
    path = tmp_path / "deep" / "settings.json"
    saved = Settings(theme="dark", last_files=["a.tif"], last_choices={"axes": "TYX", "series": 1})
    settings_module.save(saved, path)
    assert settings_module.load(path) == saved
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_settings_of_earlier_versions_are_read(tmp_path: Path):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"version": 1, "last_seconds": {"dark": "dark.tif"}}))
    assert settings_module.load(path) == Settings(last_reference_stacks={"dark": "dark.tif"})


def test_settings_written_by_7c23e8f_are_read_whole(caplog):
    old = Path(__file__).parents[1] / "data" / "written_by_7c23e8f" / "settings.json"
    found = settings_module.load(old)
    assert not caplog.records
    assert found.last_reference_stacks == {"dark": "FOLDER/dark.npy"}
    # Parameters that came later have their defaults.
    read = Parameters.checked(found.last_parameters).model_dump()
    assert read == {**Parameters().model_dump(), **found.last_parameters}
    for name, word, shape in (("edit", "edited by hand", (1, 5)), ("pinned", "pinned one", (3, 1))):
        kept = kept_mask(found.last_masks, name)
        assert kept is not None
        assert (kept[0].shape, kept[1]) == (shape, word)
    written = json.loads(old.read_text(encoding="utf-8"))
    renamed, gone = {"last_seconds": "last_reference_stacks"}, {"version", "restore_session"}
    for name in written.keys() - gone:
        assert getattr(found, renamed.get(name, name)) == written[name]


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", '"x"', "\x00\xff", '{"a": ' * 2000, "12", '{"theme": NaN}']
)
def test_a_file_of_nonsense_gives_the_defaults(tmp_path: Path, text: str):
    path = tmp_path / "settings.json"
    path.write_text(text, encoding="latin-1")
    assert settings_module.load(path) == Settings()


def test_bad_fields_are_dropped_one_by_one(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = tmp_path / "settings.json"
    values: dict[str, Any] = {
        "theme": "pink",
        "colormap": "magma",
        "geometry": 7,
        "recent_files": ["a", 3],
        "recent_folders": ["b"],
        "last_choices": {"axes": ["no"]},
        "tune": "yes",
        "unknown": 1,
    }
    path.write_text(json.dumps(values))
    with caplog.at_level(logging.WARNING):
        loaded = settings_module.load(path)
    assert loaded == Settings(colormap="magma", recent_folders=["b"])
    assert "theme, tune, geometry, recent_files, last_choices" in caplog.text


def test_every_field_is_tested():
    assert set(settings_module._GOOD) == set(Settings.__dataclass_fields__)
    for name, good in settings_module._GOOD.items():
        assert good(getattr(Settings(), name)), name
        assert not good(object()), name


def test_recent_files_of_two_windows_are_joined(tmp_path: Path):
    path = tmp_path / "settings.json"
    one, two = Settings(), Settings()
    one.remember_file("a")
    settings_module.save(one, path)
    two.remember_file("b")
    settings_module.save(two, path)
    assert settings_module.load(path).recent_files == ["b", "a"]


def test_recent_files_that_were_taken_out_do_not_come_back(tmp_path: Path):
    path = tmp_path / "settings.json"
    settings_module.save(Settings(recent_files=["a"], recent_folders=["f"]), path)
    settings_module.save(Settings(recent_files=["of another window"]), path)
    settings_module.save(Settings(), path, known=("a", "f"))
    found = settings_module.load(path)
    assert found.recent_files == ["of another window"]
    assert found.recent_folders == []


def test_recent_files_are_unique_and_few():
    settings = Settings()
    for number in range(40):
        settings.remember_file(f"{number % 20}.tif")
    assert len(settings.recent_files) == settings_module.RECENT
    assert settings.recent_files[0] == "19.tif"
    assert len(set(settings.recent_files)) == len(settings.recent_files)


def test_remembered_parameters_are_used_as_far_as_they_are_good():
    parameters = usable({"center_size": 15, "patch_size": -3, "no_such": 1, "adapt_DF": "x"})
    assert parameters.center_size == 15
    assert parameters.patch_size == 64


# --- start and restore ----------------------------------------------------------------------------


def test_the_last_session_comes_back(window: MainWindow, qtbot: QtBot, stack_file: Path):
    window.settings.last_files = [str(stack_file)]
    window.settings.last_parameters = {"center_size": 17}
    window.settings.last_preset = "fine"
    begin(window, [])
    wait_for_result(window.session, qtbot)
    assert window.session.state.parameters.center_size == 17
    assert window.session.state.preset is not None
    assert window.session.state.preset.name == "fine"
    assert window.session.state.preset_modified
    assert not window.session.history.can_undo


def test_a_file_that_is_gone_is_a_sentence(window: MainWindow, qtbot: QtBot):
    window.settings.last_files = ["/nowhere/gone.tif"]
    with qtbot.waitSignal(window.session.failed) as got:
        begin(window, [])
    assert "gone.tif" in got.args[0]


def test_a_file_that_is_asked_for_comes_before_the_last(
    window: MainWindow, qtbot: QtBot, stack_file: Path
):
    window.settings.last_files = ["/nowhere/gone.tif"]
    begin(window, [str(stack_file)])
    wait_for_result(window.session, qtbot)


@pytest.mark.parametrize("asked", [False, True])
def test_a_dark_stack_comes_back_with_its_own_file_only(
    window: MainWindow, qtbot: QtBot, stack_file: Path, tmp_path: Path, asked: bool
):
    for name in ("dark.npy", "other.npy"):
        np.save(tmp_path / name, noise((4, 128, 160)))
    window.settings.last_files = [str(stack_file)]
    window.settings.last_reference_stacks = {"dark": str(tmp_path / "dark.npy")}
    begin(window, [str(tmp_path / "other.npy")] if asked else [])
    wait_for_result(window.session, qtbot)
    qtbot.waitUntil(lambda: not window.session.reference_stacks.busy)
    kept = {} if asked else {"dark": str(tmp_path / "dark.npy")}
    assert window.session.reference_stacks.remembered() == kept


def test_a_first_start_takes_the_automatic_preset(window: MainWindow):
    begin(window, [])
    session = window.session
    assert (session.state.parameters.method, session.state.parameters.source) == (
        "statistical",
        "automatic",
    )
    assert session.state.preset is not None
    assert session.state.preset.name == "automatic"
    assert not session.state.preset_modified
    assert not session.history.can_undo


def test_a_second_start_keeps_the_published_method(window: MainWindow):
    window.settings.last_parameters = Parameters().model_dump()
    begin(window, [])
    assert window.session.state.parameters == Parameters()


def test_the_preset_at_start_is_applied(window: MainWindow):
    window.settings.default_preset = "coarse"
    window.settings.last_parameters = {"center_size": 17}
    begin(window, [])
    assert window.session.state.parameters.center_size == 21
    assert not window.session.state.preset_modified


def test_a_preset_at_start_that_is_gone_is_said(window: MainWindow):
    window.settings.default_preset = "lost"
    begin(window, [])
    assert "lost" in window.statusBar().currentMessage()
    assert window.session.state.preset is not None
    assert window.session.state.preset.name == "automatic"


def test_ctrl_c_quits_and_raises_nothing(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch):
    quits: list[int] = []

    class Fake:
        @staticmethod
        def quit() -> None:
            quits.append(1)

    monkeypatch.setattr(app_module, "QApplication", Fake)
    before = signal.getsignal(signal.SIGINT)
    interrupt = Interrupt()
    interrupt.install()
    try:
        signal.raise_signal(signal.SIGINT)
        assert not quits
        qtbot.waitUntil(lambda: bool(quits))
        assert not interrupt._asked
    finally:
        interrupt.remove()
    assert signal.getsignal(signal.SIGINT) is before


# --- reports --------------------------------------------------------------------------------------


def test_what_nobody_caught_is_reported_from_any_thread(qtbot: QtBot):
    reporter = CrashReporter()
    reporter.install()
    try:
        with qtbot.waitSignal(reporter.caught) as got:
            sys.excepthook(ValueError, ValueError("here"), None)
        assert "here" in got.args[0]

        def fail() -> None:
            raise KeyError("there")

        with qtbot.waitSignal(reporter.caught) as got:
            thread = threading.Thread(target=fail)
            thread.start()
        thread.join()
        assert "there" in got.args[0]
    finally:
        reporter.remove()
    assert sys.excepthook is not reporter._on_exception


@pytest.mark.slow
def test_the_mark_of_a_crash_is_found_once(tmp_path: Path):
    code = (
        "import os, sys; from pathlib import Path; from structmask_gui.gui.app import RunningMark;"
        "m = RunningMark(Path(sys.argv[1])); m.begin(); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=60)
    assert list(tmp_path.glob("running-*"))
    mark = RunningMark(tmp_path)
    assert mark.begin()
    mark.end()
    assert not list(tmp_path.glob("running-*"))
    again = RunningMark(tmp_path)
    assert not again.begin()
    again.end()


@pytest.mark.slow
def test_a_second_start_beside_the_first_is_no_crash(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from structmask_gui.gui.app import RunningMark;"
        "m = RunningMark(Path(sys.argv[1])); m.begin(); print('on', flush=True); input(); m.end()"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    assert first.stdout.readline() == "on\n"
    second = RunningMark(tmp_path)
    assert not second.begin()
    second.end()
    first.communicate("\n", timeout=30)
    assert not list(tmp_path.glob("running-*"))


# --- log ------------------------------------------------------------------------------------------


def test_the_log_goes_to_a_file_and_to_the_lines(qtbot: QtBot):
    lines = logs.start()
    try:
        with qtbot.waitSignal(lines.line) as got:
            logging.getLogger("structmask_gui.test").info("hello")
        assert got.args[0] == logging.INFO
        assert "hello" in got.args[1]
        assert "hello" in places.log_file().read_text()
    finally:
        logs.stop()


def test_a_log_that_cannot_be_written_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("STRUCTMASK_HOME", str(blocked))
    lines = logs.start()
    try:
        assert "cannot be written" in lines.kept[-1][1]
    finally:
        logs.stop()


def test_the_log_panel_filters_and_copies(window: MainWindow, qtbot: QtBot):
    panel = window.show_panel("log")
    assert panel.search.accessibleName()
    window.log_lines.handler.handle(
        logging.LogRecord("structmask_gui", logging.INFO, "", 0, "plain words", (), None)
    )
    window.log_lines.handler.handle(
        logging.LogRecord("structmask_gui", logging.ERROR, "", 0, "a failure", (), None)
    )
    qtbot.waitUntil(lambda: "a failure" in panel.text.toPlainText())
    panel.search.setText("PLAIN")
    assert "plain words" in panel.text.toPlainText()
    assert "failure" not in panel.text.toPlainText()
    panel.search.clear()
    panel.level.setCurrentIndex(1)
    assert "plain words" not in panel.text.toPlainText()
    panel.copy()
    assert "a failure" in QApplication.clipboard().text()


# --- the command ----------------------------------------------------------------------------------


def test_version_is_said(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out


def test_run_opens_the_file_and_ends_with_the_window(
    qapp: QApplication, stack_file: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: list[Any] = []

    def look() -> None:
        windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
        for window in windows:
            if window.isVisible() and window.session.state.extraction is not None:
                seen.append((config_home(), window.session.state.extraction.sentence))
                timer.stop()
                window.close()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(50)
    assert main(["--fresh", str(stack_file)]) == 0
    home, sentence = seen[0]
    assert sentence.startswith("Row")
    assert "structmask-fresh-" in str(home)
    assert not home.exists()


@pytest.mark.slow
def test_only_the_gui_thread_looks_for_garbage(qapp: QApplication):
    deleted_by: list[threading.Thread] = []

    class Knot:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            deleted_by.append(threading.current_thread())

    def litter() -> None:
        for _ in range(1000):
            Knot()
        [[] for _ in range(100_000)]

    def look() -> None:
        windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
        shown = [window for window in windows if window.isVisible()]
        if deleted_by:
            timer.stop()
            for window in shown:
                window.close()
        elif shown and not gc.isenabled():
            thread = threading.Thread(target=litter)
            thread.start()
            thread.join()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(50)
    assert main(["--fresh"]) == 0
    assert set(deleted_by) == {threading.main_thread()}
    assert gc.isenabled()


def test_no_screen_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert main([]) == 2
    assert "no screen" in capsys.readouterr().err
    assert gc.isenabled()


def test_missing_libraries_are_named_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(
        qt_libraries, "_loads", lambda name: "EGL" not in name and "cursor" not in name
    )
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    assert main([]) == 2
    said = capsys.readouterr().err
    assert "libEGL.so.1" in said
    assert "apt-get install -y libegl1 libxcb-cursor0" in said


@pytest.mark.slow
def test_the_command_leaves_qt_alone_until_it_is_needed():
    code = (
        "import sys, structmask_gui.__main__;"
        "assert not any(m.startswith('PySide6') for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.slow
def test_what_is_imported_before_the_first_paint():
    code = (
        "import sys; from structmask_gui.gui import app;"
        "heavy = {'scipy', 'skimage', 'tifffile', 'PIL', 'pydantic', 'imagecodecs'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# --- the demonstration ----------------------------------------------------------------------------


def run_demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    return subprocess.run(
        [sys.executable, str(TOOLS / "demo.py"), *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.slow
def test_the_demonstration_writes_four_files(tmp_path: Path):
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    made = {path.name for path in (tmp_path / "build" / "demo").iterdir()}
    assert made == {"window.png", "mask.npy", "mask.png", "mask.json"}
    for name in made:
        assert str(tmp_path / "build" / "demo" / name) in done.stdout
    mask = np.load(tmp_path / "build" / "demo" / "mask.npy")
    assert mask[mask.shape[0] // 2, mask.shape[1] // 2]


@pytest.mark.slow
def test_the_demonstration_of_a_bad_file_is_a_sentence(tmp_path: Path):
    (tmp_path / "empty.tif").write_bytes(b"")
    done = run_demo(tmp_path, "empty.tif")
    assert done.returncode == 2
    assert done.stderr.startswith("error: empty.tif")
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "build").exists()


def test_a_command_is_answered_by_the_command_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["presets", "list"]) == 0
    assert "conservative" in capsys.readouterr().out
    assert main(["info", str(tmp_path / "none.tif")]) == 2
    assert "none.tif" in capsys.readouterr().err

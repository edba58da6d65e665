"""The application once, a stack on disk, a window that is closed properly after each test."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot
from scipy.ndimage import gaussian_filter

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.gui.app import make_application, make_window
from structmask_gui.gui.desktop.logs import LogLines
from structmask_gui.gui.desktop.settings import Settings
from structmask_gui.gui.session import worker
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.window.main_window import MainWindow

SIZE = (1280, 800)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            # Said by the offscreen platform of every window; nothing is wrong.
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support", extend=True))


@pytest.fixture(scope="session")
def qapp() -> Any:
    """Give pytest-qt the application as the program makes it."""
    return make_application()


def noise(shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    """Return noise that is correlated along rows, as 16-bit pixels."""
    white = np.random.default_rng(seed).normal(size=shape)
    rows = white + 0.7 * np.roll(white, 1, axis=-1) + 0.5 * np.roll(white, 2, axis=-1)
    return (1000 + 50 * rows).astype(np.uint16)


def one_frame() -> np.ndarray:
    """Return a frame of smooth structure and noise along the rows: which is which, none tells."""
    rng = np.random.default_rng(0)
    structure = gaussian_filter(rng.normal(size=(128, 128)), 3)
    white = rng.normal(size=(128, 132))
    rows = np.lib.stride_tricks.sliding_window_view(white, 5, axis=1).mean(axis=2)
    return (200 + 60 * structure / structure.std() + 20 * rows).astype(np.float32)


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    """Return a stack of 4 frames of 128 x 160 pixels with horizontal noise."""
    path = tmp_path / "rows.npy"
    np.save(path, noise((4, 128, 160)))
    return path


@pytest.fixture
def make_main_window(qtbot: QtBot) -> Iterator[Callable[..., MainWindow]]:
    """Make windows that are completed, shown, and closed after the test."""
    made: list[MainWindow] = []

    def make(settings: Settings | None = None, session: Session | None = None) -> MainWindow:
        window = make_window(make_application(), settings or Settings(), LogLines(), session)
        qtbot.addWidget(window)
        made.append(window)
        window.resize(*SIZE)  # whatever the screen of the tests is
        window.show()
        window.complete()
        return window

    yield make
    for window in made:
        window.close()


@pytest.fixture
def window(request: pytest.FixtureRequest) -> MainWindow:
    """Return a window without a file; modules marked `one_window` share one, put back as it was."""
    if request.node.get_closest_marker("one_window"):
        shared: SharedWindow = request.getfixturevalue("shared_window")
        return shared.fresh()
    made: MainWindow = request.getfixturevalue("make_main_window")()
    return made


@dataclass
class SharedWindow:
    """The window of a module."""

    made: MainWindow | None = None

    def fresh(self) -> MainWindow:
        """Return it as after a start, or a new one if a test has closed it."""
        if self.made is None or not self.made.isVisible():
            self.made = make_window(make_application(), Settings(), LogLines())
            self.made.resize(*SIZE)
            self.made.show()
            self.made.complete()
        else:
            self._put_back(self.made)
        return self.made

    def _put_back(self, window: MainWindow) -> None:
        session = window.session
        vars(window.settings).update(vars(Settings()))
        session._close_files()  # asks nothing
        session.edits.restore_parameters(Parameters())
        session.edits.set_preset(None)
        session.pinned.clear()
        session.dismiss_error()
        session.history.clear()
        window.statusBar().clearMessage()
        window.resize(*SIZE)
        window.reset_layout()


@pytest.fixture(scope="module")
def shared_window(qapp: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedWindow]:
    """Keep the window of a module, and close it after the last test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRUCTMASK_HOME", str(tmp_path_factory.mktemp("home")))
        shared = SharedWindow()
        yield shared
        if shared.made is not None:
            # The palette is the application's: what comes next expects a light one.
            shared.made.theme.choose("light")
            shared.made.session._close_files()
            shared.made.close()
            shared.made.deleteLater()
        close_lanes()


@pytest.fixture
def loaded(window: MainWindow, stack_file: Path, qtbot: QtBot) -> MainWindow:
    """Return a window with a stack and its mask."""
    window.open_paths([str(stack_file)])
    wait_for_result(window.session, qtbot)
    return window


def wait_for_result(session: Session, qtbot: QtBot) -> None:
    """Wait until a result is there and up to date."""

    def fresh() -> bool:
        # An assertion that fails would print the state, with its frames, at each look.
        state = session.state
        return state.extraction is not None and not state.stale and not state.busy

    qtbot.waitUntil(fresh, timeout=15_000)


@pytest.fixture
def workshop() -> Any:
    """Return an engine of made-up files; see `tests.gui.workshop`."""
    from tests.gui.workshop import Workshop

    return Workshop()


@pytest.fixture
def session(qapp: Any, workshop: Any) -> Iterator[Session]:
    """Return a session with the made-up engine, without a window."""
    made = Session(engine=workshop.engine())
    yield made
    made.close()


@pytest.fixture
def close_dialogs() -> Iterator[None]:
    """Close the dialogs that a test has opened."""
    yield
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            widget.close()


@pytest.fixture(autouse=True)
def garbage_is_looked_for_by_this_thread(qapp: Any) -> Iterator[None]:
    """Keep workers from it, as the program does: Qt crashes where one of them deletes a widget."""
    gc.disable()
    yield
    gc.collect(1 if gc.get_count()[2] < 40 else 2)


@pytest.fixture(autouse=True)
def pointer_is_elsewhere(qapp: Any) -> None:
    """Put the pointer, which a test has left somewhere, where no window lies under it."""
    QCursor.setPos(QPoint(5_000, 5_000))


@pytest.fixture(autouse=True)
def no_thread_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a lane running: what owns it was not closed."""
    yield
    if not request.node.get_closest_marker("one_window"):
        close_lanes()


def close_lanes() -> None:
    """Close all lanes; fail if any was still running."""
    left = [lane.objectName() for lane in worker._running if lane.isRunning()]
    for lane in list(worker._running):
        lane.close()
    assert not left

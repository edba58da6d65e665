"""Zarr folders are images in the window, and a missing reader is named there."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise, wait_for_result
from tests.gui.panels.test_file_browser import choose, shows

zarr = pytest.importorskip("zarr")


@pytest.fixture(params=[2, 3])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return an OME-Zarr folder of version 0.4 or 0.5."""
    path = tmp_path / "images" / "stack.ome.zarr"
    array = noise((3, 96, 128))
    group = zarr.open_group(str(path), mode="w", zarr_format=request.param)
    group.create_array("0", data=array, chunks=(1, 64, 64))
    axes = [{"name": "t"}, {"name": "y"}, {"name": "x"}]
    scale = [{"type": "scale", "scale": [1.0, 0.5, 0.5]}]
    described = [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}]
    if request.param == 2:
        group.attrs["multiscales"] = described
    else:
        group.attrs["ome"] = {"version": "0.5", "multiscales": described}
    np.save(path.parent / "a.npy", array)
    return path


def opened(window: MainWindow, image: Path, qtbot: QtBot) -> None:
    wait_for_result(window.session, qtbot)
    assert window.session.state.stack is not None
    assert window.session.state.stack.name == image.name
    assert window.session.state.stack.kind.startswith("OME-Zarr 0.")
    assert window.session.state.frames is not None
    assert window.session.state.frames.n_frames == 3
    assert str(image) in window.settings.recent_files


def test_a_zarr_folder_is_opened_like_a_file(window: MainWindow, image: Path, qtbot: QtBot):
    window.open_paths([str(image)])
    opened(window, image, qtbot)
    # It stands in the browser as what is open, and is not gone into.
    browser = window.panel("files")
    qtbot.waitUntil(lambda: browser.selected() == [str(image)])
    assert browser.folder == image.parent


def test_open_folder_takes_a_zarr(window: MainWindow, image: Path, qtbot: QtBot):
    window.actions_by_id["open_folder"].trigger()
    (dialog,) = [
        w for w in QApplication.topLevelWidgets() if isinstance(w, QFileDialog) and w.isVisible()
    ]
    dialog.fileSelected.emit(str(image))
    dialog.close()
    opened(window, image, qtbot)


def test_a_zarr_folder_can_be_dropped(window: MainWindow, image: Path, qtbot: QtBot):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(image))])
    window.dropEvent(
        QDropEvent(
            QPointF(10, 10),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    opened(window, image, qtbot)


def test_the_browser_shows_a_zarr_folder_as_an_image(window: MainWindow, image: Path, qtbot: QtBot):
    browser = window.panel("files")
    browser.show_folder(str(image.parent))
    qtbot.waitUntil(lambda: browser.model.rowCount(browser.tree.rootIndex()) == 2)
    index = browser.model.index(str(image))
    icon = browser.model.data(index, Qt.ItemDataRole.DecorationRole)
    assert icon is browser.model._file
    assert not browser.model.hasChildren(index)
    choose(browser, image.name)
    shows(browser, "3 frames of 128 × 96 px", qtbot)
    assert browser.card.open.isEnabled()
    qtbot.keyClick(browser.tree, Qt.Key.Key_Return)
    opened(window, image, qtbot)


@pytest.mark.parametrize(
    ("name", "head", "module", "extra"),
    [
        ("a.nd2", b"\xda\xce\xbe\x0a", "nd2", "vendors"),
        ("a.czi", b"ZISRAWFILE", "pylibCZIrw", "vendors"),
        ("a.ims", b"\x89HDF\r\n\x1a\n", "h5py", "hdf5"),
        ("a.dm3", b"\x00\x00\x00\x03", "rsciio", "em"),
        ("a.zarr", b"", "zarr", "zarr"),
    ],
)
def test_a_missing_reader_is_named_in_the_window(
    window: MainWindow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
    name: str,
    head: bytes,
    module: str,
    extra: str,
):
    path = tmp_path / name
    if name == "a.zarr":
        zarr.save_array(str(path), noise((3, 64, 64)))
    else:
        path.write_bytes(head.ljust(1000, b"\0"))
    for loaded in [m for m in sys.modules if m == module or m.startswith(f"{module}.")]:
        monkeypatch.setitem(sys.modules, loaded, None)
    monkeypatch.setitem(sys.modules, module, None)
    with qtbot.waitSignal(window.session.failed):
        window.open_paths([str(path)])
    words = f"pip install 'structmask-gui[{extra}]'"
    assert words in window.session.state.error
    assert words in window.headline.error_text.text()
    assert not window.headline.error.isHidden()
    # The file can be found, too, and its card says the same.
    assert f"*{path.suffix}" in dialogs.readable_files()
    browser = window.panel("files")
    browser.show_folder(str(tmp_path))
    qtbot.waitUntil(lambda: browser.model.index(str(path)).isValid())
    choose(browser, name)
    shows(browser, words, qtbot)

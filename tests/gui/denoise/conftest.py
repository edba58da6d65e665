"""What the tests of *Denoise here* share: a small stack, a mask, no doubts, quick learning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from structmask_gui.core.denoising import denoiser
from structmask_gui.core.masks.mask import Mask
from structmask_gui.gui.quality import denoising as job
from structmask_gui.gui.quality.denoise_window import DenoiseWindow
from structmask_gui.gui.quality.denoise_work import Looked
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise
from tests.gui.open_dialogs import dialog, trigger

ROW = Mask(np.ones((1, 5), dtype=bool))
LONGER = Mask(np.ones((1, 7), dtype=bool))
WAIT = 60_000


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denoiser, "_ROUNDS", 2)
    monkeypatch.setattr(denoiser, "_ROUND", 8)


def small_stack(folder: Path) -> Path:
    """Write four frames that are just large enough."""
    path = folder / "rows.npy"
    np.save(path, noise((4, 96, 96)))
    return path


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    return small_stack(tmp_path)


@pytest.fixture
def doubts(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what says which doubts there are about the stack."""

    def set_doubts(*names: str) -> None:
        monkeypatch.setattr(job, "look", lambda _state, _task: Looked(names, ()))

    set_doubts()
    return set_doubts


@pytest.fixture
def ready(loaded: MainWindow, doubts: Any) -> MainWindow:
    loaded.session.edits.set_mask(ROW, "edited by hand", "Draw")
    return loaded


def opened(window: MainWindow) -> DenoiseWindow:
    trigger(window, "denoise")
    shown = dialog(DenoiseWindow)
    assert isinstance(shown, DenoiseWindow)
    return shown


def paused(
    window: MainWindow, stack_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> tuple[DenoiseWindow, Path]:
    """Pause while it learns; the file is what it goes on from."""
    monkeypatch.setattr(denoiser, "_ROUNDS", 1000)
    monkeypatch.setattr(denoiser, "_PATIENCE", 1000)
    unfinished = stack_file.with_name("rows_denoised.ome.tif.unfinished.npz")
    shown = opened(window)
    qtbot.waitUntil(unfinished.exists, timeout=WAIT)
    shown.pause_button.click()
    qtbot.waitUntil(lambda: not shown.denoising._job.busy, timeout=WAIT)
    return shown, unfinished


def finished(shown: DenoiseWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: shown.denoising.phase == "done", timeout=WAIT)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def pressed(text: str) -> None:
    next(b for b in dialog(QMessageBox).buttons() if b.text().replace("&", "") == text).click()

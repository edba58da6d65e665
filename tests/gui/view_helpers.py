"""Extractions to show, and the pointer put on a place of a view."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from structmask_gui.core.extraction.extraction import Extraction, extract_array
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.gui.views.base import PictureView


def row_frames(frames: int = 2) -> np.ndarray:
    """Return frames of 96 x 128 pixels whose noise is correlated along rows."""
    rng = np.random.default_rng(3)
    white = rng.normal(size=(frames, 96, 128 + 8))
    weights = np.exp(-np.abs(np.arange(-4, 5)) / 2)
    noise = np.apply_along_axis(np.convolve, 2, white, weights, mode="valid")
    return (noise / noise.std() + 0.5 * rng.normal(size=noise.shape)).astype(np.float32)


@cache
def extraction(**values: Any) -> Extraction:
    """Return an extraction of noisy rows with some parameters set."""
    frames = row_frames()
    frames[1, 0, 0] = np.nan
    return extract_array(frames, Parameters().changed({"patch_size": 32, **values}))


@cache
def statistical(*, diagonal: bool = False, **values: Any) -> Extraction:
    """Return an extraction by the statistical method, of noise along rows or a diagonal."""
    frames = row_frames(6)
    if diagonal:
        white = np.random.default_rng(4).normal(size=(6, 100, 132))
        parts = [
            white[:, i : i + 96, i : i + 128] * weight for i, weight in enumerate((1, 0.8, 0.5))
        ]
        frames = np.asarray(sum(parts), dtype=np.float32)
    wanted = {"method": "statistical", "source": "frames", "patch_size": 32, "max_lag": 8}
    return extract_array(frames, Parameters().changed({**wanted, **values}))


def many_pixels(**values: Any) -> Extraction:
    """Return an extraction whose rings keep, drop and limit pixels."""
    return extraction(
        base_percentile=20.0, center_ratio_threshold=0.02, max_true_pixels=7, **values
    )


def place(view: PictureView, x: float, y: float) -> QPoint:
    """Return where a place of the picture lies on the canvas."""
    scene = view.box.mapViewToScene(QPointF(x, y))
    return view.canvas.mapFromScene(scene)


def point_at(view: PictureView, x: float, y: float) -> None:
    """Put the pointer on a place of the picture."""
    QTest.mouseMove(view.canvas.viewport(), place(view, x, y))


def drag(view: PictureView, start: tuple[float, float], *others: tuple[float, float]) -> None:
    """Drag the left button from one place (x, y) over others."""
    port, left = view.canvas.viewport(), Qt.MouseButton.LeftButton
    QTest.mousePress(port, left, pos=place(view, *start))
    for other in others:
        QTest.mouseMove(port, place(view, *other))
    QTest.mouseRelease(port, left, pos=place(view, *(others or (start,))[-1]))


def color_at(view: PictureView, x: float, y: float) -> QColor:
    """Return the colour on the screen at a place of the picture."""
    return view.canvas.grab().toImage().pixelColor(place(view, x, y))

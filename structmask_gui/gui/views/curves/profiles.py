"""The autocorrelation along x and along y as curves, with the thresholds of the rings.

With the statistical method, the correlation with its confidence band, along the main direction too.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter, QPen

from structmask_gui.gui.style.colours import smaller
from structmask_gui.gui.views.curves.plot import (
    Curve,
    Curves,
    CurvesItem,
    curve_pen,
    draw_points,
    level_pen,
    threshold_pen,
)
from structmask_gui.gui.views.lags.lag_view import ZeroLagView, number_text
from structmask_gui.gui.views.legend import Entry


class ProfilesView(ZeroLagView):
    """The values along the row and the column through zero lag."""

    HAS_COLORMAP = False

    def __init__(self) -> None:
        super().__init__("Profiles", "lag (px)", "value", left_width=52, square=False, down=False)
        self.curves: Curves | None = None  # what is on display
        self.curves_item = CurvesItem()
        self.box.addItem(self.curves_item, ignoreBounds=True)
        self.left.whole = False
        # They say which way an image's axes run; a plot's axes are lags and values.
        self.arrows.hide()
        self.box.setMouseEnabled(x=True, y=True)
        self.restyle()

    def set_curves(self, curves: Curves | None) -> None:
        """Show curves; None empties the view."""
        self.curves = curves
        self.curves_item.set_curves(curves)
        measured = curves is not None and curves.floor is not None
        if self.left.set_text("correlation ρ" if measured else "value"):
            self.left.restyle(self.theme, smaller(self.font()))
        if curves is None:
            self.legend.set_entries(())
            return
        self.set_content(self._wanted_content(curves))
        entries = [
            Entry(curve.text, partial(self._draw_swatch, number))
            for number, curve in enumerate(curves.curves)
        ]
        if curves.curves[0].low is not None:
            entries.append(Entry("95 % confidence", self._draw_band))
        if curves.floor is not None:
            entries.append(Entry("smallest correlation", self._draw_level))
        if curves.thresholds is not None and np.isfinite(curves.thresholds).any():
            entries.append(Entry("ring threshold", self._draw_threshold))
        if curves.level is not None:
            entries.append(Entry("ring strength", self._draw_level))
        self.legend.set_entries(tuple(entries))

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the profiles of an `Extraction`.

        Of the published method, the centre square as the rings see it; of the statistical one, the
        correlation with its confidence band along x, y and the main direction.
        """
        if extraction is None:
            self.set_curves(None)
            return
        if extraction.selection is not None:
            self.set_curves(_measured_curves(extraction))
            return
        centre = extraction.centre
        height, width = centre.shape
        thresholds, level = None, None
        if extraction.rings is not None:
            rings = extraction.rings.rings
            by_ring = [np.nan] + [r.threshold if r.considered else np.nan for r in rings]
            thresholds = np.array([*by_ring[:0:-1], *by_ring])
            middle = float(centre[height // 2, width // 2])
            level = middle * extraction.parameters.center_ratio_threshold
        self.set_curves(
            Curves.of_arrays(centre[height // 2], centre[:, width // 2], thresholds, level)
        )

    def _on_zero_lag(self) -> None:
        if self.curves is not None:
            self.set_content(self._wanted_content(self.curves))

    def highlight_ring(self, index: int) -> None:
        """Mark the lags of a ring; -1 for none."""
        self.curves_item.set_marked(index)

    def _wanted_content(self, curves: Curves) -> QRectF:
        parts = [np.zeros(1)]
        for curve in curves.curves:
            others = np.ones(len(curve.lags), bool) if self._zero_lag else curve.lags != 0
            for values in (curve.values, curve.low, curve.high):
                if values is not None:
                    parts.append(values[others])
        if curves.floor is not None:
            parts.append(np.array([-curves.floor, curves.floor]))
        if curves.thresholds is not None:
            parts.append(curves.thresholds)
        every = np.concatenate(parts)
        every = every[np.isfinite(every)]
        low, high = float(every.min()), float(every.max())
        spare = (high - low or 1.0) * 0.08
        reach = curves.reach
        return QRectF(-reach - 0.5, low - spare, 2 * reach + 1, high - low + 2 * spare)

    def describe(self, x: float, _y: float) -> str:
        """Return the values at the lag under the pointer."""
        curves = self.curves
        if curves is None:
            return ""
        lag = math.floor(x + 0.5)
        parts = []
        for curve in curves.curves:
            at = np.flatnonzero(curve.lags == lag)
            if len(at):
                i = int(at[0])
                text = f"{curve.short} {number_text(float(curve.values[i]))}"
                if curve.low is not None and curve.high is not None and lag:
                    low, high = (f"{float(end[i]):.3f}" for end in (curve.low, curve.high))
                    text += f" ({low} … {high})".replace("-", "−")
                parts.append(text)
        if not parts:
            return ""
        return f"lag {lag:+d}: ".replace("-", "−") + ", ".join(parts)

    # --- legend, colours ----------------------------------------------------------------

    def _draw_swatch(self, number: int, painter: QPainter, rect: QRectF) -> None:
        self._draw_curve(painter, rect, curve_pen(self.theme, number), number)

    def _draw_band(self, painter: QPainter, rect: QRectF) -> None:
        color = curve_pen(self.theme, 0).color()
        color.setAlpha(60)
        painter.fillRect(rect.adjusted(0, 2, 0, -2), color)

    def _draw_threshold(self, painter: QPainter, rect: QRectF) -> None:
        self._draw_curve(painter, rect, threshold_pen(self.theme))

    def _draw_level(self, painter: QPainter, rect: QRectF) -> None:
        self._draw_curve(painter, rect, level_pen(self.theme))

    def _draw_curve(
        self, painter: QPainter, rect: QRectF, pen: QPen, number: int | None = None
    ) -> None:
        painter.setPen(pen)
        y = rect.center().y()
        painter.drawLine(QLineF(rect.left(), y, rect.right(), y))
        if number is not None:
            draw_points(painter, [rect.center()], pen.color(), self.theme, number)

    def restyle(self) -> None:
        """Use the colours of the palette."""
        super().restyle()
        if hasattr(self, "curves_item"):
            self.curves_item.set_theme(self.theme)


def _measured_curves(extraction: Any) -> Curves:
    """Return the profiles of a correlation that was measured with its error."""
    curves = []
    for found in extraction.profiles:
        dy, dx = found.direction
        if (dy, dx) in _AXES:
            text = short = f"along {_AXES[dy, dx]}"
        else:
            short = f"along ({dx:+d}, {dy:+d})".replace("-", "−")
            text = f"along (dx, dy) = ({dx:+d}, {dy:+d})".replace("-", "−")
        if found.main:
            text += ", main direction"
        curves.append(Curve(text, short, found.lags, found.rho, found.low, found.high))
    return Curves(tuple(curves), floor=extraction.parameters.rho_min)


_AXES = {(0, 1): "x", (1, 0): "y"}

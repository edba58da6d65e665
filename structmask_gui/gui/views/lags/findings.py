"""What the statistical method found at each lag, as the views say it; numbers and words only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


class Finding(IntEnum):
    """What was found at a lag."""

    NEITHER = 0
    UNPROVEN = 1
    SMALL = 2
    OVER_LIMIT = 3
    LEFT = 4
    HIDDEN = 5
    KEPT = 6
    CENTRE = 7


FINDING_WORDS = {
    Finding.NEITHER: "no shared noise",
    Finding.UNPROVEN: "not certain",
    Finding.SMALL: "real, but negligible",
    Finding.OVER_LIMIT: "dropped: over the size limit",
    Finding.LEFT: "shares noise; left visible, for hiding it costs more than it gains",
    Finding.HIDDEN: "hidden, though what it shares is not certain",
    Finding.KEPT: "shares noise: hidden",
    Finding.CENTRE: "centre, always hidden",
}
"""What the read-out says of each."""

_SAMPLE = {"cannot_tell", "picture"}
"""Flags of a verdict by which what pixels share may be the sample."""


class LagRow(NamedTuple):
    """What was found at one lag (dy, dx)."""

    lag: tuple[int, int]
    rho: float
    error: float
    q: float
    finding: int  # of `Finding`


@dataclass(frozen=True, eq=False)
class LagFacts:
    """Correlation, error, q-value and finding of each lag that was tested.

    All arrays have the shape (2 max_lag + 1, 2 max_lag + 1), or less where the patches allow less.
    """

    rho: Values
    error: Values
    q: Values
    findings: NDArray[np.uint8]
    separated: bool = True  # whether what pixels share is known to be noise

    @classmethod
    def of(cls, extraction: Any) -> LagFacts | None:
        """Read the facts off an extraction; None if the published method made it."""
        selection = extraction.selection
        if selection is None:
            return None
        lags = extraction.measurement.correlation.lags
        reach = selection.kept.shape[0] // 2
        inside = slice(lags.reach - reach, lags.reach + reach + 1)
        codes = np.zeros(selection.kept.shape, np.uint8)
        codes[selection.large] = Finding.UNPROVEN
        codes[selection.significant] = Finding.SMALL
        codes[selection.significant & selection.large] = Finding.OVER_LIMIT
        hidden = _on_grid(extraction.mask.array, reach)
        shares = selection.significant & hidden
        shares[reach, reach] = False
        if shares.any() and (selection.significant & hidden & ~selection.kept).any():
            # What is left visible although less is hidden elsewhere is not negligible.
            size = np.abs(lags.rho[inside, inside])
            codes[selection.significant & (size >= size[shares].min())] = Finding.LEFT
        codes[hidden] = Finding.HIDDEN
        codes[selection.kept] = Finding.LEFT
        codes[shares] = Finding.KEPT
        codes[reach, reach] = Finding.CENTRE
        return cls(
            lags.rho[inside, inside],
            lags.standard_error[inside, inside],
            selection.q_values,
            codes,
            not _SAMPLE & set(() if extraction.verdict is None else extraction.verdict.flags),
        )

    def said(self, text: str) -> str:
        """Return a text on a finding, true also where noise and sample look alike."""
        return text if self.separated else text.replace("noise", "noise or sample")

    @property
    def reach(self) -> int:
        """Largest lag."""
        return int(self.rho.shape[0]) // 2

    def finding(self, dy: int, dx: int) -> Finding:
        """Return what was found at a lag."""
        return Finding(int(self.findings[self.reach + dy, self.reach + dx]))

    def text(self, dy: int, dx: int) -> str:
        """Return correlation, standard error and q-value of a lag in words."""
        if (dy, dx) == (0, 0):
            return "ρ = 1"
        y, x = self.reach + dy, self.reach + dx
        return (
            f"ρ = {rho_text(float(self.rho[y, x]), float(self.error[y, x]))}"
            f", q = {q_text(float(self.q[y, x]))}"
        )

    def rows(self) -> list[LagRow]:
        """Return one lag of each symmetric pair, the strongest first."""
        size = np.abs(self.rho).ravel()[self.rho.size // 2 + 1 :]
        at = np.argsort(-size, kind="stable") + self.rho.size // 2 + 1
        dy, dx = (n - self.reach for n in np.divmod(at, self.rho.shape[1]))
        lags = zip(dy.tolist(), dx.tolist(), strict=True)
        values = (one.ravel()[at].tolist() for one in (self.rho, self.error, self.q, self.findings))
        return [LagRow(*row) for row in zip(lags, *values, strict=True)]


def _on_grid(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Return a mask on the square of all lags up to the reach."""
    grid = np.zeros((2 * reach + 1, 2 * reach + 1), np.bool_)
    y, x = (n // 2 for n in mask.shape)
    ry, rx = min(y, reach), min(x, reach)
    grid[reach - ry : reach + ry + 1, reach - rx : reach + rx + 1] = mask[
        y - ry : y + ry + 1, x - rx : x + rx + 1
    ]
    return grid


def rho_text(rho: float, error: float) -> str:
    """Return a correlation with its standard error, both with the same decimals."""
    places = 3 if error >= 0.001 else 4
    return f"{rho:+.{places}f} ± {error:.{places}f}".replace("-", "−")


def q_text(q: float) -> str:
    """Return a q-value as short as can be said."""
    if q < 1e-10:
        return "< 1e−10"
    return (f"{q:.2g}" if q < 0.1 else f"{q:.2f}").replace("-", "−")

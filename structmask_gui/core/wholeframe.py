"""What shows only over whole frames: lines from edge to edge, fixed patterns, resampling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from structmask_gui.core.autocorrelation import FloatArray
from structmask_gui.core.frames import AnyArray, Frames
from structmask_gui.core.progress import IsCancelled, never_cancelled, stop_if
from structmask_gui.core.sampling import Region
from structmask_gui.core.spectrum import SpectrumSum
from structmask_gui.core.stillness import PairRelation, finite, some
from structmask_gui.core.threads import in_threads

_MOST_FRAMES = 24
# Frequencies next to the highest a pixel grid holds; resampling empties them.
_EDGE, _FINE = 0.46, 0.2
# Each row is cut into so many stretches; those at least so many pixels apart are compared.
_STRETCHES, _APART = 8, 24
_BEYOND_CHANCE = 4.5


@dataclass(frozen=True)
class LineCovariance:
    """Covariance of far apart parts of the same rows, or columns.

    Attributes
    ----------
    value : float
        In squared grey levels: the variance of offsets that run from edge to edge.
    error : float
        Its standard error.
    """

    value: float
    error: float

    @property
    def sure(self) -> bool:
        """Whether it is beyond chance."""
        return self.value > _BEYOND_CHANCE * self.error


@dataclass(frozen=True)
class FrameEvidence:
    """What whole frames show.

    Attributes
    ----------
    rows, columns : LineCovariance
        Lines from edge to edge in the noise that was measured.
    fixed_rows, fixed_columns : LineCovariance or None
        The same between different frames: lines that are the same in every frame.
    fixed_tested : bool
        Whether a fixed pattern of any shape could be looked for.
    fixed_share : float
        Share of the fine detail's variance that different frames have in common, where it could.
    fixed_sure : bool
        Whether that is beyond chance.
    edge_power : float
        Power at the highest frequencies over the power of fine detail, in the direction where it
        is less; near 0 in images that were resampled.
    """

    rows: LineCovariance
    columns: LineCovariance
    fixed_rows: LineCovariance | None
    fixed_columns: LineCovariance | None
    fixed_tested: bool
    fixed_share: float
    fixed_sure: bool
    edge_power: float


class FrameLook:
    """Looks at whole frames, at most 24 of them, one or two in memory at a time.

    Parameters
    ----------
    derived : Frames
        The frames of noise that are measured.
    stored : Frames
        The frames they were made from.
    relations : list of PairRelation
        How stored frames relate.
    region : Region or None
        The rectangle to stay within.
    cancelled : callable, optional
        Asked before every frame.
    """

    def __init__(
        self,
        derived: Frames,
        stored: Frames,
        relations: list[PairRelation],
        region: Region | None,
        cancelled: IsCancelled = never_cancelled,
    ) -> None:
        self._derived, self._stored, self._relations = derived, stored, relations
        height, width = stored.frame_shape
        self._region = region or Region(0, height, 0, width)
        self._cancelled = cancelled

    def evidence(self, spectrum: SpectrumSum) -> FrameEvidence:
        """Gather the evidence; ``spectrum`` is the mean one of the measured patches."""
        numbers = _spread(self._derived.n_frames)
        row_products, column_products = [], []
        frames = (self._read(self._derived, number) for number in numbers)
        with closing(in_threads(_lines, frames)) as found:
            for down, across in found:
                row_products.append(_far_products(down, down))
                column_products.append(_far_products(across, across))
        fixed_rows = fixed_columns = None
        tested, share, sure = False, 0.0, False
        if self._stored.n_frames > 1:
            fixed_rows, fixed_columns, share, error = self._fixed()
            tested = not any(relation.still for relation in self._relations)
            sure = tested and share > 0.01 and share > 5 * error
        return FrameEvidence(
            rows=_covariance(row_products),
            columns=_covariance(column_products),
            fixed_rows=fixed_rows,
            fixed_columns=fixed_columns,
            fixed_tested=tested,
            fixed_share=share,
            fixed_sure=sure,
            edge_power=_edge_power(spectrum.power),
        )

    def _read(self, frames: Frames, number: int) -> FloatArray:
        stop_if(self._cancelled)
        box = self._region
        values = frames.read(number, box.y0, box.y1)[:, box.x0 : box.x1]
        return finite(values)

    def _fixed(self) -> tuple[LineCovariance, LineCovariance, float, float]:
        rows, columns, shares = [], [], []
        pairs = _spread(self._stored.n_frames // 2)
        half = self._stored.n_frames // 2

        def read() -> Iterator[tuple[FloatArray, FloatArray]]:
            for number in pairs:
                # Frames far apart in time: what they have in common is fixed.
                yield self._read(self._stored, number), self._read(self._stored, number + half)

        with closing(in_threads(_common, read())) as found:
            for row, column, share in found:
                rows.append(row)
                columns.append(column)
                shares.append(share)
        height, width = self._region.shape
        error = 1 / np.sqrt(len(pairs) * (height - 2) * (width - 2) / 9)
        return _covariance(rows), _covariance(columns), float(np.mean(shares)), float(error)


def _spread(count: int) -> list[int]:
    if count <= _MOST_FRAMES:
        return list(range(count))
    return np.linspace(0, count - 1, _MOST_FRAMES).round().astype(int).tolist()  # type: ignore[no-any-return]


def _common(frames: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray, float]:
    """Return the far products of the rows and of the columns of two frames, and a share.

    The share is that of the fine detail's variance which they have in common.
    """
    (row, column), (other_row, other_column) = (_lines(frame) for frame in frames)
    # Limited, so that hot pixels and edges do not decide.
    a, b = (_limited(_fine(frame)) for frame in frames)
    norm = float(np.sqrt(np.vdot(a, a) * np.vdot(b, b)))
    share = float(np.vdot(a, b)) / norm if norm > 0 else 0.0
    return _far_products(row, other_row), _far_products(column, other_column), share


@dataclass(frozen=True, eq=False)
class _Stretches:
    """Means of stretches of each line, shape (lines, stretches), and the length of a stretch."""

    means: FloatArray
    length: int


def _lines(frame: FloatArray) -> tuple[_Stretches, _Stretches]:
    """Cut the rows, and the columns, of a frame into stretches."""
    height, width = frame.shape
    down, across = height // _STRETCHES, width // _STRETCHES
    of_rows = frame[:, : across * _STRETCHES].reshape(height, _STRETCHES, across).mean(axis=2)
    of_columns = frame[: down * _STRETCHES].reshape(_STRETCHES, down, width).mean(axis=1)
    return _Stretches(of_rows, across), _Stretches(of_columns.T, down)


def _far_products(a: _Stretches, b: _Stretches) -> FloatArray:
    """Mean product, row by row, of means of far apart stretches of the row, slow changes taken off.

    Second differences from row to row leave little of a picture, and raise the variance of offsets
    that are independent from row to row by 1.5.
    """
    first, other = (
        lines.means[1:-1] - (lines.means[:-2] + lines.means[2:]) / 2 for lines in (a, b)
    )
    index = np.arange(_STRETCHES)
    # Further apart than any correlation of finite range that a mask could hide.
    gap = min(1 + -(-_APART // a.length), _STRETCHES // 2)
    far = (np.abs(index[:, None] - index[None]) >= gap).astype(np.float64)
    products = np.einsum("yj,yj->y", first @ far, other)
    return np.asarray(products / far.sum() / 1.5)


def _covariance(products: list[FloatArray]) -> LineCovariance:
    values = np.concatenate(products)
    # Second differences of neighbouring rows overlap: about every second one counts.
    error = float(values.std()) / np.sqrt(max(values.size / 2, 1))
    return LineCovariance(float(values.mean()), error)


def _fine(frame: FloatArray) -> FloatArray:
    around = frame[:-2, 1:-1] + frame[2:, 1:-1]
    around += frame[1:-1, :-2]
    around += frame[1:-1, 2:]
    around *= -0.25
    around += frame[1:-1, 1:-1]
    return around


def _limited(values: FloatArray) -> FloatArray:
    limit = 4 * 1.4826 * float(np.median(np.abs(some(values))))
    return np.clip(values, -limit, limit, out=values)


def _edge_power(power: AnyArray) -> float:
    side = power.shape[0]
    y, x = np.abs(np.fft.fftfreq(side))[:, None], np.fft.rfftfreq(side)[None]
    fine = float(power[np.hypot(y, x) > _FINE].mean())
    if fine <= 0:
        return 1.0
    across = float(power[:, x[0] >= _EDGE].mean())
    down = float(power[y[:, 0] >= _EDGE].mean())
    return min(across, down) / fine

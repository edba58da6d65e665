"""The preview followed live: the frame as the best linear blind-spot prediction leaves it.

It starts from the noise and image covariance that `Quality` measured, and works in a thread of its
own, one request at a time and always for the newest mask, frame and ROI. It does not wait for the
figures of a mask, which take longer than its weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from structmask_gui.core.progress import Task
from structmask_gui.gui.session.opening import Signatures, check_unchanged
from structmask_gui.gui.session.worker import Job

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.quality.assessment import Basis
    from structmask_gui.core.quality.preview import Preview
    from structmask_gui.core.stack.frames import Frames
    from structmask_gui.core.stack.hot_pixels import Places
    from structmask_gui.gui.session.session import Session

LARGEST = 2048
"""Longest side of what is predicted; of larger frames the centre, unless an ROI is drawn."""

Place = tuple[int, int, int, int]
"""Rows y0 to y1, columns x0 to x1."""


@dataclass(frozen=True, eq=False)
class Previewed:
    """A part of a frame, its prediction and what is left; arrays are float32 (h, w)."""

    mask: Mask
    frame: int
    place: Place
    whole: bool
    """Whether that is the whole frame, or the whole ROI."""
    original: NDArray[np.float32]
    predicted: NDArray[np.float32]
    residual: NDArray[np.float32]
    correlation: NDArray[np.float64] | None
    """Autocorrelation of the residual (2 r + 1, 2 r + 1), where that is visible."""


class LivePreview(QObject):
    """Predicts the frame on display whenever its mask, the frame or the ROI changes."""

    changed = Signal()  # `shown` is another, or no longer up to date

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job = Job("preview", session.bug.emit, order="next")
        self._watched = False
        self._predictor = _Predictor()
        self._shown: Previewed | None = None
        self._shown_for: object = None
        self.failed = False
        """Whether the last one could not be made."""
        self._with_correlation = False
        session.quality.measured.connect(self._follow)
        session.mask_changed.connect(self._follow)
        session.stale_changed.connect(self._follow)
        session.quality.closing.connect(self.close)
        session.frame_changed.connect(self._follow)
        session.region_changed.connect(self._follow)
        session.stack_changed.connect(self._on_stack)

    @property
    def shown(self) -> Previewed | None:
        """The latest preview of the present file."""
        return self._shown

    @property
    def current(self) -> bool:
        """Whether it is of the present mask, frame and ROI."""
        shown, state = self._shown, self._session.state
        return (
            shown is not None
            and not state.stale
            and self._session.quality.basis is not None
            and shown.mask is state.mask
            and (shown.correlation is not None or not self._with_correlation)
            and self._shown_for == self._wanted()
        )

    def watch(self, visible: bool) -> None:
        """Say that the preview is visible, or no longer."""
        self._watched = visible
        self._session.quality.watch(self, visible)
        if visible:
            self._follow()

    def want_correlation(self, wanted: bool) -> None:
        """Say whether the autocorrelation of the residual is visible; it takes a while."""
        self._with_correlation = wanted
        if self._watched and wanted and not self.current:
            self._follow()

    def close(self) -> None:
        """Stop the thread."""
        self._watched = False
        self._job.close()

    # --- following ----------------------------------------------------------------------------

    def _on_stack(self) -> None:
        self._job.cancel()
        self._predictor = _Predictor()
        self._shown = None
        self.changed.emit()

    def _wanted(self) -> tuple[Any, ...]:
        state = self._session.state
        return id(state.frames), state.frame, state.region

    def _follow(self, *_: object) -> None:
        if not self._watched:
            return
        state, basis = self._session.state, self._session.quality.basis
        if state.frames is None or state.mask is None or basis is None or state.stale:
            self.changed.emit()
            return
        wanted = _Wanted(
            basis,
            state.mask,
            state.frames,
            state.frame,
            *place_of(state.frames.frame_shape, state.region),
            with_correlation=self._with_correlation,
            signatures=state.signatures,
        )
        done, self.failed = partial(self._show, self._wanted()), False
        self._job.run(partial(self._predictor, wanted), done, self._on_failed)

    def _show(self, wanted: object, made: Previewed) -> None:
        self._shown_for, self._shown = wanted, made
        self.changed.emit()

    def _on_failed(self, text: str) -> None:
        self._shown, self.failed = None, True
        self._session.report_error(text)
        self.changed.emit()


def place_of(shape: tuple[int, int], region: Any | None) -> tuple[Place, bool]:
    """Return which part of a frame (height, width) is predicted; True if that is all measured."""
    y0, y1, x0, x1 = (0, shape[0], 0, shape[1]) if region is None else tuple(region)
    whole = max(y1 - y0, x1 - x0) <= LARGEST
    top = y0 + max(0, y1 - y0 - LARGEST) // 2
    left = x0 + max(0, x1 - x0 - LARGEST) // 2
    return (top, min(y1, top + LARGEST), left, min(x1, left + LARGEST)), whole


class _Wanted(NamedTuple):
    """What is to be predicted."""

    basis: Basis
    mask: Mask
    frames: Frames
    frame: int
    place: Place
    whole: bool
    with_correlation: bool
    signatures: Signatures


class _Read(NamedTuple):
    """The part of a frame that was read last."""

    key: object
    preview: Preview
    original: NDArray[np.float32]
    fill: NDArray[np.bool_] | None
    """Where there is no image, and none is predicted."""


class _Predictor:
    """Predicts in the preview's thread; keeps the frame last read."""

    def __init__(self) -> None:
        # As given; without fill and hot pixels; and where these are.
        self._frames: tuple[Frames, Frames, Places] | None = None
        self._last: _Read | None = None

    def _read(self, wanted: _Wanted, task: Task) -> _Read:
        from structmask_gui.core.quality.preview import Preview
        from structmask_gui.core.stack.fill import filled_part, put_back, without_fill
        from structmask_gui.core.stack.hot_pixels import find_hot_pixels, without_hot_pixels

        check_unchanged(wanted.signatures)
        if self._frames is None or self._frames[0] is not wanted.frames:
            hot = find_hot_pixels(wanted.frames, task)
            clean = without_fill(without_hot_pixels(wanted.frames, hot), task, own=True)
            self._frames, self._last = (wanted.frames, clean, hot), None
        _, frames, hot = self._frames
        key = wanted.frame, wanted.place, wanted.basis.radius
        if self._last is None or self._last.key != key:
            y0, y1, x0, x1 = wanted.place
            preview = Preview(frames.read(wanted.frame, y0, y1)[:, x0:x1], wanted.basis.radius)
            original, fill = preview.frame.copy(), filled_part(frames)
            if fill is not None:
                fill = fill[y0:y1, x0:x1] & np.isnan(original)
                put_back(frames, wanted.frame, original, y0, x0)
            y, x = hot[((hot >= (y0, x0)) & (hot < (y1, x1))).all(axis=1)].T
            if len(y):
                original[y - y0, x - x0] = wanted.frames.read(wanted.frame, y0, y1)[y - y0, x]
            self._last = _Read(key, preview, original, fill)
        return self._last

    def __call__(self, wanted: _Wanted, task: Task) -> Previewed:
        from structmask_gui.core.quality.error import weights
        from structmask_gui.core.quality.preview import residual_correlation

        basis = wanted.basis
        _, preview, original, fill = self._read(wanted, task)
        predicted = preview.predict(weights(basis.image.values, wanted.mask, basis.radius))
        residual = preview.residual(predicted)
        if fill is not None:
            predicted[fill] = original[fill]
        correlation = (
            residual_correlation(residual, basis.radius) if wanted.with_correlation else None
        )
        return Previewed(
            wanted.mask,
            wanted.frame,
            wanted.place,
            wanted.whole,
            original,
            predicted,
            residual,
            correlation,
        )

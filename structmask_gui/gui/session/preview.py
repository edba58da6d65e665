"""The preview followed live: the frame as the best linear blind-spot prediction leaves it.

It starts from the noise and picture that `Quality` measured, and works in a thread of its own, one
request at a time and always for the newest mask, frame and rectangle. It does not wait for the
figures of a mask, which take longer than its weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from structmask_gui.core.progress import Task
from structmask_gui.gui.session.worker import Lane, Outcome

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.quality.assessment import Basis
    from structmask_gui.core.quality.preview import Preview
    from structmask_gui.core.stack.frames import Frames
    from structmask_gui.gui.session.session import Session

LARGEST = 2048
"""Longest side of what is predicted; of larger frames the middle, unless a rectangle is drawn."""

Place = tuple[int, int, int, int]
"""Rows y0 to y1, columns x0 to x1."""


@dataclass(frozen=True, eq=False)
class Previewed:
    """A part of a frame, its prediction and what is left.

    Attributes
    ----------
    mask : Mask
        The mask it was made with.
    frame : int
        Number of the frame, from 0.
    place : (y0, y1, x0, x1)
        Which part of it.
    whole : bool
        Whether that is the whole frame, or the whole rectangle that is measured.
    original, predicted, residual : float32 array (h, w)
    correlation : float64 array (2 r + 1, 2 r + 1) or None
        Autocorrelation of the residual, where that is seen.
    """

    mask: Mask
    frame: int
    place: Place
    whole: bool
    original: NDArray[np.float32]
    predicted: NDArray[np.float32]
    residual: NDArray[np.float32]
    correlation: NDArray[np.float64] | None


class LivePreview(QObject):
    """Predicts the frame on display whenever its mask, the frame or the rectangle changes.

    Signals
    -------
    changed()
        `shown` is another, or no longer up to date.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = Lane("preview")
        self._lane.ended.connect(self._on_ended)
        self._watched = False
        self._ticket = 0
        self._again = False
        self._prepared: tuple[object, Preview] | None = None
        self._shown: Previewed | None = None
        self._shown_for: object = None
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
        """Whether it is of the present mask, frame and rectangle."""
        shown = self._shown
        return (
            shown is not None
            and not self._session.state.stale
            and self._session.quality.basis is not None
            and shown.mask is self._session.state.mask
            and (shown.correlation is not None or not self._with_correlation)
            and self._shown_for == self._wanted()
        )

    def watch(self, looking: bool) -> None:
        """Say that the preview is seen, or no longer."""
        self._watched = looking
        self._session.quality.watch(self, looking)
        if looking:
            self._follow()

    def want_correlation(self, wanted: bool) -> None:
        """Say whether the autocorrelation of the residual is seen; it takes a while."""
        self._with_correlation = wanted
        if self._watched and wanted and not self.current:
            self._follow()

    def close(self) -> None:
        """Stop the thread."""
        self._watched = False
        self._lane.close()

    # --- following ----------------------------------------------------------------------------

    def _on_stack(self) -> None:
        self._lane.cancel()
        self._ticket, self._again = 0, False
        self._prepared = self._shown = None
        self.changed.emit()

    def _wanted(self) -> tuple[Any, ...]:
        session = self._session
        return id(session.state.frames), session.state.frame, session.state.region

    def _follow(self, *_: object) -> None:
        if not self._watched:
            return
        session, basis = self._session, self._session.quality.basis
        frames, mask = session.state.frames, session.state.mask
        if frames is None or mask is None or basis is None or session.state.stale:
            self.changed.emit()
            return
        if self._ticket:
            self._again = True
            return
        place, whole = place_of(frames.frame_shape, session.state.region)
        wanted = self._wanted()
        asked = _Asked(
            basis, mask, frames, session.state.frame, place, whole, self._with_correlation
        )
        work = _predictor(self._prepared, wanted, asked)
        self._ticket = self._lane.submit(work)

    def _on_ended(self, outcome: Outcome) -> None:
        if outcome.ticket != self._ticket:
            return
        self._ticket = 0
        if outcome.kind == "done":
            self._shown_for, prepared, self._shown = outcome.result
            self._prepared = self._shown_for, prepared
        elif outcome.kind == "error":
            self._session.report_error(outcome.text)
        elif outcome.kind == "bug":
            self._session.bug.emit(outcome.text)
        self.changed.emit()
        if self._again:
            self._again = False
            self._follow()


def place_of(shape: tuple[int, int], region: Any | None) -> tuple[Place, bool]:
    """Return which part of a frame is predicted, and whether that is all that is measured.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the frame.
    region : Region or None
        The rectangle that is measured.
    """
    y0, y1, x0, x1 = (0, shape[0], 0, shape[1]) if region is None else tuple(region)
    whole = max(y1 - y0, x1 - x0) <= LARGEST
    top = y0 + max(0, y1 - y0 - LARGEST) // 2
    left = x0 + max(0, x1 - x0 - LARGEST) // 2
    return (top, min(y1, top + LARGEST), left, min(x1, left + LARGEST)), whole


class _Asked(NamedTuple):
    """What is to be predicted."""

    basis: Basis
    mask: Mask
    frames: Frames
    frame: int
    place: Place
    whole: bool
    with_correlation: bool


def _predictor(
    prepared: tuple[object, Preview] | None, wanted: object, asked: _Asked
) -> Callable[[Task], tuple[object, Preview, Previewed]]:
    def work(_task: Task) -> tuple[object, Preview, Previewed]:
        from structmask_gui.core.quality.error import weights
        from structmask_gui.core.quality.preview import Preview, residual_correlation

        basis, place = asked.basis, asked.place
        if prepared is not None and prepared[0] == wanted and prepared[1].radius == basis.radius:
            preview = prepared[1]
        else:
            y0, y1, x0, x1 = place
            preview = Preview(asked.frames.read(asked.frame, y0, y1)[:, x0:x1], basis.radius)
        predicted = preview.predict(weights(basis.image.values, asked.mask, basis.radius))
        residual = preview.residual(predicted)
        made = Previewed(
            mask=asked.mask,
            frame=asked.frame,
            place=place,
            whole=asked.whole,
            original=preview.frame,
            predicted=predicted,
            residual=residual,
            correlation=(
                residual_correlation(residual, basis.radius) if asked.with_correlation else None
            ),
        )
        return wanted, preview, made

    return work

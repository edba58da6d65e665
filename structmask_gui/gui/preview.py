"""The preview followed live: the frame as the best linear blind-spot prediction leaves it.

It starts from the weights that `Quality` finds for the present mask, and works in a thread of its
own, one request at a time and always for the newest mask, frame and rectangle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from structmask_gui.gui.worker import Lane, Outcome

if TYPE_CHECKING:
    from structmask_gui.core.blindspot import Preview
    from structmask_gui.core.frames import Frames
    from structmask_gui.core.mask import Mask
    from structmask_gui.gui.quality import Scores
    from structmask_gui.gui.session import Session

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
    correlation : float64 array (2 r + 1, 2 r + 1)
        Autocorrelation of the residual.
    """

    mask: Mask
    frame: int
    place: Place
    whole: bool
    original: NDArray[np.float32]
    predicted: NDArray[np.float32]
    residual: NDArray[np.float32]
    correlation: NDArray[np.float64]


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
        session.quality.changed.connect(self._follow)
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
            and self._session.quality.current
            and shown.mask is self._session.mask
            and self._shown_for == self._wanted()
        )

    def watch(self, looking: bool) -> None:
        """Say that the preview is seen, or no longer."""
        self._watched = looking
        self._session.quality.watch(self, looking)
        if looking:
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
        return id(session.frames), session.frame, session.region

    def _follow(self, *_: object) -> None:
        if not self._watched:
            return
        session, scores = self._session, self._session.quality.scores
        frames = session.frames
        if frames is None or scores is None or session.stale:
            self.changed.emit()
            return
        if self._ticket:
            self._again = True
            return
        place, whole = place_of(frames.frame_shape, session.region)
        wanted = self._wanted()
        work = _predictor(self._prepared, wanted, frames, session.frame, place, whole, scores)
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


def _predictor(
    prepared: tuple[object, Preview] | None,
    wanted: object,
    frames: Frames,
    frame: int,
    place: Place,
    whole: bool,
    scores: Scores,
) -> Callable[[Any, Any], tuple[object, Preview, Previewed]]:
    def work(_progress: Any, _cancelled: Any) -> tuple[object, Preview, Previewed]:
        from structmask_gui.core.blindspot import Preview, residual_correlation

        radius = scores.basis.radius
        if prepared is not None and prepared[0] == wanted and prepared[1].radius == radius:
            preview = prepared[1]
        else:
            y0, y1, x0, x1 = place
            preview = Preview(frames.read(frame, y0, y1)[:, x0:x1], radius)
        predicted = preview.predict(scores.assessment.weights)
        residual = preview.residual(predicted)
        made = Previewed(
            mask=scores.mask,
            frame=frame,
            place=place,
            whole=whole,
            original=preview.frame,
            predicted=predicted,
            residual=residual,
            correlation=residual_correlation(residual, radius),
        )
        return wanted, preview, made

    return work

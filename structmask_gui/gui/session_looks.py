"""What of the session is only told: what is pinned, pointed at, under way, or wrong."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from structmask_gui.gui.session_state import SessionState

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask

log = logging.getLogger(__name__)


class SessionLooks(SessionState):
    """The part of `Session` that changes nothing that is measured or extracted."""

    # --- compare, point, look -----------------------------------------------------------------

    def pin(self) -> None:
        """Keep the present mask as A."""
        if self.mask is not None:
            self.set_pinned(self.mask, "pinned")

    def set_pinned(self, mask: Mask, label: str) -> None:
        """Keep a mask, from a file for instance, as A."""
        self._pinned, self._pinned_label = mask, label
        self.pinned_changed.emit()

    def unpin(self) -> None:
        """Forget mask A."""
        self._pinned, self._pinned_label = None, ""
        self.pinned_changed.emit()

    def set_colormap(self, name: str) -> None:
        """Choose the colour map that all views share."""
        if name != self._colormap:
            self._colormap = name
            self.colormap_changed.emit(name)

    def hover_ring(self, ring: int) -> None:
        """Say which ring the pointer is on; -1 for none."""
        if ring != self._ring:
            self._ring = ring
            self.ring_hovered.emit(ring)

    def hover_lag(self, lag: tuple[int, int] | None) -> None:
        """Say which lag (dy, dx) the pointer is on."""
        if lag != self._lag:
            self._lag = lag
            self.lag_hovered.emit(lag)

    def point(self, text: str) -> None:
        """Say what is under the pointer."""
        self.pointed.emit(text)

    # --- what is under way, and what went wrong -----------------------------------------------

    def _set_busy(self, what: str) -> None:
        was, self._busy_with = self.busy, what
        if self.busy != was:
            self.busy_changed.emit(self.busy)

    def _set_stale(self, stale: bool) -> None:
        if stale != self._stale:
            self._stale = stale
            self.stale_changed.emit(stale)

    def _set_error(self, text: str) -> None:
        if text != self._error:
            self._error = text
            self.error_changed.emit(text)

    def _fail(self, text: str) -> None:
        log.warning("%s", text)
        self._set_error(text)
        self.failed.emit(text)

    def report_error(self, text: str) -> None:
        """Put up a sentence on something that went wrong outside the session."""
        self._fail(text)

    def withdraw_error(self, text: str) -> None:
        """Take a sentence away, if it still stands there: what it says was mended."""
        if text and text == self._error:
            self.dismiss_error()

    def dismiss_error(self) -> None:
        """Take the sentence away, as when it has been read."""
        self._not_opened = ""
        self._set_error("")

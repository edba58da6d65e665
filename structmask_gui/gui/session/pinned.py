"""Mask A of a comparison: kept from here, from a file, or the one of the preset automatic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from structmask_gui.gui.session.measure_job import Measured, Measuring
from structmask_gui.gui.session.state import State
from structmask_gui.gui.session.worker import Job

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.core.recommend.recommend import Recommendation

AUTOMATIC = "automatic"
"""The preset whose mask is the recommended one, and the label of that mask as A."""


class Pinned(QObject):
    """Keeps mask A in the state of the session, where it outlasts the files.

    Parameters
    ----------
    state : callable
        Returns the state.
    put : callable
        Replaces fields of the state, by name.
    ask : callable
        Returns the recommended mask of given parameters if it is known, and the work that finds it.
    take : callable
        Keeps what was measured; returns its recommended mask while the same frames are measured.
    bug : callable
        Takes the traceback of an error of the program.
    parent : QObject, optional
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(
        self,
        state: Callable[[], State],
        put: Callable[..., None],
        ask: Callable[[Parameters], tuple[Recommendation | None, Measuring]],
        take: Callable[[Measured], Recommendation | None],
        bug: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._state = state
        self._put = put
        self._ask = ask
        self._take = take
        self._job = Job("automatic", bug)

    @property
    def finding(self) -> bool:
        """Whether the mask of the preset automatic is being measured, to be kept as A."""
        return self._job.pending

    def keep(self, mask: Mask, label: str) -> None:
        """Keep a mask, from a file for instance, as A."""
        self._put(pinned=mask, pinned_label=label)
        self.changed.emit()

    def keep_present(self) -> None:
        """Keep the present mask as A."""
        mask = self._state().mask
        if mask is not None:
            self._keep_from_here(mask, "kept")

    def keep_automatic(self) -> None:
        """Keep the mask of the preset automatic as A; parameters, preset and mask stay."""
        from structmask_gui.io.presets.preset import built_in_preset

        state = self._state()
        if state.frames is None:
            return
        known, work = self._ask(built_in_preset(AUTOMATIC).apply(state.parameters))
        if known is not None:
            self.stop()
            self._keep_from_here(known.mask, AUTOMATIC)
            return
        self._job.run(work, self._on_measured, self._on_failed)
        self.changed.emit()

    def _on_measured(self, measured: Measured) -> None:
        found = self._take(measured)
        if found is not None:
            self._keep_from_here(found.mask, AUTOMATIC)
        else:
            self.changed.emit()

    def _on_failed(self, text: str) -> None:
        self.changed.emit()
        self.failed.emit(text)

    def _keep_from_here(self, mask: Mask, label: str) -> None:
        """Keep a mask with a label that names the file, which A may outlast."""
        frames = self._state().frames
        self.keep(mask, label if frames is None else f"{label} from {frames.name}")

    def clear(self) -> None:
        """Forget mask A."""
        self.stop()
        self._put(pinned=None, pinned_label="")
        self.changed.emit()

    def stop(self) -> None:
        """Stop measuring, as when other files are opened."""
        self._job.cancel()

    def close(self) -> None:
        self._job.close()

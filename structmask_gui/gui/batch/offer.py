"""Notices a second file of a folder, and whether the mask of the one before fits it too."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.progress import Task
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.worker import Job

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.recommend.shared import Fit
    from structmask_gui.io.stack.image_stack import ImageStack

_SAYS = {
    "fits": "The mask of {name} fits this file too.",
    "fits worse": "The mask of {name} fits this file, though worse than its own.",
    "does not fit": "The mask of {name} does not fit this file.",
}


class _Seen(NamedTuple):
    path: Path
    choices: Mapping[str, Any]
    mask: Mask
    kind: tuple[Any, ...]  # what files of one experiment have in common
    alone: bool  # whether no mask is handed on: something has to be done first


class OneMaskOffer(QObject):
    """Follows the session; `text` is what is to be said of the file `name`, empty for nothing."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job = Job("fit", session.bug.emit)
        self._seen: _Seen | None = None  # the file that was measured last
        self._before: _Seen | None = None  # another one of the same folder, measured before it
        self.text, self.name = "", ""
        session.mask_changed.connect(self._follow)
        session.stack_changed.connect(self._on_stack)

    @property
    def folder(self) -> Path | None:
        """The folder of the open file."""
        paths = self._session.state.paths
        return paths[0].parent if paths else None

    def stop(self) -> None:
        """Stop the thread."""
        self._job.close()

    def _on_stack(self) -> None:
        seen, paths = self._seen, self._session.state.paths
        choices = self._session.state.open_choices
        self._job.cancel()
        alike = (
            seen is not None
            and len(paths) == 1
            and seen.path.parent == paths[0].parent
            and seen.choices == choices
        )
        if seen is not None and paths != (seen.path,):
            self._before = seen if alike else None
        self._say("")

    def _follow(self) -> None:
        state = self._session.state
        extraction = state.extraction
        recommended = getattr(extraction, "recommendation", None) is not None
        if len(state.paths) != 1 or state.stale or state.edit is not None or not recommended:
            self._say("")
            return
        assert extraction is not None
        answer = self._session.answer
        alone = answer is None or answer.acts_first or answer.certainty == "cannot tell"
        seen = _Seen(
            state.paths[0], state.open_choices, extraction.mask, _kind(state.stacks[0]), alone
        )
        self._seen, before = seen, self._before
        if before is not None and before.path.resolve() == seen.path.resolve():
            before = self._before = None  # opened again before the other one was measured
        # Without a mask there is nothing to share, nor with a file of another kind.
        shares = before is not None and before.mask.statistics.true_pixels > 1
        if before is None or not shares or before.kind != seen.kind or before.alone or alone:
            self._say("")
            return
        work = partial(_fit, extraction, before.mask)
        self._job.run(work, partial(self._on_fit, before.path.name))

    def _on_fit(self, name: str, fit: Fit) -> None:
        self._say(_SAYS.get(fit.word, "").format(name=name), name)

    def _say(self, text: str, name: str = "") -> None:
        if text != self.text:
            self.text, self.name = text, name
            self.changed.emit()


def _kind(stack: ImageStack) -> tuple[Any, ...]:
    """Return what files of one channel and setting have in common."""
    from structmask_gui.io.stack.units import pixel_size

    return stack.frame_shape, stack.dtype, stack.n_channels, pixel_size(stack.metadata)


def _fit(extraction: Any, mask: Mask, task: Task) -> Fit:
    from structmask_gui.core.recommend.extract import Judged
    from structmask_gui.core.recommend.shared import FileNoise

    found = Judged(extraction, extraction.recommendation, extraction.basis)
    return FileNoise.of(found).fit(mask, task)

"""What the present mask will do, followed live: the session's window on the quality engine.

The covariances of noise and image are measured once for a file and source (`Basis`), in a thread.
The figures of a mask then take milliseconds; they are worked out in a second thread, one request at
a time and always for the newest mask, so that a slider that is held never waits for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import ChosenFrames, Recording
from structmask_gui.gui.session.opening import check_unchanged
from structmask_gui.gui.session.worker import Job

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.quality.assessment import Assessment, Basis
    from structmask_gui.core.quality.error import Ranked, Scored
    from structmask_gui.core.quality.suggest import Suggestion
    from structmask_gui.gui.session.state import State

FiguresState = Literal["nothing", "measuring", "failed", "ready"]
Doubt = Literal["structure", "weak"]
"""The noise could not be separated from structure; or it is too weak for an estimate."""

PRESENT = "this mask"
BARE = "no mask (plain N2V)"
PUBLISHED = "ring analysis"
SUGGESTED = "of another size"
CAREAMICS = "CAREamics"
"""What the ranking calls them; a shape stands after the last."""

ALIKE = ", same as "
"""Stands between the names of masks that are the same."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What one mask will do."""

    mask: Mask
    basis: Basis
    assessment: Assessment
    ranking: tuple[Ranked, ...]
    """The mask among others, the best first; equal masks are one, with all their names."""

    @property
    def doubt(self) -> Doubt | None:
        """Why the order of masks says nothing, if it does not."""
        if not self.basis.trusted:
            return "structure"
        return "weak" if min(item.expected for item in self.ranking) >= 1 else None

    def record(self) -> dict[str, Any]:
        """Return the figures as a record holds them."""
        from structmask_gui.core.quality.basis import quality_record

        return quality_record(self.basis, self.assessment)


class Suggesting(QObject):
    """The suggestion of one stack."""

    changed = Signal()  # `suggestion`, `error` or `busy` is another

    def __init__(self, bug: Callable[[str], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job = Job("suggest", bug)
        self.suggestion: Suggestion | None = None
        self.error = ""

    @property
    def busy(self) -> bool:
        """Whether masks are being looked for."""
        return self._job.pending

    def ask(self, basis: Basis) -> None:
        """Look for masks; `changed` follows."""
        self.error = ""
        self._job.run(basis.suggest, self._on_found, self._on_failed)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop looking."""
        if self.busy:
            self._job.cancel()
            self.changed.emit()

    def forget(self) -> None:
        """Drop what is known: it is of another stack."""
        known = self.busy or self.error or self.suggestion is not None
        self._job.cancel()
        self.error, self.suggestion = "", None
        if known:
            self.changed.emit()

    def _on_found(self, suggestion: Suggestion) -> None:
        self.suggestion = suggestion
        self.changed.emit()

    def _on_failed(self, text: str) -> None:
        self.error = text
        self.changed.emit()

    def close(self) -> None:
        """Stop the thread."""
        self._job.close()


class Quality(QObject):
    """Measures the basis while a widget is visible, and follows the session's mask.

    Parameters
    ----------
    read : callable
        Returns the state of the session, which tells of changes by `follow` and `on_stale`.
    known : callable
        Returns the basis of the present frames, if it was measured for a recommendation.
    bug : callable
        Takes the traceback of an error of the program.
    """

    changed = Signal()  # `state`, `scores` or `current` is another
    measured = Signal()  # `basis` is another
    suggested = Signal()  # `suggesting` or its suggestion is another
    closing = Signal()  # the files are about to be closed; who reads them must stop

    def __init__(
        self,
        read: Callable[[], State],
        known: Callable[[], Basis | None],
        bug: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._read, self._known = read, known
        self._measuring = Job("basis", bug)
        self._scoring = Job("scores", bug, order="next")
        self._publishing = Job("published mask", bug)
        self._watchers: set[object] = set()
        self._key: object = None
        self._basis: Basis | None = None
        self._scorer = _Scorer({})
        self._careamics: dict[str, Mask] = {}
        self._published: Mask | None = None
        self._scores: Scores | None = None
        self._error = ""
        self.suggesting = Suggesting(bug, self)
        self.suggesting.changed.connect(self._on_suggested)

    # --- what there is ------------------------------------------------------------------------

    @property
    def state(self) -> FiguresState:
        """Whether there are scores, or why not."""
        if self._read().mask is None:
            return "nothing"
        if self._error:
            return "failed"
        return "ready" if self._scores is not None else "measuring"

    @property
    def error(self) -> str:
        """Why nothing can be said of this stack, a sentence."""
        return self._error

    @property
    def basis(self) -> Basis | None:
        """Covariances of noise and image, of the present stack and source."""
        return self._basis

    @property
    def scores(self) -> Scores | None:
        """The latest scores; of the present mask where `current` is True."""
        return self._scores

    @property
    def current(self) -> bool:
        """Whether the scores are those of the present mask, and that is up to date."""
        scores, state = self._scores, self._read()
        return scores is not None and scores.mask is state.mask and not state.stale

    @property
    def scored(self) -> Scored | None:
        """Error and copied noise of the present mask, if they are known."""
        return self._scores.assessment.scored if self._scores and self.current else None

    @property
    def published(self) -> tuple[Mask, Scored] | None:
        """The mask of ring analysis, cropped, with its figures, once both are known."""
        mask = None if self._published is None else self._published.cropped()
        scored = None if mask is None else self._scorer.known(mask)
        return None if mask is None or scored is None else (mask, scored)

    @property
    def suggestion(self) -> Suggestion | None:
        """Masks suggested for the present stack, once asked for."""
        return self.suggesting.suggestion

    # --- who is visible -----------------------------------------------------------------------

    def watch(self, who: object, visible: bool) -> None:
        """Say that a widget is visible, or no longer; without one nothing is measured."""
        had = bool(self._watchers)
        (self._watchers.add if visible else self._watchers.discard)(who)
        if visible and not had:
            self.follow()

    def suggest(self) -> None:
        """Work out suggested masks; `suggested` follows."""
        if self._basis is not None:
            self.suggesting.ask(self._basis)

    def _on_suggested(self) -> None:
        self.suggested.emit()
        # That masks are being looked for changes no rank.
        if self.suggestion is not None and not self.suggesting.busy:
            self._score()

    # --- following ----------------------------------------------------------------------------

    def on_stale(self, _stale: bool) -> None:
        """Take note that the session's result is out of date, or no longer."""
        if self._watchers:
            self.changed.emit()

    def follow(self) -> None:
        """Take note that mask, stack or pinned mask of the session is another."""
        watched, key = bool(self._watchers), _basis_key(self._read(), self._known)
        if key is None or key != self._key:
            # Also while nothing is visible: what is known of another stack is not of this one.
            self._forget(key if watched else None)
            if watched:
                if key is not None:
                    self._measure()
                self.changed.emit()
        elif watched and self._basis is not None:
            self._score()

    def _forget(self, key: object) -> None:
        for job in (self._measuring, self._scoring, self._publishing):
            job.cancel()
        self._key = key
        self._basis = self._scores = self._published = None
        self._scorer = _Scorer({})
        self._careamics = {}
        self._error = ""
        self.suggesting.forget()
        self.measured.emit()

    def _measure(self) -> None:
        work = partial(_measure, self._read(), self._known())
        self._measuring.run(work, self._on_measured, self._fail)

    def _on_measured(self, made: tuple[Basis, dict[str, Mask], dict[Mask, Scored]]) -> None:
        self._basis, self._careamics, known = made
        self._scorer = _Scorer(known)
        self.measured.emit()
        self._score()
        self._find_published()

    def _find_published(self) -> None:
        """Extract the published method's mask to rank a statistical one against."""
        state = self._read()
        if state.extraction is None or state.extraction.parameters.method == "ring":
            return
        self._publishing.run(partial(_published, state), self._on_published)

    def _on_published(self, mask: Mask) -> None:
        self._published = mask
        self._score()

    def _others(self) -> dict[str, Mask | None]:
        """Return the masks that the present one is ranked among."""
        state = self._read()
        masks: dict[str, Mask | None] = {BARE: None}
        if self._published is not None:
            masks[PUBLISHED] = self._published
        if state.edit is not None and state.extraction is not None:
            masks["extracted mask"] = state.extraction.mask
        if state.pinned is not None:
            masks[f"A, {state.pinned_words}"] = state.pinned
        if self.suggestion is not None:
            masks[SUGGESTED] = self.suggestion.mask
        masks.update({f"{CAREAMICS} {name}": mask for name, mask in self._careamics.items()})
        return masks

    def _score(self) -> None:
        """Have the newest mask scored, after the one under way."""
        mask, basis = self._read().mask, self._basis
        if mask is not None and basis is not None:
            work = partial(self._scorer, basis, mask, self._others())
            self._scoring.run(work, self._on_scored, self._fail)

    def _on_scored(self, scores: Scores) -> None:
        self._scores, self._error = scores, ""
        self.changed.emit()

    def _fail(self, text: str) -> None:
        self._error = text
        self.changed.emit()

    def close(self) -> None:
        """Stop the threads."""
        self._watchers.clear()
        self.closing.emit()
        for job in (self._measuring, self._scoring, self._publishing):
            job.close()
        self.suggesting.close()


def _basis_key(state: State, known: Callable[[], Basis | None]) -> tuple[Any, ...] | None:
    """Return what the basis depends on; None without a result."""
    extraction, asked = state.extraction, state.asked
    if extraction is None or asked is None:
        return None
    where = (asked.serial, asked.frame_range, asked.region)
    if extraction.measurement.correlation is None:
        # That of the recommendation, once it is known, so that all figures say the same.
        return (*where, "ring", known())
    # How far the noise is known, and whether it was separated, is of this one.
    return (*where, extraction.measurement)


def _measure(
    state: State, known: Basis | None, task: Task
) -> tuple[Basis, dict[str, Mask], dict[Mask, Scored]]:
    """Return the basis, and the best CAREamics shape of each axis with its score."""
    from structmask_gui.core.masks.trainers import careamics_masks
    from structmask_gui.core.quality.basis import extraction_basis
    from structmask_gui.core.quality.error import ranked

    extraction, asked = state.extraction, state.asked
    assert extraction is not None
    assert asked is not None
    check_unchanged(state.signatures)
    made = getattr(extraction, "basis", None) or known
    if made is None:
        frames = ChosenFrames(state.stacks, asked.frame_range)
        made = extraction_basis(extraction, frames, task=task)
    shapes, scores = careamics_masks(), {}
    for label, shape in shapes.items():
        task.stop_if_cancelled()
        scores[label] = made.score(shape)
    best: dict[str, Mask] = {}
    for item in ranked(scores):
        axes = item.label.partition(" ")[0]
        if not any(label.startswith(axes) for label in best):
            best[item.label] = shapes[item.label]
    return made, best, {shape.cropped(): scores[label] for label, shape in best.items()}


def _published(state: State, task: Task) -> Mask:
    from structmask_gui.core.extraction.extraction import extract_array
    from structmask_gui.core.parameters.model import Parameters

    assert state.asked is not None
    check_unchanged(state.signatures)
    recording = Recording(ChosenFrames(state.stacks, state.asked.frame_range), state.asked.region)
    return extract_array(recording, Parameters(), task=task).mask


class _Scorer:
    """Scores masks in the scoring thread, and keeps what it knows of one stack."""

    def __init__(self, known: dict[Mask, Scored]) -> None:
        self._known = known
        self._before: tuple[Basis, Mask, Assessment] | None = None

    def known(self, mask: Mask) -> Scored | None:
        """Return the figures of a cropped mask, if they are known."""
        return self._known.get(mask)

    def __call__(
        self, basis: Basis, mask: Mask, others: dict[str, Mask | None], _task: Task
    ) -> Scores:
        from structmask_gui.core.masks.mask import Mask
        from structmask_gui.core.quality.assessment import assess
        from structmask_gui.core.quality.error import ranked

        known, before = self._known, self._before
        if before is None or before[0] is not basis or before[1] is not mask:
            before = self._before = basis, mask, assess(basis, mask)
        assessment = before[2]
        names: dict[Mask, list[str]] = {}
        scores: dict[Mask, Scored] = {}
        bare = Mask.checked([[True]])
        for label, other in {PRESENT: mask, **others}.items():
            shape = bare if other is None else other.cropped()
            names.setdefault(shape, []).append(label)
            if label == PRESENT:
                scores[shape] = assessment.scored
            elif shape not in scores:
                scores[shape] = known.get(shape) or basis.score(shape)
                known[shape] = scores[shape]
        joined = {ALIKE.join(names[shape]): score for shape, score in scores.items()}
        return Scores(mask, basis, assessment, tuple(ranked(joined)))

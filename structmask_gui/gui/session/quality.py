"""What the present mask will do, followed live: the session's window on the quality engine.

Noise and picture are measured once for a file and source (`Basis`), in a thread. The figures of a
mask then take milliseconds; they are worked out in a second thread, one request at a time and
always for the newest mask, so that a slider that is held never waits for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import ChosenFrames, Recording
from structmask_gui.gui.session.suggestions import Suggesting
from structmask_gui.gui.session.worker import Lane, Outcome

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.quality.assessment import Assessment, Basis
    from structmask_gui.core.quality.error import EstimatedError, Ranked, Scored
    from structmask_gui.core.quality.suggest import Suggestion
    from structmask_gui.gui.session.session import Session

FiguresState = Literal["nothing", "measuring", "failed", "ready"]
Doubt = Literal["picture", "weak"]
"""The noise could not be told from the picture; or it is too weak for an estimate."""

PRESENT = "this mask"
BARE = "plain N2V"
PUBLISHED = "published"
SUGGESTED = "suggested"
CAREAMICS = "CAREamics"
"""What the ranking calls them; a shape stands after the last."""

ALIKE = " = "
"""Stands between the names of masks that are the same."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What one mask will do.

    Attributes
    ----------
    mask : Mask
        Which one.
    basis : Basis
        What it was worked out from.
    assessment : Assessment
    bare : EstimatedError
        Estimated error of the bare centre, to compare with.
    ranking : tuple of Ranked
        The mask among others, the best first; equal masks are one, with all their names.
    """

    mask: Mask
    basis: Basis
    assessment: Assessment
    bare: EstimatedError
    ranking: tuple[Ranked, ...]

    @property
    def doubt(self) -> Doubt | None:
        """Why the order of masks says nothing, if it does not."""
        if not self.basis.trusted:
            return "picture"
        return "weak" if min(item.error.total for item in self.ranking) >= 1 else None

    def record(self) -> dict[str, Any]:
        """Return the figures as a record holds them."""
        from structmask_gui.core.quality.basis import quality_record

        return quality_record(self.basis, self.assessment)


class Quality(QObject):
    """Measures the basis when somebody looks, and follows the session's mask.

    Signals
    -------
    changed()
        `state`, `scores` or `current` is another.
    measured()
        `basis` is another.
    suggested()
        `suggesting` or its suggestion is another.
    closing()
        The files are about to be closed; who reads them must stop.
    """

    changed = Signal()
    measured = Signal()
    suggested = Signal()
    closing = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._measuring = Lane("basis")
        self._scoring = Lane("scores")
        self._extras = Lane("masks", keep_all=True)
        self._measuring.ended.connect(self._on_measured)
        self._scoring.ended.connect(self._on_scored)
        self._extras.ended.connect(self._on_extra)
        self._watchers: set[object] = set()
        self._key: object = None
        self._basis: Basis | None = None
        self._careamics: dict[str, Mask] = {}
        self._published: Mask | None = None
        self._known: dict[Mask, Scored] = {}
        self.suggesting = Suggesting(session, self)
        self.suggesting.changed.connect(self._on_suggested)
        self._ticket = 0
        self._extra_key: dict[int, object] = {}
        self._scores: Scores | None = None
        self._score_ticket = 0
        self._again = False
        self._error = ""
        session.mask_changed.connect(self._follow)
        session.stack_changed.connect(self._follow)
        session.pinned_changed.connect(self._follow)
        session.stale_changed.connect(self._on_stale)

    # --- what there is ------------------------------------------------------------------------

    @property
    def state(self) -> FiguresState:
        """Whether there are scores, or why not."""
        if self._session.state.mask is None:
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
        """Noise and picture of the present stack and source."""
        return self._basis

    @property
    def scores(self) -> Scores | None:
        """The latest scores; of the present mask where `current` is True."""
        return self._scores

    @property
    def current(self) -> bool:
        """Whether the scores are those of the present mask, and that is up to date."""
        scores, session = self._scores, self._session
        return scores is not None and scores.mask is session.state.mask and not session.state.stale

    @property
    def suggestion(self) -> Suggestion | None:
        """Masks suggested for the present stack, once asked for."""
        return self.suggesting.suggestion

    # --- who looks ----------------------------------------------------------------------------

    def watch(self, who: object, looking: bool) -> None:
        """Say that a widget is seen, or no longer: nothing is measured for nobody."""
        had = bool(self._watchers)
        (self._watchers.add if looking else self._watchers.discard)(who)
        if looking and not had:
            self._follow()

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

    def _on_stale(self, _stale: bool) -> None:
        if self._watchers:
            self.changed.emit()

    def _follow(self) -> None:
        watched = bool(self._watchers)
        session = self._session
        key = (
            None
            if session.state.extraction is None or session.state.asked is None
            else self._wanted()
        )
        if key is None or key != self._key:
            # Also while nobody looks: what is known of another stack must not be taken for this.
            self._forget(key if watched else None)
            if watched:
                if key is not None:
                    self._measure()
                self.changed.emit()
        elif watched and self._basis is not None:
            self._score()

    def _wanted(self) -> tuple[Any, ...]:
        """Return what the basis depends on."""
        session = self._session
        extraction, asked = session.state.extraction, session.state.asked
        assert extraction is not None
        assert asked is not None
        where = (asked.serial, asked.frame_range, asked.region)
        if extraction.measurement.correlation is None:
            return (*where, "ring")
        # How far the noise is known, and whether it can be told from the picture, is of this one.
        return (*where, extraction.measurement)

    def _forget(self, key: object) -> None:
        self._measuring.cancel()
        self._scoring.cancel()
        self._extras.cancel()
        self._extra_key.clear()
        self._ticket = self._score_ticket = 0
        self._again = False
        self._key = key
        self._basis = self._scores = self._published = None
        self._careamics, self._known = {}, {}
        self._error = ""
        self.suggesting.forget()
        self.measured.emit()

    def _measure(self) -> None:
        session = self._session
        extraction, asked, stacks = (
            session.state.extraction,
            session.state.asked,
            session.state.stacks,
        )
        assert extraction is not None
        assert asked is not None
        frame_range = asked.frame_range

        def work(task: Task) -> Any:
            from structmask_gui.core.masks.trainers import careamics_masks
            from structmask_gui.core.quality.basis import extraction_basis
            from structmask_gui.core.quality.error import ranked

            frames = ChosenFrames(stacks, frame_range)
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
            known = {shape.cropped(): scores[label] for label, shape in best.items()}
            return made, best, known

        self._ticket = self._measuring.submit(work)

    def _on_measured(self, outcome: Outcome) -> None:
        if outcome.ticket != self._ticket:
            return
        if outcome.kind == "done":
            self._basis, self._careamics, self._known = outcome.result
            self.measured.emit()
            self._score()
            self._find_published()
        elif outcome.kind != "cancelled":
            self._fail(outcome)
            self.changed.emit()

    def _find_published(self) -> None:
        """Extract the published method's mask to rank a statistical one against."""
        session = self._session
        extraction, asked, stacks = (
            session.state.extraction,
            session.state.asked,
            session.state.stacks,
        )
        if extraction is None or extraction.parameters.method == "ring":
            return
        assert asked is not None
        frame_range, region = asked.frame_range, asked.region

        def work(task: Task) -> Any:
            from structmask_gui.core.extraction.extraction import extract_array
            from structmask_gui.core.parameters.model import Parameters

            frames = ChosenFrames(stacks, frame_range)
            made = extract_array(Recording(frames, region), Parameters(), task=task)
            return made.mask

        self._extra_key[self._extras.submit(work)] = self._key

    def _on_extra(self, outcome: Outcome) -> None:
        key = self._extra_key.pop(outcome.ticket, None)
        if outcome.kind == "bug":
            self._session.bug.emit(outcome.text)
        if outcome.kind != "done" or key != self._key:
            return
        self._published = outcome.result
        self._score()

    def _others(self) -> dict[str, Mask | None]:
        """Return the masks that the present one is ranked among."""
        session = self._session
        masks: dict[str, Mask | None] = {BARE: None}
        if self._published is not None:
            masks[PUBLISHED] = self._published
        extraction = session.state.extraction
        if session.state.edit is not None and extraction is not None:
            masks["as extracted"] = extraction.mask
        if session.state.pinned is not None:
            masks[f"A, {session.state.pinned_label}"] = session.state.pinned
        if self.suggestion is not None:
            masks[SUGGESTED] = self.suggestion.mask
        masks.update({f"{CAREAMICS} {name}": mask for name, mask in self._careamics.items()})
        return masks

    def _score(self) -> None:
        """Have the newest mask scored, after the one under way."""
        mask, basis = self._session.state.mask, self._basis
        if mask is None or basis is None:
            return
        if self._score_ticket:
            self._again = True
            return
        work = _scorer(basis, mask, self._others(), self._known, self._scores)
        self._score_ticket = self._scoring.submit(work)

    def _on_scored(self, outcome: Outcome) -> None:
        if outcome.ticket != self._score_ticket:
            return
        self._score_ticket = 0
        if outcome.kind == "done":
            self._scores, self._error = outcome.result, ""
        elif outcome.kind != "cancelled":
            self._fail(outcome)
        self.changed.emit()
        if self._again:
            self._again = False
            self._score()

    def _fail(self, outcome: Outcome) -> None:
        self._error = outcome.text
        if outcome.kind == "bug":
            self._error = "Something went wrong inside StructMask; the report says what."
            self._session.bug.emit(outcome.text)

    def close(self) -> None:
        """Stop the threads."""
        self._watchers.clear()
        self.closing.emit()
        for lane in (self._measuring, self._scoring, self._extras):
            lane.close()
        self.suggesting.close()


def _scorer(
    basis: Basis,
    mask: Mask,
    others: dict[str, Mask | None],
    known: dict[Mask, Scored],
    before: Scores | None,
) -> Callable[[Task], Scores]:
    """Return the work of scoring a mask; what is known with the same basis is kept."""

    def work(_task: Task) -> Scores:
        from structmask_gui.core.masks.mask import Mask
        from structmask_gui.core.quality.assessment import assess
        from structmask_gui.core.quality.error import Scored, ranked

        if before is not None and before.mask is mask and before.basis is basis:
            # Only the masks that it is ranked among are others.
            assessment = before.assessment
        else:
            assessment = assess(basis, mask)
        names: dict[Mask, list[str]] = {}
        scores: dict[Mask, Scored] = {}
        bare = Mask.checked([[True]])
        for label, other in {PRESENT: mask, **others}.items():
            shape = bare if other is None else other.cropped()
            names.setdefault(shape, []).append(label)
            if label == PRESENT:
                pixels = mask.statistics.true_pixels
                scores[shape] = Scored(assessment.error, assessment.figures.copied, pixels)
            elif shape not in scores:
                scores[shape] = known.get(shape) or basis.score(shape)
                known[shape] = scores[shape]
        joined = {ALIKE.join(names[shape]): score for shape, score in scores.items()}
        return Scores(mask, basis, assessment, scores[bare].error, tuple(ranked(joined)))

    return work

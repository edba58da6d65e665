"""One measurement as the measuring thread makes it, and the last ones, kept in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import ChosenFrames, FrameRange, Recording
from structmask_gui.gui.session.engine import Engine, Request
from structmask_gui.gui.session.opening import Signatures, check_unchanged, missing_note

if TYPE_CHECKING:
    from structmask_gui.core.extraction.extraction import Extraction
    from structmask_gui.core.measure.measurement import Measurement
    from structmask_gui.io.stack.image_stack import ImageStack

_WORTH_KEEPING = 0.2
"""Seconds from which a measurement is kept: one as quick as reading it from disk is not."""

_KEPT = 8
"""Measurements kept in memory, for undo and for going back and forth."""

_PAUSE = 0.15
"""Seconds between two estimates on the screen; more would only load the event loop."""


class Estimate(NamedTuple):
    """What is known before a measurement has ended."""

    request: Request
    measurement: Measurement
    extraction: Extraction
    error: float
    """The largest standard error of its lags."""


class Measured(NamedTuple):
    """What a measurement ended with."""

    request: Request
    measurement: Measurement
    extraction: Extraction
    keep: Callable[[], bool] | None
    """Writes it to disk, for the next time; None where that does not pay."""
    warning: str = ""
    """A sentence on its files."""


@dataclass(frozen=True, eq=False)
class Measuring:
    """Everything one measurement needs; called in the measuring thread."""

    engine: Engine
    request: Request
    stacks: Sequence[Any]
    reference_stacks: Mapping[str, Any]
    """Frames of the dark stack or the stack to subtract, as `measure` takes them."""
    opened: Mapping[Any, Any]
    """The files of these."""
    lag_reach: int
    signatures: Signatures
    identities: dict[Path, str | None]
    """What identifies the open folders, as far as it is known; of many files it takes a while."""
    keeps: bool
    """Whether measurements are kept on disk."""
    afresh: bool
    """Whether to measure even if one is kept."""
    on_estimate: Callable[[Estimate], None]
    """Takes estimates, in the measuring thread."""
    known: Measurement | None = None
    """The measurement, where only the recommended mask is still to be found."""
    _last: list[float] = field(default_factory=list)

    def __call__(self, task: Task) -> Measured:
        """Measure and select; the first time imports scipy, which would block the GUI thread."""
        from structmask_gui.core.parameters.rules import recommends

        check_unchanged(self.signatures)
        request = self.request
        key = self._key() if self.keeps else None
        measurement, keep = self.known, None
        if measurement is None and not self.afresh:
            measurement = self.engine.recalled(key, request.parameters)
        if measurement is None:
            begun = time.monotonic()
            both = recommends(request.parameters)
            measurement = self._measured(task.part(0, 2) if both else task)
            task = task.part(1, 2) if both else task
            if key is not None and time.monotonic() - begun >= _WORTH_KEEPING:
                keep = self._keeper(key, measurement)
        recording = self._recording
        extraction = self.engine.chosen(measurement, recording, request.parameters, task)
        if extraction.measurement is not measurement:
            # It was measured once more, further out.
            measurement = extraction.measurement
            keep = None if key is None else self._keeper(key, measurement)
        check_unchanged(self.signatures)  # while it was measured
        return Measured(request, measurement, extraction, keep, missing_note(self.signatures))

    @property
    def _recording(self) -> Recording:
        request = self.request
        return Recording(
            ChosenFrames(self.stacks, request.frame_range), request.region, **self.reference_stacks
        )

    def _measured(self, task: Task) -> Measurement:
        request = self.request
        more: dict[str, Any] = {}
        if request.parameters.precision > 0:
            more["on_estimate"] = self._tell
        measured: Measurement = self.engine.measured(
            self._recording,
            request.parameters,
            lag_reach=self.lag_reach,
            **more,
            task=task,
        )
        return measured

    def _tell(self, measurement: Measurement, error: float) -> None:
        now = time.monotonic()
        if not self._last or now - self._last[0] >= _PAUSE:
            self._last[:] = [now]
            request = self.request
            extraction = self.engine.selected(measurement, request.parameters, None)
            self.on_estimate(Estimate(request, measurement, extraction, error))

    def _key(self, *, anew: bool = False) -> str | None:
        """Return what the measurement is kept under, by the contents of the files."""
        from structmask_gui.io.stack.image_stack import MeasuredFiles

        request, opened = self.request, dict(self.opened)
        for kind, frames in self.reference_stacks.items():
            if isinstance(frames, ChosenFrames):
                # As many frames as the measured stack has, and the same of them.
                opened[kind] = restricted([opened[kind]], request.frame_range)[0]
        return self.engine.key(
            MeasuredFiles(restricted(self.stacks, request.frame_range), **opened),
            request.parameters,
            region=request.region,
            identity=None if anew else self._identity,
        )

    def _identity(self, stack: ImageStack) -> str | None:
        from structmask_gui.io.results.cache import content_identity

        if not stack.path.is_dir():
            return content_identity(stack)
        if stack.path not in self.identities:
            self.identities[stack.path] = content_identity(stack)
        return self.identities[stack.path]

    def _keeper(self, key: str, measurement: Measurement) -> Callable[[], bool]:
        def keep() -> bool:
            # A file that was changed while it was measured is another one now.
            return self._key(anew=True) == key and self.engine.kept(key, measurement)

        return keep


def restricted(stacks: Sequence[Any], frame_range: FrameRange | None) -> list[Any]:
    """Return stacks restricted to a range of all their frames in one row, for key and record."""
    if frame_range is None:
        return list(stacks)
    chosen = frame_range.indices()
    found, first = [], 0
    for stack in stacks:
        here = [i - first for i in chosen if first <= i < first + stack.n_frames]
        first += stack.n_frames
        if here:
            found.append(stack.with_frames(slice(here[0], here[-1] + 1, chosen.step)))
    return found


class KeptMeasurements:
    """The last measurements of the open files, each with its latest extraction."""

    def __init__(self) -> None:
        self._kept: list[tuple[Request, Extraction]] = []  # the latest first

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()

    def keep(self, request: Request, extraction: Extraction) -> None:
        """Keep an extraction in place of others of the same measurement."""
        measurement = extraction.measurement
        others = [one for one in self._kept if one[1].measurement is not measurement]
        self._kept = [(request, extraction), *others][:_KEPT]

    def extraction_for(self, request: Request) -> Extraction | None:
        """Find an extraction whose measurement answers a request, the latest first."""
        for n, (asked, kept) in enumerate(self._kept):
            if asked.same_frames(request) and kept.measurement.fits(request.parameters):
                self._kept.insert(0, self._kept.pop(n))
                return kept
        return None

    def recommended_for(
        self, measurement: Measurement | None, request: Callable[[], Request]
    ) -> Any:
        """Return the `RecommendedExtraction` of a measurement; see `Session.recommendation`."""
        own = next((kept for _, kept in self._kept if kept.measurement is measurement), None)
        if own is None:
            return None
        if own.verdict is not None:
            return own if hasattr(own, "recommendation") else None
        wanted = request()
        same = (kept for asked, kept in self._kept if asked.same_frames(wanted))
        return next((kept for kept in same if hasattr(kept, "recommendation")), None)

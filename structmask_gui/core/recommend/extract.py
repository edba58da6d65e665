"""From frames to the mask that is asked for: the significant lags, or the recommended mask."""

from __future__ import annotations

from dataclasses import dataclass, fields

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.extraction.extraction import Extraction, edited, select
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.parameters.rules import recommends
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.basis import (
    automatic_parameters,
    extraction_basis,
    measurement_basis,
    recorded_basis,
)
from structmask_gui.core.quality.copied_noise import RADIUS
from structmask_gui.core.recommend.answer import Answer, answer
from structmask_gui.core.recommend.recommend import Recommendation, recommend
from structmask_gui.core.stack.frames import Frames, Recording


@dataclass(frozen=True, eq=False)
class RecommendedExtraction(Extraction):
    """An extraction whose mask is the recommended one."""

    recommendation: Recommendation | None = None
    basis: Basis | None = None
    """What the figures of masks rest on; None where it could not be measured."""

    @property
    def dropped_by_limit(self) -> int:
        """None: the limit of pixels is one of the significant lags."""
        return 0

    @property
    def touches_edge(self) -> bool:
        """Whether a significant lag is the largest that was tested."""
        kept = None if self.selection is None else self.selection.kept
        return kept is not None and bool(kept[0].any() or kept[:, 0].any())

    def update(self, parameters: Parameters) -> Extraction:
        """Return the extraction with other parameters; see `Extraction.update`."""
        selected = select(self.measurement, parameters)
        if not recommends(parameters):
            return selected
        return with_recommendation(selected, recommend(self.basis, selected), self.basis)


def with_recommendation(
    extraction: Extraction, recommendation: Recommendation, basis: Basis | None = None
) -> RecommendedExtraction:
    """Return an extraction with the recommended mask in place of its own."""
    values = {field.name: getattr(extraction, field.name) for field in fields(Extraction)}
    values["mask"] = recommendation.mask
    return RecommendedExtraction(**values, recommendation=recommendation, basis=basis)


def extract_recording(
    recording: Recording | Frames | AnyArray, parameters: Parameters, *, task: Task = NO_TASK
) -> Extraction:
    """Measure a stack, or an array (y, x) or (frames, y, x), and choose the mask asked for."""
    recording = Recording.of(recording)
    measurement = measure(recording, parameters, task=task)
    return chosen(measurement, recording.frames, parameters, task=task)


def chosen(
    measurement: Measurement, frames: Frames, parameters: Parameters, *, task: Task = NO_TASK
) -> Extraction:
    """Return the extraction of a measurement of frames, with the mask that is asked for."""
    extraction = select(measurement, parameters)
    if not recommends(parameters):
        return extraction
    basis = _basis(extraction, frames, task)
    return with_recommendation(extraction, recommend(basis, extraction, task), basis)


@dataclass(frozen=True, eq=False)
class Judged:
    """What a stack says of masks: its noise, and the mask recommended for it."""

    extraction: Extraction
    recommendation: Recommendation
    basis: Basis | None  # None where frames are too small for the figures


def judge_stack(
    recording: Recording,
    parameters: Parameters,
    *,
    radius: int | None = None,
    task: Task = NO_TASK,
) -> Judged:
    """Measure a stack so that any mask can be judged on it.

    The noise is measured as the parameters say; for the published methods that is chosen
    automatically. Without a radius, it is the one that a recommendation takes.
    """
    of, asked = recording, parameters
    if parameters.method != "statistical":
        of = Recording(recording.frames, recording.region)
        asked = automatic_parameters(RADIUS if radius is None else radius)
    measurement = measure(of, asked, task=task)
    extraction = select(measurement, asked)
    if radius is None:
        basis = _basis(extraction, recording.frames, task)
    else:
        basis = measurement_basis(measurement, recording.frames, radius=radius, task=task)
    return Judged(extraction, recommend(basis, extraction, task), basis)


def judged(
    recording: Recording,
    parameters: Parameters,
    mask: Mask,
    *,
    radius: int,
    task: Task = NO_TASK,
) -> tuple[Basis, Answer | None]:
    """Return what the figures of a mask rest on, and the answer about it.

    As `judge_stack`; there is no answer where the noise cannot be measured automatically.
    """
    try:
        found = judge_stack(recording, parameters, radius=radius, task=task)
    except (InputError, ParameterError):
        return recorded_basis(recording, parameters, radius=radius, task=task), None
    assert found.basis is not None
    extraction = edited(found.extraction, mask, "made before")
    return found.basis, answer(extraction, found.recommendation, found.basis.score(mask))


def _basis(extraction: Extraction, frames: Frames, task: Task) -> Basis | None:
    try:
        return extraction_basis(extraction, frames, task=task)
    except (InputError, ParameterError):
        # Frames too small for the figures still have their significant lags.
        return None

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
    basis: Basis | None = None
    try:
        basis = extraction_basis(extraction, frames, task=task)
    except (InputError, ParameterError):
        # Frames too small for the figures still have their significant lags.
        basis = None
    return with_recommendation(extraction, recommend(basis, extraction, task), basis)


def judged(
    recording: Recording,
    parameters: Parameters,
    mask: Mask,
    *,
    radius: int,
    task: Task = NO_TASK,
) -> tuple[Basis, Answer | None]:
    """Return what the figures of a mask rest on, and the answer about it.

    The noise is measured as the parameters say; for ring analysis that is chosen automatically, and
    there is no answer where that cannot be measured.
    """
    of, asked = recording, parameters
    if parameters.method == "ring":
        of, asked = Recording(recording.frames, recording.region), automatic_parameters(radius)
    try:
        measurement = measure(of, asked, task=task)
    except (InputError, ParameterError):
        return recorded_basis(recording, parameters, radius=radius, task=task), None
    basis = measurement_basis(measurement, recording.frames, radius=radius, task=task)
    extraction = edited(select(measurement, asked), mask, "made before")
    recommendation = recommend(basis, extraction, task)
    return basis, answer(extraction, recommendation, basis.score(mask))

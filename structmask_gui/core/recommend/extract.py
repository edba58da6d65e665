"""From frames to the mask that is asked for: the significant lags, or the recommended mask."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

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
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.recommend import Recommendation, recommend, unseparated
from structmask_gui.core.recommend.shapes import shape_words
from structmask_gui.core.recommend.wording import Answer
from structmask_gui.core.stack.frames import Frames, Recording
from structmask_gui.core.verdict.lines import endless_lines, goes_on, lags_left
from structmask_gui.core.verdict.wording import FAINT_GAPS, FLAG_WORDS, patches_used


@dataclass(frozen=True, eq=False)
class RecommendedExtraction(Extraction):
    """An extraction whose mask is the recommended one."""

    recommendation: Recommendation | None = None
    basis: Basis | None = None
    """What the figures of masks rest on; None where it could not be measured."""

    @property
    def sentence(self) -> str:
        """The recommended mask; how sure it is, the answer says."""
        estimate = self.measurement.correlation
        if estimate is None:
            return super().sentence
        bare = self.mask.statistics.true_pixels == 1
        return f"{'No mask' if bare else shape_words(self.mask)}. {patches_used(estimate)}"

    @property
    def notes(self) -> tuple[str, ...]:
        """Further sentences for the user; often none."""
        asked, reach = self.parameters.max_lag, self.square.shape[0] // 2
        # The answer says what was not tested; gaps are those of the significant lags.
        elsewhere = {FLAG_WORDS["fixed_pattern_not_tested"], FAINT_GAPS}
        notes = tuple(note for note in super().notes if note not in elsewhere)
        if reach > asked:
            further = (
                f"The lines do not end within {asked} pixels (max_lag), so neighbours up to"
                f" {reach} pixels away were measured."
            )
            notes = (further, *notes)
        return notes

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
        if not recommends(parameters):
            return select(self.measurement, parameters)
        selected = _selected(self.measurement, parameters)
        recommendation = recommend(self.basis, selected)
        return with_recommendation(selected, recommendation, _followed(self.basis, recommendation))


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
    if not recommends(parameters):
        return select(measure(recording, parameters, task=task), parameters)
    measurement = measure(recording, parameters, task=task.part(0, 2))
    return chosen(measurement, recording, parameters, task=task.part(1, 2))


def chosen(
    measurement: Measurement, recording: Recording, parameters: Parameters, *, task: Task = NO_TASK
) -> Extraction:
    """Return the extraction of a measurement of a stack, with the mask that is asked for.

    Its measurement is another one where lines made it look further.
    """
    if not recommends(parameters):
        return select(measurement, parameters)
    first = measurement
    measurement = looked_further(first, recording, parameters, task=task.part(0, 2))
    if measurement is not first:
        task = task.part(1, 2)
    extraction = _selected(measurement, parameters)
    basis = _basis(extraction, recording.frames, task)
    recommendation = recommend(basis, extraction, task)
    return with_recommendation(extraction, recommendation, _followed(basis, recommendation))


def looked_further(
    measurement: Measurement, recording: Recording, parameters: Parameters, *, task: Task = NO_TASK
) -> Measurement:
    """Measure once more, as far as can be, where lines may end beyond the largest lag.

    So that a mask does not hide what was not measured. Lines whose offsets are to be removed first,
    and those that were looked for as far before, are left.
    """
    reach = _further(select(measurement, parameters))
    if reach <= parameters.max_lag or measurement.fits(parameters.changed(max_lag=reach)):
        return measurement
    further = parameters.changed(max_lag=reach)
    return measure(recording, further, earlier=measurement, task=task)


def _further(extraction: Extraction) -> int:
    """Return the largest lag that may show the end of lines; 0 where none does."""
    estimate, verdict = extraction.measurement.correlation, extraction.verdict
    if estimate is None or verdict is None or verdict.lines is not None:
        return 0
    parameters = extraction.parameters
    if endless_lines(estimate, parameters) is None and not goes_on(
        estimate, parameters.max_lag, parameters.rho_min
    ):
        return 0
    return lags_left(estimate, extraction.parameters.max_lag)


def _selected(measurement: Measurement, parameters: Parameters) -> Extraction:
    """Select up to the lags that lines were looked for, where they were."""
    extraction = select(measurement, parameters)
    reach = _further(extraction)
    if reach > parameters.max_lag and measurement.fits(parameters.changed(max_lag=reach)):
        wide = select(measurement, parameters.changed(max_lag=reach))
        extraction = replace(wide, parameters=parameters)
    return extraction


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
    measurement, task = measure(of, asked, task=task.part(0, 2)), task.part(1, 2)
    if recommends(asked):
        first = measurement
        measurement = looked_further(first, of, asked, task=task.part(0, 2))
        if measurement is not first:
            task = task.part(1, 2)
    extraction = _selected(measurement, asked) if recommends(asked) else select(measurement, asked)
    if radius is None:
        basis = _basis(extraction, recording.frames, task)
    else:
        basis = measurement_basis(measurement, recording.frames, radius=radius, task=task)
    recommendation = recommend(basis, extraction, task)
    return Judged(extraction, recommendation, _followed(basis, recommendation))


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
    told = answer(extraction, found.recommendation, found.basis.score(mask))
    trusted = found.basis.trusted and not unseparated(found.extraction, found.recommendation)
    return replace(found.basis, trusted=trusted), told


def _followed(basis: Basis | None, recommendation: Recommendation) -> Basis | None:
    """Return the basis that a recommendation follows, so that figures agree with it."""
    measured = None if basis is None else basis.as_measured
    return measured.likely() if recommendation.learned and measured is not None else measured


def _basis(extraction: Extraction, frames: Frames, task: Task) -> Basis | None:
    try:
        return extraction_basis(extraction, frames, task=task)
    except (InputError, ParameterError):
        # Frames too small for the figures still have their significant lags.
        return None

"""The stages chained: from a measurement to a mask, redoing only what a change touches."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from structmask_gui.core.arrays import AnyArray, BoolArray, FloatArray
from structmask_gui.core.extraction import rings as ring_stage
from structmask_gui.core.extraction.rings import RingAnalysis
from structmask_gui.core.masks.mask import SHAPE_WORDS, Mask
from structmask_gui.core.masks.postprocess import centre_component, strongest_pairs
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.info import Stage
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import IsCancelled, Progress, never_cancelled, no_progress
from structmask_gui.core.stack.frames import ArrayFrames, Frames, Region

if TYPE_CHECKING:
    from structmask_gui.core.statistical.estimate import CorrelationEstimate
    from structmask_gui.core.statistical.selection import StatisticalSelection
    from structmask_gui.core.verdict.verdict import Verdict


@dataclass(frozen=True, eq=False)
class Extraction:
    """A mask and every step that led to it.

    Attributes
    ----------
    parameters : Parameters
        What it was made with.
    measurement : Measurement
        Patches and averaged autocorrelation.
    square : ndarray of float64, shape (odd, odd)
        The centre square of the averaged autocorrelation, or the whole plane.
    centre : ndarray of float64, same shape
        The same after the adaptive step: what the rings see.
    rings : RingAnalysis or None
        What was decided about each ring; published method only.
    connected : ndarray of bool, same shape
        The selected pixels before the size limit: those left after the component rule, or all
        that the statistical method keeps.
    mask : Mask
        The result.
    selection : StatisticalSelection or None
        Which lags are proven and large enough; statistical method only.
    verdict : Verdict or None
        What the noise is and how sure that is; statistical method only.
    """

    parameters: Parameters
    measurement: Measurement
    square: FloatArray
    centre: FloatArray
    rings: RingAnalysis | None
    connected: BoolArray
    mask: Mask
    selection: StatisticalSelection | None = None
    verdict: Verdict | None = None

    def update(self, parameters: Parameters) -> Extraction:
        """Return the extraction with other parameters, redoing only the stages they touch.

        Raises
        ------
        ValueError
            If the parameters need a new measurement; ask ``measurement.fits`` first.
        """
        return select(self.measurement, parameters, previous=self)

    @property
    def dropped_by_component(self) -> int:
        """Number of pixels that were selected but not connected to the centre."""
        if self.rings is None:
            return 0
        return int(self.rings.selected.sum() - self.connected.sum())

    @property
    def dropped_by_limit(self) -> int:
        """Number of pixels that the size limit took away."""
        return int(self.connected.sum()) - self.mask.statistics.true_pixels

    @property
    def sentence(self) -> str:
        """What the mask is and how it came about, in plain words."""
        if self.verdict is not None:
            return self.verdict.sentence
        statistics, sampling = self.mask.statistics, self.measurement.sampling
        what = SHAPE_WORDS[statistics.shape_class]
        pixels = "" if statistics.true_pixels == 1 else f", {statistics.size_words}"
        return (
            f"{what}{pixels}, from {counted(sampling.n_used, 'patch', 'patches')}"
            f" of {counted(sampling.n_frames, 'frame')}."
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know beside the sentence, a sentence each; often nothing."""
        notes: list[str] = []
        if self.verdict is not None:
            # Its sentence counts the patches left out.
            notes += self.verdict.details
            limit, reach = "max_pixels", "max_lag"
        else:
            if self.rings is not None and self.rings_found_nothing:
                notes.append(_why_bare(self.rings, self.dropped_by_component))
            for reason, count in self.measurement.sampling.left_out.items():
                notes.append(f"{counted(count, 'patch', 'patches')} left out: {reason}.")
            limit, reach = "max_true_pixels", "center_size"
        if self.dropped_by_limit:
            notes.append(
                f"{counted(self.dropped_by_limit, 'pixel')} taken away by the limit of"
                f" {getattr(self.parameters, limit)} ({limit})."
            )
        # Where lines do not end, the verdict has said what helps.
        endless = self.verdict is not None and "whole_line" in self.verdict.flags
        seen = self.rings is None or self.parameters.crop_autocorr
        estimate = self.measurement.correlation
        if estimate is not None:
            from structmask_gui.core.verdict.lines import lags_left

            # No larger lag is advised than can be measured.
            seen = lags_left(estimate, self.parameters.max_lag) > 0
        if seen and self.touches_edge and not endless:
            notes.append(
                f"The mask reaches the edge of what was looked at; a larger {reach} may show more"
                " of it."
            )
        return tuple(notes)

    @property
    def rings_found_nothing(self) -> bool:
        """Whether the published method left only the centre, which another method may not."""
        return self.rings is not None and self.mask.statistics.true_pixels == 1

    @property
    def touches_edge(self) -> bool:
        """Whether a pixel of the mask lies on the outermost ring."""
        array = self.mask.array
        return bool(array[0].any() or array[:, 0].any())


# The preset's name in the window, and the option for it on the command line.
_TRY_AUTOMATIC = "Try the preset automatic (--preset automatic)"


def _why_bare(analysis: RingAnalysis, dropped_by_component: int) -> str:
    if not any(ring.considered for ring in analysis.rings):
        return (
            "Only the centre is left: no ring is as strong as center_ratio_threshold asks."
            f" {_TRY_AUTOMATIC}, which finds weak correlation under a picture, or lower"
            " center_ratio_threshold."
        )
    if dropped_by_component:
        return (
            f"Only the centre is left: the selected pixels do not touch it. {_TRY_AUTOMATIC}, or"
            " switch keep_center_component_only off to keep them."
        )
    return (
        "Only the centre is left: no pixel is above its ring's threshold, or the limit on the"
        f" mask's size is too low. {_TRY_AUTOMATIC}, or lower base_percentile or raise"
        " max_true_pixels."
    )


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """Return a count with its noun, as in "1 patch" and "64 patches"."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def select(
    measurement: Measurement, parameters: Parameters, previous: Extraction | None = None
) -> Extraction:
    """Choose the mask's pixels from what was measured; takes milliseconds.

    Parameters
    ----------
    measurement : Measurement
        Must fit the parameters.
    parameters : Parameters
        All stages after the autocorrelation.
    previous : Extraction, optional
        Stages whose parameters and input are the same are taken from it.

    Raises
    ------
    ValueError
        If the parameters need a new measurement.
    """
    if not measurement.fits(parameters):
        raise ValueError("these parameters need a new measurement")
    if previous is not None and previous.measurement is not measurement:
        previous = None
    if measurement.correlation is not None:
        return _select_statistically(measurement, measurement.correlation, parameters)
    first = _first_stage(parameters, previous)

    if previous is not None and first > Stage.CROP:
        square = previous.square
    elif parameters.crop_autocorr:
        square = measurement.autocorrelation.square(parameters.center_size // 2)
    else:
        square = measurement.autocorrelation.mean

    if previous is not None and first > Stage.ADAPT:
        centre = previous.centre
    else:
        centre = ring_stage.adapt(square, parameters)

    if previous is not None and first > Stage.RINGS:
        rings = previous.rings
    else:
        rings = ring_stage.analyse_rings(centre, parameters)

    if previous is not None and first > Stage.POSTPROCESS:
        connected, mask = previous.connected, previous.mask
    else:
        assert rings is not None  # the published method always has them
        connected = rings.selected
        if parameters.keep_center_component_only:
            connected = centre_component(connected)
        limit = parameters.max_true_pixels
        kept = connected if limit is None else strongest_pairs(connected, centre, limit)
        mask = Mask(kept)
    return Extraction(parameters, measurement, square, centre, rings, connected, mask)


def _select_statistically(
    measurement: Measurement, estimate: CorrelationEstimate, parameters: Parameters
) -> Extraction:
    from structmask_gui.core.statistical.selection import select_lags
    from structmask_gui.core.verdict.verdict import judge

    selection = select_lags(estimate.lags, parameters)
    verdict = judge(estimate, selection, parameters)
    square = measurement.autocorrelation.square(selection.kept.shape[0] // 2)
    return Extraction(
        parameters=parameters,
        measurement=measurement,
        square=square,
        centre=square,
        rings=None,
        connected=selection.significant & selection.large | selection.kept,
        mask=Mask(selection.kept),
        selection=selection,
        verdict=verdict,
    )


def _first_stage(parameters: Parameters, previous: Extraction | None) -> int:
    """Return the first stage that has to be redone; one past the last if none has."""
    if previous is not None:
        for stage in Stage:
            if parameters.of_stages(stage) != previous.parameters.of_stages(stage):
                return stage
        return max(Stage) + 1
    return Stage.CROP


def extract_array(
    frames: Frames | AnyArray,
    parameters: Parameters,
    *,
    region: Region | None = None,
    dark: Frames | None = None,
    subtract: Frames | None = None,
    progress: Progress = no_progress,
    cancelled: IsCancelled = never_cancelled,
) -> Extraction:
    """Measure and select in one call.

    Parameters
    ----------
    frames : Frames or ndarray
        A stack; an array of shape (y, x) or (frames, y, x) will do.
    parameters : Parameters
        All stages.
    region : Region, optional
        The rectangle to stay within.
    dark, subtract : Frames, optional
        See `structmask_gui.core.measure.measure.measure`.
    progress, cancelled : callable, optional
        See `structmask_gui.core.progress`.

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `structmask_gui.core.measure.measure.measure`.
    """
    if not isinstance(frames, Frames):
        frames = ArrayFrames(frames)
    measurement = measure(
        frames,
        parameters,
        region=region,
        dark=dark,
        subtract=subtract,
        progress=progress,
        cancelled=cancelled,
    )
    return select(measurement, parameters)


@dataclass(frozen=True, eq=False)
class EditedExtraction(Extraction):
    """An extraction with another mask.

    Attributes
    ----------
    extracted : Extraction
        The extraction as it came out.
    how : str
        How the mask came about, as in "edited by hand".
    """

    extracted: Extraction | None = None
    how: str = "edited by hand"

    @property
    def sentence(self) -> str:
        """What the mask is and how it came about."""
        statistics = self.mask.statistics
        pixels = "" if statistics.true_pixels == 1 else f", {statistics.size_words}"
        return f"{SHAPE_WORDS[statistics.shape_class]}{pixels}, {self.how}."

    @property
    def notes(self) -> tuple[str, ...]:
        """What was extracted before, and what to know of this mask."""
        notes: list[str] = []
        if not self.mask.statistics.symmetric:
            notes.append(
                "The mask is not symmetric: it hides pixels on one side whose mirror image, which"
                " shares as much noise, stays visible."
            )
        if self.extracted is not None:
            # A verdict is about the mask it was extracted with, not about this one.
            notes.append(f"The mask as extracted: {self.extracted.sentence}")
            notes += self.extracted.notes
        return tuple(notes)


def edited(extraction: Extraction, mask: Mask, how: str) -> EditedExtraction:
    """Return an extraction with another mask, which remembers the one extracted."""
    values = {field.name: getattr(extraction, field.name) for field in fields(Extraction)}
    return EditedExtraction(**{**values, "mask": mask}, extracted=extraction, how=how)

"""The stages chained: from a measurement to a mask, redoing only what a change touches."""

from __future__ import annotations

from dataclasses import dataclass

from structmask_gui.core import rings as ring_stage
from structmask_gui.core.autocorrelation import FloatArray
from structmask_gui.core.frames import AnyArray, ArrayFrames, Frames
from structmask_gui.core.mask import SHAPE_WORDS, BoolArray, Mask
from structmask_gui.core.measurement import Measurement, measure
from structmask_gui.core.parameters import Parameters, Stage
from structmask_gui.core.postprocess import centre_component, strongest_pairs
from structmask_gui.core.progress import IsCancelled, Progress, never_cancelled, no_progress
from structmask_gui.core.rings import RingAnalysis
from structmask_gui.core.sampling import Region


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
    rings : RingAnalysis
        What was decided about each ring.
    connected : ndarray of bool, same shape
        The selected pixels that are left after the component rule.
    mask : Mask
        The result.
    """

    parameters: Parameters
    measurement: Measurement
    square: FloatArray
    centre: FloatArray
    rings: RingAnalysis
    connected: BoolArray
    mask: Mask

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
        return int(self.rings.selected.sum() - self.connected.sum())

    @property
    def dropped_by_limit(self) -> int:
        """Number of pixels that the size limit took away."""
        return int(self.connected.sum()) - self.mask.statistics.true_pixels

    @property
    def sentence(self) -> str:
        """What the mask is and how it came about, in plain words."""
        statistics, sampling = self.mask.statistics, self.measurement.sampling
        what = SHAPE_WORDS[statistics.shape_class]
        pixels = "" if statistics.true_pixels == 1 else f", {statistics.true_pixels} pixels"
        return (
            f"{what}{pixels}, from {counted(sampling.n_used, 'patch', 'patches')}"
            f" of {counted(sampling.n_frames, 'frame')}."
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know beside the sentence, a sentence each; often nothing."""
        notes = []
        if self.mask.statistics.true_pixels == 1:
            notes.append(_why_bare(self))
        for reason, count in self.measurement.sampling.left_out.items():
            notes.append(f"{counted(count, 'patch', 'patches')} left out: {reason}.")
        if self.dropped_by_limit:
            notes.append(
                f"{counted(self.dropped_by_limit, 'pixel')} taken away by the limit of"
                f" {self.parameters.max_true_pixels} (max_true_pixels)."
            )
        if self.parameters.crop_autocorr and self.touches_edge:
            notes.append(
                "The mask reaches the edge of the centre square; a larger center_size may show"
                " more of it."
            )
        return tuple(notes)

    @property
    def touches_edge(self) -> bool:
        """Whether a pixel of the mask lies on the outermost ring."""
        array = self.mask.array
        return bool(array[0].any() or array[:, 0].any())


def _why_bare(extraction: Extraction) -> str:
    considered = sum(ring.considered for ring in extraction.rings.rings)
    if not considered:
        return (
            "Only the centre is left: no ring is as strong as center_ratio_threshold asks. The"
            " noise may be uncorrelated, and plain N2V is then the right choice; or lower"
            " center_ratio_threshold."
        )
    if extraction.dropped_by_component:
        return (
            "Only the centre is left: the selected pixels do not touch it. Switch"
            " keep_center_component_only off to keep them."
        )
    return (
        "Only the centre is left: no pixel is above its ring's threshold, or the limit on the"
        " mask's size is too low. Lower base_percentile or raise max_true_pixels."
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
        connected = rings.selected
        if parameters.keep_center_component_only:
            connected = centre_component(connected)
        limit = parameters.max_true_pixels
        kept = connected if limit is None else strongest_pairs(connected, centre, limit)
        mask = Mask(kept)
    return Extraction(parameters, measurement, square, centre, rings, connected, mask)


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
    progress, cancelled : callable, optional
        See `structmask_gui.core.progress`.

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `structmask_gui.core.measurement.measure`.
    """
    if not isinstance(frames, Frames):
        frames = ArrayFrames(frames)
    measurement = measure(frames, parameters, region=region, progress=progress, cancelled=cancelled)
    return select(measurement, parameters)

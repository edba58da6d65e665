"""From a measurement to a mask, redoing only the stages that a change affects."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, BoolArray, FloatArray
from structmask_gui.core.extraction import rings as ring_stage
from structmask_gui.core.extraction.rings import Decision, RingAnalysis
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.postprocess import centre_component, strongest_pairs
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.names import counted
from structmask_gui.core.parameters.info import Stage
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import Frames, Recording

if TYPE_CHECKING:
    from structmask_gui.core.extraction.spine import SpineSelection
    from structmask_gui.core.statistical.estimate import CorrelationEstimate
    from structmask_gui.core.statistical.profiles import BrightnessCurve, Profile
    from structmask_gui.core.statistical.selection import StatisticalSelection
    from structmask_gui.core.verdict.verdict import Verdict


@dataclass(frozen=True, eq=False)
class Extraction:
    """A mask and every step that led to it."""

    parameters: Parameters
    measurement: Measurement
    """Patches and averaged autocorrelation."""
    square: FloatArray
    """The centre square of the averaged autocorrelation, or the whole plane; odd sides."""
    centre: FloatArray
    """The same after the adaptive step, on which the rings are decided."""
    rings: RingAnalysis | None
    """The decision about each ring; published method only."""
    connected: BoolArray
    """The selected pixels before the size limit: those left by the component rule, or all that the
    statistical method keeps. Shape of `square`."""
    mask: Mask
    selection: StatisticalSelection | None = None
    """Which lags are significant and large enough; statistical method only."""
    verdict: Verdict | None = None
    """Kind and certainty of the noise; statistical method only."""
    spine: SpineSelection | None = None
    """The lines through the significant lags; spine method only."""

    def update(self, parameters: Parameters) -> Extraction:
        """Return the extraction with other parameters, redoing only the stages they affect.

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
        """Number of pixels that the size limit removed."""
        return int(self.connected.sum()) - self.mask.statistics.true_pixels

    @property
    def decisions(self) -> NDArray[np.uint8] | None:
        """The `Decision` of each pixel of the centre square; published method only."""
        if self.rings is None:
            return None
        above, selected, mask = self.rings.above, self.rings.selected, self.mask.array
        codes = np.zeros(above.shape, dtype=np.uint8)
        codes[above & ~selected] = Decision.NOT_CLOSE
        codes[selected & ~self.connected] = Decision.NOT_JOINED
        codes[self.connected & ~mask] = Decision.OVER_LIMIT
        codes[mask & above] = Decision.KEPT
        codes[mask & ~above] = Decision.ADDED
        codes[self.mask.centre] = Decision.CENTRE
        return codes

    @property
    def sentence(self) -> str:
        """The mask and how it was made, for the user."""
        if self.verdict is not None:
            return self.verdict.sentence
        statistics, sampling = self.mask.statistics, self.measurement.sampling
        what = statistics.shape_words
        pixels = "" if statistics.true_pixels == 1 else f", {statistics.size_words}"
        parts = counted(sampling.n_used, "patch", "patches")
        if self.spine is not None:
            parts = counted(sampling.n_used, "background tile")
        return f"{what}{pixels}, from {parts} of {counted(sampling.n_frames, 'frame')}."

    @property
    def notes(self) -> tuple[str, ...]:
        """Further sentences for the user; often none."""
        notes: list[str] = []
        if self.verdict is not None:
            # Its sentence counts the patches left out.
            notes += self.verdict.details
            limit = "max_pixels"
        else:
            if self.rings is not None and self.rings_found_nothing:
                notes.append(_why_bare(self.rings, self.parameters, self.dropped_by_component))
            if self.spine is not None:
                notes.append(_of_direction(self.spine, self.parameters))
            for reason, count in self.measurement.sampling.left_out.items():
                notes.append(f"{counted(count, 'patch', 'patches')} left out: {reason}.")
            limit = "max_true_pixels" if self.spine is None else "max_pixels"
        if self.dropped_by_limit:
            notes.append(
                f"{counted(self.dropped_by_limit, 'pixel')} removed by the limit of"
                f" {getattr(self.parameters, limit)} ({limit})."
            )
        if self.touches_edge and self._larger_lags_help:
            if self.rings is None:
                notes.append("The pattern may reach further: search further out (max_lag).")
            else:
                notes.append("The pattern may reach further: search further out (center_size).")
        return tuple(notes)

    @property
    def _larger_lags_help(self) -> bool:
        if self.rings is not None:
            return self.parameters.crop_autocorr
        # For noise along whole lines the verdict has said what helps.
        if self.verdict is not None and "whole_line" in self.verdict.flags:
            return False
        estimate = self.measurement.correlation
        if estimate is None:
            # No tile is larger, so neither are the lags that its half holds.
            return bool(self.square.shape[0] // 2 == self.parameters.max_lag)
        from structmask_gui.core.verdict.lines import lags_left

        # No larger lag is advised than can be measured.
        return lags_left(estimate, self.square.shape[0] // 2) > 0

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """Correlation along x, y and the main direction of the noise; statistical method only."""
        from structmask_gui.core.statistical.profiles import profiles

        estimate = self.measurement.correlation
        if estimate is None or self.selection is None:
            return ()
        return profiles(estimate, self.selection.kept)

    @property
    def brightness_curve(self) -> BrightnessCurve | None:
        """Correlation in patches of each brightness, where it was measured."""
        from structmask_gui.core.statistical.profiles import brightness_curve

        estimate = self.measurement.correlation
        return None if estimate is None else brightness_curve(estimate, self.parameters.rho_min)

    @property
    def rings_found_nothing(self) -> bool:
        """Whether the published method left only the centre."""
        return self.rings is not None and self.mask.statistics.true_pixels == 1

    @property
    def touches_edge(self) -> bool:
        """Whether a pixel of the mask lies on the outermost ring."""
        array = self.mask.array
        return bool(array[0].any() or array[:, 0].any())


# The preset's name in the window, and the option for it on the command line.
_TRY_AUTOMATIC = "Try the preset automatic (--preset automatic)"


def no_ring_passes(analysis: RingAnalysis, parameters: Parameters) -> str:
    """Say that no ring is strong enough, and by how much; empty if one is."""
    if any(ring.considered for ring in analysis.rings) or not np.isfinite(analysis.strongest):
        return ""
    return (
        f"No ring passes: the strongest has {100 * analysis.strongest:.0f} % of the centre's value,"
        f" and center_ratio_threshold asks for {100 * parameters.center_ratio_threshold:.0f} %."
    )


def _why_bare(analysis: RingAnalysis, parameters: Parameters, dropped_by_component: int) -> str:
    if not any(ring.considered for ring in analysis.rings):
        return (
            f"Only the centre is left. {no_ring_passes(analysis, parameters)}"
            f" {_TRY_AUTOMATIC}, which finds weak correlation under structure, or lower"
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


def _of_direction(spine: SpineSelection, parameters: Parameters) -> str:
    if not spine.directed:
        return (
            f"No direction: Dmax {spine.direction:.4f} is below {parameters.least_direction:g}, so"
            " plain N2V is the choice of this method."
        )
    text = f"Dmax {spine.direction:.3f}: the noise has a direction"
    if int(spine.mask.sum()) == 1:
        return f"{text}, but no lag stands out enough, so plain N2V is the choice of this method."
    return f"{text}."


def select(
    measurement: Measurement, parameters: Parameters, previous: Extraction | None = None
) -> Extraction:
    """Choose the mask's pixels from the measurement, in milliseconds.

    Stages whose parameters and input are those of ``previous`` are taken from it.

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
    if measurement.background is not None:
        return _select_spine(measurement, parameters)
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


def _select_spine(measurement: Measurement, parameters: Parameters) -> Extraction:
    from structmask_gui.core.extraction.spine import select_spine

    square = measurement.autocorrelation.mean
    spine = select_spine(square, parameters)
    return Extraction(
        parameters, measurement, square, square, None, spine.kept, Mask(spine.mask), spine=spine
    )


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
    recording: Recording | Frames | AnyArray, parameters: Parameters, *, task: Task = NO_TASK
) -> Extraction:
    """Measure a stack, or an array (y, x) or (frames, y, x), and select; raises as `measure`."""
    return select(measure(Recording.of(recording), parameters, task=task), parameters)


def cannot_separate(extraction: Extraction) -> bool:
    """Whether structure may be in the correlation that was measured."""
    verdict, estimate = extraction.verdict, extraction.measurement.correlation
    if verdict is None or estimate is None:
        return False
    flags = set(verdict.flags)
    # In one frame a regular pattern may be the specimen's; it is coarser than what its optics
    # resolve.
    whole = not estimate.evidence.relations and estimate.source != "spectrum"
    periodic = "periodic_temporal" in flags and whole
    return periodic or bool({"cannot_tell", "picture"} & flags)


@dataclass(frozen=True, eq=False)
class EditedExtraction(Extraction):
    """An extraction with another mask."""

    extracted: Extraction | None = None
    """The extraction before the change."""
    how: str = "edited by hand"

    @property
    def sentence(self) -> str:
        """The mask and how it was made."""
        statistics = self.mask.statistics
        pixels = "" if statistics.true_pixels == 1 else f", {statistics.size_words}"
        return f"{statistics.shape_words}{pixels}, {self.how}."

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on this mask, then those of the extraction."""
        notes: list[str] = []
        if not self.mask.statistics.symmetric:
            notes.append(
                "The mask is not symmetric: it hides pixels on one side whose mirror image, which"
                " shares as much noise, stays visible."
            )
        if self.extracted is not None:
            # A verdict belongs to the mask it was extracted with, not to this one.
            notes.append(f"The mask as extracted: {self.extracted.sentence}")
            notes += self.extracted.notes
        return tuple(notes)


def edited(extraction: Extraction, mask: Mask, how: str) -> EditedExtraction:
    """Return an extraction with another mask, which keeps the extracted one."""
    values = {field.name: getattr(extraction, field.name) for field in fields(Extraction)}
    return EditedExtraction(**{**values, "mask": mask}, extracted=extraction, how=how)

"""The result of measuring noise: correlation, patches, and the evidence for a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.parameters.info import MEASURED
from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.stack.frames import Lines, Region
from structmask_gui.core.stack.hot_pixels import Places
from structmask_gui.core.stack.left_out import LeftOut
from structmask_gui.core.stack.patches import Sampling
from structmask_gui.core.stack.registration import PairRelation
from structmask_gui.core.statistical.flat_tiles import FlatTiles
from structmask_gui.core.statistical.frame_diagnostics import FrameEvidence, LineCovariance
from structmask_gui.core.statistical.out_of_band import SpectralFit
from structmask_gui.core.statistical.patterns import Patterns
from structmask_gui.core.statistical.source import Used

LARGEST_LAG = int(parameter_infos()["max_lag"].highest or 1)
"""The largest lag that can be asked for."""


SEES: dict[Used, str] = {
    "frames": "the frames as they are",
    "flat": "the flattest parts of the image",
    "difference": "frame-to-frame changes",
    "dark": "the dark stack",
    "subtract": "the frames less the reference stack",
    "spectrum": "detail finer than the optics resolve",
}
"""What a sentence calls each source."""
BLIND_TO: dict[Used, str] = {
    "frames": "Everything is measured, the sample included.",
    "flat": "Noise that grows with brightness would not be noticed.",
    "difference": "Moving, blinking or bleaching sample counts as noise.",
    "dark": "Noise that grows with the signal would not be noticed.",
    "subtract": "A fixed pattern cancels; structured noise that stayed in the reference stack is"
    " missed.",
    "spectrum": "Its limit is estimated. In undersampled or binned images sample may remain; broad,"
    " smooth noise would not be noticed.",
}
"""What each source cannot see, as a sentence."""


@dataclass(frozen=True, eq=False)
class BrightnessBin:
    """The correlation of the patches of one range of brightness."""

    brightness: float
    lags: LagEstimate


@dataclass(frozen=True)
class UnlikePart:
    """A half of the field, or of the stack, whose noise has another correlation."""

    where: str  # As it follows "in the"
    rho: float  # Its correlation at the lag that differs most, the larger one
    other: float  # That of the other half
    lag: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Evidence beside the correlation, for the verdict."""

    relations: tuple[PairRelation, ...]  # How frames relate to the next; empty for one frame
    unevenness: FloatArray
    unevenness_error: FloatArray
    """Shape (bands,); spread of the tiles' power over that of noise, by frequency band."""
    hot_share: float  # Share of pixels repaired as hot
    blockiness: float  # How far blocks of a codec stand out in a frame as stored, 0 to 1
    lossy: bool  # Whether the file says that they were compressed with loss
    frame: FrameEvidence  # What shows only over whole frames
    fit: SpectralFit | None = (
        None  # Fit beyond the optical cut-off, where structure made it necessary
    )
    flat: FlatTiles | None = None  # The flat tiles, likewise
    flat_excess: float = 1.0
    """Energy of the flat tiles over what the fit predicts; 1 if they are alike."""
    trusted: bool = True  # False where noise and structure could not be separated
    rest: LagEstimate | None = None
    """The residual correlation once line offsets are removed, where they were removed."""
    suspected: bool = False  # Whether structure is too faint to be sure of
    clipped: bool = False  # Whether clipped patches had to be used
    photons: float = 0.0
    """Number of photons counted, where their counts vary by chance alone, so that all is noise."""
    unlike: UnlikePart | None = None  # Where the correlation is another, if it is not uniform
    others: tuple[LagEstimate, ...] = ()
    """Other estimates of the noise where structure was separated from it: beyond the optical
    cut-off, in flat tiles, and in differences as they are, without the one that is used; and in
    differences without what a changing sample adds."""
    changing: bool = False
    """Whether frames differ as a sample does: more the further apart they are, or in what is
    correlated as what they share."""
    patterns: Patterns = field(default_factory=Patterns)
    """Narrow peaks in the power of whole frames, and patterns that are in every frame."""
    enlarged: tuple[int, int] | None = None
    """Height and width of the blocks by which pixels were enlarged by repetition, if they were."""
    drawn: bool = False  # Whether frames consist of areas of one value, as a segmentation does
    registered: bool = False  # Whether frames were moved by parts of a pixel, to match each other
    left_out: LeftOut | None = None  # Frames that were not measured, of the stack
    hot: Places | None = None  # Hot pixels, which were replaced in every frame


@dataclass(frozen=True, eq=False)
class CorrelationEstimate:
    """The measured correlation of the noise, and what it was measured in."""

    name: str  # For messages
    parameters: Parameters
    region: Region | None  # The ROI
    lags: LagEstimate  # Correlation per lag and its error; reaches a little beyond ``max_lag``
    sampling: Sampling
    """The patches, used and left out, placed on the frames as stored. Of a difference, the places
    are those of its earlier frame."""
    source: Used  # The source that was used; never "automatic"
    base: Used
    """Which frames the flat tiles or the spectrum were taken of: "frames", "difference", "dark" or
    "subtract"; the same as ``source`` where neither was needed."""
    note: str  # What was done and what it is blind to, in words
    evidence: Evidence
    brightness: tuple[BrightnessBin, ...]
    """The correlation by brightness, from dark to bright; empty where that was not measured."""
    image_covariance: FloatArray
    """Shape (2 r + 1, 2 r + 1); autocovariance of the frames as they are, noise and structure; r
    about twice ``max_lag``."""
    warnings: tuple[str, ...] = ()  # Sentences on doubtful input
    largest_lag: int = LARGEST_LAG  # How far lags could be measured in patches of these frames
    destriped: Lines | None = None  # Which line offsets were removed before

    def fits(self, parameters: Parameters) -> bool:
        """Return whether it holds for these parameters, so that nothing is measured again."""
        ours = self.parameters
        ignored = {"method", "norm_autocorr", "log_autocorr", "max_lag", "background_side"}
        same = all(
            getattr(ours, name) == getattr(parameters, name)
            for name in _measured_names()
            if name not in ignored
        )
        return same and parameters.max_lag <= ours.max_lag


def _measured_names() -> list[str]:
    return [info.name for info in parameter_infos().values() if info.stage in MEASURED]


def of_whole(estimate: CorrelationEstimate, left_out: LeftOut) -> CorrelationEstimate:
    """Return what was measured without some frames as of the whole stack."""
    places = estimate.sampling.places.copy()
    places[:, 0] = np.asarray(left_out.kept)[places[:, 0]]
    return replace(
        estimate,
        sampling=replace(estimate.sampling, places=places),
        evidence=replace(estimate.evidence, left_out=left_out),
    )


def in_grey_levels(estimate: CorrelationEstimate, exponent: int) -> CorrelationEstimate:
    """Return an estimate from frames scaled by 2**exponent in the grey levels as stored."""
    unit = float(np.ldexp(1.0, -exponent))
    square = unit * unit
    evidence, frame = estimate.evidence, estimate.evidence.frame

    def lines(found: LineCovariance) -> LineCovariance:
        return LineCovariance(found.value * square, found.error * square)

    fixed_rows = None if frame.fixed_rows is None else lines(frame.fixed_rows)
    fixed_columns = None if frame.fixed_columns is None else lines(frame.fixed_columns)
    fit, flat, rest = evidence.fit, evidence.flat, evidence.rest
    return replace(
        estimate,
        lags=replace(estimate.lags, variance=estimate.lags.variance * square),
        evidence=replace(
            evidence,
            frame=replace(
                frame,
                rows=lines(frame.rows),
                columns=lines(frame.columns),
                fixed_rows=fixed_rows,
                fixed_columns=fixed_columns,
            ),
            fit=None if fit is None else replace(fit, covariance=fit.covariance * square),
            flat=None if flat is None else replace(flat, energy=flat.energy * square),
            rest=None if rest is None else replace(rest, variance=rest.variance * square),
            others=tuple(replace(one, variance=one.variance * square) for one in evidence.others),
        ),
        brightness=tuple(
            replace(
                one,
                brightness=one.brightness * unit,
                lags=replace(one.lags, variance=one.lags.variance * square),
            )
            for one in estimate.brightness
        ),
        image_covariance=estimate.image_covariance * square,
    )


def describe(actual: Used, base: Used) -> str:
    """Return what was measured and what that is blind to, in words."""
    note = f"Measured {'from' if actual == 'difference' else 'in'} {SEES[actual]}"
    if actual != base and base != "frames":
        note += f", of {SEES[base]}"
    note += f". {BLIND_TO[actual]}"
    if actual != base and base != "frames":
        note += f" {BLIND_TO[base]}"
    return note

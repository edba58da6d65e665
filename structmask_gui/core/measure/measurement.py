"""The result of a measurement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from structmask_gui.core.correlation.autocorrelation import Autocorrelation
from structmask_gui.core.parameters.info import MEASURED
from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.stack.frames import Region
from structmask_gui.core.stack.patches import Sampling

if TYPE_CHECKING:
    from structmask_gui.core.statistical.estimate import CorrelationEstimate

# Parameters whose change needs a new measurement, by method; others of these stages belong to
# another method.
_RING_MEASURED = (
    *(
        info.name
        for info in parameter_infos().values()
        if info.stage in MEASURED and info.name not in ("max_lag", "background_side")
    ),
    "crop_autocorr",
)
_SPINE_MEASURED = ("source", "background_side", "max_lag")


@dataclass(frozen=True)
class Background:
    """How the spine method found its tiles."""

    sigma: float  # Scale of gradient and trend, in pixels
    purity: float  # Least share of background in a tile


@dataclass(frozen=True, eq=False)
class Measurement:
    """The result of reading a stack's pixels; all later stages need only this."""

    name: str  # For messages
    parameters: Parameters
    region: Region | None  # The ROI
    sampling: Sampling
    autocorrelation: Autocorrelation
    """Averaged over the used patches: as the published method averages it, or, with the statistical
    method, the correlation per lag."""
    correlation: CorrelationEstimate | None = None
    """Correlation per lag with its error and all that the verdict needs; statistical method
    only."""
    background: Background | None = None
    """How its tiles were found; spine method only."""
    every: int = 1
    """Measured in every n-th frame; known of the statistical method only."""

    def fits(self, parameters: Parameters) -> bool:
        """Return whether it holds for these parameters, so that nothing is measured again."""
        ours = self.parameters
        if ours.method != parameters.method:
            return False
        if self.correlation is not None:
            return self.correlation.fits(parameters)
        if self.background is not None:
            return all(getattr(ours, name) == getattr(parameters, name) for name in _SPINE_MEASURED)
        if any(getattr(ours, name) != getattr(parameters, name) for name in _RING_MEASURED):
            return False
        reach = min(self.autocorrelation.reach)
        return not parameters.crop_autocorr or parameters.center_size // 2 <= reach

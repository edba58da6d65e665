"""A fixed pattern that fills the field evenly, counted as noise.

Differences of frames are blind to what stays in place. Of that, a sample has more in some parts of
the field than in others; a pattern of the camera or of the light is nearly as strong in the
flattest parts as elsewhere.
"""

from __future__ import annotations

from dataclasses import replace

from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.prediction import variance_of
from structmask_gui.core.recommend.readings import structure_of, up_to

_EVEN, _LEAST = 0.8, 0.1
"""Share of what stays that the flattest parts hold, from which a fixed pattern fills the field, and
its variance over that of the noise, from which it matters. Of pictures without a fixed pattern,
few are as even: small frames full of beads, and gratings."""


def with_fixed(basis: Basis, extraction: Extraction) -> tuple[Basis, Basis] | None:
    """Return bases whose noise holds the fixed pattern that fills the field; None without one.

    The noise is then what changes and what the flattest parts hold of what stays, up to twice the
    radius. The autocovariance of that is first taken to be the one of all that stays, and then, as
    far as it was measured, the one in the flattest parts: few of them, but without the sample.
    """
    estimate = extraction.measurement.correlation
    if estimate is None or estimate.base != "difference":
        return None
    share, rho = estimate.evidence.patterns.static_share, estimate.evidence.patterns.static_rho
    structure = structure_of(basis)
    # Of strong structure, little left over is as much as all of the noise.
    if share is None or rho is None or share < _LEAST or structure.strong:
        return None
    if share < _EVEN * structure.share:
        return None
    reach = 2 * basis.radius
    image, noise = (up_to(reach, one.values) for one in (basis.image, basis.noise))
    share = min(share, structure.share)
    patterns = ((image - noise) / structure.share, up_to(reach, rho) * variance_of(noise))
    # In a still scene the pattern would count as detail.
    first, second = (
        replace(
            basis,
            noise=replace(basis.noise, values=noise + share * pattern, samples=None),
            still=None,
        )
        for pattern in patterns
    )
    return first, second

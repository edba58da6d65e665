"""Other accounts of what is noise and what is structure that the data do not exclude.

A mask is certain if it is nearly the best by every reading; where noise and structure cannot be
separated, the recommended mask is the one that is least bad by all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from structmask_gui.core.arrays import FloatArray, crop_or_pad
from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.error import with_room
from structmask_gui.core.quality.prediction import variance_of
from structmask_gui.core.stack.frames import Lines

_LASTING, _FRAMES = 4.0, 0.95
"""Noise that frames share may be so many times what differs between them, and this share of the
frames' variance."""

_FIXED = (0.1, 0.3, 1.0, 3.0)
"""Variances of fixed patterns, over that of the noise, that strong structure may hide."""

_STRONG, _SURELY, _NO_STRUCTURE = 4.0, (10.0, 100.0), 0.05
"""Variance of the structure, over that of the noise, from which fixed patterns matter little, and
between which they surely do; and up to which there is no room for them. Beside noise fainter than
that, a fixed pattern may be far stronger than the noise."""

_SHARP, _ACROSS = 0.1, 0.5
"""Share of the noise's variance by which next neighbours along lines are more alike than across
them, and how alike those across are at most, over those along: no optics resolve a sample so."""


@dataclass(frozen=True)
class Structure:
    """What is no noise in the frames: structure, and fixed patterns if there are any."""

    share: float  # its variance over that of the noise
    readings: tuple[FloatArray, ...]  # noise with part of it, as if that were a fixed pattern
    lines: Lines | None = None  # along which it is so much more alike that they are no sample's

    @property
    def strong(self) -> bool:
        """Whether it is too strong to be a fixed pattern."""
        return self.share >= _STRONG

    @property
    def surely_strong(self) -> bool:
        """Whether it is so strong that fixed patterns, if there are any, hardly matter."""
        return _SURELY[0] <= self.share and not self.dwarfs_noise

    @property
    def dwarfs_noise(self) -> bool:
        """Whether the noise is so faint beside it that a fixed pattern may be far stronger."""
        return self.share >= _SURELY[1]

    @property
    def absent(self) -> bool:
        """Whether there is so little of it that it leaves no room for fixed patterns."""
        return self.share <= _NO_STRUCTURE


@dataclass(frozen=True)
class Readings:
    """What a mask is judged by beside the noise as it was measured."""

    others: tuple[FloatArray, ...]  # autocovariances as of the basis, at twice its radius
    structure: Structure


def readings_of(basis: Basis, extraction: Extraction) -> Readings:
    """Return what else the noise may be, and what is no noise."""
    return Readings(other_readings(basis, extraction), structure_of(basis))


def other_readings(basis: Basis, extraction: Extraction) -> tuple[FloatArray, ...]:
    """Return what else the noise may be: autocovariances as of the basis, at twice its radius."""
    estimate = extraction.measurement.correlation
    if estimate is None:
        return ()
    reach = 2 * basis.radius
    if basis.measured is not None and basis.learned is not None:
        return tuple(_up_to(reach, one) for one in basis.learned.draws)
    found = [_up_to(reach, one.covariance) for one in estimate.evidence.others if one.variance > 0]
    if basis.still is None:
        found = [with_room(one, basis.image.values, basis.radius) for one in found]
    if estimate.evidence.patterns.shared:
        noise = basis.noise.values
        most = _FRAMES * variance_of(basis.image.values) / basis.noise.variance
        found.append(_up_to(reach, min(_LASTING, max(most, 1.0)) * noise))
    return tuple(found)


def structure_of(basis: Basis) -> Structure:
    """Return what is no noise in the frames."""
    reach = 2 * basis.radius
    noise, image = (_up_to(reach, one.values) for one in (basis.noise, basis.image))
    variance, rest = variance_of(noise), image - noise
    own = max(variance_of(rest), 1e-12 * variance)
    parts = tuple(noise + min(1.0, share * variance / own) * rest for share in _FIXED)
    return Structure(own / variance, parts, _sharp_lines(rest / variance))


def _sharp_lines(structure: FloatArray) -> Lines | None:
    """Return the lines along which structure is far more alike than a sample's; None if none."""
    middle = structure.shape[0] // 2
    row = float(structure[middle, middle + 1])
    column = float(structure[middle + 1, middle])
    lines: tuple[tuple[Lines, float, float], ...] = (
        ("rows", row, column),
        ("columns", column, row),
    )
    for name, along, across in lines:
        if along - across > _SHARP and across < _ACROSS * along:
            return name
    return None


def _up_to(lag: int, covariance: FloatArray) -> FloatArray:
    """Return an autocovariance up to a lag; lags that were not measured are taken as 0."""
    return crop_or_pad(covariance, (2 * lag + 1, 2 * lag + 1))

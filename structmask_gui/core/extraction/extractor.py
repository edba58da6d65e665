"""`StructuralNoiseExtractor`: the interface of the published class."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, BoolArray, FloatArray
from structmask_gui.core.correlation.autocorrelation import average_patches
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.extraction.extraction import Extraction, select
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.model import Convention, Parameters
from structmask_gui.core.stack.patches import Sampling

_log = logging.getLogger(__name__)

# The defaults stand in `Parameters`, once.
_DEFAULTS = Parameters()


class StructuralNoiseExtractor:
    """Extract a StructN2V mask from noise patches, ring by ring.

    A drop-in for the class of the same name in autoStructN2V. Defaults are those of its published
    page; the guide says what each of the `Parameters` does, and its range.

    Parameters
    ----------
    norm_autocorr, log_autocorr, crop_autocorr, adapt_autocorr : bool
        The steps of the autocorrelation.
    adapt_CB, adapt_DF : float
        The adaptive threshold.
    center_size : int
        Side of the centre square, in pixels; an even value gives the next odd one.
    base_percentile, percentile_decay, center_ratio_threshold : float
        The rings' thresholds.
    use_center_proximity : bool
    center_proximity_threshold : float
    keep_center_component_only : bool
    max_true_pixels : int or None
        Most True pixels, the centre included; None for no limit.
    convention : {"as-implemented", "as-documented"}
        Whether the published program or the published page is followed.

    Raises
    ------
    ParameterError
        If a value is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from structmask_gui import StructuralNoiseExtractor
    >>> white = np.random.default_rng(0).normal(size=(20, 33, 39))
    >>> rows = white[:, :, 3:-3] + white[:, :, 4:-2] + white[:, :, 2:-4]
    >>> mask, center = StructuralNoiseExtractor(center_size=11).extract_mask(rows)
    >>> mask[5].astype(int).tolist()
    [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0]
    """

    def __init__(  # noqa: PLR0913  # the signature of the published class
        self,
        *,
        norm_autocorr: bool = _DEFAULTS.norm_autocorr,
        log_autocorr: bool = _DEFAULTS.log_autocorr,
        crop_autocorr: bool = _DEFAULTS.crop_autocorr,
        adapt_autocorr: bool = _DEFAULTS.adapt_autocorr,
        adapt_CB: float = _DEFAULTS.adapt_CB,
        adapt_DF: float = _DEFAULTS.adapt_DF,
        center_size: int = _DEFAULTS.center_size,
        base_percentile: float = _DEFAULTS.base_percentile,
        percentile_decay: float = _DEFAULTS.percentile_decay,
        center_ratio_threshold: float = _DEFAULTS.center_ratio_threshold,
        use_center_proximity: bool = _DEFAULTS.use_center_proximity,
        center_proximity_threshold: float = _DEFAULTS.center_proximity_threshold,
        keep_center_component_only: bool = _DEFAULTS.keep_center_component_only,
        max_true_pixels: int | None = _DEFAULTS.max_true_pixels,
        convention: Convention = _DEFAULTS.convention,
    ) -> None:
        given = dict(locals())
        del given["self"]
        self.parameters = Parameters.checked(given)

    def extract_mask(
        self, patches: Sequence[AnyArray] | AnyArray, verbose: bool = False
    ) -> tuple[BoolArray, FloatArray]:
        """Extract the mask.

        Parameters
        ----------
        patches : sequence of ndarray, or ndarray
            2-D patches (y, x), which may differ in shape; an array (n, y, x); or one image (y, x).
        verbose : bool
            Report the rings through `logging`, at level INFO.

        Returns
        -------
        mask : ndarray of bool, shape (odd, odd)
            The mask, axes (y, x), its centre True, equal to its 180-degree rotation.
        center : ndarray of float64, same shape
            The centre square as it stands before the rings, after the adaptive step.

        Raises
        ------
        InputError
            If there is no patch, or one is not a 2-D array of finite real numbers.
        ParameterError
            If center_size is too large for the patches.
        """
        extraction = self._extract(_checked_patches(patches))
        if verbose:
            _report(extraction)
        return extraction.mask.array.copy(), extraction.centre.copy()

    def _extract(self, patches: list[AnyArray]) -> Extraction:
        parameters = self.parameters
        smallest = min(min(patch.shape) for patch in patches)
        margin = parameters.center_size // 2
        if parameters.crop_autocorr and margin >= smallest:
            raise ParameterError(
                f"center_size = {parameters.center_size} is too large for patches of {smallest}"
                f" pixels; give at most {2 * smallest - 1}."
            )
        autocorrelation = average_patches(
            patches,
            margin if parameters.crop_autocorr else None,
            normalise=parameters.norm_autocorr,
            logarithm=parameters.log_autocorr,
        )
        sampling = Sampling.of_loose_patches([patch.shape for patch in patches])
        measurement = Measurement("the patches", parameters, None, sampling, autocorrelation)
        return select(measurement, parameters)


def _checked_patches(patches: Sequence[AnyArray] | AnyArray) -> list[AnyArray]:
    if isinstance(patches, np.ndarray) and patches.ndim == 2:
        patches = [patches]
    if np.ma.isMaskedArray(patches) or any(map(np.ma.isMaskedArray, patches)):
        raise InputError("A patch is a masked array; leave out patches with masked pixels.")
    arrays: list[NDArray[Any]] = [np.asarray(patch) for patch in patches]
    if not arrays:
        raise InputError("There are no patches; give at least one.")
    for number, array in enumerate(arrays):
        if array.ndim != 2 or array.size == 0:
            raise InputError(
                f"Patch {number} has the shape {array.shape}; a patch has a height and a width."
            )
        if array.dtype.kind not in "buif" or not np.isfinite(array).all():
            raise InputError(
                f"Patch {number} holds pixels that are not finite real numbers; leave it out."
            )
    return arrays


def _report(extraction: Extraction) -> None:
    assert extraction.rings is not None  # this class is the published method
    for ring in extraction.rings.rings:
        considered = "considered" if ring.considered else "not considered"
        _log.info(
            f"ring {ring.index}: {ring.pixels} pixels, maximum {ring.maximum:.4g}"
            f" ({ring.ratio:.3f} of the centre), threshold {ring.threshold:.4g}, {considered},"
            f" {ring.kept} kept ({ring.added_by_proximity} by proximity)"
        )
    _log.info("%s", extraction.sentence)

"""StructMask: measure the StructN2V mask of a microscope image.

The public face is loaded on first use, so that importing the package is quick and brings no Qt.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from structmask_gui.version import __version__

if TYPE_CHECKING:
    from structmask_gui.core.errors import InputError, ParameterError
    from structmask_gui.core.extraction.extraction import Extraction
    from structmask_gui.core.extraction.extractor import StructuralNoiseExtractor
    from structmask_gui.core.masks.mask import Mask, MaskComparison, compare_masks
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.core.recommend.answer import answer
    from structmask_gui.io.extract import extract

_HOMES = {
    "Extraction": "structmask_gui.core.extraction.extraction",
    "InputError": "structmask_gui.core.errors",
    "Mask": "structmask_gui.core.masks.mask",
    "MaskComparison": "structmask_gui.core.masks.mask",
    "ParameterError": "structmask_gui.core.errors",
    "Parameters": "structmask_gui.core.parameters.model",
    "StructuralNoiseExtractor": "structmask_gui.core.extraction.extractor",
    "answer": "structmask_gui.core.recommend.answer",
    "compare_masks": "structmask_gui.core.masks.mask",
    "extract": "structmask_gui.io.extract",
}

__all__ = [
    "Extraction",
    "InputError",
    "Mask",
    "MaskComparison",
    "ParameterError",
    "Parameters",
    "StructuralNoiseExtractor",
    "__version__",
    "answer",
    "compare_masks",
    "extract",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

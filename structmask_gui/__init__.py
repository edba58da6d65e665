"""StructMask: measure the StructN2V mask of a microscope image.

The public face is loaded on first use, so that importing the package is quick and brings no Qt.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from structmask_gui.version import __version__

if TYPE_CHECKING:
    from structmask_gui.core.denoising.denoiser import Denoiser
    from structmask_gui.core.errors import Cancelled, InputError, ParameterError
    from structmask_gui.core.extraction.extraction import Extraction
    from structmask_gui.core.extraction.extractor import StructuralNoiseExtractor
    from structmask_gui.core.masks.mask import Mask, MaskComparison, MaskStatistics, compare_masks
    from structmask_gui.core.masks.symmetry import Turns, allowed_turns
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.core.recommend.answer import answer
    from structmask_gui.io.extract import extract
    from structmask_gui.io.open import open_stack
    from structmask_gui.io.report.report import save_report
    from structmask_gui.io.results.masks import (
        load_mask,
        save_npy,
        save_picture,
        save_png,
        save_tiff,
    )
    from structmask_gui.io.results.record import read_record
    from structmask_gui.io.trainers.about import MaskContext, Snippet
    from structmask_gui.io.trainers.snippets import snippets

_HOMES = {
    "Cancelled": "structmask_gui.core.errors",
    "Denoiser": "structmask_gui.core.denoising.denoiser",
    "Extraction": "structmask_gui.core.extraction.extraction",
    "InputError": "structmask_gui.core.errors",
    "Mask": "structmask_gui.core.masks.mask",
    "MaskComparison": "structmask_gui.core.masks.mask",
    "MaskContext": "structmask_gui.io.trainers.about",
    "MaskStatistics": "structmask_gui.core.masks.mask",
    "ParameterError": "structmask_gui.core.errors",
    "Parameters": "structmask_gui.core.parameters.model",
    "Snippet": "structmask_gui.io.trainers.about",
    "StructuralNoiseExtractor": "structmask_gui.core.extraction.extractor",
    "Turns": "structmask_gui.core.masks.symmetry",
    "allowed_turns": "structmask_gui.core.masks.symmetry",
    "answer": "structmask_gui.core.recommend.answer",
    "compare_masks": "structmask_gui.core.masks.mask",
    "extract": "structmask_gui.io.extract",
    "load_mask": "structmask_gui.io.results.masks",
    "open_stack": "structmask_gui.io.open",
    "read_record": "structmask_gui.io.results.record",
    "save_npy": "structmask_gui.io.results.masks",
    "save_picture": "structmask_gui.io.results.masks",
    "save_png": "structmask_gui.io.results.masks",
    "save_report": "structmask_gui.io.report.report",
    "save_tiff": "structmask_gui.io.results.masks",
    "snippets": "structmask_gui.io.trainers.snippets",
}

__all__ = [
    "Cancelled",
    "Denoiser",
    "Extraction",
    "InputError",
    "Mask",
    "MaskComparison",
    "MaskContext",
    "MaskStatistics",
    "ParameterError",
    "Parameters",
    "Snippet",
    "StructuralNoiseExtractor",
    "Turns",
    "__version__",
    "allowed_turns",
    "answer",
    "compare_masks",
    "extract",
    "load_mask",
    "open_stack",
    "read_record",
    "save_npy",
    "save_picture",
    "save_png",
    "save_report",
    "save_tiff",
    "snippets",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

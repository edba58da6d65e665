"""`extract`: from a file or an array to a mask in one call."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from structmask_gui.core.errors import ParameterError
from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import IsCancelled, Progress, Task

if TYPE_CHECKING:
    from structmask_gui.core.arrays import AnyArray


def extract(
    path_or_array: str | os.PathLike[str] | AnyArray,
    parameters: Parameters | str | None = None,
    *,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> Extraction:
    """Extract the mask of an image file or an array.

    Parameters
    ----------
    path_or_array : path or ndarray
        A file that `open_stack` reads, or an array of shape (y, x) or (frames, y, x).
    parameters : Parameters or str, optional
        A preset by its name, as "automatic", or each parameter; if not given the published
        defaults, those of ring analysis.
    progress : callable, optional
        Called as ``progress(done, total, what)``.
    cancelled : callable, optional
        Asked several times a second; True stops the work.

    Returns
    -------
    Extraction
        Its ``mask.array`` is the mask; it also holds every step that led to it. With the parameter
        ``mask_choice`` "recommended" it is a `RecommendedExtraction`, which holds the ledger too.

    Raises
    ------
    InputError
        If the input cannot be read or used; the sentence says why and what to do.
    ParameterError
        If a parameter does not fit the image.
    Cancelled
        If ``cancelled`` turned True.
    """
    from structmask_gui.core.recommend.extract import extract_recording

    if isinstance(parameters, str):
        from structmask_gui.io.presets.library import find_preset

        parameters = find_preset(parameters).apply()
    elif parameters is None:
        parameters = Parameters()
    elif not isinstance(parameters, Parameters):
        raise ParameterError(
            f"{type(parameters).__name__} holds no parameters; give Parameters(...) or the name of"
            " a preset."
        )
    task = Task(progress, cancelled)
    if not isinstance(path_or_array, str | os.PathLike):
        return extract_recording(path_or_array, parameters, task=task)
    from structmask_gui.io.open import open_stack

    with open_stack(path_or_array) as stack:
        return extract_recording(stack, parameters, task=task)

"""What is done with a damaged file: read it as the program would, whatever comes."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path

from structmask_gui.core.errors import StructMaskError
from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.open import open_stack
from structmask_gui.io.presets.preset import load_preset
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import read_record
from structmask_gui.io.stack.info import describe

OWN = ("preset", "record", "mask", "list")
"""First letters of the names of the program's own files."""

_MOST_FRAMES = 50
_MOST_PIXELS = 50_000_000


def read_image(path: Path) -> None:
    """Open an image, describe it, read frames and measure some patches."""
    with open_stack(path) as stack:
        describe(stack).rows()
        for series in stack.series[1:3]:
            with open_stack(path, series=series.index) as other:
                other.read(0, 0, min(64, other.frame_shape[0]))
        height, width = stack.frame_shape
        rows = max(16, min(height, _MOST_PIXELS // width))
        for frame in itertools.islice(range(stack.n_frames), _MOST_FRAMES):
            stack.read(frame, 0, rows)
        stack.read(stack.n_frames - 1, height - 16, height)
        parameters = Parameters(patch_size=16, center_size=5, patches=20)
        extract_array(stack, parameters)


def read_own(path: Path) -> None:
    """Read a preset, a record or a mask."""
    if path.name.startswith("preset"):
        load_preset(path).apply()
    elif path.name.startswith("record"):
        record = read_record(path)
        record.as_parameters()
        record.as_mask()
        load_mask(path)
    else:
        load_mask(path)


def attempt(path: Path) -> str:
    """Read a file; return "read", or the sentence with which it was refused.

    Anything else that is raised is a finding.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            (read_own if path.name.startswith(OWN) else read_image)(path)
        except StructMaskError as refusal:
            sentence = str(refusal)
            if "\n" in sentence or not sentence.strip():
                raise AssertionError(f"no sentence: {sentence!r}") from refusal
            return sentence
    return "read"

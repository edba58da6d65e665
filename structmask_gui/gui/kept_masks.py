"""The edited and the pinned mask in the settings, as rows of 0 and 1."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from structmask_gui.core.errors import StructMaskError

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.gui.session.state import SessionState

log = logging.getLogger(__name__)

_LARGEST = 301
"""Sides of a mask that is remembered at most; larger ones belong in a file."""


def kept_masks(session: SessionState) -> dict[str, Any]:
    """Return the masks of a session that cannot be worked out again, for the settings."""
    kept: dict[str, Any] = {}
    if session.edit is not None:
        kept["edit"] = _written(session.edit.mask, session.edit.how)
    if session.pinned is not None:
        kept["pinned"] = _written(session.pinned, session.pinned_label)
    return {name: values for name, values in kept.items() if values}


def kept_mask(values: Mapping[str, Any], name: str) -> tuple[Mask, str] | None:
    """Return a mask from the settings and the word to it; None if there is none that can be used.

    Parameters
    ----------
    values : mapping
        What `kept_masks` returned, as it was read.
    name : {"edit", "pinned"}
    """
    from structmask_gui.core.masks.mask import Mask

    kept = values.get(name)
    if not isinstance(kept, dict):
        return None
    rows, word = kept.get("rows"), kept.get("word")
    if not isinstance(rows, list) or len(rows) > _LARGEST or not isinstance(word, str):
        return None
    if not all(isinstance(row, str) and len(row) <= _LARGEST for row in rows):
        return None
    try:
        made = Mask.checked([[int(cell) for cell in row] for row in rows], "the remembered mask")
    except (StructMaskError, ValueError) as error:
        log.warning("Remembered mask dropped: %s", error)
        return None
    return made, word[:200]


def _written(mask: Mask, word: str) -> dict[str, Any]:
    if max(mask.shape) > _LARGEST:
        return {}
    return {"rows": ["".join(map(str, row)) for row in mask.array.astype(int)], "word": word}

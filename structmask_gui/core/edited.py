"""An extraction whose mask was changed afterwards: by hand, for a suggested one, from a file."""

from __future__ import annotations

from dataclasses import dataclass, fields

from structmask_gui.core.extraction import Extraction
from structmask_gui.core.mask import SHAPE_WORDS, Mask


@dataclass(frozen=True, eq=False)
class EditedExtraction(Extraction):
    """An extraction with another mask.

    Attributes
    ----------
    extracted : Extraction
        The extraction as it came out.
    how : str
        How the mask came about, as in "edited by hand".
    """

    extracted: Extraction | None = None
    how: str = "edited by hand"

    @property
    def sentence(self) -> str:
        """What the mask is and how it came about."""
        statistics = self.mask.statistics
        pixels = "" if statistics.true_pixels == 1 else f", {statistics.size_words}"
        return f"{SHAPE_WORDS[statistics.shape_class]}{pixels}, {self.how}."

    @property
    def notes(self) -> tuple[str, ...]:
        """What was extracted before, and what to know of this mask."""
        notes: list[str] = []
        if not self.mask.statistics.symmetric:
            notes.append(
                "The mask is not symmetric: it hides pixels on one side whose mirror image, which"
                " shares as much noise, stays visible."
            )
        if self.extracted is not None:
            # A verdict is about the mask it was extracted with, not about this one.
            notes.append(f"The mask as extracted: {self.extracted.sentence}")
            notes += self.extracted.notes
        return tuple(notes)


def edited(extraction: Extraction, mask: Mask, how: str) -> EditedExtraction:
    """Return an extraction with another mask, which remembers the one extracted."""
    values = {field.name: getattr(extraction, field.name) for field in fields(Extraction)}
    return EditedExtraction(**{**values, "mask": mask}, extracted=extraction, how=how)

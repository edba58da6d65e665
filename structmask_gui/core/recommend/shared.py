"""One mask for the files of an experiment, and how well a mask fits each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from structmask_gui.core.extraction.extraction import counted
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.candidates import BARE
from structmask_gui.core.recommend.extract import Judged, with_recommendation
from structmask_gui.core.recommend.recommend import TIE, Recommendation, ledger
from structmask_gui.core.recommend.shapes import hide, of_noise
from structmask_gui.core.recommend.wording import WORDS, Answer, Sureness, untested

FitWord = Literal["fits", "fits worse", "does not fit", "cannot tell"]
FIT_WORDS: tuple[FitWord, ...] = ("fits", "fits worse", "does not fit", "cannot tell")

_FAR = 0.25
"""A mask does not fit that adds more than this share of the error of the file's own mask, and gives
away more than this share of what that gains over no mask."""

_THIS, _OWN, _NONE = "this mask", "its own mask", "no mask"


@dataclass(frozen=True)
class Fit:
    """How well a mask fits one file."""

    word: FitWord
    certainty: Sureness  # of what was measured in the file
    own_pixels: int  # of the mask recommended for the file alone
    error: float | None = None  # expected error of the mask; None where it is not known
    own_error: float | None = None  # that of the mask recommended for the file alone
    needless: bool = False  # whether it hides pixels of a file that needs no mask
    doubt: str = ""  # what the measurement does not know, as a dark stack that is none

    @property
    def sentence(self) -> str:
        """What is said of the file."""
        word = f"{self.word[0].upper()}{self.word[1:]}"
        if self.word == "cannot tell":
            return f"{word}: noise and sample could not be separated in this file."
        said = word
        if self.error is not None and self.own_error is not None:
            own = "no mask" if self.own_pixels == 1 else f"its own {self.own_pixels} pixels"
            if self.needless:
                # Noise of another kind is told so, too, where there is little of it.
                said += ", but this file needs no mask" if self.word == "fits" else ""
            said += f": expected error {of_noise(self.error)}"
            if self.word != "fits" or self.needless:
                said += f" ({own}: {of_noise(self.own_error, brief=True)})"
        return f"{said}. {WORDS[self.certainty]} {self.doubt}".rstrip()

    def doubted(self, why: str) -> Fit:
        """Return it as uncertain, for a reason that the measurement does not know."""
        if not why or self.word == "cannot tell":
            return self
        return replace(self, certainty="uncertain", doubt=why)

    def record(self) -> dict[str, Any]:
        """Return it as plain values, as in JSON."""
        return {
            "fit": self.word,
            "certainty": self.certainty,
            "doubt": self.doubt,
            "expected_error": self.error,
            "own_pixels": self.own_pixels,
            "own_expected_error": self.own_error,
        }


@dataclass(frozen=True)
class FileNoise:
    """What is kept of a measured file: little, for there may be many."""

    own: Mask  # the mask that the settings give for the file alone
    recommendation: Recommendation
    basis: Basis | None
    certainty: Sureness
    not_tested: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Judged, own: Mask | None = None) -> FileNoise:
        """Keep what a mask is judged by; ``own`` if it is not the recommended mask."""
        best = found.recommendation.mask
        # Frames of a still scene would fill the memory; autocovariances serve for all files alike.
        basis = None if found.basis is None else replace(found.basis, still=None)
        told = answer(with_recommendation(found.extraction, found.recommendation))
        return cls(
            best if own is None else own.cropped(),
            found.recommendation,
            basis,
            told.certainty,
            told.not_tested,
        )

    def fit(self, mask: Mask, task: Task = NO_TASK) -> Fit:
        """Say how well a mask fits the file."""
        mask, best = mask.cropped(), self.recommendation.mask
        pixels = best.statistics.true_pixels
        if self.recommendation.safe or (self.basis is None and mask != best):
            return Fit("cannot tell", "cannot tell", pixels)
        if self.basis is None:
            return Fit("fits", self.certainty, pixels)
        rows = ledger(self.basis, {_OWN: best, _THIS: mask, _NONE: BARE}, task)
        by_name = {row.name: row for row in rows}
        this, own, none = by_name[_THIS], by_name[_OWN], by_name[_NONE]
        word: FitWord = "fits worse"
        if mask == best or this.tied:
            word = "fits"
        elif this.error - own.error > _FAR * max(own.error, none.error - own.error):
            word = "does not fit"
        needless = pixels == 1 and this.pixels > 1
        return Fit(word, self.certainty, pixels, this.error, own.error, needless)

    def errors(self, masks: Sequence[Mask], task: Task = NO_TASK) -> list[float]:
        """Return the expected error of each mask; none where the file cannot tell."""
        if self.recommendation.safe or self.basis is None:
            return [0.0] * len(masks)
        rows = ledger(self.basis, {str(n): mask for n, mask in enumerate(masks)}, task)
        by_name = {row.name: row.error for row in rows}
        return [by_name[str(n)] for n in range(len(masks))]


def shared_mask(files: Sequence[FileNoise], task: Task = NO_TASK) -> Mask:
    """Return the mask with the least expected error summed over files, the smallest of ties.

    Chosen among the masks that each file alone would get, and no mask. Where no file can tell its
    noise from the sample, that is what does no harm.
    """
    telling = [file for file in files if not file.recommendation.safe] or list(files)
    found = list(dict.fromkeys([BARE, *(file.own.cropped() for file in telling)]))
    sums = [0.0] * len(found)
    for number, file in enumerate(telling):
        task.report(number, len(telling), "Choosing the mask")
        task.stop_if_cancelled()
        sums = [a + b for a, b in zip(sums, file.errors(found, task), strict=True)]
    if not any(sums):
        return Counter(file.own.cropped() for file in telling).most_common(1)[0][0]
    near = [m for m, total in zip(found, sums, strict=True) if total <= (1 + TIE) * min(sums)]
    return min(near, key=lambda mask: mask.statistics.true_pixels)


def shared_answer(
    mask: Mask,
    names: Sequence[str],
    fits: Sequence[Fit],
    not_tested: Sequence[tuple[str, ...]] = (),
) -> Answer:
    """Return the answer about a mask that files share; of each, what was not tested."""
    n, mask = len(fits), mask.cropped()
    bare = mask.statistics.true_pixels == 1
    what = f"One mask for {counted(n, 'file')}: {hide(mask)}."
    if bare:
        what = f"One setting for {counted(n, 'file')}: no mask; train plain Noise2Void."
    by_word: dict[FitWord, list[str]] = {}
    for name, fit in zip(names, fits, strict=True):
        by_word.setdefault(fit.word, []).append(name)
    good = len(by_word.get("fits", ()))
    sure: Sureness = "uncertain"
    if good == n:
        sure = Counter(fit.certainty for fit in fits).most_common(1)[0][0]
    elif len(by_word.get("cannot tell", ())) == n:
        sure = "cannot tell"
    share = "all" if good == n else f"{good or 'none'} of the"
    said = [WORDS[sure], f"It fits {share} {n} files."]
    for word in FIT_WORDS[1:]:
        some = by_word.get(word, [])
        if some and len(some) < n:
            rest = f" and {len(some) - 3} more" if len(some) > 3 else ""
            said.append(f"{word[0].upper()}{word[1:]}: {', '.join(some[:3])}{rest}.")
    missing = tuple(dict.fromkeys(what for some in not_tested for what in some))
    # "fixed patterns" holds those "under the sample".
    missing = tuple(
        one for one in missing if not any(one.startswith(f"{other} ") for other in missing)
    )
    if missing:
        said.append(untested(missing))
    advice = "Train plain Noise2Void on all of them." if bare else "Use it for all of them."
    if "fits worse" in by_word and not good:
        advice = "Every file has a better mask: compare with the preset automatic."
    elif "does not fit" in by_word:
        advice = "Use it for those that it fits; give the others masks of their own."
    return Answer(
        what,
        sure,
        " ".join(said),
        advice,
        missing,
        ("copy_plain_n2v",) if bare else ("use_mask",),
    )

"""One mask for the files of an experiment, and how well a mask fits each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, get_args

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import counted
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.candidates import BARE
from structmask_gui.core.recommend.extract import Judged, with_recommendation
from structmask_gui.core.recommend.ledger import TIE, ledger
from structmask_gui.core.recommend.recommend import Recommendation
from structmask_gui.core.recommend.shapes import hide, no_gain, of_noise
from structmask_gui.core.recommend.wording import WORDS, Action, Answer, Sureness, untested

FitWord = Literal["fits", "gains little", "does harm", "fits worse", "does not fit", "cannot tell"]
FIT_WORDS: tuple[FitWord, ...] = get_args(FitWord)

_NO_GAIN: dict[str, FitWord] = {"gain little": "gains little", "do harm": "does harm"}
"""The word for a file that has no better mask, but gains little by it."""

_FAR = 0.25
"""A mask does not fit that adds more than this share of the error of the file's own mask, and gives
away more than this share of what that gains over no mask."""

_COMPARE = "Compare any result with the raw frames."

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
    def nothing(self) -> str:
        """What denoising is expected to do where no mask gains: nothing, or harm; else empty."""
        return next((does for does, word in _NO_GAIN.items() if word == self.word), "")

    @property
    def sentence(self) -> str:
        """What is said of the file."""
        word = f"{self.word[0].upper()}{self.word[1:]}"
        if self.word == "cannot tell":
            return f"{word}: noise and sample could not be separated in this file."
        said = word
        if nothing := self.nothing:
            said = "This file needs no mask" if self.needless else "No other mask is better"
            said += f", but denoising is expected to {nothing}"
        if self.error is not None and self.own_error is not None:
            own = "no mask" if self.own_pixels == 1 else f"its own {self.own_pixels} pixels"
            if self.needless:
                # Noise of another kind is told so, too, where there is little of it.
                said += ", but this file needs no mask" if self.word == "fits" else ""
            said += f": expected error {of_noise(self.error)}"
            if (self.word != "fits" and not nothing) or self.needless:
                said += f" ({own}: {of_noise(self.own_error, brief=True)})"
            if self.word in ("fits worse", "does not fit") and no_gain(self.own_error):
                either = no_gain(min(self.own_error, self.error))
                said += f". Denoising is expected to {either} with either"
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
    """What is kept of a measured file."""

    own: Mask  # the mask that the settings give for the file alone
    recommendation: Recommendation
    basis: Basis | None
    certainty: Sureness
    not_tested: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Judged, own: Mask | None = None) -> FileNoise:
        """Keep what a mask is judged by; ``own`` if it is not the recommended mask."""
        best = found.recommendation.mask
        told = answer(with_recommendation(found.extraction, found.recommendation))
        return cls(
            best if own is None else own.cropped(),
            found.recommendation,
            found.basis,
            told.told,
            told.not_tested,
        )

    def without_frames(self) -> Self:
        """Return it without the frames of a still scene: those of many files fill the memory."""
        basis = None if self.basis is None else replace(self.basis, still=None)
        return replace(self, basis=basis)

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
            word = _NO_GAIN.get(no_gain(this.error), "fits")
        elif this.error - own.error > _FAR * max(own.error, none.error - own.error):
            word = "does not fit"
        needless = pixels == 1 and this.pixels > 1
        # A file's answer has its own mask's error from more of the pixels.
        error, own_error = (
            (self.recommendation.row_of(row.mask) or row).error for row in (this, own)
        )
        return Fit(word, self.certainty, pixels, error, own_error, needless)

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
    among: str = "",
) -> Answer:
    """Return the answer about a mask that files share.

    Of each file, what was not tested; ``among`` names the masks that it was chosen among, where
    those are not the recommended ones.
    """
    n, mask = len(fits), mask.cropped()
    bare = mask.statistics.true_pixels == 1
    what = f"One mask for {counted(n, 'file')}: {hide(mask, alone=True)}."
    if bare:
        what = f"One setting for {counted(n, 'file')}: no mask; train plain Noise2Void."
    by_word: dict[FitWord, list[str]] = {}
    for name, fit in zip(names, fits, strict=True):
        by_word.setdefault(fit.word, []).append(name)
    good, vain = len(by_word.get("fits", ())), sum(bool(fit.nothing) for fit in fits)
    sure: Sureness = "uncertain"
    if good + vain == n:
        sure = Counter(fit.certainty for fit in fits).most_common(1)[0][0]
    elif len(by_word.get("cannot tell", ())) == n:
        sure = "cannot tell"
    said = [WORDS[sure]]
    if among and sure != "cannot tell":
        said.append(f"Automatic chose it among {among} and no mask.")
    if vain < n:
        share = "all" if good == n else f"{good or 'none'} of the"
        said.append(f"It fits {share} {n} files.")
    said += _where(by_word, n)
    first = [
        name
        for name, fit in zip(names, fits, strict=True)
        if fit.certainty == "act first" and fit.word not in ("does not fit", "cannot tell")
    ]
    if first and sure != "act first":
        said.append(f"Act first: {_listed(first)}.")
    # Which fixed pattern was found in a file, the answer about all of them does not say.
    missing = tuple(
        dict.fromkeys(what.removeprefix("other ") for some in not_tested for what in some)
    )
    # "fixed patterns" holds those "under the sample".
    missing = tuple(
        one for one in missing if not any(one.startswith(f"{other} ") for other in missing)
    )
    if missing:
        said.append(untested(missing))
    actions: tuple[Action, ...] = ("copy_plain_n2v",) if bare else ("use_mask",)
    if vain:
        actions = ("what_to_record", *actions)
    advice = _advice(by_word, bare, vain == n)
    return Answer(what, sure, " ".join(said), advice, missing, actions)


def _advice(by_word: Mapping[FitWord, Sequence[str]], bare: bool, in_vain: bool) -> str:
    """Say what to do; ``in_vain``: no file gains by any mask."""
    vain = [word for word in _NO_GAIN.values() if word in by_word]
    good, n = len(by_word.get("fits", ())), sum(map(len, by_word.values()))
    which = "all of them"
    if 0 < good < n:
        which = "the file that it fits" if good == 1 else f"the {good} files that it fits"
    advice = f"Train plain Noise2Void on {which}." if bare else f"Use it for {which}."
    if "fits worse" in by_word and "fits" not in by_word and not vain:
        return "Every file has a better mask: compare with the preset automatic."
    if "does not fit" in by_word:
        advice = "Give those that it does not fit masks of their own."
        if "fits" in by_word:
            advice = "Use it for those that it fits; give the others masks of their own."
    elif in_vain and bare:
        advice = "A mask does no better than plain Noise2Void."
    return f"{advice} {_COMPARE}" if vain else advice


def _where(by_word: Mapping[FitWord, Sequence[str]], n: int) -> Iterator[str]:
    """Name the files that a mask does not just fit."""
    for word in FIT_WORDS[1:]:
        some = by_word.get(word, ())
        said = f"{word[0].upper()}{word[1:]}"
        for does, vain in _NO_GAIN.items():
            if vain == word:
                said = f"No other mask is better, but denoising is expected to {does}"
        if some and len(some) < n:
            yield f"{said}: {_listed(some)}."
        elif some and word in _NO_GAIN.values():
            yield f"{said}."


def _listed(names: Sequence[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{rest}"

"""Masks and kinds of noise in the words of the answer."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import counted
from structmask_gui.core.verdict.kind import NoiseKind

GAINS, _HARMS = 0.95, 2.0
"""Expected errors from which denoising gains little, and from which it does harm: under a strong
sample, whose brightness the noise follows, estimates of 1 to 2 were 0.3 to 1.5 in simulations."""

_MOST = 100
"""Expected error above which it is given no figure, in units of the noise's variance."""

_COSTS = {
    "gain little": "about as much detail as the noise it removes",
    "do harm": "more detail than the noise it removes",
}
_LOST = 0.3
"""Detail lost, over the noise's variance, below which it is the noise left that counts."""

_ESTIMATE = "(linear estimate; a network may do better)"

_SMEARED: dict[NoiseKind, str] = {
    "none": "weak correlation",
    "rows": "noise smeared along the rows",
    "columns": "noise smeared along the columns",
    "cross": "noise smeared along rows and columns",
    "diagonal": "noise smeared along a diagonal",
    "blob": "noise smeared over neighbouring pixels",
    "periodic": "periodic noise",
    "detached": "an echo of the noise some pixels away",
    "irregular": "noise shared by some neighbouring pixels",
}


_OPPOSITE: tuple[NoiseKind, ...] = ("rows", "columns", "cross", "diagonal", "blob", "irregular")


def smeared(kind: NoiseKind, *, opposite: bool = False) -> str:
    """Return what a kind of noise looks like.

    ``opposite``: where a pixel is too bright its neighbours are too dark, as after sharpening.
    """
    if opposite and kind == "detached":
        return "an inverted echo of the noise some pixels away"
    if opposite and kind in _OPPOSITE:
        return "noise of opposite sign in neighbouring pixels"
    return _SMEARED[kind]


def faint(kind: NoiseKind, *, opposite: bool = False) -> str:
    """Return what a kind of noise looks like where there is little of it; begins a sentence."""
    if kind == "none":
        return "Weak correlation"
    said = smeared(kind, opposite=opposite)
    return f"A faint {said.removeprefix('an ')}" if kind == "detached" else f"Faint {said}"


def hide(mask: Mask, *, alone: bool = False) -> str:
    """Return what to hide, as in "hide 5 pixels on either side".

    ``alone``: with the line that they are on, where no other words name it.
    """
    lags = mask.lags()
    reach_y, reach_x = (int(n) for n in np.abs(lags).max(axis=0))
    n = len(lags)
    if reach_y == 0 and n == 2 * reach_x + 1:
        on = " along the row" if alone else ""
        return f"hide {counted(reach_x, 'pixel')} on either side{on}"
    if reach_x == 0 and n == 2 * reach_y + 1:
        return f"hide {counted(reach_y, 'pixel')} above and below"
    if n == (2 * reach_y + 1) * (2 * reach_x + 1):
        return f"hide the block of {2 * reach_y + 1} x {2 * reach_x + 1} pixels"
    if mask.statistics.shape_class == "cross":
        return f"hide the cross of {n} pixels"
    return f"hide these {n} pixels"


def shape_words(mask: Mask) -> str:
    """Return a mask by its shape and size, as in "Row, 7 pixels"."""
    statistics = mask.statistics
    what = statistics.shape_words
    return what if statistics.true_pixels == 1 else f"{what}, {statistics.size_words}"


def of_noise(error: float, *, brief: bool = False) -> str:
    """Return an expected error as a share of the noise; none below 5 % is given as a figure.

    ``brief``: without "of the noise", which was said before.
    """
    if error > _MOST:
        return f"over {_MOST} times the noise"
    if error >= 1.05:
        return f"{float(f'{error:.2g}'):g} times the noise"
    share = "under 5 %" if error < 0.05 else f"about {100 * error:.0f} %"
    return share if brief else f"{share} of the noise"


def no_gain(error: float) -> str:
    """Return what denoising is expected to do where it gains little: that, or harm; else empty."""
    if error < GAINS:
        return ""
    return "do harm" if error > _HARMS else "gain little"


def costs(error: float) -> str:
    """Return what a mask that gains little is expected to cost, as it follows its name."""
    return f"is expected to cost {_COSTS[no_gain(error)]} {_ESTIMATE}"


def loses_detail(lost: float) -> bool:
    """Whether detail that is lost counts beside the noise; both over the noise's variance."""
    return lost >= _LOST


def expected(
    error: float, other: float | None = None, name: str = "", *, lost: float | None = None
) -> str:
    """Say the expected error of a mask, of which ``lost`` is detail, beside that of another."""
    if nothing := no_gain(error):
        why = f"it costs {_COSTS[nothing]}"
        if lost is not None and not loses_detail(lost):
            why = "it removes hardly any of the noise"
        return f"Denoising is expected to {nothing}: {why} {_ESTIMATE}."
    said = f"Expected error after linear denoising: {of_noise(error)}"
    if other is None:
        return f"{said}."
    figure = of_noise(other, brief=True)
    same = figure == of_noise(error, brief=True)
    return f"{said} ({name}: {'the same' if same else figure})."

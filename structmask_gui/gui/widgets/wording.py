"""How the window says figures and times; without Qt."""

from __future__ import annotations

from collections.abc import Callable, Collection

from structmask_gui.core.parameters.labels import in_labels


def said(text: str) -> str:
    """Say a text in the words of the window; no line ends between a number and its per cent."""
    return in_labels(text).replace(" %", "\N{NO-BREAK SPACE}%")


def plain(text: str) -> str:
    """Return the text of an action or menu without the marks of its keys and of its dialog."""
    return text.replace("&", "").rstrip("…")


def breakable(text: str) -> str:
    """Return a text whose long names may go on in the next line, after an underscore."""
    return text.replace("_", "_\N{ZERO WIDTH SPACE}")


def shared_length(one: str, other: str) -> int:
    """Return how many letters two names begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def shortened(name: str, ending: str, shared: Collection[int], fits: Callable[[str], bool]) -> str:
    """Return a file's name with dots for what does not fit, still apart from names like it.

    The ending goes first, then letters before those in which the name differs from others.

    Parameters
    ----------
    name : str
    ending : str
        The end of the name that says what kind of file it is.
    shared : collection of int
        How many letters it has in common with the beginning of each of those others.
    fits : callable
        Tells whether there is room for a text.

    Examples
    --------
    >>> shortened("B1_confocal_c1_denoised.ome.tif", ".ome.tif", [11], lambda text: len(text) < 18)
    'B1…al_c1_denoised'
    >>> shortened("A4_fastroi_512.tif", ".tif", [1], lambda text: len(text) < 18)
    'A4_fastroi_512…'
    """
    if fits(name):
        return name
    # Another name goes on where this one has its ending: it tells them apart.
    needed = any(letters >= len(name) - len(ending) for letters in shared)
    text = name if needed else name[: -len(ending) or None]
    if text != name and fits(f"{text}…"):
        return f"{text}…"
    for kept in range(len(text) - 1, 2, -1):
        head = kept - kept // 2
        early = [letters + 1 for letters in shared if letters < head]
        if len(early) < len(shared):
            head = max([2, *early])  # the other differences are further to the end
        cut = f"{text[:head]}…{text[head - kept :]}"
        if fits(cut):
            return cut
    return f"{text[:2]}…"


def percent(share: float) -> str:
    """Return a share in per cent."""
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


_MOST = 10
"""Times the noise from which an error is not told."""


def error_words(error: float, se: float | None = None) -> str:
    """Return an error over the noise's variance in per cent, with its standard error."""
    if error > _MOST:
        return f"over {_MOST} times the noise"
    return percent(error) if se is None else f"{100 * error:.1f} ± {percent(se)}"


def spoken(seconds: float) -> str:
    """Return a time as people say it, as in "12 s" and "3 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"

"""How the window says figures and times; without Qt."""

from __future__ import annotations

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

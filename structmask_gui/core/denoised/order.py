"""The order of the frames of a denoised file, where it is not that of the raw ones."""

from __future__ import annotations

from structmask_gui.core.errors import ParameterError

ORDERS: dict[str, str] = {
    "": "frames as in the file",
    "reversed": "frames reversed",
    "alphabetical": "frames 1, 10, 11, 2 …",
}
"""Orders of a denoised file's frames by name, with what the window calls them."""

ORDER_HELP = (
    "order of its frames, where it is not that of the raw ones: `reversed`, `alphabetical` (sorted"
    " as text: 1, 10, 11, 2), for each raw frame the number of its frame in the file, as `2,1,3`,"
    " or the axes of the file, as TYX"
)


def axes_of(text: str) -> str | None:
    """Return the axes that an order gives, or None if it gives none."""
    letters = text.strip().upper()
    return letters if letters.isalpha() and {"Y", "X"} <= set(letters) else None


def frame_order(text: str, n_frames: int) -> list[int]:
    """Return for each raw frame the index of its frame in a denoised file.

    Raises
    ------
    ParameterError
        If ``text`` is no order of so many frames.
    """
    text = text.strip().lower()
    if text == "reversed":
        return list(range(n_frames))[::-1]
    if text == "alphabetical":
        by_name = sorted(range(n_frames), key=lambda number: str(number + 1))
        return sorted(range(n_frames), key=by_name.__getitem__)
    try:
        order = [int(number) - 1 for number in text.split(",")]
    except ValueError:
        order = []
    if sorted(order) != list(range(n_frames)):
        raise ParameterError(
            f"{text!r} is no order of {n_frames} frames; give reversed, alphabetical, the numbers 1"
            f" to {n_frames} separated by commas, or the axes of the file, as TYX."
        )
    return order

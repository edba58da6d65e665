"""Errors whose text is meant for the user.

Every message is one or two sentences: what is wrong, with the name of the file or parameter, and
what to do about it. Anything else that is raised is a bug of the program and is reported as one.
"""

from __future__ import annotations


class StructMaskError(Exception):
    """Base of all errors caused by the input, not by a bug."""


class InputError(StructMaskError):
    """An image, mask, preset or record that cannot be used."""


class AxesError(InputError):
    """The dimensions of an image are not what they are taken for; ``axes`` may read it."""

    def __init__(self, message: str, axes: str) -> None:
        super().__init__(message)
        self.axes = axes


class TooFewPatches(InputError):
    """Too little of the frames can be measured."""


class NoneUsable(InputError):
    """None of several files can be used; ``left_out`` has a sentence for each."""

    def __init__(self, message: str, left_out: tuple[str, ...] = ()) -> None:
        super().__init__(message, left_out)
        self.left_out = left_out

    def __str__(self) -> str:
        return str(self.args[0])


class ParameterError(StructMaskError):
    """A parameter value outside its range, or one that does not fit the image."""


class Cancelled(StructMaskError):
    """The work was stopped on request."""

    def __str__(self) -> str:
        return "The extraction was cancelled."

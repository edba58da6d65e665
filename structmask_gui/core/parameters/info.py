"""What is known of a parameter beside its value: kind, range, stage and the texts for a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo


class Stage(IntEnum):
    """The stages of an extraction in their order; a change redoes its stage and those after it."""

    SAMPLING = 0
    AUTOCORRELATION = 1
    CROP = 2
    ADAPT = 3
    RINGS = 4
    POSTPROCESS = 5


MEASURED = (Stage.SAMPLING, Stage.AUTOCORRELATION)
"""The stages that read pixels and take long; all later ones take milliseconds."""


@dataclass(frozen=True)
class About:
    """What a person needs to know of a parameter beside its type, default and accepted range.

    Attributes
    ----------
    label : str
        Its name in the window.
    group : str
        The heading it stands under.
    stage : Stage
        The first stage that a change of it redoes.
    help : str
        What it is, in one or two sentences.
    more, less : str
        What raising and what lowering it does to the mask.
    unit : str
        Unit of the value, or nothing.
    slider : tuple of float, optional
        The range worth sliding through, narrower than the accepted one.
    step : float
        Step of slider and spin box.
    choices : mapping of str to str
        For a choice: each value and what it means.
    lowest_word : str
        What the lowest accepted number means, where that is something else than its size.
    """

    label: str
    group: str
    stage: Stage
    help: str
    more: str = ""
    less: str = ""
    unit: str = ""
    slider: tuple[float, float] | None = None
    step: float = 1.0
    choices: tuple[tuple[str, str], ...] = ()
    lowest_word: str = ""


@dataclass(frozen=True)
class ParameterInfo:
    """Everything known of one parameter; see `About` for the texts."""

    name: str
    kind: Literal["bool", "int", "float", "choice"]
    optional: bool
    default: Any
    lowest: float | None
    highest: float | None
    about: About

    @property
    def stage(self) -> Stage:
        """The first stage that a change redoes."""
        return self.about.stage

    @property
    def accepted(self) -> str:
        """The accepted values in words, as in "3 to 101" or "on or off"."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(value for value, _ in self.about.choices)
        kind = "a whole number" if self.kind == "int" else "a number"
        text = f"{kind} from {_plain(self.lowest)} to {_plain(self.highest)}"
        return text + (", or none" if self.optional else "")


def _plain(number: float | None) -> str:
    """Write a number without an exponent, as people do."""
    return f"{number:.9f}".rstrip("0").rstrip(".")


def info_of(name: str, field: FieldInfo) -> ParameterInfo:
    """Read from a pydantic field, annotated with an `About`, all that is known of it."""
    about = next(item for item in field.metadata if isinstance(item, About))
    # What pydantic keeps of a range is typed as anything that can be compared.
    lowest: Any = next((item.ge for item in field.metadata if isinstance(item, Ge)), None)
    highest: Any = next((item.le for item in field.metadata if isinstance(item, Le)), None)
    annotation: Any = field.annotation
    optional = isinstance(annotation, UnionType) and NoneType in get_args(annotation)
    if optional:
        annotation = next(arg for arg in get_args(annotation) if arg is not NoneType)
    kind: Literal["bool", "int", "float", "choice"]
    if get_origin(annotation) is Literal:
        kind = "choice"
    elif annotation is bool:
        kind = "bool"
    else:
        kind = "int" if annotation is int else "float"
    return ParameterInfo(
        name=name,
        kind=kind,
        optional=optional,
        default=field.default,
        lowest=lowest,
        highest=highest,
        about=about,
    )

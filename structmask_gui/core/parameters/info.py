"""Stage, About, ParameterInfo: what panel, command line and help are built from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo


class Stage(IntEnum):
    """The stages of an extraction, in order; a change redoes its stage and those after it."""

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
    """The texts on a parameter for the user, and its slider."""

    label: str
    group: str  # the heading above it
    stage: Stage  # the first stage that a change redoes
    help: str
    # The effect of raising, and of lowering, the value.
    more: str = ""
    less: str = ""
    unit: str = ""
    slider: tuple[float, float] | None = None  # narrower than the accepted range
    step: float = 1.0
    choices: tuple[tuple[str, str], ...] = ()  # values and their meanings
    lowest_word: str = ""  # meaning of the lowest number where it is special, as "all" for 0


@dataclass(frozen=True)
class ParameterInfo:
    """A parameter as panel, command line and help need it."""

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
        """The accepted values in words, as in "a whole number from 3 to 101"."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(value for value, _ in self.about.choices)
        kind = "a whole number" if self.kind == "int" else "a number"
        text = f"{kind} from {_plain(self.lowest)} to {_plain(self.highest)}"
        return text + (", or none" if self.optional else "")


def _plain(number: float | None) -> str:
    """Return a number without an exponent."""
    return f"{number:.9f}".rstrip("0").rstrip(".")


def info_of(name: str, field: FieldInfo) -> ParameterInfo:
    """Return the info of a pydantic field annotated with an `About`."""
    about = next(item for item in field.metadata if isinstance(item, About))
    # pydantic types the ends of a range as anything that can be compared.
    lowest: Any = next((item.ge for item in field.metadata if hasattr(item, "ge")), None)
    highest: Any = next((item.le for item in field.metadata if hasattr(item, "le")), None)
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
    return ParameterInfo(name, kind, optional, field.default, lowest, highest, about)

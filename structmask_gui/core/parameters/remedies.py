"""One-click adjustments of the published tuning guide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from structmask_gui.core.names import REMEDY_NAMES
from structmask_gui.core.parameters.labels import value_text
from structmask_gui.core.parameters.model import Parameters, parameter_infos


@dataclass(frozen=True)
class Remedy:
    """A complaint about a mask and the changes that help."""

    id: str
    shifts: Mapping[str, float] = field(default_factory=dict)  # added, clipped to the range
    values: Mapping[str, Any] = field(default_factory=dict)  # set
    otherwise: str = ""  # a sentence: what to do if it does not help

    @property
    def text(self) -> str:
        """The complaint, as a button shows it."""
        return REMEDY_NAMES[self.id]


@dataclass(frozen=True)
class Remedied:
    """The parameters after a remedy."""

    parameters: Parameters  # the same object if nothing changes
    changes: dict[str, tuple[Any, Any]]  # old and new value by name
    text: str  # as in "Base percentile 50 → 40, Largest mask 25 → 35"
    otherwise: str = ""

    @property
    def sentences(self) -> str:
        """The changes, and what to do if they do not help."""
        return f"{self.text}. {self.otherwise}".rstrip()


REMEDIES: dict[str, Remedy] = {
    remedy.id: remedy
    for remedy in (
        Remedy(
            "mask_too_small",
            shifts={
                "base_percentile": -10,
                "max_true_pixels": +10,
                "center_ratio_threshold": -0.1,
            },
        ),
        Remedy(
            "mask_too_large",
            shifts={
                "base_percentile": +15,
                "max_true_pixels": -10,
                "center_ratio_threshold": +0.1,
            },
        ),
        Remedy(
            "no_pattern_found",
            values={
                "adapt_autocorr": False,
                "base_percentile": 25.0,
                "use_center_proximity": False,
            },
            otherwise='If nothing is found, try "automatic".',
        ),
        Remedy(
            "random_noise_caught",
            values={
                "keep_center_component_only": True,
                "base_percentile": 70.0,
                "center_ratio_threshold": 0.5,
            },
        ),
    )
}


def apply_remedy(parameters: Parameters, name: str) -> Remedied:
    """Apply the one of `REMEDIES` of that name. A size limit that is off stays off."""
    remedy = REMEDIES[name]
    infos = parameter_infos()
    wanted = dict(remedy.values)
    for name, shift in remedy.shifts.items():
        present = getattr(parameters, name)
        if present is None:
            continue
        info = infos[name]
        value = present + shift
        if info.lowest is not None:
            value = max(value, info.lowest)
        if info.highest is not None:
            value = min(value, info.highest)
        # 0.3 + 0.1 + 0.1 is shown as 0.5.
        wanted[name] = int(value) if info.kind == "int" else round(value, 6)
    changes = {
        name: (getattr(parameters, name), value)
        for name, value in wanted.items()
        if value != getattr(parameters, name)
    }
    if not changes:
        return Remedied(parameters, {}, "No change: already set", remedy.otherwise)
    text = ", ".join(
        f"{info.about.label} {value_text(info, old)} → {value_text(info, new)}"
        for info, (old, new) in ((infos[name], change) for name, change in changes.items())
    )
    return Remedied(
        parameters.changed({name: new for name, (_, new) in changes.items()}),
        changes,
        text,
        remedy.otherwise,
    )

"""The four remedies of the published tuning guide: changes relative to what is set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from structmask_gui.core.parameters import Parameters, parameter_infos


@dataclass(frozen=True)
class Remedy:
    """One remedy.

    Attributes
    ----------
    id, text : str
        Its name in the program and on the button.
    shifts : mapping of str to float
        What is added to a parameter.
    values : mapping of str to object
        What a parameter is set to.
    """

    id: str
    text: str
    shifts: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


REMEDIES = {
    remedy.id: remedy
    for remedy in (
        Remedy(
            "mask_too_small",
            "Mask too small",
            shifts={
                "base_percentile": -10,
                "max_true_pixels": +10,
                "center_ratio_threshold": -0.1,
            },
        ),
        Remedy(
            "mask_too_large",
            "Mask too large",
            shifts={
                "base_percentile": +15,
                "max_true_pixels": -10,
                "center_ratio_threshold": +0.1,
            },
        ),
        Remedy(
            "no_pattern_found",
            "No pattern found",
            values={
                "adapt_autocorr": False,
                "base_percentile": 25.0,
                "use_center_proximity": False,
            },
        ),
        Remedy(
            "random_noise_caught",
            "Random noise caught",
            values={
                "keep_center_component_only": True,
                "base_percentile": 70.0,
                "center_ratio_threshold": 0.5,
            },
        ),
    )
}


def remedied(parameters: Parameters, remedy: Remedy) -> dict[str, Any]:
    """Return the new values of the parameters that a remedy changes, kept within their ranges.

    A size limit that is switched off stays off.
    """
    infos = parameter_infos()
    changed: dict[str, Any] = {}
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
        wanted[name] = int(value) if info.kind == "int" else round(value, 6)
    for name, value in wanted.items():
        if value != getattr(parameters, name):
            changed[name] = value
    return changed


def described(parameters: Parameters, remedy: Remedy) -> str:
    """Say what a remedy changes now, as in "Base percentile 50 → 40, Largest mask 25 → 35"."""
    infos = parameter_infos()
    parts = [
        f"{infos[name].about.label} {shown(getattr(parameters, name))} → {shown(value)}"
        for name, value in remedied(parameters, remedy).items()
    ]
    return ", ".join(parts) or "nothing: everything is already set so"


def shown(value: Any) -> str:
    """Return a parameter's value as people read it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)

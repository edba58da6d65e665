"""Inactive parameters, with a reason for the panel to show; defaults per method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from structmask_gui.core.parameters.model import (
    RING_SOURCES,
    Method,
    Parameters,
    Source,
    parameter_infos,
)

_RING_ONLY = frozenset(
    {
        "norm_autocorr",
        "log_autocorr",
        "crop_autocorr",
        "center_size",
        "convention",
        "adapt_autocorr",
        "adapt_CB",
        "adapt_DF",
        "base_percentile",
        "percentile_decay",
        "center_ratio_threshold",
        "use_center_proximity",
        "center_proximity_threshold",
        "keep_center_component_only",
        "max_true_pixels",
    }
)
_SPINE_ONLY = frozenset({"background_side", "spine_z", "least_direction"})
_SAMPLED = frozenset({"layout", "patch_size", "patches", "precision", "seed"})
TUNING = frozenset({"q", "rho_min", "max_pixels"})
"""Parameters that tune the significant lags by hand."""

_STATISTICAL_ONLY = frozenset({"mask_choice", "q"})
_LAGS = frozenset({"max_lag", *TUNING}) - _STATISTICAL_ONLY
"""Parameters of both the statistical selection and the spine method."""


def untuned(parameters: Parameters) -> Parameters:
    """Return parameters with those that tune the significant lags at their defaults.

    By these noise is told from structure, so that what was measured does not depend on tuning.
    """
    defaults = Parameters()
    return parameters.changed(**{name: getattr(defaults, name) for name in TUNING})


def why_without_effect(name: str, parameters: Parameters) -> str | None:
    """Return a sentence why a parameter has no effect on the mask now; None if it has one."""
    parameter_infos()[name]  # KeyError if there is no such parameter
    if (why := _why_of_another_method(name, parameters.method)) is not None:
        return why
    chosen_by_chance = parameters.patches > 0 or parameters.precision > 0
    if name == "seed" and parameters.layout != "random" and not chosen_by_chance:
        return "Used where patches are chosen at random; now all are measured."
    if name == "patch_size" and parameters.layout == "whole":
        return "Each whole frame is one patch."
    if name == "center_size" and not parameters.crop_autocorr:
        return "All lags are analysed; turn on the crop to use it."
    if name in ("adapt_CB", "adapt_DF") and not parameters.adapt_autocorr:
        return "The adaptive threshold is off."
    if name == "adapt_CB" and parameters.convention == "as-implemented":
        # The threshold is scaled to 0 .. 1 whatever its height. Only its sign remains, that of the
        # median, which is hardly ever 0 or negative.
        return "The program scales the threshold to 0 .. 1, so its height cancels."
    if name == "center_proximity_threshold" and not parameters.use_center_proximity:
        return "Centre proximity is off."
    return None


def _why_of_another_method(name: str, method: Method) -> str | None:
    if name in _RING_ONLY and method != "ring":
        return "Only ring analysis uses it."
    if name in _SPINE_ONLY and method != "spine":
        return "Only the spine method uses it."
    if name in _STATISTICAL_ONLY and method != "statistical":
        return "Only the method Automatic uses it."
    if name in _LAGS and method == "ring":
        return "Ring analysis does not use it."
    if name in _SAMPLED and method == "spine":
        return "The spine method chooses its tiles by itself."
    return None


def recommends(parameters: Parameters) -> bool:
    """Whether the recommended mask is asked for; ring analysis has none."""
    return parameters.method == "statistical" and parameters.mask_choice == "recommended"


def changed_together(parameters: Parameters, values: Mapping[str, Any]) -> Parameters:
    """Change parameters, and the source with the method unless the values name one it can use.

    The statistical method starts with "automatic", the others with "frames": ring analysis can use
    `RING_SOURCES`, the spine method only these. Tuning the significant lags chooses them as the
    mask, unless the values name the mask too.
    """
    new = parameters.changed(values)
    tuned = any(getattr(new, name) != getattr(parameters, name) for name in TUNING)
    if tuned and "mask_choice" not in values:
        new = new.changed(mask_choice="significant")
    if new.method != "statistical":
        return new if new.source in sources_of(new.method) else new.changed(source="frames")
    if parameters.method != "statistical" and "source" not in values:
        return new.changed(source="automatic")
    return new


def method_values(method: Method) -> dict[str, Any]:
    """Return the values set with a method: the statistical one starts with the recommended mask."""
    mask = "recommended" if method == "statistical" else Parameters().mask_choice
    return {"method": method, "mask_choice": mask}


def sources_of(method: Method) -> tuple[Source, ...]:
    """Return the sources that a method can measure in."""
    every: tuple[Source, ...] = get_args(Source)
    return {"ring": RING_SOURCES, "spine": RING_SOURCES[:1], "statistical": every}[method]


def defaults_of(method: Method) -> Parameters:
    """Return the defaults of a method: `Parameters`, with the source and mask it starts with."""
    return changed_together(Parameters(), method_values(method))


def unavailable_sources(parameters: Parameters, n_frames: int | None = None) -> dict[str, str]:
    """Return the sources that cannot be chosen now, each with a sentence why.

    ``n_frames`` are those of the open stack; None if none is open.
    """
    reasons = {}
    usable = sources_of(parameters.method)
    for source, _ in parameter_infos()["source"].about.choices:
        if source in usable:
            continue
        reasons[source] = "Only the method Automatic can measure in it."
        if parameters.method == "spine":
            reasons[source] = "The spine method measures background tiles of the frames."
    if n_frames == 1:
        reasons["difference"] = "One frame is open; differences need two or more of a still scene."
    return reasons

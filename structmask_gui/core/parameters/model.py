"""Parameters: every default, range, unit and help text, once.

Panel, presets, command line, help and records are built from `Parameters` and `parameter_infos`.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from structmask_gui.core.errors import ParameterError
from structmask_gui.core.parameters.info import About, ParameterInfo, Stage, info_of

Source = Literal["frames", "flat", "difference", "dark", "subtract", "spectrum", "automatic"]
Layout = Literal["grid", "random", "whole"]
Method = Literal["ring", "spine", "statistical"]
BackgroundSide = Literal["off", "light", "dark"]
Convention = Literal["as-implemented", "as-documented"]
MaskChoice = Literal["significant", "recommended"]


RING_SOURCES: tuple[Source, ...] = ("frames", "difference", "dark", "subtract")
"""The sources of the published method; the statistical one can use all."""

_MEASURE = "Patches"
_AUTO = "Autocorrelation"
_RING = "Ring analysis"
_SPINE = "Spine"
_STAT = "Significant lags"
_POST = "Size and shape"


class Parameters(BaseModel):
    """All parameters of an extraction; immutable, compared by value.

    A bad value raises `ParameterError`, with a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)

    if not TYPE_CHECKING:  # the names and types of the fields stay known

        def __init__(self, **values: Any) -> None:
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise ParameterError(" ".join(_sentences(error))) from None

    # --- which noise, and which patches of it -------------------------------------------------
    method: Annotated[
        Method,
        About(
            "Method",
            "Method",
            Stage.SAMPLING,
            "How the pixels of the mask are chosen from the autocorrelation.",
            choices=(
                (
                    "ring",
                    "Ring analysis (autoStructN2V 0.1): ring by ring around the centre.",
                ),
                (
                    "spine",
                    "Spine (autoStructN2V 1.0): thin lines through the significant lags, measured"
                    " in background tiles of the raw frames.",
                ),
                (
                    "statistical",
                    "Automatic: the noise is measured where the data allow it; the mask is the"
                    " recommended one, or all pixels that clearly share noise.",
                ),
            ),
        ),
    ] = "ring"
    source: Annotated[
        Source,
        About(
            "Noise measured in",
            _MEASURE,
            Stage.SAMPLING,
            "Where noise is measured. Each source has a blind spot.",
            choices=(
                ("frames", "Frames: as they are, with all noise, but the structure as well."),
                (
                    "flat",
                    "The flattest patches, with a smooth surface removed: noise and fixed-pattern"
                    " noise, but not noise that depends on brightness.",
                ),
                (
                    "difference",
                    "Differences of frames of a still scene: temporal noise exactly, but no"
                    " fixed-pattern noise; wrong where things move.",
                ),
                (
                    "dark",
                    "Dark: a dark or blank stack; camera and fixed-pattern noise, but not noise"
                    " that depends on the signal.",
                ),
                (
                    "subtract",
                    "The frames minus a reference stack (the mean of still frames): temporal noise,"
                    " but no fixed-pattern noise.",
                ),
                (
                    "spectrum",
                    "The spectrum beyond the optical cut-off: noise under any structure, but not"
                    " smooth noise.",
                ),
                ("automatic", "Best source: decided from the frames; the result names it."),
            ),
        ),
    ] = "frames"
    layout: Annotated[
        Layout,
        About(
            "Placement",
            _MEASURE,
            Stage.SAMPLING,
            "How patches are placed on each frame.",
            choices=(
                ("grid", "Side by side, without overlap."),
                ("random", "At random positions, repeatable by the seed."),
                ("whole", "Each frame, or the ROI, as one patch."),
            ),
        ),
    ] = "grid"
    patch_size: Annotated[
        int,
        Field(ge=16, le=4096),
        About(
            "Patch size",
            _MEASURE,
            Stage.SAMPLING,
            "Side of the square patches. Images smaller than this use the largest patch that fits.",
            more="Measures longer correlations, from fewer patches.",
            less="More patches, so a steadier average of shorter correlations.",
            unit="px",
            slider=(16, 256),
        ),
    ] = 64
    patches: Annotated[
        int,
        Field(ge=0, le=10_000_000),
        About(
            "Number of patches",
            _MEASURE,
            Stage.SAMPLING,
            "How many patches are measured, taken from all frames. 0 = all (statistical"
            " method: up to 0.5 GB of pixels).",
            more="Steadier result, longer measurement.",
            less="Faster, noisier.",
            unit="patches",
            slider=(0, 2000),
            lowest_word="all",
        ),
    ] = 0
    precision: Annotated[
        float,
        Field(ge=0, le=0.1),
        About(
            "Precision",
            _MEASURE,
            Stage.SAMPLING,
            "Stop measuring once the standard error is below this at every lag. Patches are then"
            " measured in random order, at least 512 with the statistical method. 0 = off.",
            more="Faster, noisier.",
            less="Steadier result, longer measurement.",
            slider=(0, 0.02),
            step=0.0005,
            lowest_word="off",
        ),
    ] = 0.0
    seed: Annotated[
        int,
        Field(ge=0, le=2**32 - 1),
        About(
            "Seed",
            _MEASURE,
            Stage.SAMPLING,
            "Seed of the random positions of patches; the same seed gives the same patches.",
            slider=(0, 100),
        ),
    ] = 0

    # --- autocorrelation ----------------------------------------------------------------------
    norm_autocorr: Annotated[
        bool,
        About(
            "Normalise",
            _AUTO,
            Stage.AUTOCORRELATION,
            "Divide each patch's autocorrelation by its value at zero lag, so that all patches have"
            " the same weight whatever their brightness.",
        ),
    ] = True
    log_autocorr: Annotated[
        bool,
        About(
            "Logarithm",
            _AUTO,
            Stage.AUTOCORRELATION,
            "Take log(1 + |value|), which raises weak correlations. The sign is lost.",
        ),
    ] = True
    crop_autocorr: Annotated[
        bool,
        About(
            "Crop to the centre",
            _AUTO,
            Stage.CROP,
            "Analyse only the centre square. Off: the whole plane of lags, and a mask of that"
            " size.",
        ),
    ] = True
    center_size: Annotated[
        int,
        Field(ge=3, le=101),
        About(
            "Centre size",
            _AUTO,
            Stage.CROP,
            "Side of the centre square that the mask is selected in; even values give the next odd"
            " one.",
            more="The mask can hide longer correlations.",
            less="The mask can hide only near neighbours.",
            unit="px",
            slider=(7, 25),
        ),
    ] = 10

    # --- published method ---------------------------------------------------------------------
    convention: Annotated[
        Convention,
        About(
            "Convention",
            _RING,
            Stage.ADAPT,
            "The published program and its documentation differ; choose which to follow.",
            choices=(
                ("as-implemented", "As computed by the program autoStructN2V 0.1."),
                ("as-documented", "As described on the published page."),
            ),
        ),
    ] = "as-implemented"
    adapt_autocorr: Annotated[
        bool,
        About(
            "Adaptive threshold",
            _RING,
            Stage.ADAPT,
            "As implemented: subtract from the autocorrelation a threshold that falls with the"
            " distance from the centre. As documented: set values at or below such a threshold to"
            " 0; off, only the final scaling is done.",
        ),
    ] = True
    adapt_CB: Annotated[
        float,
        Field(ge=0, le=1000),
        About(
            "Base threshold (CB)",
            _RING,
            Stage.ADAPT,
            "Height of the adaptive threshold at the centre. As documented: per cent of the"
            " centre's value.",
            more="As documented: fewer pixels survive.",
            less="As documented: more pixels survive.",
            slider=(5, 100),
        ),
    ] = 50.0
    adapt_DF: Annotated[
        float,
        Field(ge=0.01, le=1),
        About(
            "Decay (DF)",
            _RING,
            Stage.ADAPT,
            "How the adaptive threshold changes with the distance from the centre.",
            more="As implemented: the threshold falls more slowly, so distant pixels are lowered"
            " more.",
            less="As implemented: the threshold falls faster, so distant pixels are lowered less.",
            slider=(0.8, 0.99),
            step=0.01,
        ),
    ] = 0.95
    base_percentile: Annotated[
        float,
        Field(ge=0, le=100),
        About(
            "Base percentile",
            _RING,
            Stage.RINGS,
            "Threshold of the first ring, in per cent: of the ring's range as implemented, as a"
            " true percentile as documented.",
            more="Fewer pixels in every ring.",
            less="More pixels in every ring.",
            unit="%",
            slider=(30, 70),
        ),
    ] = 50.0
    percentile_decay: Annotated[
        float,
        Field(ge=0.1, le=10),
        About(
            "Percentile growth",
            _RING,
            Stage.RINGS,
            "Factor by which the threshold rises from ring to ring.",
            more="Outer rings get stricter.",
            less="Outer rings stay as generous as the first.",
            slider=(1.0, 1.3),
            step=0.01,
        ),
    ] = 1.15
    center_ratio_threshold: Annotated[
        float,
        Field(ge=0, le=1),
        About(
            "Ring strength",
            _RING,
            Stage.RINGS,
            "A ring is considered only if its maximum reaches this share of the centre's value.",
            more="Fewer rings are considered; weak patterns are lost.",
            less="More rings are considered; weak patterns, and random noise, are kept.",
            slider=(0.1, 0.5),
            step=0.01,
        ),
    ] = 0.3
    use_center_proximity: Annotated[
        bool,
        About(
            "Centre proximity",
            _RING,
            Stage.RINGS,
            "Rule for pixels almost as high as the centre. As implemented: they are added. As"
            " documented: all lower ones are dropped.",
        ),
    ] = True
    center_proximity_threshold: Annotated[
        float,
        Field(ge=0, le=1),
        About(
            "Proximity threshold",
            _RING,
            Stage.RINGS,
            "Share of the centre's value from which a pixel is almost as high.",
            more="As implemented: fewer pixels are added. As documented: more are dropped.",
            less="As implemented: more pixels are added. As documented: fewer are dropped.",
            slider=(0.5, 0.99),
            step=0.01,
        ),
    ] = 0.95

    # --- spine --------------------------------------------------------------------------------
    background_side: Annotated[
        BackgroundSide,
        About(
            "Background",
            _SPINE,
            Stage.SAMPLING,
            "Which flat parts of the frames are background.",
            choices=(
                ("off", "All of them."),
                ("light", "The light ones, as of resin in electron microscopy."),
                ("dark", "The dark ones, as between what fluoresces."),
            ),
        ),
    ] = "off"
    spine_z: Annotated[
        float,
        Field(ge=1, le=1000),
        About(
            "Significance (z)",
            _SPINE,
            Stage.RINGS,
            "How far a lag has to stand out from the others at its distance, in units of their"
            " noise; of either sign.",
            more="Fewer lags are significant.",
            less="More lags are significant.",
            slider=(4, 16),
            step=0.5,
        ),
    ] = 8.0
    least_direction: Annotated[
        float,
        Field(ge=0, le=1),
        About(
            "Least Dmax",
            _SPINE,
            Stage.RINGS,
            "Below this dependence on the direction the mask is the centre alone, for plain N2V."
            " 0 = off.",
            more="More noise is left to plain N2V.",
            less="Weaker directions get a mask.",
            slider=(0.0, 0.05),
            step=0.001,
            lowest_word="off",
        ),
    ] = 0.012

    # --- size and shape -----------------------------------------------------------------------
    keep_center_component_only: Annotated[
        bool,
        About(
            "Only what touches the centre",
            _POST,
            Stage.POSTPROCESS,
            "Keep only the pixels connected to the centre, diagonals included. Removes random"
            " pixels far out, and detached echoes.",
        ),
    ] = True
    max_true_pixels: Annotated[
        int | None,
        Field(ge=1, le=1_000_000),
        About(
            "Largest mask",
            _POST,
            Stage.POSTPROCESS,
            "Most pixels of the mask, the centre included; the strongest pairs are kept.",
            more="Hides more correlated noise, and more structure.",
            less="Keeps the mask small; correlated noise may remain visible.",
            unit="px",
            slider=(10, 30),
        ),
    ] = 25

    # --- statistical selection ----------------------------------------------------------------
    mask_choice: Annotated[
        MaskChoice,
        About(
            "Mask",
            _STAT,
            Stage.POSTPROCESS,
            "Which mask is chosen for the noise that was measured.",
            choices=(
                ("significant", "Every lag whose correlation is significant and large enough."),
                (
                    "recommended",
                    "The mask with the least expected error for this stack.",
                ),
            ),
        ),
    ] = "significant"
    max_lag: Annotated[
        int,
        Field(ge=1, le=50),
        About(
            "Largest lag",
            _STAT,
            Stage.AUTOCORRELATION,
            "Largest distance from the centre at which correlation is tested.",
            more="Finds longer lines and distant echoes.",
            less="Faster, and a smaller mask.",
            unit="px",
            slider=(5, 50),
        ),
    ] = 10
    q: Annotated[
        float,
        Field(ge=0.000001, le=0.5),
        About(
            "False discovery rate",
            _STAT,
            Stage.RINGS,
            "The share of kept lags that may be chance.",
            more="More lags are significant.",
            less="Fewer lags are significant.",
            slider=(0.001, 0.1),
            step=0.001,
        ),
    ] = 0.01
    rho_min: Annotated[
        float,
        Field(ge=0, le=1),
        About(
            "Smallest correlation",
            _STAT,
            Stage.RINGS,
            "Correlation, positive or negative, below which even a significant lag is left out.",
            more="Smaller mask; weak correlations stay visible to the network.",
            less="Larger mask; weak correlations are hidden too.",
            slider=(0.0, 0.3),
            step=0.005,
        ),
    ] = 0.05
    max_pixels: Annotated[
        int | None,
        Field(ge=1, le=1_000_000),
        About(
            "Largest mask",
            _STAT,
            Stage.POSTPROCESS,
            "Most pixels of a statistical mask, the centre included; none sets no limit.",
            more="Hides more correlated noise.",
            less="Keeps the mask small.",
            unit="px",
            slider=(1, 101),
        ),
    ] = None

    @classmethod
    def checked(cls, values: Mapping[str, Any] | None = None, /, **more: Any) -> Self:
        """Make parameters from values; `ParameterError` names a bad one, its value and range."""
        return cls(**{**(values or {}), **more})

    def changed(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> Self:
        """Return a copy with some values replaced, checked as by `checked`."""
        return type(self).checked({**self.model_dump(), **(values or {}), **more})

    def of_stages(self, *stages: Stage) -> tuple[Any, ...]:
        """Return the values of all parameters of the stages, to compare."""
        return tuple(
            getattr(self, info.name) for info in parameter_infos().values() if info.stage in stages
        )


@cache
def parameter_infos() -> dict[str, ParameterInfo]:
    """Return the info of each parameter by name, in the order of `Parameters`."""
    return {name: info_of(name, field) for name, field in Parameters.model_fields.items()}


def _sentences(error: ValidationError) -> list[str]:
    """Return a sentence for each bad value."""
    infos = parameter_infos()
    sentences = []
    for item in error.errors():
        name = str(item["loc"][0]) if item["loc"] else "the parameters"
        if name in infos:
            sentences.append(
                f"{name} = {item['input']!r} is not accepted; give {infos[name].accepted}."
            )
        else:
            near = get_close_matches(name, infos, 1)
            known = f"did you mean {near[0]}?" if near else f"there are: {', '.join(infos)}."
            sentences.append(f"There is no parameter {name}; {known}")
    return sentences

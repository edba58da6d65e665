"""Text to copy into a trainer: the mask in the form it takes, with the settings the mask needs.

Checked against juglab n2v 0.3.3, CAREamics 0.3 and autoStructN2V 0.1; what they take and do was
read in their sources and, for CAREamics, is tested with its own configuration classes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Literal

from numpy.typing import ArrayLike

from structmask_gui.core.extraction.extraction import counted
from structmask_gui.core.masks.mask import SHAPE_WORDS, Mask
from structmask_gui.core.masks.symmetry import Turns, allowed_turns, strays_sentence, without_strays
from structmask_gui.core.masks.trainers import Blanked, blanked
from structmask_gui.core.names import TARGETS, Target
from structmask_gui.io.trainers.careamics import CareamicsAxes, NearestShape, nearest_careamics
from structmask_gui.version import __version__

ImageStage = Literal["raw", "denoised"]

CAREAMICS_LEAST_PERCENT = 0.05
"""CAREamics takes no smaller share of masked pixels."""

_SMALLEST_PATCH = 64
_LARGEST_LITERAL = 2000
_CAREAMICS_ROI = 11

_NO_BATCH_NORMALISATION = (
    "With batch normalisation the right mask did harm: error 0.817 of the noise's variance, without"
    " a mask 0.675, with this setting 0.337."
)


@dataclass(frozen=True)
class Snippet:
    """Text for one trainer.

    Attributes
    ----------
    target : str
        One of `TARGETS`.
    title : str
        What the trainer is called.
    text : str
        Python, ready to paste.
    notes : tuple of str
        What to know: augmentation, share of blanked pixels, what is lost.
    needs_file : bool
        The text loads the mask from the NPY file it names, so that has to be exported too.
    """

    target: Target
    title: str
    text: str
    notes: tuple[str, ...]
    needs_file: bool = False


@dataclass(frozen=True)
class MaskContext:
    """What the texts for trainers depend on beside the mask.

    Attributes
    ----------
    file : str
        Path of the image file the mask was measured on, or is meant for, as the text is to name it.
    stage : "raw" or "denoised"
        Whether that file holds raw images or the output of a first denoising.
    axes, channel
        Of that file, as `ImageStack` gives them; empty if not known.
    mask_file : str
        Where the NPY file of the mask is, for the texts that load it.
    how : str
        How the mask came about, as in "edited by hand", if it was not measured as it is.
    noise, image : array_like (2 R + 1, 2 R + 1), optional
        Autocovariances of the noise and of the frames as they are; see `nearest_careamics`.
    """

    file: str = ""
    stage: ImageStage = "raw"
    axes: str = ""
    channel: int | str | None = None
    mask_file: str = "mask.npy"
    how: str = ""
    noise: ArrayLike | None = None
    image: ArrayLike | None = None


NO_CONTEXT = MaskContext()


def snippets(mask: Mask, context: MaskContext = NO_CONTEXT) -> tuple[Snippet, ...]:
    """Return the texts for all targets."""
    return tuple(snippet(target, mask, context) for target in TARGETS)


def snippet(target: Target, mask: Mask, context: MaskContext = NO_CONTEXT) -> Snippet:
    """Return the text for one target."""
    about = _About.of(mask, context)
    if target == "careamics":
        nearest = nearest_careamics(mask, context.noise, context.image)
        return _careamics(about, nearest, CareamicsAxes.of(context.axes, context.channel))
    return {"n2v": _n2v, "autostructn2v": _autostructn2v, "python": _python}[target](about)


@dataclass(frozen=True)
class _About:
    """A mask and what all texts say of it."""

    mask: Mask
    context: MaskContext
    turns: Turns
    blanked: dict[str, Blanked]
    heading: str

    @classmethod
    def of(cls, mask: Mask, context: MaskContext) -> _About:
        statistics = mask.statistics
        what = SHAPE_WORDS[statistics.shape_class]
        where = _printable(Path(context.file).name) or "an array"
        origin = f"{_printable(context.how)}, for" if context.how else "measured on"
        return cls(
            mask=mask.cropped(),
            context=context,
            turns=allowed_turns(mask),
            blanked={item.trainer.name: item for item in blanked(statistics.true_pixels)},
            heading=(
                f"# {what}, {counted(statistics.true_pixels, 'pixel')}, {origin} {where}"
                f" ({context.stage} images), StructMask {__version__}.\n"
            ),
        )

    @property
    def strays(self) -> str:
        """Which few pixels forbid the flips, if it is only those; may be empty."""
        return strays_sentence(self.mask)

    @property
    def bare(self) -> bool:
        return self.mask.statistics.true_pixels == 1

    @property
    def trained_on(self) -> str:
        """A note: train on what the mask was measured on, or is meant for."""
        stage = self.context.stage
        if self.context.how:
            other = "denoised" if stage == "raw" else "raw"
            return f"The mask is meant for {stage} images: train on those, not on {other} ones."
        if stage == "raw":
            return "The mask was measured on raw images: train on those, not on denoised ones."
        return (
            "The mask was measured on denoised images: it fits a second training on those, not one"
            " on raw images."
        )

    def rows(self, mask: Mask | None = None) -> str:
        """Return the mask as a nested list, a row a line."""
        lines = [
            "    [" + ", ".join(str(int(value)) for value in row) + "],"
            for row in (mask or self.mask).array
        ]
        return "[\n" + "\n".join(lines) + "\n]"

    @property
    def as_literal(self) -> bool:
        return self.mask.array.size <= _LARGEST_LITERAL

    @property
    def patch(self) -> int:
        """Side of a training patch that holds the mask twice over."""
        side = _SMALLEST_PATCH
        while side < 2 * max(self.mask.shape):
            side *= 2
        return side


def _n2v(about: _About) -> Snippet:
    share = about.blanked["n2v"]
    # n2v blanks a whole number of pixels in each patch, and at least one.
    patch = about.patch
    while patch * patch * share.recommended < 100:
        patch *= 2
    if about.bare:
        mask = "structN2Vmask = None  # only the centre: plain N2V\n"
    elif about.as_literal:
        mask = f"structN2Vmask = {about.rows()}\n"
    else:
        mask = (
            "import numpy as np\n\n"
            f"structN2Vmask = np.load({about.context.mask_file!r}).astype(int).tolist()\n"
        )
    augment = about.turns.all
    text = (
        about.heading
        + mask
        + "\nfrom n2v.internals.N2V_DataGenerator import N2V_DataGenerator\n"
        + "from n2v.models import N2VConfig\n\n"
        + "# images: a list of arrays with axes SYXC, as N2V_DataGenerator.load_imgs gives them.\n"
        + "patches = N2V_DataGenerator().generate_patches_from_list(\n"
        + f"    images, shape=({patch}, {patch}), augment={augment}\n"
        + ")\n"
        + "config = N2VConfig(\n"
        + "    patches,\n"
        + "    structN2Vmask=structN2Vmask,\n"
        + f"    n2v_perc_pix={share.recommended:g},\n"
        + f"    n2v_patch_shape=({patch}, {patch}),\n"
        + '    n2v_manipulator="uniform_withCP",\n'
        + ")\n"
    )
    notes = [_one_switch(about, "augment"), share.sentence, about.trained_on]
    if not about.bare:
        notes.append(
            "For 3-D training put the mask into one more list. Keep n2v_manipulator"
            ' "uniform_withCP": the mean and median ones of n2v 0.3.3 fail with a mask. Its'
            " validation loss is computed without the mask, so judge by the denoised images."
        )
    return Snippet(
        "n2v", TARGETS["n2v"], text, tuple(notes), not about.bare and not about.as_literal
    )


def _autostructn2v(about: _About) -> Snippet:
    augment = about.turns.all
    text = (
        about.heading
        + "import numpy as np\n"
        + "from autoStructN2V.masking import create_full_mask\n"
        + "from autoStructN2V.pipeline import runner\n\n"
        + f"mask = np.load({about.context.mask_file!r}).astype(bool)\n"
        + "# Its placing of masks takes square ones only.\n"
        + "side = max(mask.shape)\n"
        + "rows, columns = ((side - n) // 2 for n in mask.shape)\n"
        + "mask = np.pad(mask, ((rows, rows), (columns, columns)))\n\n\n"
        + "def stage2_mask(denoised_patches, config):\n"
        + '    stage2 = config["stage2"]\n'
        + "    return create_full_mask(\n"
        + '        mask, stage2["patch_size"], stage2["mask_percentage"], False\n'
        + "    )\n\n\n"
        + '# Version 0.1 does not know mask_source: "file" and would measure a mask of its own.\n'
        + "runner.create_stage2_mask = stage2_mask\n\n"
        + "config = {\n"
        + '    "input_dir": "images/",\n'
        + '    "stage2": {\n'
        + '        "mask_source": "file",\n'
        + f'        "patch_size": {about.patch},\n'
        + '        "mask_percentage": 10.0,\n'
        + f'        "use_augmentation": {augment},\n'
        + "    },\n"
        + "}\n"
        + "results = runner.run_pipeline(config)\n"
    )
    notes = [
        'The documentation names mask_source: "file", but the public version 0.1 (May 2025) ignores'
        " it; the text replaces the step that measures a mask by your file.",
        _one_switch(about, "use_augmentation"),
        "Its mask_percentage is the share of pixels that are blanked, whatever the mask's size; 10"
        " is its default.",
    ]
    verb = "is meant for" if about.context.how else "was measured on"
    if about.context.stage == "raw":
        notes.append(
            f"The mask {verb} raw images, but the second stage trains on the output of the"
            " first; measure again on that output before the second stage."
        )
    else:
        notes.append(f"The mask {verb} denoised images, as its second stage needs it.")
    return Snippet("autostructn2v", TARGETS["autostructn2v"], text, tuple(notes), True)


def _careamics(about: _About, nearest: NearestShape, axes: CareamicsAxes) -> Snippet:
    pixels = nearest.mask.statistics.true_pixels
    share = next(item for item in blanked(pixels) if item.trainer.name == "CAREamics")
    percent = max(share.recommended, CAREAMICS_LEAST_PERCENT)
    # Neither the noise nor what CAREamics blanks may look different after the turn.
    turns = allowed_turns(nearest.mask)
    allowed = [
        name
        for name, good in (
            ("x_flip", turns.flip_x and about.turns.flip_x),
            ("y_flip", turns.flip_y and about.turns.flip_y),
            ("rotate_90", turns.quarter and about.turns.quarter),
        )
        if good
    ]
    struct = ""
    if nearest.axes != "none":
        struct = f'    struct_n2v_axes="{nearest.axes}",\n    struct_n2v_span={nearest.span},\n'
        if nearest.span > _CAREAMICS_ROI:
            # N2V2 takes its median in this square and the shape has to fit into it.
            struct += f"    roi_size={nearest.span},\n"
    strays = _comment(about.strays, "    ")
    normalised = _comment(_NO_BATCH_NORMALISATION, "    ")
    text = (
        about.heading
        + _comment(nearest.sentence)
        + "from careamics.config import create_advanced_n2v_config\n\n"
        + "config = create_advanced_n2v_config(\n"
        + '    experiment_name="structn2v",\n'
        + '    data_type="tiff",\n'
        + axes.lines
        + f"    patch_size=[{about.patch}, {about.patch}],\n"
        + "    batch_size=16,\n"
        + struct
        + f"    masked_pixel_percentage={percent:g},\n"
        + strays
        + f"    augmentations={json.dumps(allowed)},\n"
        + normalised
        + '    model_params={"use_batch_norm": False},\n'
        + ")\n"
    )
    notes = [
        nearest.sentence,
        _augmentation(about, "augmentations"),
        share.sentence,
        about.trained_on,
    ]
    if nearest.axes != "none":
        notes.append(
            "CAREamics' span is the full width with the centre: 5 hides 5 pixels in a row."
        )
    return Snippet("careamics", TARGETS["careamics"], text, tuple(notes))


def _python(about: _About) -> Snippet:
    if about.as_literal:
        mask = f"mask = np.array({about.rows()}, dtype=bool)\n"
    else:
        mask = f"mask = np.load({about.context.mask_file!r})\n"
    text = (
        about.heading
        + "import numpy as np\n\n"
        + "# Axes (y, x); True means: blank this pixel together with the centre.\n"
        + mask
        + "lags = np.argwhere(mask) - np.array(mask.shape) // 2  # (dy, dx)\n"
    )
    notes = (_augmentation(about, "turns and flips"), about.trained_on)
    return Snippet("python", TARGETS["python"], text, notes, not about.as_literal)


def _comment(sentence: str, indent: str = "") -> str:
    """Return a sentence as lines of comment; none of an empty one."""
    return "".join(f"{indent}# {line}\n" for line in wrap(sentence, 88 - len(indent)))


def _one_switch(about: _About, setting: str) -> str:
    """Return the note for a trainer that turns and flips, or does neither."""
    if about.turns.all:
        return _augmentation(about, setting)
    text = (
        f"Augmentation ({setting}): off, because it is one switch for flips and quarter turns, and"
        " not all of them leave this mask unchanged."
    )
    helps = about.strays and allowed_turns(without_strays(about.mask)).all
    return f"{text} {about.strays}" if helps else text


def _augmentation(about: _About, setting: str) -> str:
    text = f"Augmentation ({setting}): {about.turns.sentence[0].lower()}{about.turns.sentence[1:]}"
    return f"{text} {about.strays}" if about.strays else text


def _printable(text: str) -> str:
    """Return a text that stays within the line of a comment."""
    return "".join(c if c.isprintable() else " " for c in text)

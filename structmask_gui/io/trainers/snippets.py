"""Text to copy into a trainer: the mask in the form it takes, with the settings the mask needs.

What they take and do was read in their sources; docs/export.md names the versions they ran on.
"""

from __future__ import annotations

import json

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.symmetry import allowed_turns
from structmask_gui.core.masks.trainers import blanked
from structmask_gui.core.names import TARGETS, Target
from structmask_gui.io.trainers.about import (
    NO_CONTEXT,
    About,
    MaskContext,
    Snippet,
    augmentation,
    comment,
    one_switch,
    reading_lines,
    result_name,
)
from structmask_gui.io.trainers.autostructn2v import autostructn2v, autostructn2v_0_1
from structmask_gui.io.trainers.careamics import CareamicsAxes, NearestShape, nearest_careamics
from structmask_gui.io.trainers.others import aydin, cosdd, support

__all__ = ["NO_CONTEXT", "MaskContext", "Snippet", "snippet", "snippets"]

CAREAMICS_LEAST_PERCENT = 0.05
"""CAREamics takes no smaller share of masked pixels."""

_CAREAMICS_ROI = 11

_NO_BATCH_NORMALISATION = (
    "With batch normalisation the right mask did harm: error 0.817 of the noise's variance, without"
    " a mask 0.675, with this setting 0.337."
)


def snippets(mask: Mask, context: MaskContext = NO_CONTEXT) -> tuple[Snippet, ...]:
    """Return the texts for all targets."""
    return tuple(snippet(target, mask, context) for target in TARGETS)


def snippet(target: Target, mask: Mask, context: MaskContext = NO_CONTEXT) -> Snippet:
    """Return the text for one target."""
    about = About.of(mask, context)
    if target == "careamics":
        nearest = nearest_careamics(mask, context.noise, context.image)
        return _careamics(about, nearest, CareamicsAxes.of(context.axes, context.channel))
    texts = {
        "n2v": _n2v,
        "autostructn2v": autostructn2v,
        "autostructn2v-0.1": autostructn2v_0_1,
        "aydin": aydin,
        "support": support,
        "cosdd": cosdd,
        "python": _python,
    }
    return texts[target](about)


def _n2v(about: About) -> Snippet:
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
        mask = f"structN2Vmask = np.load({about.context.mask_file!r}).astype(int).tolist()\n"
    # In 3-D its boxes have the side that is right in 2-D, so their volume is too large.
    solid = f"{100 / (100 / share.recommended) ** (2 / 3):.2g}"
    text = (
        about.heading
        + "import numpy as np\n"
        + "import tifffile\n"
        + "from n2v.internals.N2V_DataGenerator import N2V_DataGenerator\n"
        + "from n2v.models import N2V, N2VConfig\n\n"
        + mask
        + "\n"
        + reading_lines(about.context)
        + "images = [frames[..., np.newaxis]]  # a list of arrays with axes SYXC\n"
        + "patches = N2V_DataGenerator().generate_patches_from_list(\n"
        + f"    images, shape=({patch}, {patch}), augment={about.turns.all}\n"
        + ")\n"
        + "aside = max(1, len(patches) // 10)  # for validation\n"
        + "config = N2VConfig(\n"
        + "    patches,\n"
        + "    structN2Vmask=structN2Vmask,\n"
        + f"    n2v_perc_pix={share.recommended:g},  # in 3-D: {solid}\n"
        + f"    n2v_patch_shape=({patch}, {patch}),\n"
        + '    n2v_manipulator="uniform_withCP",\n'
        + ")\n"
        + 'model = N2V(config, "structn2v", basedir="models")\n'
        + "model.train(patches[aside:], patches[:aside])\n"
        + 'denoised = np.stack([model.predict(frame, axes="YX") for frame in frames])\n'
        + f"tifffile.imwrite({result_name(about.context)!r}, denoised)\n"
    )
    notes = [
        one_switch(about, "augment"),
        share.sentence,
        "For 3-D training n2v takes the side of its boxes as in 2-D, so its blind spots are far"
        f" sparser than asked: give n2v_perc_pix {solid} there.",
        about.trained_on,
    ]
    if not about.bare:
        notes.append(
            "For 3-D training put the mask into one more list. Keep n2v_manipulator"
            ' "uniform_withCP": the mean and median ones of n2v 0.3.3 fail with a mask. Its'
            " validation loss is computed without the mask, so judge by the denoised images."
        )
    return Snippet(
        "n2v", TARGETS["n2v"], text, tuple(notes), not about.bare and not about.as_literal
    )


def _careamics(about: About, nearest: NearestShape, axes: CareamicsAxes) -> Snippet:
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
        # The shape has to fit into this square; that of N2V2, which takes its median there, with
        # a border if the shape is a square itself.
        roi = nearest.span + 2 * (nearest.axes == "square")
        if roi > _CAREAMICS_ROI:
            struct += f"    roi_size={roi},\n"
    strays = comment(about.strays, "    ")
    normalised = comment(_NO_BATCH_NORMALISATION, "    ")
    text = (
        about.heading
        + comment(nearest.sentence)
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
        augmentation(about, "augmentations"),
        share.sentence,
        about.trained_on,
    ]
    if nearest.axes != "none":
        notes.append(
            "CAREamics' span is the full width with the centre: 5 hides 5 pixels in a row."
        )
    return Snippet("careamics", TARGETS["careamics"], text, tuple(notes))


def _python(about: About) -> Snippet:
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
    notes = (augmentation(about, "turns and flips"), about.trained_on)
    return Snippet("python", TARGETS["python"], text, notes, not about.as_literal)

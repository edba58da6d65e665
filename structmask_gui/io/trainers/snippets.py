"""Text to copy into a trainer: the mask in the form it takes, with the settings the mask needs.

What they take and do was read in their sources; docs/export.md names the versions they ran on.
"""

from __future__ import annotations

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import TARGETS, Target
from structmask_gui.io.trainers.about import (
    NO_CONTEXT,
    About,
    MaskContext,
    Snippet,
    augmentation,
    one_switch,
    reading_lines,
    writing_lines,
)
from structmask_gui.io.trainers.autostructn2v import autostructn2v, autostructn2v_0_1
from structmask_gui.io.trainers.careamics import careamics
from structmask_gui.io.trainers.others import aydin, cosdd, support

__all__ = ["NO_CONTEXT", "MaskContext", "Snippet", "snippet", "snippets"]


def snippets(mask: Mask, context: MaskContext = NO_CONTEXT) -> tuple[Snippet, ...]:
    """Return the texts for all targets."""
    return tuple(snippet(target, mask, context) for target in TARGETS)


def snippet(target: Target, mask: Mask, context: MaskContext = NO_CONTEXT) -> Snippet:
    """Return the text for one target."""
    about = About.of(mask, context)
    texts = {
        "n2v": _n2v,
        "autostructn2v": autostructn2v,
        "autostructn2v-0.1": autostructn2v_0_1,
        "careamics": careamics,
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
        + writing_lines(about.context, "n2v")
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


def _python(about: About) -> Snippet:
    if about.as_literal:
        mask = f"mask = np.array({about.rows()}, dtype=bool)\n"
    else:
        mask = f"mask = np.load({about.context.mask_file!r})\n"
    text = (
        about.heading
        + "import numpy as np\n\n"
        + "# Axes (y, x); True means: hide this pixel together with the centre.\n"
        + mask
        + "lags = np.argwhere(mask) - np.array(mask.shape) // 2  # (dy, dx)\n"
    )
    notes = (augmentation(about, "turns and flips"), about.trained_on)
    return Snippet("python", TARGETS["python"], text, notes, not about.as_literal)

"""A script for CAREamics: with a shape of its own where that is the mask, else with the mask."""

from __future__ import annotations

import json
from dataclasses import replace

from structmask_gui.core.masks.trainers import careamics_masks
from structmask_gui.core.names import TARGETS
from structmask_gui.io.trainers.about import (
    About,
    Snippet,
    augmentation,
    comment,
    reading_lines,
    writing_lines,
)

VERSION = "0.3.5"
"""What the script was tried with."""

LEAST_PERCENT = 0.05
"""CAREamics takes no smaller share of masked pixels."""

_ROI = 11
_WIDE, _FILLED = 5, 0.5
"""Height and width, and share of their pixels, from which a mask is a block or a disc."""
_NO_BATCH_NORMALISATION = (
    "In a test with batch normalisation the right mask did harm: error 0.817 of the noise's"
    " variance, without a mask 0.675; without batch normalisation 0.337."
)
_EXACT = '''

class ExactMask(Callback):
    """Hides the whole mask about each pixel that plain N2V chooses.

    CAREamics knows no such mask. This replaces the attribute n2v_manipulate of its module, which
    is not official: another version than VERSION may need another way.
    """

    def on_fit_start(self, trainer, module):
        choose = module.n2v_manipulate

        def hide(batch):
            _, original, centres = choose(batch)
            hidden = torch.zeros_like(centres, dtype=torch.bool)
            h, w = batch.shape[-2:]
            for dy, dx in lags.tolist():
                hidden[..., max(0, dy) : h + min(0, dy), max(0, dx) : w + min(0, dx)] |= (
                    centres[..., max(0, -dy) : h - max(0, dy), max(0, -dx) : w - max(0, dx)] > 0
                )
            # Each hidden pixel takes the value of any pixel of its patch.
            pixels = batch.flatten(2)
            drawn = torch.randint(pixels.shape[-1], pixels.shape, device=batch.device)
            values = pixels.gather(2, drawn).reshape(batch.shape)
            return torch.where(hidden, values, batch), original, centres

        module.n2v_manipulate = hide


'''.replace("VERSION", VERSION)
_TRAINING = """
trained = CAREamist(config, work_dir="structn2v"CALLBACKS)
# Repeated, so that a small stack gives as many steps an epoch as a large one.
often = -(-steps * batch * patch**2 // frames.size)
trained.train(train_data=np.concatenate([frames] * often), val_data=frames[:1])
tile = min(256, 2 ** int(np.log2(min(frames.shape[-2:]))))
denoised, _ = trained.predict(frames, tile_size=(tile, tile), tile_overlap=(32, 32))
denoised = np.reshape(denoised, frames.shape)
"""


def careamics(about: About) -> Snippet:
    """Return the text for CAREamics."""
    shape = _shape(about)
    share = about.blanked["CAREamics"]
    percent = max(share.recommended, LEAST_PERCENT)
    least = " CAREamics takes no less." if percent > share.recommended else ""
    turns = about.turns
    allowed = [
        name
        for name, good in (
            ("x_flip", turns.flip_x),
            ("y_flip", turns.flip_y),
            ("rotate_90", turns.quarter),
        )
        if good
    ]
    text = (
        about.heading
        + f"# For CAREamics {VERSION}: pip install careamics=={VERSION}\n"
        + "# Save this text as train.py in the folder of the images; there, run: python train.py\n"
        + "import numpy as np\n"
        + "import tifffile\n"
        + ("import torch\n" if shape is None else "")
        + "from careamics import CAREamist\n"
        + "from careamics.config import create_advanced_n2v_config\n"
        + ("from lightning.pytorch.callbacks import Callback\n\n" if shape is None else "\n")
        + (_mask(about) + _EXACT if shape is None else "")
        + reading_lines(about.context)
        + f"\npatch, batch, steps, epochs = {about.patch}, 16, 100, 15\n"
        + "config = create_advanced_n2v_config(\n"
        + '    experiment_name="structn2v",\n'
        + '    data_type="array",\n'
        + '    axes="SYX",\n'
        + "    patch_size=[patch, patch],\n"
        + "    batch_size=batch,\n"
        + "    num_epochs=epochs,\n"
        + "    num_steps=steps,\n"
        + (shape or "")
        + f"    masked_pixel_percentage={percent:g},\n"
        + comment(about.strays, "    ")
        + f"    augmentations={json.dumps(allowed)},\n"
        + comment(_NO_BATCH_NORMALISATION, "    ")
        + '    model_params={"use_batch_norm": False},\n'
        + "    num_workers=0,\n"
        + ")"
        + _TRAINING.replace("CALLBACKS", ", callbacks=[ExactMask()]" if shape is None else "")
        + writing_lines(about.context, "careamics")
    )
    notes = (
        _which(about, shape),
        f"A whole script for CAREamics {VERSION}, which was run with it. It trains for 1500 steps"
        " of 16 patches, and writes the result beside the image.",
        augmentation(about, "augmentations"),
        replace(share, recommended=percent).sentence + least,
        about.trained_on,
    )
    needs = shape is None and not about.as_literal
    return Snippet("careamics", TARGETS["careamics"], text, notes, needs)


def _shape(about: About) -> str | None:
    """Return the lines that set the shape that is the mask; None if CAREamics has none."""
    if about.bare:
        return ""
    for name, mask in careamics_masks().items():
        if mask == about.mask:
            axes, span = name.split()
            lines = f'    struct_n2v_axes="{axes}",\n    struct_n2v_span={span},\n'
            # The shape has to fit into this square; that of N2V2, which takes its median there,
            # with a border if the shape is a square itself.
            roi = int(span) + 2 * (axes == "square")
            return lines + (f"    roi_size={roi},\n" if roi > _ROI else "")
    return None


def _mask(about: About) -> str:
    rows = f"np.array({about.rows()}, dtype=bool)"
    file = f"np.load({about.context.mask_file!r}).astype(bool)"
    return (
        f"mask = {rows if about.as_literal else file}\n"
        "lags = np.argwhere(mask) - np.array(mask.shape) // 2  # (dy, dx)\n"
    )


def _which(about: About, shape: str | None) -> str:
    if about.bare:
        return "A mask of one pixel is plain N2V."
    if shape is not None:
        return "CAREamics hides just this mask. Its span is the full width with the centre."
    told = (
        "CAREamics has no such shape; a callback hides just this mask. It replaces a part of"
        f" CAREamics that is not official and was tried with version {VERSION}."
    )
    array = about.mask.cropped().array
    if min(array.shape) < _WIDE or array.mean() < _FILLED:
        return told
    return (
        f"{told} In a test with round noise a mask of 27 pixels left as much error as plain N2V"
        " after 1500 steps (0.70 and 0.68 of the noise's variance, one seed), but 0.62 after 500"
        " with masked_pixel_percentage 1: try that too, train both, and compare."
    )

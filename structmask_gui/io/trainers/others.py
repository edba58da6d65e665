"""Texts for Aydin, which takes any mask, and for SUPPORT and COSDD, which take a box and a line."""

from __future__ import annotations

from structmask_gui.core.names import TARGETS, counted
from structmask_gui.io.trainers.about import (
    About,
    Snippet,
    comment,
    reading_lines,
    writing_lines,
)


def aydin(about: About) -> Snippet:
    """Return the text for Aydin: the mask as a list of offsets."""
    if about.as_literal:
        lags = [f"    ({dy}, {dx}),\n" for dy, dx in about.mask.lags().tolist()]
        spots = f"blind_spots = [\n{''.join(lags)}]\n"
    else:
        spots = (
            f"mask = np.load({about.context.mask_file!r})\n"
            "lags = np.argwhere(mask) - np.array(mask.shape) // 2\n"
            "blind_spots = [tuple(lag) for lag in lags.tolist()]\n"
        )
    text = (
        about.heading
        + "import numpy as np\n"
        + "import tifffile\n"
        + "from aydin.features.standard_features import StandardFeatureGenerator\n"
        + "from aydin.it.fgr import ImageTranslatorFGR\n"
        + "from aydin.regression.cb import CBRegressor\n\n"
        + "# Offsets (dy, dx) from the centre.\n"
        + spots
        + "\n"
        + reading_lines(about.context)
        + "batches = [True, False, False]  # each frame is an image by itself\n"
        + "translator = ImageTranslatorFGR(\n"
        + "    feature_generator=StandardFeatureGenerator(),\n"
        + "    regressor=CBRegressor(),\n"
        + "    blind_spots=blind_spots,\n"
        + ")\n"
        + "translator.train(frames, frames, batch_axes=batches)\n"
        + "denoised = translator.translate(frames, batch_axes=batches)\n"
        + writing_lines(about.context, "aydin")
    )
    notes = (
        "Aydin takes every mask, as a list of offsets; without one it measures its own.",
        about.trained_on,
    )
    return Snippet("aydin", TARGETS["aydin"], text, notes, not about.as_literal)


def support(about: About) -> Snippet:
    """Return the text for SUPPORT: the box about the mask, as its bs_size."""
    height, width = about.mask.shape
    more = height * width - about.mask.statistics.true_pixels
    if more:
        box = (
            f"SUPPORT blanks a whole box: {height} x {width}, which hides"
            f" {counted(more, 'pixel')} beside the mask."
        )
    else:
        box = f"SUPPORT blanks just this mask: a box of {height} x {width}."
    text = (
        about.heading
        + comment(box)
        + "# Run it in SUPPORT's folder.\n"
        + "import subprocess\n"
        + "import sys\n\n"
        + "import numpy as np\n"
        + "import tifffile\n\n"
        + f"bs_size = [{height}, {width}]  # rows, columns\n"
        + reading_lines(about.context)
        + "tifffile.imwrite('frames.tif', frames, photometric='minisblack')\n"
        + "count = min(61, len(frames) - 1 + len(frames) % 2)  # odd\n"
        + "side = min(128, *frames.shape[1:])\n"
        + "command = ['-m', 'src.train', '--exp_name', 'structmask']\n"
        + "command += ['--noisy_data', 'frames.tif']\n"
        + "command += ['--input_frames', count, '--patch_size', count, side, side]\n"
        + "command += ['--bs_size', *bs_size]\n"
        + "subprocess.run([sys.executable, *map(str, command)], check=True)\n"
    )
    turned = "by quarter turns, too, as its box is square"
    if height != width:
        turned = "but not turned by 90°, as its box is not square"
    notes = (
        box,
        f"SUPPORT sets the augmentation itself: patches are flipped, {turned}.",
        "SUPPORT predicts a pixel from other frames too: it helps where they show the same, and the"
        " noise is not the same in them.",
        about.trained_on,
    )
    return Snippet("support", TARGETS["support"], text, notes)


def cosdd(about: About) -> Snippet:
    """Return the text for COSDD, which models noise along one line: a row or a column."""
    height, width = about.mask.shape
    direction = "none"
    if about.bare:
        says = "The mask is the centre alone: COSDD then models noise without correlation."
    elif height == 1 or width == 1:
        direction = "x" if height == 1 else "y"
        says = f"COSDD models noise along {'rows' if height == 1 else 'columns'}, as this mask is."
    else:
        says = (
            "Not one line: COSDD models noise along rows (x) or columns (y) only, and this mask is"
            " neither; take another trainer."
        )
    text = (
        about.heading
        + comment(says)
        + "# Run it in COSDD's folder.\n"
        + "import json\n"
        + "import subprocess\n"
        + "import sys\n"
        + "from pathlib import Path\n\n"
        + "import numpy as np\n"
        + "import tifffile\n\n"
        + reading_lines(about.context)
        + "Path('frames').mkdir(exist_ok=True)\n"
        + "tifffile.imwrite('frames/frames.tif', frames, photometric='minisblack')\n"
        + "config = {\n"
        + "    'model-name': 'structmask',\n"
        + "    'data': {'paths': 'frames', 'patterns': '*.tif', 'axes': 'SYX'},\n"
        + "    'train-parameters': {'crop-size': [min(256, n) for n in frames.shape[1:]]},\n"
        + f"    'hyper-parameters': {{'noise-direction': '{direction}'}},\n"
        + "}\n"
        + "Path('structmask.yaml').write_text(json.dumps(config))  # JSON is YAML, too\n"
        + "subprocess.run([sys.executable, 'training.py', 'structmask.yaml'], check=True)\n"
    )
    notes = (
        says,
        "COSDD takes no mask, only the direction: it learns how far the noise reaches.",
        about.trained_on,
    )
    return Snippet("cosdd", TARGETS["cosdd"], text, notes)

"""Texts for autoStructN2V: version 1.0 takes a mask from a file, 0.1 has to be made to."""

from __future__ import annotations

from textwrap import indent

from structmask_gui.core.masks.trainers import AUTOSTRUCTN2V, blanked
from structmask_gui.core.names import TARGETS
from structmask_gui.io.trainers.about import (
    About,
    Snippet,
    one_switch,
    reading_lines,
    writing_lines,
)

_LEAST_PLANES = 7
"""Both versions set 15 % of the planes aside, twice, and fail where that is none."""


def autostructn2v(about: About) -> Snippet:
    """Return the text for version 1.0, which trains one model, on raw images."""
    (share,) = blanked(about.mask.statistics.true_pixels, (AUTOSTRUCTN2V,))
    source = f"{{'source': 'file', 'file_path': {about.context.mask_file!r}}}"
    if about.bare:
        source = "{'source': 'center'}"
    # Not its default; its documentation says that batch normalisation fails with masks.
    norm = "" if about.bare else "            'norm_type': 'group',  # not 'batch', with a mask\n"
    text = (
        about.heading
        + "import numpy as np\n"
        + "import tifffile\n"
        + "from autoStructN2V.pipeline import run_pipeline\n\n"
        + reading_lines(about.context)
        + "tifffile.imwrite('frames.tif', frames, photometric='minisblack')\n\n"
        + "config = {\n"
        + "    'input_data': 'frames.tif',\n"
        + f"    'mask': {source},\n"
        + "    'normalize_method': 'zscore',\n"
        + "    'recipes': {\n"
        + f"        '{'n2v' if about.bare else 'structn2v'}': {{\n"
        + f"            'patch_size': {about.patch},  # it takes less for small images\n"
        + f"            'mask_percentage': {share.recommended:g},  # prediction centres\n"
        + f"            'use_augmentation': {about.turns.all},\n"
        + norm
        + "        },\n"
        + "    },\n"
        + "}\n\n"
        + "if __name__ == '__main__':  # its loaders start processes\n"
        + "    results = run_pipeline(config)\n"
        + "    print(results['denoised_stack'])\n"
    )
    notes = (
        one_switch(about, "use_augmentation"),
        "Its mask_percentage is the share of pixels that are predicted, each with the whole mask"
        f" about it. {share.sentence}",
        f"It sets planes aside for validation and test: give it {_LEAST_PLANES} or more.",
        about.trained_on,
    )
    return Snippet(
        "autostructn2v", TARGETS["autostructn2v"], text, notes, needs_file=not about.bare
    )


def autostructn2v_0_1(about: About) -> Snippet:
    """Return the text for version 0.1, whose step that measures a mask is replaced."""
    augment = about.turns.all
    text = (
        about.heading
        + "from pathlib import Path\n\n"
        + "import numpy as np\n"
        + "import tifffile\n"
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
        + "def denoise(frames):\n"
        + f"    if len(frames) < {_LEAST_PLANES}:\n"
        + "        # It sets images aside for validation and test.\n"
        + f'        raise SystemExit("autoStructN2V 0.1 needs {_LEAST_PLANES} frames or more.")\n'
        + "    # One TIFF a frame, of 16 bits.\n"
        + "    low, high = frames.min(), frames.max()\n"
        + '    folder = Path("images")\n'
        + "    folder.mkdir(exist_ok=True)\n"
        + "    for number, frame in enumerate(frames):\n"
        + "        frame = np.round(65535 * (frame - low) / (high - low)).astype(np.uint16)\n"
        + '        tifffile.imwrite(folder / f"{number:05d}.tif", frame)\n'
        + f"    patch = {about.patch}\n"
        + "    while patch >= min(frames.shape[1:]):  # it has to be smaller than the frames\n"
        + "        patch //= 2\n"
        + "    # Its search for regions smooths over 300 pixels and fails in smaller frames.\n"
        + "    search = min(frames.shape[1:]) > 600\n"
        + "    config = {\n"
        + '        "input_dir": "images/",\n'
        + '        "stage1": {"patch_size": patch, "use_roi": search},\n'
        + '        "stage2": {\n'
        + '            "use_roi": search,\n'
        + '            "mask_source": "file",\n'
        + '            "patch_size": patch,\n'
        + '            "mask_percentage": 10.0,\n'
        + f'            "use_augmentation": {augment},\n'
        + "        },\n"
        + "    }\n"
        + '    # It does not know mask_source: "file" and would measure a mask of its own.\n'
        + "    runner.create_stage2_mask = stage2_mask\n"
        + "    results = runner.run_pipeline(config)\n"
        + "    # It leaves the frames in three folders: back into their order, and scale.\n"
        + '    folder = Path(results["final_results_dir"])\n'
        + '    paths = [next(folder.glob(f"*/{n:05d}_*.tif")) for n in range(len(frames))]\n'
        + "    denoised = np.stack([tifffile.imread(path) for path in paths])\n"
        + "    return denoised / np.float32(65535) * (high - low) + low\n\n\n"
        + 'if __name__ == "__main__":  # its loaders start processes\n'
        + indent(
            reading_lines(about.context)
            + "denoised = denoise(frames)\n"
            + writing_lines(about.context, "autostructn2v"),
            "    ",
        )
    )
    notes = [
        'The documentation names mask_source: "file", but the public version 0.1 (May 2025) ignores'
        " it; the text replaces the step that measures a mask by your file.",
        one_switch(about, "use_augmentation"),
        "Its mask_percentage is the share of pixels that are blanked, whatever the mask's size; 10"
        " is its default.",
        "The folder images has to be empty at the start, and so has results.",
    ]
    verb = "is meant for" if about.context.how else "was measured on"
    if about.context.stage == "raw":
        notes.append(
            f"The mask {verb} raw images, but the second stage trains on the output of the"
            " first; measure again on that output before the second stage."
        )
    else:
        notes.append(f"The mask {verb} denoised images, as its second stage needs it.")
    title = TARGETS["autostructn2v-0.1"]
    return Snippet("autostructn2v-0.1", title, text, tuple(notes), needs_file=True)

"""What whole frames show: compression."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from structmask_gui.core.simulation import NoiseModel, kernels, simulate
from structmask_gui.core.statistical.frame_diagnostics import blockiness


def test_jpeg_blocks_show_and_noise_has_none():
    model = NoiseModel(kernels()["row 7"], sigma=8)
    noise = simulate(model, (256, 256), n_frames=3, seed=3)
    frames = np.clip(np.rint(110 + noise), 0, 255).astype(np.uint8)
    assert blockiness(frames) < 5
    packed = []
    for frame in frames:
        buffer = io.BytesIO()
        Image.fromarray(frame).save(buffer, "JPEG", quality=75)
        packed.append(np.asarray(Image.open(buffer)))
    assert blockiness(np.stack(packed)) > 5
    assert blockiness(np.stack(packed)[:, 3:, 5:]) > 5

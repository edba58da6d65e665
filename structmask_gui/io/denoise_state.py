"""The saved state of a denoising that was paused or interrupted."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.io.files.atomic import write_atomic
from structmask_gui.io.files.paths import file_size
from structmask_gui.io.stack.image_stack import ImageStack
from structmask_gui.version import __version__

_LARGEST_STATE = 64 * 2**20
"""Bytes of a state file that is read, at most."""


def state_path(target: Path) -> Path:
    """Return where the state of an unfinished denoising lies, beside the first file to write."""
    return target.with_name(f"{target.name}.unfinished.npz")


class SavedState:
    """The one state of an unfinished denoising, in a file of arrays beside the result.

    Parameters
    ----------
    target : Path
        The first file that will be written.
    stacks : sequence of ImageStack
    checksums : sequence of str or None
        Of the stacks' files.
    mask : bool array
    """

    def __init__(
        self,
        target: Path,
        stacks: Sequence[ImageStack],
        checksums: Sequence[str | None],
        mask: NDArray[np.bool_],
    ) -> None:
        self.path = state_path(target)
        parts: list[Any] = [__version__, mask.astype(int).tolist()]
        for stack, checksum in zip(stacks, checksums, strict=True):
            parts += [checksum or stack.location, stack.series_index, stack.channel]
            parts += [stack.axes, stack.frames_chosen]
        self._key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def load(self, denoiser: Denoiser) -> dict[str, NDArray[Any]] | None:
        """Return the state, if there is one and it is of this stack, mask, program and folds."""
        try:
            if file_size(self.path) > _LARGEST_STATE:
                return None
            with np.load(self.path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            known = str(arrays.pop("key")) == self._key_of(denoiser)
            return arrays if known and _is_whole(arrays) else None
        except Exception:  # A damaged or foreign file: begin anew.
            return None

    def save(self, denoiser: Denoiser) -> None:
        """Save the state; where the folder cannot be written to, there is none."""
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {"key": np.array(self._key_of(denoiser)), **denoiser.state()}
        np.savez(buffer, **arrays)
        with suppress(InputError):
            write_atomic(self.path, buffer.getvalue(), force=True)

    def _key_of(self, denoiser: Denoiser) -> str:
        # Networks must not go on with pixels that they were fitted to, as in other folds.
        return f"{self._key}, {denoiser.folds.sentence} {denoiser.seed}"

    def remove(self) -> None:
        """Remove the state."""
        with suppress(OSError):
            self.path.unlink()


def _is_whole(state: Mapping[str, NDArray[Any]]) -> bool:
    """Say whether the arrays of a state fit together and hold numbers; raises if one is missing.

    How many weights there are is known only once a denoiser has begun; it looks itself.
    """
    progress, weights = state["progress"], state["trainers"][:, :, 1]
    best = state.get("best", weights)
    finite = all(np.isfinite(one).all() for one in (progress, state["trainers"], best))
    return finite and progress.shape == (5,) and best.shape == weights.shape


def fitted(
    denoiser: Denoiser, saved: SavedState | None = None, task: Task = NO_TASK
) -> Iterator[Denoiser]:
    """Fit from a saved state or anew, and yield the denoiser after each stage, its state saved."""
    state = None if saved is None else saved.load(denoiser)
    for stage in denoiser.stages(task, state):
        task.report(stage.done, stage.total, f"Learning from {denoiser.frames.name}")
        if saved is not None and stage.name == "learning":
            saved.save(denoiser)
        yield denoiser

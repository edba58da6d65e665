from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from structmask_gui.core.masks.mask import Mask
from structmask_gui.io.results.masks import save_npy
from tests.io.conftest import random_masks

ROW = Mask(np.ones((1, 11), dtype=bool))
BARE = Mask(np.ones((1, 1), dtype=bool))
MASKS = [BARE, ROW, Mask(np.eye(9, dtype=bool)), *random_masks(20, seed=3)]


class Stub(types.ModuleType):
    """A module that has whatever is asked of it."""

    def __init__(self, name: str, **contents: object) -> None:
        super().__init__(name)
        self.__dict__.update(contents)
        self.__path__: list[str] = []


class Tifffile:
    """What the texts ask of tifffile."""

    def __init__(self, shape: tuple[int, ...] = (8, 96, 80)) -> None:
        self.written: dict[str, np.ndarray] = {}
        self.axes: dict[str, str] = {}
        self.shape = shape

    @property
    def contents(self) -> dict[str, object]:
        return {"imread": self.imread, "imwrite": self.imwrite}

    def imread(self, name):
        found = self.written.get(str(name))
        return np.random.default_rng(0).random(self.shape) if found is None else found

    def imwrite(self, name, array, metadata=None, **_):
        self.written[str(name)] = array
        if metadata is not None:
            self.axes[str(name)] = metadata["axes"]


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a text with stubs in place of the trainers, and return what it left."""

    def run(
        text: str, mask: Mask, name: str = "__main__", **modules: dict[str, object]
    ) -> dict[str, object]:
        monkeypatch.chdir(tmp_path)
        for file in ("mask.npy", "x_mask.npy"):
            save_npy(mask, tmp_path / file, force=True)
        for module in modules:
            parts = module.split("__")
            for i in range(1, len(parts)):
                monkeypatch.setitem(sys.modules, ".".join(parts[:i]), Stub(".".join(parts[:i])))
        for module, contents in modules.items():
            dotted = module.replace("__", ".")
            monkeypatch.setitem(sys.modules, dotted, Stub(dotted, **contents))
            if "." in dotted:
                above, last = dotted.rsplit(".", 1)
                setattr(sys.modules[above], last, sys.modules[dotted])
        left: dict[str, object] = {"__name__": name}
        exec(compile(text, "snippet", "exec"), left)
        return left

    return run

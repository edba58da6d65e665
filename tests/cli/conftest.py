from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from structmask_gui.cli import main


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """Return a stack with noise that is correlated along the rows, and some that is not."""
    rng = np.random.default_rng(0)
    white = rng.normal(size=(3, 128, 134))
    rows = np.lib.stride_tricks.sliding_window_view(white, 7, axis=2).mean(axis=3)
    rows += rng.normal(scale=0.25, size=rows.shape)
    path = tmp_path / "rows.ome.tif"
    tifffile.imwrite(path, (rows * 500 + 2000).astype(np.uint16), metadata={"axes": "TYX"})
    return path


class Answer:
    """Exit code and output of a command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def structmask(capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run `structmask` with arguments, in this process."""

    def run(*arguments: object) -> Answer:
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse leaves this way
            code = int(end.code or 0)
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Answer(code, out, err)

    return run

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).parents[2] / "tools"


def test_the_pictures_are_drawn(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, str(TOOLS / "pictures.py"), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    names = {path.stem for path in tmp_path.glob("*.png")}
    assert {"window-light", "window-dark", "image", "rings", "mask", "compare"} <= names
    assert {"start", "tune", "judge", "preview", "edit", "file-menu", "copy-for", "batch"} <= names
    sizes = [path.stat().st_size for path in tmp_path.glob("*.png")]
    assert min(sizes) > 2000

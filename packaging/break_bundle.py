"""`make bundle-broken`: break copies of the bundle and see that the bundle test fails on each.

python packaging/break_bundle.py [WORD…]     those damages only that have a word in their name
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from lab import ROOT

BUNDLE = ROOT / "dist" / "StructMask"
INSIDE = "_internal"
# What is taken out, and a line the test must fail with.
DAMAGES = {
    # Of Zstandard, in which the stack of the self-test is compressed.
    "the codecs (imagecodecs)": ("imagecodecs*", "bundle offscreen, start 1: self-test"),
    # Not needed by the self-test: one of the others.
    "one codec (JPEG XR)": ("imagecodecs/_jpegxr*", "command line on 13 compressions"),
    # The readers themselves lie in the executable; what they are written in C for lies beside it.
    "the reader of CZI": ("_pylibCZIrw*", "CZI file: mask as from source"),
    "the reader of HDF5": ("h5py", "HDF5 file: mask as from source"),
    "the codecs of Zarr": ("numcodecs", "Zarr file: mask as from source"),
    "the icon of Open": (
        "structmask_gui/resources/icons/open.svg",
        "bundle offscreen, start 1: self-test",
    ),
    "a built-in preset": (
        "structmask_gui/resources/presets/strong.json",
        "bundle offscreen, start 1: self-test",
    ),
    "the licences": (
        "structmask_gui/resources/licences/third-party.txt",
        "bundle offscreen, start 1: licences",
    ),
    "the guide": ("structmask_gui/resources/guide", "bundle offscreen, start 1: the guide"),
    "a picture of the guide": (
        "structmask_gui/resources/guide/images/window-light.png",
        "bundle offscreen, start 1: self-test",
    ),
}


def main() -> int:
    """Return 1 if the test overlooks a damage."""
    overlooked = 0
    words = sys.argv[1:]
    for what, (pattern, line) in DAMAGES.items():
        if words and not any(word in what for word in words):
            continue
        copy = ROOT / "build" / "broken" / "StructMask"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(BUNDLE, copy, symlinks=True)
        for path in list((copy / INSIDE).glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        test = Path(__file__).with_name("bundle_test.py")
        done = subprocess.run(
            [sys.executable, str(test), "--bundle", str(copy), "--folder-only", "--until-failed"],
            capture_output=True,
            text=True,
            check=False,
        )
        failures = [text for text in done.stdout.splitlines() if text.startswith(" FAIL")]
        noticed = done.returncode == 1 and any(line in text for text in failures)
        overlooked += not noticed
        print(f"without {what}: {'noticed' if noticed else 'OVERLOOKED'}", flush=True)
        for text in done.stdout.splitlines():
            if text.startswith((" FAIL", "        ")):
                print(f"    {text}")
        if done.stderr:
            print(done.stderr)
    shutil.rmtree(ROOT / "build" / "broken", ignore_errors=True)
    return 1 if overlooked else 0


if __name__ == "__main__":
    sys.exit(main())

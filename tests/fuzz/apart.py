"""Read damaged files in a process of its own, so that a crash of a library is seen and named.

    python -m tests.fuzz.apart {files,folders,bytes} FOLDER

Prints the name of each file before it is read, and at the end how many were refused.
"""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

from structmask_gui.core.errors import StructMaskError
from structmask_gui.io.open import open_stack
from tests.fuzz import seeds
from tests.fuzz.mutation import mutated
from tests.fuzz.trial import attempt

PER_FILE = 8
PER_BEGINNING = 15

BEGINNINGS = [
    *(b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"),
    *(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0", b"\x93NUMPY\x01\0v\0{'descr': "),
    *(b"\x89HDF\r\n\x1a\n", b"ZISRAWFILE", b"\x70\0\0\0\x10\0\0\0\x2a", b"\xda\xce\xbe\x0a"),
    *(b"\0\0\0\x03\0\0\x10\0\0\0\0\x01", b"II\x97\x01\x10\x02", b""),
]
# Found by chance once: an MRC header of nothing else.
EXAMPLES = [bytes(208) + b"MAP DD\0\0" + bytes(808)]


def say(path: Path, number: int) -> None:
    print(f"{number} {path.name}", flush=True)


def files(good: list[Path], folder: Path) -> int:
    """Damage each file some times."""
    chance = random.Random(20)
    whole = {path: path.read_bytes() for path in good if path.is_file()}
    refused = 0
    for path, data in whole.items():
        for number in range(PER_FILE):
            other = chance.choice(list(whole.values()))
            target = folder / path.name
            target.write_bytes(mutated(data, chance, other))
            say(target, number)
            refused += attempt(target) != "read"
    return refused


def folders(good: list[Path], folder: Path) -> int:
    """Damage one file in each folder that is an image, some times."""
    chance = random.Random(21)
    refused = 0
    for path in (path for path in good if path.is_dir()):
        for number in range(2 * PER_FILE):
            target = folder / f"{number}{path.name}"
            shutil.copytree(path, target)
            inside = chance.choice(sorted(f for f in target.rglob("*") if f.is_file()))
            inside.write_bytes(mutated(inside.read_bytes(), chance))
            say(target, number)
            refused += attempt(target) != "read"
    return refused


def after_a_beginning(_: list[Path], folder: Path) -> int:
    """Read what begins like an image and goes on anyhow."""
    chance = random.Random(22)
    refused = 0
    rests = [*EXAMPLES]
    for number in range(PER_BEGINNING):
        length = chance.choice((0, 4, 20, 100, 300, 600))
        rests.append(
            chance.randbytes(length)
            if number % 2
            else bytes(chance.choice((0, 0, 0, 1, 255)) for _ in range(length))
        )
    path = folder / "bytes.bin"
    for beginning in BEGINNINGS:
        for number, rest in enumerate(rests):
            path.write_bytes(beginning + rest)
            say(path, number)
            try:
                with open_stack(path) as stack:
                    stack.read(0)
            except StructMaskError as refusal:
                if path.name not in str(refusal):
                    raise ValueError(f"the sentence lacks the name: {refusal}") from None
                refused += 1
    return refused


def main() -> None:
    kind, folder = sys.argv[1], Path(sys.argv[2])
    images = folder / "images"
    images.mkdir()
    own = folder / "own"
    own.mkdir()
    good = [*seeds.write_images(images), *seeds.write_own(own)]
    damaged = folder / "damaged"
    damaged.mkdir()
    work = {"files": files, "folders": folders, "bytes": after_a_beginning}[kind]
    print("refused", work(good, damaged))


if __name__ == "__main__":
    main()

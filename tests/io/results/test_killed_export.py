"""An export that is killed at a random moment leaves the old file or the new one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

# One process loads the program once and forks for every export, so that 200 of them take seconds.
# Each fork writes one new version; it is killed after a random part of the time that takes, which
# is followed as the machine gets busier or idler.
DRIVER = """
import json, os, random, signal, sys, time
from pathlib import Path
import numpy as np
from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.results import masks as export
from structmask_gui.io.results.record import make_record
from structmask_gui.io.results.files import ResultFiles, write_forms, write_results

folder, rounds, form = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
extraction = extract_array(np.random.default_rng(0).normal(size=(64, 64)), Parameters())
random.seed(1)

def version(n):
    array = np.random.default_rng(n).random((61, 61)) < 0.5
    array[30, 30] = True
    mask = Mask(array)
    return mask, make_record(extraction, mask=mask)

def save(n, path):
    mask, record = versions[n]
    if form == "json":
        write_forms(mask, {"json": path}, lambda task: record)
    else:
        writer = {"npy": export.save_npy, "png": export.save_png, "tif": export.save_tiff}
        writer[form](mask, path, force=True)

versions = [version(n) for n in range(8)]
expected = []
for n in range(len(versions)):
    save(n, folder / f"expected.{n}.{form}")
    expected.append((folder / f"expected.{n}.{form}").read_bytes())

target = folder / f"target.{form}"
save(0, target)
started = time.perf_counter()
for _ in range(5):
    save(0, target)
takes = (time.perf_counter() - started) / 5
old, outcome = 0, {"old": 0, "new": 0, "mixed": 0, "finished": 0}
for number in range(rounds):
    new = random.choice([n for n in range(len(versions)) if n != old])
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(told, b"x")
        save(new, target)
        os._exit(0)
    os.read(ready, 1)
    os.close(ready); os.close(told)
    until = time.perf_counter() + random.uniform(0, 2 * takes)
    while time.perf_counter() < until:
        pass
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    found = target.read_bytes()
    if found == expected[new]:
        outcome["new"] += 1
        old = new
        takes *= 0.9
    elif found == expected[old]:
        outcome["old"] += 1
        takes *= 1.1
    else:
        outcome["mixed"] += 1
    outcome["finished"] += not os.WIFSIGNALED(status)
    for left in folder.glob(".structmask-*.tmp"):
        left.unlink()
json.dump(outcome, sys.stdout)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    ("form", "rounds"), [("npy", 200), ("png", 50), ("tif", 50), ("json", 100)]
)
def test_the_target_is_old_or_new(tmp_path, form, rounds):
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DRIVER, tmp_path, str(rounds), form],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    outcome = json.loads(answer.stdout)
    assert outcome["mixed"] == 0
    assert outcome["old"] + outcome["new"] == rounds
    # The kills fell before and after the moment in which the new file takes the name.
    assert outcome["old"] >= rounds // 20
    assert outcome["new"] >= rounds // 20
    assert outcome["finished"] < rounds

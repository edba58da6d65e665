"""A short run of what `make fuzz` does for long, with the same seeds each time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from structmask_gui.core.errors import StructMaskError
from structmask_gui.io.presets.preset import load_preset
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import read_record
from tests.fuzz import seeds
from tests.fuzz.trial import attempt


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("seeds")
    own = tmp_path_factory.mktemp("own")
    return [*seeds.write_images(folder), *seeds.write_own(own)]


def test_good_files_are_read(good: list[Path]) -> None:
    assert len(good) > 25
    results = {path.name: attempt(path) for path in good}
    refused = {name: said for name, said in results.items() if said != "read"}
    # A reader or codec that is not installed is named; the small pictures in an LSM file, a series
    # of their own, are too small; nothing else is refused.
    expected = ("pip install", "compressed by", "at least 16 x 16")
    assert all(any(words in said for words in expected) for said in refused.values())
    assert results["plain.tif"] == results["record.json"] == "read"


@pytest.mark.parametrize("kind", ["files", "folders", "bytes"])
def test_damaged_files_give_a_result_or_a_sentence(kind: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "tests.fuzz.apart", kind, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    said = done.stdout.splitlines()
    assert done.returncode == 0, f"{said[-1:]}: exit {done.returncode}\n{done.stderr[-2000:]}"
    assert said[-1].startswith("refused ")
    assert int(said[-1].split()[1]) > len(said) // 5


def check_named(refusal: StructMaskError, path: Path) -> None:
    assert path.name in str(refusal)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "format",
                    "version",
                    "name",
                    "parameters",
                    "mask",
                    "inputs",
                    "rings",
                    "center_size",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(["structmask-preset", "structmask-record"]), data=JSON)
def test_any_json_as_preset_record_and_mask(
    kind: str, data: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import json

    if isinstance(data, dict):
        data = {"version": 1, **data, "format": kind}
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    for read in (load_preset, read_record, load_mask):
        try:
            read(path)
        except StructMaskError as refusal:
            check_named(refusal, path)

"""A short run of what `make fuzz` does for long, with the same seeds each time."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from structmask_gui.core.errors import StructMaskError
from structmask_gui.io.export import load_mask
from structmask_gui.io.images import open_stack
from structmask_gui.io.presets import load_preset
from structmask_gui.io.record import read_record
from tests.fuzz import seeds
from tests.fuzz.mutation import mutated
from tests.fuzz.trial import attempt

PER_FILE = 8


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("seeds")
    own = tmp_path_factory.mktemp("own")
    return [*seeds.write_images(folder), *seeds.write_own(own)]


def test_good_files_are_read(good: list[Path]) -> None:
    assert len(good) > 25
    results = {path.name: attempt(path) for path in good}
    refused = {name: said for name, said in results.items() if said != "read"}
    # A reader or codec that is not installed is named; nothing else is refused.
    assert all("pip install" in said or "compressed by" in said for said in refused.values())
    assert results["plain.tif"] == results["record.json"] == "read"


def test_damaged_files_give_a_result_or_a_sentence(good: list[Path], tmp_path: Path) -> None:
    chance = random.Random(20)
    whole = {path: path.read_bytes() for path in good if path.is_file()}
    refused = 0
    for path, data in whole.items():
        for _ in range(PER_FILE):
            other = chance.choice(list(whole.values()))
            target = tmp_path / path.name
            target.write_bytes(mutated(data, chance, other))
            refused += attempt(target) != "read"
    assert refused > len(whole)


def test_damaged_folders_give_a_result_or_a_sentence(good: list[Path], tmp_path: Path) -> None:
    chance = random.Random(21)
    for path in (path for path in good if path.is_dir()):
        for number in range(2 * PER_FILE):
            target = tmp_path / f"{number}{path.name}"
            shutil.copytree(path, target)
            inside = chance.choice(sorted(f for f in target.rglob("*") if f.is_file()))
            inside.write_bytes(mutated(inside.read_bytes(), chance))
            attempt(target)


BEGINNINGS = [
    *(b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"),
    *(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0", b"\x93NUMPY\x01\0v\0{'descr': "),
    *(b"\x89HDF\r\n\x1a\n", b"ZISRAWFILE", b"\x70\0\0\0\x10\0\0\0\x2a", b"\xda\xce\xbe\x0a"),
    *(b"\0\0\0\x03\0\0\x10\0\0\0\0\x01", b"II\x97\x01\x10\x02", b""),
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(beginning=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=600))
@example(beginning=b"", rest=bytes(208) + b"MAP DD\0\0" + bytes(808))
def test_any_bytes_after_a_good_beginning(
    beginning: bytes, rest: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.bin"
    path.write_bytes(beginning + rest)
    try:
        with open_stack(path) as stack:
            stack.read(0)
    except StructMaskError as refusal:
        check_named(refusal, path)


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

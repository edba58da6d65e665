"""Presets: the built-in ones, files of any quality, and the user's folder."""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.info import Stage
from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.parameters.rules import defaults_of
from structmask_gui.io.presets.library import PresetFolder, file_stem, find_preset, user_folder
from structmask_gui.io.presets.preset import Preset, built_in_presets, load_preset, save_preset

# What design.md gives beside the defaults.
TUNING = {
    "default": {},
    "fine": {"center_size": 7, "base_percentile": 60, "max_true_pixels": 15},
    "coarse": {"center_size": 21, "base_percentile": 40, "max_true_pixels": 40},
    "weak": {"base_percentile": 30, "center_ratio_threshold": 0.1, "use_center_proximity": False},
    "strong": {"base_percentile": 70, "center_ratio_threshold": 0.5, "max_true_pixels": 20},
    "conservative": {
        "center_size": 11,
        "base_percentile": 60,
        "center_ratio_threshold": 0.4,
        "max_true_pixels": 15,
    },
    "moderate": {
        "center_size": 15,
        "base_percentile": 50,
        "center_ratio_threshold": 0.3,
        "max_true_pixels": 25,
    },
    "aggressive": {
        "center_size": 20,
        "base_percentile": 40,
        "center_ratio_threshold": 0.2,
        "max_true_pixels": 35,
    },
}


def write(path: Path, **changes: Any) -> Path:
    data = {
        "format": "structmask-preset",
        "version": 1,
        "name": "mine",
        "description": "",
        "parameters": {"center_size": 21},
    }
    data.update(changes)
    path.write_text(json.dumps(data))
    return path


def test_the_automatic_preset_comes_first_and_can_be_left() -> None:
    automatic = built_in_presets()[0]
    assert automatic.name == "automatic"
    assert (automatic.notes, bool(automatic.description)) == ((), True)
    assert automatic.apply() == Parameters().changed(
        method="statistical", source="automatic", mask_choice="recommended"
    )
    present = Parameters(patch_size=32, center_size=9)
    there = automatic.apply(present)
    assert (there.patch_size, there.center_size) == (32, 9)
    back = built_in_presets()[1].apply(there)
    assert back == Parameters(patch_size=32)


def test_built_in_presets_are_the_published_ones() -> None:
    assert [preset.name for preset in built_in_presets()[1:-1]] == list(TUNING)
    for preset in built_in_presets()[1:-1]:
        assert preset.apply() == Parameters().changed(TUNING[preset.name])
        assert preset.notes == ()
        assert preset.description


def test_built_in_presets_give_a_defined_state_of_the_published_method() -> None:
    """Applied on anything, the same mask comes out; where patches are taken stays as it was."""
    ring = {
        name
        for name, info in parameter_infos().items()
        if info.about.group in ("Autocorrelation", "Ring analysis", "Size and shape")
    }
    for preset in built_in_presets()[1:-1]:
        assert preset.parameters["method"] == "ring"
        assert ring - {"convention"} <= set(preset.parameters)
        sampling = {n for n, i in parameter_infos().items() if i.stage == Stage.SAMPLING}
        assert set(preset.parameters) & sampling == {"method"}


def test_the_spine_preset_comes_last_and_is_the_methods_defaults() -> None:
    spine = built_in_presets()[-1]
    assert (spine.name, spine.notes) == ("spine", ())
    assert spine.apply(Parameters(center_size=9)) == defaults_of("spine").changed(center_size=9)


def test_a_preset_survives_its_file(tmp_path: Path) -> None:
    parameters = Parameters(center_size=9, max_true_pixels=None, source="difference")
    preset = Preset.of("Größe 😀", parameters, "two\nlines")
    saved = save_preset(preset, tmp_path / "p.json")
    again = load_preset(tmp_path / "p.json")
    assert again == saved
    assert again.apply() == parameters
    assert again.path == tmp_path / "p.json"
    with pytest.raises(InputError, match="already exists"):
        save_preset(preset, tmp_path / "p.json")


def test_a_preset_may_name_only_some_parameters(tmp_path: Path) -> None:
    present = Parameters(base_percentile=33)
    preset = Preset(name="part", parameters={"center_size": 9})
    assert preset.apply(present) == present.changed(center_size=9)


def test_unknown_keys_and_bad_values_are_reported(tmp_path: Path) -> None:
    values = {
        "center_size": 9,
        "colour": "red",
        "base_percentile": 500,
        "max_true_pixels": True,
        "method": "magic",
        "adapt_DF": None,
    }
    preset = load_preset(write(tmp_path / "p.json", parameters=values))
    defaults = Parameters()
    assert preset.parameters == {
        "center_size": 9,
        "base_percentile": defaults.base_percentile,
        "max_true_pixels": defaults.max_true_pixels,
        "method": defaults.method,
        "adapt_DF": defaults.adapt_DF,
    }
    assert len(preset.notes) == 5
    assert '"colour" is unknown here and is ignored' in preset.notes[0]
    assert "base_percentile = 500 is not accepted (a number from 0 to 100)" in preset.notes[1]


def test_nan_is_no_value(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    write(path)
    path.write_text(path.read_text().replace("21", "NaN"))
    assert "center_size" in load_preset(path).notes[0]


def test_many_notes_are_summed_up(tmp_path: Path) -> None:
    preset = load_preset(write(tmp_path / "p.json", parameters={f"x{i}": i for i in range(5000)}))
    assert len(preset.notes) == 21
    assert preset.notes[-1].startswith("4980 more")


def test_names_in_files_are_tamed(tmp_path: Path) -> None:
    assert load_preset(write(tmp_path / "a.json", name="a\n\tb ")).name == "a b"
    assert load_preset(write(tmp_path / "b.json", name="x" * 5000)).name == "x" * 100
    assert load_preset(write(tmp_path / "stem.json", name=["no"])).name == "stem"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": "other"}, 'is not a preset; its "format" should be "structmask-preset"'),
        ({"version": 2}, "was made by a newer StructMask .*; update the program"),
        ({"version": "1"}, "is not a preset that can be read"),
        ({"version": True}, "is not a preset that can be read"),
        ({"version": 0}, "is not a preset that can be read"),
        ({"parameters": [1, 2]}, 'has no table of "parameters"'),
    ],
)
def test_files_that_are_no_presets(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"p.json:? .*{sentence}"):
        load_preset(write(tmp_path / "p.json", **changes))


@pytest.mark.parametrize(
    "contents",
    [b"", b"nonsense", b"\xff\xfe\0", b"[" * 100_000, b"[1]", b"3", b'"x"', b"9" * 10_000, b"{"],
)
def test_nonsense_is_a_sentence(contents: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(contents)
    with pytest.raises(InputError, match=r"^p.json:? .*\.$"):
        load_preset(path)


def test_huge_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.json"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("was opened"))
    with pytest.raises(InputError, match=r"p.json is too large for a preset"):
        load_preset(path)


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["format", "version", "name", "parameters", "center_size", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_preset_or_a_sentence(data: Any) -> None:
    if isinstance(data, dict):
        data = {"format": "structmask-preset", "version": 1, "parameters": data}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.json"
        path.write_text(json.dumps(data))
        with contextlib.suppress(InputError):
            assert isinstance(load_preset(path).apply(), Parameters)


def test_presets_are_found_by_name_or_file(tmp_path: Path) -> None:
    assert find_preset(" FINE ").name == "fine"
    PresetFolder().save(Preset.of("mine", Parameters(center_size=13)))
    assert find_preset("Mine").apply().center_size == 13
    path = write(tmp_path / "elsewhere.json")
    assert find_preset(str(path)).apply().center_size == 21
    with pytest.raises(
        InputError, match=r'no preset "wrong"; .* one of: automatic, default, fine.*, mine'
    ):
        find_preset("wrong")
    with pytest.raises(InputError, match=r"none.json: there is no such file"):
        find_preset("none.json")


# --- the user's folder ------------------------------------------------------------------------


def test_save_rename_duplicate_delete(fresh_home: Path) -> None:
    folder = PresetFolder()
    assert folder.path == user_folder() == fresh_home / "presets"
    assert folder.read() == ([], [])
    mine = folder.save(Preset.of("mine", Parameters(center_size=9)))
    with pytest.raises(InputError, match='There is a preset "MINE" already'):
        folder.save(Preset.of("MINE", Parameters()))
    changed = folder.save(Preset.of("MINE", Parameters(center_size=11)), overwrite=True)
    assert changed.path == mine.path
    assert [p.apply().center_size for p in folder.read()[0]] == [11]
    copy = folder.duplicate(changed)
    again = folder.duplicate(changed)
    assert (copy.name, again.name) == ("MINE copy", "MINE copy 2")
    renamed = folder.rename(copy, "a better name")
    assert renamed.apply() == copy.apply()
    assert [p.name for p in folder.read()[0]] == ["a better name", "MINE", "MINE copy 2"]
    with pytest.raises(InputError, match="already"):
        folder.rename(renamed, "mine")
    assert folder.rename(renamed, "A Better Name").name == "A Better Name"
    for preset in folder.read()[0]:
        folder.delete(preset)
    assert list(folder.path.iterdir()) == []


def test_built_in_presets_stay() -> None:
    folder, fine = PresetFolder(), find_preset("fine")
    for change in (
        lambda: folder.rename(fine, "other"),
        lambda: folder.delete(fine),
        lambda: folder.save(Preset.of("Fine", Parameters()), overwrite=True),
    ):
        with pytest.raises(InputError, match=r"built.in"):
            change()
    assert folder.duplicate(fine).name == "fine copy"
    assert folder.read()[0][0].apply() == fine.apply()


def test_import_and_export(tmp_path: Path) -> None:
    folder = PresetFolder()
    path = write(tmp_path / "given.json", parameters={"center_size": 21, "odd": 1})
    imported = folder.import_file(path)
    assert len(imported.notes) == 1
    assert imported.path is not None
    assert imported.path.parent == folder.path
    with pytest.raises(InputError, match="already"):
        folder.import_file(path)
    save_preset(imported, tmp_path / "out.json")
    assert load_preset(tmp_path / "out.json").apply() == imported.apply()


def test_damaged_files_in_the_folder_are_named(fresh_home: Path) -> None:
    folder = PresetFolder()
    folder.save(Preset.of("good", Parameters()))
    (folder.path / "bad.json").write_text("{")
    presets, problems = folder.read()
    assert [p.name for p in presets] == ["good"]
    assert len(problems) == 1
    assert problems[0].startswith("bad.json is not a preset")


def test_names_that_make_the_same_file(fresh_home: Path) -> None:
    folder = PresetFolder()
    names = ["a/b", "a_b", "a:b", "..", "CON", "😀" * 60, "日本語", "a.", " x"]
    for name in names:
        folder.save(Preset.of(name, Parameters()))
    assert len(folder.read()[0]) == len(names)
    assert {p.name for p in folder.read()[0]} == {n.strip() for n in names}
    assert {p.name for p in folder.path.iterdir()} >= {"a_b.json", "a_b-2.json", "a_b-3.json"}


@pytest.mark.slow
@given(st.text(max_size=200))
def test_file_names_are_safe(name: str) -> None:
    stem = file_stem(name)
    assert stem == stem.strip()
    assert not stem.startswith(".")
    assert not stem.endswith(".")
    assert len(stem.encode()) < 200
    assert not set(stem) & set('/\\:*?"<>|\0\n')
    assert stem.split(".")[0].lower() not in ("con", "nul", "com1", "")


@pytest.mark.parametrize("name", ["", "  \n ", "x" * 101])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(InputError, match="name"):
        Preset.of(name, Parameters())


def test_two_programs_may_share_the_folder(fresh_home: Path) -> None:
    """Names that make the same file name, saved at once: none is lost or damaged."""
    failures: list[BaseException] = []

    def work(sign: str) -> None:
        try:
            for i in range(10):
                PresetFolder().save(Preset.of(f"a{sign}{i}", Parameters()))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(sign,)) for sign in "/:*?"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    presets, problems = PresetFolder().read()
    assert (len(presets), problems) == (40, [])
    assert all(path.suffix == ".json" for path in (fresh_home / "presets").iterdir())


def test_half_a_character_becomes_the_sign_for_an_unknown_one(tmp_path: Path) -> None:
    """Found by fuzzing: JSON can hold half of a character, with which nothing can be done."""
    path = tmp_path / "p.json"
    whole = Preset.of("a", Parameters(), "so \U0001f600 so").as_json()
    for text, shown in ((b"\\ud800", "�"), (b"\\uDe00!", "�!"), (b"\\ud83d\\ude00", "\U0001f600")):
        path.write_bytes(whole.replace("\U0001f600".encode(), text))
        assert load_preset(path).description == f"so {shown} so"
    path.write_bytes(whole.replace(b'"name": "a"', b'"name": "a\\udc80b"'))
    assert load_preset(path).name == "a b"


def test_a_preset_of_before_gives_the_significant_lags() -> None:
    recommended = Parameters(method="statistical", source="automatic", mask_choice="recommended")
    before = Preset(name="before", parameters={"method": "statistical", "source": "automatic"})
    assert before.apply(recommended).mask_choice == "significant"
    assert Preset.of("now", recommended).apply().mask_choice == "recommended"
    part = Preset(name="part", parameters={"max_lag": 20})
    assert part.apply(recommended).mask_choice == "recommended"

"""`structmask presets`: list the presets, or show one."""

from __future__ import annotations

import argparse
import shlex
import sys

from structmask_gui.cli.console import DONE, print_json
from structmask_gui.core.errors import ParameterError
from structmask_gui.io.files.paths import one_line
from structmask_gui.io.presets.library import PresetFolder, find_preset
from structmask_gui.io.presets.preset import Preset


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    if arguments.action == "show":
        if arguments.name is None:
            raise ParameterError("presets show: no name is given; name a preset or a preset file.")
        _show(find_preset(arguments.name), as_json=arguments.json)
        return DONE
    if arguments.action != "list":
        name = shlex.quote(arguments.action)
        raise ParameterError(
            f"presets {name}: there is no such action; `structmask presets show {name}` shows a"
            " preset, `structmask presets` lists them."
        )
    if arguments.name is not None:
        name = shlex.quote(arguments.name)
        raise ParameterError(
            f"presets list {name}: the list takes no name; `structmask presets show {name}` shows"
            " one preset."
        )
    presets, notes = PresetFolder().all()
    for note in notes:
        print(f"note: {one_line(note)}", file=sys.stderr)
    if arguments.json:
        print_json([_facts(preset) for preset in presets])
        return DONE
    width = max(len(preset.name) for preset in presets)
    for preset in presets:
        kind = "built-in" if preset.built_in else "own     "
        print(f"{one_line(preset.name):{width}}  {kind}  {one_line(preset.description)}")
    return DONE


def _facts(preset: Preset) -> dict[str, object]:
    return {**preset.model_dump(mode="json"), "built_in": preset.built_in}


def _show(preset: Preset, *, as_json: bool) -> None:
    if as_json:
        print_json(_facts(preset))
        return
    print(one_line(preset.name))
    for line in preset.description.splitlines():
        print(one_line(line))
    for note in preset.notes:
        print(f"note: {one_line(note)}", file=sys.stderr)
    for name, value in preset.parameters.items():
        print(f"  {name} = {'none' if value is None else value}")

"""Pages of the guide made from the code: the command line and the parameters."""

from __future__ import annotations

import argparse
import os
from typing import Any

from structmask_gui.cli.parser import make_parser
from structmask_gui.core.parameters.model import ParameterInfo, Stage, parameter_infos
from structmask_gui.core.parameters.remedies import REMEDIES
from structmask_gui.io.presets.preset import built_in_presets

_STAGES = {
    Stage.SAMPLING: "reads the pixels again",
    Stage.AUTOCORRELATION: "reads the pixels again",
    Stage.CROP: "follows at once",
    Stage.ADAPT: "follows at once",
    Stage.RINGS: "follows at once",
    Stage.POSTPROCESS: "follows at once",
}


def command_line() -> str:
    """Return the page of the command line: the help of every command, as it prints it."""
    # argparse wraps its text to the width of the terminal it believes to be in.
    os.environ["COLUMNS"] = "100"
    parser = make_parser()
    lines = [
        "# Command line",
        "",
        "Made from the program's own help. `structmask COMMAND --help` prints the same.",
        "",
        "Exit status: 0 all done; 1 some of several files failed, the others are done; 2 nothing"
        " could be done, or wrong arguments; 130 interrupted. Each failure is one line"
        " `error: NAME: what, and what to do` on standard error.",
        "",
        "```text",
        parser.format_help().rstrip(),
        "```",
    ]
    for name, command in commands(parser).items():
        lines += ["", f"## structmask {name}", "", "```text", command.format_help().rstrip(), "```"]
    return "\n".join(lines) + "\n"


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command, by its name."""
    actions: list[Any] = parser._actions
    for action in actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise ValueError("the parser has no commands")


def parameters() -> str:
    """Return the page of the parameters, from `core.parameters` alone."""
    lines = [
        "# Parameters",
        "",
        "Every parameter, from the program's own table. In the window they are under the headings"
        " given here; on the command line `--set NAME=VALUE` sets any of them; in Python they are"
        " fields of `Parameters`.",
        "",
        "“Reads the pixels again” means that a change needs a new measurement; everything else"
        " follows the slider at once.",
    ]
    group = ""
    for info in parameter_infos().values():
        if info.about.group != group:
            group = info.about.group
            lines += ["", f"## {group}"]
        lines += _parameter(info)
    lines += ["", "## Built-in presets", "", "| preset | what for |", "|---|---|"]
    lines += [f"| {preset.name} | {preset.description} |" for preset in built_in_presets()]
    lines += [
        "",
        "## Remedies",
        "",
        "One click each; undo takes it back.",
        "",
        "| complaint | what changes |",
        "|---|---|",
    ]
    for remedy in REMEDIES.values():
        changes = [f"{name} {shift:+g}" for name, shift in remedy.shifts.items()]
        changes += [f"{name} = {_value(value)}" for name, value in remedy.values.items()]
        lines.append(f"| {remedy.text} | {', '.join(changes)} |")
    return "\n".join(lines) + "\n"


def _parameter(info: ParameterInfo) -> list[str]:
    about = info.about
    unit = f" {about.unit}" if about.unit else ""
    lines = ["", f"### {about.label} (`{info.name}`) {{ #{info.name} }}", "", about.help, ""]
    lines.append(f"- Default: {_value(info.default)}{unit}. Accepted: {info.accepted}.")
    if about.slider is not None:
        low, high = about.slider
        lines.append(f"- Slider: {low:g} to {high:g}{unit}.")
    if about.more:
        lines.append(f"- Raise it: {about.more}")
    if about.less:
        lines.append(f"- Lower it: {about.less}")
    for value, text in about.choices:
        lines.append(f"- `{value}`: {text}")
    lines.append(f"- A change {_STAGES[info.stage]}.")
    return lines


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)

"""The parser, and the groups of arguments that several commands share."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, NoReturn

from structmask_gui.cli.console import FAILED
from structmask_gui.cli.values import (
    channel,
    frame_slice,
    given_path,
    patch_count,
    region,
    setting,
    whole_number,
)
from structmask_gui.core.parameters.model import parameter_infos
from structmask_gui.io.files.paths import one_line

Commands = Any  # argparse._SubParsersAction is not public


class Help(argparse.HelpFormatter):
    """Wraps what is a paragraph, and keeps the lines of examples and lists."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return "\n".join(indent + line for line in text.splitlines())
        return super()._fill_text(text, width, indent)


class Parser(argparse.ArgumentParser):
    """Answers wrong arguments by one sentence, as all that goes wrong is answered.

    ``many`` is the argument that takes any number of paths, those behind an option, too; where
    there is none, ``for_more`` says what to do with more than one.
    """

    many: argparse.Action | None = None
    for_more = "put a path with spaces into quotation marks"

    def parse_known_args(  # type: ignore[override]  # one signature in place of overloads
        self, args: Any = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, and say what is not understood here, where the command is known."""
        found, others = super().parse_known_args(args, namespace)
        wrong = [text for text in others if text.startswith("-")]
        if wrong:
            self.error(self._unknown(wrong[0].partition("=")[0]))
        if others and self.many is None:
            self.error(f"{others[0]!r} is one argument too many; {self.for_more}")
        for text in others:
            assert self.many is not None
            getattr(found, self.many.dest).append(self._path(self.many, text))
        return found, []

    def _unknown(self, option: str) -> str:
        options = [text for action in self._actions for text in action.option_strings]
        near = get_close_matches(option, options, 1)
        return f"there is no option {option}" + (f"; did you mean {near[0]}?" if near else "")

    def _path(self, many: argparse.Action, text: str) -> Any:
        kind: Any = many.type
        try:
            return kind(text)
        except argparse.ArgumentTypeError as error:
            self.error(str(error))

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where help is, and exit."""
        sentence = one_line(message.strip().rstrip("."))
        joint = " See" if sentence.endswith("?") else "; see"
        self.exit(FAILED, f"error: {self.prog}: {sentence}{joint} {self.prog} --help.\n")


def add_command(
    commands: Commands,
    name: str,
    *,
    help: str,  # noqa: A002  # argparse's own name for it
    about: str,
    example: str,
    runs: str = "",
) -> Parser:
    """Add a command with an example at the end of its help.

    ``runs``: module and function that run it; without, `run` of the module of its name.
    """
    parser: Parser = commands.add_parser(
        name,
        help=help,
        description=about,
        epilog=f"example:\n  structmask {example}",
        formatter_class=Help,
    )
    parser.set_defaults(run=_run(*(runs or f"{name}.run").split(".")))
    return parser


def _run(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """Return what runs a command; its module is loaded only then."""

    def run(arguments: argparse.Namespace) -> int:
        from importlib import import_module

        loaded = import_module(f"structmask_gui.cli.{module}")
        return int(getattr(loaded, function)(arguments))

    return run


def add_mask(parser: argparse.ArgumentParser) -> None:
    """Add the mask that a command starts from."""
    parser.add_argument(
        "mask", type=given_path, metavar="MASK", help="a mask (NPY, PNG, TIFF or JSON)"
    )


def add_recursive(parser: argparse.ArgumentParser) -> None:
    """Add whether files of subfolders count."""
    parser.add_argument("--recursive", action="store_true", help="with subfolders")


def add_selection(
    parser: argparse.ArgumentParser, title: str = "what is measured", *, with_region: bool = True
) -> None:
    """Add which part of an image file is taken."""
    group = parser.add_argument_group(title)
    group.add_argument(
        "--axes",
        metavar="AXES",
        help="a letter for each dimension, as in TYX, where the file names them wrongly",
    )
    group.add_argument(
        "--channel", type=channel, metavar="N", help="channel, from 0; or luminance (colours)"
    )
    group.add_argument(
        "--series", type=whole_number, metavar="N", help="image of a file with several, from 0"
    )
    group.add_argument(
        "--frames", type=frame_slice, metavar="A:B:STEP", help="frames A to B, from 0, without B"
    )
    if with_region:
        group.add_argument(
            "--region",
            type=region,
            metavar="Y0:Y1,X0:X1",
            help="only this ROI: rows Y0 to Y1 and columns X0 to X1, without the ends",
        )


def add_place(parser: argparse.ArgumentParser, ending: str) -> None:
    """Add where frames are written to, in an OME-TIFF."""
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--output",
        type=given_path,
        metavar="FILE",
        help=f"the OME-TIFF to write; by default <stem>{ending} beside the image file",
    )
    place.add_argument(
        "--output-dir",
        type=given_path,
        metavar="FOLDER",
        help="the folder it goes to; created if needed",
    )


def add_output(parser: argparse.ArgumentParser, *, report: str, record: str) -> None:
    """Add what is made of masks, and where it goes."""
    parser.add_argument(
        "--quality", action="store_true", help="add the figures of `structmask quality`"
    )
    parser.add_argument("--report", action="store_true", help=report)
    parser.add_argument("--from-record", type=given_path, metavar="FILE", help=record)
    parser.add_argument(
        "--output-dir",
        type=given_path,
        metavar="FOLDER",
        help="where results go; created if needed",
    )
    parser.add_argument("--force", action="store_true", help="replace existing results")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument(
        "--verbose", action="store_true", help="say under each answer what it rests on"
    )


def add_parameters(parser: argparse.ArgumentParser) -> None:
    """Add preset and parameters of the measurement."""
    infos = parameter_infos()
    group = parser.add_argument_group("parameters")
    group.add_argument(
        "--preset",
        metavar="NAME",
        help="a preset's name (`structmask presets` lists them), or the path of a preset file",
    )
    for name in ("method", "convention"):
        _add_choice(group, name)
    add_source(group)
    for name, kind in (
        ("patch_size", whole_number),
        ("patches", patch_count),
        ("seed", whole_number),
    ):
        about = infos[name].about
        group.add_argument(
            f"--{name.replace('_', '-')}",
            type=kind,
            metavar="N",
            help=f"{about.help} Default: {infos[name].default}.",
        )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        type=setting,
        metavar="NAME=VALUE",
        help="set any parameter of the list below; may be given several times",
    )


def _add_choice(group: argparse._ArgumentGroup, name: str, default: str | None = None) -> None:
    about = parameter_infos()[name].about
    meanings = ""
    if name in ("method", "source"):
        # "Dark: a dark stack" of the window would be said twice.
        meanings = "".join(
            f"{value}: {meaning.removeprefix(f'{value.capitalize()}: ')} "
            for value, meaning in about.choices
        )
    group.add_argument(
        f"--{name}",
        choices=[value for value, _ in about.choices],
        help=f"{about.help} {meanings}Default: {default or _default(name)}.",
    )


def add_source(group: argparse._ArgumentGroup, default: str | None = None) -> None:
    """Add where the noise is measured, and the reference stacks that may say it."""
    _add_choice(group, "source", default)
    stack = group.add_mutually_exclusive_group()
    stack.add_argument(
        "--dark", type=given_path, metavar="FILE", help="a dark or blank stack; sets --source dark"
    )
    stack.add_argument(
        "--subtract",
        type=given_path,
        metavar="FILE",
        help="a stack to subtract, as the mean of still frames; sets --source subtract",
    )


def _default(name: str) -> str:
    if name == "source":
        return "frames, and automatic for the statistical method"
    return str(parameter_infos()[name].default)


def parameter_help() -> str:
    """Return the list of parameters for the end of the help."""
    lines = ["parameters for --set (default in brackets, the name in the window, what it accepts):"]
    group = ""
    for info in parameter_infos().values():
        if info.about.group != group:
            group = info.about.group
            lines.append(f"  {group}:")
        default = "none" if info.default is None else str(info.default).lower()
        lines.append(f"    {info.name} [{default}]  {info.about.label}: {info.accepted}")
        lines += textwrap.wrap(
            info.about.help, 90, initial_indent=" " * 8, subsequent_indent=" " * 8
        )
    return "\n".join(lines)

"""The arguments of every command; parameters are described by `core.parameters` alone."""

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
    given_text,
    patch_count,
    radius,
    region,
    setting,
    whole_number,
)
from structmask_gui.core.denoised.order import ORDER_HELP
from structmask_gui.core.names import TARGETS
from structmask_gui.core.parameters.model import parameter_infos
from structmask_gui.core.quality.copied_noise import RADIUS
from structmask_gui.io.files.paths import one_line
from structmask_gui.io.formats.known import READ_NAMES
from structmask_gui.version import __version__

_Commands = Any  # argparse._SubParsersAction is not public


class _Help(argparse.HelpFormatter):
    """Wraps what is a paragraph, and keeps the lines of examples and lists."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return "\n".join(indent + line for line in text.splitlines())
        return super()._fill_text(text, width, indent)


class _Parser(argparse.ArgumentParser):
    """Answers wrong arguments by one sentence, as all that goes wrong is answered.

    ``many`` is the argument that takes any number of paths, those behind an option, too.
    """

    many: argparse.Action | None = None

    def parse_known_args(  # type: ignore[override]  # one signature in place of overloads
        self, args: Any = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, and say what is not understood here, where the command is known."""
        found, others = super().parse_known_args(args, namespace)
        wrong = [text for text in others if text.startswith("-")]
        if wrong:
            self.error(self._unknown(wrong[0].partition("=")[0]))
        if others and self.many is None:
            self.error(
                f"{others[0]!r} is one argument too many; put a path with spaces into quotation"
                " marks"
            )
        # Without ``many`` there are none left.
        for text in others:
            getattr(found, self.many.dest).append(self._path(text))  # type: ignore[union-attr]
        return found, []

    def _unknown(self, option: str) -> str:
        options = [text for action in self._actions for text in action.option_strings]
        near = get_close_matches(option, options, 1)
        return f"there is no option {option}" + (f"; did you mean {near[0]}?" if near else "")

    def _path(self, text: str) -> Any:
        kind: Any = self.many.type if self.many is not None else str
        try:
            return kind(text)
        except argparse.ArgumentTypeError as error:
            self.error(str(error))

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where help is, and exit."""
        sentence = one_line(message.strip().rstrip("."))
        joint = " See" if sentence.endswith("?") else "; see"
        self.exit(FAILED, f"error: {self.prog}: {sentence}{joint} {self.prog} --help.\n")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of `structmask` with all its commands."""
    parser = _Parser(
        prog="structmask",
        formatter_class=_Help,
        description="Measure which neighbouring pixels share noise in microscope images, and write"
        f" them as a mask for StructN2V. Reads {_FORMATS}; some need an extra of the package.",
        epilog=_STARTS,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _extract(commands)
    _batch(commands)
    _quality(commands)
    _check(commands)
    _compare(commands)
    _denoise(commands)
    _destripe(commands)
    _text(commands)
    _presets(commands)
    _info(commands)
    return parser


_FORMATS = READ_NAMES.replace("Electron", "electron")

_STARTS = """\
examples:
  structmask extract stack.tif --preset automatic   the recommended mask
  structmask denoise stack.tif                      a denoised stack
  structmask batch scans --preset automatic         masks of a folder
  structmask COMMAND --help                         all options of a command

exit status: 0 all done, 1 some files failed, 2 nothing could be done, 130 interrupted"""


# ``help`` is argparse's own name for it.
def _command(commands: _Commands, name: str, *, help: str, about: str, example: str) -> _Parser:  # noqa: A002
    """Add a command with an example at the end of its help."""
    parser: _Parser = commands.add_parser(
        name,
        help=help,
        description=about,
        epilog=f"example:\n  structmask {example}",
        formatter_class=_Help,
    )
    parser.set_defaults(run=_run(name))
    return parser


def _extract(commands: _Commands) -> None:
    parser = _command(
        commands,
        "extract",
        help="measure the masks of image files",
        about="Measure the mask of each file, or one mask for all of them, and say what the noise"
        " is, how sure that is, and what to do. Writes <stem>_mask.npy, .png and .json beside each"
        " file. Without --preset, ring analysis with its published defaults; --preset automatic"
        " gives the recommended mask, as the window does.",
        example="extract stack.tif --preset automatic",
    )
    parser.epilog = f"{parser.epilog}\n\n{_parameter_help()}"
    parser.many = parser.add_argument(
        "files", nargs="*", type=given_path, metavar="FILE", help="image files"
    )
    _add_parameters(parser)
    _add_selection(parser)
    parser.add_argument(
        "--average", action="store_true", help="one mask for all files, which must be of one size"
    )
    _add_output(
        parser,
        report="write <stem>_report.html too: pictures, the figures of --quality, texts for the"
        " trainers; `structmask-gui --pdf FILE` makes a PDF of it",
        record="repeat the extraction of a record (mask.json): its parameters and, if no FILE is"
        " given, its input files",
    )


def _batch(commands: _Commands) -> None:
    parser = _command(
        commands,
        "batch",
        help="measure the masks of many image files",
        about="Measure the masks of all image files of folders, patterns and lists. One bad file"
        " never stops the others; a summary (CSV and HTML) says what became of each. The parameters"
        " for --set are listed by `structmask extract --help`.",
        example='batch "scans/*.tif" --preset automatic --output-dir masks',
    )
    parser.many = parser.add_argument(
        "paths",
        nargs="+",
        type=given_text,
        metavar="PATH",
        help='a folder, a file, a pattern in quotation marks as in "scans/*.tif" (** for'
        " subfolders), or a text file (.txt) with one path per line",
    )
    _add_recursive(parser)
    parser.add_argument(
        "--per",
        choices=["file", "folder", "all"],
        default="file",
        help="one mask for each file (default), for the files of each folder, or for all",
    )
    parser.add_argument(
        "--average", action="store_const", const="all", dest="per", help="the same as --per all"
    )
    parser.add_argument(
        "--one-mask",
        action="store_true",
        help="one mask for the experiment: measure each file by itself, and write the one mask with"
        " the least expected error over all, as Automatic measures it; files of one channel and"
        " setting, of any size. With --per folder, one for each folder",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with a batch that was stopped: keep what is done already",
    )
    parser.add_argument(
        "--summary",
        type=given_path,
        metavar="FILE",
        help="where the summary goes, as FILE.csv and FILE.html; by default structmask_batch in"
        " --output-dir, else in the folder of the files",
    )
    parser.add_argument(
        "--denoise",
        action="store_true",
        help="then denoise every file with its mask, as `structmask denoise`: files that share a"
        " mask are fitted together, others each by itself; do not compare these between conditions",
    )
    parser.add_argument(
        "--yes", action="store_true", help="denoise also what `structmask denoise` asks about"
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="work on the machines of a Dask scheduler, as in tcp://host:8786; they must see the"
        " files under the same paths",
    )
    _add_parameters(parser)
    _add_selection(parser)
    _add_output(
        parser,
        report="write a report of each mask too, <stem>_report.html; the summary has links to them",
        record="use the parameters of a record",
    )


def _add_output(parser: argparse.ArgumentParser, *, report: str, record: str) -> None:
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


def _add_parameters(parser: argparse.ArgumentParser) -> None:
    infos = parameter_infos()
    group = parser.add_argument_group("parameters")
    group.add_argument(
        "--preset",
        metavar="NAME",
        help="a preset's name (`structmask presets` lists them), or the path of a preset file",
    )
    for name in ("method", "convention"):
        _add_choice(group, name)
    _add_source(group)
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


def _add_source(group: argparse._ArgumentGroup, default: str | None = None) -> None:
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


def _add_selection(
    parser: argparse.ArgumentParser, title: str = "what is measured", *, with_region: bool = True
) -> None:
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


def _add_mask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "mask", type=given_path, metavar="MASK", help="a mask (NPY, PNG, TIFF or JSON)"
    )


def _add_recursive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--recursive", action="store_true", help="with subfolders")


def _add_place(parser: argparse.ArgumentParser, kind: str, ending: str) -> None:
    """Add where frames are written to, in a TIFF of a kind."""
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--output",
        type=given_path,
        metavar="FILE",
        help=f"the {kind} to write; by default <stem>{ending} beside the image file",
    )
    place.add_argument(
        "--output-dir",
        type=given_path,
        metavar="FOLDER",
        help="the folder it goes to; created if needed",
    )


def _compare(commands: _Commands) -> None:
    parser = _command(
        commands,
        "compare",
        help="compare two masks",
        about="Say how many pixels two masks have, and how many of these are in both.",
        example="compare stack_mask.npy other_mask.png",
    )
    parser.add_argument("a", type=given_path, metavar="A", help="a mask (NPY, PNG, TIFF or JSON)")
    parser.add_argument("b", type=given_path, metavar="B", help="another one")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")


def _quality(commands: _Commands) -> None:
    parser = _command(
        commands,
        "quality",
        help="say what a mask will do to an image, or judge a denoised one",
        about="Say how much of the noise a network could still copy with a mask, how many pixels it"
        " hides without need, and the error to expect; with --denoised, what is wrong with a"
        " denoised stack, what noise is left in it, whether detail was lost, and which mask to try"
        " next.",
        example="quality stack_mask.npy stack.tif --denoised stack_denoised.tif",
    )
    _add_mask(parser)
    parser.add_argument("file", type=given_path, metavar="FILE", help="the image to train on")
    parser.add_argument(
        "--denoised",
        type=given_path,
        metavar="DENOISED",
        help="judge this too: what a network trained with the mask made of every frame of FILE",
    )
    parser.add_argument(
        "--denoised-order", dest="order", default="", metavar="ORDER", help=ORDER_HELP
    )
    group = parser.add_argument_group("noise")
    _add_source(
        group,
        "as in the record beside the mask (MASK.json), else the differences of frames, or flat"
        " patches of a single frame",
    )
    _add_selection(parser)
    parser.add_argument(
        "--radius",
        type=radius,
        default=RADIUS,
        metavar="R",
        help="radius of the receptive field, in pixels. Default: %(default)s.",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def _check(commands: _Commands) -> None:
    parser = _command(
        commands,
        "check",
        help="say which files a mask fits",
        about="Measure each file as the preset automatic does, and say whether a mask fits it, fits"
        " worse than its own mask would, or does not fit. Nothing is written.",
        example="check stack_mask.npy scans",
    )
    _add_mask(parser)
    parser.many = parser.add_argument(
        "paths",
        nargs="+",
        type=given_text,
        metavar="PATH",
        help="folders, files, patterns or lists, as for `batch`",
    )
    _add_recursive(parser)
    _add_source(parser.add_argument_group("noise"), "automatic")
    _add_selection(parser)
    parser.add_argument("--json", action="store_true", help="print the answers as JSON")


def _destripe(commands: _Commands) -> None:
    parser = _command(
        commands,
        "destripe",
        help="write frames without the offsets of their rows or columns",
        about="Subtract the offset of every row, or column, from each frame, where the noise"
        " runs along whole lines and no mask hides it. Measure the file that it writes.",
        example="destripe stack.tif rows",
    )
    parser.add_argument("file", type=given_path, metavar="FILE", help="an image file")
    parser.add_argument("lines", choices=["rows", "columns"], help="which offsets are subtracted")
    _add_selection(parser, "what is written", with_region=False)
    _add_place(parser, "TIFF", "_destriped.tif")
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def _denoise(commands: _Commands) -> None:
    parser = _command(
        commands,
        "denoise",
        help="write a denoised stack, by the rule of StructN2V",
        about="Estimate every pixel from the neighbours that a mask leaves visible, by a"
        " linear prediction and small perceptrons trained on the stack itself; write it as"
        " <stem>_denoised.ome.tif, with a record in it and beside it, and evaluate it. For viewing"
        " and segmentation: measure in the raw stack. Run again after an interruption, it goes on.",
        example="denoise stack.tif --mask stack_mask.npy",
    )
    parser.add_argument("file", type=given_path, metavar="FILE", help="an image file")
    parser.add_argument(
        "--mask",
        type=given_path,
        metavar="MASK",
        help="a mask (NPY, PNG, TIFF or JSON); without it the mask is measured",
    )
    _add_selection(parser, "what is denoised", with_region=False)
    _add_place(parser, "OME-TIFF", "_denoised.ome.tif")
    parser.add_argument(
        "--whole-numbers",
        action="store_true",
        help="round to the type of the input, and say how many pixels were clipped; by default"
        " 32-bit floating point",
    )
    parser.add_argument(
        "--test-spots",
        action="store_true",
        help="say what is left of spots, lines and squares of known size and height that are put"
        " into the frames",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="denoise also where noise and structure could not be separated, a fixed pattern is"
        " left, frames share noise, or the images were compressed or processed; kept in the record",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    parser.add_argument("--json", action="store_true", help="print the record as JSON")


def _text(commands: _Commands) -> None:
    parser = _command(
        commands,
        "text",
        help="print a mask as a script for a trainer",
        about="Print a script that trains with a mask on a file: on standard output, so that"
        " `> train.py` keeps it; notes go to standard error.",
        example="text stack_mask.npy stack.tif --for careamics > train.py",
    )
    _add_mask(parser)
    parser.add_argument("file", type=given_path, metavar="FILE", help="the image to train on")
    parser.add_argument(
        "--for",
        dest="target",
        required=True,
        choices=list(TARGETS),
        help="the trainer: " + ", ".join(f"{target} ({name})" for target, name in TARGETS.items()),
    )
    parser.add_argument(
        "--denoised",
        action="store_true",
        help="FILE is the output of a first denoising, and the mask is for a second one",
    )
    _add_selection(parser, "what is trained on", with_region=False)


def _presets(commands: _Commands) -> None:
    parser = _command(
        commands,
        "presets",
        help="list the presets, or show one",
        about="List the built-in and your own presets, or show the parameters of one.",
        example="presets show fine",
    )
    parser.add_argument(
        "action", nargs="?", metavar="list|show", default="list", help="default: %(default)s"
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="preset or preset file to show")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _info(commands: _Commands) -> None:
    parser = _command(
        commands,
        "info",
        help="describe an image file",
        about="Show how an image file is read: its axes, size, type, channels and metadata.",
        example="info stack.tif",
    )
    parser.add_argument("file", type=given_path, metavar="FILE")
    parser.add_argument("--axes", metavar="AXES", help="a letter for each dimension")
    parser.add_argument(
        "--series", type=whole_number, metavar="N", help="image of a file with several, from 0"
    )
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _run(command: str) -> Callable[[argparse.Namespace], int]:
    """Return what runs a command; its module is loaded only then."""

    def run(arguments: argparse.Namespace) -> int:
        from importlib import import_module

        module = import_module(f"structmask_gui.cli.{command}")
        return int(module.run(arguments))

    return run


def _parameter_help() -> str:
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

"""The commands and their arguments; parameters are described by `core.parameters` alone."""

from __future__ import annotations

import argparse

from structmask_gui.cli.arguments import (
    Commands,
    Help,
    Parser,
    add_command,
    add_mask,
    add_output,
    add_parameters,
    add_place,
    add_recursive,
    add_selection,
    add_source,
    parameter_help,
)
from structmask_gui.cli.values import (
    given_path,
    given_text,
    radius,
    whole_number,
)
from structmask_gui.core.denoised.order import ORDER_HELP
from structmask_gui.core.denoising.wording import DOUBTS, SHARED_FITS
from structmask_gui.core.names import TARGETS
from structmask_gui.core.quality.copied_noise import RADIUS
from structmask_gui.io.formats.known import READ_NAMES
from structmask_gui.version import __version__


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of `structmask` with all its commands."""
    parser = Parser(
        prog="structmask",
        formatter_class=Help,
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
    _correct(commands)
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


def _extract(commands: Commands) -> None:
    parser = add_command(
        commands,
        "extract",
        help="measure the masks of image files",
        about="Measure the mask of each file, or one mask for all of them, and say what the noise"
        " is, how sure that is, and what to do. Writes <stem>_mask.npy, .png and .json beside each"
        " file. Without --preset, ring analysis with its published defaults; --preset automatic"
        " gives the recommended mask, as the window does.",
        example="extract stack.tif --preset automatic",
    )
    parser.epilog = f"{parser.epilog}\n\n{parameter_help()}"
    parser.many = parser.add_argument(
        "files", nargs="*", type=given_path, metavar="FILE", help="image files"
    )
    add_parameters(parser)
    add_selection(parser)
    parser.add_argument(
        "--average", action="store_true", help="one mask for all files, which must be of one size"
    )
    add_output(
        parser,
        report="write <stem>_report.html too: pictures, the figures of --quality, texts for the"
        " trainers; `structmask-gui --pdf FILE` makes a PDF of it",
        record="repeat the extraction of a record (mask.json): its parameters and, if no FILE is"
        " given, its input files",
    )


def _batch(commands: Commands) -> None:
    parser = add_command(
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
    add_recursive(parser)
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
        " --output-dir, else in the folder that holds all files",
    )
    parser.add_argument(
        "--denoise",
        action="store_true",
        help=f"then denoise every file with its mask, as `structmask denoise`: {SHARED_FITS}",
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
    add_parameters(parser)
    add_selection(parser)
    add_output(
        parser,
        report="write a report of each mask too, <stem>_report.html; the summary has links to them",
        record="use the parameters of a record",
    )


def _compare(commands: Commands) -> None:
    parser = add_command(
        commands,
        "compare",
        help="compare two masks",
        about="Say how many pixels two masks have, and how many of these are in both.",
        example="compare stack_mask.npy other_mask.png",
    )
    parser.add_argument("a", type=given_path, metavar="A", help="a mask (NPY, PNG, TIFF or JSON)")
    parser.add_argument("b", type=given_path, metavar="B", help="another one")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")


def _quality(commands: Commands) -> None:
    parser = add_command(
        commands,
        "quality",
        help="say what a mask will do to an image, or judge a denoised one",
        about="Say how much of the noise a network could still copy with a mask, how many pixels it"
        " hides without need, and the error to expect; with --denoised, what is wrong with a"
        " denoised stack, what noise is left in it, whether detail was lost, and which mask to try"
        " next.",
        example="quality stack_mask.npy stack.tif --denoised stack_denoised.tif",
    )
    add_mask(parser)
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
    add_source(
        group,
        "as in the record beside the mask (MASK.json), else the differences of frames, or flat"
        " patches of a single frame",
    )
    add_selection(parser)
    parser.add_argument(
        "--radius",
        type=radius,
        default=RADIUS,
        metavar="R",
        help="radius of the receptive field, in pixels. Default: %(default)s.",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def _check(commands: Commands) -> None:
    parser = add_command(
        commands,
        "check",
        help="say which files a mask fits",
        about="Measure each file as the preset automatic does, and say whether a mask fits it, fits"
        " worse than its own mask would, or does not fit. Nothing is written.",
        example="check stack_mask.npy scans",
    )
    add_mask(parser)
    parser.many = parser.add_argument(
        "paths",
        nargs="+",
        type=given_text,
        metavar="PATH",
        help="folders, files, patterns or lists, as for `batch`",
    )
    add_recursive(parser)
    add_source(parser.add_argument_group("noise"), "automatic")
    add_selection(parser)
    parser.add_argument("--json", action="store_true", help="print the answers as JSON")


def _destripe(commands: Commands) -> None:
    parser = add_command(
        commands,
        "destripe",
        help="write frames without the offsets of their rows or columns",
        about="Subtract the offset of every row, or column, from each frame, where the noise"
        " runs along whole lines and no mask hides it. Measure the file that it writes.",
        example="destripe stack.tif rows",
        runs="correct.destripe",
    )
    parser.add_argument("file", type=given_path, metavar="FILE", help="an image file")
    parser.add_argument("lines", choices=["rows", "columns"], help="which offsets are subtracted")
    _new_frames(parser, "_destriped.tif")


def _correct(commands: Commands) -> None:
    parser = add_command(
        commands,
        "correct",
        help="write frames without the fixed pattern of dark frames or an even field",
        about="Subtract the mean of dark frames from each frame, or divide it by an even field, or"
        " both, where the same pattern is in every frame. Says first whether the frames hold that"
        " pattern. Measure the file that it writes.",
        example="correct stack.tif --dark dark.tif",
        runs="correct.correct",
    )
    parser.add_argument("file", type=given_path, metavar="FILE", help="an image file")
    group = parser.add_argument_group("what shows the pattern")
    group.add_argument(
        "--dark", type=given_path, metavar="FILE", help="frames without light, 20 or more"
    )
    group.add_argument(
        "--even", type=given_path, metavar="FILE", help="frames of an even, bright field"
    )
    _new_frames(parser, "_corrected.tif")


def _new_frames(parser: Parser, ending: str) -> None:
    """Add which frames are written, and to which file."""
    add_selection(parser, "what is written", with_region=False)
    add_place(parser, ending)
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def _denoise(commands: Commands) -> None:
    parser = add_command(
        commands,
        "denoise",
        help="write a denoised stack, by the rule of StructN2V",
        about="Estimate every pixel from the neighbours that a mask leaves visible, by a"
        " linear prediction and small neural networks trained on the stack itself; write it as"
        " <stem>_denoised.ome.tif, with a record in it and beside it, and evaluate it. For viewing"
        " and segmentation: measure in the raw stack. Run again after an interruption, it goes on.",
        example="denoise stack.tif --mask stack_mask.npy",
    )
    parser.for_more = f"{parser.for_more}; for several files, use batch --denoise"
    parser.add_argument("file", type=given_path, metavar="FILE", help="an image file")
    parser.add_argument(
        "--mask",
        type=given_path,
        metavar="MASK",
        help="a mask (NPY, PNG, TIFF or JSON); without it the mask is measured",
    )
    add_selection(parser, "what is denoised", with_region=False)
    add_place(parser, "_denoised.ome.tif")
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
        help="denoise all the same, which the record keeps, where it is refused: "
        + "; ".join(DOUBTS.values()),
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    parser.add_argument("--json", action="store_true", help="print the record as JSON")


def _text(commands: Commands) -> None:
    parser = add_command(
        commands,
        "text",
        help="print a mask as a script for a trainer",
        about="Print a script that trains with a mask on a file: on standard output, so that"
        " `> train.py` keeps it; notes go to standard error.",
        example="text stack_mask.npy stack.tif --for careamics > train.py",
    )
    add_mask(parser)
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
    add_selection(parser, "what is trained on", with_region=False)


def _presets(commands: Commands) -> None:
    parser = add_command(
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


def _info(commands: Commands) -> None:
    parser = add_command(
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

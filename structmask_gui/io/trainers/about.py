"""What the texts for trainers have in common: mask, heading, notes, the lines that read a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Literal

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.symmetry import Turns, allowed_turns, strays_sentence, without_strays
from structmask_gui.core.masks.trainers import Blanked, blanked
from structmask_gui.core.names import Target, counted
from structmask_gui.io.results.files import stem_of
from structmask_gui.io.stack.channels import LUMINANCE, WEIGHTS
from structmask_gui.version import __version__

ImageStage = Literal["raw", "denoised"]

_SMALLEST_PATCH = 64
_LARGEST_LITERAL = 2000
_TIFF = (".tif", ".tiff", ".btf", ".tf8", ".lsm", ".stk")


@dataclass(frozen=True)
class Snippet:
    """Text for one trainer.

    Attributes
    ----------
    target : str
        One of `TARGETS`.
    title : str
        What the trainer is called.
    text : str
        Python, ready to paste.
    notes : tuple of str
        What to know: augmentation, share of blanked pixels, what is lost.
    needs_file : bool
        The text loads the mask from the NPY file it names, so that has to be exported too.
    """

    target: Target
    title: str
    text: str
    notes: tuple[str, ...]
    needs_file: bool = False


@dataclass(frozen=True)
class MaskContext:
    """What the texts for trainers depend on beside the mask.

    Attributes
    ----------
    file : str
        Path of the image file the mask was measured on, or is meant for, as the text is to name it.
    stage : "raw" or "denoised"
        Whether that file holds raw images or the output of a first denoising.
    others : tuple of str
        Names of the other files that were measured together with it.
    axes, channel
        Of that file, as `ImageStack` gives them; empty if not known.
    series : int
        Which image of a file with several.
    frames : str, optional
        Which frames are trained on, START:STOP:STEP, as `ImageStack.frames_chosen`; None for all.
    mask_file : str
        Where the NPY file of the mask is, for the texts that load it.
    how : str
        How the mask came about, as in "edited by hand", if it was not measured as it is.
    first : str
        What has to be done before training, as `Answer.first`.
    """

    file: str = ""
    others: tuple[str, ...] = ()
    stage: ImageStage = "raw"
    axes: str = ""
    channel: int | str | None = None
    series: int = 0
    frames: str | None = None
    mask_file: str = "mask.npy"
    how: str = ""
    first: str = ""


NO_CONTEXT = MaskContext()


@dataclass(frozen=True)
class About:
    """A mask and what all texts say of it."""

    mask: Mask
    context: MaskContext
    turns: Turns
    blanked: dict[str, Blanked]
    heading: str

    @classmethod
    def of(cls, mask: Mask, context: MaskContext) -> About:
        statistics = mask.statistics
        what = statistics.shape_words
        where = _printable(Path(context.file).name) or "an array"
        where += f" and {len(context.others)} more" if context.others else ""
        origin = f"{_printable(context.how)}, for" if context.how else "measured on"
        return cls(
            mask=mask.cropped(),
            context=context,
            turns=allowed_turns(mask),
            blanked={item.trainer.name: item for item in blanked(statistics.true_pixels)},
            heading=(
                f"# {what}, {counted(statistics.true_pixels, 'pixel')}, {origin} {where}"
                f" ({context.stage} images), StructMask {__version__}.\n"
                + comment(f"Before training: {context.first}" if context.first else "")
            ),
        )

    @property
    def strays(self) -> str:
        """Which few pixels forbid the flips, if it is only those; may be empty."""
        return strays_sentence(self.mask)

    @property
    def bare(self) -> bool:
        return self.mask.statistics.true_pixels == 1

    @property
    def trained_on(self) -> str:
        """A note: train on what the mask was measured on, or is meant for."""
        stage = self.context.stage
        if self.context.how:
            other = "denoised" if stage == "raw" else "raw"
            return f"The mask is meant for {stage} images: train on those, not on {other} ones."
        if stage == "raw":
            return "The mask was measured on raw images: train on those, not on denoised ones."
        return (
            "The mask was measured on denoised images: it fits a second training on those, not one"
            " on raw images."
        )

    def rows(self, mask: Mask | None = None) -> str:
        """Return the mask as a nested list, a row a line."""
        lines = [
            "    [" + ", ".join(str(int(value)) for value in row) + "],"
            for row in (mask or self.mask).array
        ]
        return "[\n" + "\n".join(lines) + "\n]"

    @property
    def as_literal(self) -> bool:
        return self.mask.array.size <= _LARGEST_LITERAL

    @property
    def patch(self) -> int:
        """Side of a training patch that holds the mask twice over."""
        side = _SMALLEST_PATCH
        while side < 2 * max(self.mask.shape):
            side *= 2
        return side


def reading_lines(context: MaskContext) -> str:
    """Return the lines that read the file as frames: an array (planes, rows, columns)."""
    name, remark = context.file or "images.tif", ""
    if Path(name).suffix.lower() == ".npy":
        read = f"np.load({name!r})"
    else:
        if Path(name).suffix.lower() not in _TIFF:
            image = f"image {context.series} (from 0) of " if context.series else ""
            saved = f"{image}{_printable(Path(name).name)}"
            remark = f"# Save {saved} as TIFF first, for example in Fiji.\n"
            name = str(Path(name).with_suffix(".tif"))
        series = f", series={context.series}" if context.series and not remark else ""
        read = f"tifffile.imread({name!r}{series})"
    axes = f"  # axes {context.axes}" if context.axes else ""
    if context.others:
        more = ", ".join(map(_printable, context.others))
        remark += comment(f"Measured in {len(context.others) + 1} files; not read here: {more}")
    text = f"{remark}frames = {read}.astype(np.float32){axes}\n"
    left = context.axes
    colours = [number for number, letter in enumerate(context.axes) if letter in "CS"]
    for number in reversed(colours):
        if context.axes[number] == "S" and (context.channel == LUMINANCE or len(colours) > 1):
            weights = tuple(WEIGHTS.tolist())
            colour = f"np.average(frames.take(range(3), {number}), {number}, {weights})"
            text += f"frames = {colour}.astype(np.float32)  # luminance\n"
        elif isinstance(context.channel, int):
            text += f"frames = frames.take({context.channel}, axis={number})  # one channel\n"
        else:
            text += f"frames = frames.mean(axis={number})  # the mean of the colours\n"
        left = left[:number] + left[number + 1 :]
    if left and left[-2:] != "YX":
        y, x = left.index("Y"), left.index("X")
        text += f"frames = np.moveaxis(frames, ({y}, {x}), (-2, -1))\n"
    flat = "frames = frames.reshape(-1, *frames.shape[-2:])  # (planes, rows, columns)\n"
    if context.frames is None:
        return f"{text}planes = frames.shape[:-2]\n{flat}"
    return f"{text}{flat}frames = frames[{context.frames}]\nplanes = frames.shape[:1]\n"


def writing_lines(context: MaskContext, trainer: str) -> str:
    """Return the lines that write the array ``denoised`` as an OME-TIFF with the file's axes."""
    path = Path(context.file or "images.tif")
    name = str(path.with_name(f"{stem_of(path)}_{trainer}.ome.tif"))
    # Chosen frames follow one another in one axis.
    letters = "T" if context.frames else _ome_planes(context.axes)
    axes = f'"{letters}YX"' if context.axes else f'"{letters}"[: len(planes)] + "YX"'
    shaped = "denoised" if letters == "Q" else "denoised.reshape(*planes, *denoised.shape[-2:])"
    return (
        "tifffile.imwrite(\n"
        f"    {name!r},\n"
        f"    {shaped}.astype(np.float32),\n"
        '    ome=True,\n    photometric="minisblack",\n'
        f'    metadata={{"axes": {axes}}},\n)\n'
    )


def _ome_planes(axes: str) -> str:
    """Return letters for the axes of planes that an OME-TIFF takes: T, Z and C, each once."""
    if not axes:
        return "TZC"
    planes = [letter for letter in axes if letter not in "YXCS"]
    if len(planes) > 3:
        return "Q"
    free = [letter for letter in "TZC" if letter not in planes]
    kept: list[str] = []
    for letter in planes:
        kept.append(letter if letter in "TZ" and letter not in kept else free.pop(0))
    return "".join(kept)


def comment(sentence: str, indent: str = "") -> str:
    """Return a sentence as lines of comment; none of an empty one."""
    return "".join(f"{indent}# {line}\n" for line in wrap(sentence, 88 - len(indent)))


def one_switch(about: About, setting: str) -> str:
    """Return the note for a trainer that turns and flips, or does neither."""
    if about.turns.all:
        return augmentation(about, setting)
    text = (
        f"Augmentation ({setting}): off, because it is one switch for flips and quarter turns, and"
        " not all of them leave this mask unchanged."
    )
    helps = about.strays and allowed_turns(without_strays(about.mask)).all
    return f"{text} {about.strays}" if helps else text


def augmentation(about: About, setting: str) -> str:
    """Return the note for a trainer that lets each flip and turn be chosen."""
    text = f"Augmentation ({setting}): {about.turns.sentence[0].lower()}{about.turns.sentence[1:]}"
    if about.turns.all and about.context.first:
        # What is left of the noise then is what the mask is for.
        text = f"{text.removesuffix('.')} once the step before training is done."
    return f"{text} {about.strays}" if about.strays else text


def _printable(text: str) -> str:
    """Return a text that stays within the line of a comment."""
    return "".join(c if c.isprintable() else " " for c in text)

"""Extract one mask from one or more files: open the inputs, measure, make the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import assess
from structmask_gui.core.quality.basis import extraction_basis, quality_record
from structmask_gui.core.recommend.extract import RecommendedExtraction, extract_recording
from structmask_gui.core.stack.frames import Region
from structmask_gui.io.files.paths import allow_open_files
from structmask_gui.io.open import in_channel, open_stack
from structmask_gui.io.results.files import doubtful_name
from structmask_gui.io.results.record import Record, make_record
from structmask_gui.io.stack.channels import Channel
from structmask_gui.io.stack.image_stack import ImageStack, MeasuredFiles


@dataclass(frozen=True)
class Input:
    """A file and how it is opened."""

    path: Path
    # As `open_stack` takes them; None leaves them to the file.
    axes: str | None = None
    channel: Channel | None = None
    series: int | None = None
    frames: slice | None = None  # which of its frames; all without it

    @property
    def asked_mark(self) -> str:
        """What `channel_mark` may be: only the open file tells whether channel 0 is the first."""
        return f"_c{self.channel}" if isinstance(self.channel, int) else ""

    @property
    def known_mark(self) -> str:
        """`channel_mark` as far as it is known before the file is opened."""
        return self.asked_mark if self.channel else ""

    @property
    def channel_mark(self) -> str:
        """`ImageStack.channel_mark`; for channel 0 the file is opened."""
        if self.channel != 0:
            return self.known_mark
        try:
            # The first of channels, but not of colours, where that is the luminance.
            with self.open() as stack:
                return stack.channel_mark
        except InputError:
            return ""

    def beside(self, measured: Channel | None) -> ImageStack:
        """Open the file as a reference stack: in the channel that is measured, if it has that."""
        if self.channel is not None:
            return self.open()
        return in_channel(lambda channel: replace(self, channel=channel).open(), measured)

    def open(self) -> ImageStack:
        """Open the file; the caller closes it."""
        stack = open_stack(self.path, series=self.series, axes=self.axes, channel=self.channel)
        if self.frames is None:
            return stack
        try:
            return stack.with_frames(self.frames)
        except BaseException:
            stack.close()
            raise


@dataclass(frozen=True)
class Result:
    """What comes of a job.

    Attributes
    ----------
    mask : Mask
    record : Record
        With checksums of the files.
    report : bytes or None
        The HTML page, if it was asked for.
    file_notes : tuple of str
        What is to be known of the files themselves, as frames that are not there; in the record,
        too.
    """

    mask: Mask
    record: Record
    report: bytes | None = None
    file_notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        extraction: Extraction,
        files: MeasuredFiles,
        *,
        quality: bool = False,
        report_for: str | None = None,
        task: Task = NO_TASK,
    ) -> Result:
        """Return the result of an extraction, while its files are open.

        ``report_for`` is the name of the mask's file, as the report calls it; there is no report
        without it. A report has the figures of the mask in any case, where they can be worked out.
        """
        frames = files.recording().frames
        figures, scored = None, None
        if quality or report_for is not None:
            try:
                measured = None
                if isinstance(extraction, RecommendedExtraction):
                    measured = extraction.basis
                if measured is None:
                    measured = extraction_basis(extraction, frames, task=task)
                assessed = assess(measured, extraction.mask)
                figures, scored = quality_record(measured, assessed), assessed.scored
            except (InputError, ParameterError):
                if quality:
                    raise
        misfit = misfit_of(files, extraction.measurement.parameters.source, task)
        record = make_record(
            extraction, files, quality=figures, scored=scored, misfit=misfit, task=task
        )
        page = None
        if report_for is not None:
            from structmask_gui.io.pictures.figures import middle

            frame = middle(frames, extraction.measurement.region)
            page = report_page(record, report_for, extraction=extraction, frame=frame)
        said = tuple(note for stack in files.stacks for note in stack.notes)
        return cls(extraction.mask, record, page, said)


def report_page(
    record: Record,
    mask_file: str | None,
    *,
    extraction: Extraction | None = None,
    frame: AnyArray | None = None,
) -> bytes | None:
    """Return the report on the mask of a file of this name, if it has one; see `save_report`."""
    if mask_file is None:
        return None
    from structmask_gui.io.report.report import report_bytes
    from structmask_gui.io.trainers.snippets import MaskContext

    if record.doubt:
        mask_file = doubtful_name(Path(mask_file)).name
    context = MaskContext(mask_file=mask_file)
    return report_bytes(record, extraction=extraction, frame=frame, context=context)


@dataclass(frozen=True)
class ExtractionSettings:
    """What decides a mask besides the files it is measured in.

    Attributes
    ----------
    parameters : Parameters
    region : Region, optional
        The rectangle to stay within.
    dark, subtract : Input, optional
        Reference stacks, for the sources of these names.
    quality : bool
        Work out the figures of the mask too, which takes a second or two.
    one_mask : bool
        Of several files, measure each by itself and find the mask that serves all; without it they
        are measured together, as frames of one stack.
    """

    parameters: Parameters
    region: Region | None = None
    dark: Input | None = None
    subtract: Input | None = None
    quality: bool = False
    one_mask: bool = False


@contextmanager
def opened(inputs: Sequence[Input], settings: ExtractionSettings) -> Iterator[MeasuredFiles]:
    """Open the files of one mask, and its reference stacks."""
    allow_open_files(len(inputs))
    with ExitStack() as resources:
        stacks = [resources.enter_context(item.open()) for item in inputs]
        beside = resources.enter_context(references(settings, stacks[0].channel))
        yield MeasuredFiles(stacks, *beside)


References = tuple[ImageStack | None, ImageStack | None]
"""A dark stack and one to subtract, where they are given."""


@contextmanager
def references(settings: ExtractionSettings, channel: Channel | None) -> Iterator[References]:
    """Open the dark stack and the one to subtract, for a channel; None where there is none."""
    with ExitStack() as resources:

        def entered(item: Input | None) -> ImageStack | None:
            return None if item is None else resources.enter_context(item.beside(channel))

        yield entered(settings.dark), entered(settings.subtract)


def misfit_of(files: MeasuredFiles, source: str, task: Task) -> str:
    """Say where the reference stack that was measured with does not fit the files, else nothing."""
    from structmask_gui.core.stack.reference_fit import misfit, misfit_sentence, used_kind

    references = {"dark": files.dark, "subtract": files.subtract}
    kind = used_kind(source, [kind for kind, stack in references.items() if stack is not None])
    reference = None if kind is None else references[kind]
    if kind is None or reference is None:
        return ""
    for stack in files.stacks:
        if why := misfit(kind, reference, stack, task):
            return misfit_sentence(kind, reference.name, stack.name, why)
    return ""


def judging_misfit(files: MeasuredFiles, parameters: Parameters, task: Task) -> str:
    """Do as `misfit_of` where a mask is judged: by the published methods without such a stack."""
    return misfit_of(files, parameters.source, task) if parameters.method == "statistical" else ""


def extract_result(
    inputs: Sequence[Input],
    settings: ExtractionSettings,
    *,
    report_for: str | None = None,
    task: Task = NO_TASK,
) -> Result:
    """Return mask, record and report of one file or several files together.

    Parameters
    ----------
    inputs : sequence of Input
        At least one; all with frames of one size.
    settings : ExtractionSettings
    report_for : str, optional
        Name of the mask's file, as the report calls it; no report without it.
    task : Task, optional
        Progress and cancellation.

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `open_stack` and `structmask_gui.core.measure.measure.measure`.
    """
    with opened(inputs, settings) as files:
        recording = files.recording(settings.region)
        extraction = extract_recording(recording, settings.parameters, task=task)
        return Result.of(
            extraction, files, quality=settings.quality, report_for=report_for, task=task
        )

"""One extraction from files to results: the inputs and how they are opened, one mask for them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.extraction.extraction import Extraction, select
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK, IsCancelled, Progress, Task
from structmask_gui.core.quality.assessment import assess
from structmask_gui.core.quality.basis import extraction_basis, quality_record
from structmask_gui.core.stack.frames import ChosenFrames, Frames, Recording, Region
from structmask_gui.io.open import open_stack
from structmask_gui.io.results.cache import MeasurementCache
from structmask_gui.io.results.record import Record, make_record
from structmask_gui.io.stack.channels import Channel
from structmask_gui.io.stack.image_stack import ImageStack


@dataclass(frozen=True)
class Input:
    """A file and how it is opened."""

    path: Path
    # As `open_stack` takes them; None leaves them to the file.
    axes: str | None = None
    channel: Channel | None = None
    series: int | None = None
    frames: slice | None = None  # which of its frames; all without it

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
    """

    mask: Mask
    record: Record
    report: bytes | None = None

    @classmethod
    def of(
        cls,
        extraction: Extraction,
        frames: Frames,
        stacks: Sequence[ImageStack],
        *,
        quality: bool = False,
        report_for: str | None = None,
        task: Task = NO_TASK,
        dark: ImageStack | None = None,
        subtract: ImageStack | None = None,
    ) -> Result:
        """Return the result of an extraction, while its files are open.

        Parameters
        ----------
        extraction : Extraction
        frames : Frames
            What was measured.
        stacks : sequence of ImageStack
            The files it is of.
        quality : bool
            Work out the figures of the mask too. A report has them in any case, where they can be
            worked out.
        report_for : str, optional
            Name of the mask's file, as the report calls it; no report without it.
        task : Task, optional
        dark, subtract : ImageStack, optional
            As `make_record` takes them.
        """
        figures, noise, image = None, None, None
        if quality or report_for is not None:
            try:
                measured = extraction_basis(extraction, frames, task=task)
                figures = quality_record(measured, assess(measured, extraction.mask))
                if measured.trusted:  # what may be structure chooses no shape for CAREamics
                    noise, image = measured.noise.values, measured.image.values
            except (InputError, ParameterError):
                if quality:
                    raise
        record = make_record(
            extraction,
            stacks,
            quality=figures,
            task=task,
            dark=dark,
            subtract=subtract,
        )
        page = None
        if report_for is not None:
            from structmask_gui.io.pictures.figures import middle
            from structmask_gui.io.report.report import report_bytes
            from structmask_gui.io.trainers.snippets import MaskContext

            page = report_bytes(
                record,
                extraction=extraction,
                frame=middle(frames, extraction.measurement.region),
                context=MaskContext(mask_file=report_for, noise=noise, image=image),
            )
        return cls(extraction.mask, record, page)


def extract_inputs(
    inputs: Sequence[Input],
    parameters: Parameters,
    *,
    region: Region | None = None,
    dark: Input | None = None,
    subtract: Input | None = None,
    quality: bool = False,
    cache: MeasurementCache | None = None,
    task: Task = NO_TASK,
) -> tuple[Extraction, Record]:
    """Extract one mask from one file or several files together."""
    extraction, result = _extracted(
        inputs,
        parameters,
        region=region,
        dark=dark,
        subtract=subtract,
        quality=quality,
        cache=cache,
        task=task,
    )
    return extraction, result.record


def extract_result(
    inputs: Sequence[Input],
    parameters: Parameters,
    *,
    region: Region | None = None,
    dark: Input | None = None,
    subtract: Input | None = None,
    quality: bool = False,
    report_for: str | None = None,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> Result:
    """Return mask, record and report of one file or several files together.

    Parameters
    ----------
    inputs, parameters, region, dark, subtract, quality, progress, cancelled
        As in `extract_inputs`.
    report_for : str, optional
        As in `Result.of`.
    """
    _, result = _extracted(
        inputs,
        parameters,
        region=region,
        dark=dark,
        subtract=subtract,
        quality=quality,
        report_for=report_for,
        task=Task(progress, cancelled),
    )
    return result


def _extracted(
    inputs: Sequence[Input],
    parameters: Parameters,
    *,
    region: Region | None,
    dark: Input | None,
    subtract: Input | None,
    quality: bool,
    report_for: str | None = None,
    cache: MeasurementCache | None = None,
    task: Task,
) -> tuple[Extraction, Result]:
    with ExitStack() as resources:
        stacks = [resources.enter_context(item.open()) for item in inputs]
        frames = stacks[0] if len(stacks) == 1 else ChosenFrames(stacks)
        dark_stack = None if dark is None else resources.enter_context(dark.open())
        other = None if subtract is None else resources.enter_context(subtract.open())
        key, measurement = None, None
        if cache is not None:
            key = cache.key(stacks, parameters, region=region, dark=dark_stack, subtract=other)
            measurement = cache.load(key, parameters)
        if measurement is None:
            recording = Recording(frames, region, dark_stack, other)
            measurement = measure(recording, parameters, task=task)
            if cache is not None:
                cache.store(key, measurement)
        extraction = select(measurement, parameters)
        result = Result.of(
            extraction,
            frames,
            stacks,
            quality=quality,
            report_for=report_for,
            task=task,
            dark=dark_stack,
            subtract=other,
        )
    return extraction, result

"""One mask for several files, each measured by itself; and whether a mask fits files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from structmask_gui.core.errors import InputError, NoneUsable, ParameterError, StructMaskError
from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.recommend.extract import (
    Judged,
    RecommendedExtraction,
    extract_recording,
    judge_stack,
)
from structmask_gui.core.recommend.shared import (
    FIT_WORDS,
    FileNoise,
    Fit,
    shared_answer,
    shared_mask,
)
from structmask_gui.core.recommend.wording import Answer
from structmask_gui.core.stack.frames import Recording
from structmask_gui.io.extract_files import (
    ExtractionSettings,
    Input,
    References,
    Result,
    extract_result,
    judging_misfit,
    misfit_of,
    opened,
    references,
    report_page,
)
from structmask_gui.io.files.paths import file_state, shown
from structmask_gui.io.results.record import (
    AnswerRecord,
    FitRecord,
    InputRecord,
    LeftOutRecord,
    PatchesRecord,
    Record,
    VerdictRecord,
    make_record,
)
from structmask_gui.io.stack.channels import Channel
from structmask_gui.io.stack.image_stack import MeasuredFiles, location_of

_PUBLISHED = {"ring": "the masks of ring analysis", "spine": "the masks of the spine"}
"""The masks to choose among, of methods that do not say themselves which of them is best."""


def extract_job(
    inputs: Sequence[Input],
    settings: ExtractionSettings,
    *,
    report_for: str | None = None,
    task: Task = NO_TASK,
) -> Result:
    """Return one mask for some files: measured together, or one by one as the settings say."""
    shared = settings.one_mask and len(inputs) > 1
    extract = extract_shared if shared else extract_result
    return extract(inputs, settings, report_for=report_for, task=task)


def extract_shared(
    inputs: Sequence[Input],
    settings: ExtractionSettings,
    *,
    report_for: str | None = None,
    task: Task = NO_TASK,
) -> Result:
    """Return one mask for several files, which need not be of one size, and its record.

    Every file is measured by itself, so that nothing of one scene is taken for noise of another.
    Of the masks that they would get alone, it is the one with the least expected error summed over
    all files. Files that cannot be measured are left out, which the record says.
    """
    with references(settings, inputs[0].channel) as beside:
        each = _each(inputs, settings, beside, task)
        if not each.used:
            raise NoneUsable(
                f"{shown(inputs[0].path)} and {len(inputs) - 1} more: none can be measured.",
                tuple(one.why for one in each.left_out),
            )
        if len(each.used) == 1:
            with each.used[0].open() as stack:
                result = Result.of(
                    each.found[0],
                    MeasuredFiles([stack], *beside),
                    quality=settings.quality,
                    report_for=report_for,
                    task=task,
                )
            record = result.record.model_copy(update={"left_out": each.left_out})
            return replace(result, record=record)
        mask = shared_mask(each.noises, task)
        fits = [noise.fit(mask, task) for noise in each.noises]
        names = [shown(item.path) for item in each.used]
        told = shared_answer(
            mask,
            names,
            fits,
            [one.not_tested for one in each.noises],
            _PUBLISHED.get(settings.parameters.method, ""),
        )
        # The record shows the measurement of a file that has this mask of its own, if there is one.
        both = zip(each.found, each.noises, strict=True)
        owners = [one for one, noise in both if noise.own == mask]
        made = replace((owners or each.found)[0], mask=mask)
        base = make_record(made, MeasuredFiles([], *beside), task=task)
    told = told.doubted(each.doubt)
    record = _shared_record(base, each.found, told, list(zip(names, fits, strict=True)))
    update = {"inputs": each.records, "doubt": each.doubt, "left_out": each.left_out}
    record = record.model_copy(update=update)
    return Result(mask, record, report_page(record, report_for))


@dataclass
class _Each:
    """What was found in each file that could be measured, and which could not."""

    used: list[Input] = field(default_factory=list)
    noises: list[FileNoise] = field(default_factory=list)
    found: list[Extraction] = field(default_factory=list)
    records: list[InputRecord] = field(default_factory=list)
    left_out: list[LeftOutRecord] = field(default_factory=list)
    doubt: str = ""
    """The first reference stack that does not fit, in a sentence."""


def _each(
    inputs: Sequence[Input], settings: ExtractionSettings, beside: References, task: Task
) -> _Each:
    """Measure files one by one."""
    each = _Each()
    for number, item in enumerate(inputs):
        step, state = task.part(number, len(inputs)), file_state(item.path) or (None, None)
        try:
            # One at a time: a system lets a program open some hundred files.
            with item.open() as stack:
                one = MeasuredFiles([stack], *beside)
                noise, extraction = _measured(one.recording(settings.region), settings, step)
                step = step.reporting(None)
                each.doubt = each.doubt or misfit_of(one, settings.parameters.source, step)
                each.records.append(InputRecord.of(stack, step))
        except (InputError, ParameterError) as error:
            size, modified = state
            left = LeftOutRecord(
                path=location_of(item.path), why=str(error), size=size, modified=modified
            )
            each.left_out.append(left)
            continue
        each.noises.append(noise)
        # It holds frames. That of the first is for a mask of this file alone.
        each.found.append(_without_basis(extraction) if each.found else extraction)
        each.used.append(item)
    return each


def _fit_of(
    mask: Mask, item: Input, settings: ExtractionSettings, task: Task
) -> tuple[Fit, Channel | None]:
    with opened([item], settings) as files:
        channel = files.stacks[0].channel
        judged = judge_stack(files.recording(settings.region), settings.parameters, task=task)
        misfit = judging_misfit(files, settings.parameters, task)
    return FileNoise.of(judged).fit(mask, task).doubted(misfit), channel


@dataclass(frozen=True)
class Checked:
    """What is said of one file."""

    item: Input
    fit: Fit | None
    error: str = ""  # why it could not be checked
    channel: Channel | None = None  # None if the file has one alone


def check_files(
    mask: Mask, inputs: Sequence[Input], settings: ExtractionSettings, task: Task = NO_TASK
) -> Iterator[Checked]:
    """Say of each file whether a mask fits it; one that is damaged does not stop the others.

    The noise is measured as the settings say.
    """
    for number, item in enumerate(inputs):
        step = task.part(number, len(inputs))
        try:
            fit, channel = _fit_of(mask, item, settings, step)
            yield Checked(item, fit, channel=channel)
        except StructMaskError as error:
            task.stop_if_cancelled()
            yield Checked(item, None, str(error))


def counts(fits: Iterable[Fit]) -> str:
    """Return how many files a mask fits, fits worse, and so on."""
    found = Counter(fit.word for fit in fits)
    return ", ".join(f"{word}: {found[word]}" for word in FIT_WORDS if found[word])


def _measured(
    recording: Recording, settings: ExtractionSettings, task: Task
) -> tuple[FileNoise, Extraction]:
    parameters = settings.parameters
    extraction = extract_recording(recording, parameters, task=task)
    if isinstance(extraction, RecommendedExtraction) and extraction.recommendation is not None:
        judged = Judged(extraction, extraction.recommendation, extraction.basis)
        return FileNoise.of(judged).without_frames(), extraction
    judged = judge_stack(recording, parameters, task=task)
    return FileNoise.of(judged, extraction.mask).without_frames(), extraction


def _without_basis(extraction: Extraction) -> Extraction:
    if isinstance(extraction, RecommendedExtraction):
        return replace(extraction, basis=None)
    return extraction


def _shared_verdict(
    base: Record, found: Sequence[Extraction], told: Answer
) -> VerdictRecord | None:
    """Return a verdict with the flags of all files, for what asks before it goes on."""
    if base.verdict is None:
        return None
    verdicts = [one.verdict for one in found if one.verdict is not None]
    flags = dict.fromkeys(flag for one in verdicts for flag in one.flags)
    sure = told.certainty in ("likely", "reliable")
    return VerdictRecord(kind=base.verdict.kind, sure=sure, flags=tuple(flags), sentence=told.what)


def _shared_record(
    base: Record, found: Sequence[Extraction], told: Answer, fits: Sequence[tuple[str, Fit]]
) -> Record:
    samplings = [one.measurement.sampling for one in found]
    left_out: Counter[str] = Counter()
    for one in samplings:
        left_out.update(one.left_out)
    patches = PatchesRecord(
        shape=samplings[0].patch_shape,
        used=sum(one.n_used for one in samplings),
        frames=sum(one.n_frames for one in samplings),
        left_out=left_out,
    )
    return base.model_copy(
        update={
            "sentence": told.what,
            "notes": [f"{name}: {fit.sentence}" for name, fit in fits],
            "answer": AnswerRecord.model_validate(told.record()),
            "patches": patches,
            # Those of one file would be taken for those of all.
            "rings": [],
            "correlation": None,
            "verdict": _shared_verdict(base, found, told),
            "recommendation": None,
            "fits": [FitRecord.model_validate({"name": n, **fit.record()}) for n, fit in fits],
        }
    )

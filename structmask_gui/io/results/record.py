"""The JSON record: all that is needed to understand and repeat an extraction."""

from __future__ import annotations

import hashlib
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.extraction.extraction import Extraction, edited
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.error import Scored
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.doubt import doubt_about
from structmask_gui.core.recommend.recommend import Recommendation
from structmask_gui.core.recommend.wording import Answer
from structmask_gui.io.files.json_files import LARGEST_JSON, check_format, json_bytes, read_json
from structmask_gui.io.files.paths import is_file, is_folder, last_part, reason, shown
from structmask_gui.io.files.remote import remote_address
from structmask_gui.io.stack.channels import with_channel
from structmask_gui.io.stack.image_stack import ImageStack, MeasuredFiles
from structmask_gui.io.stack.info import describe
from structmask_gui.version import __version__

FORMAT: Literal["structmask-record"] = "structmask-record"
VERSION = 1

# Three characters a pixel, and room for the rest.
_MOST_PIXELS = LARGEST_JSON // 4
_PIECE = 2**20

NO_FILES = MeasuredFiles()


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]
"""A number, or None where it is undefined: JSON has no NaN."""


class _Part(BaseModel):
    # What a later version adds is ignored; what it changes raises the version number.
    model_config = ConfigDict(frozen=True, extra="ignore")


class InputRecord(_Part):
    """A file that was measured."""

    name: str
    path: str
    kind: str = ""
    axes: str
    shape: tuple[int, ...]
    dtype: str
    series: int = 0
    channel: int | Literal["luminance"] | None = None
    channel_name: str = ""  # as the file has it
    frames: str | None = None  # which frames, START:STOP:STEP; None for all
    # How many frames these are; None in records of versions that did not write it.
    n_frames: int | None = None
    sha256: str | None = None  # checksum of the file; None if it was not made
    # Bytes, and when it was changed (ns), before it was opened; None in records of versions that
    # did not write it, and of folders.
    size: int | None = None
    modified: int | None = None
    metadata: dict[str, str] = Field(default_factory=dict)  # as the file has it

    @property
    def called(self) -> str:
        """Its name, with the channel if it has several."""
        return with_channel(self.name, self.channel)

    @classmethod
    def of(cls, stack: ImageStack, task: Task = NO_TASK) -> InputRecord:
        """Return the record of an open file; what is far away is not read again for a checksum.

        Raises `InputError` if the file was changed since: the checksum would be of other pixels.
        """
        info, far = describe(stack), remote_address(stack.location) is not None
        checksum = None if far else file_checksum(stack.path, task=task)
        stack.check_unchanged()
        size, modified = stack.found or (None, None)
        return cls.model_validate(
            {
                **vars(info),
                "path": stack.location,
                "series": info.series_index,
                "frames": stack.frames_chosen,
                "sha256": checksum,
                "size": size,
                "modified": modified,
            }
        )


class PatchesRecord(_Part):
    """The patches: their shape, how many were used, and why others were not.

    ``frames`` is on how many frames they lie; a patch of a difference of two counts on the earlier.
    """

    shape: tuple[int, int]
    used: int
    frames: int
    left_out: dict[str, int] = Field(default_factory=dict)


class RingRecord(_Part):
    """What was decided about one ring; see `structmask_gui.core.extraction.rings.Ring`."""

    index: int
    pixels: int
    maximum: Number
    ratio: Number
    threshold: Number
    considered: bool
    kept: int
    added_by_proximity: int
    dropped_by_proximity: int = 0


class StatisticsRecord(_Part):
    """Figures of the mask; see `structmask_gui.core.masks.mask.MaskStatistics`."""

    shape: tuple[int, int]
    true_pixels: int
    share: float
    extent: tuple[int, int]
    components: int
    symmetric: bool
    shape_class: str


class CorrelationRecord(_Part):
    """Correlation of the noise at each lag and its standard error, both with axes (dy, dx)."""

    rho: list[list[Number]]
    error: list[list[Number]]


class VerdictRecord(_Part):
    """What the measurement says; see `structmask_gui.core.verdict.verdict.Verdict`."""

    kind: str
    sure: bool
    flags: tuple[str, ...] = ()
    sentence: str
    details: tuple[str, ...] = ()
    more_patches: int = 0


class AnswerRecord(_Part):
    """The answer in three lines; see `structmask_gui.core.recommend.wording.Answer`."""

    what: str
    certainty: str
    how_sure: str
    advice: str
    not_tested: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, str, str]:
        """What, how sure, what to do."""
        return self.what, self.how_sure, self.advice

    @property
    def told(self) -> str:
        """See `Answer.told`."""
        return self._answer.told

    @property
    def first(self) -> str:
        """See `Answer.first`."""
        return self._answer.first

    @property
    def _answer(self) -> Answer:
        return Answer(**self.model_dump())


class FitRecord(_Part):
    """How well a shared mask fits a file; see `structmask_gui.core.recommend.shared.Fit`."""

    name: str
    fit: str
    certainty: str
    expected_error: Number = None
    own_pixels: int
    own_expected_error: Number = None


class LeftOutRecord(_Part):
    """A file that was to share the mask and could not be measured."""

    path: str
    why: str
    # As of `InputRecord`.
    size: int | None = None
    modified: int | None = None


class Record(_Part):
    """The record of an extraction."""

    format: Literal["structmask-record"] = FORMAT
    version: int = VERSION
    program_version: str
    date: str  # when, in UTC
    method: str
    convention: str
    source: str
    parameters: dict[str, Any]
    # The rectangle that was measured; None for whole frames.
    region: tuple[int, int, int, int] | None = None
    inputs: list[InputRecord] = Field(default_factory=list)
    dark: InputRecord | None = None
    subtract: InputRecord | None = None
    patches: PatchesRecord | None = None
    rings: list[RingRecord] = Field(default_factory=list)
    statistics: StatisticsRecord
    sentence: str = ""
    notes: list[str] = Field(default_factory=list)
    edited: bool = False  # the mask was changed by hand afterwards
    doubt: str = ""  # why the answer does not support the mask; empty where it does
    correlation: CorrelationRecord | None = None
    verdict: VerdictRecord | None = None
    quality: dict[str, Any] | None = None
    # None in records of versions that gave no answer, or where the significant lags were chosen.
    answer: AnswerRecord | None = None
    recommendation: dict[str, Any] | None = None
    # Of a mask that files share, each measured by itself.
    fits: list[FitRecord] = Field(default_factory=list)
    left_out: list[LeftOutRecord] = Field(default_factory=list)
    mask: list[list[int]]

    @property
    def n_frames(self) -> int:
        """How many frames were measured: those of the dark stack, if there is one."""
        inputs = self.inputs if self.dark is None else [self.dark]
        numbers = [item.n_frames for item in inputs]
        if numbers and None not in numbers:
            return sum(number or 0 for number in numbers)
        return 0 if self.patches is None else self.patches.frames

    @property
    def unseparated(self) -> bool:
        """Whether noise and structure could not be separated, of shared masks in any file."""
        said = [fit.fit for fit in self.fits]
        if self.answer is not None:
            said.append(self.answer.certainty)
        safe = self.recommendation is not None and self.recommendation.get("safe") is True
        return safe or "cannot tell" in said

    @property
    def told_error(self) -> float | None:
        """Expected error of a recommended mask, where it is known and noise can be separated.

        Of a mask that files share, in the file that it fits worst.
        """
        if self.unseparated:
            return None
        if self.fits:
            known = [fit.expected_error for fit in self.fits if fit.expected_error is not None]
            return max(known, default=None)
        found = self.recommendation or {}
        rows = {row.get("name"): row.get("error") for row in found.get("ledger", ())}
        return rows.get(found.get("choice"))

    @property
    def measured_in(self) -> str:
        """Its files and their channels, as messages name them."""
        names = [item.called for item in self.inputs]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return ", ".join(names[:3]) + more

    def is_of(self, file: Path) -> bool:
        """Say whether a file is one of its inputs: where it was, or another of the same name."""
        return any(item.name == shown(file) for item in self.inputs)

    def as_json(self) -> bytes:
        """Return the contents of a record file."""
        return json_bytes(self.model_dump(mode="json"))

    def as_mask(self) -> Mask:
        """Return the mask."""
        return _checked_mask(self.mask, "the record")

    def as_parameters(self) -> Parameters:
        """Return the parameters."""
        return Parameters.checked(self.parameters)


def make_record(
    extraction: Extraction,
    files: MeasuredFiles = NO_FILES,
    *,
    mask: Mask | None = None,
    quality: dict[str, Any] | None = None,
    scored: Scored | None = None,
    misfit: str = "",
    task: Task = NO_TASK,
) -> Record:
    """Make the record of an extraction, with checksums of its files.

    ``mask`` is the mask as edited by hand, ``quality`` its figures, ``scored`` those that the
    answer needs, ``misfit`` a sentence on a reference stack that does not fit the files.
    """
    parameters, measurement = extraction.parameters, extraction.measurement
    recommendation: Recommendation | None = getattr(extraction, "recommendation", None)
    changed = mask is not None and mask != extraction.mask
    shown_as = extraction if mask is None or not changed else edited(extraction, mask, "edited")
    final = extraction.mask if mask is None else mask
    if final.array.size > _MOST_PIXELS:
        raise InputError(
            f"The mask of {final.shape[0]} x {final.shape[1]} pixels is too large for a JSON"
            " record; export it as NPY, or switch crop_autocorr on."
        )

    told = answer(shown_as, recommendation, scored)
    if any(stack.denoised for stack in files.stacks):
        told = told.of_denoised()
    told = told.doubted(misfit)
    sampling, estimate = measurement.sampling, measurement.correlation
    rings = extraction.rings.rings if extraction.rings is not None else ()
    return Record(
        program_version=__version__,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        method=parameters.method,
        convention=parameters.convention,
        source=parameters.source,
        parameters=parameters.model_dump(mode="json"),
        region=None if measurement.region is None else tuple(measurement.region),
        inputs=[InputRecord.of(stack, task) for stack in files.stacks],
        dark=None if files.dark is None else InputRecord.of(files.dark, task),
        subtract=None if files.subtract is None else InputRecord.of(files.subtract, task),
        patches=PatchesRecord(
            shape=sampling.patch_shape,
            used=sampling.n_used,
            frames=sampling.n_frames,
            left_out=sampling.left_out,
        ),
        rings=[RingRecord.model_validate(ring, from_attributes=True) for ring in rings],
        statistics=StatisticsRecord.model_validate(final.statistics, from_attributes=True),
        sentence=extraction.sentence,
        notes=list(
            dict.fromkeys(
                (*(note for one in files.stacks for note in one.notes), *extraction.notes)
            )
        ),
        edited=changed,
        doubt=f"{misfit} {doubt_about(shown_as, recommendation)}".strip(),
        correlation=None
        if estimate is None
        else CorrelationRecord(
            rho=estimate.lags.rho.tolist(), error=estimate.lags.standard_error.tolist()
        ),
        verdict=None
        if extraction.verdict is None
        else VerdictRecord.model_validate(extraction.verdict, from_attributes=True),
        quality=quality,
        answer=AnswerRecord.model_validate(told.record()),
        recommendation=None if recommendation is None else recommendation.record(),
        mask=final.array.astype(int).tolist(),
    )


def read_record(path: str | os.PathLike[str]) -> Record:
    """Read a record file.

    Raises
    ------
    InputError
        If it cannot be read, is no record, was made by a newer version, or holds no valid mask or
        parameters.
    """
    path = Path(path)
    name = shown(path)
    data = read_json(path, LARGEST_JSON, "a record")
    check_format(data, path, FORMAT, VERSION, "a record")
    try:
        record = Record.model_validate(data)
        record.as_parameters()
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError(
            f"{name} is a damaged record: {where} is missing or not valid; export it again."
        ) from None
    except ParameterError as error:
        raise InputError(f"{name} is a damaged record: {error}") from None
    _checked_mask(record.mask, name)
    return record


def record_beside(mask: Path) -> Record | None:
    """Return the record beside a mask, None if there is none; raises as `read_record`."""
    path = mask.with_suffix(".json")
    return read_record(path) if is_file(path) else None


def recorded_file(item: InputRecord, record: Path) -> Path | None:
    """Find an input of a record where it was, or beside the record; None if it is at neither."""
    # The name is what messages show, which may be cut short.
    at = Path(item.path)
    places = (at, record.parent / at.name, record.parent / last_part(item.path))
    return next((path for path in places if is_file(path) or is_folder(path)), None)


def file_checksum(path: Path, *, task: Task = NO_TASK) -> str:
    """Return the SHA-256 of a file; of a folder, that of all its files and names."""
    what = f"Checksum of {shown(path)}"
    digest = hashlib.sha256()
    try:
        files = sorted(f for f in path.rglob("*") if is_file(f)) if is_folder(path) else [path]
        total = sum(file.stat().st_size for file in files)
        done = 0
        for each in files:
            if each != path:
                inside = each.relative_to(path).as_posix()
                digest.update(f"{inside}\0{each.stat().st_size}\0".encode(errors="replace"))
            with each.open("rb") as file:
                while piece := file.read(_PIECE):
                    task.stop_if_cancelled()
                    digest.update(piece)
                    done += len(piece)
                    task.report(min(done, total), total, what)
    except OSError as error:
        raise InputError(
            f"{shown(path)} can no longer be read ({reason(error)}); check that the disk is there."
        ) from error
    return digest.hexdigest()


def _checked_mask(rows: list[list[int]], name: str) -> Mask:
    if len({len(row) for row in rows}) != 1:
        raise InputError(f"{name} has a mask whose rows are not equally long; export it again.")
    return Mask.checked(rows, name)

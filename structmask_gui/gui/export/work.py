"""What is written of a result: the exporting thread's work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import Task
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.opening import Signatures, check_there, check_unchanged

if TYPE_CHECKING:
    from structmask_gui.core.extraction.extraction import Extraction
    from structmask_gui.core.stack.frames import Frames
    from structmask_gui.gui.session.quality import Scores
    from structmask_gui.gui.session.session import Session
    from structmask_gui.io.results.record import Record


class Result(NamedTuple):
    """A result as it stood when its export was asked for."""

    result: Extraction
    extraction: Extraction
    stacks: list[Any]
    inputs: tuple[Path, ...]
    """Files that nothing is written over."""
    frames: Frames
    signatures: Signatures
    references: Mapping[Any, Any] | None
    """None if it was measured with others than are there now."""
    scores: Scores | None
    paths: tuple[Path, ...]
    mark: str
    """Of the channel, in the names of files."""
    how: str
    """How the mask was changed by hand; empty if it was not."""
    doubt: str
    misfit: str
    first: str
    """What the answer advises to do before the mask is used."""

    @classmethod
    def of(cls, session: Session) -> Result:
        """Take the present result; `InputError` where there is none."""
        state, quality, answer = session.state, session.quality, session.answer
        if state.result is None:
            raise InputError("There is no mask yet; open a stack first.")
        assert state.extraction is not None
        assert state.frames is not None
        assert state.asked is not None
        source, references = state.extraction.parameters.source, session.reference_stacks
        same = references.key(source) == state.asked.reference_stacks
        return cls(
            state.result,
            state.extraction,
            state.measured_stacks(),
            session.inputs,
            state.frames,
            {**references.signatures(source), **state.signatures},
            references.used(source) if same else None,
            quality.scores if quality.current else None,
            state.paths,
            state.channel_mark,
            "" if state.edit is None else state.edit.how,
            session.doubt,
            session.misfit,
            "" if answer is None else answer.first,
        )

    def proposed(self, ending: str) -> Path:
        """Return where a file goes: beside the input, or at home if that lies at an address."""
        from structmask_gui.io.results.files import stem_of

        return beside(self.paths) / f"{stem_of(self.paths[0])}{self.mark}{ending}"

    def proposed_mask(self, ending: str) -> Path:
        """Return where the mask goes; its name says so where the answer does not support it."""
        from structmask_gui.io.results.files import DOUBTFUL

        return self.proposed(f"_mask{DOUBTFUL if self.doubt else ''}{ending}")

    def used(self) -> Mapping[Any, Any]:
        """Return the reference stacks that a record names.

        Raises
        ------
        InputError
            If they or the measured files are no longer what they were: there can be no record.
        """
        check_there(self.signatures)
        if self.references is None:
            raise InputError(
                "The reference stack of this mask is no longer there, which its record would have"
                " to name; measure again."
            )
        return self.references

    def record(self, task: Task) -> Record:
        """Return its record; the checksum is that of what was measured, or `InputError`."""
        from structmask_gui.io.results.record import make_record
        from structmask_gui.io.stack.image_stack import MeasuredFiles

        references = self.used()
        record = make_record(
            self.extraction,
            MeasuredFiles(self.stacks, **references),
            mask=self.result.mask,
            quality=None if self.scores is None else self.scores.record(),
            scored=None if self.scores is None else self.scores.assessment.scored,
            misfit=self.misfit,
            task=task,
        )
        check_unchanged(self.signatures)
        return record.model_copy(update={"sentence": self.result.sentence, "doubt": self.doubt})


def write_masks(result: Result, files: Mapping[str, Path], task: Task) -> list[str]:
    """Write the mask in some forms, replacing old files; return their names."""
    from structmask_gui.io.files.atomic import check_no_input
    from structmask_gui.io.results.files import write_forms

    check_unchanged(result.signatures)
    for path in files.values():
        check_no_input(path, result.inputs)
    return [str(path) for path in write_forms(result.result.mask, files, result.record, task)]


def write_report(result: Result, path: Path, task: Task) -> list[str]:
    """Write the report: as PDF if the name ends so, else as HTML; return its name."""
    from structmask_gui.io.files.atomic import check_no_input, write_atomic
    from structmask_gui.io.pictures.figures import middle
    from structmask_gui.io.report.report import report_bytes
    from structmask_gui.io.trainers.snippets import MaskContext

    check_no_input(path, result.inputs)
    record = result.record(task)
    of_files = (note for stack in result.stacks for note in stack.notes)
    notes = list(dict.fromkeys((*of_files, *result.result.notes)))
    record = record.model_copy(update={"notes": notes})
    page = report_bytes(
        record,
        extraction=result.extraction,
        frame=middle(result.frames, result.extraction.measurement.region),
        context=MaskContext(mask_file=result.proposed_mask(".npy").name),
    )
    if path.suffix.lower() == ".pdf":
        from structmask_gui.gui.export.pdf import pdf_bytes

        page = pdf_bytes(page)
    task.stop_if_cancelled()
    write_atomic(path, page, force=True)
    return [str(path)]

"""The report: one page that shows a mask, how it came about, and how to use and repeat it.

It is HTML with everything inside; `structmask_gui.gui.export.pdf` sets it on paper.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.symmetry import allowed_turns
from structmask_gui.core.names import Target, counted
from structmask_gui.core.parameters.model import parameter_infos
from structmask_gui.core.parameters.rules import why_without_effect
from structmask_gui.core.quality.assessment import NOT_SEPARATED
from structmask_gui.core.recommend.candidates import row_words
from structmask_gui.io.files.atomic import write_atomic
from structmask_gui.io.pictures.figures import draw_frame, draw_values
from structmask_gui.io.pictures.mask_picture import draw_mask
from structmask_gui.io.report.html import bullets, code, figure, page, paragraph, table
from structmask_gui.io.results.record import InputRecord, Record
from structmask_gui.io.stack.units import pixel_size
from structmask_gui.io.trainers.snippets import NO_CONTEXT, MaskContext, snippet

_LARGEST_DRAWN = 201
_TRAINERS: tuple[Target, ...] = ("careamics", "n2v")
_UNIT = (
    "Percentages are of the noise's variance, so that an expected error of 100 % is no denoising;"
    " they are estimates from a linear model, ± their standard error."
)


def save_report(
    record: Record,
    path: str | os.PathLike[str],
    *,
    extraction: Extraction | None = None,
    frame: ArrayLike | None = None,
    context: MaskContext = NO_CONTEXT,
    force: bool = False,
) -> None:
    """Write the report of an extraction.

    Parameters
    ----------
    record : Record
        From `make_record`, or `read_record` of an older one.
    path : path
        The HTML file; it appears only once it is complete.
    extraction : Extraction, optional
        With it the autocorrelation and the rings are drawn too.
    frame : array_like, shape (y, x), optional
        Part of a frame, to be shown; `structmask_gui.io.pictures.figures.middle` gives one.
    context : MaskContext
        For the trainers: stage, and name of the mask's file. The record says the rest.
    force : bool
        Replace an existing file.

    Raises
    ------
    InputError
        If the file exists and `force` is False, or cannot be written.
    """
    contents = report_bytes(record, extraction=extraction, frame=frame, context=context)
    write_atomic(path, contents, force=force)


def report_bytes(
    record: Record,
    *,
    extraction: Extraction | None = None,
    frame: ArrayLike | None = None,
    context: MaskContext = NO_CONTEXT,
) -> bytes:
    """Return the page; see `save_report`."""
    mask = record.as_mask()
    title = ", ".join(item.name for item in record.inputs) or "array"
    body = [
        f"<h1>Mask of {escape(title)}</h1>",
        *_answer(record),
        *([paragraph("The mask was changed by hand afterwards.")] if record.edited else []),
        bullets(filter(None, (record.doubt, *record.notes))),
        '<div class="row">',
        *_pictures(mask, extraction, frame),
        "</div>",
        *_verdict(record),
        *_statistics(record, mask),
        *_ledger(record.recommendation),
        *_quality(record, mask),
        *_rings(record),
        *_inputs(record),
        *_parameters(record),
        *_use(record, mask, context),
        *_repeat(record, context.mask_file),
    ]
    return page(f"Mask of {title}", body)


def _answer(record: Record) -> Iterator[str]:
    """Yield the three lines, then the sentence of the method."""
    if record.answer is None:
        yield paragraph(record.sentence, "lead")
        return
    yield paragraph(record.answer.what, "lead")
    yield paragraph(record.answer.how_sure)
    yield paragraph(record.answer.advice)
    yield paragraph(record.sentence, "faint")


def _ledger(recommendation: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the masks that the recommended one was chosen from, with their expected errors."""
    if recommendation is None or not recommendation.get("ledger"):
        return
    choice = recommendation.get("choice")
    yield "<h2>Why this mask</h2>"
    yield paragraph(
        f"{recommendation.get('rule', '')} {_UNIT} Training: what more hidden pixels cost it,"
        " calibrated on small U-Nets; it is part of the expected error."
    )
    try:
        rows = [_ledger_row(row, choice) for row in recommendation["ledger"]]
    except (KeyError, TypeError, ValueError):
        # Of another version: what is there, under the names it has there.
        yield table((), list(_flat(recommendation)))
        return
    yield table(
        (
            *("Mask", "Pixels", "Noise copied", "Noise left", "Detail lost", "Training"),
            "Expected error",
        ),
        rows,
        numbers=(1, 2, 3, 4, 5, 6),
    )


def _ledger_row(row: Mapping[str, Any], choice: object) -> Sequence[object]:
    tie = " (equally good)" if row["tied"] and row["name"] != choice else ""
    figures = (_share(row[name]) for name in ("copied", "left", "lost", "training"))
    error = f"{_share(row['error'])} ± {_share(row['error_se'])}"
    name = row_words(str(row["name"]))
    if row["name"] == choice:
        name = f"recommended: {name}"
    return (f"{name}{tie}", row["pixels"], *figures, error)


def _share(value: float) -> str:
    """Return a share of the noise's variance in per cent, to two digits."""
    return f"{float(f'{100 * value:.2g}'):g} %" if abs(value) >= 0.0005 else "0 %"


def _pictures(mask: Mask, extraction: Extraction | None, frame: ArrayLike | None) -> Iterator[str]:
    if frame is not None:
        yield figure(draw_frame(np.asarray(frame)), "The middle of a frame, pixel by pixel.")
    yield figure(
        draw_mask(mask),
        "The mask. Its pixels are hidden from the network together with the centre.",
    )
    if extraction is None or max(extraction.square.shape) > _LARGEST_DRAWN:
        return
    correlation = extraction.measurement.correlation
    if correlation is not None:
        yield figure(
            draw_values(correlation.lags.rho, "Correlation of the noise"),
            "Correlation at each lag, 1 at the centre, which is beyond the colours' range.",
        )
        return
    yield figure(
        draw_values(extraction.square, "Autocorrelation"),
        "Averaged over the patches. The centre is beyond the colours' range.",
    )
    if extraction.rings is None:
        return
    yield figure(
        draw_values(
            extraction.centre,
            "Rings and decisions",
            kept=extraction.mask.array,
            rings=extraction.rings,
        ),
        "What the rings see after the adaptive step. Framed in red: kept. Rings struck through at"
        " their corner were not considered.",
    )


def _verdict(record: Record) -> Iterator[str]:
    if record.verdict is None:
        return
    verdict = record.verdict
    yield "<h2>Noise</h2>"
    yield bullets(text for text in verdict.details if text not in record.notes)
    flags = ", ".join(flag.replace("_", " ") for flag in verdict.flags) or "none"
    yield table((), [("Kind of noise, by strength", verdict.kind), ("Flags", flags)])


def _statistics(record: Record, mask: Mask) -> Iterator[str]:
    found = record.statistics
    yield "<h2>Mask</h2>"
    yield table(
        (),
        [
            ("Shape", mask.statistics.shape_words.lower()),
            ("Hidden pixels, with the centre", found.true_pixels),
            ("Array, height x width", f"{found.shape[0]} x {found.shape[1]}"),
            ("Extent, height x width", f"{found.extent[0]} x {found.extent[1]}"),
            ("Components", found.components),
            ("Symmetric", "yes" if found.symmetric else "no"),
            ("Augmentation", allowed_turns(mask).sentence),
        ],
    )


def _quality(record: Record, mask: Mask) -> Iterator[str]:
    quality = record.quality
    if quality is None:
        return
    yield "<h2>Quality</h2>"
    if record.recommendation is None:
        yield paragraph(_UNIT)
    try:
        rows = list(_figures(quality, mask.statistics.true_pixels - 1))
    except (KeyError, TypeError, ValueError):
        # Of another version: what is there, under the names it has there.
        rows = list(_flat(quality))
    yield table((), rows)


def _figures(quality: Mapping[str, Any], hidden: int) -> Iterator[tuple[str, str]]:
    """Yield the figures of a mask, which hides so many pixels but the centre, as rows in words."""
    error = quality["estimated_error"]
    copied, bare = quality["still_copied"], quality["still_copied_bare_centre"]
    yield "Noise measured in", str(quality["noise_measured_in"])
    if quality.get("noise_told_from_picture") is False:
        yield "In doubt", NOT_SEPARATED
    yield (
        "Noise a network could copy",
        f"{_share(copied)}; without a mask {_share(bare)}",
    )
    needless = counted(quality["needlessly_hidden"], "pixel")
    within = quality.get("hidden_within_radius", hidden)
    if within < hidden:
        needless += f" of the {within} within {quality['radius']} pixels; the mask hides {hidden}"
    yield "Hidden without need", needless
    yield "For a network that sees", f"neighbours within {quality['radius']} pixels"
    yield "For one that sees further", str(quality["curve"]["sentence"])
    yield (
        "Expected error",
        f"{_share(error['total'])} without the cost of training: noise left"
        f" {_share(error['noise_left'])}, detail lost {_share(error['detail_lost'])}",
    )
    for item in quality["blanked"]:
        yield (
            f"Blanked in {item['trainer']}",
            f"{item['blanked_percent']:.3g} % of the input at {item['setting']}"
            f" {item['default']:g}, its default; recommended {item['recommended']:g}",
        )


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the figures of a nested table as rows, long lists left out."""
    for key, value in values.items():
        name = f"{above}{key.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}: ")
        elif isinstance(value, list | tuple):
            if value and all(isinstance(item, Mapping) for item in value):
                for number, item in enumerate(value, start=1):
                    title = next((str(v) for v in item.values() if isinstance(v, str)), str(number))
                    yield from _flat(item, f"{name}, {title}: ")
            elif len(value) <= 8:
                yield name, ", ".join(_plain(item) for item in value)
        else:
            yield name, _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _rings(record: Record) -> Iterator[str]:
    if not record.rings:
        return
    yield "<h2>Rings</h2>"
    yield table(
        ("Ring", "Pixels", "Maximum", "Of the centre", "Threshold", "Considered", "Kept"),
        [
            (
                ring.index,
                ring.pixels,
                _number(ring.maximum),
                _number(ring.ratio),
                _number(ring.threshold),
                "yes" if ring.considered else "no",
                _kept(ring.kept, ring.added_by_proximity, ring.dropped_by_proximity),
            )
            for ring in record.rings
        ],
        numbers=(0, 1, 2, 3, 4),
    )


def _kept(kept: int, added: int, dropped: int) -> str:
    text = str(kept)
    if added:
        text += f", {added} of them by proximity"
    if dropped:
        text += f", {dropped} dropped by proximity"
    return text


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _inputs(record: Record) -> Iterator[str]:
    yield "<h2>What was measured</h2>"
    files = [("File", item) for item in record.inputs]
    files += [("Dark stack", record.dark)] if record.dark is not None else []
    files += [("Subtracted stack", record.subtract)] if record.subtract is not None else []
    for what, item in files:
        yield table((), _file_rows(what, item))
    rows: list[Sequence[object]] = []
    if record.patches is not None:
        height, width = record.patches.shape
        rows.append(
            (
                "Patches",
                f"{record.patches.used} of {height} x {width} pixels in"
                f" {counted(record.n_frames, 'frame')}",
            )
        )
        rows += [
            (f"Left out: {reason}", count) for reason, count in record.patches.left_out.items()
        ]
    if record.region is not None:
        y0, y1, x0, x1 = record.region
        rows.append(("ROI", f"rows {y0} to {y1}, columns {x0} to {x1}"))
    yield table((), rows)


def _file_rows(what: str, item: InputRecord) -> list[Sequence[object]]:
    shape = " x ".join(str(n) for n in item.shape)
    rows: list[Sequence[object]] = [
        (what, item.name),
        ("Format", item.kind),
        ("Axes and shape", f"{item.axes}, {shape}, {item.dtype}"),
    ]
    if item.series:
        rows.append(("Series", item.series))
    if item.channel is not None:
        named = item.channel_name not in ("", f"channel {item.channel}", item.channel)
        name = f" ({item.channel_name})" if named else ""
        rows.append(("Channel", f"{item.channel}{name}"))
    if item.n_frames is not None:
        rows.append(("Frames", item.n_frames))
    if item.frames is not None:
        rows.append(("Frames chosen", item.frames))
    if (size := pixel_size(item.metadata)) is not None:
        rows.append(("Pixel, height x width", f"{size[0]:.4g} x {size[1]:.4g} µm"))
    if item.sha256 is not None:
        rows.append(("SHA-256", item.sha256))
    return rows


def _parameters(record: Record) -> Iterator[str]:
    yield "<h2>Parameters</h2>"
    yield paragraph("Those that have an effect with this method; the record holds all of them.")
    infos = parameter_infos()
    used = record.as_parameters()
    yield table(
        ("Parameter", "Value", "Default", "What it is"),
        [
            (name, _value(value), _value(infos[name].default), infos[name].about.label)
            for name, value in record.parameters.items()
            if name in infos and why_without_effect(name, used) is None
        ],
    )


def _value(value: object) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _use(record: Record, mask: Mask, context: MaskContext) -> Iterator[str]:
    yield "<h2>How to use the mask</h2>"
    first = record.inputs[0] if record.inputs else None
    context = replace(
        context,
        file="" if first is None else first.name,
        others=tuple(item.name for item in record.inputs[1:]),
        how="edited" if record.edited else "",
        axes="" if first is None else first.axes,
        channel=None if first is None else first.channel,
        series=0 if first is None else first.series,
        frames=None if first is None else first.frames,
        first="" if record.answer is None else record.answer.first,
    )
    yield paragraph(
        f"The file of the mask is {Path(context.mask_file).name}. The window (Use this mask) and"
        " structmask text have the texts for other trainers, too."
    )
    for target in _TRAINERS:
        made = snippet(target, mask, context)
        yield f"<h3>{escape(made.title)}</h3>"
        yield bullets(made.notes)
        yield code(made.text)


def _repeat(record: Record, mask_file: str) -> Iterator[str]:
    yield "<h2>How to repeat it</h2>"
    yield paragraph(
        "With its record the same extraction is done again on the same files. structmask extract"
        " writes it beside the mask, the window by Export mask, picture and record:"
    )
    name = shlex.quote(Path(mask_file).with_suffix(".json").name)
    yield code(f"structmask extract --from-record {name} --output-dir again")
    yield paragraph(f"Made by StructMask {record.program_version} on {record.date}.", "faint")

"""What each step of the statistical method did to the image, in plain words. Text only."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from structmask_gui.gui.headline import in_labels

READING = """
<h3>How to read the views</h3>
<p><b>Averaged autocorrelation.</b> The correlation ρ of the noise at every shift: red where two
pixels err alike, blue where they err the opposite way, white where they have nothing to do with
each other. The dashed square is what was tested.</p>
<p><b>Significance.</b> A cell for each shift. Proven: chance makes so large a correlation too
seldom. Large: it reaches <i>Smallest correlation</i>. The mask keeps what is both; + and − are the
signs.</p>
<p><b>Profiles.</b> The same as curves, with the range that holds the truth in 95 of 100 cases.
Dashed lines are the smallest correlation that matters.</p>
<p><b>Brightness</b> (where it was measured). If the curve is not flat, the noise of dark and bright
parts differs, and one mask does not fit both.</p>
<h3>When it does not look right</h3>
<p><b>Not sure, or cannot tell:</b> record 20 dark frames and give them as <i>Dark or blank
stack</i>; they show the noise without any picture.</p>
<p><b>Lines do not end:</b> no mask can hide noise that runs through the whole line. Take the
offsets of the lines off first, or raise <i>Largest lag</i>.</p>
<p><b>Too small:</b> lower <i>Smallest correlation</i>. <b>Too large:</b> raise it.</p>
"""


def steps(extraction: Any) -> list[str]:
    """Return a paragraph of rich text for each step.

    Parameters
    ----------
    extraction : Extraction
        By the statistical method.
    """
    return [
        _source(extraction),
        _patches(extraction),
        _correlation(extraction),
        _tested(extraction),
        _kept(extraction),
        _verdict(extraction),
    ]


def _source(extraction: Any) -> str:
    estimate = extraction.measurement.correlation
    asked = "was chosen from the data" if estimate.parameters.source == "automatic" else "was set"
    text = f"<b>Where the noise was looked for.</b> This {asked}. {html.escape(estimate.note)}"
    share = estimate.evidence.hot_share
    if share > 0:
        text += f" Lone hot pixels ({100 * share:.2g} % of all) were replaced for the measurement."
    return text


def _patches(extraction: Any) -> str:
    sampling = extraction.measurement.sampling
    height, width = sampling.patch_shape
    total = len(sampling.used)
    text = (
        f"<b>Patches.</b> {sampling.n_used} of {total} patches of {width} × {height} pixels were"
        " used."
    )
    left_out = [f"{count} {html.escape(reason)}" for reason, count in sampling.left_out.items()]
    if left_out:
        text += f" Left out: {', '.join(left_out)}. They are hatched on the image."
    return text


def _correlation(extraction: Any) -> str:
    lags = extraction.measurement.correlation.lags
    text = (
        "<b>Correlation.</b> For every shift, the products of pixels so far apart were averaged"
        " over all patches, divided by the variance of the noise, and corrected for what taking"
        " off each patch's mean removes. The error of each value comes from how much patches, and"
        " rows of patches, differ."
    )
    if lags.inflation > 1.5:
        text += (
            f" Patches of one line share noise: errors are {np.sqrt(lags.inflation):.1f} times"
            " those of independent patches."
        )
    return text


def _tested(extraction: Any) -> str:
    selection, parameters = extraction.selection, extraction.parameters
    reach = selection.kept.shape[0] // 2
    number = (selection.kept.size - 1) // 2
    proven = (int(selection.significant.sum()) - 1) // 2
    large = (int((selection.large & selection.significant).sum()) - 1) // 2
    reaches = "reaches" if large == 1 else "reach"
    return (
        f"<b>Test.</b> {number} pairs of opposite shifts of up to {reach} pixels were tested. At"
        f" most {100 * parameters.q:g} % of those called proven may be chance. {proven} are proven,"
        f" and {large} of these {reaches} a correlation of {parameters.rho_min:g}, of either sign."
    )


def _kept(extraction: Any) -> str:
    pixels = extraction.mask.statistics.true_pixels
    text = (
        f"<b>Mask.</b> It has {pixels} {'pixel' if pixels == 1 else 'pixels'}, the middle included"
    )
    dropped = extraction.dropped_by_limit
    if dropped:
        text += f"; {dropped} weaker ones fell to the limit of {extraction.parameters.max_pixels}"
    return text + "."


def _verdict(extraction: Any) -> str:
    details = [html.escape(in_labels(detail)) for detail in extraction.verdict.details]
    items = "".join(f"<li>{detail}</li>" for detail in details)
    return f"<b>Verdict.</b> {html.escape(extraction.verdict.sentence)}<ul>{items}</ul>"

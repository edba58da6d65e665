"""The method in plain words, with the numbers of the present result. Text only, without Qt."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from structmask_gui.core.names import counted
from structmask_gui.core.parameters.labels import in_labels
from structmask_gui.core.verdict.wording import FAINT_GAPS, without_certainty

_READING_LAGS = """
<h3>How to read the views</h3>
<p><b>Averaged autocorrelation.</b> The correlation ρ of the noise at every shift: red where the
noise of two pixels has the same sign, blue where it has opposite signs, white where it is
unrelated. The dashed square is what was tested.</p>
<p><b>Why these pixels.</b> A cell for each shift; the legend says why it is hidden or left visible.
A pixel shares noise if chance rarely makes so large a correlation; below <i>Smallest
correlation</i> it is real, but negligible. <b>Automatic</b> also leaves a pixel visible where
hiding it would cost more detail than the noise it hides.</p>
<p><b>Profiles.</b> The same as curves, with the range that holds the truth in 95 of 100 cases.
Dashed lines are the smallest correlation that matters.</p>
<p><b>Brightness</b> (where it was measured). If the curve is not flat, the noise of dark and bright
parts differs, and one mask does not fit both.</p>
<h3>When it does not look right</h3>
<p><b>Uncertain, or cannot tell:</b> record 6 or more frames of one still field (menu Help,
What to record).</p>
<p><b>Lines do not end:</b> no mask can hide noise that runs through the whole line. Remove
the row or column offsets first, or raise <i>Largest lag</i>.</p>
<p><b>Too small:</b> lower <i>Smallest correlation</i>. <b>Too large:</b> raise it.</p>
"""

_READING_SPINES = """
<h3>How to read the views</h3>
<p><b>Averaged autocorrelation.</b> The correlation of the flat parts of the frames at every shift.
The method follows its ridges, of either sign, with lines of one pixel.</p>
<p><b>Mask.</b> What you export. The dot is the centre pixel.</p>
<h3>When it does not look right</h3>
<p><b>Only the centre:</b> the correlation hardly depends on the direction, and the method leaves
such noise to plain N2V. If you see a pattern all the same, lower <i>Least Dmax</i>, or apply
the preset <b>automatic</b>, which finds round noise too.</p>
<p><b>Too small:</b> lower <i>Smallest correlation</i> or <i>Significance</i>. <b>Too large:</b>
raise them.</p>
<p><b>Structure instead of noise:</b> choose the side of <i>Background</i>, or draw an ROI around a
flat part.</p>
"""

_INTRODUCTION = """
<h3>What this is about</h3>
<p>Some noise is shared by neighbouring pixels: a scan line that is too bright, a readout that leaks
into the next pixel, a camera that smooths. A denoiser of the Noise2Void family learns to guess each
pixel from its neighbours. Where neighbours share the noise, it learns to guess the noise as
well, and keeps it.</p>
<p>StructN2V therefore hides some neighbours together with the pixel. The <b>mask</b> says which:
every neighbour that shares its noise, and no others, since each hidden pixel also hides
structure.</p>
<h3>What an autocorrelation is</h3>
<p>Lay the image upon itself, shift the copy by <i>dx</i> pixels to the right and <i>dy</i> down,
and ask how alike the two are. The answer for every shift, drawn as a picture, is the
autocorrelation. Its centre is no shift at all, where an image is always like itself. Noise that
is independent from pixel to pixel shows only that centre. Stripes along rows leave a bright row,
since the image stays like itself when it is shifted along the stripes.</p>
<p>Shifting by (dx, dy) or by (−dx, −dy) gives the same answer. So a rotation by 180° leaves
the autocorrelation unchanged, and the mask too.</p>
"""

_READING_RINGS = """
<h3>How to read the views</h3>
<p><b>Averaged autocorrelation.</b> Look for a bright row, column, cross or spot about the centre.
A soft hill over the whole square is more often structure than noise. The dashed square is
the part that is searched for the mask.</p>
<p><b>Rings.</b> The same square as the method sees it. Each ring is one distance from the centre.
Dots are the pixels of the mask, other marks are pixels that came close, and the legend says why
they are not in it.</p>
<p><b>Mask.</b> What you export. The dot is the centre pixel.</p>
<h3>When it does not look right</h3>
<p><b>Too small:</b> the bright row goes on beyond the mask. Lower <i>Base percentile</i> and
<i>Ring strength</i>, raise <i>Largest mask</i> and perhaps <i>Centre size</i>.</p>
<p><b>Too large:</b> it holds pixels that are no brighter than others. Do the opposite.</p>
<p><b>Only the centre:</b> the noise may be too weak for this method next to the structure, or there
may be nothing to hide. Apply the preset <b>automatic</b>: it says which of the two, and how sure
that is. If you see a pattern all the same, switch off <i>Adaptive threshold</i> and lower <i>Base
percentile</i>.</p>
<p><b>Structure instead of noise:</b> draw an ROI around a part with little structure, and measure
there.</p>
"""

_NO_RESULT = """
<h3>What was done to your image</h3>
<p>Open a stack. This part then tells, step by step, what was measured in it and what was
decided.</p>
"""


def help_html(extraction: Any | None) -> str:
    """Return the whole help as rich text, with the numbers of an `Extraction`."""
    centre = _NO_RESULT if extraction is None else story_html(extraction)
    reading = _READING_RINGS
    if extraction is not None and extraction.selection is not None:
        reading = _READING_LAGS
    elif extraction is not None and extraction.spine is not None:
        reading = _READING_SPINES
    return _INTRODUCTION + centre + reading


def story_html(extraction: Any) -> str:
    """Return what each stage did to the image, as rich text."""
    if extraction.selection is not None:
        done = _statistical_steps(extraction)
    elif extraction.spine is not None:
        done = _spine_steps(extraction)
    else:
        done = [
            _patches(extraction),
            _average(extraction),
            _square(extraction),
            _adapted(extraction),
            _rings(extraction),
            _chosen(extraction),
            _trimmed(extraction),
        ]
    items = "".join(f"<li><p>{step}</p></li>" for step in done)
    return (
        "<h3>What was done to your image</h3>"
        f"<p><b>{html.escape(without_certainty(extraction.sentence))}</b></p><ol>{items}</ol>"
    )


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _patches(extraction: Any) -> str:
    sampling = extraction.measurement.sampling
    height, width = sampling.patch_shape
    region = extraction.measurement.region
    text = (
        f"<b>Patches.</b> {counted(sampling.n_used, 'patch', 'patches')} of {width} × {height}"
        f" pixels were cut from {counted(sampling.n_frames, 'frame')}"
    )
    if region is not None:
        text += f", within the ROI of {region.x1 - region.x0} × {region.y1 - region.y0} pixels"
    text += "."
    for reason, count in sampling.left_out.items():
        text += f" {counted(count, 'patch was', 'patches were')} left out: {html.escape(reason)}."
    return text


def _average(extraction: Any) -> str:
    parameters = extraction.measurement.parameters
    mean = extraction.measurement.autocorrelation.mean
    text = (
        "<b>Average.</b> The mean was subtracted from each patch, and its autocorrelation was"
        " computed without wrapping around at the edges"
    )
    if parameters.norm_autocorr:
        text += ", divided by its centre so that every patch counts alike"
    if parameters.log_autocorr:
        text += ", and its logarithm, log(1 + |r|), was taken to lift what is weak"
    text += ". All of them were averaged."
    height, width = mean.shape
    others = mean.copy()
    others[height // 2, width // 2] = -np.inf
    y, x = np.unravel_index(int(np.argmax(others)), mean.shape)
    # Of a symmetric pair the one to the right, or below.
    dy, dx = int(y) - height // 2, int(x) - width // 2
    if (dx, dy) < (0, 0) or (dx == 0 and dy < 0):
        dy, dx = -dy, -dx
    centre = float(mean[height // 2, width // 2])
    text += (
        f" Beside the centre ({_number(centre)}) it is highest at the shift"
        f" (dx, dy) = ({dx}, {dy}), with {_number(float(others[y, x]))}."
    ).replace("-", "−")
    return text


def _square(extraction: Any) -> str:
    height, width = extraction.centre.shape
    if extraction.parameters.crop_autocorr:
        return (
            "<b>Centre square.</b> The mask is searched among shifts of up to"
            f" {width // 2} pixels, a square of {width} × {height}."
        )
    return f"<b>No crop.</b> The whole plane of {width} × {height} shifts is analysed."


def _adapted(extraction: Any) -> str:
    parameters = extraction.parameters
    low, high = float(extraction.centre.min()), float(extraction.centre.max())
    span = f" The values now run from {_number(low)} to {_number(high)}."
    if parameters.convention == "as-documented":
        if not parameters.adapt_autocorr:
            return "<b>Scaling.</b> The adaptive threshold is off; the values were scaled to 0 … 1."
        return (
            "<b>Adaptive threshold.</b> Values that do not exceed a threshold, which is"
            f" {parameters.adapt_CB:g} % of the centre's value there and falls with the distance,"
            " were set to 0. The rest was scaled to 0 … 1."
        )
    if not parameters.adapt_autocorr:
        return "<b>Adaptive threshold.</b> It is off; the square was left as it is." + span
    return (
        "<b>Adaptive threshold.</b> The square was scaled to 0 … 1, and a hill that falls from ½ at"
        f" the centre to 0 at the corners (decay {parameters.adapt_DF:g}) was subtracted." + span
    )


def _rings(extraction: Any) -> str:
    rings = extraction.rings.rings
    considered = [ring for ring in rings if ring.considered]
    need = extraction.parameters.center_ratio_threshold
    text = (
        f"<b>Rings.</b> Of {counted(len(rings), 'ring')}, {len(considered)}"
        f" {'reaches' if len(considered) == 1 else 'reach'} {need:g} of the centre's value and"
        f" {'is' if len(considered) == 1 else 'are'} considered"
    )
    if considered:
        strongest = max(considered, key=lambda ring: ring.maximum)
        share = _number(strongest.ratio)
        text += f"; the strongest is ring {strongest.index}, at {share} of the centre"
    return text + "."


def _chosen(extraction: Any) -> str:
    parameters, rings = extraction.parameters, extraction.rings.rings
    selected = int(extraction.rings.selected.sum()) - 1
    kind = (
        "a percentile of the ring's values"
        if parameters.convention == "as-documented"
        else "a share of the way from the ring's lowest value to its highest"
    )
    text = (
        "<b>Pixels.</b> Within a considered ring, pixels above the ring's threshold are chosen."
        f" It is {kind}, {parameters.base_percentile:g} % at first and"
        f" {parameters.percentile_decay:g} times that from each ring to the next."
        f" {counted(selected, 'pixel was', 'pixels were')} chosen besides the centre"
    )
    added = sum(ring.added_by_proximity for ring in rings)
    dropped = sum(ring.dropped_by_proximity for ring in rings)
    if added:
        text += f", {added} of them only because they are almost as high as the centre"
    if dropped:
        text += (
            f"; {counted(dropped, 'other was', 'others were')} dropped for not being almost as high"
            " as the centre"
        )
    return text + "."


def _trimmed(extraction: Any) -> str:
    parameters, parts = extraction.parameters, []
    dropped, limited = extraction.dropped_by_component, extraction.dropped_by_limit
    if dropped:
        parts.append(f"{counted(dropped, 'pixel')} not joined to the centre dropped out.")
    if limited:
        parts.append(
            f"{counted(limited, 'pixel')}, the weakest, fell to the limit of"
            f" {parameters.max_true_pixels}."
        )
    if not parts:
        parts.append("Nothing had to be removed.")
    left = counted(extraction.mask.statistics.true_pixels, "pixel")
    return f"<b>Size and shape.</b> {' '.join(parts)} The mask has {left}, the centre included."


def _spine_steps(extraction: Any) -> list[str]:
    measurement, spine, parameters = extraction.measurement, extraction.spine, extraction.parameters
    sampling, background = measurement.sampling, measurement.background
    side = {"light": "light flat parts", "dark": "dark flat parts", "off": "flat parts"}
    found = int((np.asarray(spine.significant) & (spine.z != 0)).sum()) // 2
    went = "so it got a mask" if spine.directed else "so the choice is plain N2V"
    kept, left = int(spine.kept.sum()), extraction.mask.statistics.true_pixels
    trimmed = f"; {counted(kept - left, 'pixel')} fell to the limit" if kept > left else ""
    return [
        f"<b>Background.</b> {counted(sampling.n_used, 'tile')} of {sampling.patch_shape[0]}"
        f" pixels, at least {background.purity:.0%} in {side[parameters.background_side]} of"
        f" {counted(sampling.n_frames, 'frame')}.",
        f"<b>Autocorrelation.</b> A trend of scale {background.sigma:.1f} pixels was removed from"
        " each tile, and their autocorrelations averaged.",
        f"<b>Direction.</b> Dmax is {spine.direction:.4f}; {parameters.least_direction:g} is"
        f" needed, {went}.",
        f"<b>Lines.</b> {counted(found, 'pair')} of lags stand out by"
        f" {parameters.spine_z:g} times the noise. A line of one pixel through each group of them,"
        " and from it to the centre, was taken.",
        f"<b>Size.</b> Pixels below a correlation of {parameters.rho_min:g} dropped out{trimmed}."
        f" The mask has {counted(left, 'pixel')}, the centre included.",
    ]


def _statistical_steps(extraction: Any) -> list[str]:
    return [
        _source(extraction),
        _noise_patches(extraction),
        _correlation(extraction),
        _tested(extraction),
        _kept(extraction),
        _verdict(extraction),
    ]


def _source(extraction: Any) -> str:
    estimate = extraction.measurement.correlation
    asked = "was chosen from the data" if estimate.parameters.source == "automatic" else "was set"
    text = f"<b>Where the noise was measured.</b> This {asked}. {html.escape(estimate.note)}"
    share = estimate.evidence.hot_share
    if share > 0:
        text += f" Lone hot pixels ({100 * share:.2g} % of all) were replaced for the measurement."
    return text


def _noise_patches(extraction: Any) -> str:
    sampling = extraction.measurement.sampling
    height, width = sampling.patch_shape
    total = len(sampling.used)
    text = (
        f"<b>Patches.</b> {sampling.n_used} of {total} patches of {width} × {height} pixels were"
        " used."
    )
    left_out = [f"{count} {html.escape(reason)}" for reason, count in sampling.left_out.items()]
    if left_out:
        text += f" Left out: {', '.join(left_out)}. They are tinted on the image."
    return text


def _correlation(extraction: Any) -> str:
    lags = extraction.measurement.correlation.lags
    text = (
        "<b>Correlation.</b> For every shift, the products of pixels so far apart were averaged"
        " over all patches, divided by the variance of the noise, and corrected for what"
        " subtracting each patch's mean removes. The error of each value comes from how much"
        " patches, and rows of patches, differ."
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
    found = (int(selection.significant.sum()) - 1) // 2
    large = (int((selection.large & selection.significant).sum()) - 1) // 2
    reaches = "reaches" if large == 1 else "reach"
    return (
        f"<b>Test.</b> {number} pairs of opposite shifts of up to {reach} pixels were tested. At"
        f" most {100 * parameters.q:g} % of the significant ones may be chance. {found} are"
        f" significant, and {large} of these {reaches} a correlation of {parameters.rho_min:g},"
        " of either sign."
    )


def _kept(extraction: Any) -> str:
    recommendation = getattr(extraction, "recommendation", None)
    if recommendation is not None:
        passed = counted(int(extraction.selection.kept.sum()), "pixel")
        has = counted(extraction.mask.statistics.true_pixels, "pixel")
        rule = html.escape(recommendation.rule)
        return (
            f"<b>Mask.</b> Those that passed would make a mask of {passed}, the centre included;"
            f" it is one of the candidates. {rule} It has {has}."
        ).replace("  ", " ")
    pixels = extraction.mask.statistics.true_pixels
    text = (
        f"<b>Mask.</b> It has {pixels} {'pixel' if pixels == 1 else 'pixels'}, the centre included"
    )
    dropped = extraction.dropped_by_limit
    if dropped:
        text += f"; {dropped} weaker ones fell to the limit of {extraction.parameters.max_pixels}"
    return text + "."


def _verdict(extraction: Any) -> str:
    recommended = hasattr(extraction, "recommendation")
    told = extraction.verdict.details
    if recommended:
        told = [detail for detail in told if detail != FAINT_GAPS]
    items = "".join(f"<li>{html.escape(in_labels(detail))}</li>" for detail in told)
    found = html.escape(without_certainty(extraction.verdict.sentence))
    name = "Those that passed" if recommended else "Verdict"
    return f"<b>{name}.</b> {found}<ul>{items}</ul>"

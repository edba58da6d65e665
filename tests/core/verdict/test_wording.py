"""What the verdict advises where lines do not end, in the words of the lines' direction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core.errors import InputError
from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.quality.assessment import NOT_SEPARATED
from structmask_gui.core.simulation import Kernel, NoiseModel, cells, kernels
from structmask_gui.core.stack.destripe import destriped
from structmask_gui.core.stack.frames import ArrayFrames, ChosenFrames
from structmask_gui.core.verdict import verdict as verdict_module
from structmask_gui.core.verdict import wording
from structmask_gui.core.verdict.wording import WHAT_TO_RECORD

AUTOMATIC = Parameters(method="statistical", source="frames")


@pytest.mark.parametrize("lines", ["rows", "columns"])
def test_endless_lines_are_named_and_where_to_remove_them(lines):
    rng = np.random.default_rng(3)
    frames = rng.normal(100, 5, (4, 160, 160)) + rng.normal(0, 4, (4, 160, 1))
    if lines == "columns":
        frames = frames.transpose(0, 2, 1)
    extraction = extract_array(frames, AUTOMATIC)
    verdict = extraction.verdict
    assert "whole_line" in verdict.flags
    assert verdict.lines == lines
    note = next(note for note in extraction.notes if "do not end" in note)
    assert note.startswith(f"The {lines} do not end")
    assert f"Remove the {lines[:-1]} offsets first" in note
    assert "Preview removal… in the window, or structmask destripe" in note


def test_noise_without_endless_lines_names_none():
    white = np.random.default_rng(3).normal(100, 5, (4, 160, 160))
    assert extract_array(white, AUTOMATIC).verdict.lines is None


def noise_with(line, seed=5, size=256):
    """Noise whose correlation along the row at lags 1, 2, ... is the given one."""
    lags = np.arange(256)
    rho = np.zeros(256)
    rho[: len(line) + 1] = [1.0, *line]
    rho[1:] += rho[:0:-1]
    spectrum = np.maximum(np.fft.fft(rho).real, 0)
    weights = np.fft.fftshift(np.fft.ifft(np.sqrt(spectrum)).real)[lags > 0]
    model = NoiseModel(Kernel("line", "", weights[None] / np.sqrt((weights**2).sum())), 0.0, 5.0)
    return model.draw(np.random.default_rng(seed), 6, (size, size))


def test_rows_that_end_beyond_the_largest_lag_are_looked_for_further():
    slow = 0.4 * np.cos(np.arange(1, 26) / 25 * np.pi / 2)
    frames = 100 + noise_with(slow)
    verdict = extract_array(frames, AUTOMATIC.changed(max_lag=8)).verdict
    assert "whole_line" in verdict.flags
    assert verdict.lines is None
    note = next(note for note in verdict.details if "do not end" in note)
    assert "Raise max_lag to find their end" in note
    assert "Preview removal" not in note
    # Looked at further, they end.
    assert "whole_line" not in extract_array(frames, AUTOMATIC.changed(max_lag=30)).verdict.flags


@pytest.mark.slow
def test_a_lag_above_the_floor_on_a_fainter_line_is_that_line():
    faint = [0.048, 0.042, 0.04, 0.08, 0.04, 0.036, 0.03]
    verdict = extract_array(100 + noise_with(faint, size=512), AUTOMATIC).verdict
    assert verdict.kind == "rows"
    assert any("The gaps share noise too" in note for note in verdict.details)
    lone = extract_array(100 + noise_with([0, 0, 0, 0.08], size=512), AUTOMATIC).verdict
    assert lone.kind == "detached"
    assert not any("The gaps" in note for note in lone.details)


def test_what_changed_between_frames_and_what_was_done_do_not_contradict():
    noise = np.random.default_rng(2).normal(0, 5, (6, 192, 192))
    picture = 20 * cells((192, 200))
    automatic = AUTOMATIC.changed(source="automatic")
    moving = np.stack([picture[:, shift : shift + 192] for shift in range(6)])
    details = extract_array(100 + moving + noise, automatic).verdict.details
    assert "The scene moves; the frames were shifted to match." in details
    assert not any("still scene" in note for note in details)
    bleaching = picture[:, :192] * 0.9 ** np.arange(6)[:, None, None]
    details = extract_array(bleaching + noise, automatic).verdict.details
    assert "The brightness changes from frame to frame; the frames were scaled to match." in details
    assert not any("moves" in note for note in details)
    still = extract_array(100 + picture[:, :192] + noise, automatic).verdict
    assert not any("match" in note for note in still.details)


def test_what_cannot_be_told_is_said_once():
    random = np.random.default_rng(5)
    grains = gaussian_filter((random.random((3, 192, 192)) < 0.05).astype(float), (0, 2, 2))
    frames = random.normal(0, 5, (3, 192, 192)) + 15 * grains / grains.std()
    verdict = extract_array(frames, AUTOMATIC.changed(source="automatic")).verdict
    assert "cannot_tell" in verdict.flags
    assert verdict.text.count("noise from structure") == 1
    assert "along with the noise" not in verdict.text


def test_lines_that_do_not_end_are_said_at_once_and_no_larger_lag_is_asked_for():
    rng = np.random.default_rng(3)
    frames = rng.normal(100, 5, (4, 160, 160)) + rng.normal(0, 4, (4, 160, 1))
    extraction = extract_array(frames, AUTOMATIC)
    assert extraction.touches_edge
    assert extraction.sentence.startswith("Rows that do not end, 21 pixels. Sure. ")
    assert "larger max_lag" not in " ".join(extraction.notes)
    assert "Offsets from edge to edge are 40 % of the noise's variance." in extraction.verdict.text


def test_what_cannot_be_told_comes_first_and_more_of_it_is_not_asked_for():
    random = np.random.default_rng(5)
    texture = gaussian_filter((random.random((3, 192, 192)) < 0.004).astype(float), (0, 3, 3))
    frames = 500 + 60 * texture / texture.std() + random.normal(0, 20, texture.shape)
    verdict = extract_array(frames, AUTOMATIC.changed(source="automatic")).verdict
    assert "cannot_tell" in verdict.flags
    assert verdict.sentence.startswith("Cannot separate noise from structure (found: ")
    assert verdict.sentence.count(". ") == 1
    assert verdict.more_patches == 0
    assert "would settle it" not in verdict.text
    assert WHAT_TO_RECORD in verdict.text
    # The same words where masks are compared.
    assert WHAT_TO_RECORD in NOT_SEPARATED


@pytest.mark.parametrize(
    ("more", "words"), [(1, "One more patch like"), (7, "About 7 more patches")]
)
def test_how_many_more_patches_in_the_right_number(more, words, monkeypatch):
    monkeypatch.setattr(verdict_module, "_more_patches", lambda *_: more)
    white = np.random.default_rng(3).normal(100, 5, (4, 160, 160))
    verdict = extract_array(white, AUTOMATIC).verdict
    assert not verdict.sure
    assert verdict.details[-1].startswith(words)


def test_a_suspicion_that_nothing_bears_out_is_dropped():
    # Its tiles are uneven by chance, as one set of tiles in twenty is, and not side by side.
    model = NoiseModel(kernels()["isotropic"], 0.3)
    frames = model.draw(np.random.default_rng(9), 6, (256, 256))
    verdict = extract_array(frames, AUTOMATIC.changed(source="automatic")).verdict
    assert verdict.kind == "blob"
    assert verdict.sure


@pytest.mark.slow
def test_faint_lines_that_go_on_are_looked_for_further_before_anything_is_removed():
    falling = np.linspace(0.1, 0.03, 30)
    frames = 100 + noise_with(falling, size=512)
    verdict = extract_array(frames, AUTOMATIC.changed(max_lag=20)).verdict
    assert verdict.kind == "rows"
    assert "whole_line" in verdict.flags
    assert "Raise max_lag to find their end" in verdict.text
    assert "offsets" not in verdict.text
    assert verdict.lines is None
    further = extract_array(frames, AUTOMATIC.changed(max_lag=50)).verdict
    assert "whole_line" not in further.flags


def long_rows(share, n_frames=1):
    """Noise whose rows fall to a half over 25 pixels, and offsets of this share."""
    rng = np.random.default_rng(4)
    steps = 0.95 ** np.arange(1, 100)
    noise = noise_with(steps)[:n_frames]
    return 100 + noise + rng.normal(0, 5 * np.sqrt(share), (n_frames, 256, 1))


def test_lines_whose_far_ends_share_something_have_offsets_however_far_was_looked():
    for max_lag in (10, 50):
        verdict = extract_array(long_rows(0.1), AUTOMATIC.changed(max_lag=max_lag)).verdict
        assert verdict.lines == "rows"
        assert "Remove the row offsets first" in verdict.text
        assert "Raise" not in verdict.text


def test_at_the_largest_lag_that_can_be_measured_the_offsets_are_to_be_removed(monkeypatch):
    # Between the two: it may be that far ends share something.
    monkeypatch.setattr(wording, "far_ends_likely_share", lambda *_: False)
    frames = long_rows(0.05)
    first = extract_array(frames, AUTOMATIC)
    assert "Raise max_lag to find their end; up to 23 can be measured here." in first.verdict.text
    assert first.verdict.lines is None
    for asked in (23, 50):
        verdict = extract_array(frames, AUTOMATIC.changed(max_lag=asked)).verdict
        assert "Larger lags than 23 cannot be measured here. Remove the row off" in verdict.text
        assert "Raise" not in verdict.text
        assert verdict.lines == "rows"
        cut_down = (
            "Only 23 lags could be measured, in patches of 48 x 48 pixels: in 1 frame of noise of"
            " 256 x 256 pixels, too few larger ones can be used."
        )
        assert (cut_down in verdict.text) == (asked > 23)


def test_offsets_that_are_not_there_are_not_to_be_removed():
    verdict = extract_array(long_rows(0.0), AUTOMATIC.changed(max_lag=23)).verdict
    assert "whole_line" in verdict.flags
    assert "The correlation does not span whole rows, so there are no offsets" in verdict.text
    assert "Preview removal" not in verdict.text
    assert verdict.lines is None


def test_what_is_left_after_destriping_is_not_to_be_destriped_again():
    rng = np.random.default_rng(0)
    frames = rng.normal(100, 1, (4, 160, 160)) + rng.normal(0, 2, (4, 160, 1))
    before = extract_array(frames, AUTOMATIC).verdict
    assert before.lines == "rows"
    rows, columns = (
        ArrayFrames(np.stack([destriped(frame, lines) for frame in frames]))
        for lines in ("rows", "columns")
    )
    rows.destriped, columns.destriped = "rows", "columns"
    for wrap in (lambda f: f, lambda f: ChosenFrames([f])):
        verdict = extract_array(wrap(rows), AUTOMATIC).verdict
        assert "whole_line" in verdict.flags
        assert "offsets are already removed; this is the residual" in verdict.text
        assert "Preview removal" not in verdict.text
        assert verdict.lines is None
    # Those of columns say nothing of rows.
    assert extract_array(columns, AUTOMATIC).verdict.lines == "rows"


def test_a_patch_size_that_cannot_be_had_is_said():
    frames = np.random.default_rng(3).normal(100, 5, (1, 256, 256))
    text = extract_array(frames, AUTOMATIC.changed(patch_size=256)).verdict.text
    assert "Patches of 48 x 48 pixels were taken, not of 256: in 1 frame" in text
    assert "were taken, not of" not in extract_array(frames, AUTOMATIC).verdict.text


def test_smaller_patches_are_not_advised_where_they_cannot_help():
    with pytest.raises(InputError, match="holds no noise") as error:
        extract_array(np.full((3, 128, 128), 7), AUTOMATIC)
    assert "smaller patches" not in str(error.value)


def test_a_larger_lag_is_not_advised_where_none_can_be_measured():
    frames = noise_with(0.9 * np.ones(20), size=512)
    notes = " ".join(extract_array(100 + frames, AUTOMATIC.changed(max_lag=50)).notes)
    assert "larger max_lag" not in notes

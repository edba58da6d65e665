from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structmask_gui.core.correlation.autocorrelation import average_patches
from structmask_gui.core.errors import Cancelled, InputError, ParameterError
from structmask_gui.core.extraction.extraction import extract_array, select
from structmask_gui.core.extraction.extractor import StructuralNoiseExtractor
from structmask_gui.core.extraction.rings import Decision, ring_index
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.progress import Task
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.stack.frames import ArrayFrames, Recording
from structmask_gui.core.threads import in_threads


def rows(shape: tuple[int, ...] = (4, 128, 128), length: int = 7, seed: int = 0) -> np.ndarray:
    """White noise averaged along the rows."""
    rng = np.random.default_rng(seed)
    white = rng.normal(size=(*shape[:-1], shape[-1] + length - 1))
    return np.lib.stride_tricks.sliding_window_view(white, length, axis=-1).mean(axis=-1) * 9 + 50


def test_rows_give_a_row():
    extraction = extract_array(rows(), Parameters())
    assert extraction.mask.statistics.shape_class == "horizontal"
    assert extraction.sentence == (
        f"Row, {extraction.mask.statistics.true_pixels} pixels, from 16 patches of 4 frames."
    )
    assert extraction.measurement.sampling.n_used == 16


def test_columns_give_a_column():
    extraction = extract_array(rows().transpose(0, 2, 1), Parameters())
    assert extraction.mask.statistics.shape_class == "vertical"


def test_white_noise_gives_the_bare_centre_and_says_why():
    white = np.random.default_rng(0).normal(size=(10, 256, 256))
    extraction = extract_array(white, Parameters())
    assert extraction.mask.statistics.shape_class == "centre only"
    assert extraction.sentence == "Only the centre, from 160 patches of 10 frames."
    assert "center_ratio_threshold" in extraction.notes[0]


def test_patches_with_nan_are_left_out_and_said():
    stack = rows()
    stack[0, 3, 3] = np.nan
    stack[1, 100, 100] = np.inf
    stack[2, :64, :64] = 5
    extraction = extract_array(stack, Parameters())
    sampling = extraction.measurement.sampling
    assert sampling.n_used == 13
    assert not sampling.used[0]
    assert sorted(sampling.left_out.values()) == [1, 2]
    assert any("2 patches left out" in note for note in extraction.notes)
    # The mean is that of the patches used, and of nothing else.
    used = [stack[f, y : y + 64, x : x + 64] for f, y, x in sampling.places[sampling.used]]
    expected = average_patches(used, 5, normalise=True, logarithm=True)
    np.testing.assert_allclose(extraction.square, expected.mean, rtol=1e-9)


@pytest.mark.parametrize(
    ("fill", "why"), [(7.0, "holds no noise"), (np.nan, "holds pixels that are not numbers")]
)
def test_nothing_to_measure(fill, why):
    with pytest.raises(InputError, match=f"the array {why}"):
        extract_array(np.full((64, 64), fill), Parameters())


def test_overflow_without_normalisation_is_said():
    stack = np.random.default_rng(0).normal(size=(64, 64)) * 1e200
    with pytest.raises(InputError, match="norm_autocorr"):
        extract_array(stack, Parameters(norm_autocorr=False))
    extract_array(stack, Parameters())


def test_the_mean_does_not_depend_on_how_it_is_cut_up(monkeypatch):
    stack = rows()
    parameters = Parameters(patch_size=16)
    mean = measure(ArrayFrames(stack), parameters).autocorrelation.mean
    monkeypatch.setattr("structmask_gui.core.measure.average.patches_per_chunk", lambda *_: 5)
    other = measure(ArrayFrames(stack), parameters).autocorrelation.mean
    np.testing.assert_allclose(mean, other, rtol=1e-12)


def test_progress_counts_patches():
    seen = []
    measure(
        ArrayFrames(rows()),
        Parameters(patch_size=16),
        task=Task(lambda done, total, what: seen.append((done, total))),
    )
    assert seen[0] == (0, 256)
    assert seen[-1] == (256, 256)
    assert seen == sorted(seen)


@pytest.mark.slow
def test_cancel_stops_soon():
    stack = np.random.default_rng(0).normal(size=(400, 512, 512)).astype(np.float32)
    stop = threading.Event()
    asked = []

    def ask() -> None:
        asked.append(time.perf_counter())
        stop.set()

    measure(ArrayFrames(stack[:1]), Parameters())  # starts the threads that are kept
    threads = threading.active_count()
    timer = threading.Timer(0.3, ask)
    timer.start()
    with pytest.raises(Cancelled, match="cancelled"):
        measure(ArrayFrames(stack), Parameters(center_size=25), task=Task(cancelled=stop.is_set))
    # The promise is 0.2 s; a busy machine gets more before this test calls it broken.
    assert time.perf_counter() - asked[0] < 1.0
    timer.join()
    assert threading.active_count() <= threads


class SlowFrames(ArrayFrames):
    """Frames that take their time, as on a network."""

    reads = 0

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> np.ndarray:
        """Return rows of a frame."""
        self.reads += 1
        time.sleep(0.002)
        return super().read(frame, y0, y1)


@pytest.mark.parametrize(
    "parameters",
    [
        Parameters(),
        Parameters(layout="random", patches=300),
        Parameters(precision=0.001),
        Parameters(method="statistical"),
        Parameters(method="statistical", layout="random", patches=300),
    ],
    ids=["grid", "random", "precision", "statistical", "statistical-random"],
)
def test_cancel_is_heard_between_two_readings(parameters: Parameters):
    pixels = np.random.default_rng(0).normal(size=(300, 128, 128)).astype(np.float32)
    frames = SlowFrames(pixels)
    asked_at = 40
    with pytest.raises(Cancelled):
        measure(frames, parameters, task=Task(cancelled=lambda: frames.reads >= asked_at))
    # What a helper is at may read one more.
    assert frames.reads <= asked_at + 2


def test_an_error_in_a_thread_reaches_the_caller():
    def work(item: int) -> int:
        return 1 // item

    with pytest.raises(ZeroDivisionError):
        list(in_threads(work, [1, 2, 0, 3]))
    assert list(in_threads(work, [1, 1, 1])) == [1, 1, 1]


def test_nothing_goes_on_after_closing():
    running = threading.Event()
    done = []

    def work(item: int) -> int:
        running.set()
        time.sleep(0.05)
        done.append(item)
        return item

    results = in_threads(work, range(100))
    assert next(results) == 0
    results.close()
    finished = len(done)
    time.sleep(0.15)
    assert len(done) == finished < 100


STAGES = ["square", "centre", "rings", "mask"]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, STAGES),
        ({"max_true_pixels": 5}, ["square", "centre", "rings"]),
        ({"keep_center_component_only": False}, ["square", "centre", "rings"]),
        ({"base_percentile": 30}, ["square", "centre"]),
        ({"adapt_DF": 0.9}, ["square"]),
        ({"convention": "as-documented"}, ["square"]),
        ({"center_size": 15}, []),
    ],
)
def test_a_change_redoes_only_what_depends_on_it(change, kept):
    parameters = Parameters(center_size=21)
    first = extract_array(rows(), parameters)
    second = first.update(parameters.changed(change))
    assert [name for name in STAGES if getattr(first, name) is getattr(second, name)] == kept
    fresh = select(first.measurement, parameters.changed(change))
    assert fresh.mask == second.mask
    np.testing.assert_array_equal(fresh.centre, second.centre)


def test_what_fits_a_measurement():
    parameters = Parameters(center_size=11)
    measurement = measure(ArrayFrames(rows()), parameters, lag_reach=12)
    assert measurement.autocorrelation.reach == (12, 12)
    assert measurement.fits(parameters.changed(center_size=25, base_percentile=20))
    assert not measurement.fits(parameters.changed(center_size=26))
    assert not measurement.fits(parameters.changed(log_autocorr=False))
    assert not measurement.fits(parameters.changed(patch_size=32))
    assert not measurement.fits(parameters.changed(crop_autocorr=False))
    with pytest.raises(ValueError, match="new measurement"):
        select(measurement, parameters.changed(patch_size=32))


def test_the_reach_does_not_change_the_result():
    stack, parameters = ArrayFrames(rows()), Parameters(center_size=11)
    near = select(measure(stack, parameters), parameters)
    far = select(measure(stack, parameters, lag_reach=30), parameters)
    np.testing.assert_allclose(near.centre, far.centre, atol=1e-6)
    assert near.mask == far.mask


def test_statistical_method_end_to_end():
    parameters = Parameters(method="statistical", source="frames", max_lag=9)
    first = extract_array(rows(), parameters)
    assert first.rings is None
    assert first.mask.statistics.shape_class == "horizontal"
    assert first.mask.statistics.true_pixels == 13  # 7 pixels averaged reach 6 to either side
    assert first.verdict.kind == "rows"
    assert first.sentence == first.verdict.sentence
    # Later stages need no new measurement; the other method does.
    assert first.update(parameters.changed(rho_min=0.5)).mask.statistics.true_pixels == 7
    limited = first.update(parameters.changed(max_pixels=5))
    assert limited.mask.statistics.true_pixels == 5
    assert any("limit of 5 (max_pixels)" in note for note in limited.notes)
    assert first.update(parameters.changed(max_lag=5)).mask.shape == (11, 11)
    assert not first.measurement.fits(parameters.changed(method="ring"))


def test_published_method_in_differences():
    still = np.random.default_rng(1).normal(size=(128, 128)).cumsum(axis=0) * 20
    stack = rows(seed=3) + still
    parameters = Parameters(source="difference")
    extraction = extract_array(stack, parameters)
    assert extraction.mask.statistics.shape_class == "horizontal"
    assert set(extraction.measurement.sampling.places[:, 0]) == {0, 2}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("dark", "needs a reference stack"),
        ("subtract", "needs a reference stack"),
        ("spectrum", "works with the statistical method only"),
        ("automatic", "works with the statistical method only"),
    ],
)
def test_sources_that_cannot_be_measured(source, words):
    with pytest.raises(ParameterError, match=words):
        extract_array(rows(), Parameters(source=source))


def test_published_method_with_a_second_stack():
    stack, dark = np.random.default_rng(1).normal(size=(2, 128, 128)), rows(seed=4)
    extraction = extract_array(
        Recording(ArrayFrames(stack), dark=ArrayFrames(dark)), Parameters(source="dark")
    )
    assert extraction.mask == extract_array(dark, Parameters()).mask
    still = np.full((128, 128), 7.0).cumsum(axis=1)
    extraction = extract_array(
        Recording(ArrayFrames(dark + still), subtract=ArrayFrames(still)),
        Parameters(source="subtract"),
    )
    assert extraction.mask == extract_array(dark, Parameters()).mask


def test_notes_name_the_limit_and_the_edge():
    extraction = extract_array(rows(length=15), Parameters(max_true_pixels=5, center_size=9))
    assert any("limit of 5" in note for note in extraction.notes)
    wide = extract_array(rows(length=25), Parameters(center_size=7))
    assert any("search further out (center_size)" in note for note in wide.notes)


def _strategy(name: str) -> st.SearchStrategy[object]:
    info = parameter_infos()[name]
    if info.kind == "bool":
        return st.booleans()
    if info.kind == "choice":
        return st.sampled_from([value for value, _ in info.about.choices])
    low, high = info.lowest, info.highest
    assert low is not None
    assert high is not None
    if info.kind == "int":
        values: st.SearchStrategy[object] = st.integers(int(low), min(int(high), 200))
        return st.none() | values if info.optional else values
    return st.floats(low, high)


# The sources and the statistical selection have tests of their own.
_RING_PARAMETERS = [
    name
    for name, info in parameter_infos().items()
    if info.about.group in ("Autocorrelation", "Ring analysis", "Size and shape")
]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    values=st.fixed_dictionaries({name: _strategy(name) for name in _RING_PARAMETERS}),
    layout=st.sampled_from(["grid", "random", "whole"]),
    shape=st.tuples(st.integers(1, 2), st.integers(16, 40), st.integers(16, 40)),
    seed=st.integers(0, 3),
)
def test_invariants_of_every_mask(values, layout, shape, seed):
    rng = np.random.default_rng(seed)
    stack = rng.normal(size=shape) if seed else rng.poisson(0.5, size=shape).astype(np.uint8)
    smallest = 16 if layout != "whole" else min(shape[1:])
    if values["center_size"] // 2 >= smallest:
        values["center_size"] = 2 * smallest - 1
    parameters = Parameters.checked(values, layout=layout, patch_size=16)
    extraction = extract_array(stack, parameters)
    mask = extraction.mask.array
    height, width = mask.shape
    assert height % 2 == width % 2 == 1
    assert mask.dtype == bool
    assert mask[height // 2, width // 2]
    assert (mask == mask[::-1, ::-1]).all()
    assert extraction.mask.statistics.symmetric
    if parameters.max_true_pixels is not None:
        assert mask.sum() <= parameters.max_true_pixels
    if parameters.keep_center_component_only and parameters.max_true_pixels is None:
        assert extraction.mask.statistics.components == 1
    if parameters.crop_autocorr:
        assert height == width == 2 * (parameters.center_size // 2) + 1
    assert mask.sum() <= extraction.connected.sum() <= extraction.rings.selected.sum()
    assert sum(ring.kept for ring in extraction.rings.rings) == (
        extraction.rings.selected.sum() - 1
    )
    assert extraction.sentence.endswith(".")


@pytest.mark.parametrize(
    "values",
    [{}, {"max_true_pixels": 1}, {"center_ratio_threshold": 0.9}],
)
def test_the_bare_centre_leads_to_automatic(values):
    white = np.random.default_rng(0).normal(size=(4, 128, 128))
    extraction = extract_array(white, Parameters(**values))
    assert extraction.rings_found_nothing
    assert "preset automatic (--preset automatic)" in extraction.notes[0]
    assert "right choice" not in extraction.notes[0]
    assert not extract_array(rows(), Parameters()).rings_found_nothing


def test_it_is_said_by_how_much_no_ring_passes():
    found = extract_array(rows(), Parameters(center_ratio_threshold=0.99))
    assert found.rings is not None
    strongest = 100 * max(ring.ratio for ring in found.rings.rings)
    said = f"the strongest has {strongest:.0f} % of the centre's value, and center_ratio_threshold"
    assert f"No ring passes: {said} asks for 99 %." in found.notes[0]
    assert said in answer(found).advice
    assert "No ring passes" not in answer(extract_array(rows(), Parameters())).advice


def test_an_edited_mask_says_what_the_verdict_was():
    from structmask_gui.core.extraction.extraction import edited
    from structmask_gui.core.masks.mask import Mask

    extraction = extract_array(rows(), Parameters(method="statistical", source="frames"))
    result = edited(extraction, Mask(np.array([[1, 0, 1, 0, 1]], bool)), "edited by hand")
    assert result.sentence == "Row, 3 pixels spread over 5, edited by hand."
    assert result.notes[0] == f"The mask as extracted: {extraction.sentence}"


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ({}, ()),
        (
            {
                "base_percentile": 20.0,
                "center_ratio_threshold": 0.02,
                "max_true_pixels": 7,
                "keep_center_component_only": False,
            },
            (Decision.OVER_LIMIT,),
        ),
        ({"base_percentile": 20.0, "center_ratio_threshold": 0.001}, (Decision.NOT_JOINED,)),
        (
            {
                "base_percentile": 90.0,
                "center_proximity_threshold": 0.1,
                "center_ratio_threshold": 0.02,
            },
            (Decision.ADDED,),
        ),
        (
            {"convention": "as-documented", "adapt_CB": 2.0, "center_ratio_threshold": 0.02},
            (Decision.NOT_CLOSE,),
        ),
    ],
)
def test_the_decision_about_each_pixel(values, seen):
    result = extract_array(rows(), Parameters().changed({"patch_size": 32, **values}))
    codes = result.decisions
    kept = np.isin(codes, (Decision.KEPT, Decision.ADDED, Decision.CENTRE))
    np.testing.assert_array_equal(kept, result.mask.array)
    assert (codes == Decision.NOT_JOINED).sum() == result.dropped_by_component
    assert (codes == Decision.OVER_LIMIT).sum() == result.dropped_by_limit
    assert set(seen) <= set(codes.ravel().tolist())
    ring = ring_index(codes.shape)
    for found in result.rings.rings:
        here = ring == found.index
        added = (result.rings.selected & ~result.rings.above)[here].sum()
        assert added == found.added_by_proximity
        assert (codes[here] == Decision.NOT_CLOSE).sum() == found.dropped_by_proximity
        if found.considered and result.parameters.convention == "as-implemented":
            above = result.centre[here] > found.threshold
            np.testing.assert_array_equal(result.rings.above[here], above)


def test_patches_with_masked_pixels_are_refused():
    patches = np.ma.array(np.ones((6, 64, 64)), mask=np.zeros((6, 64, 64), dtype=bool))
    for form in (patches, list(patches)):
        with pytest.raises(InputError, match="is a masked array"):
            StructuralNoiseExtractor(center_size=11).extract_mask(form)


@pytest.mark.parametrize("shape", [(4, 1, 96), (4, 96, 1), (2, 1, 1)])
def test_frames_that_are_too_small_are_told_so_before_they_are_compared(shape):
    frames = ArrayFrames(np.random.default_rng(0).normal(size=shape))
    with pytest.raises(InputError, match="at least 16 x 16"):
        measure(frames, Parameters(method="statistical", source="automatic"))


@pytest.mark.parametrize(("side", "patch"), [(16, 16), (40, 32)])
def test_one_frame_with_room_for_one_patch_is_too_small(side, patch):
    frames = ArrayFrames(np.random.default_rng(0).normal(size=(side, side)))
    with pytest.raises(InputError, match=f"only one patch of {patch} x {patch} pixels fits"):
        measure(frames, Parameters(method="statistical", source="automatic"))

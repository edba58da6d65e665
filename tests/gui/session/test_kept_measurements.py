"""Measurements kept on disk for the next time, and estimates on the way to a precision."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from scipy.ndimage import convolve1d, gaussian_filter

from structmask_gui.core.measure.measure import measure
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import FrameRange
from structmask_gui.gui.session import measure_job
from structmask_gui.gui.session.engine import Engine
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.window.headline import Headline
from structmask_gui.io.results import cache
from structmask_gui.io.results.cache import MeasurementCache
from tests.gui.conftest import noise, wait_for_result


@pytest.fixture(autouse=True)
def everything_is_worth_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure_job, "_WORTH_KEEPING", 0.0)
    monkeypatch.setattr(measure_job, "_PAUSE", 0.0)


@pytest.fixture
def counted() -> list[Parameters]:
    return []


@pytest.fixture
def make_session(qapp: Any, counted: list[Parameters]) -> Iterator[Any]:
    made: list[Session] = []

    def counting(frames: Any, parameters: Parameters, **more: Any) -> Any:
        counted.append(parameters)
        return measure(frames, parameters, **more)

    def make(*, keeps: bool = True) -> Session:
        session = Session(engine=Engine(measure=counting))
        session.keeps_measurements = keeps
        made.append(session)
        return session

    yield make
    for session in made:
        session.close()


def opened(session: Session, path: Path, qtbot: QtBot) -> Any:
    session.open(path)
    with qtbot.waitSignal(session.stack_changed):
        pass
    wait_for_result(session, qtbot)
    return session.state.extraction


def kept(number: int, qtbot: QtBot) -> None:
    """Wait until so many measurements lie on the disk."""
    folder = MeasurementCache().folder
    qtbot.waitUntil(lambda: len(list(folder.glob("*.measurement"))) == number)


def test_coming_back_to_a_file_measures_nothing(
    make_session: Any, counted: list[Parameters], stack_file: Path, tmp_path: Path, qtbot: QtBot
):
    other = tmp_path / "other.npy"
    np.save(other, noise((2, 96, 96), seed=3))
    session = make_session()
    first = opened(session, stack_file, qtbot)
    opened(session, other, qtbot)
    kept(2, qtbot)
    again = opened(session, stack_file, qtbot)
    assert len(counted) == 2
    assert again.mask == first.mask
    # Another window, or the next day.
    assert opened(make_session(), stack_file, qtbot).mask == first.mask
    assert len(counted) == 2


def test_what_was_asked_otherwise_is_measured(
    make_session: Any, counted: list[Parameters], stack_file: Path, qtbot: QtBot
):
    session = make_session()
    opened(session, stack_file, qtbot)
    kept(1, qtbot)
    for change in (
        lambda: session.edits.set_frame_range(FrameRange(0, 2)),
        lambda: session.edits.set_parameter("patch_size", 32),
    ):
        before = len(counted)
        change()
        wait_for_result(session, qtbot)
        assert len(counted) == before + 1
    kept(3, qtbot)
    fresh = make_session()
    opened(fresh, stack_file, qtbot)
    fresh.edits.set_frame_range(FrameRange(0, 2))
    wait_for_result(fresh, qtbot)
    fresh.edits.set_frame_range(FrameRange(1, 3))
    wait_for_result(fresh, qtbot)
    assert len(counted) == 4


def test_a_changed_file_is_measured_again(
    make_session: Any, counted: list[Parameters], stack_file: Path, qtbot: QtBot
):
    session = make_session()
    first = opened(session, stack_file, qtbot)
    kept(1, qtbot)
    session.close_files()
    np.save(stack_file, noise((4, 128, 160), seed=9))
    second = opened(session, stack_file, qtbot)
    assert len(counted) == 2
    assert not np.array_equal(
        first.measurement.autocorrelation.mean, second.measurement.autocorrelation.mean
    )


def test_measuring_again_asks_the_file(
    make_session: Any, counted: list[Parameters], stack_file: Path, qtbot: QtBot
):
    session = make_session()
    opened(session, stack_file, qtbot)
    kept(1, qtbot)
    session.measure_again()
    wait_for_result(session, qtbot)
    assert len(counted) == 2


def test_nothing_is_kept_where_that_is_not_wanted(
    make_session: Any, counted: list[Parameters], stack_file: Path, qtbot: QtBot
):
    session = make_session(keeps=False)
    opened(session, stack_file, qtbot)
    session.close_files()
    opened(session, stack_file, qtbot)
    session.close()
    assert len(counted) == 2
    assert not MeasurementCache().folder.exists()


def test_a_disk_that_cannot_be_written_is_no_error(
    make_session: Any, stack_file: Path, fresh_home: Path, qtbot: QtBot
):
    (fresh_home / "measurements").write_text("a file where the folder should be")
    session = make_session()
    assert opened(session, stack_file, qtbot) is not None
    assert session.state.error == ""


@pytest.mark.parametrize("method", ["ring", pytest.param("statistical", marks=pytest.mark.slow)])
def test_a_better_and_better_estimate_is_shown_with_its_error(
    qapp: Any, tmp_path: Path, qtbot: QtBot, method: str
):
    """Each is on the screen before the next is made."""
    seen = threading.Semaphore(0)
    shown: list[tuple[int, float | None, bool, bool, str]] = []

    def step_by_step(frames: Any, parameters: Parameters, **more: Any) -> Any:
        told = more.pop("on_estimate")

        def tell(measurement: Any, error: float) -> None:
            told(measurement, error)
            seen.acquire(timeout=20)

        return measure(frames, parameters, on_estimate=tell, **more)

    path = tmp_path / "many.npy"
    side = 16 if method == "ring" else 64
    np.save(path, noise((4, 8 * side, 16 * side)))
    session = Session(engine=Engine(measure=step_by_step))
    headline = Headline(session)
    qtbot.addWidget(headline)
    session.edits.set_parameters({"method": method, "precision": 0.0001, "patch_size": side})

    def note(extraction: Any) -> None:
        if extraction is not None:
            error = session.state.estimate_error
            number = extraction.measurement.sampling.n_used
            text = headline.state.text() if not headline.state.isHidden() else ""
            shown.append((number, error, session.state.stale, session.state.busy, text))
            seen.release()

    # After the headline has followed.
    session.mask_changed.connect(lambda: note(session.state.extraction))
    try:
        session.open(path)
        wait_for_result(session, qtbot)
    finally:
        seen.release(100)
        session.close()
    *estimates, last = shown
    assert len(estimates) >= (3 if method == "ring" else 2)
    numbers = [number for number, *_ in estimates]
    assert numbers == sorted(set(numbers))
    errors = [error for _, error, *_ in estimates]
    assert errors[0] > errors[-1]
    assert all(stale and busy for _, _, stale, busy, _ in estimates)
    assert estimates[0][-1] == f"Estimate, error {errors[0]:.2g}"
    assert last[0] == 4 * 8 * 16
    assert last[1:3] == (None, False)
    assert headline.state.isHidden()


def test_a_stopped_estimate_says_so(qapp: Any, stack_file: Path, qtbot: QtBot):
    there = threading.Event()

    def endless(frames: Any, parameters: Parameters, **more: Any) -> Any:
        measured = measure(frames, parameters, **more)
        there.set()
        while not more["task"].cancelled:
            there.wait(0.01)
        more["task"].stop_if_cancelled()
        return measured

    session = Session(engine=Engine(measure=endless))
    headline = Headline(session)
    qtbot.addWidget(headline)
    session.edits.set_parameters({"precision": 0.001})
    try:
        with qtbot.waitSignal(session.extraction_changed, check_params_cb=bool):
            session.open(stack_file)
        session.cancel()
        assert session.state.stale
        assert headline.state.text().startswith("Estimate, error")
        assert "stopped" in headline.state.toolTip()
        assert not headline.state.isHidden()
        # What is asked anew makes the old estimate an old result.
        session.edits.set_parameter("patch_size", 32)
        assert session.state.estimate_error is None
    finally:
        session.close()


def test_a_folder_is_looked_through_once(
    make_session: Any,
    counted: list[Parameters],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
):
    zarr = pytest.importorskip("zarr")
    path = tmp_path / "a.zarr"
    array = noise((4, 128, 160))
    zarr.save_array(str(path), array)
    found: list[str | None] = []

    def looked(stack: Any) -> str | None:
        found.append(identity(stack))
        return found[-1]

    identity = cache.content_identity
    monkeypatch.setattr(cache, "content_identity", looked)
    session = make_session()
    opened(session, path, qtbot)
    kept(1, qtbot)
    # Once to measure, once more before it is kept; not for the next measurement of an open folder.
    assert len(found) == 2
    session.edits.set_parameter("patch_size", 32)
    wait_for_result(session, qtbot)
    kept(2, qtbot)
    assert len(found) == 3
    opened(session, path, qtbot)
    assert len(counted) == 2
    session.close_files()
    zarr.open_array(str(path), mode="r+")[:] = array[::-1]
    opened(session, path, qtbot)
    assert len(counted) == 3
    assert len(set(found)) == 2


def test_what_lines_made_automatic_measure_further_is_kept_too(
    make_session: Any, counted: list[Parameters], qtbot: QtBot, tmp_path: Path
):
    path = tmp_path / "rows.npy"
    smeared = np.apply_along_axis(np.convolve, 2, noise((5, 128, 160)).astype(float), np.ones(15))
    pixels = np.random.default_rng(1).normal(0, 10, smeared.shape)
    np.save(path, (smeared / 15 + pixels).astype(np.float32))
    automatic = Parameters(method="statistical", source="automatic", mask_choice="recommended")
    masks = []
    for _ in range(2):
        session = make_session()
        session.edits.restore_parameters(automatic)
        opened(session, path, qtbot)
        assert session.state.parameters == automatic
        measured = session.state.measurement
        assert measured is not None
        assert measured.correlation is not None
        assert measured.correlation.parameters.max_lag > automatic.max_lag
        assert session.recommendation is not None
        masks.append(session.state.mask)
        qtbot.waitUntil(lambda: MeasurementCache().size() > 0)
    assert masks[0] == masks[1]
    # What is tuned then is what is shown, and its record repeats it; the way back is whole.
    reach = session.state.extraction.square.shape[0] // 2
    session.edits.set_parameter("rho_min", 0.1)
    assert session.state.parameters.mask_choice == "significant"
    assert session.state.parameters.max_lag == reach > automatic.max_lag
    assert session.state.extraction.square.shape[0] // 2 == reach
    session.edits.back_to_recommended()
    assert session.state.parameters == automatic
    assert session.state.mask == masks[0]
    # The second time nothing is measured, neither as far as was asked nor further.
    assert len(counted) == 1


@pytest.mark.parametrize("max_lag", [3, 5])
def test_another_largest_lag_gives_the_mask_that_a_new_measurement_gives(
    make_session: Any, qtbot: QtBot, tmp_path: Path, max_lag: int
):
    path, draw = tmp_path / "rows.npy", np.random.default_rng(1)
    scene = gaussian_filter(draw.normal(size=(160, 192)), 6)
    white = draw.normal(size=(2, 160, 192))
    smeared = convolve1d(white, [0.5, 0.8, 1, 0.8, 0.5], axis=2)
    np.save(path, (200 + 600 * scene + 20 * smeared).astype(np.float32))
    automatic = Parameters(method="statistical", source="automatic", mask_choice="recommended")
    asked = automatic.changed(max_lag=max_lag)
    masks = []
    for first in (automatic, asked):
        session = make_session(keeps=False)
        session.edits.restore_parameters(first)
        opened(session, path, qtbot)
        session.edits.set_parameter("max_lag", max_lag)
        wait_for_result(session, qtbot)
        assert session.state.parameters == asked
        masks.append(session.state.mask)
    assert masks[0] == masks[1]
    assert masks[0].cropped().array.shape == (1, 9)

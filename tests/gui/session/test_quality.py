"""The figures of the present mask, followed live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.quality.assessment import Assessment, Basis, assess, basis
from structmask_gui.core.quality.basis import extraction_basis
from structmask_gui.core.quality.suggest import Suggestion, suggest
from structmask_gui.gui.export.exporter import Exporter
from structmask_gui.gui.session.quality import (
    ALIKE,
    BARE,
    CAREAMICS,
    PRESENT,
    PUBLISHED,
    SUGGESTED,
    _basis_key,
)
from structmask_gui.gui.session.session import Session
from tests.gui.conftest import noise, wait_for_result


@pytest.fixture
def session(qapp: object, stack_file: Path, qtbot: QtBot) -> Iterator[Session]:
    made = Session()
    made.open(stack_file)
    wait_for_result(made, qtbot)
    yield made
    made.close()


def wait_current(session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: session.quality.current, timeout=15_000)


def test_nothing_is_measured_for_nobody(session: Session, qtbot: QtBot):
    qtbot.wait(50)
    assert session.quality.basis is None
    assert session.quality.state == "measuring"


def test_the_figures_are_those_of_the_engine(session: Session, qtbot: QtBot):
    quality = session.quality
    quality.watch("test", True)
    wait_current(session, qtbot)
    assert session.state.extraction is not None
    assert session.state.frames is not None
    expected = assess(
        extraction_basis(session.state.extraction, session.state.frames), session.state.mask
    )
    assert quality.scores is not None
    found = quality.scores.assessment
    assert found.figures.copied == pytest.approx(expected.figures.copied, rel=1e-9)
    assert found.error.total == pytest.approx(expected.error.total, rel=1e-9)
    labels = [name for item in quality.scores.ranking for name in item.label.split(ALIKE)]
    assert {PRESENT, BARE} <= set(labels)
    assert sum(CAREAMICS in label for label in labels) == 4


def test_the_basis_is_measured_once_and_the_figures_follow_a_slider(session: Session, qtbot: QtBot):
    quality = session.quality
    quality.watch("test", True)
    wait_current(session, qtbot)
    basis = quality.basis
    seen: list[Mask] = []
    quality.changed.connect(
        lambda: seen.append(quality.scores.mask) if quality.scores is not None else None
    )
    session.edits.begin_drag()
    for size in range(5, 25):
        session.edits.set_parameter("center_size", size)
        qtbot.wait(30)
    # It is still held.
    assert len({id(mask) for mask in seen}) >= 5
    session.edits.end_drag()
    wait_current(session, qtbot)
    assert quality.basis is basis


def test_the_newest_mask_wins(session: Session, qtbot: QtBot):
    quality = session.quality
    quality.watch("test", True)
    wait_current(session, qtbot)
    for size in range(1, 12):
        array = np.ones((1, 2 * size + 1), dtype=bool)
        session.edits.set_mask(Mask(array), "edited by hand", "Draw")
    assert not quality.current
    wait_current(session, qtbot)
    assert quality.scores is not None
    assert quality.scores.mask is session.state.mask


def test_another_file_forgets_the_basis(session: Session, qtbot: QtBot, tmp_path: Path):
    quality = session.quality
    quality.watch("test", True)
    wait_current(session, qtbot)
    quality.suggest()
    qtbot.waitUntil(lambda: quality.suggestion is not None, timeout=15_000)
    before = quality.basis
    other = tmp_path / "white.npy"
    np.save(other, np.random.default_rng(3).normal(100, 5, (3, 96, 96)).astype(np.float32))
    session.open(other)
    qtbot.waitUntil(lambda: quality.basis is not before, timeout=15_000)
    assert quality.suggestion is None
    wait_for_result(session, qtbot)
    wait_current(session, qtbot)
    assert quality.scores is not None
    assert quality.scores.assessment.figures.copied_bare < 0.05
    session.close_files()
    assert quality.state == "nothing"
    assert quality.scores is None


def test_the_noise_is_that_of_the_present_measurement(session: Session, qtbot: QtBot):
    session.quality.watch("test", True)
    session.edits.set_parameters({"method": "statistical", "source": "difference", "max_lag": 5})
    for max_lag in (5, 10):
        session.edits.set_parameter("max_lag", max_lag)
        wait_for_result(session, qtbot)
        wait_current(session, qtbot)
        extraction, frames, basis = (
            session.state.extraction,
            session.state.frames,
            session.quality.basis,
        )
        assert extraction is not None
        assert frames is not None
        assert basis is not None
        wanted = extraction_basis(extraction, frames)
        assert (basis.radius, basis.trusted) == (wanted.radius, wanted.trusted)
        np.testing.assert_array_equal(basis.noise.values, wanted.noise.values)


def test_rings_have_the_figures_that_the_recommendation_rests_on(session: Session, qtbot: QtBot):
    """Else the answer and its offers would tell two errors of one mask."""
    quality = session.quality
    quality.watch("test", True)
    automatic = {"method": "statistical", "source": "automatic", "mask_choice": "recommended"}
    session.edits.set_parameters(automatic)
    wait_for_result(session, qtbot)
    wait_current(session, qtbot)
    known = quality.basis
    session.edits.set_parameter("method", "ring")
    wait_for_result(session, qtbot)
    wait_current(session, qtbot)
    assert session.recommendation is not None
    assert quality.basis is known


def test_figures_are_those_of_one_basis_and_not_of_one_that_is_freed(
    session: Session, qtbot: QtBot
):
    assert session.state.frames is not None
    first = basis(session.state.frames)
    key = _basis_key(session.state, lambda: first)
    assert key is not None
    assert key[-1] is first  # kept, so that no other can take its place in memory
    assert key == _basis_key(session.state, lambda: first)
    assert key != _basis_key(session.state, lambda: replace(first))


def test_a_statistical_mask_is_ranked_beside_the_published_one(session: Session, qtbot: QtBot):
    session.quality.watch("test", True)
    session.edits.set_parameter("method", "statistical")
    wait_for_result(session, qtbot)

    def there() -> None:
        scores = session.quality.scores
        assert scores is not None
        labels = [name for item in scores.ranking for name in item.label.split(ALIKE)]
        assert PUBLISHED in labels

    qtbot.waitUntil(there, timeout=15_000)


def test_what_is_shown_of_a_mask_is_worked_out_once(
    session: Session, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
):
    assessed: list[Mask] = []
    original = assess

    def counted(basis: Basis, mask: Mask) -> Assessment:
        assessed.append(mask)
        return original(basis, mask)

    monkeypatch.setattr("structmask_gui.core.quality.assessment.assess", counted)
    for name, value in (("method", "statistical"), ("source", "difference")):
        session.edits.set_parameter(name, value)
        wait_for_result(session, qtbot)
    quality = session.quality
    quality.watch("test", True)

    def ranked_with(name: str) -> bool:
        scores = quality.scores
        return scores is not None and any(
            name in item.label.split(ALIKE) for item in scores.ranking
        )

    # The published mask comes later than the figures, the suggested one later still.
    qtbot.waitUntil(lambda: ranked_with(PUBLISHED), timeout=15_000)
    quality.suggest()
    qtbot.waitUntil(lambda: ranked_with(SUGGESTED), timeout=15_000)
    assert len(assessed) == 1


def test_nothing_is_scored_because_a_search_begins_or_ends_in_vain(session: Session, qtbot: QtBot):
    quality = session.quality
    quality.watch("test", True)
    wait_current(session, qtbot)
    qtbot.waitUntil(lambda: not quality._scoring.busy, timeout=15_000)
    scored: list[object] = []
    quality._scoring._lane.ended.connect(scored.append)
    quality.suggest()
    quality.suggesting.cancel()
    qtbot.waitUntil(lambda: not quality.suggesting._job.busy, timeout=15_000)
    assert not quality._scoring.busy
    assert not scored


def test_masks_are_suggested_by_the_frames_that_are_compared(
    session: Session, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
):
    quality = session.quality
    quality.watch("test", True)
    wait_current(session, qtbot)
    given: dict[str, object] = {}
    original = suggest

    def seen(*arguments: Any, **named: Any) -> Suggestion:
        given.update(named)
        return original(*arguments, **named)

    monkeypatch.setattr("structmask_gui.core.quality.assessment.suggest", seen)
    quality.suggest()
    qtbot.waitUntil(lambda: quality.suggestion is not None, timeout=15_000)
    assert quality.basis is not None
    assert quality.basis.still is not None
    assert given["still"] is quality.basis.still
    assert given["pixels"] == quality.basis.noise.pixels


def test_the_noise_of_another_file_is_not_kept_while_nobody_looks(
    session: Session, tmp_path: Path, qtbot: QtBot
):
    quality = session.quality
    quality.watch("test", True)
    wait_current(session, qtbot)
    quality.watch("test", False)
    other = tmp_path / "other.npy"
    np.save(other, noise((4, 128, 160), seed=9))
    session.open(other)
    qtbot.waitUntil(
        lambda: session.state.stack is not None and session.state.stack.name == "other.npy"
    )
    assert quality.basis is None
    assert quality.scores is None


def test_what_was_asked_of_another_file_is_dropped(session: Session, tmp_path: Path, qtbot: QtBot):
    quality = session.quality
    quality.watch("test", True)
    wait_current(session, qtbot)
    quality.suggest()
    other = tmp_path / "other.npy"
    np.save(other, noise((4, 128, 160), seed=9))
    session.open(other)
    qtbot.waitUntil(
        lambda: session.state.stack is not None and session.state.stack.name == "other.npy"
    )
    qtbot.waitUntil(lambda: not quality.suggesting.busy)
    assert quality.suggestion is None


def test_a_mask_of_a_changed_file_is_refused_with_its_record_or_without(
    session: Session, stack_file: Path, qtbot: QtBot
):
    exporter = Exporter(session)
    np.save(stack_file, noise((5, 128, 160), seed=3))
    record, mask = stack_file.with_name("mask.json"), stack_file.with_name("mask.npy")
    try:
        for files in ({"json": record, "npy": mask}, {"npy": mask}):
            with qtbot.waitSignal(session.failed) as failed:
                exporter.export(files)
            assert "rows.npy was changed after it was opened" in failed.args[0]
            assert not record.exists()
            assert not mask.exists()
    finally:
        exporter.close()

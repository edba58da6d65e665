"""Files that another program writes anew while they are open: nothing is made of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.errors import InputError
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.progress import NO_TASK
from structmask_gui.gui.export.work import Result, write_masks
from structmask_gui.gui.quality.denoise_work import Plan, denoise, look
from structmask_gui.gui.quality.frame_writer import FrameWriter
from structmask_gui.gui.session.denoised import DenoisedStack
from structmask_gui.gui.session.engine import Engine
from structmask_gui.gui.session.preview import LivePreview
from structmask_gui.gui.session.session import Session
from structmask_gui.io.corrected import save_destriped
from tests.gui.conftest import noise, wait_for_result
from tests.io.maker_files import write_ome_set

CHANGED = "rows.npy was changed after it was opened; read it again (F5)."


@pytest.fixture
def session(qapp: object, stack_file: Path, qtbot: QtBot) -> Iterator[Session]:
    made = Session()
    made.open(stack_file)
    wait_for_result(made, qtbot)
    yield made
    made.close()


def write_anew(path: Path, n: int = 5) -> None:
    np.save(path, noise((n, 128, 160), seed=9))


def test_one_that_changes_while_it_is_measured_has_no_result(
    qapp: object, stack_file: Path, qtbot: QtBot
):
    def meanwhile(*arguments: Any, **more: Any) -> Any:
        write_anew(stack_file, 4)
        return measure(*arguments, **more)

    session = Session(engine=Engine(measure=meanwhile))
    try:
        with qtbot.waitSignal(session.failed, timeout=15_000) as said:
            session.open(stack_file)
        assert said.args == [CHANGED]
        assert session.state.extraction is None
    finally:
        session.close()


def test_every_file_of_a_set_is_looked_at(session: Session, tmp_path: Path, qtbot: QtBot):
    first, second, *_ = write_ome_set(tmp_path, noise((4, 128, 160)))
    session.open(first)
    qtbot.waitUntil(lambda: session.state.paths == (first,))
    wait_for_result(session, qtbot)
    second.touch()
    with qtbot.waitSignal(session.failed) as said:
        session.edits.set_parameter("patch_size", 32)
    assert said.args[0].startswith(f"{second.name} was changed")


def test_a_reference_stack_is_looked_at(session: Session, tmp_path: Path, qtbot: QtBot):
    dark = tmp_path / "dark.npy"
    write_anew(dark)
    with qtbot.waitSignal(session.reference_stacks.changed):
        session.reference_stacks.choose("dark", dark)
    session.edits.set_parameters({"method": "statistical", "source": "dark", "max_lag": 4})
    wait_for_result(session, qtbot)
    write_anew(dark, 6)
    changed = "dark.npy was changed after it was opened; choose it again."
    with pytest.raises(InputError) as error:
        Result.of(session).record(NO_TASK)
    assert str(error.value) == changed
    with qtbot.waitSignal(session.failed) as said:
        session.edits.set_parameter("patch_size", 48)
    assert said.args == [changed]
    session.reference_stacks.choose("dark", dark)
    wait_for_result(session, qtbot)
    assert session.state.error == ""
    # One that the source does not use is no concern of the measurement.
    session.edits.set_parameter("source", "frames")
    wait_for_result(session, qtbot)
    write_anew(dark)
    session.edits.set_parameter("patch_size", 32)
    wait_for_result(session, qtbot)


def test_it_is_not_scored(session: Session, stack_file: Path, qtbot: QtBot):
    write_anew(stack_file)
    session.quality.watch("test", True)
    qtbot.waitUntil(lambda: session.quality.state == "failed", timeout=15_000)
    assert session.quality.error == CHANGED


def test_it_is_not_predicted(session: Session, stack_file: Path, qtbot: QtBot):
    preview = LivePreview(session, session)
    preview.watch(True)
    qtbot.waitUntil(lambda: preview.current, timeout=15_000)
    write_anew(stack_file)
    with qtbot.waitSignal(session.failed) as said:
        session.set_frame(1)
    assert said.args == [CHANGED]
    # The figures may say so first.
    qtbot.waitUntil(lambda: preview.shown is None, timeout=15_000)


def test_it_is_not_destriped(session: Session, stack_file: Path, qtbot: QtBot):
    write_anew(stack_file)
    with qtbot.waitSignal(session.failed) as said:
        save = partial(save_destriped, lines="rows")
        FrameWriter(session, session).write(stack_file.with_name("out.tif"), save)
    assert said.args == [CHANGED]
    assert not stack_file.with_name("out.tif").exists()


def test_nothing_is_judged_against_it(session: Session, stack_file: Path, qtbot: QtBot):
    output = stack_file.with_name("output.npy")
    write_anew(output, 4)
    write_anew(stack_file)
    with qtbot.waitSignal(session.failed) as said:
        DenoisedStack(session, session).open(output)
    assert said.args == [CHANGED]


def test_it_is_not_denoised(session: Session, stack_file: Path):
    state, forgotten = session.state, threading.Event()
    forgotten.set()
    assert state.stack is not None
    assert state.mask is not None
    write_anew(stack_file)
    with pytest.raises(InputError, match="was changed"):
        look(state, NO_TASK)
    plan = Plan(
        state, state.stack, state.mask, "", (), (), None, None, lambda: 0, lambda _: None, forgotten
    )
    with pytest.raises(InputError, match="was changed"):
        denoise(plan, NO_TASK)


def test_its_frames_are_not_shown_beside_the_answer_of_before(
    session: Session, stack_file: Path, qtbot: QtBot
):
    write_anew(stack_file, 4)
    with qtbot.waitSignal(session.failed) as said:
        session.set_frame(1)
    assert said.args == [CHANGED]
    assert session.state.image is None


@pytest.mark.parametrize("form", ["npy", "json"])
def test_its_mask_is_not_saved(session: Session, stack_file: Path, form: str):
    target = stack_file.with_name(f"mask.{form}")
    write_anew(stack_file)
    with pytest.raises(InputError) as error:
        write_masks(Result.of(session), {form: target}, NO_TASK)
    assert str(error.value) == CHANGED
    assert not target.exists()


def test_one_that_is_gone_is_neither_denoised_nor_recorded(session: Session, stack_file: Path):
    stack_file.unlink()
    with pytest.raises(InputError) as error:
        look(session.state, NO_TASK)
    assert "can still be measured until it is closed, but not denoised" in str(error.value)
    with pytest.raises(InputError) as record:
        Result.of(session).record(NO_TASK)
    assert str(record.value) == str(error.value)

"""The stacks beside the measured one, and the patches that lie on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from pytestqt.qtbot import QtBot

from structmask_gui.core.stack.frames import FrameRange
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.state import _earlier
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise, wait_for_result
from tests.gui.workshop import Workshop, opened


def statistical(session: Session, **values: Any) -> None:
    session.edits.set_parameters(
        {"method": "statistical", "max_lag": 4, "patch_size": 32, **values}
    )


def test_the_source_follows_the_method(session: Session) -> None:
    session.edits.set_parameter("method", "statistical")
    assert session.state.parameters.source == "automatic"
    session.history.undo()
    assert (session.state.parameters.method, session.state.parameters.source) == ("ring", "frames")
    session.history.redo()
    session.edits.set_parameters({"method": "ring"})
    assert session.state.parameters.source == "frames"


@pytest.mark.parametrize("kind", ["dark", "subtract"])
def test_a_second_stack_is_measured_with(session: Session, qtbot: QtBot, kind: str) -> None:
    opened(session, qtbot)
    statistical(session, source=kind)
    qtbot.waitUntil(lambda: bool(session.state.error), timeout=10_000)
    assert "a.tif" in session.state.error
    assert session.state.stale
    with qtbot.waitSignal(session.reference_stacks.changed):
        session.reference_stacks.choose(kind, "other.tif")
    wait_for_result(session, qtbot)
    assert session.state.error == ""
    assert session.reference_stacks.path(kind) == Path("other.tif")
    assert session.state.measurement is not None
    assert session.state.measurement.correlation.source == kind
    assert list(session.reference_stacks.used(session.state.parameters.source)) == [kind]
    first = session.state.measurement
    session.reference_stacks.choose(kind, "third.tif")
    qtbot.waitUntil(lambda: session.state.measurement is not first, timeout=10_000)
    assert session.reference_stacks.remembered() == {kind: "third.tif"}


def test_a_second_stack_the_source_does_not_use(
    session: Session, workshop: Workshop, qtbot: QtBot
) -> None:
    opened(session, qtbot)
    with qtbot.waitSignal(session.reference_stacks.changed):
        session.reference_stacks.choose("dark", "dark.tif")
    assert len(workshop.measured) == 1
    assert not session.state.stale
    with qtbot.waitSignal(session.failed) as said:
        session.reference_stacks.choose("dark", "bad.tif")
    assert said.args == ["bad.tif is damaged; copy it again."]
    assert session.reference_stacks.path("dark") == Path("dark.tif")
    session.reference_stacks.choose("dark", None)
    assert session.reference_stacks.stack("dark") is None
    assert session.state.error == ""
    qtbot.waitUntil(lambda: workshop.opened[-1].closed)


def test_automatic_takes_the_dark_stack(session: Session, qtbot: QtBot) -> None:
    for kind in ("subtract", "dark"):
        with qtbot.waitSignal(session.reference_stacks.changed):
            session.reference_stacks.choose(kind, f"{kind}.tif")
    statistical(session)
    opened(session, qtbot)
    assert session.state.measurement is not None
    assert session.state.measurement.correlation.base == "dark"
    # Its patches lie on another stack than the one on display.
    assert len(session.state.patches_on_frame()[0]) == 0


def test_a_paired_stack_follows_the_frame_range(session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(session.reference_stacks.changed):
        session.reference_stacks.choose("subtract", "other.tif")
    chosen = session.reference_stacks.frames("subtract", FrameRange(1, 3, 1), 4)["subtract"]
    assert chosen.n_frames == 2
    whole = session.reference_stacks.frames("subtract", None, 4)["subtract"]
    assert whole.n_frames == 4
    assert session.reference_stacks.frames("frames", None, 4) == {}


def test_patches_of_a_difference_stand_on_both_frames(session: Session, qtbot: QtBot) -> None:
    statistical(session, source="difference")
    opened(session, qtbot)
    shown = []
    for frame in range(4):
        session.set_frame(frame)
        corners, used, reasons, shape = session.state.patches_on_frame()
        assert len(corners) == len(used) == len(reasons) == 9
        assert shape == (32, 32)
        shown.append(corners.tolist())
    assert shown[0] == shown[1]


def test_a_frame_that_was_not_measured_has_no_patches_of_a_difference(
    session: Session, qtbot: QtBot
) -> None:
    statistical(session, source="difference")
    opened(session, qtbot)
    measurement = session.state.measurement
    assert measurement is not None
    # As of a limited number of patches, all of which lie on the first two frames.
    nine = replace(
        measurement.sampling,
        places=measurement.sampling.places[:9],
        used=measurement.sampling.used[:9],
        reasons=measurement.sampling.reasons[:9],
    )
    state = session.state.having(measurement=replace(measurement, sampling=nine))
    shown = [len(state.having(frame=frame).patches_on_frame()[0]) for frame in range(4)]
    assert shown == [9, 9, 0, 0]


def test_patches_lie_on_the_frames_that_were_compared(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    np.save(tmp_path / "twice.npy", np.repeat(noise((8, 128, 160)), 2, axis=0))
    session = window.session
    statistical(session, source="difference")
    window.open_paths([str(tmp_path / "twice.npy")])
    wait_for_result(session, qtbot)
    state = session.state
    assert state.measurement.correlation.evidence.left_out.kept == list(range(0, 16, 2))
    shown = [state.having(frame=frame).patches_on_frame()[0].tolist() for frame in range(16)]
    # Frames 0 and 2 are a pair; 1 and 3 are the same.
    for first in range(0, 16, 4):
        assert shown[first]
        assert shown[first] == shown[first + 1] == shown[first + 2] == shown[first + 3]


@pytest.mark.parametrize(
    ("runs", "earlier"),
    [
        ([range(4)], [0, 0, 2, 2]),
        ([range(3)], [0, 0, 0]),
        ([range(2), range(2, 7), range(7, 8)], [0, 0, 2, 2, 4, 4, 4, -1]),
        # Planes over times.
        ([range(0, 7, 3), range(1, 5, 3), range(2, 6, 3)], [0, 1, 2, 0, 1, 2, 0]),
    ],
)
def test_a_difference_stands_with_the_earlier_frame_of_its_pair(
    runs: list[range], earlier: list[int]
) -> None:
    assert [_earlier(frame, runs) for frame in range(len(earlier))] == earlier


def test_a_lag_under_the_pointer_is_shared(session: Session) -> None:
    seen: list[Any] = []
    session.lag_hovered.connect(seen.append)
    for lag in ((0, 1), (0, 1), None):
        session.hover_lag(lag)
    assert seen == [(0, 1), None]


def chosen(session: Session, qtbot: QtBot, kind: str, name: str) -> None:
    with qtbot.waitSignal(session.reference_stacks.changed):
        session.reference_stacks.choose(kind, name)
    wait_for_result(session, qtbot)


def test_a_reference_stack_goes_with_its_file(session: Session, qtbot: QtBot) -> None:
    opened(session, qtbot)
    statistical(session)
    chosen(session, qtbot, "dark", "dark.tif")
    session.reopen()
    wait_for_result(session, qtbot)
    assert session.reference_stacks.path("dark") == Path("dark.tif")
    with qtbot.waitSignal(session.references_dropped) as said:
        session.open("other.tif")
    wait_for_result(session, qtbot)
    assert said.args == [{"dark": Path("dark.tif")}]
    assert session.reference_stacks.remembered() == {}
    assert session.state.measurement is not None
    assert session.state.measurement.correlation.base != "dark"


def test_a_reference_stack_of_several_channels_follows_the_measured_one(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    session, references = window.session, window.session.reference_stacks
    for name in ("two", "dark"):
        tifffile.imwrite(
            tmp_path / f"{name}.tif", noise((4, 2, 96, 100)), metadata={"axes": "TCYX"}, imagej=True
        )
    window.open_paths([str(tmp_path / "two.tif")])
    wait_for_result(session, qtbot)
    statistical(session)
    chosen(session, qtbot, "dark", str(tmp_path / "dark.tif"))
    for channel in (1, 0):
        session.reopen(channel=channel)
        qtbot.waitUntil(lambda channel=channel: references.stack("dark").channel == channel)
        wait_for_result(session, qtbot)
        assert session.state.stack.channel == channel
        assert session.state.measurement.correlation.base == "dark"
    # One that has no such channel stays as it is.
    np.save(tmp_path / "one.npy", noise((4, 96, 100)))
    chosen(session, qtbot, "dark", str(tmp_path / "one.npy"))
    session.reopen(channel=1)
    wait_for_result(session, qtbot)
    assert references.path("dark") == tmp_path / "one.npy"


def test_one_chosen_before_any_file_is_used_for_the_first(session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(session.reference_stacks.changed):
        session.reference_stacks.choose("dark", "dark.tif")
    opened(session, qtbot)
    assert session.reference_stacks.path("dark") == Path("dark.tif")


def test_the_automatic_mask_is_looked_for_without_a_stack_that_was_let_go(
    session: Session, workshop: Workshop, qtbot: QtBot
) -> None:
    opened(session, qtbot)
    chosen(session, qtbot, "dark", "dark.tif")
    workshop.slow = 30
    session.pinned.keep_automatic()
    qtbot.waitUntil(lambda: len(workshop.measured) == 2)
    workshop.slow = 0
    session.reference_stacks.choose("dark", None)
    qtbot.waitUntil(lambda: session.state.pinned is not None, timeout=15_000)
    assert session.state.error == ""


def test_a_stack_that_does_not_fit_is_named(session: Session, qtbot: QtBot) -> None:
    opened(session, qtbot)
    with qtbot.waitSignal(session.reference_stacks.fit_changed):
        session.reference_stacks.choose("dark", "small.tif")
    assert session.reference_stacks.misfits == {
        "dark": "its frames are 64 x 64 pixels, yours 96 x 96"
    }
    session.reference_stacks.choose("dark", None)
    assert session.reference_stacks.misfits == {}

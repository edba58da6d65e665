"""A session whose files and measurements are made up: they note what was asked, wait, and fail."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from structmask_gui.core.errors import InputError
from structmask_gui.core.extraction.extraction import select
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.gui.session.session import Engine, Session
from tests.gui.conftest import noise, wait_for_result


class Stack(ArrayFrames):
    """An open file of a fake disk."""

    def __init__(self, path: Path, shape: tuple[int, ...] = (4, 96, 96)) -> None:
        # Reference stacks hold other pixels than the measured one.
        super().__init__(noise(shape, seed=len(path.name)), path.name)
        self.path, self.files = path, (path,)
        self.closed = False
        self.channel = None

    def offers(self, channel: object) -> bool:
        return False  # there is one channel

    def close(self) -> None:
        self.closed = True


class Workshop:
    """An engine that notes what it was asked and can be slow, fail, or wait."""

    def __init__(self) -> None:
        self.measured: list[Parameters] = []
        self.ranges: list[int] = []
        self.opened: list[Stack] = []
        self.slow = 0.0
        self.error: Exception | None = None

    def open_stack(self, path: Path, **choices: Any) -> Stack:
        if "bad" in path.name:
            raise InputError(f"{path.name} is damaged; copy it again.")
        time.sleep(self.slow)
        stack = Stack(path, (2, 64, 64) if "small" in path.name else (4, 96, 96))
        self.opened.append(stack)
        return stack

    def measure(self, recording: Any, parameters: Parameters, **more: Any) -> Any:
        self.measured.append(parameters)
        self.ranges.append(recording.frames.n_frames)
        end = time.monotonic() + self.slow
        more["task"].report(0, 2, "Measuring")
        while time.monotonic() < end:
            more["task"].stop_if_cancelled()
            more["task"].report(1, 2, "Measuring")
            time.sleep(0.002)
        if self.error is not None:
            raise self.error
        return measure(recording, parameters, **more)

    def engine(self) -> Engine:
        return Engine(open_stack=self.open_stack, measure=self.measure, select=select)


def opened(session: Session, qtbot: QtBot, *names: str) -> None:
    session.open(list(names) or ["a.tif"])
    wait_for_result(session, qtbot)

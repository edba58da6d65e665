"""What the session calls to do the work, and what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import FrameRange, Recording

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.parameters.model import Parameters


@dataclass(frozen=True)
class Engine:
    """What the session calls to do the work; tests put their own in.

    The defaults import late: the window is on the screen before scipy or tifffile are needed.
    """

    open_stack: Callable[..., Any] | None = None
    measure: Callable[..., Any] | None = None
    select: Callable[..., Any] | None = None

    def open(self, path: Path, task: Task = NO_TASK, **choices: Any) -> Any:
        """Open a file as `structmask_gui.io.open.open_stack` does."""
        if self.open_stack is not None:
            return self.open_stack(path, **choices)
        from structmask_gui.io.open import open_stack

        return open_stack(path, cancelled=lambda: task.cancelled, **choices)

    def measured(self, *args: Any, **more: Any) -> Any:
        """Measure as `structmask_gui.core.measure.measure.measure` does."""
        if self.measure is not None:
            return self.measure(*args, **more)
        from structmask_gui.core.measure.measure import measure

        return measure(*args, **more)

    def selected(self, *args: Any) -> Any:
        """Select as `structmask_gui.core.extraction.extraction.select` does."""
        if self.select is not None:
            return self.select(*args)
        from structmask_gui.core.extraction.extraction import select

        return select(*args)

    def chosen(
        self, measurement: Any, recording: Recording, parameters: Parameters, task: Task = NO_TASK
    ) -> Any:
        """Select, and find the recommended mask where it is asked for.

        The extraction's measurement is another one where the noise had to be measured further.
        """
        from structmask_gui.core.parameters.rules import recommends

        if not recommends(parameters):
            return self.selected(measurement, parameters, None)
        from structmask_gui.core.recommend.extract import chosen

        return chosen(measurement, recording, parameters, task=task)

    def key(self, files: Any, *args: Any, **more: Any) -> str | None:
        """Return what a measurement is kept under, as `MeasurementCache.key` does.

        None, too, for frames that are no file.
        """
        from structmask_gui.io.results.cache import MeasurementCache
        from structmask_gui.io.stack.image_stack import ImageStack

        if not all(isinstance(stack, ImageStack) for stack in files.stacks):
            return None
        return MeasurementCache().key(files, *args, **more)

    def recalled(self, key: str | None, parameters: Parameters) -> Any:
        """Return the measurement kept on disk under a key, or None."""
        if key is None:
            return None
        from structmask_gui.io.results.cache import MeasurementCache

        return MeasurementCache().load(key, parameters)

    def kept(self, key: str, measurement: Any) -> bool:
        """Keep a measurement on disk, and say whether it could be kept."""
        from structmask_gui.io.results.cache import MeasurementCache

        return MeasurementCache().store(key, measurement)


@dataclass(frozen=True)
class Request:
    """What a measurement was asked for, to file its answer under."""

    serial: int
    frame_range: FrameRange | None
    region: Any
    parameters: Parameters
    reference_stacks: tuple[Any, ...] = ()

    def same_frames(self, other: Request) -> bool:
        """Whether both ask for the same pixels, with whatever parameters."""
        return replace(self, parameters=other.parameters) == other


@dataclass(frozen=True)
class Edit:
    """A mask in place of the extracted one."""

    mask: Mask
    how: str
    """How it came about, as in "edited by hand"."""
    serial: int
    """Number of the open files that it belongs to."""

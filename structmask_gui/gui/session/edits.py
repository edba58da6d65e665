"""What a person sets: parameters, presets, the measured part, the mask by hand; all with undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from structmask_gui.core.errors import StructMaskError
from structmask_gui.core.stack.frames import FrameRange
from structmask_gui.gui.session.engine import Edit
from structmask_gui.gui.session.history import Change, History
from structmask_gui.gui.session.state import SessionLooks

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.core.stack.frames import Region
    from structmask_gui.io.presets.preset import Preset


class SessionEdits(SessionLooks):
    """The part of `Session` that goes through its history."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history = History(self)

    def refresh(self) -> None:
        """Bring the result up to date with what was set."""
        raise NotImplementedError

    # --- parameters ---------------------------------------------------------------------------

    def set_parameter(self, name: str, value: Any) -> None:
        """Change one parameter; quick changes of the same one are undone together."""
        from structmask_gui.core.parameters.model import parameter_infos

        label = parameter_infos()[name].about.label
        self._change_parameters({name: value}, f"{label} {_shown(value)}", merge=name)

    def set_parameters(self, values: Mapping[str, Any] | Parameters, text: str = "") -> None:
        """Change several parameters in one step that is undone at once."""
        if not isinstance(values, Mapping):
            values = values.model_dump()
        self._change_parameters(values, text or "Change parameters")

    def restore_parameters(self, parameters: Parameters) -> None:
        """Set the parameters of the last session; there is nothing to undo to."""
        self._put_parameters(parameters)

    def reset_parameters(self) -> None:
        """Put every parameter but the method back to its default."""
        from structmask_gui.core.parameters.rules import defaults_of

        self.set_parameters(defaults_of(self.parameters.method), "Reset all parameters")

    def apply_preset(self, preset: Preset) -> None:
        """Set the parameters that a preset names, and remember it."""
        self._preset = preset
        self.set_parameters(preset.apply(self.parameters), f"Preset {preset.name}")
        self.preset_changed.emit()

    def set_preset(self, preset: Preset | None) -> None:
        """Say which preset the present parameters belong to, as after saving one."""
        self._preset = preset
        self.preset_changed.emit()

    def _change_parameters(self, values: Mapping[str, Any], text: str, merge: str = "") -> None:
        from structmask_gui.core.parameters.rules import changed_together

        try:
            new = changed_together(self.parameters, values)
        except StructMaskError as error:
            self._fail(str(error))
            return
        if new != self.parameters:
            drag = self._drag if self._dragging else 0
            old = self.parameters, self._edit
            self.history.make(Change(text, self._put_both, old, (new, None), merge, drag))

    def _put_both(self, state: tuple[Parameters, Edit | None]) -> bool:
        """Put parameters in place, and the edited mask that belonged to them."""
        parameters, edit = state
        changed = self._swap_edit(edit)
        self._put_parameters(parameters)
        if changed:
            self.mask_changed.emit()
        return True

    def begin_drag(self) -> None:
        """Say that a slider's handle was taken: changes until it is let go are undone together."""
        self._drag += 1
        self._dragging = True

    def end_drag(self) -> None:
        """Say that the handle was let go."""
        self._dragging = False

    def _put_parameters(self, parameters: Parameters) -> bool:
        self._parameters = parameters
        self.parameters_changed.emit(parameters)
        if self._preset is not None:
            self.preset_changed.emit()
        self.refresh()
        return True

    def set_region(self, region: Region | None) -> None:
        """Measure only a rectangle (y0, y1, x0, x1), or the whole image."""
        if region != self._region:
            put = self._putter("_region", self.region_changed)
            old = self._region, self._edit
            self.history.make(Change("Rectangle", put, old, (region, None), "region"))

    def set_frame_range(self, frame_range: FrameRange | None) -> None:
        """Measure only some frames, or all."""
        if self._all_frames is not None and frame_range is not None:
            n = self._all_frames.n_frames
            start = min(max(frame_range.start, 0), n - 1)
            stop = min(max(frame_range.stop, start + 1), n)
            frame_range = FrameRange(start, stop, max(1, frame_range.step))
            if frame_range == FrameRange(0, n, 1):
                frame_range = None
        if frame_range != self._frame_range:
            put = self._putter("_frame_range", self.frame_range_changed)
            old = self._frame_range, self._edit
            self.history.make(Change("Frames", put, old, (frame_range, None), "frames"))

    def _putter(self, name: str, changed: Any) -> Callable[[Any], bool]:
        serial = self._serial

        def put(state: tuple[Any, Edit | None]) -> bool:
            if serial != self._serial:
                return False  # it belonged to a file that is no longer open
            value, edit = state
            edit_changed = self._swap_edit(edit)
            setattr(self, name, value)
            changed.emit()
            self.refresh()
            if edit_changed:
                self.mask_changed.emit()
            return True

        return put

    # --- the mask changed by hand -------------------------------------------------------------

    def set_mask(self, mask: Mask, how: str, text: str) -> None:
        """Put another mask in place of the extracted one, until the next extraction.

        Parameters
        ----------
        mask : Mask
            One equal to the extracted one ends the edit.
        how : str
            How it came about, as in "edited by hand".
        text : str
            What the menu says is undone. Changes of one drag are undone together.
        """
        extraction = self._extraction
        if extraction is not None and mask != self.mask:
            edit = None if mask == extraction.mask else Edit(mask, how, self._serial)
            self._change_edit(edit, text)

    def restore_mask(self, mask: Mask, how: str) -> None:
        """Put the mask of the last session in place; there is nothing to undo to."""
        extraction = self._extraction
        if extraction is not None and self._edit is None and mask != extraction.mask:
            self._edit = Edit(mask, how, self._serial)
            self.mask_changed.emit()

    def drop_edit(self) -> None:
        """Go back to the mask as it was extracted."""
        if self.edit is not None:
            self._change_edit(None, "Back to the extracted mask")

    def _change_edit(self, edit: Edit | None, text: str) -> None:
        serial = self._serial

        def put(value: Edit | None) -> bool:
            if serial != self._serial:
                return False
            self._edit = value
            self.mask_changed.emit()
            return True

        drag = self._drag if self._dragging else 0
        merge = "edit" if drag else ""
        self.history.make(Change(text, put, self._edit, edit, merge, drag))

    def _swap_edit(self, edit: Edit | None) -> bool:
        """Put an edit in place without a signal; True if it is another one."""
        if edit is not None and edit.serial != self._serial:
            edit = None
        old, self._edit = self._edit, edit
        if old is not None and edit is None:
            self.edit_dropped.emit("The new extraction replaces your mask; undo brings it back.")
        elif old is None and edit is not None:
            self.edit_dropped.emit("Your mask is back.")
        return edit is not old


def _shown(value: Any) -> str:
    """Return a value as the menu says it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

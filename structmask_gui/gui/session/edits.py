"""What the user sets, with undo: parameters, presets, the measured part, the mask by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from structmask_gui.core.errors import StructMaskError
from structmask_gui.core.stack.frames import FrameRange
from structmask_gui.gui.session.engine import Edit
from structmask_gui.gui.session.history import Change, History

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.core.stack.frames import Region
    from structmask_gui.gui.session.state import OpenedAs, State
    from structmask_gui.io.presets.preset import Preset


class EditsByFile:
    """The masks changed by hand of files that were open before: they come back with their files."""

    def __init__(self) -> None:
        self._kept: dict[OpenedAs, Edit] = {}  # the newest last

    def keep(self, opened_as: OpenedAs, edit: Edit | None) -> None:
        """Keep the edit of some files, or none."""
        self._kept.pop(opened_as, None)
        if edit is not None:
            self._kept[opened_as] = edit

    def swap(self, left: State, opened: State) -> Edit | None:
        """Keep the edit of the files that are left, and return that of those now open."""
        self.keep(left.opened_as, left.edit)
        back = self._kept.get(opened.opened_as)
        return None if back is None else replace(back, serial=opened.serial)

    def others(self, state: State) -> dict[OpenedAs, Edit]:
        """Return the edits of all files but the open ones, the newest last."""
        return {files: edit for files, edit in self._kept.items() if files != state.opened_as}


class Edits:
    """Changes of the session's state that go through its history.

    Parameters
    ----------
    read : callable
        Returns the present state.
    put : callable
        Replaces fields of it, given by name.
    fail : callable
        Takes the sentence of what cannot be set.
    """

    def __init__(
        self,
        history: History,
        read: Callable[[], State],
        put: Callable[..., None],
        fail: Callable[[str], None],
    ) -> None:
        self._history, self._read, self._put, self._fail = history, read, put, fail
        self._drag = 0
        self._dragging = False

    def _change(
        self, text: str, values: Mapping[str, Any], merge: str = "", *, of_files: bool = True
    ) -> None:
        """Replace fields, with undo; ``of_files`` only while the same files are open."""

        def read() -> dict[str, Any]:
            state = self._read()
            return {name: getattr(state, name) for name in values}

        drag = self._drag if self._dragging else 0
        self._history.make(Change(text, self._restore, read(), values, read, merge, drag, of_files))

    def _restore(self, values: Mapping[str, Any]) -> None:
        edit = values.get("edit")
        if edit is not None and edit.serial != self._read().serial:
            values = {**values, "edit": None}
        self._put(**values)

    def begin_drag(self) -> None:
        """Begin the drag of a slider: its changes are undone together."""
        self._drag += 1
        self._dragging = True

    def end_drag(self) -> None:
        self._dragging = False

    # --- parameters ---------------------------------------------------------------------------

    def set_parameter(self, name: str, value: Any) -> None:
        """Change one parameter; quick changes of the same one are undone together."""
        from structmask_gui.core.parameters.labels import value_text
        from structmask_gui.core.parameters.model import parameter_infos
        from structmask_gui.core.parameters.rules import method_values

        info = parameter_infos()[name]
        # "Automatic" is one choice, wherever it is made.
        values = method_values(value) if name == "method" else {name: value}
        text = f"{info.about.label}: {value_text(info, value)}"
        self._change_parameters(values, text, merge=name)

    def set_parameters(self, values: Mapping[str, Any] | Parameters, text: str = "") -> None:
        """Change several parameters in one step that is undone at once."""
        if not isinstance(values, Mapping):
            values = values.model_dump()
        self._change_parameters(values, text or "Change parameters")

    def restore_parameters(self, parameters: Parameters) -> None:
        """Set the parameters of the last session; there is nothing to undo to."""
        self._put(parameters=parameters)

    def reset_parameters(self) -> None:
        """Put every parameter but the method back to its default."""
        from structmask_gui.core.parameters.rules import defaults_of

        self.set_parameters(defaults_of(self._read().parameters.method), "Reset all parameters")

    def back_to_recommended(self) -> None:
        """Take the recommended mask, without what was tuned or changed by hand."""
        from structmask_gui.core.parameters.model import Parameters
        from structmask_gui.core.parameters.rules import TUNING
        from structmask_gui.io.presets.preset import built_in_preset

        if self._read().parameters.method != "statistical":
            self.apply_preset(built_in_preset("automatic"), "Back to recommended")
            return
        defaults = Parameters()
        tuned = TUNING | {"max_lag"}
        values: dict[str, Any] = {name: getattr(defaults, name) for name in tuned}
        values["mask_choice"] = "recommended"
        before = self._read().parameters
        self.set_parameters(values, "Back to recommended")
        if self._read().parameters == before:
            self.drop_edit("Back to recommended")

    def apply_preset(self, preset: Preset, text: str = "") -> None:
        """Set the parameters that a preset names, and remember it; undo takes both back."""
        state, text = self._read(), text or f"Preset {preset.name}"
        new = preset.apply(state.parameters)
        if new != state.parameters:
            self._change_parameters(new.model_dump(), text, preset=preset)
        elif preset != state.preset:
            self._change(text, {"preset": preset}, of_files=False)

    def set_preset(self, preset: Preset | None) -> None:
        """Say which preset the present parameters belong to, as after saving one."""
        self._put(preset=preset)

    def _change_parameters(
        self, values: Mapping[str, Any], text: str, merge: str = "", preset: Preset | None = None
    ) -> None:
        from structmask_gui.core.parameters.rules import changed_together

        present = self._read().parameters
        try:
            new = changed_together(present, values)
            if "max_lag" not in values:
                new = self._as_far_as_looked(present, new)
        except StructMaskError as error:
            self._fail(str(error))
            return
        if new != present:
            named = {} if preset is None else {"preset": preset}
            self._change(text, {"parameters": new, **named, "edit": None}, merge, of_files=False)

    def _as_far_as_looked(self, present: Parameters, new: Parameters) -> Parameters:
        """Return parameters of significant lags with the largest lag that automatic looked to.

        What is tuned then is what is shown, and its record repeats it.
        """
        from structmask_gui.core.parameters.rules import recommends

        extraction = self._read().extraction
        tuned = recommends(present) and not recommends(new) and new.method == present.method
        if not tuned or extraction is None or extraction.selection is None:
            return new
        reach = extraction.selection.kept.shape[0] // 2
        return new.changed(max_lag=max(new.max_lag, reach))

    # --- the measured part --------------------------------------------------------------------

    def set_region(self, region: Region | None) -> None:
        """Measure only an ROI (y0, y1, x0, x1), or the whole image."""
        if region != self._read().region:
            self._change("ROI", {"region": region, "edit": None}, "region")

    def set_frame_range(self, frame_range: FrameRange | None) -> None:
        """Measure only some frames, or all."""
        state = self._read()
        if state.frames is not None and frame_range is not None:
            n = state.frames.n_frames
            start = min(max(frame_range.start, 0), n - 1)
            stop = min(max(frame_range.stop, start + 1), n)
            frame_range = FrameRange(start, stop, max(1, frame_range.step))
            if frame_range == FrameRange(0, n, 1):
                frame_range = None
        if frame_range != state.frame_range:
            self._change("Frames", {"frame_range": frame_range, "edit": None}, "frames")

    def take_every_second(self) -> None:
        """Measure only every second of the frames that are measured now."""
        state = self._read()
        if state.frames is not None:
            start, stop, step = state.frame_range or FrameRange(0, state.frames.n_frames)
            self.set_frame_range(FrameRange(start, stop, 2 * step))

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
        state = self._read()
        if state.extraction is not None and mask != state.mask:
            same = mask == state.extraction.mask
            edit = None if same else Edit(mask, how, state.serial)
            self._change(text, {"edit": edit}, "edit" if self._dragging else "")

    def drop_edit(self, text: str = "Discard my edits") -> None:
        """Go back to the mask as it was extracted."""
        if self._read().edit is not None:
            self._change(text, {"edit": None})

"""Everything the menus offer, as records: menus, toolbar, shortcut list and tests are made of them.

An action carries what it does; what needs a dialog, or more than a line, stands in `Commands`, or
in its `saving` where the mask leaves the window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from structmask_gui.core.names import MASK_CHANGES, REMEDY_NAMES, TARGETS, Target
from structmask_gui.gui.desktop.settings import TEXT_SIZES
from structmask_gui.gui.style.app_theme import ThemeName
from structmask_gui.gui.style.colormaps import COLORMAPS
from structmask_gui.gui.window.commands import Commands, apply_remedy

Needs = Literal["", "stack", "result", "edit", "busy", "pinned", "region", "undo", "redo", "rings"]
"""What must be there for an action to be enabled."""

Run = Callable[[Commands], object]

MENUS = ("&File", "&Edit", "&View", "&Measure", "&Presets", "&Compare", "&Help")

SAMPLE_TIP = "Open the simulated stack that comes with StructMask."

SAVED_AS = {
    "npy": "Write the mask as a NumPy array, which autoStructN2V and n2v load.",
    "png": "Write the mask as a picture, one pixel for each of its pixels.",
    "tiff": "Write the mask as a TIFF, which Fiji opens.",
}

_THEMES: dict[ThemeName, str] = {"system": "Follow the system", "light": "Light", "dark": "Dark"}


@dataclass(frozen=True)
class ActionInfo:
    """One action of the window."""

    id: str
    text: str  # ends in "…" if it asks something first
    tip: str
    run: Run
    shortcut: str = ""
    icon: str = ""  # name of a drawing in resources/icons
    switch: bool = False  # on or off; the window says which
    needs: Needs = ""
    gap: bool = False  # whether a line is drawn before it
    group: str = ""  # actions of one group exclude each other
    menu: str = ""  # submenus after a slash


def _menu(menu: str, *actions: ActionInfo) -> tuple[ActionInfo, ...]:
    return tuple(replace(action, menu=menu) for action in actions)


def _copy_for(target: Target) -> Run:
    return lambda c: c.saving.copy_for(target)


def _save_as(form: str) -> Run:
    return lambda c: c.saving.save_as(form)


def _change_mask(name: str) -> Run:
    return lambda c: c.window.views.editor.apply(name)


def _remedy(name: str) -> Run:
    return lambda c: apply_remedy(c.window, name)


def _colormap(name: str) -> Run:
    return lambda c: c.session.set_colormap(name)


def _text_size(percent: int) -> Run:
    return lambda c: c.choose_text_size(percent)


def _theme(name: ThemeName) -> Run:
    return lambda c: c.choose_theme(name)


# fmt: off
_FILE = (
    *_menu(
        "&File",
        ActionInfo("open_files", "&Open…", "Open a stack; several files are averaged.",
                   Commands.open_files, "Ctrl+O", "open"),
        ActionInfo("open_folder", "Open &folder…", "Show a folder in the file browser.",
                   Commands.open_folder, "Ctrl+Shift+O", "folder"),
        ActionInfo("open_address", "Open a&ddress…", "Open a Zarr image from a server.",
                   Commands.open_address),
        ActionInfo("paste", "Open the &copied path", "Open a file whose path was copied.",
                   Commands.paste, "Ctrl+V"),
        ActionInfo("open_sample", "Open the &sample", SAMPLE_TIP, Commands.open_sample,
                   icon="stack"),
        ActionInfo("reopen_file", "&Read again", "Open the present files again, as after a change.",
                   lambda c: c.session.reopen(), "F5", "reload", needs="stack"),
        ActionInfo("show_metadata", "File &information…", "Show the file's metadata.",
                   Commands.show_metadata, "Ctrl+I", "info", needs="stack"),
        ActionInfo("export_mask", "&Export mask…",
                   "Write the mask as NPY, PNG, TIFF, enlarged picture or JSON record.",
                   lambda c: c.saving.export_mask(), "Ctrl+E", "export", needs="result", gap=True),
        *(
            ActionInfo(f"save_{form}", f"Save mask as {form.upper()}…", tip, _save_as(form),
                       icon="export", needs="result")
            for form, tip in SAVED_AS.items()
        ),
        ActionInfo("export_all", "Export mask, picture and &record…",
                   "Write NPY, PNG, enlarged picture and JSON record together into a folder.",
                   lambda c: c.saving.export_all(), "Ctrl+Shift+E", "save", needs="result"),
    ),
    *_menu(
        "&File/Copy &for",
        *(
            ActionInfo(f"copy_for_{target}", f"{name}…",
                       f"Show the mask as text for {name}, with notes on its use there.",
                       _copy_for(target), icon="copy", needs="result")
            for target, name in TARGETS.items()
        ),
    ),
    *_menu(
        "&File",
        ActionInfo("save_report", "Save &report…",
                   "Write a web page or PDF with images, figures and texts for the trainers.",
                   lambda c: c.saving.save_report(), icon="file", needs="result"),
        ActionInfo("batch", "&Many files (batch)…",
                   "Extract the masks of files or folders with the present settings.",
                   Commands.batch, "Ctrl+B", "stack"),
        ActionInfo("close_file", "&Close file", "Close the open files.",
                   lambda c: c.session.close_files(), "Ctrl+W", needs="stack", gap=True),
        ActionInfo("quit", "&Quit", "Close the window.", lambda c: c.window.close(), "Ctrl+Q",
                   gap=True),
    ),
)

_EDIT = (
    *_menu(
        "&Edit",
        ActionInfo("undo", "&Undo", "Undo the last change.",
                   Commands.undo, "Ctrl+Z", "undo",
                   needs="undo"),
        ActionInfo("redo", "&Redo", "Redo the change that was undone.",
                   Commands.redo, "Ctrl+Shift+Z", "redo",
                   needs="redo"),
        ActionInfo("reset_parameters", "Reset all &parameters",
                   "Set every parameter but the method back to its default.",
                   lambda c: c.session.edits.reset_parameters(), "Ctrl+R", "reload", gap=True),
        ActionInfo("edit_mask", "Edit the &mask", "Draw on the mask in its view, or stop.",
                   lambda c: c.window.views.editor.button.toggle(), "Ctrl+Shift+M", "edit",
                   needs="result", gap=True),
    ),
    *_menu(
        "&Edit/C&hange the mask",
        *(
            ActionInfo(f"mask_{name}", text, tip, _change_mask(name),
                       needs="pinned" if name in ("union", "intersection") else "result")
            for name, (text, tip) in MASK_CHANGES.items()
        ),
    ),
    *_menu(
        "&Edit",
        ActionInfo("extracted_mask", "&Undo my edits",
                   "Discard all changes made by hand.",
                   lambda c: c.session.edits.drop_edit(), needs="edit"),
        ActionInfo("open_mask", "&Open a mask…",
                   "Take a mask from disk (NPY, PNG, TIFF, JSON) in place of the present one.",
                   lambda c: c.window.views.editor.ask_file(), icon="open", needs="result"),
        ActionInfo("copy_mask", "&Copy mask as text",
                   "Copy the mask as a nested list of 0 and 1, as n2v takes it.",
                   lambda c: c.saving.copy_mask(), "Ctrl+Shift+C", "copy", needs="result",
                   gap=True),
        ActionInfo("copy_sentence", "Copy the &result in words",
                   "Copy the three lines at the top, with their notes.",
                   Commands.copy_sentence, icon="copy", needs="result"),
        ActionInfo("copy_figure", "Copy &figure",
                   "Copy image, preview and residual as one picture, with a scale bar.",
                   Commands.copy_figure, "Ctrl+Shift+F", "copy", needs="result"),
    ),
)

_VIEW = (
    *_menu(
        "&View",
        ActionInfo("tune", "&Tune", "Show every parameter, and what each step of the method finds.",
                   lambda c: c.window.set_tune(not c.window.settings.tune), "T", "tune",
                   switch=True),
        ActionInfo("details", "&Details", "Show tables, ranking, profiles and log.",
                   lambda c: c.window.set_details(not c.window.settings.details),
                   "Ctrl+Shift+T", "layout", switch=True),
        ActionInfo("previous_frame", "&Previous frame", "Show the previous frame.",
                   lambda c: c.session.set_frame(c.session.state.frame - 1), "Alt+Left", "previous",
                   needs="stack", gap=True),
        ActionInfo("next_frame", "&Next frame", "Show the next frame.",
                   lambda c: c.session.set_frame(c.session.state.frame + 1), "Alt+Right", "next",
                   needs="stack"),
    ),
    *_menu(
        "&View/&Colours",
        *(
            ActionInfo(f"colormap_{name}", label, f"Draw all views in the colours {label}.",
                       _colormap(name), group="colormap")
            for name, label in COLORMAPS.items()
        ),
    ),
    *_menu(
        "&View/&Appearance",
        *(
            ActionInfo(f"theme_{name}", text,
                       "Follow the system's light or dark appearance." if name == "system"
                       else f"Always {name}.", _theme(name), group="theme")
            for name, text in _THEMES.items()
        ),
    ),
    *_menu(
        "&View/Te&xt size",
        *(
            ActionInfo(f"text_size_{percent}",
                       "As the system's" if percent == 100 else f"{percent} %",
                       "Show all text as large as the system does." if percent == 100
                       else f"Show all text at {percent} % of the system's size.",
                       _text_size(percent), group="text_size")
            for percent in TEXT_SIZES
        ),
    ),
    *_menu(
        "&View",
        ActionInfo("next_panel", "Go to the next &panel", "Move the keyboard to the next panel.",
                   lambda c: c.window.focus_next_panel(), "F6", gap=True),
        ActionInfo("full_screen", "&Full screen", "Fill the screen, or stop.",
                   Commands.full_screen, "F11"),
        ActionInfo("reset_layout", "&Reset layout",
                   "Put all panels back to where they were first.",
                   lambda c: c.window.reset_layout(), icon="layout"),
    ),
)

_MEASURE = (
    *_menu(
        "&Measure",
        ActionInfo("measure_again", "&Measure again", "Read the pixels and measure them again.",
                   lambda c: c.session.measure_again(), "Ctrl+M", "measure",
                   needs="stack"),
        ActionInfo("cancel", "&Cancel", "Stop opening or measuring; the last result stays.",
                   lambda c: c.session.cancel(), "Esc", "cancel", needs="busy"),
        ActionInfo("denoise", "&Denoise here…",
                   "Denoise the open stack with the present mask, without a network.",
                   Commands.denoise, "Ctrl+Shift+D", "denoise",
                   needs="result"),
        ActionInfo("correct", "C&orrect by dark frames or an even field…",
                   "Say whether they show a pattern of the open stack, and remove it.",
                   Commands.correct, needs="stack"),
        ActionInfo("whole_image", "Measure the &whole image", "Clear the ROI.",
                   lambda c: c.session.edits.set_region(None), "Ctrl+Shift+A", "fit",
                   needs="region"),
        *(
            ActionInfo(name, text,
                       "One of the published remedies; its button says what it changes, undo takes"
                       " it back.",
                       _remedy(name), f"Ctrl+{number}", needs="rings", gap=number == 1)
            for number, (name, text) in enumerate(REMEDY_NAMES.items(), 1)
        ),
    ),
    *_menu(
        "&Measure/C&ached measurements",
        ActionInfo("keep_measurements", "&Keep on disk",
                   "Show a file that was measured before at once; without it, every file is"
                   " measured anew and nothing is written to disk.",
                   lambda c: c.keep_measurements(not c.session.keeps_measurements), gap=True,
                   switch=True),
        ActionInfo("forget_measurements", "&Clear cached measurements",
                   "Delete the measurements that are kept on disk.",
                   Commands.forget_measurements, gap=True),
    ),
)

_PRESETS = _menu(
    "&Presets",
    ActionInfo("save_preset", "&Save as preset…", "Keep the present parameters under a name.",
               lambda c: c.window.panel("presets").save_as(), "Ctrl+S", "preset"),
    ActionInfo("import_preset", "&Import…", "Add a preset from a file.",
               lambda c: c.window.panel("presets").import_file(), icon="import"),
    ActionInfo("export_preset", "&Export…", "Write the chosen preset to a file to share.",
               lambda c: c.window.panel("presets").export_file(), icon="export"),
    ActionInfo("open_preset_folder", "Open the preset &folder",
               "Show the folder of your presets in the system's file manager.",
               lambda c: c.show_in_system(c.window.panel("presets").presets.folder), icon="folder"),
)

_COMPARE = _menu(
    "&Compare",
    ActionInfo("pin", "&Keep for comparison", "Keep this mask and compare it with later ones.",
               Commands.pin, "Ctrl+P", "pin", needs="result"),
    ActionInfo("unpin", "&Clear the kept mask", "End the comparison.",
               lambda c: c.session.pinned.clear(), "Ctrl+Shift+P", "unpin", needs="pinned"),
    ActionInfo("judge_result", "&Judge a denoised stack…",
               "Say what is wrong with a denoised stack, and which mask to try next.",
               lambda c: c.window.show_panel("result").ask(), icon="open",
               needs="result", gap=True),
    ActionInfo("compare_file", "Compare with a mask &file…",
               "Take a mask from disk (NPY, PNG, TIFF, JSON) as A.",
               lambda c: c.window.show_panel("compare").open_file(), "Ctrl+D", "compare"),
)

_HELP = _menu(
    "&Help",
    ActionInfo("find_command", "&Find a command…", "Do anything by a word of its name.",
               Commands.find_command, "Ctrl+K"),
    ActionInfo("help", "&Help", "Explain the method beside the views, or close that again.",
               Commands.help, "F1", "help"),
    ActionInfo("guide", "&Guide", "Open the guide in the browser; no network is needed.",
               Commands.guide, icon="file"),
    ActionInfo("what_to_record", "&What to record…",
               "Say which frames tell noise from sample.", Commands.what_to_record),
    ActionInfo("shortcuts", "&Keyboard shortcuts", "List all keys.", Commands.shortcuts, "F2",
               "info"),
    ActionInfo("open_log_folder", "Open the &log folder", "Show the folder of the log file.",
               Commands.open_log_folder, icon="folder"),
    ActionInfo("report_problem", "Report a &problem…", "Show what to send along with a report.",
               Commands.report_problem, icon="warning"),
    ActionInfo("about", "&About StructMask", "Version and system, to copy.",
               Commands.about, icon="info", gap=True),
)
# fmt: on

ACTIONS: tuple[ActionInfo, ...] = (
    *_FILE,
    *_EDIT,
    *_VIEW,
    *_MEASURE,
    *_PRESETS,
    *_COMPARE,
    *_HELP,
)
"""All actions in the order of the menus."""

"""The menu of files: opening, writing, handing over."""

from __future__ import annotations

from structmask_gui.gui.actions.info import ActionInfo, Needs
from structmask_gui.gui.style.colormaps import COLORMAPS

_THEMES = {"system": "Follow the system", "light": "Light", "dark": "Dark"}


# Those of core.remedies, repeated here because these records are needed before the first paint.
_REMEDIES = {
    "mask_too_small": "Mask too small",
    "mask_too_large": "Mask too large",
    "no_pattern_found": "No pattern found",
    "random_noise_caught": "Random noise caught",
}

# Those of gui.mask_editor, repeated here for the same reason.
_MASK_CHANGES: tuple[tuple[str, str, str, Needs], ...] = (
    ("grow", "&Grow", "Add all cells next to the mask.", "result"),
    ("grow_rows", "Grow along &rows", "Add the cells left and right of the mask.", "result"),
    ("grow_columns", "Grow along &columns", "Add the cells above and below.", "result"),
    ("shrink", "&Shrink", "Take away the cells at the border; the centre stays.", "result"),
    ("shrink_rows", "Shrink along r&ows", "Take away both ends of each run in a row.", "result"),
    (
        "shrink_columns",
        "Shrink along co&lumns",
        "Take away both ends of each run in a column.",
        "result",
    ),
    ("fill", "&Fill gaps", "Close gaps of up to two cells, and holes.", "result"),
    ("symmetrise", "Add the &mirror image", "Make it equal to itself turned by half.", "result"),
    ("union", "&Union with A", "Add the cells of the pinned mask.", "pinned"),
    ("intersection", "&Intersection with A", "Keep cells the pinned mask has, too.", "pinned"),
    ("crop", "Cro&p to content", "Take away empty rows and columns at the edge.", "result"),
)

SAMPLE_TIP = "Open the simulated stack that comes with StructMask."

# Those of io.snippets.
_TARGETS = {
    "n2v": "juglab n2v",
    "autostructn2v": "autoStructN2V",
    "careamics": "CAREamics",
    "python": "plain Python",
}


def file_actions() -> list[ActionInfo]:
    """Return the actions of the menu."""
    menu = "&File"
    return [
        ActionInfo(
            "open_files",
            menu,
            "&Open…",
            "Open a stack; several files are averaged.",
            "Ctrl+O",
            "open",
            toolbar=True,
        ),
        ActionInfo(
            "open_folder",
            menu,
            "Open &folder…",
            "Show a folder in the file browser.",
            "Ctrl+Shift+O",
            "folder",
        ),
        ActionInfo(
            "open_address",
            menu,
            "Open a&ddress…",
            "Open a Zarr image that lies on a server.",
        ),
        ActionInfo("open_sample", menu, "Open the &sample", SAMPLE_TIP, "", "stack"),
        ActionInfo(
            "reopen_file",
            menu,
            "&Read again",
            "Open the present files again, as after a change.",
            "F5",
            "reload",
            needs="stack",
        ),
        ActionInfo(
            "show_metadata",
            menu,
            "File &information…",
            "Show what the file says of itself.",
            "Ctrl+I",
            "info",
            needs="stack",
        ),
        ActionInfo(
            "export_mask",
            menu,
            "&Export mask…",
            "Write the mask as NPY, PNG, TIFF, enlarged picture or JSON record.",
            "Ctrl+E",
            "export",
            toolbar=True,
            needs="result",
            gap=True,
        ),
        ActionInfo(
            "export_all",
            menu,
            "Export mask, picture and &record…",
            "Write NPY, PNG, enlarged picture and JSON record together into a folder.",
            "Ctrl+Shift+E",
            "save",
            needs="result",
        ),
        *(
            ActionInfo(
                f"copy_for_{target}",
                f"{menu}/Copy &for",
                f"{name}…",
                f"Show the mask as text for {name}, and what to know of it there.",
                "",
                "copy",
                needs="result",
            )
            for target, name in _TARGETS.items()
        ),
        ActionInfo(
            "save_report",
            menu,
            "Save &report…",
            "Write all of it as one web page or PDF: pictures, figures, texts for the trainers.",
            "",
            "file",
            needs="result",
        ),
        ActionInfo(
            "batch",
            menu,
            "Masks of &many files…",
            "Extract the masks of files or folders with the present settings.",
            "Ctrl+B",
            "stack",
        ),
        ActionInfo(
            "close_file",
            menu,
            "&Close file",
            "Let go of the open files.",
            "Ctrl+W",
            needs="stack",
            gap=True,
        ),
        ActionInfo("quit", menu, "&Quit", "Close the window.", "Ctrl+Q", gap=True),
    ]


def edit_actions() -> list[ActionInfo]:
    """Return the actions of the menu."""
    menu = "&Edit"
    return [
        ActionInfo(
            "undo",
            menu,
            "&Undo",
            "Take back the last change of a parameter.",
            "Ctrl+Z",
            "undo",
            toolbar=True,
            needs="undo",
        ),
        ActionInfo(
            "redo",
            menu,
            "&Redo",
            "Make the change again that was taken back.",
            "Ctrl+Shift+Z",
            "redo",
            toolbar=True,
            needs="redo",
        ),
        ActionInfo(
            "reset_parameters",
            menu,
            "Reset all &parameters",
            "Put every parameter but the method back to its default.",
            "Ctrl+R",
            "reload",
            gap=True,
        ),
        ActionInfo(
            "edit_mask",
            menu,
            "Edit the &mask",
            "Draw on the mask in its view, or stop.",
            "Ctrl+K",
            "edit",
            needs="result",
            gap=True,
        ),
        *(
            ActionInfo(f"mask_{name}", f"{menu}/C&hange the mask", text, tip, needs=needs)
            for name, text, tip, needs in _MASK_CHANGES
        ),
        ActionInfo(
            "extracted_mask",
            menu,
            "Back to the &extracted mask",
            "Take away all that was changed by hand.",
            needs="result",
        ),
        ActionInfo(
            "open_mask",
            menu,
            "&Open a mask…",
            "Take a mask from disk (NPY, PNG, TIFF, JSON) in place of the present one.",
            "",
            "open",
            needs="result",
        ),
        ActionInfo(
            "copy_mask",
            menu,
            "&Copy mask as text",
            "Copy the mask as a nested list of 0 and 1, as n2v takes it.",
            "Ctrl+Shift+C",
            "copy",
            needs="result",
            gap=True,
        ),
        ActionInfo(
            "copy_sentence",
            menu,
            "Copy the &result in words",
            "Copy the sentence at the top with its notes.",
            "",
            "copy",
            needs="result",
        ),
    ]


def measure_actions() -> list[ActionInfo]:
    """Return the actions of the menu."""
    menu = "&Measure"
    return [
        ActionInfo(
            "measure_again",
            menu,
            "&Measure again",
            "Read the pixels and measure them again.",
            "Ctrl+M",
            "measure",
            toolbar=True,
            needs="stack",
        ),
        ActionInfo(
            "cancel",
            menu,
            "&Cancel",
            "Stop opening or measuring; the last result stays.",
            "Esc",
            "cancel",
            toolbar=True,
            needs="busy",
        ),
        ActionInfo(
            "whole_image",
            menu,
            "Measure the &whole image",
            "Forget the rectangle; measure everywhere.",
            "Ctrl+Shift+A",
            "fit",
            needs="region",
        ),
        *(
            ActionInfo(
                name,
                menu,
                text,
                "One of the published remedies; its button says what it changes, undo takes it"
                " back.",
                f"Ctrl+{number}",
                needs="rings",
                gap=number == 1,
            )
            for number, (name, text) in enumerate(_REMEDIES.items(), 1)
        ),
    ]


def keeping_actions() -> list[ActionInfo]:
    """Return the actions of its submenu."""
    menu = "&Measure/&Kept measurements"
    return [
        *(
            ActionInfo(
                f"keeping_{value}",
                menu,
                text,
                tip,
                gap=value == "on",
                choice="choose_keeping",
                value=value,
            )
            for value, text, tip in (
                ("on", "&Keep on disk", "Show a file that was measured before at once."),
                ("off", "Keep &none", "Measure every time; write nothing to disk."),
            )
        ),
        ActionInfo(
            "forget_measurements",
            menu,
            "&Forget those kept",
            "Take the kept measurements off the disk.",
            gap=True,
        ),
    ]


def preset_and_compare_actions() -> list[ActionInfo]:
    """Return the actions of both menus."""
    presets, compare = "&Presets", "&Compare"
    return [
        ActionInfo(
            "save_preset",
            presets,
            "&Save as preset…",
            "Keep the present parameters under a name.",
            "Ctrl+S",
            "preset",
        ),
        ActionInfo("import_preset", presets, "&Import…", "Add a preset from a file.", "", "import"),
        ActionInfo(
            "export_preset",
            presets,
            "&Export…",
            "Write the chosen preset to a file to share.",
            "",
            "export",
        ),
        ActionInfo(
            "open_preset_folder",
            presets,
            "Open the preset &folder",
            "Show the folder of your presets in the system's file manager.",
            "",
            "folder",
        ),
        ActionInfo(
            "pin",
            compare,
            "&Pin this mask as A",
            "Keep this mask and compare it with later ones.",
            "Ctrl+P",
            "pin",
            toolbar=True,
            needs="result",
        ),
        ActionInfo(
            "unpin",
            compare,
            "&Forget A",
            "End the comparison.",
            "Ctrl+Shift+P",
            "unpin",
            needs="pinned",
        ),
        ActionInfo(
            "judge_result",
            compare,
            "Come back with the &result…",
            "Judge the denoised stack that a network made of the open one with this mask.",
            "",
            "open",
            needs="result",
            gap=True,
        ),
        ActionInfo(
            "compare_file",
            compare,
            "Compare with a mask &file…",
            "Take a mask from disk (NPY, PNG, TIFF, JSON) as A.",
            "Ctrl+D",
            "compare",
        ),
    ]


def help_actions() -> list[ActionInfo]:
    """Return the actions of the menu."""
    menu = "&Help"
    return [
        ActionInfo("help", menu, "&Help", "Explain the method beside the views.", "F1", "help"),
        ActionInfo(
            "guide",
            menu,
            "&Guide",
            "Open the guide in the browser; no network is needed.",
            "",
            "file",
        ),
        ActionInfo(
            "shortcuts",
            menu,
            "&Keyboard shortcuts",
            "List all keys.",
            "F2",
            "info",
        ),
        ActionInfo(
            "open_log_folder",
            menu,
            "Open the &log folder",
            "Show the folder of the log file.",
            "",
            "folder",
        ),
        ActionInfo(
            "report_problem",
            menu,
            "Report a &problem…",
            "Show what to send along with a report.",
            "",
            "warning",
        ),
        ActionInfo(
            "about",
            menu,
            "&About StructMask",
            "Version and system, to copy.",
            "",
            "info",
            gap=True,
        ),
    ]


def view_actions() -> list[ActionInfo]:
    """Return the actions of the menu."""
    menu = "&View"
    return [
        ActionInfo(
            "previous_frame",
            menu,
            "&Previous frame",
            "Show the frame before.",
            "Alt+Left",
            "previous",
            needs="stack",
        ),
        ActionInfo(
            "next_frame",
            menu,
            "&Next frame",
            "Show the frame after.",
            "Alt+Right",
            "next",
            needs="stack",
        ),
        *(
            ActionInfo(
                f"colormap_{name}",
                f"{menu}/&Colours",
                label,
                f"Draw all views in the colours {label}.",
                choice="choose_colormap",
                value=name,
            )
            for name, label in COLORMAPS.items()
        ),
        *(
            ActionInfo(
                f"theme_{name}",
                f"{menu}/&Appearance",
                text,
                "Follow the light or dark of the system."
                if name == "system"
                else f"Always {name}.",
                choice="choose_theme",
                value=name,
            )
            for name, text in _THEMES.items()
        ),
        ActionInfo(
            "next_panel",
            menu,
            "Go to the next &panel",
            "Move the keyboard to the next panel.",
            "F6",
            gap=True,
        ),
        ActionInfo("full_screen", menu, "&Full screen", "Fill the screen, or stop.", "F11"),
        ActionInfo(
            "reset_layout",
            menu,
            "&Reset layout",
            "Put all panels back to where they were first.",
            "",
            "layout",
        ),
    ]

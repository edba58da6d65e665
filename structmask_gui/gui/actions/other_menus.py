"""The menus of presets, of comparison, and of help."""

from __future__ import annotations

from structmask_gui.gui.actions.info import ActionInfo


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

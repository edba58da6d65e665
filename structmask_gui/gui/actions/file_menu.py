"""The menu of files: opening, writing, handing over."""

from __future__ import annotations

from structmask_gui.gui.actions.info import ActionInfo

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

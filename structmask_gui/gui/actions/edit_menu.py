"""The menu of changes: undo, and the mask by hand."""

from __future__ import annotations

from structmask_gui.gui.actions.info import ActionInfo, Needs

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

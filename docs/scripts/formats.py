"""The page of the formats, made from the one list of them: what is read, how, and what is not."""

from __future__ import annotations

from structmask_gui.io.formats.known import READ, UNREAD

_EXTRAS = {
    "zarr": "zarr",
    "nd2": "vendors",
    "pylibCZIrw": "vendors",
    "liffile": "vendors",
    "oiffile": "vendors",
    "h5py": "hdf5",
    "pydicom": "medical",
    "rsciio": "em",
}


def formats() -> str:
    """Return the page."""
    lines = [
        "# Formats",
        "",
        "Made from the list that also fills the file dialog, lists folders and makes batches. The"
        " content of a file decides how it is read, not its name.",
        "",
        "## What is read",
        "",
        "| format | extensions | library | extra | what names the axes | tried on |",
        "|---|---|---|---|---|---|",
    ]
    for one in READ:
        extra = f"`{_EXTRAS[one.module]}`" if one.module else ""
        endings = " ".join(f"`{ending}`" for ending in one.extensions.split())
        lines.append(
            f"| {one.name} | {endings} | {one.library} | {extra} | {one.axes} | {one.tried} |"
        )
    lines += [
        "",
        "Axes that a file names are believed: rows may be stored after columns. Where the names are"
        " missing, two dimensions are rows and columns and three are frames, rows and columns; of"
        " more, the axes have to be given: `--axes TZYX`, a letter for each dimension, on the"
        " command line, *Axes* in the window. Scans along Z open with the planes that were recorded"
        " as frames. A line scan has frames of one row: `--axes YTX` reads time as Y.",
        "",
        "## What is recognised and not read",
        "",
        "| what | extensions | what to do |",
        "|---|---|---|",
    ]
    for other in UNREAD:
        endings = " ".join(f"`{ending}`" for ending in other.extensions.split())
        lines.append(f"| {other.what.partition(' ')[2]} | {endings} | {other.remedy} |")
    return "\n".join(lines) + "\n"

"""What `mkdocs` calls while it builds the guide: pages and pictures made from the code itself.

Nothing that is generated is kept in the repository, so that it is always of this version.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

import examples  # beside this file
import formats
import reference

# Pages that may not be there yet, and the section and title under which they stand.
_OPTIONAL = (
    ("install.md", "Use it", "Install"),
    ("accuracy.md", "Look it up", "Accuracy"),
    ("accuracy-held-out.md", "Look it up", "Accuracy on held-out images"),
    ("quality-figures.md", "Look it up", "What the quality figures are worth"),
    ("benchmarks.md", "Look it up", "Speed"),
    ("limits.md", "Look it up", "Limits"),
)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put optional pages into the navigation, where they exist."""
    nav: list[dict[str, Any]] = config["nav"]
    listed = str(nav)
    for name, section, title in _OPTIONAL:
        if (Path(config["docs_dir"]) / name).exists() and name not in listed:
            pages = next(entry[section] for entry in nav if section in entry)
            pages.insert(0 if name == "install.md" else len(pages), {title: name})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages and pictures."""
    pages = {
        "command-line.md": reference.command_line(),
        "formats.md": formats.formats(),
        "parameters.md": reference.parameters(),
    }
    text, pictures = examples.worked_examples()
    pages["examples.md"] = text
    for name, contents in {**pages, **pictures}.items():
        files.append(File.generated(config, name, content=contents))
    return files


@event_priority(-100)
def on_post_build(config: MkDocsConfig) -> None:
    """Put the search's index into a script too: a page opened from a disk may read no other file.

    The theme asks for it under this name. It runs after the search has written its index.
    """
    folder = Path(config["site_dir"]) / "search"
    index = (folder / "search_index.json").read_text(encoding="utf-8")
    (folder / "search_index.js").write_text(f"var __index = {index}", encoding="utf-8")

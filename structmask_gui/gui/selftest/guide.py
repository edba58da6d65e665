"""A look through the pages of the guide: what they show, and whether each link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

# The addresses in a page of the guide, within the guide; those of its pictures.
_LINK = re.compile(r'(?:src|href)="((?![a-z]+:|#|\.["/])[^"#]+)')
_IMAGE = re.compile(r'<img[^>]+src="([^"]+)"')


def look_through(first: Path) -> dict[str, Any]:
    """Return how many pages and pictures lie beside the first, and which links lead nowhere."""
    # A web server's page for what is not there; its addresses begin at the server.
    pages = [p for p in sorted(first.parent.glob("*.html")) if p.name != "404.html"]
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    missing = [
        f"{page.name}: {link}"
        for page, text in texts.items()
        for link in sorted(set(_LINK.findall(text)))
        if not (page.parent / unquote(link)).exists()
    ]
    return {
        "pages": len(pages),
        "pictures": len({link for text in texts.values() for link in _IMAGE.findall(text)}),
        "on the first": len(_IMAGE.findall(texts[first])),
        "missing": missing,
    }

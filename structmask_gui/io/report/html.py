"""Building blocks of self-contained HTML pages: text is escaped, pictures are inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from structmask_gui.version import __version__

if TYPE_CHECKING:
    from PIL.Image import Image

# Nothing is fetched from anywhere, and nothing in the page runs.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #24292f; background: #fff;
  max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem;
  border-bottom: 1px solid #d0d7de; padding-bottom: .2rem; }
h3 { font-size: 1rem; margin-bottom: .2rem; }
table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top;
  padding: .25rem .7rem .25rem 0; border-bottom: 1px solid #eaeef2; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: #f6f8fa; padding: .8rem; overflow-x: auto; font-size: 13px; }
img { max-width: 100%; height: auto; } img.small { width: 96px; image-rendering: pixelated; }
.lead { font-size: 1.15rem; } .faint { color: #57606a; } .failed { color: #b42318; }
.row { display: flex; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; }
figcaption { color: #57606a; font-size: .9rem; max-width: 36rem; }
@media print { body { max-width: none; margin: 0; } pre, figure, tr { break-inside: avoid; } }
"""


def page(title: str, body: Iterable[str]) -> bytes:
    """Return a whole page of HTML that is already escaped."""
    parts = "\n".join(body)
    text = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="StructMask {escape(__version__)}">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{parts}\n</body>\n</html>\n"
    )
    # A file name may hold bytes that are no text.
    return text.encode(errors="backslashreplace")


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph of plain text."""
    return f"<p{_class(kind)}>{escape(text)}</p>"


def bullets(texts: Iterable[str]) -> str:
    """Return a list of plain texts; nothing if there is none."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def code(text: str) -> str:
    """Return text as it is written."""
    return f"<pre>{escape(text)}</pre>"


def table(
    head: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()
) -> str:
    """Return a table of plain values and `Markup`; the columns of ``numbers`` are flush right."""

    def cell(tag: str, column: int, value: object) -> str:
        inner = str(value) if isinstance(value, Markup) else escape(str(value))
        return f"<{tag}{_class('number' if column in numbers else '')}>{inner}</{tag}>"

    lines = []
    if head:
        lines.append("<tr>" + "".join(cell("th", i, text) for i, text in enumerate(head)) + "</tr>")
    lines += [
        "<tr>" + "".join(cell("td", i, v) for i, v in enumerate(row)) + "</tr>" for row in rows
    ]
    return "<table>\n" + "\n".join(lines) + "\n</table>"


class Markup(str):
    """HTML that is not to be escaped again."""

    __slots__ = ()


def picture(image: Image, alternative: str, kind: str = "") -> Markup:
    """Return a picture inside the page, with a text for those who do not see it."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Markup(
        f'<img{_class(kind)} alt="{escape(alternative)}" src="data:image/png;base64,{data}">'
    )


def figure(image: Image, caption: str) -> str:
    """Return a picture with a caption."""
    return f"<figure>{picture(image, caption)}<figcaption>{escape(caption)}</figcaption></figure>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""

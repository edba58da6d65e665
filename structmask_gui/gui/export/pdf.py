"""The report as PDF: Qt sets the HTML page on paper.

Qt knows only a part of what browsers know of styles, so the page's own style is replaced by one for
paper.
"""

from __future__ import annotations

import glob
import itertools
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QMarginsF, QRectF, QSizeF, Qt, QUrl
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QGuiApplication,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextBlock,
    QTextDocument,
    QTextOption,
)

from structmask_gui.core.errors import InputError, StructMaskError
from structmask_gui.gui.desktop import qt_libraries
from structmask_gui.io.files.atomic import write_atomic
from structmask_gui.io.files.paths import exists, read_small, shown

SUFFIX = ".pdf"

_DPI = 300
_WITH_HEADING = 0.12
"""Share of a page that follows a heading on it; else it goes to the next page."""

_MARGIN = 15.0
_FOOT = 8.0
_LARGEST = 100_000_000
_WIDTH = 320
"""Pixels of a picture, 96 an inch: two beside each other fit on A4."""

_STYLE = """
body { font-size: 9pt; color: #24292f; }
h1 { font-size: 15pt; } h2 { font-size: 12pt; margin-top: 16px; margin-bottom: 4px; }
h3 { font-size: 10pt; margin-top: 10px; }
p.lead { font-size: 10.5pt; } .faint { color: #57606a; } .failed { color: #b42318; }
th { text-align: left; } td.number, th.number { text-align: right; }
pre { font-family: monospace; font-size: 7.5pt; white-space: pre-wrap; }
"""


class _Page(QTextDocument):
    """A document that fetches nothing: pictures are inside the page or not at all."""

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Return a picture that is part of the page, and an empty one for all others."""
        url = QUrl(name)
        if url.scheme() == "data":
            return super().loadResource(kind, url)
        # With nothing Qt would look for the file itself.
        empty = QImage(1, 1, QImage.Format.Format_RGB32)
        empty.fill(Qt.GlobalColor.white)
        return empty


def pdf_bytes(page: bytes) -> bytes:
    """Return a report (an HTML page) as PDF, A4; any thread may call, given an application."""
    title = re.search(rb"<title>(.*?)</title>", page, re.DOTALL)
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(_DPI)
    writer.setCreator("StructMask")
    writer.setTitle(_plain(title[1].decode(errors="replace")) if title else "StructMask")
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    margins = QMarginsF(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
    writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
    area = QRectF(writer.pageLayout().paintRectPixels(_DPI))
    foot = _FOOT / 25.4 * _DPI
    size = QSizeF(area.width(), area.height() - foot)
    document = set_on_paper(page, writer, size)
    painter = QPainter(writer)
    pages = document.pageCount()
    for number in range(pages):
        if number:
            writer.newPage()
        _paint(painter, document, QRectF(0, number * size.height(), size.width(), size.height()))
        _paint_foot(painter, document, area, writer.title(), f"{number + 1} / {pages}")
    painter.end()
    buffer.close()
    return bytes(buffer.data().data())


def convert(paths: Sequence[str | Path]) -> int:
    """Write HTML reports as PDF beside them, without a window, with a line for each failure.

    Patterns with ``*`` are resolved, as not every shell does. Returns 0 if all are written, 1 if
    some, 2 if none.
    """
    if QGuiApplication.instance() is None:
        if qt_libraries.platform_chosen() == "":
            os.environ["QT_QPA_PLATFORM"] = "offscreen"
        application = QGuiApplication(["structmask-gui"])  # noqa: F841  # lives while we draw
    failed = 0
    files = [file for path in paths for file in _files(path)]
    for path in files:
        target = path.with_suffix(SUFFIX)
        try:
            page = read_small(path, _LARGEST, "a report")
            if b'<meta name="generator" content="StructMask' not in page[:2000]:
                raise InputError(
                    f"{shown(path)} is no report of StructMask; give one that `structmask extract"
                    " --report` or the window has written."
                )
            write_atomic(target, pdf_bytes(page))
            if sys.stdout is not None:
                print(target)
        except StructMaskError as error:
            qt_libraries.complain(f"error: {error}")
            failed += 1
    if not failed:
        return 0
    return 1 if failed < len(files) else 2


def _files(path: str | Path) -> list[Path]:
    if exists(path) or "*" not in str(path):
        return [Path(path)]
    # Path.glob takes no absolute pattern.
    found = sorted(map(Path, glob.glob(str(path))))  # noqa: PTH207
    return found or [Path(path)]


def set_on_paper(page: bytes, writer: QPdfWriter, size: QSizeF) -> QTextDocument:
    """Return a report as pages of a size, in dots of the writer."""
    document = _Page()
    # Checksums and lists have no spaces, and nothing may run off the paper.
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    document.setDefaultTextOption(option)
    document.setDocumentMargin(0)
    document.setDefaultFont(QFont(QGuiApplication.font().families(), 9))
    document.documentLayout().setPaintDevice(writer)
    html = _for_paper(page.decode("utf-8", errors="replace"))
    broken: set[int] = set()
    while True:
        document.setHtml(_with_breaks(html, broken))
        document.setPageSize(size)
        late = _first_late(document, size.height(), broken)
        if late is None:
            return document
        broken.add(late)


def _with_breaks(html: str, numbers: set[int]) -> str:
    """Return a page whose headings of these numbers begin a sheet."""
    count = itertools.count()

    def tag(found: re.Match[str]) -> str:
        broken = next(count) in numbers
        return f'{found[0][:-1]} style="page-break-before: always">' if broken else found[0]

    return re.sub(r"<h[1-6]>", tag, html)


def _first_late(document: QTextDocument, height: float, known: set[int]) -> int | None:
    """Return the number of the first heading at the end of a sheet, alone or with one row."""
    blocks = map(document.findBlockByNumber, range(document.blockCount()))
    headings = (block for block in blocks if block.blockFormat().headingLevel())
    for number, block in enumerate(headings):
        if number not in known and _below(block, height) < _WITH_HEADING:
            return number
    return None


def _below(block: QTextBlock, height: float) -> float:
    """Return the share of the page that is below a heading's line."""
    lines, layout = block.layout(), block.document().documentLayout()
    if not lines.lineCount():
        return 1.0
    line = lines.lineAt(0)
    bottom = layout.blockBoundingRect(block).top() + line.y() + line.height()
    return 1 - (bottom % height) / height


def _paint(painter: QPainter, document: QTextDocument, part: QRectF) -> None:
    painter.save()
    painter.translate(0, -part.top())
    painter.setClipRect(part)
    context = QAbstractTextDocumentLayout.PaintContext()
    context.clip = part
    # The colours of the window's theme are not for paper.
    context.palette.setColor(QPalette.ColorRole.Text, QColor("#24292f"))
    document.documentLayout().draw(painter, context)
    painter.restore()


def _paint_foot(
    painter: QPainter, document: QTextDocument, area: QRectF, title: str, number: str
) -> None:
    painter.save()
    font = QFont(document.defaultFont())
    font.setPointSizeF(7.5)
    painter.setFont(font)
    painter.setPen(QColor("#57606a"))
    line = QRectF(0, 0, area.width(), area.height())
    right = painter.fontMetrics().horizontalAdvance(f"  {number}")
    words = painter.fontMetrics().elidedText(
        title, Qt.TextElideMode.ElideMiddle, int(area.width()) - right
    )
    painter.drawText(line, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, words)
    painter.drawText(line, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, number)
    painter.restore()


def _for_paper(html: str) -> str:
    """Put the style for paper in place of the page's own, and pictures beside each other."""
    html = re.sub(r"<style>.*?</style>", f"<style>{_STYLE}</style>", html, count=1, flags=re.DOTALL)
    html = re.sub(r'<div class="row">(.*?)</div>', _pairs, html, flags=re.DOTALL)
    return html.replace("<table>", '<table cellpadding="3">')


def _pairs(row: re.Match[str]) -> str:
    figures = re.findall(
        r"<figure><img (.*?)><figcaption>(.*?)</figcaption></figure>", row[1], re.DOTALL
    )
    cells = [
        f'<td width="50%"><img width="{_WIDTH}" {picture}><p class="faint">{caption}</p></td>'
        for picture, caption in figures
    ]
    lines = ["".join(cells[first : first + 2]) for first in range(0, len(cells), 2)]
    return (
        '<table width="100%" cellpadding="4">'
        + "".join(f"<tr>{line}</tr>" for line in lines)
        + "</table>"
    )


def _plain(text: str) -> str:
    from html import unescape

    return " ".join(unescape(text).split())

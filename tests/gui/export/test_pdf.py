from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QBuffer, QSizeF
from PySide6.QtGui import QPdfWriter, QTextDocument
from pytestqt.qtbot import QtBot

from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.gui.export.pdf import convert, pdf_bytes, set_on_paper
from structmask_gui.gui.export.saving import REPORTS
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.report.html import code, figure, page, paragraph, table
from structmask_gui.io.report.report import report_bytes
from structmask_gui.io.results.record import make_record
from tests.gui.conftest import noise

BESIDE_TRANSPARENCY = b"/Subtype /Image"


def report(**parameters: object) -> bytes:
    extraction = extract_array(noise((2, 128, 128)), Parameters().changed(parameters))
    return report_bytes(make_record(extraction), extraction=extraction)


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_the_pictures_and_all_pages_are_there(qapp: object):
    made = pdf_bytes(report())
    assert made.startswith(b"%PDF-")
    assert made.rstrip().endswith(b"%%EOF")
    assert pages_of(made) >= 3
    assert made.count(BESIDE_TRANSPARENCY) >= 3


@pytest.mark.parametrize("parameters", [{}, {"center_size": 41, "max_true_pixels": 300}])
def test_nothing_runs_off_the_paper(qapp: object, parameters: dict[str, object]):
    long = "x" * 500
    picture = figure(Image.new("RGB", (3000, 40)), long)
    evil = page(
        long,
        [
            paragraph(long),
            code(long),
            table((), [(long, long)] * 90),
            f'<div class="row">{picture}</div>',
        ],
    )
    for contents in (report(**parameters), evil):
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        writer = QPdfWriter(buffer)
        writer.setResolution(300)
        size = QSizeF(2126, 3060)  # A4 within its margins
        document = set_on_paper(contents, writer, size)
        assert document.size().width() <= size.width() + 1
        assert document.pageCount() > 1


def test_nothing_is_fetched(qapp: object, tmp_path: Path):
    Image.new("RGB", (50, 50), (255, 0, 0)).save(tmp_path / "secret.png")
    address = (tmp_path / "secret.png").as_uri()
    made = pdf_bytes(page("t", [f'<img src="{address}">', paragraph("words")]))
    streams = re.findall(rb"/Subtype /Image.*?/Width (\d+)", made, re.DOTALL)
    assert b"50" not in streams


def test_the_window_writes_it_by_the_name(loaded: MainWindow, tmp_path: Path, qtbot: QtBot):
    assert "(*.pdf)" in REPORTS
    path = tmp_path / "report.PDF"
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.save_report(path)
    assert path.read_bytes().startswith(b"%PDF-")
    assert "report.PDF" in loaded.statusBar().currentMessage()


@pytest.mark.slow
def test_reports_are_converted_without_a_window(
    qapp: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    good, other = tmp_path / "a_report.html", tmp_path / "b.html"
    good.write_bytes(report())
    other.write_bytes(b"<html>hello</html>")
    assert convert([good]) == 0
    assert (tmp_path / "a_report.pdf").read_bytes().startswith(b"%PDF-")
    assert capsys.readouterr().out.strip() == str(tmp_path / "a_report.pdf")
    assert convert([other]) == 2
    (tmp_path / "a_report.pdf").unlink()
    assert convert([good, other, tmp_path / "none.html"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert ["b.html" in said[0], "b.html" in said[1], "none.html" in said[2]] == [True] * 3
    (tmp_path / "a_report.pdf").unlink()
    assert convert([str(tmp_path / "*_report.html")]) == 0
    before = (tmp_path / "a_report.pdf").read_bytes()
    assert convert([good]) == 2
    assert "already exists" in capsys.readouterr().err
    assert (tmp_path / "a_report.pdf").read_bytes() == before


@pytest.mark.slow
def test_the_command_needs_no_screen(tmp_path: Path):
    path = tmp_path / "a_report.html"
    path.write_bytes(report())
    without = {
        k: v
        for k, v in os.environ.items()
        if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    done = subprocess.run(
        [sys.executable, "-m", "structmask_gui", "--pdf", str(path)],
        capture_output=True,
        text=True,
        env=without,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert path.with_suffix(".pdf").exists()


def test_the_text_can_be_found_in_the_file(qapp: object):
    """Text is text, not a picture: the fonts are inside the file."""
    made = pdf_bytes(report())
    assert b"/FontFile2" in made or b"/FontFile3" in made
    assert b"/ToUnicode" in made


def test_no_heading_stands_alone_or_with_one_row_at_the_end_of_a_page(qapp: object):
    writer = QPdfWriter(QBuffer())
    writer.setResolution(300)
    size = QSizeF(2000, 2000)
    for rows in range(20, 60):
        rest = [(f"row {number}", "b") for number in range(10)]
        parts = [table((), [("a", "b")] * rows), "<h2>Heading</h2>", table((), rest)]
        document = set_on_paper(page("long", parts), writer, size)
        assert page_of("Heading", document, size) == page_of("row 1", document, size), rows


def page_of(text: str, document: QTextDocument, size: QSizeF) -> int:
    cursor = document.find(text)
    block, layout = cursor.block(), document.documentLayout()
    top = layout.blockBoundingRect(block).top() + block.layout().lineAt(0).y()
    return int(top // size.height())

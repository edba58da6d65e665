"""The guide: it builds without a warning, and what is made from the code is all there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import structmask_gui
from structmask_gui.cli.main import main
from structmask_gui.cli.parser import make_parser
from structmask_gui.core.names import TARGETS
from structmask_gui.core.parameters.model import parameter_infos

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "scripts"))


def test_the_parameters_page_has_every_parameter(scripts):
    import reference

    page = reference.parameters()
    for info in parameter_infos().values():
        assert f"(`{info.name}`) {{ #{info.name} }}" in page
        assert info.about.help in page
        for value, text in info.about.choices:
            assert f"- `{value}`: {text}" in page


def test_the_command_page_has_every_command_and_option(scripts):
    import reference

    page = reference.command_line()
    found = reference.commands(make_parser())
    assert {"extract", "batch", "compare", "presets", "info"} <= set(found)
    for name, parser in found.items():
        assert f"## structmask {name}\n" in page
        for action in parser._actions:
            for option in action.option_strings:
                assert option in page


def test_the_commands_in_the_guide_are_commands():
    """Every line of a guide's example is accepted by the parser, up to the files it names."""
    parser = make_parser()
    lines = [
        line
        for page in DOCS.glob("*.md")
        for line in re.findall(r"^structmask (.+)$", page.read_text("utf-8"), re.MULTILINE)
    ]
    assert len(lines) >= 4
    for line in lines:
        parser.parse_args(line.split())


def test_the_python_page_has_every_public_name():
    page = (DOCS / "python.md").read_text("utf-8")
    named = re.findall(r"^::: structmask_gui\.(\w+)$", page, re.MULTILINE)
    assert sorted(named) == sorted(set(structmask_gui.__all__) - {"__version__"})
    # What has a public name goes by no other.
    others = re.findall(r"^::: structmask_gui\.\S+\.(\w+)$", page, re.MULTILINE)
    assert not set(others) & set(structmask_gui.__all__)


def test_every_target_is_explained():
    text = (DOCS / "export.md").read_text("utf-8").lower()
    for title in TARGETS.values():
        assert title.lower() in text


def test_the_examples_show_what_the_page_says(scripts):
    import examples

    by_name = {example.name: example for example in examples.EXAMPLES}
    for name, shape in (("rows", "horizontal"), ("columns", "vertical"), ("diagonal", "diagonal")):
        for method, found in examples.results(by_name[name].draw()):
            assert found.mask.statistics.shape_class == shape, (name, method)
    (_, published), _, (_, statistical) = examples.results(by_name["scan8"].draw())
    assert published.mask.statistics.true_pixels == 1
    rows = {dy for dy, _ in statistical.mask.lags().tolist()}
    assert rows == {-8, 0, 8}


@pytest.mark.slow
def test_it_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("material")
    pytest.importorskip("mkdocstrings_handlers")
    answer = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert "WARNING" not in answer.stderr
    pages = list((tmp_path / "site").glob("*.html"))
    assert {"index.html", "parameters.html", "command-line.html"} <= {page.name for page in pages}
    # The search reads this one when the guide is opened from a disk.
    index = (tmp_path / "site" / "search" / "search_index.js").read_text("utf-8")
    assert index.startswith('var __index = {"')
    assert "javascripts/offline-search.js" in (tmp_path / "site" / "index.html").read_text("utf-8")
    for page in pages:
        # Readable offline: nothing is fetched from elsewhere, and every picture is there.
        text = page.read_text("utf-8")
        assert not re.search(r'<(script|img|link rel="stylesheet")[^>]+(src|href)="https?:', text)
        for picture in re.findall(r'<img[^>]+src="([^"]+)"', text):
            assert (page.parent / picture).exists(), (page.name, picture)


def test_the_first_answer_of_the_guide_is_the_one_that_is_printed(tmp_path, capsys):
    sample = ROOT / "resources/sample/cells_scanlines.ome.tif"
    asked = ["extract", str(sample), "--preset", "automatic", "--output-dir", str(tmp_path)]
    assert main(asked) == 0
    said = capsys.readouterr().out.partition("    Written:")[0]
    assert said in (DOCS / "first-mask.md").read_text("utf-8")

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import tifffile
from PIL import Image

from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import TARGETS
from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.parameters.rules import why_without_effect
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.stack.frames import ArrayFrames, Region
from structmask_gui.io.extract_files import ExtractionSettings, Input, Result, opened
from structmask_gui.io.pictures.figures import draw_frame, draw_panels, draw_values, middle
from structmask_gui.io.report.html import page, picture, table
from structmask_gui.io.report.report import report_bytes, save_report
from structmask_gui.io.results.record import AnswerRecord, make_record
from structmask_gui.io.trainers.snippets import MaskContext, snippet


class Page(HTMLParser):
    """Text, headings, pictures and links of a page; fails if its tags do not match."""

    EMPTY = ("meta", "img", "br")

    def __init__(self, contents: bytes) -> None:
        super().__init__()
        self.text, self.headings, self.pictures, self.links = "", [], [], []
        self.open: list[str] = []
        self.cells: list[str] = []
        self.feed(contents.decode())
        assert not self.open

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.links += [v for k, v in attributes if k in ("href", "src") and "data:" not in v]
        if tag == "img":
            assert values["alt"]
            self.pictures.append(values["src"])
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "title"):
            self.text += data
        if "td" in self.open:
            self.cells.append(data)
        if self.open and self.open[-1] in ("h2", "h3"):
            self.headings.append(data)


@pytest.fixture
def measured(folder):
    def measure(quality=False, **parameters):
        return extract(folder / "a.tif", Parameters(**parameters), quality=quality)

    return measure


def extract(file, parameters, *, quality=False):
    """Return the extraction of a file, and its record."""
    with opened([Input(file)], ExtractionSettings(parameters)) as files:
        extraction = extract_recording(files.recording(), parameters)
        return extraction, Result.of(extraction, files, quality=quality).record


def test_a_page_of_the_published_method(measured):
    extraction, record = measured()
    found = Page(report_bytes(record, extraction=extraction))
    assert found.links == []
    assert found.headings[:2] == ["Mask", "Rings"]
    assert "Noise" not in found.headings
    assert "Quality" not in found.headings
    assert record.sentence in found.text
    assert record.inputs[0].sha256 in found.text
    for name in parameter_infos():
        idle = why_without_effect(name, record.as_parameters()) is not None
        assert (name in found.cells) != idle
    context = MaskContext(file="a.tif", axes=record.inputs[0].axes)
    for target, title in TARGETS.items():
        shown = target in ("careamics", "n2v")
        assert (title in found.headings) == shown
        assert (snippet(target, extraction.mask, context).text in found.text) == shown
    ring = record.rings[0]
    assert f"{ring.maximum:.4f}" in found.text
    # Mask, autocorrelation, rings.
    sizes = []
    for source in found.pictures:
        data = base64.b64decode(source.partition(",")[2])
        with Image.open(io.BytesIO(data)) as image:
            sizes.append(image.size)
    assert len(sizes) == 3
    assert min(min(size) for size in sizes) > 200


def test_a_page_of_the_statistical_method_with_figures(measured):
    extraction, record = measured(quality=True, method="statistical", source="automatic")
    found = Page(report_bytes(record, extraction=extraction))
    assert {"Noise", "Quality", "Mask"} <= set(found.headings)
    assert "Rings" not in found.headings
    assert record.verdict.kind in found.text
    # One unit, explained once; one verdict.
    text = " ".join(found.text.split())
    copied = f"{100 * record.quality['still_copied']:.2g}"
    assert f"{float(copied):g} %; without" in text
    assert text.count("of the noise's variance") == 1
    assert text.count(record.verdict.sentence) == 1
    assert "0.000" not in text
    assert len(found.pictures) == 2


def test_a_page_of_a_spine_mask_shows_no_rings(measured):
    extraction, record = measured(method="spine")
    found = Page(report_bytes(record, extraction=extraction))
    assert len(found.pictures) == 2  # mask, autocorrelation
    assert "rings" not in found.text.casefold()


def test_figures_in_doubt_say_so(measured):
    _, record = measured(quality=True)
    assert "In doubt" not in Page(report_bytes(record)).text
    quality = record.quality | {"noise_told_from_picture": False}
    text = Page(report_bytes(record.model_copy(update={"quality": quality}))).text
    assert "could not be separated from structure" in text


def test_figures_of_another_version_are_shown_as_they_are(measured):
    _, record = measured(quality=True)
    other = {"new_figure": 0.25, "blanked": [{"trainer": "n2v", "share": 0.5}]}
    text = Page(report_bytes(record.model_copy(update={"quality": other}))).text
    assert "new figure" in text
    assert "0.25" in text


def test_how_many_hidden_pixels_were_judged_is_said_where_it_is_not_all(measured):
    extraction, record = measured(quality=True, method="statistical")
    hidden = extraction.mask.statistics.true_pixels - 1
    figures = {"needlessly_hidden": 1, "radius": 2}
    for judged, words in ((hidden, "1 pixel"), (hidden - 2, f"1 pixel of the {hidden - 2} within")):
        quality = {**record.quality, **figures, "hidden_within_radius": judged}
        text = Page(report_bytes(record.model_copy(update={"quality": quality}))).text
        said = text.partition("Hidden without need")[2].partition("For a network")[0].strip()
        assert said.startswith(words)
        assert (f"the mask hides {hidden}" in said) == (judged < hidden)


def test_a_page_from_a_record_alone(measured):
    _, record = measured()
    found = Page(report_bytes(record))
    assert len(found.pictures) == 1
    assert "Rings" in found.headings


def test_the_texts_for_trainers_say_what_to_do_first_and_name_the_image(measured):
    _, record = measured()
    lines = AnswerRecord(
        what="Whole columns are brighter or darker.",
        certainty="likely",
        how_sure="Likely.",
        advice="",
        actions=("preview_removal",),
    )
    inputs = [record.inputs[0].model_copy(update={"series": 2})]
    text = Page(report_bytes(record.model_copy(update={"answer": lines, "inputs": inputs}))).text
    first = "# Before training: Whole columns are brighter or darker. Remove their offsets first."
    assert first in text
    assert "series=2" in text


def test_an_edited_mask_is_marked(measured):
    extraction, _ = measured()
    mask = Mask(np.ones((3, 3), dtype=bool))
    record = make_record(extraction, mask=mask)
    text = Page(report_bytes(record, extraction=extraction)).text
    assert "changed by hand" in text
    assert "array" in text


def test_a_hostile_name_is_escaped(folder, row_noise):
    evil = folder / "<script>alert(1)<b>&lt;'\".tif"
    tifffile.imwrite(evil, row_noise, metadata={"axes": "TYX"}, photometric="minisblack")
    extraction, record = extract(evil, Parameters())
    contents = report_bytes(record, extraction=extraction).decode()
    assert "<script" not in contents
    assert "default-src 'none'" in contents
    assert evil.name in Page(contents.encode()).text


def test_it_says_how_to_repeat_it_with_the_records_name(measured):
    extraction, record = measured()
    text = Page(
        report_bytes(record, extraction=extraction, context=MaskContext(mask_file="my a_mask.npy"))
    ).text
    assert "--from-record 'my a_mask.json'" in text


def test_a_file_is_told_by_its_name_size_and_channel(measured):
    _, record = measured()
    metadata = {"Pixel size X": "65 nm", "Pixel size Y": "0.07 µm"}
    values = {"channel": 1, "channel_name": "GFP", "metadata": metadata, "n_frames": 4}
    file = record.inputs[0].model_copy(update=values)
    found = Page(report_bytes(record.model_copy(update={"inputs": [file]})))
    assert {"1 (GFP)", "0.07 x 0.065 µm", "4"} <= set(found.cells)
    assert str(file.path) not in found.text


def test_it_is_saved_and_not_overwritten(measured, tmp_path):
    extraction, record = measured()
    path = tmp_path / "r.html"
    save_report(record, path, extraction=extraction)
    with pytest.raises(InputError, match="already exists"):
        save_report(record, path)
    save_report(record, path, force=True)


@pytest.mark.parametrize("shape", [(3, 3), (9, 33), (240, 100), (1000, 300)])
def test_a_part_of_a_frame_is_drawn_in_any_shape(shape):
    values = np.random.default_rng(0).normal(size=(2, *shape))
    values[0, 0, 0] = np.nan
    part = middle(ArrayFrames(values))
    image = draw_frame(part)
    assert image.mode == "L"
    assert 240 < max(image.size) <= 480
    assert image.height * part.shape[1] == image.width * part.shape[0]


def test_the_middle_is_that_of_the_rectangle():
    values = np.arange(1000 * 800).reshape(1000, 800)
    frames = ArrayFrames(values)
    assert middle(frames).shape == (240, 240)
    assert middle(frames)[120, 120] == values[500, 400]
    region = Region(600, 900, 100, 200)
    assert middle(frames, region).shape == (240, 100)
    assert np.array_equal(middle(frames, region), values[630:870, 100:200])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (31, 3), (101, 101)])
def test_values_are_drawn_in_any_shape(shape):
    values = np.random.default_rng(0).normal(size=shape)
    image = draw_values(values, "A title")
    assert image.mode == "RGB"
    assert image.width > 200


def test_colours_follow_the_values_and_the_centre_does_not_count():
    values = np.zeros((3, 3))
    values[1, 1] = 1000
    values[0, 0], values[2, 2] = 1, -1
    image = np.asarray(draw_values(values, "t"))
    cell = 44
    first = image[150 + 10, 120 + 10].tolist()
    last = image[150 + 2 * cell + 10, 120 + 2 * cell + 10].tolist()
    zero = image[150 + 10, 120 + cell + 10].tolist()
    assert first[0] > first[2] + 50
    assert last[2] > last[0] + 50
    assert min(zero) > 230


def test_nan_and_constant_values_are_drawn():
    assert draw_values(np.full((3, 3), np.nan), "t").width > 0
    assert draw_values(np.ones((3, 3)), "t").width > 0


def test_building_blocks_escape():
    text = page("<t>", [table(("<h>",), [("<c>",)])]).decode()
    assert not re.search("<t>|<h>|<c>", text)
    assert "&quot;" in picture(Image.new("L", (1, 1)), '"x"')


def test_panels_share_a_contrast():
    dark, light = np.zeros((40, 60)), np.full((40, 60), 10.0)
    panels = [("Raw", dark, (0.0, 20.0)), ("Preview", light, (0.0, 20.0))]
    plain = np.asarray(draw_panels(panels).convert("L"))
    cell = 480 // 60
    assert plain.shape[1] == 2 * 60 * cell + 12
    assert plain[-1, 0] == 0
    assert 120 <= plain[-1, -1] <= 135
    assert draw_panels([("Large", np.zeros((3000, 2000)), (0.0, 1.0))]).height < 1100

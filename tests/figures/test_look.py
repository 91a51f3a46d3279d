"""Figures of a chosen look: on dark paper, of a fixed size, with other letters."""

import io
import re
import zlib

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

import thalweg as tw
from tests.figures.test_panels import CASES
from thalweg.base.errors import UnknownName
from thalweg.figures.drawing import oklab

SLIDE = {"size": (13.3, 7.5), "font_size": 14}


def figure():
    return tw.figures.data(tw.problems.pencil(points=10))


def opened(figure, dpi=20):
    return np.asarray(Image.open(io.BytesIO(figure.png(dpi))).convert("RGB"))


def test_a_picture_has_the_size_that_was_asked_for(tmp_path):
    slide = figure().look(**SLIDE)
    assert opened(slide).shape == (150, 266, 3)
    text = slide.save(tmp_path / "slide.svg").read_text("utf-8")
    sides = {name: float(value) for name, value in re.findall(r'(width|height)="([\d.]+)pt"', text)[:2]}
    assert sides == pytest.approx({"width": 72 * 13.3, "height": 72 * 7.5})


def test_letters_grow_and_all_with_them(tmp_path):
    """Twice as large letters on paper twice as large are the same picture, enlarged."""
    usual, large = figure().look(size=(5, 4)), figure().look(size=(10, 8), font_size=20)
    np.testing.assert_array_equal(opened(usual, 80), opened(large, 40))
    pages = [one.save(tmp_path / f"{dpi}.pdf", dpi=dpi).read_bytes() for one, dpi in ((usual, 80), (large, 40))]
    boxes = [re.search(rb"MediaBox \[ 0 0 (\d+) (\d+) \]", page).groups() for page in pages]
    assert boxes == [(b"360", b"288"), (b"720", b"576")]
    first, second = (zlib.decompress(page.partition(b"stream\n")[2]) for page in pages)
    assert second.replace(b"2 0 0 2 0 0 cm\n", b"") == first


def test_a_page_takes_paper_and_font():
    usual, slide = (one.interactive()["layout"] for one in (figure(), figure().look(dark=True, font="DejaVu Serif")))
    assert (usual["paper_bgcolor"], slide["paper_bgcolor"]) == ("#ffffff", "#161616")
    assert slide["font"]["family"] == "'DejaVu Serif', system-ui, sans-serif"


def test_a_saved_page_is_dark_around_its_figures(tmp_path):
    text = figure().look(dark=True).save(tmp_path / "page.html").read_text("utf-8")
    assert "background: #161616" in text


def test_the_last_look_holds():
    twice = figure().look(dark=True).look(size=(5, 4))
    assert opened(twice)[0, 0].tolist() == [255, 255, 255]
    assert opened(twice).shape == (80, 100, 3)


def test_an_unknown_font_is_refused_with_those_near():
    with pytest.raises(
        UnknownName, match="^unknown font 'DejaVu Sens'; did you mean 'DejaVu Sans' or .*? give the name"
    ):
        figure().look(font="DejaVu Sens")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dark", [False, True])
def test_all_letters_stand_out_from_the_paper(case, dark, request):
    sheet = CASES[case](request.getfixturevalue).look(dark=dark).static()
    texts = [text for text in sheet.findobj(Text) if text.get_text() and not on_ground_of_its_own(case, text)]
    faint = {text.get_text() for text in texts if oklab.contrast(text.get_color(), sheet.get_facecolor()) < 4.5}
    assert not faint


def on_ground_of_its_own(case, text):
    """Counts of valleys stand in cells."""
    return case == "phase_diagram" and text.get_text().isdigit()

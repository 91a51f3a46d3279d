"""What every figure can do: be saved in each form, the same every time, without touching anything else."""

import base64
import gzip
import io
import json
import re
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from PIL import Image
from plotly.offline import get_plotlyjs

import thalweg as tw
from thalweg.base.errors import InvalidValue, OutputError
from thalweg.experiment.experiment import Experiment
from thalweg.experiment.results import Results
from thalweg.experiment.sections import Figures
from thalweg.figures.gallery import gallery as everything


def gallery(drawn):
    return figures_of(drawn.problem, drawn.runs, drawn.surface, drawn.valleys)


def figures_of(problem, *parts):
    bare = Experiment(SimpleNamespace(problem=problem), *[None] * 6, Figures(), settings={})
    return everything(Results(bare, *parts))


def opened(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture))


def test_the_published_experiment_has_all_its_figures(published):
    names = [figure.name for figure in gallery(published)]
    assert names == ["crown", "profile", "barcode", "merge_tree", "data", "fit", "loss", "parameter"]


def test_two_parameters_are_drawn_as_a_plane(line, himmelblau):
    assert [figure.name for figure in gallery(line)] == ["plane", "data", "fit", "loss", "parameter"]
    names = [figure.name for figure in gallery(himmelblau)]
    assert names == ["plane", "barcode", "merge_tree", "loss", "parameter"]


def test_one_valley_has_no_barcode(line):
    assert line.valleys.sizes["valley"] == 1
    assert not {"barcode", "merge_tree"} & {figure.name for figure in gallery(line)}


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_saving_twice_gives_the_same_bytes(tmp_path, published, ending):
    for figure in gallery(published):
        paths = [tmp_path / f"{figure.name}-{k}.{ending}" for k in (0, 1)]
        for path in paths:
            figure.save(path)
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_picture_is_as_large_as_it_says(published):
    sizes = {figure.name: opened(figure.png()).size for figure in gallery(published)}
    assert sizes.pop("crown") == (1800, 1400)
    assert set(sizes.values()) == {(1440, 900)}


def test_nothing_is_cut_off_at_the_edges(published, line, himmelblau, leaving):
    for results in (published, line, himmelblau, leaving):
        for figure in gallery(results):
            picture = opened(figure.png(80)).convert("L")
            width, height = picture.size
            edges = [(0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height)]
            assert all(picture.crop(edge).getextrema() == (255, 255) for edge in edges), figure.name


def test_a_page_loads_nothing(tmp_path, published):
    path = tmp_path / "page.html"
    path.write_text(tw.figures.page.html(gallery(published)), encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    tags = re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", text)
    assert len([tag for tag in tags if tag.startswith("<script")]) >= 6
    assert not [tag for tag in tags if "src=" in tag or "href=" in tag]
    assert '"showSendToCloud": false' in text
    # Its licence can be read without unpacking anything.
    assert text.count("plotly.js v") == 1
    assert len(text) < len(get_plotlyjs())


def test_what_is_packed_in_a_page_is_plotly_and_the_figures(published):
    figures = [tw.figures.profile(*published.of_surface), tw.figures.loss(published.runs)]
    text = tw.figures.page.html(figures)
    assert text == tw.figures.page.html(figures)
    found = re.findall(r"<script type=['\"]application/gzip['\"] ([^>]*)>([^<]*)</script>", text)
    unpacked = {name: gzip.decompress(base64.b64decode(packed)).decode() for name, packed in found}
    assert list(unpacked) == ["data-figure='profile-0'", "data-figure='loss-1'", 'id="library"']
    assert unpacked['id="library"'] == get_plotlyjs()
    loss = json.loads(unpacked["data-figure='loss-1'"])
    (line,) = (trace for trace in loss["data"] if trace.get("name") == "training loss")
    values = np.frombuffer(base64.b64decode(line["y"]["bdata"]), line["y"]["dtype"])
    np.testing.assert_array_equal(values, published.runs["train_loss"].values[0])
    assert "data-figure='loss-1'" in text
    assert "id='loss-1'" in text


def test_every_array_of_a_page_is_finite_or_a_gap(published, line, himmelblau):
    for results in (published, line, himmelblau):
        for figure in gallery(results):
            described = figure.interactive()
            assert described["data"]
            assert all(isinstance(trace["type"], str) for trace in described["data"])


def test_drawing_changes_no_global_setting(published):
    before = dict(matplotlib.rcParams)
    for figure in gallery(published):
        figure.png(40)
    assert dict(matplotlib.rcParams) == before


def test_a_picture_keeps_the_look_whoever_saves_it(published):
    for figure in (tw.figures.parameter(published.runs, published.valleys), tw.figures.crown(published.surface)):
        mine, theirs = io.BytesIO(figure.png(80)), io.BytesIO()
        figure.static().savefig(theirs, format="png", dpi=80)
        assert np.array_equal(*(np.asarray(Image.open(picture)) for picture in (mine, theirs)))


def test_the_order_of_formats_does_not_matter(tmp_path, published):
    def saved(endings):
        figure = tw.figures.fit(published.problem, published.runs)
        return {ending: figure.save(tmp_path / f"fit.{ending}").read_bytes() for ending in endings}

    assert saved(["png", "svg"]) == saved(["svg", "png"])


def test_a_pdf_embeds_its_fonts_as_truetype(tmp_path, published):
    for figure in gallery(published):
        written = figure.save(tmp_path / f"{figure.name}.pdf").read_bytes()
        assert re.findall(rb"/Subtype /(?:TrueType|CIDFontType2)\b", written)
        assert re.search(rb"/FontFile2 ", written)
        assert not re.search(rb"/Type3\b", written)


def test_an_unknown_ending_is_refused(tmp_path, published):
    figure = tw.figures.data(published.problem)
    with pytest.raises(InvalidValue, match=r"cannot save data as 'a.bmp'; give an ending of .png, .svg, .pdf, .html$"):
        figure.save(tmp_path / "a.bmp")


def test_a_place_that_cannot_be_written_is_told(tmp_path, published):
    with pytest.raises(OutputError, match="cannot write .*none/a.png: No such file or directory"):
        tw.figures.data(published.problem).save(tmp_path / "none" / "a.png")


def test_a_figure_shows_itself_in_a_notebook_and_in_words(published):
    figure = tw.figures.data(published.problem)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert repr(figure) == "<Figure data: The data>"


@pytest.mark.parametrize("draw", [tw.figures.loss, tw.figures.parameter])
def test_a_run_that_is_not_there_is_refused(published, draw):
    with pytest.raises(InvalidValue, match="run = 1 is not allowed"):
        draw(published.runs, run=1)


def test_a_run_without_a_finite_start_is_left_out():
    import optax

    axis = tw.problems.Axis("x", -2, 2)
    objective = tw.objective(tw.problems.function(lambda p: p[0] * float("inf"), axis, start=[1.0]))
    runs = tw.descend(objective, optax.sgd(0.1), steps=3)
    assert figures_of(objective.problem, runs) == []
    with pytest.raises(InvalidValue, match="run 0 is not finite at its start"):
        tw.figures.loss(runs)


def test_a_picture_has_bounded_dots():
    with pytest.raises(InvalidValue, match="dpi = 2147483648 is not allowed; give a whole number of at least 20"):
        tw.figures.data(tw.problems.pencil(points=10)).png(2**31)

import pytest
import xarray as xr

from thalweg.experiment import experiment
from thalweg.experiment.results import Results
from thalweg.figures.profile import profile
from thalweg.report.page import title_of, write_report
from thalweg.study.survey import survey


def test_a_surface_alone_makes_a_report(tmp_path):
    made = experiment.build({"problem": {"kind": "schwefel", "dimension": 1}})
    surface = survey(made.objective)
    write_report(Results(made, surface=surface), [profile(surface)], tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert f"Computed with thalweg {surface.attrs['thalweg_version']}, jax" in page
    assert "figures/interactive.html" not in page


def test_the_report_leads_to_the_page_of_figures_where_it_is(tmp_path):
    made = experiment.build({"problem": {"kind": "schwefel", "dimension": 1}})
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "interactive.html").touch()
    write_report(Results(made, surface=survey(made.objective)), [], tmp_path)
    assert '<a href="figures/interactive.html">figures/interactive.html</a>' in (tmp_path / "report.html").read_text(
        "utf-8"
    )


def test_a_page_on_phases_speaks_of_no_descent():
    made = experiment.build({"problem": {"kind": "pencil"}, "loss": {"kind": "absolute"}})
    assert title_of(Results(made, phases=xr.Dataset())) == "The pencil: valleys over noise and exponent"


@pytest.mark.parametrize(
    ("problem", "title"),
    [
        ({"kind": "himmelblau"}, "A descent on Himmelblau"),
        ({"kind": "six_hump_camel"}, "A descent on Six hump camel"),
        ({"kind": "line", "points": 10}, "A descent on the line"),
    ],
)
def test_a_page_is_titled_by_the_problem(problem, title):
    loss = {"loss": {"kind": "quadratic"}} if problem["kind"] == "line" else {}
    assert title_of(Results(experiment.build({"problem": problem, **loss}))) == title

"""The picture and the page show the same panels: as many, with the same names on their axes."""

import re

import pytest

import thalweg as tw
from tests.figures import (
    fitted,
    test_compare,
    test_compare_fits,
    test_curvature,
    test_interpolate,
    test_outcome_map,
    test_phase_diagram,
    test_profile_likelihood,
    test_race,
)
from tests.figures.slice import test_slice


def untuned():
    return test_race.ran().isel(optimizer=[1]).assign_attrs(names=["lbfgs"])


def untraced():
    return test_curvature.run().assign(trace=test_curvature.run()["trace"] * float("nan"))


CASES = {
    "crown": lambda r: tw.figures.crown(*r("published").of_surface),
    "profile": lambda r: tw.figures.profile(*r("published").of_surface),
    "profile of an interval": lambda r: tw.figures.profile(*r("leaving").of_surface),
    "plane of several": lambda r: tw.figures.plane(r("himmelblau").surface, {"sgd": r("himmelblau").runs}),
    "profile of several": lambda r: tw.figures.profile(r("published").surface, {"sgd": r("published").runs}),
    "crown of several": lambda r: tw.figures.crown(r("published").surface, {"sgd": r("published").runs}),
    "plane": lambda r: tw.figures.plane(*r("himmelblau").of_surface),
    "basins": lambda r: tw.figures.basins(*r("himmelblau").of_surface),
    "basins of a circle": lambda r: tw.figures.basins(*r("published").of_surface),
    "barcode": lambda r: tw.figures.barcode(r("published").valleys),
    "merge_tree": lambda r: tw.figures.merge_tree(r("published").valleys),
    "phase_diagram": lambda r: tw.figures.phase_diagram(test_phase_diagram.diagram(test_phase_diagram.COUNTS)),
    "outcome_map": lambda r: tw.figures.outcome_map(test_outcome_map.chart(test_outcome_map.mixed()), colour="settled"),
    "race": lambda r: tw.figures.race(test_race.ran()),
    "race without tuning": lambda r: tw.figures.race(untuned()),
    "compare": lambda r: tw.figures.compare(test_compare.compared()),
    "slice": lambda r: tw.figures.slice(test_slice.surface()),
    "slice with a run": lambda r: tw.figures.slice(test_slice.surface(), test_slice.path()),
    "slice along a line": lambda r: tw.figures.slice(test_slice.line()),
    "slice along a line with a run": lambda r: tw.figures.slice(test_slice.line(), test_slice.path(axes=("x",))),
    "interpolate": lambda r: tw.figures.interpolate(test_interpolate.along()),
    "curvature": lambda r: tw.figures.curvature(test_curvature.spectrum()),
    "curvature of a run": lambda r: tw.figures.curvature(test_curvature.run()),
    "curvature without a trace": lambda r: tw.figures.curvature(untraced()),
    "data": lambda r: tw.figures.data(r("published").problem),
    "fit": lambda r: tw.figures.fit(r("published").problem, r("published").runs),
    "compare_fits": lambda r: tw.figures.compare_fits(test_compare_fits.several()),
    "compare_fits with curves": lambda r: tw.figures.compare_fits(test_compare_fits.several(), fitted.problem()),
    "fit_curves": lambda r: tw.figures.fit_curves(fitted.problem(), fitted.usual()),
    "fit_pairs": lambda r: tw.figures.fit_pairs(fitted.usual()),
    "profile_likelihood": lambda r: tw.figures.profile_likelihood(test_profile_likelihood.slope()),
    "profile_likelihood of two": lambda r: tw.figures.profile_likelihood(test_profile_likelihood.hill()),
    "waterfall": lambda r: tw.figures.waterfall(fitted.usual()),
    "loss": lambda r: tw.figures.loss(r("published").runs, r("published").valleys),
    "fit of several": lambda r: tw.figures.fit(r("published").problem, {"sgd": r("published").runs}),
    "loss of several": lambda r: tw.figures.loss({"sgd": r("published").runs}, r("published").valleys),
    "parameter of several": lambda r: tw.figures.parameter({"sgd": r("himmelblau").runs}),
    "parameter": lambda r: tw.figures.parameter(r("published").runs, r("published").valleys),
    "parameter of two": lambda r: tw.figures.parameter(r("himmelblau").runs, r("himmelblau").valleys),
}


def plain(names):
    """Names without line breaks, and without what is said of an axis: that it is cut or logarithmic."""
    texts = (re.sub(r"<br>|\n", " ", name) for name in names if name)
    return tuple(sorted(re.sub(r", (cut at|log).*", "", text) for text in texts))


def of_picture(sheet):
    """The names of every panel, and those below panels, as read off Matplotlib's axes."""
    panels, across = [], set()
    for axes in sheet.axes:
        if type(axes.get_axes_locator()).__name__ == "_ColorbarAxesLocator":
            # A bar tells the third coordinate of a map; that of steps belongs to no panel.
            panels[-1] |= {axes.get_title("left")} - {"step"}
        elif axes.axison:
            corner = {text.get_text() for text in axes.texts if getattr(text, "xy", None) == (0, 1)}
            panels.append({axes.get_ylabel(), axes.get_title("left"), *corner})
            across.add(axes.get_xlabel())
        elif "loss" in [text.get_text() for text in axes.texts]:
            panels.append({"loss"})
    return sorted(map(plain, panels)), plain(across)


def of_page(described):
    """The same as read off a description for plotly.js."""
    layout, panels, across = described["layout"], [], set()
    headings = {
        (note["x"], note["y"]): note["text"].partition(":")[0]
        for note in layout.get("annotations", [])
        if note.get("yref") == "paper" and note.get("yanchor") == "bottom"
    }
    for key, axis in layout.items():
        if key == "scene" and axis["xaxis"].get("visible", True):
            panels.append({axis[name]["title"]["text"] for name in ("yaxis", "zaxis")})
            across.add(axis["xaxis"]["title"]["text"])
        elif key == "scene":
            scale = [trace["text"][-1] for trace in described["data"] if trace.get("mode") == "lines+markers+text"]
            panels.append({text.strip().partition(" ")[0] for text in scale})
        elif key.startswith("yaxis"):
            other = layout[axis.get("anchor", "x").replace("x", "xaxis")]
            left, top = other.get("domain", [0])[0], axis.get("domain", [0, 1])[1]
            # A heading begins with its panel, or at the left edge of the page.
            above = [(x, text) for (x, y), text in headings.items() if y == top and x <= left]
            panels.append({axis["title"]["text"], *(text for _, text in sorted(above)[-1:])})
        elif key.startswith("xaxis"):
            across.add(axis["title"]["text"])
    return sorted(map(plain, panels)), plain(across)


@pytest.mark.parametrize("case", CASES)
def test_picture_and_page_show_the_same_panels(case, request):
    figure = CASES[case](request.getfixturevalue)
    assert of_picture(figure.static()) == of_page(figure.interactive())


def test_no_figure_is_left_out():
    assert {case.partition(" ")[0] for case in CASES} == set(tw.figures.__all__) - {"Figure"}

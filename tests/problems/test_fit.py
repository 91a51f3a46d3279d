"""Fits of one's own: what is data and what a parameter, what is tied, and where parameters are looked for."""

from math import pi

import jax.numpy as jnp
import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidData, InvalidValue, UnknownName
from thalweg.problems import Reading

DRAW = np.random.default_rng(0)
T = np.linspace(0, 3, 61)
SIGNAL = 2 * np.exp(-T / 0.5) * np.cos(2 * pi * 1.7 * T + 0.4) + 0.3 + 0.05 * DRAW.normal(size=61)
DATA = {"t": T, "signal": SIGNAL, "other": T**2, "error": np.full(61, 0.05)}
RING = "A*exp(-t/tau)*cos(2*pi*f*t + p) + c"


def made(model=RING, **more):
    return tw.problems.fit(DATA, model, "signal", **more)


def test_names_that_are_columns_are_data_and_others_parameters():
    problem = made()
    assert problem.parameters == ("A", "tau", "f", "p", "c")
    assert (list(problem.train), problem.labels) == (["t", "signal"], {"t": "t", "signal": "signal"})
    assert problem.residual.linear == ("A", "c")
    expected = 2 * np.exp(-2 / 0.5) * np.cos(2 * pi * 1.7 * 2 + 0.4) + 0.3 - 1
    assert float(problem.residual((2, 0.5, 1.7, 0.4, 0.3), 2.0, 1.0)) == pytest.approx(expected, rel=1e-5)


def test_what_has_a_range_or_is_not_asked_for_is_no_column():
    assert made("a*t + other", ranges={"other": (0, 1)}).parameters == ("a", "other")
    assert made("a*t + other", reading=Reading(x="t")).parameters == ("a", "other")
    assert made("a*t + other").parameters == ("a",)
    assert made("e*t", ranges={"e": (0, 1)}).parameters == ("e",)


def test_residuals_are_in_units_of_their_uncertainties():
    problem = made("a*t", sigma="error")
    assert list(problem.train) == ["t", "signal", "error"]
    assert float(problem.residual((2.0,), 3.0, 5.0, 0.5)) == 2.0


def test_a_function_with_arguments_by_name_is_a_model_too():
    def model(t, a, k):
        return a * jnp.exp(-k * t)

    problem = made(model, ranges={"k": "0.1:10:log", "a": "2*k"})
    assert problem.parameters == ("k",)
    assert float(problem.residual((0.5,), 2.0, 0.0)) == pytest.approx(np.exp(-1), rel=1e-6)


def test_parameters_are_held_and_tied():
    problem = made(ranges={"p": 0.4, "c": "A/2 + d", "A": "2*tau", "f": (0.1, 5)})
    assert problem.parameters == ("tau", "f", "d")
    expected = 2 * 0.5 * np.exp(-2 / 0.5) * np.cos(2 * pi * 1.7 * 2 + 0.4) + 0.5 + 1
    assert float(problem.residual((0.5, 1.7, 1.0), 2.0, 0.0)) == pytest.approx(expected, rel=1e-5)


def test_frequencies_phases_and_periods_are_looked_for_where_rows_can_tell_them():
    axes = {axis.name: axis for axis in made().domain}
    # 61 rows, a twentieth apart: half a turn a row is ten turns a unit.
    assert (axes["f"].low, axes["f"].high, axes["f"].bounded) == (0, pytest.approx(10), False)
    assert (axes["p"].low, axes["p"].high, axes["p"].periodic) == (0, pytest.approx(2 * pi), True)
    (period,) = (axis for axis in made("A*sin(2*pi*t/P)").domain if axis.name == "P")
    assert (period.low, period.high, period.log) == (pytest.approx(0.1), pytest.approx(12), True)


@pytest.mark.parametrize(
    ("model", "truth"),
    [
        pytest.param("A*exp(-t/tau) + c", {"A": 3e4, "tau": 0.4, "c": -2e3}, marks=pytest.mark.long),
        pytest.param("A/(1 + exp(-(t - m)/w))", {"A": 5.0, "m": 1.2, "w": 0.2}, marks=pytest.mark.long),
        ("A*t**b", {"A": 1e-3, "b": 2.5}),
        pytest.param("a + b*t + c*t**2", {"a": 1.0, "b": -2.0, "c": 7.0}, marks=pytest.mark.long),
    ],
)
def test_ranges_that_are_proposed_lead_to_the_truth(model, truth):
    t = np.linspace(0.05, 3, 60)
    y = np.asarray(tw.problems.fit({"t": t, "y": 0 * t}, model, "y").residual(tuple(truth.values()), t, 0.0))
    problem = tw.problems.fit({"t": t, "y": y}, model, "y")
    found = tw.fit(tw.objective(problem, tw.losses.quadratic()), tw.starts.Sobol(64))
    np.testing.assert_allclose(found["position"][0], list(truth.values()), rtol=1e-3)
    assert found["share"][0] > 0.2


def test_a_table_of_ones_own_is_read_from_a_file(tmp_path):
    path = tmp_path / "decay.csv"
    path.write_text("t,note,y\n0,a,3\n1,b,2\n2,c,1.5\n", encoding="utf-8")
    problem = tw.problems.fit(path, "A*exp(-t/tau)", "y", ranges={"tau": (0.1, 10)})
    assert (problem.train["t"].tolist(), problem.train["y"].tolist(), problem.source) == (
        [0, 1, 2],
        [3, 2, 1.5],
        "decay.csv",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "own.csv has no header row; give a CSV file whose first line names its columns"),
        ("t,y\n0,3\n1,\n2,NA\n", "missing values in 't' or 'y' on lines 3, 4; fill them in or set missing"),
        ("t,y\n0,3\n1,\n2\n", "own.csv, line 4 has 1 cell and the header 2, parted by commas; mend the line"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, text, said):
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidData, match=said):
        tw.problems.fit(path, "a*t", "y")


def test_what_was_read_and_proposed_is_told():
    told = made("A*exp(-t/tau) + b*other", ranges={"tau": (0.1, 10), "other": (0, 1)}).told
    assert told[:2] == (
        "the table: 61 rows, columns t, signal, other, error",
        "other: a parameter, not the column of its name",
    )
    assert told[2].startswith("A: ")
    assert told[2].endswith(" (open), proposed from the data")
    assert len(told) == 3
    assert made("a*t", ranges={"a": (0, 1)}).told == told[:1]
    assert "b: the model does not change with it" in made("a*t + 0*b", ranges={"a": (0, 1), "b": (0, 1)}).told


def test_columns_are_called_with_their_units_or_without(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("t (s),y [mV]\n0,3\n1,2\n2,1\n", encoding="utf-8")
    for model, y in (("a*t + b", "y"), ("a*`t (s)` + b", "y [mV]")):
        problem = tw.problems.fit(path, model, y)
        assert (problem.parameters, problem.labels) == (("a", "b"), {"t": "t (s)", "y": "y [mV]"})


WRONG = [
    ({"model": "a*t", "y": ""}, InvalidValue, "y is empty; name the column that is measured, one of t, signal, other"),
    ({"model": "a*t + signal"}, InvalidValue, "the model has the measured column 'signal' in it; give one of other"),
    (
        {"model": "a*t", "sigma": "signal"},
        InvalidValue,
        "column 'signal' is y and sigma; give each a column of its own",
    ),
    (
        {"model": "a*t", "sigma": "error", "reading": Reading(weights="other")},
        InvalidValue,
        "sigma = 'error' and weights = 'other' are both given; give one of them",
    ),
    (
        {"model": "a*t", "reading": Reading(weights="signal")},
        InvalidValue,
        "column 'signal' is y and weights; give each",
    ),
    (
        {"model": "a*t", "reading": Reading(groups="error")},
        InvalidValue,
        "groups = 'error', but no range is for each; give",
    ),
    (
        {"model": "a*t", "ranges": {"a": "each"}},
        InvalidValue,
        "range of a is for each group; name their column: reading",
    ),
    (
        {"model": "a*t", "ranges": {"a": "each"}, "reading": Reading(groups="t")},
        InvalidData,
        "column 't' has 61 groups; give from 1 to 50",
    ),
    (
        {"model": "a*t", "reading": Reading(x=["t", "other"])},
        InvalidValue,
        "x = 'other' is not in the model; leave it out",
    ),
    ({"model": "a*t", "ranges": {"a": "t"}}, InvalidValue, "range of a ties it to the column 't'; tie it to other"),
    ({"model": "log(a)*t", "ranges": {"a": (-2, -1)}}, InvalidValue, "the model is finite on all rows nowhere in the"),
    ({"model": "log(a)*t", "ranges": {"a": "-2:-1:log"}}, InvalidValue, "axis a begins at -2; a logarithmic one is an"),
    ({"model": "a*t", "y": "sginal"}, UnknownName, "unknown column 'sginal'; did you mean 'signal'"),
    ({"model": "a*t", "reading": Reading(x="time")}, UnknownName, "unknown column 'time'"),
    ({"model": "a*t", "sigma": "sd"}, UnknownName, "unknown column 'sd'"),
    ({"model": "2*t"}, InvalidValue, "the model has no parameter; give a formula with names that are no columns"),
    (
        {"model": "a*t + signal", "reading": Reading(x=["t", "signal"])},
        InvalidValue,
        "the model has the measured column 'signal' in it",
    ),
    ({"model": "a*t", "ranges": {"b": (0, 1)}}, UnknownName, "unknown parameter 'b'"),
    ({"model": "a*t", "ranges": {"b": 1}}, UnknownName, "unknown parameter 'b'"),
    ({"model": "a*t + b", "ranges": {"a": "b", "b": "2*a"}}, InvalidValue, "range of a ties it to itself"),
    ({"model": "a*epx(t)"}, InvalidValue, "formula, character 3: unknown function 'epx'; did you mean 'exp'"),
    ({"model": "a*log(-1 - t) + b"}, InvalidValue, "the model is finite on all rows nowhere that its parameters were"),
    ({"model": 3}, InvalidValue, "model = 3 is not allowed; give a text or a function"),
    ({"model": lambda *a: 0}, InvalidValue, "has no arguments by name; give one such as model"),
    ({"model": "a*t", "sigma": "other"}, InvalidData, "column 'other' has 0; give uncertainties above 0"),
    ({"model": "a*t", "sigma": "t"}, InvalidValue, "the model has the uncertainties 't' in it; give one of other"),
]


@pytest.mark.parametrize(("given", "kind", "said"), WRONG, ids=lambda value: str(value)[:30])
def test_what_cannot_be_fitted_is_refused(given, kind, said):
    with pytest.raises(kind, match=said):
        tw.problems.fit(DATA, **({"y": "signal"} | given))


@pytest.mark.parametrize(
    ("x", "model", "said"),
    [
        ([1.0, 1.0, 1.0], "a + b*x", "all 3 values of 'x' are 1, which cannot tell 2 parameters; give data at as many"),
        ([1.0, 2.0, 1.0], "a + b*x + c*x**2", "'x' has 2 different values, which cannot tell 3 parameters"),
        ([1.0, 2.0, 3.0], "a + b", "the model has no column in it, which cannot tell 2 parameters"),
    ],
)
def test_too_few_places_are_refused(x, model, said):
    with pytest.raises(InvalidData, match=said):
        tw.problems.fit({"x": x, "y": [1.0, 2.0, 4.0]}, model, "y")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"t": [1.0, 2.0], "y": [1e300, 2e300]}, "column 'y' reaches 2e.300, whose square no number of 64 bits holds"),
        ({"t": [1e-200, 2e-200], "y": [1.0, 2.0]}, "column 't' reaches 2e-200, whose square no number of 64 bits"),
        (
            {"t": [1.0, 2.0], "y": [1.0, 2.0], "w": [1.0, -1.0]},
            "the table, row 2: 'w' is -1.0; give weights of 0 or more",
        ),
        ({"t": [1.0, 2.0], "y": [1.0, 2.0], "w": [0.0, 0.0]}, "0 rows for 1 parameter; give"),
    ],
)
def test_numbers_that_cannot_be_fitted_are_refused(data, said):
    with pytest.raises(InvalidData, match=said):
        tw.problems.fit(data, "a*t", "y", reading=Reading(weights="w" if "w" in data else ""))


def test_a_flat_y_and_zeros_are_fitted():
    assert tw.problems.fit({"t": [0.0, 1.0, 2.0], "y": [0.0] * 3}, "a*t + b", "y").parameters == ("a", "b")


def test_fewer_rows_than_parameters_are_refused():
    with pytest.raises(InvalidData, match="2 rows for 3 parameters; give as many rows at least"):
        tw.problems.fit({"t": [0.0, 1.0], "y": [1.0, 2.0]}, "a + b*t + c*t**2", "y")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "data hold no columns; give the path of a CSV file"),
        ({"t": [1.0, 2.0], "y": [1.0]}, "columns have shapes"),
        (
            {"t": [1.0, np.nan], "y": [1.0, 2.0]},
            "the table has missing values in 't' or 'y' on row 2; fill them in or set",
        ),
        ({"t": [1.0, np.inf], "y": [1.0, 2.0]}, "the table, row 2: 't' is inf; give a finite number"),
    ],
)
def test_data_that_are_no_table_are_refused(data, said):
    with pytest.raises((InvalidData, InvalidValue), match=said):
        tw.problems.fit(data, "a*t", "y")


def test_a_circle_round_which_the_model_does_not_come_back_is_refused():
    t = np.linspace(0, 3, 40)
    data = {"t": t, "y": np.sin(5 * t + 1)}
    with pytest.raises(InvalidValue, match="not the same at 0 and at 360"):
        tw.problems.fit(data, "A*sin(w*t + p)", "y", ranges={"w": "1:10", "p": "0:360:periodic"})
    degrees = tw.problems.fit(data, "A*sin(w*t + p*pi/180)", "y", ranges={"w": "1:10", "p": "0:360:periodic"})
    assert degrees.domain[2].periodic


def test_a_phase_beside_a_period_is_a_circle():
    t = np.arange(0, 14 * 86400, 3600.0)
    data = {"t": t, "y": 8 + 4.2 * np.sin(2 * np.pi * t / 86400 - 2.1)}
    axes = tw.problems.fit(data, "c + A*sin(2*pi*t/P + p)", "y").domain
    period, phase = axes[2], axes[3]
    assert phase.periodic
    assert (phase.low, phase.high) == (0, pytest.approx(2 * np.pi))
    assert period.log
    assert period.low == pytest.approx(2 * 3600)  # Nyquist: two rows a period


def test_a_model_without_a_column_names_those_of_the_data():
    data = {"TIME": np.arange(9.0), "y": np.arange(9.0)}
    with pytest.raises(InvalidData, match=r"3 parameters \(a, b, t\); write the name of a column, such as TIME$"):
        tw.problems.fit(data, "a + b*t", "y")


def test_a_range_that_is_a_name_of_nothing_is_refused():
    data = {"t": np.arange(9.0), "y": np.arange(9.0)}
    with pytest.raises(InvalidValue, match="range of tau is 'nonsense', no range and no other parameter"):
        tw.problems.fit(data, "A*exp(-t/tau)", "y", ranges={"tau": "nonsense"})
    assert tw.problems.fit(data, "A*exp(-t/tau)", "y", ranges={"tau": "1/k", "k": "0.1:1"}).parameters == ("A", "k")


def test_dates_are_labelled_in_seconds(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("time,y\n" + "".join(f"2024-03-{day:02},{day}\n" for day in range(1, 9)))
    assert tw.problems.fit(str(path), "a + b*time", "y").labels["time"] == "time, seconds"

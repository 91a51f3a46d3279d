import numpy as np
import pytest

from thalweg.base.errors import InvalidData, UnknownName
from thalweg.problems.table import table


@pytest.fixture
def csv(tmp_path):
    def write(text: str):
        path = tmp_path / "data.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_columns_are_read_by_name_with_a_byte_order_mark_and_spaces(csv):
    problem = table(csv("\ufeffa, b ,c\n1,10,0.5\n2, 20 ,1.5\n\n3,30,4\n"), "b", "c")
    np.testing.assert_array_equal(problem.train["x"], [10, 20, 30])
    np.testing.assert_array_equal(problem.train["y"], [0.5, 1.5, 4])


def test_height_at_the_mean_and_intercept_describe_the_same_line(csv):
    problem = table(csv("x,y\n10,1\n20,3\n60,11\n"), "x", "y")
    params = np.array([0.2, 5.0])
    slope, intercept = problem.line(params)
    assert (slope, intercept) == (0.2, pytest.approx(5.0 - 0.2 * 30))
    assert problem.derived["b"](params) == intercept
    assert float(problem.residual(params, 40.0, 1.0)) == pytest.approx(slope * 40 + intercept - 1)


BAD = [
    ("x,y\n1,2\n2,\n3,NA\n4,5\n", "has missing values in 'x' or 'y' on lines 3, 4; fill them in or set missing"),
    ("x,y\n1,2\n2,abc\n", "line 3: 'y' is 'abc'; give a finite number"),
    ("x,y\n1,2\n2,inf\n", "line 3: 'y' is 'inf'; give a finite number"),
    ("x,y\n1,2\n", "has 1 usable rows; a line needs at least 2"),
    ("x,y\n", "has 0 usable rows"),
    ("", "has no header row; give a CSV file whose first line names its columns"),
    ("x,y\n1,2\n1,3\n1,4\n", "all 3 values of 'x' in .* are 1; a slope needs at least two different ones"),
    ("x,x,y\n1,2,3\n", "has 2 columns named 'x'; give each its own name"),
    (
        "x,y\n1,5,2,25\n2,5,4,1\n",
        "line 1 has 2 cells and the rows below it 4, parted by commas; line 2 may be 1.5, 2.25",
    ),
    (
        "x,y\n1e-200,1\n2e-200,2\n",
        "column 'x' reaches 5e-201, whose square no number of 64 bits holds; give it in other",
    ),
    ("x,y\n1,1e300\n2,2e300\n", "column 'y' reaches 2e.300, whose square no number of 64 bits holds; give it in other"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_bad_data_are_refused_in_one_line(csv, text, message):
    with pytest.raises(InvalidData, match=message):
        table(csv(text), "x", "y")


def test_missing_values_can_be_dropped(csv):
    problem = table(csv("x,y\n1,2\n2,\n3,4\n"), "x", "y", missing="drop")
    np.testing.assert_array_equal(problem.train["x"], [1, 3])


def test_an_unknown_column_names_the_nearest(csv):
    with pytest.raises(UnknownName, match="unknown column in .* 'log_lihgt'; did you mean 'log_light'"):
        table(csv("star,log_light\n1,2\n2,3\n"), "star", "log_lihgt")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InvalidData, match="cannot read .*none.csv: No such file or directory; give the path"):
        table(tmp_path / "none.csv", "x", "y")


def test_a_cell_that_is_too_long_is_refused_in_one_line(csv):
    with pytest.raises(InvalidData, match="line 2: field larger than field limit .*; mend it there"):
        table(csv('x,y\n1,"' + "2" * 200_000 + '"\n'), "x", "y")


def test_what_is_no_file_is_not_read(tmp_path):
    with pytest.raises(InvalidData, match="cannot read .*: it is a folder; give the path of a CSV file"):
        table(tmp_path, "x", "y")


def test_a_german_table_is_read_and_told(csv):
    problem = table(csv("Länge (m);Kraft\n1,5;2,25\n2;1.234,5\n3;0\n"), "Länge", "Kraft")
    assert problem.train["y"].tolist() == [2.25, 1234.5, 0]
    assert problem.told == (
        "data.csv: 3 rows, columns Länge (m), Kraft; semicolons, decimal commas, points between thousands",
    )

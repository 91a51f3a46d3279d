"""The table and the page of several runs."""

import pytest

from thalweg.experiment import experiment, results
from thalweg.report import together
from thalweg.report.outcomes import ended

TEXT = """
[problem]
kind = "himmelblau"
[optimizer]
kind = "sgd"
learning_rate = 0.03
[descent]
steps = 12
starts = [[3.0, 2.0], [-5.0, -5.0], [0.0, 0.5], [5.0, 5.0]]
[surface]
points = 41
"""


@pytest.fixture(scope="module")
def done():
    return results.perform(experiment.parse(TEXT))


def test_a_row_says_how_a_run_ended_and_how_far_from_rest(done):
    rows = [ended(done.outcomes.isel(run=[k]), done.valleys) for k in range(4)]
    assert rows[0] == ("at rest", "(3, 2)", "0", "0", "0")
    assert [row[0] for row in rows[1:]] == ["on its floor", "on the way", "diverged"]
    assert rows[1][2] == f"{float(done.runs['train_loss'][1, -1]):.5g}"
    assert rows[1][4] == f"{float(done.outcomes['distance'][1]):.5g}"
    assert rows[3][1] == "–"
    assert rows[3][3:] == ("–", "–")


def test_of_many_runs_the_first_is_listed_and_all_are_told(done):
    told = together.summarise({"a": done, "b": done})
    assert told.heading == "himmelblau · 2 runs"
    (table,) = told.tables
    assert table.rows == [("a", "12", *ended(done.outcomes.isel(run=[0]), done.valleys)), ("b", *table.rows[0][1:])]
    assert table.note == "the first run of each, which is drawn"
    assert told.remarks[1].startswith("b: Of 4 runs 2 ended on the floor of a valley, 1 still on the way, 1 diverged;")


def test_the_page_has_what_all_share_once_and_then_what_is_each_ones_own(done, tmp_path):
    other = experiment.parse(TEXT.replace("0.03", "0.01"))
    several = {"fast": done, "slow": results.replace(done, experiment=other)}
    together.write_report(several, [], tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("starts = [") == 1
    assert "<p>slow</p><pre>[optimizer]\nlearning_rate = 0.01\n</pre>" in page

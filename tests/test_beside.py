"""Before and now side by side: what is run, in which order, and how rows are divided."""

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def beside():
    sys.path.insert(0, str(FOLDER))
    try:
        return import_module("beside")
    finally:
        sys.path.remove(str(FOLDER))


FAKE = """
import argparse, json, pathlib, own
parser = argparse.ArgumentParser()
parser.add_argument("--json", type=pathlib.Path)
parser.add_argument("--seconds", type=float)
options = parser.parse_args()
options.json.write_text(json.dumps({"machine": {"cores": 2}, "runs": {own.NAME: {"seconds": options.seconds}}}))
"""


def test_each_checkout_runs_its_own_benchmark_on_its_own_sources(beside, tmp_path):
    for name in ("old", "new"):
        for part in ("benchmarks", "src"):
            (tmp_path / name / part).mkdir(parents=True)
        (tmp_path / name / "benchmarks" / "fake.py").write_text(FAKE, encoding="utf-8")
        (tmp_path / name / "src" / "own.py").write_text(f"NAME = {name!r}", encoding="utf-8")
        assert beside.measured(tmp_path / name, "fake", ["--seconds", "3"]) == {f"runs: {name}": {"seconds": 3.0}}


def test_the_best_times_of_all_turns_are_divided(beside):
    before = [{"a": {"seconds": 2.0, "processor": 3.0}}, {"a": {"seconds": 4.0, "processor": 2.0}}]
    now = [{"a": {"seconds": 3.0, "processor": 3.0}}, {"a": {"seconds": 5.0, "processor": 8.0}}]
    row = beside.compare(before, now)["a"]
    assert (row["before"], row["now"], row["ratio"], row["processor"]) == (2.0, 3.0, 1.5, 1.5)
    assert row["turns"] == [1.5, 1.25]
    assert not row["met"]
    assert beside.compare(before, before)["a"]["met"]


def test_a_row_that_only_one_of_them_has_is_named_and_not_judged(beside):
    rows = beside.compare([{"a": {"seconds": 1.0}}], [{"b": {"seconds": 1.0}}])
    assert rows == {"b": {"only": "now"}, "a": {"only": "before"}}
    assert beside.line("b", rows["b"]).endswith("only now")


def test_who_goes_first_changes_with_every_turn(beside):
    before, now = Path("before"), Path("now")
    assert beside.orders(before, now, 3) == [(before, now), (now, before), (before, now)]


def test_the_table_is_printed_and_written(beside, monkeypatch, capsys, tmp_path):
    seconds = {tmp_path.resolve(): 0.1, beside.NOW: 0.2}
    monkeypatch.setattr(
        beside, "measured", lambda where, name, options: {f"{name} {options[0]}": {"seconds": seconds[where]}}
    )
    file = tmp_path / "figures.json"
    beside.main(["--before", str(tmp_path), "--turns", "2", "--json", str(file), "valleys", "--repeats", "1"])
    assert json.loads(file.read_text(encoding="utf-8"))["valleys --repeats"]["turns"] == [2.0, 2.0]
    assert capsys.readouterr().out.startswith("valleys --repeats ")

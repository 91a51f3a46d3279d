import json

import pytest

from tests.test_benchmarks import load

pytestmark = pytest.mark.long


def test_the_benchmark_of_fits_tells_ratios_and_digits(tmp_path):
    (fit,) = load("fit")
    fit.main(["BoxBOD", "--starts", "32", "--alone", "8", "--json", str(tmp_path / "fit.json")])
    row = json.loads((tmp_path / "fit.json").read_text(encoding="utf-8"))["BoxBOD"]
    assert row["found"] == 1
    assert row["digits"] > 9
    assert min(row["ratio"], row["warm"]) > 0
    large = fit.large(20_000)
    assert large["ratio"] > 0
    assert large["steps"] > 2


def test_the_benchmark_of_outliers_tells_errors_of_each_loss(tmp_path, monkeypatch):
    (robust,) = load("robust")
    few = {name: robust.LOSSES[name] for name in ("quadratic", "tukey")}
    monkeypatch.setattr(robust, "LOSSES", few)
    files = ["--json", str(tmp_path / "robust.json"), "--picture", str(tmp_path / "robust.png")]
    robust.main(["--seeds", "3", "--shares", "0,0.2", "--starts", "32", *files])
    rows = {(row["loss"], row["outliers"]): row for row in json.loads((tmp_path / "robust.json").read_text("utf-8"))}
    assert rows["quadratic", 0]["error"] < 0.5
    assert rows["quadratic", 0.2]["error"] > 1.5
    assert rows["tukey", 0.2]["error"] < 0.5
    assert rows["tukey", 0.2]["found"] == 1
    assert (tmp_path / "robust.png").stat().st_size > 5_000

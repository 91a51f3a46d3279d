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

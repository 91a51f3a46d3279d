import numpy as np
import pytest
import xarray as xr

from tests.process import thalweg

EXPERIMENT = """
[problem]
kind = "pencil"
[loss]
kind = "fourth_root"
[optimizer]
kind = "sgd"
learning_rate = 0.01
[descent]
steps = 30
precision = 32
[figures]
formats = ["png", "html"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    (folder / "experiment.toml").write_text(EXPERIMENT, encoding="utf-8")
    return folder


@pytest.mark.long
def test_a_map_is_stored_drawn_and_told(folder):
    found = thalweg("map", "experiment.toml", "--x", "start=0.2:1.4", "--size", "70x64", "--shadows", folder=folder)
    assert found.returncode == 0, found.stderr
    assert "17,920 runs on" in found.stderr
    assert "MB in the store" in found.stderr
    assert "\nEnds\n" in found.stdout
    assert "Rounding alone decided where" in " ".join(found.stdout.split())
    assert "by pairs of pixels" in " ".join(found.stdout.split())
    out = folder / "experiment-map"
    chart = xr.load_dataset(out / "results.zarr", group="map", engine="zarr", consolidated=False)
    assert dict(chart.sizes) == {"learning_rate": 64, "phi": 70}
    np.testing.assert_allclose(chart["learning_rate"][[0, -1]], [0.01 / 30, 0.3], rtol=0.06)
    drawn = {path.name for path in (out / "figures").iterdir()}
    maps = {f"outcome_map{colour}.png" for colour in ("", "_settled", "_derailments", "_rounding")}
    assert maps <= drawn
    again = thalweg("figures", "experiment-map", "--dpi", "400", folder=folder)
    assert again.returncode == 0, again.stderr
    from PIL import Image

    with Image.open(out / "figures" / "outcome_map.png") as picture:
        assert picture.width > 2500


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--size", "big"], "--size 'big' is not allowed; give pixels along both axes, such as 1024 or 1600x900"),
        (["--size", "0"], "--size = 0 is not allowed"),
        (["--y", "rate"], "unknown axis of a map 'rate'; did you mean 'learning_rate'"),
        (["--y", "momentum"], "momentum has no number above 0 to range around; give the range"),
        (["--y", "learning_rate=1"], "--y 'learning_rate=1' is no range; give name=low:high"),
        (["--x", "phi", "--y", "start"], "both axes of the map are phi"),
        (["--set", "loss=quadratic", "loss.p=1"], "unknown key in [loss] 'p'"),
    ],
)
def test_bad_input_gets_one_line_and_writes_nothing(folder, arguments, text):
    before = sorted(path.name for path in folder.iterdir())
    found = thalweg("map", "experiment.toml", *arguments, "--out", "bad", folder=folder, check=False)
    assert found.returncode == 2
    assert text in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1
    assert sorted(path.name for path in folder.iterdir()) == before

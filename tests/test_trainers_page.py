"""The page of trainers: its scripts run, few lines are added to each, and these change nothing of the training."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from thalweg.frameworks.torch.state import flatten_all

PAGE = Path(__file__).parents[1] / "docs" / "journeys" / "trainers.md"
ADDED = r"^.*# added\n"


def blocks():
    """Each script's blocks: what trains, with lines added, and what looks."""
    found = re.findall(r"```python\n# (\w+)\.py\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    return {name: [code for other, code in found if other == name] for name, _ in found}


def without(code):
    """Leave out what was added; what the script takes of Thalweg's examples it imports by itself."""
    bare = re.sub(ADDED, "", code, flags=re.MULTILINE)
    assert "recorder" not in bare
    return bare.replace("tw.examples", "__import__('thalweg').examples")


def weights(model):
    return (
        np.concatenate([one.ravel() for one in model.get_weights()])
        if hasattr(model, "get_weights")
        else flatten_all(model)
    )


def loss_at_the_end(name, names):
    """The loss on all rows at once, as one writes it by hand in the framework."""
    model, data = names["model"], names.get("data")
    if name == "diabetes":
        return float(np.mean((model.predict(data.inputs, verbose=0) - data.targets) ** 2, dtype=float))
    with torch.no_grad():
        if name == "digits":
            return float(model.eval().training_step(names["rows"].tensors))
        rows = {key: torch.stack([row[key] for row in names["rows"]]) for key in names["rows"][0]}
        return float(model.eval()(**rows).loss)


def test_four_lines_are_added():
    scripts = blocks()
    assert set(scripts) == {"bert", "digits", "diabetes"}
    for training, _ in scripts.values():
        assert len(re.findall("# added", training)) == 4


@pytest.mark.long
@pytest.mark.filterwarnings("default")  # other people's packages warn as they like
@pytest.mark.parametrize("name", ["bert", "digits", "diabetes"])
def test_a_script_trains_as_without_the_added_lines_and_its_run_is_drawn(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    training, look = blocks()[name]
    names = {}
    exec(compile(training, name, "exec"), names)
    bare = {}
    exec(compile(without(training), name, "exec"), bare)
    end = weights(names["model"])
    np.testing.assert_array_equal(end, weights(bare["model"]))
    recording = names["recording"]
    np.testing.assert_array_equal(np.sort(recording["params"].values[-1]), np.sort(end))
    batches = {"bert": 4 * 8, "digits": 2 * np.ceil(len(names.get("rows", [])) / 128), "diabetes": 6 * 5}
    assert recording.sizes["step"] == batches[name] + 1
    exec(compile(look, name, "exec"), names)
    assert (tmp_path / f"{name}.png").stat().st_size > 10_000
    assert names["path"]["true_loss"].values[-1] == pytest.approx(loss_at_the_end(name, names), rel=2e-5)

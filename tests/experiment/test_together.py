"""Several finished runs: what they are called, and what keeps them apart."""

import shutil
from pathlib import Path

import pytest

from thalweg.base.errors import InvalidData, InvalidValue
from thalweg.experiment import directory, experiment, results, together

TEXT = """
[problem]
kind = "table"
path = "data.csv"
x = "x"
y = "y"
[loss]
kind = "absolute"
[optimizer]
kind = "sgd"
learning_rate = 0.1
[descent]
steps = 3
[surface]
points = 9
"""

CHANGES = {
    "adam": ('kind = "sgd"', 'kind = "adam"'),
    "loss": ('kind = "absolute"', 'kind = "quadratic"'),
    "floor": ("floor = 0.25", "floor = 0.5"),
}
"""What other experiment files say: a folder is known by its file, so that one run is enough here."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    (folder / "data.csv").write_text("x,y\n1,2\n2,1\n3,5\n4,4\n", encoding="utf-8")
    done = results.perform(experiment.parse(TEXT, folder))
    with directory.staging(folder / "sgd") as staged:
        directory.write(done, staged)
    for name in (*CHANGES, "data"):
        shutil.copytree(folder / "sgd", folder / name)
    for name, (old, new) in CHANGES.items():
        text = (folder / name / "experiment.toml").read_text(encoding="utf-8")
        assert old in text
        (folder / name / "experiment.toml").write_text(text.replace(old, new), encoding="utf-8")
    (folder / "data" / "data.csv").write_text("x,y\n1,2\n2,1\n3,5\n4,3\n", encoding="utf-8")
    return folder


def test_runs_of_one_problem_are_read_by_their_names_wherever_their_data_lie(folder):
    read = together.read([folder / "sgd", folder / "adam"])
    assert list(read) == ["sgd", "adam"]
    for name, one in read.items():
        assert one.experiment.settings["optimizer"]["kind"] == name
    common, own = together.shared([one.experiment.settings for one in read.values()])
    assert "kind" not in common["optimizer"]
    assert common["descent"]["steps"] == 3
    assert own[1]["optimizer"] == {"kind": "adam", "b1": 0.9, "b2": 0.999, "eps": 1e-8, "eps_root": 0.0}
    assert own[0] == {"optimizer": {"kind": "sgd"}}


def test_the_table_lists_every_run_with_its_folder(folder, tmp_path):
    folders = [folder / "sgd", folder / "adam"]
    read = together.read(folders)
    together.write(read, folders, tmp_path)
    head, first, second = (tmp_path / "runs.csv").read_text(encoding="utf-8").splitlines()
    assert head.startswith("name,folder,run,outcome,valley,")
    for line, (name, one), place in zip((first, second), read.items(), folders, strict=True):
        cells = dict(zip(head.split(","), line.split(","), strict=True))
        assert (cells["name"], cells["folder"], cells["run"]) == (name, str(place), "0")
        assert float(cells["loss"]) == float(one.runs["train_loss"][0, -1])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["sgd", "loss"], "sgd and .*loss differ in loss.kind, 'absolute' and 'quadratic'; runs in one picture share"),
        (["sgd", "adam", "floor"], "sgd and .*floor differ in valleys.floor, 0.25 and 0.5; "),
        (["sgd", "data"], "sgd and .*data differ in problem.path, "),
        (["sgd", "adam", "adam/../sgd"], "sgd is given twice; give each folder once"),
        ([f"r{k}" for k in range(13)], "13 runs are too many for one picture; give at most 12 folders"),
        (["sgd", "data.csv"], "data.csv holds no finished run; give a folder that 'thalweg run'"),
    ],
)
def test_runs_that_do_not_belong_together_are_refused(folder, names, message):
    with pytest.raises((InvalidValue, InvalidData), match=message):
        together.read([folder / name for name in names])


def test_a_folder_without_runs_is_refused(folder, tmp_path):
    done = directory.read(folder / "sgd")
    with directory.staging(tmp_path / "valleys") as staged:
        directory.write(results.Results(done.experiment, surface=done.surface, valleys=done.valleys), staged)
    with pytest.raises(InvalidData, match="valleys holds no runs to draw together; give folders that 'thalweg run'"):
        together.read([folder / "sgd", tmp_path / "valleys"])


SGD = {"kind": "sgd", "learning_rate": 0.1}


@pytest.mark.parametrize(
    ("optimizers", "descents", "names"),
    [
        ([SGD, SGD | {"kind": "adam"}], [{}, {}], ["sgd", "adam"]),
        ([SGD, SGD | {"learning_rate": 0.02}], [{}, {}], ["learning_rate 0.1", "learning_rate 0.02"]),
        ([SGD, SGD | {"momentum": 0.9}], [{}, {}], ["no momentum", "momentum 0.9"]),
        ([SGD | {"nesterov": False}, SGD | {"nesterov": True}], [{}, {}], ["no nesterov", "nesterov"]),
        ([SGD, SGD], [{"steps": 10}, {"steps": 200}], ["steps 10", "steps 200"]),
        ([SGD, SGD | {"learning_rate": {"kind": "linear"}}], [{}, {}], ["learning_rate 0.1", "learning_rate linear"]),
        ([SGD, SGD | {"learning_rate": 0.2, "momentum": 0.5}], [{}, {}], ["a", "b"]),
        ([SGD, SGD], [{}, {}], ["a", "b"]),
    ],
)
def test_runs_are_named_by_what_differs(optimizers, descents, names):
    files = [{"optimizer": one, "descent": other} for one, other in zip(optimizers, descents, strict=True)]
    assert together.names_of(files, [Path("here/a"), Path("there/b")]) == names


def test_folders_of_one_name_are_told_by_their_paths():
    files = [{"optimizer": SGD, "descent": {}}] * 2
    assert together.names_of(files, [Path("a/run"), Path("b/run")]) == ["a/run", "b/run"]
    long = [Path("x" * 40 + "1"), Path("x" * 40 + "2")]
    assert together.names_of(files, long) == ["…" + "x" * 26 + "1", "…" + "x" * 26 + "2"]

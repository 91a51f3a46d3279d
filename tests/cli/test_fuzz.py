"""Random command lines: each gives a result, or one line and status 2, and leaves nothing half done.

They run within this process, and most draw no figures, so that a thousand take minutes. The seed is fixed, so a
failure is found again by its number.
"""

import os
import random
import sys

import pytest

from tests.experiment.test_fuzz import NUMBERS, TEXTS
from tests.process import thalweg
from thalweg.experiment.experiment import SECTIONS

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the files are those of POSIX systems"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

SMALL = """
[optimizer]
kind = "sgd"
learning_rate = 0.05
[descent]
steps = 2
[surface]
points = 9
[figures]
formats = []
animation = false
"""

EXPERIMENTS = {
    "pencil.toml": '[problem]\nkind = "pencil"\npoints = 5\n[loss]\nkind = "fourth_root"\n' + SMALL,
    "table.toml": '[problem]\nkind = "table"\npath = "data.csv"\nx = "x"\ny = "y"\n[loss]\nkind = "absolute"\n' + SMALL,
    "function.toml": '[problem]\nkind = "himmelblau"\n' + SMALL,
    "large.toml": '[problem]\nkind = "rosenbrock"\ndimension = 5\n[descent]\nsteps = 2\n',
    "data.csv": "x,y\n1,2\n2,1\n3,5\n4,4\n",
    "empty.toml": "",
}

FILES = [*EXPERIMENTS, *EXPERIMENTS, "none.toml", "folder", "pipe", "sparse", "noise", "/dev/zero", "", ".", "x" * 300]

OUTS = ["out", "out", "deep/er/out", "folder", "data.csv", "data.csv/out", "...", "..", ".", "/", "", "/proc/out", "é→"]
OUTS += ["x" * 300, "x" * 250, "deep/" + "x" * 300, "[bold]", "-", " ", "pipe", "/dev/null/out"]

WORDS = [*map(str, (0, 1, 2, 3, 9, -1, 0.5, 1e400, 10**30)), "nan", "abc", "", "9x9", "3x", "1:2", "[", "é", "x" * 5000]

AXES = ["start", "phi", "x", "learning_rate", "momentum=0:0.9", "learning_rate=1e-3:1:log", "x=1:0", "x=0:nan", "b1"]

OPTIONS = {
    "run": {},
    "demo": {},
    "valleys": {"--exact": None, "--grid": WORDS, "--starts": WORDS, "--seed": WORDS},
    "map": {"--x": AXES + WORDS, "--y": AXES + WORDS, "--size": ["3", "2x3", "0", *WORDS], "--shadows": None},
    "race": {
        "--optimizers": ["sgd", "rprop,sm3", "adam,lbfgs", "sgd,sgd", "momentum,nesterov", ",", *WORDS],
        "--rates": WORDS,
        "--lowest-rate": WORDS,
        "--highest-rate": WORDS,
        "--seed": WORDS,
        "--shadows": None,
    },
    "compare": {"--frameworks": ["jax", "jax,jax", "none", ",", *WORDS]},
    "figures": {
        "--formats": ["png", "png,pdf", *WORDS],
        "--dark": None,
        "--size": ["4x3", "x", "1x1", "nanx3", *WORDS],
        "--font": WORDS,
        "--font-size": WORDS,
        "--dpi": ["0", "-1", "10", "abc", "x" * 300, str(10**30)],
    },
    "new": {},
    "nonsense": {},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    for name, text in EXPERIMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "noise").write_bytes(bytes(range(256)))
    (folder / "folder").mkdir()
    (folder / "folder" / "thesis.tex").write_text("years of work", encoding="utf-8")
    os.mkfifo(folder / "pipe")
    with (folder / "sparse").open("wb") as file:
        file.truncate(2**42)  # takes no room on the disk
    return folder


def line(draw):
    """Draw a command line; most begin as good ones."""
    command = draw.choice([*OPTIONS])
    words = [command]
    if command == "new":
        words += [draw.choice(["pencil", "line", "table", "function", "curve", ""]), "made/" + draw.choice(OUTS)]
    elif command != "demo" and draw.random() < 0.97:
        words.append(draw.choice(FILES) if draw.random() < 0.4 else draw.choice(["pencil.toml", "function.toml"]))
    if command == "figures" and draw.random() < 0.5:
        words += [draw.choice(["out", "pencil-run", "function-run", *FILES]) for _ in range(draw.choice([1, 2, 13]))]
    if command == "map":
        words += ["--size", "3"]
    if command == "race":
        words += ["--starts", "20", "--tuning-starts", "5", "--rates", "3"]
    if command == "compare":
        words += ["--frameworks", "jax"]
    for option, values in OPTIONS[command].items():
        if draw.random() < 0.25:
            words += [option] if values is None else [option, draw.choice(values)]
    if draw.random() < 0.3:
        words += ["--cache", draw.choice(["cache", *OUTS])]
    if draw.random() < 0.6:
        words += ["--out", draw.choice(OUTS)]
    if draw.random() < 0.2:
        words += [draw.choice(["--timings", "--version", "--help", "--nonsense", "--", "extra"])]
    if command == "demo":  # a small one
        words += ["--set", "problem.points=5", "descent.steps=2", "surface.points=9", "figures.formats=[]"]
    elif draw.random() < 0.4:
        section = draw.choice([*SECTIONS, "nonsense"])
        key = draw.choice(["kind", "steps", "starts", "seed", "noise", "p", "learning_rate", "domain", "floor", "path"])
        value = draw.choice([*NUMBERS, *TEXTS, "adam", "huber", "booth", "[]", "{}", "[[1]]"])
        words += ["--set", f"{section}.{key}={value}" if draw.random() < 0.9 else str(value)]
    # No terminal gives a zero byte, and what takes long is none of this.
    return [word for word in words if "\0" not in word]


def go(seeds, folder):
    """Run the command lines of some seeds, each in the folder as the former left it."""
    for seed in seeds:
        words = line(random.Random(seed))
        told = f"seed {seed}: thalweg {' '.join(words)[:500]}"
        try:
            done = thalweg(*words, folder=folder, check=False)
        except BaseException as error:
            raise AssertionError(told) from error
        assert done.returncode in (0, 2), told
        if done.returncode == 2:
            assert done.stdout == "", told
            lines = done.stderr.splitlines()
            assert [one for one in lines if " runs on " not in one] == lines[-1:], f"{told}\n{done.stderr}"
            assert lines[-1].startswith("thalweg: "), told
            assert len(lines[-1]) < 600, f"{told}\n{done.stderr}"
        assert not list(folder.rglob(".*.partial-*")), told
        assert (folder / "folder" / "thesis.tex").exists(), told


@pytest.fixture
def undrawn(monkeypatch):
    """Leave figures and report out: they take a hundred times as long as the rest of so small a run."""
    from thalweg.cli import drawing

    monkeypatch.setattr(drawing, "draw", lambda results, folder, *_: (folder / "figures").mkdir())


@pytest.mark.usefixtures("undrawn")
def test_a_few_random_command_lines_give_a_result_or_one_line(folder):
    go(range(12), folder)


@pytest.mark.long
@pytest.mark.usefixtures("undrawn")
def test_random_command_lines_give_a_result_or_one_line(folder):
    go(range(1000, 1600), folder)


@pytest.mark.long
def test_random_command_lines_that_draw_give_a_result_or_one_line(folder):
    go(range(2000, 2040), folder)

"""Signals: a command that is stopped says so in one line and leaves what was there before.

The long test sends each signal at random times to processes of their own; its seed is fixed, their speed is not.
"""

import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from tests.process import thalweg, thalweg_alone

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")

ROUNDS = 4
"""Of each signal for each command: a minute or two each; more find no more than these did at ten."""

STARTED = 1.0
"""Seconds in which an interpreter has surely begun to listen to signals."""

QUICK = ["--set", 'figures.formats=["png"]', "figures.animation=false"]

COMMANDS = {
    "run": QUICK,
    "map": ["--size", "400", *QUICK],
    "race": ["--starts", "200", "--tuning-starts", "20", "--rates", "3", *QUICK],
}

ENDS = {
    "SIGINT": (130, "thalweg: interrupted; nothing was written"),
    "SIGTERM": (143, "thalweg: terminated; nothing was written"),
    "SIGKILL": (-9, ""),
}

WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGKILL": "killed"}


def start(folder, command):
    arguments = [sys.executable, "-m", "thalweg", command, "experiment.toml", *COMMANDS[command]]
    return subprocess.Popen(
        arguments, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def hidden(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def kept(folder):
    """Read what a result says, but for a race's table, which tells how long it took this time."""
    return {path.name: path.name == "race.csv" or path.read_bytes() for path in folder.glob("*.csv")}


@pytest.fixture(autouse=True)
def heard():
    """Let processes that are started here hear Ctrl-C, though the tests may run where it is ignored, as behind nohup."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("name", ENDS)
def test_a_stopped_run_leaves_nothing_that_the_next_run_does_not_remove(tmp_path, name):
    thalweg("new", "pencil", folder=tmp_path)
    process = start(tmp_path, "run")
    # Until it has begun to write: the hidden folder is there.
    while not any(path.joinpath("new").exists() for path in tmp_path.glob(".experiment-run.partial-*")):
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said.strip()) == ENDS[name]
    assert not (tmp_path / "experiment-run").exists()
    assert len(hidden(tmp_path)) == (name == "SIGKILL")
    thalweg("run", "experiment.toml", "--set", "figures.formats=[]", "figures.animation=false", folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["experiment-run", "experiment.toml"]


def test_an_ignored_signal_stays_ignored(tmp_path):
    code = (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from thalweg.cli.interruption import watch\nwatch()\n"
        "signal.raise_signal(signal.SIGINT)\nprint(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "True"


CALLBACK = """
import gc, os, signal, time
from thalweg.cli.interruption import watch
watch()
def callback(phase, info):
    gc.callbacks.remove(callback)
    os.kill(os.getpid(), signal.SIGINT)  # Python would print KeyboardInterrupt here, as ignored, and go on
gc.callbacks.append(callback)
gc.collect()
time.sleep(60)
"""

STUCK = """
import os, signal, threading, time
from thalweg.cli import interruption
from thalweg.experiment import staging
staging.abandon = lambda: time.sleep(60)  # a removal that hangs
interruption.watch()
os.kill(os.getpid(), signal.SIGINT)
os.kill(os.getpid(), signal.SIGINT)
time.sleep(60)
"""


WRITING = """
import os, signal, sys, threading
from pathlib import Path
from thalweg.cli import interruption
from thalweg.experiment.staging import staged
interruption.watch()
with staged(Path(sys.argv[1])) as folder:
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    for k in range(10**9):  # as a store does
        part = folder / "results.zarr" / str(k % 50)
        part.mkdir(parents=True, exist_ok=True)
        try:
            part.joinpath(str(k)).write_bytes(b"0")
        except FileNotFoundError:
            pass
"""


@pytest.mark.parametrize("again", range(3))
def test_what_is_written_goes_though_it_is_still_written_to(tmp_path, again):
    done = subprocess.run(
        [sys.executable, "-c", WRITING, tmp_path / "made" / "for" / "it"], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.decode().strip()) == ENDS["SIGINT"]
    assert not list(tmp_path.iterdir())


FINISHED = """
import os, signal, time
from pathlib import Path
from thalweg.cli import interruption
from thalweg.experiment import directory
interruption.watch()
with directory.staging(Path("made")):
    pass
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(60)
"""


def test_a_result_that_was_just_put_in_place_is_named_as_the_user_named_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FINISHED], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (143, "thalweg: terminated; made is complete")
    assert (tmp_path / "made").is_dir()


@pytest.mark.parametrize(("code", "said"), [(CALLBACK, ENDS["SIGINT"][1]), (STUCK, "")])
def test_no_signal_is_lost_in_a_callback_and_the_second_ends_at_once(code, said):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr.strip()) == (130, said)


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
def test_signals_at_random_times_keep_the_earlier_result_and_leave_nothing(tmp_path, command):
    draw = random.Random(command)
    thalweg("new", "pencil", folder=tmp_path)
    begun = time.monotonic()
    thalweg_alone(command, "experiment.toml", *COMMANDS[command], folder=tmp_path)
    whole = time.monotonic() - begun
    out = tmp_path / f"experiment-{command}"
    earlier = kept(out)
    for name in ENDS:
        ended = []
        for _ in range(ROUNDS):
            place = out.stat().st_ino
            process = start(tmp_path, command)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STARTED + draw.uniform(0.0, 0.8) * whole)
            if process.poll() is not None:  # quicker than the first one: it has done the same once more
                process.communicate()
                assert process.returncode == 0
                continue
            process.send_signal(getattr(signal, name))
            _, said = process.communicate(timeout=120)
            lines = [line for line in said.strip().splitlines() if " runs on " not in line]  # the map announces itself
            end = process.returncode, "\n".join(lines)
            if out.stat().st_ino == place:
                ended.append(end)
            else:  # it had just put its result in place, and was on its way out
                number = getattr(signal, name)
                assert end in [
                    (0, ""),
                    (-number, ""),
                    (128 + number, f"thalweg: {WORDS[name]}; {out.name} is complete"),
                ]
            assert kept(out) == earlier
            assert name == "SIGKILL" or not hidden(tmp_path)
        assert ended == [ENDS[name]] * len(ended)
    thalweg(command, "experiment.toml", *COMMANDS[command], folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [out.name, "experiment.toml"]

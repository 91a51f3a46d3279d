"""Running the command line: within this process, which is quick, or as a process of its own, as users do."""

import io
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout

from thalweg.cli.main import main


def thalweg(*arguments: str, folder, check: bool = True) -> subprocess.CompletedProcess:
    """Run the command line in a folder, within this process: what the interpreter and JAX need to start is spent once.

    Only what a process does as a whole asks for one of its own, by ``thalweg_alone``: its start, signals, encodings.
    """
    out, err, code = io.StringIO(), io.StringIO(), 0
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as exit:
            code = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
    done = subprocess.CompletedProcess(["thalweg", *arguments], code, out.getvalue(), err.getvalue())
    if check:
        assert done.returncode == 0, done.stderr
    return done


def thalweg_alone(*arguments: str, folder, check: bool = True, **more) -> subprocess.CompletedProcess:
    """Run the command line in a folder, as a process of its own."""
    command = [sys.executable, "-m", "thalweg", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=300, check=check, **more
    )


def is_refused(command: str, *arguments: str, folder, message: str) -> None:
    """See that a command says in one line what is wrong with its arguments, with status 2, and writes nothing."""
    thalweg("new", "pencil", folder=folder)
    done = thalweg(command, "experiment.toml", *arguments, folder=folder, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert message in done.stderr
    assert [path.name for path in folder.iterdir()] == ["experiment.toml"]

"""Running the command line as a process of its own."""

import subprocess
import sys


def thalweg(*arguments: str, folder, check: bool = True) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "thalweg", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=300, check=check
    )


def is_refused(command: str, *arguments: str, folder, message: str) -> None:
    """See that a command says in one line what is wrong with its arguments, with status 2, and writes nothing."""
    thalweg("new", "pencil", folder=folder)
    done = thalweg(command, "experiment.toml", *arguments, folder=folder, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert message in done.stderr
    assert [path.name for path in folder.iterdir()] == ["experiment.toml"]


def explains_itself_at_once(command: str, option: str) -> None:
    """See that a command's help names an option, and that nothing heavy is imported for it."""
    heavy = ["jax", "optax", "numpy", "xarray", "matplotlib", "plotly", "torch", "tensorflow", "keras"]
    code = (
        "import sys\nfrom thalweg.cli.main import main\n"
        f"try: main([{command!r}, '--help'])\nexcept SystemExit: pass\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", timeout=60, check=True
    )
    assert option in done.stdout
    assert done.stdout.strip().endswith("[]")

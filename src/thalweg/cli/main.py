"""The command ``thalweg`` and how it ends: 0 well, 2 with one line on what was wrong, 130 when interrupted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper

from cyclopts import App, CycloptsError

from thalweg.base.errors import ThalwegError
from thalweg.cli.compare import compare
from thalweg.cli.demo import demo
from thalweg.cli.figures import figures
from thalweg.cli.map import map
from thalweg.cli.new import new
from thalweg.cli.race import race
from thalweg.cli.run import run
from thalweg.cli.valleys import valleys


def _version() -> str:
    from importlib.metadata import version

    return version("thalweg")


app = App(
    name="thalweg",
    help="""Loss surfaces with many valleys: build them, send optimisers down them, measure what happens, and show it.

    Start with `thalweg demo`: a line fitted to a bundle of lines, thrown out of one valley into the next.
    Then make an experiment of your own, `thalweg new pencil`, change it, and `thalweg run experiment.toml`.""",
    version=_version,
    help_format="markdown",
    suppress_keyboard_interrupt=False,  # it is told in one line below
)
app.command(demo)
app.command(new)
app.command(run)
app.command(valleys)
app.command(map)
app.command(race)
app.command(compare)
app.command(figures)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot write → is no reason to fail
    try:
        app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except (ThalwegError, CycloptsError) as error:
        _say(" ".join(str(error).split()))
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        _say("interrupted; nothing was written")
        raise SystemExit(130) from None


def _say(line: str) -> None:
    sys.stderr.write(f"thalweg: {line}\n")

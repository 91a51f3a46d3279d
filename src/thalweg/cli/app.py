"""The commands by name, and the words that introduce them."""

from __future__ import annotations

from cyclopts import App, Group

from thalweg.cli.compare import compare
from thalweg.cli.demo import demo
from thalweg.cli.figures import figures
from thalweg.cli.fit import fit
from thalweg.cli.map import map
from thalweg.cli.new import new
from thalweg.cli.phases import phases
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
    Then make an experiment of your own, `thalweg new pencil`, change it, and `thalweg run experiment.toml`.
    Data of your own: `thalweg fit data.csv --y signal --model "A*exp(-t/tau) + c"`.""",
    version=_version,
    help_format="markdown",
    group_parameters=Group("Options"),
)
for place, command in enumerate((demo, new, run, fit, valleys, phases, map, race, compare, figures)):
    app.command(command, sort_key=place)  # as a newcomer meets them

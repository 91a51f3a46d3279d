import io

from rich.console import Console

from thalweg.cli.summary import print_summary
from thalweg.report.summary import Summary
from thalweg.report.text import TextTable


def test_brackets_are_printed_as_they_are():
    """Rich takes what is in brackets for markup: the command that installs an extra had lost it."""
    command = "install it with: python -m pip install 'thalweg[torch]'"
    table = TextTable("of [title]", ("[column]", "b"), [("in [cell]", "1")], "a [note]")
    console = Console(file=io.StringIO(), width=100)
    print_summary(Summary("the [heading]", [table], [command]), console)
    text = console.file.getvalue()
    for part in ("the [heading]", "of [title]", "[column]", "in [cell]", "a [note]", command):
        assert part in text

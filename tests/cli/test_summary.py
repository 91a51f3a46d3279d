"""What is printed of a summary, at any width."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from thalweg.cli.summary import laid_out, print_summary
from thalweg.report.summary import Summary
from thalweg.report.text import TextTable

RUNS = TextTable(
    "Runs",
    ("run", "", "step", "W", "c", "b", "train loss", "test loss", "by rounding", "valleys"),
    [
        ("10", "start", "0", "1.0761", "4.4353", "-0.19578", "0.68686", "0.82367", "", ""),
        ("10", "end", "500", "-0.41", "4.809", "-1.85e-2", "6.4e-05", "0.61356", "yes", "#32 → #0 → … 4 more … → #28"),
    ],
)
TEN = TextTable(
    "Valleys",
    ("", "at", "loss", "persistence", "barrier", "share of starts"),
    [("#0", f"({', '.join(f'{0.1234 * k:.4g}' for k in range(10))})", "0.25", "∞", "0.5", "71.88%")],
)
WORDS = TextTable("列", ("", "学习率", "idiom"), [("名前", "0.05", "a-word-of-twenty-six-letters and more")])
RACE = TextTable(
    "Race", ("", "rate", "success, %", "behind, %", "steps"), [("sgd", "0.01*", "16.0 (15.3–16.8)", "–", "27 (4–81)")]
)


def test_brackets_are_printed_as_they_are():
    """Rich takes what is in brackets for markup: the command that installs an extra had lost it."""
    command = "install it with: python -m pip install 'thalweg[torch]'"
    table = TextTable("of [title]", ("[column]", "b"), [("in [cell]", "1")], "a [note]")
    console = Console(file=io.StringIO(), width=100)
    print_summary(Summary("the [heading]", "the [lead]", [table], [command]), console)
    text = console.file.getvalue()
    for part in ("the [heading]", "the [lead]", "of [title]", "[column]", "in [cell]", "a [note]", command):
        assert part in text


def lines(table, width):
    console = Console(file=io.StringIO(), width=width)
    for piece in laid_out(table, width):
        console.print(piece, highlight=False)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("table", [RUNS, TEN, WORDS, RACE], ids=lambda table: table.columns[-1])
def test_no_column_and_no_number_is_lost_at_any_width(table):
    """At 80 columns the table of runs had lost half of its columns, and others the ends of their numbers."""
    for width in range(40, 201):
        drawn = lines(table, width)
        assert max(map(cell_len, drawn)) <= width
        # A word is whole on some line; what is parted is parted between words.
        shown = {word.strip("│┃:") for line in drawn for word in line.split()}
        for text in (*table.columns, *(cell for row in table.rows for cell in row)):
            assert set(text.split()) <= shown, (width, text)


def test_what_fits_is_a_table_and_what_does_not_is_a_block_a_row():
    assert lines(RACE, 80)[0].startswith("┏")
    folded = [line for line in lines(RACE, 52) if "15.3" in line or "16.0" in line]
    assert len(folded) == 2  # the interval under its number
    assert lines(RUNS, 42) == [
        "run 10 start",
        "  step: 0  W: 1.0761  c: 4.4353",
        "  b: -0.19578  train loss: 0.68686",
        "  test loss: 0.82367",
        "run 10 end",
        "  step: 500  W: -0.41  c: 4.809",
        "  b: -1.85e-2  train loss: 6.4e-05",
        "  test loss: 0.61356  by rounding: yes",
        "  valleys: #32 → #0 → … 4 more … → #28",
    ]


def test_a_table_is_folded_no_more_than_needed():
    wide = max(map(cell_len, lines(TEN, 200)))
    assert len(lines(TEN, wide)) == 5
    assert len(lines(TEN, wide - 1)) == 6
    assert max(map(cell_len, lines(TEN, wide - 1))) == wide - 1

"""What was tried: the cells of ``cells.txt``, a kind of model, of data and of loss each, with the test that holds it.

Each test compares with a computation in the framework itself, or by NumPy, that uses nothing of ours. The page
``docs/networks-tried.md`` shows these cells; ``python -m tests.tried.registry`` writes its tables anew.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "networks-tried.md"
FRAMEWORKS = ("PyTorch", "Keras", "TensorFlow", "JAX")


class Cell(NamedTuple):
    """What was tried in a framework: a model on data with a loss, and the test of it."""

    framework: str
    model: str
    data: str
    loss: str
    test: str


class Refused(NamedTuple):
    """What is refused in a framework, the test of it, a part of the line that is said, and what to write instead."""

    framework: str
    what: str
    test: str
    says: str
    instead: str


def read() -> tuple[list[Cell], list[Refused]]:
    """Read all cells, and what is refused."""
    cells, refused, heading = [], [], ""
    for line in Path(__file__).with_name("cells.txt").read_text("utf-8").splitlines():
        if line.startswith("# "):
            heading = line[2:]
        elif line and heading == "Refused":
            refused.append(Refused(*line.split(" | ")))
        elif line:
            cells.append(Cell(heading, *line.split(" | ")))
    return cells, refused


def tables() -> dict[str, list[str]]:
    """Write the tables, each under its heading in the page."""
    cells, refused = read()
    made = {
        name: [
            "| model | data | loss |",
            "|---|---|---|",
            *(
                f"| {_linked(cell.model, cell.test)} | {cell.data} | {cell.loss} |"
                for cell in cells
                if cell.framework == name
            ),
        ]
        for name in FRAMEWORKS
    }
    made["Refused"] = [
        "| in | what | what is said | write instead |",
        "|---|---|---|---|",
        *(f"| {one.framework} | {_linked(one.what, one.test)} | … {one.says} … | {one.instead} |" for one in refused),
    ]
    return made


def _linked(text: str, test: str) -> str:
    return f"[{text}](../{test.partition('::')[0]})"


def shown() -> dict[str, list[str]]:
    """Read the tables that the page has, by their headings."""
    parts = re.split(r"^## (.*)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    lines = {name: [line for line in text.splitlines() if line.startswith("|")] for name, text in pairs}
    return {name: rows for name, rows in lines.items() if rows}


def write() -> None:
    """Put the tables into the page, and count the cells in its text."""
    text = PAGE.read_text("utf-8").partition("\n## ")[0].rstrip()
    cells, _ = read()
    text = re.sub(r"\d+ cells", f"{len(cells)} cells", text)
    parts = [f"## {name}\n\n" + "\n".join(rows) for name, rows in tables().items()]
    PAGE.write_text("\n\n".join([text, *parts]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()

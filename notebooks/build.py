"""Run the notebook and write it with its pictures: python notebooks/build.py."""

from __future__ import annotations

import warnings
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def main() -> None:
    """Run every script beside this file that is paired with a notebook."""
    for script in sorted(HERE.glob("*.py")):
        if script.name != Path(__file__).name:
            nbformat.write(run(jupytext.read(script)), script.with_suffix(".ipynb"))


def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Run a notebook; the result is the same every time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tornado and zmq warn of each other's age on some systems
        done = NotebookClient(notebook, timeout=240, kernel_name="python3", coalesce_streams=True).execute()
    for number, cell in enumerate(done.cells):
        cell.id = f"cell-{number}"
        cell.metadata.pop("execution", None)  # when it ran
    return done


if __name__ == "__main__":
    main()

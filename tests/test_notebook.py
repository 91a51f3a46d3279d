"""The notebook runs, is what its paired script says, and shows its pictures without being run."""

import warnings
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOK = FOLDER / "multiple-valleys.ipynb"


@pytest.fixture(scope="module")
def committed():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def executed(committed):
    fresh = nbformat.v4.new_notebook(cells=[cell.copy() for cell in committed.cells], metadata=committed.metadata)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tornado and zmq warn of each other's age on some systems
        return NotebookClient(fresh, timeout=240, kernel_name="python3").execute()


def test_the_notebook_is_what_its_script_says(committed):
    script = jupytext.read(FOLDER / "multiple-valleys.py")
    assert [(c.cell_type, c.source) for c in committed.cells] == [(c.cell_type, c.source) for c in script.cells]


def printed(notebook) -> list[str]:
    return [
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    ]


def test_it_runs_and_prints_what_is_committed(committed, executed):
    assert printed(executed) == printed(committed)


def test_pictures_show_without_running_it(committed):
    pictures = [
        output
        for cell in committed.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) >= 7
    assert NOTEBOOK.stat().st_size < 1_500_000


def test_nothing_in_it_needs_a_script_or_the_network(committed):
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert "<script" not in text
    assert not any(output.output_type == "error" for cell in committed.cells for output in cell.get("outputs", []))

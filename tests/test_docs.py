"""Every example in a docstring and in the README runs and gives what it says."""

import doctest
import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

import thalweg

README = Path(__file__).parents[1] / "README.md"
MODULES = [
    found.name for found in pkgutil.walk_packages(thalweg.__path__, "thalweg.") if not found.name.endswith("__main__")
]


class Finder(doctest.DocTestFinder):
    """Finds functions that something is wrapped around in the module that they were written in."""

    def _from_module(self, module, object):
        where = getattr(inspect.unwrap(object), "__module__", None)
        return isinstance(object, property) or where == module.__name__


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module(name):
    module = import_module(name)
    for example in Finder(exclude_empty=True).find(module, globs=dict(vars(module))):
        assert doctest.DocTestRunner().run(example).failed == 0


def run(document):
    """Run the code of a document in the working folder; returns what it defined."""
    blocks = re.findall(r"```python\n(.*?)```", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) >= 2
    names = {}
    for block in blocks:
        exec(compile(block, document.name, "exec"), names)
    return names


@pytest.mark.long
def test_the_engines_document_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run(README.parent / "docs" / "engine.md")
    assert names["ends"].sizes["run"] == 2000
    assert names["runs"].sizes["run"] == 500
    assert (tmp_path / "map.png").stat().st_size > 10_000


@pytest.mark.long
def test_the_document_of_networks_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run(README.parent / "docs" / "networks.md")
    assert names["network"].position.size == 4929
    assert names["recording"].sizes["step"] == 101
    assert names["curve"].attrs["barrier"] <= names["line"].attrs["barrier"]
    pictures = {"slice.png", "close.png", "runs.png", "layer.png", "curve.png", "curvature.png"}
    assert {path.name for path in tmp_path.glob("*.png")} == pictures


def test_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run(README)
    assert (tmp_path / "crown.html").stat().st_size > 1_000_000
    assert names["derailments"]["step"].values.tolist() == [6]
    assert names["runs"].sizes["run"] == 3


def test_the_pictures_that_the_documents_show_are_there():
    documents = [README, *sorted((README.parent / "docs").rglob("*.md"))]
    assert len(documents) >= 10
    for document in documents:
        for target in re.findall(r"!\[[^\]]*\]\(([^)\s]+)[^)]*\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).is_file(), target

"""The shape of the house: sizes of files and signatures, where the tests of a module stand, what tests import.

What can be told from imports alone, layers and cycles, is told by import-linter (``[tool.importlinter]``).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import thalweg
from tests.conftest import LONG

PACKAGE = Path(thalweg.__path__[0])
ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"

LONGEST = 300
WIDEST = 6
REASON = "The file is long because"

ELSEWHERE = {
    # A module, or a folder with what is in it, that has no file of tests of its own, and who would see it break.
    "base/arrays": "base/test_checks.py",
    "base/border": "base",
    "base/catalogue": "base/test_settings.py",
    "base/errors": "base/test_checks.py",
    "base/namespace": "test_import.py",
    "base/precision": "descent/test_published.py",
    "base/hints": "base",
    "base/rules": "base",
    "base/showing": "base/test_checks.py",
    "base/status": "descent/test_driver.py",
    "cli": "cli/test_main.py",
    "descent/descent": "descent/test_driver.py",
    "descent/evaluation": "descent/test_rows.py",
    "descent/formulation": "descent/test_optimizer.py",
    "descent/state": "descent/test_search.py",
    "examples": "frameworks/test_examples.py",
    "figures": "figures/test_figure.py",
    "figures/drawing": "figures",
    "fitting": "fitting/test_search.py",
    "frameworks": "frameworks/test_descent.py",
    "frameworks/comparison": "frameworks/comparison/test_causes.py",
    "frameworks/jax": "frameworks/jax",
    "frameworks/keras": "frameworks/keras",
    "frameworks/tensorflow": "frameworks/tensorflow",
    "frameworks/torch": "frameworks/torch",
    "geometry": "geometry/test_directions.py",
    "losses": "losses/test_loss.py",
    "networks": "networks/test_projection.py",
    "problems": "problems/test_pencil.py",
    "report": "report/test_summary.py",
    "starts": "descent/test_starts.py",
    "store": "store/test_recording.py",
    "study": "study",
    "valleys/exact/cusps": "valleys/exact/test_concave.py",
    "valleys/grid/ground": "valleys/grid/test_refine.py",
    "valleys/grid/polish": "valleys/grid/test_refine.py",
    "valleys/landscape": "valleys/grid/test_topology.py",
    "valleys/tree": "valleys/grid/test_topology.py",
}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def sources() -> list[Path]:
    """List all files of Python: the package, wherever it is installed, and what stands beside it."""
    beside = [path for name in ("tests", "benchmarks", "docs", "notebooks") for path in (ROOT / name).rglob("*.py")]
    return sorted([*PACKAGE.rglob("*.py"), *beside])


def test_a_long_file_says_at_its_head_why_it_is_long():
    assert len(sources()) > 300  # the package and its tests were found
    unexplained = []
    for path in sources():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST and REASON not in (ast.get_docstring(parsed(path)) or ""):
            unexplained.append(f"{path.name}: {lines} lines")
    assert not unexplained, f"divide them, or say “{REASON} …” in their docstrings: {unexplained}"


def signatures(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the functions and methods of a file that have public names, with the names of their parameters."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            yield node.name, [one.arg for one in parameters if one.arg not in ("self", "cls")]


def test_a_public_function_takes_at_most_six_arguments():
    found = [(path, *each) for path in PACKAGE.rglob("*.py") for each in signatures(path)]
    assert len(found) > 500  # functions were found
    wide = [f"{path.name}: {name}({', '.join(names)})" for path, name, names in found if len(names) > WIDEST]
    assert not wide, f"gather what belongs together into one argument: {wide}"


def modules() -> list[str]:
    """List the modules of the package that do something, as paths below it without ending."""
    paths = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
    return sorted(path.with_suffix("").as_posix() for path in paths if path.name not in ("__init__.py", "__main__.py"))


def mirrored(module: str) -> bool:
    """Tell whether a module is tested at its own place: in a file of its name, or in that of its folder."""
    place = TESTS / module
    own = place.with_name(f"test_{place.name}.py")
    folders = [place.parent / f"test_{place.parent.name}.py", place.parent.with_name(f"test_{place.parent.name}.py")]
    return any(path.is_file() for path in (own, *folders))


def listed(module: str) -> str | None:
    """Find a module, or the folder that it is in, in the table of what is tested elsewhere."""
    parents = [module, *(path.as_posix() for path in Path(module).parents)]
    return next((name for name in parents if name in ELSEWHERE), None)


def test_every_module_has_tests_at_its_place_or_says_where_they_are():
    nowhere = [module for module in modules() if not mirrored(module) and not listed(module)]
    assert not nowhere, f"write tests/…/test_NAME.py, or name in ELSEWHERE the tests that would see it break: {nowhere}"


def test_the_table_of_what_is_tested_elsewhere_names_what_is_there():
    for name, place in ELSEWHERE.items():
        assert (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file(), f"{name} is no longer there"
        assert (TESTS / place).exists(), f"tests/{place} is not there"


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def reached(path: Path) -> Iterator[str]:
    """Yield the private names of ours that a file of tests imports, or takes from a module that it has imported."""
    ours, tree = set(), parsed(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "thalweg":
            yield from (f"from {node.module} import {one.name}" for one in node.names if private(one.name))
            ours |= {one.asname or one.name for one in node.names}
        elif isinstance(node, ast.Import):
            ours |= {one.asname or "thalweg" for one in node.names if one.name.partition(".")[0] == "thalweg"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in ours:
                yield f"{ast.unparse(node)}, line {node.lineno}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("thalweg."):
            # such as what monkeypatch.setattr is told by its full name
            yield from (f"{node.value!r}, line {node.lineno}" for part in node.value.split(".") if private(part))


def test_tests_use_no_private_names():
    found = {path: list(reached(path)) for path in sorted(TESTS.rglob("*.py"))}
    assert len(found) > 100  # tests were found
    wrong = {path.relative_to(TESTS).as_posix(): names for path, names in found.items() if names}
    assert not wrong, f"test what the public name does, or make the name public: {wrong}"


def test_each_case_of_the_long_suite_names_a_test():
    assert LONG
    for line in LONG:
        file, _, name = line.partition("::")
        function = name.partition("[")[0]
        assert f"def {function}(" in (ROOT / file).read_text("utf-8"), (
            f"tests/long.txt names {line}, which is not there"
        )

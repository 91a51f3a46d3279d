import subprocess
import sys
from types import ModuleType

import pytest

import thalweg as tw


def fresh(code: str) -> str:
    """Run code in an interpreter of its own."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()


def test_importing_thalweg_imports_no_plotting_library_and_starts_nothing():
    heavy = ["matplotlib", "plotly", "PIL", "jax", "xarray", "scipy", "pandas"]
    assert fresh(f"import sys, thalweg; print([m for m in {heavy} if m in sys.modules])") == "[]"


def test_the_verbs_import_no_plotting_library():
    code = (
        "import sys, optax, thalweg as tw\n"
        "objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))\n"
        "runs = tw.descend(objective, optax.sgd(0.05), steps=2)\n"
        "tw.find_derailments(runs, tw.find_valleys(objective))\n"
        "print([m for m in ['matplotlib', 'plotly', 'PIL'] if m in sys.modules])"
    )
    assert fresh(code) == "[]"


def test_every_public_name_is_there():
    for name in tw.__all__:
        assert getattr(tw, name) is not None
    assert set(tw.__all__) <= set(dir(tw))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'thalweg' has no attribute 'ascend'"):
        _ = tw.ascend


def namespaces(module=tw):
    """The public modules: the package itself and all that is public in one."""
    yield module
    for name in module.__all__:
        if isinstance(getattr(module, name), ModuleType):
            yield from namespaces(getattr(module, name))


def test_the_namespaces_are_these():
    names = ["examples", "figures", "frameworks", "losses", "networks", "networks.directions", "problems", "starts"]
    assert sorted(module.__name__ for module in namespaces()) == ["thalweg", *(f"thalweg.{name}" for name in names)]


@pytest.mark.parametrize("module", [*namespaces()], ids=lambda module: module.__name__)
def test_a_namespace_shows_what_is_public_and_nothing_else(module):
    assert dir(module) == sorted(module.__all__)
    inside = [
        name
        for name, value in vars(module).items()
        # Python gives a package its submodules as attributes.
        if name[0] != "_" and getattr(value, "__name__", "") != f"{module.__name__}.{name}"
    ]
    assert set(inside) <= set(module.__all__)

"""The frameworks that networks are made in: which there are, which are installed, and how to install one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from thalweg.base.errors import InvalidValue, UnknownName


class NotInstalled(InvalidValue):
    """A framework that is not there; the text has the command that installs it."""


@dataclass(frozen=True)
class Framework:
    """A framework.

    Attributes
    ----------
    name : as users give it, and as its room under ``bridges`` is called
    title : as its makers write it
    module : what is imported
    packages : under which names it may be installed
    needs : what else it needs, in words
    """

    name: str
    title: str
    module: str
    packages: tuple[str, ...]
    needs: str = ""

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f"python -m pip install 'thalweg[{self.name}]'"

    @property
    def installed(self) -> bool:
        """Whether it can be imported; it is not imported for that."""
        return find_spec(self.module) is not None

    @property
    def version(self) -> str:
        """Its version."""
        for package in self.packages:
            try:
                return version(package)
            except PackageNotFoundError:
                continue
        return str(import_module(self.module).__version__)

    def load(self) -> Any:
        """Import it.

        Raises
        ------
        NotInstalled
            If it is not there, or cannot be imported.
        """
        if not self.installed:
            raise NotInstalled(f"{self.title} is not installed; install it with: {self.install}")
        try:
            return import_module(self.module)
        except ImportError as error:
            advice = self.needs or f"install it with: {self.install}"
            raise NotInstalled(f"{self.title} cannot be imported: {error}; {advice}") from None


FRAMEWORKS: Mapping[str, Framework] = {
    framework.name: framework
    for framework in (
        Framework("jax", "JAX", "jax", ("jax",)),
        Framework("torch", "PyTorch", "torch", ("torch",)),
        Framework("tensorflow", "TensorFlow", "tensorflow", ("tensorflow", "tensorflow-cpu")),
        Framework(
            "keras",
            "Keras",
            "keras",
            ("keras",),
            "install its backend, or set KERAS_BACKEND=jax in the environment: JAX is there",
        ),
    )
}


def framework(name: str) -> Framework:
    """Find a framework by name."""
    if name not in FRAMEWORKS:
        raise UnknownName.of("framework", name, FRAMEWORKS)
    return FRAMEWORKS[name]


def framework_of(model: Any) -> Framework:
    """Tell which framework a model was made in, without importing any.

    A Keras model counts as such whatever its backend; anything that is no model of a framework's is a pytree of JAX.
    """
    homes = [home.__module__.partition(".")[0] for home in type(model).__mro__]
    for name in ("keras", "torch", "tensorflow"):
        if name in homes:
            return FRAMEWORKS[name]
    return FRAMEWORKS["jax"]

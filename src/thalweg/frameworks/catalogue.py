"""The frameworks that networks are made in: a row for each, from which everything else follows.

A framework has a room, the package ``thalweg.frameworks.<name>``, whose parts the protocols of
:mod:`thalweg.frameworks.common.room` describe, for pyright to check. A part is imported when it is first asked for, and
its framework with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from thalweg.base.errors import InvalidValue, UnknownName

if TYPE_CHECKING:
    from thalweg.frameworks.common import room

Part = TypeVar("Part")


class NotInstalled(InvalidValue):
    """A framework that is not there; the text has the command that installs it."""


class _Part(Generic[Part]):
    """A part of a framework's room, by the name of the attribute that it is; imported when it is asked for."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, framework: Framework, owner: type) -> Part:
        return cast(Part, import_module(f"thalweg.frameworks.{framework.name}.{self.name}"))


@dataclass(frozen=True)
class Framework:
    """A framework.

    Attributes
    ----------
    name : as users give it, and as its room is called
    title : as its makers write it
    module : what is imported, and where the classes of its models come from
    packages : under which names it may be installed
    manners : how its users write a descent, in words; the usual manner, "", and what else there is
    needs : what else it needs, in words
    """

    name: str
    title: str
    module: str
    packages: tuple[str, ...]
    manners: Mapping[str, str]
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
            with suppress(PackageNotFoundError):
                return version(package)
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

    network: ClassVar[_Part[room.NetworkPart]] = _Part()
    """What sees its models as functions of a flat vector."""

    recorder: ClassVar[_Part[room.RecorderPart]] = _Part()
    """What records its training loops."""

    checkpoint: ClassVar[_Part[room.CheckpointPart]] = _Part()
    """What reads its saved parameters."""

    descend: ClassVar[_Part[room.DescendPart]] = _Part()
    """What descends an objective as its users would."""

    models: ClassVar[_Part[room.ModelsPart]] = _Part()
    """What makes the example networks; not every room has it."""

    backend: ClassVar[_Part[room.BackendPart]] = _Part()
    """What evaluates for Keras; only rooms of Keras' backends have it."""

    def has(self, part: str) -> bool:
        """Tell whether its room has a part."""
        return find_spec(f"thalweg.frameworks.{self.name}.{part}") is not None


FRAMEWORKS: Mapping[str, Framework] = {
    framework.name: framework
    for framework in (
        Framework("jax", "JAX", "jax", ("jax",), {"": "a compiled step of value_and_grad and optax"}),
        Framework("torch", "PyTorch", "torch", ("torch",), {"": "zero_grad, backward, step of torch.optim"}),
        Framework(
            "tensorflow",
            "TensorFlow",
            "tensorflow",
            ("tensorflow", "tensorflow-cpu"),
            {
                "": "GradientTape and an optimiser class",
                "update": "GradientTape and a hand-written update",
                "v1": "GradientTape and an optimiser class of TensorFlow 1",
            },
        ),
        Framework(
            "keras",
            "Keras",
            "keras",
            ("keras",),
            {"": "model.fit with a callback, on the backend that is set"},
            "install its backend, or set KERAS_BACKEND=jax in the environment: JAX is there",
        ),
    )
}
"""By name; a framework stands behind those that it is built on."""

MANNERS: Mapping[str, str] = {
    f"{name}:{manner}".removesuffix(":"): words
    for name, framework in FRAMEWORKS.items()
    for manner, words in framework.manners.items()
}
"""Frameworks, with the manner behind a colon where it is not the usual one, and how each descends."""


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
    made_in = (framework for framework in reversed([*FRAMEWORKS.values()]) if framework.module in homes)
    return next(made_in, FRAMEWORKS["jax"])

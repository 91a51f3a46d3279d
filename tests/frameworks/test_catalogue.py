"""A row a framework: from it follow its room, what it is called, and how it is found."""

import numpy as np
import pytest

from thalweg.base.errors import UnknownName
from thalweg.cli.compare import compare as command
from thalweg.frameworks import catalogue
from thalweg.frameworks.catalogue import FRAMEWORKS, MANNERS, NotInstalled, framework, framework_of
from thalweg.frameworks.descent import descend


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_every_framework_has_a_room(name):
    home = FRAMEWORKS[name]
    parts = (home.network.build, home.recorder.recorder, home.checkpoint.read, home.descend.prepare)
    assert {part.__module__.rpartition(".")[0] for part in parts} == {f"thalweg.frameworks.{name}"}


def test_what_not_every_room_has_is_told():
    assert [name for name, one in FRAMEWORKS.items() if one.has("models")] == ["jax", "torch", "keras"]
    assert [name for name, one in FRAMEWORKS.items() if one.has("backend")] == ["jax", "torch", "tensorflow"]


def test_manners_stand_behind_a_colon():
    assert set(MANNERS) == {"jax", "torch", "tensorflow", "tensorflow:update", "tensorflow:v1", "keras"}


def test_words_that_list_frameworks_list_them_all():
    assert not [name for name in FRAMEWORKS if name not in command.__doc__]
    assert not [one.title for one in FRAMEWORKS.values() if one.title not in command.__doc__]
    assert not [name for name in MANNERS if f'"{name}"' not in descend.__doc__]


@pytest.mark.parametrize(
    ("homes", "name"),
    [
        (["torch.nn"], "torch"),
        (["keras.src.models", "torch.nn.modules"], "keras"),
        (["mine", "keras.src.models", "tensorflow.python.trackable"], "keras"),
        (["tensorflow.python.module"], "tensorflow"),
        (["equinox"], "jax"),
    ],
)
def test_a_model_belongs_to_the_framework_that_is_built_on_the_others(homes, name):
    bases = tuple(type("Base", (), {"__module__": home}) for home in homes)
    assert framework_of(type("Model", bases, {"__module__": "mine"})()).name == name


def test_anything_else_is_a_pytree():
    assert framework_of({"w": np.ones(2)}).name == "jax"


def test_an_unknown_framework_is_told_the_nearest():
    with pytest.raises(UnknownName, match="unknown framework 'torhc'; did you mean 'torch'?"):
        framework("torhc")


def test_a_framework_that_is_not_there_is_told_how_to_get(monkeypatch):
    monkeypatch.setattr(catalogue, "find_spec", lambda module: None)
    with pytest.raises(NotInstalled) as caught:
        FRAMEWORKS["torch"].load()
    assert str(caught.value) == "PyTorch is not installed; install it with: python -m pip install 'thalweg[torch]'"


def test_a_framework_that_cannot_be_imported_is_told_what_it_needs(monkeypatch):
    def fail(module):
        raise ImportError("no backend")

    monkeypatch.setattr(catalogue, "import_module", fail)
    with pytest.raises(
        NotInstalled, match="^Keras cannot be imported: no backend; install its backend, or set KERAS_B"
    ):
        FRAMEWORKS["keras"].load()

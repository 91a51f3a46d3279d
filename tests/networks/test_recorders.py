import sys
from types import ModuleType

import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.networks.recorders import record


@pytest.mark.parametrize("framework", ["torch", "tensorflow", "keras"])
def test_a_model_goes_to_the_room_of_its_framework(monkeypatch, framework):
    room = ModuleType("room")
    room.recorder = lambda model, **options: (model, options)
    monkeypatch.setitem(sys.modules, f"thalweg.frameworks.{framework}.recorder", room)
    model = type("Model", (), {"__module__": f"{framework}.models"})()
    assert record(model, every=3) == (model, {"store": None, "every": 3, "most": 256})


def test_anything_else_is_a_pytree():
    values = {"a": np.ones(2), "b": np.zeros(3)}
    with record(values, every=2) as training:
        training.step(0.5, values)
        training.finish(values)
    np.testing.assert_array_equal(training.result["params"], [[1, 1, 0, 0, 0]] * 2)


def test_a_block_that_does_not_say_how_it_ended_is_told_so():
    values = np.ones(2)
    with pytest.raises(InvalidValue, match="no parameters were given"), record(values) as training:
        training.step(0.5, values)
    # Nothing is lost by it.
    assert training.finish(values).sizes["step"] == 2

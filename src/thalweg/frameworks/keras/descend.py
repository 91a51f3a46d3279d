"""Descent as users of Keras write it: a model with one vector of weights, and ``model.fit``, an epoch a step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg.base.precision import computing
from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.course import Course, Log, Task, Way
from thalweg.frameworks.formula import Formula
from thalweg.frameworks.keras.dialect import dialect
from thalweg.frameworks.keras.leaves import read
from thalweg.frameworks.keras.optimizers import TABLE
from thalweg.frameworks.optimizers import Chosen, translate
from thalweg.frameworks.tensorflow.network import device_of


def prepare(task: Task, manner: str = "") -> Way:
    """Prepare a descent by an optimiser of Keras', on the backend that is set; there is one manner.

    Keras casts data, and holds the learning rate, in its ``floatx``; that is set for the time of a run, and set back.
    On other backends than TensorFlow Keras' operations round to 32 bits even then.
    """
    keras = FRAMEWORKS["keras"].load()
    chosen = task.chosen
    name, settings = translate(chosen, TABLE, "Keras")
    maker = _recording(getattr(keras.optimizers, name))

    def run(start: np.ndarray) -> Course:
        with floats(keras, task.precision), computing(task.precision):
            model = _model(keras, task.train)
            model.point.assign(start.astype(task.train.dtype))
            model.compile(optimizer=maker(**arguments(chosen, settings, task.precision)))
            model.optimizer.build([model.point])
            return _fit(keras, model, task, chosen)

    facts = {
        "backend": keras.config.backend(),
        "device": device_of(keras.ops.convert_to_tensor(0.0)),
        "computed_precision": _bits(keras, task.precision),
    }
    return Way(f"model.fit, keras.optimizers.{name}", facts, run)


def _bits(keras: Any, precision: int) -> int:
    """Tell in how many bits Keras computes: its operations make 32 of 64 on all backends but TensorFlow."""
    kind = f"float{precision}"
    return int(keras.backend.result_type(kind, kind).removeprefix("float"))


@contextmanager
def floats(keras: Any, precision: int) -> Iterator[None]:
    """Let Keras compute in 32 or 64 bits inside this block."""
    before = keras.config.floatx()
    keras.config.set_floatx(f"float{precision}")
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def arguments(chosen: Chosen, settings: dict[str, Any], precision: int) -> dict[str, Any]:
    """Put together what an optimiser of Keras' is made with.

    Of a Python number Keras makes 32 bits, whatever the variables have: 0.9 would be another number in 64-bit runs.
    Only rho it multiplies as it is, which keeps all digits of a Python number and fails with one of NumPy's.
    """
    given = {"learning_rate": float(chosen.rates[0]), "global_clipnorm": chosen.clip, **settings}
    if precision == 32:
        return given
    return {
        name: np.float64(value) if isinstance(value, float) and name != "rho" else value
        for name, value in given.items()
    }


def _recording(maker: Any) -> Any:
    """Let an optimiser keep the gradient that it was last given, before it is clipped."""

    class Recording(maker):
        def build(self, variables: Any) -> None:
            super().build(variables)
            self.given = self.add_variable_from_reference(reference_variable=variables[0], name="given")

        def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
            self.given.assign(grads[0])
            return super().apply(grads, trainable_variables)

    return Recording


def _model(keras: Any, formula: Formula) -> Any:
    """Make a model whose outputs are the terms of an objective, one an example, and whose loss is their mean."""
    terms, kind = formula.written(dialect()), f"float{formula.precision}"

    class Terms(keras.Model):
        def __init__(self) -> None:
            super().__init__(dtype=kind)
            # Zeros, because a random initialiser would draw a seed of Python's global generator.
            self.point = self.add_weight(shape=(formula.parameters,), initializer="zeros", dtype=kind, name="params")
            self.built = True

        def call(self, inputs: Any) -> Any:
            columns = [inputs[:, k] for k in range(len(formula.columns))]
            return terms(keras.ops.convert_to_tensor(self.point), *columns)

        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *_: Any, **__: Any) -> Any:
            return keras.ops.mean(y_pred)

    return Terms()


def _fit(keras: Any, model: Any, task: Task, chosen: Chosen) -> Course:
    log = Log()

    class Watch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if chosen.scheduled:
                self.model.optimizer.learning_rate = chosen.rates[epoch]
            log.begin(read(self.model.point.value))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            log.end(float(logs["loss"]), read(self.model.optimizer.given.value))

    # A surface in closed form has no data; one example then stands for none.
    inputs = np.stack(task.train.columns, axis=1) if task.train.columns else np.zeros((1, 1), task.train.dtype)
    model.fit(inputs, epochs=task.steps + 1, batch_size=len(inputs), shuffle=False, verbose=0, callbacks=[Watch()])
    return log.course(_test(keras.ops, task.test))


def _test(ops: Any, formula: Formula | None) -> Any:
    if formula is None:
        return None
    terms = formula.written(dialect())
    columns = [ops.convert_to_tensor(column, dtype=column.dtype.name) for column in formula.columns]
    return lambda point: float(read(ops.mean(terms(ops.convert_to_tensor(point), *columns))))

"""Descent as users of Keras write it: a model with one vector of weights, and ``model.fit``, an epoch a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from thalweg.base.precision import computing
from thalweg.frameworks.common.formula import Formula
from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.common.keras_optimizers import TABLE, arguments, floats
from thalweg.frameworks.common.operations import Dialect, elementwise
from thalweg.frameworks.common.optimizers import translate
from thalweg.frameworks.common.tensors import device_of, read
from thalweg.frameworks.common.trajectory import Job, Log, Prepared, Trajectory

ops: Any = keras.ops

DIALECT = Dialect(
    title="Keras",
    namespace=ops,
    elementwise=elementwise(ops),
    reductions={"reduce_sum": ops.sum, "reduce_prod": ops.prod, "reduce_max": ops.max, "reduce_min": ops.min},
    constant=lambda array: ops.convert_to_tensor(array, dtype=array.dtype.name),
    cast=lambda x, dtype: ops.cast(x, dtype.name),
    transpose=ops.transpose,
    concatenate=ops.concatenate,
    mean=ops.mean,
)
"""How Keras writes formulas, on whichever backend is set."""


def prepare(job: Job, manner: str = "") -> Prepared:
    """Prepare a descent by an optimiser of Keras', on the backend that is set; there is one manner.

    Keras casts data, and holds the learning rate, in its ``floatx``; that is set for the time of a run, and set back.
    On other backends than TensorFlow Keras' operations round to 32 bits even then.
    """
    chosen = job.chosen
    name, settings = translate(chosen, TABLE, "Keras")
    maker = _recording(getattr(keras.optimizers, name))

    def run(start: np.ndarray) -> Trajectory:
        with floats(keras, job.precision), computing(job.precision):
            model = _model(job.train)
            model.point.assign(start.astype(job.train.dtype))
            model.compile(optimizer=maker(**arguments(chosen, settings, job.precision)))
            model.optimizer.build([model.point])
            return _fit(model, job)

    facts = {
        "backend": keras.config.backend(),
        "device": device_of(keras.ops.convert_to_tensor(0.0)),
        "computed_precision": _bits(job.precision),
    }
    return Prepared(f"model.fit, keras.optimizers.{name}", facts, run)


def _bits(precision: int) -> int:
    """Tell in how many bits Keras computes: its operations make 32 of 64 on all backends but TensorFlow."""
    kind = f"float{precision}"
    return int(keras.backend.result_type(kind, kind).removeprefix("float"))


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


def _model(formula: Formula) -> Any:
    """Make a model whose outputs are the terms of an objective, one an example, and whose loss is their mean."""
    terms, kind = formula.written(DIALECT), f"float{formula.precision}"

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


def _fit(model: Any, job: Job) -> Trajectory:
    log = Log(job)

    class Watch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if job.chosen.scheduled:
                self.model.optimizer.learning_rate = job.chosen.rates[epoch]
            log.begin(read(self.model.point.value))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            log.end(float(logs["loss"]), read(self.model.optimizer.given.value))

    # A surface in closed form has no data; one example then stands for none.
    inputs = np.stack(job.train.columns, axis=1) if job.train.columns else np.zeros((1, 1), job.train.dtype)

    def batches() -> Iterator[tuple[np.ndarray]]:
        # Of arrays Keras makes a new pipeline every epoch, which on TensorFlow takes ten times as long as the step.
        while True:
            yield (inputs,)

    settings = {"epochs": job.steps + 1, "steps_per_epoch": 1, "shuffle": False, "verbose": 0}
    model.fit(batches(), callbacks=[Watch()], **settings)
    return log.trajectory(job.test_loss(DIALECT))

"""What a slice of a TensorFlow module or a Keras model costs beside the loops that its user would write.

Run: python benchmarks/loops.py [--only tensorflow,keras] [--side N] [--repeats N] [--json FILE]

Of Keras on the backend that ``KERAS_BACKEND`` names. The loop of TensorFlow assigns ``origin + a u + b v`` to one
variable after the other and calls a loss under ``tf.function``. Of Keras there are two: one that assigns and calls
``model.evaluate``, and one that calls what its backend compiles: a ``tf.function``, a ``jax.jit`` of
``stateless_call``; in PyTorch the model itself under ``no_grad``. All take the same grid along the same directions, in
one process, by turns; their losses are compared first. Seconds are of the processor, the best of some counts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import thalweg as tw
from timing import Asked, Row, clock

AGREE = 1e-4
"""How close losses must be, relative to their size."""

SPAN = 0.5
"""Of the slice, to both sides."""

TIME = Asked("at most", 1.0)

Evaluate = Callable[[list[Any]], float]
"""Computes the loss where the parameters have values, arrays of NumPy in the order of the model's own variables."""

DATA = {"mlp": ((32, 10), (32, 1)), "cnn": ((32, 16, 16, 3), (32, 10))}
"""Shapes of inputs and targets."""


def main(arguments: list[str] | None = None) -> None:
    """Measure all, or some, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--only", default="tensorflow,keras", help="frameworks: some of them")
    parser.add_argument("--side", type=int, default=15, help="points along a side")
    parser.add_argument("--repeats", type=int, default=3, help="times each is run")
    options = parser.parse_args(arguments)
    figures: dict[str, dict[str, Row]] = {}
    for framework, name in product(options.only.split(","), DATA):
        rng = np.random.default_rng(0)
        x, y = (rng.normal(size=shape).astype(np.float32) for shape in DATA[name])
        rows = (in_tensorflow if framework == "tensorflow" else in_keras)(name, x, y, options)
        figures[f"{framework}, {name}"] = rows
        print(f"{framework}, {name}, {options.side} x {options.side}")
        for what, row in rows.items():
            print(f"    {what:30} {row['ratio']:6.2f}   asked: {row['asked']} {'met' if row['met'] else 'MISSED'}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


def in_tensorflow(name: str, x: Any, y: Any, options: argparse.Namespace) -> dict[str, Row]:
    """Compare with a user's loop in TensorFlow."""
    import tensorflow as tf

    model = module(name)
    inputs, targets = tf.constant(x), tf.constant(y)

    def loss(outputs: Any, targets: Any) -> Any:
        return tf.reduce_mean((outputs - targets) ** 2)

    compiled = tf.function(lambda: loss(model(inputs), targets))

    def evaluate(values: list[Any]) -> float:
        for variable, value in zip(model.trainable_variables, values, strict=True):
            variable.assign(value)
        return float(compiled())

    network = tw.networks.wrap(model, loss, (x, y))
    own = [tf.constant(variable) for variable in model.trainable_variables]
    return compared(network, own, tf.constant, {"tf.function": evaluate}, options)


def module(name: str) -> Any:
    """Make a module of TensorFlow."""
    import tensorflow as tf

    class Layers(tf.Module):
        def __init__(self, *shapes: tuple[int, ...]):
            super().__init__()
            drawn = (np.random.default_rng(0).normal(size=shape) * np.prod(shape[:-1]) ** -0.5 for shape in shapes)
            self.weights = [tf.Variable(values.astype(np.float32)) for values in drawn]

        def __call__(self, x: Any) -> Any:
            for number, weight in enumerate(self.weights):
                if weight.shape.rank == 4:
                    x = tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(x, weight, 1, "SAME")), 2, 2, "SAME")
                else:
                    x = tf.reshape(x, (-1, weight.shape[0])) @ weight
                    x = x if number + 1 == len(self.weights) else tf.tanh(x)
            return x

    return Layers((10, 64), (64, 64), (64, 1)) if name == "mlp" else Layers((3, 3, 3, 16), (3, 3, 16, 32), (512, 10))


def in_keras(name: str, x: Any, y: Any, options: argparse.Namespace) -> dict[str, Row]:
    """Compare with a user's two loops in Keras."""
    import keras

    layers = keras.layers
    if name == "mlp":
        inner = [layers.Dense(64, "tanh"), layers.Dense(64, "tanh"), layers.Dense(1)]
    else:
        inner = [layers.Conv2D(16, 3, padding="same", activation="relu"), layers.MaxPooling2D()]
        inner += [layers.Conv2D(32, 3, padding="same", activation="relu"), layers.MaxPooling2D()]
        inner += [layers.Flatten(), layers.Dense(10)]
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input(x.shape[1:]), *inner])
    model.compile(loss="mse")

    def evaluated(values: list[Any]) -> float:
        for variable, value in zip(model.trainable_variables, values, strict=True):
            variable.assign(value)
        return float(model.evaluate(x, y, batch_size=len(x), verbose=0))

    network = tw.networks.wrap(model, "mse", (x, y))
    own = [keras.ops.convert_to_tensor(np.array(variable.numpy())) for variable in model.trainable_variables]
    loops = {"model.evaluate": evaluated, "compiled": compiled_keras(model, x, y)}
    return compared(network, own, keras.ops.convert_to_tensor, loops, options)


def compiled_keras(model: Any, x: Any, y: Any) -> Evaluate:
    """Make the quickest evaluation that a user of Keras' backend would write."""
    import keras

    loss, backend = keras.losses.MeanSquaredError(), keras.backend.backend()
    inputs, targets = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
    if backend == "jax":
        import jax

        jitted = jax.jit(lambda values: loss(targets, model.stateless_call(values, [], inputs)[0]))
        return lambda values: float(jitted(values))
    if backend == "tensorflow":
        import tensorflow as tf

        call = tf.function(lambda: loss(targets, model(inputs)))
    else:
        import torch

        call = torch.no_grad()(lambda: loss(targets, model(inputs)))

    def evaluate(values: list[Any]) -> float:
        for variable, value in zip(model.trainable_variables, values, strict=True):
            variable.assign(value)
        return float(call())

    return evaluate


def compared(
    network: Any, own: list[Any], made: Callable[..., Any], loops: dict[str, Evaluate], options: argparse.Namespace
) -> dict[str, Row]:
    """Take the same slice all ways; ``own`` are tensors of the origin, and ``made`` makes one of an array."""
    plane = tw.networks.directions.filter_normalised(network, seed=0)
    line = np.linspace(-SPAN, SPAN, options.side).astype(np.float32)
    ends = np.cumsum([int(np.prod(value.shape)) for value in own])
    first, second = (
        [made(part.reshape(value.shape)) for part, value in zip(np.split(way, ends), own, strict=False)]
        for way in plane.directions
    )

    def ours() -> np.ndarray:
        return tw.networks.slice(network, plane, span=SPAN, points=options.side)["loss"].values

    def loop(evaluate: Evaluate) -> np.ndarray:
        losses = np.empty((len(line), len(line)))
        for (i, b), (j, a) in product(enumerate(line), repeat=2):
            losses[i, j] = evaluate([o + a * u + b * v for o, u, v in zip(own, first, second, strict=True)])
        return losses

    ways = {"ours": ours, **{name: partial(loop, evaluate) for name, evaluate in loops.items()}}
    found, best = ours(), dict.fromkeys(ways, np.inf)
    for _ in range(options.repeats):
        for name, call in ways.items():
            _, used, losses = clock(call)
            best[name] = min(best[name], used)
            apart = float(np.abs(losses / found - 1).max())
            if not apart <= AGREE:
                raise SystemExit(f"{name} differs by {apart:.1e}")
    return {f"processor time / {name}": TIME.verdict(best["ours"] / best[name]) for name in loops}


if __name__ == "__main__":
    main()

"""Train small networks on real data in three frameworks and draw what happened.

Run: python docs/gallery/networks.py, or some of it: python docs/gallery/networks.py mlp-torch cnn-jax. Every part
writes a page and its pictures into ``networks/``. The training loops are what their users would write; a recorder is
all that is added. The first weights and the order of the examples are the same in every framework.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

import thalweg as tw
from thalweg.frameworks import examples
from thalweg.frameworks.catalogue import FRAMEWORKS

HERE = Path(__file__).parent / "networks"

DOTS = 110
"""An inch of a picture, which is shown on a page."""


PAGE = """# {title}

{examples} examples ({source}), {parameters} parameters, {steps} updates by gradient descent with momentum. The loss on
all of them fell from {before:.4g} to {after:.4g}. The same network with the same first weights and batches is trained
in every framework.

## Along the run

The plane of the run's two principal directions, about its end.

![{principal_caption}]({name}-principal.png)

## At random

Two random directions, each filter as long as the network's own, about the same end. The path is a shadow here, and the
verdict says so.

![{random_caption}]({name}-random.png)

## Curvature

![{curvature_caption}]({name}-curvature.png)

![{density_caption}]({name}-density.png)

## How it was made

    python docs/gallery/networks.py {name}

```python
{loop}```
"""


class Task(NamedTuple):
    """What is trained: a network, its data, and how."""

    title: str
    data: examples.Data
    make: Callable[[str], Any]
    rate: float
    epochs: int
    batch: int


def tasks() -> dict[str, Task]:
    """Collect what is trained."""
    return {
        "mlp": Task(
            "a network of two hidden layers on the diabetes data",
            examples.diabetes(),
            lambda framework: examples.mlp(framework, (10, 64, 64, 1)),
            rate=0.01,
            epochs=30,
            batch=37,
        ),
        "cnn": Task(
            "a convolutional network on handwritten digits",
            examples.digits(pictures=True),
            examples.cnn,
            rate=0.05,
            epochs=12,
            batch=64,
        ),
    }


def batches(task: Task) -> list[slice]:
    """Cut the examples into batches, in their order."""
    return [slice(k, k + task.batch) for k in range(0, len(task.data.inputs), task.batch)]


def in_torch(task: Task) -> tuple[tw.networks.Network, xr.Dataset]:
    """Train with ``torch.optim``; a step is recorded before its update."""
    import torch

    model = task.make("torch")
    x, y = torch.from_numpy(task.data.inputs), torch.from_numpy(task.data.targets)
    y = y.long() if task.data.classes else y
    loss_of = torch.nn.CrossEntropyLoss() if task.data.classes else torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=task.rate, momentum=0.9)
    recorder = tw.networks.record(model, most=1000)
    for _ in range(task.epochs):
        for rows in batches(task):
            optimizer.zero_grad()
            loss = loss_of(model(x[rows]), y[rows])
            loss.backward()
            recorder.step(loss)
            optimizer.step()
    return tw.networks.wrap(model, loss_of, (x, y)), recorder.finish()


def in_keras(task: Task) -> tuple[tw.networks.Network, xr.Dataset]:
    """Train with ``model.fit`` on whichever backend is set."""
    import keras

    model = task.make("keras")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if task.data.classes else "mse"
    model.compile(optimizer=keras.optimizers.SGD(task.rate, momentum=0.9), loss=loss)
    recorder = tw.networks.record(model, most=1000)
    x, y = task.data.inputs, task.data.targets
    model.fit(x, y, task.batch, task.epochs, shuffle=False, verbose=0, callbacks=[recorder.callback()])
    return tw.networks.wrap(model, None, (x, y)), recorder.finish()


def in_jax(task: Task) -> tuple[tw.networks.Network, xr.Dataset]:
    """Train with optax."""
    import jax
    import optax
    from jax import numpy as jnp

    params, apply = task.make("jax")
    x, y = task.data.inputs, task.data.targets

    def mean_loss(params: Any, x: Any, y: Any) -> Any:
        outputs = apply(params, x)
        if task.data.classes:
            return optax.softmax_cross_entropy_with_integer_labels(outputs, y).mean()
        return jnp.mean((outputs - y) ** 2)

    optimizer = optax.sgd(task.rate, momentum=0.9)
    state = optimizer.init(params)

    @jax.jit
    def update(params: Any, state: Any, x: Any, y: Any) -> Any:
        loss, gradient = jax.value_and_grad(mean_loss)(params, x, y)
        changes, state = optimizer.update(gradient, state, params)
        return loss, optax.apply_updates(params, changes), state

    recorder = tw.networks.record(params, most=1000)
    for _ in range(task.epochs):
        for rows in batches(task):
            loss, moved, state = update(params, state, x[rows], y[rows])
            recorder.step(loss, params)
            params = moved
    return tw.networks.wrap(params, mean_loss, (x, y)), recorder.finish(params)


TRAINED = {"torch": in_torch, "keras": in_keras, "jax": in_jax}


def main() -> None:
    """Draw all pages, or those that are named."""
    HERE.mkdir(exist_ok=True)
    for name in sys.argv[1:] or [f"{task}-{framework}" for task in tasks() for framework in TRAINED]:
        task, framework = name.split("-")
        page(name, tasks()[task], framework)


def page(name: str, task: Task, framework: str) -> None:
    """Train, draw, and write the page."""
    network, recording = TRAINED[framework](task)
    planes = {
        "principal": tw.networks.directions.principal(network, recording),
        "random": tw.networks.directions.filter_normalised(network, seed=1),
    }
    pictures, verdicts = {}, {}
    for kind, plane in planes.items():
        path = tw.networks.project(network, plane, recording)
        span = around(path) if kind == "principal" else 1.0
        surface = tw.networks.slice(network, plane, span=span, points=61)
        pictures[kind], verdicts[kind] = tw.figures.slice(surface, path), path.attrs["verdict"]
    some = recording.isel(step=np.linspace(0, recording.sizes["step"] - 1, 8).round().astype(int))
    pictures["curvature"] = tw.figures.curvature(tw.networks.curvature(network, some, count=3, lowest=True, probes=0))
    pictures["density"] = tw.figures.curvature(tw.networks.curvature(network, probes=3))
    for kind, figure in pictures.items():
        figure.save(HERE / f"{name}-{kind}.png", dpi=DOTS)
    text = PAGE.format(
        title=f"{FRAMEWORKS[framework].title}: {task.title}",
        loop=inspect.getsource(TRAINED[framework]),
        steps=int(recording["step"][-1]),
        source=task.data.source,
        examples=network.facts["examples"],
        parameters=network.facts["parameters"],
        before=network.value(recording["params"].values[0]),
        after=network.value(),
        name=name,
        **{f"{kind}_caption": figure.caption for kind, figure in pictures.items()},
    )
    (HERE / f"{name}.md").write_text(text, encoding="utf-8")
    sys.stdout.write(f"{name}: {verdicts}\n")


def around(path: xr.Dataset) -> tuple[tuple[float, float], ...]:
    """Choose a window with all of a path and a quarter of its size around it."""
    spans = []
    for axis in "xy":
        low, high = float(path[axis].min()), float(path[axis].max())
        spans.append((low - 0.25 * (high - low), high + 0.25 * (high - low)))
    return tuple(spans)


if __name__ == "__main__":
    main()

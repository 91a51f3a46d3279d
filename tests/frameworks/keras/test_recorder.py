"""Recordings of Keras' training, on every backend: test_backends.py runs these tests there."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg.frameworks.common.tensors import read
from thalweg.frameworks.keras import recorder as module
from thalweg.frameworks.keras.leaves import flatten
from thalweg.frameworks.keras.recorder import recorder
from thalweg.networks.wrapping import wrap
from thalweg.store.recording import open_recording

keras = pytest.importorskip("keras")


def test_training_is_the_same_with_and_without_to_the_bit() -> None:
    ends = []
    for follow in (False, True):
        model, x, y = trained()
        callbacks = [recorder(model).callback()] if follow else []
        model.fit(x, y, epochs=2, batch_size=4, verbose=0, callbacks=callbacks)
        weights = [read(v.value) for v in (*model.variables, *model.optimizer.variables)]
        ends.append(weights)
    assert len(ends[0]) == len(ends[1])
    for without, with_it in zip(*ends, strict=True):
        np.testing.assert_array_equal(without, with_it)


def test_rows_are_read_before_the_update_and_have_the_batch_s_own_loss(tmp_path: Path) -> None:
    model, x, y = trained(dropout=False)
    start = np.concatenate([np.ravel(read(v.value)) for v in model.trainable_variables])
    follow = recorder(model, store=tmp_path / "run.zarr")
    model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0, callbacks=[follow.callback()])
    position = np.concatenate([np.ravel(read(v.value)) for v in model.trainable_variables])
    found = follow.finish()
    assert found.sizes["step"] == 2 * 3 + 1
    np.testing.assert_array_equal(found["params"][0], start)
    np.testing.assert_array_equal(found["params"][-1], position)
    batches = [wrap(model, None, (x[rows], y[rows])) for rows in (slice(0, 4), slice(4, 8), slice(8, 10))]
    expected = [batches[k % 3].value(found["params"].values[k]) for k in range(6)]
    # the difference of sums of at most ten losses, each sum rounded to 32 bits: 10 times 6e-8, and the sums before
    np.testing.assert_allclose(found["loss"][:-1], expected, rtol=5e-6)
    assert np.isnan(found["loss"][-1])
    np.testing.assert_array_equal(open_recording(tmp_path / "run.zarr")["params"], found["params"])


def test_every_third_step_has_its_own_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    runs, reads = [], []
    monkeypatch.setattr(module, "flatten", lambda model, **options: reads.append(0) or flatten(model, **options))
    for every in (1, 3):
        model, x, y = trained()
        follow = recorder(model, every=every)
        model.fit(x, y, epochs=2, batch_size=2, verbose=0, callbacks=[follow.callback()])
        runs.append(follow.finish())
    assert list(runs[1]["step"].values) == [0, 3, 6, 9, 10]
    # of 10 batches all are read, and then every third, and the end of both; reading waits for the training
    assert len(reads) == (10 + 1) + (4 + 1)
    thinned = runs[0].sel(step=runs[1]["step"])
    np.testing.assert_array_equal(runs[1]["params"], thinned["params"])
    np.testing.assert_array_equal(runs[1]["loss"], thinned["loss"])


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch as a backend takes one step at a time")
def test_loss_is_not_known_for_several_steps_at_once() -> None:
    model, x, y = trained()
    model.compile("sgd", "mse", steps_per_execution=2)
    follow = recorder(model)
    model.fit(x, y, batch_size=2, verbose=0, callbacks=[follow.callback()])
    found = follow.finish()
    assert found.sizes["step"] > 1
    assert np.isnan(found["loss"]).all()
    assert found.attrs["losses"] == (
        "not known: 2 updates are one execution; compile with steps_per_execution=1 to have them"
    )


class Stepping(keras.Model):
    """Trains with a step of its own, and says the loss where it is asked to."""

    def __init__(self, *, says: bool) -> None:
        super().__init__()
        self.dense, self.says = keras.layers.Dense(1), says
        self.mean = keras.metrics.Mean(name="loss" if says else "mine")

    def call(self, x: Any) -> Any:
        return self.dense(x)

    @property
    def metrics(self) -> list[Any]:
        return [self.mean]

    def train_step(self, data: Any) -> Any:
        x, y = data
        self.mean.update_state(keras.ops.mean((self(x) - y) ** 2), sample_weight=len(x) if self.says else 1)
        return {"loss": self.mean.result()}


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="a step on JAX is another function")
def test_losses_of_a_step_of_its_own_are_those_that_its_mean_is_told() -> None:
    _, x, y = trained()
    for says in (True, False):
        model = Stepping(says=says)
        model(x)
        model.compile(run_eagerly=True)
        follow = recorder(model)
        model.fit(x, y, batch_size=5, shuffle=False, verbose=0, callbacks=[follow.callback()])
        found = follow.finish()
        errors = (x @ read(model.dense.kernel.value) + read(model.dense.bias.value) - y) ** 2
        if says:
            expected = [errors[:5].mean(), errors[5:].mean()]
            np.testing.assert_allclose(found["loss"][:-1], expected, rtol=5e-6)  # differences of sums in 32 bits
            assert "losses" not in found.attrs
        else:
            assert np.isnan(found["loss"]).all()
            assert found.attrs["losses"].startswith(
                "not known: Stepping keeps no keras.metrics.Mean called 'loss'; let"
            )


def test_loops_by_hand_are_recorded() -> None:
    model, _, _ = trained()
    follow = recorder(model)
    before = read(model.trainable_variables[0].value)
    follow.step(keras.ops.ones(()))
    model.trainable_variables[0].assign(before + 1)
    found = follow.finish()
    np.testing.assert_array_equal(found["params"][:, : before.size], [before.ravel(), before.ravel() + 1])
    assert found["loss"].values[0] == 1
    assert found.attrs["framework"] == "keras"


def trained(*, dropout: bool = True) -> tuple[Any, np.ndarray, np.ndarray]:
    keras.utils.set_random_seed(1)
    drop = [keras.layers.Dropout(0.3)] if dropout else []
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), *drop, keras.layers.Dense(1)]
    )
    model.compile(optimizer="adam", loss="mse")
    rng = np.random.default_rng(2)
    return model, rng.normal(size=(10, 3)).astype(np.float32), rng.normal(size=(10, 1)).astype(np.float32)

"""Checkpoints on disk as a recording: in the order of their steps, and the same as one that was recorded."""

import jax.numpy as jnp
import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidData, InvalidValue, OutputError
from thalweg.networks import read_checkpoints, series

GENERATOR = np.random.default_rng(0)
WEIGHTS = GENERATOR.standard_normal((4, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def net():
    return tw.networks.wrap({"w": jnp.zeros(3)}, lambda p: jnp.sum((p["w"] - 1) ** 2))


def saved(folder, names):
    for name, weights in zip(names, WEIGHTS, strict=False):
        (folder / name).parent.mkdir(exist_ok=True)
        np.savez(folder / name, w=weights)
    return [folder / name for name in names]


@pytest.mark.parametrize("stored", [False, True])
def test_a_pattern_is_read_in_the_order_of_the_steps(net, tmp_path, stored):
    saved(tmp_path, [f"at-{step}/loss-0.{step}.npz" for step in (2, 10, 9, 100)])
    store = tmp_path / "run.zarr" if stored else None
    recording = read_checkpoints(net, f"{tmp_path}/at-*/*.npz", store=store)
    assert recording["step"].values.tolist() == [2, 9, 10, 100]
    np.testing.assert_array_equal(recording["params"].values, WEIGHTS[[0, 2, 1, 3]])
    assert np.isnan(recording["loss"].values).all()
    assert len(recording.attrs["paths"]) == 4


def test_paths_stay_in_their_order_and_steps_can_be_given(net, tmp_path):
    paths = saved(tmp_path, ["last.npz", "b.npz", "a.npz"])
    assert read_checkpoints(net, paths)["step"].values.tolist() == [0, 1, 2]
    given = read_checkpoints(net, paths, steps=[3, 5, 50])
    assert given["step"].values.tolist() == [3, 5, 50]
    np.testing.assert_array_equal(given["params"].values, WEIGHTS[:3])
    assert read_checkpoints(net, paths[0])["params"].shape == (1, 3)


def test_verbs_take_it_as_a_recording(net, tmp_path):
    recording = read_checkpoints(net, saved(tmp_path, [f"{step}.npz" for step in range(4)]))
    plane = tw.networks.directions.principal(net, recording)
    path = tw.networks.project(net, plane, recording)
    np.testing.assert_allclose(path["true_loss"].values, np.sum((WEIGHTS - 1.0) ** 2, axis=1), rtol=1e-6)
    bend = tw.networks.curvature(net, recording, count=1, probes=0)
    np.testing.assert_allclose(bend["eigenvalues"].values, 2, rtol=1e-6)  # of (w - 1)²


def test_statistics_that_layers_gathered_come_along(tmp_path):
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    net = tw.networks.wrap(model, torch.nn.MSELoss(), (torch.ones(4, 2), torch.zeros(4, 3)))
    means = []
    for step in range(3):
        model(torch.randn(8, 2, generator=torch.Generator().manual_seed(step)))
        means.append(model[1].running_mean.tolist())
        torch.save(model.state_dict(), tmp_path / f"epoch{step}.pt")
    recording = read_checkpoints(net, f"{tmp_path}/epoch*.pt")
    (place,) = (span for leaf, span in zip(net.leaves, net.spans, strict=True) if leaf.name.endswith("running_mean"))
    np.testing.assert_array_equal(recording["params"].values[:, place], np.array(means, np.float32))


def test_checkpoints_that_cannot_be_are_refused(net, tmp_path, monkeypatch):
    paths = saved(tmp_path, ["1.npz", "2.npz"])
    for steps in ([1], [2, 1], [1, 1]):
        with pytest.raises(InvalidValue, match=r"steps = \[.*\] do not fit 2 checkpoints; give one each, rising$"):
            read_checkpoints(net, paths, steps=steps)
    with pytest.raises(InvalidValue, match=r"paths = \[\] has no checkpoint; give one or more, or a pattern"):
        read_checkpoints(net, [])
    with pytest.raises(InvalidData, match=r"no file fits '.*none\*.npz'; give a pattern that fits the checkpoints"):
        read_checkpoints(net, f"{tmp_path}/none*.npz")
    with pytest.raises(InvalidData, match="cannot read .*3.npz"):
        read_checkpoints(net, [*paths, tmp_path / "3.npz"])
    with pytest.raises(OutputError, match="exists"):
        read_checkpoints(net, paths, store=tmp_path)
    monkeypatch.setattr(series, "MOST", 20)
    with pytest.raises(InvalidValue, match="2 checkpoints take .* GB, and 4 are held in memory at most; give a store"):
        read_checkpoints(net, paths)

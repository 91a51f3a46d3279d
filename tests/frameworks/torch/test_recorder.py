"""Recording PyTorch training loops: nothing changes by it."""

import numpy as np
import pytest
import torch

from tests.frameworks.torch.modules import ready
from thalweg.base.errors import InvalidValue
from thalweg.frameworks.torch.network import flatten
from thalweg.frameworks.torch.recorder import recorder

MSE = torch.nn.MSELoss()


def train(how, name="dropped", steps=6, optimizer=torch.optim.AdamW):
    """Train; return all that training leaves behind, and the recording."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model, x, y = ready(name)
        model.train()
        opt = optimizer(model.parameters(), lr=0.05)
        training = recorder(model) if how else None
        if how in ("hook", "closure"):
            training.follow(opt)
        rows, losses = [], []

        def closure():
            opt.zero_grad()
            loss = MSE(model(x), y)
            loss.backward()
            losses.append(loss.item())
            return loss

        for _ in range(steps):
            rows.append(flatten(model))
            if how == "closure" or optimizer is torch.optim.LBFGS:
                opt.step(closure)
                continue
            loss = closure()
            if how == "step":
                training.step(loss)
            opt.step()
        rows.append(flatten(model))
        left = [*model.state_dict().values(), *(p.grad for p in model.parameters()), torch.get_rng_state()]
        kept = [
            value for part in opt.state_dict()["state"].values() for value in part.values() if torch.is_tensor(value)
        ]
        return [value.clone() for value in (*left, *kept)], np.array(rows), losses, training and training.finish()


@pytest.mark.parametrize("name", ["dropped", "normed"])
@pytest.mark.parametrize("how", ["step", "hook", "closure"])
def test_training_with_a_recorder_is_training_without_to_the_bit(how, name):
    left, rows, losses, recording = train(how, name)
    plain, *_ = train(None, name)
    assert len(left) == len(plain)
    assert all(torch.equal(a, b) for a, b in zip(left, plain, strict=True))
    np.testing.assert_array_equal(recording["params"], rows)
    wanted = [np.nan] * 7 if how == "hook" else [*losses, np.nan]
    np.testing.assert_array_equal(recording["loss"], wanted)
    assert recording.attrs["framework"] == "torch"


def test_the_closure_of_a_line_search_is_heard_once_a_step():
    _, rows, _, recording = train("closure", "mlp", optimizer=torch.optim.LBFGS, steps=3)
    np.testing.assert_array_equal(recording["params"], rows)
    assert np.isfinite(recording["loss"][:-1]).all()


def test_a_removed_hook_records_no_more():
    model, *_ = ready("mlp")
    opt = torch.optim.SGD(model.parameters(), 0.1)
    training = recorder(model)
    handle = training.follow(opt)
    opt.step()
    handle.remove()
    opt.step()
    assert training.taken == 1


def test_only_optimisers_are_followed():
    with pytest.raises(InvalidValue, match="list is no optimiser of PyTorch; give a torch.optim.Optimizer"):
        recorder(ready("mlp")[0]).follow([])

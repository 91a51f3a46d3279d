"""Recording PyTorch training loops: nothing changes by it."""

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from lightning.pytorch.core.optimizer import LightningOptimizer

from tests.frameworks.torch.modules import ready
from thalweg.base.errors import InvalidValue
from thalweg.frameworks.torch.recorder import recorder
from thalweg.frameworks.torch.state import flatten_all

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
            rows.append(flatten_all(model))
            if how == "closure" or optimizer is torch.optim.LBFGS:
                opt.step(closure)
                continue
            loss = closure()
            if how == "step":
                training.step(loss)
            opt.step()
        rows.append(flatten_all(model))
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
    trained = sum(p.numel() for p in ready(name)[0].parameters())
    # statistics are those behind the pass forward, before the update
    np.testing.assert_array_equal(recording["params"][:, :trained], rows[:, :trained])
    np.testing.assert_array_equal(recording["params"][-1], rows[-1])
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


def loop(model, step, data, optimizers, parts=1):
    """Make four steps; return the parameters and the losses before each, and the parameters at the end."""
    rows, losses = [], []
    for _ in range(4):
        rows.append(flatten_all(model))
        seen = [step(x, y) for x, y in zip(data[0].chunk(parts), data[1].chunk(parts), strict=True)]
        losses.append(np.mean([loss.item() for loss in seen]))
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    return np.array([*rows, flatten_all(model)]), losses


def holds(recording, rows, losses):
    np.testing.assert_array_equal(recording["params"], rows)
    # in 64 bits the mean of parts may be rounded otherwise
    np.testing.assert_allclose(recording["loss"][:-1], losses, rtol=1e-15)
    assert len(set(losses)) == 4


@pytest.mark.parametrize("parts", [1, 3])
def test_a_loss_is_given_by_a_line_and_those_of_parts_are_averaged(parts):
    model, x, y = ready("mlp", rows=12)
    opt = torch.optim.SGD(model.parameters(), 0.1)
    training = recorder(model)
    training.follow(opt)

    def step(x, y):
        loss = MSE(model(x), y)
        training.note(loss)
        (loss / parts).backward()
        return loss

    rows, losses = loop(model, step, (x, y), [opt], parts)
    training.note(MSE(model(x), y))
    recording = training.finish()
    holds(recording, rows, losses)
    assert float(recording["loss"][-1]) == MSE(model(x), y).item()


def test_losses_noted_for_steps_that_are_not_recorded_are_dropped():
    model, x, y = ready("mlp", rows=12)
    opt = torch.optim.SGD(model.parameters(), 0.1)
    training = recorder(model, every=2)
    training.follow(opt)

    def step(x, y):
        loss = MSE(model(x), y)
        training.note(loss)
        loss.backward()
        return loss

    rows, losses = loop(model, step, (x, y), [opt], parts=2)
    recording = training.finish()
    np.testing.assert_array_equal(recording["step"], [0, 2, 4])
    np.testing.assert_array_equal(recording["params"], rows[[0, 2, 4]])
    np.testing.assert_allclose(recording["loss"], [losses[0], losses[2], np.nan], rtol=1e-15)


@pytest.mark.parametrize("often", [True, False])
def test_several_optimisers_make_one_step(often):
    model, x, y = ready("mlp", rows=12)
    first, last = (torch.optim.SGD(model[k].parameters(), 0.1) for k in (0, 4))
    training = recorder(model)
    training.follow(first, last)
    rows, losses = [], []
    for k in range(5):
        rows.append(flatten_all(model))
        loss = MSE(model(x), y)
        training.note(loss)
        losses.append(loss.item())
        loss.backward()
        first.step()
        if often or k % 2:
            last.step()
        model.zero_grad()
    recording = training.finish()
    np.testing.assert_array_equal(recording["params"], [*rows, flatten_all(model)])
    np.testing.assert_array_equal(recording["loss"], [*losses, np.nan])


def test_an_optimiser_wrapped_by_accelerate_is_followed():
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=3)
    model, x, y = ready("mlp", torch.float32, rows=12)
    own = torch.optim.AdamW(model.parameters(), 0.05)
    model, opt = accelerator.prepare(model, own)
    training = recorder(model)
    training.follow(opt)
    rows, losses, seen = [], [], []
    for part in torch.arange(12).chunk(3) * 4:
        with accelerator.accumulate(model):
            if not seen:
                rows.append(flatten_all(model))
            loss = MSE(model(x[part]), y[part])
            training.note(loss)
            seen.append(loss.item())
            accelerator.backward(loss)
            opt.step()
            opt.zero_grad()
        if len(seen) == 3:
            losses.append(np.mean(seen))
            seen.clear()
    holds(training.finish(), [*rows, flatten_all(model)], losses)


def test_an_optimiser_wrapped_by_lightning_is_followed():
    model, *_ = ready("mlp")
    opt = LightningOptimizer(torch.optim.SGD(model.parameters(), 0.1))
    training = recorder(model)
    training.follow(opt)
    assert training.follow(opt).remove() is None
    opt.optimizer.step()
    assert training.taken == 1


def test_a_scaled_loss_and_a_step_that_is_left_out():
    model, x, y = ready("mlp", torch.float32, rows=12)
    opt = torch.optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
    training = recorder(model)
    training.follow(opt)
    rows, losses = [], []
    for k in range(5):
        loss = MSE(model(x), y)
        training.note(loss)
        scaler.scale(loss).backward()
        if k == 2:  # gradients overflow: the scaler leaves the step out
            model[0].weight.grad[0, 0] = torch.inf
        else:
            rows.append(flatten_all(model))
            losses.append(loss.item())
        scaler.step(opt)
        scaler.update()
        opt.zero_grad()
    holds(training.finish(), [*rows, flatten_all(model)], losses)


class Sharpness(torch.optim.Optimizer):
    """Goes up before it goes down, by two calls of its own."""

    def __init__(self, params, base):
        super().__init__(params, {})
        self.base_optimizer = base(self.param_groups, lr=0.1)

    def first_step(self):
        self.before = [p.detach().clone() for group in self.param_groups for p in group["params"]]
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.add_(p.grad, alpha=0.05)
        self.zero_grad()

    def second_step(self):
        with torch.no_grad():
            for p, old in zip((p for group in self.param_groups for p in group["params"]), self.before, strict=True):
                p.copy_(old)
        self.base_optimizer.step()
        self.zero_grad()


def test_an_optimiser_that_looks_elsewhere_first_is_recorded_where_it_was():
    model, x, y = ready("mlp", rows=12)
    opt = Sharpness(model.parameters(), torch.optim.SGD)
    training = recorder(model)
    training.follow(opt)
    rows, losses = [], []
    for _ in range(4):
        rows.append(flatten_all(model))
        loss = MSE(model(x), y)
        training.note(loss)
        losses.append(loss.item())
        loss.backward()
        opt.first_step()
        MSE(model(x), y).backward()
        opt.second_step()
    holds(training.finish(), [*rows, flatten_all(model)], losses)


def test_a_module_spread_over_devices_is_the_module():
    model, *_ = ready("mlp")
    np.testing.assert_array_equal(flatten_all(torch.nn.DataParallel(model)), flatten_all(model))


def test_at_least_one_optimiser_is_asked_for():
    with pytest.raises(
        InvalidValue, match="no optimiser is given; give a torch.optim.Optimizer, or several, or a trainer"
    ):
        recorder(ready("mlp")[0]).follow()

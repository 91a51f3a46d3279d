"""Modules are copied by their state, whatever lies in their attributes."""

import threading
import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from tests.frameworks.torch.independent import agrees
from tests.frameworks.torch.test_network import same, state
from thalweg.base.errors import InvalidValue
from thalweg.frameworks.torch.copying import copied
from thalweg.networks.wrapping import wrap

MSE = nn.MSELoss()
SOURCE = torch.Generator().manual_seed(2)
X, Y = (torch.randn(7, n, dtype=torch.float64, generator=SOURCE) for n in (6, 3))


def step(model, batch):
    return MSE(model(batch[0]), batch[1])


def plain():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()


def weight_normed():
    model = plain()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is a new way
        nn.utils.weight_norm(model[0])
        nn.utils.weight_norm(model[2], dim=1)
    return model


def spectrally_normed():
    model = plain()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        nn.utils.spectral_norm(model[2])
    model(X)
    return model.eval()


def pruned():
    model = plain()
    prune.l1_unstructured(model[0], "weight", amount=0.4)
    prune.ln_structured(model[2], "weight", amount=1, n=2, dim=0)
    prune.custom_from_mask(model[0], "bias", torch.tensor([1, 0, 1, 1, 1]))
    return model


class Looked(nn.Module):
    """Keeps what it computed, in lists and dictionaries, with its graph."""

    def __init__(self):
        super().__init__()
        self.body, self.seen, self.named = plain(), [], {}

    def forward(self, x):
        out = self.body(x)
        self.seen.append(out)
        self.named["last"] = (out, [out.mean()])
        return out


def looked():
    model = Looked()
    model(X)
    return model


@pytest.mark.parametrize("called", [False, True])
@pytest.mark.parametrize("make", [weight_normed, spectrally_normed, pruned, looked])
def test_what_deepcopy_refuses_is_copied_and_its_loss_and_derivatives_are_right(make, called):
    def made():
        model = make().eval()
        if called:
            step(model, (X, Y)).backward()
        return model

    model = made()
    before = state(model)
    del before["hooks"]
    wrap(model, step, (X, Y)).gradient()
    after = state(model)
    del after["hooks"]
    assert same(before, after)
    agrees(made, step, (X, Y))


def test_a_copy_has_its_own_numbers_and_its_own_locks():
    model = looked()
    model.lock, model.inner = threading.RLock(), {"lock": threading.Lock()}
    twin = copied(model, ())
    assert twin.lock is not model.lock
    assert twin.inner["lock"] is not model.inner["lock"]
    assert torch.equal(twin.seen[0], model.seen[0])
    assert not twin.seen[0].requires_grad
    assert twin.seen[0] is twin.named["last"][0]  # one tensor in two places stays one
    assert twin.seen[0].data_ptr() != model.seen[0].data_ptr()
    assert twin.body[0].weight.data_ptr() != model.body[0].weight.data_ptr()


def test_what_was_computed_in_inference_mode_can_be_differentiated_with_in_the_copy():
    def made():
        model = Looked()
        with torch.inference_mode():
            model(X)
        model.scale = model.seen[0]
        return model

    # the user's own module refuses to be differentiated without a clone
    agrees(
        made,
        lambda model, batch: MSE(model(batch[0]) * model.scale.clone(), batch[1]),
        (X, Y),
        loss=lambda model, batch: MSE(model(batch[0]) * model.scale, batch[1]),
    )


def test_what_cannot_be_copied_is_named():
    model = plain()
    model[1].log = open(__file__)  # noqa: SIM115, PTH123
    try:
        with pytest.raises(InvalidValue) as caught:
            wrap(model, step, (X, Y))
    finally:
        model[1].log.close()
    assert str(caught.value) == (
        "the model cannot be copied: cannot pickle '_io.TextIOWrapper' object (attribute '1.log'); give a module that "
        "copy.deepcopy copies"
    )

"""Models that keep a state outside of parameters: refused where it matters, put back where it does not."""

import random
import threading
import time

import numpy as np
import pytest
import torch
from torch import nn

from tests.frameworks.torch.independent import agrees
from tests.frameworks.torch.test_network import same, state
from thalweg.base.errors import InvalidValue
from thalweg.networks.wrapping import wrap

MSE = nn.MSELoss()
DATA = (torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(4, 6), torch.ones(4, 3, dtype=torch.float64))


def step(model, batch):
    return MSE(model(batch[0]), batch[1])


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            self.first = nn.Linear(6, 5, dtype=torch.float64)
            self.last = nn.Linear(5, 3, dtype=torch.float64)

    def forward(self, x):
        return self.last(torch.tanh(self.first(x)))


class Recurrent(Base):
    """Keeps its hidden state from one call to the next."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTM(5, 5, batch_first=True, dtype=torch.float64)
        self.hidden = None

    def forward(self, x):
        out, hidden = self.cell(torch.tanh(self.first(x))[:, None], self.hidden)
        self.hidden = tuple(one.detach() for one in hidden)
        return self.last(out[:, 0])


class Counter(Base):
    def __init__(self):
        super().__init__()
        self.memory = {"calls": [0]}

    def forward(self, x):
        self.memory["calls"][0] += 1
        return super().forward(x) / self.memory["calls"][0]


class Filled(Base):
    """Adds to a tensor that is no buffer, past what PyTorch counts."""

    def __init__(self):
        super().__init__()
        self.total = torch.zeros(3, dtype=torch.float64)

    def forward(self, x):
        self.total.data.add_(1)
        return super().forward(x) + self.total


class Lazily(Base):
    """Keeps what it made of its parameters when it was first called."""

    cache = None

    def forward(self, x):
        if self.cache is None:
            self.cache = self.first.weight.detach().square().sum()
        return super().forward(x) * self.cache


class Alternating(Base):
    def __init__(self):
        super().__init__()
        self.turn = False

    def forward(self, x):
        self.turn = not self.turn
        return super().forward(x) + self.turn


class Drawing(Base):
    """Has generators of its own."""

    def __init__(self, made):
        super().__init__()
        self.source = made

    def forward(self, x):
        if isinstance(self.source, torch.Generator):
            noise = torch.randn(3, generator=self.source, dtype=torch.float64)
        elif isinstance(self.source, random.Random):
            noise = self.source.random()
        else:
            noise = torch.tensor(self.source.normal(size=3))
        return super().forward(x) + noise


class Rarely(Base):
    """Drops a layer one time in a thousand: three evaluations do not show it."""

    def __init__(self, draw):
        super().__init__()
        self.draw = draw

    def forward(self, x):
        return super().forward(x) * (self.draw() > 1e-3)


class Elsewhere(Base):
    calls = 0

    def forward(self, x):
        Elsewhere.calls += 1  # where no attribute of the module leads to
        return super().forward(x) + Elsewhere.calls


def refused(model, text):
    before = (
        state(model),
        {k: repr(v) for k, v in vars(model).items()},
        np.random.get_state()[1].tolist(),
        random.getstate(),
    )
    with pytest.raises(InvalidValue) as caught:
        wrap(model, step, DATA)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    after = (
        state(model),
        {k: repr(v) for k, v in vars(model).items()},
        np.random.get_state()[1].tolist(),
        random.getstate(),
    )
    assert same(before, after)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (Recurrent(), "'hidden'"),
        (nn.Sequential(Recurrent(), nn.Linear(3, 3, dtype=torch.float64)), "'0.hidden'"),
        (Counter(), "'memory'"),
        (Filled(), "'total'"),
        (Alternating(), "'turn'"),
    ],
)
def test_a_state_in_an_attribute_is_refused_by_its_name(model, names):
    refused(model, f"changes from call to call with {names}; keep no state outside of parameters")


def described(source):
    if isinstance(source, torch.Generator):
        return source.get_state().tolist()
    return repr(source.bit_generator.state if isinstance(source, np.random.Generator) else vars(source))


@pytest.mark.parametrize(
    "make", [lambda: torch.Generator().manual_seed(3), lambda: np.random.default_rng(3), lambda: random.Random(3)]
)
def test_a_generator_of_the_models_own_is_refused_and_left_where_it_was(make):
    source = make()
    refused(Drawing(source), "the model draws from its own generator 'source' while it computes, so its loss changes")
    assert source is not make()
    assert described(source) == described(make())
    refused(Rarely(np.random.RandomState(3).rand), "the model draws from its own generator 'draw' while it computes")


def test_a_cache_of_what_the_parameters_make_is_refused():
    refused(Lazily(), "after evaluations elsewhere and ")
    refused(Lazily(), "it changes with 'cache'; keep no state")


@pytest.mark.parametrize(
    ("draw", "name"),
    [(lambda: np.random.rand(1)[0], "numpy.random"), (lambda: random.uniform(0, 1), "Python's random")],
)
def test_others_global_generators_are_refused_however_rarely_they_matter(draw, name):
    refused(
        Rarely(draw),
        f"the model draws from {name} while it computes, so its loss changes from call to call; draw from PyTorch's own generator",
    )


def test_a_state_that_no_attribute_leads_to_is_refused_too():
    refused(Elsewhere(), "it changes from call to call; keep no state")


class Cached(Base):
    """Keeps angles, what it saw last, a count of calls, a lock and a clock: nothing that its loss depends on yet."""

    def __init__(self):
        super().__init__()
        self.angles, self.seen, self.calls, self.times = None, [], 0, {}
        self.lock, self.start = threading.Lock(), time.perf_counter()

    def forward(self, x):
        with self.lock:
            if self.angles is None or self.angles.shape != x.shape:
                self.angles = torch.arange(x.numel(), dtype=x.dtype).reshape(x.shape).cos()
            self.seen.append(self.first(x))
            self.calls += 1
            self.times[self.calls] = time.perf_counter() - self.start
        return super().forward(x + self.angles) / (1 if self.calls < 9 else 2)


def test_what_a_loss_does_not_depend_on_is_put_back_and_shows_nowhere():
    model = Cached()
    net = wrap(model, step, DATA)
    twin = Cached()
    wanted = step(twin, DATA).item()
    for _ in range(12):  # a count of nine calls would halve the loss
        assert net.value() == wanted
        assert net.gradient()[0] == wanted
    assert (model.angles, model.seen, model.calls, model.times) == (None, [], 0, {})
    agrees(Cached, step, DATA)


def test_a_module_that_was_called_before_has_its_cache_still():
    model = Cached()
    out = model(DATA[0])
    assert out.requires_grad
    assert wrap(model, step, DATA).value() == MSE(out, DATA[1]).item()
    assert model.calls == 1

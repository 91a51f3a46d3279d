"""Steps are told by the name of their first argument, and their loss is found in what they return."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.steps import argument_names, counted, is_step, number, returned

ONE = np.float32(1.5)


def test_a_step_is_told_by_its_first_argument():
    assert is_step(lambda model, batch: 0)
    assert is_step(lambda net, batch: 0)
    assert is_step(partial(lambda model, batch, weight: 0, weight=2))
    assert not is_step(lambda outputs, targets: 0)
    assert not is_step(max)
    assert not is_step(None)
    assert argument_names(lambda a, b, *, c: 0) == ["a", "b"]


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        (ONE, (1.5, None)),
        (1.5, (1.5, None)),
        ((ONE, 3), (1.5, 3.0)),
        ((ONE, np.int64(3)), (1.5, 3.0)),
        ({"loss": ONE, "logits": np.ones(4)}, (1.5, None)),
        ({"loss": ONE, "count": 3}, (1.5, 3.0)),
        (SimpleNamespace(loss=ONE, logits=np.ones(4)), (1.5, None)),
    ],
)
def test_the_loss_is_found(result, wanted):
    assert counted(lambda: returned(result)) == wanted


@pytest.mark.parametrize(("result", "what"), [(None, "nothing"), ((ONE, np.ones(4)), "a tuple"), ("1.5", "a str")])
def test_what_is_no_loss_is_refused(result, what):
    with pytest.raises(InvalidValue) as caught:
        returned(result)
    assert str(caught.value) == (
        f"the step returned {what}; return the loss of the batch, a scalar, or (loss, count), or what has it as .loss "
        "or ['loss']"
    )


def test_a_number_is_one():
    with pytest.raises(InvalidValue, match="the loss has shape \\(3,\\) and is not a scalar"):
        number(np.ones(3))

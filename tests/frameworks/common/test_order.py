"""The order of outputs and targets is known, makes no difference, or is asked for."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.order import arranged, first_of

OUT, TRUE = np.array([0.2, 1.5]), np.array([1.0, 2.0])


class Asymmetric:
    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        return np.mean(y_true - 3 * y_pred)


def named(names: str) -> Any:
    first, second = names.split()
    return eval(f"lambda {first}, {second}: np.mean({first} - 3 * {second})", {"np": np})


@pytest.mark.parametrize(
    ("names", "first"),
    [
        ("y_true y_pred", "targets"), ("outputs targets", "outputs"), ("input target", "outputs"),
        ("labels logits", "targets"), ("pred y", "outputs"), ("y pred", "targets"), ("a true_labels", "outputs"),
        ("a b", None), ("x y", None), ("true_logits b", None), ("output prediction", None),
    ],
)  # fmt: skip
def test_names_tell(names: str, first: str | None) -> None:
    loss = named(names)
    assert first_of(loss) == first
    if first is not None:
        expected = np.mean(OUT - 3 * TRUE) if first == "outputs" else np.mean(TRUE - 3 * OUT)
        assert arranged(loss, "targets")(OUT, TRUE) == arranged(loss, "outputs")(OUT, TRUE) == expected


def test_objects_and_functions_of_libraries() -> None:
    torch, keras = pytest.importorskip("torch"), pytest.importorskip("keras")
    assert first_of(torch.nn.CrossEntropyLoss()) == "outputs"
    assert first_of(torch.nn.functional.binary_cross_entropy_with_logits) == "outputs"
    assert first_of(keras.losses.BinaryCrossentropy(from_logits=True)) == "targets"
    assert first_of(keras.losses.binary_crossentropy) == "targets"
    assert first_of(partial(keras.losses.binary_crossentropy, from_logits=True)) == "targets"
    assert first_of(Asymmetric()) == "targets"

    class Own(torch.nn.Module):
        def forward(self, true: Any, guess: Any) -> Any:
            return true - guess

    assert first_of(Own()) == "targets"


@pytest.mark.parametrize("sampled", [True, False])
def test_an_order_that_matters_is_asked_for(sampled: bool) -> None:
    with pytest.raises(InvalidValue) as caught:
        arranged(named("a b"), "outputs", (lambda: (OUT, TRUE)) if sampled else None)(OUT, TRUE)
    assert str(caught.value) == (
        "the loss is -3.65 as loss(outputs, targets) and -1.05 as loss(targets, outputs), and the names of its "
        "arguments ['a', 'b'] do not tell which is right; call them (outputs, targets) or (targets, outputs), or give "
        "step(model, batch)"
    )


def test_an_order_that_makes_no_difference_is_not_asked_for() -> None:
    symmetric = arranged(lambda a, b: np.mean((a - b) ** 2), "outputs")
    assert symmetric(OUT, TRUE) == pytest.approx(0.445)


def test_a_loss_that_fails_in_the_other_order_is_called_as_documented() -> None:
    picked = arranged(lambda a, b: a[b], "outputs")
    assert picked(np.array([0.5, 2.5]), 1) == 2.5

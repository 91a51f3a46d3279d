"""The exact census is offered where it is proved, and nowhere else."""

import pytest

from thalweg import losses
from thalweg.base.errors import InvalidValue
from thalweg.valleys.exact import theorem


@pytest.mark.parametrize(
    ("loss", "p"),
    [(losses.absolute(), 1), (losses.fourth_root(), 0.5), (losses.root(5), 0.4), (losses.power(0.3), 0.3)],
)
def test_the_exponent_of_a_concave_power_is_known(loss, p):
    assert theorem.exponent(loss) == p


@pytest.mark.parametrize(
    ("loss", "model", "residual", "text"),
    [
        (
            losses.huber(),
            "through_origin",
            "vertical",
            "needs a power of |r|, and the loss is 'huber'; use method = 'grid'",
        ),
        (losses.quadratic(), "through_origin", "vertical", "p at most 1, and the loss has p = 2; use method = 'grid'"),
        (losses.power(0.5, smoothing=0.1), "through_origin", "vertical", "smoothing = 0.1; set it to 0 or use method"),
        (losses.absolute(), "affine", "vertical", "p below 1, and the loss has p = 1; use method = 'grid'"),
        (losses.fourth_root(), "affine", "orthogonal", "with orthogonal residuals; use method = 'grid'"),
    ],
)
def test_what_is_not_proved_is_refused(loss, model, residual, text):
    with pytest.raises(InvalidValue) as error:
        theorem.exponent(loss, model=model, residual=residual)
    assert text in str(error.value)

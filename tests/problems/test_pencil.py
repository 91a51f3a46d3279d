import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from thalweg.base.errors import InvalidValue
from thalweg.problems.pencil import pencil


def published():
    """The recipe of reference/README, written down a second time and plainly."""
    generator = np.random.RandomState(314)
    r = generator.uniform(0, 1, 100)
    xs, ys = [], []
    for a in np.linspace(0, 2 * np.pi, 6)[:-1]:
        noise = 0.0 * generator.standard_normal(200)
        xs.append(np.cos(a) * np.concatenate([r, -r]))
        ys.append(np.sin(a) * np.concatenate([r, -r]) + noise)
    return train_test_split(np.concatenate(xs), np.concatenate(ys), test_size=0.33, random_state=42)


def test_default_is_the_published_data_bit_for_bit():
    x_train, x_test, y_train, y_test = published()
    problem = pencil()
    for columns, x, y in ((problem.train, x_train, y_train), (problem.test, x_test, y_test)):
        np.testing.assert_array_equal(columns["x"], x)
        np.testing.assert_array_equal(columns["y"], y)
    assert (len(x_train), len(x_test)) == (670, 330)


def test_loss_of_the_start_on_all_points_is_the_published_one():
    problem = pencil()
    x, y = (np.concatenate([problem.train[k], problem.test[k]]) for k in ("x", "y"))
    loss = np.mean(((np.tan(problem.start[0]) * x - y) ** 2) ** 0.25)
    # Published from a sum in 32 bits, where numbers of this size lie 6e-8 apart.
    assert abs(loss - 0.61348486) <= 6e-8


def test_noise_is_added_to_y_only():
    clean, noisy = pencil(), pencil(noise=0.1)
    np.testing.assert_array_equal(clean.train["x"], noisy.train["x"])
    shift = noisy.train["y"] - clean.train["y"]
    # 670 normal draws: the standard deviation is within 10 % at more than 3 standard errors.
    assert np.std(shift) == pytest.approx(0.1, rel=0.1)


def test_explicit_angles_are_the_angles_of_the_lines():
    problem = pencil([0.3, -1.1], points=5)
    slopes = np.unique(np.round(problem.train["y"] / problem.train["x"], 12))
    np.testing.assert_allclose(slopes, np.sort(np.tan([0.3, -1.1])), atol=1e-12)


def test_residuals_vanish_on_the_line_and_have_the_right_sign_off_it():
    params = np.array([0.3])
    on = (np.cos(0.3) * 2, np.sin(0.3) * 2)
    for kind in ("vertical", "orthogonal"):
        residual = pencil(residual=kind).residual
        # Rounding of numbers of size 1 in 32 bits.
        assert abs(float(residual(params, *on))) < 1e-6
        assert float(residual(params, 1.0, 5.0)) < 0 < float(residual(params, 1.0, -5.0))
    assert float(pencil(residual="orthogonal").residual(np.array([0.5]), 0.0, 2.0)) == pytest.approx(-2 * np.cos(0.5))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"noise": -0.1}, "noise = -0.1 is not allowed; give a finite number of at least 0"),
        ({"noise": float("nan")}, "noise = nan is not allowed"),
        ({"lines": 0}, "lines = 0 is not allowed; give a whole number of at least 1"),
        ({"lines": 2.5}, "lines = 2.5 is not allowed; give a whole number or a list of numbers"),
        ({"lines": []}, "holds no angle; give a number of lines or a list of angles"),
        ({"points": 0}, "points = 0 is not allowed"),
        ({"residual": "horizontal"}, "residual = 'horizontal' is not allowed; give 'vertical' or 'orthogonal'"),
    ],
)
def test_bad_settings_are_refused_in_one_line(settings, text):
    with pytest.raises(InvalidValue, match=text):
        pencil(**settings)

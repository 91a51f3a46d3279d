import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from thalweg.base.errors import InvalidData, InvalidValue
from thalweg.problems.split import Split


@pytest.mark.parametrize(("rows", "share", "seed"), [(1000, 0.33, 42), (47, 0.2, 7), (3, 0.5, 0)])
def test_split_is_scikit_learns_row_for_row(rows, share, seed):
    values = np.arange(rows, dtype=float)
    train, test = Split(share, seed)({"x": values})
    expected_train, expected_test = train_test_split(values, test_size=share, random_state=seed)
    np.testing.assert_array_equal(train["x"], expected_train)
    np.testing.assert_array_equal(test["x"], expected_test)


def test_a_share_of_zero_keeps_all_rows_in_their_order():
    train, test = Split(0.0)({"x": np.array([3.0, 1.0, 2.0])})
    np.testing.assert_array_equal(train["x"], [3.0, 1.0, 2.0])
    assert len(test["x"]) == 0


def test_no_training_data_is_refused():
    with pytest.raises(InvalidData, match="leaves no training data of 2 rows; give a smaller share"):
        Split(0.9)({"x": np.zeros(2)})


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_outside_zero_to_one_is_refused(share):
    with pytest.raises(InvalidValue, match="test_share = .* is not allowed; give a finite number of at least 0"):
        Split(share)

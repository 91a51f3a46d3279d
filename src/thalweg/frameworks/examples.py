"""Small networks and real data to begin with: the same network in every framework, from the same first weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.frameworks.catalogue import FRAMEWORKS, NotInstalled, framework
from thalweg.frameworks.common import weights
from thalweg.problems.split import Split


@public
@dataclass(frozen=True, eq=False)
class Data:
    """Real data, split for training and testing.

    Attributes
    ----------
    inputs, targets : for training, 32-bit numbers with one row an example; targets: classes (int32) or numbers (…, 1)
    test_inputs, test_targets : likewise, for testing
    classes : how many; 0 where targets are numbers
    source : where they come from

    Examples
    --------
    >>> import thalweg as tw
    >>> data = tw.examples.diabetes(seed=42)
    >>> data.inputs.shape, data.test_inputs.shape, data.classes, data.source
    ((296, 10), (146, 10), 0, 'diabetes: Efron et al. 2004')
    """

    inputs: np.ndarray
    targets: np.ndarray
    test_inputs: np.ndarray
    test_targets: np.ndarray
    classes: int
    source: str


@public
def digits(*, pictures: bool = False, test_share: float = 0.33, seed: int = 42) -> Data:
    """Load handwritten digits: 1,797 pictures of 8 x 8 pixels from 0 to 1, ten classes.

    Parameters
    ----------
    pictures : give inputs as (example, 8, 8, 1) for a convolution; (example, 64) by default
    test_share : share of the examples that are held back for testing, between 0 and 1
    seed : of the split, which is scikit-learn's ``train_test_split``

    Returns
    -------
    Data
        Inputs from 0 to 1 and targets from 0 to 9, training and test.

    Raises
    ------
    NotInstalled
        If scikit-learn, which has the data, is not there.

    References
    ----------
    E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository 1998,
    doi:10.24432/C50P49.

    Examples
    --------
    >>> import thalweg as tw
    >>> tw.examples.digits().inputs.shape, tw.examples.digits(pictures=True).test_inputs.shape
    ((1203, 64), (594, 8, 8, 1))
    """
    loaded = _sets().load_digits()
    x = (loaded.data / 16).astype(np.float32)
    x = x.reshape(-1, weights.SIZE, weights.SIZE, 1) if pictures else x
    return _split(
        x, loaded.target.astype(np.int32), weights.CLASSES, "digits: Alpaydin and Kaynak 1998", Split(test_share, seed)
    )


@public
def diabetes(*, test_share: float = 0.33, seed: int = 42) -> Data:
    """Load ten measurements of 442 diabetes patients and the progression of their disease a year later.

    All columns have mean 0 and standard deviation 1.

    Parameters
    ----------
    test_share : share of the examples that are held back for testing, between 0 and 1
    seed : of the split, which is scikit-learn's ``train_test_split``

    Returns
    -------
    Data
        Inputs (example, 10) and targets (example, 1), training and test.

    Raises
    ------
    NotInstalled
        If scikit-learn, which has the data, is not there.

    References
    ----------
    B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, "Least angle regression", 2004, doi:10.1214/009053604000000067.

    Examples
    --------
    >>> import thalweg as tw
    >>> tw.examples.diabetes().inputs.shape, tw.examples.diabetes().targets.shape
    ((296, 10), (296, 1))
    """
    loaded = _sets().load_diabetes()
    x, y = ((v - v.mean(axis=0)) / v.std(axis=0) for v in (loaded.data, loaded.target[:, None]))
    return _split(x.astype(np.float32), y.astype(np.float32), 0, "diabetes: Efron et al. 2004", Split(test_share, seed))


@public
def mlp(name: str, sizes: tuple[int, ...], *, seed: int = 0) -> Any:
    """Make a network of dense layers with rectified units between them.

    Parameters
    ----------
    name : of the framework: jax, torch or keras
    sizes : units of the input, of each hidden layer, and of the output
    seed : of the first weights, which are the same in every framework

    Returns
    -------
    Any
        A PyTorch module, a Keras model, or for JAX a pair ``(params, apply)``: ``apply(params, inputs) -> outputs``.
        Inputs are (example, sizes[0]), outputs (example, sizes[-1]).

    Raises
    ------
    UnknownName
        If there is no such framework.
    NotInstalled
        If it is not there.
    InvalidValue
        If the example networks are not made in it, or sizes are fewer than two or below 1.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", 2015, arXiv:1502.01852 (first weights).

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> params, apply = tw.examples.mlp("jax", (10, 64, 64, 1))
    >>> apply(params, np.zeros((3, 10), np.float32)).shape
    (3, 1)
    """
    if len(sizes) < 2:
        raise InvalidValue(
            f"sizes = {sizes!r} is no network; give units of the input, the hidden layers and the output"
        )
    for size in sizes:
        whole("a number of units", size, at_least=1, at_most=100_000)
    whole("seed", seed, at_least=0)
    return _room(name)(weights.of_mlp(tuple(sizes), seed))


@public
def cnn(name: str, channels: tuple[int, ...] = (8, 16), *, seed: int = 0) -> Any:
    """Make a network for digits: convolutions of 3 x 3 pixels, rectified, without padding, and a dense layer.

    Parameters
    ----------
    name : of the framework: jax, torch or keras
    channels : of each convolution
    seed : of the first weights, which are the same in every framework

    Returns
    -------
    Any
        As :func:`mlp`; inputs are (example, 8, 8, 1) in every framework, outputs (example, 10).

    Raises
    ------
    UnknownName
        If there is no such framework.
    NotInstalled
        If it is not there.
    InvalidValue
        If the example networks are not made in it, or channels are more than the picture has room for, or below 1.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", 2015, arXiv:1502.01852 (first weights).

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> params, apply = tw.examples.cnn("jax")
    >>> apply(params, np.zeros((3, 8, 8, 1), np.float32)).shape
    (3, 10)
    """
    most = (weights.SIZE - 1) // (weights.KERNEL - 1)
    if not 1 <= len(channels) <= most:
        raise InvalidValue(f"channels = {channels!r}; give 1 to {most} numbers, since each convolution takes 2 pixels")
    for count in channels:
        whole("a number of channels", count, at_least=1, at_most=10_000)
    whole("seed", seed, at_least=0)
    return _room(name)(weights.of_cnn(tuple(channels), seed))


def _room(name: str) -> Callable[[weights.Layers], Any]:
    home = framework(name)
    if not home.has("models"):
        others = (other.name for other in FRAMEWORKS.values() if other.has("models"))
        raise InvalidValue(f"the example networks are not made in {name}; give one of {', '.join(others)}")
    home.load()
    return home.models.build


def _sets() -> Any:
    if find_spec("sklearn") is None:
        raise NotInstalled(
            "scikit-learn, which has the data, is not installed; install it with: python -m pip install 'thalweg[data]'"
        )
    return import_module("sklearn.datasets")


def _split(x: np.ndarray, y: np.ndarray, classes: int, source: str, split: Split) -> Data:
    train, test = split({"inputs": x, "targets": y})
    return Data(train["inputs"], train["targets"], test["inputs"], test["targets"], classes, source)

"""The parameters of a Keras model: names, kinds, and which axes have their filters."""

from __future__ import annotations

from typing import Any

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.common.precision import flat_type
from thalweg.frameworks.common.tensors import joined
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.network import Flat

NORMALISATIONS = ("BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization")


def flatten(model: Any, *, state: bool = False) -> Flat:
    """Read a model's parameters into one flat vector, in the order of ``model.trainable_variables``.

    With ``state`` what layers gathered stands behind them.
    """
    dtype = flat_type(types(model)).name
    variables = [*parameters(model), *(gathered(model) if state else [])]
    return joined(keras.ops.cast(variable.value, dtype) for variable in variables)


def state_leaves(model: Any) -> tuple[Leaf, ...]:
    """Describe what layers gathered, in the order of the flat vector; see :mod:`thalweg.geometry.statistics`."""
    shapes = [(variable.path, tuple(map(int, variable.shape))) for variable in gathered(model)]
    return tuple(Leaf(path, shape, "statistic", tuple(range(len(shape)))) for path, shape in shapes)


def gathered(model: Any) -> list[Any]:
    """List the variables in which layers gather numbers in training, as means and variances of normalisation."""
    parameters(model)
    found = [variable for layer in layers_of(model) for variable in layer._non_trainable_variables]
    floating = [variable for variable in found if "float" in str(variable.dtype) and 0 not in variable.shape]
    return list({id(variable): variable for variable in floating}.values())


def leaves_of(model: Any) -> tuple[Leaf, ...]:
    """Describe a model's parameters; they are named by their paths, as Keras has them."""
    holders = {id(variable): layer for layer in layers_of(model) for variable in own_variables(layer)}
    names: dict[str, int] = {}
    leaves = []
    for variable in parameters(model):
        times = names[variable.path] = names.get(variable.path, 0) + 1
        name = variable.path if times == 1 else f"{variable.path}#{times}"
        leaves.append(_leaf(name, holders.get(id(variable)), variable))
    return tuple(leaves)


def parameters(model: Any) -> list[Any]:
    """List the trainable variables; a model that was not built has none yet, which is said."""
    if not model.built:
        raise InvalidValue(
            f"the Keras model {model.name!r} is not built: it has no parameters yet; give it a keras.Input or call "
            "it on some data first"
        )
    return list(model.trainable_variables)


def types(model: Any) -> dict[str, str]:
    """Tell the types of the parameters by their paths."""
    return {variable.path: str(variable.dtype) for variable in parameters(model)}


def layers_of(model: Any) -> list[Any]:
    """List a model and all layers in it, at any depth."""
    return list(model._flatten_layers())  # Keras has no public way to those within layers


def own_variables(layer: Any) -> list[Any]:
    """List the variables of a layer that no layer inside it holds."""
    inner = {id(variable) for other in layers_of(layer)[1:] for variable in other.variables}
    return [variable for variable in layer.variables if id(variable) not in inner]


def _leaf(name: str, layer: Any, variable: Any) -> Leaf:
    """Sort out one variable.

    Of a depthwise kernel (kernel…, input, multiplier) a filter is an input channel with all its outputs: there is
    one output a channel as a rule, and the flat order is that of PyTorch's grouped convolution. What a layer calls its
    bias is one, whatever its axes: (head, feature) of attention, (2, unit) of a GRU.
    """
    shape = tuple(map(int, variable.shape))
    rank = len(shape)
    kinds = {kind.__name__ for kind in type(layer).__mro__}
    kernel = tuple(range(rank - 2))
    if not kinds.isdisjoint(NORMALISATIONS):
        return Leaf(name, shape, "norm", tuple(range(rank)))
    if rank < 2 or variable.name == "bias":
        return Leaf(name, shape, "bias", tuple(range(rank)))
    if "Embedding" in kinds:
        return Leaf(name, shape, "weight", tuple(range(rank)))
    if "EinsumDense" in kinds and variable.name == "kernel":
        return _einsum(name, shape, layer.equation)
    turned = "BaseConvTranspose" in kinds or "BaseDepthwiseConv" in kinds or variable.name == "depthwise_kernel"
    return Leaf(name, shape, "weight", (rank - 2, rank - 1, *kernel) if turned else (rank - 1, rank - 2, *kernel))


def _einsum(name: str, shape: tuple[int, ...], equation: str) -> Leaf:
    """Describe a kernel of a product over named axes: its outputs are the axes that the product keeps."""
    own, _, kept = equation.partition(",")[2].partition("->")
    axes = [axis for axis, letter in enumerate(own.strip()) if letter in kept]
    others = [axis for axis in range(len(shape)) if axis not in axes]
    return Leaf(name, shape, "weight", (*axes, *others), outputs=max(len(axes), 1))

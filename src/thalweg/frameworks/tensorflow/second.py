"""Second derivatives that TensorFlow lacks or has wrong, put in while we trace.

- ``tf.nn.moments`` takes the mean out of the derivative of the variance (``tf.stop_gradient``): that of the sum of
  squares by the mean is zero there, so the first derivative is right; but its own derivative is not zero, so the second
  is wrong, by a tenth and more. Layers for normalisation use it, Keras' too. Ours has the same values to the bit.
- Bilinear resizing counts its gradient as no function of anything, so what lies below it has no curvature; other
  resizing has no second derivative at all. Resizing is linear: the derivative of its gradient is resizing itself.
- ``softsign`` has none.

TensorFlow looks gradients up by the name of an operation when it traces, in one table for all; so they stand there for
as long as we trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from thalweg.frameworks.common.installed import tensorflow as tf


@contextmanager
def second_derivatives() -> Iterator[None]:
    """Put in what TensorFlow lacks, and take it out again.

    All its public names for moments look up one function when they are called; that of version 1 is this function.
    """
    inside: Any = import_module("tensorflow.python.ops.nn_impl")
    old = tf.compat.v1.nn
    table = import_module("tensorflow.python.framework.ops").gradient_registry._registry
    own, kept = inside.moments, {name: table[name] for name in GRADIENTS if name in table}
    try:
        inside.moments = old.moments = moments
        table |= {name: {"type": gradient, "location": None} for name, gradient in GRADIENTS.items()}
        yield
    finally:
        inside.moments = old.moments = own
        for name in GRADIENTS:
            table.pop(name, None)
        table |= kept


def moments(
    x: Any, axes: Any, shift: Any = None, name: Any = None, keep_dims: Any = None, keepdims: Any = None
) -> tuple[Any, Any]:
    """Compute mean and variance as ``tf.nn.moments`` does, with all derivatives.

    As there, ``shift`` has no meaning, and numbers of type float16 are summed in 32 bits.
    """
    del shift
    with tf.name_scope(name or "moments"):
        x = tf.convert_to_tensor(x)
        fine = tf.cast(x, tf.float32) if x.dtype == tf.float16 else x
        mean = tf.reduce_mean(fine, axes, keepdims=True)
        variance = tf.reduce_mean(tf.math.squared_difference(fine, mean), axes, keepdims=True)
        if not (keep_dims or keepdims):
            mean, variance = tf.squeeze(mean, axes), tf.squeeze(variance, axes)
        return tf.cast(mean, x.dtype), tf.cast(variance, x.dtype)


def stale_moments(graph: Any) -> bool:
    """Tell whether a graph, or one that it calls, still has TensorFlow's own moments in it."""
    definition = graph.as_graph_def()
    return any(
        "Mean" in _kinds(nodes, stop)
        for nodes in (definition.node, *(function.node_def for function in definition.library.function))
        for square in nodes
        if square.op == "SquaredDifference"
        for stop in (node for node in nodes if node.name in _inputs(square) and node.op == "StopGradient")
    )


def _inputs(node: Any) -> set[str]:
    return {name.partition(":")[0] for name in node.input}


def _kinds(nodes: Any, of: Any) -> set[str]:
    """List what operations give the inputs of one."""
    return {node.op for node in nodes if node.name in _inputs(of)}


def _resized(resize: Callable[..., Any]) -> Callable[[Any, Any], list[Any]]:
    """Make the gradient of the gradient of a way of resizing: its inputs are a gradient and what only has a size."""

    def gradient(op: Any, slope: Any) -> list[Any]:
        settings = {key: op.get_attr(key) for key in ("align_corners", "half_pixel_centers")}
        again = resize(images=slope, size=tf.shape(op.inputs[0])[1:3], **settings)
        return [tf.cast(again, op.inputs[0].dtype), None]

    return gradient


def _bilinear(op: Any, slope: Any) -> list[Any]:
    """Give the gradient of bilinear resizing, with its own; what is looked up for that is not given the size."""
    image, size = op.inputs[0], tf.shape(slope)[1:3]
    settings = {key: op.get_attr(key) for key in ("align_corners", "half_pixel_centers")}

    @tf.custom_gradient
    def back(slope: Any) -> tuple[Any, Callable[[Any], Any]]:
        given = tf.raw_ops.ResizeBilinearGrad(grads=slope, original_image=image, **settings)
        return given, lambda again: tf.raw_ops.ResizeBilinear(images=again, size=size, **settings)

    return [back(slope), None]


def _scaled(op: Any, slope: Any) -> list[Any]:
    """Give the gradient of the gradient of resizing with wider kernels."""
    first, _, scale, translation = op.inputs
    settings = {"kernel_type": op.get_attr("kernel_type").decode(), "antialias": op.get_attr("antialias")}
    size = tf.shape(first)[1:3]
    again = tf.raw_ops.ScaleAndTranslate(images=slope, size=size, scale=scale, translation=translation, **settings)
    return [again, None, None, None]


def _softsign(op: Any, slope: Any) -> list[Any]:
    """Give the gradient of ``first / (1 + |x|)²``."""
    first, x = op.inputs
    away = 1 + tf.abs(x)
    return [slope / away**2, -2 * slope * first * tf.sign(x) / away**3]


GRADIENTS: dict[str, Callable[..., list[Any]]] = {
    "ResizeBilinear": _bilinear,
    "ResizeBicubicGrad": _resized(tf.raw_ops.ResizeBicubic),
    "ResizeNearestNeighborGrad": _resized(tf.raw_ops.ResizeNearestNeighbor),
    "ScaleAndTranslateGrad": _scaled,
    "SoftsignGrad": _softsign,
}
"""Of resizing, and of operations that are themselves gradients, by name."""

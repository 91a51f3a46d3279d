"""Checkpoints of TensorFlow: only tensors are read from them, no graph."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidData
from thalweg.frameworks.common import arrays
from thalweg.frameworks.common.installed import tensorflow as tf
from thalweg.frameworks.tensorflow.network import names_of_others
from thalweg.geometry.network import Flat, Network

OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"
"""The entry of a checkpoint that tells which attributes lead to which variable."""


def read(network: Network, path: Path) -> Flat:
    """Read what ``tf.train.Checkpoint(module)`` or ``tf.train.Checkpoint(name=module)`` wrote.

    Parameters
    ----------
    path : the prefix that ``write`` or ``save`` returned, or its ``.index``; or a folder, of which the latest is taken

    Raises
    ------
    InvalidData
        If it cannot be read, or is of another model.
    """
    if path.suffix in arrays.ENDINGS:
        return arrays.named(network.leaves, path)
    prefix = tf.train.latest_checkpoint(str(path)) if path.is_dir() else str(path).removesuffix(".index")
    if prefix is None:
        raise InvalidData(f"{path} is a folder without a checkpoint of TensorFlow; give the prefix of one")
    try:
        reader = tf.train.load_checkpoint(prefix)
        tensors = _tensors(reader, [leaf.name for leaf in network.leaves], frozenset(names_of_others(network.model)))
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise arrays.unreadable(path, error, "give the prefix of a TensorFlow checkpoint") from None
    return arrays.flat(network.leaves, tensors, path)


def _tensors(reader: Any, names: list[str], others: frozenset[str]) -> dict[str, np.ndarray]:
    """Read the variables at some paths of attributes, and those beside them that have none of these paths.

    A variable that several attributes hold is saved once, under any of its paths; hence the walk along attributes.
    """
    if not reader.has_tensor(OBJECTS):
        raise ValueError("it was not written by tf.train.Checkpoint")
    proto = import_module("tensorflow.core.protobuf.trackable_object_graph_pb2")
    nodes = proto.TrackableObjectGraph.FromString(reader.get_tensor(OBJECTS)).nodes
    # the module itself was saved, or it was given a name, and stands beside an optimiser and counters
    roots = [0, *(child.node_id for child in nodes[0].children)]
    root = max(roots, key=lambda start: sum(_key(nodes, start, name) is not None for name in names))
    keys = {name: key for name in names if (key := _key(nodes, root, name)) is not None}
    tensors = {name: np.asarray(reader.get_tensor(key)) for name, key in keys.items()}
    known = set(keys.values()) | {_key(nodes, root, name) for name in others}
    firsts = {name.partition("/")[0] for name in (*names, *others)}
    for name, key in _reached(nodes, root):
        # what was saved beside a module's own attributes may be a counter or an optimiser, which is not for us to judge
        if key not in known and (root or name.partition("/")[0] in firsts):
            tensors[name] = np.asarray(reader.get_tensor(key))
    return tensors


def _key(nodes: Any, start: int, name: str) -> str | None:
    """Walk along attributes to a variable's key; None where the path leads to none."""
    place = start
    for part in name.split("/"):
        steps = [child.node_id for child in nodes[place].children if child.local_name == part]
        if not steps:
            return None
        place = steps[0]
    return next((attribute.checkpoint_key for attribute in nodes[place].attributes), None)


def _reached(nodes: Any, start: int) -> Iterable[tuple[str, str]]:
    """Go through all variables below an object: a path to each, and its key."""
    visited, waiting = {start}, [(start, "")]
    while waiting:
        place, path = waiting.pop(0)
        for attribute in nodes[place].attributes:
            yield path, attribute.checkpoint_key
        for child in nodes[place].children:
            if child.node_id not in visited:
                visited.add(child.node_id)
                waiting.append((child.node_id, f"{path}/{child.local_name}".removeprefix("/")))

"""The verb ``read_checkpoint``: saved parameters of a network, read without executing anything."""

from __future__ import annotations

from pathlib import Path

from thalweg.base.border import public
from thalweg.base.errors import InvalidData
from thalweg.frameworks.catalogue import framework
from thalweg.geometry.network import Flat, Network
from thalweg.store.recording import open_recording


@public
def read_checkpoint(network: Network, path: str | Path) -> Flat:
    """Read a checkpoint of a network as a point of its space.

    Nothing in the file is executed: pickles are read by PyTorch's restricted reader, of an archive only weights.

    Parameters
    ----------
    network : whose parameters they are
    path : ``.npz`` or ``.safetensors`` with arrays named like the network's leaves, for every framework; a recording's
        store, whose end it is; and what the network's framework writes: ``.pt`` and ``.pth`` of PyTorch, ``.keras`` and
        ``.weights.h5`` of Keras, the prefix of a TensorFlow checkpoint

    Returns
    -------
    numpy.ndarray
        (param,), the flat vector in the network's type

    Raises
    ------
    InvalidData
        If it cannot be read, or is of another model.

    Examples
    --------
    >>> import tempfile, jax.numpy as jnp, numpy as np, thalweg as tw
    >>> network = tw.networks.wrap({"w": jnp.ones(3)}, lambda p: jnp.sum(p["w"] ** 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/other.npz", w=np.arange(3.0))
    ...     network.value(read_checkpoint(network, f"{folder}/other.npz"))
    5.0
    """
    path = Path(path)
    try:
        recorded = (path / "zarr.json").is_file()
    except OSError as error:
        raise InvalidData(f"cannot read {path}: {error.strerror}; give a path that can be") from None
    if recorded:
        values = open_recording(path)["params"].values[-1]
        if values.size not in (network.position.size, network.position.size + network.spare):
            raise InvalidData(
                f"{path} records {values.size} parameters and the network has {network.position.size}; "
                "it is a recording of another model, give one of this"
            )
    else:
        values = framework(str(network.facts["framework"])).checkpoint.read(network, path)
    return network.point(values)

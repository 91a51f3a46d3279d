"""The verb ``replace_hessian``: curvature measured by another matrix than the Hessian."""

from __future__ import annotations

from thalweg.base.border import public
from thalweg.geometry.matrices import Matrix, empirical_fisher, gauss_newton
from thalweg.geometry.network import Network


@public
def replace_hessian(network: Network, by: Matrix) -> Network:
    """Let another matrix stand where the Hessian of a network does.

    What comes out is a network of the same losses and gradients. :func:`thalweg.networks.curvature`, :func:`diagonal`,
    ``directions.hessian`` and :attr:`Network.hessian_product` take the other matrix of it.

    ``"gauss_newton"`` is ``Jᵀ (∂²L / ∂z²) J``, of the loss L as a function of the model's outputs z and their Jacobian
    J by the parameters; the Hessian less what bends the outputs. It has no negative eigenvalues where L is convex in
    the outputs. Where L is the mean cross-entropy of logits, or half the mean squared length of a residual, it is the
    Fisher matrix of the model (Martens, section 9). What counts as outputs is what the model returns: of a model that
    ends in a softmax, probabilities. It is known where ``wrap`` was given model and ``loss(outputs, targets)`` apart:
    in PyTorch, Keras and TensorFlow, not with a step of one's own nor in JAX. Losses with penalties are refused.

    ``"empirical_fisher"`` is the uncentred second moment of the gradients of single rows, ``Σ w_i g_i g_iᵀ`` where the
    loss is ``Σ w_i L_i``; of a mean over N rows ``w_i`` is 1 / N. Where a loss is the negative logarithm of a
    probability, as cross-entropy is and half the squared error, this is what goes by the name of the empirical Fisher
    matrix. It is not the Fisher matrix, whose targets are drawn from the model, and no approximation of the Hessian in
    general: both come near it only where the model is right and data are many (Kunstner et al.). Of another loss, or of
    a loss times a number, it is still that second moment, and nothing more.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`; for ``"empirical_fisher"`` with ``rows=1``
    by : ``"gauss_newton"`` or ``"empirical_fisher"``

    Returns
    -------
    Network
        ``matrix`` in its facts, and so in results, names what stands for the Hessian.

    Raises
    ------
    InvalidValue
        If outputs are not known apart from the loss, or are not one array; if the gradient of single rows is not known,
        or all gradients together take more than 4 GB.

    References
    ----------
    F. Kunstner, L. Balles, P. Hennig, "Limitations of the empirical Fisher approximation for natural gradient descent",
    NeurIPS 2019, arXiv:1905.12558. J. Martens, "New insights and perspectives on the natural gradient method", JMLR
    2020, arXiv:1412.1193.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, thalweg as tw
    >>> x = np.array([[1.0, 0.0], [0.0, 3.0]], np.float32)
    >>> mean = tw.networks.wrap(jnp.ones(2), lambda p, x: jnp.mean((x @ p) ** 2) / 2, (x,), rows=1)
    >>> fisher = tw.networks.replace_hessian(mean, "empirical_fisher")
    >>> tw.networks.curvature(fisher, count=2)["eigenvalues"].values.round(2).tolist()  # 9² / 2 and 1² / 2
    [40.5, 0.5]
    """
    return gauss_newton(network) if by == "gauss_newton" else empirical_fisher(network)

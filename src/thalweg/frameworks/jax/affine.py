"""What of a network is affine in the coordinates of a slice is made once a plane, not once a point.

On a slice the parameters are ``origin + Σ coordinate_i direction_i``. Whatever a loss computes linearly from
parameters and fixed data, such as the pre-activations ``x @ w + b`` of a first layer, is then affine in the
coordinates too: ``z_0 + Σ coordinate_i z_i``. The components ``z_i`` are products made once, one for the origin and
one a direction; a point costs only their sum, and whatever comes behind the first nonlinearity.

**How.** A binding-time analysis, as partial evaluators make (Jones et al. 1993), with three times instead of two. In
one pass over the traced loss every variable is *known* (of data alone), *affine* (linear in parameters, other operands
known) or computed at each *point*. ``JOINT`` and ``BILINEAR`` list the operations through which affine values stay
affine. Known and affine equations are run once, the latter on each component by itself (:func:`make`); of a sum ``x @
w + 1`` the known term belongs to the origin's component alone, and is zero in the others. What is left is run at a
point (:func:`finish`). Cheap operations, such as broadcasting a bias over all rows, are rather repeated than read from
memory, which would be the slower.

**Why so.** ``jax.linearize`` at the origin would give the components as well, but it linearises what is not linear,
and does not say where linearity ends. To look for layers by their names or shapes would tie the code to one library of
layers; a traced program is the same whoever wrote the network.

**What would break it.** An operation in the lists that is not linear: results would be wrong without a sound, XX
Components that are infinite (``inf - inf`` is no number) or larger than ``MOST`` bytes: the network is then evaluated
plainly. A name that JAX changes costs speed only: what is not listed is computed at every point.

References
----------
H. Li, Z. Xu, G. Taylor, C. Studer and T. Goldstein, "Visualizing the loss landscape of neural nets", 2018,
arXiv:1712.09913 (slices). N. D. Jones, C. K. Gomard and P. Sestoft, *Partial evaluation and automatic program
generation*, 1993 (binding times). R. Frostig et al., "Decomposing reverse-mode automatic differentiation", 2021,
arXiv:2105.09469 (linear programs by partial evaluation, in JAX).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import jax.numpy as jnp

from thalweg.base.jaxprs import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, Var, bind, read, shaped, variables

MOST = 2**30
"""Bytes of what is made once at most; beyond it the network is evaluated plainly."""

SHORT = 32
"""Terms of a product's sums below which it is as quick made anew as its components are read."""

JOINT: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(("add", "sub", "add_any", "neg", "reduce_sum", "cumsum", "reduce_window_sum")),
    **dict.fromkeys(("reshape", "transpose", "broadcast_in_dim", "squeeze", "expand_dims", "slice", "rev", "split")),
    **dict.fromkeys(("concatenate", "pad", "copy", "copy_p", "stop_gradient", "convert_element_type")),
    "div": (0,),
    "dynamic_slice": (0,),
    "gather": (0,),
    "dynamic_update_slice": (0, 1),
    "scatter-add": (0, 2),
    "scatter_add": (0, 2),
}
"""Operations that are linear in some of their operands together, all of them where None; the others are to be known."""

BILINEAR = ("mul", "dot_general", "conv_general_dilated")
"""Operations that are linear in either operand."""

CHEAP = ("broadcast_in_dim", "reshape", "squeeze", "expand_dims", "iota")
"""Operations that are quicker done anew than read from memory."""

Values = dict[Any, Any]
"""Arrays by variable."""


@dataclass(frozen=True, eq=False)
class Staged:
    """A loss in two stages: what is made once a plane, and what remains at a point.

    Attributes
    ----------
    program : the loss as a program of parameter arrays and data
    parameters : how many of its inputs are parameter arrays
    early : equations that are run once; with those of affine outputs the operands that they are linear in
    late : equations that are run at every point
    affine_needed, known_needed : variables that are made early and read late
    """

    program: ClosedJaxpr
    parameters: int
    early: list[tuple[JaxprEqn, tuple[int, ...]]]
    late: list[JaxprEqn]
    affine_needed: list[Var]
    known_needed: list[Var]

    def size(self, directions: int) -> int:
        """How many bytes are made once."""
        inputs = set(self.program.jaxpr.invars)
        several = [var for var in self.affine_needed if var not in inputs]
        return (1 + directions) * sum(map(_bytes, several)) + sum(map(_bytes, self.known_needed))

    @property
    def affine_results(self) -> list[str]:
        """The operations whose affine results are read at every point, and their shapes, in words."""
        makers = {var: equation.primitive.name for equation, _ in self.early for var in equation.outvars}
        return [f"{makers[var]} {shaped(var).shape}" for var in self.affine_needed if var in makers]


def split(program: ClosedJaxpr, parameters: int) -> Staged:
    """Find what of a program is affine in its first so many inputs, given that these are affine in the coordinates."""
    jaxpr = program.jaxpr
    known = {*jaxpr.constvars, *jaxpr.invars[parameters:]}
    affine = set(jaxpr.invars[:parameters])
    early: list[tuple[JaxprEqn, tuple[int, ...]]] = []
    late: list[JaxprEqn] = []
    for equation in jaxpr.eqns:
        states = [isinstance(var, Literal) or var in known for var in equation.invars]
        of_affine = [not isinstance(var, Literal) and var in affine for var in equation.invars]
        if all(states) and not equation.effects:
            known.update(equation.outvars)
            early.append((equation, ()))
        elif all(map(any, zip(states, of_affine, strict=True))) and (operands := _linear_in(equation, of_affine)):
            affine.update(equation.outvars)
            early.append((equation, operands))
        else:
            late.append(equation)
    late, needed = _parted(jaxpr, [equation for equation, _ in early], late)
    affine_needed, known_needed = ([var for var in needed if var in some] for some in (affine, known))
    return Staged(program, parameters, early, late, affine_needed, known_needed)


def make(
    parts: Staged, places: Sequence[Sequence[Any]], data: Sequence[Any]
) -> tuple[list[tuple[Any, ...]], list[Any], Any]:
    """Make what is needed at every point.

    Parameters
    ----------
    parts : the loss
    places : the parameter arrays of the origin, then those of each direction
    data : all other inputs

    Returns
    -------
    The components of each affine variable, the known values, and whether all components are finite
    """
    jaxpr = parts.program.jaxpr
    known: Values = dict(zip(jaxpr.constvars, parts.program.consts, strict=True))
    known.update(zip(jaxpr.invars[parts.parameters :], data, strict=True))
    several: Values = dict(zip(jaxpr.invars, zip(*places, strict=True), strict=False))
    for equation, joint in parts.early:
        if joint:
            _spread(equation, joint, known, several, len(places))
        else:
            inputs = [read(known, var) for var in equation.invars]
            known.update(zip(equation.outvars, bind(equation, inputs), strict=True))
    components = [several[var] for var in parts.affine_needed]
    finite = [jnp.isfinite(component).all() for each in components for component in each]
    return components, [known[var] for var in parts.known_needed], jnp.stack(finite).all() if finite else True


def finish(parts: Staged, coordinates: Any, components: Sequence[tuple[Any, ...]], values: Sequence[Any]) -> Any:
    """Compute the loss at a point from what was made once."""
    known: Values = dict(zip(parts.known_needed, values, strict=True))
    for var, (total, *slopes) in zip(parts.affine_needed, components, strict=True):
        known[var] = combined(coordinates, total, slopes)
    for equation in parts.late:
        inputs = [read(known, var) for var in equation.invars]
        known.update(zip(equation.outvars, bind(equation, inputs), strict=True))
    return read(known, parts.program.jaxpr.outvars[0])


def combined(coordinates: Any, total: Any, slopes: Sequence[Any]) -> Any:
    """Add up components at a point, direction after direction."""
    for number, slope in enumerate(slopes):
        total = total + coordinates[number].astype(total.dtype) * slope
    return total


def _linear_in(equation: JaxprEqn, of_affine: list[bool]) -> tuple[int, ...]:
    """Tell which operands an equation is linear in, among which are all that are affine; none where it is not."""
    name, operands = equation.primitive.name, [number for number, one in enumerate(of_affine) if one]
    if any(shaped(var).dtype not in (jnp.float32, jnp.float64) for var in equation.outvars) or equation.effects:
        return ()
    if name in BILINEAR:
        return tuple(operands) if len(operands) == 1 and not _short(equation) else ()
    if name == "select_n":
        allowed = range(1, len(of_affine))
    elif name in JOINT and not (name == "gather" and equation.params["fill_value"]):
        allowed = JOINT[name] or range(len(of_affine))
    else:
        return ()
    return tuple(allowed) if set(operands) <= set(allowed) else ()


def _short(equation: JaxprEqn) -> bool:
    if equation.primitive.name != "dot_general":
        return False
    (contracted, _), _ = equation.params["dimension_numbers"]
    return prod(shaped(equation.invars[0]).shape[axis] for axis in contracted) < SHORT


def _spread(equation: JaxprEqn, joint: tuple[int, ...], known: Values, several: Values, count: int) -> None:
    """Apply a linear operation to each component; a known term belongs to the origin's alone."""
    results = []
    for component in range(count):
        inputs = []
        for number, var in enumerate(equation.invars):
            if not isinstance(var, Literal) and var in several:
                inputs.append(several[var][component])
            elif number in joint and component:
                inputs.append(jnp.zeros_like(read(known, var)))
            else:
                inputs.append(read(known, var))
        results.append(bind(equation, inputs))
    several.update(zip(equation.outvars, zip(*results, strict=True), strict=True))


def _parted(jaxpr: Jaxpr, early: list[JaxprEqn], late: list[JaxprEqn]) -> tuple[list[JaxprEqn], list[Var]]:
    """Tell which equations remain at a point, the cheap ones that they read among them, and what else they read."""
    makers = {var: equation for equation in early for var in equation.outvars}
    remaining = {id(equation) for equation in late}
    waiting = [var for equation in (*late, jaxpr) for var in _reads(equation)]
    needed: dict[Var, None] = {}
    while waiting:
        var = waiting.pop()
        maker = makers.get(var)
        if maker is None or not _cheap(maker):
            needed[var] = None
        elif id(maker) not in remaining:
            remaining.add(id(maker))
            waiting.extend(_reads(maker))
    made = {var for equation in late for var in equation.outvars}
    return (
        [equation for equation in jaxpr.eqns if id(equation) in remaining],
        [var for var in needed if var not in made],
    )


def _cheap(equation: JaxprEqn) -> bool:
    return equation.primitive.name in CHEAP and _bytes(equation.outvars[0]) >= sum(map(_bytes, _reads(equation)))


def _reads(equation: JaxprEqn | Jaxpr) -> list[Var]:
    """List the variables that an equation reads, or that a program returns."""
    return variables(equation.outvars if isinstance(equation, Jaxpr) else equation.invars)


def _bytes(var: Var) -> int:
    return prod(shaped(var).shape) * shaped(var).dtype.itemsize

"""What each parameter array of a JAX program is: found by what the program does with it.

A pytree has names and shapes, and every library has its own: a dense kernel is (in, out) in Flax and (out, in) in
Equinox, that of an attention layer (in, head, feature), a convolution's bias may be (channel, 1, 1) and a scale
(1, channel). The program knows: an array that enters a product with data is a weight, its axes that are summed over
are inputs and the others number the outputs; the rows of an array that is looked up are its filters; what only
multiplies data is a scale, what is only added to them a bias.

An array is followed through what changes its layout, and through operations with other parameters or with constants
(masks, normalised weights, low-rank products), into the bodies of loops and branches, to where it meets data. Data are
what the loss is given, and all that parameters and constants were mixed in. Where uses disagree, or an array meets an
operation that is not known here, nothing is claimed, and filter-normalised directions ask.

What would break it: data closed over by the loss that meet a parameter elementwise before any product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from thalweg.base.jaxprs import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, shaped
from thalweg.geometry.leaves import Kind, Leaf

NOTHING, CONSTANT, PARAMETERS, DATA = range(4)
"""What a value depends on: nothing but numbers in the program, constants, parameters alone, or data."""

Axes = tuple[tuple[int, ...], ...]
"""For each axis of a value, the axes of a parameter array that it numbers."""

LIKE = frozenset(
    """neg convert_element_type copy copy_p stop_gradient reduce_precision integer_pow square abs sign exp exp2 log
    log1p expm1 tanh logistic sqrt rsqrt sin cos rev slice dynamic_slice pad select_n clamp optimization_barrier
    concatenate sharding_constraint pow max min erf cumsum round floor""".split()  # noqa: SIM905
)
"""Operations after which an axis is what it was before."""

ENDING = ("reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "argmax", "argmin", "is_finite", "sort")
"""Operations of which nothing is followed: norms of weights, and penalties."""


@dataclass
class Uses:
    """What was seen of one array: its filters and inputs as axes, and whether it scales, is added, or is in doubt."""

    axes: frozenset[int]
    filters: set[tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=set)
    scales: bool = False
    added: bool = False
    doubtful: bool = False

    def weigh(self, filters: Iterable[int], inputs: Sequence[int] = ()) -> None:
        """Note filters along some axes; inputs first in an order of their own, then those that are left."""
        chosen = tuple(filters)
        rest = sorted(self.axes - {*chosen, *inputs})
        self.filters.add((chosen, (*inputs, *rest)))


def with_roles(leaves: Sequence[Leaf], program: ClosedJaxpr) -> tuple[Leaf, ...]:
    """Say what arrays are by their uses in a program, whose first inputs they are.

    An array of which the program tells nothing, as it is not used, stays what it was.
    """
    uses = [Uses(frozenset(range(len(leaf.shape)))) for leaf in leaves]
    jaxpr = program.jaxpr
    depends: dict[Any, int] = dict.fromkeys(jaxpr.invars, DATA) | dict.fromkeys(jaxpr.constvars, CONSTANT)
    trails: dict[Any, dict[int, Axes]] = {}
    for number, (var, leaf) in enumerate(zip(jaxpr.invars, leaves, strict=False)):
        depends[var] = PARAMETERS
        trails[var] = {number: tuple((axis,) for axis in range(len(leaf.shape)))}
    _follow(jaxpr, depends, trails, uses)
    found = [_role(leaf, seen) for leaf, seen in zip(leaves, uses, strict=True)]
    weights = {_group(leaf.name) for leaf in found if leaf.kind == "weight"}
    norms = {_group(leaf.name) for leaf in found if leaf.kind == "norm"} - weights
    return tuple(
        replace(leaf, kind="norm") if leaf.kind == "bias" and _group(leaf.name) in norms else leaf for leaf in found
    )


def _role(leaf: Leaf, uses: Uses) -> Leaf:
    axes = tuple(range(len(leaf.shape)))
    if len(axes) > 1 and uses.filters:
        (filters, inputs), *others = uses.filters
        if not others and not uses.doubtful and filters:
            return replace(leaf, kind="weight", order=(*filters, *inputs), outputs=len(filters), known=True)
        return replace(leaf, known=False)
    if len(axes) > 1 and uses.doubtful:
        return replace(leaf, known=False)
    if uses.scales or uses.added:
        kind: Kind = "norm" if uses.scales else "bias"
        return replace(leaf, kind=kind, order=axes, outputs=1)
    return leaf


def _group(name: str) -> str:
    return name.rpartition("/")[0]


def _follow(jaxpr: Jaxpr, depends: dict[Any, int], trails: dict[Any, dict[int, Axes]], uses: list[Uses]) -> None:
    """Go through a program, from what its inputs depend on and the arrays that they are."""
    for equation in jaxpr.eqns:
        kinds = [NOTHING if isinstance(var, Literal) else depends.get(var, CONSTANT) for var in equation.invars]
        made = _mixed(kinds)
        depends.update(dict.fromkeys(equation.outvars, made))
        marked = [(k, trails[var]) for k, var in enumerate(equation.invars) if _known(var, trails)]
        if not marked:
            continue
        if (bodies := _bodies(equation)) is not None:
            depends.update(dict.fromkeys(equation.outvars, DATA))
            for body, places in bodies:
                _enter(equation, body, places, kinds, trails, uses)
            continue
        for place, arrays in marked:
            others = _mixed([kind for k, kind in enumerate(kinds) if k != place])
            for number, axes in arrays.items():
                left = _step(equation, place, axes, others, uses[number])
                if left is not None:
                    trails.setdefault(equation.outvars[0], {})[number] = left


def _known(atom: Any, trails: Mapping[Any, dict[int, Axes]]) -> bool:
    return not isinstance(atom, Literal) and atom in trails


def _mixed(kinds: Sequence[int]) -> int:
    """Tell what depends on several: parameters with constants are data, since the loss may close over its data."""
    if DATA in kinds or (PARAMETERS in kinds and CONSTANT in kinds):
        return DATA
    return max(kinds, default=NOTHING)


def _bodies(equation: JaxprEqn) -> list[tuple[ClosedJaxpr, list[tuple[int, int, int]]]] | None:
    """List the programs inside an equation, with their inputs: place within, place without, axes that are scanned."""
    name, params = equation.primitive.name, equation.params
    count = len(equation.invars)
    if name == "scan":
        carried = range(params["num_consts"], params["num_consts"] + params["num_carry"])
        places = [(k, k, int(k >= carried.stop)) for k in range(count) if k not in carried]
        return [(params["jaxpr"], places)]
    if name == "while":
        first = params["cond_nconsts"]
        return [(params["body_jaxpr"], [(k, first + k, 0) for k in range(params["body_nconsts"])])]
    if name == "cond":
        return [(branch, [(k - 1, k, 0) for k in range(1, count)]) for branch in params["branches"]]
    return None


def _enter(
    equation: JaxprEqn,
    body: ClosedJaxpr,
    places: list[tuple[int, int, int]],
    kinds: Sequence[int],
    trails: dict[Any, dict[int, Axes]],
    uses: list[Uses],
) -> None:
    """Follow arrays into a body; what is carried from turn to turn counts as data."""
    inner: dict[Any, int] = dict.fromkeys(body.jaxpr.invars, DATA) | dict.fromkeys(body.jaxpr.constvars, CONSTANT)
    paths: dict[Any, dict[int, Axes]] = {}
    for within, without, scanned in places:
        var, outer = body.jaxpr.invars[within], equation.invars[without]
        inner[var] = kinds[without]
        if _known(outer, trails):
            paths[var] = {number: axes[scanned:] for number, axes in trails[outer].items()}
    _follow(body.jaxpr, inner, paths, uses)


def _step(equation: JaxprEqn, place: int, axes: Axes, others: int, uses: Uses) -> Axes | None:
    """Follow an array through an operation; gives the axes of the result, None where it ends here."""
    name, params = equation.primitive.name, equation.params
    if name == "transpose":
        return tuple(axes[axis] for axis in params["permutation"])
    if name in ("reshape", "broadcast_in_dim", "squeeze", "expand_dims"):
        return _reshaped(equation, axes)
    if name == "dot_general":
        return _product(equation, place, axes, others, uses)
    if name == "conv_general_dilated":
        spec = params["dimension_numbers"].rhs_spec
        if place == 1 and all(len(axes[axis]) == 1 for axis in spec):
            out, *inputs = (axes[axis][0] for axis in spec)
            uses.weigh(sorted(uses.axes - {*inputs} | {out}), inputs)
        else:
            uses.doubtful = True
        return None
    if (name == "gather" and place == 0) or (name == "dynamic_slice" and others == DATA):
        shape = shaped(equation.invars[0]).shape
        looked = [dim for dim, size in enumerate(params["slice_sizes"]) if size < shape[dim]]
        uses.weigh(sorted({axis for dim in looked for axis in axes[dim]}))
        return None
    if name in ("mul", "div", "add", "sub", "add_any"):
        if others == DATA:
            uses.scales |= name in ("mul", "div")
            uses.added |= name not in ("mul", "div")
            return None
        return axes
    if name in LIKE:
        if others == DATA:
            uses.doubtful |= name != "select_n"
            return None if name != "select_n" else axes
        return axes
    if name not in ENDING and not name.startswith("reduce"):
        uses.doubtful = True
    return None


def _product(equation: JaxprEqn, place: int, axes: Axes, others: int, uses: Uses) -> Axes | None:
    """Note a product with data, or follow one with other parameters alone."""
    contracted, batch = (sides[place] for sides in equation.params["dimension_numbers"])
    if others == PARAMETERS:
        other = shaped(equation.invars[1 - place]).shape
        summed, _ = equation.params["dimension_numbers"]
        free = [axes[dim] for dim in range(len(axes)) if dim not in (*contracted, *batch)]
        new: list[tuple[int, ...]] = [()] * (len(other) - len(summed[1 - place]) - len(batch))
        return (*(axes[dim] for dim in batch), *((*free, *new) if place == 0 else (*new, *free)))
    summed_over = {axis for dim in contracted for axis in axes[dim]}
    kept = {axis for dim in range(len(axes)) if dim not in contracted for axis in axes[dim]}
    if summed_over & kept:
        uses.doubtful = True
    elif summed_over:
        uses.weigh(sorted(uses.axes - summed_over))
    elif uses.axes - kept:  # the other axes were summed over before, with other parameters
        uses.weigh(sorted(kept))
    else:
        uses.scales = True
    return None


def _reshaped(equation: JaxprEqn, axes: Axes) -> Axes:
    """Find which axes of an array those of another shape number; one that is cut counts in each of its parts."""
    before, after = shaped(equation.invars[0]).shape, shaped(equation.outvars[0]).shape
    if equation.primitive.name == "broadcast_in_dim":
        made: list[tuple[int, ...]] = [()] * len(after)
        for dim, target in enumerate(equation.params["broadcast_dimensions"]):
            made[target] = axes[dim]
        return tuple(made)
    result: list[tuple[int, ...]] = []
    left = [(size, number) for size, number in zip(before, axes, strict=True) if size != 1]
    taken = given = 1
    held: tuple[int, ...] = ()
    for size in after:
        if size == 1:
            result.append(())
            continue
        given *= size
        while taken < given:
            step, number = left.pop(0)
            taken, held = taken * step, (*held, *number)
        result.append(held)
        held = held[-1:] if taken > given else ()
        if taken == given:
            taken = given = 1
    return tuple(result)

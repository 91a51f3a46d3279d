"""Lowest paths between minima, and the passes on them: the climbing-image nudged elastic band.

A band is a chain of images from one minimum to another. Each image slides down across the path; springs along the path
keep the images evenly apart; the highest image climbs along the path to the pass. Without the split into across and
along, the springs would cut corners and the slope would pull all images down into the minima. All bands move at once,
in lengths of the axes, by the fast inertial relaxation engine, which needs no line search for the worst band to set.

Newton's method then takes the climbing image onto the pass. Where a band has not come to rest (``converged``) the pass
lies no higher than the highest place on its path all the same.
What would break it: a straight first path on an axis of symmetry, which rests on a summit (``BOW`` bends it); climbing
from the first step, while another image may yet be the highest (``WARM``); steps as long as the gradient beside a cusp
asks for (``STRIDE``); a third minimum between the two, for then the path's one summit is but the higher of two passes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Integer

from thalweg.base.checks import whole
from thalweg.base.compiling import compiled
from thalweg.descent import mean
from thalweg.problems.domain import Domain, inward
from thalweg.valleys import lanes
from thalweg.valleys.starts import summit
from thalweg.valleys.starts.flow import bounds

BATCH = 256
"""Bands that move at once at most."""

IMAGES = 17
"""Usual images of a band, both ends included; odd, so that the middle of a symmetric path is one."""

STEPS = 3000
"""Steps of a band at most."""

TOLERANCE = 1e-3
"""A band rests when no force across it exceeds this share of its rise over its length."""

WARM = 50
"""Steps before the highest image begins to climb: until then it may be another."""

SPRING = 4.0
"""Stiffness of the springs, in units of the band's rise over its squared length."""

STRIDE = 0.1
"""Longest move of an image in one step, in mean distances between images: gradients at a cusp have no bound."""

BOW = 0.02
"""How far a straight band is bent at first, as a share of its length: else a symmetric one may rest on a summit."""


class Bands(NamedTuple):
    """Paths between pairs of minima.

    Attributes
    ----------
    path : from one end to the other, not wrapped on a circle
    heights : along the path
    height : of the highest place on the path; where it converged, of the pass
    place : where that is; an end of the path where none in between is higher
    force : largest force across the path, in units of the loss per length of an axis
    converged : whether that force, and the gradient at the pass, had become small
    """

    path: Float[np.ndarray, "pair image param"]
    heights: Float[np.ndarray, "pair image"]
    height: Float[np.ndarray, " pair"]
    place: Float[np.ndarray, "pair param"]
    force: Float[np.ndarray, " pair"]
    converged: Bool[np.ndarray, " pair"]


Ends = Float[np.ndarray, "pair 2 param"]

Push = Callable[[Array, Array | bool], tuple[Array, Array, Array]]


class _Motion(NamedTuple):
    """Bands under way; positions and velocities are (param, image, pair), in lengths of the axes."""

    position: Array
    velocity: Array
    stride: Array
    mixing: Array
    downhill: Array
    running: Array
    steps: Array


def ends(
    positions: Float[np.ndarray, "minimum param"],
    between: Integer[np.ndarray, "pair 2"],
    domain: Domain,
    turns: Integer[np.ndarray, "pair param"] | None = None,
) -> Ends:
    """Lay out both ends of every band; on a circle the second lies the shortest way round from the first.

    Parameters
    ----------
    positions : of all minima
    between : the two that each band joins
    domain : the axes of the positions
    turns : whole turns to add to the shortest way, 0 by default and on a bounded axis
    """
    first = positions[between[:, 0]]
    way = domain.difference(positions[between[:, 1]], first)
    if turns is not None:
        way = way + np.where(domain.periodic, turns * domain.lengths, 0.0)
    return np.stack([first, first + way], axis=1)


def relax(
    example: mean.Example,
    columns: mean.Columns,
    *,
    domain: Domain,
    ends: Ends,
    images: int = IMAGES,
    steps: int = STEPS,
) -> Bands:
    """Relax straight bands into lowest paths, in 64 bits.

    Each band is computed as if it were alone. Where a band has not converged its path is a path all the same, looked
    at between its images too: the pass lies no higher than the highest place on it, up to what lies between.

    Parameters
    ----------
    example, columns : the objective as the mean of ``example(params, *columns)``
    domain : its axes; no image leaves a bounded one
    ends : of every band, as :func:`ends` lays them out
    images : of a band, both ends included; at least 5
    steps : of a band at most

    Raises
    ------
    InvalidValue
        If there are too few images or steps.

    References
    ----------
    G. Henkelman, B. P. Uberuaga, H. Jónsson, "A climbing image nudged elastic band method for finding saddle points
    and minimum energy paths", The Journal of Chemical Physics 113, 9901–9904, 2000, doi:10.1063/1.1329672.
    G. Henkelman, H. Jónsson, "Improved tangent estimate in the nudged elastic band method", The Journal of Chemical
    Physics 113, 9978–9985, 2000, doi:10.1063/1.1323224.
    E. Bitzek, P. Koskinen, F. Gähler, M. Moseler, P. Gumbsch, "Structural relaxation made simple", Physical Review
    Letters 97, 170201, 2006, doi:10.1103/PhysRevLett.97.170201.
    """
    whole("images", images, at_least=5)
    # In one parameter the straight path is the only one.
    steps = whole("steps", steps, at_least=1) if len(domain) > 1 else 1
    start = _bow(ends / domain.lengths, images) * domain.lengths
    program = partial(_program, box=bounds(domain), example=example, steps=steps)
    width = mean.width_for(len(ends), BATCH, fewest=0)
    path, heights, force, rest = lanes.run(program, columns, start, width=width, what="relaxing")
    unknown = Bands(path, heights, heights[:, 0], path[:, 0], force, force <= rest)
    return _summits(example, columns, domain, unknown, rest)


def _bow(ends: np.ndarray, images: int) -> np.ndarray:
    """Lay out bands (pair, image, param) that are slightly bent, all in one direction that no symmetry prefers."""
    share = np.linspace(0, 1, images)[:, None]
    way = ends[:, 1:] - ends[:, :1]
    span = np.sqrt(np.sum(way**2, axis=-1, keepdims=True))
    along = way / np.where(span > 0, span, 1)
    side = np.cos(np.arange(1.0, ends.shape[-1] + 1) ** 2)
    side = side - np.sum(side * along, axis=-1, keepdims=True) * along
    size = np.sqrt(np.sum(side**2, axis=-1, keepdims=True))
    side = np.where(size > 1e-6, side / np.where(size > 0, size, 1), 0)
    return ends[:, :1] + share * way + BOW * span * np.sin(np.pi * share) * side


def _summits(example: mean.Example, columns: mean.Columns, domain: Domain, bands: Bands, rest: np.ndarray) -> Bands:
    """Find the highest place on every path and, where it is a pass, take it there."""
    quiet = bands.force <= rest
    top = np.argmax(bands.heights, axis=1)
    rows = np.arange(len(top))
    height, place = bands.heights[rows, top], bands.path[rows, top]
    loose = ~quiet | (top == 0) | (top == bands.heights.shape[1] - 1) | (len(domain) == 1)
    if loose.any():
        height[loose], place[loose] = summit.highest(example, columns, bands.path[loose])
    span = np.linalg.norm((bands.path[:, -1] - bands.path[:, 0]) / domain.lengths, axis=1)
    summits = summit.polish(example, columns, domain=domain, places=place, reach=span / (bands.heights.shape[1] - 1))
    inside = height > np.maximum(bands.heights[:, 0], bands.heights[:, -1])
    at_pass = inside & summits.is_pass & (summits.slope <= rest)
    better = at_pass & (quiet | (summits.height <= height))
    return bands._replace(
        height=np.where(better, summits.height, height),
        place=np.where(better[:, None], summits.place, place),
        force=np.where(inside, np.maximum(bands.force, summits.slope), bands.force),
        converged=quiet & (at_pass | ~inside),
    )


@compiled("example", "steps")
def _program(columns, path, box, example, steps):
    low, high, length = box
    path = jnp.swapaxes(path, 0, 1)
    unit, low, high = length[:, None], low / length, high / length

    def measure(position: Array) -> tuple[Array, Array]:
        """Heights (image, pair) and gradients, 0 where they are not finite, in lengths of the axes."""
        flat = (position * unit).reshape(position.shape[0], -1)
        height, gradient = mean.value_and_gradient(example, flat, columns)
        gradient = gradient.reshape(position.shape) * unit
        height = height.reshape(position.shape[1:])
        gradient = jnp.where(inward(position, gradient, low[:, None], high[:, None]), gradient, 0)
        return jnp.where(jnp.isfinite(height), height, jnp.inf), jnp.where(jnp.isfinite(gradient), gradient, 0)

    def push(position: Array, climb: Array | bool) -> tuple[Array, Array, Array]:
        height, gradient = measure(position)
        force, across = _force(position, height, gradient, spring, climb)
        return force, across, TOLERANCE * _slope(height, span)

    position = jnp.clip(path / unit, low[:, None], high[:, None])
    span = jnp.sqrt(jnp.sum((position[:, -1] - position[:, 0]) ** 2, axis=0))
    span = jnp.where(span > 0, span, 1)
    reach = span / (position.shape[1] - 1)
    spring = SPRING * _slope(measure(position)[0], span) / span
    position = _fire(push, position, reach, (low[:, None], high[:, None]), steps)
    _, force, rest = push(position, False)
    return jnp.swapaxes(position * unit, 0, 1), measure(position)[0], force, rest


def _slope(height: Array, span: Array) -> Array:
    """Rise over length of a band, and a rounding more where it is flat; places that are not finite do not count."""
    height = jnp.where(jnp.isfinite(height), height, jnp.nan)
    rise = jnp.nanmax(height, axis=0) - jnp.nanmin(height, axis=0)
    return (rise + 1e-12 * jnp.nanmax(jnp.abs(height), axis=0)) / span


def _fire(push: Push, position: Array, spacing: Array, box: tuple[Array, Array], steps: int) -> Array:
    """Move all bands until their forces are small."""

    def more(motion: _Motion) -> Array:
        return jnp.any(motion.running)

    def step(motion: _Motion) -> _Motion:
        force, across, rest = push(motion.position, motion.steps >= WARM)
        running = motion.running & (motion.steps < steps) & ~((across <= rest) & (motion.steps > WARM))
        power = jnp.sum(force * motion.velocity, axis=(0, 1))
        speed = jnp.sqrt(jnp.sum(motion.velocity**2, axis=(0, 1)))
        strength = jnp.sqrt(jnp.sum(force**2, axis=(0, 1)))
        down = power > 0
        downhill = jnp.where(down, motion.downhill + 1, 0)
        fast = downhill > 5
        stride = jnp.where(down, jnp.where(fast, motion.stride * 1.1, motion.stride), motion.stride * 0.5)
        steer = motion.mixing * speed / jnp.where(strength > 0, strength, 1)
        velocity = jnp.where(down, (1 - motion.mixing) * motion.velocity + steer * force, 0) + stride * force
        mixing = jnp.where(down, jnp.where(fast, motion.mixing * 0.99, motion.mixing), 0.1)
        move = stride * velocity
        far = jnp.sqrt(jnp.sum(move**2, axis=0)) / (STRIDE * spacing)
        moved = jnp.clip(motion.position + move / jnp.maximum(far, 1), *box)
        velocity = velocity / jnp.maximum(far, 1)
        new = _Motion(moved, velocity, stride, mixing, downhill, running, motion.steps + running)
        kept = jax.tree.map(lambda after, before: jnp.where(running, after, before), new, motion)
        return kept._replace(running=running)

    force, _, _ = push(position, False)
    largest = jnp.max(jnp.sqrt(jnp.sum(force**2, axis=0)), axis=0)
    stride = jnp.sqrt(0.1 * spacing / jnp.where(largest > 0, largest, 1))
    none = jnp.zeros(stride.shape, jnp.int32)
    mixing = jnp.full_like(stride, 0.1)
    motion = _Motion(position, jnp.zeros_like(position), stride, mixing, none, stride > 0, none)
    return lax.while_loop(more, step, motion).position


def _force(position: Array, height: Array, gradient: Array, spring: Array, climb: Array | bool) -> tuple[Array, Array]:
    """The force on every image, 0 on the ends, and the largest one across each band or on its climbing image."""
    before, after = position[:, 1:-1] - position[:, :-2], position[:, 2:] - position[:, 1:-1]
    lower, here, upper = height[:-2], height[1:-1], height[2:]
    tangent = _tangent(before, after, lower - here, upper - here)
    inner = gradient[:, 1:-1]
    along = jnp.sum(inner * tangent, axis=0) * tangent
    stretch = jnp.sqrt(jnp.sum(after**2, axis=0)) - jnp.sqrt(jnp.sum(before**2, axis=0))
    index = jnp.arange(1, position.shape[1] - 1)[:, None]
    top = climb & (index == jnp.argmax(height, axis=0))
    # The climbing image feels no spring; its force along the path is turned round.
    across = along - inner
    felt = jnp.where(top, across + along, across)
    force = jnp.where(top, felt, across + spring * stretch * tangent)
    return jnp.pad(force, ((0, 0), (1, 1), (0, 0))), jnp.max(jnp.sqrt(jnp.sum(felt**2, axis=0)), axis=0)


def _tangent(before: Array, after: Array, fall: Array, rise: Array) -> Array:
    """Henkelman and Jónsson's tangent: towards the higher neighbour, a weighted mean at the extrema of the path."""
    most, least = jnp.maximum(jnp.abs(fall), jnp.abs(rise)), jnp.minimum(jnp.abs(fall), jnp.abs(rise))
    ahead = jnp.where(rise > fall, most, least)
    behind = jnp.where(rise > fall, least, most)
    mixed = ahead * after + behind * before
    tangent = jnp.where((rise > 0) & (fall < 0), after, jnp.where((rise < 0) & (fall > 0), before, mixed))
    size = jnp.sqrt(jnp.sum(tangent**2, axis=0))
    return tangent / jnp.where(size > 0, size, 1)

"""Why runs part: found by test. A run's own points are replayed under every variant of the update rule.

At each recorded point our gradient is taken in 64 bits, and a variant of the rule says where the next point lies. A
variant that meets all recorded points to rounding is the one that the framework follows. What counts as rounding is
measured: gradients and settings are shaken in their last places, and the replays of these trials part by so much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from thalweg.base.precision import dtype_of
from thalweg.descent.optimizer import AnyOptimizer
from thalweg.frameworks.common.optimizers import Chosen, NoCounterpart, read
from thalweg.frameworks.comparison import variants
from thalweg.frameworks.comparison.evidence import Evidence, gather, residuals
from thalweg.frameworks.comparison.rules import RULES, Ways, replay
from thalweg.losses.objective import Objective

REPLAYED = 400
"""Steps replayed at most, from the start."""

SAFETY = 10
"""Factor on what the shaken replays part by: they are few, and do not find the worst case."""

ROUNDINGS = 16
"""Roundings that the arithmetic of one update may add, in units of the last place of the update."""

TOLD = 0.01
"""A step counts as a test of a rule where rounding explains no more than this share of its length."""


NESTEROV = {("adam", True): "nadam", ("adamw", True): "nadamw", ("nadam", False): "adam", ("nadamw", False): "adamw"}
"""Names of rules that a setting changes into another."""


class Followed(NamedTuple):
    """A variant held against a run: the first step that it does not lead to, or -1, and whether rounding hides all.

    ``rounded`` is what is kept in 32 bits although the run has 64.
    """

    ways: Ways
    missed: int
    hidden: bool
    rounded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Follows:
    """What a run's own points tell about how it was made.

    Attributes
    ----------
    variants : every variant of the rule that was held against them; none where the rule is not known
    precision : the bits that its numbers have
    coarse : whether a rule is followed to the rounding of 32 bits only
    """

    variants: tuple[Followed, ...]
    precision: int
    coarse: bool = False

    @property
    def met(self) -> list[Followed]:
        """The variants that the run follows, those with the fewest roundings first."""
        return [one for one in self.variants if one.missed < 0 and not one.hidden]

    @property
    def ways(self) -> list[Ways]:
        """The ways of these."""
        return [one.ways for one in self.met]

    def missed(self, ways: Ways) -> int:
        """Tell the first step that a variant does not lead to without further rounding, or -1."""
        return next((one.missed for one in self.variants if one.ways == ways and not one.rounded), -1)


class Cause(NamedTuple):
    """Why a run parts from the reference: in a few words and in a sentence; where it first shows, or -1."""

    words: str
    sentence: str
    step: int


class Parted(NamedTuple):
    """What was measured: the first step beyond rounding and the first unequal one, or -1.

    ``amplified`` tells whether the run amplifies rounding, so that runs part far though it alone parts them.
    """

    parts: int
    unequal: int
    amplified: bool = False


def follows(objective: Objective, optimizer: AnyOptimizer, run: xr.Dataset, precision: int) -> Follows:
    """Find the variants of the update rule that a run follows.

    Parameters
    ----------
    objective : what was descended
    optimizer : with which settings; a made transformation does not tell them
    run : over step, with ``params``
    precision : the bits that were asked for
    """
    points = _finite(run)[: REPLAYED + 1]
    found = computed_in(points, precision)
    known = rule_of(optimizer, len(points), precision)
    if known is None or len(points) < 2:
        return Follows((), found)
    evidence = _evidence(objective, known[1], points, found)
    held = _held(known, points, evidence)
    if Follows(held, found).met:
        return Follows(held, found)
    if found == 32:  # the powers of b1 and b2 may have roundings of their own, and that is no rule of its own
        apart = Follows(_held(known, points, evidence, (variants.POWERS,)), found)
        return apart if apart.met else Follows(held, found)
    for rounded in variants.COMBINED:
        more = [one._replace(rounded=rounded) for one in _held(known, points, evidence, rounded)]
        if Follows(tuple(more), found).met:
            return Follows((*held, *more), found)
    # Where a rule is followed to 32 bits only, some part was computed in them.
    short = Follows(_held(known, points, _evidence(objective, known[1], points, 32)), found, coarse=True)
    return short if short.met else Follows(held, found)


def explain(title: str, mine: Follows, reference: Follows, parted: Parted, asked: int) -> Cause:
    """Tell why a framework's run parts from the reference, which follows rules of its own."""
    if parted.unequal < 0:
        return Cause("none: equal to the bit", f"{title}: the reference's numbers, to the bit.", -1)
    if mine.precision != asked:
        words = f"computes in {mine.precision} bits"
        return Cause(words, f"{title}: {words}, where {asked} were asked for.", max(parted.parts, parted.unequal))
    if mine.coarse:
        sentence = f"{title}: follows its rule to the rounding of 32 bits only, where {asked} were asked for."
        return Cause("a part of the update is in 32 bits", sentence, max(parted.parts, parted.unequal))
    own, known = reference.ways, bool(reference.ways and mine.ways)
    if known and all(mine.missed(ways) > 0 for ways in own):
        return _other_rule(title, mine, own[0])
    if parted.parts < 0:
        return _rounding(title, mine, own, parted)
    if known:
        sentence = f"{title}: follows the reference's rule at every step; rounding alone parts them, from step"
        return Cause("rounding, amplified", f"{sentence} {parted.parts} on further than a moved start.", parted.parts)
    why = (
        "no known variant of the update rule follows its run" if mine.variants else "its rule is not among those known"
    )
    return Cause("not known", f"{title}: cause not known; {why}.", parted.parts)


def explain_nonfinite(
    title: str, objective: Objective, run: xr.Dataset, reference: xr.Dataset, precision: int
) -> tuple[Cause, int] | None:
    """Tell why a run leaves the finite numbers earlier than the reference, and how many residuals are zero there.

    A penalty such as ``|r|^(1/2)`` has an infinite slope at r = 0. The plain formula then gives 0 times infinity, which
    is no number, where the reference takes 0. Returns None where the run is finite as long as the reference.
    """
    step, last = len(_finite(run)), len(_finite(reference))
    if step >= last:
        return None
    found = residuals(objective, reference["params"].values[step], dtype_of(precision))
    begin = f"{title}: no longer finite from step {step} on"
    if found is None or not found.nearly:
        near = "" if found is None else "; no residual is zero there"
        return Cause("not finite", f"{begin}, where the reference still is{near}.", step), 0
    exact = f"{found.zero} of {found.examples} residuals {'is' if found.zero == 1 else 'are'} exactly zero there"
    near = f"{found.nearly} of {found.examples} residuals are zero to rounding there"
    why = "the derivative of the plain formula is no number at zero, and the reference takes 0"
    count = found.zero or found.nearly
    sentence = f"{begin}: {exact if found.zero else near}; {why}."
    return Cause("NaN gradient at a residual of 0", sentence, step), count


def rule_of(optimizer: AnyOptimizer, steps: int, precision: int) -> tuple[str, Chosen] | None:
    """Name the rule of an optimiser, with all its settings; None where it is not known."""
    try:
        chosen = read(optimizer, steps, precision)
    except NoCounterpart:
        return None
    kind = NESTEROV.get((chosen.name, bool(chosen.settings.get("nesterov"))), chosen.name)
    return (kind, chosen) if kind in RULES else None


def computed_in(points: np.ndarray, precision: int) -> int:
    """Tell the bits that points were computed in: 32 where all that were moved are numbers of 32 bits."""
    if points.dtype == np.float32:
        return 32
    moved = points[1:][points[1:] != points[:-1]]
    with np.errstate(over="ignore"):  # what 32 bits cannot hold is none of their numbers
        short = len(moved) > 2 and bool((moved == moved.astype(np.float32)).all())
    # Whole numbers and simple fractions are numbers of 32 bits in 64 bits too.
    simple = bool((moved * 2**12 == np.round(moved * 2**12)).all())
    return 32 if short and not simple else precision


def _finite(run: xr.Dataset) -> np.ndarray:
    """Take the points (step, param) up to the first that is not finite."""
    points = run["params"].values
    return points[np.logical_and.accumulate(np.isfinite(points).all(axis=1))]


def _evidence(objective: Objective, chosen: Chosen, points: np.ndarray, bits: int) -> Evidence:
    """Compute the gradients that a run had at its points, clipped where it clips them."""
    evidence = gather(objective, points[:-1], dtype_of(bits))
    if chosen.clip is None:
        return evidence
    norm = np.linalg.norm(evidence.gradients, axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):
        return replace(evidence, gradients=evidence.gradients * np.minimum(1.0, chosen.clip / norm))


def _held(
    known: tuple[str, Chosen], points: np.ndarray, evidence: Evidence, rounded: tuple[str, ...] = ()
) -> tuple[Followed, ...]:
    """Hold every variant against a run's points, some settings rounded to 32 bits."""
    kind, chosen = known
    settings: dict[str, Any] = {**chosen.settings, "rates": chosen.rates}
    for name in rounded:
        settings |= variants.ROUNDINGS[name](settings)
    shaken = _shaken(settings, evidence)
    return tuple(
        _follow(ways, replay(RULES[kind](shaken, ways), evidence.points, evidence.gradients), points, evidence.eps)
        for ways in variants.variants(kind, chosen.settings, scheduled=chosen.scheduled)
    )


def _follow(ways: Ways, led: np.ndarray, points: np.ndarray, eps: float) -> Followed:
    """Compare where a variant leads to, (trial, step, param), with the points that came next."""
    points = points.astype(np.float64)
    step = np.abs(led[0] - points[:-1])
    with np.errstate(invalid="ignore"):
        spread = np.nan_to_num(np.abs(led - led[0]), nan=0.0, posinf=np.inf).max(axis=0)
        allowed = SAFETY * spread + eps * (2 * np.abs(points[:-1]) + 2 * np.abs(points[1:]) + ROUNDINGS * step)
        met = (np.abs(led[0] - points[1:]) <= allowed) | (np.isfinite(led[0]) & ~np.isfinite(allowed))
    missed = np.flatnonzero(~met.all(axis=1))
    return Followed(ways, int(missed[0]) + 1 if len(missed) else -1, not bool((allowed < TOLD * step).any()))


def _shaken(settings: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Give each trial its own settings, rounded otherwise, and the learning rate as a function of the step."""
    shaken: dict[str, Any] = {}
    for k, (name, value) in enumerate(settings.items()):
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        shaken[name] = value * (1 + evidence.eps * evidence.noise[:, k, None]) if numeric else value
    rates, noise = settings["rates"], 1 + evidence.eps * evidence.noise[:, -1, None]
    return shaken | {"rate": lambda step: rates[step] * noise}


def _other_rule(title: str, mine: Follows, own: Ways) -> Cause:
    """Tell in what the nearest of the followed variants differs from the reference's."""
    nearest = min(mine.met, key=lambda one: sum(a != b for a, b in zip(one.ways, own, strict=True)))
    differ = [(a, b) for a, b in zip(nearest.ways, own, strict=True) if a != b]
    rounded = f"{' and '.join(nearest.rounded)} rounded to 32 bits" if nearest.rounded else ""
    words = "; ".join([*(a for a, _ in differ), *[rounded] * bool(rounded)])
    against = f" The reference: {'; '.join(b for _, b in differ)}." * bool(differ)
    step = mine.missed(own)
    return Cause(words, f"{title}: {words}.{against} First seen at step {step}.", step)


def _rounding(title: str, mine: Follows, own: list[Ways], parted: Parted) -> Cause:
    """Tell that only rounding parts them, and what of the rule it hides."""
    grown = ", which the run amplifies" if parted.amplified else ""
    sentence = f"{title}: differs from step {parted.unequal} on, by rounding{grown}."
    other = next((ways for ways in mine.ways if own and ways not in own[:1]), None)
    if other is not None:
        pairs = [(a, b) for a, b in zip(own[0], other, strict=True) if a != b]
        sentence += f" Its run does not tell {pairs[0][0]} from {pairs[0][1]}."
    return Cause("rounding", sentence, parted.unequal)

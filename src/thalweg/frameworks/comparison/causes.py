"""Why runs part: found by test. A run's own points are replayed under every variant of the update rule.

Frameworks that agree on an optimiser's name may differ in where ε stands, what is corrected for bias, whether weight
decay is multiplied by the rate, what is kept in 32 bits. Their sources would tell what one version does, not what a
run did. A recorded run is a list of points. At each our own gradient is taken, in 64 bits. A variant of the rule
(``rules.py``), fed with these gradients, says where the next point must lie. The variant that leads to every recorded
point, to rounding, is the one that the framework follows; the first step at which the reference's variant does not
lead there is where the difference shows. No step is replayed from replayed points, so nothing accumulates but the
optimiser's own memory, and a chaotic run is explained as well as a calm one.

What counts as rounding is measured, not assumed: gradients and settings are shaken in their last places
(``evidence.py``), each trial is replayed, and what the trials part by, times ``SAFETY``, is allowed: Vignes'
stochastic arithmetic, with the update rule as the program under test. A fixed tolerance would fail both ways: Adam
divides by the root of a mean square, so where that is near zero rounding of the gradient moves the update by all its
length, and where it is not, variants differ by less than any tolerance that forgives it. Hence also *hidden*: a
variant is believed only if some step is so much longer than what rounding explains that it tells variants apart.

It would break with a rule that is not in ``rules.py``, with gradients that are not ours (another formula,
mini-batches, noise), and with points that were not recorded at every step. All variants then miss, and the run is said
to have no known cause rather than a wrong one.

References
----------
J. Vignes, "A stochastic arithmetic for reliable scientific computation", 1993, doi:10.1016/0378-4754(93)90003-D.

The file is long because every cause is looked for by a test of its own.
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
from thalweg.frameworks.comparison.evidence import Evidence, gather, residuals
from thalweg.frameworks.comparison.rules import RULES, Trait, Variant, replay
from thalweg.frameworks.comparison.variants import COMBINED, ROUNDINGS, Short, variants
from thalweg.losses.objective import Objective

REPLAYED = 400
"""Steps replayed at most, from the start."""

SAFETY = 10
"""Factor on what the shaken replays part by: they are few, and do not find the worst case."""

ROUNDED = 16
"""Roundings that the arithmetic of one update may add, in units of the last place of the update."""

TELLING = 0.01
"""A step counts as a test of a rule where rounding explains no more than this share of its length."""

NESTEROV = {("adam", True): "nadam", ("adamw", True): "nadamw", ("nadam", False): "adam", ("nadamw", False): "adamw"}
"""Names of rules that a setting changes into another."""


class Match(NamedTuple):
    """A variant matched against a run.

    ``missed`` is the first step that it does not lead to, or -1; ``hidden``, whether rounding explains every step
    whatever the variant; ``rounded``, what is kept in 32 bits although the run has 64.
    """

    variant: Variant
    missed: int
    hidden: bool
    rounded: tuple[Short, ...] = ()


@dataclass(frozen=True)
class Matches:
    """What a run's own points tell about how it was made.

    Attributes
    ----------
    tried : every variant of the rule, matched against them; none where the rule is not known
    precision : the bits that its numbers have
    coarse : whether a rule is followed to the rounding of 32 bits only
    """

    tried: tuple[Match, ...]
    precision: int
    coarse: bool = False

    @property
    def met(self) -> list[Match]:
        """The matches that the run follows, those with the fewest roundings first."""
        return [one for one in self.tried if one.missed < 0 and not one.hidden]

    @property
    def followed(self) -> list[Variant]:
        """The variants that the run follows."""
        return [one.variant for one in self.met]

    def missed(self, variant: Variant) -> int:
        """Tell the first step that a variant does not lead to without further rounding, or -1."""
        return next((one.missed for one in self.tried if one.variant == variant and not one.rounded), -1)


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


def match(objective: Objective, optimizer: AnyOptimizer, run: xr.Dataset, precision: int) -> Matches:
    """Find the variants of the update rule that a run follows.

    Parameters
    ----------
    objective : what was descended
    optimizer : with which settings; a made transformation does not tell them
    run : over step, with ``params``
    precision : the bits that were asked for
    """
    points = _finite(run)[: REPLAYED + 1]
    bits = computed_in(points, precision)
    known = rule_of(optimizer, len(points), precision)
    if known is None or len(points) < 2:
        return Matches((), bits)
    evidence = _evidence(objective, known[1], points, bits)
    plain = Matches(_matched(known, points, evidence), bits)
    if plain.met:
        return plain
    if bits == 32:  # the powers of b1 and b2 may have roundings of their own, and that is no rule of its own
        apart = Matches(_matched(known, points, evidence, (Short.POWERS,)), bits)
        return apart if apart.met else plain
    for rounded in COMBINED:
        more = (one._replace(rounded=rounded) for one in _matched(known, points, evidence, rounded))
        several = Matches((*plain.tried, *more), bits)
        if several.met:
            return several
    # Where a rule is followed to 32 bits only, some part was computed in them.
    coarse = Matches(_matched(known, points, _evidence(objective, known[1], points, 32)), bits, coarse=True)
    return coarse if coarse.met else plain


def explain(title: str, mine: Matches, reference: Matches, parted: Parted, precision: int) -> Cause:
    """Tell why a framework's run parts from the reference, which follows rules of its own."""
    if parted.unequal < 0:
        return Cause("none: equal to the bit", f"{title}: the reference's numbers, to the bit.", -1)
    if mine.precision != precision:
        words = f"computes in {mine.precision} bits"
        return Cause(words, f"{title}: {words}, where {precision} were asked for.", max(parted.parts, parted.unequal))
    if mine.coarse:
        sentence = f"{title}: follows its rule to the rounding of 32 bits only, where {precision} were asked for."
        return Cause("a part of the update is in 32 bits", sentence, max(parted.parts, parted.unequal))
    own, known = reference.followed, bool(reference.followed and mine.followed)
    if known and all(mine.missed(variant) > 0 for variant in own):
        return _other_rule(title, mine, own[0])
    if parted.parts < 0:
        return _rounding(title, mine, own, parted)
    if known:
        sentence = f"{title}: follows the reference's rule at every step; rounding alone parts them, from step"
        return Cause("rounding, amplified", f"{sentence} {parted.parts} on further than a moved start.", parted.parts)
    why = "no known variant of the update rule follows its run" if mine.tried else "its rule is not among those known"
    return Cause("not known", f"{title}: cause not known; {why}.", parted.parts)


def explain_nonfinite(
    title: str, objective: Objective, run: xr.Dataset, reference: xr.Dataset, precision: int
) -> tuple[Cause, int] | None:
    """Tell why a run leaves the finite numbers earlier than the reference, and how many residuals are zero there.

    A penalty such as ``|r|^(1/2)`` has an infinite slope at r = 0. The plain formula then gives 0 times infinity, which
    is no number, where the reference takes 0. Returns None where the run is finite as long as the reference.
    """
    step, last = _sloped(run), _sloped(reference)
    if step >= last:
        return None
    counted = residuals(objective, reference["params"].values[step], dtype_of(precision))
    begin = f"{title}: no finite gradient at step {step}"
    if counted is None or not counted.nearly:
        near = "" if counted is None else "; no residual is zero there"
        return Cause("not finite", f"{begin}, where the reference still is{near}.", step), 0
    exactly = f"{'is' if counted.zero == 1 else 'are'} exactly zero" if counted.zero else "are zero to rounding"
    count = counted.zero or counted.nearly
    why = "the derivative of the plain formula is no number at zero, and the reference takes 0"
    sentence = f"{begin}: {count} of {counted.examples} residuals {exactly} there; {why}."
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


def _sloped(run: xr.Dataset) -> int:
    """Count the steps up to the first from which no finite gradient leads on."""
    length = len(_finite(run))
    slopes = run["grad_norm"].values[:length] if "grad_norm" in run else np.zeros(length)
    return int(np.logical_and.accumulate(np.isfinite(slopes)).sum())


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


def _matched(
    known: tuple[str, Chosen], points: np.ndarray, evidence: Evidence, rounded: tuple[Short, ...] = ()
) -> tuple[Match, ...]:
    """Match every variant against a run's points, some settings rounded to 32 bits."""
    kind, chosen = known
    settings: dict[str, Any] = {**chosen.settings, "rates": chosen.rates}
    for name in rounded:
        settings |= ROUNDINGS[name](settings)
    shaken = _shaken(settings, evidence)
    return tuple(
        _compared(one, replay(RULES[kind](shaken, one), evidence.points, evidence.gradients), points, evidence.eps)
        for one in variants(kind, chosen.settings, scheduled=chosen.scheduled)
    )


def _compared(variant: Variant, led: np.ndarray, points: np.ndarray, eps: float) -> Match:
    """Compare where a variant leads to, (trial, step, param), with the points that came next."""
    points = points.astype(np.float64)
    step = np.abs(led[0] - points[:-1])
    with np.errstate(invalid="ignore"):
        spread = np.nan_to_num(np.abs(led - led[0]), nan=0.0, posinf=np.inf).max(axis=0)
        allowed = SAFETY * spread + eps * (2 * np.abs(points[:-1]) + 2 * np.abs(points[1:]) + ROUNDED * step)
        met = (np.abs(led[0] - points[1:]) <= allowed) | (np.isfinite(led[0]) & ~np.isfinite(allowed))
    missed = np.flatnonzero(~met.all(axis=1))
    return Match(variant, int(missed[0]) + 1 if len(missed) else -1, not bool((allowed < TELLING * step).any()))


def _shaken(settings: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Give each trial its own settings, rounded otherwise, and the learning rate as a function of the step."""
    shaken: dict[str, Any] = {}
    for k, (name, value) in enumerate(settings.items()):
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        shaken[name] = value * (1 + evidence.eps * evidence.noise[:, k, None]) if numeric else value
    rates, noise = settings["rates"], 1 + evidence.eps * evidence.noise[:, -1, None]
    return shaken | {"rate": lambda step: rates[step] * noise}


def _other_rule(title: str, mine: Matches, own: Variant) -> Cause:
    """Tell in what the nearest of the variants that it follows differs from the reference's."""
    nearest = min(mine.met, key=lambda one: len(_apart(one.variant, own)))
    differ = _apart(nearest.variant, own)
    rounded = f"{' and '.join(nearest.rounded)} rounded to 32 bits" if nearest.rounded else ""
    words = "; ".join([*(one for one, _ in differ), *[rounded] * bool(rounded)])
    against = f" The reference: {'; '.join(other for _, other in differ)}." * bool(differ)
    step = mine.missed(own)
    return Cause(words, f"{title}: {words}.{against} First seen at step {step}.", step)


def _rounding(title: str, mine: Matches, own: list[Variant], parted: Parted) -> Cause:
    """Tell that only rounding parts them, and what of the rule it hides."""
    grown = ", which the run amplifies" if parted.amplified else ""
    sentence = f"{title}: differs from step {parted.unequal} on, by rounding{grown}."
    other = next((variant for variant in mine.followed if own and variant not in own[:1]), None)
    if other is not None:
        one, another = _apart(own[0], other)[0]
        sentence += f" Its run does not tell {one} from {another}."
    return Cause("rounding", sentence, parted.unequal)


def _apart(variant: Variant, other: Variant) -> list[tuple[Trait, Trait]]:
    """List the traits in which two variants of a rule differ."""
    return [(one, another) for one, another in zip(variant, other, strict=True) if one != another]

"""Valleys of a fit that are one curve: which they are, and by what symmetry of the model.

The loss tells nothing here: two curves may be equally good. Twins are places with the same residuals, row by row, to
the rounding of both. How one becomes the other is looked for among what models of data have: terms that are exchanged,
signs that turn, phases that go on by half a turn. What is found must be a symmetry of the model, and not of this one
place: it is tried at others too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from thalweg.problems.domain import Domain

SAME = 1e-6
"""Residuals of one curve differ by no more than this share of their size, as minima are found to rounding."""

ROUNDING = 1e-12
"""Or by this share of the measured values, where residuals are hardly more than rounding."""

NEAR = 1e-5
"""Parameters that differ by no more than this share are one."""

TRIED = 3
"""Other places at which a symmetry is tried."""

Residuals = Callable[[Float[np.ndarray, "place param"]], Float[np.ndarray, "place row"]]


def twins(residuals: Float[np.ndarray, "valley row"], scale: float) -> Integer[np.ndarray, " valley"]:
    """Number for each valley the first that has its curve.

    Parameters
    ----------
    residuals : at each valley
    scale : of the measured values, in the residuals' units
    """
    first = np.arange(len(residuals))
    sizes = np.sqrt((residuals**2).mean(axis=1)) if residuals.size else np.zeros(len(residuals))
    for k in range(1, len(residuals)):
        allowed = SAME * np.minimum(sizes[:k], sizes[k]) + ROUNDING * scale
        apart = np.abs(residuals[:k] - residuals[k]).max(axis=1)
        (same,) = np.nonzero((apart <= allowed) & (first[:k] == np.arange(k)))
        first[k] = same[0] if len(same) else k
    return first


def sentences(
    first: Integer[np.ndarray, " valley"],
    positions: Float[np.ndarray, "valley param"],
    domain: Domain,
    residuals: Residuals,
) -> list[str]:
    """Say of all twins how they come from one another: a sentence each."""
    said: list[str] = []
    for k in np.flatnonzero(first != np.arange(len(first))).tolist():
        how = _symmetry(positions[first[k]], positions[k], domain, residuals)
        said.append(f"#{first[k]} and #{k} are one curve: {how or 'at other parameters'}")
    return said


@dataclass(frozen=True)
class _Map:
    """A map of parameters to others: each is that of another place in the list, with a sign, and part of a turn on."""

    source: tuple[int, ...]
    sign: tuple[int, ...]
    half: tuple[bool, ...]

    def __call__(self, places: np.ndarray, domain: Domain) -> np.ndarray:
        return places[:, list(self.source)] * np.array(self.sign) + np.where(self.half, domain.lengths / 2, 0.0)

    def words(self, names: Sequence[str]) -> str:
        """Say what changes: what is exchanged first."""
        parts = _exchanges([names[k] for k in self.source], names)
        turned = [k for k in range(len(names)) if self.sign[k] < 0]
        on = [k for k in range(len(names)) if self.half[k]]
        if turned:
            parts.append(f"{listed([names[k] for k in turned])} with the opposite sign")
        if on:
            parts.append(f"{listed([names[k] for k in on])} half a turn on")
        return ", ".join(parts)


def _symmetry(one: np.ndarray, other: np.ndarray, domain: Domain, residuals: Residuals) -> str:
    """Find a symmetry of the model that leads from one place to another; empty where none is known."""
    found = _map(one, other, domain)
    if found is None:
        return ""
    # Away from the one place, by a little: over a range a model may overflow.
    steps = np.random.default_rng(0).uniform(-0.1, 0.1, (TRIED, len(one)))
    places = one * (1 + steps) + np.where(domain.periodic, steps * domain.lengths, 0.0)
    there, mirrored = residuals(places), residuals(found(places, domain))
    size = np.abs(there - residuals(one[None])).max()
    if not np.abs(there - mirrored).max() <= SAME * size:
        return ""
    return found.words(domain.names)


def _map(one: np.ndarray, other: np.ndarray, domain: Domain) -> _Map | None:
    """Take each parameter of the other place from the one: from itself if it can be, else from another in turn."""
    size = len(one)
    forms = [(sign, half) for half in (False, True) for sign in (1, -1)]
    source, signs, halves = [-1] * size, [1] * size, [False] * size
    taken: set[int] = set()
    for own in (True, False):
        for k in [k for k in range(size) if source[k] < 0]:
            choices = [k] if own else [j for j in range(size) if j not in taken]
            for j, (sign, half) in ((j, form) for form in forms for j in choices):
                if (half and not domain[k].periodic) or domain[j].periodic != domain[k].periodic:
                    continue
                if _near(sign * one[j] + (domain[k].length / 2 if half else 0.0), other[k], domain, k):
                    source[k], signs[k], halves[k] = j, sign, half
                    taken.add(j)
                    break
    return None if -1 in source else _Map(tuple(source), tuple(signs), tuple(halves))


def _near(value: float, other: float, domain: Domain, k: int) -> bool:
    if domain[k].periodic:
        turns = (value - other) / domain[k].length
        return abs(turns - round(turns)) <= NEAR
    return abs(value - other) <= NEAR * max(abs(value), abs(other))


def _exchanges(values: Sequence[str], names: Sequence[str]) -> list[str]:
    """Say which parameters have exchanged their values: pairs side by side, or longer rounds."""
    comes = dict(zip(names, values, strict=True))
    pairs = [(name, value) for name, value in comes.items() if name != value and comes[value] == name]
    pairs = [pair for k, pair in enumerate(pairs) if pair[::-1] not in pairs[:k]]
    said = [f"{listed([a for a, _ in pairs])} exchanged with {listed([b for _, b in pairs])}"] if pairs else []
    rest = [name for name, value in comes.items() if name != value and comes[value] != name]
    return [*said, *([f"{listed(rest)} exchanged in a round"] if rest else [])]


def listed(names: Sequence[str]) -> str:
    """Write names as a list in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

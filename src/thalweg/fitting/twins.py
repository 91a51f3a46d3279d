"""Valleys of a fit that are one curve: which they are, and by what symmetry of the model.

The loss tells nothing here: two curves may be equally good. Twins are places with the same residuals, row by row, to
the rounding of both. How one becomes the other is looked for among what models of data have: terms that are exchanged,
signs that turn, phases that go on by half a turn. What is found must be a symmetry of the model, and not of this one
place: it is tried at others too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import Float, Integer

from thalweg.problems.domain import Domain

SAME = 1e-6
"""Residuals of one curve differ by no more than this share of their size, as minima are found to rounding."""

ROUNDING = 1e-12
"""Or by this share of the measured values, where residuals are hardly more than rounding."""

NEAR = 1e-5
"""Parameters that differ by no more than this share are one."""

MAPS = 24
"""Maps that are tried at most."""

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
    # Away from the one place, by a little: over a range a model may overflow.
    steps = np.random.default_rng(0).uniform(-0.1, 0.1, (TRIED, len(one)))
    places = one * (1 + steps) + np.where(domain.periodic, steps * domain.lengths, 0.0)
    there: np.ndarray | None = None
    for found in islice(_maps(one, other, domain), MAPS):
        there = residuals(places) if there is None else there
        size = np.abs(there - residuals(one[None])).max()
        if np.abs(there - residuals(found(places, domain))).max() <= SAME * size:
            return found.words(domain.names)
    return ""


def _maps(one: np.ndarray, other: np.ndarray, domain: Domain) -> Iterator[_Map]:
    """Take each parameter of the other place from the one, in all ways: from itself where it can be, else in turn.

    Several parameters may have one value by chance, so that only a trial tells from which another comes.
    """
    size, forms = len(one), [(sign, half) for half in (False, True) for sign in (1, -1)]

    def choices(k: int) -> list[tuple[int, int, bool]]:
        likely = [
            (j, sign, half)
            for sign, half in forms
            for j in range(size)
            if domain[j].periodic == domain[k].periodic and (domain[k].periodic or not half)
            if _near(sign * one[j] + (domain[k].length / 2 if half else 0.0), other[k], domain, k)
        ]
        own = [choice for choice in likely if choice[0] == k]
        return own or likely

    every = [choices(k) for k in range(size)]

    def chosen(k: int, taken: tuple[tuple[int, int, bool], ...]) -> Iterator[_Map]:
        if k == size:
            source, sign, half = zip(*taken, strict=True)
            yield _Map(source, sign, half)
            return
        for choice in every[k]:
            if all(choice[0] != before[0] for before in taken):
                yield from chosen(k + 1, (*taken, choice))

    return chosen(0, ())


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

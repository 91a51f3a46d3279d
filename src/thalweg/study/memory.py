"""What a result may take of memory, checked before any of it is made."""

from __future__ import annotations

from thalweg.base.errors import InvalidValue

MEMORY = 4e9
"""Bytes of results held in memory at once at most; they are copied a few times on their way to a dataset."""

OUTCOME = 48
"""Bytes that the outcome of a run takes while batches are joined."""


def bound(what: str, size: int, advice: str) -> None:
    """Refuse what takes more than memory holds: ``what`` names it, ``size`` is in bytes, ``advice`` says what to do."""
    if size > MEMORY:
        large = f"{float(min(size, 10**300)) / 1e9:.3g} GB, more than the {MEMORY / 1e9:g} GB"
        raise InvalidValue(f"{what} take {large} that are held in memory at once; {advice}")

"""Whether what is to be made fits into the memory that is free, said before it is made.

A process that takes more than there is gets killed by the system, without a word of what was too large.
"""

from __future__ import annotations

import math
from pathlib import Path

from thalweg.base.errors import InvalidValue

SYSTEM = Path("/proc/meminfo")
"""Where Linux tells what could be had without pushing anything out."""

GROUP = Path("/sys/fs/cgroup")
"""Where it tells what a container may have."""

LEAST = 2**28
"""Bytes below which nobody asks."""


def free() -> float:
    """Tell how many bytes of memory could be had, swap included; infinitely many where the system does not tell."""
    try:
        pairs = (line.split()[:2] for line in SYSTEM.read_text(encoding="utf-8").splitlines())
        told = {name: 1024.0 * int(value) for name, value in pairs}
        there = told["MemAvailable:"] + told.get("SwapFree:", 0.0)
    except (OSError, KeyError, ValueError):
        return math.inf
    try:
        most, taken = (int((GROUP / name).read_text(encoding="utf-8")) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # "max": as much as there is
        return there
    return max(min(there, most - taken), 0.0)


def check_room(what: str, size: float, advice: str) -> None:
    """Refuse what does not fit: ``what`` names it, with its verb, ``size`` is in bytes, ``advice`` says what to do."""
    if size > LEAST and size > free():
        raise InvalidValue(f"{what} {size / 1e9:.3g} GB of memory, and {free() / 1e9:.3g} GB are free; {advice}")

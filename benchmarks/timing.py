"""What the benchmarks share: a clock, and what a ratio should be."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

Row = dict[str, Any]


class Asked(NamedTuple):
    """What a ratio should be."""

    word: str
    bound: float

    def verdict(self, ratio: float, **more: Any) -> Row:
        """Make the row of a ratio: what was asked, and whether it is met."""
        met = ratio >= self.bound if self.word == "at least" else ratio <= self.bound
        return {"ratio": ratio, "asked": f"{self.word} {self.bound:g}", "bound": self.bound, "met": met, **more}


def clock(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Time a call: (seconds, seconds of all processor cores together, what it returned)."""
    begun, used = time.perf_counter(), time.process_time()
    result = call()
    return time.perf_counter() - begun, time.process_time() - used, result

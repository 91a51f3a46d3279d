"""All cores at work on one list of tasks, without touching a global setting."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import jax

from thalweg.base.progress import track

Task = TypeVar("Task")
Result = TypeVar("Result")


def cores() -> int:
    """Count the processor cores that this process may use; an accelerator needs but one thread to feed it."""
    if jax.default_backend() != "cpu":
        return 1
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def each(work: Callable[[Task], Result], tasks: Sequence[Task], what: str) -> Iterator[Result]:
    """Do ``work`` on every task, one a core at a time; results come in the order of the tasks.

    At most one result more than there are cores is waiting at any time, so memory does not grow with the tasks.
    """
    threads = min(cores(), len(tasks))
    if threads <= 1:
        yield from map(work, track(tasks, what))
        return
    pool = ThreadPoolExecutor(threads)
    try:
        rest = iter(tasks)
        waiting: deque[Future[Result]] = deque(pool.submit(work, task) for task in islice(rest, threads + 1))
        for _ in track(tasks, what):
            result = waiting.popleft().result()
            waiting.extend(pool.submit(work, task) for task in islice(rest, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)

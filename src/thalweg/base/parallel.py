"""All cores at work on one list of tasks, without touching a global setting.

XLA compiles a loop over runs or over points of a grid into code for one core: it spreads single large operations over
cores, and ours are many small ones. So the work is cut into batches that fit the cache, and Python threads call the
one compiled program on batch after batch. Threads do here, and processes are not needed: a compiled program runs
without the interpreter's lock, and all share the program, which took a second to compile, and the data. Vectorising
over more lanes instead (``vmap`` over all batches) leaves the other cores idle and outgrows the cache; ``pmap`` over
several devices of one host needs a flag that is read when JAX starts, which a library must not set.

Results come in the order of the tasks and not as they are done, so that they can be written to a store front to back
and nothing depends on which thread was quicker. That they are bit for bit those of one core is not due to this file:
every batch has the same width (:func:`thalweg.descent.driver.batches`), and its sums the same order.

**Stopping.** Whoever stops taking results closes the generator; an error in a task, or ``KeyboardInterrupt``, closes it
too. Tasks that have not begun are then dropped, and those that have are waited for: a thread inside a compiled program
cannot be stopped, and to take the interpreter down under it, and the memory that it computes in, is a segmentation
fault. The command line does not wait but ends its process (:mod:`thalweg.cli.interruption`).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
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


def each(work: Callable[[Task], Result], tasks: Sequence[Task], what: str) -> Generator[Result, None, None]:
    """Do ``work`` on every task, one a core at a time; results come in the order of the tasks.

    At most one result more than there are cores is waiting at any time, so memory does not grow with the tasks.

    Parameters
    ----------
    work : called from several threads at once; what it calls must release the interpreter's lock to gain anything
    tasks : its arguments, one each
    what : is being done, for whoever listens to progress

    Returns
    -------
    Generator
        Of the results. Close it to stop early; it then waits for the tasks that have begun.
    """
    threads = min(cores(), len(tasks))
    if threads <= 1:
        yield from map(work, track(tasks, what))
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="thalweg")
    try:
        rest = iter(tasks)
        waiting: deque[Future[Result]] = deque(pool.submit(work, task) for task in islice(rest, threads + 1))
        for _ in track(tasks, what):
            result = waiting.popleft().result()
            waiting.extend(pool.submit(work, task) for task in islice(rest, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)

"""What the benchmark of the engine measures in processes of their own: an import, a compilation, a peak of memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

IMPORT = """
import json, time
begun = time.perf_counter(), time.process_time()
import jax
print(json.dumps([time.perf_counter() - begun[0], time.process_time() - begun[1]]))
"""

COMPILE = """
import json, sys, time
import jax, jax.monitoring, numpy, optax
import thalweg as tw

objective, optimizer, descend = tw.objective(tw.problems.pencil(), tw.losses.fourth_root()), optax.sgd(0.05), tw.descend
# What is imported and started up to here does not count.
jax.jit(lambda x: x + 1)(jax.device_put(numpy.zeros(1, "float32"))).block_until_ready()
known, programs, made, times = set(sys.modules), [], [], []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, duration, **_: made.append(event) if event.endswith("/backend_compile_duration") else None
)
for _ in range(2):
    begun, before = (time.perf_counter(), time.process_time()), len(made)
    descend(objective, optimizer, precision=32)  # the demo's descent: one start, a hundred steps
    times.append([time.perf_counter() - begun[0], time.process_time() - begun[1]])
    programs.append(len(made) - before)
print(json.dumps({"times": times, "programs": programs, "imported": sorted(set(sys.modules) - known)}))
"""

MAP = """
import json, math, sys, tempfile, time
import optax
import thalweg as tw
from thalweg.study.find_derailments import FLOOR
from thalweg.study.outcome_map import cost

side, steps = map(int, sys.argv[1:])
objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
descent = tw.Descent(tw.Optimizer(optax.sgd, learning_rate=0.05), steps=steps, precision=32)
valleys = tw.find_valleys(objective)

def along(count):
    rates = tw.Range("learning_rate", 1e-3, 1, count, "log")
    return tw.Range("phi", -math.pi / 2, math.pi / 2, count), rates

with tempfile.TemporaryDirectory() as folder:
    # A small map imports what maps need; then a batch as wide as those to come compiles their program.
    tw.outcome_map(objective, descent, valleys, along=along(min(side, 64)), store=folder + "/small")
    cost(objective, descent, valleys, along(side), FLOOR)
    begun = time.perf_counter(), time.process_time()
    tw.outcome_map(objective, descent, valleys, along=along(side), store=folder + "/map")
    times = [time.perf_counter() - begun[0], time.process_time() - begun[1]]
# The peak that getrusage tells begins with that of the process that started this one.
(peak,) = (int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([*times, peak]))
"""


def fresh(code: str, *arguments: str) -> Any:
    """Run code in a process of its own that compiles all anew; what it prints."""
    command = [sys.executable, "-c", code, *arguments]
    quiet = os.environ | {"JAX_ENABLE_COMPILATION_CACHE": "false"}
    return json.loads(subprocess.run(command, env=quiet, stdout=subprocess.PIPE, text=True, check=True).stdout)

"""Descent as users of PyTorch write it: zero_grad, backward, step."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.course import Course, Log, Task, Way
from thalweg.frameworks.formula import Formula
from thalweg.frameworks.optimizers import translate
from thalweg.frameworks.torch.dialect import dialect
from thalweg.frameworks.torch.optimizers import TABLE


def prepare(task: Task, manner: str = "") -> Way:
    """Prepare a descent by an optimiser of ``torch.optim``; there is one manner."""
    torch = FRAMEWORKS["torch"].load()
    chosen = task.chosen
    name, settings = translate(chosen, TABLE, "PyTorch")

    def run(start: np.ndarray) -> Course:
        loss_at = _loss(torch, task.train)
        point = torch.nn.Parameter(torch.tensor(start.astype(task.train.dtype), device="cpu"))
        optimizer = getattr(torch.optim, name)([point], lr=float(chosen.rates[0]), **settings)
        log = Log()
        with torch.enable_grad():
            for rate in chosen.rates.tolist():
                log.begin(point.detach().numpy())
                optimizer.param_groups[0]["lr"] = rate
                optimizer.zero_grad()
                loss = loss_at(point)
                loss.backward()
                gradient = point.grad.numpy().copy()
                if chosen.clip is not None:
                    torch.nn.utils.clip_grad_norm_([point], chosen.clip)
                optimizer.step()
                log.end(loss.item(), gradient)
        return log.course(_test(torch, task))

    return Way(f"torch.optim.{name}", {"device": "cpu"}, run)


def _loss(torch: Any, formula: Formula) -> Any:
    terms = formula.written(dialect())
    columns = [torch.tensor(column, device="cpu") for column in formula.columns]
    return lambda point: torch.mean(terms(point, *columns))


def _test(torch: Any, task: Task) -> Any:
    if task.test is None:
        return None
    loss_at = _loss(torch, task.test)
    return lambda point: loss_at(torch.tensor(point, device="cpu")).item()

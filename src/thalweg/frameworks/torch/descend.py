"""Descent as users of PyTorch write it: zero_grad, backward, step."""

from __future__ import annotations

import numpy as np

from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.common.optimizers import translate
from thalweg.frameworks.common.trajectory import Job, Log, Prepared, Trajectory
from thalweg.frameworks.torch.dialect import dialect
from thalweg.frameworks.torch.optimizers import TABLE


def prepare(job: Job, manner: str = "") -> Prepared:
    """Prepare a descent by an optimiser of ``torch.optim``; there is one manner."""
    torch = FRAMEWORKS["torch"].load()
    chosen = job.chosen
    name, settings = translate(chosen, TABLE, "PyTorch")

    def run(start: np.ndarray) -> Trajectory:
        loss_at = job.train.mean(dialect())
        point = torch.nn.Parameter(torch.tensor(start.astype(job.train.dtype), device="cpu"))
        optimizer = getattr(torch.optim, name)([point], lr=float(chosen.rates[0]), **settings)
        log = Log(job)
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
        return log.trajectory(job.test_loss(dialect()))

    return Prepared(f"torch.optim.{name}", {"device": "cpu"}, run)

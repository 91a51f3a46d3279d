"""Fits whose numbers are known, as :func:`thalweg.fit` labels them."""

import numpy as np
import xarray as xr

import thalweg as tw

T = np.linspace(0, 3, 30)


def problem(y=None, model="A*exp(-t/tau)", sigma=False, **columns):
    data = {"t": T, "y": 2 * np.exp(-T / 0.5) if y is None else y} | columns
    ranges = {"A": (0, 4), "tau": "0.1:10:log"}
    if sigma:
        data |= {"dy": np.linspace(0.1, 0.4, len(data["y"]))}
    return tw.problems.fit(data, model, "y", ranges=ranges, sigma="dy" if sigma else "")


def fits(positions, losses, ends, twin=None, of=None, **more):
    """A fit with one valley a position; ``ends`` are valleys of the starts, -1 for one that is not listed."""
    of = of or problem()
    positions, losses, ends = np.asarray(positions, float), np.asarray(losses, float), np.asarray(ends)
    known = np.maximum(ends, 0)
    number = len(losses)
    return xr.Dataset(
        {
            "position": (("valley", "param"), positions),
            "loss": ("valley", losses),
            "persistence": ("valley", np.where(np.arange(number), 0.5, np.inf)),
            "persistence_bound": ("valley", np.minimum(np.arange(number), 1)),
            "joins": ("valley", np.minimum(np.arange(number), 1) - 1),
            "share": ("valley", [float((ends == k).mean()) for k in range(number)]),
            "pass_loss": ("pass", losses[1:] + 0.5),
            "pass_merges": ("pass", np.ones(max(number - 1, 0), int)),
            "twin": ("valley", np.arange(number) if twin is None else twin),
            "start_valley": ("start", ends),
            "start_position": (("start", "param"), 0.9 * positions[known] if number else np.ones((len(ends), 2))),
            "end_position": (("start", "param"), positions[known] if number else np.ones((len(ends), 2))),
            "end_loss": ("start", np.where(ends >= 0, losses[known], np.nan) if number else np.ones(len(ends))),
        }
        | more,
        coords={"valley": np.arange(number), "param": ("param", list(of.parameters), of.domain.to_attrs())},
        attrs={"names": [str(k) for k in range(number)], "problem": "fit", "loss": "quadratic", "source": "decay.csv"},
    )


def usual(**more):
    """Three valleys, the second a twin of the first; of ten starts one ended nowhere."""
    return fits([[2, 0.5], [2, 0.5], [1, 2]], [0.01, 0.01, 0.4], [0, 0, 0, 1, 1, 2, 2, 2, 2, -1], [0, 0, 2], **more)

"""What outliers do to a fit under several losses: its error, and how many starts find the deepest valley.

Run: python benchmarks/robust.py [--seeds N] [--shares 0,0.2,0.4] [--starts N] [--json FILE] [--picture FILE]

The curve is a decaying oscillation, ``3 exp(-t/4) cos(2 pi 1.9 t + 0.7) + 0.5`` at 200 times from 0 to 10, with normal
errors of 0.1; a share of the rows has uniform errors from -8 to 8 more. All is drawn anew for every seed. The error of
a fit is the root mean square of its curve less the true one, in units of 0.1; a fit has found the truth where that is
below 1.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import thalweg as tw
from thalweg.figures.drawing import marks, style
from thalweg.losses.loss import Loss

T = np.linspace(0, 10, 200)
NOISE, FAR = 0.1, 8.0
MODEL = "A*exp(-t/tau)*cos(2*pi*f*t + p) + c"
RANGES = {"f": "0.1:5", "tau": "0.5:50:log", "p": "0:2pi:periodic"}
TUKEY = 4.685 * NOISE
"""The usual scale: 95 % as efficient as squares for normal errors."""

LOSSES: dict[str, Loss] = {
    "quadratic": tw.losses.quadratic(),
    "huber": tw.losses.huber(1.345 * NOISE),
    "tukey": tw.losses.tukey(TUKEY),
    "fourth_root": tw.losses.fourth_root(),
}


def main(arguments: list[str] | None = None) -> None:
    """Fit all, print a table and draw it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200, help="data sets of each share")
    parser.add_argument("--shares", default="0.2", help="shares of outliers, parted by commas")
    parser.add_argument("--starts", type=int, default=64, help="starts of each fit")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--picture", type=Path, help="draw errors against the share of outliers")
    options = parser.parse_args(arguments)
    shares = [float(text) for text in options.shares.split(",")]
    rows = []
    for share in shares:
        for name, loss in LOSSES.items():
            rows.append(row := measure(name, loss, share, options.seeds, options.starts))
            print(
                f"{share:5.0%} outliers  {name:11}  error {row['error']:7.3f} (middle 90 %: {row['low']:.3f} to "
                f"{row['high']:.3f})  true {row['found']:6.1%}  starts that find the best {row['starts']:6.1%}",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if options.picture:
        draw(rows, shares, options.picture)


def truth(t: np.ndarray) -> np.ndarray:
    """Evaluate the true curve."""
    return curve(np.array([3.0, 4.0, 1.9, 0.7, 0.5]), t)


def curve(params: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Evaluate the model."""
    height, tau, f, p, c = params
    return height * np.exp(-t / tau) * np.cos(2 * np.pi * f * t + p) + c


def drawn(seed: int, share: float) -> np.ndarray:
    """Draw the measured values."""
    rng = np.random.default_rng(seed)
    y = truth(T) + rng.normal(0, NOISE, T.size)
    bad = rng.permutation(T.size)[: round(T.size * share)]
    y[bad] += rng.uniform(-FAR, FAR, bad.size)
    return y


def measure(name: str, loss: Loss, share: float, seeds: int, starts: int) -> dict[str, Any]:
    """Fit data sets of a share of outliers; medians over them."""
    errors, found = [], []
    for seed in range(seeds):
        problem = tw.problems.fit({"t": T, "y": drawn(seed, share)}, MODEL, "y", ranges=RANGES)
        fits = tw.fit(tw.objective(problem, loss), tw.starts.Sobol(starts, seed=seed), most=2)
        errors.append(np.sqrt(np.mean((curve(fits["position"].values[0], T) - truth(T)) ** 2)) / NOISE)
        found.append(float(fits["share"].values[fits["twin"].values == 0].sum()))
    low, middle, high = np.quantile(errors, [0.05, 0.5, 0.95])
    return {
        **{"loss": name, "outliers": share, "error": float(middle), "low": float(low), "high": float(high)},
        **{"found": float(np.mean(np.array(errors) < 1)), "starts": float(np.median(found))},
    }


def draw(rows: list[dict[str, Any]], shares: list[float], picture: Path) -> None:
    """Draw the breakdown: errors against the share of outliers, medians and the middle 90 %."""
    from matplotlib.figure import Figure as Sheet

    with style.styled(style.USUAL):
        sheet = Sheet(figsize=(7.2, 4.5), layout="constrained")
        axes = sheet.add_subplot()
        percent = [100 * share for share in shares]
        axes.axhline(1, color="#5d6673", linestyle=":", label="the noise of the rows")
        for k, name in enumerate(LOSSES):
            look = marks.series(k)
            own = [row for row in rows if row["loss"] == name]
            low, middle, high = ([row[key] for row in own] for key in ("low", "error", "high"))
            axes.fill_between(percent, low, high, color=look.colour, alpha=0.15, linewidth=0)
            axes.plot(percent, middle, color=look.colour, marker=look.mark[0], label=name.replace("_", " "))
        axes.set_yscale("log")
        axes.set_xlabel("outliers, % of the rows")
        axes.set_ylabel("error of the fitted curve, in noise")
        axes.legend(loc="upper left")
        sheet.savefig(picture, dpi=style.DPI, metadata={"Software": None})


if __name__ == "__main__":
    main()

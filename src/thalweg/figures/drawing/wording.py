"""Numbers and names as people read them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from thalweg.problems import CATALOGUE as PROBLEMS

LONG = 1e5
"""Whole parts below this are written out."""

HELD = 3
"""Held parameters that are named."""

FEW = 3
"""Parameters of a start that are written at most."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 4) -> str:
    """Write a number with few digits, a real minus sign and raised powers of ten.

    Examples
    --------
    >>> number(-0.25), number(67777103.0, 2)
    ('−0.25', '6.8 × 10⁷')
    >>> number(1e6)
    '10⁶'
    """
    if not np.isfinite(value):
        return "not finite"
    if 10**digits <= abs(value) < LONG:
        return minus(f"{value:.0f}")
    text = f"{float(value) + 0.0:.{digits}g}"
    mantissa, _, power = text.partition("e")
    if power:
        factor = {"1": "", "-1": "−"}.get(mantissa, f"{minus(mantissa)} × ")
        return f"{factor}10{str(int(power)).translate(_RAISED)}"
    return minus(text)


def minus(text: str) -> str:
    """Write the minus signs of a text as such.

    Examples
    --------
    >>> minus("-36°")
    '−36°'
    """
    return text.replace("-", "−")


def count(number: int, one: str, many: str = "") -> str:
    """Write how many there are of something.

    Examples
    --------
    >>> count(1, "step"), count(1000, "step")
    ('1 step', '1,000 steps')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def joined(names: Sequence[str]) -> str:
    """Name several things in a row.

    Examples
    --------
    >>> joined(["JAX"]), joined(["JAX", "PyTorch", "Keras"])
    ('JAX', 'JAX, PyTorch and Keras')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def trained(tested: bool) -> str:
    """Call the loss that is descended: where there are no test data there is but one.

    Examples
    --------
    >>> trained(True), trained(False)
    ('training loss', 'loss')
    """
    return "training loss" if tested else "loss"


def shortened(text: str, most: int = 40) -> str:
    """Cut a long name, so that it fits on a figure.

    Examples
    --------
    >>> shortened("temperature", 8)
    'tempera…'
    """
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def held(fixed: str) -> str:
    """Say at what parameters are held, the first of them; nothing where none are.

    Examples
    --------
    >>> held("x3 = 0, x4 = -1, x5 = 0, x6 = 0, x7 = 0")
    ' at x3 = 0, x4 = −1, x5 = 0 and 2 more held'
    """
    parts = minus(fixed).split(", ") if fixed else []
    if len(parts) <= HELD + 1:
        return f" at {', '.join(parts)}" if parts else ""
    return f" at {', '.join(parts[:HELD])} and {len(parts) - HELD} more held"


def subject(attrs: Mapping[Any, Any]) -> str:
    """Name the problem of a dataset and its loss, with all their settings that are not the usual ones.

    Noise and exponent are always named. Data of the user's own are called by their file.

    Examples
    --------
    >>> subject({"problem": "pencil", "problem_noise": 0.01, "loss": "power", "loss_p": 0.5, "loss_smoothing": 0.0})
    'pencil (noise 0.01), power loss (p 0.5)'
    >>> subject({"problem": "table", "source": "stars.csv", "problem_residual": "orthogonal", "loss": "quadratic"})
    'stars.csv (orthogonal residual), quadratic loss'
    >>> subject({"problem": "rastrigin", "problem_dimension": 4, "fixed": "x3 = 0, x4 = 1", "loss": "none"})
    'rastrigin (dimension 4) at x3 = 0, x4 = 1'
    """
    name = str(attrs.get("problem", "problem"))
    called = str(attrs.get("source") or name) if name in ("table", "fit") else name.replace("_", " ")
    settings = {str(key).removeprefix("problem_"): value for key, value in attrs.items() if _of(key, "problem_")}
    curve = f", {shortened(str(settings['model']))}" if name == "fit" and "model" in settings else ""
    problem = shortened(called) + curve + _bracketed(_unusual(name, settings)) + held(str(attrs.get("fixed", "")))
    loss = str(attrs.get("loss", "none"))
    if loss == "none":
        return problem
    scales = {str(key).removeprefix("loss_"): value for key, value in attrs.items() if _of(key, "loss_")}
    # A smoothing of 0 is no smoothing.
    texts = [f"{key} {number(value)}" for key, value in scales.items() if value or key != "smoothing"]
    return f"{problem}, {shortened(loss).replace('_', ' ')} loss{_bracketed(texts)}"


def experiment_note(surface: xr.Dataset, runs: xr.Dataset | None, valleys: int | None = None) -> str:
    """Name what a surface is of and, where runs are drawn on it, how these were made; and how many valleys it has.

    Examples
    --------
    >>> experiment_note(xr.Dataset(attrs={"problem": "himmelblau"}), None, 4)
    'himmelblau · 4 valleys'
    """
    what = subject(surface.attrs) if runs is None else heading(surface.attrs | runs.attrs)
    return what if valleys is None else f"{what} · {count(valleys, 'valley')}"


def heading(attrs: Mapping[Any, Any]) -> str:
    """Name all that an experiment depends on: problem, loss, optimiser, mini-batches, start and precision.

    All figures of runs, and what is printed about them, have this one heading.

    Examples
    --------
    >>> facts = {"problem": "himmelblau", "loss": "none", "optimizer": "sgd(learning_rate=0.01, momentum=0.8)"}
    >>> heading(facts | {"precision": 32, "examples": 670, "minibatch_size": 16})
    'himmelblau · sgd(learning_rate=0.01, momentum=0.8) · mini-batches of 16 · 32 bits'
    """
    facts = [subject(attrs), shortened(str(attrs.get("optimizer", "")), 120)]
    sizes = attrs.get("minibatch_size", 0)
    if "examples" in attrs and sizes != attrs["examples"]:
        ends = list(dict.fromkeys((int(np.min(sizes)), int(np.max(sizes)))))
        facts.append(f"mini-batches of {' to '.join(map(str, ends))}")
    facts.append(_from(attrs))
    facts += [f"{attrs['precision']} bits"] if "precision" in attrs else []
    return " · ".join(filter(None, facts))


def raced(attrs: Mapping[Any, Any]) -> str:
    """List the optimisers of a race with all their settings, as a sentence.

    Examples
    --------
    >>> raced({"optimizer": ["sgd(learning_rate=0.1, momentum=0.9)", "lion(learning_rate=0.01)"]})
    ' Raced were sgd(learning_rate=0.1, momentum=0.9); lion(learning_rate=0.01).'
    """
    made = attrs.get("optimizer", [])
    return f" Raced were {'; '.join(made)}." if len(made) and not isinstance(made, str) else ""


def _from(attrs: Mapping[Any, Any]) -> str:
    """Name the start that runs share; of a map the parameters that do not vary, by their names."""
    start = np.atleast_1d(np.asarray(attrs.get("start", ()), dtype=np.float64))
    names, units = (np.atleast_1d(attrs.get(key, [""] * len(start))) for key in ("parameters", "units"))
    known = np.flatnonzero(np.isfinite(start))
    texts = [place(float(start[k]), str(units[k])) for k in known[:FEW]] + ["…"] * (len(known) > FEW)
    if not texts:
        return ""
    if len(known) < len(start):
        return f"from {', '.join(f'{names[k]} {text}'.strip() for k, text in zip(known, texts, strict=False))}"
    return f"from {texts[0]}" if len(texts) == 1 else f"from ({', '.join(texts)})"


def place(value: float, unit: str) -> str:
    """Write one parameter of a place: an angle, which is kept in radians, in degrees.

    Examples
    --------
    >>> place(-0.7853981633974483, "rad"), place(5.01234, "")
    ('−45°', '5.012')
    """
    return minus(f"{np.round(np.degrees(value), 2) + 0.0:g}°") if unit == "rad" else number(value)


def _of(key: Any, prefix: str) -> bool:
    return isinstance(key, str) and key.startswith(prefix)


def _bracketed(texts: Sequence[str]) -> str:
    return f" ({', '.join(texts)})" if texts else ""


def _unusual(problem: str, settings: Mapping[str, Any]) -> list[str]:
    """Name the settings of a problem that differ from those of its function, and its noise."""
    usual = inspect.signature(PROBLEMS[problem]).parameters if problem in PROBLEMS else {}
    texts: list[str] = []
    for key, value in settings.items():
        default: Any = usual[key].default if key in usual else None
        if key == "residual":
            texts += [f"{value} residual"] * (value != default)
        elif key == "noise":
            texts += [f"noise {number(value)}"] * (value != 0)
        elif not isinstance(value, str) and list(np.ravel(value)) != list(np.ravel(default)):
            texts.append(f"{key} {', '.join(number(float(one)) for one in np.ravel(value)[:4])}")
    return texts

"""``thalweg map``: how runs end over two of the things that they depend on, a pixel a run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.base.errors import InvalidValue
from thalweg.cli.options import USUAL, Flag, Options, named

if TYPE_CHECKING:
    from thalweg.experiment.experiment import Experiment
    from thalweg.experiment.results import Results, Stage
    from thalweg.study.axes import Range
    from thalweg.study.outcome_map import Cost

Along = tuple[str, tuple[float, float] | None, str | None]
"""A name, and where they were given the ends and the scale."""


def map(
    experiment: Path,
    /,
    *,
    x: str = "start",
    y: str = "learning_rate",
    size: str = "512",
    shadows: Flag = False,
    options: Options = USUAL,
) -> None:
    """Map how runs end over two of the things that they depend on: a pixel a run, coloured by the valley it ends in.

    An axis is a parameter, for where runs start, or a number among the optimiser's settings. Its range may follow:
    `phi=0.2:1.3`, angles in radians, or `learning_rate=1e-3:1:log`. What does not vary is as the experiment has it, of
    several starts the first.

    Example: `thalweg map experiment.toml --x phi=0.2:1.3 --y momentum=0:0.99 --size 256`

    Parameters
    ----------
    experiment: Path
        A TOML file; make one with `thalweg new`.
    x: str
        What varies to the right: `start`, the first parameter, a parameter's name, or a setting's.
    y: str
        What varies upwards, likewise.
    size: str
        Pixels along both axes, or `WIDTHxHEIGHT`.
    shadows: bool
        Make three more runs for each, and tell where rounding decided the outcome.
    """
    axes, pixels = (_axis("x", x), _axis("y", y)), _size(size)

    def work(experiment: Experiment, stage: Stage, folder: Path) -> Results:
        from thalweg.experiment.results import charted

        with named(count="--size"):
            right, up = (_along(axis, count, experiment) for axis, count in zip(axes, pixels, strict=True))
        return charted(experiment, stage, (right, up), folder, shadows, _announce)

    from thalweg.cli.conduct import conduct

    conduct("map", experiment, options, work)


def _axis(option: str, text: str) -> Along:
    name, sign, rest = text.partition("=")
    if not sign:
        return name.strip(), None, None
    low, high, *scale = rest.split(":") if rest.count(":") in (1, 2) else ("", "")
    try:
        return name.strip(), (float(low), float(high)), scale[0].strip() if scale else "linear"
    except ValueError:
        raise InvalidValue(
            f"--{option} {text!r} is no range; give name=low:high or name=low:high:log, such as momentum=0:0.99"
        ) from None


def _size(text: str) -> tuple[int, int]:
    pixels = re.fullmatch(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", text.strip())
    if not pixels:
        raise InvalidValue(f"--size {text!r} is not allowed; give pixels along both axes, such as 1024 or 1600x900")
    return int(pixels[1]), int(pixels[2] or pixels[1])


def _along(axis: Along, count: int, experiment: Experiment) -> Range:
    """Complete an axis: a parameter's usual range is its domain's, a setting's a factor of 30 around its value."""
    from thalweg.descent.optimizers import varying
    from thalweg.study.axes import START, Range

    name, ends, scale = axis
    if ends is not None:
        return Range(name, *ends, count, scale or "linear")  # pyright: ignore[reportArgumentType]  # it refuses others
    domain = {axis.name: axis for axis in experiment.domain}
    lone = len(domain) == 1 and name == START
    if name == START and not lone:
        name = next(iter(domain))
    known = next(iter(domain.values())) if lone else domain.get(name)
    if known is not None:
        return Range(name, known.low, known.high, count, "log" if known.log else "linear")
    if name not in varying(experiment.descent.optimizer):
        return Range(name, 0, 1, count)  # the map knows what is allowed, and says so
    value = experiment.settings["optimizer"].get(name)
    if not isinstance(value, int | float) or value <= 0:
        raise InvalidValue(f"{name} has no number above 0 to range around; give the range, such as {name}=0.001:1:log")
    return Range(name, value / 30, value * 30, count, "log")


def _announce(cost: Cost) -> None:
    """Say what is coming before it begins."""
    from rich.console import Console

    seconds = cost.seconds
    span = f"about {seconds:.0f} seconds" if seconds < 100 else f"about {seconds / 60:.0f} minutes"
    if seconds > 3 * 3600:
        span = f"about {seconds / 3600:.1f} hours"
    span = "a moment" if seconds < 2 else span
    cores = f"{cost.cores} core{'s' * (cost.cores != 1)}"
    text = f"{cost.runs:,} runs on {cores}: {span}, at most {-(-cost.stored // 1_000_000):,} MB in the store"
    Console(stderr=True).print(text, highlight=False)

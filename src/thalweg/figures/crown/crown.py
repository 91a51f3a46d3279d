"""The crown: a loss over the circle of its one parameter, and a run on it."""

from __future__ import annotations

from functools import partial

import xarray as xr

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.figures.crown import web
from thalweg.figures.crown.arrays import Crown, crown_of
from thalweg.figures.crown.film import Film
from thalweg.figures.crown.path import actors_of, draw_names
from thalweg.figures.crown.stage import Stage, set_stage
from thalweg.figures.drawing import rivals, style
from thalweg.figures.drawing.canvas import Sheet
from thalweg.figures.drawing.rivals import NamedOrOne
from thalweg.figures.drawing.run import of_one_problem
from thalweg.figures.drawing.view import View, fixed
from thalweg.figures.drawing.wording import count, experiment_note, number
from thalweg.figures.figure import Figure
from thalweg.store.kinds import NamedRuns, Surface, Valleys
from thalweg.study.survey import domain_of


@public
def crown(
    surface: Surface,
    runs: NamedRuns | None = None,
    valleys: Valleys | None = None,
    *,
    run: int = 0,
    cut: float | None = None,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Draw a surface around its circle, the loss upwards, with the valleys, a run and its derailments.

    The circle of a line's angle has the period π and is drawn over 2π, where each line is met twice; any other period
    is drawn once around. Heights are to scale from the base to ``cut``; what is higher is cut off, and the note says
    so. Under the same ``limits`` equal losses are equally high in all crowns, whatever their surfaces.

    Parameters
    ----------
    surface : a survey over one periodic parameter
    runs : from :func:`thalweg.descend`; or several of them by name, such as those of several optimisers, each drawn in
        a colour of its own
    valleys : from :func:`thalweg.find_valleys`
    run : place of the run that is drawn, of each
    cut : the loss at which the surface is cut; just above the passes between valleys by default
    limits : the losses of the base and of the cut, so that several pictures have one scale; what is lower lies on the
        base

    Returns
    -------
    Figure
        With ``save``, which writes an animation too where there is a run, ``static`` and ``interactive``.

    Raises
    ------
    InvalidValue
        If the surface is not over one periodic parameter, the run, the cut or the limits are outside what is allowed,
        or both cut and limits are given.

    References
    ----------
    H. F. Wittmann, "Loss surface with multiple valleys", 2019.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> runs = tw.descend(objective, optax.sgd(0.05), starts=0.785398, steps=20, precision=32)
    >>> surface = tw.survey(objective)
    >>> crown(surface, runs, tw.find_valleys(objective, surface)).title
    '5 valleys, and a run derailed once'
    """
    domain = domain_of(surface["train_loss"])
    if len(domain) != 1 or not domain[0].periodic:
        use = "profile" if len(domain) == 1 else "plane"
        raise InvalidValue(
            f"a crown needs one periodic parameter, and the surface has {', '.join(domain.names)}; "
            f"draw it with figures.{use}"
        )
    of_one_problem(domain.names, runs, valleys)
    shown = crown_of(surface, domain[0], runs, valleys, run, _ends(cut, limits))
    title, note = _title(shown), _note(shown, surface, runs)

    films: dict[str, Film] = {}

    def film() -> Film:
        # Kept by what the look says: one that was read from a file holds lists, which no cache takes for a key.
        look = repr(style.look())
        if look not in films:
            with style.styled():
                films[look] = Film(_stage(shown, title, note))
        return films[look]

    return Figure(
        name="crown",
        title=title,
        caption=_caption(shown),
        draw=partial(_static, shown, title, note),
        describe=partial(web.describe, shown),
        moving=None if shown.run is None and not shown.rivals else lambda path: film().save(path),
    )


def _ends(cut: float | None, limits: tuple[float, float] | None) -> float | View | None:
    """Tell where the scale of losses ends: at a cut, or at both limits."""
    if limits is None:
        return cut
    if cut is not None:
        raise InvalidValue(
            f"cut = {cut!r} is given beside limits, which end at a cut of their own; leave out one of them"
        )
    return fixed(limits)


def _title(shown: Crown) -> str:
    if shown.levels.constant:
        return "A surface that is constant to rounding"
    title = count(len(shown.marks) // shown.copies, "valley") if len(shown.marks) else "The loss around its circle"
    if shown.rivals:
        return f"{title[:1].upper()}{title[1:]}, and {count(len(shown.rivals), 'run')}"
    derailments = len(shown.derailments.step)
    return f"{title[:1].upper()}{title[1:]}" + (f", and a run derailed {_times(derailments)}" if derailments else "")


def _times(derailments: int) -> str:
    return {1: "once", 2: "twice"}.get(derailments, f"{derailments} times")


def _note(shown: Crown, surface: xr.Dataset, runs: NamedOrOne) -> str:
    single = runs if isinstance(runs, xr.Dataset) else None
    parts = [experiment_note(surface, single) + rivals.note_of(shown.rivals)]
    if shown.run is not None:
        parts.append(shown.run.story)
    if len(shown.leaps):
        parts.append(f"{count(len(shown.leaps), 'step')} of more than a turn")
    if shown.levels.fixed:
        parts.append(View(shown.levels.base, shown.levels.cut).told)
    if shown.above.any():
        parts.append(f"cut at {number(shown.levels.cut)}: the loss reaches {number(shown.highest)}")
    return " · ".join(parts)


def _caption(shown: Crown) -> str:
    words = ["The circle of the parameter with the loss upwards."]
    if shown.copies == 2:
        words.append(
            "A line at an angle is the same line half a turn on, so the drawn circle meets every valley twice."
        )
    kept, rest = (len(part) // shown.copies for part in shown.parted)
    if rest:
        words.append(f"The {kept} most persistent valleys are drawn in full and named where there is room.")
    if shown.levels.fixed:
        words.append(f"Losses are {View(shown.levels.base, shown.levels.cut).told}.")
    if shown.above.any():
        words.append(f"The surface is cut at {number(shown.levels.cut)}.")
    if shown.run is not None and len(shown.derailments.step):
        step, way = shown.derailments.step[0], shown.run.ways[0].replace(" → ", " into ")
        words.append(f"Between steps {step} and {step + 1} the run is thrown out of {way}.")
    ends = [shown.shown.text(float(rival.run.params[-1, 0] * shown.shown.factor)) for rival in shown.rivals]
    words += [f"{text}." for text in rivals.told(shown.rivals, ends)]
    if len(shown.leaps):
        leaps, longest = count(len(shown.leaps), "step"), number(float(shown.turns.max()), 2)
        words.append(f"{leaps} of more than a turn, {longest} turns at most, are drawn by their ends alone.")
    return " ".join(words)


def _stage(shown: Crown, title: str, note: str) -> Stage:
    stage = set_stage(shown, title, note)
    draw_names(stage)
    return stage


def _static(shown: Crown, title: str, note: str) -> Sheet:
    stage = _stage(shown, title, note)
    for actors in actors_of(stage):
        actors.at(actors.last)
    return stage.page

"""A slice of a surface, with the run projected onto it, and what the projection hides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown
from thalweg.figures.drawing.wording import count, number
from thalweg.figures.figure import Figure
from thalweg.figures.slice import chart, panels, verdict, web
from thalweg.figures.slice.reading import Ground, Projection, ground_of, heights_of, projection_of
from thalweg.figures.slice.several import Run, joined, runs_of
from thalweg.store.kinds import ProjectedRuns, Slice


@public
def slice(
    surface: Slice, path: ProjectedRuns | None = None, *, names: Sequence[str] | None = None, value: str = "loss"
) -> Figure:
    """Draw a slice of a network's surface, and a run or several on it with all that the projection hides.

    Of two directions the surface is a shaded map in gray, of one a profile. With a path the figure always shows, beside
    it, the run's true loss against the loss of the surface under it, the distance of the run from the plane, how much
    of the run the plane holds, and in plain words whether the picture can be trusted. A page shows a landscape, the
    run on its ground and at its true loss. Both axes have one scale of distance where there is room for it; the caption
    says where not.

    Parameters
    ----------
    surface : from :func:`thalweg.networks.slice`, over (y, x) or (x,)
    path : from :func:`thalweg.networks.project`, onto the same plane; or a list of several, each of which has a colour,
        and of which the verdict is on the worst
    names : one a path, where there are several; by default ``run 1`` and so on
    value : which variable of the slice is drawn; a path is one over losses

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If these are no slice and no path onto its plane, there is not one name a path, or nothing of them is finite.
    UnknownName
        If the slice has no such value.

    Examples
    --------
    >>> import thalweg as tw
    >>> network = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> bowl = tw.networks.slice(network, tw.networks.directions.orthonormal(network), points=5)
    >>> slice(bowl).title
    'Loss on a plane'
    """
    if path is not None and value != "loss":
        raise InvalidValue(f"a path has losses and no {value}; draw value = {shown(value)} without it")
    ground = ground_of(surface, value)
    runs = _several(path, names, ground)
    run = joined(runs) if runs else None if path is None else projection_of(_only(path), ground)
    note = ground.note + _leaving(ground, run) + " · axes to different scales" * (not chart.is_to_scale(ground, run))
    title = _title(ground, run, runs)
    return Figure(
        name="slice",
        title=title,
        caption=_caption(ground, run, runs),
        draw=partial(chart.draw, ground, run, title, note, runs),
        describe=partial(web.describe, ground, run, runs),
        tall=run is not None,
    )


def _several(path: ProjectedRuns | None, names: Sequence[str] | None, ground: Ground) -> list[Run]:
    """Read several runs; none where there is one or none."""
    if path is None and names:
        raise InvalidValue(f"names = {shown(names)} name no path; give the paths, or no names")
    paths = [] if path is None else [path] if isinstance(path, xr.Dataset) else list(path)
    return runs_of(paths, names, ground) if names is not None or len(paths) > 1 else []


def _only(path: ProjectedRuns) -> xr.Dataset:
    return path if isinstance(path, xr.Dataset) else path[0]


def _title(ground: Ground, path: Projection | None, runs: list[Run]) -> str:
    where = "a line" if ground.flat else "a plane"
    what = ground.value[:1].upper() + ground.value[1:]
    if len(runs) > 1:
        return f"{what} on {where}, and {len(runs)} runs projected onto it"
    return f"{what} on {where}" + ("" if path is None else ", and a run projected onto it")


def _leaving(ground: Ground, path: Projection | None) -> str:
    """Say that parts of the path are not seen; nothing if all are."""
    outside = 0 if path is None else int((~path.inside(ground)).sum())
    if path is None or not outside:
        return ""
    return f" · {outside:,} of {len(path.step):,} drawn steps outside"


def _caption(ground: Ground, path: Projection | None, runs: list[Run]) -> str:
    parts = [ground.note.replace(" · ", ", "), f"along {' and '.join(ground.labels)}", *_surface(ground, path)]
    for run in runs:
        first, *more = _run(ground, run.path)
        parts += [f"{run.name}: {first}", *more]
    if path is not None and not runs:
        parts += _run(ground, path)
    text = "; ".join(parts) + "."
    return text if path is None else f"{verdict.heading(path)}. {path.verdict} {text}"


def _surface(ground: Ground, path: Projection | None) -> list[str]:
    finite = ground.losses[ground.finite]
    parts = [
        f"{'losses' if ground.value == 'loss' else ground.value} from {number(finite.min())} to {number(finite.max())}"
    ]
    if np.isfinite(ground.origin):
        parts.append(f"the network's own {ground.value} at the origin is {number(ground.origin)}")
    if not ground.flat:
        heights = heights_of(ground, path)
        spaced = heights.words if heights.spacing.logarithmic else f"the {ground.value}"
        parts.append(f"levels are evenly spaced in {spaced}")
        if heights.above:
            parts.append(
                f"{verdict.percent(heights.above)} of the slice lies above {number(heights.top)}, where levels end"
            )
        parts += _scales(ground, path)
        if ground.skew:
            parts.append(f"the directions are not at right angles, their cosine is {number(ground.cosine, 2)}")
    if not ground.finite.all():
        parts.append(
            f"{verdict.percent(float(1 - ground.finite.mean()))} of the slice is not finite: hatched, or a gap"
        )
    return parts


def _scales(ground: Ground, path: Projection | None) -> list[str]:
    """Say what is not drawn with one scale of distance; nothing if all is."""
    drawn = {"the map": chart.is_to_scale(ground, path), "the landscape of a page": web.is_to_scale(ground)}
    without = [name for name, scaled in drawn.items() if not scaled]
    if not without or ground.ratio is None:
        return []
    times = number(max(ground.ratio, 1 / ground.ratio), 2)
    shape = f"{times} times as {'wide as high' if ground.ratio > 1 else 'high as wide'}"
    return [f"by distance the slice is {shape}, unlike {' and '.join(without)}"]


def _run(ground: Ground, path: Projection) -> list[str]:
    first, last = (f"step {path.step[k]}" for k in (0, -1))
    ends = [number(float(values[k])) for values in (path.true, path.under) for k in (0, -1)]
    parts = [
        f"from {first} to {last} the run's own loss goes from {ends[0]} to {ends[1]}, that of the surface under it "
        f"from {ends[2]} to {ends[3]}"
    ]
    if path.worst is not None:
        k = path.worst
        parts.append(
            f"they differ most at step {path.step[k]}, {number(path.true[k], 3)} against {number(path.under[k], 3)}, "
            f"{number(path.distance[k], 3)} {panels.away(path)} and {number(path.travelled[k], 3)} from its origin"
        )
    if panels.shows_recorded(path):
        parts.append("the losses as the training recorded them are dotted")
    outside = int((~path.inside(ground)).sum())
    return parts + [f"at {count(outside, 'drawn step')} the path is outside the slice"] * bool(outside)

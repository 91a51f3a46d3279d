"""What a projection hides, against step: the run's true loss beside that of the surface, and the way to the plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from thalweg.figures.drawing import canvas, style, timeline, web
from thalweg.figures.drawing.view import View, view_of
from thalweg.figures.slice.reading import Projection

TRUE = "run's own loss"
UNDER = "surface under it"
RECORDED = "as the training recorded it"
TRAVELLED = "from its origin"

WIDE = 10.0
"""Losses whose highest is so many times the lowest get a logarithmic axis."""

SHORT = 100.0
"""A logarithmic axis whose end is less than so many times its beginning has numbers between the powers of ten."""

GAP = "#e9b7ba"
"""Between the two losses."""

DASHES = (0, (4, 1.6))
DOTS = (0, (1, 1.4))

STRIP = 0.06
"""Height of the strip of the path's colours, inches."""

APART = 0.42
"""Between the two panels, inches: the strip, and the legend of the lower one."""

WAYS, LOSSES = (0.0, 0.09), (0.155, 0.295)
"""From where to where the panels of a page reach, as shares of its height."""

SMALL, TINY = 7.6, 6.4
"""Of letters, points: usually, and of a legend inside a panel."""

NARROW = 2.0
"""Inches: a panel that is less wide has its legend inside."""


def away(path: Projection) -> str:
    """Name the distance of a run from what it is projected onto."""
    return f"from the {path.ground}"


def shows_recorded(path: Projection) -> bool:
    """Tell whether the training's own losses were known, and others than those on the network's data."""
    known = np.isfinite(path.recorded) & np.isfinite(path.true)
    # Two programs may sum in another order; what lies further apart is another loss.
    return bool(known.any() and not np.allclose(path.recorded[known], path.true[known], rtol=1e-3))


def view(path: Projection) -> View:
    """Choose the part of the axis of losses that is shown."""
    losses = np.concatenate([path.losses, path.recorded if shows_recorded(path) else []])
    losses = losses[np.isfinite(losses)]
    if losses.min() <= 0 or losses.max() < WIDE * losses.min():
        return view_of([losses], np.empty(0), may_log=False)
    powers = view_of([np.log10(losses)], np.empty(0), may_log=False)
    return View(10**powers.low, 10**powers.high, True)


def draw(sheet: canvas.Sheet, path: Projection, left: float, bottom: float, width: float, height: float) -> None:
    """Draw both panels at a place in inches, a strip of the path's colours between them."""
    lower = 0.36 * (height - APART)
    losses = canvas.placed(sheet, left, bottom + lower + APART, width, height - APART - lower)
    strip = canvas.placed(sheet, left, bottom + lower + APART - 1.4 * STRIP, width, STRIP)
    ways = canvas.placed(sheet, left, bottom, width, lower)
    ends = path.steps.ends
    strip.imshow(np.linspace(0, 1, 256)[None], cmap=style.path_colours(), aspect="auto", extent=(*ends, 0, 1))
    strip.set_axis_off()
    _draw_losses(losses, path)
    _draw_ways(ways, path)
    strip.set_xlim(*ends)
    for axes in (losses, ways):
        axes.set_xlim(*ends)
        axes.tick_params(labelsize=8, length=2)
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10], integer=True))
    losses.tick_params(axis="x", length=0, labelbottom=False)
    ways.set_xlabel("step", size=8.5, labelpad=2)


def _draw_losses(axes: Axes, path: Projection) -> None:
    limits = view(path)
    limits.show(axes)
    label(axes, limits)
    axes.fill_between(path.step, path.true, path.under, color=style.tone(GAP), lw=0, zorder=1)
    if shows_recorded(path):
        axes.plot(path.step, path.recorded, color=style.muted(), lw=0.8, ls=DOTS, zorder=1.5)
        place = {"xycoords": "axes fraction", "ha": "right", "va": "top", "size": SMALL - 0.6, "color": style.muted()}
        axes.annotate(f"dotted: {RECORDED}", (0.99, 0.97), **place)
    axes.plot(path.step, path.true, color=style.train(), lw=1.7, label=TRUE, zorder=3)
    axes.plot(path.step, path.under, color=style.ink(), lw=1.3, ls=DASHES, label=UNDER, zorder=2.5)
    _legend(axes, "loss")


def label(axes: Axes, limits: View) -> None:
    """Label a logarithmic axis by its powers of ten; a short one, that has but one or two, by plain numbers."""
    if limits.log:
        axes.yaxis.set_minor_formatter(NullFormatter())
        if limits.high < SHORT * limits.low:
            axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=9))
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _draw_ways(axes: Axes, path: Projection) -> None:
    axes.plot(path.step, path.distance, color=style.fit(), lw=1.7, label=away(path), zorder=3)
    axes.plot(path.step, path.travelled, color=style.ink(), lw=1.1, ls=DASHES, label=TRAVELLED, zorder=2)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_ylim(0, (1.8 if _narrow(axes) else 1.0) * axes.get_ylim()[1])
    _legend(axes, "distance")


def _narrow(axes: Axes) -> bool:
    """Tell whether a panel has its legend inside."""
    return axes.get_position().width * style.size()[0] < NARROW


def _legend(axes: Axes, title: str) -> None:
    """Write the legend in a row above a panel, or inside a narrow one, and above it what it is about."""
    look: dict[str, Any] = {"fontsize": SMALL, "handlelength": 1.7, "handletextpad": 0.4, "columnspacing": 0.9}
    if _narrow(axes):
        axes.legend(loc="best", borderpad=0.25, labelspacing=0.25, **look | {"fontsize": TINY})
    else:
        axes.legend(loc="lower right", bbox_to_anchor=(1.02, 0.97), ncols=3, borderaxespad=0, borderpad=0.25, **look)
    place = {"xycoords": "axes fraction", "size": SMALL + 0.6, "va": "bottom"}
    canvas.write(axes, title, (0, 1), (-20 - 2 * len(title), 3.5), **place)


def traces(path: Projection) -> list[web.Trace]:
    """Describe both panels for plotly.js, on the axes ``x`` and ``y``, ``x2`` and ``y2``."""
    solid, dashed = {"width": 2.5}, {"width": 2, "dash": "dash"}
    lines = [
        (UNDER, path.under, dashed | {"color": style.ink()}, ""),
        (TRUE, path.true, solid | {"color": style.train()}, ""),
        (away(path), path.distance, solid | {"color": style.fit()}, "2"),
        (TRAVELLED, path.travelled, dashed | {"color": style.ink()}, "2"),
    ]
    if shows_recorded(path):
        lines.insert(0, (RECORDED, path.recorded, {"width": 1, "dash": "dot", "color": style.muted()}, ""))
    fill = {TRUE: {"fill": "tonexty", "fillcolor": style.tone(GAP)}}
    return [
        timeline.web_line(name, path.step, values, line)
        | {"xaxis": f"x{place}", "yaxis": f"y{place}", "showlegend": False, **fill.get(name, {})}
        for name, values, line, place in lines
    ]


def layout(path: Projection, across: tuple[float, float] | None = None) -> dict[str, Any]:
    """Describe the axes of both panels, one below the other at the foot of the page, and their titles.

    They reach from where to where ``across`` says, as shares of the width; by default their ticks stand in the margin.
    """
    steps, losses = {"range": list(path.steps.ends), "nticks": 6, "domain": list(across or (0.0, 1.0))}, view(path)
    ticks = {"automargin": across is None}
    powers = {"dtick": 1} if losses.log else {"nticks": 4}
    titles = [
        _heading("loss", [(TRUE, style.train()), (f"{UNDER} (dashed)", style.ink())], LOSSES[1]),
        _heading("distance", [(away(path), style.fit()), (f"{TRAVELLED} (dashed)", style.ink())], WAYS[1]),
    ]
    return {
        "xaxis": web.axis("", anchor="y", matches="x2", showticklabels=False, **steps),
        "yaxis": web.axis("", domain=list(LOSSES), anchor="x", exponentformat="power", **ticks, **powers, **losses.web),
        "xaxis2": web.axis("step", anchor="y2", **steps),
        "yaxis2": web.axis("", domain=list(WAYS), anchor="x2", nticks=4, rangemode="tozero", **ticks),
        "annotations": titles,
    }


def _heading(title: str, names: list[tuple[str, str]], top: float) -> dict[str, Any]:
    legend = ", ".join(f"<span style='color:{colour}'>{name}</span>" for name, colour in names)
    return web.heading(f"{title}: {legend}", 0, top)

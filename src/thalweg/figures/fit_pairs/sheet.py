"""The figure of pairs of parameters on paper."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from thalweg.figures.drawing import canvas, style
from thalweg.figures.drawing.marks import END, START
from thalweg.figures.drawing.wording import shortened
from thalweg.figures.fit_pairs.reading import Along, Pairs

FAINT = "#c3c9d1"
"""Starts, and the lines of the ranges of starts."""

SIDE = (1.9, 6.2)
"""Inches of a panel's height at most, and of all of them."""

DOT = (3.0, 15.0)
"""Diameter of the smallest dot, and of one that all starts end in, points."""

LETTERS = 8.0

FEW = 5
"""Parameters from which on panels have room for few numbers."""


def draw(drawn: Pairs, title: str) -> canvas.Sheet:
    """Draw the lower triangle of panels, with histograms on its diagonal."""
    number = len(drawn.axes)
    width, usual = style.size()
    height = canvas.HEADER + 0.55 + (3.2 if number == 1 else min(SIDE[0] * number, SIDE[1]))
    sheet = canvas.headed(title, drawn.note, "constrained", (width, usual if style.look().size else height))
    top = 1 - canvas.HEADER / sheet.get_size_inches()[1]
    sheet.get_layout_engine().set(rect=(0.012, 0.01, 0.976, top - 0.01), hspace=0.02, wspace=0.02)  # pyright: ignore
    panels = sheet.subplots(number, number, squeeze=False)
    for row in range(number):
        for column in range(number):
            axes = panels[row, column]
            if column > row:
                axes.remove()
                continue
            (_draw_counts if row == column else _draw_pair)(axes, drawn, column, row)
            _show(axes, drawn, column, row)
    sheet.align_labels()
    canvas.legend(sheet, panels[-1, 0])
    return sheet


def _show(axes: Axes, drawn: Pairs, column: int, row: int) -> None:
    """Set up both axes; only the outer panels have labels."""
    axes.tick_params(labelsize=LETTERS, length=2.5, pad=2)
    _set_up(axes.xaxis, drawn.axes[column], ticks := 4 if len(drawn.axes) < FEW else 2)
    axes.set_xlim(drawn.axes[column].view.low, drawn.axes[column].view.high)
    last = row == len(drawn.axes) - 1
    axes.tick_params(labelbottom=last)
    if last:
        axes.set_xlabel(canvas.plain(shortened(drawn.axes[column].scale.label, 24)))
        axes.tick_params(axis="x", labelrotation=0)
    if column == row:
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        return
    _set_up(axes.yaxis, drawn.axes[row], ticks)
    axes.set_ylim(drawn.axes[row].view.low, drawn.axes[row].view.high)
    axes.tick_params(labelleft=column == 0)
    if column == 0:
        axes.set_ylabel(canvas.plain(shortened(drawn.axes[row].scale.label, 24)))


def _set_up(axis: Any, along: Along, ticks: int) -> None:
    canvas.show_unit(axis, along.scale)
    axis.set_label_text("")
    if along.view.log:
        axis._set_axes_scale("log")
        axis.set_major_locator(LogLocator(numticks=ticks))
        axis.set_minor_formatter(NullFormatter())
    else:
        steps = [1, 2, 3, 4.5, 6, 9, 10] if along.scale.sign else [1, 2, 2.5, 5, 10]
        axis.set_major_locator(MaxNLocator(ticks, steps=steps))


def _draw_pair(axes: Axes, drawn: Pairs, column: int, row: int) -> None:
    _draw_range(axes, drawn.axes[column], axes.axvline)
    _draw_range(axes, drawn.axes[row], axes.axhline)
    look: dict[str, Any] = {"color": drawn.groups[0].look.colour, "lw": 0.7, "zorder": 1.4, "alpha": 0.6}
    axes.axvline(drawn.best[column], **look)
    axes.axhline(drawn.best[row], **look)
    if len(drawn.starts):
        places = drawn.starts[:, [column, row]]
        axes.plot(*places.T, "o", ms=1.4, mew=0, color=style.tone(FAINT), zorder=1.2, label="starts", rasterized=True)
    for k, group in reversed(list(enumerate(drawn.groups))):
        dots = drawn.dots(group, column, row)
        area = np.maximum(DOT[1] * np.sqrt(dots.share), DOT[0]) ** 2
        look = {"color": group.look.colour, "linewidths": 0, "marker": group.look.mark[0]}
        axes.scatter(dots.x, dots.y, s=area, zorder=2.5 - 0.05 * k, **look)
    for mark, place, label in zip((START, END), drawn.own, ("your start", "where it leads"), strict=False):
        mark.draw(axes, place[[column]], place[[row]], ms=5, zorder=3, label=label)
    if column == 0 and row == len(drawn.axes) - 1:
        _name(axes, drawn)


def _draw_counts(axes: Axes, drawn: Pairs, along: int, row: int) -> None:
    """Draw the histogram of ends, a valley on top of the other."""
    bins, base = drawn.axes[along].bins, np.zeros(len(drawn.axes[along].bins) - 1)
    for group, share in zip(drawn.groups, drawn.counts(along), strict=True):
        axes.bar(bins[:-1], share, np.diff(bins), base, align="edge", color=group.look.colour, linewidth=0, zorder=2)
        base = base + share
    _draw_range(axes, drawn.axes[along], axes.axvline)
    axes.set_ylim(0, 1.12 * max(float(base.max()), 1e-9))
    axes.grid(visible=False)
    if len(drawn.axes) == 1:
        _name(axes, drawn)


def _draw_range(axes: Axes, along: Along, line: Any) -> None:
    for wall in along.walls:
        line(wall, color=style.muted(), lw=1.0, zorder=1.3)
    for limit in along.limits:
        line(limit, color=style.muted(), lw=0.8, ls=(0, (1.5, 2.5)), zorder=1.3)


def _name(axes: Axes, drawn: Pairs) -> None:
    """Name what is drawn once, for the legend."""
    for group in drawn.groups:
        axes.plot([], [], group.look.mark[0], color=group.look.colour, ms=5.5, mew=0, ls="none", label=group.label)
    if any(along.walls for along in drawn.axes):
        axes.plot([], [], color=style.muted(), lw=1.0, label="walls of the ranges")
    if any(along.limits for along in drawn.axes):
        axes.plot([], [], color=style.muted(), lw=0.8, ls=(0, (1.5, 2.5)), label="ends of the ranges of starts")

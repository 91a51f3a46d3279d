"""A page with the ring on it: everything of a crown but its run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import TriMesh
from matplotlib.patches import Ellipse
from matplotlib.tri import Triangulation

from thalweg.figures.crown.arrays import Crown
from thalweg.figures.crown.ring import INNER, OUTER, Ring
from thalweg.figures.drawing import canvas, style
from thalweg.figures.drawing.marks import Steps
from thalweg.figures.drawing.wording import number

SIZE = (9.0, 7.0)
"""Inches, where the size of the page is not fixed."""

SMALLEST = 0.7
"""Title and note are set smaller on a smaller page, down to this share."""

DIM = 0.62
"""Brightness of the ring on dark paper."""

BOTTOM, TALL, HEAD = 0.07, 0.8, 0.8
"""Where the ring lies on the page: its foot and its height, as shares, and at least so many inches below the edge."""

BAR = (0.075, 0.43)
"""Where the bar of steps lies, as a share of the page, and at least, inches."""

MARGIN = np.array([[0.4, 0.16], [0.14, 0.12]])
"""Room around the ring, left and below, right and above, in units of the ring: for the scale, for names."""

FLOOR = "#f0f0f0"
"""The paper inside the ring, in its shade."""

HATCH = np.radians(2.0)
"""Between the lines that hatch a top where the ring is cut."""

LIFT = 0.02
"""A line along a valley's floor lies this much above it, or the walls of a narrow notch would hide it."""

DASHES = np.linspace(0, 1, 91)
DASHES[np.floor(np.linspace(0, 12.999, 91)).astype(int) % 2 == 1] = np.nan
"""Where across the ring the dashes of a pass are, with gaps between them."""

ENGRAVED = 240
"""Points of a level line around the ring."""


@dataclass(frozen=True, eq=False)
class Stage:
    """A page with the ring on it, ready for a run to be drawn."""

    crown: Crown
    ring: Ring
    page: canvas.Sheet
    axes: Axes

    @property
    def points(self) -> float:
        """Points of the page for one unit of the ring."""
        low, high = self.axes.get_xlim()
        return 72 * self.page.get_figwidth() / (high - low)

    def line(self, points: np.ndarray, **look: object) -> None:
        """Draw lines through points in space, (…, point, 3), where the ring does not hide them."""
        lines = points.reshape(-1, *points.shape[-2:])
        drawn = self.ring.project(lines)
        drawn[self.ring.hidden(lines)] = np.nan
        broken = np.concatenate([drawn, np.full((len(drawn), 1, 2), np.nan)], axis=1).reshape(-1, 2)
        self.axes.plot(*broken.T, **look)  # pyright: ignore[reportArgumentType]


def set_stage(crown: Crown, title: str, note: str) -> Stage:
    """Draw all that does not depend on the run's steps."""
    width, height = size = style.size(SIZE)
    page = canvas.Sheet(figsize=size, dpi=style.DPI)
    share = float(np.clip(min(np.divide(size, SIZE)), SMALLEST, 1.0))
    letters = min(17 * share, canvas.fitting_size(title, 0.95 * width))
    page.text(0.03, 1 - 0.245 * share / height, canvas.plain(title), va="top", size=letters, weight="bold")
    text, letters = canvas.noted(note, width - 0.5, 10 * share**0.5)
    page.text(0.03, 1 - 0.595 * share / height, canvas.plain(text), va="top", size=letters, color=style.muted())
    axes = page.add_axes((0.0, BOTTOM, 1.0, min(TALL, 1 - BOTTOM - HEAD / height)))
    axes.set_axis_off()
    stage = Stage(crown, crown.ring, page, axes)
    _frame(stage)
    _shadow(stage)
    _solid(stage)
    _engrave(stage)
    _scale(stage)
    if crown.run is not None:
        _step_bar(stage, crown.run.steps)
    _legend(stage)
    return stage


def _frame(stage: Stage) -> None:
    """Fit the ring into the page; where limits were asked for, a ring as high as these: all have one size then."""
    ring = stage.ring
    heights = np.ones_like(ring.heights) if stage.crown.levels.fixed else ring.heights
    edges = np.concatenate([ring.project(ring.place(ring.angles, heights * up, 1.0)) for up in (0, 1)])
    low, high = edges.min(axis=0) - MARGIN[0], edges.max(axis=0) + MARGIN[1]
    room = stage.page.get_size_inches() * stage.axes.get_position().size
    reach = np.max((high - low) / room) * room / 2
    middle = (low + high) / 2
    stage.axes.set_xlim(middle[0] - reach[0], middle[0] + reach[0])
    stage.axes.set_ylim(middle[1] - reach[1], middle[1] + reach[1])


def _shadow(stage: Stage) -> None:
    """Let the ring stand on the paper: a soft shadow around its foot."""
    for k in range(16):
        wide = 2 * OUTER * (0.99 + 0.014 * k)
        middle, tall = (0.003 * k, -0.02 - 0.001 * k), wide * float(np.sin(stage.ring.elevation))
        stage.axes.add_patch(Ellipse(middle, wide, tall, fc="black", alpha=0.013, lw=0, zorder=0))
    tall = 2 * INNER * float(np.sin(stage.ring.elevation))
    stage.axes.add_patch(Ellipse((0, 0), 2 * INNER, tall, fc=style.tone(FLOOR), lw=0, zorder=0.5))


def _solid(stage: Stage) -> None:
    crown = stage.crown
    corners, light = stage.ring.mesh(crown.cut)
    points = corners.reshape(-1, 2)
    mesh = TriMesh(Triangulation(points[:, 0], points[:, 1], np.arange(len(points)).reshape(-1, 3)))
    grey = brightest() * np.repeat(np.clip(light.reshape(-1, 1), 0, 1), 4, axis=1)
    grey[:, 3] = 1
    mesh.set_facecolor(grey)  # pyright: ignore[reportArgumentType]
    mesh.set_rasterized(True)
    mesh.set_zorder(1)
    stage.axes.add_collection(mesh, autolim=False)


def brightest() -> float:
    """Tell the gray of the ring in full light."""
    return DIM if style.look().dark else 1.0


def _engrave(stage: Stage) -> None:
    """Draw what gives the ring its edges: rims, levels of loss on the walls, and a line along each valley's floor."""
    crown, ring = stage.crown, stage.ring
    closed = np.append(ring.angles, ring.angles[0] + 2 * np.pi)
    top = ring.top(closed)
    for across in (0.0, 1.0):
        stage.line(ring.place(closed, top, across)[None], color=style.ink(), lw=0.7, alpha=0.55, zorder=2)
    stage.line(ring.place(closed, np.zeros_like(top), 1.0)[None], color=style.ink(), lw=0.5, alpha=0.3, zorder=2)
    around = np.linspace(0, 2 * np.pi, ENGRAVED + 1)
    for height in crown.levels.height(crown.levels.ticks):
        if not 0 < height < 1:
            continue
        for across in (0.0, 1.0):
            level = ring.place(around, np.full_like(around, height), across)
            level[ring.top(around) < height] = np.nan
            stage.line(level[None], color=style.paper(), lw=0.7, alpha=0.5, zorder=1.5)
    across = np.linspace(0, 1, 24)
    spokes = np.arange(0, 2 * np.pi, HATCH)
    cut = spokes[np.interp(spokes, crown.angles, crown.above, period=2 * np.pi) == 1]
    if len(cut):
        stage.line(
            ring.place(cut[:, None], ring.top(cut)[:, None], across), color=style.muted(), lw=0.4, alpha=0.7, zorder=1.6
        )
    kept, rest = crown.parted
    if len(crown.passes):
        tops = ring.place(crown.passes[:, None], ring.top(crown.passes)[:, None], DASHES)
        look = {"lw": 0.3, "alpha": 0.3} if rest.size else {"lw": 1.1}
        stage.line(tops, color=style.muted(), zorder=2.9, solid_capstyle="butt", **look)
    for marks, look in ((rest, {"lw": 0.4, "alpha": 0.4}), (kept, {"lw": 1.5})):
        if marks.size:
            angles = crown.marks[marks, None]
            floors = ring.place(angles, ring.top(angles) + LIFT, across)
            stage.line(floors, color=style.valley(), zorder=3, solid_capstyle="round", **look)


def _scale(stage: Stage) -> None:
    """Draw the scale of losses at the left of the ring, in the plane through its axis that faces the viewer."""
    crown, ring = stage.crown, stage.ring
    if not len(crown.levels.ticks):
        return
    left = np.array([ring.azimuth - np.pi / 2])
    x = stage.axes.get_xlim()[0] + 0.24
    heights = ring.project(ring.place(left, crown.levels.height(crown.levels.ticks), 1.0))[:, 1].tolist()
    for tick, y in zip(crown.levels.ticks, heights, strict=True):
        stage.axes.plot([x - 0.02, x], [y, y], color=style.muted(), lw=0.8)
        stage.axes.text(x - 0.035, y, number(float(tick)), ha="right", va="center", size=9, color=style.muted())
    stage.axes.plot([x, x], [heights[0], heights[-1]], color=style.muted(), lw=0.8)
    stage.axes.text(x, heights[-1] + 0.05, "loss", ha="center", size=9.5, color=style.ink())


def _step_bar(stage: Stage, steps: Steps) -> None:
    bar = stage.page.add_axes((0.69, max(BAR[0], BAR[1] / stage.page.get_figheight()), 0.27, 0.013))
    drawn = stage.page.colorbar(ScalarMappable(**steps.static), cax=bar, orientation="horizontal")
    drawn.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    drawn.set_label("step", size=9)
    bar.tick_params(labelsize=8.5, length=2)


def _legend(stage: Stage) -> None:
    """Name several runs below the ring, where the bar of steps would be."""
    handles = [rival.handle(lined=True) for rival in stage.crown.rivals]
    for handle in handles:
        handle.set(linestyle="-", markersize=8, linewidth=3)
    names = [canvas.plain(rival.label) for rival in stage.crown.rivals]
    if names:
        place = {"loc": "lower right", "bbox_to_anchor": (0.985, 0.03), "borderaxespad": 0, "ncols": min(len(names), 4)}
        stage.page.legend(handles, names, fontsize=10, columnspacing=1.4, **place)

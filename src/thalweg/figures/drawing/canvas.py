"""What static figures have in common: a page with title and note, the bar of steps, marks and labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, MaxNLocator
from scipy.optimize import isotonic_regression

from thalweg.figures.drawing import style
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.wording import minus

HEADER = 0.82
"""Inches above the axes, for title, note and legend."""

BESIDE = (1.7, 1.5)
"""Inches, about, that bars, ticks, labels and the header take of width and height."""

LETTER = 0.62
"""Mean width of a letter of DejaVu Sans, as a share of its size."""


class Sheet(MatplotlibFigure):
    """A Matplotlib figure that keeps Thalweg's look whoever draws it, and whenever.

    Matplotlib reads its settings late: ticks, for one, are made while a figure is drawn. So it is not enough to build a
    figure under the right settings; they must hold while it is drawn and saved too.
    """

    def __init__(self, *arguments: Any, **settings: Any):
        self.look = style.look()
        super().__init__(*arguments, **settings)

    def draw(self, renderer: RendererBase) -> None:
        """Draw under the settings of the look."""
        with style.styled(self.look):
            super().draw(renderer)

    def savefig(self, *place: Any, **settings: Any) -> None:
        """Save under the settings of the look."""
        with style.styled(self.look):
            super().savefig(*place, **settings)

    def settle(self, dpi: float) -> None:
        """Lay the axes out once, for so many dots an inch, and keep them there.

        Saving would otherwise draw everything twice, the first time only to see what room labels take.
        """
        engine = self.get_layout_engine()
        if engine is not None:
            self.set_dpi(dpi)
            with style.styled(self.look):
                engine.execute(self)
            self.set_layout_engine(None)


SMALLEST = 7.0
"""Points: a line of facts that would be set smaller goes on in a second line."""

RAISED = 0.06
"""Inches by which two lines of facts begin higher than one, and by which the legend below them hangs lower."""


def blank(title: str, note: str, rows: int = 1) -> tuple[Sheet, list[Axes]]:
    """Open a canvas with a title, a line of facts below it, and axes one below the other."""
    sheet = headed(title, note, layout="constrained")
    top = 1 - HEADER / style.size()[1]
    sheet.get_layout_engine().set(rect=(0.012, 0.01, 0.976, top - 0.01), hspace=0.06)  # pyright: ignore
    return sheet, list(np.atleast_1d(sheet.subplots(rows, 1, sharex=True)))


def parted(title: str, note: str, heights: Sequence[float], shared: bool = True) -> tuple[Sheet, list[Axes]]:
    """Open a canvas like that with axes of so many inches each, one below the other; of a size that was asked for, so
    many parts."""
    width, usual = style.size()
    height = usual if style.look().size else HEADER + 0.5 + sum(heights) + 0.09 * (len(heights) - 1)
    sheet = headed(title, note, "constrained", (width, height))
    top = 1 - HEADER / height
    sheet.get_layout_engine().set(rect=(0.012, 0.01, 0.976, top - 0.01), hspace=0.04)  # pyright: ignore
    return sheet, list(sheet.subplots(len(heights), 1, sharex=shared, height_ratios=heights))


def headed(
    title: str, note: str, layout: str = "none", size: tuple[float, float] | None = None, below: float = 0.40
) -> Sheet:
    """Open a canvas with a title and, so many inches below the edge, a line of facts."""
    width, height = size = size or style.size()
    sheet = Sheet(figsize=size, layout=layout)  # pyright: ignore[reportArgumentType]
    left = 0.14 / width
    sheet.text(
        left, 1 - 0.15 / height, plain(title), va="top", size=min(12, fitting_size(title, width - 0.28)), weight="bold"
    )
    text, letters = noted(note, width - 0.3, 8.5)
    raised = RAISED if "\n" in text else 0
    sheet.text(left, 1 - (below - raised) / height, plain(text), va="top", size=letters, color=style.muted())
    return sheet


def fitting_size(text: str, width: float) -> float:
    """Find the size of letters, points, at which a bold text is so many inches wide."""
    return 72 * width / (0.6 * max(len(text), 1))


def noted(note: str, width: float, size: float) -> tuple[str, float]:
    """Fit a line of facts into so many inches: a long one goes on in a second line, and is set smaller, not cut off."""

    def fits(lines: Sequence[str]) -> float:
        return min(size, 72 * width / (0.53 * max(map(len, [*lines, " "]))))

    facts = note.split(" · ")
    if fits([note]) >= SMALLEST or len(facts) == 1:
        return note, fits([note])
    halves = [(" · ".join(facts[:k]), " · ".join(facts[k:])) for k in range(1, len(facts))]
    best = max(halves, key=fits)
    return "\n".join(best), min(fits(best), SMALLEST)


def area() -> np.ndarray:
    """Tell about how many inches the axes come to when all else has its room."""
    return np.subtract(style.size(), BESIDE)


def placed(sheet: Sheet, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a place in inches."""
    across, up = style.size()
    return sheet.add_axes((left / across, bottom / up, width / across, height / up))


def plain(text: str) -> str:
    """Keep Matplotlib from reading dollar signs as mathematics."""
    return text.replace("$", r"\$")


def write(axes: Axes, text: str, place: Any, offset: tuple[float, float], **look: Any) -> Annotation:
    """Write a text beside a place, so many points to the right and up unless ``textcoords`` says otherwise."""
    look.setdefault("textcoords", "offset points")
    return axes.annotate(plain(text), place, offset, **look)


def halo(width: float) -> list[withStroke]:
    """Part letters from what lies below them by a rim of paper."""
    return [withStroke(linewidth=width, foreground=style.paper())]


def segments(axes: Axes, lines: Iterable[np.ndarray], **look: Any) -> None:
    """Draw lines, (point, 2) each, that choose no part of the axes to be shown."""
    axes.add_collection(LineCollection(list(lines), **look), autolim=False)


def side_bar(sheet: Sheet, colours: ScalarMappable, name: str, **place: Any) -> Colorbar:
    """Draw a slender bar of colours, its name above it."""
    bar = sheet.colorbar(colours, **({} if "cax" in place else {"aspect": 34, "pad": 0.025, "fraction": 0.05}), **place)
    bar.ax.set_title(name, size=9, weight="normal", loc="left", pad=7, color=style.ink())
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(length=2, labelsize=9)
    return bar


def show_unit(axis: Any, scale: Scale) -> None:
    """Label an axis with a parameter; degrees get the ticks that people expect."""
    axis.set_label_text(plain(scale.label))
    if scale.sign:
        axis.set_major_locator(MaxNLocator(8, steps=[1, 1.5, 2, 3, 4.5, 5, 6, 9, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: minus(f"{value + 0.0:g}{scale.sign}")))


SAMPLE = 1.6
"""Letters that a line in a legend is long."""


def legend(sheet: Sheet, axes: Axes, first: Sequence[tuple[Any, str]] = (), sample: float = SAMPLE) -> None:
    """Draw the legend below the note, where it covers nothing; nothing if there is nothing to tell.

    Lines are shown by a ``sample`` so many letters long: those of several dashes need more than one of a single kind.
    """
    handles, labels = ([*(pair[k] for pair in first), *rest] for k, rest in enumerate(axes.get_legend_handles_labels()))
    if not handles:
        return
    width, height = sheet.get_size_inches().tolist()
    lower = RAISED if any("\n" in text.get_text() for text in sheet.texts[:2]) else 0
    columns, letters = _columns(labels, width - 0.25, sample)
    sheet.legend(
        handles,
        [plain(label) for label in labels],
        loc="upper left",
        bbox_to_anchor=(0.11 / width, 1 - (0.56 + lower) / height),
        borderaxespad=0,
        ncols=columns,
        fontsize=letters,
        labelspacing=0.25,
        handlelength=sample,
        columnspacing=1.4,
        handletextpad=0.5,
    ).set_in_layout(False)


def _columns(labels: Sequence[str], width: float, sample: float) -> tuple[int, float]:
    """Choose the columns of a legend and the size of its letters: one row, or two where that would be set too small."""
    # In letters; beside each label there are a sample of the line and gaps.
    lengths = np.array([0.53 * len(label) + sum(map(label.count, "%#")) * 0.4 + 1.9 + sample for label in labels])

    def fits(columns: int) -> float:
        return min(8.5, 72 * width / sum(part.max() for part in np.array_split(lengths, columns)))

    one, half = len(labels), -(-len(labels) // 2)
    return (one, fits(one)) if fits(one) >= SMALLEST else (half, min(fits(half), SMALLEST))


def spread(places: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Move labels apart along one axis, as little as needed, so that neighbours keep a gap within bounds.

    The labels keep their order; the moves are the smallest in squares, so that each clump stays about its own middle.
    """
    if not len(places):
        return np.empty(0)
    order, ladder = np.argsort(places, kind="stable"), gap * np.arange(len(places))
    level = isotonic_regression(np.asarray(places, dtype=np.float64)[order] - ladder).x
    result = np.empty_like(ladder)
    result[order] = np.clip(level, low, max(low, high - ladder[-1])) + ladder
    return result


def fitting(boxes: np.ndarray, taken: np.ndarray | None = None) -> np.ndarray:
    """Choose, in the order given, boxes that overlap neither what is taken nor one chosen before.

    Parameters
    ----------
    boxes, taken : (box, 4), left, bottom, right, top

    Returns
    -------
    (box,), True for each that is chosen
    """
    others = np.empty((0, 4)) if taken is None else taken
    chosen = np.zeros(len(boxes), dtype=bool)
    for k, box in enumerate(boxes):
        left, bottom, right, top = box
        apart = (others[:, 2] <= left) | (right <= others[:, 0]) | (others[:, 3] <= bottom) | (top <= others[:, 1])
        chosen[k] = bool(apart.all())
        if chosen[k]:
            others = np.vstack([others, box])
    return chosen


def boxes(x: np.ndarray, bottom: np.ndarray, top: np.ndarray, texts: Sequence[str], size: float) -> np.ndarray:
    """Estimate the boxes, (text, 4), that texts take about their places, in points."""
    half = np.array([width_of(text, size) / 2 for text in texts])
    return np.stack([x - half, bottom, x + half, top], axis=-1)


def width_of(text: str, size: float) -> float:
    """Estimate the width of a text in points."""
    return LETTER * size * len(text)

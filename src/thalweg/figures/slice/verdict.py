"""Whether a picture of a projected run can be trusted, written into it: a band across its foot."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from matplotlib.patches import Rectangle

from thalweg.figures.drawing import canvas, style, web
from thalweg.figures.drawing.wording import number
from thalweg.figures.slice.reading import Projection

SIZE, SMALL = 8.0, 7.0
"""Of the letters, points, and of the heading at least, as long as all of it is written."""

LINES = 4
"""Lines of the verdict at most; a longer one stands whole in the caption."""

LINE, PAD = 0.155, 0.075
"""Height of a line, and room around the lines, inches."""

LEAST = 0.001
"""Share below which no number is written."""

BAND = 36
"""Letters in a line of a page's band."""

FOOT = 0.1
"""Below the band, inches."""


class Degree(NamedTuple):
    """How one degree of trust looks: its heading, the ground of the band, its edge, and how heavy that is."""

    heading: str
    ground: str
    edge: Callable[[], str]
    weight: float


DEGREES = {
    "good": Degree("This picture can be trusted", "#edf4ef", style.valley, 0.0),
    "fair": Degree("Read this picture with care", "#fdf4df", partial(style.tone, "#c98a00"), 0.0),
    "poor": Degree("This picture misleads", "#fbe4e5", style.fit, 1.4),
}
"""A poor one has a frame all around, which is seen in grey too."""


def heading(path: Projection) -> str:
    """Write the verdict in a few words, with the share of the run that the plane holds."""
    return f"{DEGREES[path.trust].heading} · {share_in_words(path)}"


def share_in_words(path: Projection) -> str:
    """Say how much of the run the slice holds."""
    if path.held:
        return path.held
    split = len(path.shares) > 1 and path.share >= LEAST
    parts = f" ({' + '.join(map(percent, path.shares))})" if split else ""
    return f"the {path.ground} holds {percent(path.share)} of the run's squared distance{parts}"


def percent(share: float) -> str:
    """Write a share in percent."""
    if 0 < share < LEAST:
        return "less than 0.1 %"
    value = 100 * share
    # All but a little is not all of it.
    digits = 1 if value < 10 or 99 <= value < 99.95 else 2 if 99.95 <= value < 100 else 0
    return f"{number(float(f'{value:.{digits}f}'))} %"


def reasons(path: Projection) -> str:
    """Take the verdict without what repeats the heading: how it opens, and the share."""
    if path.held:
        return path.verdict
    text = re.sub(r"^(?:the|this) picture [^:.]{0,60}: ", "", path.verdict, flags=re.IGNORECASE)
    text = re.sub(r"The (?:plane|line) holds [^%]* % of the run's squared distance from the origin\. ?", "", text)
    return text[:1].upper() + text[1:]


def lines_of(path: Projection) -> list[str]:
    """Break the verdict into lines of the static figure."""
    letters = int(72 * (style.size()[0] - 0.62) / (0.5 * SIZE))
    lines = textwrap.wrap(reasons(path), letters)
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], textwrap.shorten(" ".join(lines[LINES - 1 :]), letters - 2, placeholder=" …")]
    return lines


def height_of(path: Projection) -> float:
    """Measure the band with its room, inches."""
    return FOOT + 2 * PAD + LINE * (1 + len(lines_of(path)))


def draw(sheet: canvas.Sheet, path: Projection) -> None:
    """Draw the band across the foot of a sheet."""
    look, (wide, tall) = DEGREES[path.trust], style.size()
    left, right, top = 0.14, wide - 0.14, height_of(path)
    place = (left / wide, FOOT / tall)
    frame = {"edgecolor": look.edge() if look.weight else "none", "linewidth": look.weight, "zorder": 0.5}
    band = Rectangle(place, (right - left) / wide, (top - FOOT) / tall, facecolor=style.tone(look.ground), **frame)
    mark = Rectangle(place, 0.07 / wide, (top - FOOT) / tall, facecolor=look.edge(), edgecolor="none", zorder=0.6)
    for part in (band, mark):
        part.set_transform(sheet.transFigure)
        sheet.add_artist(part)
    head, room = heading(path), wide - 0.62
    # The parts of the share are said where there is room.
    head = head if canvas.fitting_size(head, room) >= SMALL else head.partition(" (")[0]
    for k, text in enumerate([head, *lines_of(path)]):
        y = (top - PAD - LINE * (k + 0.5)) / tall
        weight = "normal" if k else "bold"
        size = SIZE if k else min(SIZE, canvas.fitting_size(text, room))
        sheet.text((left + 0.17) / wide, y, canvas.plain(text), va="center", size=size, weight=weight)


def note(path: Projection) -> dict[str, Any]:
    """Describe the heading as a band over a page's figure; the reasons stand in its caption, where they wrap."""
    look = DEGREES[path.trust]
    # As wide as a phone has room for.
    words = "<br>".join([f"<b>{look.heading}</b>", *textwrap.wrap(share_in_words(path).partition(" (")[0], BAND)])
    place = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top", "align": "left"}
    frame = {
        "bgcolor": style.tone(look.ground),
        "bordercolor": look.edge(),
        "borderwidth": 2 if look.weight else 1,
        "borderpad": 5,
    }
    return web.text(0, 1, words, **place, **frame)

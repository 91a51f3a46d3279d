"""What a figure is: one set of arrays, drawn static, interactive or moving."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue, OutputError
from thalweg.figures import page
from thalweg.figures.drawing import style

STATIC = (".png", ".svg", ".pdf")
QUICK = {"compress_level": 3}
"""Packs a picture nearly as small as Matplotlib would, in a third of the time."""

IN_NOTEBOOK = 110
"""Dots an inch in a notebook, which keeps its pictures inside."""

MOST_DOTS = 2400
"""Dots an inch at most: a page of 9 inches has 21,600 dots along its side then, which need 1.5 gigabytes."""

MOVING = (".gif", ".mp4")


@dataclass(frozen=True, eq=False, repr=False)
class Figure:
    """A figure that knows how to be drawn; nothing is drawn before it is asked for.

    Attributes
    ----------
    name : its file name without ending
    title : one line
    caption : what is seen, for people who cannot see it too
    static : draws it with Matplotlib
    interactive : describes it for plotly.js, ``{"data": …, "layout": …}``
    moving : writes an animation to a path, where there is one
    tall : whether a page gives it more height, for parts one below the other
    """

    name: str
    title: str
    caption: str
    static: Callable[[], Canvas]
    interactive: Callable[[], dict[str, Any]]
    moving: Callable[[Path], None] | None = None
    tall: bool = False

    def save(self, path: str | Path, *, dpi: int = style.DPI) -> Path:
        """Write the figure; the ending chooses how: png, svg, pdf, html, gif or mp4.

        Parameters
        ----------
        path : where to
        dpi : dots an inch of a png, and of what is made of dots in an svg or pdf; a whole multiple of 200 for a wall
        """
        path = Path(path)
        whole("dpi", dpi, at_least=20, at_most=MOST_DOTS)
        ending = path.suffix.lower()
        allowed = (*STATIC, ".html", *(MOVING if self.moving else ()))
        if ending not in allowed:
            raise InvalidValue(f"cannot save {self.name} as {path.name!r}; give an ending of {', '.join(allowed)}")
        try:
            if ending == ".html":
                path.write_text(page.html([self]), encoding="utf-8")
            elif ending in STATIC:
                self._save_static(path, dpi)
            elif self.moving:
                self.moving(path)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
        return path

    def png(self, dpi: int = style.DPI) -> bytes:
        """Draw the figure as the bytes of a PNG."""
        buffer = io.BytesIO()
        with style.styled():
            canvas = self.static()
            FigureCanvasAgg(canvas)
            canvas.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None}, pil_kwargs=QUICK)
        return buffer.getvalue()

    def _save_static(self, path: Path, dpi: int) -> None:
        metadata = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
        ending = path.suffix.lower()
        with style.styled():
            canvas = self.static()
            more: dict[str, Any] = {"pil_kwargs": QUICK} if ending == ".png" else {}
            canvas.savefig(path, dpi=dpi, metadata=metadata[ending], **more)

    def __repr__(self) -> str:
        return f"<Figure {self.name}: {self.title}>"

    def _repr_png_(self) -> bytes:
        return self.png(IN_NOTEBOOK)

"""What a figure is: one set of arrays, drawn static, interactive or moving."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from matplotlib.backends.backend_agg import FigureCanvasAgg

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue, OutputError
from thalweg.figures import page
from thalweg.figures.drawing import style
from thalweg.figures.drawing.canvas import Sheet

Drawn = TypeVar("Drawn")

UNDATED = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
"""Keeps what changes from day to day, or with Matplotlib's version, out of files: equal figures are equal bytes."""

STATIC = tuple(UNDATED)
QUICK = {"compress_level": 3}
"""Packs a picture nearly as small as Matplotlib would, in a third of the time."""

IN_NOTEBOOK = 110
"""Dots an inch in a notebook, which keeps its pictures inside."""

MOST_DOTS = 2400
"""Dots an inch at most: a page of 9 inches has 21,600 dots along its side then, which need 1.5 gigabytes."""

MOVING = (".gif", ".mp4")


@public
@dataclass(frozen=True, eq=False, repr=False)
class Figure:
    """A figure that knows how to be drawn; nothing is drawn before it is asked for.

    Figures come from the functions of ``tw.figures``, which check and collect what is to be drawn.

    Attributes
    ----------
    name : its file name without ending
    title : one line
    caption : what is seen, for people who cannot see it too
    draw : draws it with Matplotlib; :meth:`static` does so in Thalweg's look
    interactive : describes it for plotly.js, ``{"data": …, "layout": …}``
    moving : writes an animation to a path, where there is one
    tall : whether a page gives it more height, for parts one below the other

    Examples
    --------
    >>> import thalweg as tw
    >>> figure = tw.figures.data(tw.problems.pencil(points=20))
    >>> figure
    <Figure data: The data>
    >>> figure.static().axes[0].get_xlabel(), figure.interactive()["layout"]["xaxis"]["title"]["text"]
    ('x', 'x')
    """

    name: str
    title: str
    caption: str
    draw: Callable[[], Sheet]
    interactive: Callable[[], dict[str, Any]]
    moving: Callable[[Path], None] | None = None
    tall: bool = False
    _kept: dict[int, Sheet] = field(default_factory=dict, init=False)
    """The sheet that was last saved, by its dots an inch: a picture in several formats is drawn once."""

    def static(self) -> Sheet:
        """Draw the figure with Matplotlib, anew each time.

        Returns
        -------
        matplotlib.figure.Figure
            It keeps Thalweg's look however it is shown or saved.
        """
        with style.styled():
            return self.draw()

    @public
    def save(self, path: str | Path, *, dpi: int = style.DPI) -> Path:
        """Write the figure; the ending chooses how: png, svg, pdf, html, gif or mp4.

        Parameters
        ----------
        path : where to
        dpi : dots an inch of a png, and of what is made of dots in an svg or pdf; a whole multiple of 200 for a wall

        Returns
        -------
        Path
            Where it was written.

        Raises
        ------
        InvalidValue
            If the ending is not one of those, or ``dpi`` is not between 20 and 2400.
        OutputError
            If nothing can be written there.

        Examples
        --------
        >>> import tempfile, thalweg as tw
        >>> figure = tw.figures.data(tw.problems.pencil(points=20))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     figure.save(f"{folder}/data.svg").stat().st_size > 1000
        True
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
                self._write(path, ending, dpi)
            elif self.moving:
                self.moving(path)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
        return path

    @public
    def png(self, dpi: int = style.DPI) -> bytes:
        """Draw the figure as a PNG.

        Parameters
        ----------
        dpi : dots an inch

        Returns
        -------
        bytes
            What a file would hold.
        """
        whole("dpi", dpi, at_least=20, at_most=MOST_DOTS)
        buffer = io.BytesIO()
        self._write(buffer, ".png", dpi)
        return buffer.getvalue()

    def _write(self, target: Path | io.BytesIO, ending: str, dpi: int) -> None:
        if dpi not in self._kept:
            sheet = self.static()
            FigureCanvasAgg(sheet)
            sheet.settle(dpi)
            self._kept.clear()
            self._kept[dpi] = sheet
        more: dict[str, Any] = {"pil_kwargs": QUICK} if ending == ".png" else {}
        self._kept[dpi].savefig(target, format=ending[1:], dpi=dpi, metadata=UNDATED[ending], **more)

    def __repr__(self) -> str:
        return f"<Figure {self.name}: {self.title}>"

    def _repr_png_(self) -> bytes:
        return self.png(IN_NOTEBOOK)


def figure_of(
    name: str,
    title: str,
    caption: str,
    drawn: Drawn,
    sheet: Callable[[Drawn, str], Sheet],
    page: Callable[[Drawn], dict[str, Any]],
) -> Figure:
    """Make a figure of what is drawn, on a sheet below its title and in a page, which has the title elsewhere."""
    return Figure(name, title, caption, partial(sheet, drawn, title), partial(page, drawn))

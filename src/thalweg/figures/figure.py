"""What a figure is: one set of arrays, drawn static, interactive or moving."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from matplotlib.backends.backend_agg import FigureCanvasAgg

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue, OutputError
from thalweg.base.look import LETTERS, Look
from thalweg.figures import page
from thalweg.figures.drawing import enlarging, style
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
    describe : describes it for plotly.js; :meth:`interactive` does so in Thalweg's look
    moving : writes an animation to a path, where there is one
    tall : whether a page gives it more height, for parts one below the other
    shown : the look in which it is drawn; :meth:`look` chooses another

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
    describe: Callable[[], dict[str, Any]]
    moving: Callable[[Path], None] | None = None
    tall: bool = False
    shown: Look = style.USUAL
    _kept: dict[int, Sheet] = field(default_factory=dict, init=False)
    """The sheet that was last saved, by its dots an inch: a picture in several formats is drawn once."""

    def static(self) -> Sheet:
        """Draw the figure with Matplotlib, anew each time.

        Returns
        -------
        matplotlib.figure.Figure
            It keeps Thalweg's look however it is shown or saved.
        """
        with style.styled(self.shown):
            return self.draw()

    def interactive(self) -> dict[str, Any]:
        """Describe the figure for plotly.js.

        Returns
        -------
        dict
            ``{"data": …, "layout": …}``
        """
        with style.styled(self.shown):
            return self.describe()

    @public
    def look(
        self,
        *,
        dark: bool = False,
        size: Sequence[float] | None = None,
        font: str | None = None,
        font_size: float = LETTERS,
    ) -> Figure:
        """Choose how the figure looks, such as on slides; a page takes paper and font, and fits its window.

        Parameters
        ----------
        dark : light on dark paper
        size : width and height of the picture, inches; by default that of each figure, mostly 7.2 by 4.5
        font : name of a font that Matplotlib finds; by default DejaVu Sans
        font_size : of most letters, points; lines and marks go along

        Returns
        -------
        Figure
            The same that looks so, and as usual where nothing is said.

        Raises
        ------
        InvalidValue
            If a side is not between 2 and 40 inches, or has no room for such letters, or these are not between 4 and 72
            points.
        UnknownName
            If there is no such font.

        Examples
        --------
        >>> import thalweg as tw
        >>> figure = tw.figures.data(tw.problems.pencil(points=20))
        >>> slide = figure.look(dark=True, size=(13.3, 7.5), font_size=14)
        >>> slide.interactive()["layout"]["paper_bgcolor"]
        '#161616'
        """
        style.check_font(font)
        return replace(self, shown=Look(dark, size, font, font_size))

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
                with style.styled(self.shown):
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
            sheet.settle(dpi * self.shown.scale)
            self._kept.clear()
            self._kept[dpi] = sheet
        more: dict[str, Any] = {"pil_kwargs": QUICK} if ending == ".png" else {}
        enlarging.write(self._kept[dpi], target, ending[1:], dpi, metadata=UNDATED[ending], **more)

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

"""What all commands that carry out an experiment have in common: options, their words, and how they are read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from thalweg.base.errors import InvalidValue

if TYPE_CHECKING:
    from thalweg.experiment.sections import Figures

Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
"""An option that is there or not; it has no opposite."""


@Parameter(name="*")  # each field is an option of its own
@dataclass(frozen=True)
class Options:
    """Options of every command that writes a folder of results.

    Attributes
    ----------
    set: tuple[str, ...]
        Values that replace those of the file: `--set loss=quadratic descent.steps=200`.
    formats: str
        What to draw, parted by commas: png, svg, pdf, html; by default what the file's `[figures]` asks for.
    out: Path
        Folder to write; by default the file's name and the command's, such as `experiment-run`. What an earlier run
        wrote there is replaced, any other folder is left alone.
    cache: Path
        Folder that keeps compiled programs, so that a later start need not compile them again.
    timings: bool
        Print where the time went.
    """

    set: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=(), show_default=False)] = ()
    formats: str | None = None
    out: Path | None = None
    cache: Path | None = None
    timings: Flag = False

    def overrides(self) -> dict[str, Any]:
        """Read the values of ``--set``, by dotted key, and the formats among them."""
        formats = {} if self.formats is None else {"figures.formats": formats_of(self.formats)}
        return dict(map(override, self.set)) | formats


USUAL = Options()


@Parameter(name="*")
@dataclass(frozen=True)
class Wanted:
    """Options of how pictures are drawn; what is not given stays as the first experiment asks for.

    Attributes
    ----------
    formats: str
        What to write, parted by commas: png, svg, pdf, html; by default what the first experiment asks for.
    dark: bool
        Draw light on dark paper, for slides; or dark on light.
    size: str
        Width and height of pictures in inches, such as `13.3x7.5` for a slide.
    font: str
        Name of a font.
    font_size: float
        Size of most letters, points; lines and marks go along.
    """

    formats: str | None = None
    dark: Annotated[bool | None, Parameter(negative="--light", show_default=False)] = None
    size: str | None = None
    font: str | None = None
    font_size: float | None = None

    def instead_of(self, figures: Figures) -> Figures:
        """Change what an experiment asks for."""
        given = {
            "formats": None if self.formats is None else formats_of(self.formats),
            "dark": self.dark,
            "size": None if self.size is None else _inches(self.size),
            "font": self.font,
            "font_size": self.font_size,
        }
        try:
            return replace(figures, **{key: value for key, value in given.items() if value is not None})
        except InvalidValue as error:
            typed = str(error).replace("figures.font_size", "--font-size").replace("figures.size", "--size")
            raise InvalidValue(typed) from None


DRAWN = Wanted()


FORMATS = ("png", "svg", "pdf", "html")
"""What figures are written as; where there are animations, the file's ``animation`` decides."""


@contextmanager
def named(**options: str) -> Iterator[None]:
    """Let refusals inside the block call a number as it was typed: ``rates="--rates"``, with _ for a space.

    The bounds stay where they are known: a command does not repeat what it hands on.
    """
    try:
        yield
    except InvalidValue as error:
        text = str(error)
        for within, option in options.items():
            rest = text.removeprefix(within.replace("_", " "))
            if rest != text and rest.startswith(" = "):
                raise InvalidValue(option + rest) from None
        raise


def formats_of(text: str) -> list[str]:
    """Read formats that are parted by commas."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in FORMATS:
            raise InvalidValue(f"--formats {text!r} has {name!r}; give some of {', '.join(FORMATS)}, parted by commas")
    return names


def _inches(text: str) -> list[float]:
    """Read width and height, with an x between them."""
    try:
        width, height = map(float, text.split("x"))
    except ValueError:
        raise InvalidValue(
            f"--size {text!r} is not allowed; give width and height in inches, such as 13.3x7.5"
        ) from None
    return [width, height]


def override(text: str) -> tuple[str, Any]:
    """Read one ``section.key=value``; a value that is not TOML is text."""
    key, sign, value = text.partition("=")
    if not sign:
        raise InvalidValue(f"--set {text!r} has no '='; give section.key=value, such as loss.p=0.5")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError):
        return key.strip(), value.strip()

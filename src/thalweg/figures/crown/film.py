"""The crown as an animation: the run step by step over a stage that is drawn once.

A frame differs from the one before by a few thousand of its 630,000 dots: a new piece of the path, a dot, the number of
the step. So everything is done to what changes only. The stage is drawn once and its dots are kept; the artists of the
run (halo, line, dots, arrows, number) are made once, and each frame gives them their new data and draws them alone.
Compared with the frame before, that gives a rectangle, and only its dots are kept, counted and given one of the colours
of the GIF. Arrows and their labels, which cost most, are drawn again only where what lies below them has changed.
Drawing the whole page for each of a hundred frames, as Matplotlib's own ``animation`` does, takes ten times as long;
drawing each new piece upon the last frame would be quicker still, but the halo of a piece, which must lie below the
line of its neighbours, would cut into it.

A GIF has 256 colours. They are fixed beforehand, since a palette made from a frame would be nearly all gray. Frames
must be drawn on one canvas and in order: each is stored as what it changes on the one before.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from shutil import which
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.colors import to_rgb

from thalweg.base.errors import InvalidValue, OutputError
from thalweg.figures.crown.path import actors_of
from thalweg.figures.crown.stage import Stage
from thalweg.figures.drawing import style

FRAMES = 120
"""Frames at most, pauses aside."""

DOTS = 100
"""Dots an inch."""

EVEN = "pad=ceil(iw/2)*2:ceil(ih/2)*2"
"""Makes sides even, as an MP4 needs them."""

SECONDS = 0.06
"""Of one frame."""

AT_DERAILMENT, AT_END = 10, 24
"""Frames for which the film rests before and after a derailment, and at the last step."""

PAUSES = 3
"""Derailments at which it rests."""

GRAYS, SHADES, TINTS = 88, 120, 24
"""Colours of a GIF: grays for the surface, those of the path, and each of the two marks' in steps to white."""

ROOM = 4
"""Dots around those that an artist changes, for edges too faint to change what they fall on."""

BITS = 6
"""Of each channel, by which colours are counted."""


class Patch(NamedTuple):
    """What a frame changes: its first row and column, and (row, column, 4) its dots, bytes."""

    top: int
    left: int
    dots: np.ndarray

    def lay(self, picture: np.ndarray, dots: np.ndarray) -> None:
        """Lay these dots, or what was made of them, on the picture before."""
        picture[self.top : self.top + len(dots), self.left : self.left + dots.shape[1]] = dots


class Cover:
    """An artist that lies above all before it: its dots are kept as long as those below it stay the same."""

    def __init__(self, artist: Artist):
        self.artist = artist
        self.box: tuple[slice, slice] | None = None
        self.below = self.shown = np.empty(0)

    def draw(self, renderer: RendererAgg, screen: np.ndarray) -> None:
        """Draw the artist, or lay its dots on the screen again."""
        if self.box is not None and np.array_equal(screen[self.box], self.below):
            screen[self.box] = self.shown
            return
        below = screen.copy()
        self.artist.draw(renderer)
        rows, columns = extent(screen != below)
        self.box = np.s_[
            max(rows.start - ROOM, 0) : rows.stop + ROOM, max(columns.start - ROOM, 0) : columns.stop + ROOM
        ]
        self.below, self.shown = below[self.box], screen[self.box].copy()


def extent(changed: np.ndarray) -> tuple[slice, slice]:
    """Find the rectangle of a picture, (row, column, …), that holds all that is true; its first dot if nothing is."""
    rows, columns = (np.flatnonzero(changed.any(axis=tuple({*range(changed.ndim)} - {axis}))) for axis in (0, 1))
    if not rows.size:
        return np.s_[0:1, 0:1]
    return np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


class Film:
    """Draws frames when they are first asked for, and keeps them: a GIF and an MP4 share them."""

    def __init__(self, stage: Stage):
        self.stage = stage
        stage.page.set_dpi(DOTS * stage.page.look.scale)
        self.canvas = FigureCanvasAgg(stage.page)

    @cached_property
    def lasting(self) -> dict[int, int]:
        """How many frames each shown step lasts, in order."""
        crown = self.stage.crown
        last = max(run.last for run in (crown.run, *(rival.run for rival in crown.rivals)) if run is not None)
        chosen = np.linspace(0, last, min(last + 1, FRAMES)).round().astype(int).tolist()
        rests = {step + more: AT_DERAILMENT for step in crown.derailments.step[:PAUSES].tolist() for more in (0, 1)}
        rests |= {last: AT_END}
        return {step: rests.get(step, 1) for step in sorted({*chosen, *rests})}

    @cached_property
    def frames(self) -> list[Patch]:
        """What every shown step changes; the first is a whole picture."""
        self.canvas.draw()
        renderer = self.canvas.get_renderer()
        empty = self.canvas.copy_from_bbox(self.stage.page.bbox)
        screen = np.asarray(self.canvas.buffer_rgba())
        everyone = actors_of(self.stage)
        number = self.stage.page.text(0.03, 0.07, "", size=14)
        before, patches = np.zeros(screen.shape[:2], np.uint32), []
        covers: dict[Artist, Cover] = {}
        for step in self.lasting:
            self.canvas.restore_region(empty)
            number.set_text(f"step {step}")
            shown = [actors.at(min(step, actors.last)) for actors in everyone]
            for artist in (number, *(artist for run, _ in shown for artist in run)):
                artist.draw(renderer)
            for artist in (artist for _, derailments in shown for artist in derailments):
                covers.setdefault(artist, Cover(artist)).draw(renderer, screen)
            packed = screen.view(np.uint32)[..., 0]
            rows, columns = extent(packed != before)
            patches.append(Patch(int(rows.start), int(columns.start), screen[rows, columns].copy()))
            before[...] = packed
        return patches

    def save(self, path: Path) -> None:
        """Write a GIF with Pillow or an MP4 with ffmpeg."""
        (self._gif if path.suffix.lower() == ".gif" else self._mp4)(path)

    def _gif(self, path: Path) -> None:
        from PIL import Image

        own = [rival.look.colour for rival in self.stage.crown.rivals]
        colours, bins = palette(own), [bins_of(patch.dots) for patch in self.frames]
        nearest = nearest_of(colours, bins)
        picture, images = np.zeros(bins[0].shape, np.uint8), []
        for patch, places in zip(self.frames, bins, strict=True):
            patch.lay(picture, nearest[places])
            images.append(Image.fromarray(picture.copy()))
            images[-1].putpalette(colours.tobytes())
        first, *others = images
        lasting = [round(1000 * SECONDS * frames) for frames in self.lasting.values()]
        first.save(path, save_all=True, append_images=others, duration=lasting, loop=0, optimize=False)

    def _mp4(self, path: Path) -> None:
        if which("ffmpeg") is None:
            raise InvalidValue(f"cannot write {path.name}: ffmpeg is not on the PATH; install it, or write a .gif")
        picture, film = np.zeros_like(self.frames[0].dots[..., :3]), []
        for patch, times in zip(self.frames, self.lasting.values(), strict=True):
            patch.lay(picture, patch.dots[..., :3])
            film += [picture.tobytes()] * times
        height, width, _ = picture.shape
        command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
        command += [
            "-s",
            f"{width}x{height}",
            "-r",
            f"{1 / SECONDS:.3f}",
            "-i",
            "-",
            "-vf",
            EVEN,
            "-pix_fmt",
            "yuv420p",
            str(path),
        ]
        done = subprocess.run(command, input=b"".join(film), capture_output=True, check=False)
        if done.returncode:
            raise OutputError(f"cannot write {path}: ffmpeg says {done.stderr.decode(errors='replace').strip()[:200]}")


def palette(own: Sequence[str] = ()) -> np.ndarray:
    """Choose the 256 colours of a GIF, (colour, 3), bytes; the path's are those of its steps, or of several runs."""
    grays = np.repeat(np.linspace(0, 1, GRAYS)[:, None], 3, axis=1)
    path = style.path_colours()(np.linspace(0, 1, SHADES))[:, :3]
    if own:
        path = np.concatenate([_tints(colour, SHADES // len(own) or 1) for colour in own])
        path = np.concatenate([path, np.ones((SHADES, 3))])[:SHADES]
    tints = [_tints(colour, TINTS) for colour in (style.valley(), style.derailment())]
    return (255 * np.concatenate([grays, path, *tints])).round().astype(np.uint8)


def _tints(colour: str, number: int) -> np.ndarray:
    """Make a colour and its steps to the paper, (step, 3)."""
    share = np.linspace(0, 0.8, number)[:, None]
    return np.array(to_rgb(colour)) * (1 - share) + share * np.array(to_rgb(style.paper()))


def bins_of(dots: np.ndarray) -> np.ndarray:
    """Number colours by the first bits of each channel."""
    red, green, blue = (dots[..., k].astype(np.int32) >> (8 - BITS) for k in range(3))
    return (red << 2 * BITS) | (green << BITS) | blue


def nearest_of(colours: np.ndarray, bins: list[np.ndarray]) -> np.ndarray:
    """Table the nearest of the colours for every bin that occurs; white and black stay what they are."""
    occurs = np.zeros(1 << 3 * BITS, dtype=bool)
    for places in bins:
        occurs[places] = True
    used, steps = np.flatnonzero(occurs), 1 << BITS
    channels = np.stack([used >> 2 * BITS, used >> BITS & steps - 1, used & steps - 1], axis=-1) * (255 / (steps - 1))
    shades = colours.astype(np.float64)
    # |a - b|² is |a|² - 2ab + |b|², and |a|² is the same for all colours.
    table = np.zeros(len(occurs), dtype=np.uint8)
    table[used] = np.argmin((shades**2).sum(axis=-1) - 2 * channels @ shades.T, axis=-1)
    return table

"""The crown as an animation: the run step by step over a stage that is drawn once."""

from __future__ import annotations

import subprocess
from functools import cached_property
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from scipy.spatial import KDTree

from thalweg.base.errors import InvalidValue, OutputError
from thalweg.figures.crown.path import Way, draw_path, way_of
from thalweg.figures.crown.stage import Stage
from thalweg.figures.drawing import style

FRAMES = 120
"""Frames at most, pauses aside."""

DOTS = 100
"""Dots an inch."""

SECONDS = 0.06
"""Of one frame."""

AT_FALL, AT_END = 10, 24
"""Frames for which the film rests before and after a derailment, and at the last step."""

PAUSES = 3
"""Derailments at which it rests."""

GRAYS, SHADES, TINTS = 88, 120, 24
"""Colours of a GIF: grays for the surface, those of the path, and each of the two marks' in steps to white."""


class Film:
    """Draws frames when they are first asked for, and keeps them: a GIF and an MP4 share them."""

    def __init__(self, stage: Stage):
        self.stage = stage
        stage.page.set_dpi(DOTS)
        self.canvas = FigureCanvasAgg(stage.page)

    @cached_property
    def lasting(self) -> dict[int, int]:
        """How many frames each shown step lasts, in order."""
        crown = self.stage.crown
        assert crown.course is not None
        last = crown.course.last
        chosen = np.linspace(0, last, min(last + 1, FRAMES)).round().astype(int).tolist()
        rests = {step + more: AT_FALL for step in crown.falls.step[:PAUSES].tolist() for more in (0, 1)}
        rests |= {last: AT_END}
        return {step: rests.get(step, 1) for step in sorted({*chosen, *rests})}

    @cached_property
    def frames(self) -> dict[int, np.ndarray]:
        """The picture of every shown step, (height, width, 3), bytes."""
        self.canvas.draw()
        empty = self.canvas.copy_from_bbox(self.stage.page.bbox)
        way = way_of(self.stage)
        return {step: self._frame(empty, way, step) for step in self.lasting}

    def _frame(self, empty: Any, way: Way, step: int) -> np.ndarray:
        self.canvas.restore_region(empty)
        added = draw_path(self.stage, way, step)
        added.append(self.stage.page.text(0.03, 0.07, f"step {step}", size=14))
        renderer = self.canvas.get_renderer()
        for artist in sorted(added, key=lambda artist: artist.get_zorder()):
            artist.draw(renderer)
            artist.remove()
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()

    def save(self, path: Path) -> None:
        """Write a GIF with Pillow or an MP4 with ffmpeg."""
        (self._gif if path.suffix.lower() == ".gif" else self._mp4)(path)

    def _gif(self, path: Path) -> None:
        from PIL import Image

        colours = _colours()
        nearest = _nearest(colours)
        images = [Image.fromarray(nearest[_bins(frame)]) for frame in self.frames.values()]
        for image in images:
            image.putpalette(colours.tobytes())
        first, *others = images
        lasting = [round(1000 * SECONDS * frames) for frames in self.lasting.values()]
        first.save(path, save_all=True, append_images=others, duration=lasting, loop=0, optimize=False)

    def _mp4(self, path: Path) -> None:
        if which("ffmpeg") is None:
            raise InvalidValue(f"cannot write {path.name}: ffmpeg is not on the PATH; install it, or write a .gif")
        height, width, _ = next(iter(self.frames.values())).shape
        command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
        command += ["-s", f"{width}x{height}", "-r", f"{1 / SECONDS:.3f}", "-i", "-", "-pix_fmt", "yuv420p", str(path)]
        film = b"".join(self.frames[step].tobytes() * frames for step, frames in self.lasting.items())
        done = subprocess.run(command, input=film, capture_output=True, check=False)
        if done.returncode:
            raise OutputError(f"cannot write {path}: ffmpeg says {done.stderr.decode(errors='replace').strip()[:200]}")


def _colours() -> np.ndarray:
    """Choose the 256 colours of a GIF, (colour, 3), bytes: a palette made from a frame would be nearly all gray."""
    grays = np.repeat(np.linspace(0, 1, GRAYS)[:, None], 3, axis=1)
    path = style.path_colours()(np.linspace(0, 1, SHADES))[:, :3]
    share = np.linspace(0, 0.8, TINTS)[:, None]
    tints = [np.array(to_rgb(colour)) * (1 - share) + share for colour in (style.VALLEY, style.FALL)]
    return (255 * np.concatenate([grays, path, *tints])).round().astype(np.uint8)


def _bins(frame: np.ndarray) -> np.ndarray:
    """Number the colours of a frame by six bits of each channel."""
    red, green, blue = (frame[..., k].astype(np.int32) >> 2 for k in range(3))
    return (red << 12) | (green << 6) | blue


def _nearest(colours: np.ndarray) -> np.ndarray:
    """Find the nearest of the colours for every bin; white and black stay what they are."""
    channel = np.linspace(0, 255, 64)
    bins = np.stack(np.meshgrid(channel, channel, channel, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.asarray(KDTree(colours.astype(np.float64)).query(bins)[1], dtype=np.uint8)

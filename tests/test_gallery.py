"""The commands below a picture of the gallery give that picture."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.scripts import script
from thalweg.cli.app import app

FOLDER = Path(__file__).parents[1] / "docs" / "gallery"
build = script(FOLDER / "build.py")

ALIKE = 0.998
"""Share of a picture's dots that are the same. Labels are drawn alike everywhere; where a run is chaotic, another
processor's rounding moves its path by some thousand dots of two million."""

COSTLY = {"map-adam.png", "map-momentum.png", "race.png"}
"""Those of a million runs: their commands are tried on fewer."""

FEWER = [
    (r"--size \d+", "--size 16"),
    (r"^(thalweg race .*?) --set", r"\1 --starts 20 --tuning-starts 10 --rates 3 --set descent.steps=20"),
]


def blocks(costly):
    return [block for block in build.blocks() if bool(COSTLY & set(block.pictures)) == costly]


def test_every_picture_of_the_gallery_has_commands_below_it():
    read = build.blocks()
    assert sorted(picture for block in read for picture in block.pictures) == sorted(build.FROM)
    assert all(block.commands or block.code for block in read)
    assert len(read) == 12


def test_every_command_is_one():
    """What is misspelled, or another command's, is refused here at once."""
    lines = [line for block in build.blocks() for line in block.commands]
    assert len(lines) >= 15
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "thalweg"
        app.parse_args(arguments, exit_on_error=False, print_error=False)


def dots(path):
    """The dots of a picture, of an animation those of its first; an animation's file stays open if nobody closes it."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.mark.long
@pytest.mark.parametrize("block", blocks(costly=False), ids=lambda block: block.pictures[0])
def test_the_commands_give_the_picture(block, tmp_path):
    build.make(block, tmp_path)
    for name in block.pictures:
        drawn, shown = dots(tmp_path / build.FROM[name]), dots(FOLDER / name)
        assert drawn.shape == shown.shape
        same = (drawn == shown).all(axis=-1).mean()
        assert same >= ALIKE, f"{name}: {same:.2%} of the dots are the same"


@pytest.mark.long
@pytest.mark.parametrize("block", blocks(costly=True), ids=lambda block: block.pictures[0])
def test_the_costly_commands_draw_what_they_are_below(block, tmp_path):
    commands = block.commands
    for pattern, fewer in FEWER:
        commands = [re.sub(pattern, fewer, line) for line in commands]
    assert commands != block.commands
    before = {path: path.read_bytes() for path in FOLDER.glob("*.png")}
    build.make(block._replace(commands=commands), tmp_path)
    drawn = [build.FROM[name] for name in block.pictures]
    drawn += [build.SMALLER[name][0] for name in block.pictures if name in build.SMALLER]
    assert all((tmp_path / name).stat().st_size > 10_000 for name in drawn)
    # A picture of few runs once took the place of that of a million.
    assert {path: path.read_bytes() for path in FOLDER.glob("*.png")} == before


@pytest.mark.parametrize(("large", "small"), [(large, small) for large, (small, _) in build.SMALLER.items()])
def test_a_smaller_picture_shows_what_the_larger_one_does(large, small):
    shown = dots(FOLDER / small)
    with Image.open(FOLDER / large) as picture:
        reduced = np.asarray(picture.convert("RGB").resize(shown.shape[1::-1], Image.Resampling.BOX))
    apart = np.abs(reduced.astype(int) - shown).mean()
    assert apart < 10, f"{small} and {large} differ by {apart:.1f} of 255"

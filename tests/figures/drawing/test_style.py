"""The look of figures: colours turned around for dark paper, asked for while a figure is drawn."""

import ast
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from thalweg.experiment.sections import Figures
from thalweg.figures.drawing import oklab, style
from thalweg.figures.drawing.hues import LUMA
from thalweg.figures.drawing.marks import COLOURS
from thalweg.figures.drawing.oklab import contrast

LOOKS = {"light": style.Look(), "dark": style.Look(dark=True)}
LETTERS = (style.ink, style.muted, style.train, style.fit, style.derailment, style.valley)


@pytest.mark.parametrize("look", LOOKS)
def test_letters_stand_out_from_the_paper(look):
    with style.styled(LOOKS[look]):
        assert min(contrast(colour(), style.paper()) for colour in LETTERS) > 4.5


def seen(colour):
    return [float(part) for part in oklab.coordinates(np.array(to_rgb(colour)))]


def test_on_dark_paper_what_was_dark_is_light():
    assert style.paper() == "#ffffff"
    with style.styled(LOOKS["dark"]):
        assert contrast(style.paper(), "#000000") < 1.3
        assert contrast(style.ink(), "#ffffff") < 1.4
        turned = style.tone("#9a9a9a")
    assert seen(turned)[0] + seen("#9a9a9a")[0] == pytest.approx(style.TURNED, abs=0.005)  # 8 bits a channel


def test_strong_colours_keep_their_hue_and_their_order():
    blues = ("#0b6fb3", "#4fa8dc")
    with style.styled(LOOKS["dark"]):
        turned = list(map(style.tone, blues))
    assert seen(turned[0])[0] > seen(turned[1])[0] + 0.05 > 0.6
    for before, after in zip(blues, turned, strict=True):
        assert seen(after)[2] == pytest.approx(seen(before)[2], abs=0.02)


@pytest.mark.parametrize("look", LOOKS)
def test_letters_in_the_colour_of_a_curve_are_strong_enough(look):
    with style.styled(LOOKS[look]):
        for colour in map(style.tone, COLOURS):
            assert contrast(style.legible(colour), style.paper()) >= 4.5
        assert style.legible(style.fit()) == style.fit()


@pytest.mark.parametrize("look", LOOKS)
def test_the_order_of_steps_survives_grey_print(look):
    with style.styled(LOOKS[look]):
        grey = style.path_colours()(np.linspace(0, 1, 50))[:, :3] @ LUMA
    assert (np.diff(grey) > 0).all()


def test_a_look_ends_with_its_block():
    with style.styled(LOOKS["dark"]), style.styled():
        assert style.look().dark
    assert not style.look().dark


def test_the_look_of_an_experiment_file_may_be_a_key():
    """Films are kept by their look; what a file says holds lists, which cannot be keys."""
    with style.styled(Figures(dark=True, size=[8.0, 5.0], formats=["png"])):
        assert {style.look()} == {style.Look(True, (8.0, 5.0))}


def test_no_colour_is_asked_for_when_a_module_is_imported():
    """It would be that of light paper for good."""
    for path in Path(style.__file__).parents[1].rglob("*.py"):
        asked = [node for node in _at_import(ast.parse(path.read_text(encoding="utf-8"))) if _asks(node)]
        assert not asked, f"{path}:{asked[0].lineno}"


def _at_import(node):
    """What runs when a module is imported: all but the bodies of functions."""
    yield node
    for name, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST) and not (name == "body" and isinstance(node, ast.FunctionDef | ast.Lambda)):
                yield from _at_import(part)


def _asks(node):
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return called and isinstance(node.func.value, ast.Name) and node.func.value.id == "style"

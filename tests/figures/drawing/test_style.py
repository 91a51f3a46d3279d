"""The look of figures: colours turned around for dark paper, asked for while a figure is drawn."""

import ast
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from thalweg.figures.drawing import oklab, style
from thalweg.figures.drawing.hues import LUMA

LOOKS = {"light": style.Look(), "dark": style.Look(dark=True)}
LETTERS = (style.ink, style.muted, style.train, style.fit, style.derailment, style.valley)


def contrast(one, other):
    """The ratio of two colours' lights, by the rule of WCAG 2.2."""
    low, high = sorted(np.array([0.2126, 0.7152, 0.0722]) @ oklab.decoded(np.array(to_rgb(c))) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # an example of WCAG's authors


@pytest.mark.parametrize("look", LOOKS)
def test_letters_stand_out_from_the_paper(look):
    with style.styled(LOOKS[look]):
        assert min(contrast(colour(), style.paper()) for colour in LETTERS) > 4.5


def test_on_dark_paper_what_was_dark_is_light():
    assert style.paper() == "#ffffff"
    with style.styled(LOOKS["dark"]):
        assert contrast(style.paper(), "#000000") < 1.3
        assert contrast(style.ink(), "#ffffff") < 1.4
        lightness, _, hue = oklab.coordinates(np.array(to_rgb(style.valley())))
    before, _, as_before = oklab.coordinates(np.array(to_rgb(style.valley())))
    assert lightness + before == pytest.approx(style.TURNED, abs=0.005)  # 8 bits a channel
    assert hue == pytest.approx(as_before, abs=0.02)


@pytest.mark.parametrize("look", LOOKS)
def test_the_order_of_steps_survives_grey_print(look):
    with style.styled(LOOKS[look]):
        grey = style.path_colours()(np.linspace(0, 1, 50))[:, :3] @ LUMA
    assert (np.diff(grey) > 0).all()


def test_a_look_ends_with_its_block():
    with style.styled(LOOKS["dark"]), style.styled():
        assert style.look().dark
    assert not style.look().dark


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

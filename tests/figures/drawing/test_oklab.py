"""Colours by their perceived lightness."""

import numpy as np
import pytest

from thalweg.figures.drawing import oklab


def test_a_colour_comes_back_from_its_coordinates():
    values = np.array([[0.9, 0.2, 0.3], [0.1, 0.5, 0.7], [0.4, 0.4, 0.4]])
    for value in values:
        lightness, chroma, hue = oklab.coordinates(value)
        np.testing.assert_allclose(oklab.colours(lightness, hue, float(chroma)), value, atol=1e-6)


def test_red_has_the_coordinates_of_the_paper():
    lightness, chroma, hue = oklab.coordinates(np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose([lightness, chroma, np.degrees(hue)], [0.6280, 0.2577, 29.23], atol=5e-3)


def test_contrast_is_that_of_the_standard():
    assert oklab.contrast("#ffffff", "#000000") == pytest.approx(21)
    assert oklab.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # an example of WCAG's authors

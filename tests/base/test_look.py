"""How pictures look where it is not fixed: what is refused, in one line."""

import pytest

from thalweg.base.errors import InvalidValue
from thalweg.base.look import Look


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": (1, 5)}, "a side of size = 1 is not allowed; give a finite number of at least 2 and at most 40"),
        ({"size": (8.0, 41)}, "a side of size = 41 is not allowed; give a finite number of at least 2 and at most 40"),
        ({"size": (8.0,)}, r"size = \(8\.0,\) is not allowed; give width and height in inches"),
        ({"font_size": 3}, "font_size = 3 is not allowed; give a finite number of at least 4 and at most 72"),
        (
            {"size": (4, 3), "font_size": 20},
            r"size = \(4, 3\) has no room for letters of 20 points; give at least \[9, 6\] inches or smaller letters",
        ),
        ({"font_size": 16}, r"size = \(7\.2, 4\.5\) has no room for letters of 16 points"),
    ],
)
def test_what_no_picture_can_have_is_refused(settings, message):
    with pytest.raises(InvalidValue, match=f"^{message}"):
        Look(**settings)


def test_letters_of_the_usual_size_enlarge_nothing():
    assert Look().scale == 1
    assert Look(size=(4, 3), font_size=8).scale == 0.8

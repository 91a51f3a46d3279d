"""Which statistics normalisation layers use is chosen, or refused in one line."""

import pytest

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.batches import Task
from thalweg.frameworks.common.statistics import chosen

OFFERED = ("recorded", "gathered")


@pytest.mark.parametrize(
    ("mode", "asked", "gathers", "wanted"),
    [
        ("evaluation", None, True, "recorded"),
        ("evaluation", None, False, "none"),
        ("evaluation", "gathered", True, "gathered"),
        ("evaluation", "gathered", False, "none"),
        ("training", None, True, "batch"),
        ("training", "batch", True, "batch"),
        ("training", None, False, "none"),
    ],
)
def test_what_is_chosen(mode, asked, gathers, wanted):
    assert chosen(Task((), mode=mode, statistics=asked), gathers, OFFERED, "it") == wanted


def test_what_is_not_there_is_said():
    with pytest.raises(InvalidValue) as caught:
        chosen(Task((), statistics="estimated"), True, OFFERED, "Keras")
    assert str(caught.value) == (
        "statistics = 'estimated' are not there for Keras; give 'recorded' or 'gathered', or leave it out"
    )
    with pytest.raises(InvalidValue) as caught:
        chosen(Task((), mode="training", statistics="recorded"), True, OFFERED, "Keras")
    assert str(caught.value) == (
        "statistics = 'recorded' do not go with mode = 'training', which takes those of the batch; leave one of them out"
    )

"""Compiled programs: one for each set of fixed values, those used last, and the others are gone from the process."""

import gc
import weakref

import jax.numpy as jnp
import numpy as np
from jax.extend.backend import get_backend

from thalweg.base import compiling
from thalweg.base.compiling import compiled


class Fixed:
    """What a program is compiled for; compared by identity, as functions are."""

    def __init__(self, factor: float):
        self.factor = factor


def test_values_are_those_of_the_function_and_each_fixed_value_is_traced_once():
    traced = []

    @compiled("fixed", "power")
    def program(x, fixed, power=2):
        traced.append((fixed.factor, power))
        return fixed.factor * x**power

    two, three, x = Fixed(2.0), Fixed(3.0), jnp.arange(3.0)
    for _ in range(3):
        assert program(x, two, 2).tolist() == [0, 2, 8]
        assert program(x, fixed=three, power=1).tolist() == [0, 3, 6]
        assert program(x, two, power=3).tolist() == [0, 2, 16]
        assert program(x, three).tolist() == [0, 3, 12]
    assert sorted(traced) == [(2.0, 2), (2.0, 3), (3.0, 1), (3.0, 2)]


def test_a_fixed_argument_may_stand_anywhere():
    @compiled("scale", "shift")
    def program(scale, *values, shift, factor=1.0):
        return [scale.factor * factor * value + shift for value in values]

    x = jnp.arange(2.0)
    assert [one.tolist() for one in program(Fixed(2.0), x, x + 1, shift=1.0)] == [[1, 3], [3, 5]]
    assert [one.tolist() for one in program(Fixed(2.0), x, shift=0.0, factor=3.0)] == [[0, 6]]


def test_what_was_not_used_lately_is_gone_with_what_it_was_compiled_for(monkeypatch):
    """Without a bound each kept a hundred mappings of memory, and some hundred searches for valleys ended the process."""
    monkeypatch.setattr(compiling, "KEPT", 4)

    @compiled("fixed")
    def program(x, fixed):
        return jnp.sin(x) * fixed.factor

    def alive():
        gc.collect()
        return len(get_backend().live_executables())

    x, often, fixed, seen = np.arange(3.0), Fixed(-1.0), None, []
    program(x, often)
    first = alive()
    for k in range(10):
        fixed = Fixed(float(k))
        seen.append(weakref.ref(fixed))
        np.testing.assert_allclose(program(x, fixed), np.sin(x) * k, rtol=1e-6)
        program(x, often)
    del fixed
    assert alive() - first <= 3
    left = [number for number, one in enumerate(seen) if one() is not None]
    assert left == list(range(7, 10))

"""Hypothesis strategies, all in one place."""

import math
import string

from hypothesis import strategies as st

names = st.text(string.ascii_lowercase + "_", min_size=1, max_size=12)

scalars = st.one_of(
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=12),
)

values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=6,
)
"""Anything that TOML can hold, but dates."""


def tables(keys: list[str]) -> st.SearchStrategy[dict]:
    """Tables whose keys are mostly ones that mean something."""
    return st.dictionaries(st.one_of(st.sampled_from(keys), names), values, max_size=5)


def grids(dimension: int, longest: int) -> st.SearchStrategy[tuple]:
    """Shape, heights and which axes are periodic, of grids with axes of 3 cells and more."""
    return st.tuples(*[st.integers(3, longest)] * dimension).flatmap(
        lambda shape: st.tuples(
            st.just(shape),
            # Few distinct heights, so that ties and plateaus are common.
            st.lists(st.integers(0, 9), min_size=math.prod(shape), max_size=math.prod(shape)),
            st.tuples(*[st.booleans()] * dimension),
        )
    )


small_lines, small_grids, small_solids = grids(1, 12), grids(2, 6), grids(3, 4)


planar_points = st.lists(
    # Whole numbers, so that repeated slopes, points on an axis and points at the origin are common.
    st.tuples(st.integers(-9, 9), st.integers(-7, 12)),
    min_size=1,
    max_size=6,
)

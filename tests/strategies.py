"""Hypothesis strategies, all in one place."""

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


small_grids = st.tuples(st.integers(3, 6), st.integers(3, 6)).flatmap(
    lambda shape: st.tuples(
        st.just(shape),
        # Few distinct heights, so that ties and plateaus are common.
        st.lists(st.integers(0, 9), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]),
        st.tuples(st.booleans(), st.booleans()),
    )
)

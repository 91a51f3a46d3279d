import jax.numpy as jnp
import pytest

from thalweg.base.precision import computing
from thalweg.descent.carried import alike, settled


def test_a_state_begins_in_the_types_that_it_keeps():
    with computing(64):
        state = {"rate": jnp.float32(0.5), "count": jnp.int32(0)}

        def update(state):
            return {"rate": state["rate"] * jnp.float64(0.1), "count": state["count"] + 1}

        kept = settled(update, state, jnp.dtype(jnp.float64))
        assert (kept["rate"].dtype, kept["count"].dtype, float(kept["rate"])) == (jnp.float64, jnp.int64, 0.5)
        assert settled(update, state, jnp.dtype(jnp.float32))["count"].dtype == jnp.int32


def test_counts_that_cannot_be_wide_stay_as_they_are():
    with computing(64):
        state = (jnp.int32(0), jnp.int32(7))

        def update(state):
            return state[0] + 1, (state[1] + 1).astype(jnp.int32)

        kept = settled(update, state, jnp.dtype(jnp.float64))
        assert [leaf.dtype for leaf in kept] == [jnp.int64, jnp.int32]


def test_types_that_never_rest_are_cast_back():
    with computing(64):
        other = {jnp.dtype(jnp.float32): jnp.float64, jnp.dtype(jnp.float64): jnp.float32}
        kept = settled(lambda x: x.astype(other[x.dtype]), jnp.float32(1.5), jnp.dtype(jnp.float64))
        assert alike(kept.astype(other[kept.dtype]), kept).dtype == kept.dtype


def test_a_state_of_another_form_is_refused():
    with pytest.raises(ValueError, match="a state of another form than it was given"):
        settled(lambda state: (state, state), jnp.ones(2), jnp.dtype(jnp.float32))
    with pytest.raises(ValueError, match="a state of another form than it was given"):
        settled(lambda state: jnp.stack([state, state]), jnp.ones(2), jnp.dtype(jnp.float32))

"""JAX: networks as pytrees of parameters, descents with optax."""

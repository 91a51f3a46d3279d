"""A network as a function of a flat vector, planes through it, directions and curvature, in plain arrays."""

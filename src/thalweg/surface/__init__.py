"""Surfaces: objectives evaluated over a domain."""

"""Valleys from many starts: gradient flow, elastic bands between its ends, a census."""

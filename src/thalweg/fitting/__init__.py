"""Fits by least squares from many starts at once: the search, its ends, and what the data tell of them."""

"""A surface of two parameters: read, drawn as a map on paper, described as a landscape for a page."""

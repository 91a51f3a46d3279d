"""A surface of one parameter as a section through its ground: read, drawn on paper, described for a page."""

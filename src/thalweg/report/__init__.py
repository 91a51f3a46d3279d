"""Reports: the summary in words and tables, and the page."""

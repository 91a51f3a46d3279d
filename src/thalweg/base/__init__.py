"""Errors, checks, catalogues and statuses: what every layer shares and nothing of ours below it."""

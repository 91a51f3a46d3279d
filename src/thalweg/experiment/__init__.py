"""The experiment: its file, its results, the run directory and its tables."""

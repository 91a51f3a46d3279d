"""Valleys of a grid: its topology, and minima and passes polished on the objective itself."""

"""Valleys: minima, passes, persistence, basins and derailments: on a grid, exactly, or from many starts."""

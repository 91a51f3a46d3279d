"""Valleys: minima, passes, persistence, basins and derailments on a grid."""

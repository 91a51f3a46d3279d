"""A table and a sentence about how many valleys there are over noise and exponent."""

from __future__ import annotations

import xarray as xr

from thalweg.report.text import TextTable, figures

SHOWN = 12
"""Exponents that are listed at most."""


def counted(diagram: xr.Dataset) -> TextTable:
    """List for every exponent the valleys at the least and the greatest noise, and the most of them."""
    noise = diagram["noise"].values
    rows = []
    for p in diagram["exponent"].values[:SHOWN]:
        counts = diagram["valleys"].sel(exponent=p).values
        ends = (f"{counts[0]:,}", f"{counts[-1]:,}")
        rows.append((figures(float(p)), *ends, f"{counts.max():,}", figures(float(noise[counts.argmax()]))))
    more = diagram.sizes["exponent"] - len(rows)
    columns = ("exponent", f"at noise {figures(float(noise[0]))}", f"at noise {figures(float(noise[-1]))}")
    note = f"and {more:,} more exponents, in phases.csv" if more else ""
    return TextTable("Valleys", (*columns, "most", "at noise"), rows, note)


def of_phases(diagram: xr.Dataset) -> list[str]:
    """Say what was counted, and how."""
    exact, cells = int(diagram["exact"].sum()), diagram["exact"].size
    ways = f"{exact:,} of {cells:,} cells by theorem" if exact else "no cell by theorem"
    rest = ", the others on a grid, whose points decide" if exact < cells else ""
    return [f"Counted are valleys of persistence {diagram.attrs['persistence']:.3g} or more: {ways}{rest}."]

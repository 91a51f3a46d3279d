"""Names of columns and their units: in brackets behind a name, or in a row of their own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

UNIT = re.compile(
    r"(?:[1-9]0?|10)?\s*(?:[munpfkMGTdchaµμ]|da)?(?:"
    r"s|sec|secs|second|seconds|min|mins|minutes?|h|hr|hrs|hours?|d|days?|yr|years?|m|met(?:er|re)s?|in|ft|g|gram(?:s|me)?|"
    r"K|kelvin|C|celsius|F|°C|°F|°|deg|degrees?|rad|radians?|A|amps?|amp[eè]res?|V|volts?|W|watts?|J|joules?|N|newtons?|"
    r"Pa|bar|mbar|torr|psi|atm|Hz|hertz|eV|Ohm|ohms?|Ω|Ω|F|H|T|G|S|C|L|l|mol|M|cd|lm|lx|Bq|Gy|Sv|dB|dBm|ppm|ppb|%|‰|"
    r"Å|angstrom|px|pixels?|counts?|cts|cps|a\.?u\.?|arb\.?(?: ?units?)?|1|-)"
    r"(?:\s*(?:\^|\*\*)?\s*[-−]?\d|[²³⁻¹])*"
)
PLAIN = re.compile(rf"{UNIT.pattern}(?:\s*[/*·. ]\s*{UNIT.pattern})*")
LONGEST = 24
"""Characters of a unit at most: a few kinds of units can be read in several ways, and many of them in very many."""

LONG = 200
"""Characters from which a name is left as it is."""

BRACKETS = re.compile(r"[(\[{<].*[)\]}>]")
NAMED = re.compile(r"(?P<name>.*\S)\s*[(\[](?P<unit>[^()\[\]]*)[)\]]")


def are_units(cells: Sequence[str]) -> bool:
    """Tell whether a row below a header holds units: every cell is one, or empty, and one at least is more than a dash.

    Examples
    --------
    >>> are_units(["(s)", "mV"]), are_units(["s", "m/s^2", ""]), are_units(["time", "V"])
    (True, True, False)
    """
    cells = [cell.strip() for cell in cells]
    if any(len(cell) > LONGEST for cell in cells):
        return False
    units = [not cell or BRACKETS.fullmatch(cell) or PLAIN.fullmatch(cell) for cell in cells]
    return all(units) and any(cell not in ("", "-", "1") for cell in cells)


def short_names(names: Sequence[str]) -> list[str]:
    """Take units in brackets off names, where names stay different.

    Examples
    --------
    >>> short_names(["t (s)", "signal [mV]", "raw (1)", "raw (2)"])
    ['t', 'signal', 'raw (1)', 'raw (2)']
    """
    short = [found["name"] if len(name) < LONG and (found := NAMED.fullmatch(name)) else name for name in names]
    counts = Counter([*short, *names])
    pairs = zip(short, names, strict=True)
    return [one if counts[one] == 1 + (one == name) else name for one, name in pairs]


def labelled(name: str, unit: str) -> str:
    """Join a name and the unit that stands below it."""
    unit = unit.strip()
    if unit in ("", "-", "1"):
        return name
    return f"{name} {unit}" if BRACKETS.fullmatch(unit) else f"{name} ({unit})"

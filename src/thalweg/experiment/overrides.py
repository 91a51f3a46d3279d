"""Values of an experiment file that are replaced by ``--set``, by dotted keys, and how they are typed."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import tomli_w

from thalweg.base.catalogue import Catalogue
from thalweg.base.errors import InvalidValue

OURS = ("clip", "scaled")
"""What every kind of optimiser may have."""


def typed(overrides: Mapping[str, Any]) -> list[str]:
    """Write what replaces values as it is typed; a text that TOML would read as something else is put in quotes."""
    return ["--set", *(f"{key}={_toml(value)}" for key, value in overrides.items())] if overrides else []


def _toml(value: Any) -> str:
    if isinstance(value, str) and value.replace("_", "").isalpha() and value not in ("true", "false", "inf", "nan"):
        return value
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_inline(part)}' for key, part in value.items())}}}"
    return _inline(value)


def _inline(value: Any) -> str:
    """Write a value on one line of TOML."""
    if isinstance(value, dict):
        return _toml(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return tomli_w.dumps({"value": value}).partition(" = ")[2].strip()


def override(tables: dict[str, Any], dotted: str, value: Any, kinds: Mapping[str, Catalogue]) -> None:
    """Set one value; ``loss=quadratic`` is short for ``loss.kind=quadratic``, where loss is among the ``kinds``."""
    if dotted in kinds and isinstance(value, str):
        dotted += ".kind"
    *path, last = dotted.split(".")
    if not path or not last:
        raise InvalidValue(f"--set {dotted}: give section.key=value, such as loss.p=0.5")
    here: Any = tables
    for key in path:
        here = here.setdefault(key, {})
        if not isinstance(here, dict):
            raise InvalidValue(f"--set {dotted}: {key} is not a table; give section.key=value")
    if last == "kind" and path[0] in kinds and isinstance(value, str):
        # A new kind keeps what it shares with the old one.
        known = (
            *inspect.signature(kinds[path[0]][value]).parameters,
            *(OURS if path[0] == "optimizer" else ()),
        )
        for key in [key for key in here if key not in known]:
            del here[key]
    here[last] = value

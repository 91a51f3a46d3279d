"""Catalogues: things found by name, each made by one plain function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from thalweg.base.errors import UnknownName


class Catalogue(Mapping[str, Callable[..., Any]]):
    """A read-only table from a name to the function that makes the thing.

    The function's signature is its documentation and its configuration: a key of an experiment
    file is a parameter of the function of that name.
    """

    def __init__(self, what: str, *makers: Callable[..., Any], **named: Callable[..., Any]):
        self.what = what
        self._makers = {maker.__name__: maker for maker in makers} | named

    def __getitem__(self, name: str) -> Callable[..., Any]:
        try:
            return self._makers[name]
        except KeyError:
            raise UnknownName.of(self.what, name, self._makers) from None

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

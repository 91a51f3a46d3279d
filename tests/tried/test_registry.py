"""The page of what was tried is what was tried: its tables are the registry's, and every cell's test is there."""

from collections import Counter

import pytest

from tests.conftest import COLLECTED
from tests.tried.registry import FRAMEWORKS, ROOT, read, shown, tables

CELLS, REFUSED = read()


def test_the_page_shows_the_registry():
    assert shown() == tables(), "python -m tests.tried.registry writes docs/networks-tried.md anew"
    assert len(CELLS) >= 60
    assert f"{len(CELLS)} cells" in (ROOT / "docs" / "networks-tried.md").read_text("utf-8")
    assert min(Counter(cell.framework for cell in CELLS)[name] for name in FRAMEWORKS) >= 15


def test_no_cell_is_there_twice():
    assert not [cell for cell, times in Counter(cell[:4] for cell in CELLS).items() if times > 1]
    tests = Counter(one.test for one in (*CELLS, *REFUSED))
    refused = {one.test for one in REFUSED}
    assert not [test for test, times in tests.items() if times > 1 and test not in refused]


@pytest.mark.parametrize("name", sorted({one.test.partition("::")[0] for one in (*CELLS, *REFUSED)}))
def test_the_test_of_every_cell_is_there(name, request):
    source = (ROOT / name).read_text("utf-8")
    collected = request.config.stash[COLLECTED]
    known = any(one.startswith(f"{name}::") for one in collected)  # where this file was collected, to the letter
    for one in (*CELLS, *REFUSED):
        file, _, test = one.test.partition("::")
        if file == name:
            assert one.test in collected if known else f"def {test.partition('[')[0]}(" in source, one.test


def test_what_is_said_of_what_is_refused_is_what_its_test_holds():
    for one in REFUSED:
        source = (ROOT / one.test.partition("::")[0]).read_text("utf-8")
        joined = " ".join(source.replace('"\n', "").replace('f"', '"').split()).replace('" "', "")
        assert one.says in source or one.says in joined.replace(' "', ""), one

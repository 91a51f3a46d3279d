"""The pages of journeys: their commands print what they say, and make their pictures."""

import shlex
from pathlib import Path

import pytest

from tests.scripts import script
from thalweg.cli.app import app

FOLDER = Path(__file__).parents[1] / "docs" / "journeys"
journeys = script(FOLDER / "build.py")


@pytest.mark.parametrize("name", journeys.PAGES)
def test_a_page_has_commands_of_ours_and_pictures(name):
    page = journeys.read(FOLDER / name)
    assert len(page.commands) >= 4
    assert sum(len(command.printed) for command in page.commands) >= 4
    assert page.pictures
    for command in page.commands:
        program, *arguments = shlex.split(command.line)
        assert program == "thalweg"
        app.parse_args(arguments, exit_on_error=False, print_error=False)


@pytest.mark.long
@pytest.mark.parametrize("name", journeys.PAGES)
def test_a_page_is_true(name, tmp_path):
    page = journeys.read(FOLDER / name)
    assert journeys.run(page, tmp_path) == []
    for picture, source in page.pictures.items():
        assert (tmp_path / source).stat().st_size > 5_000
        assert (FOLDER / picture).stat().st_size > 5_000
    pdfs = list(tmp_path.rglob("race.pdf"))
    assert len(pdfs) == (5 if name == "paper.md" else 0)
    assert all(b"/Type3" not in path.read_bytes() for path in pdfs)


def test_what_is_not_printed_is_told(tmp_path):
    page = journeys.Page({}, [journeys.Command("thalweg new pencil", ["wrote experiment.toml", "of the moon"])], {})
    assert journeys.run(page, tmp_path) == ["of the moon"]

"""Run the pages beside this file anew and draw their pictures: python docs/journeys/build.py lecture.md.

A page's ``console`` blocks hold commands, each a line that begins with a dollar sign, and below it what it prints.
Other blocks that begin with a comment such as ``# name.py`` are written to that file. A picture's title says which file
of the commands' folder it is. What a page says is printed and no longer is, is told.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent

PAGES = ("lecture.md", "fit.md", "curve.md", "paper.md")


class Command(NamedTuple):
    """A command, and the lines that the page says it prints."""

    line: str
    printed: list[str]


class Page(NamedTuple):
    """What a page holds: files to be written, commands, and where its pictures come from."""

    files: dict[str, str]
    commands: list[Command]
    pictures: dict[str, str]


def main() -> None:
    """Run all pages, or those that are named, and copy their pictures."""
    for name in sys.argv[1:] or PAGES:
        page = read(HERE / name)
        with tempfile.TemporaryDirectory() as folder:
            for missing in run(page, Path(folder)):
                sys.stdout.write(f"{name}: no longer printed: {missing}\n")
            for picture, source in page.pictures.items():
                shutil.copyfile(Path(folder) / source, HERE / picture)


def read(path: Path) -> Page:
    """Read a page."""
    text = path.read_text(encoding="utf-8")
    commands: list[Command] = []
    for block in re.findall(r"^```console\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append(Command(line.removeprefix("$ "), []))
            else:
                commands[-1].printed.append(line)
    files = dict(re.findall(r"^```(?:python|toml)\n# (\w+\.\w+)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE))
    return Page(files, commands, dict(re.findall(r'!\[[^\]]*\]\((\S+) "([^"]+)"\)', text)))


def run(page: Page, folder: Path) -> list[str]:
    """Do what a page says, in an empty folder; returns the lines that it says are printed and are not."""
    from thalweg.cli.main import main as thalweg

    for name, code in page.files.items():
        (folder / name).write_text(code, encoding="utf-8")
    missing: list[str] = []
    before = Path.cwd()
    os.chdir(folder)
    try:
        for command in page.commands:
            program, *arguments = shlex.split(command.line)
            assert program == "thalweg", command.line
            out, err = io.StringIO(), io.StringIO()
            try:
                with redirect_stdout(out), redirect_stderr(err):
                    thalweg(arguments)
            except SystemExit as stop:
                if stop.code:
                    raise RuntimeError(f"{command.line}\n{err.getvalue()}") from None
            said = plain(out.getvalue())
            missing += [line for line in command.printed if plain(line) not in said]
    finally:
        os.chdir(before)
    return missing


def plain(text: str) -> str:
    """Leave out how lines and columns are set."""
    return " ".join(re.sub(r"[│┃]", " ", text).split())


if __name__ == "__main__":
    main()

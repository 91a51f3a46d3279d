"""Draw the pictures of the gallery anew, all of them or some: python docs/gallery/build.py map-adam.png race.png.

A picture is made by the commands that stand below it in README.md, which are read from there: what a reader types gives
what a reader sees. Commands are run in one folder, in their order; ``FROM`` says which of the files that they write is
which picture. The captions of what was drawn are printed: README.md quotes their numbers.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
from html import unescape
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent

FROM = {
    "crown.png": "thalweg-demo/figures/crown.png",
    "crown.gif": "thalweg-demo/figures/crown.gif",
    "pencil-data.png": "thalweg-demo/figures/data.png",
    "pencil-parameter.png": "thalweg-demo/figures/parameter.png",
    "pencil-profile.png": "thalweg-demo/figures/profile.png",
    "crown-orthogonal.png": "orthogonal/figures/crown.png",
    "map-adam.png": "adam/figures/outcome_map_settled.png",
    "map-adam-derailments.png": "adam/figures/outcome_map_derailments.png",
    "map-adam-rounding.png": "rounding/figures/outcome_map_rounding.png",
    "map-momentum.png": "momentum/figures/outcome_map_settled.png",
    "race.png": "experiment-race/figures/race.png",
    "barcode.png": "exact/figures/barcode.png",
    "merge-tree.png": "exact/figures/merge_tree.png",
    "basins.png": "himmelblau-valleys/figures/basins.png",
    "phases.png": "phases.png",
    "stars-quadratic.png": "stars-run/figures/plane.png",
    "stars-fourth-root.png": "fourth-root/figures/plane.png",
    "line.png": "line-run/figures/plane.png",
    "compare-adam.png": "experiment-compare/figures/compare.png",
    "himmelblau.png": "surface-run/figures/plane.png",
    "rosenbrock.png": "rosenbrock/figures/plane.png",
    "rastrigin.png": "rastrigin/figures/plane.png",
}
"""Pictures, and the files of the commands' folder that they are."""

BESIDE = {"crown.gif": ["crown.png"]}
"""Pictures of the project's README that are made with one of the gallery."""

SMALLER = {"map-adam.png": ("map.png", 100)}
"""Pictures of which the project's README shows a smaller one, with so many dots an inch."""


class Block(NamedTuple):
    """Pictures, and the commands or the Python code below them that make them."""

    pictures: list[str]
    commands: list[str]
    code: str


def main() -> None:
    """Draw all pictures beside this file, or those that are named."""
    wanted = set(sys.argv[1:] or FROM)
    if wanted - set(FROM):
        raise SystemExit(f"no picture of README.md: {', '.join(sorted(wanted - set(FROM)))}")
    with tempfile.TemporaryDirectory() as folder:
        for block in blocks():
            if wanted & set(block.pictures):
                make(block, Path(folder))
                for name in block.pictures:
                    shutil.copyfile(Path(folder) / FROM[name], HERE / name)
                    if name in SMALLER:
                        shutil.copyfile(Path(folder) / SMALLER[name][0], HERE / SMALLER[name][0])


def blocks(document: Path = HERE / "README.md") -> list[Block]:
    """Read which commands stand below which pictures; those of networks have pages and a script of their own."""
    text = document.read_text(encoding="utf-8").replace("\\\n", " ")
    read: list[Block] = []
    pattern = r"((?:^    \S.*\n)+)|^```python\n((?:.*\n)*?)```|!\[[^\]]*\]\(([^/)]+)\)"
    pictures: list[str] = []
    for match in re.finditer(pattern, text, flags=re.MULTILINE):
        commands, code, picture = match.groups()
        if picture:
            pictures += [picture, *BESIDE.get(picture, [])]
        elif pictures:
            lines = [line.strip() for line in (commands or "").splitlines()]
            read.append(Block(pictures, lines, code or ""))
            pictures = []
    return [*read, *([Block(pictures, [], "")] if pictures else [])]


def make(block: Block, folder: Path) -> None:
    """Do what a block says, in a folder and nowhere else; a file that is there already is not written anew."""
    from thalweg.cli.main import main as thalweg

    before = Path.cwd()
    os.chdir(folder)
    try:
        if not Path("experiment.toml").exists():
            thalweg(["new", "pencil"])
        for line in block.commands:
            program, command, *arguments = shlex.split(line, comments=True)
            assert program == "thalweg", line
            if command == "new" and Path(arguments[-1] if len(arguments) > 1 else "experiment.toml").exists():
                continue
            thalweg([command, *arguments])
        exec(compile(block.code, "README.md", "exec"), {})
        for name in block.pictures:
            _say(name)
            if name in SMALLER:
                _smaller(name)
    finally:
        os.chdir(before)


def _smaller(name: str) -> None:
    from thalweg.cli.main import main as thalweg

    small, dpi = SMALLER[name]
    drawn = Path(FROM[name])
    copy = Path("small")
    shutil.copytree(drawn.parents[1], copy)
    thalweg(["figures", str(copy), "--dpi", str(dpi)])
    shutil.copyfile(copy / "figures" / drawn.name, small)


def _say(name: str) -> None:
    """Print the caption of a picture, from the report beside it, which has all of them in the order of drawing."""
    drawn = Path(FROM[name])
    report = drawn.parent.parent / "report.html"
    if report.exists():
        captions = re.findall(r"<figcaption>(.*?)</figcaption>", report.read_text(encoding="utf-8"))
        order = sorted(drawn.parent.glob("*.png"), key=lambda path: path.stat().st_mtime_ns)
        sys.stdout.write(f"{name}: {unescape(captions[order.index(drawn.with_suffix('.png'))])}\n")


if __name__ == "__main__":
    main()

"""See that the distributions in a folder hold every file of the package, be it code or not, and nothing else.

Run: python .ci/contents.py FOLDER
"""

import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

ALSO = {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"}
"""What a source distribution has beside the package; its tests are told apart by their folder."""


def main(folder: Path) -> None:
    """Compare names, and say what is missing or too much."""
    source = Path(__file__).parents[1] / "src"
    paths = (path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    package = {path.relative_to(source).as_posix() for path in paths}
    assert {"thalweg/py.typed", "thalweg/__init__.pyi"} < package
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with ZipFile(wheel) as archive:
        compare(wheel, package, {name for name in archive.namelist() if ".dist-info/" not in name})
    with tarfile.open(sdist) as archive:
        # Below one folder, named for the version.
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    held = {name.removeprefix("src/") for name in names if name.startswith("src/")}
    compare(sdist, package | ALSO, held | ALSO & names)


def compare(archive: Path, expected: set[str], held: set[str]) -> None:
    """End with one line where two sets of names differ."""
    if wrong := expected ^ held:
        sys.exit(f"{archive.name} lacks {sorted(expected - held)} and has {sorted(wrong - expected)} too much")
    print(f"{archive.name}: {len(held)} files of ours, as they lie here")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Files that a user names: what kind of file it is, and how large, is looked at before it is read.

A path may name a folder, a pipe that nobody writes to, ``/dev/zero`` without an end, or a file of a terabyte that
takes no room on the disk. Opening some of them waits for ever, and reading others fills the memory.
"""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Any

from thalweg.base.errors import InvalidData

MOST = 256 * 2**20
"""Bytes of a file that is read at most: a table of ten million rows, a list of as many starts."""

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_text(path: Path, give: str) -> str:
    """Read a whole file of UTF-8 text; ``give`` says what to give in place of one that cannot be read.

    Raises
    ------
    InvalidData
        If there is no such file, it is none (a folder, a pipe, a device), it is larger than :data:`MOST` bytes, or it
        is not UTF-8.
    """
    try:
        return read_bytes(path, give).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidData(f"cannot read {path}: it is not UTF-8 text; give {give}") from None


def read_bytes(path: Path, give: str) -> bytes:
    """Read a whole file; ``give`` says what to give in place of one that cannot be read.

    Raises
    ------
    InvalidData
        If there is no such file, it is none (a folder, a pipe, a device), or it is larger than :data:`MOST` bytes.
    """
    try:
        reason = _refuse(path)
        if reason is None:
            with path.open("rb") as file:
                content = file.read(MOST + 1)  # a file of /proc says that it is empty
            if len(content) <= MOST:
                return content
            reason = f"it is larger than {MOST >> 20} MiB"
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or str(error)
    raise InvalidData(f"cannot read {path}: {reason}; give {give}") from None


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """Read TOML text; ``name`` says of what it is."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also integers too long for Python
        raise InvalidData(f"{name} is not TOML: {error or 'too deeply nested'}; mend it there") from None


def _refuse(path: Path) -> str | None:
    status = path.stat()
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        return f"it is {KINDS.get(kind, 'no file')}"
    return f"it is larger than {MOST >> 20} MiB" if status.st_size > MOST else None

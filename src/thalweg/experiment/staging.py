"""A folder that is put in its place whole, or not at all, whatever happens on the way.

A run directory takes seconds to hours to write, and its place may hold an earlier result. Whoever looks there must find
the earlier result or the new one, never half of either. So all is written into a hidden folder beside the place,
``.NAME.partial-XXXXXXXX``, and a finished one is renamed into place. Beside, not in the folder for temporary files:
only within one file system is a rename one step that either happens or does not, and a disk that is full is noticed
before anything was replaced. The hidden folder holds ``new``, what is being written; ``former``, for the moment
between two renames what stood at the place before; and ``lock``, a file that its writer keeps locked.

**When the writer is killed** nothing of ours runs any more, so the hidden folder stays. The next writer to the same
place removes it, and if the kill fell between the two renames it puts ``former`` back first. It may remove only what
nobody writes any more. A process id would not tell: ids are given out again, and another machine that shares the disk
has its own. A lock does: the operating system drops it when its process ends, in whatever way. So a folder is a
leftover if its name has our pattern, it holds nothing but the three entries, ``lock`` has our text, and the lock can
be had; everything else is left alone. Two writers that look at once exclude each other by the same lock.

**On a signal** (:mod:`thalweg.cli.interruption`) the process does not unwind: another thread calls :func:`abandon`,
which removes what is being written, and ends the process. ``placing`` decides between that thread and one that is
just putting a folder in its place: either the result is there whole, or it goes whole. The other threads go on writing
meanwhile, and a store makes the folders that it needs: removed where it is, the hidden folder would come back. So it is
moved away first, and a file is put in its place, at which every further write fails.

**Windows** has no ``flock``; there ``msvcrt`` locks the first byte of ``lock``, which lasts as long too. It neither
renames nor deletes a folder with an open file in it, so the folder that is renamed, ``new``, never holds the lock.
On a file system without locks (some network disks) nothing is ever taken for a leftover.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from thalweg.base.errors import OutputError

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises BlockingIOError where another has it


NEW, FORMER, LOCK = "new", "former", "lock"

TEXT = b"thalweg writes here; when its process is gone, the next run to the same place removes this folder\n"

LONGEST = 200
"""Bytes of a name that still has room for what a hidden folder adds to it; most file systems allow 255."""

SHOWN = 100
"""Characters of either end of a long path that a message shows."""

TRIES = 20
"""How often a hidden folder is made, or removed while threads still write into it, before we give up."""

BARS = 1000
"""How often a file is tried to be put where threads make folders."""

GRACE = 0.05
"""Seconds in which a thread that is writing surely tries to write once more."""

placing = threading.Lock()
underway: list[_Staging] = []
placed: list[Path] = []


@contextmanager
def staged(out: Path, named: Path | None = None) -> Iterator[Path]:
    """Give a folder to write into; it takes the place of ``out`` when the block ends well, and goes when it does not.

    What killed processes left beside ``out`` is removed first. ``named`` is ``out`` as the user wrote it, for messages.

    Raises
    ------
    OutputError
        If ``out`` cannot be written.
    """
    recover(out)
    staging = _Staging(out)
    try:
        with placing:
            underway.append(staging)
            folder = staging.begin()
        yield folder
        with placing:
            staging.place()
            placed.append(named or out)
    except OSError as error:
        # A figure that cannot be saved names a file of the folder that is about to go; the user gave another.
        cause = error.__cause__ if isinstance(error, OutputError) else error
        if not isinstance(cause, OSError):
            raise
        raise unwritable(out, cause) from error
    finally:
        with placing:
            underway.remove(staging)
            staging.discard()


def recover(out: Path) -> None:
    """Remove what killed processes left beside ``out``, and put back what they had moved away from it."""
    pattern = re.compile(re.escape(_prefix(out.name)) + "[a-z0-9_]{8}")  # as tempfile makes them
    beside: list[Path] = []
    with suppress(OSError):
        beside = [entry for entry in out.parent.iterdir() if pattern.fullmatch(entry.name)]
    for hidden in beside:
        with suppress(OSError):  # it is in use, or not ours to look at
            _recover(hidden, out)


def abandon() -> list[Path]:
    """Remove what is being written, for a process that ends next; return the places that are finished.

    Nothing is put in its place or removed afterwards: whoever tries waits for ever.
    """
    placing.acquire()
    for staging in underway:
        staging.bar()
    if underway:
        time.sleep(GRACE)
    for staging in underway:
        staging.discard()
    return placed


def unwritable(out: Path, error: Exception) -> OutputError:
    """Say that a place cannot be written, and why."""
    reason = getattr(error, "strerror", None) or error
    place = str(out) if len(str(out)) <= 2 * SHOWN else f"{str(out)[:SHOWN]}…{str(out)[-SHOWN:]}"
    return OutputError(f"cannot write {place}: {reason}; make room there or give another folder with --out")


@dataclass(eq=False)
class _Staging:
    """What is written for one place: a hidden folder, its lock, and the folders that were made to hold it.

    ``barred`` is where the hidden folder was, once nothing may be written there any more.
    """

    out: Path
    hidden: Path | None = None
    barred: Path | None = None
    lock: BinaryIO | None = None
    parents: list[Path] = field(default_factory=list)

    def begin(self) -> Path:
        """Make the folder to write into, hidden and locked."""
        for parent in reversed([parent for parent in self.out.parents if not parent.exists()]):
            parent.mkdir(exist_ok=True)
            self.parents.insert(0, parent)
        with suppress(FileNotFoundError):
            self.out.lstat()  # refuses a name that is too long now, not when the work is done
        for _ in range(TRIES):
            self.hidden = Path(tempfile.mkdtemp(prefix=_prefix(self.out.name), dir=self.out.parent))
            try:
                self.lock = (self.hidden / LOCK).open("xb")
                try:
                    _lock(self.lock)
                except OSError as error:
                    if isinstance(error, BlockingIOError):
                        raise
                    # A file system without locks: nothing there is ever taken for a leftover.
                self.lock.write(TEXT)
                self.lock.flush()
                (self.hidden / NEW).mkdir()
                (self.hidden / LOCK).stat()
                return self.hidden / NEW
            except (FileNotFoundError, BlockingIOError):
                continue  # another run took it for a leftover before it was locked, and removes it
        raise OutputError(f"cannot write {self.out}: what is made there vanishes; give another folder with --out")

    def place(self) -> None:
        """Rename the finished folder into place; what was there is kept until that is done."""
        assert self.hidden is not None
        if self.out.exists():
            self.out.rename(self.hidden / FORMER)
        (self.hidden / NEW).rename(self.out)

    def bar(self) -> None:
        """Move the hidden folder away and put a file there, so that threads that go on writing fail and make nothing.

        Removed where it is, it would be made anew by the next of them: a store makes the folders that it needs.
        """
        if self.hidden is None:  # it could not be made
            return
        with suppress(OSError):  # Windows moves no folder with an open file in it
            away = self.out.parent / f"{_prefix(self.out.name)}{secrets.token_hex(4)}"
            self.hidden.rename(away)
            self.barred, self.hidden = self.hidden, away
            for _ in range(BARS):
                try:
                    with self.barred.open("xb") as bar:
                        bar.write(TEXT)
                    break
                except FileExistsError:  # a thread was quicker, once or, where it does nothing else, some dozen times
                    shutil.rmtree(self.barred, ignore_errors=True)

    def discard(self) -> None:
        """Remove the hidden folder, the bar, and the parents that were made for them and hold nothing."""
        if self.hidden is not None:
            _remove(self.hidden, self.lock, self.out)
        if self.barred is not None:
            with suppress(OSError):
                self.barred.unlink()
        for parent in self.parents:
            with suppress(OSError):
                parent.rmdir()


def _prefix(name: str) -> str:
    encoded = os.fsencode(name)
    return f".{hashlib.sha256(encoded).hexdigest()[:32] if len(encoded) > LONGEST else name}.partial-"


def _recover(hidden: Path, out: Path) -> None:
    """Remove one hidden folder if it is ours and its process is gone, or the file in place of one."""
    if hidden.is_file() and not hidden.is_symlink():
        with hidden.open("rb") as bar:
            ours = bar.read(len(TEXT) + 1) == TEXT
        if ours:
            hidden.unlink()
        return
    entries = {entry.name for entry in hidden.iterdir()}
    if not entries:
        hidden.rmdir()  # killed before anything was in it; nothing is lost if it is not ours
    elif entries <= {NEW, FORMER, LOCK} and (hidden / LOCK).is_file() and not hidden.is_symlink():
        with (hidden / LOCK).open("r+b") as lock:
            _lock(lock)
            if TEXT.startswith(lock.read(len(TEXT) + 1)):  # killed while the text was written, there is none
                _remove(hidden, lock, out)


def _remove(hidden: Path, lock: BinaryIO | None, out: Path) -> None:
    """Remove a hidden folder, the lock last: were we killed on the way, the rest would still be known for ours."""
    former = hidden / FORMER
    with suppress(OSError):
        if former.exists() and not out.exists():
            former.rename(out)
        for _ in range(TRIES):  # threads may be writing still
            if out.exists():
                shutil.rmtree(former, ignore_errors=True)
            shutil.rmtree(hidden / NEW, ignore_errors=True)
            if not (hidden / NEW).exists():
                break
        if former.exists() or (hidden / NEW).exists():
            return  # for the next run
        if sys.platform == "win32" and lock is not None:
            lock.close()  # Windows deletes no open file
        (hidden / LOCK).unlink(missing_ok=True)
        hidden.rmdir()
    if lock is not None:
        lock.close()

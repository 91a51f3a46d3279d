"""The command ``thalweg`` and how it ends: 0 well, 2 with one line on what was wrong, 128 and more on a signal.

Where a formula is wrong, two more lines mark the place.

Nothing is imported here before signals are watched for, so that a Ctrl-C in the first tenths of a second, while the
rest is imported, ends as later ones do.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper

from thalweg.cli.interruption import watch

LONGEST = 240
"""Characters of a word, such as a path, that a message shows at most."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; with ``arguments`` as a part of another program, whose signals are its own."""
    if arguments is None:
        watch()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot write → is no reason to fail

    from cyclopts import CycloptsError

    from thalweg.base.errors import ThalwegError
    from thalweg.cli.app import app

    given = sys.argv[1:] if arguments is None else arguments
    # A path of one hyphen, which stands for standard input, would be taken for an option without a name.
    given = ["./-" if argument == "-" else argument for argument in given]
    try:
        app(given, exit_on_error=False, print_error=False, result_action="return_value")
    except (ThalwegError, CycloptsError) as error:
        # What was typed may be long without a gap; the advice has gaps.
        words = (word if len(word) <= LONGEST else f"{word[: LONGEST - 1]}…" for word in str(error).split())
        marks = (f"{note}\n" for note in getattr(error, "__notes__", []))  # where in a formula it is wrong
        sys.stderr.write(f"thalweg: {' '.join(words)}\n{''.join(marks)}")
        raise SystemExit(2) from None

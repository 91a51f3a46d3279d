"""How a command ends on a signal: what it was writing is removed, one line is said, and the process ends at once.

Python's own way does not do here. Its handler raises ``KeyboardInterrupt`` in the main thread at whatever instruction
comes next. Where that lies in a callback of the garbage collector (JAX has one) or in a finaliser, the exception is
printed as ignored and the run goes on. Where the main thread is inside a compiled program, it comes minutes late. And
where it is raised, the interpreter is taken down while XLA's threads still compute with what it frees: a segmentation
fault. A flag that loops look at would miss the long single calls, and every loop would have to know of it.

So the main thread has no part in it. The C part of Python's signal handling writes the signal's number into a socket
(``signal.set_wakeup_fd``) as it arrives, whatever any thread is doing. A thread that waits at its other end removes
what is being written (:func:`thalweg.experiment.staging.abandon`), says so, and ends the process by ``os._exit``,
which frees nothing under threads that still compute. It also works while the main thread holds locks or is stuck. A
second signal, if the removal should hang, ends the process without waiting; what is left then goes with the next run.

The handlers in Python do nothing, and stay in place until the interpreter is taken down. Its last act but one is to
give signals back to the system, so a Ctrl-C in that moment ends the process without a word; the result has long been
put in its place by then. A signal that is ignored (``nohup``, a job in the
background) stays ignored. On Windows Ctrl-C and Ctrl-Break arrive in this way too; ending a task there is a kill.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from types import FrameType

ENDING = {
    getattr(signal, name): word
    for name, word in {
        "SIGINT": "interrupted",
        "SIGTERM": "terminated",
        "SIGHUP": "terminated",
        "SIGBREAK": "interrupted",
    }.items()
    if hasattr(signal, name)
}
"""Signals that end a command, and the word for it."""


def watch() -> None:
    """End the process on a signal from now on; only the main thread of a process of our own may call this."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _nothing)
    threading.Thread(target=_wait, args=(reader,), daemon=True, name="thalweg-signals").start()


def _nothing(number: int, frame: FrameType | None) -> None:
    """Without a handler of Python's, nothing would be written to the socket."""


def _wait(reader: socket.socket) -> None:
    leaving = False
    while numbers := reader.recv(64):
        for number in numbers:
            if number in ENDING and leaving:
                os._exit(128 + number)
            if number in ENDING:
                leaving = True
                threading.Thread(target=_leave, args=(number,), daemon=True).start()


def _leave(number: int) -> None:
    try:
        from thalweg.experiment.staging import abandon

        finished = abandon()
        left = f"{finished[-1]} is complete" if finished else "nothing was written"
        # Not through sys.stderr: another thread may hold its lock. A terminal loses the bar and gets its cursor back.
        bar = "\r\x1b[2K\x1b[?25h" if os.isatty(2) else ""
        os.write(2, f"{bar}thalweg: {ENDING[signal.Signals(number)]}; {left}\n".encode(errors="replace"))
    finally:
        os._exit(128 + number)

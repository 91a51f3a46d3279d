"""Running the command line as a process of its own."""

import subprocess
import sys


def thalweg(*arguments: str, folder, check: bool = True) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "thalweg", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=300, check=check
    )

import io
from contextlib import redirect_stderr

from rich.console import Console

from thalweg.base.progress import track
from thalweg.cli.stages import Stages


def test_the_bar_names_the_stage_and_the_loop_in_it(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as a terminal
    terminal = io.StringIO()
    with redirect_stderr(terminal):
        stages = Stages()
        with stages.showing():
            with stages.stage("survey"):
                assert list(track("abc", "walking")) == ["a", "b", "c"]
            with stages.stage("draw crown"):
                pass
    assert "draw crown" in terminal.getvalue()


def test_what_is_no_terminal_gets_no_bar():
    said = io.StringIO()
    with redirect_stderr(said):
        stages = Stages()
        with stages.showing(), stages.stage("survey"):
            list(track("abc", "walking"))
    assert said.getvalue() == ""


def test_stages_are_timed_in_the_order_in_which_they_were_entered():
    stages = Stages()
    for name in ("survey", "draw", "survey"):
        with stages.stage(name):
            pass
    assert list(stages.seconds) == ["survey", "draw"]
    console = Console(file=io.StringIO(), width=80)
    stages.print(console)
    assert "Where the time went" in console.file.getvalue()
    assert "in all" in console.file.getvalue()

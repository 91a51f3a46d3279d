import os
import sys

import pytest

from thalweg.base import files
from thalweg.base.errors import InvalidData
from thalweg.base.files import parse_toml, read_text

GIVE = "the path of a text file"


def test_text_is_read_with_and_without_the_mark_that_windows_writes(tmp_path):
    for content in (b"x,y\n", b"\xef\xbb\xbfx,y\n"):
        (tmp_path / "a.csv").write_bytes(content)
        assert read_text(tmp_path / "a.csv", GIVE) == "x,y\n"


@pytest.fixture
def odd(tmp_path):
    """A place with everything that is no text file."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "noise").write_bytes(b"\xff\xfe\x00")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)  # a terabyte that takes no room on the disk
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "zero").symlink_to("/dev/zero")
        (tmp_path / "circle").symlink_to("circle")
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="the files are those of POSIX systems")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none", "No such file or directory"),
        ("folder", "it is a folder"),
        ("pipe", "it is a pipe"),
        ("zero", "it is a device"),
        ("sparse", "it is larger than 256 MiB"),
        ("noise", "it is not UTF-8 text"),
        ("noise/x", "Not a directory"),
        ("circle", "Too many levels of symbolic links"),
        ("x" * 300, "File name too long"),
        ("a\0b", "embedded null byte"),
    ],
)
def test_what_is_no_text_file_is_refused_before_it_is_read(odd, name, reason):
    with pytest.raises(InvalidData, match=f"cannot read .*: {reason}; give the path of a text file") as caught:
        read_text(odd / name, GIVE)
    assert "\n" not in str(caught.value)


def test_a_file_that_grows_beyond_its_size_is_not_read_on(tmp_path, monkeypatch):
    """Files of /proc have the size 0."""
    monkeypatch.setattr(files, "MOST", 4)
    monkeypatch.setattr(files, "_refuse", lambda path: None)
    (tmp_path / "a").write_text("12345", encoding="utf-8")
    with pytest.raises(InvalidData, match="it is larger than 0 MiB"):
        read_text(tmp_path / "a", GIVE)


@pytest.mark.parametrize("text", ["[a", "a = " + "[" * 5000, "a = " + "1" * 5000])
def test_what_is_not_toml_is_refused_in_one_line(text):
    with pytest.raises(InvalidData, match=r"a\.toml is not TOML: .*; mend it there"):
        parse_toml(text, "a.toml")

"""Files that only their owner can read: whole or not at all, in UTF-8, and nothing left beside them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from app.core.private_files import write_private
from tests.harness.processes import ROOT
from tests.harness.wire import at_once


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_what_is_written_is_utf_8_wherever_it_is_written(tmp_path: Path) -> None:
    program = "from app.core import private_files as f; f.write_private(f.Path('x'), 'Zo\\xeb')"
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        cwd=tmp_path,
        env={**os.environ, **ascii_only, "PYTHONPATH": str(ROOT)},
    )
    assert (tmp_path / "x").read_bytes() == b"Zo\xc3\xab"
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("replace", [True, False])
def test_a_draft_of_a_killed_process_is_in_nobodys_way(tmp_path: Path, replace: bool) -> None:
    path = tmp_path / "kept"
    path.write_text("before")
    child = os.fork()
    if child == 0:
        os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
        write_private(path, "a longer text that is cut off")
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert (len(names(tmp_path)), path.read_text()) == (2, "before")
    write_private(path, "after", replace=replace)
    assert (names(tmp_path), path.read_text()) == (["kept"], "after" if replace else "before")


def test_of_many_at_once_each_writes_a_whole_file_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    texts = [letter * 50_000 for letter in "abcdefgh"]
    at_once([partial(write_private, path, text) for text in texts])
    assert path.read_text() in texts
    assert names(tmp_path) == ["kept"]


def test_of_many_first_writers_at_once_one_decides_for_all(tmp_path: Path) -> None:
    path = tmp_path / "kept"

    def begun(text: str) -> str:
        write_private(path, text, replace=False)
        return path.read_text()

    found = at_once([partial(begun, text) for text in "abcdefgh"])
    assert len(set(found)) == 1
    assert names(tmp_path) == ["kept"]

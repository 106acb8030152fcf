"""Files that only their owner can read: whole or not at all, in UTF-8, and nothing left beside them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.core.config import Settings
from app.core.private_files import write_private
from app.services.operations.startup import open_service, warn_of_open_files
from tests.harness.commands import ROOT
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


@pytest.fixture(params=[0o000, 0o022, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """What an operator's shell may have set, however careless."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in folder.rglob("*")}


def test_whatever_the_umask_what_an_installation_makes_is_its_owners_alone(tmp_path: Path, umask: int) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/made/deep/pars.db", data_dir=tmp_path / "made" / "data")
    service = open_service(settings)
    write_private(settings.data_dir / "demo-key", "key")
    service.database.read(lambda connection: connection.exec_driver_sql("SELECT 1"))
    found = modes(tmp_path)
    service.database.close()
    folders = {"made", "made/data", "made/deep"}
    files = {"made/data/demo-key", "made/data/secret-key"}
    files |= {f"made/deep/pars.db{part}" for part in ("", "-wal", "-shm")}
    assert found == dict.fromkeys(folders, 0o700) | dict.fromkeys(files, 0o600)


def test_what_others_can_read_is_told_with_the_command_that_mends_it(tmp_path: Path) -> None:
    folder = tmp_path / "older"
    folder.mkdir(0o755)
    for name in ("pars.db", "pars.db-wal", "secret-key", "mine.txt"):
        (folder / name).touch(0o644)
    (folder / "pars.db").chmod(0o640)
    (folder / "secret-key").chmod(0o600)
    settings = Settings(database_url=f"sqlite:///{folder}/pars.db", data_dir=folder)
    with capture_logs() as logs:
        warn_of_open_files(settings)
    (line,) = logs
    assert line["log_level"] == "warning"
    assert line["advice"] == f"chmod 600 {folder}/pars.db {folder}/pars.db-wal; chmod 700 {folder}"
    subprocess.run(line["advice"], shell=True, check=True)
    with capture_logs() as logs:
        warn_of_open_files(settings)
    assert logs == []


def test_nothing_is_written_through_a_link_or_into_somebody_elses_file(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("before")
    victim.chmod(0o644)
    draft = tmp_path / ".kept.draft"
    draft.symlink_to(victim)
    with pytest.raises(OSError, match=r"\.kept\.draft"):
        write_private(tmp_path / "kept", "a secret")
    assert (victim.read_text(), victim.stat().st_mode & 0o777) == ("before", 0o644)
    if os.geteuid() == 0:
        draft.unlink()
        draft.touch()
        os.chown(draft, 12_345, -1)
        with pytest.raises(PermissionError):
            write_private(tmp_path / "kept", "a secret")
        assert draft.read_text() == ""

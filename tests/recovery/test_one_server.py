"""One serving process on a SQLite file, whatever name the file is found by."""

from __future__ import annotations

import os
from pathlib import Path

from tests.harness.processes import free_port, installation

REFUSED = "pars: Another process serves this SQLite file; several processes need PostgreSQL (PARS_DATABASE_URL).\n"


def same(path: Path) -> Path:
    return path


def symbolic(path: Path) -> Path:
    link = path.with_name("link.db")
    link.symlink_to(path)
    return link


def folder(path: Path) -> Path:
    link = path.parent.with_name("elsewhere")
    link.symlink_to(path.parent)
    return link / path.name


def hard(path: Path) -> Path:
    link = path.parent.with_name("hard.db")
    os.link(path, link)
    return link


def after_removal(path: Path) -> Path:
    path.with_name(f"{path.name}.serving").unlink(missing_ok=True)
    return path


def as_uri(path: Path) -> str:
    return f"file:{path}?mode=rwc&uri=true"


def test_a_second_server_is_refused_by_whatever_name_it_finds_the_file(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    path = tmp_path / "here" / "pars.db"
    with installation(f"sqlite:///{path}", tmp_path / "data") as first:
        server = first.serve(free_port())
        # Commands beside a server are no servers; that they open and close the file leaves the lock where it is.
        assert first.run("check").returncode == 0
        for found in (same, symbolic, folder, hard, after_removal, as_uri):
            with installation(f"sqlite:///{found(path)}", tmp_path / "other") as second:
                refused = second.run("serve", "--port", str(free_port()))
                assert (refused.returncode, refused.stderr) == (1, REFUSED), found.__name__
        assert server.running.poll() is None


def test_after_a_server_was_killed_another_serves_the_file(tmp_path: Path) -> None:
    with installation(f"sqlite:///{tmp_path}/pars.db", tmp_path / "data") as installed:
        first = installed.serve(free_port())
        first.running.kill()
        first.ended()
        installed.serve(free_port())

"""Commands start with what they use: what an import costs is paid by nobody who does not need it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import commands
from tests.harness.commands import ROOT, SECONDS

HEAVY = frozenset({
    "alembic", "cryptography", "fastapi", "httpx", "lxml", "prometheus_client", "psycopg", "pydantic",
    "pydantic_settings", "sqlalchemy", "starlette", "structlog", "uvicorn", "xlsxwriter",
})  # fmt: skip
"""Libraries of which each takes a fifth of the time that a command has to start, or more."""
LIST_NEEDS = frozenset({"pydantic", "pydantic_settings", "sqlalchemy"})


def imported_by(*words: str) -> set[str]:
    """Return the modules that a command has imported by its end."""
    program = (
        "import atexit, json, runpy, sys\n"
        "atexit.register(lambda: sys.stderr.write('\\n' + json.dumps(sorted(sys.modules))))\n"
        "sys.argv = ['pars', *sys.argv[1:]]\n"
        "runpy.run_module('app', run_name='__main__')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return set(json.loads(ran.stderr.splitlines()[-1]))


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["client", "--help"], ["batch", "--help"]], ids=" ".join)
def test_help_and_version_need_no_library_but_the_command_lines_own(words: list[str]) -> None:
    found = imported_by(*words)
    # It reads the values of options with this one.
    assert found & HEAVY - {"pydantic"} == set()
    ours = ("app.services", "app.store", "app.schemas", "app.main")
    assert {name for name in found if name.startswith(ours)} == set()


def test_the_version_needs_nothing_that_draws() -> None:
    assert "rich" not in imported_by("--version")


@pytest.mark.parametrize("noun", ["client", "provider"])
def test_a_list_needs_the_databases_library_and_settings_alone(
    noun: str, tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARS_DATABASE_URL", f"sqlite:///{sqlite_template}")
    monkeypatch.setenv("PARS_DATA_DIR", str(tmp_path))
    found = imported_by(noun, "list")
    assert found & HEAVY == LIST_NEEDS
    assert "app.services.context" not in found
    assert "rich" not in found, "a pipe has no colours"


def test_a_command_module_imports_nothing_heavy_when_it_is_read() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import json, sys, app.cli.main; print(json.dumps(sorted(sys.modules)))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert commands.registered_groups
    assert set(json.loads(found.stdout)) & HEAVY == set()


def test_an_old_python_is_told_which_is_needed() -> None:
    program = (
        "import runpy, sys\nsys.version_info = (3, 9, 2, 'final', 0)\nrunpy.run_module('app', run_name='__main__')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "--version"], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"pars: Python 3.11 or newer is needed, and this is Python 3.9 ({sys.executable}).\n"


@pytest.mark.parametrize("path", ["app/__init__.py", "app/__main__.py"])
def test_what_is_read_before_that_has_nothing_that_an_old_python_cannot_read(path: str) -> None:
    text = (ROOT / path).read_text(encoding="ascii")
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Match, ast.Nonlocal)
    for node in ast.walk(ast.parse(text)):
        assert not isinstance(node, newer), ast.unparse(node)
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not any(argument.annotation for argument in (*node.args.args, *node.args.kwonlyargs))
        if isinstance(node, ast.ImportFrom):
            assert node.module != "__future__", "an old one knows fewer of these"

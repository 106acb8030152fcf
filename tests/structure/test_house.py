"""The house's own rules, kept by tests: layers, scopes, documentation, the API's description."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from app.core.config import Settings
from app.core.errors import every_problem
from app.core.http.routing import StrictRoute
from app.main import create_app, released_descriptions
from app.routers.callers import ANY_SCOPE, PUBLIC, declared_routes, refuse_undeclared, scope_of
from app.routers.passport.sessions import SESSION
from app.rules.catalogue import BOARDS_FOLDER
from app.rules.engine import ACTIVITY_RULES, COMPLETION_RULES
from app.services.access.scopes import SCOPES

ROOT = Path(__file__).resolve().parents[2]


def routes() -> list[APIRoute]:
    found = declared_routes(create_app())
    assert len(found) > 10
    return found


def test_imports_point_down() -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


def test_every_route_declares_who_may_call_it() -> None:
    for route in routes():
        assert scope_of(route) in {*SCOPES, ANY_SCOPE, SESSION, PUBLIC}, route.path


def test_a_route_without_a_declared_scope_stops_the_start() -> None:
    app, router = FastAPI(), APIRouter()

    @router.get("/open")
    async def forgotten() -> None: ...

    app.include_router(router)
    with pytest.raises(RuntimeError, match="/open"):
        refuse_undeclared(app)


def test_every_route_reads_strictly_and_has_words_for_its_reader() -> None:
    for route in routes():
        assert isinstance(route, StrictRoute), route.path
        assert route.description, route.path


def test_every_rule_states_itself_and_names_its_source() -> None:
    for rule in (*COMPLETION_RULES.values(), *ACTIVITY_RULES.values()):
        assert rule.statement.endswith("."), rule.id
        assert rule.source, rule.id


def test_every_kind_of_problem_has_a_code_and_a_title() -> None:
    kinds = list(every_problem())
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(kind.title() and kind.code and 400 <= kind.status < 600 for kind in kinds)


def test_the_committed_description_is_fresh_and_of_the_release_whatever_is_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = tuple((ROOT / "openapi" / name).read_text(encoding="utf-8") for name in ("openapi.json", "webhooks.json"))
    board = (BOARDS_FOLDER / "ABP.toml").read_text(encoding="utf-8")
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "ABP.toml").write_text(board.replace("Pediatrics", "Children"), encoding="utf-8")
    for name, value in {
        "PUBLIC_URL": "https://pars.example.org", "SUPPORT_CONTACT": "help@example.org", "DATA_DIR": str(tmp_path),
    }.items():  # fmt: skip
        monkeypatch.setenv(f"PARS_{name}", value)
    assert released_descriptions() == told, "run `make openapi`"
    served = create_app().openapi()
    assert served["servers"] == [{"url": "https://pars.example.org", "description": "This installation"}]
    assert served["info"]["contact"]["email"] == "help@example.org"


def test_the_lock_files_carry_hashes_and_name_no_index() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "--index-url" not in text
        assert "://" not in text
        pinned = [line for line in text.splitlines() if "==" in line and not line.startswith(" ")]
        assert text.count("--hash=sha256:") >= len(pinned) > 0


@pytest.mark.parametrize("folder", ["openapi/tools", "tests/browser"])
def test_the_lock_files_of_node_carry_hashes_and_name_no_registry(folder: str) -> None:
    locked = json.loads((ROOT / folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, package in locked.items():
        assert "resolved" not in package, name
        assert package.get("integrity") or not name, name


def test_the_readme_names_every_setting() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"`PARS_{name.upper()}`" in readme
        assert field.description

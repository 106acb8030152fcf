"""The Dockerfile and compose.yaml fit the service: commands, settings, addresses and files are there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import typer

from app.cli.main import commands
from app.core.config import Settings
from app.main import create_app
from app.routers.callers import declared_routes
from tests.external.containers import COMPOSE, DOCKERFILE, ROOT, instructions, tree

STEPS = instructions(DOCKERFILE.read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = tree(COMPOSE.read_text(encoding="utf-8"))["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "pars"}
LAST = STEPS[max(place for place, (word, _) in enumerate(STEPS) if word == "FROM") :]


def given(word: str) -> list[str]:
    return [rest for step, rest in STEPS if step == word]


def asked_paths(texts: list[str]) -> list[str]:
    return [path for text in texts for path in re.findall(r"127\.0\.0\.1:8000(/\w+)", text)]


def accepted(words: list[str]) -> None:
    """Show that `pars` understands a command."""
    group: Any = typer.main.get_command(commands)
    while words:
        context = group.make_context("pars", list(words), resilient_parsing=False)
        if not hasattr(group, "commands"):
            return
        name, group, words = group.resolve_command(context, [*context._protected_args, *context.args])
        assert name
        if not hasattr(group, "commands"):
            group.make_context(name, list(words))
            return


def test_the_image_installs_what_is_locked_and_nothing_that_builds() -> None:
    installs = [command for command in given("RUN") if "install" in command.split() and "uninstall" not in command]
    (install,) = installs
    assert {"--require-hashes", "--only-binary"} < set(install.split())
    assert install.endswith("-r requirements/runtime.txt")
    assert not any("apt" in command for command in given("RUN"))


def test_the_image_runs_as_somebody_without_rights() -> None:
    words = [word for word, _ in LAST]
    assert [rest for word, rest in LAST if word == "USER"] == ["pars"]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert any("useradd --system" in rest and rest.endswith(" pars") for word, rest in LAST if word == "RUN")


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    sources = [source.split()[0] for source in given("COPY") if not source.startswith("--from")]
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source.split('/')[0]}" in ignored


def test_health_checks_ask_what_the_service_answers() -> None:
    checks = [*given("HEALTHCHECK"), json.dumps(SERVICES["service"]["healthcheck"]["test"])]
    assert asked_paths(checks) == ["/livez", "/readyz"]
    assert {route.path for route in declared_routes(create_app())} > {"/livez", "/readyz"}
    assert OURS["worker"]["healthcheck"] == OURS["schema"]["healthcheck"] == {"disable": True}


def test_every_command_is_one_of_pars() -> None:
    (entry,), (command,) = given("ENTRYPOINT"), given("CMD")
    assert json.loads(entry) == ["python", "-m", "app"]
    for words in (json.loads(command), *(our["command"] for our in OURS.values())):
        accepted(words)
    with pytest.raises(Exception, match="No such option"):
        accepted(["serve", "--nonsense"])
    with pytest.raises(Exception, match="No such command"):
        accepted(["nonsense"])


def test_the_server_leaves_the_work_to_workers() -> None:
    assert {name: our["command"][0] for name, our in OURS.items()} == {
        "schema": "db", "service": "serve", "worker": "worker",
    }  # fmt: skip
    assert "--no-worker" in OURS["service"]["command"]


def test_every_setting_is_known_and_the_secrets_have_to_be_given() -> None:
    known = {f"PARS_{name.upper()}" for name in Settings.model_fields}
    for our in OURS.values():
        assert our["environment"].keys() <= known
        assert our["environment"]["PARS_SECRET_KEY"].startswith("${PARS_SECRET_KEY:?")
        assert "@database/" in our["environment"]["PARS_DATABASE_URL"]
    assert SERVICES["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${PARS_DATABASE_PASSWORD:?")


def test_the_schema_is_made_once_before_anything_else_runs() -> None:
    assert OURS["schema"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in ("service", "worker"):
        assert OURS[name]["depends_on"] == {"schema": {"condition": "service_completed_successfully"}}
    assert "restart" not in OURS["schema"]


def test_ports_and_volumes_are_those_of_the_image_and_declared() -> None:
    (port,) = OURS["service"]["ports"]
    assert port.split(":") == ["127.0.0.1", *given("EXPOSE") * 2]
    declared = tree(COMPOSE.read_text(encoding="utf-8"))["volumes"].keys()
    mounted = [volume.split(":") for service in SERVICES.values() for volume in service.get("volumes", ())]
    assert {name for name, _ in mounted} == declared
    assert {path for name, path in mounted if name == "data"} == {"/service/var"}


def test_a_file_beyond_what_is_understood_is_not_guessed_at() -> None:
    for text in ("a\n", "a: 1\na: 2\n", "a: 1\n    b: 2\n"):
        with pytest.raises(AssertionError):
            tree(text)

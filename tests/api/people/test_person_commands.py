"""`pars person`, and `pars serve --demo`: what an operator sees and is refused at the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.databases import ON_SQLITE
from tests.harness.processes import Installation, eventually, free_port, installation

pytestmark = ON_SQLITE


@pytest.fixture
def installed(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(database_url, tmp_path / "data") as opened:
        yield opened


def people(installed: Installation, *more: str) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(installed.run("person", "list", "--json", *more).stdout)["data"]
    return listed


def refused(installed: Installation, *command: str) -> str:
    ran = installed.run(*command)
    assert (ran.returncode, ran.stdout) == (1, ""), ran
    return ran.stderr


def test_the_first_operator_is_invited_listed_reset_and_removed(installed: Installation) -> None:
    invited = installed.run("person", "invite", "jo@example.org", "--operator", "--name", "Jo")
    assert invited.returncode == 0, invited.stderr
    assert invited.stdout.startswith("http://127.0.0.1:8000/sign-in/")
    (listed,) = people(installed)
    assert (listed["address"], listed["name"]) == ("jo@example.org", "Jo")
    assert [held["role"] for held in listed["memberships"]] == ["operator"]  # type: ignore[attr-defined]
    assert "jo@example.org" in installed.run("person", "list").stdout
    assert installed.run("person", "reset-totp", "JO@example.org").returncode == 0
    assert installed.run("person", "remove", "jo@example.org").returncode == 0
    assert people(installed) == []
    (gone,) = people(installed, "--all")
    assert (gone["address"], gone["name"]) == (None, None)
    assert installed.run("check").returncode == 0


def test_one_of_several_memberships_is_ended_alone(installed: Installation) -> None:
    for provider in ("0008001", "0008002"):
        made = installed.run("person", "invite", "a@example.org", "--provider", provider, "--role", "reader", "--json")
        assert made.returncode == 0, made.stderr
    client_id = json.loads(made.stdout)["client_id"]
    assert installed.run("person", "remove", "a@example.org", "--membership", client_id).returncode == 0
    (listed,) = people(installed)
    assert [held["place"] for held in listed["memberships"]] == ["provider:0008001"]  # type: ignore[attr-defined]


def test_what_cannot_be_is_told_in_a_sentence(installed: Installation) -> None:
    invite = ("person", "invite")
    assert "Say one of --operator" in refused(installed, *invite, "a@example.org")
    assert "Say one of --operator" in refused(installed, *invite, "a@example.org", "--operator", "--board", "ABA")
    assert "Say which role" in refused(installed, *invite, "a@example.org", "--provider", "0008001")
    given = refused(installed, *invite, "nobody", "--provider", "0008001", "--role", "board")
    assert "Not a mail address." in given and "Possible: reader, reporter, manager." in given
    assert "no such provider" in refused(installed, *invite, "a@b.org", "--provider", "9999999", "--role", "reader")
    assert "no such board" in refused(installed, *invite, "a@b.org", "--board", "XYZ")
    assert "no client with this id or name" in refused(
        installed, *invite, "a@b.org", "--vendor", "nobody", "--role", "reader"
    )
    assert "Nobody has this address" in refused(installed, "person", "remove", "a@b.org")


def test_a_link_is_mailed_where_a_server_is_set_and_never_printed(installed: Installation) -> None:
    installed.settings |= {
        "PARS_SMTP_URL": "smtp://127.0.0.1:1", "PARS_MAIL_FROM": "pars@example.org", "PARS_PUBLIC_URL": "https://p.org",
    }  # fmt: skip
    ran = installed.run("person", "invite", "jo@example.org", "--operator")
    assert ran.returncode == 0, ran.stderr
    assert "sign-in" not in ran.stdout
    assert "on its way" in ran.stdout


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_demo_is_not_served_where_others_reach_it(installed: Installation, host: str) -> None:
    said = refused(installed, "serve", "--demo", "--host", host, "--port", "0")
    assert said == (
        "pars: --demo lets everybody in with one click, so it is served on a loopback address only, and "
        f"{host} is none: leave --host out, or say --host 127.0.0.1.\n"
    )


def test_mails_of_the_demo_lead_to_where_it_is_served(installed: Installation) -> None:
    port = free_port()
    installed.serve(port, "--demo")
    address = f"http://127.0.0.1:{port}"
    # The clerk of the demo is somebody from the first visit on.
    for path, form in (("demo", {"as": "clerk"}), ("", {"address": "clerk@demo.example"})):
        answer = httpx.post(
            f"{address}/sign-in{f'/{path}' if path else ''}", data=form, headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert answer.status_code < 400, answer.text
    folder = installed.folder / "mail"
    eventually(lambda: any(folder.glob("*.eml")))
    (mail,) = folder.glob("*.eml")
    assert f"{address}/sign-in/" in mail.read_text(encoding="utf-8").replace("=\n", "")

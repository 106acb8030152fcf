"""The documents are true where that can be computed: links, addresses, codes, scopes, events, limits, commands."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import click
import typer

from app.cli.main import commands
from app.core.config import Settings
from app.core.errors import every_problem
from app.core.http.pagination import DEFAULT_LIMIT, MAX_LIMIT, MOST_COUNTED
from app.core.http.problems import MAX_ERRORS
from app.delivery.sending import PATIENCE_SECONDS
from app.delivery.signatures import headers_for, new_secret
from app.domain.batches import FileFaultCode
from app.domain.events import EventKind
from app.domain.webhooks import RETRY_PAUSES, AttemptOutcome
from app.files.templates.templates import TEMPLATES
from app.schemas.completion_answers import MOST_ITEMS
from app.schemas.events import EventType
from app.services.context import BYTES_AS_ONE, DECISIONS_AS_ONE, RECORDS_AS_ONE, ROWS_AS_ONE
from app.services.events.endpoints import MOST_ENDPOINTS
from app.services.passport.publishing import PDF_AS_REQUESTS
from tests.harness.cases import for_all

ROOT = Path(__file__).resolve().parents[2]
INTEGRATORS = (ROOT / "docs" / "integrators.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENT = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose_of(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """Return the places of a page that can be linked to, named as GitHub does."""
    headings = re.findall(r"^#+ (.*)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    """Yield the links of a page that lead nowhere in the repository."""
    for link in re.findall(r"\]\(([^)\s]+)\)", prose_of(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        there = not path or (target.is_relative_to(ROOT) and target.exists())
        if not there or (anchor and anchor not in anchors_of(target)):
            yield link


@for_all("page", PAGES, lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_between_documents_and_to_files_resolves(page: Path) -> None:
    assert list(broken_links(page)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One Thing\n[a](nowhere.md) [b](#two) [c](#one-thing) [d](https://example.org)", encoding="utf-8")
    assert list(broken_links(page)) == ["nowhere.md", "#two"]


def test_every_document_is_reached_from_the_readme() -> None:
    reached, waiting = {ROOT / "README.md"}, [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        for link in re.findall(r"\]\(([^)\s#]+)", prose_of(page)):
            target = (page.parent / link).resolve()
            found = [target] if target.suffix == ".md" else sorted(target.glob("*.md")) if target.is_dir() else []
            waiting += [target for target in found if target in PAGES and target not in reached]
            reached.update(found)
    assert set(PAGES) <= reached


@for_all("page", PAGES, lambda page: page.relative_to(ROOT).as_posix())
def test_every_operation_that_a_document_names_exists(page: Path) -> None:
    known = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path)) for path, item in DOCUMENT["paths"].items() for method in item
    }
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^\s`?]*)", prose_of(page))
    assert [
        operation for operation in named if (operation[0], re.sub(r"\{\w+\}", "{}", operation[1])) not in known
    ] == []


def rows_of(heading: str) -> list[list[str]]:
    """Return the cells of the table of the integrators' guide that begins with a heading."""
    lines = INTEGRATORS[INTEGRATORS.index(heading) :].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_every_problem_stands_in_the_table_with_its_status_and_what_to_do() -> None:
    rows = rows_of("| status | code |")
    kinds = [(str(kind.status), kind.code) for kind in every_problem()]
    assert sorted((status, code) for status, code, *_ in rows) == sorted(kinds)
    assert [row for row in rows if len(row) != 4 or not all(row)] == []


def test_every_scope_that_an_operation_needs_stands_in_the_table() -> None:
    needed = {
        scope
        for item in DOCUMENT["paths"].values()
        for said in item.values()
        for requirement in said["security"]
        for scope in requirement.get("bearer", ())
    }
    assert {row[0] for row in rows_of("| scope | allows |")} == needed


def test_every_event_that_can_be_read_is_named() -> None:
    told = set(get_args(EventType.__value__))
    named = set(re.findall(r"`((?:completion|credit|activity|batch|feed|help|dispute)\.[a-z]+)`", INTEGRATORS))
    assert named == told


def test_the_page_on_files_names_every_reason_to_refuse_one_and_every_template() -> None:
    page = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    table = page.split("| code | the file |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE) == [code.value for code in FileFaultCode]
    assert [name for name in TEMPLATES if f"`{name}`" not in page] == []


def test_the_page_on_webhooks_names_every_event_every_outcome_and_every_pause() -> None:
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    assert {name for name in (*EventKind, *AttemptOutcome) if f"`{name}`" not in page} == {"accepted"}
    hours = [pause.total_seconds() / 3600 for pause in RETRY_PAUSES[3:]]
    assert (
        f"5 seconds, 5 minutes, 30 minutes, {', '.join(f'{h:g}' for h in hours[:-1])} and {hours[-1]:g} hours" in page
    )
    assert [pause.total_seconds() for pause in RETRY_PAUSES[:3]] == [5, 300, 1800]
    assert f"at most {MOST_ENDPOINTS} for one" in " ".join(page.split())
    assert f"has {PATIENCE_SECONDS:g} seconds in all" in page


def test_the_lines_that_verify_a_webhook_do_so() -> None:
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {"base64": base64, "hmac": hmac, "time": time, "Mapping": Mapping}
    exec(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0], names)
    secrets, now = [new_secret(), new_secret()], int(time.time())
    headers = headers_for("evt_1", now, b"{}", secrets)
    assert all(names["verified"](secret, headers, b"{}") for secret in secrets)
    assert not names["verified"](new_secret(), headers, b"{}")
    assert not names["verified"](secrets[0], headers, b"{ }")
    assert not names["verified"](secrets[0], headers_for("evt_1", now - 400, b"{}", secrets), b"{}")


def test_limits_are_those_of_the_service() -> None:
    rows = {row[0]: row[1] for row in rows_of("| what | limit |")}
    assert Settings.model_fields["body_limit"].default == 1 << 20
    assert rows["a body"].startswith("1 MiB")
    assert f"within {Settings.model_fields['body_deadline'].default} seconds" in rows["a body"]
    assert rows["a bulk request"] == f"{MOST_ITEMS} records"
    assert rows["a page"] == f"{MAX_LIMIT} rows"
    assert rows["errors listed of an invalid request"] == f"the first {MAX_ERRORS}"
    assert rows["an idempotency key"] == f"255 characters, kept {Settings().keep_answers_days} days"
    assert f"`next_cursor`, {DEFAULT_LIMIT} rows a page" in INTEGRATORS
    assert f"beyond {MOST_COUNTED:,}" in INTEGRATORS


def test_rates_are_those_of_the_service() -> None:
    client, provider, failures = (
        (Settings.model_fields[name].default, Settings.model_fields[f"{name}_burst"].default)
        for name in ("rate_client", "rate_provider", "rate_failures")
    )
    rows = {row[0]: row[1:] for row in rows_of("| who | a second |")}
    assert rows["your client, with all its keys"] == [f"{client[0]} requests", f"{client[1]:,}"]
    assert rows["all clients together that act for one provider"] == [f"{provider[0]}", f"{provider[1]:,}"]
    counted = {row[0].split(",")[0]: row[1] for row in rows_of("| request | counts as |")}
    assert counted["a bulk request"] == (
        f"one for every {RECORDS_AS_ONE} records: {MOST_ITEMS // RECORDS_AS_ONE} with {MOST_ITEMS}"
    )
    assert counted["a page"] == f"one for every {ROWS_AS_ONE} rows: {MAX_LIMIT // ROWS_AS_ONE} with {MAX_LIMIT}"
    assert counted["decisions of a board"] == f"one for every {DECISIONS_AS_ONE}"
    assert counted["the PDF of a transcript"] == f"{PDF_AS_REQUESTS}"
    assert counted["an upload"].startswith("one for every MiB") and BYTES_AS_ONE == 1 << 20
    operating = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert f"| {client[0]} a second, {client[1]:,} at once |" in operating
    for per_second, burst in (provider, failures):
        assert f"| {per_second}, {burst:,} |" in operating
    for per_second, burst in (client, provider, failures):
        assert f"| {per_second}, {burst} |" in README


def test_the_readme_names_every_command_and_no_other() -> None:
    named = re.findall(r"`pars ([^`]+)`", README.split("| command | does |")[1].split("\n\n")[0])
    known = list(leaves(typer.main.get_command(commands)))
    assert [leaf for leaf in known if not any(fits(leaf, n) for n in named)] == []
    assert [n for n in named if not any(fits(leaf, n) for leaf in known)] == []


def leaves(command: click.Command, path: str = "") -> Iterator[str]:
    """Yield every command by its words."""
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield path
        return
    for name, inner in subcommands.items():
        yield from leaves(inner, f"{path} {name}".strip())


def fits(command: str, named: str) -> bool:
    return named == command or named.startswith(f"{command} ")


@for_all("page", PAGES, lambda page: page.relative_to(ROOT).as_posix())
def test_every_target_of_make_that_a_document_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))) <= targets

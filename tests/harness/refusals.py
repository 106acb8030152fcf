"""What every refusal has in common, and what a refused request leaves behind: nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.harness.api import Answer

FIRST, LAST, BORN, LICENSE, NPI = "Zaphodia", "Beeblebroxen", "09/27", "ZQ98765431", "1234567893"
IDENTITY = (FIRST, LAST, BORN, LICENSE, NPI)
PLACES = ("pointer", "parameter", "header")
LIBRARY_WORDS = re.compile(
    r"valid dictionary|instance of|should be a valid|should have at|should match|input should|extra inputs"
    r"|field required|value error|unable to (?:parse|interpret)|unexpected character|validation error|encountered"
    r"|pydantic|msgspec|httptools|traceback|unexpected end of data|got `|expected `",
    re.IGNORECASE,
)
"""What only a library would say; nobody who calls knows which ones there are."""


def a_stranger(**more: Any) -> dict[str, Any]:
    """A report of somebody whose name, birth date and numbers stand nowhere else."""
    body = a_completion(first_name=FIRST, last_name=LAST, born=BORN, license_id=LICENSE)
    body["learner"]["npi"] = NPI
    return body | more


def footprint(service: Service) -> tuple[int, ...]:
    """Count what any stored change would add to."""
    tables = ("commits", "completions", "credits", "activities", "idempotency_keys", "learner_links", "ledger")
    return service.database.read(
        lambda connection: tuple(
            statements.fetch(connection, f"SELECT count(*) FROM {table}")[0][0] for table in tables
        )
    )


def faults_of(answer: Answer, status: int | Iterable[int], *codes: str, items: Iterable[str] = ()) -> Iterator[str]:
    """Yield what is wrong with a refusal: its status, codes or shape, or an identity value in it."""
    response = answer.response
    expected = (status,) if isinstance(status, int) else tuple(status)
    if answer.status not in expected:
        yield f"status {answer.status} instead of {expected}: {response.text[:200]}"
        return
    if response.headers.get("content-type") != "application/problem+json":
        yield f"content type {response.headers.get('content-type')}"
        return
    body = answer.json
    if codes and body["code"] not in codes:
        yield f"code {body['code']} instead of {codes}"
    if body["type"] != f"/problems/{body['code']}" or body["status"] != answer.status:
        yield f"type {body['type']}, status {body['status']}"
    if not (body["title"] and body["detail"]) or body["request_id"] != response.headers["x-request-id"]:
        yield "title, detail or request id is missing"
    if body["title"].lower() in body["detail"].lower():
        yield f"the detail only repeats the title: {body['detail']}"
    yield from (f"a word of a library: {word}" for word in LIBRARY_WORDS.findall(response.text))
    for item in body.get("errors", []):
        if not item["code"] or not item["detail"] or len([place for place in PLACES if place in item]) != 1:
            yield f"an item without code, detail or place: {item}"
        if not item.get("hint"):
            yield f"an item that does not say what to do: {item}"
    said = {item["code"] for item in body.get("errors", [])}
    if not said >= set(items):
        yield f"items {said} instead of {set(items)}"
    everything = response.text + repr(response.headers)
    yield from (f"{value} was given back" for value in IDENTITY if value in everything)


def assert_problem(answer: Answer, status: int | Iterable[int], *codes: str, items: Iterable[str] = ()) -> None:
    """Assert that an answer is a refusal of the one shape."""
    faults = list(faults_of(answer, status, *codes, items=items))
    assert not faults, faults


def same_but_request_id(first: Answer, second: Answer) -> bool:
    """Return True if two refusals are the same bytes apart from the request's id."""
    return _without_id(first) == _without_id(second)


def _without_id(answer: Answer) -> tuple[int, str, dict[str, str]]:
    given = answer.response.headers["x-request-id"]
    headers = {
        name: value.replace(given, "ID") for name, value in answer.response.headers.items() if name != "content-length"
    }
    return answer.status, answer.response.text.replace(given, "ID"), headers

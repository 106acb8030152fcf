"""What schemathesis is told of this API: who calls, real values, what valid requests may be answered, more checks."""

from __future__ import annotations

import atexit
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlparse

import schemathesis
from hypothesis import strategies as st
from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation

from benchmarks.fuzz.values import BUILDERS, CURSORS, World, filled

WORLD = World(**json.loads(Path(os.environ["PARS_FUZZ_WORLD"]).read_text(encoding="utf-8")))
COUNTS = Path(os.environ["PARS_FUZZ_COUNTS"])
_turns = count(1)
CURRENT = '"current"'
"""Stands for the version a resource has by then, until the request is sent."""

REFUSALS_OF_VALID_DATA = {
    "completion-rejected": "The schema only reads, rules judge: reporting rules are no part of the API's description.",
    "activity-rejected": "The schema only reads, rules judge.",
    "precondition-failed": "Which version a resource has is not for a description to say.",
    "precondition-required": "`If-Match` is required of changes, and its absence has a code of its own (RFC 6585).",
    "idempotency-mismatch": "That a key was sent before with another body is state, no form.",
    "provider-required": "Whether a client must name its provider depends on the client.",
}
"""Codes of problems with which a request that fits the description may be refused, each with its reason."""
REFUSED_PLACES = {
    ("parameter-invalid", "parameter", "cursor"): "A cursor is opaque: only one that this list gave can be read.",
    ("parameter-invalid", "parameter", "after"): "A cursor is opaque: only one that this list gave can be read.",
    ("format", "pointer", "/internal_id"): "It must equal the one in the address, which a schema cannot say.",
}
"""Items (code, kind of place, place) likewise."""


LONG_ADDRESS = 65_000
"""Bytes. A longer address is refused by the HTTP parser, before there is an application that could tell a problem."""


def _too_long(response: Any) -> bool:
    return len(response.request.url) > LONG_ADDRESS and response.status_code == 400


@schemathesis.hook
def filter_failure(context: Any, failure: Failure, case: Any, response: Any) -> bool:
    """Keep every failure but a valid request refused with a code of the lists above, or for its length."""
    if _too_long(response):
        return False
    if getattr(failure, "code", "") != "ST202":
        return True
    problem = _json(response) or {}
    if problem.get("code") in REFUSALS_OF_VALID_DATA:
        return False
    items = problem.get("errors") or [{}]
    return not all(
        any((item.get("code"), kind, item.get(kind)) in REFUSED_PLACES for kind in ("parameter", "pointer"))
        for item in items
    )


@schemathesis.auth(refresh_interval=None)
class Key:
    """The key of a client that has the scopes which the operation asks for."""

    def get(self, case: Any, context: Any) -> str | None:
        """Find it."""
        asked = _described(case).get("security") or []
        scopes = [scope for each in asked for of_scheme in each.values() for scope in of_scheme]
        return WORLD.key_for(scopes) if asked else None

    def set(self, case: Any, data: str, context: Any) -> None:
        """Send it."""
        case.headers["Authorization"] = f"Bearer {data}"


def _described(case: Any) -> dict[str, Any]:
    found: dict[str, Any] = WORLD.openapi["paths"][case.operation.path][case.operation.method.lower()]
    return found


@schemathesis.hook
def flatmap_case(context: Any, case: Any) -> Any:
    """Put real values where valid ones were generated, most of the time; what was made invalid stays so."""
    # Drawn numbers come back again and again; with the turn beside them they do not, and a seed still repeats them.
    return st.integers(0, 2**32 - 1).map(lambda drawn: _realistic(case, Random(f"{drawn} {next(_turns)}")))


def _realistic(case: Any, rnd: Random) -> Any:
    path, body = ParameterLocation.PATH, ParameterLocation.BODY
    if _valid(case, path):
        for name, value in case.path_parameters.items():
            known = WORLD.known(name, case.operation.path)
            if known and value not in known and rnd.random() < 0.85:
                case.path_parameters[name] = rnd.choice(known)
    if _valid(case, ParameterLocation.QUERY):
        _real_query(case, rnd)
    if _valid(case, ParameterLocation.HEADER):
        _real_headers(case, rnd)
    if _valid(case, body) and case.body is not NOT_SET and rnd.random() < 0.75:
        schema = _body_schema(case)
        if schema is not None:
            case.body = filled(WORLD, schema, rnd)
    return case


def _valid(case: Any, location: ParameterLocation) -> bool:
    part = case.meta.components.get(location) if case.meta else None
    return part is not None and part.mode.is_positive


def _real_query(case: Any, rnd: Random) -> None:
    for name in list(case.query):
        if name in CURSORS and rnd.random() < 0.9:
            given = WORLD.cursors.get(case.operation.path)
            case.query = {name: given} if given is not None else {n: v for n, v in case.query.items() if n != name}
            return
        known = WORLD.known(name, case.operation.path)
        if known and rnd.random() < 0.6:
            case.query[name] = [rnd.choice(known)] if isinstance(case.query[name], list) else rnd.choice(known)
        elif rnd.random() < 0.4:
            del case.query[name]


def _real_headers(case: Any, rnd: Random) -> None:
    for name in list(case.headers):
        if name.lower() in ("pars-provider", "if-match") and rnd.random() < 0.9:
            del case.headers[name]
        elif name.lower() == "idempotency-key" and rnd.random() < 0.8:
            case.headers[name] = f"key-{rnd.randint(1, 10_000)}"
    if _takes_version(case) and "if-match" not in {name.lower() for name in case.headers} and rnd.random() < 0.8:
        case.headers["If-Match"] = CURRENT


def _body_schema(case: Any) -> dict[str, Any] | None:
    content = _described(case).get("requestBody", {}).get("content", {})
    found: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return found


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Send the version that the resource has by now, where a valid one was wanted, and an internal id of its own."""
    if _phase(case) in ("examples", "coverage") and case.meta.generation.mode.is_positive and next(_turns) % 10:
        _freed(case)
    for name, value in list(case.headers.items()):
        if value == CURRENT:
            case.headers[name] = WORLD.etags.get(case.formatted_path, '"1"')


def _freed(case: Any) -> None:
    """Let a request made from the description alone pass its first gate, where nearly all would be refused alike."""
    for name in [name for name in case.headers if name.lower() in ("if-match", "idempotency-key")]:
        del case.headers[name]
    if _takes_version(case):
        case.headers["If-Match"] = CURRENT
    schema = _body_schema(case) or {}
    if schema.get("$ref", "").endswith("/ActivityIn") and isinstance(case.body, dict):
        own = case.path_parameters.get("internal_id", f"fuzz-{case.id}")
        # Giving activity ids is the operator's; an internal id is taken from the second request on.
        case.body = {name: own if name == "internal_id" else value for name, value in case.body.items()}
        case.body.pop("activity_id", None)


def _takes_version(case: Any) -> bool:
    return any(each["name"].lower() == "if-match" for each in _described(case).get("parameters", []))


_counts: Counter[tuple[str, str, str, int]] = Counter()
_refusals: Counter[tuple[str, str]] = Counter()


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Count what was answered, and remember what it shows."""
    same = case.method.upper() == case.operation.method.upper()
    mode = "valid" if case.meta is not None and case.meta.generation.mode.is_positive else "invalid"
    label = case.operation.label if same else f"{case.method} {case.operation.path}"
    _counts[label, mode if same else "other method", _phase(case), response.status_code] += 1
    if _counts.total() % 100 == 0:
        _write_counts()  # a round that is cut short has still sent what it sent
    if response.status_code >= 400 and mode == "valid" and same:
        problem = _json(response) or {}
        for code in {item.get("code", "") for item in problem.get("errors") or [problem]}:
            _refusals[label, str(code)] += 1
    if response.status_code < 300:
        etag, location = response.headers.get("etag"), response.headers.get("location")
        path = urlparse(response.request.url).path
        WORLD.remember(path, _json(response), etag[0] if etag else None, location[0] if location else None)
    if response.status_code == 404 or case.method.upper() == "DELETE":
        WORLD.forget(case.path_parameters)


def _phase(case: Any) -> str:
    return str(case.meta.phase.name.value) if case.meta is not None else "check"


@atexit.register
def _write_counts() -> None:
    told = [[[*key, count] for key, count in sorted(each.items())] for each in (_counts, _refusals)]
    COUNTS.write_text(json.dumps(told), encoding="utf-8")


def _json(response: Any) -> Any:
    try:
        return json.loads(response.content)
    except ValueError:
        return None


@schemathesis.check
def every_error_is_a_problem(context: Any, response: Any, case: Any) -> None:
    """Whatever is refused, by whatever method, is refused in the one shape, under the id that the header names."""
    if response.status_code < 400 or case.method.upper() == "HEAD" or _too_long(response):
        return
    problem = _json(response)
    assert response.headers.get("content-type") == ["application/problem+json"], "The error has another media type"
    assert isinstance(problem, dict), "The error is no JSON object"
    assert problem.get("status") == response.status_code, "The problem names another status"
    assert problem.get("type") == f"/problems/{problem.get('code')}", "The problem's type and code differ"
    assert [problem.get("request_id")] == response.headers.get("x-request-id"), "The problem names another request"


IDENTITY = {"first_name", "last_name", "date_of_birth", "npi", "license_id", "board_id", "medical_school", "local_id"}
"""Fields that say who somebody is."""
_OURS = {"type", "title", "code", "request_id", "rule", "rule_url", "status", "severity"}
"""Members of a problem that are ours to write, whatever was sent."""


@schemathesis.check
def no_identity_in_problems(context: Any, response: Any, case: Any) -> None:
    """No problem, nor what the rules have to say in an answer of another kind, gives back who somebody is."""
    answer = _json(response)
    told = "\n".join(_texts(answer if response.status_code >= 400 else list(_judgements(answer))))
    sent = set(_identity(case.body)) | set(_identity(case.query))
    echoed = [each for each in sent if re.search(rf"(?<!\w){re.escape(each)}(?!\w)", told)]
    assert not echoed, f"The problem gives back {len(echoed)} value(s) of an identity field"


def _identity(given: Any) -> Iterator[str]:
    if isinstance(given, dict):
        for name, value in given.items():
            if name in IDENTITY and isinstance(value, str) and len(value.strip()) >= 4:
                yield value.strip()
            else:
                yield from _identity(value)
    elif isinstance(given, list):
        for each in given:
            yield from _identity(each)


def _judgements(answer: Any) -> Iterator[Any]:
    """Yield the problems and findings inside an answer, such as those of single items."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name in ("problem", "findings", "errors"):
                yield value
            else:
                yield from _judgements(value)
    elif isinstance(answer, list):
        for each in answer:
            yield from _judgements(each)


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        for name, value in told.items():
            if name not in _OURS:
                yield from _texts(value)
    elif isinstance(told, list):
        for each in told:
            yield from _texts(each)
    elif isinstance(told, str):
        yield told


assert BUILDERS.keys() & WORLD.openapi["components"]["schemas"].keys(), (
    "the schemas that are built have other names now"
)

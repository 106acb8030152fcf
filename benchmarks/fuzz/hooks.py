"""Hooks of schemathesis: keys, real values, answers that valid requests may get, and further checks."""

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
from urllib.parse import unquote, urlparse

import schemathesis
from hypothesis import strategies as st
from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.transport.serialization import Binary

from benchmarks.fuzz.files import upload
from benchmarks.fuzz.refusals import refused_by_design
from benchmarks.fuzz.values import BUILDERS, correction, filled, renewed
from benchmarks.fuzz.world import CURSORS, Json, World

WORLD = World(**json.loads(Path(os.environ["PARS_FUZZ_WORLD"]).read_text(encoding="utf-8")))
COUNTS = Path(os.environ["PARS_FUZZ_COUNTS"])
_turns = count(1)
WORKBOOKS = [
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.ms-excel",
]
schemathesis.serializer.alias(WORKBOOKS, "application/octet-stream")
CURRENT = '"current"'
"""Placeholder for the resource's version, replaced when the request is sent."""

LONG_ADDRESS = 65_000
"""Bytes. The HTTP parser refuses a longer URL before the application could answer with a problem."""


def _too_long(response: Any) -> bool:
    return len(response.request.url) > LONG_ADDRESS and response.status_code == 400


@schemathesis.hook
def filter_failure(context: Any, failure: Failure, case: Any, response: Any) -> bool:
    """Keep every failure but those that are by design; each has its reason here."""
    code = getattr(failure, "code", "")
    if _too_long(response):
        return False
    if code == "ST201" and case.media_type == "multipart/form-data" and _leaves_out(case.body):
        # A form has no null and no empty list: what should have been invalid was not sent.
        return False
    if code == "ST201":
        # Items of a bulk request are validated one by one: an invalid one gets a problem of its own.
        return not _has_invalid_items(response)
    if code == "ST302" and _names_another(response):
        # Not the resource of the address is absent, but one that the body names.
        return False
    if code == "ST301":
        # The history of a withdrawn completion can be read for ever; the completion itself is gone.
        return not _history_of_withdrawn(case, response)
    if code == "ST202" and (case.media_type in ("text/csv", *WORKBOOKS) or _of_oauth(response)):
        # A schema cannot say what a file must contain, nor that the only grant type is refused with a code of its own.
        return False
    if code == "ST112":
        # It answers with the outcome of what it sends, and waits for that.
        return not case.operation.path.endswith("/test")
    if code == "ST203":
        # A change without `If-Match` has a status of its own (RFC 6585).
        return response.status_code != 428
    return not (code == "ST202" and refused_by_design(_json(response) or {}, case.operation.path))


def _names_another(response: Any) -> bool:
    return any(item.get("pointer") for item in (_json(response) or {}).get("errors", ()))


def _leaves_out(form: Any) -> bool:
    return isinstance(form, dict) and any(value is None or value in ([], {}) for value in form.values())


def _has_invalid_items(response: Any) -> bool:
    items = (_json(response) or {}).get("items", ()) if response.status_code == 207 else ()
    return any(item["status"] == 422 and item["problem"]["code"] == "invalid-request" for item in items)


def _history_of_withdrawn(case: Any, response: Any) -> bool:
    versions = (_json(response) or {}).get("data") or [{}]
    return case.operation.path.endswith("/history") and versions[0].get("action") == "withdrawn"


@schemathesis.auth(refresh_interval=None)
class Key:
    """The key of a client with the scopes of the operation."""

    def get(self, case: Any, context: Any) -> str | None:
        """Return the key, or None for a public operation."""
        asked = _described(case).get("security") or []
        scopes = [scope for scheme in asked for of_scheme in scheme.values() for scope in of_scheme]
        return WORLD.key_for(scopes) if asked else None

    def set(self, case: Any, data: str, context: Any) -> None:
        """Send the key."""
        case.headers["Authorization"] = f"Bearer {data}"


def _described(case: Any) -> dict[str, Any]:
    found: dict[str, Any] = WORLD.openapi["paths"][case.operation.path][case.operation.method.lower()]
    return found


@schemathesis.hook
def flatmap_case(context: Any, case: Any) -> Any:
    """Replace most generated valid values by real ones; invalid ones stay."""
    # Hypothesis draws the same numbers again; the turn makes them differ, and a seed still repeats them.
    return st.integers(0, 2**32 - 1).map(lambda drawn: _realistic(case, Random(f"{drawn} {next(_turns)}")))


def _realistic(case: Any, rnd: Random) -> Any:
    path, body = ParameterLocation.PATH, ParameterLocation.BODY
    if _valid(case, path):
        _real_path(case, rnd, 0.85)
    if _valid(case, ParameterLocation.QUERY):
        _real_query(case, rnd)
    if _valid(case, ParameterLocation.HEADER):
        _real_headers(case, rnd)
    if _valid(case, body) and case.body is not NOT_SET and rnd.random() < 0.75:
        schema = _body_schema(case)
        if case.media_type == "multipart/form-data":
            form = upload(WORLD, rnd)
            case.body = form | {"file": Binary(form["file"])}
            # The JSON validator cannot judge bytes, and would take these for invalid.
            case._record_starting_state()
        elif schema is not None:
            case.body = _again(case, rnd) or filled(WORLD, schema, rnd)
    return case


def _real_path(case: Any, rnd: Random, share: float) -> None:
    """Name existing things; what deletes or empties one spares the initial ones."""
    destructive = case.method.upper() == "DELETE" or case.operation.path.endswith("/withdraw-learners")
    for name, value in case.path_parameters.items():
        known = WORLD.known(name, case.operation.path)
        if destructive:
            known = WORLD.expendable(name) or known
        if known and value not in known and rnd.random() < share:
            case.path_parameters[name] = rnd.choice(known)
        if name == "internal_id" and rnd.random() < 0.3:
            case.path_parameters[name] = f"own/{rnd.randint(1, 10_000)}"


def _again(case: Any, rnd: Random) -> Json | None:
    """Return a body that changes the resource of the path, for about half of the PUT requests; None otherwise."""
    if case.method.upper() != "PUT" or rnd.random() < 0.4:
        return None
    named = case.path_parameters
    if "completion_id" in named and named["completion_id"] in WORLD.reported:
        return correction(WORLD, named["completion_id"], rnd)
    return renewed(WORLD, named["internal_id"], rnd) if "internal_id" in named else None


def _valid(case: Any, location: ParameterLocation) -> bool:
    part = case.meta.components.get(location) if case.meta else None
    return part is not None and part.mode.is_positive


def _real_query(case: Any, rnd: Random) -> None:
    """Use a cursor that was returned, or few filters: with many, nothing would ever match."""
    asked = dict(case.query)
    cursor = next((name for name in CURSORS if name in asked), None)
    if cursor is not None and rnd.random() < 0.9:
        del asked[cursor]
        given = WORLD.cursors.get(case.operation.path)
        if given is not None and rnd.random() < 0.6:
            case.query = {name: asked[name] for name in ("limit", "include") if name in asked} | {cursor: given}
            return
    if rnd.random() < 0.8:
        kept = set(rnd.sample(sorted(asked), min(len(asked), rnd.randint(0, 2)))) | {"limit", "sort", "include"}
        asked = {name: value for name, value in asked.items() if name in kept}
    for name, value in asked.items():
        known = WORLD.known(name, case.operation.path)
        if known and rnd.random() < 0.8:
            asked[name] = [rnd.choice(known)] if isinstance(value, list) else rnd.choice(known)
    if "limit" in asked and rnd.random() < 0.6:
        asked["limit"] = rnd.randint(1, 8)
    case.query = asked


def _real_headers(case: Any, rnd: Random) -> None:
    for name in list(case.headers):
        if name.lower() in ("pars-provider", "if-match") and rnd.random() < 0.9:
            del case.headers[name]
        elif name.lower() == "if-none-match" and rnd.random() < 0.4:
            case.headers[name] = CURRENT
        elif name.lower() == "prefer" and rnd.random() < 0.6:
            case.headers[name] = f"wait={rnd.randint(0, 9)}" if "/batches" in case.operation.path else "return=minimal"
        elif name.lower() == "idempotency-key" and rnd.random() < 0.8:
            case.headers[name] = f"key-{rnd.randint(1, 10_000)}"
    if rnd.random() < 0.9:
        _name_version_and_provider(case)


def _name_version_and_provider(case: Any) -> None:
    """Add `If-Match` and `PARS-Provider` where the operation takes them, unless they are set."""
    sent = {name.lower() for name in case.headers}
    if _takes(case, "if-match") and "if-match" not in sent:
        case.headers["If-Match"] = CURRENT
    if _takes(case, "pars-provider") and "pars-provider" not in sent and WORLD.provider:
        case.headers["PARS-Provider"] = WORLD.provider


def _body_schema(case: Any) -> dict[str, Any] | None:
    content = _described(case).get("requestBody", {}).get("content", {})
    found: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return found


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Fill in the resource's present version, and let deterministic requests pass their first gates."""
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if _phase(case) in ("examples", "coverage") and positive and next(_turns) % 10:
        _pass_gates(case)
    if positive and isinstance(case.query.get("sort"), str):
        case.query["sort"] = _without_repeated_keys(case.query["sort"])
    for name, value in list(case.headers.items()):
        if value == CURRENT:
            known = WORLD.etags.get(unquote(case.formatted_path))
            if known is None and "internal_id" in case.path_parameters:
                del case.headers[name]  # there is no resource, so nothing can match
            else:
                case.headers[name] = known or '"1"'


def _pass_gates(case: Any) -> None:
    """Let a request of the deterministic phases pass its first gates, where nearly all would be refused."""
    gates = ("if-match", "idempotency-key", "pars-provider")
    for name in [name for name in case.headers if name.lower() in gates]:
        del case.headers[name]
    _name_version_and_provider(case)
    _real_path(case, Random(next(_turns)), 0.9)
    if len(case.query) > 1:
        # A cursor has its own filters, and an invented one is refused before anything else is read.
        case.query = {name: value for name, value in case.query.items() if name not in CURSORS}
    schema = _body_schema(case) or {}
    if schema.get("$ref", "").endswith("/ActivityIn") and isinstance(case.body, dict):
        own = case.path_parameters.get("internal_id", f"fuzz-{case.id}")
        # Only an operator may give activity ids, and an internal id can be used once.
        case.body = {name: own if name == "internal_id" else value for name, value in case.body.items()}
        case.body.pop("activity_id", None)


def _without_repeated_keys(order: str) -> str:
    """Drop repeated keys of a sort order: a pattern cannot forbid them."""
    keys = {key.strip(" ").removeprefix("-"): key for key in reversed(order.split(","))}
    return ",".join(reversed(keys.values()))


def _takes(case: Any, header: str) -> bool:
    return any(parameter["name"].lower() == header for parameter in _described(case).get("parameters", []))


_counts: Counter[tuple[str, str, str, int]] = Counter()
_refusals: Counter[tuple[str, str]] = Counter()


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Count the answer, and remember its ids, versions and bodies."""
    same = case.method.upper() == case.operation.method.upper()
    mode = "valid" if case.meta is not None and case.meta.generation.mode.is_positive else "invalid"
    label = case.operation.label if same else f"{case.method} {case.operation.path}"
    _counts[label, mode if same else "other method", _phase(case), response.status_code] += 1
    if _counts.total() % 100 == 0:
        _write_counts()  # a round may be cut short
    if response.status_code >= 400 and mode == "valid" and same:
        problem = _json(response) or {}
        for code in {item.get("code", "") for item in problem.get("errors") or [problem]}:
            _refusals[label, str(code)] += 1
    if response.status_code < 300:
        etag, location = response.headers.get("etag"), response.headers.get("location")
        path = unquote(urlparse(response.request.url).path)
        WORLD.remember(path, _json(response), etag[0] if etag else None, location[0] if location else None, case.body)
        if path.endswith("/withdraw-learners"):
            WORLD.forget_learners(case.path_parameters["activity_id"])
        if case.method.upper() == "DELETE":
            WORLD.forget(case.path_parameters)
    if response.status_code == 404:
        WORLD.forget(case.path_parameters)


def _phase(case: Any) -> str:
    return str(case.meta.phase.name.value) if case.meta is not None else "check"


@atexit.register
def _write_counts() -> None:
    counts = [[[*key, count] for key, count in sorted(counter.items())] for counter in (_counts, _refusals)]
    COUNTS.write_text(json.dumps(counts), encoding="utf-8")


def _json(response: Any) -> Any:
    try:
        return json.loads(response.content)
    except ValueError:
        return None


def _of_oauth(response: Any) -> bool:
    """Whether it is a refusal in the shape of RFC 6749, which the description of that door tells."""
    return "error_description" in (_json(response) or {})


@schemathesis.check
def every_error_is_a_problem(context: Any, response: Any, case: Any) -> None:
    """Every error has the shape of a problem, with the request id of the header."""
    if response.status_code < 400 or case.method.upper() == "HEAD" or _too_long(response) or _of_oauth(response):
        return
    problem = _json(response)
    assert response.headers.get("content-type") == ["application/problem+json"], "The error has another media type"
    assert isinstance(problem, dict), "The error is not a JSON object"
    assert problem.get("status") == response.status_code, "The problem names another status"
    assert problem.get("type") == f"/problems/{problem.get('code')}", "The problem's type and code differ"
    assert [problem.get("request_id")] == response.headers.get("x-request-id"), "The problem names another request"


@schemathesis.check
def every_code_is_described(context: Any, response: Any, case: Any) -> None:
    """The OpenAPI document lists the problem's code for this operation and status."""
    if response.status_code < 400 or case.method.upper() != case.operation.method.upper():
        return
    if _too_long(response) or _of_oauth(response):
        return
    described = _described(case)["responses"].get(str(response.status_code), {})
    codes = described.get("content", {}).get("application/problem+json", {}).get("examples", {})
    code = (_json(response) or {}).get("code")
    assert code in codes, f"The code {code} is not described; {sorted(codes)} are"


IDENTITY = {"first_name", "last_name", "date_of_birth", "npi", "license_id", "board_id", "medical_school", "local_id"}
"""Fields that identify a person."""
_OURS = {"type", "title", "code", "request_id", "rule", "rule_url", "status", "severity"}
"""Members of a problem that never repeat the request."""


@schemathesis.check
def no_identity_in_problems(context: Any, response: Any, case: Any) -> None:
    """No problem or finding repeats a value that identifies a person."""
    answer = _json(response)
    texts = "\n".join(_texts(answer if response.status_code >= 400 else list(_judgements(answer))))
    sent = (set(_identity(case.body)) | set(_identity(case.query))) - set(WORLD.plain)
    echoed = [value for value in sent if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", texts)]
    assert not echoed, f"The problem gives back {len(echoed)} value(s) of an identity field"


def _identity(given: Any) -> Iterator[str]:
    if isinstance(given, dict):
        for name, value in given.items():
            if name in IDENTITY and isinstance(value, str) and len(value.strip()) >= 4:
                yield value.strip()
            else:
                yield from _identity(value)
    elif isinstance(given, list):
        for element in given:
            yield from _identity(element)


def _judgements(answer: Any) -> Iterator[Any]:
    """Yield the problems and findings inside an answer, such as those of bulk items."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name in ("problem", "findings", "errors"):
                yield value
            else:
                yield from _judgements(value)
    elif isinstance(answer, list):
        for element in answer:
            yield from _judgements(element)


def _texts(answer: Any) -> Iterator[str]:
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name not in _OURS:
                yield from _texts(value)
    elif isinstance(answer, list):
        for element in answer:
            yield from _texts(element)
    elif isinstance(answer, str):
        yield answer


assert BUILDERS.keys() & WORLD.openapi["components"]["schemas"].keys(), (
    "the schemas that are built have other names now"
)

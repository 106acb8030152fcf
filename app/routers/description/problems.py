"""Which problems an operation can answer with, and what each looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.core.errors import ErrorItem, Problem, every_problem
from app.core.http.compiled_routes import offered_types
from app.routers.description.operations import Operation
from app.routers.description.responses import Responses
from app.routers.description.schemas import REF
from app.schemas.problems import MEDIA_TYPE, rule_url

MARK = "x-problems"
"""Under this key a route's responses hold the codes of its problems until the document is built."""
_EXAMPLE_REF = "#/components/examples/"

_ALWAYS = ("parameter-unknown", "internal")
_ACTIVITIES = (
    "internal-id-taken", "internal-id-reused", "activity-change-covers-credits", "activity-has-completions",
)  # fmt: skip
WHEN: dict[str, Callable[[Operation], bool]] = {
    **dict.fromkeys(_ALWAYS, lambda operation: True),
    **dict.fromkeys(_ACTIVITIES, lambda operation: _about(operation, "Activities")),
    "conflict": lambda operation: _about(operation, "Activities") or not operation.takes_header("Idempotency-Key"),
    "activity-rejected": lambda operation: operation.takes_body and _answers(operation, "Activities", "missing"),
    "completion-rejected": lambda operation: (
        operation.takes_body and _answers(operation, "Learner completions", "completion_id")
    ),
    "unreadable": lambda operation: operation.takes_body,
    "too-large": lambda operation: operation.takes_body,
    "unsupported-media-type": lambda operation: operation.takes_body or _writes_by_session(operation),
    "invalid-request": lambda operation: operation.takes_body,
    "upload-quota-exceeded": lambda operation: _about(operation, "Batches") and operation.takes_body,
    "permission-not-attested": lambda operation: _about(operation, "Batches") and operation.takes_body,
    "parameter-invalid": lambda operation: operation.takes_parameters,
    "uri-too-long": lambda operation: operation.takes_lists,
    "provider-required": lambda operation: operation.takes_header("PARS-Provider"),
    "unauthenticated": lambda operation: operation.needs_key,
    "forbidden": lambda operation: operation.scope is not None or operation.needs_session,
    "not-found": lambda operation: bool(operation.path_parameters),
    "not-acceptable": lambda operation: bool(offered_types(operation.route)),
    "idempotency-in-progress": lambda operation: operation.takes_header("Idempotency-Key"),
    "idempotency-mismatch": lambda operation: operation.takes_header("Idempotency-Key"),
    "precondition-failed": lambda operation: operation.takes_header("If-Match"),
    "rate-limited": lambda operation: operation.needs_key,
    "unavailable": lambda operation: operation.needs_key,
}
"""When a problem can happen, as far as that follows from what an operation declares. A problem that only the route
knows of is named there: `problems(409)`, or `problems(InternalIdTaken)` for one kind of that status."""
_DECLARED_ONLY = frozenset({"conflict", *_ACTIVITIES})
"""Problems that fit an operation, but happen only where the route declares them."""


def problems(*declared: int | type[Problem]) -> Responses:
    """Declare problems of a route that do not follow from its signature, by status or by kind."""
    responses: Responses = {}
    for problem in declared:
        status = problem if isinstance(problem, int) else problem.status
        response = responses.setdefault(status, {"description": "Problem", MARK: []})
        if not isinstance(problem, int):
            response[MARK].append(problem.code)
    return responses


def describe_problems(operation: Operation) -> None:
    """Add every problem of an operation as a response, with an example of each."""
    responses: dict[str, Any] = operation.spec["responses"]
    declared = {status: responses.pop(status)[MARK] for status in tuple(responses) if MARK in responses[status]}
    responses.pop("422", None)
    forms: tuple[str, ...] = getattr(operation.route, "problem_types", (MEDIA_TYPE,))
    for status, kinds in sorted(_by_status(operation, declared).items()):
        examples = {kind.code: {"$ref": f"{_EXAMPLE_REF}problem-{kind.code}"} for kind in kinds}
        responses[status] = {
            "description": "Problem: " + ", ".join(f"`{kind.code}`" for kind in kinds),
            "content": {form: {"schema": {"$ref": f"{REF}Problem"}, "examples": examples} for form in forms},
        }
    operation.spec["responses"] = dict(sorted(responses.items()))


def _by_status(operation: Operation, declared: dict[str, list[str]]) -> dict[str, list[type[Problem]]]:
    found: dict[str, list[type[Problem]]] = {}
    told_otherwise: frozenset[int] = getattr(operation.route, "tells_itself", frozenset())
    for kind in every_problem():
        if kind.status in told_otherwise:
            continue
        status = str(kind.status)
        fits = kind.code in WHEN and WHEN[kind.code](operation)
        follows = fits and kind.code not in _DECLARED_ONLY
        codes = declared.get(status)
        named = codes is not None and (kind.code in codes if codes else fits or kind.code not in WHEN)
        if follows or named:
            found.setdefault(status, []).append(kind)
    for status in declared:
        if status not in found:
            # Nothing of that status follows from the signature: the declaration of the route counts.
            found[status] = [kind for kind in every_problem() if str(kind.status) == status]
    return found


def _writes_by_session(operation: Operation) -> bool:
    """Whether it refuses forms: any page may send one, and the cookie of a session goes along."""
    return operation.needs_session and operation.method != "get"


def _about(operation: Operation, tag: str) -> bool:
    return tag in operation.spec.get("tags", ())


def _answers(operation: Operation, tag: str, field: str) -> bool:
    """Whether a success is one such record: a preview or a list of outcomes never refuses the whole request."""
    fields = [operation.body_of(response).get("properties", {}) for _, response in operation.successes()]
    return _about(operation, tag) and any(field in properties for properties in fields)


def problem_examples() -> dict[str, Any]:
    """Return the components of examples: one for every kind of problem."""
    return {
        f"problem-{kind.code}": {"summary": f"{kind.title()}.", "value": _example(kind)} for kind in every_problem()
    }


def _example(kind: type[Problem]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"/problems/{kind.code}",
        "title": kind.title(),
        "status": kind.status,
        "detail": kind.explanation(),
        "code": kind.code,
        "request_id": "019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b70",
    }
    if kind.code in _ITEMS:
        body |= {"detail": kind(errors=[ErrorItem(**item) for item in _ITEMS[kind.code]]).detail}
        body["errors"] = _ITEMS[kind.code]
    if kind.code in _FINDINGS:
        body["findings"] = _FINDINGS[kind.code]
        body["errors"] = [
            {"code": finding["rule"]} | {name: finding[name] for name in ("pointer", "detail", "hint", "rule_url")}
            for finding in _FINDINGS[kind.code]
        ]
        body["detail"] = "1 rule is broken; nothing was stored."
    return body


_ITEMS: dict[str, list[dict[str, Any]]] = {
    "invalid-request": [
        {
            "code": "field-unknown",
            "pointer": "/activity",
            "detail": "This field is not known.",
            "hint": "Did you mean activity_id?",
        },
        {
            "code": "type",
            "pointer": "/permission",
            "detail": "Must be true or false, and is a text.",
            "hint": "Send true or false, without quotes.",
        },
    ],
    "parameter-unknown": [
        {
            "code": "parameter-unknown",
            "parameter": "completed_since",
            "detail": "This parameter is not known.",
            "hint": "Did you mean completed_from?",
        }
    ],
    "parameter-invalid": [
        {
            "code": "format",
            "parameter": "limit",
            "detail": "Must be at least 1.",
            "hint": "Send a number that is at least 1.",
        }
    ],
    "provider-required": [
        {
            "code": "provider-required",
            "header": "PARS-Provider",
            "detail": "The request names no provider. This client acts for 0008001, 0008002.",
            "hint": "Name one, as in PARS-Provider: 0008001.",
        }
    ],
    "unauthenticated": [
        {
            "code": "unauthenticated",
            "header": "Authorization",
            "detail": "The header Authorization has a key without the word Bearer before it.",
            "hint": "Send the header Authorization: Bearer KEY, where KEY begins with pars_live_ or pars_test_, or is "
            "a token of POST /oauth/token.",
        }
    ],
    "rate-limited": [
        {
            "code": "rate-limited",
            "header": "Authorization",
            "detail": "This client has used up its rate: 1,000 requests at once, and 200 a second.",
            "hint": "Wait 1 second, as Retry-After says, then send more slowly; many records fit in one file.",
        }
    ],
    "not-acceptable": [
        {
            "code": "not-acceptable",
            "header": "Accept",
            "detail": "The answer is application/json, and Accept leaves none of it.",
            "hint": "Send Accept: application/json, or leave the header out.",
        }
    ],
    "precondition-failed": [
        {
            "code": "precondition-failed",
            "header": "If-Match",
            "detail": "The resource has version 3 now.",
            "hint": 'Read it again, decide again, and send the ETag that you then have, in quotes: If-Match: "3".',
        }
    ],
}


def _finding(rule: str, pointer: str, detail: str, hint: str) -> list[dict[str, Any]]:
    return [
        {
            "rule": rule,
            "severity": "reject",
            "pointer": pointer,
            "detail": detail,
            "hint": hint,
            "suggestions": [],
            "rule_url": rule_url(rule),
            "completion_id": None,
        }
    ]


_FINDINGS = {
    "completion-rejected": _finding(
        "credit-quarter", "/cme/0/credits", "60.3 is not a multiple of 0.25.", "Report credits in steps of 0.25."
    ),
    "activity-rejected": _finding(
        "dates-in-order", "/end_date", "The activity ends before it starts.", "Give an end date after the start date."
    ),
}

"""Activities of rows and documents as bodies of the API, so that its schema reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

from pydantic import ValidationError

from app.domain.activities import Activity, Registration
from app.domain.amounts import say_what_it_is
from app.domain.catalogue import Catalogue
from app.domain.findings import Finding
from app.domain.formats import find_format
from app.domain.identity.comparison_keys import code_key
from app.domain.parsing import Unparsed
from app.domain.reports import Action
from app.files.cells import CellFault, read_dollars
from app.files.mapping import joint_accreditation
from app.files.mapping.locations import PrefixMap
from app.files.mapping.records import MappedRecord
from app.files.mapping.refusals import cell_refusal, refusal
from app.schemas.activities import ActivityFields, ActivityIn, ActivityPatch, MocRegistration
from app.schemas.faults import findings_of

OBJECTS = {
    "location": ("city", "state", "country"),
    "rems": ("type", "identifier"),
    "listing": ("public", "url", "fee", "registration", "specialties"),
}
"""Fields that are objects, each with those of its own fields that files have."""
_CONVERTED = frozenset(
    {
        "format",
        "providership",
        "delivery_methods",
        "measured_outcomes",
        "commercial_support",
        "learner_counts",
        "joint_accreditation",
        "moc",
    }
)
"""Fields that are sent otherwise than as they are read."""
PLAIN = tuple(name for name in ActivityFields.model_fields if name not in OBJECTS and name not in _CONVERTED)
"""Fields that are sent as they are read; a field of the schema is one unless it is named above."""
BOARD = tuple(MocRegistration.model_fields)

_CHOICES: Mapping[str, Mapping[str, str]] = {
    "delivery_methods": {"inperson": "in-person", "livestreamed": "live-streamed", "livestream": "live-streamed",
                         "online": "online", "printother": "print-other", "print": "print-other",
                         "other": "print-other"},
    "providership": {"direct": "direct", "directlyprovided": "direct", "joint": "joint", "jointlyprovided": "joint"},
    "outcome": {code_key(code): code for code in ("learner-knowledge", "learner-competence", "learner-performance",
                                                  "patient-health", "community-health")},
    "fee": {code: code for code in ("yes", "no", "variable")} | {"noitsfree": "no", "noitisfree": "no"},
    "registration": {code: code for code in ("open", "limited")} | {"opentoall": "open"},
}  # fmt: skip
"""Codes of the words that files have, by comparison key; the schema refuses any others."""
_IN_BRACKETS = re.compile(r"\A(.*?)\s*\(([^()]*)\)\s*\Z", re.DOTALL)
_LONGEST_DATE = 64

FieldsByPointer: TypeAlias = Mapping[str, Any]
"""Values of an activity, or of a board within it, by the pointers of the column table."""


class ActivityRecord(MappedRecord, frozen=True, kw_only=True):
    """An activity as it was sent in a file."""

    action: Action | Unparsed | None
    activity_id: str | None
    """The id of a registered one, as sent."""
    given: Activity
    """The activity as if it were new; blank where the record is `unreadable`."""
    body: Mapping[str, Any]
    """The fields that are filled in, in the shape of the API."""
    close: bool
    """Whether to close it."""
    internal_id_was_number: bool = False
    """Whether its own id stood in a number cell that shows no zeros before it."""
    keeps_blanks: bool = True
    """Whether what it leaves blank stays as it stands, within objects and boards, too."""

    def onto(self, activity: Activity, catalogue: Catalogue | None = None) -> Activity:
        """Return an activity with what the record says; a board that it does not name stays registered.

        With the catalogue a board is found by its names as well, without it by its code alone.
        """
        body = _with_blanks_filled(self.body, activity, catalogue) if self.keeps_blanks else self.body
        return ActivityPatch.model_validate(body).onto(activity)


def record_of(
    number: int,
    provider_id: str,
    given: FieldsByPointer,
    boards: Sequence[FieldsByPointer],
    findings: tuple[Finding, ...],
    prefixes: PrefixMap,
) -> ActivityRecord:
    """Return a record of what was read: amounts and dates may be `Unparsed`, choices are in the sender's words."""
    found: list[Finding] = list(findings)
    body = _body(given, boards, found)
    try:
        activity = ActivityIn.model_validate(body).as_activity(provider_id)
    except ValidationError as error:
        return blank_record(number, provider_id, (*found, *findings_of(error, ActivityIn)), prefixes)
    return ActivityRecord(
        number=number,
        findings=tuple(found),
        prefixes=prefixes,
        action=given.get("/action"),
        activity_id=given.get("/activity_id"),
        given=activity,
        body=body,
        close=given.get("/close") is True,
    )


def blank_record(
    number: int, provider_id: str, findings: tuple[Finding, ...], prefixes: PrefixMap = ()
) -> ActivityRecord:
    """Return a record that cannot be read; the findings say why."""
    return ActivityRecord(
        number=number,
        findings=findings,
        prefixes=prefixes,
        action=None,
        activity_id=None,
        given=ActivityIn().as_activity(provider_id),
        body={},
        close=False,
    )


def _with_blanks_filled(given: Mapping[str, Any], activity: Activity, catalogue: Catalogue | None) -> dict[str, Any]:
    """Return a body in which what an object or a board leaves blank is as it stands."""
    body = dict(given)
    standing: dict[str, Mapping[str, Any]] = {
        "location": {"city": activity.city, "state": activity.state, "country": activity.country},
        "rems": activity.rems or {},
        "listing": activity.listing,
        "learner_counts": joint_accreditation.counts_beside(activity.details, body.get("learner_counts", {})),
        "joint_accreditation": joint_accreditation.beside(
            activity.joint_accreditation, body.get("joint_accreditation", {})
        ),
    }
    for name, stands in standing.items():
        if name in body:
            body[name] = _over(stands, body[name])
    if "joint_accreditation" in body:
        body["joint_accreditation"] = joint_accreditation.with_kinds_as_named(
            activity.joint_accreditation, body["joint_accreditation"]
        )
    support = activity.details.get("commercial_support")
    if support and sorted(map(_support_key, support)) == sorted(map(_support_key, body.get("commercial_support", ()))):
        # Documents have support in kind apart from money: in which order it was said does not change it.
        body["commercial_support"] = support
    if "moc" in body:
        boards = [dict(board) for board in body["moc"]]
        for registration in activity.registrations:
            code = _code_of(registration.board, catalogue)
            named = [board for board in boards if _code_of(board.get("board", ""), catalogue) == code]
            for board in named:
                board.update(_as_body(registration) | board)
            if not named:
                boards.append(_as_body(registration))
        body["moc"] = boards
    return body


def _over(stands: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as it stands, with what is given in its place."""
    over = {
        key: _over(stands.get(key) or {}, value) if isinstance(value, Mapping) else value
        for key, value in given.items()
    }
    return {key: value for key, value in stands.items() if value is not None} | over


def _support_key(supporter: Mapping[str, Any]) -> tuple[str, float, bool]:
    amount = supporter.get("amount")
    return supporter.get("source") or "", -1.0 if amount is None else amount, bool(supporter.get("in_kind"))


def _code_of(board: str, catalogue: Catalogue | None) -> str:
    known = catalogue.certifying(board) if catalogue is not None and board else None
    return code_key(known.code if known is not None else board)


def _as_body(registration: Registration) -> dict[str, Any]:
    claim = registration.credit_claim_date
    return {
        "board": registration.board,
        "points": registration.points,
        "credit_types": list(registration.credit_types),
        "credit_claim_date": claim.isoformat() if isinstance(claim, date) else None,
        "practice_areas": list(registration.practice_areas),
        "content_outline": list(registration.content_outline),
        "attested": registration.attested,
    }


def _body(given: FieldsByPointer, boards: Sequence[FieldsByPointer], found: list[Finding]) -> dict[str, Any]:
    """Return the fields that are filled in."""
    body: dict[str, Any] = {name: _plain(f"/{name}", given.get(f"/{name}"), found) for name in PLAIN}
    if text := given.get("/format"):
        known = find_format(text)
        body["format"] = known.code if known is not None else text
    body["providership"] = _code("providership", given.get("/providership"))
    body["delivery_methods"] = [_code("delivery_methods", text) for text in given.get("/delivery_methods") or ()]
    body["measured_outcomes"] = [_outcome(text) for text in given.get("/measured_outcomes") or ()]
    for name, inner in OBJECTS.items():
        values = {field: given.get(f"/{name}/{field}") for field in inner}
        body[name] = _filled({field: _code(field, value) for field, value in values.items()})
    body["learner_counts"] = _filled(joint_accreditation.counts_of(given, found))
    body["joint_accreditation"] = _filled(joint_accreditation.body_of(given, found))
    body = _filled(body)
    support = _support(given, found)
    if support is not None:
        body["commercial_support"] = support
    if boards:
        body["moc"] = [_board(place, board, found) for place, board in enumerate(boards)]
    return body


def _board(place: int, given: FieldsByPointer, found: list[Finding]) -> dict[str, Any]:
    return _filled({name: _plain(f"/moc/{place}/{name}", given.get(name), found) for name in BOARD})


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields without those left blank; No is an answer."""
    return {name: value for name, value in fields.items() if value is not None and value not in ([], {})}


def _plain(pointer: str, value: Any, found: list[Finding]) -> Any:
    """Return a value as JSON has it. A bad date is left to the rules, a bad amount is a finding."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Unparsed):
        if not pointer.endswith("_date"):
            detail = say_what_it_is(value.text)
            found.append(refusal("amount-valid", pointer, detail, "Give a number in steps of 0.25."))
            return None
        return value.text[:_LONGEST_DATE]
    return value


def _code(field: str, value: Any) -> Any:
    return _CHOICES[field].get(code_key(value), value) if field in _CHOICES and isinstance(value, str) else value


def _outcome(text: str) -> dict[str, Any]:
    """Read `Learner Competence (objective)`."""
    parts = _IN_BRACKETS.match(text)
    kinds = {"objective": True, "subjective": False}
    if parts is not None and (how := code_key(parts[2])) in kinds:
        return {"outcome": _code("outcome", parts[1]), "objective": kinds[how]}
    return {"outcome": _code("outcome", text)}


def _support(given: FieldsByPointer, found: list[Finding]) -> list[dict[str, Any]] | None:
    """Return the commercial support: an empty list where there was none, None where the file does not say."""
    if "/commercial_support/supporters" in given:
        return _support_of_document(given, found)
    received, sources = given.get("/commercial_support"), given.get("/commercial_support/{n}/source") or []
    amounts = given.get("/commercial_support/{n}/amount") or []
    if received is False and (sources or amounts):
        found.append(_DENIED_AND_LISTED)
    if amounts and len(amounts) != max(len(sources), 1):
        found.append(
            refusal(
                "format",
                "/commercial_support/{n}/amount",
                f"There are {len(amounts)} amounts for {len(sources)} supporters.",
                "Give one amount for each supporter, separated by semicolons.",
            )
        )
        return None
    if not (received or sources or amounts):
        return [] if received is False else None
    support: list[dict[str, Any]] = [supporter_of(source) for source in sources] or [{}]
    for supporter, amount in zip(support, amounts, strict=False):
        try:
            supporter["amount"] = read_dollars(amount)
        except CellFault as fault:
            found.append(cell_refusal("/commercial_support/{n}/amount", fault))
    return support


def _support_of_document(given: FieldsByPointer, found: list[Finding]) -> list[dict[str, Any]] | None:
    """Return the same of a document, whose supporters are objects already."""
    received, supporters = given.get("/commercial_support"), given["/commercial_support/supporters"]
    if received is False and supporters:
        found.append(_DENIED_AND_LISTED)
    if supporters:
        return [_filled(supporter) for supporter in supporters]
    return None if received is None else [{}] if received else []


_DENIED_AND_LISTED = refusal(
    "format",
    "/commercial_support",
    "Commercial Support is No, yet supporters or amounts are listed.",
    "Give Yes, or list none.",
)


def supporter_of(text: str) -> dict[str, Any]:
    """Read `Acme Devices (in-kind)`."""
    parts = _IN_BRACKETS.match(text)
    if parts is not None and code_key(parts[2]) == "inkind":
        return {"source": parts[1], "in_kind": True}
    return {"source": text}

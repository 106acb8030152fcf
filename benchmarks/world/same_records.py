"""The same records in every format: rows of a workbook and of text, XML, NDJSON, and bodies of requests."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

import xlsxwriter
from msgspec.structs import replace

from app.domain.columns import LEARNERS
from app.domain.identity.learners import Holding, RegistryRow
from app.services.registry.generating.physicians import synthetic_physicians

GRAND_ROUNDS = "201759558"
DAY, LATE = "2021-12-12", "2021-12-19"
TYPE = "Lifelong Learning"
HEADINGS = tuple(column.heading for column in LEARNERS)
_FIELDS = (
    "action", "activity_id", "completed_on", "first_name", "last_name", "born", "state", "license_id", "credits",
    "board", "board_id", "points", "type", "points",
)  # fmt: skip
_CERTIFICATE = (
    "<CreditCertificate><UniqueID domain={}>{}</UniqueID><CreditReceived><activityCertification>{}"
    "</activityCertification><numberOfCredits>{}</numberOfCredits></CreditReceived></CreditCertificate>"
)


@dataclass(frozen=True, kw_only=True)
class Record:
    """A completion to report, in any format; a part without an amount is left out."""

    first_name: str
    last_name: str
    born: str
    license_id: str
    board_id: str
    state: str = "TN"
    action: str = "add"
    activity_id: str = GRAND_ROUNDS
    completed_on: str = DAY
    credits: float | None = 1
    points: float | None = None

    @property
    def body(self) -> dict[str, Any]:
        """The body of a request."""
        learner = {"first_name": self.first_name, "last_name": self.last_name, "date_of_birth": self.born}
        body: dict[str, Any] = {
            "activity_id": self.activity_id, "completed_on": self.completed_on, "permission": True, "learner": learner,
        }  # fmt: skip
        if self.credits is not None:
            body["cme"] = [{"state": self.state, "license_id": self.license_id, "credits": self.credits}]
        if self.points is not None:
            types = [{"type": TYPE, "credits": self.points}]
            body["moc"] = [
                {"board": "ABA", "board_id": self.board_id, "total_credits": self.points, "credit_types": types}
            ]
        return body

    @property
    def cells(self) -> list[Any]:
        """The cells of a row."""
        given = {field: getattr(self, field, None) for field in _FIELDS} | {"board": "ABA", "type": TYPE}
        for amount, others in (("credits", ("state", "license_id")), ("points", ("board", "board_id", "type"))):
            if given[amount] is None:
                given |= dict.fromkeys(others)
        return [given[field] for field in _FIELDS]

    @property
    def report_in_json(self) -> dict[str, Any]:
        """The activity report in JSON."""
        credits = ((self.state, self.license_id, _AMA, self.credits), ("ABA", self.board_id, TYPE, self.points))
        name = {"GivenName": self.first_name, "FamilyName": self.last_name}
        certificates = [
            {
                "UniqueID": {"value": value, "domain": domain},
                "CreditReceived": {"activityCertification": type, "numberOfCredits": amount},
            }
            for domain, value, type, amount in credits
            if amount is not None
        ]
        module = {
            "ModuleName": {"value": "", "moduleID": self.activity_id},
            "CompletedDateTime": self.completed_on,
            "CreditCertificate": certificates,
        }
        return {
            "Member": {"Name": name, "PersonalInfo": {"BirthDate": self.born}},
            "Activity": {"Module": module},
            "XtensibleInfo": {"LearnerRecordAction": self.action},
        }

    @property
    def report(self) -> str:
        """The activity report in XML."""
        certificates = [
            _CERTIFICATE.format(quoteattr(domain), value, type, amount)
            for domain, value, type, amount in (
                (self.state, self.license_id, _AMA, self.credits),
                ("ABA", self.board_id, TYPE, self.points),
            )
            if amount is not None
        ]
        return (
            f"<ActivityReport><Member><Name><GivenName>{self.first_name}</GivenName><FamilyName>{self.last_name}"
            f"</FamilyName></Name><PersonalInfo><BirthDate>{self.born}</BirthDate></PersonalInfo></Member>"
            f"<Activity><Module><ModuleName moduleID={quoteattr(self.activity_id)}/>"
            f"<CompletedDateTime>{self.completed_on}</CompletedDateTime>{''.join(certificates)}</Module></Activity>"
            f"<XtensibleInfo><LearnerRecordAction>{self.action}</LearnerRecordAction></XtensibleInfo></ActivityReport>"
        )


_AMA = "AMA PRA Category 1"


def as_workbook(records: Iterable[Record]) -> bytes:
    """Write a workbook."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("Learners")
        sheet.write_row(0, 0, HEADINGS)
        for number, record in enumerate(records, 1):
            sheet.write_row(number, 0, record.cells)
    return out.getvalue()


def as_text(records: Iterable[Record]) -> bytes:
    """Write tab-delimited text."""
    out = io.StringIO()
    csv.writer(out, delimiter="\t").writerows([HEADINGS, *(record.cells for record in records)])
    return out.getvalue().encode()


def as_document(records: Iterable[Record]) -> bytes:
    """Write a document of activity reports."""
    reports = "".join(record.report for record in records)
    root = "ACCMELearnerReports"
    return f"<{root}><ActivityReports>{reports}</ActivityReports></{root}>".encode()


def as_lines(records: Iterable[Record]) -> bytes:
    """Write lines of JSON."""
    return b"".join(json.dumps(record.body | {"action": record.action}).encode() + b"\n" for record in records)


def as_json_document(records: Iterable[Record]) -> bytes:
    """Write a JSON document of activity reports."""
    reports = [record.report_in_json for record in records]
    return json.dumps({"ACCMELearnerReports": {"ActivityReports": {"ActivityReport": reports}}}).encode()


FORMATS: Mapping[str, Callable[[Iterable[Record]], bytes]] = {
    "xlsx": as_workbook,
    "tab": as_text,
    "xml": as_document,
    "ndjson": as_lines,
    "json": as_json_document,
}


def physicians(count: int) -> list[RegistryRow]:
    """Return a number of synthetic physicians, each with a licence in Tennessee and an ABA certificate."""
    made = synthetic_physicians(count, 1, licensing=["TN-M"], certifying=["ABA"], reserved=frozenset())
    return [
        replace(
            physician,
            npi=None,
            licenses=(Holding(board="TN-M", number=f"7{place:06}"),),
            certifications=(Holding(board="ABA", number=f"8{place:06}"),),
        )
        for place, physician in enumerate(made)
    ]


def record_of(learner: RegistryRow, **fields: Any) -> Record:
    """Return a record of one hour of Grand Rounds, with other fields as given."""
    known: dict[str, Any] = {
        "first_name": learner.first_name,
        "last_name": learner.last_name,
        "born": str(learner.birth_date),
        "license_id": learner.licenses[0].number,
        "board_id": learner.certifications[0].number,
    }
    return Record(**(known | fields))


KINDS: Sequence[tuple[dict[str, Any], frozenset[str]]] = (
    ({}, frozenset()),
    ({"points": 2}, frozenset()),
    ({"credits": None, "points": 0.25}, frozenset()),
    ({"credits": 0.3}, frozenset({"credit-quarter"})),
    ({"completed_on": LATE}, frozenset({"cme-by-end"})),
    ({"activity_id": "999999999"}, frozenset({"activity-known"})),
    ({"license_id": "none"}, frozenset({"learner-unmatched", "licence-unknown"})),
    ({"credits": 53}, frozenset({"cme-maximum"})),
    ({"credits": -1, "completed_on": LATE}, frozenset({"cme-by-end", "credit-positive"})),
    ({"action": "delete"}, frozenset({"delete-unknown"})),
)
"""Variants of a record, and the rules that reject each."""


def alone(learners: Sequence[RegistryRow]) -> list[tuple[Record, frozenset[str]]]:
    """Return one independent record a learner, with the rules that reject it."""
    return [
        (record_of(learner, **KINDS[place % len(KINDS)][0]), KINDS[place % len(KINDS)][1])
        for place, learner in enumerate(learners)
    ]


RIVALS: Sequence[tuple[dict[str, Any], str]] = (
    ({}, "added"),
    ({}, "unchanged"),
    ({"credits": None, "points": 1}, "joined"),
    ({"credits": 3, "action": "update"}, "updated"),
    ({"completed_on": "2021-12-11", "credits": 50}, "rejected"),
    ({"action": "delete"}, "deleted"),
    ({"completed_on": "2021-12-11", "credits": 50}, "added"),
    ({"completed_on": "2021-12-10", "credits": 3}, "rejected"),
)
"""Records of one learner that build on each other, with their outcomes in this order."""


def rivals(learners: Sequence[RegistryRow]) -> list[tuple[Record, str]]:
    """Return records that build on each other, of several learners in turn."""
    return [(record_of(learner, **fields), outcome) for fields, outcome in RIVALS for learner in learners]

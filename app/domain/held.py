"""Held records: reports of which only the physician is missing, kept without credit until somebody is matched."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from app.domain.batches import EntryMethod
from app.domain.findings import Finding
from app.domain.identity.comparison_keys import id_key
from app.domain.identity.learners import Person
from app.domain.parsing import MonthDay, plain_text
from app.domain.reports import Action, CmePart, CompletionReport, CorrectionKind, MocPart, RemsPart

WAITING_TIME = timedelta(days=60)
"""How long a record waits, from its first submission."""
MATCH_RULES = frozenset(
    {"learner-unmatched", "learner-ambiguous", "licence-unknown", "npi-unknown", "certified-by-board"}
)
"""The rules that a change of the registry may satisfy: a record that only these refuse can be held."""


class HeldStatus(enum.StrEnum):
    """Where a held record stands."""

    WAITING = "waiting"
    """It waits for a match, without credit."""
    ACCEPTED = "accepted"
    """Its physician was found: it has a completion, as if it had been reported then."""
    REFUSED = "refused"
    """Its time is over, or another rule refuses it now that it was judged again."""
    SET_ASIDE = "set-aside"
    """Its sender set it aside, or a later record took its place."""


class HeldReason(enum.StrEnum):
    """Why a held record waits no more."""

    MATCHED = "matched"
    """The registry has its physician now."""
    LINKED = "linked"
    """The operator said who is meant."""
    CORRECTED = "corrected"
    """Its sender corrected it, and it was accepted."""
    EXPIRED = "expired"
    """Nobody was matched in 60 days."""
    RULES = "rules"
    """A rule that is not about the match refuses it."""
    BY_SENDER = "by-sender"
    """Its sender set it aside."""
    SUPERSEDED = "superseded"
    """A later record with one of its client references was accepted or, by reference, is held."""


class HelpStatus(enum.StrEnum):
    """Where a request for help stands."""

    OPEN = "open"
    """The operator has not answered."""
    ANSWERED = "answered"
    """The operator has answered."""
    CLOSED = "closed"
    """The held record ended before it was answered."""


class HelpAction(enum.StrEnum):
    """What the operator did to answer a request for help."""

    LINK = "link"
    """Said who is meant: the record is accepted for that physician if every other rule allows it."""
    ADD_NAME = "add-name"
    """Added the name of the record to a physician on file; the record is judged again."""
    ADD_LICENCE = "add-licence"
    """Added a licence of the record to a physician on file; the record is judged again."""
    ANSWER = "answer"
    """Answered in words."""


class HelpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A sender's question to the operator about one held record, and its answer."""

    help_id: str
    held_id: str
    provider_id: str
    client_id: str
    """The client that asked."""
    message: str | None
    asked_at: datetime
    status: HelpStatus
    action: HelpAction | None
    answer: str | None
    physician_id: str | None
    """The physician that the operator named; never shown to senders."""
    answered_at: datetime | None
    version: int


class HeldRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record that was refused for its match only, as it was sent, and what became of it."""

    held_id: str
    provider_id: str
    client_id: str
    """The client that sent it, under whose rights it is judged again."""
    activity_id: str
    batch_id: str | None
    report: CompletionReport
    status: HeldStatus
    submitted_at: datetime
    """The first submission."""
    expires_at: datetime
    findings: tuple[Finding, ...]
    """What the rules said when it was judged last."""
    judged_at: datetime
    generation: int
    """The registry's generation by which it was judged last."""
    reason: HeldReason | None
    ended_at: datetime | None
    completion_id: str | None
    """The completion that it became, or was found in."""
    superseded_by: str | None
    """The completion, or the held record, that took its place."""
    version: int
    updated_at: datetime

    def judged(self, findings: Sequence[Finding], generation: int, at: datetime) -> HeldRecord:
        """Return it as it waits on after it was judged again."""
        changed = tuple(findings) != self.findings
        return replace(
            self,
            findings=tuple(findings),
            generation=generation,
            judged_at=at,
            version=self.version + changed,
            updated_at=at if changed else self.updated_at,
        )

    def ended(
        self,
        status: HeldStatus,
        reason: HeldReason,
        at: datetime,
        *,
        completion_id: str | None = None,
        superseded_by: str | None = None,
        findings: Sequence[Finding] | None = None,
    ) -> HeldRecord:
        """Return it as it ends; it keeps its findings unless others are given."""
        return replace(
            self,
            status=status,
            reason=reason,
            ended_at=at,
            completion_id=completion_id,
            superseded_by=superseded_by,
            findings=self.findings if findings is None else tuple(findings),
            version=self.version + 1,
            updated_at=at,
        )

    def reopened(self, at: datetime, submitted_at: datetime | None = None) -> HeldRecord:
        """Return it as it waits again: from its first submission on, or from a new one."""
        first = self.submitted_at if submitted_at is None else submitted_at
        return replace(
            self,
            status=HeldStatus.WAITING,
            reason=None,
            ended_at=None,
            completion_id=None,
            superseded_by=None,
            submitted_at=first,
            expires_at=first + WAITING_TIME,
            version=self.version + 1,
            updated_at=at,
        )


class HeldFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which of a provider's held records are listed; empty lists mean any."""

    statuses: Sequence[str] = ()
    activity_ids: Sequence[str] = ()
    references: Sequence[str] = ()
    """In normal form."""
    batch_ids: Sequence[str] = ()


def can_wait(report: CompletionReport, findings: Iterable[Finding]) -> bool:
    """Whether a refused report can be held: it is a record of its own, and only its match stands in its way."""
    return (
        report.action is Action.ADD
        and report.corrects is None
        and all(finding.rule in MATCH_RULES for finding in findings if finding.rejects)
    )


def references_in(report: CompletionReport) -> Iterator[str]:
    """Yield every key of the sender's own in a report, of the record, its parts and their types, in normal form."""
    for reference in report.references:
        yield plain_text(reference)
    parts = [(part.client_reference, part.client_references, part.special_credits) for part in report.cme]
    parts += [(part.client_reference, part.client_references, part.credit_types) for part in report.moc]
    for own, references, types in parts:
        for key in (own, *(references or ()), *(credit_type.client_reference for credit_type in types)):
            if key is not None:
                yield plain_text(key)


def is_about_the_same(report: CompletionReport, held: CompletionReport) -> bool:
    """Whether a report may be another version of a held one that shares a reference with it.

    Some senders give one reference to a whole session. So two of last name, first name, birth date and a number must
    be the same, or, where the report names nobody, the day.
    """
    one, other = report.person, held.person
    if one.first_name is None and one.last_name is None:
        return report.completed_on == held.completed_on
    alike = [
        bool(one.last_name) and one.name[0] == other.name[0],
        bool(one.first_name) and one.name[1] == other.name[1],
        one.birth_date is not None and one.birth_date == other.birth_date,
        not _numbers_of(report).isdisjoint(_numbers_of(held)),
    ]
    return sum(alike) > 1


def _numbers_of(report: CompletionReport) -> set[str]:
    given = (report.person.npi, *(cme.license_id for cme in report.cme), *(moc.board_id for moc in report.moc))
    return {id_key(number) for number in given if number}


def digest_of_record(report: CompletionReport) -> str:
    """Return the SHA-256 of what a report that was judged says, whenever and by whichever door it came."""
    document = document_of_report(report)
    for door in ("entry_method", "received_at", "batch_id", "correction"):
        del document[door]
    # Amounts are numbers, whether 2 or 2.0 was sent.
    document["cme"] = msgspec.convert(document["cme"], tuple[CmePart, ...])
    document["moc"] = msgspec.convert(document["moc"], tuple[MocPart, ...])
    return hashlib.sha256(msgspec.json.encode(document, order="sorted")).hexdigest()


def document_of_report(report: CompletionReport) -> dict[str, Any]:
    """Return a report that was judged as the document by which it is kept."""
    document: dict[str, Any] = msgspec.to_builtins(report)
    for marker in ("action", "corrects", "keeps_person", "sandbox", "hold", "held_id", "linked_to"):
        del document[marker]
    return document


def report_of_document(document: Mapping[str, Any]) -> CompletionReport:
    """Read a report from the document by which it is kept. Dates were readable, or it would not have been held."""
    person = dict(document["person"])
    born = person.pop("birth_date")
    rems, all_references = document["rems"], document["client_references"]
    return CompletionReport(
        provider_id=document["provider_id"],
        activity_id=document["activity_id"],
        completed_on=date.fromisoformat(document["completed_on"]),
        permission=document["permission"],
        person=Person(**person, birth_date=MonthDay(**born) if born is not None else None),
        cme=msgspec.convert(document["cme"], tuple[CmePart, ...]),
        moc=msgspec.convert(document["moc"], tuple[MocPart, ...]),
        rems=RemsPart(**rems) if rems is not None else None,
        occasion=document["occasion"],
        entry_method=EntryMethod(document["entry_method"]),
        received_at=datetime.fromisoformat(document["received_at"]),
        batch_id=document["batch_id"],
        client_reference=document["client_reference"],
        client_references=tuple(all_references) if all_references is not None else None,
        correction=CorrectionKind(document["correction"]),
    )


def document_of_findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as they are kept."""
    return [msgspec.to_builtins(finding) for finding in findings]


def findings_of_document(document: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Read findings as they are kept."""
    return msgspec.convert([*document], tuple[Finding, ...])

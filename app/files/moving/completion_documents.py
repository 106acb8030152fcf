"""PARS documents with completions, as they were sent or answered: certificates with the status of their credit.

A document has no place for the day of submission; `XtensibleInfo/DateTimeSubmitted` is read where somebody added it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from app.domain.batches import Element, FileFormat, FileHead, RawRow
from app.domain.credits import CreditStatus
from app.domain.moving.records import PastCompletion, PastCredit, is_own_id
from app.domain.reports import Action, CmePart, MocPart
from app.files.document_members import OWN_CREDIT_ID
from app.files.formats import FORMATS
from app.files.mapping import certificates
from app.files.mapping.element_paths import ElementsByPath, attribute, by_path, text_at
from app.files.mapping.json_documents import read_record
from app.files.mapping.locations import Location
from app.files.mapping.records import CompletionRecord, Upload
from app.files.mapping.refusals import refusal
from app.files.moving.completion_lines import named_as_there
from app.files.moving.values import STATUS, Reading, split_id
from app.files.shapes import learner_reports

SUBMITTED = "XtensibleInfo/DateTimeSubmitted"
_PLACE = re.compile(r"\[(\d+)\]\Z")
_DIFFERENT = "The certificates of one board have different statuses."
_ONE_EACH = "Give the certificates of one credit one status; credit that was rejected or withdrawn may be left out."


class PastCompletionDocuments:
    """Maps the activity reports of one document."""

    def __init__(self, head: FileHead, upload: Upload) -> None:
        self._is_json = head.format is FileFormat.JSON
        self._mapper = FORMATS[head.format].completions(head, upload)

    def key(self, row: RawRow) -> str | None:
        """Return what rows of one record have in common: a report is one by itself."""
        return None

    def locate(self, pointer: str, rows: Sequence[RawRow]) -> Location:
        """Return the path of what a pointer names."""
        return self._mapper.locate(pointer, self._mapper.read(rows[0]))

    def read(self, rows: Sequence[RawRow]) -> PastCompletion:
        """Return what an activity report says."""
        (row,) = rows
        record = self._mapper.read(row)
        element = read_record(row.raw, learner_reports.REPORT)[0] if self._is_json else row.raw
        if record.report is None or not isinstance(element, dict) or "n" not in element:
            return PastCompletion(report=None, findings=record.findings)
        found = by_path(element, stop=certificates.PATH)
        reading = Reading(record.findings)
        submitted = reading.moment(text_at(found, SUBMITTED), "")
        completion_id, key = split_id(text_at(found, "LearnerId"))
        report = record.report
        credits = (
            *(self._credit(f"/cme/{place}", part, record, found, reading) for place, part in enumerate(report.cme)),
            *(self._credit(f"/moc/{place}", part, record, found, reading) for place, part in enumerate(report.moc)),
        )
        report = replace(
            report,
            cme=(),
            moc=(),
            permission=True,
            action=report.action or Action.ADD,
            received_at=submitted or report.received_at,
        )
        return PastCompletion(
            report=named_as_there(report, key),
            submitted=submitted is not None,
            completion_id=completion_id,
            credits=credits,
            findings=tuple(reading.findings),
            entry_said=False,
        )

    def _credit(
        self,
        pointer: str,
        part: CmePart | MocPart,
        record: CompletionRecord,
        found: ElementsByPath,
        reading: Reading,
    ) -> PastCredit:
        own = [*_certificates_of(pointer, record, found)]
        statuses = {reading.status(attribute(certificate, "Status"), pointer) for certificate in own}
        if len(statuses) > 1:
            reading.findings.append(refusal(STATUS, pointer, _DIFFERENT, _ONE_EACH))
        status = next(iter(statuses), None)
        is_cme = isinstance(part, CmePart)
        types = part.special_credits if isinstance(part, CmePart) else part.credit_types
        return PastCredit(
            pointer=pointer,
            board=part.state if isinstance(part, CmePart) else part.board,
            number=part.license_id if isinstance(part, CmePart) else part.board_id,
            credits=part.credits if isinstance(part, CmePart) else part.total_credits,
            types=types,
            references=tuple(filter(None, (part.client_reference, *(amount.client_reference for amount in types)))),
            is_cme=is_cme,
            credit_id=next(filter(None, map(_own_id, own)), None),
            status=status,
            reason=_reason(own) if status is CreditStatus.REJECTED else None,
        )


def _reason(own: Iterable[Element]) -> str | None:
    """Return the board's reason; an answer without one has the status in its place."""
    codes = [attribute(certificate, "Code") for certificate in own]
    return next((code for code in codes if code and code != CreditStatus.REJECTED), None)


def _certificates_of(pointer: str, record: CompletionRecord, found: ElementsByPath) -> Iterable[Element]:
    """Yield the certificates that a part of a record was made of."""
    elements = found.get(certificates.PATH, ())
    places = {
        int(place[1]) - 1
        for here, there in record.prefixes
        if here == pointer or here.startswith(f"{pointer}/")
        if (place := _PLACE.search(there)) is not None
    }
    return [elements[place] for place in sorted(places) if place < len(elements)]


def _own_id(certificate: Element) -> str | None:
    """Return the id of credit that this service has given in a document: `ccid:pars-credit:ID-1`."""
    given = attribute(certificate, "CreditID") or ""
    if not given.startswith(OWN_CREDIT_ID):
        return None
    credit_id = given.removeprefix(OWN_CREDIT_ID).rpartition("-")[0]
    return credit_id if is_own_id(credit_id) else None

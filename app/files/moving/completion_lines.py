"""Lines of JSON with completions, as the export of completions writes them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from pydantic import ValidationError

from app.domain.batches import EntryMethod, RawRow
from app.domain.findings import Finding
from app.domain.moving.records import PastCompletion, PastCredit
from app.domain.parsing import own_id_or_none, plain_or_none, read_license_id
from app.domain.reports import CompletionReport, TypeAmount
from app.files.mapping.line_bodies import read_line
from app.files.mapping.locations import NOWHERE, Location
from app.files.mapping.records import Upload
from app.files.mapping.refusals import refusal
from app.files.moving.values import Reading, split_id
from app.schemas.completions import CompletionIn, LearnerIn
from app.schemas.faults import findings_of
from app.schemas.moving.lines import PastCompletionIn, PastCreditIn

OTHER_PROVIDER = refusal(
    "activity-known",
    "/provider_id",
    "The record is another provider's.",
    "Import it for the provider that it names, or correct the id.",
)
_NAMES = {
    "state": "board", "license_id": "learner_board_id", "board_id": "learner_board_id", "total_credits": "credits",
    "special_credits": "credit_types",
}  # fmt: skip
"""Members of a credit, by those of a report's parts."""


class PastCompletionLines:
    """Maps the lines of one file."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._own_ids = frozenset((upload.provider_id, *upload.former_ids))

    def key(self, row: RawRow) -> str | None:
        """Return what rows of one record have in common: a line is one by itself."""
        return None

    def read(self, rows: Sequence[RawRow]) -> PastCompletion:
        """Return what a line says."""
        (row,) = rows
        assert isinstance(row.raw, str)
        given, findings = read_line(row.raw)
        if given is None:
            return PastCompletion(report=None, findings=findings)
        try:
            line = PastCompletionIn.model_validate(given)
        except ValidationError as error:
            return PastCompletion(report=None, findings=(*findings, *findings_of(error, PastCompletionIn)))
        return self._completion(line, findings)

    def locate(self, pointer: str, rows: Sequence[RawRow]) -> Location:
        """Return the pointer into the line."""
        if not pointer:
            return NOWHERE
        first, *rest = pointer.lstrip("/").split("/")
        if first != "credits":
            return Location(column=pointer)
        return Location(column="/".join(("", first, *(_NAMES.get(name, name) for name in rest))))

    def _completion(self, line: PastCompletionIn, findings: Sequence[Finding]) -> PastCompletion:
        reading = Reading(findings)
        provider = plain_or_none(line.provider_id)
        if provider is not None and provider not in self._own_ids:
            reading.findings.append(OTHER_PROVIDER)
        upload = self._upload
        submitted = reading.moment(line.submitted_at, "/submitted_at")
        body = CompletionIn.model_construct(
            activity_id=line.activity_id,
            completed_on=line.completed_on,
            permission=True,
            learner=line.learner,
            rems=line.rems,
            occasion=line.occasion,
            client_references=line.client_references,
        )
        method = reading.entry_method(line.entry_method, "/entry_method", EntryMethod.NDJSON)
        report = body.as_report(upload.provider_id, submitted or upload.received_at, method)
        completion_id, key = split_id(line.completion_id)
        return PastCompletion(
            report=named_as_there(report, key),
            submitted=submitted is not None,
            completion_id=completion_id,
            credits=tuple(_credit(place, credit, reading) for place, credit in enumerate(line.credits or ())),
            findings=tuple(reading.findings),
            entry_said=line.entry_method is not None,
            of_nobody=line.rems is not None and _is_nobody(line.learner),
        )


def _is_nobody(learner: LearnerIn | None) -> bool:
    """Whether a line says that its learner is not known: by a null where the id of a physician would stand."""
    return learner is None or ("learner_id" in learner.model_fields_set and learner.learner_id is None)


def named_as_there(report: CompletionReport, key: str | None) -> CompletionReport:
    """Return a report with the other system's key of it, if any; who is named is found by what names them.

    The id by which another installation names a learner is nobody's here.
    """
    person = report.person
    if person.first_name or person.last_name:
        report = replace(report, person=replace(person, learner_id=None))
    return replace(report, client_reference=key) if key is not None else report


def _credit(place: int, given: PastCreditIn, reading: Reading) -> PastCredit:
    pointer = f"/credits/{place}"
    credit_id, key = split_id(given.credit_id)
    references = [reference for text in given.client_references or () if (reference := own_id_or_none(text))]
    return PastCredit(
        pointer=pointer,
        board=plain_or_none(given.board),
        number=read_license_id(given.learner_board_id),
        credits=given.credits,
        types=tuple(
            TypeAmount(type=plain_or_none(amount.type), credits=amount.credits) for amount in given.credit_types or ()
        ),
        references=tuple([*references, key] if key is not None and key not in references else references),
        credit_id=credit_id,
        status=reading.status(given.status, f"{pointer}/status"),
        delivery=reading.delivery(given.delivery, f"{pointer}/delivery"),
        reason=plain_or_none(given.status_reason),
        text=given.status_text or None,
        status_at=reading.moment(given.status_at, f"{pointer}/status_at"),
    )

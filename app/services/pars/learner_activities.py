"""Documents of completions: every record judged by the same pipeline as any other, in one transaction.

The permission of the learners is the client's standing attestation: documents have no place for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from app.domain.batches import Element, EntryMethod, RawRow, RowFinding
from app.domain.findings import Finding
from app.files.mapping.completion_documents import CompletionDocuments
from app.files.mapping.records import CompletionRecord, Upload
from app.services.context import Work
from app.services.reporting import bulk
from app.services.reporting.pipeline import Submitted
from app.services.row_findings import locate_findings
from app.store import clients
from app.store.access.providers import former_ids

_ATTESTED_BY = (
    "Documents have no place for it: it is the standing attestation of the client, kept with its name and date when "
    "the client is made, and it was withdrawn. GET /v1/me says when. Whoever manages your clients, or the operator, "
    "can attest it again."
)


class SavedReport(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a document, and what became of it."""

    record: CompletionRecord
    submitted: Submitted | None
    """None where it could not be read."""
    findings: tuple[RowFinding, ...]


def save(work: Work, sent: Sequence[Element], *, hold: bool) -> list[SavedReport]:
    """Report, correct or withdraw what the records of a document say, in their order."""
    provider_id = work.caller.provider_id
    upload = Upload(
        provider_id=provider_id,
        entry_method=EntryMethod.API,
        received_at=work.now,
        batch_id=None,
        former_ids=tuple(former_ids(work.connection, provider_id)),
        permission=clients.attests_permission(work.connection, work.caller.client.client_id),
    )
    mapper = CompletionDocuments(upload)
    records = [mapper.read(RawRow(number=number, raw=element)) for number, element in enumerate(sent, 1)]
    reports = [record.report for record in records if record.report is not None and not record.unreadable]
    if hold:
        reports = [replace(report, hold=True) for report in reports]
    following = iter(bulk.submit_all(work, reports))
    return [_saved(mapper, record, following) for record in records]


def _saved(mapper: CompletionDocuments, record: CompletionRecord, following: Iterator[Submitted]) -> SavedReport:
    judged = record.report is not None and not record.unreadable
    submitted = next(following) if judged else None
    findings = (*record.findings, *(map(_as_told, submitted.findings) if submitted is not None else ()))
    located = locate_findings(findings, partial(mapper.locate, record=record)) if findings else ()
    return SavedReport(record=record, submitted=submitted, findings=located)


def _as_told(finding: Finding) -> Finding:
    """Return a finding with what to do said for documents."""
    return replace(finding, hint=_ATTESTED_BY) if finding.rule == "permission" else finding

"""Holding: what becomes of reports of which only the physician is missing, and of those held before.

A refused report that is to be held becomes a held record, or the one that it was when it was sent before. An accepted
report sets aside the records with one of its references that waited before it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import UNSET
from msgspec.structs import replace

from app.core.clock import new_id
from app.domain.audit import HeldAudit
from app.domain.credits import Completion, Outcome
from app.domain.findings import Finding
from app.domain.held import (
    WAITING_TIME,
    HeldReason,
    HeldRecord,
    HeldStatus,
    can_wait,
    digest_of_record,
    is_about_the_same,
    references_in,
)
from app.domain.identity.matches import Match, Result
from app.domain.reports import CompletionReport, CorrectionKind
from app.services.context import Work
from app.services.reporting.loading import Loaded
from app.store import completions
from app.store.held import help_requests, records
from app.store.held.records import Digest

ACCEPTED = frozenset({Outcome.CREATED, Outcome.JOINED, Outcome.UPDATED, Outcome.UNCHANGED})
"""Outcomes of reports that stand."""
_VERBS = {HeldStatus.ACCEPTED: "match", HeldStatus.REFUSED: "refuse", HeldStatus.SET_ASIDE: "set-aside"}


def is_held(report: CompletionReport, findings: Sequence[Finding]) -> bool:
    """Whether a refused report waits for its match, instead of being refused."""
    return report.hold and can_wait(report, findings)


@dataclass(slots=True, kw_only=True)
class HeldPiece:
    """The held records that some reports may be, or may set aside: locked, so that nobody judges them meanwhile."""

    works: Sequence[Work]
    reports: Sequence[CompletionReport]
    generation: int
    known: dict[Digest, HeldRecord]
    """Those that were sent before, by (provider, digest)."""
    waiting: dict[tuple[str, str], set[str]]
    """Ids of those that bear a reference of a report, by (provider, reference)."""
    accepted: set[str] = field(default_factory=set)
    """Those that were judged again and are accepted: a later record takes the place of none of them."""
    new: dict[Digest, HeldRecord] = field(default_factory=dict)

    @classmethod
    def lock(
        cls, works: Sequence[Work], reports: Sequence[CompletionReport], matches: Sequence[Match], loaded: Loaded
    ) -> HeldPiece | None:
        """Lock what the reports may concern, before what stands of their learners is locked; None for nothing."""
        holds = any(report.hold for report in reports)
        if not holds and not loaded.reportable.with_waiting and not any(map(_names_its_record, reports)):
            return None
        connection = works[0].connection
        missed = [
            (report.provider_id, digest_of_record(report))
            for report, match in zip(reports, matches, strict=True)
            if report.hold and match.result in (Result.NONE, Result.SEVERAL) and can_wait(report, ())
        ]
        references = [
            (report.provider_id, reference, report.held_id or "")
            for report in reports
            if report.activity_id in loaded.reportable.with_waiting or _names_its_record(report)
            for reference in references_in(report)
        ]
        return cls(
            works=works,
            reports=reports,
            generation=loaded.reportable.generation,
            known=records.by_digests(connection, missed, locking=True) if missed else {},
            waiting=records.lock_waiting_under(connection, references) if references else {},
        )

    def hold(self, number: int, findings: Sequence[Finding]) -> HeldRecord | Completion | None:
        """Return the held record that a report becomes or is already, or the completion that this has become.

        None where it is refused: its time was over before, or its sender has set it aside.
        """
        work, report = self.works[number], self.reports[number]
        key = (report.provider_id, digest_of_record(report))
        known = self.new.get(key) or self._find(key)
        if known is None:
            held = self._begin(work, report, findings)
            self.new[key] = held
        elif known.status is HeldStatus.WAITING:
            held = known
            if held.expires_at <= work.now:
                return None
        else:
            stands = _completion_of(work, known)
            if stands is not None:
                return stands
            reopened = _reopened(work, known, report)
            if reopened is None:
                return None
            held = reopened.judged(findings, self.generation, work.now)
            self.known[key] = held
            records.save(work.connection, [held])
            work.audit("hold", held.held_id, audit_fields(held))
        if _names_its_record(report):
            self._set_aside(work, report, superseded_by=held.held_id, but=held.held_id)
        return held

    def accept(self, number: int, completion: Completion) -> None:
        """Set aside the records that waited under a reference of an accepted report since before it came."""
        work, report = self.works[number], self.reports[number]
        if report.held_id is not None:
            self.accepted.add(report.held_id)
        self._set_aside(work, report, superseded_by=completion.completion_id, but=report.held_id)

    def save(self) -> None:
        """Write the records that are held for the first time."""
        if self.new:
            records.add(self.works[0].connection, list(self.new.values()))

    def _find(self, key: Digest) -> HeldRecord | None:
        if key not in self.known:
            self.known |= records.by_digests(self.works[0].connection, [key], locking=True)
        return self.known.get(key)

    def _begin(self, work: Work, report: CompletionReport, findings: Sequence[Finding]) -> HeldRecord:
        assert report.activity_id is not None
        held = HeldRecord(
            held_id=new_id(),
            provider_id=report.provider_id,
            client_id=work.caller.client.client_id,
            activity_id=report.activity_id,
            batch_id=report.batch_id,
            report=replace(report, hold=False),
            status=HeldStatus.WAITING,
            submitted_at=report.received_at,
            expires_at=report.received_at + WAITING_TIME,
            findings=tuple(findings),
            judged_at=work.now,
            generation=self.generation,
            reason=None,
            ended_at=None,
            completion_id=None,
            superseded_by=None,
            version=1,
            updated_at=work.now,
        )
        work.audit("hold", held.held_id, audit_fields(held))
        return held

    def _set_aside(self, work: Work, report: CompletionReport, *, superseded_by: str, but: str | None) -> None:
        """Set aside what waited under a reference of a report since before it came, if it is about the same."""
        if not self.waiting:
            return
        under = [self.waiting.get((report.provider_id, reference), set()) for reference in references_in(report)]
        ids = set().union(*under) - self.accepted - {but}
        if not ids:
            return
        gone = [
            held
            for _, held in sorted(records.by_ids(work.connection, ids).items())
            if held.status is HeldStatus.WAITING
            and held.submitted_at < report.received_at
            and (held.activity_id == report.activity_id or _names_its_record(report))
        ]
        if not _names_its_record(report) or len(gone) > 1:
            gone = [held for held in gone if is_about_the_same(report, held.report)]
        reason = HeldReason.SUPERSEDED
        save_ends(
            [(work, held.ended(HeldStatus.SET_ASIDE, reason, work.now, superseded_by=superseded_by)) for held in gone]
        )


def save_ends(ended: Sequence[tuple[Work, HeldRecord]]) -> None:
    """Write held records that have ended, each with an entry in the audit log; open requests for help are closed."""
    if not ended:
        return
    connection, now = ended[0][0].connection, ended[0][0].now
    records.save(connection, [held for _, held in ended])
    help_requests.close(connection, [held.held_id for _, held in ended], now)
    for work, held in ended:
        work.audit(_VERBS[held.status], held.held_id, audit_fields(held))


def audit_fields(held: HeldRecord, physician_id: str | None = None) -> HeldAudit:
    """Return what the audit log says of a held record."""
    return HeldAudit(
        activity_id=held.activity_id,
        provider_id=held.provider_id,
        reason=held.reason.value if held.reason is not None else UNSET,
        completion_id=held.completion_id or UNSET,
        superseded_by=held.superseded_by or UNSET,
        physician_id=physician_id or UNSET,
    )


def _names_its_record(report: CompletionReport) -> bool:
    """Whether it is the one record of its reference, so that it takes the place of whatever waits under that."""
    return report.correction is CorrectionKind.BY_REFERENCE


def _completion_of(work: Work, held: HeldRecord) -> Completion | None:
    """Return the completion that a held record has become, while it stands."""
    if held.completion_id is None:
        return None
    return completions.of_provider(work.connection, held.provider_id, held.completion_id)


def _reopened(work: Work, held: HeldRecord, report: CompletionReport) -> HeldRecord | None:
    """Return a record that has ended as it waits again when it is sent again; None where it does not.

    Withdrawn credit may be reported anew. What a rule refused waits on in its time. What its sender has set aside, or
    has waited for 60 days, is refused as any other.
    """
    if held.reason in (HeldReason.MATCHED, HeldReason.LINKED, HeldReason.CORRECTED):
        return held.reopened(work.now, report.received_at)
    if held.expires_at <= work.now:
        return None
    comes_back = held.reason is HeldReason.SUPERSEDED and _names_its_record(report)
    return held.reopened(work.now) if held.reason is HeldReason.RULES or comes_back else None

"""What the rules judge of a completion of another system: the credit that counts, as a report would give it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.credits import CreditStatus
from app.domain.findings import Finding
from app.domain.moving.records import PastCompletion, PastCredit
from app.domain.reports import CmePart, CompletionReport, MocPart
from app.domain.states import find_state
from app.rules.rems_answers import in_listed_words

_OF_PARTS = frozenset(
    {
        *("board-known", "state-required", "amount-valid", "credit-positive", "credit-quarter"),
        *("learner-unmatched", "learner-ambiguous", "licence-unknown", "npi-unknown"),
    }
)
"""The rules that are asked of a part of which no credit counts: its board has judged the rest."""


class JudgedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it is judged, and which credit each of its parts is."""

    moved: PastCompletion
    report: CompletionReport
    counts: bool
    """Whether the parts are of credit that counts; else they only say who is meant."""
    parts: dict[str, PastCredit]
    """Credit by the pointers of the parts."""

    def located(self, finding: Finding) -> Finding:
        """Return a finding with its pointer into the record as it was sent."""
        parts = finding.pointer.split("/", 3)
        credit = self.parts.get("/".join(parts[:3]))
        if credit is None:
            return finding
        return replace(finding, pointer="/".join((credit.pointer, *parts[3:])))

    def concern(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the refusals that concern what is judged, located in the record as it was sent."""
        return [
            self.located(finding)
            for finding in findings
            if finding.rejects
            and (self.counts or finding.rule in _OF_PARTS or not finding.pointer.startswith(("/cme/", "/moc/")))
        ]


def judged_record(moved: PastCompletion, catalogue: Catalogue, provider_id: str) -> JudgedRecord:
    """Return what is judged of a record: the parts of credit that counts; where none does, of all credit.

    A board's credit that was rejected or withdrawn, and came again, is one part. Where answers for REMS are all that
    counts, and nobody is named, they are all that is judged: such a record is of nobody in the registry.
    """
    assert moved.report is not None
    person = moved.report.person
    standing = [credit for credit in moved.credits if credit.status is not None and credit.status.holds]
    last = {(credit.board, credit.is_cme): credit for credit in moved.credits}
    if moved.report.rems is not None and (moved.of_nobody or not (person.first_name or person.last_name)):
        last = {}
    cme: list[CmePart] = []
    moc: list[MocPart] = []
    parts: dict[str, PastCredit] = {}
    for credit in standing or last.values():
        if is_cme(credit, catalogue):
            parts[f"/cme/{len(cme)}"] = credit
            cme.append(
                CmePart(
                    state=credit.board,
                    license_id=credit.number,
                    credits=credit.credits,
                    special_credits=credit.types,
                    client_references=credit.references,
                )
            )
        else:
            parts[f"/moc/{len(moc)}"] = credit
            moc.append(
                MocPart(
                    board=credit.board,
                    board_id=credit.number,
                    total_credits=credit.credits,
                    credit_types=credit.types,
                    client_references=credit.references,
                )
            )
    rems = moved.report.rems
    report = replace(
        moved.report,
        provider_id=provider_id,
        cme=tuple(cme),
        moc=tuple(moc),
        rems=in_listed_words(rems) if rems is not None else None,
        # A record that is not taken over does not wait: no advice to let it wait.
        hold=True,
    )
    return JudgedRecord(moved=moved, report=report, counts=bool(standing) or not last, parts=parts)


def is_cme(credit: PastCredit, catalogue: Catalogue) -> bool:
    """Return True if credit is CME: of a licensing board, of a state, or of whoever has an NPI."""
    if credit.is_cme is not None:
        return credit.is_cme
    if credit.board is None:
        return True
    board = catalogue.board(credit.board)
    return board.kind is BoardKind.LICENSING if board is not None else find_state(credit.board) is not None


def is_gone(moved: PastCompletion) -> bool:
    """Return True if nothing of a record stands: all of its credit was withdrawn, and it has no answers for REMS."""
    statuses = {credit.status for credit in moved.credits}
    return statuses == {CreditStatus.WITHDRAWN} and (moved.report is None or moved.report.rems is None)

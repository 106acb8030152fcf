"""What a record offers: activity, day and amounts, without who it is about, references, and what stands already.

Half of all rules are about nothing else, and many records of a group offer the same: those rules are asked once for all
of them. They are asked of an `OfferedCase`, which has nothing that differs between records of one offer, so one that
reads more fails whenever it is tried.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import date, datetime

import msgspec

from app.domain.activities import Activity
from app.domain.boards import Board
from app.domain.catalogue import Catalogue
from app.domain.findings import Finding
from app.domain.parsing import Unparsed
from app.domain.reports import Action, Amount, CompletionReport, MocPart, TypeAmount
from app.rules.case import Case
from app.rules.engine import Selection, ask


class _Type(msgspec.Struct, frozen=True):
    type: str | None
    credits: Amount


class _Cme(msgspec.Struct, frozen=True):
    credits: Amount
    special_credits: tuple[_Type, ...]


class _Moc(msgspec.Struct, frozen=True):
    board: str | None
    total_credits: Amount
    credit_types: tuple[_Type, ...]

    total_quarters = MocPart.total_quarters


class OfferedReport(msgspec.Struct, frozen=True):
    """What a record offers, in the names of a report."""

    provider_id: str
    activity_id: str | None
    sandbox: bool
    completed_on: date | Unparsed | None
    permission: bool | None
    received_at: datetime
    cme: tuple[_Cme, ...]
    moc: tuple[_Moc, ...]


class _Facts(msgspec.Struct, frozen=True):
    catalogue: Catalogue
    now: datetime


class OfferedCase(msgspec.Struct, frozen=True, kw_only=True):
    """An offer before the rules that are about nothing else, in the names of a case."""

    report: OfferedReport
    facts: _Facts
    activity: Activity | None
    moc_parts: tuple[tuple[str, _Moc, Board], ...]
    amounts: tuple[tuple[str, Amount], ...]

    day = Case.day
    known_day = Case.known_day
    known_activity = Case.known_activity
    activity_status = Case.activity_status
    board = Case.board


class Offers:
    """What the rules say about each offer of a group of records with the same facts."""

    def __init__(self) -> None:
        self._said: dict[Hashable, dict[str, tuple[Finding, ...]]] = {}

    def said_of(self, selection: Selection, case: Case) -> dict[str, tuple[Finding, ...]] | None:
        """Return what rules say about the offer of a record, by their ids; None for what is more than an offer."""
        report = case.report
        if report.action is not Action.ADD or report.rems is not None or case.corrects is not None:
            return None
        key = (selection, _key_of(report))
        said = self._said.get(key)
        if said is None:
            offered = _offered(case)
            said = {}
            for finding in ask(selection.of_offers, offered):
                said[finding.rule] = (*said.get(finding.rule, ()), finding)
            self._said[key] = said
        return said


def _key_of(report: CompletionReport) -> Hashable:
    return (
        report.provider_id,
        report.activity_id,
        report.sandbox,
        report.completed_on,
        report.permission,
        report.received_at,
        tuple([(part.credits, _amounts(part.special_credits)) for part in report.cme]),
        tuple([(part.board, part.total_credits, _amounts(part.credit_types)) for part in report.moc]),
    )


def _amounts(types: Iterable[TypeAmount]) -> Hashable:
    return tuple([(part.type, part.credits) for part in types]) if types else ()


def _offered(case: Case) -> OfferedCase:
    report = case.report
    cme = tuple(_Cme(part.credits, _types(part.special_credits)) for part in report.cme)
    moc = tuple(_Moc(part.board, part.total_credits, _types(part.credit_types)) for part in report.moc)
    return OfferedCase(
        report=OfferedReport(
            report.provider_id,
            report.activity_id,
            report.sandbox,
            report.completed_on,
            report.permission,
            report.received_at,
            cme,
            moc,
        ),
        facts=_Facts(case.facts.catalogue, case.facts.now),
        activity=case.activity,
        moc_parts=tuple((pointer, moc[int(pointer.rpartition("/")[2])], board) for pointer, _, board in case.moc_parts),
        amounts=case.amounts,
    )


def _types(types: Iterable[TypeAmount]) -> tuple[_Type, ...]:
    return tuple(_Type(part.type, part.credits) for part in types)

"""Completions made of the records of another system, with the statuses that their boards gave there."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from app.core.clock import new_id
from app.domain.amounts import in_quarters
from app.domain.boards import Board
from app.domain.completion_changes import Change
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery, add_references
from app.domain.identity.learners import Holding
from app.domain.moving.records import PastCredit
from app.domain.moving.telling import TellBoards
from app.domain.parsing import MonthDay
from app.domain.reports import quarters_of
from app.rules.case import Case
from app.rules.rems_answers import rems_in_place_of
from app.rules.standing import subject_of
from app.rules.targets import Target, canonical_type
from app.services.context import Work
from app.services.moving.parts import JudgedRecord, is_cme


def build_import(
    work: Work, judged: JudgedRecord, case: Case, learner_id: str | None, joins: Completion | None, tell: TellBoards
) -> Change:
    """Return the change by which an accepted record is taken over; `joins` is the completion that it adds to, if any.

    Boards are told of what `tell` names, and of nothing else.
    """
    credits = tuple(_credits(work, judged, case))
    told = {credit.credit_id for credit in credits if tell is TellBoards.PENDING and credit.waits}
    silent = frozenset(credit.credit_id for credit in credits) - told
    if joins is None:
        completion = _completion(work, judged, case, learner_id, credits)
        return Change(completion=completion, before=None, added=credits, imported=silent)
    after = replace(joins.with_credits(credits, work.now), catalogue=work.service.catalogue.digest)
    if judged.report.rems is not None:
        after = replace(after, rems=rems_in_place_of(judged.report.rems, joins.rems))
    return Change(completion=after, before=joins, added=credits, imported=silent)


def _completion(
    work: Work, judged: JudgedRecord, case: Case, learner_id: str | None, credits: tuple[Credit, ...]
) -> Completion:
    report = judged.report
    subject = subject_of(report, case.match)
    assert subject is not None and report.activity_id is not None
    person = report.person
    return Completion(
        completion_id=judged.moved.completion_id or new_id(),
        provider_id=report.provider_id,
        activity_id=report.activity_id,
        physician_id=case.learner.physician_id if case.learner else None,
        subject=subject,
        learner_id=learner_id,
        completed_on=case.known_day,
        occasion=case.known_placement.occasion,
        first_name=person.first_name,
        last_name=person.last_name,
        birth_date=str(person.birth_date) if isinstance(person.birth_date, MonthDay) else None,
        npi=person.npi,
        rems=report.rems,
        entry_method=report.entry_method,
        client_id=work.caller.client.client_id,
        batch_id=None,
        submitted_at=report.received_at,
        updated_at=work.now,
        version=1,
        withdrawn_at=None,
        catalogue=work.service.catalogue.digest,
        credits=credits,
        client_references=add_references((), report.references) if report.references else (),
    )


def _credits(work: Work, judged: JudgedRecord, case: Case) -> list[Credit]:
    """Return the credits of a record in its order; one of an NPI is a credit for every licence of the learner."""
    fresh = {target.board for target in case.known_placement.fresh}
    targets: dict[str, list[Target]] = {}
    for target in case.known_placement.targets:
        if target.board in fresh:
            targets.setdefault(judged.parts[target.pointer].pointer, []).append(target)
    credits: list[Credit] = []
    for moved in judged.moved.credits:
        holds = moved.status is not None and moved.status.holds
        if holds and judged.counts:
            of_part = targets.get(moved.pointer, [])
            credits += [_of_target(work, judged, moved, target, case, len(of_part) == 1) for target in of_part]
        elif not holds:
            credits.append(_fallen(work, judged, moved, case))
    return credits


def _of_target(
    work: Work, judged: JudgedRecord, moved: PastCredit, target: Target, case: Case, keeps_id: bool
) -> Credit:
    """Return credit that counts."""
    board = work.service.catalogue.boards[target.board].on(case.known_day)
    return _credit(
        judged,
        moved,
        board,
        credit_id=moved.credit_id if keeps_id else None,
        kind=target.kind,
        number_on_file=target.holding.number,
        quarters=int(target.quarters),
        credit_types=tuple((name, int(quarters)) for name, quarters in target.credit_types),
        references=target.client_references,
        once_per_day=target.once_per_day,
        day_delivered=board.is_sent(case.known_day),
    )


def _fallen(work: Work, judged: JudgedRecord, moved: PastCredit, case: Case) -> Credit:
    """Return credit that was rejected or withdrawn: it counts for nothing, and its board judged it."""
    catalogue = work.service.catalogue
    cme = is_cme(moved, catalogue)
    board, number = _board_and_number(moved, case, cme=cme)
    activity = case.known_activity
    return _credit(
        judged,
        moved,
        board,
        credit_id=moved.credit_id,
        kind=CreditKind.CME if cme else CreditKind.MOC,
        number_on_file=number or moved.number,
        quarters=quarters_of_credit(moved),
        credit_types=tuple(
            (amount.type if cme else canonical_type(amount.type, board, activity), int(quarters))
            for amount in moved.types
            if amount.type and (quarters := quarters_of(amount.credits)) is not None
        ),
        references=tuple({*judged.report.references, *moved.references}),
        once_per_day=not cme and board.counts_once_per_day(activity.kind.code if activity.kind else ""),
        day_delivered=board.is_sent(case.known_day),
    )


def quarters_of_credit(moved: PastCredit) -> int:
    """Return the quarters of credit whose amount was seen to be one: without a total, those of its largest type."""
    total = quarters_of(moved.credits)
    if total is None:
        amounts = [quarters_of(amount.credits) for amount in moved.types]
        total = max((amount for amount in amounts if amount is not None), default=0)
    return int(in_quarters(total / 4))


def _board_and_number(moved: PastCredit, case: Case, *, cme: bool) -> tuple[Board, str | None]:
    """Return the board of credit that counts for nothing, and the learner's number with it, as far as it is on file."""
    catalogue, day, learner = case.facts.catalogue, case.known_day, case.learner
    if not cme:
        board = catalogue.certifying(moved.board or "", day)
        assert board is not None, "the rules have seen the board"
        return board, _number(learner.certified_by(board.code) if learner else ())
    boards = catalogue.licensing(moved.board, day) if moved.board else ()
    held = learner.licensed_by([board.code for board in boards]) if learner and boards else ()
    held = held or (learner.licenses if learner and not boards else ())
    code = next((holding.board for holding in held), boards[0].code if boards else None)
    assert code is not None, "the rules have seen the state"
    return catalogue.boards[code].on(day), _number([holding for holding in held if holding.board == code])


def _number(held: Sequence[Holding]) -> str | None:
    return next((holding.number for holding in held), None)


def _credit(
    judged: JudgedRecord,
    moved: PastCredit,
    board: Board,
    *,
    credit_id: str | None,
    kind: CreditKind,
    number_on_file: str | None,
    quarters: int,
    credit_types: tuple[tuple[str, int], ...],
    references: tuple[str, ...],
    once_per_day: bool,
    day_delivered: bool,
) -> Credit:
    delivery = moved.delivery or (Delivery.BOARD if day_delivered else Delivery.TRANSCRIPT_ONLY)
    assert moved.status is not None
    pending = moved.status is CreditStatus.PENDING
    return Credit(
        credit_id=credit_id or new_id(),
        kind=kind,
        board=board.code,
        number_reported=moved.number,
        number_on_file=number_on_file,
        quarters=quarters,
        credit_types=credit_types,
        client_references=references,
        # Where no board takes it, nobody is left to decide.
        status=CreditStatus.ACCEPTED if pending and delivery is Delivery.TRANSCRIPT_ONLY else moved.status,
        delivery=delivery,
        status_reason=moved.reason,
        status_at=moved.status_at or judged.report.received_at,
        once_per_day=once_per_day,
        status_text=moved.text,
    )

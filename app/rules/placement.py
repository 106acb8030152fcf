"""Place: what a record joins, replaces or corrects among what stands already.

Only the matched learner counts, never how names, ids, sender or reference were written. A target that stands with the
same amounts is unchanged. One that is not there yet joins the first occasion of the day without it. One that stands
with other amounts opens the next occasion. A correction goes where its completion stands. An update or a delete by row
first finds the completion it is about (`row_target.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from app.domain.activities import Activity
from app.domain.boards import Board
from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, Credit, CreditStatus, held_quarters
from app.domain.identity.learners import Holding
from app.domain.identity.matches import Match
from app.domain.parsing import plain_text
from app.domain.reports import Action, CompletionReport, CorrectionKind, MocPart, RemsPart
from app.rules.case import Case, Clash, Facts, LedgerTotal, Naming, Placement
from app.rules.rems_answers import rems_in_place_of
from app.rules.row_target import RowTarget, find_row_target
from app.rules.same_record import find_elsewhere
from app.rules.standing import Standing, subject_of
from app.rules.targets import Target, targets_of


def place(
    report: CompletionReport,
    facts: Facts,
    match: Match,
    standing: Standing,
    corrects: Completion | None = None,
    others: Sequence[Completion] = (),
) -> Case:
    """Decide what a record joins, replaces or corrects; return it as the case that the rules judge.

    `standing` is what stands of the learner in the activity, `others` what may be the same record and stands of other
    learners there. `corrects` is the completion that a correction is made to; an update by row finds its own.
    """
    activity = facts.activity_of(report)
    row_target = _row_target(report, activity, match, standing, facts.catalogue)
    if report.action is Action.UPDATE and row_target is not None and row_target.completion is not None:
        corrects = row_target.completion
        # When the record came stays as it was: a late correction is no late report.
        report = replace(report, received_at=corrects.submitted_at)
    if corrects is not None:
        standing = standing.without(corrects.completion_id)
    match = _with_boards_that_stand(report, match, standing, corrects, facts.catalogue)
    day = report.completed_on if isinstance(report.completed_on, date) else None
    return Case(
        report=report,
        facts=facts,
        activity=activity,
        match=match,
        standing=standing,
        placement=_placement(report, day, activity, match, standing, corrects, facts.catalogue),
        corrects=corrects,
        moc_parts=tuple(_moc_parts(report, day, facts.catalogue)),
        amounts=tuple(report.amounts()),
        row_target=row_target,
        elsewhere=_elsewhere(report, match, others, corrects, facts.catalogue) if others else None,
    )


def _elsewhere(
    report: CompletionReport,
    match: Match,
    others: Sequence[Completion],
    corrects: Completion | None,
    catalogue: Catalogue,
) -> Completion | None:
    """Return the completion of another learner that a record is, None for a delete, and a correction that moves none.

    A correction in place of the learner is how such a completion is put right: it never stands in its own way.
    """
    learner = match.learner
    if learner is None or report.action is Action.DELETE:
        return None
    if corrects is not None and corrects.subject == learner.physician_id:
        return None
    beside = [other for other in others if corrects is None or other.completion_id != corrects.completion_id]
    return find_elsewhere(report, beside, catalogue)


def _row_target(
    report: CompletionReport, activity: Activity | None, match: Match, standing: Standing, catalogue: Catalogue
) -> RowTarget | None:
    """Return what a delete or an update by row is about, None for every other record or when nobody was found."""
    day = report.completed_on
    if report.action not in (Action.DELETE, Action.UPDATE) or activity is None or not isinstance(day, date):
        return None
    return find_row_target(report, day, match, standing, catalogue) if subject_of(report, match) else None


def _with_boards_that_stand(
    report: CompletionReport, match: Match, standing: Standing, corrects: Completion | None, catalogue: Catalogue
) -> Match:
    """Return the match with the licences of each CME part moved to the boards where its credit already stands."""
    if match.learner is None or not report.cme or report.action is Action.DELETE:
        return match
    cme = tuple(_licenses_that_stand(report, match, standing, corrects, catalogue))
    return replace(match, cme=cme) if cme != match.cme else match


def _licenses_that_stand(
    report: CompletionReport, match: Match, standing: Standing, corrects: Completion | None, catalogue: Catalogue
) -> Iterator[tuple[Holding, ...]]:
    """Yield the licences of each CME part, those of the board that has its credit already where a state has several.

    A learner may be licensed by another board of the state since then: the same record is still the same one, and a
    correction moves no credit from board to board that was not asked to.
    """
    assert match.learner is not None
    day = report.completed_on
    credits = [c for completion in (standing.on(day) if isinstance(day, date) else ()) for c in completion.credits]
    if corrects is not None and corrects.subject == match.learner.physician_id:
        credits = list(corrects.credits)
    if not credits:
        yield from match.cme
        return
    held = {credit.board for credit in credits if credit.holds}
    taken = {license_.board for licenses in match.cme for license_ in licenses}
    for cme, licenses in zip(report.cme, match.cme, strict=True):
        meant = {board.code for board in catalogue.licensing(cme.state)} if cme.state and not cme.license_id else set()
        kept = match.learner.licensed_by(frozenset(meant & held - taken))
        yield kept[:1] if kept and len(licenses) == 1 and licenses[0].board not in held else licenses


def _placement(
    report: CompletionReport,
    day: date | None,
    activity: Activity | None,
    match: Match,
    standing: Standing,
    corrects: Completion | None,
    catalogue: Catalogue,
) -> Placement | None:
    """Return where a record's targets go; None for a delete, and where too little is known to say."""
    if activity is None or day is None or report.action is Action.DELETE:
        return None
    if report.action is Action.UPDATE and corrects is None:
        return None
    targets = tuple(targets_of(report, day, activity, match, catalogue)) if match.learner is not None else ()
    if not targets and not report.rems_only:
        return None
    if corrects is None:
        return _place_targets(targets, report, day, standing)
    now = (activity.activity_id, subject_of(report, match), day)
    stays = now == (corrects.activity_id, corrects.subject, corrects.completed_on)
    return _place_correction(targets, report, day, standing, corrects, stays=stays)


def _place_targets(targets: Sequence[Target], report: CompletionReport, day: date, standing: Standing) -> Placement:
    """Find the place of a record's targets among the learner's completions of the activity."""
    rems, occasion = report.rems, report.occasion
    that_day = standing.on(day)
    if not that_day:
        return _first_of_day(targets, rems, occasion, standing)
    considered = [completion for completion in that_day if occasion is None or completion.occasion == occasion]
    unchanged: list[Target] = []
    fresh: list[Target] = []
    reused: list[Clash] = []
    for target in targets:
        held = [
            (completion, credit)
            for completion in considered
            if (credit := completion.holding(target.board)) is not None
        ]
        if any(target.equals(credit) for _, credit in held):
            unchanged.append(target)
            continue
        fresh.append(target)
        reused.extend(
            Clash(target=target, credit=credit, completion_id=completion.completion_id)
            for completion, credit in held
            if occasion is not None or target.shares_reference(credit)
        )
    rems_fresh = rems is not None and all(
        rems_in_place_of(rems, completion.rems) != completion.rems for completion in considered
    )
    joins = next(
        (
            completion
            for completion in considered
            if not any(completion.holding(target.board) for target in fresh)
            and not (rems_fresh and completion.rems is not None)
        ),
        None,
    )
    if not fresh and not rems_fresh:
        # The answer shows an existing completion: the one that has all of it, or the first that has some.
        joins = max(considered, key=lambda c: sum(_stands(target, c) for target in targets), default=None)
    names = list(_names(unchanged, report.references, considered, joins))
    return Placement(
        targets=tuple(targets),
        unchanged=tuple(unchanged),
        fresh=tuple(fresh),
        rems_fresh=rems_fresh,
        joins=joins,
        occasion=joins.occasion if joins else occasion or max(c.occasion for c in that_day) + 1,
        reused=tuple(reused),
        same_day=tuple(_clashes(fresh, that_day)),
        rems_same_day=rems_fresh and joins is None and any(c.rems is not None for c in that_day),
        totals=tuple(_totals(fresh, joins, standing)),
        names=tuple(naming for naming in names if naming.fits),
        not_named=not all(naming.fits for naming in names),
    )


def _names(
    unchanged: Sequence[Target],
    of_record: Sequence[str],
    considered: Sequence[Completion],
    joins: Completion | None,
) -> Iterator[Naming]:
    """Yield the references that a record brings to what stands: to its completion, and to its unchanged credit.

    Of several credits that are alike, the one that bears a reference of the record already is meant, else that of the
    completion that the answer shows, else the first.
    """
    if joins is not None and of_record:
        references = _new_references(joins.client_references, of_record)
        if references:
            yield Naming(completion=joins, credit=None, references=references)
    for target in unchanged:
        if not target.client_references:
            continue
        alike = [
            (completion, credit)
            for completion in considered
            if (credit := completion.holding(target.board)) is not None and target.equals(credit)
        ]
        completion, credit = max(alike, key=lambda held: (target.shares_reference(held[1]), held[0] is joins))
        references = _new_references(credit.client_references, target.client_references)
        if references:
            yield Naming(completion=completion, credit=credit, references=references)


def _new_references(held: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """Return the references given that are in no spelling among those held."""
    known = set(map(plain_text, held))
    return tuple([reference for reference in given if plain_text(reference) not in known])


def _first_of_day(
    targets: Sequence[Target], rems: RemsPart | None, occasion: int | None, standing: Standing
) -> Placement:
    """Return the place of a record where nothing stands on its day, the usual case: all of it is new."""
    return Placement(
        targets=tuple(targets),
        unchanged=(),
        fresh=tuple(targets),
        rems_fresh=rems is not None,
        joins=None,
        occasion=occasion or 1,
        reused=(),
        same_day=(),
        rems_same_day=False,
        totals=tuple(_totals(targets, None, standing)),
    )


def _place_correction(
    targets: Sequence[Target],
    report: CompletionReport,
    day: date,
    others: Standing,
    corrected: Completion,
    *,
    stays: bool,
) -> Placement:
    """Find the place of a correction among the learner's other completions of the activity.

    `stays`: learner, activity and day remain; then the occasion does too, unless another is given. Otherwise the
    correction takes the next occasion of its new day. An update by row keeps the credit that it does not name.
    """
    kept = _kept(targets, report, corrected)
    that_day = others.on(day)
    occasion = corrected.occasion if stays else None
    return Placement(
        targets=tuple(targets),
        unchanged=(),
        fresh=tuple(targets),
        rems_fresh=False,
        joins=None,
        occasion=report.occasion or occasion or max((c.occasion for c in that_day), default=0) + 1,
        reused=(),
        same_day=tuple(_clashes(targets, that_day)),
        corrects=corrected,
        kept=kept,
        moves=not stays,
        moves_others=not stays and any(credit.status is not CreditStatus.WITHDRAWN for credit in kept),
        occasion_taken=any(c.occasion == report.occasion for c in that_day),
        rems_same_day=report.rems is not None and any(c.rems is not None for c in that_day),
        totals=tuple(_totals(targets, None, others)),
    )


def _kept(targets: Sequence[Target], report: CompletionReport, corrected: Completion) -> tuple[Credit, ...]:
    """Return the credit that a correction leaves as it is: what it does not name, where it does not say everything.

    An update by row says only what it names. A correction by reference says everything of what stands under that
    reference alone: credit without it, or that another record named as well, is not its to withdraw.
    """
    by_reference = report.correction is CorrectionKind.BY_REFERENCE
    if report.action is not Action.UPDATE and not by_reference:
        return ()
    named = {target.board for target in targets}
    unnamed = tuple(credit for credit in corrected.credits if credit.board not in named)
    if not by_reference or report.client_reference is None:
        return unnamed
    own = plain_text(report.client_reference)
    others = set(map(plain_text, corrected.client_references)) - {own}

    def is_own(credit: Credit) -> bool:
        bears = set(map(plain_text, credit.client_references))
        return own in bears and bears.isdisjoint(others)

    return tuple(credit for credit in unnamed if not is_own(credit))


def _clashes(targets: Sequence[Target], that_day: Sequence[Completion]) -> Iterator[Clash]:
    for target in targets:
        for completion in that_day:
            credit = completion.holding(target.board)
            if credit is not None:
                yield Clash(target=target, credit=credit, completion_id=completion.completion_id)


def _stands(target: Target, completion: Completion) -> bool:
    credit = completion.holding(target.board)
    return credit is not None and target.equals(credit)


def _totals(fresh: Sequence[Target], joins: Completion | None, standing: Standing) -> Iterator[LedgerTotal]:
    """Yield the total of each ledger that fresh targets count against, for the largest of them."""
    largest: dict[str, Target] = {}
    for target in fresh:
        if target.ledger not in largest or target.quarters > largest[target.ledger].quarters:
            largest[target.ledger] = target
    held_there = held_quarters(joins.credits) if joins else {}
    for ledger, target in largest.items():
        held = standing.held(ledger)
        growth = max(0, target.quarters - held_there.get(ledger, 0))
        yield LedgerTotal(target=target, held=held, becomes=held + int(-(-growth // 1)))


def _moc_parts(
    report: CompletionReport, day: date | None, catalogue: Catalogue
) -> Iterator[tuple[str, MocPart, Board]]:
    for index, moc in enumerate(report.moc):
        board = catalogue.certifying(moc.board, day) if moc.board else None
        if board is not None:
            yield f"/moc/{index}", moc, board

"""A record with everything the rules need to know about it, loaded and looked up before they are asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

import msgspec
from msgspec.structs import replace

from app.domain.activities import Activity, ActivityStatus
from app.domain.boards import Board
from app.domain.catalogue import Catalogue
from app.domain.comparison_keys import code_key
from app.domain.credits import Completion, Credit, CreditKind, rems_subject
from app.domain.identity import Match, Result
from app.domain.learners import Holding, Learner
from app.domain.parsing import Unparsed
from app.domain.reports import Action, Amount, CmePart, CompletionReport, MocPart, TypeAmount, quarters_of
from app.rules.placement import Placement, Standing, Target, place, place_correction
from app.rules.row_target import RowTarget, seek

_SEEKING = (Action.DELETE, Action.UPDATE)
EARTH = timedelta(hours=14)
"""The farthest any calendar on earth is ahead of UTC."""


def latest_date_on_earth(now: datetime) -> date:
    """Return today's date where it is latest: elsewhere a completion of that day lies ahead, but not there."""
    return (now + EARTH).date()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside the records: the same for every record of one call."""

    catalogue: Catalogue
    now: datetime
    activities: Mapping[str, Activity]
    """Activities by id."""
    day_quarters: Mapping[tuple[str, str, str, date], int]
    """What a learner holds of a board on a day over all of a provider's activities, as (provider, learner, board, day).

    What others reported is not the provider's to know, not even as a sum.
    """
    support: str
    """Whom to ask when nothing else helps."""

    def activity_of(self, report: CompletionReport) -> Activity | None:
        """Return a report's activity, if it is the provider's; another's is as if it did not exist.

        So is a live one for a report of the sandbox, and the other way round.
        """
        activity = self.activities.get(report.activity_id) if report.activity_id else None
        if activity is None or activity.provider_id != report.provider_id or activity.sandbox != report.sandbox:
            return None
        return activity


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One record before the rules."""

    report: CompletionReport
    facts: Facts
    activity: Activity | None
    match: Match
    standing: Standing
    placement: Placement | None
    corrects: Completion | None = None
    """The completion that the record is a correction of, as it stands; `standing` is then what stands beside it."""
    moc_parts: tuple[tuple[str, MocPart, Board], ...] = ()
    """The MOC parts of known boards, with their pointers: half of all rules go through them."""
    amounts: tuple[tuple[str, Amount], ...] = ()
    """Every amount of the record with its pointer."""
    row_target: RowTarget | None = None
    """What a delete or an update is about; None for every other record, and where nobody can be looked for."""

    @property
    def learner(self) -> Learner | None:
        """The learner meant, when exactly one is."""
        return self.match.learner if self.match.result is Result.ONE else None

    @property
    def day(self) -> date | None:
        """The completion date, when it can be read."""
        day = self.report.completed_on
        return None if isinstance(day, Unparsed) else day

    @property
    def registered(self) -> Activity:
        """The activity, for rules that need it."""
        assert self.activity is not None
        return self.activity

    @property
    def completed(self) -> date:
        """The completion date, for rules that need it."""
        assert self.day is not None
        return self.day

    @property
    def placed(self) -> Placement:
        """The record's place, for rules that need it."""
        assert self.placement is not None
        return self.placement

    @property
    def beside(self) -> Iterable[Credit]:
        """Credit that holds in the completion beside what the record asks for; none where it has no place."""
        return self.placement.beside if self.placement is not None else ()

    def cme_boards(self, cme: CmePart) -> tuple[Board, ...]:
        """Return the boards that a CME part's state may mean."""
        return self.facts.catalogue.licensing(cme.state, self.day) if cme.state else ()

    def board(self, moc: MocPart) -> Board | None:
        """Return the certifying board of a MOC part, if it is a known one."""
        return self.facts.catalogue.certifying(moc.board, self.day) if moc.board else None

    @property
    def activity_status(self) -> ActivityStatus:
        """The activity's status today."""
        return self.registered.status(self.facts.now.date())


def subject_of(report: CompletionReport, match: Match) -> str | None:
    """Return whom a record is about: the matched learner, or for REMS only the provider's own id of the person."""
    if match.learner is not None:
        return match.learner.physician_id
    if report.rems_only and report.rems is not None and report.rems.local_id:
        return rems_subject(report.provider_id, report.rems.local_id)
    return None


def case_of(
    report: CompletionReport, facts: Facts, match: Match, standing: Standing, corrects: Completion | None = None
) -> Case:
    """Put a record before the rules: look up its activity, and find its place among what stands."""
    activity = facts.activity_of(report)
    placement = row_target = None
    day = report.completed_on
    if report.action in _SEEKING and activity is not None and isinstance(day, date) and subject_of(report, match):
        row_target = seek(report, day, match, standing, facts.catalogue)
    if report.action is Action.UPDATE and row_target is not None and row_target.completion is not None:
        corrects = row_target.completion
        # When the record came stays as it was: a late correction is no late report.
        report = replace(report, received_at=corrects.submitted_at)
    if corrects is not None:
        standing = standing.without(corrects.completion_id)
    if match.learner is not None and report.cme and report.action is not Action.DELETE:
        cme = tuple(_where_it_stands(report, match, standing, corrects, facts.catalogue))
        if cme != match.cme:
            match = replace(match, cme=cme)
    placed = report.action is not Action.DELETE and (report.action is not Action.UPDATE or corrects is not None)
    if placed and activity is not None and isinstance(day, date):
        targets = tuple(_targets(report, day, activity, match, facts.catalogue)) if match.learner is not None else ()
        if targets or report.rems_only:
            if corrects is None:
                placement = place(targets, report.rems, day, report.occasion, standing)
            else:
                now = (activity.activity_id, subject_of(report, match), day)
                stays = now == (corrects.activity_id, corrects.subject, corrects.completed_on)
                placement = place_correction(
                    targets,
                    report.rems,
                    day,
                    report.occasion,
                    standing,
                    corrects,
                    stays=stays,
                    partly=report.action is Action.UPDATE,
                )
    return Case(
        report=report,
        facts=facts,
        activity=activity,
        match=match,
        standing=standing,
        placement=placement,
        corrects=corrects,
        moc_parts=tuple(_moc_parts(report, day if isinstance(day, date) else None, facts.catalogue)),
        amounts=tuple(report.amounts()),
        row_target=row_target,
    )


def _moc_parts(
    report: CompletionReport, day: date | None, catalogue: Catalogue
) -> Iterator[tuple[str, MocPart, Board]]:
    for index, moc in enumerate(report.moc):
        board = catalogue.certifying(moc.board, day) if moc.board else None
        if board is not None:
            yield f"/moc/{index}", moc, board


def _where_it_stands(
    report: CompletionReport, match: Match, standing: Standing, corrects: Completion | None, catalogue: Catalogue
) -> Iterator[tuple[Holding, ...]]:
    """Yield the licences of each CME part, those of the board that has its credit already where a state has several.

    A learner may be licensed by another board of the state since then: the same record is still the same one, and a
    correction moves no credit from board to board that was not asked to.
    """
    assert match.learner is not None
    day = report.completed_on
    credits = [c for each in (standing.on(day) if isinstance(day, date) else ()) for c in each.credits]
    if corrects is not None and corrects.subject == match.learner.physician_id:
        credits = list(corrects.credits)
    if not credits:
        yield from match.cme
        return
    held = {each.board for each in credits if each.holds}
    taken = {license_.board for licenses in match.cme for license_ in licenses}
    for cme, licenses in zip(report.cme, match.cme, strict=True):
        meant = {board.code for board in catalogue.licensing(cme.state)} if cme.state and not cme.license_id else set()
        kept = match.learner.licensed_by(frozenset(meant & held - taken))
        yield kept[:1] if kept and len(licenses) == 1 and licenses[0].board not in held else licenses


def canonical_type(text: str, board: Board, activity: Activity) -> str:
    """Return the name under which a credit type is kept: the board's own, else as the activity registered it."""
    known = board.credit_type(text)
    if known is not None:
        return known.name
    registration = activity.registration(board.code)
    registered = registration.credit_types if registration else ()
    return next((name for name in registered if code_key(name) == code_key(text)), text)


def _targets(
    report: CompletionReport, day: date, activity: Activity, match: Match, catalogue: Catalogue
) -> Iterator[Target]:
    """Yield the credits a record asks for, as far as they can be read; what cannot has its own finding."""
    for index, (cme, licenses) in enumerate(zip(report.cme, match.cme, strict=True)):
        quarters = quarters_of(cme.credits)
        for license_ in licenses if quarters is not None else ():
            board = catalogue.boards[license_.board].on(day)
            yield Target(
                pointer=f"/cme/{index}",
                kind=CreditKind.CME,
                board=license_.board,
                quarters=quarters or 0,
                credit_types=_special_credits(cme, board),
                client_references=_references(report.client_reference, cme.client_reference, cme.special_credits),
                number_reported=cme.license_id,
                holding=license_,
                once_per_day=False,
            )
    for index, (moc, certification) in enumerate(zip(report.moc, match.moc, strict=True)):
        certifying = catalogue.certifying(moc.board, day) if moc.board else None
        if certifying is None or certification is None or moc.total_quarters is None:
            continue
        yield Target(
            pointer=f"/moc/{index}",
            kind=CreditKind.MOC,
            board=certifying.code,
            quarters=moc.total_quarters,
            credit_types=tuple(
                (canonical_type(each.type, certifying, activity), amount)
                for each in moc.credit_types
                if each.type and (amount := quarters_of(each.credits)) is not None
            ),
            client_references=_references(report.client_reference, moc.client_reference, moc.credit_types),
            number_reported=moc.board_id,
            holding=certification,
            once_per_day=certifying.counts_once_per_day(activity.kind.code if activity.kind else ""),
        )


def _references(record: str | None, part: str | None, types: Iterable[TypeAmount]) -> tuple[str, ...]:
    """Return the sender's own keys of a credit, from the record down to its types, each once."""
    given = [each for each in (record, part, *[each.client_reference for each in types]) if each]
    return tuple(dict.fromkeys(given)) if given else ()


def _special_credits(cme: CmePart, board: Board) -> tuple[tuple[str, float], ...]:
    """Return a CME part's special credits as one board keeps them, none where the board knows none of them."""
    if not cme.special_credits:
        return ()
    names = {code_key(name): name for name in board.special_credits}
    return tuple(
        (names[code_key(each.type)], amount)
        for each in cme.special_credits
        if each.type and code_key(each.type) in names and (amount := quarters_of(each.credits)) is not None
    )

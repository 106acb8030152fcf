"""Builders and a bench for judging one record in memory: no database, no HTTP, the real catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from msgspec.structs import replace

from app.domain.activities import Activity, Registration
from app.domain.boards import Span
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery, Gone, Outcome
from app.domain.findings import Finding, Severity
from app.domain.identity.candidates import Candidates
from app.domain.identity.comparison_keys import full_name_key
from app.domain.identity.learners import Holding, Learner, Person, WrittenName
from app.domain.identity.matches import NOT_ASKED, Match
from app.domain.parsing import MonthDay, Unparsed
from app.domain.reports import Action, Amount, CmePart, CompletionReport, MocPart, RemsPart, TypeAmount
from app.matching.exact import find_learner
from app.rules.activities import judge_activity
from app.rules.case import Facts, Placement
from app.rules.catalogue import load_catalogue
from app.rules.judge import judge
from app.rules.offers import Offers
from app.rules.placement import place
from app.rules.row_target import RowTarget
from app.rules.standing import Standing

PROVIDER = "0008001"
ACTIVITY_ID = "201759558"
NOW = datetime(2021, 12, 20, 15, 0, tzinfo=UTC)
DAY = date(2021, 12, 12)
NPI = "1234567893"
OTHER_NPI = "1003000126"
LINK = "lrn_rebecca"
CATALOGUE = load_catalogue()

ONE_TYPE = {
    "ABA": "Lifelong Learning",
    "ABIM": "Medical Knowledge",
    "ABO": "Lifelong Learning",
    "ABOHNS": "Self-Assessment",
    "ABOS": "Self-Assessment",
    "ABP": "Lifelong Learning and Self-Assessment",
    "ABPMR": "Lifelong Learning",
    "ABPath": "Lifelong Learning",
    "ABS": "Accredited CME",
    "ABTS": "Self-Assessment",
}
"""Every certifying board with one credit type that an activity may register for it."""

BOARD_IDS = {code: str(100001 + place) for place, code in enumerate(ONE_TYPE)}
"""The number by which each board knows the learner of the tests."""

ACCREDITED = Span(since=date(2000, 1, 1), until=date(2049, 12, 31))
"""The time of the accreditation of the provider of activities that are judged."""


def a_registration(board: str = "ABIM", *types: str, **fields: Any) -> Registration:
    """One type of the board and, for ABA's sake, one outline area, unless told otherwise."""
    defaults: dict[str, Any] = {"credit_types": types or (ONE_TYPE[board],), "content_outline": ("1.2",)}
    return Registration(board=board, **(defaults | fields))


def an_activity(*registrations: Registration, **fields: Any) -> Activity:
    """A live course of 2021 with ten credits, registered for every certifying board, that lacks nothing."""
    defaults: dict[str, Any] = {
        "activity_id": ACTIVITY_ID,
        "provider_id": PROVIDER,
        "title": "A course",
        "format": "live-course",
        "start_date": date(2021, 1, 1),
        "end_date": date(2021, 12, 31),
        "ama_pra_credits": 10.0,
        "description": "A course of the tests.",
        "providership": "direct",
        "delivery_methods": ("online",),
        "listing_public": False,
        "registrations": registrations or tuple(a_registration(board) for board in ONE_TYPE),
    }
    return Activity(**(defaults | fields))


def a_learner(
    physician_id: str = "learner-1",
    *,
    first_name: str = "Rebecca",
    last_name: str = "Test",
    other_last_names: Sequence[str] = (),
    middle_name: str = "",
    suffix: str = "",
    birth_date: str | None = "02/01",
    npi: str | None = NPI,
    licenses: Mapping[str, str] | None = None,
    certifications: Mapping[str, str] | None = None,
    dates: Span | None = None,
) -> Learner:
    """Rebecca Test: licensed in Tennessee, Maine and North Carolina, certified by every board."""
    if licenses is None:
        licenses = {"TN-M": "444444", "ME-M": "MD9977", "ZZNC": "2001-00123"}
    held = BOARD_IDS if certifications is None else certifications
    return Learner(
        physician_id=physician_id,
        names=frozenset(full_name_key(first_name, last) for last in (last_name, *other_last_names)),
        written=tuple(WrittenName(first_name, last, middle_name, suffix) for last in (last_name, *other_last_names)),
        birth_date=birth_date,
        npi=npi,
        licenses=tuple(Holding(board=board, number=number, dates=dates) for board, number in licenses.items()),
        certifications=tuple(Holding(board=board, number=number) for board, number in held.items()),
    )


def a_person(**fields: Any) -> Person:
    """Rebecca Test as a sender writes her."""
    defaults: dict[str, Any] = {"first_name": "Rebecca", "last_name": "Test", "birth_date": MonthDay(2, 1)}
    return Person(**(defaults | fields))


def a_cme(state: str | None = "TN", credits: Amount = 2.0, license_id: str | None = None, **fields: Any) -> CmePart:
    """CME for one state; no licence number is needed to find Rebecca."""
    return CmePart(state=state, credits=credits, license_id=license_id, **fields)


def a_special(credits: Amount = 1.0, type: str | None = "Controlled Substance") -> tuple[TypeAmount, ...]:
    """One special credit."""
    return (TypeAmount(type=type, credits=credits),)


def types_of(**types: Amount) -> tuple[TypeAmount, ...]:
    """Credit types by keyword, underscores for spaces."""
    return tuple(TypeAmount(type=name.replace("_", " "), credits=amount) for name, amount in types.items())


def a_moc(board: str | None = "ABIM", total: Amount = 2.0, **fields: Any) -> MocPart:
    """Points of one board: as much of its one type as the total, with Rebecca's id there."""
    defaults: dict[str, Any] = {
        "board_id": BOARD_IDS.get(board or "", "000000"),
        "credit_types": (TypeAmount(type=ONE_TYPE.get(board or "", "Lifelong Learning"), credits=total),),
    }
    return MocPart(board=board, total_credits=total, **(defaults | fields))


def a_rems(**fields: Any) -> RemsPart:
    """A physician's participation in risk-mitigation education."""
    return RemsPart(**({"local_id": "17", "profession": "Physician"} | fields))


def a_report(*parts: CmePart | MocPart | RemsPart, **fields: Any) -> CompletionReport:
    """Rebecca's completion of the course on 2021-12-12; two hours of CME for Tennessee unless parts are given."""
    given = parts or (a_cme(),)
    defaults: dict[str, Any] = {
        "provider_id": PROVIDER,
        "activity_id": ACTIVITY_ID,
        "completed_on": DAY,
        "permission": True,
        "person": a_person(),
        "cme": tuple(part for part in given if isinstance(part, CmePart)),
        "moc": tuple(part for part in given if isinstance(part, MocPart)),
        "rems": next((part for part in given if isinstance(part, RemsPart)), None),
        "received_at": NOW,
    }
    return CompletionReport(**(defaults | fields))


def a_credit(board: str = "TN-M", credits: float = 2, **fields: Any) -> Credit:
    """A credit that stands, pending: Rebecca's two hours for Tennessee."""
    kind = CreditKind.MOC if board in ONE_TYPE else CreditKind.CME
    quarters = round(credits * 4)
    defaults: dict[str, Any] = {
        "credit_id": f"credit-{board}",
        "kind": kind,
        "board": board,
        "number_reported": None,
        "number_on_file": None,
        "quarters": quarters,
        "credit_types": ((ONE_TYPE[board], quarters),) if kind is CreditKind.MOC else (),
        "client_references": (),
        "status": CreditStatus.PENDING,
        "delivery": Delivery.BOARD,
        "status_reason": None,
        "status_at": NOW,
        "once_per_day": board in ("ABA", "ABP"),
    }
    return Credit(**(defaults | fields))


def a_completion(*credits: Credit, **fields: Any) -> Completion:
    """A completion that stands on 2021-12-12 with its credits."""
    day, occasion = fields.get("completed_on", DAY), fields.get("occasion", 1)
    defaults: dict[str, Any] = {
        "completion_id": f"completion-{day}-{occasion}",
        "provider_id": PROVIDER,
        "activity_id": ACTIVITY_ID,
        "physician_id": "learner-1",
        "subject": "learner-1",
        "learner_id": LINK,
        "completed_on": DAY,
        "occasion": 1,
        "first_name": "Rebecca",
        "last_name": "Test",
        "birth_date": "02/01",
        "npi": None,
        "rems": None,
        "entry_method": "api",
        "client_id": "client",
        "batch_id": None,
        "submitted_at": NOW,
        "updated_at": NOW,
        "version": 1,
        "withdrawn_at": None,
        "catalogue": CATALOGUE.digest,
        "credits": credits or (a_credit(),),
    }
    return Completion(**(defaults | fields))


@dataclass(frozen=True)
class Verdict:
    """What the rules said about a record, who was found, and where it goes."""

    report: CompletionReport
    findings: tuple[Finding, ...]
    match: Match
    placement: Placement | None
    row_target: RowTarget | None = None

    @property
    def rejects(self) -> set[str]:
        """Rules that refuse the record."""
        return {finding.rule for finding in self.findings if finding.rejects}

    @property
    def warns(self) -> set[str]:
        """Rules that warn of it."""
        return {finding.rule for finding in self.findings if finding.severity is Severity.WARNING}

    @property
    def outcome(self) -> Outcome | None:
        """What becomes of it, as the service decides it."""
        if self.rejects:
            return Outcome.REJECTED
        if self.report.action is Action.DELETE and self.row_target is not None:
            return Outcome.UNCHANGED if self.row_target.gone else Outcome.DELETED
        return self.placement.outcome if self.placement else None

    @property
    def boards(self) -> tuple[str, ...]:
        """Boards that its credits go to."""
        return tuple(target.board for target in self.placement.targets) if self.placement else ()

    def pointers(self, rule: str) -> list[str]:
        """Where a rule found its faults."""
        return [finding.pointer for finding in self.findings if finding.rule == rule]

    def hint(self, rule: str) -> str:
        """What a rule advises, its first time."""
        return next(finding.hint for finding in self.findings if finding.rule == rule)


def judged(
    report: CompletionReport | None = None,
    *,
    learners: Iterable[Learner] | None = None,
    activity: Activity | None = None,
    standing: Iterable[Completion] = (),
    gone: Iterable[Gone] = (),
    now: datetime = NOW,
    day_quarters: Mapping[tuple[str, str, str, date], int] | None = None,
    corrects: Completion | None = None,
    others: Sequence[Completion] = (),
    accredited: bool = True,
    unpermitted: Collection[tuple[str, str, str | None, date | None]] = (),
    offers: Offers | None = None,
) -> Verdict:
    """Find, place and judge one record as `app.services.reporting` does.

    What was said of its offer before, and that nothing was, makes no difference.
    """
    report = report or a_report()
    activity = activity or an_activity()
    people = tuple(learners) if learners is not None else (a_learner(),)
    facts = Facts(
        catalogue=CATALOGUE,
        now=now,
        activities={activity.activity_id: activity},
        day_quarters=day_quarters or {},
        support="help@example.org",
        unaccredited=frozenset() if accredited else frozenset([activity.activity_id]),
        unpermitted=frozenset(unpermitted),
    )
    candidates = Candidates.of(people, {(PROVIDER, LINK): people[0].physician_id} if people else {})
    match = NOT_ASKED
    if facts.activity_of(report) is not None:
        match = find_learner(report, candidates, CATALOGUE)
    case = place(report, facts, match, Standing(list(standing), set(gone)), corrects, others)
    findings, known = judge(case), offers if offers is not None else Offers()
    assert judge(case, known) == judge(case, known) == findings
    return Verdict(report, findings, match, case.placement, case.row_target)


def kept(verdict: Verdict, standing: Sequence[Completion] = ()) -> list[Completion]:
    """Return what stands after an accepted record has taken its place."""
    placement = verdict.placement
    assert placement is not None and not verdict.rejects, verdict.rejects
    if placement.outcome is Outcome.UNCHANGED:
        return list(standing)
    assert not isinstance(verdict.report.completed_on, Unparsed)
    fresh = tuple(
        a_credit(
            target.board,
            target.quarters / 4,
            credit_types=tuple((name, int(quarters)) for name, quarters in target.credit_types),
            client_references=target.client_references,
        )
        for target in placement.fresh
    )
    rems = verdict.report.rems
    if placement.joins is None:
        made = a_completion(completed_on=verdict.report.completed_on, occasion=placement.occasion, rems=rems)
        return [*standing, replace(made, credits=fresh)]
    joined = placement.joins.with_credits(fresh, NOW)
    if placement.rems_fresh:
        joined = replace(joined, rems=rems)
    return [joined if completion.completion_id == joined.completion_id else completion for completion in standing]


def advised(activity: Activity, accredited: Span = ACCREDITED, *, joint: bool = False) -> tuple[set[str], set[str]]:
    """Return the rules that refuse an activity, and those that warn of it."""
    findings = judge_activity(replace(activity, jointly_accredited=joint), CATALOGUE, accredited)
    return (
        {finding.rule for finding in findings if finding.rejects},
        {finding.rule for finding in findings if finding.severity is Severity.WARNING},
    )

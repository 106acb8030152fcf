"""The proof that every board's file carries with it: short records, and the rules that refuse them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.domain.activities import Activity, Registration
from app.domain.boards import Board
from app.domain.catalogue import Catalogue
from app.domain.identity import Match, Result
from app.domain.learners import Holding, Learner, Person
from app.domain.readings import MonthDay
from app.domain.reports import CompletionReport, MocPart, TypeAmount
from app.rules.case import Facts, case_of
from app.rules.judge import judge
from app.rules.placement import Standing

_NUMBER = "123456"
_PERSON = Person(first_name="Ada", last_name="Example", birth_date=MonthDay(3, 14))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An example that does not come out as its file says."""

    board: str
    says: str
    expected: tuple[str, ...]
    found: tuple[str, ...]


def failed(catalogue: Catalogue) -> Iterator[Failed]:
    """Yield every example of the catalogue that does not hold."""
    for code, examples in catalogue.examples.items():
        for each in examples:
            found = refusals(catalogue, catalogue.boards[code], each["report"])
            if found != set(each["expect"]):
                yield Failed(
                    board=code, says=each["says"], expected=tuple(sorted(each["expect"])), found=tuple(sorted(found))
                )


def refusals(catalogue: Catalogue, board: Board, given: Mapping[str, Any]) -> set[str]:
    """Return the rules that refuse an example's record. All that the example leaves open is taken to be right."""
    day: date = given["completed_on"]
    types = tuple(given["types"]) or tuple(each.name for each in board.credit_types) or ("Lifelong Learning",)
    activity = Activity(
        activity_id="123456789", provider_id="0000000", title="Example", format="live-course",
        start_date=date(day.year, 1, 1), end_date=date(day.year, 12, 31), ama_pra_credits=1000,
        delivery_methods=("online",), description="Example", providership="direct", listing_public=False,
        registrations=(
            Registration(board=board.code, credit_types=tuple(dict.fromkeys(board.type_name(name) for name in types))),
        ),
    )  # fmt: skip
    held = Holding(board=board.code, number=_NUMBER)
    learner = Learner(
        learner_id="example", names=frozenset({_PERSON.name}), birth_date=str(_PERSON.birth_date), npi=None,
        licenses=(), certifications=(held,),
    )  # fmt: skip
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    report = CompletionReport(
        provider_id=activity.provider_id,
        activity_id=activity.activity_id,
        completed_on=day,
        permission=True,
        person=_PERSON if given.get("birth_date", True) else Person(first_name="Ada", last_name="Example"),
        moc=(
            MocPart(
                board=board.code,
                board_id=_NUMBER if given.get("board_id", True) else None,
                total_credits=given["total"],
                credit_types=tuple(TypeAmount(type=name, credits=amount) for name, amount in given["types"].items()),
            ),
        ),
        received_at=now,
    )
    facts = Facts(
        catalogue=catalogue,
        now=now,
        activities={activity.activity_id: activity},
        day_quarters={},
        support="the operator",
    )
    match = Match(result=Result.ONE, learner=learner, moc=(held,))
    findings = judge(case_of(report, facts, match, Standing()))
    return {finding.rule for finding in findings if finding.rejects}

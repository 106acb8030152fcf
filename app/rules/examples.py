"""The examples in every board's file: short records, and the rules that refuse them. They prove the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from app.domain.activities import Activity, Registration
from app.domain.boards import Board, BoardKind
from app.domain.catalogue import Catalogue
from app.domain.identity.learners import Holding, Learner, Person
from app.domain.identity.matches import Match, Result
from app.domain.parsing import MonthDay
from app.domain.reports import CmePart, CompletionReport, MocPart, TypeAmount
from app.rules.case import Facts
from app.rules.judge import judge
from app.rules.placement import place
from app.rules.standing import Standing

_NUMBER = "123456"
_PERSON = Person(first_name="Ada", last_name="Example", birth_date=MonthDay(3, 14))


class FailedExample(msgspec.Struct, frozen=True, kw_only=True):
    """An example that does not come out as its file says."""

    board: str
    says: str
    expected: tuple[str, ...]
    found: tuple[str, ...]


def find_failures(catalogue: Catalogue) -> Iterator[FailedExample]:
    """Yield every example of the catalogue that does not hold."""
    for code, examples in catalogue.examples.items():
        board = catalogue.boards[code]
        for example in examples:
            day = example["report"]["completed_on"]
            expected, found = set(example["expect"]), judge_example(catalogue, board, example["report"])
            sent = board.on(day).is_sent(day)
            if example["sent"] is not None and example["sent"] is not sent:
                expected, found = {_SENT[example["sent"]]}, {_SENT[sent]}
            if found != expected:
                yield FailedExample(
                    board=code, says=example["says"], expected=tuple(sorted(expected)), found=tuple(sorted(found))
                )


_SENT = {True: "sent to the board", False: "for the transcript only"}


def judge_example(catalogue: Catalogue, board: Board, given: Mapping[str, Any]) -> set[str]:
    """Return the rules that refuse an example's record. Everything the example does not say is filled in correctly."""
    day: date = given["completed_on"]
    held = Holding(board=board.code, number=_NUMBER)
    licensing = board.kind is BoardKind.LICENSING
    types = () if licensing else tuple(given["types"]) or tuple(known.name for known in board.credit_types)
    activity = Activity(
        activity_id="123456789", provider_id="0000000", title="Example", format="live-course",
        start_date=date(day.year, 1, 1), end_date=date(day.year, 12, 31), ama_pra_credits=1000,
        delivery_methods=("online",), description="Example", providership="direct", listing_public=False,
        registrations=()
        if licensing
        else (Registration(board=board.code, credit_types=tuple(dict.fromkeys(board.type_name(t) for t in types))),),
    )  # fmt: skip
    learner = Learner(
        physician_id="example", names=frozenset({_PERSON.name}), birth_date=str(_PERSON.birth_date), npi=None,
        licenses=(held,) if licensing else (), certifications=() if licensing else (held,),
    )  # fmt: skip
    report = CompletionReport(
        provider_id=activity.provider_id,
        activity_id=activity.activity_id,
        completed_on=day,
        permission=True,
        person=_PERSON if given.get("birth_date", True) else Person(first_name="Ada", last_name="Example"),
        cme=(_cme(board, given),) if licensing else (),
        moc=() if licensing else (_moc(board, given),),
        received_at=datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1),
    )
    facts = Facts(
        catalogue=catalogue,
        now=report.received_at,
        activities={activity.activity_id: activity},
        day_quarters={},
        support="the operator",
    )
    match = Match(
        result=Result.ONE, learner=learner, cme=((held,),) if licensing else (), moc=() if licensing else (held,)
    )
    findings = judge(place(report, facts, match, Standing()))
    return {finding.rule for finding in findings if finding.rejects}


def _cme(board: Board, given: Mapping[str, Any]) -> CmePart:
    special = tuple(TypeAmount(type=name, credits=amount) for name, amount in given.get("special", {}).items())
    return CmePart(state=board.code, license_id=_NUMBER, credits=given["credits"], special_credits=special)


def _moc(board: Board, given: Mapping[str, Any]) -> MocPart:
    return MocPart(
        board=board.code,
        board_id=_NUMBER if given.get("board_id", True) else None,
        total_credits=given["total"],
        credit_types=tuple(TypeAmount(type=name, credits=amount) for name, amount in given["types"].items()),
    )

"""The sandbox's fixtures: learners and activities that always have the same outcome, read from `sandbox.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from app.core.errors import OperatorFault
from app.domain.credits import Credit, CreditStatus, Delivery
from app.domain.decisions import Refusal
from app.domain.identity.learners import Holding, Learner, RegistryRow
from app.domain.parsing import MonthDay, read_month_day
from app.domain.sandbox import (
    PROVIDER_ID,
    CreditExpected,
    MagicActivity,
    MagicLearner,
    Row,
    Sandbox,
    Trouble,
)

FILE = Path(__file__).parent / "sandbox.toml"


@cache
def sandbox() -> Sandbox:
    """Return the sandbox as its file describes it; raises `OperatorFault`, or `TypeError` for an unknown field."""
    given = tomllib.loads(FILE.read_text(encoding="utf-8"))
    learners = tuple(_learner(**table) for table in given["learners"])
    activities = tuple(_activity(given["common"], **table) for table in given["activities"])
    people = {learner.name: learner.row for learner in learners}
    ids = {activity.internal_id: activity.activity_id for activity in activities}
    return Sandbox(
        provider_id=PROVIDER_ID,
        name=given["name"],
        learners=learners,
        activities=activities,
        rows=tuple(_row(people, ids, **table) for table in given["rows"]),
    )


def decided_by_sandbox(learner: Learner | None, credit: Credit) -> Credit:
    """Return a new credit with the decision of its board: for a magic learner, the board answers at once."""
    magic = sandbox().learner(learner.sandbox) if learner is not None and learner.sandbox else None
    if magic is None or credit.delivery is not Delivery.BOARD:
        return credit
    return replace(credit, status=magic.status, status_reason=magic.reason)


def trouble_of(internal_id: str | None) -> Trouble | None:
    """Return the trouble that reports for an activity of the sandbox run into, by its internal id; None for none."""
    magic = sandbox().activity(internal_id) if internal_id is not None else None
    return magic.trouble if magic is not None else None


def _learner(
    name: str,
    says: str,
    first_name: str,
    last_name: str,
    date_of_birth: str,
    licenses: list[str],
    board: str = "accepted",
    other_last_names: tuple[str, ...] = (),
    npi: str | None = None,
    certifications: tuple[str, ...] = (),
) -> MagicLearner:
    birth_date = read_month_day(date_of_birth)
    if not isinstance(birth_date, MonthDay):
        raise OperatorFault(f"{name}: no birth date")
    decided = board in (CreditStatus.PENDING, CreditStatus.ACCEPTED)
    return MagicLearner(
        name=name,
        says=says,
        row=RegistryRow(
            first_name=first_name,
            last_name=last_name,
            other_last_names=tuple(other_last_names),
            birth_date=birth_date,
            npi=npi,
            licenses=tuple(_holdings(licenses)),
            certifications=tuple(_holdings(certifications)),
        ),
        status=CreditStatus(board) if decided else CreditStatus.REJECTED,
        reason=None if decided else Refusal(board),
    )


def _holdings(given: list[str] | tuple[str, ...]) -> Iterator[Holding]:
    for holding in given:
        board, _, number = holding.partition(":")
        yield Holding(board=board, number=number)


def _activity(
    common: Mapping[str, Any],
    *,
    internal_id: str,
    activity_id: str,
    says: str,
    closed: bool = False,
    trouble: Mapping[str, Any] | None = None,
    **fields: Any,
) -> MagicActivity:
    body = {name: value for name, value in {**common, **fields}.items() if value is not False}
    if "moc" in body:
        body["moc"] = [{"practice_areas": ["Internal Medicine"], "attested": True} | given for given in body["moc"]]
    return MagicActivity(
        internal_id=internal_id,
        activity_id=activity_id,
        says=says,
        fields=body | {"internal_id": internal_id},
        closed=closed,
        trouble=Trouble(**trouble) if trouble is not None else None,
    )


def _row(
    people: Mapping[str, RegistryRow],
    ids: Mapping[str, str],
    *,
    section: str,
    says: str,
    answer: Mapping[str, Any],
    activity: str = "magic-open",
    on: str = "2025-06-02",
    who: str | None = None,
    learner: Mapping[str, Any] | None = None,
    npi: str | None = None,
    body: Mapping[str, Any] | None = None,
    before: tuple[Mapping[str, Any], ...] = (),
    **parts: Any,
) -> Row:
    sent: dict[str, Any] = {"activity_id": ids[activity], "completed_on": on, "permission": True}
    person = dict(learner or {})
    if who is not None:
        row = people[who]
        person = {"first_name": row.first_name, "last_name": row.last_name, "date_of_birth": str(row.birth_date)}
    if npi is not None:
        person["npi"] = npi
    if person:
        sent["learner"] = person
    sent |= _parts(parts) | dict(body or {})
    return Row(
        section=section,
        says=says,
        before=tuple(sent | _parts(parts_before) for parts_before in before),
        send=sent,
        status=answer["status"],
        code=answer.get("code"),
        outcome=answer.get("outcome"),
        rejects=tuple(answer.get("rejects", ())),
        warns=tuple(answer.get("warns", ())),
        credits=tuple(_expected(text) for text in answer.get("credits", ())),
        retry_after=answer.get("retry_after"),
    )


def _parts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a report in the shape of the API."""
    parts = dict(given)
    if "moc" in parts:
        parts["moc"] = [_points(**points) for points in parts["moc"]]
    return parts


def _points(board: str, total: float, types: Mapping[str, float], id: str | None = None) -> dict[str, Any]:
    known = {"board": board} if id is None else {"board": board, "board_id": id}
    listed = [{"type": name, "credits": credits} for name, credits in types.items()]
    return known | {"total_credits": total, "credit_types": listed}


def _expected(text: str) -> CreditExpected:
    """Read a credit of an answer: board, status, then a reason, or that it is for the transcript only."""
    board, status, *rest = text.split()
    transcript = Delivery.TRANSCRIPT_ONLY.value in rest
    return CreditExpected(
        board=board,
        status=CreditStatus(status),
        reason=Refusal(rest[0]) if rest and not transcript else None,
        delivery=Delivery.TRANSCRIPT_ONLY if transcript else Delivery.BOARD,
    )

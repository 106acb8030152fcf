"""Every row of the sandbox's table is sent, and answered as the table says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.credits import CreditStatus
from app.domain.parsing import is_npi
from app.domain.sandbox import PROVIDER_ID, Refusal, Row
from app.rules.engine import COMPLETION_RULES
from app.sandbox.fixtures import sandbox
from app.services.context import Service
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.refusals import footprint

DATABASES = ["sqlite"]

ACTIVITIES = "/v1/activities"


@pytest.fixture(autouse=True)
def soon_after(clock: ManualClock) -> None:
    """The table's warnings are those of reports within 30 days of the completion."""
    clock.now = datetime(2025, 6, 20, 12, tzinfo=UTC)


def differences(row: Row, answer: Answer) -> list[str]:
    """Return how an answer differs from what the table says."""
    body = answer.json
    credits = [(c["board"], c["status"], c["status_reason"], c["delivery"]) for c in body.get("credits", [])]
    seen: dict[str, Any] = {
        "status": answer.status,
        "code": body.get("code"),
        "outcome": body.get("outcome"),
        "rejects": tuple(sorted(answer.codes)),
        "warns": tuple(sorted(answer.warnings)),
        "credits": tuple(credits),
        "retry_after": answer.response.headers.get("Retry-After"),
    }
    said: dict[str, Any] = {
        "status": row.status,
        "code": row.code,
        "outcome": row.outcome,
        "rejects": row.rejects,
        "warns": row.warns,
        "credits": tuple((c.board, c.status.value, c.reason, c.delivery.value) for c in row.credits),
        "retry_after": None if row.retry_after is None else str(row.retry_after),
    }
    return [f"{row.says}: {name} is {seen[name]}, not {said[name]}" for name in said if seen[name] != said[name]]


def every_difference(api: Api, service: Service, own: dict[str, str]) -> list[str]:
    """Send the whole table, activity ids replaced by those of the client's own sandbox, and return what differs."""
    found: list[str] = []

    def report(body: Any) -> Answer:
        return api.report(body | {"activity_id": own.get(body["activity_id"], body["activity_id"])})

    for row in sandbox().rows:
        for body in row.before:
            assert report(body).status in (200, 201), row.says
        before = footprint(service) if row.status >= 400 else None
        found += differences(row, report(row.send))
        if before is not None and footprint(service) != before:
            found.append(f"{row.says}: something was stored")
    return found


def test_every_row_is_answered_as_the_table_says(http: TestClient, service: Service) -> None:
    api = api_of(http, service, test=True)
    found = every_difference(api, service, {})
    assert not found, "\n".join(found)
    settle(service)


def test_the_sandbox_of_a_provider_answers_like_the_shared_one(http: TestClient, service: Service) -> None:
    api = api_of(http, service, test=True, providers=["0008001"])
    listed = {activity["internal_id"]: activity["activity_id"] for activity in api.get(ACTIVITIES).json["data"]}
    own = {activity.activity_id: listed[activity.internal_id] for activity in sandbox().activities}
    assert own.keys().isdisjoint(own.values())
    found = every_difference(api, service, own)
    assert not found, "\n".join(found)
    settle(service)


def test_the_table_has_every_magic_learner_activity_and_answer_of_a_board() -> None:
    rows = sandbox().rows
    sent = [row.send.get("learner", {}) for row in rows]
    for learner in sandbox().learners:
        born = str(learner.row.birth_date)
        assert any(
            person.get("date_of_birth") == born or learner.row.last_name == person.get("last_name") for person in sent
        )
    assert {activity.activity_id for activity in sandbox().activities} <= {row.send["activity_id"] for row in rows}
    answered = [credit for row in rows for credit in row.credits]
    assert {credit.reason for credit in answered} == {None, *Refusal}
    assert {credit.status for credit in answered} == set(CreditStatus) - {CreditStatus.WITHDRAWN}
    assert {name for row in rows if row.code == "completion-rejected" for name in row.rejects} <= {*COMPLETION_RULES}
    assert len({(row.section, row.says) for row in rows}) == len(rows)


def test_numbers_of_magic_learners_are_valid_and_told_apart() -> None:
    learners = sandbox().learners
    assert all(is_npi(learner.row.npi) for learner in learners if learner.row.npi)
    held = [(n.board, n.key) for learner in learners for n in (*learner.row.licenses, *learner.row.certifications)]
    assert len(set(held)) == len(held)
    npis = [learner.row.npi for learner in learners if learner.row.npi]
    assert len(set(npis)) == len(npis)
    assert len({learner.name for learner in learners}) == len(learners)
    assert sandbox().provider_id == PROVIDER_ID

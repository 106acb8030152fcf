"""PARS documents taken over: as they were sent, and as they are answered with the status of each certificate."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from app.domain.credits import CreditStatus
from app.services.context import Service
from tests.builders.bodies import a_completion, john, tina
from tests.builders.past_records import PROVIDER
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import decide
from tests.harness.moving.installations import (
    COMPLETIONS,
    answering_for,
    everything,
    exported,
    import_bytes,
    lines_of,
    outcomes,
)

AT = datetime(2021, 12, 13, tzinfo=UTC)
BOTH = pytest.mark.parametrize("format", ["xml", "json"])


@pytest.fixture
def reported(api: Api) -> list[Any]:
    """Completions with keys and without, of CME and points."""
    bodies = (a_completion(reference="ccid:example.org:1"), john(), tina("2021-12-02", total=1.75))
    answers = [api.report(body) for body in bodies]
    assert {answer.status for answer in answers} == {201}
    return [answer.json for answer in answers]


def shown(api: Api, ids: set[str]) -> list[Any]:
    """What a list shows of some credits, but for what documents do not have."""
    return sorted(
        (
            {name: value for name, value in credit.items() if name not in ("status_at", "status")}
            | {"learner": record["learner"]["last_name"], "day": record["completed_on"]}
            for record in lines_of(exported(api, COMPLETIONS))
            for credit in record["credits"]
            if credit["credit_id"] in ids
        ),
        key=lambda credit: str(credit["credit_id"]),
    )


@BOTH
def test_a_document_is_taken_over_with_what_the_operator_says(
    api: Api, app: FastAPI, other: Service, tmp_path: Path, reported: list[Any], format: str
) -> None:
    """Credit without a key of its sender's keeps the id that it was given."""
    content = exported(api, COMPLETIONS, format, completed_from="2021-02-14", completed_to="2021-12-12")
    before = everything(other)
    silent = import_bytes(other, tmp_path, COMPLETIONS, content, name=f"sent.{format}")
    assert set(silent.outcomes) == {"refused"}
    assert {finding.rule for _, finding in silent.listed} == {"moved-day"}
    assert everything(other) == before
    said: dict[str, Any] = {"status": CreditStatus.ACCEPTED, "submitted": AT, "name": f"sent.{format}"}
    counts = import_bytes(other, tmp_path, COMPLETIONS, content, **said)
    assert (counts.outcomes["added"], counts.outcomes["refused"]) == (3, 0), counts.listed
    kept = {credit["credit_id"] for one in reported for credit in one["credits"] if not credit["client_references"]}
    here = shown(api, kept)
    answering_for(app, other)
    there = api_of(api.http, other, "Moved", providers=[PROVIDER])
    assert shown(there, kept) == here
    (by_key,) = there.completions(client_reference="ccid:example.org:1")
    assert (by_key["submitted_at"], by_key["credits"][0]["status"]) == ("2021-12-13T00:00:00Z", "accepted")
    standing = everything(other)
    again = import_bytes(other, tmp_path, COMPLETIONS, content, **said)
    assert again.outcomes["added"] == 0
    assert everything(other) == standing
    settle(other)


@BOTH
def test_an_answer_is_taken_over_with_its_statuses_and_ids(
    api: Api, app: FastAPI, service: Service, other: Service, tmp_path: Path, reported: list[Any], format: str
) -> None:
    decide(service, reported[1]["credits"][1]["credit_id"], "rejected")
    answer = api.send(
        "GET", f"/pars/learner-activities/{reported[1]['completion_id']}", headers={"Accept": f"application/{format}"}
    )
    assert answer.status == 200
    content = answer.response.content
    counts = import_bytes(other, tmp_path, COMPLETIONS, content, name=f"answer.{format}", submitted=AT)
    assert outcomes(counts) == {"read": 1, "added": 1}, counts.listed
    answering_for(app, other)
    there = api_of(api.http, other, "Moved", providers=[PROVIDER])
    stands = there.get(f"{COMPLETIONS}/{reported[1]['completion_id']}").json
    assert [(credit["board"], credit["status"]) for credit in stands["credits"]] == [
        ("TN-M", "pending"),
        ("ABIM", "rejected"),
    ]
    again = import_bytes(other, tmp_path, COMPLETIONS, content, name=f"answer.{format}", submitted=AT)
    assert outcomes(again) == {"read": 1, "already-there": 1}, again.listed
    settle(other)


def test_a_rejected_report_comes_back_and_is_imported_once_it_is_mended(
    api: Api, other: Service, tmp_path: Path, reported: list[Any]
) -> None:
    content = exported(api, COMPLETIONS, "xml", completed_from="2021-12-02", completed_to="2021-12-02")
    broken = re.sub(rb"35867909", b"99999999", re.sub(rb"Karacme", b"Nobody", content))
    left = tmp_path / "left.xml"
    said: dict[str, Any] = {"status": CreditStatus.PENDING, "submitted": AT, "rejected": left}
    counts = import_bytes(other, tmp_path, COMPLETIONS, broken, name="sent.xml", **said)
    assert outcomes(counts) == {"read": 1, "refused": 1}
    mended = left.read_bytes().replace(b"Nobody", b"Karacme").replace(b"99999999", b"35867909")
    assert b"learner-unmatched" in mended
    again = import_bytes(other, tmp_path, COMPLETIONS, mended, name="mended.xml", **said)
    assert outcomes(again) == {"read": 1, "added": 1}, again.listed


def test_a_document_of_what_lines_brought_is_there_already(
    api: Api, other: Service, tmp_path: Path, reported: list[Any]
) -> None:
    """It does not say how records came, nor when: that is no difference."""
    days = {"completed_from": "2021-02-14", "completed_to": "2021-12-12"}
    assert outcomes(import_bytes(other, tmp_path, COMPLETIONS, exported(api, COMPLETIONS, **days)))["added"] == 3
    said: dict[str, Any] = {"status": CreditStatus.PENDING, "submitted": AT}
    for format in ("xml", "json"):
        content = exported(api, COMPLETIONS, format, **days)
        again = import_bytes(other, tmp_path, COMPLETIONS, content, name=f"sent.{format}", **said)
        assert outcomes(again).keys() == {"read", "already-there"}, again.listed

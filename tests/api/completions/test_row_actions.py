"""Deletes and updates by row, stored: what is withdrawn, what boards are told, what stays; and races for one credit."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.credits import CreditStatus, Outcome
from app.domain.parsing import MonthDay
from app.domain.reports import Action, CompletionReport
from app.services.context import Service, operator, transact
from app.services.registry import imports
from app.services.reporting import bulk
from app.store.sql import statements
from tests.builders.judging import a_cme, a_moc, a_person, a_rems, a_report, types_of
from tests.harness.api import Api
from tests.harness.board_views import decide
from tests.harness.submissions import delete, rehearse, submit, told, update
from tests.harness.wire import at_once

DATABASES = ["sqlite"]

COMPLETIONS = "/v1/learner-completions"
TYPES = {"ABA": ["Lifelong Learning"], "ABIM": ["Medical Knowledge"], "ABS": ["Accredited CME"]}
ADA = a_person(first_name="Ada", last_name="Row", birth_date=MonthDay(12, 10))
TN, ME = a_cme(license_id="881"), a_cme("ME")
ABIM = a_moc(board_id="100992")


pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def here(api: Api, service: Service) -> dict[str, Any]:
    """Ada, known to two states and three boards, and an activity of hers."""
    row = {
        "first_name": "Ada",
        "last_name": "Row",
        "other_last_names": "Column",
        "date_of_birth": "12/10",
        "licenses": "TN-M:881;ME-M:882",
        "certifications": "ABA:991;ABIM:100992;ABS:993",
    }
    imports.import_rows(service, [(1, imports.read_row(row, service.catalogue))])
    moc = [
        {"board": board, "points": 20, "credit_types": types, "content_outline": ["1.1"]}
        for board, types in TYPES.items()
    ]
    activity_id = api.register(ama_pra_credits=20, moc=moc, rems={"type": "opioid"}).json["activity_id"]
    return {"person": ADA, "activity_id": activity_id, "completed_on": date(2021, 12, 12)}


def only(service: Service, row: CompletionReport) -> Any:
    (submitted,) = submit(service, row)
    return submitted


def outcomes(submitted: Any) -> list[str]:
    return [result.outcome.value for result in submitted]


def statuses(api: Api, completion_id: str) -> dict[str, str]:
    answer = api.get(f"{COMPLETIONS}/{completion_id}")
    return {credit["board"]: credit["status"] for credit in answer.json["credits"]} if answer.status == 200 else {}


def events(service: Service, completion_id: str) -> list[tuple[str, str]]:
    query = "SELECT event, board FROM board_events WHERE completion_id = :id ORDER BY event_id"
    found = service.database.read(lambda connection: statements.fetch(connection, query, {"id": completion_id}))
    return [(event.removeprefix("credit."), board) for event, board in found]


def test_a_delete_withdraws_the_targets_it_names_and_the_last_one_takes_the_completion(
    api: Api, service: Service, here: dict[str, Any]
) -> None:
    made = only(service, a_report(TN, ABIM, **here)).completion.completion_id
    first = only(service, delete(a_moc(board_id="100992", total=None, credit_types=()), **here))
    assert (first.outcome, first.findings) == (Outcome.DELETED, ())
    assert statuses(api, made) == {"TN-M": "pending", "ABIM": "withdrawn"}
    last = only(service, delete(a_cme(credits=None), **here))
    assert last.outcome is Outcome.DELETED
    assert statuses(api, made) == {}
    history = api.get(f"{COMPLETIONS}/{made}/history").json["data"]
    assert [version["action"] for version in history] == ["withdrawn", "withdrawn", "created"]
    assert events(service, made)[2:] == [("withdrawn", "ABIM"), ("withdrawn", "TN-M")]


def test_a_delete_without_targets_withdraws_the_whole_completion(
    api: Api, service: Service, here: dict[str, Any]
) -> None:
    made = only(service, a_report(TN, ME, ABIM, **here)).completion.completion_id
    assert only(service, delete(**here)).outcome is Outcome.DELETED
    assert statuses(api, made) == {}
    assert api.completions(first_name="Ada") == []
    again = only(service, a_report(TN, ME, ABIM, **here))
    assert again.outcome is Outcome.CREATED
    assert again.completion.completion_id != made


def test_what_is_gone_is_unchanged_in_the_same_piece_and_in_a_later_one(service: Service, here: dict[str, Any]) -> None:
    rows = [a_report(TN, **here), delete(TN, **here), delete(TN, **here), delete(**here)]
    assert outcomes(submit(service, *rows)) == ["created", "deleted", "unchanged", "unchanged"]
    later = submit(service, delete(TN, **here), delete(**here))
    assert outcomes(later) == ["unchanged", "unchanged"]
    assert {finding.rule for row in later for finding in row.findings} == {"already-withdrawn"}
    assert only(service, delete(ME, **here)).outcome is Outcome.REJECTED


def test_a_delete_frees_the_day_of_a_one_a_day_board_for_the_row_after_it(
    service: Service, here: dict[str, Any]
) -> None:
    aba = [a_moc("ABA", total, board_id="991") for total in (1.0, 2.0)]
    rows = [a_report(aba[0], **here), a_report(aba[1], **here), delete(aba[0], **here), a_report(aba[1], **here)]
    assert outcomes(submit(service, *rows)) == ["created", "rejected", "deleted", "created"]


def test_a_delete_gives_the_maximum_back(service: Service, here: dict[str, Any]) -> None:
    other = here | {"completed_on": date(2021, 12, 13)}
    full = replace(TN, credits=20.0)
    rows = [a_report(full, **here), a_report(TN, **other), delete(**here), a_report(TN, **other)]
    assert outcomes(submit(service, *rows)) == ["created", "rejected", "deleted", "created"]


def test_what_its_board_decided_is_withdrawn_as_well(api: Api, service: Service, here: dict[str, Any]) -> None:
    for verdict in ("accepted", "rejected"):
        made = only(service, a_report(TN, ABIM, **here)).completion
        credit_id = next(credit.credit_id for credit in made.credits if credit.board == "ABIM")
        decide(service, credit_id, verdict)
        assert only(service, delete(ABIM, **here)).outcome is Outcome.DELETED
        assert statuses(api, made.completion_id)["ABIM"] == "withdrawn"
        assert only(service, delete(**here)).outcome is Outcome.DELETED


def test_rems_goes_with_the_last_credit_when_the_row_names_it_too(
    api: Api, service: Service, here: dict[str, Any]
) -> None:
    both = a_report(TN, a_rems(), **here)
    made = only(service, both).completion.completion_id
    assert only(service, delete(TN, **here)).outcome is Outcome.DELETED
    assert api.get(f"{COMPLETIONS}/{made}").status == 200
    assert only(service, delete(**here)).outcome is Outcome.DELETED
    assert only(service, delete(**here)).outcome is Outcome.UNCHANGED
    made = only(service, both).completion.completion_id
    assert only(service, delete(TN, a_rems(), **here)).outcome is Outcome.DELETED
    assert api.get(f"{COMPLETIONS}/{made}").status == 404


def test_somebody_who_is_no_physician_is_deleted_by_local_identifier(service: Service, here: dict[str, Any]) -> None:
    nurse = a_report(a_rems(local_id="n-1", profession="Nurse"), **(here | {"person": a_person()}))
    gone = replace(nurse, action=Action.DELETE)
    other = replace(gone, rems=a_rems(local_id="n-2"))
    assert outcomes(submit(service, nurse, gone, gone, other)) == ["created", "deleted", "unchanged", "rejected"]
    assert outcomes(submit(service, gone, nurse, gone, at_once=1)) == ["unchanged", "created", "deleted"]


def test_of_another_provider_nothing_is_touched(api: Api, service: Service, here: dict[str, Any]) -> None:
    made = only(service, a_report(TN, **here)).completion.completion_id
    for row in (delete(**here), delete(TN, **here), update(TN, **here)):
        (theirs,) = transact(operator(service, "0008002"), bulk.submit_all, [replace(row, provider_id="0008002")])
        assert [finding.rule for finding in theirs.findings] == ["activity-known"]
    assert statuses(api, made) == {"TN-M": "pending"}


def test_an_update_corrects_what_it_names_under_the_same_ids(api: Api, service: Service, here: dict[str, Any]) -> None:
    tn = replace(TN, client_reference="ccid:a:1")
    before = only(service, a_report(tn, ME, ABIM, **here)).completion
    row = update(replace(TN, credits=3.0, license_id=None), a_moc(board_id="100992"), **here)
    after = only(service, row)
    assert (after.outcome, after.completion.version) == (Outcome.UPDATED, 2)
    assert [credit.credit_id for credit in after.completion.credits] == [credit.credit_id for credit in before.credits]
    corrected, *same = after.completion.credits
    assert (corrected.quarters, corrected.client_references, corrected.number_reported) == (12, ("ccid:a:1",), "881")
    assert same == list(before.credits[1:])
    assert events(service, before.completion_id)[3:] == [("corrected", "TN-M")]
    assert only(service, row).outcome is Outcome.UNCHANGED
    history = api.get(f"{COMPLETIONS}/{before.completion_id}/history").json["data"]
    assert [version["action"] for version in history] == ["updated", "created"]


def test_an_update_leaves_alone_what_it_does_not_name_whatever_its_board_said(
    service: Service, here: dict[str, Any]
) -> None:
    made = only(service, a_report(TN, ABIM, **here)).completion
    decide(service, made.credits[1].credit_id, "rejected")
    named = replace(here["person"], last_name="Column")
    row = update(replace(TN, credits=3.0), **(here | {"person": named}))
    after = only(service, row).completion
    assert [credit.status for credit in after.credits] == [CreditStatus.PENDING, CreditStatus.REJECTED]
    assert after.last_name == "Row"


def test_what_was_rejected_goes_out_again_under_the_name_that_an_update_gives(
    service: Service, here: dict[str, Any]
) -> None:
    made = only(service, a_report(TN, ABIM, **here)).completion
    decide(service, made.credits[1].credit_id, "rejected")
    named = replace(here["person"], last_name="Column")
    after = only(service, update(ABIM, **(here | {"person": named}))).completion
    assert (after.last_name, after.credits[0]) == ("Column", made.credits[0])
    assert (after.credits[1].credit_id, after.credits[1].status) == (made.credits[1].credit_id, CreditStatus.PENDING)
    assert events(service, made.completion_id)[2:] == [("corrected", "ABIM")]


def test_an_update_adds_what_was_not_there_and_a_delete_takes_it_again(
    api: Api, service: Service, here: dict[str, Any]
) -> None:
    rows = [a_report(TN, **here), update(replace(TN, credits=3.0), ABIM, **here), delete(ABIM, **here)]
    submitted = submit(service, *rows)
    assert outcomes(submitted) == ["created", "updated", "deleted"]
    assert [finding.rule for finding in submitted[1].findings] == ["abim-within-cme", "delete-unknown"][1:]
    completion = submitted[2].completion
    assert completion is not None
    assert statuses(api, completion.completion_id) == {"TN-M": "pending", "ABIM": "withdrawn"}


def test_an_update_may_use_what_it_held_itself(service: Service, here: dict[str, Any]) -> None:
    full = [replace(TN, credits=amount) for amount in (20.0, 19.0, 20.25)]
    rows = [a_report(full[0], **here), update(full[1], **here), update(full[0], **here), update(full[2], **here)]
    assert outcomes(submit(service, *rows)) == ["created", "updated", "updated", "rejected"]


def test_updates_and_deletes_of_several_occasions_need_the_occasion(service: Service, here: dict[str, Any]) -> None:
    more = replace(TN, credits=3.0)
    rows = [
        a_report(TN, **here),
        a_report(more, **here),
        delete(TN, **here),
        update(TN, **here),
        update(replace(TN, credits=4.0), occasion=2, **here),
        delete(TN, occasion=2, **here),
        delete(TN, occasion=2, **here),
        delete(TN, **here),
    ]
    submitted = submit(service, *rows)
    assert outcomes(submitted) == [
        "created", "created", "rejected", "rejected", "updated", "deleted", "unchanged", "deleted",
    ]  # fmt: skip
    rules = [finding.rule for result in submitted for finding in result.findings if finding.rejects]
    assert rules == ["delete-ambiguous"] * 2


def test_fifty_deletes_of_one_at_the_same_moment_make_one_withdrawal(service: Service, here: dict[str, Any]) -> None:
    made = only(service, a_report(TN, **here)).completion
    results = at_once([partial(only, service, delete(TN, **here))] * 50)
    assert sorted(outcomes(results)) == ["deleted"] + ["unchanged"] * 49
    assert [event for event in events(service, made.completion_id) if event[0] == "withdrawn"] == [
        ("withdrawn", made.credits[0].board)
    ]


def test_deletes_updates_and_reports_at_the_same_moment_leave_what_they_told(
    service: Service, here: dict[str, Any]
) -> None:
    rows = [
        a_report(TN, ABIM, **here),
        delete(TN, **here),
        update(replace(TN, credits=3.0), **here),
        delete(**here),
        a_report(ME, **here),
    ]
    for _ in range(3):
        results = at_once([partial(only, service, row) for row in rows * 3])
        assert {result.outcome for result in results} <= set(Outcome)


def test_alternating_rows_of_many_learners_take_no_more_statements_than_those_of_two(
    api: Api, service: Service, here: dict[str, Any]
) -> None:
    submit(service, a_report(TN, **here))  # a learner is met for the first time only once
    counted: list[int] = []
    for count in (2, 40):
        ran: list[str] = []
        statements.BEFORE_STATEMENT.append(ran.append)
        try:
            made = [api.register(title=f"Course {count} {n}").json["activity_id"] for n in range(count)]
            ran.clear()
            rows = [
                row
                for activity_id in made
                for given in [here | {"activity_id": activity_id}]
                for row in (a_report(TN, **given), update(replace(TN, credits=3.0), **given), delete(TN, **given))
            ]
            submitted = submit(service, *rows)
        finally:
            statements.BEFORE_STATEMENT.remove(ran.append)
        assert outcomes(submitted) == ["created", "updated", "deleted"] * count
        counted.append(len(ran))
    assert counted[0] == counted[1]


def test_rows_rehearsed_in_pieces_are_told_what_they_are_told_when_submitted(
    service: Service, here: dict[str, Any]
) -> None:
    abs_points = a_moc("ABS", 8.0, board_id="993")
    more = here | {"completed_on": date(2021, 12, 1)}
    rows = [
        a_report(TN, ABIM, **here),
        a_report(abs_points, **here),
        a_report(replace(abs_points, total_credits=7.0, credit_types=types_of(Accredited_CME=7.0)), **here),
        update(replace(TN, credits=3.0), **here),
        delete(abs_points, occasion=1, **here),
        delete(abs_points, **here),
        a_report(abs_points, **here),
        delete(ABIM, **here),
        delete(ABIM, **here),
        a_report(replace(TN, credits=18.0), **more),
        a_report(replace(TN, credits=17.0), **more),
        delete(occasion=1, **here),
        a_report(replace(TN, credits=3.0), **more),
        delete(ME, **here),
    ]
    rehearsed = [told(rehearse(service, *rows, at_once=size)) for size in (1, 7, 5000)]
    submitted = told(submit(service, *rows, at_once=3))
    assert rehearsed == [submitted] * 3
    assert "daily-credits-unusual" in str(submitted)


def test_a_rehearsal_leaves_no_trace(service: Service, here: dict[str, Any]) -> None:
    def rows_of(connection: Connection) -> list[Any]:
        tables = ("completions", "credits", "ledger", "learner_links", "audit", "commits", "board_events")
        return [statements.fetch(connection, f"SELECT count(*) FROM {table}") for table in tables]

    before = service.database.read(rows_of)
    assert outcomes(rehearse(service, a_report(TN, **here), delete(**here))) == ["created", "deleted"]
    assert service.database.read(rows_of) == before

"""Requests at the same moment: one winner where there can be one, all of them where there is room; never a failure."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Connection

from app.services.completions import records
from app.services.context import Service, Work, operator
from app.store.sql import statements
from app.worker import seal
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, an_activity, john, points, tina
from tests.harness.api import Answer, Api, settle
from tests.harness.wire import at_once

COMPLETIONS = "/v1/learner-completions"


pytestmark = pytest.mark.usefixtures("proven")


def statuses(answers: list[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


def test_the_last_credit_of_a_maximum_has_one_winner(api: Api) -> None:
    for left in range(4):
        body = a_completion(api.register(ama_pra_credits=52).json["activity_id"], "2021-06-01", credits=51)
        assert api.report(body).status == 201
        bodies = [body | {"completed_on": f"2021-06-{day:02}"} for day in (2 + left, 12 + left)]
        for sent in bodies:
            sent["cme"] = [{"state": "TN", "license_id": "444444", "credits": 1}]
        answers = at_once([partial(api.report, body) for body in bodies])
        assert statuses(answers) == [201, 422]
        assert [answer.codes for answer in answers if answer.status == 422] == [{"cumulative-maximum"}]


def test_sixteen_for_the_last_four_credits_of_grand_rounds_have_four_winners(api: Api) -> None:
    assert api.report(a_completion(completed_on="2021-11-30", credits=48)).status == 201
    days = [f"2021-11-{day:02}" for day in range(1, 17)]
    answers = at_once([partial(api.report, a_completion(completed_on=day, credits=1)) for day in days])
    assert statuses(answers) == [201] * 4 + [422] * 12
    assert set().union(*(answer.codes for answer in answers if answer.status == 422)) == {"cumulative-maximum"}


def test_the_first_credits_of_a_maximum_have_as_many_winners_as_there_is_room(api: Api) -> None:
    fresh = api.register(ama_pra_credits=3).json["activity_id"]
    days = [f"2021-06-{day:02}" for day in range(1, 13)]
    answers = at_once([partial(api.report, a_completion(fresh, day, credits=1)) for day in days])
    assert statuses(answers) == [201] * 3 + [422] * 9


def test_the_one_aba_record_of_a_day_has_one_winner(api: Api) -> None:
    amounts = [0.25 * n for n in range(1, 9)]
    answers = at_once([partial(api.report, tina(total=amount)) for amount in amounts])
    assert statuses(answers) == [201] + [422] * 7
    assert [answer.codes for answer in answers if answer.status == 422] == [{"one-record-per-day"}] * 7


def test_the_same_record_many_times_is_created_once(api: Api) -> None:
    answers = at_once([lambda: api.report(tina())] * 16)
    assert statuses(answers) == [200] * 15 + [201]
    assert {answer.json["completion_id"] for answer in answers} == {answers[0].json["completion_id"]}
    assert sorted(answer.json["outcome"] for answer in answers) == ["created", *["unchanged"] * 15]


def test_different_amounts_of_one_day_are_all_kept_on_occasions_of_their_own(api: Api) -> None:
    answers = at_once([partial(api.report, a_completion(credits=0.25 * n)) for n in range(1, 17)])
    assert statuses(answers) == [201] * 16
    assert sorted(answer.json["occasion"] for answer in answers) == list(range(1, 17))


def test_the_states_of_one_completion_reported_at_once_end_in_one_record(api: Api) -> None:
    states = [("TN", "444444"), ("ME", "MD9977"), ("NC", "999994")]
    answers = at_once([partial(api.report, a_completion(state=s, license_id=number)) for s, number in states * 3])
    assert statuses(answers) == [200] * 8 + [201]
    (only,) = api.completions(activity_id=GRAND_ROUNDS)
    assert sorted(credit["board"] for credit in only["credits"]) == ["ME-M", "TN-M", "ZZNC"]
    assert only["version"] == 3


def test_one_learner_reported_first_for_many_activities_at_once_has_one_learner_id(api: Api) -> None:
    activities = [api.register(title=f"Course {n}").json["activity_id"] for n in range(12)]
    answers = at_once([partial(api.report, a_completion(activity, "2021-06-01")) for activity in activities])
    assert statuses(answers) == [201] * 12
    assert len({answer.json["learner"]["learner_id"] for answer in answers}) == 1


def test_an_internal_id_has_one_activity(api: Api) -> None:
    answers = at_once([lambda: api.post("/v1/activities", an_activity(internal_id="one"))] * 12)
    assert statuses(answers) == [201] + [409] * 11
    (made,) = [answer.json["activity_id"] for answer in answers if answer.status == 201]
    assert {answer.json["activity_id"] for answer in answers} == {made}


def test_a_withdrawal_sent_many_times_happens_once(api: Api) -> None:
    made = api.report(a_completion()).json["completion_id"]
    answers = at_once([lambda: api.delete(f"{COMPLETIONS}/{made}")] * 12)
    assert statuses(answers) == [204] + [404] * 11


def test_reports_and_withdrawals_at_once_leave_what_was_answered(api: Api) -> None:
    for _ in range(8):
        made = api.report(john()).json["completion_id"]
        calls = [partial(api.report, john()) for _ in range(4)]
        answers = at_once([*calls, lambda made=made: api.delete(f"{COMPLETIONS}/{made}"), *calls])
        assert set(statuses(answers)) <= {200, 201, 204}
        standing = api.completions(activity_id=COURSE)
        assert len(standing) <= 1
        told = {answer.json["completion_id"] for answer in answers if answer.status == 201}
        assert {completion["completion_id"] for completion in standing} == told
        for completion in standing:
            assert api.delete(f"{COMPLETIONS}/{completion['completion_id']}").status == 204


def test_credit_joined_while_its_completion_is_withdrawn_is_told_to_the_board_before_the_withdrawal(
    api: Api, service: Service
) -> None:
    states = [("ME", "MD9977"), ("NC", "999994")]
    for _ in range(12):
        made = api.report(a_completion()).json["completion_id"]
        joins = [partial(api.report, a_completion(state=state, license_id=number)) for state, number in states]
        answers = at_once([*joins, lambda made=made: api.delete(f"{COMPLETIONS}/{made}"), *joins])
        assert set(statuses(answers)) <= {200, 201, 204}
        while seal(service):
            pass
        for completion in api.completions(activity_id=GRAND_ROUNDS):
            assert api.delete(f"{COMPLETIONS}/{completion['completion_id']}").status == 204
    settle(service)
    assert told_too_early(service) == []


def test_a_withdrawal_by_a_machine_whose_clock_is_behind_follows_the_report_in_the_feed(
    api: Api, service: Service
) -> None:
    made = api.report(a_completion()).json["completion_id"]
    caller = operator(service, "0008001")

    def withdraw(connection: Connection) -> None:
        behind = "00000000-0000-7000-8000-000000000001"
        work = Work(connection=connection, caller=caller, now=service.clock(), commit_id=behind)
        records.withdraw(work, made)
        work.save_commit()

    service.database.write(withdraw)
    settle(service)
    assert told_too_early(service) == []


def told_too_early(service: Service) -> list[tuple[object, ...]]:
    """Return credits whose withdrawal stands in a board's feed before their report."""
    query = """
        SELECT r.credit_id FROM board_events r JOIN feed fr ON fr.event_id = r.event_id
        JOIN board_events w ON w.credit_id = r.credit_id AND w.event = 'credit.withdrawn'
        JOIN feed fw ON fw.event_id = w.event_id
        WHERE r.event = 'credit.reported' AND fw.position < fr.position"""
    return service.database.read(lambda connection: statements.fetch(connection, query))


def test_a_record_is_never_seen_half_withdrawn(api: Api) -> None:
    for _ in range(10):
        made = api.report(john()).json["completion_id"]
        reads = [lambda made=made: api.get(f"{COMPLETIONS}/{made}")] * 6
        lists = [lambda: api.get(COMPLETIONS, activity_id=COURSE)] * 3
        answers = at_once([*reads, lambda made=made: api.delete(f"{COMPLETIONS}/{made}"), *lists])
        seen = [answer.json for answer in answers[:6] if answer.status == 200]
        seen += [completion for answer in answers[7:] for completion in answer.json["data"]]
        assert {credit["status"] for completion in seen for credit in completion["credits"]} <= {"pending", "accepted"}


def test_connections_that_the_database_closed_are_replaced_unseen(api: Api, service: Service) -> None:
    if service.database.on_sqlite:
        pytest.skip("SQLite has no connections that another could close")
    close_all = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for n in range(3):
        days = [f"2021-{n + 2:02}-{day:02}" for day in range(1, 13)]
        at_once([lambda: api.get(COMPLETIONS)] * 12)
        service.database.read(lambda connection: statements.fetch(connection, close_all))
        calls = [partial(api.report, a_completion(completed_on=day, credits=1)) for day in days]
        assert statuses(at_once(calls)) == [201] * 12


def test_reports_of_many_learners_at_once_do_not_hinder_each_other(api: Api) -> None:
    people = [
        tina(), john(), a_completion(), a_completion(first_name="Joe", last_name="Accme", born="01/01", state="CA",
        license_id="94412289"), a_completion(first_name="Scott", last_name="Joplin", born="11/24", state="ME",
        license_id="32508792"), a_completion(credits=None, moc=[points()], first_name="Tina", last_name="Karacme",
        born="11/24", completed_on="2021-12-02"),
    ]  # fmt: skip
    answers = at_once([partial(api.report, person) for person in people * 4])
    assert statuses(answers) == [200] * 18 + [201] * 6

"""Permission that a physician has withdrawn: what it refuses, who withdraws what stands, and giving it back."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient

from app.domain.passport.transcripts import RowFlag
from app.services.access import provider_merging
from app.services.context import Service, operator, transact
from app.services.operations import checks
from app.services.passport import answering, disputes, permission
from tests.builders.bodies import tina
from tests.builders.disputes import disputed, physician_of
from tests.builders.merging import ann, anne, import_twice, merge
from tests.builders.sent_files import tab_text
from tests.console.passport.test_disputes import CREDITS, SETTINGS, OpenWindow, flags_of, newest, record, rows
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.console.stronger import sign_in_operator
from tests.harness.console.windows import Window
from tests.harness.uploads import rows_of, worked

__all__ = ["record"]


def test_withdrawn_permission_refuses_the_provider_at_every_door_and_is_given_back(
    window: Window, record: str, api: Api, service: Service
) -> None:
    window.open(SETTINGS)
    here = f"{SETTINGS}/permission/0008001"
    window.open(here).submit(here, **{"/message": "Please no longer."})
    assert "The permission is withdrawn" in window.text
    assert flags_of(service) == {RowFlag.PERMISSION_WITHDRAWN}
    assert "Permission withdrawn" in window.open(CREDITS).text
    again = api.report(tina(completed_on="2021-12-03"))
    assert again.status == 422
    assert again.codes == {"permission-withdrawn"}
    for name in ("Tina", "Karacme", "no longer"):
        assert name not in str(again.json["errors"])
    previewed = api.post("/v1/learner-completions:preview", tina(completed_on="2021-12-03"))
    assert "permission-withdrawn" in str(previewed.json)
    other = tina(completed_on="2021-12-03")
    stranger = api.report(other | {"learner": other["learner"] | {"date_of_birth": "11/25"}})
    assert "permission-withdrawn" not in str(stranger.json), "who does not match is told nothing of it"
    settle(service)
    (event,) = [one for one in api.get("/v1/events").json["data"] if one["type"] == "dispute.opened"]
    assert event["data"].keys() == {"dispute_id", "provider_id"}
    give_back = str(window.open(SETTINGS).tree.xpath("string(//form[contains(@action, '/give-back')]/@action)"))
    sent = window.fields(give_back)
    for _ in range(2):
        window.send(give_back, sent)
    assert "The permission is given back" in window.text
    assert flags_of(service) == set()
    assert rows(service, "SELECT status FROM disputes") == [("taken-back",)]
    assert api.report(tina(completed_on="2021-12-03")).status == 201
    settle(service)


def test_permission_of_one_record_is_withdrawn_and_others_are_reported(
    window: Window, record: str, api: Api, service: Service
) -> None:
    here = f"{CREDITS}/{record}/permission"
    window.open(here).submit(here)
    assert "cannot report it again" in window.text
    assert api.delete(f"/v1/learner-completions/{record}").status == 204
    answering.pass_time(service)
    assert rows(service, "SELECT status FROM disputes") == [("agreed",)]
    assert newest(service).subject == "Your permission to report credit"
    assert api.report(tina()).codes == {"permission-withdrawn"}
    assert api.report(tina(completed_on="2021-12-03")).status == 201
    settle(service)


def test_the_operator_withdraws_in_the_providers_name_and_the_board_hears_of_it(
    window: Window, record: str, open_window: OpenWindow, api: Api, service: Service, clock: ManualClock
) -> None:
    here = f"{SETTINGS}/permission/0008001"
    second = api.report(tina(completed_on="2021-12-03")).json["completion_id"]
    window.open(here).submit(here)
    clock.now += timedelta(days=31)
    answering.pass_time(service)
    boss = open_window()
    sign_in_operator(boss, service)
    boss.open("/operator/passport/disputes")
    there = str(boss.tree.xpath("string(//td/a[contains(@href, '/operator/passport/disputes/')]/@href)"))
    boss.open(there).submit(f"{there}/decide", decision="withdraw")
    settle(service)
    for completion_id in (record, second):
        assert api.get(f"/v1/learner-completions/{completion_id}").status == 404
    told = rows(service, "SELECT count(*) FROM board_events WHERE event = 'credit.withdrawn'")
    assert told == [(2,)]
    assert rows(service, "SELECT status FROM disputes") == [("agreed",)]
    assert [one["type"] for one in api.get("/v1/events").json["data"]].count("credit.withdrawn") == 2


def test_reports_without_permission_are_refused_in_files_and_as_corrections_and_deletes_are_not(
    window: Window, record: str, api: Api, service: Service
) -> None:
    here = f"{SETTINGS}/permission/0008001"
    window.open(here).submit(here)
    cells = {
        "Record Action": "Add", "ACCME Activity ID": "201759558", "Completion Date": "12/03/2021",
        "First Name": "Tina", "Last Name": "Karacme", "Date of Birth": "11/24", "Certifying Board": "ABA",
        "Certifying Board ID": "35867909", "Number of MOC Credits": 0.25,
    }  # fmt: skip
    for dry_run in (True, False):
        (row,) = rows_of(api, worked(api, service, tab_text([cells]), dry_run=dry_run))
        assert row["outcome"] == "rejected"
        assert "permission-withdrawn" in {finding["rule"] for finding in row["findings"]}
    corrected = api.send(
        "PATCH", f"/v1/learner-completions/{record}", {"If-Match": "*"}, json={"completed_on": "2021-12-03"}
    )
    assert corrected.codes == {"permission-withdrawn"}
    deleted = cells | {"Record Action": "Delete", "Completion Date": "12/01/2021"}
    (row,) = rows_of(api, worked(api, service, tab_text([deleted])))
    assert row["outcome"] == "deleted", row
    settle(service)


def test_a_physician_who_was_merged_keeps_disputes_and_what_they_withdrew(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    record = api.report(ann()).json["completion_id"]
    opened = disputed(service, record)
    physician = physician_of(service, record)
    transact(physician, permission.withdraw_for_provider, "0008001", "")
    merge(service, one, into)
    settle(service)
    assert api.report(anne("2021-12-13")).codes == {"permission-withdrawn"}
    found = service.database.read(lambda connection: disputes.own(connection, physician, opened.dispute_id))
    assert found.own
    answering.pass_time(service)
    assert {status for (status,) in rows(service, "SELECT status FROM disputes")} == {"open"}
    assert api.get("/v1/disputes").json["data"][0]["learner_id"] is not None
    settle(service)


def test_disputes_and_permission_move_with_a_provider_that_is_merged(
    http: TestClient, api: Api, service: Service
) -> None:
    api_of(http, service, providers=["0008777"])
    record = api.report(tina()).json["completion_id"]
    physician = physician_of(service, record)
    opened = disputed(service, record)
    transact(physician, permission.withdraw_for_record, record, "")
    planned = transact(operator(service), provider_merging.plan, "0008001", "0008777")
    transact(operator(service), provider_merging.merge, planned.provider_id, planned.into_id)
    settle(service)
    assert {id for (id,) in rows(service, "SELECT provider_id FROM disputes")} == {"0008777"}
    assert {id for (id,) in rows(service, "SELECT provider_id FROM withdrawn_permissions")} == {"0008777"}
    found = service.database.read(lambda connection: disputes.own(connection, physician, opened.dispute_id))
    assert found.dispute.provider_id == "0008777"
    assert checks.find_faults(service) == []

"""One record on its page, and the page that withdraws records."""

from __future__ import annotations

import pytest
from lxml import html

from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS, a_completion, tina
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import decide
from tests.harness.console.windows import Window, sign_in

DATABASES = ["sqlite"]
BASE = "/p/0008001"
WITHDRAW = f"{BASE}/completions/withdraw"


@pytest.fixture
def clerk(window: Window, service: Service) -> Window:
    sign_in(window, service)
    return window


def rebeccas(api: Api) -> dict[str, str]:
    """Report Rebecca's hours; return the id of the record, and those of its credits by board."""
    answer = api.report(a_completion())
    assert answer.status == 201, answer.json
    credits = {credit["board"]: credit["credit_id"] for credit in answer.json["credits"]}
    return {"id": answer.json["completion_id"], **credits}


def test_a_record_shows_its_credit_and_what_became_of_it_by_whom(clerk: Window, api: Api, service: Service) -> None:
    reported = api.report(tina())
    decide(service, reported.json["credits"][0]["credit_id"], "rejected")
    id = reported.json["completion_id"]
    clerk.open(f"{BASE}/completions/{id}")
    assert clerk.heading == "Tina Karacme"
    text = clerk.text
    assert text.startswith("Rejected: Tina Karacme, 12/01/2021")
    for said in (
        "A board rejected credit of this record", "Grand Rounds Anesthesia", "11/24", "35867909",
        "American Board of Anesthesiology", "0.25 Lifelong Learning", "By a program", "ABA rejected it",
    ):  # fmt: skip
        assert said in text, said
    assert text.index("ABA rejected it") < text.index("Reported12/20/2021"), "newest first"
    shown = api.get(f"/v1/learner-completions/{id}")
    body = shown.json["report"] | {"permission": True, "completed_on": "2021-12-02"}
    corrected = api.send(
        "PUT", f"/v1/learner-completions/{id}", {"If-Match": shown.response.headers["etag"]}, json=body
    )
    assert corrected.status == 200, corrected.json
    clerk.open(f"{BASE}/completions/{id}")
    assert "Corrected" in clerk.text
    assert "Completed: 12/01/2021 became 12/02/2021." in clerk.text


def test_withdrawing_says_who_is_told_then_leads_back_and_says_what_was_done(
    clerk: Window, api: Api, service: Service
) -> None:
    record = rebeccas(api)
    clerk.open(f"{BASE}/completions/{record['id']}/withdraw")
    assert clerk.heading == "Withdraw 1 record"
    assert "TN-M will be told." in clerk.text
    assert "2 CME for TN-M" in clerk.text
    sent = clerk.fields(WITHDRAW)
    clerk.submit(WITHDRAW)
    assert clerk.heading == "Learners for Grand Rounds Anesthesia"
    assert "1 record was withdrawn. TN-M will be told." in clerk.text
    assert api.get(f"/v1/learner-completions/{record['id']}").status == 404
    # A second press changes nothing.
    clerk.send(WITHDRAW, sent)
    assert "That had been withdrawn before." in clerk.text
    assert len(api.get(f"/v1/learner-completions/{record['id']}/history").json["data"]) == 2
    clerk.open(f"{BASE}/completions/{record['id']}")
    assert "This record was withdrawn" in clerk.text
    assert "willa@example.org" in clerk.text, "by whom"
    assert not html.fromstring(clerk.shown.text if clerk.shown else "").xpath("//a[contains(@href, '/correct')]")
    assert clerk.open(f"{BASE}/completions/{record['id']}/withdraw").status == 404
    settle(service)


def test_ticked_records_are_listed_and_withdrawn_together(clerk: Window, api: Api, service: Service) -> None:
    ids = [rebeccas(api)["id"], api.report(tina()).json["completion_id"]]
    clerk.open(f"{WITHDRAW}?completion={ids[0]}&completion={ids[1]}&completion={ids[1]}&completion=none-such")
    assert clerk.heading == "Withdraw 2 records"
    assert "ABA and TN-M will be told." in clerk.text
    clerk.submit(WITHDRAW)
    assert "2 records were withdrawn. ABA and TN-M will be told." in clerk.text
    assert api.completions(activity_id=GRAND_ROUNDS) == []
    clerk.open(WITHDRAW)
    assert "Tick the records first" in clerk.text
    settle(service)


def test_what_somebody_changed_meanwhile_is_shown_anew_and_nothing_is_withdrawn(
    clerk: Window, api: Api, service: Service
) -> None:
    record, other = rebeccas(api), api.report(tina()).json
    clerk.open(f"{WITHDRAW}?completion={record['id']}&completion={other['completion_id']}")
    decide(service, record["TN-M"], "accepted")
    clerk.submit(WITHDRAW)
    assert clerk.status == 412
    assert "Somebody changed this meanwhile" in clerk.text
    assert len(api.completions(activity_id=GRAND_ROUNDS)) == 2
    clerk.submit(WITHDRAW)
    assert "2 records were withdrawn." in clerk.text
    settle(service)


def test_records_of_others_are_not_there_for_any_verb(clerk: Window, api: Api, service: Service) -> None:
    stranger = api_of(api.http, service, "Other", providers=["0008002"])
    foreign = next(iter(stranger.pages("/v1/learner-completions")))["completion_id"]
    for path in (foreign, f"{foreign}/withdraw", "none-such", "none-such/withdraw"):
        assert clerk.open(f"{BASE}/completions/{path}").status == 404, path
    token = clerk.open("/account").fields("/sign-out")["token"]
    clerk.send(WITHDRAW, {"token": token, "seen": [f"{foreign}:1", "x:y", ":"]})
    assert "That had been withdrawn before." in clerk.text
    assert stranger.get(f"/v1/learner-completions/{foreign}").status == 200


def test_a_reader_sees_a_record_and_withdraws_none(window: Window, api: Api, service: Service) -> None:
    record = rebeccas(api)["id"]
    sign_in(window, service, role="reader")
    assert window.open(f"{BASE}/completions/{record}").status == 200
    assert "Withdraw" not in window.text
    assert window.open(f"{BASE}/completions/{record}/withdraw").status == 403
    token = window.open("/account").fields("/sign-out")["token"]
    assert window.send(WITHDRAW, {"token": token, "seen": f"{record}:1"}).status == 403

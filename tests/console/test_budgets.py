"""What pages may cost: the bytes of a list, and what a part of a page asks of the database. None of it is a timing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from lxml import html

from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity, tina
from tests.console.test_adding_learners import ADD, REBECCA, report
from tests.harness.api import Api, settle
from tests.harness.console.stronger import sign_in_board, sign_in_operator
from tests.harness.console.windows import Window, sign_in

DATABASES = ["sqlite"]
PROVIDER = "/p/0008001"
TITLE = "Grand Rounds in Pediatric Anesthesia and Pain Medicine"
MOST = 60_000
"""Bytes that a page of fifty rows may have: pages are not compressed."""


def test_a_mark_asks_little_of_the_database_beside_its_validation(
    window: Window, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(window, service)
    report(window, REBECCA)
    form = {**window.open(ADD).fields(ADD), **REBECCA, "target": "/cme/0"}
    sent: list[str] = []
    monkeypatch.setattr(statements, "BEFORE_STATEMENT", [sent.append])
    window.send(f"{ADD}/match", form, hx_request="true")
    assert window.text == "Learner matched 50 left for this learner"
    # Who asks: the session, the memberships with their grants, the place and its name. Then the activity, whom it is
    # about and whether they may be told, and what is left.
    assert len(sent) == 5 + 1 + 2 + 1, sent
    sent.clear()
    assert window.shown is not None
    (asked,) = html.fromstring(window.shown.text).xpath("//input[@name='asked.cme.0']/@value")
    window.send(f"{ADD}/match", form | {"asked.cme.0": asked}, hx_request="true")
    assert window.text == "Learner matched 50 left for this learner"
    assert len(sent) == 5 + 1 + 1, sent
    settle(service)


@pytest.fixture
def fifty_rows(api: Api, service: Service) -> None:
    """Fifty activities with titles as series have them, and fifty records of one."""
    for number in range(30):
        assert api.post("/v1/activities", an_activity(internal_id=f"gr-{number}", title=TITLE)).status == 201
    days = [date(2021, 2, 1) + timedelta(days=3 * number) for number in range(49)]
    sent = [a_completion(completed_on=day.isoformat(), credits=1) for day in days]
    assert [api.report(body).status for body in [*sent, tina()]] == [201] * 50
    settle(service)


@pytest.mark.usefixtures("fifty_rows")
@pytest.mark.parametrize("place", [PROVIDER, "/operator/as/0008001"])
@pytest.mark.parametrize("page", ["learners", f"activities/{GRAND_ROUNDS}/learners", "summary", "activities"])
def test_a_page_of_fifty_rows_weighs_at_most_60_kilobytes(
    window: Window, service: Service, page: str, place: str
) -> None:
    if place == PROVIDER:
        sign_in(window, service)
    else:
        sign_in_operator(window, service)
    window.open(f"{place}/{page}?limit=50")
    assert window.shown is not None and window.status == 200
    assert len(window.tree.xpath("//tbody/tr")) == 50
    assert len(window.shown.content) <= MOST


def test_a_day_of_a_board_with_fifty_rows_weighs_no_more(window: Window, service: Service, api: Api) -> None:
    days = [date(2021, 2, 1) + timedelta(days=3 * number) for number in range(50)]
    assert [api.report(tina(day.isoformat())).status for day in days] == [201] * 50
    settle(service)
    sign_in_board(window, service)
    window.open(f"/b/ABA/days/{service.clock().date()}")
    assert window.shown is not None
    assert len(window.tree.xpath("//tbody/tr")) == 50
    assert len(window.shown.content) <= MOST

"""Physicians who may be one person: pairs side by side, merges listed before they are done, and undone again."""

from __future__ import annotations

import pytest

from app.services.context import Service
from tests.builders.merging import ANN, aba, ann, anne, import_twice
from tests.builders.people import import_people, physicians_on_file
from tests.harness.api import Api, settle
from tests.harness.console.stronger import sign_in_operator
from tests.harness.console.windows import Window

ROBERT = {"first_name": "Robert", "last_name": "Twin", "date_of_birth": "05/06", "licenses": "TN-M:R1"}
BOB = ROBERT | {"first_name": "Bob"}
DISPUTES = "/operator/disputes"


@pytest.fixture
def operator(window: Window, service: Service) -> Window:
    """An operator's window."""
    sign_in_operator(window, service)
    return window


def open_pair(operator: Window) -> str:
    """Open the one pair that waits; return its address."""
    operator.open(DISPUTES)
    (way,) = operator.tree.xpath("//tbody//a[starts-with(@href, '/operator/disputes/')]/@href")
    operator.open(way)
    return str(way)


def merge_of(one: str, into: str) -> str:
    return f"/operator/registry/{one}/merge?into={into}"


def test_a_pair_waits_at_work_and_is_shown_side_by_side(operator: Window, service: Service) -> None:
    assert "No pair" in operator.open(DISPUTES).text
    import_people(service, ROBERT, BOB, source="board.csv")
    assert "1 pair of physicians may be one person" in operator.open("/operator").text
    assert "1 to decide" in operator.open(DISPUTES).tree.xpath("string(//title)")
    open_pair(operator)
    assert operator.heading == "One person or two?"
    for told in ("Robert Twin", "Bob Twin", "TN-M R1", "Related", "board.csv"):
        assert told in operator.text
    settle(service)
    operator.open("/operator/audit?noun=registry-search&verb=look-at")
    assert "reason: same-person" in operator.text
    assert "Twin" not in operator.text


def test_a_pair_is_two_people_until_it_is_opened_again(operator: Window, service: Service) -> None:
    import_people(service, ROBERT, BOB, source="board.csv")
    way = open_pair(operator)
    assert operator.submit(way).status == 422
    assert "Choose what to decide" in operator.text
    operator.submit(way, decision="later")
    assert "wait behind the others" in operator.text
    open_pair(operator)
    never = operator.fields(way) | {"decision": "never"}
    operator.send(way, never)
    assert "They stay two people" in operator.text
    assert "No pair" in operator.text
    operator.open(f"{DISPUTES}?status=never")
    assert "Robert Twin" in operator.text
    assert "They are two people" in operator.open(way).text
    operator.submit(way, decision="reopen")
    assert "It was done already." in operator.send(way, never).text
    assert "Robert Twin" in operator.open(DISPUTES).text
    settle(service)


def test_a_pair_is_merged_after_what_goes_where_was_listed(operator: Window, api: Api, service: Service) -> None:
    import_people(service, ROBERT, BOB, source="board.csv")
    assert api.report(ann(first_name="Robert", last_name="Twin", license_id="R1")).status == 201
    open_pair(operator)
    (way,) = operator.tree.xpath("//a[contains(@href, '/merge?into=')]/@href")
    operator.open(way)
    assert "What goes where" in operator.text
    action = way.partition("?")[0]
    operator.submit(action)
    assert "They are one physician now" in operator.text
    assert "No pair" in operator.text
    operator.open(f"{DISPUTES}?status=joined")
    assert "Robert Twin" in operator.text
    settle(service)


def test_every_record_is_listed_with_what_becomes_of_it(operator: Window, api: Api, service: Service) -> None:
    one, into = import_twice(service)
    for body in (ann(), ann("2021-12-11"), anne("2021-12-11"), aba("2021-12-10", of="Ann"), aba("2021-12-10")):
        assert api.report(body).status == 201
    operator.open(merge_of(one, into))
    rows = [" ".join(row.text_content().split()) for row in operator.tree.xpath("//section[@id='records']//tbody/tr")]
    assert len(rows) == 3
    assert sum("Moves to who stays" in row for row in rows) >= 1
    assert any("2 CME for TN-M" in row for row in rows)
    assert "is added to the other record of the day" in operator.text or "is withdrawn" in operator.text
    assert api.get("/v1/learner-completions").json["data"]
    assert {one, into} <= set(physicians_on_file(service)), "looking changes nothing"
    operator.submit(f"/operator/registry/{one}/merge")
    assert "They are one physician now" in operator.text
    assert physicians_on_file(service)[one].names == frozenset()
    settle(service)


def test_what_speaks_against_it_is_overruled_before_anything_is_listed(operator: Window, service: Service) -> None:
    import_people(service, ANN, {"first_name": "Ann", "last_name": "Other", "date_of_birth": "07/08"})
    ids = {next(iter(who.names))[0]: id for id, who in physicians_on_file(service).items() if who.names}
    operator.open(merge_of(ids["twice"], ids["other"]))
    assert "The birth dates on file differ." in operator.text
    assert "What goes where" not in operator.tree.xpath("string(//section[@id='plan'])")
    assert not operator.tree.xpath("//form[@method='post']")
    operator.open(f"{merge_of(ids['twice'], ids['other'])}&overrule=date_of_birth")
    assert "What goes where" in operator.tree.xpath("string(//section[@id='plan'])")
    fields = dict(operator.tree.xpath("//form[@id='merge']")[0].form_values())
    for said in ("They are one physician now", "It was done already."):
        operator.send(f"/operator/registry/{ids['twice']}/merge", fields)
        assert said in operator.text
    settle(service)


def test_nothing_is_merged_that_was_not_listed(operator: Window, api: Api, service: Service) -> None:
    one, into = import_twice(service)
    operator.open(merge_of(one, into))
    assert api.report(ann()).status == 201
    operator.submit(f"/operator/registry/{one}/merge")
    assert operator.status == 409
    assert "since what goes where was listed" in operator.text
    assert physicians_on_file(service)[one].names
    operator.submit(f"/operator/registry/{one}/merge")
    assert operator.status == 200
    assert physicians_on_file(service)[one].names == frozenset()
    settle(service)


def test_a_merge_with_nobody_or_with_oneself_is_refused(operator: Window, service: Service) -> None:
    one, _ = import_twice(service)
    assert "Id of the physician who stays" in operator.open(f"/operator/registry/{one}/merge").text
    assert operator.open(merge_of(one, "nobody")).status == 404
    assert "No physician has the id in into" in operator.text
    assert operator.open(merge_of(one, one)).status == 409
    assert "one physician already" in operator.text
    assert operator.open(merge_of("nobody", one)).status == 404
    settle(service)


def test_a_merge_is_undone_after_what_goes_back_was_listed(operator: Window, api: Api, service: Service) -> None:
    one, into = import_twice(service)
    assert api.report(ann()).status == 201
    assert operator.open(f"/operator/registry/{one}/unmerge").status == 404
    operator.open(merge_of(one, into)).submit(f"/operator/registry/{one}/merge")
    (undo,) = operator.tree.xpath("//a[text()='Undo it']/@href")
    operator.open(undo)
    assert "1 record that moved then will go back" in operator.text
    operator.submit(undo)
    assert "They are two physicians again. 1 record went back." in operator.text
    assert physicians_on_file(service)[one].names
    settle(service)
    operator.open("/operator/audit?noun=learner&verb=unmerge")
    assert len(operator.tree.xpath("//tbody/tr")) == 2

"""Credit lines: what a plain program finds among all records, page by page, in every order and under every filter."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from app.core.http.pagination import Total
from app.domain.batches import EntryMethod
from app.domain.credits import CreditKind
from app.schemas.looking.line_queries import CreditLineQuery
from app.schemas.queries import CompletionQuery
from app.services.context import Service
from app.store.completion_lists import CompletionFilter
from app.store.lists import keyset_pages
from app.store.looking import credit_lines, list_totals
from app.store.looking.credit_lines import SORTS
from app.store.sql.statements import execute
from tests.builders.bodies import COURSE, a_completion, john, tina
from tests.harness.api import Api, settle
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock
from tests.harness.looking.credit_lines import KEYS, Line, every_line, facets_among, found_among, in_order
from tests.harness.looking.plans import plans_of, scanned
from tests.harness.properties import examples
from tests.harness.refusals import assert_problem

LINES = "/v1/credit-lines"
LARGE = {"completions": "c", "credits": "x"}
WAYS = ((4, 5_000, 1, 9), (0.1, 10**9, 1, 9), (0.1, -1, 10**9, 9), (1, -1, 0, 10**9), (0.1, -1, 0, 1), (1, 3, 2, 4))
"""First step, what is few, what a row walked is worth, and when to leap: few rows go every way to a page."""


@pytest.fixture
def lines(api: Api, service: Service, clock: ManualClock) -> list[Line]:
    """All lines of a provider, some pending, accepted, rejected, withdrawn, without number, of two boards at once."""
    sent = [
        a_completion(completed_on="2021-12-03", credits=1.5, reference="ref-1"),
        a_completion(completed_on="2021-12-05", state="ME", license_id="MD9977", credits=3),
        john(reference="ref-2"), tina("2021-12-04", 0.5), tina("2021-12-05"),
    ]  # fmt: skip
    made = []
    for body in sent:
        clock.now += timedelta(hours=7)
        made.append(api.report(body))
    credits = [credit for answer in made if answer.status == 201 for credit in answer.json["credits"]]
    assert len(credits) == 6, [answer.json.get("errors") for answer in made]
    without_points = {name: value for name, value in john(reference="ref-2").items() if name != "moc"}
    path = f"/v1/learner-completions/{made[2].json['completion_id']}"
    assert api.send("PUT", path, json=without_points, headers={"If-Match": '"1"'}).status == 200
    settle(service)
    waiting = [credit["credit_id"] for credit in credits if credit["status"] == "pending"]
    decide(service, waiting[0], "rejected")
    decide(service, waiting[1], "accepted")
    assert api.delete(f"/v1/learner-completions/{made[-1].json['completion_id']}").status == 204
    return every_line(api)


def ids(api: Api, **query: Any) -> list[str]:
    return [line["credit_id"] for line in api.pages(LINES, **query)]


def test_a_line_shows_what_the_slides_show(api: Api, lines: list[Line]) -> None:
    found = {line["credit_id"]: line for line in api.pages(LINES)}
    assert found == {line["credit_id"]: line for line in found_among(lines, {})}
    assert {line["status"] for line in found.values()} == {"pending", "accepted", "rejected"}
    assert ids(api, status="withdrawn") == [line["credit_id"] for line in lines if line["status"] == "withdrawn"] != []


def test_every_order_is_kept_from_page_to_page(api: Api, lines: list[Line]) -> None:
    shown = found_among(lines, {})
    mixed = (
        "board,last_name", "-last_name,board", "status,-credits", "-date_of_birth,status", "board,learner_board_id",
        "-activity_id,completed_on", "-learner_board_id,-credits,board",
    )  # fmt: skip
    for sort in (None, *(sign + key for key, sign in product(KEYS, ("", "-"))), *mixed):
        query = {"sort": sort} if sort else {}
        for limit in (2, 50):
            assert ids(api, limit=limit, **query) == in_order(shown, sort), (sort, limit)
    assert sorted(ids(api, sort="-updated_at", limit=2)) == sorted(line["credit_id"] for line in shown)


def test_lines_that_lack_two_keys_of_an_order_are_on_exactly_one_page(
    api: Api, service: Service, lines: list[Line]
) -> None:
    """A key may be empty in the part of those whose first key is empty."""
    completion_ids = sorted({line["completion_id"] for line in lines})

    def blank(connection: Connection) -> None:
        for number, completion_id in enumerate(completion_ids):
            given = {"id": completion_id}
            if number % 3 != 0:
                execute(connection, "UPDATE completions SET birth_date = NULL WHERE completion_id = :id", given)
            if number % 3 != 1:
                execute(connection, "UPDATE credits SET reported_id = NULL WHERE completion_id = :id", given)

    service.database.write(blank)
    shown = found_among(every_line(api), {})
    for first, second in (("", ""), ("-", "-"), ("", "-")):
        for one, other in (("date_of_birth", "learner_board_id"), ("learner_board_id", "date_of_birth")):
            sort = f"{first}{one},{second}{other}"
            for limit in (1, 2, 50):
                assert ids(api, limit=limit, sort=sort) == in_order(shown, sort), (sort, limit)


def test_orders_are_those_that_the_store_has() -> None:
    assert set(CreditLineQuery.sort_names) == set(SORTS) == {*KEYS, "updated_at"}


def queries(lines: list[Line]) -> st.SearchStrategy[dict[str, Any]]:
    """Filters by values that some line has, or none."""

    def some(*values: Any) -> st.SearchStrategy[list[str]]:
        return st.lists(st.sampled_from(sorted({value for value in values if value})), min_size=1, max_size=3)

    names = [name or "" for line in lines for name in (line["learner"]["first_name"], line["learner"]["last_name"])]
    days = st.sampled_from(sorted({line["completed_on"] for line in lines} | {"2018-01-01", "2030-01-01"}))
    instants = st.sampled_from(sorted({line["submitted_at"][:10] for line in lines}))
    words = st.sampled_from(
        [name[:3] for name in names if name] + [line["learner_board_id"] or "x" for line in lines]
        + [line["activity"]["activity_id"] for line in lines] + ["ref-1", "nobody"]
    )  # fmt: skip
    return st.fixed_dictionaries(
        {},
        optional={
            "board": some(*(line["board"] for line in lines), "ABS"),
            "kind": some("cme", "moc"),
            "status": some("pending", "accepted", "rejected", "withdrawn"),
            "state": some("TN", "ME", "CA"),
            "entry_method": some("api", "excel", "form"),
            "activity_id": some(*(line["activity"]["activity_id"] for line in lines), "999999999"),
            "activity_format": some(*(line["activity"]["format"] for line in lines), "journal-cme"),
            "first_name": some(*names, "Nobody"),
            "last_name": some(*names, "Nobody"),
            "credit_type": some("Patient Safety", "Lifelong Learning", "Medical Knowledge"),
            "client_reference": some("ref-1", "ref-2", "ref-3"),
            "completed_from": days,
            "completed_to": days,
            "submitted_from": instants,
            "submitted_to": instants,
            "q": st.lists(words, min_size=1, max_size=2).map(" ".join),
        },
    )


SORTED = st.lists(st.tuples(st.booleans(), st.sampled_from(tuple(KEYS))), max_size=3, unique_by=lambda key: key[1]).map(
    lambda keys: ",".join(("-" if down else "") + name for down, name in keys) or None
)


@examples(100)
@given(st.data())
def test_filters_and_orders_find_what_a_plain_program_finds(api: Api, lines: list[Line], data: st.DataObject) -> None:
    query, sort = data.draw(queries(lines)), data.draw(SORTED)
    limit, way = data.draw(st.integers(1, 9)), data.draw(st.sampled_from(WAYS))
    expected = in_order(found_among(lines, query), sort)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in zip(("FIRST_STEP", "FEW", "WORTH", "LEAP_AFTER"), way, strict=True):
            patched.setattr(keyset_pages, name, value)
        ordered = {"sort": sort} if sort else {}
        assert ids(api, limit=limit, **query, **ordered) == expected
        counted = api.get(LINES, include="total", limit=1, **query).json
        assert (counted["total"], counted["total_capped"]) == (len(expected), False)


KEPT = ("board", "kind", "status", "state", "entry_method", "activity_id", "activity_format")


@pytest.mark.parametrize("path", [LINES, "/v1/learner-completions"])
@pytest.mark.parametrize("most", [10_000, 2])
@examples(60)
@given(st.data())
def test_totals_are_the_lengths_of_the_lists_where_kept_totals_tell_them(
    path: str, most: int, api: Api, lines: list[Line], data: st.DataObject
) -> None:
    query = {name: value for name, value in data.draw(queries(lines)).items() if name in KEPT}
    flags = data.draw(st.dictionaries(st.sampled_from(["mips", "rems"]), st.sampled_from(["true", "false"])))
    found = len(list(api.pages(path, **query, **flags)))
    with pytest.MonkeyPatch.context() as patched:
        for module in (keyset_pages, list_totals):
            patched.setattr(module, "MOST_COUNTED", most)
        counted = api.get(path, include="total", limit=1, **query, **flags).json
    assert (counted["total"], counted["total_capped"]) == (min(found, most), found > most)


def test_credit_that_was_rejected_and_reported_again_is_one_completion(api: Api, service: Service) -> None:
    first = api.report(tina("2021-12-05")).json
    settle(service)
    decide(service, first["credits"][0]["credit_id"], "rejected")
    again = api.report(tina("2021-12-05")).json
    assert [credit["status"] for credit in again["credits"]].count("rejected") == 1
    query = {"board": "ABA", "entry_method": "api", "activity_id": again["activity_id"]}
    for path in (LINES, "/v1/learner-completions"):
        assert api.get(path, include="total", **query).json["total"] == len(list(api.pages(path, **query))) > 0
    # Of an installation with one certifying board, the kind leaves that board alone, though no query names it.
    of_kind = CompletionFilter(
        provider_id="0008001", query=CompletionQuery(kind=[CreditKind.MOC], entry_method=[EntryMethod.API])
    )
    total = service.database.read(lambda connection: list_totals.count_completions(connection, of_kind, {"ABA"}))
    assert total == Total(1, capped=False)


def test_a_total_of_rejected_credit_alone_says_that_there_is_more(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [api.report(tina(day)).json for day in ("2021-12-04", "2021-12-05")]
    settle(service)
    for one in made:
        decide(service, one["credits"][0]["credit_id"], "rejected")
    for module in (keyset_pages, list_totals):
        monkeypatch.setattr(module, "MOST_COUNTED", 1)
    query = {"board": "ABA", "status": "rejected", "entry_method": "api"}
    for path in (LINES, "/v1/learner-completions"):
        counted = api.get(path, include="total", limit=1, **query).json
        assert (counted["total"], counted["total_capped"]) == (1, True), path


def test_totals_of_filters_that_each_have_much_read_no_record(service: Service) -> None:
    query = CreditLineQuery(board=["ABA"], activity_format=["live-course"], entry_method=[EntryMethod.API])
    wanted = CompletionFilter(provider_id="0008001", query=query, boards=["ABA"], formats=["live-course"])

    def look(connection: Connection) -> list[str]:
        return list(plans_of(connection, lambda: list_totals.count_lines(connection, wanted, ["ABA"])).values())

    [plan] = service.database.read(look)
    assert "activity_board_totals" in plan or "SEARCH f" in plan
    assert not any(table in plan for table in ("completions", "credits", "SEARCH c", "SEARCH x"))


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize("filters", [{"board": ["ABA"]}, {"activity_format": ["live-course"]}])
def test_a_total_of_one_filter_that_leaves_very_many_reads_no_record(
    service: Service, monkeypatch: pytest.MonkeyPatch, filters: dict[str, Any]
) -> None:
    boards, formats = filters.get("board"), filters.get("activity_format")
    wanted = CompletionFilter(provider_id="0008001", query=CompletionQuery(**filters), boards=boards, formats=formats)
    monkeypatch.setattr(list_totals, "MOST_COUNTED", 0)

    def look(connection: Connection) -> list[str]:
        return list(plans_of(connection, lambda: list_totals.count_completions(connection, wanted, boards)).values())

    [plan] = service.database.read(look)
    assert "activity_board_totals" in plan or "SEARCH f" in plan
    assert not any(table in plan for table in ("completions", "credits", "SEARCH c", "SEARCH x"))


def facets_of(page: Any) -> dict[str, dict[str, int]]:
    return {one["facet"]: {value["value"]: value["count"] for value in one["values"]} for one in page["facets"]}


@examples(100)
@given(st.data())
def test_facets_count_what_each_value_would_leave(api: Api, lines: list[Line], data: st.DataObject) -> None:
    query = data.draw(queries(lines))
    page = api.get(LINES, include="facets", limit=1, **query).json
    assert facets_of(page) == facets_among(lines, query)
    assert (page["facets_capped"], page["total"]) == (False, None)
    for one in page["facets"]:
        counts = [value["count"] for value in one["values"]]
        assert counts == sorted(counts, reverse=True)


def test_facets_are_of_the_kept_totals_or_of_few_lines(
    api: Api, lines: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyset_pages, "MOST_COUNTED", 3)
    for query in ({}, {"board": ["TN-M"]}, {"activity_id": [COURSE], "status": ["pending"]}):
        page = api.get(LINES, include="facets", **query).json
        assert facets_of(page) == facets_among(lines, query)
    many = api.get(LINES, include="facets", completed_from="2000-01-01").json
    assert (many["facets"], many["facets_capped"]) == (None, True)
    plain = api.get(LINES).json
    assert (plain["facets"], plain["facets_capped"]) == (None, None)


def test_a_cursor_of_completions_is_none_of_lines(api: Api, lines: list[Line]) -> None:
    cursor = api.get("/v1/learner-completions", limit=1).json["next_cursor"]
    assert_problem(api.get(LINES, cursor=cursor), 422, "parameter-invalid")


def test_no_order_of_lines_reads_all_of_them_on_sqlite(service: Service) -> None:
    """Only the last key, by which the lines of one completion are told apart, is sorted; nothing is scanned."""
    if not service.database.on_sqlite:
        pytest.skip("the plan of a handful of rows says nothing there")

    asked: tuple[dict[str, Any], ...] = (
        {}, {"activity_id": ["1"]}, {"activity_format": ["series"]}, {"mips": True}, {"entry_method": ["excel"]},
        {"completed_from": date(2020, 1, 1)}, {"submitted_to": date(2020, 1, 1)}, {"q": "Ann"}, {"last_name": ["Ann"]},
        {"board": ["ABA"]}, {"kind": ["moc"]}, {"status": ["pending"]}, {"batch_id": ["1"]}, {"credit_type": ["x"]},
    )  # fmt: skip

    def look(connection: Any) -> list[str]:
        found = []
        for sort, query in product((None, *(sign + key for key in SORTS for sign in ("", "-"))), asked):
            wanted = CompletionFilter(
                provider_id="0008001",
                query=CreditLineQuery(sort=sort, **query),
                formats=query.get("activity_format"),
                boards=query.get("board"),
                credit_types=[(None, "x")] if "credit_type" in query else None,
            )
            plans = plans_of(connection, lambda wanted=wanted: credit_lines.page(connection, wanted, None, 10))
            # Where the rows of a filter are gathered, they are few, and sorted.
            walks = [
                plan for sql, plan in plans.items() if "ORDER BY" in sql and "LIMIT" in sql and "ids CROSS" not in sql
            ]
            assert walks
            found += [f"{sort} {query}: {plan}" for plan in walks if scanned(plan, LARGE) or "B-TREE FOR ORDER" in plan]
        return found

    assert service.database.read(look) == []

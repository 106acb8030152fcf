"""Exports on their way: slow readers, readers that go away, failures in the middle, rows that change meanwhile."""

from __future__ import annotations

import csv
import gc
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as some

from app.services.context import Service
from app.services.looking import activity_export, completion_export, exports, slots
from app.services.looking.slots import SLOTS
from app.store.looking import ids_in_order
from app.store.sql import statements
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, john, tina
from tests.harness.api import Api, api_of
from tests.harness.properties import examples
from tests.harness.refusals import assert_problem
from tests.harness.wire import Wire

PATH = "/v1/learner-completions"
DAYS = [f"2021-11-{day:02}" for day in range(1, 26)]


@pytest.fixture
def reported(api: Api) -> list[str]:
    """Twenty-five completions of Rebecca Test, the newest last."""
    return [api.report(a_completion(completed_on=day, credits=1)).json["completion_id"] for day in DAYS]


@pytest.fixture(params=[(1, 1), (2, 3), (3, 7)])
def piecemeal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of so many rows, found so many at a time."""
    at_once, found = request.param
    monkeypatch.setattr(completion_export, "AT_ONCE", at_once)
    monkeypatch.setattr(activity_export, "AT_ONCE", at_once)
    monkeypatch.setattr(ids_in_order, "FOUND_AT_ONCE", found)


def head_of(api: Api, format: str, path: str = PATH) -> bytes:
    lines = (f"GET {path}:export?format={format} HTTP/1.1", "Host: x", f"Authorization: Bearer {api.key}")
    return "\r\n".join((*lines, "Connection: close", "", "")).encode()


def until(fits: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not fits() and time.monotonic() < end:
        gc.collect()
        time.sleep(0.01)
    return fits()


def before_piece(number: int, act: Callable[[], Any]) -> Callable[[str], None]:
    """Do something once, before the rows of a piece are read, counted from 1."""
    seen = 0

    def observe(sql: str) -> None:
        nonlocal seen
        if "k.place * " in sql:
            seen += 1
            if seen == number:
                act()

    return observe


@pytest.mark.usefixtures("piecemeal", "reported")
def test_pieces_make_the_same_file_whatever_their_length(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for query in ({}, {"sort": "last_name"}, {"board": "TN-M", "sort": "-completed_on"}, {"q": "test"}):
        for path in (PATH, "/v1/activities") if not query else (PATH,):
            for format in ("csv", "ndjson"):
                in_pieces = api.get(f"{path}:export", format=format, **query).response.content
                with monkeypatch.context() as whole:
                    whole.setattr(completion_export, "AT_ONCE", 10_000)
                    whole.setattr(activity_export, "AT_ONCE", 10_000)
                    whole.setattr(ids_in_order, "FOUND_AT_ONCE", 10_000)
                    assert api.get(f"{path}:export", format=format, **query).response.content == in_pieces


@pytest.mark.usefixtures("piecemeal")
def test_what_is_there_all_the_while_is_in_it_exactly_once(
    api: Api, service: Service, reported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = reported[12]

    def change() -> None:
        """One after another: others come and go while the file is read."""
        assert api.delete(f"{PATH}/{gone}").status == 204
        assert api.report(tina("2021-10-01")).status == 201
        assert api.report(john()).status == 201

    monkeypatch.setattr(statements, "BEFORE_STATEMENT", [before_piece(3, lambda: threads.append(started(change)))])
    threads: list[threading.Thread] = []
    text = api.get(f"{PATH}:export", format="ndjson", activity_id=GRAND_ROUNDS).response.text
    for thread in threads:
        thread.join(60)
    assert threads
    found = [json.loads(line)["completion_id"] for line in text.splitlines()]
    assert len(found) == len(set(found))
    stayed = set(reported) - {gone}
    assert [one for one in found if one in stayed] == sorted(stayed, reverse=True)


def started(act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


@pytest.mark.usefixtures("piecemeal", "reported")
@pytest.mark.parametrize("format", ["xlsx", "csv", "ndjson"])
@pytest.mark.parametrize("piece", [2, 5])
def test_a_failure_in_the_middle_is_seen_to_be_one(
    wire: Wire, api: Api, monkeypatch: pytest.MonkeyPatch, format: str, piece: int
) -> None:
    whole = wire.exchange(head_of(api, format), closes=True)
    assert whole.startswith(b"HTTP/1.1 200 ") and whole.endswith(b"\r\n0\r\n\r\n")

    def fail() -> None:
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(statements, "BEFORE_STATEMENT", [before_piece(piece, fail)])
    cut = wire.exchange(head_of(api, format), closes=True)
    assert cut.startswith(b"HTTP/1.1 200 ")
    # A row may itself end with a nought.
    assert not cut.endswith(b"\r\n0\r\n\r\n"), "it looks like a whole answer"
    assert until(lambda: not len(SLOTS))


@pytest.mark.usefixtures("reported")
def test_more_rows_than_a_workbook_holds_are_refused_or_cut_off(
    wire: Wire, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_SHEET_ROWS", 24)
    refused = api.get(f"{PATH}:export", format="xlsx", activity_id=GRAND_ROUNDS)
    assert_problem(refused, 422, "parameter-invalid")
    (item,) = refused.json["errors"]
    assert item["parameter"] == "format" and "24 rows" in item["detail"] and "format=csv" in item["hint"]
    monkeypatch.setattr(completion_export.CompletionSource, "count", lambda *_: 1)
    grown = wire.exchange(head_of(api, "xlsx"), closes=True)
    assert grown.startswith(b"HTTP/1.1 200 ") and not grown.endswith(b"\r\n0\r\n\r\n")


def test_credits_are_counted_where_completions_are_many(
    api: Api, service: Service, reported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.store.looking import completion_exports

    assert api.report(john()).status == 201
    monkeypatch.setattr(completion_exports, "_FEWEST_COUNTED", 0)
    for query in ({}, {"activity_id": COURSE}, {"board": "ABIM"}, {"kind": "moc", "sort": "last_name"}):
        text = api.get(f"{PATH}:export", format="csv", **query).response.content.decode("utf-8-sig")
        rows = len(list(csv.reader(io.StringIO(text, newline="")))) - 1
        monkeypatch.setattr(exports, "MOST_SHEET_ROWS", rows)
        assert api.get(f"{PATH}:export", format="xlsx", **query).status == 200
        monkeypatch.setattr(exports, "MOST_SHEET_ROWS", rows - 1)
        assert api.get(f"{PATH}:export", format="xlsx", **query).status == 422


@pytest.fixture
def long_file(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """An export without an end; counts the pieces that were read."""
    read: list[int] = []

    def endless(source: Any, connection: Any, reached: Any) -> Any:
        read.append(1)
        return exports.ExportPiece(["x" * 100_000], ids_in_order.BEGINNING)

    monkeypatch.setattr(completion_export.CompletionSource, "read_documents", endless)
    monkeypatch.setattr(
        completion_export.CompletionSource, "write_documents", lambda _, rows: b"".join(map(str.encode, rows))
    )
    yield read
    assert until(lambda: not len(SLOTS))


def connected(wire: Wire, api: Api) -> socket.socket:
    connection = wire.connect()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.sendall(head_of(api, "ndjson"))
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    return connection


def test_for_a_reader_who_waits_nothing_is_read_ahead_and_for_one_who_is_gone_nothing_at_all(
    wire: Wire, api: Api, long_file: list[int]
) -> None:
    connection = connected(wire, api)
    time.sleep(0.5)
    before = len(long_file)
    time.sleep(0.5)
    assert len(long_file) - before <= 1, "it is read whether anybody takes it or not"
    assert before * 100_000 < 50_000_000
    connection.close()
    assert until(lambda: not len(SLOTS))
    stopped = len(long_file)
    time.sleep(0.3)
    assert len(long_file) <= stopped + 1


def test_a_client_takes_some_exports_at_a_time_and_others_are_served_beside_it(
    wire: Wire, api: Api, http: TestClient, service: Service, long_file: list[int]
) -> None:
    taken = [connected(wire, api) for _ in range(slots.OF_ONE_CLIENT)]
    refused = api.get(f"{PATH}:export", format="csv")
    assert_problem(refused, 429, "rate-limited")
    assert refused.response.headers["retry-after"] == "10"
    assert api.send("HEAD", f"{PATH}:export", params={"format": "csv"}).status == 200
    link = api.post("/v1/downloads", {"kind": "activities", "format": "csv"}).json["url"]
    assert api.http.get(link).status_code == 429
    other = api_of(http, service, "other", providers=["0008002"])
    assert other.get(f"{PATH}:export", format="csv").status == 200
    for connection in taken:
        connection.close()
    assert until(lambda: not len(SLOTS))
    assert api.http.get(link).status_code == 200, "a link that was refused was not used up"


def test_a_process_writes_not_too_many_in_all(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "IN_ALL", 0)
    assert_problem(api.get(f"{PATH}:export", format="csv"), 503, "unavailable")
    monkeypatch.undo()
    assert api.get(f"{PATH}:export", format="csv").status == 200
    assert len(SLOTS) == 0


def test_a_slot_comes_back_though_nothing_was_written(service: Service) -> None:
    slot = SLOTS.take("somebody")
    assert len(SLOTS) == 1
    slot.give_back()
    slot.give_back()
    assert len(SLOTS) == 0
    SLOTS.take("somebody")
    gc.collect()
    assert len(SLOTS) == 0


QUERIES = some.fixed_dictionaries(
    {},
    optional={
        "board": some.lists(some.sampled_from(["TN-M", "ABIM", "ABA", "ME-M", "none"]), min_size=1, max_size=2),
        "kind": some.lists(some.sampled_from(["cme", "moc"]), min_size=1, max_size=2),
        "status": some.lists(some.sampled_from(["pending", "accepted", "rejected", "withdrawn"]), min_size=1),
        "last_name": some.sampled_from(["Test", "smith", "Karacme", "nobody"]),
        "activity_id": some.sampled_from([GRAND_ROUNDS, COURSE]),
        "completed_from": some.sampled_from(["2021-01-01", "2021-11-10", "2021-12-31"]),
        "completed_to": some.sampled_from(["2021-11-20", "2021-12-01"]),
        "credit_type": some.sampled_from(["Patient Safety", "LL", "none"]),
        "state": some.sampled_from(["TN", "Maine"]),
        "q": some.sampled_from(["reb", "te", "444444", "zz"]),
        "sort": some.sampled_from(["last_name", "-submitted_at", "-completed_on,last_name", "activity_id"]),
    },
)


@pytest.mark.exhaustive
@pytest.mark.usefixtures("reported")
def test_any_export_has_what_the_list_has_page_by_page(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for body in (john(), tina(), tina("2021-11-02", 1.75)):
        assert api.report(body).status == 201

    @examples(60)
    @given(QUERIES, some.integers(1, 9), some.integers(1, 20))
    def same(query: dict[str, Any], at_once: int, found: int) -> None:
        monkeypatch.setattr(completion_export, "AT_ONCE", at_once)
        monkeypatch.setattr(ids_in_order, "FOUND_AT_ONCE", found)
        answer = api.get(PATH, limit=7, **query)
        listed = list(answer.json["data"])
        while cursor := answer.json["next_cursor"]:
            answer = api.get(PATH, limit=7, cursor=cursor)
            listed += answer.json["data"]
        text = api.get(f"{PATH}:export", format="ndjson", **query).response.text
        assert [json.loads(line) for line in text.splitlines()] == listed
        table = api.get(f"{PATH}:export", format="csv", **query).response.content.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(table, newline="")))
        assert list(dict.fromkeys(row["Completion ID"] for row in rows)) == [one["completion_id"] for one in listed]
        fits = {
            credit["credit_id"]
            for one in listed
            for credit in one["credits"]
            if credit["kind"] in query.get("kind", [credit["kind"]])
            and credit["status"] in query.get("status", [credit["status"]])
            and credit["board"] in query.get("board", [credit["board"]])
            and credit["board"]
            in {"TN": ["TN-M", "TN-O"], "Maine": ["ME-M", "ME-O"]}.get(query.get("state", ""), [credit["board"]])
            and names_of(query) & {one["type"] for one in credit["credit_types"]} == names_of(query)
        }
        assert {row["Credit ID"] for row in rows if row["Credit ID"]} == fits

    same()


def names_of(query: dict[str, Any]) -> set[str]:
    given = query.get("credit_type")
    return {{"LL": "Lifelong Learning"}.get(given, given)} if given else set()


@pytest.mark.usefixtures("reported")
def test_each_piece_is_a_read_of_its_own(api: Api, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion_export, "AT_ONCE", 5)
    reads: list[str] = []
    monkeypatch.setattr(statements, "BEFORE_STATEMENT", [reads.append])
    begun: list[Any] = []
    read = service.database.read

    def counted(verb: Any) -> Any:
        begun.append(verb)
        return read(verb)

    monkeypatch.setattr(type(service.database), "read", lambda _, verb: counted(verb))
    assert api.get(f"{PATH}:export", format="csv", activity_id=GRAND_ROUNDS).status == 200
    assert len([sql for sql in reads if "k.place * " in sql]) >= 5
    assert len(begun) >= 5

"""Boards' decisions as people write them in tables: any separator, encoding, case and spelling that can be told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.core.errors import InvalidRequest
from app.core.http.csv_bodies import CsvTable, read_table
from app.domain.parsing import plain_text
from app.services.context import Service
from tests.builders.bodies import tina
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.properties import examples
from tests.harness.refusals import assert_problem

DATABASES = ["sqlite"]

DECISIONS = "/v1/board-feed/decisions"
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def aba(api: Api, service: Service) -> Api:
    return api_of(api.http, service, "ABA", role="board", board="ABA")


@pytest.fixture
def case(api: Api, aba: Api, service: Service) -> dict[str, Any]:
    """A credit of the board, and its place in the feed."""
    (credit,) = api.report(tina()).json["credits"]
    settle(service)
    told = [event for event in aba.get("/v1/board-feed").json["data"] if event["credit_id"] == credit["credit_id"]]
    return {"credit_id": credit["credit_id"], "position": told[-1]["position"]}


def send(board: Api, content: bytes) -> Answer:
    return board.send("POST", DECISIONS, headers={"Content-Type": "text/csv"}, content=content)


@pytest.mark.parametrize("mark", [",", ";", "\t"], ids=["commas", "semicolons", "tabs"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_is_read_whatever_separates_and_encodes_it(aba: Api, mark: str, encoding: str) -> None:
    lines = ["credit_id,position,decision,reason_code,reason", f"{NOBODY},1,accepted,,", f"{NOBODY},1,rejected,,Müller"]
    answer = send(aba, "\r\n".join(lines).replace(",", mark).encode(encoding))
    assert answer.status == 200, answer.json
    assert answer.json["summary"] == {"applied": 0, "unchanged": 0, "stale": 0, "unknown": 2}


def test_the_line_that_names_the_separator_is_no_heading(aba: Api) -> None:
    answer = send(aba, f"sep=;\r\ncredit_id;position;decision\r\n{NOBODY};1;accepted\r\n".encode())
    assert [decision["result"] for decision in answer.json["data"]] == ["unknown"]


def test_only_the_heading_tells_what_separates_the_cells(aba: Api, case: dict[str, Any], api: Api) -> None:
    line = f'{case["credit_id"]};{case["position"]};rejected;"Known; as, Tina"'
    assert send(aba, f"credit_id;position;decision;reason\n{line}\n".encode()).json["summary"]["applied"] == 1
    credits = [credit for completion in api.completions(status="rejected") for credit in completion["credits"]]
    assert "Known; as, Tina" in [credit["status_text"] for credit in credits]


@pytest.mark.parametrize("heading", ["Credit ID,Position,Decision", "CREDIT_ID,position ,\u200eDecision\u200e"])
@pytest.mark.parametrize(
    "decision", ["Accepted", "ACCEPTED", "\u202aaccepted\u202c", " accepted\u00a0", "ａｃｃｅｐｔｅｄ"]
)
def test_headings_and_decisions_are_read_in_any_case(
    aba: Api, case: dict[str, Any], heading: str, decision: str
) -> None:
    line = f"\u202a{case['credit_id'].upper()}\u202c,\u200e{case['position']},{decision}"
    answer = send(aba, f"{heading}\n{line}\n".encode())
    assert answer.status == 200, answer.json
    assert answer.json["data"][0]["result"] == "applied"


@pytest.mark.parametrize("reason", ["ID unknown", "id_unknown", "Id-Unknown", "id\u2060-unknown"])
def test_a_body_and_a_table_read_a_decision_alike(aba: Api, case: dict[str, Any], reason: str) -> None:
    decision = case | {"decision": "Rejected", "reason_code": reason}
    assert aba.post(DECISIONS, {"decisions": [decision]}).json["data"][0]["result"] == "applied"
    exact = case | {"decision": "rejected", "reason_code": "id-unknown"}
    assert aba.post(DECISIONS, {"decisions": [exact]}).json["data"][0]["result"] == "unchanged"
    line = ";".join(map(str, decision.values()))
    assert send(aba, f"{';'.join(decision)}\n{line}\n".encode()).json["data"][0]["result"] == "unchanged"


def test_a_separator_that_is_none_is_told(aba: Api) -> None:
    answer = send(aba, f"credit_id|position|decision\n{NOBODY}|1|accepted\n".encode())
    assert_problem(answer, 422, "invalid-request")
    assert "commas, semicolons or tabs" in answer.json["errors"][0]["hint"]


TABLE = CsvTable(
    list_name="decisions",
    known=frozenset({"credit_id", "position", "decision", "reason"}),
    integers=frozenset({"position"}),
    ignored=frozenset({"event"}),
    required="decision",
    normalise=plain_text,
    most=5,
)
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=12).map(
    lambda text: "x" + text.replace("'", "")
)


@examples(60)
@given(
    st.sampled_from(",;\t"),
    st.permutations(["credit_id", "position", "decision", "reason", "event"]),
    st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=3),
)
def test_rows_are_the_same_whatever_separates_their_cells(mark: str, columns: list[str], rows: list[list[str]]) -> None:
    def quoted(cells: list[str]) -> str:
        return mark.join('"' + cell.replace('"', '""') + '"' for cell in cells)

    text = "\r\n".join([mark.join(columns), *map(quoted, rows)])
    read = read_table(TABLE, text)["decisions"]
    expected = [
        {name: cell.strip() for name, cell in zip(columns, row, strict=True) if name != "event"} for row in rows
    ]
    assert json.dumps(read) == json.dumps(expected)


def test_a_heading_of_very_many_columns_is_refused_without_looking_at_each() -> None:
    looked_at = 0

    def normalise(text: str) -> str:
        nonlocal looked_at
        looked_at += 1
        return plain_text(text)

    table = replace(TABLE, normalise=normalise)
    for names in ("a," * 100_000, ",".join(map(str, range(40_000)))):
        with pytest.raises(InvalidRequest):
            read_table(table, f"{names}\n")
    # Each of three separators is tried on the beginning of the line.
    assert looked_at < 30_000


def test_of_a_body_of_very_many_rows_no_more_are_read_than_are_refused(aba: Api) -> None:
    text = "decision\n" + "accepted\n" * 100_000
    assert len(read_table(TABLE, text)["decisions"]) == 6
    refused = send(aba, text.encode())
    assert refused.status == 422
    [error] = refused.json["errors"]
    assert (error["pointer"], "5000" in error["detail"].replace(",", "")) == ("/decisions", True), error

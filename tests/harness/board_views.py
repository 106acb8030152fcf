"""What boards know from their feeds, and what they should know: for tests that compare the two."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from app.domain.decisions import Decision, DecisionResult, Verdict
from app.services.boards import decisions
from app.services.context import OPERATOR, Caller, Service, transact
from app.store.sql import statements
from app.store.sql.values import read_document
from tests.harness.api import settle

Told = tuple[Any, ...]


def replayed(service: Service) -> dict[str, Told]:
    """Read every feed from zero as its board would; return what the boards then hold, by credit."""
    held: dict[str, Told] = {}
    found = service.database.read(
        lambda connection: statements.fetch(
            connection,
            "SELECT e.board, e.event, e.credit_id, v.document FROM feed f "
            "JOIN board_events e ON e.event_id = f.event_id "
            "JOIN completion_versions v ON v.completion_id = e.completion_id AND v.version = e.version "
            "ORDER BY f.board, f.position",
        )
    )
    for board, event, credit_id, document in found:
        completion = read_document(document)
        (credit,) = [credit for credit in completion["credits"] if credit["credit_id"] == credit_id]
        if event == "credit.reported":
            assert credit_id not in held, "reported twice"
        else:
            assert credit_id in held, f"{event} before it was reported"
        if event == "credit.withdrawn":
            # A withdrawal tells of the credit as it stood, never of whoever came after.
            assert held.pop(credit_id)[:2] == (board, completion["subject"])
        else:
            types = sorted(map(tuple, credit["credit_types"]))
            held[credit_id] = (
                board, completion["subject"], completion["activity_id"], completion["completed_on"],
                completion["first_name"], credit["registry_id"], credit["quarters"], types,
            )  # fmt: skip
    return held


def live(service: Service) -> dict[str, Told]:
    """Return what boards should hold, from the records themselves."""

    def read(connection: Any) -> dict[str, Told]:
        types: dict[str, list[tuple[str, int]]] = {}
        for credit_id, name, quarters in statements.fetch(
            connection, "SELECT credit_id, credit_type, quarters FROM credit_types"
        ):
            types.setdefault(credit_id, []).append((name, quarters))
        return {
            row[0]: (row[1], row[2], row[3], str(row[4]), *row[5:], sorted(types.get(row[0], [])))
            for row in statements.fetch(
                connection,
                "SELECT x.credit_id, x.board, c.subject, c.activity_id, c.completed_on, c.first_name, x.registry_id, "
                "x.quarters FROM credits x JOIN completions c ON c.completion_id = x.completion_id "
                "WHERE x.delivery = 'board' AND x.status <> 'withdrawn'",
            )
        }

    return service.database.read(read)


def decide(service: Service, credit_id: str, status: str) -> None:
    """Let the board of a credit decide on it."""
    settle(service)
    ((board, position),) = service.database.read(
        lambda connection: statements.fetch(
            connection,
            "SELECT f.board, max(f.position) FROM feed f JOIN board_events e ON e.event_id = f.event_id "
            "WHERE e.credit_id = :id GROUP BY f.board",
            {"id": credit_id},
        )
    )
    decision = Decision(credit_id=credit_id, position=position, verdict=Verdict(status), reason_code=None, reason=None)
    caller = Caller(service=service, client=replace(OPERATOR, board=board), provider=None)
    assert transact(caller, decisions.decide_each, [decision]) == [DecisionResult.APPLIED]

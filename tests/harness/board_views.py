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
    people = _people(service)
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
        subject = people.get(completion["subject"], completion["subject"])
        (credit,) = [credit for credit in completion["credits"] if credit["credit_id"] == credit_id]
        if event == "credit.reported":
            assert credit_id not in held, "reported twice"
        else:
            assert credit_id in held, f"{event} before it was reported"
        if event == "credit.withdrawn":
            # A withdrawal tells of the credit as it stood, never of whoever came after.
            assert held.pop(credit_id)[:2] == (board, subject)
        else:
            types = sorted(map(tuple, credit["credit_types"]))
            held[credit_id] = (
                board, subject, completion["activity_id"], completion["completed_on"],
                completion["first_name"], credit["registry_id"], credit["quarters"], types,
            )  # fmt: skip
    return held


def live(service: Service) -> dict[str, Told]:
    """Return what boards should hold, from the records themselves."""
    people = _people(service)

    def read(connection: Any) -> dict[str, Told]:
        types: dict[str, list[tuple[str, int]]] = {}
        for credit_id, name, quarters in statements.fetch(
            connection, "SELECT credit_id, credit_type, quarters FROM credit_types"
        ):
            types.setdefault(credit_id, []).append((name, quarters))
        return {
            row[0]: (row[1], people.get(row[2], row[2]), row[3], str(row[4]), *row[5:], sorted(types.get(row[0], [])))
            for row in statements.fetch(
                connection,
                "SELECT x.credit_id, x.board, c.subject, c.activity_id, c.completed_on, c.first_name, x.registry_id, "
                "x.quarters FROM credits x JOIN completions c ON c.completion_id = x.completion_id "
                "WHERE x.delivery = 'board' AND x.status <> 'withdrawn'",
            )
        }

    return service.database.read(read)


def _people(service: Service) -> dict[str, str]:
    """Return one id for all physicians who were ever one on file: boards are shown no id of theirs.

    Whoever is merged, parted or split keeps the names, dates and numbers that boards were told.
    """
    rows = service.database.read(
        lambda connection: statements.fetch(
            connection, "SELECT subject_id, fields FROM audit WHERE noun = 'learner' ORDER BY commit_id, item"
        )
    )
    first: dict[str, str] = {}

    def find(one: str) -> str:
        while first.get(one, one) != one:
            one = first[one]
        return one

    for subject_id, fields in rows:
        other = read_document(fields).get("other_id")
        if other is not None:
            one, two = sorted((find(subject_id), find(other)))
            first[two] = first[one] = one
    return {one: find(one) for one in first}


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

"""The sealer: positions and seals in pieces, in the order of the commits, whatever the size of a backlog."""

from __future__ import annotations

import hashlib

import pytest

from app.services.context import Service
from app.services.operations import sealing
from app.services.operations.sealing import SealResult, digest_rows, seal_next
from app.store.sql import statements
from tests.builders.bodies import a_completion, john
from tests.harness.api import Api, settle

COMPLETIONS = "/v1/learner-completions"


def positions(service: Service, board: str) -> list[tuple[int, str]]:
    return service.database.read(
        lambda connection: statements.fetch(
            connection,
            "SELECT f.position, e.credit_id FROM feed f JOIN board_events e ON e.event_id = f.event_id "
            "WHERE f.board = :board ORDER BY f.position",
            {"board": board},
        )
    )


def seal_all(service: Service) -> list[SealResult]:
    rounds = []
    while sealed := service.database.write(lambda connection: seal_next(connection, service)):
        rounds.append(sealed)
    return rounds


@pytest.mark.parametrize(
    ("commits", "rows", "rounds"),
    [
        (2, 1_000, [SealResult.A_PART, SealResult.A_PART, SealResult.ALL]),
        # A report of one credit has an audit row and a board event.
        (500, 5, [SealResult.A_PART, SealResult.A_PART, SealResult.ALL]),
        (500, 1, [SealResult.A_PART] * 4 + [SealResult.ALL]),
        (5, 10, [SealResult.ALL]),
    ],
)
def test_a_backlog_is_sealed_in_bounded_pieces_and_in_its_order(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch, commits: int, rows: int, rounds: list[SealResult]
) -> None:
    settle(service)
    before = positions(service, "TN-M")
    reported = [api.report(a_completion(completed_on=f"2021-11-0{day}")).json for day in range(1, 6)]
    monkeypatch.setattr(sealing, "AT_ONCE", commits)
    monkeypatch.setattr(sealing, "ROWS_AT_ONCE", rows)
    assert seal_all(service) == rounds
    expected = [credit["credits"][0]["credit_id"] for credit in reported]
    assert positions(service, "TN-M") == [*before, *enumerate(expected, len(before) + 1)]
    settle(service)


def test_one_commit_that_tells_several_boards_gives_each_its_next_position(api: Api, service: Service) -> None:
    settle(service)
    before = {board: positions(service, board) for board in ("TN-M", "ABIM")}
    answer = api.post(
        f"{COMPLETIONS}:bulk", {"items": [john(), a_completion(), a_completion(completed_on="2021-12-13")]}
    )
    credits = [credit for item in answer.json["items"] for credit in item["completion"]["credits"]]
    assert seal_all(service) == [SealResult.ALL]
    for board, stood in before.items():
        expected = [credit["credit_id"] for credit in credits if credit["board"] == board]
        assert expected
        assert positions(service, board) == [*stood, *enumerate(expected, len(stood) + 1)]
    settle(service)


def test_what_seals_are_made_over_stays_the_same() -> None:
    """Seals outlive versions of this program: a digest made by another would no longer fit."""
    row = ("c", "2026-01-01T00:00:00+00:00", None, "1", "r", 0, "report", "completion", "x", {"b": [1.5], "a": "é"})
    text = '["c","2026-01-01T00:00:00+00:00",null,"1","r",0,"report","completion","x",{"a":"é","b":[1.5]}]\n'
    assert digest_rows([row, row]) == hashlib.sha256(text.encode() * 2).hexdigest()

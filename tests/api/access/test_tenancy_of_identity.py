"""Whatever identity keeps of one provider or board is as if it did not exist to every other, files and links too."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.builders.merging import import_twice
from tests.builders.sent_files import lines, tab_text
from tests.harness.api import Answer, Api, api_of
from tests.harness.held import hold, nora
from tests.harness.refusals import footprint, same_but_request_id
from tests.harness.uploads import rows_of, worked

ABSENT = "019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b70"


@pytest.fixture
def other(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "others", providers=["0008002"])


@pytest.fixture
def board(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "ABIM", role="board", board="ABIM")


def test_a_foreign_batch_with_held_rows_looks_absent_in_rows_and_files(
    api: Api, other: Api, board: Api, service: Service
) -> None:
    batch = worked(api, service, lines([nora()]), on_unmatched="hold")
    assert batch["counts"]["held"] == 1
    before = footprint(service)
    for stranger in (other, board):
        for method, path in (
            ("GET", ""), ("GET", "/rows"), ("GET", "/files/original"), ("GET", "/files/rejected"),
            ("GET", "/files/held"), ("GET", "/files/successful"), ("POST", "/cancel"), ("POST", "/retry"),
        ):  # fmt: skip
            foreign, absent = (
                stranger.send(method, f"/v1/batches/{batch_id}{path}") for batch_id in (batch["batch_id"], ABSENT)
            )
            assert foreign.status == 404, (path, foreign.json)
            assert same_but_request_id(foreign, absent), path
        assert stranger.get("/v1/batches").json["data"] == []
    assert other.get("/v1/held-records", batch_id=batch["batch_id"]).json["data"] == []
    assert footprint(service) == before


def test_a_learner_link_of_another_provider_is_nobody_in_a_file_too(api: Api, other: Api, service: Service) -> None:
    link = api.report(a_completion()).json["learner"]["learner_id"]
    activity = other.register().json["activity_id"]
    for on_unmatched in ("reject", "hold"):
        for dry_run in (True, False):
            bodies = [a_completion(activity, credits=1) for _ in range(2)]
            for body, learner_id in zip(bodies, (link, ABSENT), strict=True):
                body["learner"] = {"learner_id": learner_id}
            batch = worked(other, service, lines(bodies), on_unmatched=on_unmatched, dry_run=dry_run)
            foreign, absent = (
                row | {"row": 0, "held": None, "findings": [finding | {"row": 0} for finding in row["findings"]]}
                for row in rows_of(other, batch)
            )
            assert foreign == absent
            assert foreign["outcome"] == {"reject": "rejected", "hold": "held"}[on_unmatched]


def operators(one: str, pair: str, completion: str, help_id: str) -> list[tuple[str, str, Any]]:
    """Return the operator's operations with ids that exist."""
    return [
        ("GET", f"/v1/physicians/{one}", None),
        ("GET", f"/v1/physicians/{one}/credits", None),
        ("PATCH", f"/v1/physicians/{one}", {"suffix": "Jr."}),
        ("POST", f"/v1/physicians/{one}/merge", {"into": ABSENT}),
        ("POST", f"/v1/physicians/{one}/unmerge", None),
        ("POST", f"/v1/physicians/{one}/split", {}),
        ("GET", f"/v1/physician-pairs/{pair}", None),
        *(("POST", f"/v1/physician-pairs/{pair}/{verb}", None) for verb in ("never", "later", "reopen")),
        ("POST", f"/v1/physician-pairs/{pair}/join", {}),
        ("GET", f"/v1/learner-completions/{completion}/match", None),
        ("GET", f"/v1/help-requests/{help_id}", None),
        ("POST", f"/v1/help-requests/{help_id}/answer", {"action": "answer", "message": "No."}),
        ("POST", f"/v1/identity-budgets/{one}/release", None),
    ]


def test_ids_of_the_registry_open_nothing_to_providers_and_boards(
    api: Api, other: Api, board: Api, service: Service
) -> None:
    one, into = import_twice(service)
    held = hold(api, nora())
    asked = api.post(f"/v1/held-records/{held.json['held_id']}/ask", {}).json["help"]["help_id"]
    completion = api.report(a_completion()).json["completion_id"]
    before = footprint(service)
    for client in (api, other, board):
        answers: list[Answer] = [
            client.send(method, path, json=body, headers={"If-Match": "*"})
            for method, path, body in operators(one, f"{one}.{into}", completion, asked)
        ]
        assert {answer.status for answer in answers} == {403}
    assert footprint(service) == before


HEADINGS = ["First Name", "Last Name", "Date of Birth", "Board ID"]
ADA = dict(zip(HEADINGS, ["Ada", "Lovell", "12/10", "770001"], strict=True))
GOOD = tab_text([ADA], HEADINGS)


@pytest.mark.parametrize(
    "content",
    [
        GOOD + b"A" * 5_000_000,
        GOOD.replace(b"Lovell", b"Lov\x00ell"),
        GOOD.replace(b"\tBoard ID", b"\tBoard ID\tBoard ID").replace(b"\t770001", b"\t770001\t770002"),
        b"\t".join([b"Board ID"] * 330) + b"\n" + b"\t".join([b"1"] * 330) + b"\n",
        lines([{"first_name": "Ada\x00", "last_name": "Lovell", "board_id": "1"}]),
        b'{"first_name":"Ada","first_name":"Eve","last_name":"Lovell","board_id":"1"}\n',
    ],
    ids=["line", "nul", "twice", "330", "nul-in-json", "member-twice"],
)
def test_a_hostile_roster_brings_nobody_and_says_why(board: Api, service: Service, content: bytes) -> None:
    batch = worked(board, service, content, "roster", permission_attested=None)
    if batch["status"] == "failed":
        assert batch["file_error"]["code"] and batch["file_error"]["detail"]
    else:
        assert batch["counts"]["rejected"] == batch["counts"]["read"]
        assert all(row["findings"] for row in rows_of(board, batch))
    assert "Lov" not in str(batch["file_error"])
    assert batch["counts"]["added"] == 0


def test_a_quote_that_is_never_closed_swallows_no_rows_of_a_roster(board: Api, service: Service) -> None:
    more = b"".join(b"\nAda,Lovell,12/10,88%04d" % number for number in range(500))
    content = GOOD.strip().replace(b"\t", b",").replace(b"Lovell", b'"Lovell') + more
    batch = worked(board, service, content, "roster", permission_attested=None)
    assert batch["counts"]["read"] == 501

"""The states of a credit: every way from one to another, told in the history and noted in the same commit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.credits import Credit, CreditKind, CreditStatus, Delivery
from app.domain.decisions import (
    Decision,
    Refusal,
    Verdict,
    accept_on_delivery,
    apply_decision,
    matches_decision,
    withdraw_credit,
)
from app.services.boards import decisions
from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion, tina
from tests.builders.people import import_tina
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.board_views import live, replayed
from tests.harness.clock import ManualClock

COMPLETIONS = "/v1/learner-completions"
FEED = "/v1/board-feed"
NOW = datetime(2021, 12, 20, 15, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PENDING, ACCEPTED, REJECTED, WITHDRAWN = CreditStatus


def a_credit(status: CreditStatus = PENDING) -> Credit:
    return Credit(
        credit_id="1", kind=CreditKind.MOC, board="ABA", number_reported="1", number_on_file="1", quarters=1,
        credit_types=(("Lifelong Learning", 1),), client_references=(), status=status, delivery=Delivery.BOARD,
        status_reason=None, status_at=NOW, once_per_day=True,
    )  # fmt: skip


def a_decision(verdict: Verdict, code: Refusal | None = None, text: str | None = None) -> Decision:
    return Decision(credit_id="1", position=1, verdict=verdict, reason_code=code, reason=text)


@pytest.mark.parametrize("status", [PENDING, ACCEPTED, REJECTED])
def test_a_board_may_decide_on_whatever_stands_and_its_provider_take_it_back(status: CreditStatus) -> None:
    credit = replace(a_credit(status), status_reason="other", status_text="Before.")
    accepted = apply_decision(credit, a_decision(Verdict.ACCEPTED), LATER)
    assert accepted == replace(credit, status=ACCEPTED, status_reason=None, status_text=None, status_at=LATER)
    rejected = apply_decision(credit, a_decision(Verdict.REJECTED, Refusal.DUPLICATE, "Had it."), LATER)
    assert (rejected.status, rejected.status_reason, rejected.status_text) == (REJECTED, "duplicate", "Had it.")
    assert (accepted.holds, rejected.holds) == (True, False)
    taken = withdraw_credit(rejected, LATER)
    assert (taken.status, taken.status_reason, taken.status_text, taken.holds) == (WITHDRAWN, None, None, False)


def test_a_rejection_without_a_reason_has_the_code_other() -> None:
    assert apply_decision(a_credit(), a_decision(Verdict.REJECTED), LATER).status_reason == "other"


@pytest.mark.parametrize(
    ("status", "decision", "stands"),
    [
        (PENDING, a_decision(Verdict.ACCEPTED), False),
        (ACCEPTED, a_decision(Verdict.ACCEPTED), True),
        (ACCEPTED, a_decision(Verdict.ACCEPTED, text="Thanks."), False),
        (ACCEPTED, a_decision(Verdict.REJECTED), False),
        (REJECTED, a_decision(Verdict.ACCEPTED), False),
    ],
)  # fmt: skip
def test_a_decision_that_says_what_stands_changes_nothing(
    status: CreditStatus, decision: Decision, stands: bool
) -> None:
    assert matches_decision(a_credit(status), decision) is stands


def test_a_decision_sent_again_is_what_it_made() -> None:
    for decision in (a_decision(Verdict.ACCEPTED, Refusal.OTHER), a_decision(Verdict.REJECTED, None, "No.")):
        assert matches_decision(apply_decision(a_credit(), decision, LATER), decision)


def test_what_was_withdrawn_goes_nowhere_and_only_what_waits_is_carried() -> None:
    assert accept_on_delivery(a_credit(), LATER).status is ACCEPTED
    for status in (ACCEPTED, REJECTED, WITHDRAWN):
        with pytest.raises(ValueError, match="cannot become"):
            accept_on_delivery(a_credit(status), LATER)
    for verdict in Verdict:
        with pytest.raises(ValueError, match="cannot become"):
            apply_decision(a_credit(WITHDRAWN), a_decision(verdict), LATER)
    with pytest.raises(ValueError, match="cannot become"):
        withdraw_credit(a_credit(WITHDRAWN), LATER)


class Life:
    """One credit of ABA, moved through its states by board and provider, an hour apart."""

    def __init__(self, api: Api, service: Service, clock: ManualClock) -> None:
        self.api, self.service, self.clock = api, service, clock
        self.board = api_of(api.http, service, "ABA", role="board", board="ABA")
        self.body = tina()
        self.reported = api.report(self.body).json
        self.credit_id = self.reported["credits"][0]["credit_id"]

    @property
    def path(self) -> str:
        return f"{COMPLETIONS}/{self.reported['completion_id']}"

    def position(self) -> int:
        settle(self.service)
        told = self.board.get(FEED, limit=500).json["data"]
        return max(credit["position"] for credit in told if credit["credit_id"] == self.credit_id)

    def decide(self, decision: str, **reason: str) -> str:
        body = {"credit_id": self.credit_id, "position": self.position(), "decision": decision, **reason}
        return str(self.board.post(f"{FEED}/decisions", {"decisions": [body]}).json["data"][0]["result"])

    def put(self, body: Any) -> Answer:
        return self.api.send("PUT", self.path, headers={"If-Match": "*"}, json=body)

    def do(self, step: str) -> object:
        self.clock.now += timedelta(hours=1)
        if step in ("accepted", "rejected"):
            reason = {"reason_code": "name-differs", "reason": f"Known otherwise, {self.clock.now:%H}."}
            return self.decide(step, **(reason if step == "rejected" else {}))
        if step == "corrected":
            self.body = tina(total=self.body["moc"][0]["total_credits"] + 0.25)
            return self.put(self.body).status
        if step == "same":
            return self.put(self.body).json["outcome"]
        assert step == "again"
        return self.api.report(self.body).json["outcome"]

    def versions(self) -> list[Any]:
        history: list[Any] = self.api.get(f"{self.path}/history").json["data"]
        return history[::-1]

    def states(self) -> list[Any]:
        """Return the credit's state in each version, oldest first."""
        return [
            next(c for c in version["completion"]["credits"] if c["credit_id"] == self.credit_id)
            for version in self.versions()
        ]


WAYS: dict[str, list[tuple[str, object, str]]] = {
    "accepted": [("accepted", "applied", "accepted")],
    "rejected": [("rejected", "applied", "rejected")],
    "accepted, then rejected": [("accepted", "applied", "accepted"), ("rejected", "applied", "rejected")],
    "rejected, then accepted": [("rejected", "applied", "rejected"), ("accepted", "applied", "accepted")],
    "rejected twice, the second time in other words": [
        ("rejected", "applied", "rejected"), ("rejected", "applied", "rejected"),
    ],
    "accepted twice": [("accepted", "applied", "accepted"), ("accepted", "unchanged", "accepted")],
    "corrected while pending": [("corrected", 200, "pending")],
    "corrected after it was accepted": [("accepted", "applied", "accepted"), ("corrected", 200, "pending")],
    "corrected after it was rejected": [("rejected", "applied", "rejected"), ("corrected", 200, "pending")],
    "put again as it was, after it was rejected": [("rejected", "applied", "rejected"), ("same", "updated", "pending")],
    "put again as it was, after it was accepted": [
        ("accepted", "applied", "accepted"), ("same", "unchanged", "accepted"),
    ],
    "corrected and accepted anew": [
        ("rejected", "applied", "rejected"), ("corrected", 200, "pending"), ("accepted", "applied", "accepted"),
    ],
    "superseded": [
        ("rejected", "applied", "rejected"), ("again", "joined", "rejected"), ("accepted", "stale", "rejected"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_told_in_the_history_and_audited_in_its_commit(
    api: Api, service: Service, clock: ManualClock, way: str
) -> None:
    life = Life(api, service, clock)
    expected = [("created", None, "pending", None, None)]
    for step, answer, status in WAYS[way]:
        assert life.do(step) == answer
        if answer in ("unchanged", "stale"):
            continue
        action = {"corrected": "updated", "same": "updated", "again": "joined"}.get(step, "decided")
        refused = ("name-differs", f"Known otherwise, {clock.now:%H}.") if step == "rejected" else (None, None)
        refused = expected[-1][3:] if step == "again" else refused
        expected.append((action, "ABA" if action == "decided" else None, status, *refused))
    assert [
        (version["action"], version["board"], state["status"], state["status_reason"], state["status_text"])
        for version, state in zip(life.versions(), life.states(), strict=True)
    ] == expected
    versions = life.versions()
    assert [version["version"] for version in versions] == list(range(1, len(versions) + 1))
    assert [version["at"] for version in versions] == sorted({version["at"] for version in versions})
    for version, state in zip(versions, life.states(), strict=True):
        if version["action"] == "decided":
            assert state["status_at"] == version["at"]
    assert unaudited(service, life.reported["completion_id"]) == []
    settle(service)
    assert replayed(service) == live(service)


@pytest.mark.parametrize("before", ["pending", "accepted", "rejected"])
@pytest.mark.parametrize("how", ["left out", "deleted"])
def test_a_provider_takes_back_what_stands_however_it_stands(
    api: Api, service: Service, clock: ManualClock, before: str, how: str
) -> None:
    import_tina(service)
    life = Life(api, service, clock)
    if before != "pending":
        assert life.do(before) == "applied"
    position = life.position()
    clock.now += timedelta(hours=1)
    if how == "deleted":
        assert api.delete(life.path).status == 204
    else:
        assert life.put(life.body | {"moc": [], "cme": [{"state": "TN", "credits": 1}]}).status == 200
    assert life.states()[-1]["status"] == "withdrawn"
    last = life.versions()[-1]
    assert (last["board"], last["client_id"]) == (None, api.client_id)
    assert unaudited(service, life.reported["completion_id"]) == []
    late = {"credit_id": life.credit_id, "position": position, "decision": "accepted"}
    assert life.board.post(f"{FEED}/decisions", {"decisions": [late]}).json["summary"]["stale"] == 1
    settle(service)
    assert replayed(service) == live(service)


def unaudited(service: Service, completion_id: str) -> list[Any]:
    """Return the versions of a completion without one audit row of its own in the commit that made them."""
    found = service.database.read(
        lambda connection: statements.fetch(
            connection,
            "SELECT v.version, (SELECT count(*) FROM audit a WHERE a.commit_id = v.commit_id AND a.noun = 'completion' "
            "AND a.subject_id = v.completion_id AND a.verb = v.verb) FROM completion_versions v "
            "WHERE v.completion_id = :id",
            {"id": completion_id},
        )
    )
    return [credit for credit in found if credit[1] != 1]


def test_what_a_board_took_without_deciding_is_told_as_its(api: Api, service: Service) -> None:
    reported = api.report(a_completion()).json
    settle(service)
    tennessee = api_of(api.http, service, "TN", role="board", board="TN-M")
    cursor = tennessee.get(FEED, limit=500).json["next_cursor"]
    tennessee.get(FEED, after=cursor)
    while decisions.settle_next(service):
        pass
    history = api.get(f"{COMPLETIONS}/{reported['completion_id']}/history")
    last, first = history.json["data"]
    assert (last["action"], last["board"], last["client_id"]) == ("decided", "TN-M", None)
    assert (first["action"], first["board"], first["client_id"]) == ("created", None, api.client_id)
    assert unaudited(service, reported["completion_id"]) == []


def test_nobody_learns_the_client_by_which_a_board_decides(api: Api, service: Service, clock: ManualClock) -> None:
    life = Life(api, service, clock)
    life.do("rejected")
    settle(service)
    for shown in (f"{life.path}/history", life.path, "/v1/events", COMPLETIONS):
        assert life.board.client_id not in api.get(shown).response.text

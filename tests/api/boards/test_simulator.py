"""The simulated board: what it is told once, noted before it is sent, and read anew after a restore."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from app.cli.main import commands
from app.core.errors import OperatorFault
from app.main import create_app
from app.services.context import Service
from app.services.demo import world
from app.simulator.board import MAX_ATTEMPTS, BoardOptions, LossyTransport, RequestFailed
from app.simulator.decisions import decide_all, load_roster
from app.simulator.view import BoardDecision, FeedFault, View
from tests.builders.bodies import a_completion, john, tina
from tests.harness.api import Api, settle
from tests.harness.databases import SECRET
from tests.harness.simulated_boards import Line, a_board, facts, noted, standing, work
from tests.harness.wire import Wire

DATABASES = ["sqlite"]

COMPLETIONS = "/v1/learner-completions"


def told(position: int, credit_id: str = "c1", event: str = "credit.reported", **differs: Any) -> dict[str, Any]:
    """An event of a feed: Tina Karacme's quarter of a credit, unless told otherwise."""
    return {
        "position": position,
        "event": event,
        "credit_id": credit_id,
        "learner_board_id": "7",
        "learner": {"first_name": "Tina", "last_name": "Karacme", "date_of_birth": "11/24"},
        "activity": {"activity_id": "201759558"},
        "completed_on": "2021-12-01",
        "credits": 0.25,
        "credit_types": [{"type": "Lifelong Learning", "credits": 0.25}],
    } | differs


def decided(*events: dict[str, Any], roster: str = "", tmp_path: Path) -> dict[str, str]:
    """Return what a board of this roster decides on each credit: "accepted", or its reason."""
    path = tmp_path / "boards.toml"
    path.write_text(f"[X]\n{roster}", encoding="utf-8")
    view = View()
    for event in events:
        view.apply(event)
    decide_all(view, load_roster("X", path))
    assert all(noted_credit.decided is not None for noted_credit in view.held.values())
    return {
        key: str(noted_credit.decided and (noted_credit.decided.reason_code or "accepted"))
        for key, noted_credit in view.held.items()
    }


@pytest.mark.parametrize(
    ("roster", "verdict"),
    [
        ("", "accepted"),
        ('learners = [{ told = "7" }]', "id-unknown"),
        ('learners = [{ told = "8" }]', "accepted"),
        ('learners = [{ told = "7", as = { id = "70" } }]', "id-unknown"),
        ('learners = [{ told = "7", as = { last_name = "Carmel" } }]', "name-differs"),
        ('learners = [{ told = "7", as = { last_name = "KARACME" } }]', "accepted"),
        ('learners = [{ told = "7", as = { date_of_birth = "11/25" } }]', "birth-date-differs"),
        ("most_a_year = 0.25", "accepted"),
        ("most_a_year = 0.2", "over-limit"),
    ],
)
def test_a_board_refuses_whom_it_does_not_know_as_told(roster: str, verdict: str, tmp_path: Path) -> None:
    assert decided(told(1), roster=roster, tmp_path=tmp_path) == {"c1": verdict}


def test_a_second_credit_for_the_same_activity_and_day_is_a_duplicate(tmp_path: Path) -> None:
    other_day = told(3, "c3", completed_on="2021-12-02")
    other_learner = told(4, "c4", learner_board_id="8")
    found = decided(told(1), told(2, "c2"), other_day, other_learner, tmp_path=tmp_path)
    assert found == {"c1": "accepted", "c2": "duplicate", "c3": "accepted", "c4": "accepted"}
    # What was withdrawn, and what was refused, stands in nobody's way.
    assert decided(told(1), told(2, "c2"), told(3, event="credit.withdrawn"), tmp_path=tmp_path) == {"c2": "accepted"}
    both = 'learners = [{ told = "7", as = { last_name = "Carmel" } }]'
    known = told(2, "c2", learner={"first_name": "Tina", "last_name": "Carmel", "date_of_birth": "11/24"})
    assert decided(told(1), known, roster=both, tmp_path=tmp_path) == {"c1": "name-differs", "c2": "accepted"}


def test_what_counts_in_a_year_is_summed(tmp_path: Path) -> None:
    days = [told(n, f"c{n}", completed_on=day) for n, day in enumerate(("2021-01-01", "2021-02-01", "2022-01-01"), 1)]
    found = decided(*days, roster="most_a_year = 0.25", tmp_path=tmp_path)
    assert found == {"c1": "accepted", "c2": "over-limit", "c3": "accepted"}


@pytest.mark.parametrize(
    "text",
    [
        "[X",
        "[X]\ncolour = 1",
        '[X]\nlearners = [{ told = "7", named = "Tina" }]',
        '[X]\nlearners = [{ told = "7", as = { npi = "1" } }]',
        '[X]\nlearners = [{ as = { last_name = "Smith" } }]',
    ],
)
def test_a_roster_that_cannot_be_read_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "boards.toml").write_text(text, encoding="utf-8")
    with pytest.raises(OperatorFault, match=r"boards\.toml"):
        load_roster("X", tmp_path / "boards.toml")


@pytest.mark.parametrize(
    "second",
    [told(1, "c2"), told(3, "c2"), told(2), told(2, "c2", "credit.corrected"), told(2, "c2", "credit.withdrawn")],
    ids=["told twice", "one is missing", "reported twice", "corrected before it was reported", "withdrawn before"],
)
def test_a_feed_that_breaks_its_promise_is_seen(second: dict[str, Any]) -> None:
    view = View()
    view.apply(told(1))
    with pytest.raises(FeedFault):
        view.apply(second)


def test_a_view_is_read_back_as_it_was_written() -> None:
    view = View()
    view.apply(told(1))
    view.apply(told(2, "c2", learner_board_id=None))
    view.decide("c1", BoardDecision(accepted=False, reason_code="duplicate", reason="É", answer="applied"))
    view.cursor = "abc"
    assert View.from_json(view.to_json()) == view
    view.apply(told(3, event="credit.corrected"))
    (corrected, _) = view.held.values()
    assert (corrected.first, corrected.position, corrected.decided) == (1, 3, None)


class Killed(Exception):
    """The board's process ended."""


def killed_after(pauses: int, http: TestClient, service: Service) -> bool:
    """Let ABA work, and kill it at the pause after so many; return True if it came that far."""
    settle(service)
    board = a_board(http, service, "ABA")
    left = iter([True] * pauses)

    def wait(seconds: float) -> None:
        if not next(left, False):
            raise Killed

    board.wait = wait
    try:
        board.work()
    except Killed:
        return True
    return False


def test_a_board_killed_before_it_noted_what_it_read_or_sent_goes_on_and_nothing_doubles(
    api: Api, http: TestClient, service: Service
) -> None:
    reported = [api.report(tina(f"2021-11-0{day}")).json for day in range(1, 5)]
    assert killed_after(0, http, service), "between reading and noting"
    assert not (service.settings.data_dir / "demo-board-ABA.json").exists()
    assert killed_after(1, http, service), "between sending and noting"
    assert [noted_credit.decided for noted_credit in noted(service, "ABA").held.values()] == [
        BoardDecision(accepted=False, reason_code="id-unknown", reason="Nobody is known by this id.")
    ] * 4
    assert not killed_after(2, http, service)
    view = noted(service, "ABA")
    assert facts(view) == standing(service, "ABA")
    assert [noted_credit.decided and noted_credit.decided.answer for noted_credit in view.held.values()] == [
        "unchanged"
    ] * 4
    for completion in reported:
        (credit,) = api.get(f"{COMPLETIONS}/{completion['completion_id']}").json["credits"]
        assert (credit["status"], credit["status_reason"]) == ("rejected", "id-unknown")


def test_answers_that_are_lost_are_asked_for_again(api: Api, http: TestClient, service: Service) -> None:
    said: list[str] = []
    for day in range(1, 5):
        reported = api.report(tina(f"2021-11-0{day}")).json
        work(http, service, "ABA", line=LossyTransport(Line(http), 0.5, seed=day), say=said.append)
    assert sum("ReadError" in line for line in said) > 4
    assert any("1 unchanged" in line for line in said), "a decision had arrived before its answer was lost"
    assert facts(noted(service, "ABA")) == standing(service, "ABA")
    assert api.get(f"{COMPLETIONS}/{reported['completion_id']}").json["credits"][0]["status"] == "rejected"


def test_the_same_answers_are_lost_for_the_same_seed() -> None:
    answering = httpx.MockTransport(lambda request: httpx.Response(200))

    def lost(seed: int) -> list[bool]:
        line, found = LossyTransport(answering, 0.5, seed), []
        for _ in range(20):
            try:
                line.handle_request(httpx.Request("GET", "http://x"))
                found.append(False)
            except httpx.ReadError:
                found.append(True)
        return found

    assert lost(1) == lost(1) != lost(2)
    assert 0 < sum(lost(1)) < 20


def test_a_correction_is_decided_on_anew_and_a_withdrawal_leaves_nothing(
    api: Api, http: TestClient, service: Service
) -> None:
    path = f"{COMPLETIONS}/{api.report(john()).json['completion_id']}"
    work(http, service, "ABIM")
    assert abim(api.get(path).json)["status"] == "accepted"
    change(api, path)
    assert abim(api.get(path).json)["status"] == "pending"
    work(http, service, "ABIM")
    (held,) = noted(service, "ABIM").held.values()
    assert held.credit_types == (("Medical Knowledge", 2.25), ("Patient Safety", 1))
    assert abim(api.get(path).json)["status"] == "accepted"
    api.delete(path)
    work(http, service, "ABIM")
    assert noted(service, "ABIM").held == {}


def abim(completion: Any) -> Any:
    return next(credit for credit in completion["credits"] if credit["board"] == "ABIM")


def test_what_is_stale_waits_to_be_told_anew(api: Api, http: TestClient, service: Service) -> None:
    path = f"{COMPLETIONS}/{api.report(john()).json['completion_id']}"
    settle(service)
    board = a_board(http, service, "ABIM")
    # Corrected after it was read, and not yet before the board.
    board.wait = lambda seconds: board.view.position == 1 and change(api, path)
    board.work()
    assert [noted_credit.decided and noted_credit.decided.answer for noted_credit in board.view.held.values()] == [
        "stale"
    ]
    work(http, service, "ABIM")
    assert [
        noted_credit.decided and noted_credit.decided.answer for noted_credit in noted(service, "ABIM").held.values()
    ] == ["applied"]
    assert abim(api.get(path).json)["status"] == "accepted"


def change(api: Api, path: str) -> None:
    answer = api.send("PUT", path, headers={"If-Match": "*"}, json=john(patient_safety=1))
    assert answer.status == 200, answer.json


def test_a_board_that_does_not_decide_reads_on(api: Api, http: TestClient, service: Service) -> None:
    reported = api.report(a_completion()).json
    work(http, service, "TN-M")
    view = noted(service, "TN-M")
    assert facts(view) == standing(service, "TN-M")
    assert {noted_credit.decided for noted_credit in view.held.values()} == {None}
    assert api.get(f"{COMPLETIONS}/{reported['completion_id']}").json["credits"][0]["status"] == "accepted"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_cannot_answer_now_is_asked_again_when_it_says(
    http: TestClient, service: Service, status: int
) -> None:
    troubles = iter([httpx.Response(status, headers={"Retry-After": "7"}, json={"code": "x"})])

    class Troubled(Line):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return next(troubles, None) or super().handle_request(request)

    board = a_board(http, service, "TN-M", line=Troubled(http))
    waited: list[float] = []
    board.wait = waited.append
    board.work()
    assert waited[0] == 7


def test_a_board_that_is_refused_or_alone_ends_with_a_sentence(http: TestClient, service: Service) -> None:
    first = a_board(http, service, "ABA")
    a_board(http, service, "ABA")
    with pytest.raises(RequestFailed, match="401 unauthenticated"):
        first.work()

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody listens")

    with pytest.raises(RequestFailed, match="does not answer"):
        a_board(http, service, "ABA", line=httpx.MockTransport(refuse)).work()


def test_a_board_that_works_for_a_time_ends_while_the_service_is_away(http: TestClient, service: Service) -> None:
    asked = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        assert len(asked) < 50, "it goes on for ever"
        raise httpx.ConnectError("nobody listens")

    board = a_board(http, service, "ABA", line=httpx.MockTransport(refuse), options=BoardOptions(seconds=1_000))

    def wait(seconds: float) -> None:
        board.until -= 90

    board.wait = wait
    with pytest.raises(RequestFailed, match="does not answer"):
        board.work()
    assert len(asked) == 13 > MAX_ATTEMPTS, "time ends it, not patience"


def test_a_cursor_that_the_service_cannot_read_any_more_is_read_anew(
    api: Api, http: TestClient, service: Service
) -> None:
    """Its secret is another since: what the cursor told is lost."""
    api.report(tina())
    board = work(http, service, "ABA")
    board.view.cursor = "sealed with a secret that is gone"
    board._store()
    said: list[str] = []
    work(http, service, "ABA", say=said.append)
    assert sum("reading anew" in line for line in said) == 1
    assert facts(noted(service, "ABA")) == standing(service, "ABA")
    assert noted(service, "ABA").cursor != board.view.cursor


def test_the_key_and_what_a_board_was_told_are_readable_by_their_owner_only(
    api: Api, http: TestClient, service: Service
) -> None:
    api.report(tina())
    work(http, service, "ABA")
    for name in ("demo-board-ABA-key", "demo-board-ABA.json"):
        assert (service.settings.data_dir / name).stat().st_mode & 0o777 == 0o600
    assert (service.settings.data_dir / "demo-board-ABA-key").read_text().startswith("pars_live_")


def test_the_command_reads_from_a_running_service_and_goes_on_when_started_again(
    api: Api, service: Service, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARS_DATABASE_URL", database_url)
    monkeypatch.setenv("PARS_DATA_DIR", str(service.settings.data_dir))
    monkeypatch.setenv("PARS_SECRET_KEY", SECRET)
    paths = []
    wire = Wire(create_app(service))
    try:
        for day in ("2021-12-01", "2021-12-02"):
            paths.append(f"{COMPLETIONS}/{api.report(tina(day)).json['completion_id']}")
            settle(service)
            command = ["demo", "board", "American Board of Anesthesiology", "--once"]
            told = CliRunner().invoke(commands, [*command, "--url", f"http://127.0.0.1:{wire.port}"])
            assert told.exit_code == 0, told.output
            assert f"ABA: position {len(paths)}, {len(paths)} credits, 1 applied" in told.output.splitlines()
    finally:
        wire.close()
    assert [api.get(path).json["credits"][0]["status_reason"] for path in paths] == ["id-unknown"] * 2


def test_a_board_that_nobody_knows_is_refused(service: Service) -> None:
    with pytest.raises(OperatorFault, match="NOPE"):
        world.renew_board_key(service, "NOPE")

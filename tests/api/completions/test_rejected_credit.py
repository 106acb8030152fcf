"""Credit that its board rejected stands in nobody's way."""

from __future__ import annotations

from msgspec.structs import replace

from app.domain.completion_changes import Change
from app.domain.credits import Completion, CreditStatus
from app.services.context import Service, Work, operator, transact
from app.services.reporting.saving import save_changes
from app.store import completions
from tests.builders.bodies import GRAND_ROUNDS, a_completion, points, tina
from tests.harness.api import Api, settle


def rejected_by_board(service: Service, completion_id: str, board: str) -> None:
    """Let a board reject its credit of a completion, through the statements that decisions will use."""

    def decide(work: Work) -> None:
        found = completions.of_provider(work.connection, "0008001", completion_id)
        assert found is not None
        refused = tuple(
            replace(credit, status=CreditStatus.REJECTED, status_reason="id-unknown")
            for credit in found.credits
            if credit.board == board
        )
        after: Completion = replace(
            found,
            credits=tuple(next((r for r in refused if r.credit_id == c.credit_id), c) for c in found.credits),
            version=found.version + 1,
        )
        save_changes([(work, Change(completion=after, before=found, restated=refused))], {}, verb="decide")

    transact(operator(service, "0008001"), decide)


def test_a_rejected_aba_credit_is_sent_again_the_same_day(api: Api, service: Service) -> None:
    first = api.report(tina(total=52))
    rejected_by_board(service, first.json["completion_id"], "ABA")
    again = api.report(tina(total=52))
    assert (again.json["outcome"], again.json["completion_id"]) == ("joined", first.json["completion_id"])
    assert [credit["status"] for credit in again.json["credits"]] == ["rejected", "pending"]
    assert api.report(tina(total=52)).json["outcome"] == "unchanged"
    assert api.report(tina(total=1)).codes >= {"one-record-per-day"}
    settle(service)


def test_a_rejected_credit_holds_no_part_of_the_maximum(api: Api, service: Service) -> None:
    first = api.report(tina(total=52))
    assert api.report(tina("2021-12-02", total=1)).codes == {"cumulative-maximum"}
    rejected_by_board(service, first.json["completion_id"], "ABA")
    assert api.report(tina("2021-12-02", total=1)).status == 201
    assert [
        credit["credits"] for credit in api.completions(activity_id=GRAND_ROUNDS, status="rejected")[0]["credits"]
    ] == [52]
    settle(service)


def test_the_rest_of_a_completion_stands_when_one_board_rejects(api: Api, service: Service) -> None:
    body = a_completion(first_name="Tina", last_name="Karacme", born="11/24", credits=None, moc=[points(total=2)])
    first = api.report(body).json["completion_id"]
    rejected_by_board(service, first, "ABA")
    corrected = api.report(body | {"moc": [points(total=3)]})
    assert (corrected.json["outcome"], corrected.json["completion_id"]) == ("joined", first)
    assert api.delete(f"/v1/learner-completions/{first}").status == 204
    settle(service)

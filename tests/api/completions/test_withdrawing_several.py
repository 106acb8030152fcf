"""Several completions are withdrawn at once: all as they were seen, or none."""

from __future__ import annotations

import pytest

from app.core.errors import PreconditionFailed
from app.services.completions import records
from app.services.context import Service, operator, transact
from app.services.people import client_names
from tests.builders.bodies import GRAND_ROUNDS, a_completion, tina
from tests.harness.access.people import invite
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import live, replayed

PROVIDER = "0008001"


def report_two(api: Api) -> dict[str, int]:
    made = [api.report(body).json for body in (a_completion(), tina())]
    return {one["completion_id"]: one["version"] for one in made}


def standing(api: Api) -> int:
    return len(api.completions(activity_id=GRAND_ROUNDS))


def test_all_go_in_one_transaction_and_once(api: Api, service: Service) -> None:
    seen = report_two(api)
    settle(service)
    gone = transact(operator(service, PROVIDER), records.withdraw_several, seen)
    assert {one.completion_id for one in gone} == seen.keys()
    assert standing(api) == 0
    assert transact(operator(service, PROVIDER), records.withdraw_several, seen) == []
    settle(service)
    assert replayed(service) == live(service)


def test_none_goes_where_one_was_changed(api: Api, service: Service) -> None:
    seen = report_two(api)
    first, *_ = seen
    for stale in (seen | {first: 7}, seen | {first: 0}):
        with pytest.raises(PreconditionFailed):
            transact(operator(service, PROVIDER), records.withdraw_several, stale)
    assert standing(api) == 2
    settle(service)


def test_those_of_others_are_left_out(api: Api, service: Service) -> None:
    stranger = api_of(api.http, service, "Other", providers=["0008002"])
    foreign = next(iter(stranger.pages("/v1/learner-completions")))
    seen = {foreign["completion_id"]: foreign["version"]}
    assert transact(operator(service, PROVIDER), records.withdraw_several, seen) == []
    assert stranger.get(f"/v1/learner-completions/{foreign['completion_id']}").status == 200


def test_clients_are_called_by_their_names_and_memberships_by_their_persons(api: Api, service: Service) -> None:
    invited = invite(service, "willa@example.org")
    (membership,) = service.database.read(
        lambda connection: client_names.persons.memberships_of(connection, invited.person_id)
    )
    asked = [api.client_id, membership.client_id, "none-such"]
    caller = operator(service, PROVIDER)
    named = service.database.read(lambda connection: client_names.names_of(connection, caller, asked))
    assert named == {api.client_id: named[api.client_id], membership.client_id: "willa@example.org"}
    assert service.database.read(lambda connection: client_names.names_of(connection, caller, [])) == {}

"""A foreign id in a query, a body, a cursor or a file is answered as one that nobody has, at the same cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.builders.sent_files import lines
from tests.harness.access.asking import Asked, Reply
from tests.harness.access.cells import absent
from tests.harness.access.places import Place, places
from tests.harness.access.table import Kind, Seat, kinds_of_operations
from tests.harness.access.world import ABSENT, COMPLETIONS, DAY, OURS, REFERENCE, World
from tests.harness.held import nora
from tests.harness.refusals import assert_problem
from tests.harness.uploads import rows_of, worked

PROVIDERS = (
    Seat("other", "-"),
    Seat("several", "theirs"),
    Seat("stranger", "theirs"),
    Seat("operator", "theirs"),
    Seat("own-test", "-"),
)
SEATS = {
    Kind.FEED: (Seat("other-board", "-"),),
    Kind.BATCH: (Seat("other", "-"), Seat("other-board", "-")),
    Kind.SELF: (Seat("other", "-"), Seat("board", "-")),
    Kind.CLIENTS: (Seat("other", "-"), Seat("stranger", "-"), Seat("other-test", "-")),
}
"""Who asks, where it is not `PROVIDERS`: everybody gets in, and none of the records is theirs."""
MIGRATING = ("register_activity", "put_activity")
"""An operator who brings an activity over may say which id it has had; who has it already is no secret to operators."""


def seats_for(place: Place) -> tuple[Seat, ...]:
    """Return who asks at a place."""
    if place.operation.id == "correct_held_record":
        # It takes an unknown learner, and knows what it was sent before: each of these has a held record of its own.
        return PROVIDERS[0], PROVIDERS[-1]
    return SEATS.get(kinds_of_operations()[place.operation.id], PROVIDERS)


def values_of(world: World, place: Place) -> tuple[str, str]:
    """Return an id of somebody else, and one of the same form that nobody has."""
    ours, name = world.records["ours"], place.name
    if name == "internal_id":
        return "Ex2-1", "Ex9-9"
    if name == "provider_ids":
        return OURS, ABSENT
    if name == "credit_id":
        return world.records["board"]["credit_id"], absent(world.records["board"]["credit_id"])
    if name in ("cursor", "after"):
        return (cursor := cursor_of(world, place)), cursor[:-6] + ("A" * 6 if not cursor.endswith("A" * 6) else "B" * 6)
    return ours[name], absent(ours[name])


def cursor_of(world: World, place: Place) -> str:
    """Return the cursor that whoever has records is given at a place."""
    kind = kinds_of_operations()[place.operation.id]
    api = world.callers["board" if kind is Kind.FEED else "several" if kind is Kind.SELF else "own"]
    path = place.operation.path.format_map(world.records["ours"])
    path = path.replace("/decisions", "")
    answer = api.get(path, limit=1)
    assert answer.status == 200, answer.json
    # A list that ends here gives none; then one of the same client's other lists stands for it.
    found = answer.json["next_cursor"] or api.get("/v1/activities", limit=1).json["next_cursor"]
    assert found, path
    return str(found)


def said(reply: Reply, ids: tuple[str, str]) -> tuple[Any, ...]:
    """Return what an answer says, without the ids asked for and the version of a record that took them."""
    status, headers, body = reply.masking(ids)
    told = [(name, value) for name, value in headers if name not in (b"etag", b"content-length")]
    return status, told, re.sub(rb'"version":\d+', b"", body)


def faults(world: World) -> Iterator[str]:
    """Yield where a foreign id is answered unlike an absent one, or costs other statements."""
    for place in places():
        for seat in seats_for(place):
            migrating = place.operation.id in MIGRATING
            if seat.caller == "operator" and migrating:
                continue
            foreign_id, absent_id = ids = values_of(world, place)
            # The first looks up what the service remembers of the caller's own activity.
            _, foreign, missing = (
                world.asker.ask(place.asked(world, seat, value)) for value in (absent(absent_id), foreign_id, absent_id)
            )
            if said(foreign, ids) != said(missing, ids):
                yield f"{place} by {seat}: {said(foreign, ids)} {said(missing, ids)}"
            if foreign.statements != missing.statements:
                yield f"{place} by {seat} costs other statements: {foreign.statements} {missing.statements}"
            if (foreign.status in (401, 403)) != migrating or foreign.status >= 500:
                yield f"{place} by {seat} is answered with {foreign.status} {foreign.code}"


def test_a_foreign_id_is_answered_like_an_absent_one_wherever_it_stands(world: World) -> None:
    before = world.touched(["ours", "board", "registry"])
    found = list(faults(world))
    assert not found, "\n".join(found)
    assert world.touched(["ours", "board", "registry"]) == before
    assert len(list(places())) > 30
    for caller, owner in (("other", "theirs"), ("own-test", "sandbox")):
        # As it was: it shows what it was sent.
        mine = world.records[owner]
        body = nora(activity_id=mine["activity_id"], completed_on=DAY)
        path = f"/v1/held-records/{mine['held_id']}"
        assert world.callers[caller].send("PUT", path, headers={"If-Match": "*"}, json=body).status == 200


def test_a_foreign_id_in_a_row_of_a_file_is_rejected_like_an_absent_one(world: World) -> None:
    api, ours, own = world.callers["other"], world.records["ours"], world.records["theirs"]["activity_id"]
    pairs = [
        [a_completion(activity_id, DAY, credits=1) for activity_id in (ours["activity_id"], absent(GRAND_ROUNDS))],
        [
            a_completion(own, DAY, credits=1) | {"learner": {"learner_id": learner_id}}
            for learner_id in (ours["learner_id"], absent(ours["learner_id"]))
        ],
        [
            a_completion(activity_id) | {"action": "Delete"}
            for activity_id in (ours["activity_id"], absent(GRAND_ROUNDS))
        ],
    ]
    before = world.touched(["ours"])
    for fields in ({"on_unmatched": "reject"}, {"on_unmatched": "hold", "dry_run": True}):
        batch = worked(api, world.service, lines([body for pair in pairs for body in pair]), **fields)
        rows = [row | {"row": 0, "held": None} for row in rows_of(api, batch)]
        for row in rows:
            row["findings"] = [finding | {"row": 0} for finding in row["findings"]]
            assert row["outcome"] in ("rejected", "held"), row
        assert rows[::2] == rows[1::2]
    assert world.touched(["ours"]) == before


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_a_reference_and_an_internal_id_are_each_providers_own(world: World) -> None:
    other, own = world.callers["other"], world.callers["own"]
    mine = own.get(COMPLETIONS, client_reference=REFERENCE).json["data"]
    theirs = world.records["theirs"]["activity_id"]
    path = f"{COMPLETIONS}/by-reference/{REFERENCE}"
    created = other.send("PUT", path, json=a_completion(theirs, "2021-06-03", credits=1, reference=REFERENCE))
    assert (created.status, created.json["provider_id"], created.json["activity_id"]) == (201, "0008002", theirs)
    assert own.get(COMPLETIONS, client_reference=REFERENCE).json["data"] == mine
    assert other.register(internal_id="Ex2-1").status == 201
    assert_problem(other.register(internal_id="Ex2-1"), 409, "internal-id-taken")
    other.delete(f"{COMPLETIONS}/{created.json['completion_id']}")


def test_every_file_of_a_foreign_batch_is_as_absent_as_the_batch(world: World) -> None:
    batch_id = world.records["ours"]["batch_id"]
    for which in ("original", "rejected", "held", "successful"):
        for seat in (Seat("own", "-"), *PROVIDERS, Seat("other-board", "-"), Seat("board", "-")):
            ids = (batch_id, absent(batch_id))
            found, missing = (
                world.asker.ask(Asked("GET", f"/v1/batches/{one}/files/{which}", world.headers(seat))) for one in ids
            )
            assert (missing.status, missing.code) == (404, "not-found")
            assert (found.masking(ids) == missing.masking(ids)) == (seat.caller != "own"), (which, str(seat))
            if seat.caller != "own":
                assert found.statements == missing.statements

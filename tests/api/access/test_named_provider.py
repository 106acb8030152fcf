"""`PARS-Provider` in every form that it is sent in: who is meant, or why nobody is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from app.domain.sandbox import PROVIDER_ID as SHARED
from tests.harness.access.asking import Asked, Reply
from tests.harness.access.world import ABSENT, OURS, THEIRS, World, bearer
from tests.harness.cases import for_all
from tests.harness.properties import examples

LISTED = "/v1/activities?limit=500"
pytestmark = pytest.mark.parametrize("world", ["sqlite"], indirect=True)
"""Which provider is meant is asked of either database by one statement, which the matrix tries on both."""


def ask(world: World, caller: str, *named: str, header: str = "PARS-Provider", target: str = LISTED) -> Reply:
    """List activities with the header as often as a value is given."""
    headers: dict[str, Any] = bearer(world.callers[caller].key)
    return world.asker.ask(Asked("GET", target, headers, repeated=[(header, value) for value in named]))


def providers_in(reply: Reply) -> set[str]:
    assert reply.status == 200, reply.body
    return {activity["provider_id"] for activity in reply.json["data"]}


@pytest.mark.parametrize("header", ["PARS-Provider", "pars-provider", "PARS-PROVIDER", "Pars-Provider"])
def test_the_header_is_one_name_however_it_is_written(world: World, header: str) -> None:
    assert providers_in(ask(world, "vendor", OURS, header=header)) == {OURS}


@pytest.mark.parametrize("value", [f" {OURS}", f"{OURS} ", f"\t{OURS}\t"])
def test_blanks_around_an_id_are_none_of_it(world: World, value: str) -> None:
    assert providers_in(ask(world, "vendor", value)) == {OURS}


NO_IDS = (
    "8001", "08001", "00008001", "0008001x", "0008001,0008001", "0008001;0008002", '"0008001"', "OURS", "*", "null",
    "0008001/", "0008001%20", "0008001\x00", "0008001'--", "\u0660\u0660\u0660\u0668\u0660\u0660\u0661", "-0008001",
    "+0008001", "0x1f41", "8001.0", "0008 001", "undefined", ABSENT,
)  # fmt: skip
"""What somebody might send in place of an id with its leading zeros."""


@for_all("caller, value", product(("own", "vendor", "several", "operator", "own-test", "vendor-test"), NO_IDS))
def test_what_is_no_id_of_a_granted_provider_is_refused_like_an_id_that_nobody_has(
    world: World, caller: str, value: str
) -> None:
    refused = ask(world, caller, value.encode().decode("latin-1"))
    assert (refused.status, refused.code) == (403, "forbidden")
    assert refused == ask(world, caller, ABSENT)
    (item,) = refused.json["errors"]
    assert item["header"] == "PARS-Provider" and "leading zeros" in item["hint"]


@for_all(
    "caller, target",
    product(
        ("own", "vendor", "several", "operator", "own-test"),
        (LISTED, "/v1/events", "/v1/batches", "/v1/webhook-endpoints"),
    ),
)
def test_a_header_without_a_value_names_nobody_and_does_not_mean_all(world: World, caller: str, target: str) -> None:
    for value in ("", " ", "\t"):
        refused = ask(world, caller, value, target=target)
        assert (refused.status, refused.code) == (400, "provider-required")
        (item,) = refused.json["errors"]
        assert item["header"] == "PARS-Provider" and "is empty" in item["detail"]


@for_all(
    "caller, named",
    product(("own", "several", "operator"), [(OURS, OURS), (OURS, THEIRS), ("", OURS), (OURS, "")]),
)
def test_a_header_that_stands_twice_is_refused_whoever_it_names(
    world: World, caller: str, named: Sequence[str]
) -> None:
    refused = ask(world, caller, *named)
    assert refused.status in (400, 422), refused.body
    assert "pars-provider" in {item.get("header", "").lower() for item in refused.json["errors"]}


def test_another_providers_id_is_refused_like_an_absent_one(world: World) -> None:
    for caller in ("own", "vendor", "own-test", "vendor-test"):
        assert ask(world, caller, THEIRS) == ask(world, caller, ABSENT)


def test_live_keys_know_no_sandbox_and_test_keys_no_live_provider(world: World) -> None:
    for caller in ("own", "vendor", "several", "operator"):
        for sandbox in (world.sandbox, SHARED):
            assert ask(world, caller, sandbox) == ask(world, caller, ABSENT)
    for caller in ("own-test", "vendor-test", "operator-test"):
        # The live id means its sandbox; nothing of the live one is in what it lists.
        assert (
            providers_in(ask(world, caller, OURS)) == providers_in(ask(world, caller, world.sandbox)) == {world.sandbox}
        )
    assert ask(world, "own-test", SHARED) == ask(world, "own-test", ABSENT)


def test_a_header_that_only_looks_like_it_is_told_the_right_name(world: World) -> None:
    for header in ("Pars_Provider", "X-PARS-Provider", "PARS-Provider-Id"):
        refused = ask(world, "own", OURS, header=header)
        assert (refused.status, refused.code) == (422, "parameter-unknown")
        assert "PARS-Provider" in refused.json["errors"][0]["hint"]


def test_operations_that_belong_to_no_provider_take_no_header(world: World) -> None:
    for caller in ("own", "board", "operator"):
        plain, named = (ask(world, caller, *given, target="/v1/me") for given in ((), (THEIRS,)))
        assert plain == named


@examples(60)
@given(value=st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n"), max_size=40))
@example("0008001,0008002")
@example("\x85")
def test_no_text_but_a_granted_id_opens_anything(world: World, value: str) -> None:
    assume(value.strip(" \t") not in (OURS, world.sandbox))
    for caller in ("own", "vendor", "operator", "own-test"):
        if caller == "operator" and value.strip(" \t") == THEIRS:
            continue
        refused = ask(world, caller, value)
        assert (refused.status, refused.code) in ((400, "provider-required"), (403, "forbidden")), refused.body
        if refused.status == 403:
            assert refused == ask(world, caller, ABSENT)

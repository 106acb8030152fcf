"""Keys that open nothing: each is refused at every door, with the challenge of the standard, and never given back."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.services.access import clients, rotation
from app.services.access.clients import CreatedClient
from app.services.context import operator, transact
from tests.harness.access.asking import Asked, Reply
from tests.harness.access.world import OURS, World
from tests.harness.cases import for_all
from tests.harness.properties import examples

pytestmark = pytest.mark.parametrize("world", ["sqlite"], indirect=True)
"""A key is looked up by one statement with its digest: which database has it changes nothing."""

DOORS = (
    ("GET", "/v1/me"), ("GET", "/v1/learner-completions"), ("POST", "/v1/learner-completions"),
    ("GET", "/v1/board-feed"), ("GET", "/v1/physicians"), ("DELETE", "/v1/webhook-endpoints/x"),
    ("POST", "/v1/batches"),
)  # fmt: skip
"""An operation of every kind."""
Form = Callable[[str], str]
WRONG_FORMS: dict[str, Form] = {
    "cut off": lambda key: f"Bearer {key[:-1]}",
    "half": lambda key: f"Bearer {key[:30]}",
    "padded": lambda key: f"Bearer {key}A",
    "padded like base64": lambda key: f"Bearer {key}=",
    "twice in one": lambda key: f"Bearer {key}{key}",
    "two with a comma": lambda key: f"Bearer {key}, Bearer {key}",
    "prefix in capitals": lambda key: f"Bearer {key.replace('pars_live_', 'PARS_LIVE_')}",
    "prefix alone": lambda key: f"Bearer {key[:10]}",
    "without its prefix": lambda key: f"Bearer {key[10:]}",
    "another prefix": lambda key: f"Bearer {key.replace('pars_live_', 'pars_prod_')}",
    "with an accent": lambda key: f"Bearer {key[:-1]}\u00e9",
    "with a full-width letter": lambda key: f"Bearer {_as_sent(key[:-1] + chr(0xFF21))}",
    "with a zero-width space": lambda key: f"Bearer {_as_sent(key + chr(0x200B))}",
    "with a byte order mark": lambda key: f"Bearer {_as_sent(chr(0xFEFF) + key)}",
    "with a NUL": lambda key: f"Bearer {key}\x00",
    "with a blank inside": lambda key: f"Bearer {key[:20]} {key[20:]}",
    "with a tab before it": lambda key: f"Bearer\t{key}",
    "percent-encoded": lambda key: f"Bearer {key.replace('_', '%5F')}",
    "in quotes": lambda key: f'Bearer "{key}"',
    "with another scheme": lambda key: f"Token {key}",
    "without a scheme": lambda key: key,
    "with Bearer twice": lambda key: f"Bearer Bearer {key}",
    "with a colon": lambda key: f"Bearer: {key}",
    "as Basic": lambda key: f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}",
    "as the password of Basic": lambda key: f"Basic {base64.b64encode(f'pars:{key}'.encode()).decode()}",
    "as Digest": lambda key: f'Digest username="{key}"',
    "empty": lambda _: "",
    "Bearer alone": lambda _: "Bearer ",
    "a placeholder": lambda _: "Bearer $PARS_KEY",
    "null": lambda _: "Bearer null",
    "a condition of SQL": lambda key: f"Bearer {key[:-9]}' OR '1'='1",
    "very long": lambda key: f"Bearer {key * 100}",
}
"""What `Authorization` holds, made of a key that works."""


def _as_sent(text: str) -> str:
    """Return the characters as whose bytes a client would send a text."""
    return text.encode().decode("latin-1")


def ask(world: World, door: tuple[str, str], *given: tuple[str, str]) -> Reply:
    method, target = door
    body = b"{}" if method == "POST" else b""
    return world.asker.ask(Asked(method, target, {"Content-Type": "application/json"}, body, given))


def faults_of(reply: Reply, key: str) -> Iterator[str]:
    """Yield what is wrong with how a key is refused."""
    if (reply.status, reply.code) != (401, "unauthenticated"):
        yield f"answered with {reply.status} {reply.code}"
        return
    if not (reply.header("www-authenticate") or "").startswith("Bearer"):
        yield "no WWW-Authenticate"
    if reply.header("cache-control") != "no-store":
        yield "it may be kept"
    (item,) = reply.json["errors"]
    if item["header"] != "Authorization" or not item["detail"] or not item["hint"]:
        yield f"it does not say what to do: {item}"
    if key[10:20] in reply.body.decode():
        yield "the key is given back"


@for_all("form", WRONG_FORMS)
def test_a_key_in_a_wrong_form_is_refused_at_every_door(world: World, form: str) -> None:
    key = world.callers["own"].key
    for door in DOORS:
        reply = ask(world, door, ("Authorization", WRONG_FORMS[form](key)))
        assert not (found := list(faults_of(reply, key))), (door, found)


def test_a_key_that_stands_elsewhere_than_in_its_header_is_not_read(world: World) -> None:
    key = world.callers["own"].key
    for door in DOORS:
        for header in (
            "X-API-Key",
            "Api-Key",
            "X-Auth-Token",
            "Proxy-Authorization",
            "Cookie",
            "X-Forwarded-Authorization",
        ):
            value = f"session={key}" if header == "Cookie" else f"Bearer {key}"
            assert not list(faults_of(ask(world, door, (header, value)), key)), header
        for query in ("access_token", "api_key", "key", "token", "Authorization"):
            reply = ask(world, (door[0], f"{door[1]}?{query}={key}"))
            assert not list(faults_of(reply, key)), query
    body = f"access_token={key}".encode()
    sent = {"Content-Type": "application/x-www-form-urlencoded"}
    assert not list(faults_of(world.asker.ask(Asked("POST", "/v1/learner-completions", sent, body)), key))


def test_a_header_that_stands_twice_is_refused_though_either_key_would_do(world: World) -> None:
    own, other = world.callers["own"].key, world.callers["other"].key
    for pair in ((own, own), (own, other), (own, "pars_live_" + "A" * 43)):
        for order in (pair, pair[::-1]):
            reply = ask(world, DOORS[0], *(("Authorization", f"Bearer {key}") for key in order))
            assert not list(faults_of(reply, own)), order
            assert "stands twice" in reply.json["errors"][0]["detail"]


def made(world: World, name: str) -> CreatedClient:
    return transact(operator(world.service), clients.create, name, role="provider", provider_ids=[OURS])


def dead_keys(world: World) -> dict[str, str]:
    """Return keys that have the right form and open nothing, by what is wrong with them."""
    key = world.callers["own"].key
    gone, turned, cut = (made(world, f"dead {number}") for number in range(3))
    transact(operator(world.service), clients.revoke_client, gone.client_id)
    new = transact(operator(world.service), rotation.add_secrets, turned.client_id)
    transact(operator(world.service), rotation.end_others, new)
    return {
        "never was": "pars_live_" + "A" * 43,
        "of a revoked client": gone.api_key,
        "ended by another": turned.api_key,
        "in other case": key[:10] + key[10:].swapcase(),
        "live as test": key.replace("pars_live_", "pars_test_"),
        "test as live": world.callers["own-test"].key.replace("pars_test_", "pars_live_"),
        "one character off": key[:-1] + ("A" if key[-1] != "A" else "B"),
        "reversed": key[:10] + key[:9:-1],
        "the secret of a client in place of its key": f"pars_live_{cut.client_secret[-43:]}",
    }


def test_keys_of_the_right_form_that_open_nothing_are_answered_with_the_same_bytes(world: World) -> None:
    dead = dead_keys(world)
    for door in DOORS:
        replies = {name: ask(world, door, ("Authorization", f"Bearer {key}")) for name, key in dead.items()}
        for name, reply in replies.items():
            assert not (found := list(faults_of(reply, dead[name]))), (name, found)
            assert 'error="invalid_token"' in (reply.header("www-authenticate") or "")
            assert reply == replies["never was"], name


def test_a_client_id_and_a_secret_are_no_keys(world: World) -> None:
    client = made(world, "told apart")
    for value in (client.client_id, client.client_secret):
        assert not list(faults_of(ask(world, DOORS[0], ("Authorization", f"Bearer {value}")), value))


def test_the_word_bearer_may_be_written_in_any_case_and_be_followed_by_blanks(world: World) -> None:
    key = world.callers["own"].key
    for scheme in ("Bearer", "bearer", "BEARER"):
        for between in (" ", "   "):
            assert ask(world, DOORS[0], ("Authorization", f"{scheme}{between}{key} ")).status == 200


@examples(60)
@given(st.data())
def test_nothing_but_the_whole_key_after_the_word_bearer_opens_anything(world: World, data: st.DataObject) -> None:
    key = world.callers["own"].key
    text = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=12)
    at = data.draw(st.integers(0, len(key)))
    changed = key[:at] + data.draw(text) + key[data.draw(st.integers(at, len(key))) :]
    sent = data.draw(st.sampled_from(["Bearer {}", "bearer  {}", "{}", "Basic {}", "Bearer{}", "Bearer {} {}"]))
    header = sent.replace("{}", changed)
    assume(header.strip(" ").lower().partition(" ")[0] != "bearer" or header.partition(" ")[2].strip(" ") != key)
    assert not list(faults_of(ask(world, DOORS[0], ("Authorization", header)), "x" * 30))

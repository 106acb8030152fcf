"""Real values of clients, their keys and tokens; the clients whose keys the drill uses are left alone."""

from __future__ import annotations

from random import Random

from benchmarks.fuzz.world import Json, World

TO_COME = "2099-12-31T00:00:00Z"


def client(world: World, rnd: Random) -> Json:
    """Return a client that may be made: like the caller's own, or with some of its scopes, or until a day to come."""
    body: Json = {"name": f"Nightly {rnd.randint(1, 10_000)}"}
    if world.provider is not None:
        # An operator says what it makes.
        body |= rnd.choice([{"role": "vendor"}, {"role": "provider", "provider_ids": [world.provider]}])
    if rnd.random() < 0.3:
        body["scopes"] = rnd.sample(["activities:read", "completions:read", "batches:read"], rnd.randint(1, 3))
    if rnd.random() < 0.3:
        body["expires_at"] = TO_COME
    return body


def client_patch(world: World, rnd: Random) -> Json:
    """Return what changes of a client, little or nothing."""
    whole = client(world, rnd)
    return {name: whole[name] for name in ("name", "scopes", "expires_at") if name in whole and rnd.random() < 0.6}


def client_key(_world: World, rnd: Random) -> Json:
    """Return a key to be added, or a client secret."""
    return {"kind": rnd.choice(["api-key", "client-secret"])} | ({"expires_at": TO_COME} if rnd.random() < 0.3 else {})


def token_request(world: World, rnd: Random) -> Json:
    """Return the form of a token for the first client of the party, with all of its scopes or one."""
    key = world.keys[0]
    form = {"grant_type": "client_credentials", "client_id": key["client_id"], "client_secret": key["client_secret"]}
    return form | ({"scope": rnd.choice(key["scopes"])} if rnd.random() < 0.5 else {})

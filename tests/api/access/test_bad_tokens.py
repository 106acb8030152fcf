"""Tokens that open nothing: forty kinds of them, most signed with the very key of the installation."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwe, jws, jwt
from joserfc.jwk import OctKey, RSAKey
from msgspec.structs import replace

from app.core.security import Keyring, digest_of
from app.domain.access.credentials import RefusedKey, key_id_of
from app.services.access import clients, tokens
from app.services.access.clients import CreatedClient
from app.services.context import Service, operator, transact
from app.store.sql import statements
from tests.harness.api import Api
from tests.harness.databases import ON_SQLITE
from tests.harness.refusals import assert_problem

LISTED = "/v1/learner-completions?activity_id=201759558"
Forge = Callable[["Forger"], str]


class Forger:
    """Makes tokens as the installation makes them, but for what is changed."""

    def __init__(self, service: Service, client: CreatedClient) -> None:
        self.client = client
        self.secret, *_ = service.keyring.secrets_for("access-token")
        self.now = int(service.clock().timestamp())
        self.claims: dict[str, Any] = {
            "iss": "urn:pars", "aud": "urn:pars:api", "sub": client.client_id, "client_id": client.client_id,
            "key": key_id_of(digest_of(client.client_secret)), "scope": "completions:read", "jti": "1",
            "iat": self.now, "exp": self.now + 600,
        }  # fmt: skip

    def signed(
        self,
        *,
        without: str = "",
        by: bytes | None = None,
        alg: str = "HS256",
        typ: str | None = "at+jwt",
        **changed: Any,
    ) -> str:
        claims = {name: value for name, value in (self.claims | changed).items() if name != without}
        head = {"alg": alg} | ({"typ": typ} if typ else {})
        return jwt.encode(head, claims, OctKey.import_key(by or self.secret), algorithms=[alg], default_type=None)

    def parts(self) -> list[str]:
        return self.signed().split(".")

    def with_head(self, head: dict[str, Any], signature: str | None = None) -> str:
        _, payload, signed = self.parts()
        return ".".join((encoded(json.dumps(head).encode()), payload, signed if signature is None else signature))

    def with_payload(self, payload: bytes) -> str:
        return jws.serialize_compact({"alg": "HS256", "typ": "at+jwt"}, payload, OctKey.import_key(self.secret))


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def tampered(forger: Forger) -> str:
    head, _, signature = forger.parts()
    claims = forger.claims | {"scope": "completions:read completions:write operator"}
    return f"{head}.{encoded(json.dumps(claims).encode())}.{signature}"


def by_rsa(forger: Forger) -> str:
    key = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "typ": "at+jwt"}, forger.claims, key, algorithms=["RS256"])


def encrypted(forger: Forger) -> str:
    head = {"alg": "dir", "enc": "A128CBC-HS256", "typ": "at+jwt"}
    return jwe.encrypt_compact(head, json.dumps(forger.claims), OctKey.import_key(forger.secret))


BAD: dict[str, Forge] = {
    "alg none": lambda forger: forger.with_head({"alg": "none", "typ": "at+jwt"}, ""),
    "alg None, signature kept": lambda forger: forger.with_head({"alg": "None", "typ": "at+jwt"}),
    "alg HS512, signed right": lambda forger: forger.signed(alg="HS512"),
    "alg RS256": by_rsa,
    "no alg": lambda forger: forger.with_head({"typ": "at+jwt"}),
    "another key": lambda forger: forger.signed(by=b"k" * 32),
    "a key of another purpose": lambda forger: forger.signed(
        by=Keyring(("a secret for tests that is long enough",)).secrets_for("webhook")[0]
    ),
    "the secret itself as key": lambda forger: forger.signed(by=b"a secret for tests that is long enough"),
    "the signature cut off": lambda forger: ".".join((*forger.parts()[:2], "")),
    "the signature of another": lambda forger: ".".join((*forger.parts()[:2], forger.signed(jti="2").split(".")[2])),
    "claims changed after signing": tampered,
    "encrypted": encrypted,
    "another type": lambda forger: forger.signed(typ="JWT"),
    "no type": lambda forger: forger.signed(typ=None),
    "a critical header": lambda forger: forger.with_head({"alg": "HS256", "typ": "at+jwt", "crit": ["x"], "x": 1}),
    "another issuer": lambda forger: forger.signed(iss="https://pars.example.org"),
    "no issuer": lambda forger: forger.signed(without="iss"),
    "another audience": lambda forger: forger.signed(aud="urn:pars:console"),
    "no audience": lambda forger: forger.signed(without="aud"),
    "expired": lambda forger: forger.signed(iat=forger.now - 900, exp=forger.now),
    "no expiry": lambda forger: forger.signed(without="exp"),
    "an expiry that is no number": lambda forger: forger.signed(exp="never"),
    "an expiry without end": lambda forger: forger.signed(exp=10**400),
    "a lifetime beyond ours": lambda forger: forger.signed(exp=forger.now + 86_400),
    "from the future": lambda forger: forger.signed(iat=forger.now + 300, exp=forger.now + 900),
    "no issue": lambda forger: forger.signed(without="iat"),
    "not yet": lambda forger: forger.signed(nbf=forger.now + 300),
    "no id": lambda forger: forger.signed(without="jti"),
    "no subject": lambda forger: forger.signed(without="sub"),
    "a client beside the subject": lambda forger: forger.signed(sub="cli_somebody"),
    "a client that is not there": lambda forger: forger.signed(sub="cli_x", client_id="cli_x"),
    "a secret that is not there": lambda forger: forger.signed(key="key_" + "0" * 20),
    "a secret of another form": lambda forger: forger.signed(key="%"),
    "scopes as a list": lambda forger: forger.signed(scope=["operator"]),
    "no object": lambda forger: forger.with_payload(b'"eyJ"'),
    "no JSON": lambda forger: forger.with_payload(b"\xff{"),
    "nested without end": lambda forger: f"{encoded(b'[' * 1_000_000)[:3_000]}.e30.x",
    "empty parts": lambda forger: "eyJ..",
    "very long": lambda forger: forger.signed(scope="completions:read " * 1_000),
    "beyond ASCII": lambda forger: f"{forger.signed()}\u00e9",
}  # fmt: skip


@pytest.fixture
def forger(service: Service) -> Forger:
    created = transact(operator(service), clients.create, "Ours", role="provider", provider_ids=["0008001"])
    return Forger(service, created)


@ON_SQLITE
def test_what_the_forger_does_not_change_is_a_good_token(http: TestClient, forger: Forger) -> None:
    assert Api(http, forger.signed(), "").get(LISTED).status == 200
    # The clock of the process that signed may be a little ahead.
    assert Api(http, forger.signed(iat=forger.now + 20), "").get(LISTED).status == 200


@ON_SQLITE
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_token_is_refused_with_a_sentence(http: TestClient, forger: Forger, kind: str) -> None:
    bad = BAD[kind](forger)
    given = {"Authorization": f"Bearer {bad}".encode("latin-1")}
    answer = Api(http, "", "").send("GET", LISTED, headers=given)
    assert_problem(answer, 401, "unauthenticated")
    assert answer.response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    (item,) = answer.json["errors"]
    assert item["header"] == "Authorization" and "/oauth/token" in item["hint"]
    assert bad not in answer.response.text


@ON_SQLITE
def test_a_token_of_another_secret_of_the_installation_is_a_good_one(http: TestClient, service: Service) -> None:
    """The first signs, all verify: who rotates the secret ends no token by it."""
    created = transact(operator(service), clients.create, "Ours", role="provider", provider_ids=["0008001"])
    old = Forger(replace(service, keyring=Keyring(("the secret before, which is long enough",))), created).signed()
    both = Keyring(("a secret for tests that is long enough", "the secret before, which is long enough"))
    assert not isinstance(tokens.read(replace(service, keyring=both), old), RefusedKey)
    assert isinstance(tokens.read(service, old), RefusedKey)


@ON_SQLITE
@given(text=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60), seed=st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_looks_like_a_token_is_none(http: TestClient, forger: Forger, text: str, seed: bytes) -> None:
    head, payload, signature = forger.parts()
    for bad in (
        f"eyJ{text}.{text}.{text}",
        f"{head}.{encoded(seed)}.{signature}",
        f"eyJ{encoded(seed)}.{payload}.{signature}",
    ):
        assert_problem(Api(http, bad, "").get("/v1/me"), 401, "unauthenticated")


@ON_SQLITE
def test_bad_tokens_are_not_looked_up_in_the_database(http: TestClient, forger: Forger, service: Service) -> None:
    asked: list[str] = []
    statements.BEFORE_STATEMENT.append(asked.append)
    try:
        for kind in ("another key", "alg none", "expired", "another audience"):
            Api(http, BAD[kind](forger), "").get("/v1/me")
    finally:
        statements.BEFORE_STATEMENT.remove(asked.append)
    assert asked == []

"""Who gets in at a physician's own doors: the session of their browser alone, and nothing that a foreign page sends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.routers.callers import access_of, declared_routes
from app.routers.passport.sessions import SESSION
from app.services.access.departures import end_membership
from app.services.context import Service, operator, transact
from app.services.people import sessions, totp
from app.store.people import persons
from tests.builders.people import physicians_on_file
from tests.harness.access.people import code, invite, session_of, sign_in_by, token_of
from tests.harness.api import Answer, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.inbox import stored
from tests.harness.passport.programs import FROM_OUR_PAGE, Program, cookie_of, program_of_slides, session_for
from tests.harness.refusals import assert_problem

SHARES = "/v1/passport/shares"
READS = ("/v1/passport/credits", "/v1/passport/transcript", "/v1/passport/transcript.pdf", SHARES)
BODY = {"receiver": "Somebody", "shows": "following", "days": 7}


@pytest.fixture
def physician(http: TestClient, service: Service) -> Program:
    """A program of the slides' physician."""
    return program_of_slides(http, service)


def tina(service: Service) -> str:
    """Return the id of somebody else who is on file."""
    return next(id for id, one in physicians_on_file(service).items() if ("karacme", "tina") in one.names)


def refused_alike(http: TestClient, headers: dict[str, str]) -> Answer:
    """Ask at every door; return the refusal, which is the same at each."""
    answers = [Answer(http.get(path, headers=headers)) for path in READS]
    answers.append(Answer(http.post(SHARES, json=BODY, headers=FROM_OUR_PAGE | headers)))
    assert len({(answer.status, answer.json["detail"]) for answer in answers}) == 1
    return answers[0]


def test_without_a_session_one_is_asked_to_sign_in(http: TestClient) -> None:
    for headers in ({}, cookie_of("x" * 43), {"Cookie": "__Host-pars="}, {"Cookie": "pars-demo=" + "x" * 43}):
        answer = refused_alike(http, headers)
        assert_problem(answer, 401, "unauthenticated")
        assert answer.json["errors"][0]["header"] == "Cookie"
        assert "/passport/sign-in" in answer.json["errors"][0]["hint"]
        assert answer.response.headers["www-authenticate"] == 'Link realm="sign-in"'


def test_a_session_that_was_ended_or_left_alone_lets_nobody_in(
    physician: Program, service: Service, clock: ManualClock, http: TestClient
) -> None:
    assert physician.get(READS[0]).status == 200
    clock.now += timedelta(hours=1, minutes=50)
    assert physician.get(READS[0]).status == 200, "which is written, so that two hours begin anew"
    clock.now += timedelta(hours=1, minutes=50)
    assert physician.get(READS[0]).status == 200
    clock.now += timedelta(hours=2, minutes=1)
    assert refused_alike(http, cookie_of(physician.token)).status == 401
    signed_out = program_of_slides(http, service)
    session = session_of(service, signed_out.token)
    transact(operator(service), sessions.end, session.person_id, session.session_id)
    assert refused_alike(http, cookie_of(signed_out.token)).status == 401


def test_a_second_factor_is_needed_where_the_physician_has_one(
    physician: Program, service: Service, http: TestClient
) -> None:
    session = session_of(service, physician.token)
    secret = transact(operator(service), totp.begin, session)
    assert transact(operator(service), totp.confirm, session, code(secret, service)) is not None
    assert physician.get(READS[0]).status == 200
    token = session_for_person(service, session.person_id)
    answer = refused_alike(http, cookie_of(token))
    assert_problem(answer, 401, "unauthenticated")
    assert "/sign-in/factor" in answer.json["detail"]


def session_for_person(service: Service, person_id: str) -> str:
    """Begin a session as a link does, of which the second factor is missing."""
    return transact(operator(service), sessions.begin, person_id, "A browser")


def test_an_account_that_is_not_confirmed_is_told_what_confirms_it(http: TestClient, service: Service) -> None:
    answer = refused_alike(http, cookie_of(session_for(service, tina(service), confirmed=False)))
    assert_problem(answer, 403, "forbidden")
    assert "joining code" in answer.json["detail"] and "/passport/settings" in answer.json["detail"]


def test_staff_who_are_no_physicians_are_refused(http: TestClient, service: Service) -> None:
    signed = sign_in_by(service, token_of(invite(service)))
    assert signed is not None
    answer = refused_alike(http, cookie_of(signed.token))
    assert_problem(answer, 403, "forbidden")
    assert "no account of CME Passport" in answer.json["detail"]


@pytest.mark.parametrize(
    "made",
    [
        {"providers": ["0008001"]},
        {"role": "vendor", "providers": ["0008001"]},
        {"role": "board", "board": "ABO"},
        {"role": "operator"},
        {"providers": ["0008001"], "test": True},
    ],
)
def test_no_key_opens_a_physicians_own_and_beside_a_session_the_key_decides(
    physician: Program, service: Service, http: TestClient, made: dict[str, Any]
) -> None:
    client = api_of(http, service, "somebody", **made)
    for headers in ({}, cookie_of(physician.token)):
        answer = refused_alike(http, headers | {"Authorization": f"Bearer {client.key}"})
        assert_problem(answer, 403, "forbidden")
        assert "no key or token does" in answer.json["detail"]


def test_a_key_that_opens_nothing_is_told_so_though_there_is_a_session(physician: Program, http: TestClient) -> None:
    for given in ("Bearer pars_live_" + "A" * 43, "Basic eDp5", "", "Bearer"):
        answer = refused_alike(http, cookie_of(physician.token) | {"Authorization": given})
        assert_problem(answer, 401, "unauthenticated")
        assert answer.response.headers["www-authenticate"].startswith("Bearer")


FORGED: dict[str, dict[str, str]] = {
    "another site": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    "a neighbour of this site": {"Sec-Fetch-Site": "same-site", "Origin": "https://other.testserver"},
    "an address that was typed": {"Sec-Fetch-Site": "none"},
    "an older browser, another site": {"Origin": "https://evil.example"},
    "an older browser, a name that begins alike": {"Origin": "http://testserver.evil.example"},
    "a page without an origin": {"Origin": "null"},
    "nobody who says from where": {},
    "one that says both": {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
}


@pytest.mark.parametrize("sender", FORGED)
def test_what_a_foreign_page_sends_with_the_cookie_changes_nothing(
    physician: Program, service: Service, sender: str
) -> None:
    share = physician.post(SHARES, BODY).json
    before = footprint(service)
    for path, body in ((SHARES, BODY), (f"{SHARES}/{share['share_id']}/end", None), ("/v1/passport/transcripts", {})):
        answer = physician.send("POST", path, FORGED[sender], **({} if body is None else {"json": body}))
        assert_problem(answer, 403, "forbidden")
    assert footprint(service) == before


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
def test_no_form_changes_anything_wherever_it_comes_from(physician: Program, service: Service, media_type: str) -> None:
    share = physician.post(SHARES, BODY).json
    before = footprint(service)
    content = b'{"receiver": "x", "shows": "following", "days": 7}'
    for path in (SHARES, f"{SHARES}/{share['share_id']}/end", "/v1/passport/transcripts"):
        for headers in (FROM_OUR_PAGE, {"Origin": "http://testserver"}):
            answer = physician.send("POST", path, headers | {"Content-Type": media_type}, content=content)
            assert_problem(answer, 415, "unsupported-media-type")
    assert footprint(service) == before


def footprint(service: Service) -> list[Any]:
    """Return what could have changed."""
    return stored(service, "SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM passport_shares)")


def test_a_browser_that_names_our_origin_alone_and_a_program_that_does_may_write(physician: Program) -> None:
    assert physician.send("POST", SHARES, {"Origin": "http://testserver"}, json=BODY).status == 201
    assert physician.send("POST", SHARES, {"Origin": "http://testserver:81"}, json=BODY).status == 403


def test_a_session_opens_nothing_else(app: FastAPI, physician: Program, http: TestClient) -> None:
    """Every other operation answers a cookie as it answers nobody: 401, or what anybody may see."""
    tried = 0
    for route in declared_routes(app):
        access = access_of(route)
        assert access is not None
        if access.scope in (SESSION, "public"):
            continue
        path = route.path
        for name in ("{internal_id:path}", *(f"{{{one.alias}}}" for one in route.dependant.path_params)):
            path = path.replace(name, "x")
        for method in sorted(route.methods - {"HEAD"}):
            answer = physician.send(method, path, FROM_OUR_PAGE, **({"json": {}} if method != "GET" else {}))
            assert answer.status == 401, (method, path, answer.json)
            # Clients that speak PARS may send theirs in other places than that header.
            lacking = "credentials." if path.startswith("/pars/") else "header Authorization"
            assert answer.json["detail"].startswith(f"The request has no {lacking}")
            tried += 1
    assert tried > 100


def test_an_account_that_is_closed_lets_nobody_in(physician: Program, service: Service, http: TestClient) -> None:
    assert physician.get(READS[0]).status == 200
    session = session_of(service, physician.token)
    (membership,) = transact(
        operator(service), lambda work: persons.standing_memberships(work.connection, session.person_id)
    )
    transact(operator(service), end_membership, membership[0])
    assert refused_alike(http, cookie_of(physician.token)).status == 401
    settle(service)

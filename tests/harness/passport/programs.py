"""A program of a physician's own, which has the session of their browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from app.domain.passport.accounts import ConfirmedBy
from app.services.context import Service, Work, operator, transact
from app.services.passport import demo_physician
from app.services.passport.joining import add_account
from app.services.people import sessions
from app.services.people.invitations import person_of_address
from tests.harness.api import Answer

FROM_OUR_PAGE = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of what a page of ours sends."""


@dataclass(frozen=True)
class Program:
    """A program, and what the cookie of the session holds."""

    http: httpx.Client
    token: str
    always: dict[str, str] = field(default_factory=dict)
    """Headers beside the cookie."""

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **given: Any) -> Answer:
        return Answer(
            self.http.request(method, path, headers=cookie_of(self.token) | self.always | (headers or {}), **given)
        )

    def get(self, path: str, **parameters: Any) -> Answer:
        return self.send("GET", path, params=parameters)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {} if body is None else {"json": body}
        return self.send("POST", path, FROM_OUR_PAGE | named, **given)


def cookie_of(token: str) -> dict[str, str]:
    """Return the header that a browser sends with a session."""
    return {"Cookie": f"theme=dark; __Host-pars={token}"}


def program_of_slides(http: httpx.Client, service: Service) -> Program:
    """Return a program of the slides' physician, whose account is confirmed."""
    return Program(http, transact(operator(service), demo_physician.enter, "A program").token)


def session_for(service: Service, learner_id: str, *, confirmed: bool = True) -> str:
    """Open an account for a physician, and return the cookie of a session; nothing has confirmed it unless asked."""

    def begin(work: Work) -> str:
        person, _ = person_of_address(work, f"{learner_id}@physicians.example", "A Physician")
        add_account(work, person, learner_id, ConfirmedBy.OPERATOR if confirmed else None)
        return sessions.begin(work, person.person_id, "A browser")

    return transact(operator(service), begin)

"""The cookie of a session: for TLS, this host and the server alone; in a demo on a loopback address, a plain one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.responses import Response

from app.domain.people.sessions import SESSION_LIFE

COOKIE = "__Host-pars"
DEMO_COOKIE = "pars-demo"
"""Where not every browser keeps a cookie that is for TLS only."""


def cookie_name(state: Any) -> str:
    """Return the name of the session's cookie, by the state of the application."""
    return DEMO_COOKIE if state.demo else COOKIE


def session_token(state: Any, headers: Mapping[bytes, bytes]) -> str | None:
    """Return what the session's cookie of a request holds."""
    name = cookie_name(state)
    for part in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        given, _, held = part.strip().partition("=")
        if given == name and held:
            return held
    return None


def keep_session(request: Request, response: Response, token: str) -> None:
    """Let the browser keep a session."""
    _set(request, response, token, int(SESSION_LIFE.total_seconds()))


def drop_session(request: Request, response: Response) -> None:
    """Let the browser forget its session."""
    _set(request, response, "", 0)


def _set(request: Request, response: Response, held: str, seconds: int) -> None:
    state = request.app.state
    secure = "" if state.demo else "; Secure"
    cookie = f"{cookie_name(state)}={held}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    response.headers.append("Set-Cookie", cookie)

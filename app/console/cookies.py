"""The cookie of a session: for TLS, this host and the server alone; in a demo on a loopback address, a plain one."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from app.core.http.browsers import cookie_name
from app.domain.people.sessions import SESSION_LIFE


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

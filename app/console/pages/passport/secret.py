"""Pages whose address shows a transcript to whoever has it: nobody keeps them, finds them, or learns the address."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from app.console.frame import page
from app.core.http.browser_headers import SECRET_ADDRESS


def secret_page(request: Request, template: str, view: Any, status: int = 200) -> Response:
    """Return a page for somebody who need not sign in, at an address that is a secret."""
    response = page(request, None, template, view, status)
    response.headers.update(SECRET_ADDRESS)
    return response

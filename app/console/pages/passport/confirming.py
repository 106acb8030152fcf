"""Pages that show what only a confirmed account may see: any other is led to the settings, which confirm it."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from app.console.frame import Flash, go_to


def lead_to_confirming(request: Request) -> Response:
    """Lead to the settings, and say why: services raise `Forbidden` while nothing has confirmed the account."""
    text = "Your account shows your credit as soon as it is confirmed."
    return go_to(request, "/passport/settings", Flash(text=text, kind="warn"))

"""Pages that say what will happen before a button does it."""

from __future__ import annotations

import msgspec
from fastapi import Request
from starlette.responses import Response

from app.console.frame import page
from app.console.visitors import Visitor


class ConfirmView(msgspec.Struct, frozen=True, kw_only=True):
    """What is about to happen, and the button that does it."""

    heading: str
    sentences: tuple[str, ...]
    action: str
    """Where the button leads."""
    verb: str
    """What the button says."""
    back: str
    """Where nothing happens."""
    dangerous: bool = True


def ask_first(request: Request, visitor: Visitor, view: ConfirmView) -> Response:
    """Show what will happen, and ask."""
    return page(request, visitor, "pages/settings/confirm.html", view)


def settings_of(visitor: Visitor) -> str:
    """Return the address of the settings of the provider that the page is about."""
    return f"{visitor.home}/settings"

"""Forms that count once: what is done under the key of a form is done once, however often the form is sent."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from msgspec.structs import replace

from app.console.drawn_forms import Said
from app.console.routes import SentFields
from app.console.visitors import Visitor
from app.services.context import Caller

_KEY = re.compile(r"[A-Za-z0-9_-]{8,100}", re.ASCII)
SENT_BEFORE = Said(
    pointer="",
    text="This form was sent before, with other values. What that sent stands.",
    hint="Send it again to have these values as well.",
)
"""What is said of a form whose key was used for other values, as after going back to a page."""


def value(sent: SentFields, name: str) -> str:
    """Return what stands in a field of the page's own, without the blanks around it."""
    return next(iter(sent.get(name, ())), "").strip()


def keyed(visitor: Visitor, sent: SentFields, what: str, body: Any) -> Caller:
    """Return the caller of a form, with its key and a fingerprint of the body that it stands for."""
    key = value(sent, "key")
    if not _KEY.fullmatch(key):
        return visitor.caller
    fingerprint = hashlib.sha256(json.dumps([what, body], sort_keys=True).encode()).hexdigest()
    return replace(visitor.caller, idempotency_key=key, fingerprint=fingerprint)

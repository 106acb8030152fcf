"""Webhook signatures (Standard Webhooks): HMAC-SHA256 over id, timestamp and body."""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Iterable

PREFIX = "whsec_"
_BYTES = 32
"""Standard Webhooks asks for 24 to 64."""


def new_secret() -> str:
    """Return a new secret with 256 random bits, in the form that the receiver gets."""
    return PREFIX + base64.b64encode(os.urandom(_BYTES)).decode()


def headers_for(event_id: str, timestamp: int, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """Return the headers of one attempt, with a signature by every valid secret; `timestamp` is in seconds."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    signatures = (hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), signed, "sha256") for secret in secrets)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(signature).decode()}" for signature in signatures),
    }

"""Fields of answers that no body takes: what those are told who send back what GET has answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

OnlyAnswered: TypeAlias = Mapping[str, str]
"""Fields that an answer has and its body has not, each with what to do about it."""
_LEAVE_OUT = "Leave it out: only answers have it."
_PROVIDER = {"provider_id": "Leave it out: it is your key's own provider, or that of the header PARS-Provider."}

OF_COMPLETION: OnlyAnswered = {
    **dict.fromkeys(
        ("completion_id", "submitted_at", "entry_method", "version", "outcome", "findings"),
        f"{_LEAVE_OUT} The body to send back is what GET answers in the member report.",
    ),
    "credits": "To send an answer back, send what GET answers in the member report.",
    "report": "Send what it holds as the body, and nothing around it.",
    **_PROVIDER,
}
OF_ACTIVITY: OnlyAnswered = {
    **dict.fromkeys(("findings", "version", "created_at", "updated_at"), _LEAVE_OUT),
    **dict.fromkeys(("status", "missing"), "Leave it out: it is computed from the other fields and the date."),
    **_PROVIDER,
}
OF_KNOWN_ACTIVITY: OnlyAnswered = {**OF_ACTIVITY, "activity_id": _LEAVE_OUT}
OF_ENDPOINT: OnlyAnswered = {
    **dict.fromkeys(("endpoint_id", "board", "disabled_reason", "disabled_at", "failing_since"), _LEAVE_OUT),
    **dict.fromkeys(("recovers_since", "created_at", "updated_at", "version", "secret"), _LEAVE_OUT),
    **_PROVIDER,
}
OF_PHYSICIAN: OnlyAnswered = {
    **dict.fromkeys(("physician_id", "aliases", "created_at", "updated_at", "version"), _LEAVE_OUT),
}
OF_CLIENT: OnlyAnswered = {
    **dict.fromkeys(("client_id", "created_at", "version", "api_key", "client_secret"), _LEAVE_OUT),
    "revoked_at": "Leave it out: POST /v1/clients/{client_id}/revoke revokes a client.",
}
OF_KEY: OnlyAnswered = dict.fromkeys(("key_id", "ending", "created_at", "last_used_at", "secret"), _LEAVE_OUT)

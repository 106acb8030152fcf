"""Scopes: what a client may do, by its role."""

from __future__ import annotations

from msgspec.structs import replace

from app.domain.clients import Client, Role
from app.domain.people.persons import PersonRole

SCOPES = (
    "activities:read",
    "activities:write",
    "completions:read",
    "completions:write",
    "learners:validate",
    "batches:read",
    "batches:write",
    "webhooks:manage",
    "transcripts:read",
    "clients:manage",
    "board:feed",
    "operator",
)
_REPORTING = tuple(scope for scope in SCOPES if scope not in ("transcripts:read", "board:feed", "operator"))
ROLE_SCOPES: dict[Role, tuple[str, ...]] = {
    Role.PROVIDER: _REPORTING,
    Role.VENDOR: _REPORTING,
    Role.BOARD: ("board:feed", "transcripts:read", "webhooks:manage", "batches:read", "batches:write"),
    Role.OPERATOR: SCOPES,
    Role.LEARNER: (),
}
"""Every scope that a client of a role may have, and its scopes by default."""
_READING = ("activities:read", "completions:read", "batches:read")
PERSON_SCOPES: dict[PersonRole, tuple[str, ...]] = {
    PersonRole.READER: _READING,
    PersonRole.REPORTER: (*_READING, "activities:write", "completions:write", "learners:validate", "batches:write"),
    PersonRole.MANAGER: _REPORTING,
    PersonRole.BOARD: ROLE_SCOPES[Role.BOARD],
    PersonRole.OPERATOR: SCOPES,
    PersonRole.LEARNER: (),
}
"""The scopes of a membership, by the person's role."""
TEST_SCOPES = frozenset(_REPORTING)
"""Scopes that a test client may have: those about a provider. Nothing else could be kept apart from live records."""


IMPLIED = {"batches:write": "batches:read"}
"""Scopes that another one brings: clients from before they were two have the one alone."""


def effective_scopes(client: Client) -> Client:
    """Return the client with the scopes that its own bring, and without those that a test client may not have."""
    scopes = client.scopes | {brought for scope, brought in IMPLIED.items() if scope in client.scopes}
    return replace(client, scopes=scopes & TEST_SCOPES if client.test else scopes)

"""Scopes: what a client may do, by its role."""

from __future__ import annotations

from msgspec.structs import replace

from app.domain.clients import Client, Role

SCOPES = (
    "activities:read",
    "activities:write",
    "completions:read",
    "completions:write",
    "learners:validate",
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
    Role.BOARD: ("board:feed", "transcripts:read", "webhooks:manage"),
    Role.OPERATOR: SCOPES,
}
"""Every scope that a client of a role may have, and its scopes by default."""
TEST_SCOPES = frozenset(_REPORTING)
"""Scopes that a test client may have: those about a provider. Nothing else could be kept apart from live records."""


def limit_test_client(client: Client) -> Client:
    """Return the client without scopes that a test client may not have, whatever is stored."""
    return replace(client, scopes=client.scopes & TEST_SCOPES) if client.test else client

"""The words of the API's description that belong to no route."""

from __future__ import annotations

from typing import Any

DESCRIPTION = """Report which physician completed what; every finding comes at once, with the rule behind it.

A completion is one learner, one activity, one date. Sent again it is `unchanged`; with another board or state it is
`joined` to what stands.

**Errors** are problems (RFC 9457) of one shape: `code` is for programs, `errors` names every fault with a JSON Pointer,
`findings` holds all that the rules have to say, warnings included.

**Retries**: send `Idempotency-Key` with what creates; sent again with it, the answer is the same and nothing happens
twice.

**Changes** name the version they are made to: the `ETag` of the answer goes into `If-Match`.

**Lists** end where `next_cursor` is null; until then it is the `cursor` of the next page.

**Growth** is additive: fields, codes and further values of the enumerations in answers may come. Take a value that you
do not know as it is, a text.

**Ids** are opaque texts. Dates are `YYYY-MM-DD`, instants RFC 3339 in UTC, amounts numbers in steps of 0.25.
"""
SUMMARY = "Reporting of learner credit by accredited medical-education providers"
LICENSE = {"name": "Licence: see the repository"}
TAGS = [
    {"name": "Activities", "description": "What a provider offers."},
    {"name": "Learner completions", "description": "Who completed what, and the credit for it."},
    {"name": "Learner validations", "description": "Whether a physician is known, before anything is reported."},
    {"name": "Batches", "description": "Files of records, an answer for every row, and templates to fill in."},
    {"name": "Events", "description": "What has happened, in its order: read, or sent to webhook endpoints; ids only."},
    {
        "name": "Webhook endpoints",
        "description": "Where events are sent, signed, until they are taken; and what became of each.",
    },
    {"name": "Board feed", "description": "What a board is sent, in order, and what it decides."},
    {"name": "Reports", "description": "What the operator sees of the whole installation."},
    {"name": "Reference data", "description": "Boards, rules and formats, as the rules use them."},
    {"name": "System", "description": "Health, metrics, and pages about problems."},
]
EVENTS_TAG = "Events"

SCOPES = {
    "activities:read": "Read activities.",
    "activities:write": "Register, change, close and delete activities.",
    "completions:read": "Read and search completions.",
    "completions:write": "Report, change and withdraw completions.",
    "learners:validate": "Ask whether a physician is known.",
    "batches:write": "Send files.",
    "webhooks:manage": "Manage webhook endpoints.",
    "transcripts:read": "Read transcripts.",
    "clients:manage": "Manage clients of one's own providers.",
    "board:feed": "Read a board's feed and decide on its credit.",
    "operator": "Operate the installation.",
}
"""What each scope lets a client do."""

BEARER = (
    "`Authorization: Bearer` with an API key, `pars_live_…` or `pars_test_…`. A key has scopes; each operation names "
    "the one it needs:\n\n"
)


def bearer_description() -> str:
    """Return what is said of keys and their scopes."""
    return BEARER + "\n".join(f"- `{scope}`: {what}" for scope, what in SCOPES.items())


def contact(support: str) -> dict[str, Any]:
    """Return the contact of an installation, from its setting."""
    if support.startswith(("https://", "http://")):
        return {"name": "Support", "url": support}
    if "@" in support and " " not in support:
        return {"name": "Support", "email": support}
    return {"name": support}

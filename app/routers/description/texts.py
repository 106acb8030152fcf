"""Texts of the API's description that belong to no route: introduction, tags, scopes, contact."""

from __future__ import annotations

from typing import Any

DESCRIPTION = """Report which physician completed which activity. Every finding comes at once, with the rule behind it.

A completion is one learner, one activity, one date. Sent again, it is `unchanged`; with another board or state, that
credit is `joined` to the existing completion.

**Errors** are problems (RFC 9457) of one shape: `code` is for programs, `errors` lists every fault with a JSON Pointer,
`findings` lists everything that the rules found, warnings included.

**Retries**: send an `Idempotency-Key` with every request that creates something. A repeated request with the same key
gets the same answer, and nothing happens twice.

**Changes** name the version that they apply to: send the `ETag` of the answer as `If-Match`.

**Lists**: send `next_cursor` as `cursor` for the next page; it is null on the last page.

**Growth** is additive: answers may get new fields, new codes and new values of their enumerations. Treat a value that
you do not know as text.

**Webhooks** have a description of their own: `/webhooks.json`, to read at `/docs/webhooks`.

**Ids** are opaque texts. Dates are `YYYY-MM-DD`, instants RFC 3339 in UTC, amounts numbers in steps of 0.25.
"""
SUMMARY = "Reporting of learner credit by accredited medical-education providers"
LICENSE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
TAGS = [
    {
        "name": "Clients",
        "description": "Who a key belongs to, and for which providers it acts; clients, their keys, and tokens.",
    },
    {"name": "Attention", "description": "What waits for somebody at a provider, in one read."},
    {"name": "Grants", "description": "Vendors that may act for a provider: given, and taken back at once."},
    {"name": "Activities", "description": "The activities of a provider."},
    {
        "name": "CME Passport",
        "description": "What physicians see: accredited activities, found by anybody without a key; their own credits, "
        "transcripts and links, by the session of their browser; and what a link shows to whoever has it.",
    },
    {"name": "Learner completions", "description": "Who completed which activity, and the credit for it."},
    {"name": "Learners", "description": "The learners that a provider has reported, as it named them."},
    {"name": "Held records", "description": "Records that wait for their physician to be found, and help with them."},
    {"name": "Disputes", "description": "What physicians say of the records that were reported for them."},
    {"name": "Learner validations", "description": "Whether a physician is known, asked before anything is reported."},
    {"name": "Batches", "description": "Files of records, an outcome for every row, and templates to fill in."},
    {"name": "Downloads", "description": "Whole lists as files by links that work once, for browsers."},
    {"name": "Events", "description": "Events in order, with ids only: to be read, or sent to webhook endpoints."},
    {
        "name": "Webhook endpoints",
        "description": "Addresses to which events are sent, signed, with retries; and the state of every delivery.",
    },
    {"name": "Board feed", "description": "The credit sent to a board, in order, and the decisions of the board."},
    {"name": "Transcripts", "description": "What was reported for the physicians of a board, and the transcript."},
    {"name": "PARS", "description": "The same for clients that already send PARS documents, in XML or JSON."},
    {
        "name": "Reports",
        "description": "Answers to standing questions of a provider; and on the whole installation, for its operator.",
    },
    {
        "name": "Audit",
        "description": "What was done, by whom and when: the append-only log and its seals, for the operator.",
    },
    {
        "name": "Identity budgets",
        "description": "Physicians whose birth date was tried too often, and clients that tried, for the operator.",
    },
    {"name": "Physicians", "description": "The registry of physicians, for the operator of the installation."},
    {"name": "Reference data", "description": "Boards, rules and formats as the rules use them."},
    {"name": "System", "description": "Health, metrics, and pages about problems."},
]
WEBHOOKS_TAG = {"name": "Webhooks", "description": "Requests that this service sends to webhook endpoints."}
WEBHOOKS = {
    "title": "PARS webhooks",
    "summary": "Events that are sent to webhook endpoints",
    "description": "Events hold ids only: read the rest with your own key. Each is signed (Standard Webhooks), "
    "and sent again until your endpoint answers 2xx. The description of the API itself is `/openapi.json`.",
}
"""What the description of webhooks says of itself; version, licence and contact are those of the API."""

SCOPES = {
    "activities:read": "Read activities.",
    "activities:write": "Register, change, close and delete activities.",
    "completions:read": "Read and search completions.",
    "completions:write": "Report, change and withdraw completions.",
    "learners:validate": "Ask whether a physician is known.",
    "batches:read": "Read what became of uploaded files, and download the results.",
    "batches:write": "Upload files, cancel and retry their batches; brings `batches:read`.",
    "webhooks:manage": "Manage webhook endpoints.",
    "transcripts:read": "Read transcripts.",
    "clients:manage": "Manage the clients of one's own provider or vendor, and their keys.",
    "board:feed": "Read a board's feed and decide on its credit.",
    "operator": "Operate the installation.",
}
"""The operations that each scope allows."""

BEARER = (
    "`Authorization: Bearer` with an API key, `pars_live_…` or `pars_test_…`, or with a token: `POST /oauth/token` "
    "(OAuth 2 client credentials, RFC 6749) gives one for 15 minutes, with all scopes of the client or with those "
    "asked for. A key has scopes; each operation names the one it needs:\n\n"
)


SESSION_COOKIE = (
    "The session of a physician who has signed in at `/passport/sign-in`, as their browser keeps it; in a demo the "
    "cookie is called `pars-demo`. It opens a physician's own operations and no other; beside an `Authorization` "
    "header it counts for nothing. What changes something has to come from this service's own pages, as "
    "`Sec-Fetch-Site` or `Origin` says, and to be JSON. An account that nothing has confirmed yet is answered with "
    "403, which says what confirms it."
)


_AS_KEY = "For clients that speak PARS, at `/pars` only: {}"
PARS_SCHEMES = {
    "basic": {
        "type": "http", "scheme": "basic",
        "description": _AS_KEY.format(
            "the user is the client's id, or that of a provider it acts for, and the password its API key."
        ),
    },
    "parsProvider": {
        "type": "apiKey", "in": "header", "name": "ProviderId",
        "description": _AS_KEY.format("the provider's seven digits."),
    },
    "parsUser": {
        "type": "apiKey", "in": "header", "name": "User",
        "description": _AS_KEY.format("the client's id. Left out, it is the `ProviderId`."),
    },
    "parsPassword": {
        "type": "apiKey", "in": "header", "name": "Password",
        "description": _AS_KEY.format(
            "the API key. The three may stand in a document, beside its records, too; never in an address."
        ),
    },
}  # fmt: skip
"""The security schemes of clients that speak PARS."""
PARS_CREDENTIALS = (("basic",), ("parsProvider", "parsUser", "parsPassword"))
"""Which of them are sent together."""


def bearer_description() -> str:
    """Return the description of the security scheme: keys and their scopes."""
    return BEARER + "\n".join(f"- `{scope}`: {allows}" for scope, allows in SCOPES.items())


def contact(support: str) -> dict[str, Any]:
    """Return the contact of an installation, from its setting."""
    if support.startswith(("https://", "http://")):
        return {"name": "Support", "url": support}
    if "@" in support and " " not in support:
        return {"name": "Support", "email": support}
    return {"name": support}

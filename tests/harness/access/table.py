"""Who may do what, written by hand: operations by whose records they are about, and what each caller gets of those.

Nothing here is derived from what enforces it. To add an operation, put it under the kind of record that it is about,
with the scope it needs. To add a kind, give it a column; to add a kind of caller, a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.routers.callers import ANY_SCOPE, PUBLIC, Ownership
from app.routers.passport.sessions import SESSION


class Kind(StrEnum):
    """Whose records an operation is about. The values head the columns of `MATRIX`, but for a physician's own."""

    PROVIDER = "provider"
    """One provider's."""
    UPLOAD = "upload"
    """A provider's, or a board's for a board's client."""
    BATCH = "batch"
    """The same; and those of all boards for an operator who names no provider."""
    EVENTS = "events"
    """One provider's, or those of all that the client acts for when it names none."""
    ENDPOINT = "endpoint"
    """A client's own for one provider, for all its providers, or for its board."""
    FEED = "feed"
    """A board's: its feed, and the transcripts that it has looked up."""
    OPERATOR = "operator"
    """The registry's, and whatever else is the operator's work."""
    CLIENTS = "clients"
    """Clients that are managed, and their keys."""
    GRANTS = "grants"
    """Those that the client's providers gave, or that a vendor's client has itself; an operator's are all."""
    SELF = "self"
    """About the client itself."""
    PHYSICIAN = "physician"
    """A physician's own, opened by the session of their browser."""
    OPEN = "open"
    """Nobody's."""


OWNERSHIP = {
    Kind.PROVIDER: Ownership.PROVIDER,
    Kind.UPLOAD: Ownership.PROVIDER_OR_BOARD,
    Kind.BATCH: Ownership.PROVIDER_OR_BOARDS,
    Kind.EVENTS: Ownership.PROVIDERS,
    Kind.ENDPOINT: Ownership.PROVIDERS_OR_BOARD,
    Kind.FEED: Ownership.CLIENT,
    Kind.OPERATOR: Ownership.CLIENT,
    Kind.CLIENTS: Ownership.CLIENT,
    Kind.GRANTS: Ownership.CLIENT,
    Kind.SELF: Ownership.CLIENT,
    Kind.PHYSICIAN: Ownership.CLIENT,
    Kind.OPEN: None,
}
"""What a route of each kind declares."""

_LOOKED_UP = ("find_licensee_transcript", "find_licensee_transcript_file", "total_licensee_credits")
_TRANSCRIPTS = ("search_transcripts", "total_transcripts", "get_transcript_file", *_LOOKED_UP)
OPERATIONS: dict[Kind, dict[str, str]] = {
    Kind.PROVIDER: {
        "register_activity": "activities:write",
        "list_activities": "activities:read",
        "get_activity": "activities:read",
        "put_activity": "activities:write",
        "change_activity": "activities:write",
        "delete_activity": "activities:write",
        "close_activity": "activities:write",
        "reopen_activity": "activities:write",
        "withdraw_learners": "completions:write",
        "report_completion": "completions:write",
        "preview_completion": "completions:write",
        "report_completions": "completions:write",
        "list_completions": "completions:read",
        "list_credit_lines": "completions:read",
        "list_activity_summaries": "completions:read",
        "get_activity_summary": "completions:read",
        "export_completions": "completions:read",
        "export_activities": "activities:read",
        "export_activity_summaries": "completions:read",
        "export_credit_lines": "completions:read",
        "export_not_yet_accepted": "completions:read",
        "export_reported_late": "completions:read",
        "export_nothing_reported": "completions:read",
        "export_before_closing": "activities:read",
        "export_attendance": "completions:read",
        "export_year_totals": "completions:read",
        "export_rems": "completions:read",
        "create_download": ANY_SCOPE,
        "get_completion": "completions:read",
        "correct_completion": "completions:write",
        "put_completion": "completions:write",
        "change_completion": "completions:write",
        "withdraw_completion": "completions:write",
        "get_completion_history": "completions:read",
        "get_attention": "completions:read",
        "report_not_yet_accepted": "completions:read",
        "report_reported_late": "completions:read",
        "report_nothing_reported": "completions:read",
        "report_before_closing": "activities:read",
        "report_attendance": "completions:read",
        "report_year_totals": "completions:read",
        "report_rems": "completions:read",
        "list_learners": "completions:read",
        "list_held_records": "completions:read",
        "get_held_record": "completions:read",
        "correct_held_record": "completions:write",
        "judge_held_record": "completions:write",
        "ask_for_help": "completions:write",
        "set_held_record_aside": "completions:write",
        "list_disputes": "completions:read",
        "get_dispute": "completions:read",
        "answer_dispute": "completions:write",
        "validate_learner": "learners:validate",
        "save_activities": "activities:write",
        "find_activities": "activities:read",
        "get_activity_document": "activities:read",
        "save_learner_activities": "completions:write",
        "find_learner_activity": "completions:read",
        "get_learner_activity": "completions:read",
        "delete_learner_activity": "completions:write",
        "match_learner": "learners:validate",
        "get_grant": "clients:manage",
        "give_grant": "clients:manage",
        "take_grant": "clients:manage",
    },
    Kind.UPLOAD: {"upload_batch": "batches:write"},
    Kind.BATCH: {
        "list_batches": "batches:read",
        "get_batch": "batches:read",
        "list_batch_rows": "batches:read",
        "get_batch_file": "batches:read",
        "cancel_batch": "batches:write",
        "retry_batch": "batches:write",
        "mend_batch_row": "batches:write",
        "check_batch_mends": "batches:write",
        "report_batch_mends": "batches:write",
        "set_batch_row_aside": "batches:write",
        "take_batch_row_up": "batches:write",
        "withdraw_batch": "batches:write",
    },
    Kind.EVENTS: {"list_events": "completions:read"},
    Kind.ENDPOINT: dict.fromkeys(
        (
            "create_webhook_endpoint", "list_webhook_endpoints", "get_webhook_endpoint", "change_webhook_endpoint",
            "delete_webhook_endpoint", "rotate_webhook_secret", "list_webhook_deliveries", "redeliver_webhook",
            "test_webhook_endpoint", "recover_webhook_endpoint",
        ),
        "webhooks:manage",
    ),
    Kind.FEED: {
        **dict.fromkeys(
            ("read_board_feed", "decide_credits", "get_board_feed_file", "get_board_feed_summary"), "board:feed"
        ),
        **dict.fromkeys(_TRANSCRIPTS, "transcripts:read"),
    },
    Kind.OPERATOR: dict.fromkeys(
        (
            "report_boards", "list_physicians", "search_physicians", "add_physician", "get_physician",
            "change_physician", "list_physician_credits", "merge_physician", "unmerge_physician", "split_physician",
            "list_physician_pairs", "get_physician_pair", "join_physician_pair", "part_physician_pair",
            "postpone_physician_pair", "reopen_physician_pair", "explain_match", "list_help_requests",
            "get_help_request", "answer_help_request", "list_identity_budgets", "release_identity_budget",
            "list_audit", "list_seals", "report_rems_of_all", "export_rems_of_all",
        ),
        "operator",
    ),
    Kind.CLIENTS: dict.fromkeys(
        (
            "list_clients", "create_client", "get_client", "change_client", "revoke_client", "list_client_keys",
            "add_client_key", "get_client_key", "end_client_key",
        ),
        "clients:manage",
    ),
    Kind.GRANTS: {"list_grants": "clients:manage"},
    Kind.SELF: dict.fromkeys(("get_me", "list_providers", "list_reports"), ANY_SCOPE),
    Kind.PHYSICIAN: dict.fromkeys(
        (
            "list_own_credits", "get_own_transcript", "get_own_transcript_copy", "publish_transcript",
            "list_own_transcripts", "get_own_transcript_file", "create_share", "list_shares", "end_share",
        ),
        SESSION,
    ),
    Kind.OPEN: dict.fromkeys(
        (
            "live", "ready", "metrics", "problem_page", "list_boards", "get_board", "list_rules", "get_rule",
            "list_activity_formats", "list_states", "list_practice_areas", "list_rems_answers", "list_medical_schools",
            "get_sandbox",
            "show_docs", "start_docs", "docs_file", "show_webhooks", "start_webhooks",
            "webhooks_document", "get_template", "create_token", "get_download", "search_activities",
            "get_listed_activity", "get_activity_calendar", "read_share", "read_share_file",
        ),
        PUBLIC,
    ),
}  # fmt: skip
"""Every operation by its kind, with the scope it needs."""

MATRIX = """
caller         names   provider upload batch   events      endpoint feed        operator self clients            grants

own            -       ours     yes    ours    ours        ours     403         403      yes  ours               vendor
own            ours    ours     yes    ours    ours        ours     403         403      yes  ours               vendor
own            theirs  403      403    403     403         403      403         403      yes  ours               vendor
own            sandbox 403      403    403     403         403      403         403      yes  ours               vendor
own            absent  403      403    403     403         403      403         403      yes  ours               vendor
colleague      -       ours     yes    ours    ours        nothing  403         403      yes  ours               vendor
other          -       theirs   yes    theirs  theirs      nothing  403         403      yes  theirs             nothing
other          ours    403      403    403     403         403      403         403      yes  theirs             nothing
other          theirs  theirs   yes    theirs  theirs      nothing  403         403      yes  theirs             nothing
several        -       400      400    400     ours+theirs nothing  403         403      yes  ours+theirs        vendor
several        ours    ours     yes    ours    ours        nothing  403         403      yes  ours+theirs        vendor
several        theirs  theirs   yes    theirs  theirs      nothing  403         403      yes  ours+theirs        vendor
several        absent  403      403    403     403         403      403         403      yes  ours+theirs        vendor

vendor         -       400      400    400     ours        for-all  403         403      yes  vendor             nothing
vendor         ours    ours     yes    ours    ours        vendor   403         403      yes  vendor             nothing
vendor         theirs  403      403    403     403         403      403         403      yes  vendor             nothing
vendor         absent  403      403    403     403         403      403         403      yes  vendor             nothing
stranger       -       400      400    400     theirs      nothing  403         403      yes  nothing            nothing
stranger       ours    403      403    403     403         403      403         403      yes  nothing            nothing
stranger       theirs  theirs   yes    theirs  theirs      nothing  403         403      yes  nothing            nothing
ungranted      -       400      400    400     nothing     nothing  403         403      yes  nothing            nothing
ungranted      ours    403      403    403     403         403      403         403      yes  nothing            nothing

board          -       403      yes    board   403         board    board       403      yes  403                403
board          ours    403      403    403     403         403      board       403      yes  403                403
other-board    -       403      yes    nothing 403         nothing  other-board 403      yes  403                403
operator       -       400      400    board   400         400      403         yes      yes  ours+theirs+vendor vendor
operator       ours    ours     yes    ours    ours        nothing  403         yes      yes  ours+theirs+vendor vendor
operator       theirs  theirs   yes    theirs  theirs      nothing  403         yes      yes  ours+theirs+vendor vendor
operator       sandbox 403      403    403     403         403      403         yes      yes  ours+theirs+vendor vendor
operator       absent  403      403    403     403         403      403         yes      yes  ours+theirs+vendor vendor
nobody         -       401      401    401     401         401      401         401      401  401                401
nobody         ours    401      401    401     401         401      401         401      401  401                401

own-test       -       sandbox  yes    sandbox sandbox     sandbox  403         403      yes  nothing            nothing
own-test       ours    sandbox  yes    sandbox sandbox     sandbox  403         403      yes  nothing            nothing
own-test       sandbox sandbox  yes    sandbox sandbox     sandbox  403         403      yes  nothing            nothing
own-test       theirs  403      403    403     403         403      403         403      yes  nothing            nothing
other-test     -       nothing  yes    nothing nothing     nothing  403         403      yes  nothing            nothing
other-test     ours    403      403    403     403         403      403         403      yes  nothing            nothing
vendor-test    -       400      400    400     sandbox     nothing  403         403      yes  nothing            nothing
vendor-test    ours    sandbox  yes    sandbox sandbox     nothing  403         403      yes  nothing            nothing
stranger-test  ours    403      403    403     403         403      403         403      yes  nothing            nothing
ungranted-test ours    403      403    403     403         403      403         403      yes  nothing            nothing
operator-test  -       400      400    400     400         400      403         403      yes  nothing            nothing
operator-test  ours    sandbox  yes    sandbox sandbox     nothing  403         403      yes  nothing            nothing
"""
"""What each caller gets of each kind, by the provider that it names in `PARS-Provider`.

A number is the status of the refusal, the same for every id. A word is an answer, and says whose records are in it:
`nothing` and `yes` mean that none of any other are. What each owner has stands in `tests/harness/access/world.py`.

Callers: `own` and `other` are providers' clients, `colleague` a second one of ours, `several` one of two providers,
`vendor` may act for us, `stranger` for the other provider, `ungranted` could act for us until that was revoked. The
`-test` ones are their test clients. An endpoint is its client's own: `for-all` is the one that `vendor` registered for
all its providers, and `vendor` in a cell the one that it registered for us. Of clients, `vendor` is the one
that `vendor` has made beside itself.
"""

SESSIONS = """
caller           own        else

physician        physician  401
other-physician  nothing    401
unconfirmed      403        401
staff            403        401
nobody           401        401
with-a-key       403        -
"""
"""What callers get of a physician's own, and those who come with the cookie of a session of everything else.

They are two physicians, one whose account nothing has confirmed, and somebody who reports for us, each as from a page
of ours. Whoever has a key in `MATRIX` is `with-a-key`.
"""

_SEES_EVERYBODY = "the operator looks everybody up, and takes what it has found itself"
_NO_PROVIDER = "which scope it needs depends on the list, and a board's client acts for no provider"
EXCEPTIONS: dict[tuple[str, str, str], tuple[str, str]] = {
    ("create_download", "board", "-"): ("400", _NO_PROVIDER),
    ("create_download", "other-board", "-"): ("400", _NO_PROVIDER),
    **{
        (name, "operator", named): ("nothing", _SEES_EVERYBODY)
        for name in _TRANSCRIPTS
        for named in ("-", "ours", "theirs", "sandbox", "absent")
    },
}
"""Cells of one operation that are not its kind's: (operation, caller, named) to the cell, and the reason."""


@dataclass(frozen=True)
class Seat:
    """A caller, and the provider that it names."""

    caller: str
    names: str

    def __str__(self) -> str:
        return self.caller if self.names == "-" else f"{self.caller} naming {self.names}"


def read_matrix() -> dict[Seat, dict[Kind, str]]:
    """Return the cells of `MATRIX` and `SESSIONS` by their rows."""
    heads, *rows = _rows_of(MATRIX)
    kinds = [Kind(head) for head in heads[2:]]
    own = {caller: (cell, other) for caller, cell, other in _rows_of(SESSIONS)[1:]}
    cells = {Seat(caller, names): dict(zip(kinds, found, strict=True)) for caller, names, *found in rows}
    for seat, found in cells.items():
        found[Kind.PHYSICIAN] = own.get(seat.caller, own["with-a-key"])[0]
    known = {seat.caller for seat in cells} | {"with-a-key"}
    sessions = {
        Seat(caller, "-"): dict.fromkeys(kinds, other) | {Kind.PHYSICIAN: cell}
        for caller, (cell, other) in own.items()
        if caller not in known
    }
    return cells | sessions


def _rows_of(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines() if line.strip()]


def kinds_of_operations() -> dict[str, Kind]:
    """Return the kind of each operation."""
    return {name: kind for kind, scopes in OPERATIONS.items() for name in scopes}


def scopes_of_operations() -> dict[str, str]:
    """Return the scope that each operation needs."""
    return {name: scope for scopes in OPERATIONS.values() for name, scope in scopes.items()}

"""Who may call what: one table of every operation, and every kind of caller tried on each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import attrgetter

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.routers.callers import ANY_SCOPE, PUBLIC, Ownership, access_of, declared_routes, scope_of
from app.services.access import scopes as access
from app.services.context import Service
from tests.harness.api import Answer, Api, api_of
from tests.harness.cases import for_all
from tests.harness.refusals import assert_problem, footprint

OURS, THEIRS = "0008001", "0008002"

PROVIDERS: dict[str, str] = {
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
    "get_completion": "completions:read",
    "correct_completion": "completions:write",
    "put_completion": "completions:write",
    "change_completion": "completions:write",
    "withdraw_completion": "completions:write",
    "get_completion_history": "completions:read",
    "list_held_records": "completions:read",
    "get_held_record": "completions:read",
    "correct_held_record": "completions:write",
    "judge_held_record": "completions:write",
    "ask_for_help": "completions:write",
    "set_held_record_aside": "completions:write",
    "validate_learner": "learners:validate",
}
"""Operations that belong to a provider, with the scope each needs."""

BATCHES = {
    "upload_batch": "batches:write",
    "list_batches": "batches:read",
    "get_batch": "batches:read",
    "list_batch_rows": "batches:read",
    "get_batch_file": "batches:read",
    "cancel_batch": "batches:write",
    "retry_batch": "batches:write",
}
"""Operations of one provider, or of a board for its rosters, with the scope each needs."""

SEVERAL = {"list_events"}
"""Operations of one provider or, for vendors and clients of several, of all of them, under `completions:read`."""

ANYBODYS = {"get_me", "list_providers"}
"""Operations of whoever has a key, about the client itself."""

EITHER = {
    "create_webhook_endpoint", "list_webhook_endpoints", "get_webhook_endpoint", "change_webhook_endpoint",
    "delete_webhook_endpoint", "rotate_webhook_secret", "list_webhook_deliveries", "redeliver_webhook",
    "test_webhook_endpoint", "recover_webhook_endpoint",
}  # fmt: skip
"""Operations of one provider, of all of a vendor's, or of a board, each for itself, under `webhooks:manage`."""

BOARDS = {"read_board_feed", "decide_credits", "get_board_feed_file", "get_board_feed_summary"}
"""Operations of a board's own client, under `board:feed`."""

OPERATORS = {
    "report_boards", "list_physicians", "search_physicians", "add_physician", "get_physician", "change_physician",
    "list_physician_credits", "merge_physician", "unmerge_physician", "split_physician", "list_physician_pairs",
    "get_physician_pair", "join_physician_pair", "part_physician_pair", "postpone_physician_pair",
    "reopen_physician_pair", "explain_match", "list_help_requests", "get_help_request", "answer_help_request",
    "list_identity_budgets", "release_identity_budget",
}  # fmt: skip
"""Operations of the operator alone, under `operator`."""

OPEN = {
    "live", "ready", "metrics", "problem_page", "list_boards", "get_board", "list_rules", "get_rule",
    "list_activity_formats", "list_states", "list_practice_areas", "list_medical_schools", "get_sandbox",
    "show_entrance", "show_docs", "start_docs", "docs_file", "show_webhooks", "start_webhooks", "webhooks_document",
    "get_template",
}  # fmt: skip
"""Operations that anybody may call."""


@dataclass(frozen=True)
class Operation:
    """An operation with a request that gets as far as the caller may."""

    name: str
    method: str
    path: str

    def sent_by(self, api: Api, provider: str | None = None) -> Answer:
        headers = {"PARS-Provider": provider} if provider is not None else {}
        body = {} if self.method in ("POST", "PUT", "PATCH") else None
        return api.send(self.method, self.path, headers=headers, json=body)


NAME = attrgetter("name")


def operations() -> list[Operation]:
    return [
        Operation(route.name, next(iter(route.methods - {"HEAD"})), re.sub(r"\{.*?\}", "000000000", route.path))
        for route in declared_routes(create_app())
        if scope_of(route) != PUBLIC
    ]


def test_the_table_names_every_operation_with_its_scope() -> None:
    declared = {route.name: scope_of(route) for route in declared_routes(create_app())}
    assert {name: scope for name, scope in declared.items() if scope != PUBLIC} == (
        PROVIDERS
        | BATCHES
        | dict.fromkeys(BOARDS, "board:feed")
        | dict.fromkeys(OPERATORS, "operator")
        | dict.fromkeys(EITHER, "webhooks:manage")
        | dict.fromkeys(SEVERAL, "completions:read")
        | dict.fromkeys(ANYBODYS, ANY_SCOPE)
    )
    assert {name for name, scope in declared.items() if scope == PUBLIC} == OPEN


def test_every_operation_declares_whose_records_it_is_about() -> None:
    declared = {route.name: access_of(route) for route in declared_routes(create_app())}
    assert {name: found.ownership for name, found in declared.items() if found is not None} == (
        dict.fromkeys(PROVIDERS, Ownership.PROVIDER)
        | dict.fromkeys(BATCHES, Ownership.PROVIDER_OR_BOARDS)
        | {"upload_batch": Ownership.PROVIDER_OR_BOARD}
        | dict.fromkeys(EITHER, Ownership.PROVIDERS_OR_BOARD)
        | dict.fromkeys(SEVERAL, Ownership.PROVIDERS)
        | dict.fromkeys(BOARDS | OPERATORS | ANYBODYS, Ownership.CLIENT)
        | dict.fromkeys(OPEN, None)
    )


def test_the_rights_of_a_role_are_those_it_was_promised() -> None:
    everything = set(access.SCOPES)
    reporting = everything - {"transcripts:read", "board:feed", "operator"}
    assert {role: set(scopes) for role, scopes in access.ROLE_SCOPES.items()} == {
        "provider": reporting,
        "vendor": reporting,
        "board": {"board:feed", "transcripts:read", "webhooks:manage", "batches:read", "batches:write"},
        "operator": everything,
    }


@dataclass(frozen=True)
class Callers:
    """A client of each kind."""

    full: Api
    """Another provider's, with every right there."""
    vendor: Api
    """A vendor's that we granted the right."""
    stranger: Api
    """A vendor's that nobody granted anything."""
    board: Api
    operator: Api
    tester: Api
    """A test client of ours."""


@pytest.fixture
def callers(http: TestClient, service: Service) -> Callers:
    return Callers(
        full=api_of(http, service, "theirs", providers=[THEIRS]),
        vendor=api_of(http, service, "vendor", role="vendor", providers=[OURS]),
        stranger=api_of(http, service, "stranger", role="vendor"),
        board=api_of(http, service, "board", role="board", board="ABIM"),
        operator=api_of(http, service, "operator", role="operator"),
        tester=api_of(http, service, "tester", providers=[OURS], test=True),
    )


def assert_gets_in(operation: Operation, answer: Answer) -> None:
    assert answer.status not in (400, 401, 403) and answer.status < 500, (operation.name, answer.status, answer.json)


def test_without_a_key_that_stands_nobody_gets_in(http: TestClient, service: Service) -> None:
    before = footprint(service)
    for operation in operations():
        for key in ("", "pars_live_" + "A" * 43, "pars_test_" + "A" * 43):
            assert_problem(operation.sent_by(Api(http, key, "")), 401, "unauthenticated")
    assert footprint(service) == before


@for_all("operation", [operation for operation in operations() if operation.name in BOARDS], NAME)
def test_a_boards_operations_are_the_boards(callers: Callers, service: Service, operation: Operation) -> None:
    before = footprint(service)
    for caller in (callers.full, callers.vendor, callers.stranger, callers.tester, callers.operator):
        # An operator has the right and no board; where the request is wrong as well, that is said first.
        assert_problem(operation.sent_by(caller), (403, 422) if caller is callers.operator else 403)
    assert footprint(service) == before
    assert_gets_in(operation, operation.sent_by(callers.board))


@for_all("operation", [operation for operation in operations() if operation.name in OPERATORS], NAME)
def test_an_operators_operations_are_the_operators(callers: Callers, service: Service, operation: Operation) -> None:
    before = footprint(service)
    for caller in (callers.full, callers.vendor, callers.stranger, callers.tester, callers.board):
        assert_problem(operation.sent_by(caller), 403, "forbidden")
    assert footprint(service) == before
    assert_gets_in(operation, operation.sent_by(callers.operator))


@for_all("operation", [operation for operation in operations() if operation.name in ANYBODYS], NAME)
def test_every_key_opens_what_is_about_its_client(callers: Callers, service: Service, operation: Operation) -> None:
    before = footprint(service)
    for caller in (
        callers.full, callers.vendor, callers.stranger, callers.board, callers.operator, callers.tester
    ):  # fmt: skip
        assert operation.sent_by(caller).status == 200
    assert footprint(service) == before


ABOUT_PROVIDERS = PROVIDERS.keys() | BATCHES.keys() | EITHER | SEVERAL


@for_all("operation", [operation for operation in operations() if operation.name in ABOUT_PROVIDERS], NAME)
def test_every_kind_of_caller_gets_as_far_as_it_may(
    http: TestClient, service: Service, callers: Callers, operation: Operation
) -> None:
    general = "completions:read" if operation.name in SEVERAL else "webhooks:manage"
    scope = (PROVIDERS | BATCHES).get(operation.name, general)
    only = api_of(http, service, "only this", providers=[OURS], scopes=[scope])
    others = [value for value in access.ROLE_SCOPES["provider"] if scope not in (value, access.IMPLIED.get(value))]
    without = api_of(http, service, "all but this", providers=[OURS], scopes=others)
    before = footprint(service)

    assert_problem(operation.sent_by(without), 403, "forbidden")
    assert_problem(operation.sent_by(callers.full, OURS), 403, "forbidden")
    assert_problem(operation.sent_by(callers.stranger, OURS), 403, "forbidden")
    assert_problem(operation.sent_by(callers.board, OURS), 403, "forbidden")
    of_boards_too = EITHER | BATCHES.keys()
    if operation.name not in of_boards_too:
        assert_problem(operation.sent_by(callers.board), 403, "forbidden")
    assert_problem(operation.sent_by(callers.operator, "0000000"), 403, "forbidden")
    if operation.name in BATCHES and operation.name != "upload_batch":
        # Those of boards, which belong to no provider.
        assert_gets_in(operation, operation.sent_by(callers.operator))
    else:
        assert_problem(operation.sent_by(callers.operator), 400, "provider-required")
    for several in (callers.vendor, callers.stranger):
        if operation.name in PROVIDERS or operation.name in BATCHES:
            assert_problem(operation.sent_by(several), 400, "provider-required")
        else:
            assert_gets_in(operation, operation.sent_by(several))
    assert_problem(operation.sent_by(only, "9999999"), 403, "forbidden")
    assert footprint(service) == before

    assert_gets_in(operation, operation.sent_by(only))
    assert_gets_in(operation, operation.sent_by(only, OURS))
    assert_gets_in(operation, operation.sent_by(callers.vendor, OURS))
    assert_gets_in(operation, operation.sent_by(callers.operator, OURS))
    assert_gets_in(operation, operation.sent_by(callers.tester, OURS))
    if operation.name in of_boards_too:
        assert_gets_in(operation, operation.sent_by(callers.board))

"""Who may do what: the table written by hand, held against what routes declare and against what everybody is answered.

A breach is a cell that is answered otherwise than `tests/harness/access/table.py` says.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse

from app.main import answer_for, create_app
from app.routers.callers import (
    ANY_SCOPE,
    PUBLIC,
    CallerDependency,
    Ownership,
    RouteAccess,
    access_of,
    declared_routes,
)
from app.services.access import clients
from app.services.access import scopes as access
from app.services.context import operator, transact
from tests.harness.access.asking import asking
from tests.harness.access.cells import REFUSALS, Cells, operations_of
from tests.harness.access.table import (
    EXCEPTIONS,
    OPERATIONS,
    OWNERSHIP,
    Kind,
    Seat,
    kinds_of_operations,
    read_matrix,
    scopes_of_operations,
)
from tests.harness.access.world import IN_BROWSERS, ROLES, World, bearer
from tests.harness.api import api_of

UNKNOWN = "pars_live_" + "A" * 43
GETTING_IN = (
    "own", "other", "vendor naming ours", "ungranted naming ours", "board", "other-board", "own-test", *IN_BROWSERS,
)  # fmt: skip
"""Seats whose answers come from the database, one for each way in which it is asked."""
ON_SQLITE_ALONE = pytest.mark.parametrize("world", ["sqlite"], indirect=True)
"""For what no database tells."""


def faults_of_declarations(app: FastAPI) -> Iterator[str]:
    """Yield which routes are in no row of the table, or declare another access than their kind has."""
    kinds, scopes = kinds_of_operations(), scopes_of_operations()
    for route in declared_routes(app):
        declared = access_of(route)
        assert declared is not None
        if route.name not in kinds:
            yield (
                f"{route.name} ({route.path}) is in no row: add it to OPERATIONS in tests/harness/access/table.py, "
                f"under the kind of record that it is about, with its scope; it declares {declared.scope!r}."
            )
        elif (scopes[route.name], OWNERSHIP[kinds[route.name]]) != (declared.scope, declared.ownership):
            yield f"{route.name} declares {declared.scope!r} and {declared.ownership}, which is not its kind's"


def test_the_table_names_every_operation_with_its_kind_and_scope() -> None:
    app = create_app()
    faults = list(faults_of_declarations(app))
    assert not faults, "\n".join(faults)
    gone = kinds_of_operations().keys() - operations_of(app).keys()
    assert not gone, f"no longer operations: take {', '.join(sorted(gone))} out of the table"


def test_the_rights_of_a_role_are_those_it_was_promised() -> None:
    everything = set(access.SCOPES)
    reporting = everything - {"transcripts:read", "board:feed", "operator"}
    assert {role: set(scopes) for role, scopes in access.ROLE_SCOPES.items()} == {
        "provider": reporting,
        "vendor": reporting,
        "board": {"board:feed", "transcripts:read", "webhooks:manage", "batches:read", "batches:write"},
        "operator": everything,
        "learner": set(),
    }


def test_the_table_is_complete_and_its_exceptions_are_of_cells_that_there_are() -> None:
    matrix, kinds = read_matrix(), kinds_of_operations()
    assert {seat.caller for seat in matrix} == {*ROLES, *IN_BROWSERS, "nobody"}
    assert all(set(cells) == set(Kind) - {Kind.OPEN} for cells in matrix.values())
    assert len(kinds) == sum(map(len, OPERATIONS.values())), "an operation stands under two kinds"
    for (name, caller, named), (cell, reason) in EXCEPTIONS.items():
        assert matrix[Seat(caller, named)][kinds[name]] != cell and reason, name


def test_every_caller_gets_of_every_record_what_the_table_says(world: World) -> None:
    cells = Cells(world)
    # What is refused before a record is looked for is the same on both.
    seats = None if world.service.database.on_sqlite else [seat for seat in read_matrix() if str(seat) in GETTING_IN]
    faults = list(cells.faults(seats))
    assert not faults, f"{len(faults)} breaches:\n" + "\n".join(faults)
    assert cells.tried > (5_000 if seats is None else 1_000)


def entrances(caller: str, names: Container[str]) -> Iterator[tuple[str, Seat, str]]:
    """Yield every operation of these that a caller gets into, as it names its provider, with the cell."""
    kinds = kinds_of_operations()
    for name, scope in scopes_of_operations().items():
        if scope not in (ANY_SCOPE, PUBLIC) and name in names:
            rows = [(seat, cells[kinds[name]]) for seat, cells in read_matrix().items() if seat.caller == caller]
            yield from [(name, seat, cell) for seat, cell in rows if cell not in REFUSALS][:1]


def faults_of_scopes(cells: Cells, made: dict[tuple[str, str, bool], str]) -> Iterator[str]:
    """Yield which operations are not opened by their scope alone, or are by all others together.

    `made` keeps the keys of the clients that this takes, by caller, scope, and whether they lack it or have it alone.
    """
    kinds, scopes, world = kinds_of_operations(), scopes_of_operations(), cells.world
    for caller in ("own", "vendor", "board", "operator", "own-test"):
        for name, seat, cell in entrances(caller, cells.operations):
            for without in (True, False):
                known = (caller, scopes[name], without)
                if known not in made:
                    made[known] = world.narrowed(caller, scopes[name], without=without).key
                # An endpoint is its client's own, clients are their vendor's, and this is another one.
                foreign = kinds[name] is Kind.ENDPOINT or (kinds[name] is Kind.CLIENTS and caller == "vendor")
                expected = "403" if without else "nothing" if foreign else cell
                headers = world.headers(seat) | bearer(made[known])
                for fault in cells.faults_of(cells.operations[name], kinds[name], expected, headers):
                    yield f"{name} by {seat}, {'without' if without else 'with'} its scope: {fault}"


@pytest.fixture(scope="session")
def narrowed() -> dict[tuple[str, str, bool], str]:
    """Keys of clients with one scope, or without one, as they are made."""
    return {}


@ON_SQLITE_ALONE
def test_a_scope_alone_opens_its_operations_and_all_others_together_do_not(
    world: World, narrowed: dict[tuple[str, str, bool], str]
) -> None:
    faults = list(faults_of_scopes(Cells(world), narrowed))
    assert not faults, "\n".join(faults)
    assert len(narrowed) > 40


@ON_SQLITE_ALONE
def test_a_revoked_client_is_answered_like_a_key_that_nobody_has(world: World) -> None:
    cells, kinds, faults = Cells(world), kinds_of_operations(), []
    for caller in ("own", "vendor", "board", "operator", "own-test"):
        gone = api_of(world.callers[caller].http, world.service, f"gone {caller}", **ROLES[caller])
        transact(operator(world.service), clients.revoke_client, gone.client_id)
        for operation in cells.operations.values():
            if kinds[operation.name] is Kind.OPEN:
                continue
            found = cells.faults_of(operation, kinds[operation.name], "401", bearer(gone.key))
            faults += [f"{operation.name} by a revoked {caller}: {fault}" for fault in found]
            request = operation.asked(dict.fromkeys(operation.parameters, "x"), bearer(gone.key))
            unknown = operation.asked(dict.fromkeys(operation.parameters, "x"), bearer(UNKNOWN))
            if world.asker.ask(request) != world.asker.ask(unknown):
                faults.append(f"{operation.name}: a revoked {caller} is answered unlike an unknown key")
    assert not faults, "\n".join(faults)


@contextmanager
def spoilt_route(app: FastAPI, name: str, spoil: Callable[[APIRoute], None]) -> Iterator[None]:
    """Make a route of a wrong kind within a block: all applications of this process share it."""
    (route,) = (route for route in declared_routes(app) if route.name == name)
    found = [dependency for dependency in route.dependant.dependencies if dependency.name == "caller"]
    before = route.name, route.dependant.call, [dependency.call for dependency in found]
    try:
        spoil(route)
        yield
    finally:
        route.name, route.dependant.call, calls = before
        for dependency, call in zip(found, calls, strict=True):
            dependency.call = call


def declaring(**changed: Any) -> Callable[[APIRoute], None]:
    """Return what lets a route declare another access than its own."""

    def change(route: APIRoute) -> None:
        (caller,) = (found for found in route.dependant.dependencies if found.name == "caller")
        assert isinstance(caller.call, CallerDependency)
        declared = {name: getattr(caller.call.access, name) for name in RouteAccess.__struct_fields__}
        # A copy, for routes with the same access share one.
        caller.call = copy(caller.call)
        caller.call.access = RouteAccess(**(declared | changed))

    return change


def answering(route: APIRoute) -> None:
    """Let a route answer whatever record it is asked for, as one does that forgets whose it is."""

    async def answer(**values: Any) -> JSONResponse:
        return JSONResponse({name: value for name, value in values.items() if name.endswith("_id")})

    route.dependant.call = answer


def rename(route: APIRoute) -> None:
    """Let a route be one that nobody has thought of."""
    route.name = "get_transcript"


WRONG = {
    "a scope that every key has": ("get_completion", declaring(scope=ANY_SCOPE), "table scopes answers"),
    "the scope of another operation": ("withdraw_completion", declaring(scope="completions:read"), "table scopes"),
    "an operator's operation for every key": ("get_physician", declaring(scope=ANY_SCOPE), "table scopes answers"),
    # Behind it stands a second wall: who has no board has no feed.
    "a board's operation for every key": ("get_board_feed_summary", declaring(scope=ANY_SCOPE), "table scopes"),
    "all providers in place of one": ("list_completions", declaring(ownership=Ownership.PROVIDERS), "table answers"),
    "no provider in place of one": ("get_activity", declaring(ownership=Ownership.CLIENT), "table scopes answers"),
    "a provider in place of boards": ("list_batches", declaring(ownership=Ownership.PROVIDER), "table scopes answers"),
    "a physician's own for every key": ("list_own_credits", declaring(scope=ANY_SCOPE), "table answers"),
    "no key at all": ("get_batch", declaring(scope=PUBLIC), "table scopes answers"),
    "a record whose owner nobody looks at": ("get_webhook_endpoint", answering, "scopes answers"),
}
"""Routes of a wrong kind: what is wrong with each, its name, what makes it so, and what notices."""


@ON_SQLITE_ALONE
@pytest.mark.parametrize("wrong", WRONG)
def test_a_route_of_a_wrong_kind_is_caught(
    world: World, narrowed: dict[tuple[str, str, bool], str], wrong: str
) -> None:
    name, spoil, noticed = WRONG[wrong]
    app = create_app(world.service)
    answer_for(app, world.service)
    with spoilt_route(app, name, spoil), asking(app, world.service) as asker:
        cells = Cells(World(world.service, asker, world.callers, world.sandbox, world.sessions, world.records))
        cells.operations = {name: cells.operations[name]}
        found = {
            "table": list(faults_of_declarations(app)),
            "scopes": list(faults_of_scopes(cells, narrowed)),
            "answers": list(cells.faults()),
        }
    assert {notice for notice, faults in found.items() if faults} == set(noticed.split()), found
    assert all(fault.startswith(name) for faults in found.values() for fault in faults), found


def test_a_route_that_is_in_no_row_is_told_where_it_belongs() -> None:
    app = create_app()
    with spoilt_route(app, "get_completion", rename):
        (fault,) = faults_of_declarations(app)
    assert fault.startswith(
        "get_transcript (/v1/learner-completions/{completion_id}) is in no row: add it to OPERATIONS"
    )

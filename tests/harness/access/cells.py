"""Cells of the matrix tried: every operation of an application, asked for by every caller, for every owner's record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.routers.callers import declared_routes
from tests.builders.bodies import a_completion
from tests.builders.pars_documents import activities, learners, metrics, report
from tests.harness.access.asking import Asked, Reply
from tests.harness.access.table import EXCEPTIONS, Kind, Seat, kinds_of_operations, read_matrix
from tests.harness.access.world import World
from tests.harness.contract import committed
from tests.harness.held import nora

REFUSALS = {
    "400": (400, "provider-required"),
    "401": (401, "unauthenticated"),
    "403": (403, "forbidden"),
}
"""Cells that are refusals, with their status and code."""
OTHER_VALUES = {
    "internal_id": "unused", "reference": "unused", "which": "original", "vendor_id": "unused", "row": "2",
}  # fmt: skip
"""Parameters in paths that name no record: two of the caller's choice, a word of a list, a vendor, a row."""
QUERIES = {
    "find_learner_activity": "CreditId=unused",
    **dict.fromkeys(
        ("find_licensee_transcript", "find_licensee_transcript_file", "total_licensee_credits"),
        "FirstName=Nobody&LastName=Atall&NPI=1234567893",
    ),
    "get_board_feed_file": "date=2021-12-20",
    **dict.fromkeys(("report_year_totals", "report_rems", "report_rems_of_all"), "year=2021"),
    **dict.fromkeys(("export_year_totals", "export_rems", "export_rems_of_all"), "format=csv&year=2021"),
    **dict.fromkeys(
        (
            "export_completions",
            "export_activities",
            "export_credit_lines",
            "export_activity_summaries",
            "export_not_yet_accepted",
            "export_reported_late",
            "export_nothing_reported",
            "export_before_closing",
            "export_attendance",
        ),
        "format=csv",
    ),
}
NO_CREDIT = "01a205e2-0000-7000-8000-000000000000"
BODIES: dict[str, Any] = {
    "correct_completion": a_completion(credits=3),
    "put_completion": a_completion(credits=3, reference="unused"),
    "correct_held_record": nora(credits=3),
    "mend_batch_row": {"cells": {}},
    "set_batch_row_aside": {"reason": "no-physician"},
    "answer_dispute": {"message": "We looked again."},
    "search_transcripts": {"first_name": "Nobody", "last_name": "Atall", "npi": "1234567893"},
    "total_transcripts": {"first_name": "Nobody", "last_name": "Atall", "npi": "1234567893"},
    "create_share": {"receiver": "Somebody", "shows": "following", "days": 7},
    "save_activities": activities([metrics()]),
    "save_learner_activities": learners([report(a_completion("999999999"))]),
    "match_learner": {"LearnerMatch": {"Member": {"Name": {"GivenName": "Nobody", "FamilyName": "Atall"}}}},
    "create_download": {"kind": "learner-completions", "format": "csv"},
    "recover_webhook_endpoint": {"since": "2021-12-20T00:00:00Z"},
    "decide_credits": {
        "decisions": [{"credit_id": "01a205e2-0000-7000-8000-000000000000", "position": 1, "decision": "accepted"}]
    },
}
"""Bodies that get as far as the record; any other operation is sent an empty object."""
LISTED = {
    "list_grants": ("client_id",),
    "list_activities": ("activity_id",),
    "list_completions": ("completion_id",),
    "list_activity_summaries": ("activity_id",),
    "list_learners": ("learner_id",),
    "export_completions": ("completion_id",),
    "export_activities": ("activity_id",),
    "list_credit_lines": ("completion_id",),
    "export_credit_lines": ("completion_id",),
    "export_activity_summaries": ("activity_id",),
    "list_held_records": ("held_id",),
    "list_disputes": ("dispute_id",),
    "list_batches": ("batch_id",),
    "list_events": ("completion_id", "batch_id"),
    "list_webhook_endpoints": ("endpoint_id",),
    "read_board_feed": ("credit_id",),
    "get_board_feed_file": ("credit_id",),
    "list_clients": ("client_id",),
    "list_own_transcripts": ("transcript_id",),
    "list_shares": ("share_id",),
}
"""Lists, with those ids of an owner of which one stands in them for whoever may see its records."""
ASKED_IN_VAIN_ONLY = {
    "withdraw_learners", "join_physician_pair", "set_held_record_aside", "retry_batch", "revoke_client",
    "end_client_key", "add_client_key", "report_batch_mends", "withdraw_batch",
    "mend_batch_row", "set_batch_row_aside", "take_batch_row_up", "answer_dispute", "end_share",
    "delete_learner_activity",
}  # fmt: skip
"""Operations that would take from the world what later cells ask for: nobody asks for a record that it may change."""


@dataclass(frozen=True)
class Operation:
    """A route as it is asked for."""

    name: str
    method: str
    path: str
    parameters: tuple[str, ...]
    """Those in its path."""
    query: str
    conditional: bool
    """Whether it honours `If-Match`."""

    @property
    def of_record(self) -> bool:
        """Whether its path names a record of somebody."""
        return any(name not in OTHER_VALUES for name in self.parameters)

    def asked(self, values: Mapping[str, str], headers: Mapping[str, str]) -> Asked:
        """Return the request for a record; nothing that it asks for is done to one that changed."""
        target = re.sub(r"\{(\w+)(:path)?\}", lambda found: (OTHER_VALUES | dict(values))[found[1]], self.path)
        body = b""
        sent = dict(headers)
        if self.method in ("POST", "PUT", "PATCH"):
            body = json.dumps(BODIES.get(self.name, {})).encode()
            sent |= {"Content-Type": "application/json"}
        if self.conditional:
            sent |= {"If-Match": '"0"'}
        return Asked(self.method, f"{target}?{self.query}" if self.query else target, sent, body)


def operations_of(app: FastAPI) -> dict[str, Operation]:
    """Return every operation of an application."""
    return {route.name: _operation(route) for route in declared_routes(app)}


def _operation(route: APIRoute) -> Operation:
    method = next(iter(route.methods - {"HEAD"}))
    described = committed().operation(method, route.path.replace(":path", ""))
    conditional = described is not None and "If-Match" in described.parameters("header")
    taken = described.parameters("query") if described is not None else {}
    included = "record" if route.name == "list_batch_rows" else "total"
    query = [f"{name}={value}" for name, value in (("limit", "500"), ("include", included)) if name in taken]
    return Operation(
        name=route.name,
        method=method,
        path=route.path,
        parameters=tuple(re.findall(r"\{(\w+)(?::path)?\}", route.path)),
        query="&".join([*query, QUERIES.get(route.name, "")]).strip("&"),
        conditional=conditional,
    )


def absent(value: str) -> str:
    """Return an id of the same form that nobody has."""
    if value.isdigit():
        return "9" * (len(value) - 1) + ("8" if value.endswith("9") else "9")
    return value[:-12] + "".join("d" if character == "e" else "e" for character in value[-12:])


class Cells:
    """The cells of one application in one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.operations = operations_of(world.asker.app)
        self.tried = 0
        """Requests sent."""
        self._described: set[tuple[str, int, str]] = set()

    def faults(self, seats: Iterable[Seat] | None = None, names: Iterable[str] | None = None) -> Iterator[str]:
        """Yield what is wrong with each cell: of all seats and operations, unless some are given."""
        kinds = kinds_of_operations()
        for seat, cells in read_matrix().items():
            if seats is not None and seat not in seats:
                continue
            seen = {owner for cell in cells.values() for owner in cell.split("+")}
            if cells[Kind.OPERATOR] == "yes" or "ours" in seen:
                # What we ask for help with is the registry's as well.
                seen |= {"registry"}
            unseen = self.world.records.keys() - seen
            before = self.world.touched(unseen)
            for name in names if names is not None else self.operations:
                kind = kinds[name]
                if kind is Kind.OPEN:
                    continue
                cell, _ = EXCEPTIONS.get((name, seat.caller, seat.names), (cells[kind], ""))
                for fault in self.faults_of(self.operations[name], kind, cell, self.world.headers(seat)):
                    yield f"{name} by {seat}, expected {cell}: {fault}"
            if self.world.touched(unseen) != before:
                yield f"{seat} has changed records that it may not see"

    def faults_of(self, operation: Operation, kind: Kind, cell: str, headers: Mapping[str, str]) -> Iterator[str]:
        """Yield what is wrong with what an operation answers to these headers, where a cell is expected."""
        if not operation.of_record:
            reply = self._ask(operation, {}, headers)
            yield from self._entrance(operation, reply, cell)
            yield from self._leaks(operation, kind, reply, cell)
            return
        owners = {
            owner: records
            for owner, records in self.world.records.items()
            if (owner == "registry") == (kind is Kind.OPERATOR) and _names(operation) <= records.keys()
        }
        if not owners:
            yield f"no record has {', '.join(sorted(_names(operation)))}: give one to its owner in world.py"
        values = next(iter(owners.values()), {})
        unused = {name: absent(values[name]) for name in _names(operation) & values.keys()}
        nothing = self._ask(operation, unused, headers)
        yield from self._entrance(operation, nothing, cell)
        if cell not in REFUSALS and kind is not Kind.OPERATOR and nothing.status != 404:
            yield f"an absent id is answered with {nothing.status} {nothing.code}"
        # Who is refused at the door is so whatever is asked for: one owner's record beside the absent one is enough.
        for owner, records in list(owners.items())[: 1 if cell in REFUSALS else None]:
            seen = cell == "yes" or owner in cell.split("+")
            if not (seen and operation.name in ASKED_IN_VAIN_ONLY):
                found = self._ask(operation, records, headers)
                yield from self._difference(operation, owner, (nothing, unused), (found, records), seen=seen)

    def _ask(self, operation: Operation, values: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        self.tried += 1
        return self.world.asker.ask(operation.asked(values, headers))

    def _entrance(self, operation: Operation, reply: Reply, cell: str) -> Iterator[str]:
        """Yield what is wrong with how a caller gets in, or is refused."""
        if cell in REFUSALS:
            if (reply.status, reply.code) != REFUSALS[cell]:
                yield f"answered with {reply.status} {reply.code}: {reply.body[:200].decode()}"
            # Where a session opens the door, who has neither session nor key is led to a page.
            ways = ("Bearer", "Link") if kinds_of_operations()[operation.name] is Kind.PHYSICIAN else ("Bearer",)
            if reply.status == 401 and not (reply.header("www-authenticate") or "").startswith(ways):
                yield "refused without WWW-Authenticate"
        elif reply.status in (400, 401, 403) or reply.status >= 500:
            yield f"refused with {reply.status} {reply.code}: {reply.body[:200].decode()}"
        met = (operation.name, reply.status, reply.code)
        if met not in self._described:
            self._described.add(met)
            path, headers = operation.path.replace(":path", ""), httpx.Headers(list(reply.headers))
            yield from committed().faults(operation.method, path, reply.status, headers, reply.body)

    def _leaks(self, operation: Operation, kind: Kind, reply: Reply, cell: str) -> Iterator[str]:
        """Yield which owners' records stand in an answer where none should, or are missing in a list of theirs."""
        if kind is Kind.OPERATOR:
            return
        # A PDF names nobody by an id.
        body = reply.body.decode("utf-8", "replace")
        for owner, records in self.world.records.items():
            if owner in cell.split("+"):
                wanted = [records[name] for name in LISTED.get(operation.name, ()) if name in records]
                if wanted and not any(value in body for value in wanted):
                    yield f"nothing of {owner} is in the list: {body[:200]}"
            elif owner != "registry":
                # A feed names the activities of its credit, and a provider its credit for boards: neither is a leak.
                marks = {name: value for name, value in records.items() if (name == "credit_id") == (kind is Kind.FEED)}
                yield from (f"{name} of {owner} is in the answer" for name, value in marks.items() if value in body)
        answered = json.loads(body) if body[:1] == "{" else {}
        if (answered.get("total") or 0) != len(answered.get("data", ())) and "total" in answered:
            yield f"the total is {answered['total']} of {len(answered['data'])}"

    def _difference(
        self,
        operation: Operation,
        owner: str,
        nothing: tuple[Reply, Mapping[str, str]],
        found: tuple[Reply, Mapping[str, str]],
        *,
        seen: bool,
    ) -> Iterator[str]:
        """Yield what is wrong with the answer for an owner's record, beside that for an absent id."""
        (missed, unused), (reply, values) = nothing, found
        if seen:
            right = (200,) if operation.method == "GET" else (200, 202, 204, 409, 412, 422)
            if owner == "registry" and operation.method != "GET":
                right += (404,)
            if reply.status not in right:
                yield f"the record of {owner} is answered with {reply.status} {reply.code}: {reply.body[:200].decode()}"
            return
        one, other = (
            answer.masking([ids[name] for name in _names(operation)])
            for answer, ids in ((missed, unused), (reply, values))
        )
        if one != other:
            yield f"the record of {owner} is answered unlike an absent one: {one}, {other}"
        if missed.statements != reply.statements:
            yield f"the record of {owner} costs other statements: {missed.statements}, {reply.statements}"


def _names(operation: Operation) -> set[str]:
    return {name for name in operation.parameters if name not in OTHER_VALUES}

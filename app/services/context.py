"""The arguments of every service function: the installation, the caller, and the transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.clock import Clock, new_id
from app.core.config import Settings
from app.core.database.transactions import Database
from app.core.errors import CompletionRejected
from app.core.http.preferences import NONE, Preferences
from app.core.security import Keyring
from app.domain.audit import AuditFields
from app.domain.batches import BatchOwner
from app.domain.catalogue import Catalogue
from app.domain.clients import Client, Role
from app.domain.credits import Completion, Credit
from app.store import commits, record_digests, states
from app.store.commits import AuditRow, BoardEventRow, Commit, CommitRow
from app.store.sql.statements import savepoint

RECORDS_AS_ONE = 4
"""Records of a bulk request that count as one request: together they take a quarter of the time."""
ROWS_AS_ONE = 50
"""Rows of a page that count as one request."""
DECISIONS_AS_ONE = 20
"""Decisions of a board that count as one request."""
BYTES_AS_ONE = 1_048_576
"""Bytes of a file that count as one request."""
P = ParamSpec("P")
T = TypeVar("T")


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One running installation."""

    settings: Settings
    database: Database
    catalogue: Catalogue
    keyring: Keyring
    clock: Clock

    def __repr__(self) -> str:
        """Return what tells one installation from another: its whole catalogue would fill pages of a failed test."""
        return f"Service({self.database.url!r})"


class Meter(Protocol):
    """Counts what callers ask for, against what they may."""

    def charge(self, client: Client, provider_id: str | None, units: int, place: Mapping[str, str] | None) -> None:
        """Count units of a client and the provider it acts for; raises `RateLimited`."""

    def charge_arrived(self, client: Client, provider_id: str | None, units: int) -> None:
        """Count units of what has arrived already."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, for which provider, with which request."""

    service: Service
    client: Client
    provider: str | None
    request_id: str | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""
    prefers: Preferences = NONE
    scope: str | None = None
    """The scope by which it was let in; None where none is needed."""
    meter: Meter | None = None
    """Counts what it asks for; None for the operator's own commands."""
    owner: str | None = None
    """The client whose webhook endpoints are meant, of those that the caller manages; None for its own."""

    @property
    def provider_id(self) -> str:
        """The provider acted for, in operations that require one."""
        assert self.provider is not None
        return self.provider

    @property
    def batch_owner(self) -> BatchOwner:
        """Whose batches it sees: its provider's or its board's; all boards' for an operator who names no provider."""
        return BatchOwner(provider_id=self.provider, board=None if self.provider is not None else self.client.board)

    def charge(self, pieces: int, at_once: int, **place: str) -> None:
        """Count what makes a request more than one, of which `at_once` pieces are one; raises `RateLimited`.

        `place` is the header, parameter or pointer by which it asks for so much.
        """
        if self.meter is not None and pieces > at_once:
            self.meter.charge(self.client, self.provider, (pieces - 1) // at_once, place)

    def charge_arrived(self, pieces: int, at_once: int) -> None:
        """Count what has arrived before anybody knew how much it is: as far as there is anything left to count."""
        if self.meter is not None and pieces > at_once:
            self.meter.charge_arrived(self.client, self.provider, (pieces - 1) // at_once)

    def bound_to(self, path: str) -> str:
        """Return what a cursor of a list is sealed for: this client, acting for this provider, at this path."""
        return f"{self.client.client_id} {self.provider} {path}"


@dataclass(slots=True, kw_only=True)
class Work:
    """One transaction of one caller: its connection, its time, and the entries and events written as it ends."""

    connection: Connection
    caller: Caller
    now: datetime
    commit_id: str = field(default_factory=new_id)
    keeps_refusal: bool = False
    """Whether a refusal commits what was written, rather than undo it: a birth date that was tried stays counted."""
    _audit: list[AuditRow] = field(default_factory=list)
    _events: list[BoardEventRow] = field(default_factory=list)

    @property
    def service(self) -> Service:
        """The installation."""
        return self.caller.service

    def audit(self, verb: str, subject_id: str, fields: AuditFields) -> None:
        """Add an entry to the audit log; the noun is that of `fields`."""
        self._audit.append(
            {
                "commit_id": self.commit_id,
                "item": len(self._audit),
                "verb": verb,
                "noun": fields.noun,
                "subject_id": subject_id,
                "fields": msgspec.to_builtins(fields),
            }
        )

    def protect(self, noun: str, subject_ids: Iterable[str]) -> str | UnsetType:
        """Store the digests of many subjects, which were changed before; return what the audit entry says of them."""
        found = record_digests.add(self.connection, self.service.keyring, self.commit_id, noun, subject_ids)
        return UNSET if found is None else found

    def add_board_event(self, event: str, credit: Credit, completion: Completion) -> None:
        """Add an event for the board of a credit; the sealer gives it its position after the commit.

        A test client's events are dropped: no board hears of the sandbox.
        """
        if self.caller.client.test:
            return
        self._events.append(
            {
                "event_id": new_id(),
                "commit_id": self.commit_id,
                "item": len(self._events),
                "board": credit.board,
                "event": event,
                "credit_id": credit.credit_id,
                "completion_id": completion.completion_id,
                "version": completion.version,
                "at": self.now,
            }
        )

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Run a block behind a savepoint: when it raises, its writes, audit entries and board events are undone."""
        entries, events = len(self._audit), len(self._events)
        try:
            with savepoint(self.connection):
                yield
        except Exception:
            del self._audit[entries:], self._events[events:]
            raise

    def save_commit(self) -> None:
        """Write the commit with its audit entries and board events; without entries, nothing."""
        save_commits([self])

    def as_commit(self) -> Commit | None:
        """Return the commit to write, None when there is no audit entry."""
        if not self._audit:
            return None
        commit: CommitRow = {
            "commit_id": self.commit_id,
            "at": self.now,
            "client_id": self.caller.client.client_id,
            "provider_id": self.caller.provider,
            "request_id": self.caller.request_id,
            "audit_rows": len(self._audit),
            "board_events": len(self._events),
        }
        return Commit(commit=commit, audit=self._audit, events=self._events)


def save_commits(works: Sequence[Work]) -> None:
    """Write what several callers' work in one transaction did, a commit for each."""
    done = [commit for work in works if (commit := work.as_commit()) is not None]
    if done:
        _add_states(works[0], done)
        commits.record(works[0].connection, done)


def _add_states(work: Work, done: Sequence[Commit]) -> None:
    """Put into the audit rows the digests of what now stands of their subjects, where a noun has states.

    It happens here, so that no change of a right can be audited without.
    """
    by_noun: defaultdict[str, list[AuditRow]] = defaultdict(list)
    for commit in done:
        for row in commit.audit:
            if row["noun"] in states.STATES:
                by_noun[row["noun"]].append(row)
    for noun, rows in sorted(by_noun.items()):
        states.lock(work.connection, noun)
        standing = states.load(work.connection, noun, {row["subject_id"] for row in rows})
        for row in rows:
            state = standing.get(row["subject_id"], b"")
            digest = states.digest_state(work.service.keyring, noun, row["subject_id"], row["commit_id"], state)
            row["fields"] = {**row["fields"], "state": digest}


WriteVerb = Callable[Concatenate[Work, P], T]
"""A service function that writes: it is given the work, and may raise to undo all of it."""
ReadVerb = Callable[Concatenate[Connection, Caller, P], T]
"""A service function that only reads."""


class _Kept(msgspec.Struct, frozen=True):
    """A refusal whose transaction is committed before it is told."""

    refusal: CompletionRejected


def _transaction(caller: Caller, verb: Callable[[Work], T]) -> Callable[[Connection], T | _Kept]:
    def run(connection: Connection) -> T | _Kept:
        work = Work(connection=connection, caller=caller, now=caller.service.clock())
        try:
            result = verb(work)
        except CompletionRejected as refusal:
            # A record that is refused has written nothing else.
            if work.keeps_refusal:
                return _Kept(refusal)
            raise
        work.save_commit()
        return result

    return run


def _told(result: T | _Kept) -> T:
    if isinstance(result, _Kept):
        raise result.refusal
    return result


def transact(caller: Caller, verb: WriteVerb[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that writes in a transaction of its own; its work is durable when this returns."""
    return _told(caller.service.database.write(_transaction(caller, partial(_call, verb, args, kwargs))))


async def transact_async(caller: Caller, verb: WriteVerb[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do as `transact`, from the event loop."""
    run = _transaction(caller, partial(_call, verb, args, kwargs))
    return _told(await caller.service.database.write_async(run, whose=caller.client.client_id))


async def read_async(caller: Caller, verb: ReadVerb[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that reads, from the event loop."""
    return await caller.service.database.read_async(
        lambda connection: verb(connection, caller, *args, **kwargs), whose=caller.client.client_id
    )


async def read_by_key_async(caller: Caller, verb: ReadVerb[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that reads a few rows by their keys, from the event loop."""
    return await caller.service.database.read_by_key_async(lambda connection: verb(connection, caller, *args, **kwargs))


async def read_one_async(caller: Caller, verb: ReadVerb[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that reads a few rows by their keys in one statement, from the event loop."""
    return await caller.service.database.read_by_key_async(
        lambda connection: verb(connection, caller, *args, **kwargs), one_statement=True
    )


def _call(verb: Callable[..., T], args: Any, kwargs: Any, work: Work) -> T:
    return verb(work, *args, **kwargs)


OPERATOR = Client(
    client_id="operator",
    role=Role.OPERATOR,
    board=None,
    test=False,
    scopes=frozenset({"operator"}),
    provider_ids=frozenset(),
)
"""The operator at the command line, who has access to the database anyway."""


def operator(
    service: Service, provider: str | None = None, *, sandbox: bool = False, board: str | None = None
) -> Caller:
    """Return the operator as a caller, on live records or on those of the sandbox, or in the name of a board."""
    return Caller(service=service, client=replace(OPERATOR, test=sandbox, board=board), provider=provider)

"""What every verb is given: the service it runs in, who called, and the transaction it works in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.clock import Clock, new_id
from app.core.config import Settings
from app.core.database.transactions import Database
from app.core.http.preferences import NONE, Preferences
from app.core.security import Keyring
from app.domain.catalogue import Catalogue
from app.domain.clients import Client
from app.domain.credits import Completion, Credit
from app.store import commits, dialect

P = ParamSpec("P")
T = TypeVar("T")


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One running installation."""

    settings: Settings
    database: Database
    catalogue: Catalogue
    keyring: Keyring
    clock: Clock


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, for which provider, with which request."""

    service: Service
    client: Client
    provider: str | None
    request_id: str | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""
    prefers: Preferences = NONE

    @property
    def provider_id(self) -> str:
        """The provider acted for, on operations that belong to one."""
        assert self.provider is not None
        return self.provider

    def bound_to(self, path: str) -> str:
        """Name the list whose cursors only this client, acting for this provider, may turn."""
        return f"{self.client.client_id} {self.provider} {path}"


@dataclass(slots=True, kw_only=True)
class Work:
    """One transaction: its connection, its moment, and what it did, recorded as it ends."""

    connection: Connection
    caller: Caller
    now: datetime
    commit_id: str = field(default_factory=new_id)
    _audit: list[dict[str, Any]] = field(default_factory=list)
    _events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def service(self) -> Service:
        """The installation."""
        return self.caller.service

    def audit(self, verb: str, noun: str, subject_id: str, **fields: Any) -> None:
        """Note what was done to which thing. Fields hold names, versions and digests, never identity data."""
        self._audit.append(
            {
                "commit_id": self.commit_id,
                "item": len(self._audit),
                "verb": verb,
                "noun": noun,
                "subject_id": subject_id,
                "fields": fields,
            }
        )

    def tell_board(self, event: str, credit: Credit, completion: Completion) -> None:
        """Put an event before the board of a credit; the sealer gives it a position after the commit.

        Of the sandbox no board hears.
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
        """Undo what the block wrote when it raises, with what it noted and told."""
        audited, told = len(self._audit), len(self._events)
        try:
            with dialect.savepoint(self.connection):
                yield
        except Exception:
            del self._audit[audited:], self._events[told:]
            raise

    def record(self) -> None:
        """Write what was done; a transaction that did nothing leaves no trace."""
        record([self])

    def did(self) -> commits.Done | None:
        """Return what was done, None when it was nothing."""
        if not self._audit:
            return None
        commit = {
            "commit_id": self.commit_id,
            "at": self.now,
            "client_id": self.caller.client.client_id,
            "provider_id": self.caller.provider,
            "request_id": self.caller.request_id,
            "audit_rows": len(self._audit),
            "board_events": len(self._events),
        }
        return commits.Done(commit=commit, audit=self._audit, events=self._events)


def record(works: Sequence[Work]) -> None:
    """Write what several works of one transaction did, each as a commit of its own."""
    done = [each for work in works if (each := work.did()) is not None]
    if done:
        commits.record(works[0].connection, done)


Writing = Callable[Concatenate[Work, P], T]
Reading = Callable[Concatenate[Connection, Caller, P], T]


def _transaction(caller: Caller, verb: Callable[[Work], T]) -> Callable[[Connection], T]:
    def run(connection: Connection) -> T:
        work = Work(connection=connection, caller=caller, now=caller.service.clock())
        result = verb(work)
        work.record()
        return result

    return run


def transact(caller: Caller, verb: Writing[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a writing verb in a transaction of its own; when this returns, its work is durable."""
    return caller.service.database.write(_transaction(caller, partial(_call, verb, args, kwargs)))


async def transact_async(caller: Caller, verb: Writing[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a writing verb from the event loop; when this returns, its work is durable."""
    return await caller.service.database.write_async(_transaction(caller, partial(_call, verb, args, kwargs)))


async def read_async(caller: Caller, verb: Reading[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a reading verb from the event loop."""
    return await caller.service.database.read_async(lambda connection: verb(connection, caller, *args, **kwargs))


def _call(verb: Callable[..., T], args: Any, kwargs: Any, work: Work) -> T:
    return verb(work, *args, **kwargs)


OPERATOR = Client(
    client_id="operator",
    role="operator",
    board=None,
    test=False,
    scopes=frozenset({"operator"}),
    provider_ids=frozenset(),
)
"""The operator's own commands: whoever can run them has the database anyway."""


def operator(service: Service, provider: str | None = None, *, sandbox: bool = False) -> Caller:
    """Return the caller that stands for the operator's own commands, on live records or on those of the sandbox."""
    return Caller(service=service, client=replace(OPERATOR, test=sandbox), provider=provider)

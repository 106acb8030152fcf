"""The audit log, for the operator."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from app.core.clock import first_instant, instant_after
from app.core.http.pagination import PageQuery
from app.domain.audit import AuditFilter, LoggedEntry, SealOverLog
from app.schemas.base import Example, Out
from app.schemas.queries import DayOrInstant, Texts, since, until


class AuditQuery(PageQuery):
    """Which entries to list. Repeated parameters mean any of their values; different ones must all fit."""

    model_config = ConfigDict(populate_by_name=True)

    subject_id: Annotated[Texts, Field(description="Ids of what was done something to.")] = []
    verb: Annotated[Texts, Field(description="What was done, such as `report`, `merge` or `revoke`.")] = []
    noun: Annotated[Texts, Field(description="Kinds of things, such as `completion`, `client` or `learner`.")] = []
    client_id: Annotated[Texts, Field(description="Who did it; `operator` is whoever used the command line.")] = []
    provider_id: Annotated[Texts, Field(description="The providers acted for, under any id that they ever had.")] = []
    request_id: Annotated[Texts, Field(description="The requests it came by: their `X-Request-Id`.")] = []
    at_from: Annotated[DayOrInstant | None, since("Done")] = None
    at_to: Annotated[DayOrInstant | None, until("Done")] = None

    def as_filter(self) -> AuditFilter:
        """Return the filter, as the store takes it."""
        return AuditFilter(
            subject_ids=self.subject_id,
            verbs=self.verb,
            nouns=self.noun,
            client_ids=self.client_id,
            provider_ids=self.provider_id,
            request_ids=self.request_id,
            since=None if self.at_from is None else first_instant(self.at_from),
            before=None if self.at_to is None else instant_after(self.at_to),
        )


class AuditEntryOut(Out):
    """One entry: who did what to which thing, when, and by which request."""

    example: ClassVar[Example] = {
        "commit_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be401", "item": 0, "at": "2021-12-20T15:00:00Z",
        "client_id": "operator", "provider_id": None, "request_id": None, "verb": "merge", "noun": "learner",
        "subject_id": "01a1f0c2-77b1-7c50-8a3f-0d9e7f1c2b3a",
        "fields": {"other_id": "01a1f0c2-77b1-7c50-8a3f-0d9e7f1c2b3b", "completions": 2, "withdrawn": 0}, "seal": 1042,
    }  # fmt: skip

    commit_id: str = Field(description="The transaction; entries of one took effect together, or none.")
    item: int = Field(description="Place among the entries of its transaction, from 0.")
    at: datetime
    client_id: str = Field(
        description="Who did it; `operator` is whoever used the command line, or the service itself."
    )
    provider_id: str | None = Field(description="The provider acted for.")
    request_id: str | None = Field(description="`X-Request-Id` of the request; null for commands and the worker.")
    verb: str
    noun: str
    subject_id: str = Field(description="Of what it was done to; of imports, digests and validations the commit's id.")
    fields: dict[str, Any] = Field(
        description="What belongs to it: ids, counts, names of fields that changed, and keyed digests of what stood "
        "afterwards (`state`, `digest`, `digests`). Never a name, birth date, licence or NPI."
    )
    sealed: bool = Field(description="Whether a seal vouches for it: a moment after it was written.")
    seal: int | None = Field(description="The number of that seal: see `GET /v1/audit/seals`.")

    @classmethod
    def of(cls, entry: LoggedEntry) -> AuditEntryOut:
        """Show an entry."""
        return cls(
            commit_id=entry.commit_id,
            item=entry.item,
            at=entry.at,
            client_id=entry.client_id,
            provider_id=entry.provider_id,
            request_id=entry.request_id,
            verb=entry.verb,
            noun=entry.noun,
            subject_id=entry.subject_id,
            fields=dict(entry.fields),
            sealed=entry.seal is not None,
            seal=entry.seal,
        )


class AuditPage(Out):
    """A page of the audit log, newest first."""

    data: list[AuditEntryOut]
    next_cursor: str | None


class SealOut(Out):
    """One seal over the audit log. Each is made over the one before it, so the newest stands for the whole log."""

    example: ClassVar[Example] = {
        "number": 1042, "at": "2026-11-29T00:16:19Z", "commits": 3, "entries": 5,
        "head": "pars-head 1042 2026-11-29T00:16:19Z 3f2a 9c41 77d0 e2b5 08aa 6f13 c4d9 5b7e",
    }  # fmt: skip

    number: int = Field(description="From 1, without gaps.")
    at: datetime
    commits: int = Field(description="How many transactions it seals.")
    entries: int = Field(description="How many entries it seals.")
    head: str = Field(
        description="One line to keep where nobody can change it who can change the database, as `pars seal print` "
        "prints it; `pars seal verify` tells later whether it is still in the log."
    )

    @classmethod
    def of(cls, seal: SealOverLog, head: str) -> SealOut:
        """Show a seal with its line."""
        return cls(number=seal.number, at=seal.at, commits=seal.commits, entries=seal.audit_rows, head=head)


class SealPage(Out):
    """A page of seals, newest first."""

    data: list[SealOut]
    next_cursor: str | None

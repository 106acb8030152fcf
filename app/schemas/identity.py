"""A client as it is told about itself, and the providers it acts for."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from app.core.http.pagination import PageQuery
from app.domain import clients as domain
from app.domain.access.credentials import CredentialKind
from app.domain.clients import MOST_IN_OVERVIEW, Environment, Role
from app.schemas.base import Example, Out

ClientEnvironment = TypeAliasType("ClientEnvironment", Environment)
"""The public name of `Environment`, which is a class of its own in C#."""


class ProviderQuery(PageQuery):
    """Providers, and whether with their overviews."""

    include: list[Literal["overview"]] = Field(
        default=[], max_length=10, description="`overview` adds to each provider what waits there."
    )


class ProviderOverviewOut(Out):
    """What a client sees of a provider in one look."""

    example: ClassVar[Example] = {
        "last_reported_at": "2021-12-20T15:00:00Z", "records_reported": 412, "credits_rejected": 3, "records_held": 2,
        "files_with_rejected_rows": 1, "rows_to_fix": 7, "attendance_above_reported": 1, "activities_to_close": 2,
        "webhooks_failing": 0,
    }  # fmt: skip

    last_reported_at: datetime | None = Field(description="When a record of it was submitted last, by anybody.")
    records_reported: int = Field(
        description=f"Records that stand and were submitted in the last 30 days. Counts end at {MOST_IN_OVERVIEW:,}."
    )
    credits_rejected: int = Field(
        description="Credits that their boards rejected and that nothing has taken the place of: "
        "`GET /v1/reports/not-yet-accepted?status=rejected` lists them."
    )
    records_held: int = Field(description="Records that wait for a match: `GET /v1/held-records?status=waiting`.")
    files_with_rejected_rows: int = Field(description="Files of the last 30 days, dry runs left out.")
    rows_to_fix: int = Field(description="Rejected rows of these files.")
    attendance_above_reported: int = Field(
        description="Activities that ended 20 days ago or earlier, for which more physicians were counted than persons "
        "are reported: `GET /v1/reports/attendance?missed=true`."
    )
    activities_to_close: int = Field(
        description="Activities that have ended and are not closed: `GET /v1/reports/before-closing`."
    )
    webhooks_failing: int = Field(
        description="Of the client's own endpoints that hear of it: those that fail, or were disabled for failing."
    )

    @classmethod
    def of(cls, overview: domain.ProviderOverview) -> ProviderOverviewOut:
        """Show an overview."""
        return cls(
            last_reported_at=overview.last_reported_at,
            records_reported=overview.reported,
            credits_rejected=overview.rejected,
            records_held=overview.held,
            files_with_rejected_rows=overview.files,
            rows_to_fix=overview.rows_to_fix,
            attendance_above_reported=overview.attendance_above_reported,
            activities_to_close=overview.activities_to_close,
            webhooks_failing=overview.failing_endpoints,
        )


class ProviderOut(Out):
    """An accredited provider that the client may act for; to a test client, its sandbox."""

    example: ClassVar[Example] = {
        "name": "Western Regional Medical Center", "city": "Portland", "sandbox_of": None,
        "accredited_from": "2019-04-01", "accredited_to": None, "former_ids": [], "overview": None,
    }  # fmt: skip

    provider_id: str = Field(description="Send it as `PARS-Provider`. It stands in every event.")
    name: str
    joint: bool = Field(description="Jointly accredited.")
    city: str | None
    state: str | None
    sandbox_of: str | None = Field(description="The live provider whose sandbox it is; null for a live provider.")
    granted_at: datetime | None = Field(description="Since when the client may act for it; null to an operator.")
    accredited_from: date | None = Field(
        description="First day of its accreditation; null where the operator entered none."
    )
    accredited_to: date | None = Field(
        description="Last day of its accreditation; null while it has no end. Activities that start later are refused."
    )
    former_ids: list[str] = Field(
        description="Ids of providers that were merged into it: each still means it, in `PARS-Provider` and in files."
    )
    overview: ProviderOverviewOut | None = Field(description="Null unless `include=overview` asks for it.")

    @classmethod
    def of(cls, provider: domain.ProviderActedFor, overview: domain.ProviderOverview | None = None) -> ProviderOut:
        """Show a provider."""
        return cls(
            provider_id=provider.provider_id,
            name=provider.name,
            joint=provider.joint,
            city=provider.city,
            state=provider.state,
            sandbox_of=provider.sandbox_of,
            granted_at=provider.granted_at,
            accredited_from=provider.accredited_from,
            accredited_to=provider.accredited_to,
            former_ids=list(provider.former_ids),
            overview=ProviderOverviewOut.of(overview) if overview is not None else None,
        )


class ProviderPage(Out):
    """Providers, by id."""

    data: list[ProviderOut]
    next_cursor: str | None


class LimitsOut(Out):
    """The most that this installation takes."""

    example: ClassVar[Example] = {
        "body_bytes": 1_048_576, "upload_bytes": 268_435_456, "upload_quota_bytes": 10_737_418_240, "bulk_items": 500,
        "page_rows": 500, "idempotency_key_days": 30, "webhook_endpoints": 20, "connections": 1_024,
        "requests_per_second": 200, "requests_at_once": 1_000, "provider_requests_per_second": 400,
        "provider_requests_at_once": 2_000,
    }  # fmt: skip

    body_bytes: int = Field(description="Of a JSON body.")
    upload_bytes: int = Field(description="Of a file.")
    upload_quota_bytes: int | None = Field(description="Of all stored uploads of one provider; null for any.")
    bulk_items: int = Field(description="Completions in one bulk request.")
    page_rows: int = Field(description="Rows of a page; a larger `limit` is lowered to it.")
    idempotency_key_days: int = Field(description="How long an answer is kept under its `Idempotency-Key`.")
    webhook_endpoints: int = Field(description="Endpoints for one provider, and as many for all providers.")
    connections: int = Field(description="At the same time, from one address.")
    requests_per_second: int | None = Field(
        description="Of this client with all its keys, to one serving process; null for any."
    )
    requests_at_once: int | None = Field(description="Of this client; as many are made good as `requests_per_second`.")
    provider_requests_per_second: int | None = Field(
        description="Of all clients that act for one provider, together; null for any."
    )
    provider_requests_at_once: int | None = Field(description="Of all clients that act for one provider, together.")


class CredentialOut(Out):
    """The key or token that the request was made with."""

    example: ClassVar[Example] = {"kind": "api-key", "key_id": "key_5f0d2c7be40112ab34cd", "expires_at": None}

    kind: CredentialKind
    key_id: str = Field(description="The key; of a token, the client secret that it was made with.")
    expires_at: datetime | None = Field(description="When the key or token no longer works; null for never.")


class MeOut(Out):
    """The client that a key belongs to: what it may do, and for whom."""

    example: ClassVar[Example] = {
        "name": "Example LMS, Inc.", "role": "vendor", "board": None, "provider_count": 1, "expires_at": None,
        "scopes": ["activities:read", "activities:write", "completions:read", "completions:write"],
        "permission_attested_by": "Example LMS, Inc.", "permission_withdrawn_at": None,
    }  # fmt: skip

    client_id: str
    name: str
    role: Role
    board: str | None = Field(description="The board, of a board's own client.")
    environment: ClientEnvironment = Field(description="`test` for a key of the sandbox.")
    scopes: list[str]
    providers: list[ProviderOut] = Field(
        description="The first 100 providers that it may act for, by id; `GET /v1/providers` lists all. None for an "
        "operator, who may act for every one."
    )
    provider_count: int = Field(description="How many providers it may act for.")
    provider_required: bool = Field(
        description="Whether operations on a provider's records need `PARS-Provider`. Without it, events and webhook "
        "endpoints of a vendor are those of all its providers."
    )
    expires_at: datetime | None = Field(description="When the client no longer works; null for never.")
    permission_attested_by: str = Field(
        description="In whose name it was attested that learners permit what the client reports. Documents under "
        "`/pars` rest on it."
    )
    permission_attested_at: datetime
    permission_withdrawn_at: datetime | None = Field(
        description="When the attestation was withdrawn; null while it stands."
    )
    credential: CredentialOut
    limits: LimitsOut

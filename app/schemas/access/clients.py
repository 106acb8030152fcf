"""Clients as those who manage them make, see and change them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from app.domain.access.credentials import ClientKey, KeyKind
from app.domain.clients import ClientListing, Environment, Role
from app.schemas.base import Example, Name, OneOf, Out, Requests, Strict, Word, hide_null
from app.schemas.identity import ClientEnvironment
from app.schemas.only_answered import OF_CLIENT, OF_KEY, OnlyAnswered
from app.schemas.webhooks import Moment

MOST_SCOPES = 50
MOST_PROVIDERS = 500


class ManagedClientIn(Strict):
    """A client to make. What is left out is as the client that makes it has it."""

    only_answered: ClassVar[OnlyAnswered] = OF_CLIENT
    requests: ClassVar[Requests] = {
        "like": ("One like your own", {"name": "Our LMS, nightly import"}),
        "narrow": (
            "One that reads only, until the end of the month",
            {
                "name": "Report of the dean",
                "scopes": ["activities:read", "completions:read"],
                "expires_at": "2022-01-01T00:00:00Z",
            },
        ),
        "test": ("One for the sandbox", {"name": "Our LMS, tests", "environment": "test"}),
    }

    name: Name = Field(
        description="Which system it is. It is kept, with the date, as the attestation that learners permit what it "
        "reports."
    )
    role: OneOf[Role] | None = Field(
        None,
        description="Only an operator gives another than its own, and has to give one.",
        json_schema_extra=hide_null,
    )
    provider_ids: list[Word] | None = Field(
        None,
        max_length=MOST_PROVIDERS,
        description="The providers it acts for: some of your own. Left out, all of them; of a test client, their "
        "sandboxes.",
        json_schema_extra=hide_null,
    )
    board: Word | None = Field(None, description="The board, of a board's client.", json_schema_extra=hide_null)
    scopes: list[Word] | None = Field(
        None,
        max_length=MOST_SCOPES,
        description="Some of your own. Left out, all of them that a client of its role can have.",
        json_schema_extra=hide_null,
    )
    environment: Annotated[ClientEnvironment, Field(strict=False)] | None = Field(
        None, description="`test` for one of the sandbox; a test client makes no other.", json_schema_extra=hide_null
    )
    expires_at: Moment | None = Field(
        None, description="When it no longer works. Left out, when your own client expires, if it does."
    )


class ManagedClientPatch(Strict):
    """Fields to change: one left out stays as it is."""

    only_answered: ClassVar[OnlyAnswered] = OF_CLIENT
    requests: ClassVar[Requests] = {
        "narrow": ("Fewer scopes", {"scopes": ["completions:read"]}),
        "renamed": ("Another name", {"name": "Our LMS, until the move"}),
        "kept": ("It does not expire after all", {"expires_at": None}),
        "withdrawn": ("Learners' permission is no longer attested", {"permission_attested": False}),
    }

    # Null is read here and refused later, with a better sentence than one on its type.
    name: Name | None = Field(None, json_schema_extra=hide_null)
    scopes: list[Word] | None = Field(
        None, max_length=MOST_SCOPES, description="They replace those it has.", json_schema_extra=hide_null
    )
    expires_at: Moment | None = Field(None, description="Null: it does not expire.")
    permission_attested: bool | None = Field(
        None,
        description="Whether learners permit what it reports, in its name. While that is withdrawn, documents under "
        "`/pars` that report completions are refused (`permission`).",
        json_schema_extra=hide_null,
    )

    def fields_sent(self) -> dict[str, Any]:
        """Return the fields that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class ManagedClientOut(Out):
    """A client that you manage; its keys are a list of their own."""

    example: ClassVar[Example] = {
        "client_id": "cli_019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b70", "name": "Our LMS, nightly import", "role": "provider",
        "board": None, "environment": "live", "provider_ids": ["0008001"],
        "scopes": ["activities:read", "completions:read", "completions:write"],
        "expires_at": None, "revoked_at": None, "permission_attested_by": "Our LMS, nightly import",
        "permission_withdrawn_at": None, "version": 1,
    }  # fmt: skip

    client_id: str
    name: str
    role: Role
    board: str | None
    environment: ClientEnvironment
    provider_ids: list[str] = Field(
        description="The providers it may act for, by id; none for an operator's client, which acts for every one."
    )
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None = Field(description="When it no longer works; null for never.")
    revoked_at: datetime | None
    permission_attested_by: str = Field(description="In whose name it was attested that learners permit its reports.")
    permission_attested_at: datetime
    permission_withdrawn_at: datetime | None = Field(
        description="When the attestation was withdrawn; null while it stands."
    )
    version: int

    @classmethod
    def fields_of(cls, client: ClientListing) -> dict[str, Any]:
        """Return the fields of a client."""
        fields = {name: getattr(client, name) for name in ManagedClientOut.model_fields if name != "environment"}
        environment = Environment.TEST if client.test else Environment.LIVE
        return fields | {
            "environment": environment,
            "provider_ids": list(client.provider_ids),
            "scopes": [*client.scopes],
        }

    @classmethod
    def of(cls, client: ClientListing) -> ManagedClientOut:
        """Show a client."""
        return cls.model_validate(cls.fields_of(client))


class ManagedClientPage(Out):
    """Clients that you manage, the oldest first."""

    data: list[ManagedClientOut]
    next_cursor: str | None


class MadeClientOut(ManagedClientOut):
    """A new client, with its first key and client secret."""

    example: ClassVar[Example] = ManagedClientOut.example | {
        "api_key": "pars_live_Zk3vJb0mWc7xZr5tY2kLh9Qp1sVf8nDg4uXe6aBcTyI",
        "client_secret": "Hq7wRz2nVb5xKc8mJt1yLd4gSf6pAe9uXo3iWq0ZvTk",
    }

    api_key: str = Field(description="Shown only this once.")
    client_secret: str = Field(description="For `POST /oauth/token`; shown only this once.")

    @classmethod
    def with_secrets(cls, client: ClientListing, api_key: str, client_secret: str) -> MadeClientOut:
        """Show a new client."""
        return cls.model_validate(cls.fields_of(client) | {"api_key": api_key, "client_secret": client_secret})


class ClientKeyIn(Strict):
    """A key to add."""

    only_answered: ClassVar[OnlyAnswered] = OF_KEY
    requests: ClassVar[Requests] = {
        "key": ("An API key", {}),
        "secret": (
            "A client secret for OAuth that ends by itself",
            {"kind": "client-secret", "expires_at": "2022-12-31T00:00:00Z"},
        ),
    }

    kind: OneOf[KeyKind] = KeyKind.API_KEY
    expires_at: Moment | None = Field(
        None,
        description="When it no longer works. Left out, it does not expire; that of a client which ends later than "
        "yours ends with yours.",
    )


class ClientKeyOut(Out):
    """A key or client secret that has not been ended."""

    example: ClassVar[Example] = {
        "key_id": "key_5f0d2c7be40112ab34cd", "kind": "api-key", "ending": "cTyI", "expires_at": None,
        "last_used_at": "2021-12-20T14:59:00Z",
    }  # fmt: skip

    key_id: str
    kind: KeyKind
    ending: str | None = Field(description="The last characters, to know it by; null for keys of earlier releases.")
    created_at: datetime
    expires_at: datetime | None = Field(description="When it no longer works; null for never.")
    last_used_at: datetime | None = Field(
        description="The minute in which it, or a token made with it, was last used, known a minute later; null before."
    )

    @classmethod
    def of(cls, key: ClientKey) -> ClientKeyOut:
        """Show a key."""
        return cls.model_validate({name: getattr(key, name) for name in ClientKeyOut.model_fields})


class ClientKeyList(Out):
    """The keys and client secrets of a client, the newest first."""

    data: list[ClientKeyOut]


class MadeKeyOut(ClientKeyOut):
    """A new key or client secret, shown only this once."""

    example: ClassVar[Example] = ClientKeyOut.example | {
        "last_used_at": None,
        "secret": "pars_live_Zk3vJb0mWc7xZr5tY2kLh9Qp1sVf8nDg4uXe6aBcTyI",
    }

    secret: str = Field(description="The key or client secret itself.")

    @classmethod
    def with_secret(cls, key: ClientKey, secret: str) -> MadeKeyOut:
        """Show a new key."""
        fields = {name: getattr(key, name) for name in ClientKeyOut.model_fields}
        return cls.model_validate(fields | {"secret": secret})

"""Tokens (RFC 6749): what is asked for in a form, what is answered, and how a request is refused there."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.base import Example, Out, Requests

LONGEST_FIELD = 2_000


class TokenErrorCode(StrEnum):
    """Why no token is given (RFC 6749, 5.2)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_SCOPE = "invalid_scope"


class TokenRequest(BaseModel):
    """A request for a token, as a form. Fields that are not known are ignored, as RFC 6749 has it."""

    # Ignored where they stand, and described to nobody who writes a client.
    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})
    requests: ClassVar[Requests] = {
        "narrowed": (
            "The client's id and secret beside it, and one scope alone",
            {
                "grant_type": "client_credentials",
                "client_id": "cli_019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b70",
                "client_secret": "Hq7wRz2nVb5xKc8mJt1yLd4gSf6pAe9uXo3iWq0ZvTk",
                "scope": "completions:read",
            },
        ),
        "basic": ("With the header Authorization: Basic", {"grant_type": "client_credentials"}),
    }

    grant_type: str = Field("", max_length=LONGEST_FIELD, description="`client_credentials`.")
    client_id: str = Field(
        "", max_length=LONGEST_FIELD, description="Here or in `Authorization: Basic`, with the client_secret."
    )
    client_secret: str = Field("", max_length=LONGEST_FIELD)
    scope: str = Field(
        "",
        max_length=LONGEST_FIELD,
        description="Scopes of the client with blanks between them. Left out, all that it has.",
    )


class AccessTokenOut(Out):
    """A token, to be sent as `Authorization: Bearer`."""

    example: ClassVar[Example] = {
        "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ1cm46cGFycyJ9.rz4lM7XbpRCLL6qKq9kuUob",
        "token_type": "Bearer", "expires_in": 900, "scope": "completions:read",
    }  # fmt: skip

    access_token: str
    token_type: str
    expires_in: int = Field(description="Seconds.")
    scope: str = Field(description="The scopes that it has, with blanks between them.")


class TokenErrorOut(Out):
    """Why no token is given (RFC 6749)."""

    example: ClassVar[Example] = {
        "error": "invalid_client",
        "error_description": "No client has this id and secret, or none any more.",
    }

    error: TokenErrorCode
    error_description: str = Field(description="For people: what is wrong, and what to do.")

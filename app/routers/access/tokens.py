"""`POST /oauth/token`: OAuth 2 client credentials, with errors in the shape of RFC 6749."""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import nullcontext
from typing import Annotated, Any
from urllib.parse import unquote_plus

from fastapi import APIRouter, Form, Request, Response

from app.core.errors import Problem, RateLimited, Unavailable
from app.core.http.exchange import Exchange
from app.core.http.form_bodies import FormRoute
from app.routers.callers import Public, service_of
from app.routers.openapi import problems
from app.schemas.access.tokens import AccessTokenOut, TokenErrorCode, TokenErrorOut, TokenRequest
from app.services.access.authentication import ClientCache
from app.services.access.client_credentials import GRANT_TYPE, TokenRefused, make_token
from app.services.access.rates import RateLimits

PATH = "/oauth/token"
_KEPT_NOWHERE = {"Cache-Control": "no-store, no-transform", "Pragma": "no-cache"}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="PARS", charset="UTF-8"'}
_UNTOLD = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""What no error_description may have (RFC 6749, 5.2)."""


class TokenRoute(FormRoute):
    """A route whose refusals have the shape that clients of OAuth 2 read."""

    tells_itself = frozenset({400, 406, 413, 415, 422})

    def refuse(self, problem: Problem, exchange: Exchange) -> Response | None:
        """Return the answer for a problem; None for one that any route tells alike, such as a failure of ours."""
        if problem.status not in self.tells_itself:
            return None
        told = [problem.detail, *(item.hint for item in problem.errors if item.hint)]
        status = 413 if problem.status == 413 else 400
        return _refusal(TokenErrorCode.INVALID_REQUEST, " ".join(told), status, problem.headers)


def _described(description: str, error: str, sentence: str) -> dict[str, Any]:
    example = {"error": error, "error_description": sentence}
    content = {"application/json": {"example": example}}
    return {"model": TokenErrorOut, "description": f"No token. {description}", "content": content}


router = APIRouter(tags=["Clients"], route_class=TokenRoute, dependencies=[Public])


@router.post(
    PATH,
    response_model=AccessTokenOut,
    responses={
        400: _described(
            "The request, the grant type or a scope is wrong",
            "invalid_scope",
            "The client does not have the scope operator.",
        ),
        401: _described(
            "The client is not known, or no longer works",
            "invalid_client",
            "The client_secret expired at 2021-12-31T00:00:00Z. Ask whoever manages your clients for another.",
        ),
        413: _described(
            "The body is too large",
            "invalid_request",
            "The body may have at most 1048576 bytes.",
        ),
        **problems(RateLimited, Unavailable),
    },
)
async def create_token(request: Request, body: Annotated[TokenRequest, Form()]) -> Response:
    """Get an access token for a client's id and secret (OAuth 2 client credentials, RFC 6749).

    The client authenticates with `Authorization: Basic`, or with `client_id` and `client_secret` in the form. The token
    works for 15 minutes as `Authorization: Bearer`, with the scopes that were asked for. It ends before that with its
    client, and with the client secret that it was made with. Errors have `error` and `error_description`.
    """
    rates: RateLimits = request.app.state.rates
    host = request.client.host if request.client is not None else None
    try:
        if not body.grant_type:
            raise TokenRefused("invalid_request", f"The form has no grant_type. Send grant_type={GRANT_TYPE}.")
        if body.grant_type != GRANT_TYPE:
            raise TokenRefused("unsupported_grant_type", f"The only grant_type here is {GRANT_TYPE}.")
        client_id, client_secret = _credentials_of(request.headers.getlist("authorization"), body)
        cache: ClientCache = request.app.state.clients
        async with rates.turn_of(host) or nullcontext():
            made = await make_token(
                service_of(request), cache.uses, client_id=client_id, client_secret=client_secret, scope=body.scope
            )
    except TokenRefused as refused:
        unknown = refused.error == TokenErrorCode.INVALID_CLIENT
        if unknown:
            told = rates.refusal_of(host, refused)
            if isinstance(told, RateLimited):
                raise told from None
        return _refusal(TokenErrorCode(refused.error), refused.description, 401 if unknown else 400, {})
    # Once its secret is known to be right: nobody else can use up what a client may.
    if missing := rates.admit(client_id):
        await rates.refuse(client_id, missing)
    out = AccessTokenOut(
        access_token=made.token, token_type="Bearer", expires_in=made.seconds, scope=" ".join(made.scopes)
    )
    return Response(out.model_dump_json(), headers=_KEPT_NOWHERE, media_type="application/json")


def _credentials_of(given: list[str], body: TokenRequest) -> tuple[str, str]:
    """Return client_id and client_secret, of the header Authorization or of the form; raises `TokenRefused`."""
    if len(given) > 1:
        raise TokenRefused("invalid_request", "The header Authorization stands twice. Send it once.")
    if given:
        if body.client_secret:
            raise TokenRefused(
                "invalid_request",
                "The client authenticates in two ways. Send its secret in Authorization or in the form, not in both.",
            )
        client_id, client_secret = _read_basic(given[0])
        if body.client_id and body.client_id != client_id:
            raise TokenRefused("invalid_request", "The form and the header Authorization name different clients.")
    else:
        client_id, client_secret = body.client_id, body.client_secret
    if not client_id or not client_secret:
        raise TokenRefused(
            "invalid_client",
            "The request has no client_id or no client_secret. Send Authorization: Basic, as curl does with "
            "-u CLIENT_ID:CLIENT_SECRET, or both in the form.",
        )
    return client_id, client_secret


def _read_basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise TokenRefused(
            "invalid_client",
            "A client authenticates here with Authorization: Basic, or in the form. A key or token is not exchanged.",
        )
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        decoded = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError):
        raise TokenRefused("invalid_client", _NOT_BASIC) from None
    if not colon:
        raise TokenRefused("invalid_client", _NOT_BASIC)
    return decoded


_NOT_BASIC = "What follows Basic is not the Base64 of CLIENT_ID:CLIENT_SECRET in UTF-8."


def _refusal(error: TokenErrorCode, description: str, status: int, headers: dict[str, str]) -> Response:
    """Return a refusal; its description has the letters that RFC 6749 allows, and never what was sent."""
    plain = _UNTOLD.sub("?", description.replace('"', "'").replace("\\", "/"))
    out = TokenErrorOut(error=error, error_description=plain)
    told = headers | _KEPT_NOWHERE | (_CHALLENGE if status == 401 else {})
    return Response(out.model_dump_json(), status, headers=told, media_type="application/json")

"""Credentials as clients that speak PARS send them: a key by itself, Basic, or `ProviderId`, `User` and `Password`.

The password is the API key. The user says whose it is: the client's id, or that of a provider it may act for. They
stand in headers, or in the document; never in an address, which others write down.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from app.core.errors import ErrorItem, InvalidRequest, ParameterInvalid
from app.core.http.exchange import Exchange
from app.domain.batches import Element
from app.domain.clients import Role
from app.domain.parsing import plain_or_none
from app.files.elements import local_name
from app.files.shapes.envelopes import DocumentKind, find_records, texts_around
from app.routers.bearer_keys import Presented, bearer_key, refuse_credentials, wrong_credentials
from app.routers.callers import CallerDependency
from app.routers.pars.forms import read_document
from app.services.access.authentication import means_all_providers
from app.services.context import Caller

_NAMES = ("providerid", "user", "password")
_IN_DOCUMENTS = frozenset(_NAMES)
_HINT = (
    "Send Authorization: Bearer KEY, or Authorization: Basic with the client's id and its key, or ProviderId, User and "
    "Password as headers or in the document."
)


async def present_pars(exchange: Exchange) -> Presented:
    """Return the credentials of a request; raises `Unauthenticated`, and `ParameterInvalid` for those in a query."""
    _refuse_in_query(exchange)
    given = exchange.header(b"authorization")
    if given is not None:
        scheme, _, encoded = given.partition(" ")
        if scheme.lower() == "basic" and not exchange.repeats_headers:
            user, key = _read_basic(encoded)
            return _presented({"user": user, "password": key, "providerid": exchange.header(b"providerid") or ""})
        return Presented(key=bearer_key(exchange), provider=exchange.header(b"providerid"))
    found = {name: exchange.header(name.encode()) or "" for name in _NAMES}
    if not found["password"] and exchange.scope["method"] == "POST":
        document = await read_document(exchange)
        inside = {name: _only(name, texts) for name, texts in texts_around(document, _IN_DOCUMENTS).items()}
        found |= {name: text for name, text in inside.items() if not found[name]}
    if not found["password"]:
        raise refuse_credentials("The request has no credentials.", _HINT)
    return _presented(found)


def _refuse_in_query(exchange: Exchange) -> None:
    """Refuse what no address may have, before it is looked at: proxies and browsers keep addresses."""
    if exchange.scope["query_string"] and (named := [name for name in exchange.query if name.lower() in _NAMES]):
        raise ParameterInvalid(
            errors=[
                ErrorItem(
                    code=ParameterInvalid.code,
                    parameter=name,
                    detail="Credentials are not taken from an address, which proxies and logs on the way write down.",
                    hint=f"{_HINT} Have the key replaced, if it was a real one.",
                )
                for name in dict.fromkeys(named)
            ]
        )


def _read_basic(encoded: str) -> tuple[str, str]:
    try:
        user, colon, key = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise wrong_credentials() from None
    if not colon:
        raise wrong_credentials()
    return user, key


def _only(name: str, texts: list[str]) -> str:
    """Return what all texts of a name say; raises `InvalidRequest` where they differ."""
    said = dict.fromkeys(text.strip() for text in texts if text.strip())
    if len(said) > 1:
        detail = f"{name} is given twice, and differs."
        raise InvalidRequest(errors=[ErrorItem(code="format", pointer="", detail=detail, hint="Give it once.")])
    return next(iter(said), "")


def _presented(found: Mapping[str, str]) -> Presented:
    provider = found["providerid"].strip()
    user = found["user"].strip() or provider
    return Presented(key=found["password"].strip(), user=user, provider=provider or None)


class DocumentCaller(CallerDependency):
    """Resolves the caller of a document: where no header names the provider, its credentials or it does."""

    async def resolve(
        self,
        exchange: Exchange,
        *,
        provider: str | None = None,
        idempotency_key: str | None = None,
        prefer: str | None = None,
    ) -> Caller:
        """Return who calls, and for which provider."""
        if provider is None:
            provider = await _provider_named(exchange)
        return await super().resolve(exchange, provider=provider, idempotency_key=idempotency_key, prefer=prefer)


async def _provider_named(exchange: Exchange) -> str | None:
    """Return the provider that credentials or document name; None where none is named, or none needs to be."""
    client, presented = exchange.client, exchange.presented
    document = await read_document(exchange) if exchange.scope["method"] == "POST" else None
    around = texts_around(document, frozenset({"providerid"})) if document is not None else {}
    named = (presented.provider, _only("ProviderId", around.get("providerid", [])), presented.user)
    for name in named:
        if name and name not in (client.client_id, client.board):
            return name
    if document is not None and (client.role is Role.OPERATOR or means_all_providers(client, None)):
        return _organisation_of(document, client.provider_ids)
    return None


def _organisation_of(document: Element, own: frozenset[str]) -> str | None:
    """Return the provider that the first record names: as its own, or as who sends it, if the client acts for that."""
    for kind in DocumentKind:
        for record in find_records(document, kind)[:1]:
            for path, among in ((("Activity", "ProviderOrganization"), None), (("XtensibleInfo", "ProviderID"), own)):
                text = plain_or_none(_text_at(record, path))
                if text and (among is None or text in among):
                    return text
    return None


def _text_at(element: Element, path: tuple[str, ...]) -> str | None:
    for name in path:
        found = next((child for child in element.get("c", ()) if local_name(child["n"]) == name), None)
        if found is None:
            return None
        element = found
    return element.get("t")

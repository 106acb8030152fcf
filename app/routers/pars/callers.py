"""Callers under `/pars`: those of `app.routers.callers`, with the credentials of clients that speak PARS."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends

from app.core.http.exchange import Exchange
from app.domain.batches import Element
from app.routers.callers import Ownership, RouteAccess
from app.routers.pars.credentials import DocumentCaller, present_pars
from app.routers.pars.forms import read_document, type_of_answer
from app.services.context import Caller


def _caller(
    scope: str, *, ownership: Ownership = Ownership.PROVIDER, idempotent: Literal["request"] | None = None
) -> Any:
    access = RouteAccess(scope=scope, ownership=ownership, idempotent=idempotent, present=present_pars)
    return Depends(DocumentCaller(access))


class _OfExchange:
    """A dependency that is found in the exchange."""

    async def __call__(self) -> None:
        """Do nothing: `resolve` is what is called."""


class _Document(_OfExchange):
    async def resolve(self, exchange: Exchange) -> Element:
        """Return the document that was sent; raises `Problem`."""
        return await read_document(exchange)


class _AnswerType(_OfExchange):
    async def resolve(self, exchange: Exchange) -> str:
        """Return the media type that is answered."""
        return type_of_answer(exchange)


Document = Annotated[Element, Depends(_Document())]
"""The document that was sent."""
AnswerType = Annotated[str, Depends(_AnswerType())]
"""The media type that is answered."""
LearnerActivitiesReporter = Annotated[Caller, _caller("completions:write", idempotent="request")]
LearnerActivitiesWriter = Annotated[Caller, _caller("completions:write")]
LearnerActivitiesReader = Annotated[Caller, _caller("completions:read")]
PARSActivitiesWriter = Annotated[Caller, _caller("activities:write", idempotent="request")]
PARSActivitiesReader = Annotated[Caller, _caller("activities:read")]
LearnerMatcher = Annotated[Caller, _caller("learners:validate")]
LicenseesReader = Annotated[Caller, _caller("transcripts:read", ownership=Ownership.CLIENT)]

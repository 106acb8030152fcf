"""Links by which an export is taken once, as they are asked for and answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel, Field, ValidationError

from app.core.errors import ErrorItem, InvalidRequest, ParameterInvalid
from app.core.http.pagination import FilterQuery
from app.core.http.problems import invalid_request
from app.domain.exports import ExportFormat, ExportKind
from app.schemas.base import KEEPABLE, Example, OneOf, Out, Requests, Strict
from app.schemas.looking.exports import QUERIES, without_pages

_BODIES: dict[ExportKind, type[BaseModel]] = {
    kind: without_pages(query, f"{query.__name__}Body") for kind, query in QUERIES.items()
}


class DownloadIn(Strict):
    """An export to be taken by a link."""

    requests: ClassVar[Requests] = {
        "rejected": (
            "Credit that boards have rejected",
            {"kind": "learner-completions", "format": "xlsx", "query": {"status": ["rejected"], "sort": "last_name"}},
        ),
        "activities": ("All activities", {"kind": "activities", "format": "csv"}),
    }

    kind: OneOf[ExportKind] = Field(description="The list.")
    format: OneOf[ExportFormat] = Field(description="How it is written.")
    query: dict[str, Any] = Field(
        default_factory=dict,
        max_length=50,
        description="Filters and `sort` of the list, by the names of its parameters: a list of texts for those that "
        "may be repeated, `true` or `false`, or a text.",
    )

    def listed(self) -> FilterQuery:
        """Return the query of the list; raises `InvalidRequest` for what it does not take."""
        unkeepable = [
            ErrorItem(
                code="format",
                pointer=pointer,
                detail="The text has a character that cannot be kept.",
                hint="Type it again.",
            )
            for pointer, text in _texts(self.query, "/query")
            if re.fullmatch(KEEPABLE, text) is None
        ]
        if unkeepable:
            raise InvalidRequest(errors=unkeepable)
        try:
            given = _BODIES[self.kind].model_validate_json(msgspec.json.encode(self.query), strict=True)
        except ValidationError as error:
            faults = [{**fault, "loc": ("body", "query", *fault["loc"])} for fault in error.errors(include_url=False)]
            raise invalid_request(faults) from None
        return QUERIES[self.kind].model_validate(given.model_dump(mode="json", exclude_defaults=True))


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Yield the texts of a value with their pointers."""
    if isinstance(value, str):
        yield pointer, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from _texts(part, f"{pointer}/{name}")


def of_body(problem: ParameterInvalid) -> InvalidRequest:
    """Return what is wrong with a query as what is wrong with the body that has it."""
    return InvalidRequest(
        errors=[
            ErrorItem(
                code="format",
                pointer="/format" if item.parameter == "format" else f"/query/{item.parameter}",
                detail=item.detail,
                hint=item.hint,
            )
            for item in problem.errors
        ]
    )


class DownloadOut(Out):
    """A link that works once."""

    example: ClassVar[Example] = {
        "url": "/v1/downloads/u0bQmFqWbGk5v7QyS2hYx4Jm9cTn1rLd8eZfKpVoAIs", "expires_at": "2021-12-20T15:10:00Z",
    }  # fmt: skip

    url: str = Field(description="Where the file is, below the address of this service. It needs no key.")
    expires_at: datetime = Field(description="When it no longer works, used or not.")

"""Conditional requests (RFC 9110): the headers as parameters of routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

IfMatch = Annotated[str | None, Header(max_length=1_000, description="The `ETag` that the resource must still have.")]
IfNoneMatch = Annotated[
    str | None, Header(max_length=1_000, description="The `ETag` that is known already; answered 304 while it stands.")
]

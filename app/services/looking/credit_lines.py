"""The list of credit lines."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.domain.credit_lines import CreditLine
from app.schemas.looking.line_queries import CreditLineQuery
from app.services.completions.lists import filter_of
from app.services.context import Caller
from app.services.lists import Listed
from app.store.looking import credit_lines


def page(
    connection: Connection, caller: Caller, query: CreditLineQuery, *, after: Any, limit: int
) -> Listed[CreditLine]:
    """Return the provider's credit lines after a key of the order; raises `ParameterInvalid` for an unknown order."""
    wanted = filter_of(connection, caller, query)
    return Listed(
        rows=credit_lines.page(connection, wanted, after, limit),
        total=credit_lines.count(connection, wanted) if query.counted else None,
    )

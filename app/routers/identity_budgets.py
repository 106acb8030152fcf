"""`/v1/identity-budgets`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator

from app.core.http.pagination import PageQuery
from app.core.http.routing import StrictRoute
from app.domain.parsing import plain_text
from app.routers.callers import Operator, OperatorReader
from app.routers.paging import open_page
from app.schemas.identity_budgets import IdentityBudgetOut, IdentityBudgetPage
from app.services.access import identity_budgets
from app.services.context import read_async, transact_async

router = APIRouter(prefix="/v1/identity-budgets", tags=["Identity budgets"], route_class=StrictRoute)
PATH = "/v1/identity-budgets"
BudgetId = Annotated[str, Path(max_length=64, description="The budget's id."), AfterValidator(plain_text)]


@router.get("", response_model=IdentityBudgetPage)
async def list_identity_budgets(
    caller: OperatorReader, query: Annotated[PageQuery, Query()], response: Response
) -> IdentityBudgetPage:
    """List the budgets against guessing birth dates that are spent, oldest first.

    A person's is spent when five birth dates led to nobody within 30 days: until it is released or ends, nobody finds
    them by the birth date but a provider that did before. A client's is spent when its questions lead to nobody too
    often: it finds nobody new by birth dates.
    """
    asked = await open_page(caller, query, PATH)
    found = await read_async(caller, identity_budgets.page, after=asked.after, limit=asked.limit)
    page = asked.page(found, response, lambda budget: budget.budget_id)
    return IdentityBudgetPage(data=[IdentityBudgetOut.of(budget) for budget in page.rows], next_cursor=page.cursor)


@router.post("/{budget_id}/release", response_model=IdentityBudgetOut)
async def release_identity_budget(caller: Operator, budget_id: BudgetId) -> IdentityBudgetOut:
    """Release a budget, as if no birth date had been tried; answered with the budget as it was.

    Records that wait for a match are judged again. It is noted in the audit log who released whose.
    """
    return IdentityBudgetOut.of(await transact_async(caller, identity_budgets.release, budget_id))

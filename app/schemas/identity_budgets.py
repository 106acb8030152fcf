"""Budgets against guessing birth dates, for the operator."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from app.domain.identity.budgets import BudgetKind, SpentBudget
from app.schemas.base import Example, OneOf, Out


class IdentityBudgetOut(Out):
    """A budget that is spent: answers are refused until it is released, or ends by itself."""

    example: ClassVar[Example] = {
        "budget_id": "01a227cf-ca50-7001-a6bc-9e3705377fa1", "kind": "person",
        "subject": "01a1f0c2-77b1-7c50-8a3f-0d9e7f1c2b3a", "spent_at": "2021-12-20T15:00:00Z", "refused": 2,
        "refused_at": "2021-12-20T16:10:00Z",
    }  # fmt: skip

    budget_id: str
    kind: OneOf[BudgetKind] = Field(
        description="`person`: a physician about whom five birth dates led to nobody within 30 days; `client`: a "
        "client whose questions led to nobody too often within 24 hours."
    )
    subject: str = Field(description="The physician's id in the registry, or the client's id.")
    spent_at: datetime
    refused: int = Field(description="How many answers were refused since: misses, or finds that were not told.")
    refused_at: datetime | None = Field(description="When the last of them was refused.")

    @classmethod
    def of(cls, budget: SpentBudget) -> IdentityBudgetOut:
        """Show a budget."""
        return cls(
            budget_id=budget.budget_id,
            kind=budget.kind,
            subject=budget.subject,
            spent_at=budget.spent_at,
            refused=budget.refused,
            refused_at=budget.refused_at,
        )


class IdentityBudgetPage(Out):
    """A page of budgets that are spent, oldest first."""

    data: list[IdentityBudgetOut]
    next_cursor: str | None

"""Budgets against guessing birth dates that are spent: what the operator sees of them, and releases."""

from __future__ import annotations

from sqlalchemy import Connection

from app.core.errors import NotFound
from app.domain.audit import BudgetAudit
from app.domain.identity.budgets import PERSON_WITHIN, SpentBudget
from app.services.context import Caller, Service, Work
from app.store.registry import budgets
from app.store.registry.generation import note_registry_change


def page(connection: Connection, _caller: Caller, *, after: str | None, limit: int) -> list[SpentBudget]:
    """Return budgets that are spent after an id, oldest first."""
    return budgets.page(connection, after, limit)


def release(work: Work, budget_id: str) -> SpentBudget:
    """Let a person, or a client, be asked about anew, as if nothing had been tried; raises `NotFound`."""
    budget = budgets.lock_one(work.connection, budget_id)
    if budget is None:
        raise NotFound("There is no such budget: it was released or has ended, or never was spent.")
    budgets.release(work.connection, budget)
    work.audit("release", budget.subject, BudgetAudit(kind=budget.kind.value, refused=budget.refused))
    # Records that wait for a match are judged again, as after every change of the registry.
    note_registry_change(work.connection)
    return budget


def delete_expired(service: Service) -> int:
    """Delete dates that were tried too long ago to count, and budgets that have ended; return how many rows."""
    before = service.clock() - PERSON_WITHIN
    return service.database.write(lambda connection: budgets.delete_expired(connection, before))

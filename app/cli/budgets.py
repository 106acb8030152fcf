"""`pars budget`: budgets against guessing birth dates that are spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import BAD, FAINT, JsonOption, instant, print_json, print_table
from app.cli.support import read_database, use_service

if TYPE_CHECKING:
    from app.domain.identity.budgets import SpentBudget

commands = typer.Typer(name="budget", no_args_is_help=True, help="Budgets against guessing birth dates.")
MOST = 10_000
"""The most that a list shows."""


@commands.command("list")
def list_budgets(as_json: JsonOption = False) -> None:
    """List physicians about whom too many birth dates were tried, and clients that asked too often; oldest first."""
    from app.store.registry import budgets

    found = read_database(lambda connection: budgets.page(connection, None, MOST))
    if as_json:
        from app.schemas.identity_budgets import IdentityBudgetOut

        print_json({"data": [IdentityBudgetOut.of(budget).model_dump(mode="json") for budget in found]})
        return
    print_table(
        ("budget_id", "kind", "subject", "spent at", "refused", "last refused"),
        [_row_of(budget) for budget in found],
        numbers={"refused"},
        styles={"client": BAD, "-": FAINT},
        empty="No budget is spent.",
    )


def _row_of(budget: SpentBudget) -> tuple[str, ...]:
    spent, refused = instant(budget.spent_at), instant(budget.refused_at)
    return (budget.budget_id, budget.kind, budget.subject, spent, str(budget.refused), refused)


@commands.command()
def release(
    budget: Annotated[str, typer.Argument(metavar="BUDGET", help="Its budget_id, as the list shows it.")],
    as_json: JsonOption = False,
) -> None:
    """Release a budget, as if no birth date had been tried."""
    from app.services.access import identity_budgets
    from app.services.context import operator, transact

    with use_service() as service:
        released = transact(operator(service), identity_budgets.release, budget)
    if as_json:
        from app.schemas.identity_budgets import IdentityBudgetOut

        print_json(IdentityBudgetOut.of(released).model_dump(mode="json"))
        return
    typer.echo(f"Released the {released.kind} {released.subject}: {released.refused} answers had been refused.")

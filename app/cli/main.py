"""The command `pars`, assembled from one module a noun.

A new command is a function with a decorator in the module of its noun; a new module is a line below.
A module's `commands` with a name are a group (`pars db upgrade`), those without one belong to `pars` itself.
"""

from __future__ import annotations

import typer

from app.cli import (
    batches,
    boards,
    catalogue,
    clients,
    database,
    demo,
    listen,
    openapi,
    operations,
    providers,
    registry,
    sandbox,
    seal,
    serve,
)
from app.cli.support import StrictCommand, fail_on_faults
from app.core.logging import configure_logging

commands = typer.Typer(no_args_is_help=True, add_completion=False, help="Reporting of learner credit.")
for part in (
    serve.commands,
    batches.commands,
    clients.grants,
    sandbox.commands,
    operations.commands,
    seal.commands,
    boards.commands,
    openapi.commands,
    listen.commands,
    database.commands,
    demo.commands,
    providers.commands,
    clients.commands,
    registry.commands,
    catalogue.commands,
):
    for command in part.registered_commands:
        command.cls = StrictCommand
    commands.add_typer(part)


def main() -> None:
    """Run a command; a fault that the operator can mend is one sentence and exit code 1."""
    configure_logging()
    with fail_on_faults():
        commands()

"""The command `pars`, assembled from one module a noun.

A new command is a function with a decorator in the module of its noun; a new module is a line below.
A module's `commands` with a name are a group (`pars db upgrade`), those without one belong to `pars` itself.

The modules import nothing but what arguments are made of: what a command does is imported when it runs, so that each
starts with what it uses, and help and completion with next to nothing.
"""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from app import __version__
from app.cli import (
    batches,
    boards,
    budgets,
    catalogue,
    clients,
    database,
    demo,
    doctor,
    grants,
    help_requests,
    learners,
    listen,
    openapi,
    operations,
    people,
    providers,
    registry,
    retention,
    sandbox,
    seal,
    serve,
)
from app.cli.moving import commands as moving
from app.cli.passport import transcripts
from app.cli.support import StrictCommand, ends_cleanly, fail_on_faults

commands = typer.Typer(
    no_args_is_help=True,
    help="Reporting of learner credit.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
for part in (
    serve.commands,
    batches.commands,
    grants.commands,
    sandbox.commands,
    operations.commands,
    doctor.commands,
    seal.commands,
    boards.commands,
    openapi.commands,
    listen.commands,
    database.commands,
    demo.commands,
    providers.commands,
    clients.commands,
    people.commands,
    registry.commands,
    moving.commands,
    budgets.commands,
    help_requests.commands,
    learners.commands,
    retention.commands,
    catalogue.commands,
    transcripts.commands,
):
    for command in part.registered_commands:
        command.cls = StrictCommand
    commands.add_typer(part)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"pars {__version__}")
        raise typer.Exit


@commands.callback()
def pars(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and exit.")
    ] = False,
) -> None:
    """Take in, check, keep and deliver the reporting of learner credit."""


def main() -> None:
    """Run a command; a fault that the operator can mend is one sentence and exit code 1."""
    # Importing makes many objects and drops few: looking for garbage meanwhile finds none.
    gc.set_threshold(50_000, 20, 20)
    with ends_cleanly(), fail_on_faults():
        commands(prog_name="pars", obj=_configure_logging)


def _configure_logging() -> None:
    """Send logs where they are to go, for commands that run, and leave nobody's data behind; help needs neither."""
    from app.core.logging import configure_logging
    from app.core.traces import forbid_cores, hide_messages

    configure_logging()
    forbid_cores()
    hide_messages()

"""Shared by all commands: a service that is open while the command runs, and one way to fail."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from typer.core import TyperCommand, TyperOption

from app.core.config import Settings
from app.core.errors import OperatorFault, Problem
from app.services.context import Service
from app.services.operations.startup import faults_explained, open_service


def fail(sentence: str) -> NoReturn:
    """End the command with one sentence on standard error and exit code 1."""
    typer.echo(f"pars: {sentence}", err=True)
    sys.exit(1)


@contextmanager
def fail_on_faults() -> Iterator[None]:
    """Turn a fault that the operator can mend into its sentence and exit code 1; a fault of ours stays a traceback."""
    try:
        yield
    except (OperatorFault, Problem) as error:
        fail(str(error))
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        fail(" ".join(map(_setting_fault, error.errors(include_input=False))))


def _setting_fault(fault: ErrorDetails) -> str:
    """Return the sentence of a setting that cannot be used; what it holds may be a secret."""
    name = "_".join(map(str, fault["loc"])).upper()
    return f"PARS_{name} cannot be used: {fault['msg'][:1].lower()}{fault['msg'][1:]}."


@contextmanager
def use_service(*, migrate: bool = True, settings: Settings | None = None) -> Iterator[Service]:
    """Open the installation of the environment's settings, and close its database at the end."""
    given = settings or Settings()
    with faults_explained(given):
        service = open_service(given, migrate=migrate)
        try:
            yield service
        finally:
            service.database.close()


class StrictCommand(TyperCommand):
    """A command that refuses an option which stands twice and has one value: the last would win without a word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; exits with the usage for an option that stands twice."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for option in given:
            single = isinstance(option, TyperOption) and not option.multiple and not option.is_flag
            if single and given.count(option) > 1:
                ctx.fail(f"The option {option.opts[0]} stands twice; give it once.")
        return super().parse_args(ctx, args)
